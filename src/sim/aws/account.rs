//! The account: its state behind a lock, the record of calls, and the transport
//! that answers them. The rules are in the services.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tower::util::BoxCloneSyncService;

use crate::sim::clock::Clock;
use crate::sim::fault::{FaultKind, Faults};
use crate::wire::{Body, BoxError, Transport, full};

use super::call::{Asked, Incoming};
use super::cloudtrail;
use super::dispatch;
use super::error::{self, Failure, Service};
use super::model::State;

/// Calls beyond this number push the oldest out of the record.
const RECORDED: usize = 50_000;

/// One call, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `service:Operation`, e.g. `iam:GetRole`.
    pub action: String,
    /// Whether it was meant to change anything.
    pub mutating: bool,
    /// Everything passed; names in an EKS path are `name`, `name2`, ….
    pub arguments: Value,
    /// HTTP status of the answer; zero if there was none.
    pub status: u16,
    /// When it arrived.
    pub at: Timestamp,
}

/// An add-on that has just reached the end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddonChange {
    /// It is installed (or changed) now.
    Installed {
        /// Name of the add-on.
        name: String,
        /// Its version.
        version: String,
    },
    /// It is gone now.
    Removed {
        /// Name of the add-on.
        name: String,
    },
}

/// A simulated account; clones share it.
#[derive(Clone)]
pub struct Account {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    calls: Mutex<VecDeque<Call>>,
    clock: Clock,
    faults: Faults,
    changed: Notify,
    requests: AtomicU64,
}

impl Account {
    /// An account with that state.
    pub fn new(clock: Clock, faults: Faults, state: State) -> Self {
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(state),
                calls: Mutex::default(),
                clock,
                faults,
                changed: Notify::new(),
                requests: AtomicU64::default(),
            }),
        }
    }

    /// The endpoint of all its services, as an HTTP transport.
    pub fn transport(&self) -> Transport {
        let account = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request| {
            let account = account.clone();
            async move { account.answer(request).await }
        }))
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.recorded().iter().cloned().collect()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.recorded().clear();
    }

    /// How many calls of `action` there were, e.g. `iam:GetRole`.
    pub fn count(&self, action: &str) -> usize {
        self.recorded().iter().filter(|call| call.action == action).count()
    }

    /// Reads or changes the state directly, as an administrator elsewhere would.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let answer = look(&mut self.state());
        self.inner.changed.notify_one();
        answer
    }

    /// Whether the webhook knows an association of the service account now.
    pub fn has_webhook_entry(&self, namespace: &str, service_account: &str) -> bool {
        let now = self.inner.clock.now();
        self.state().has_webhook_entry(namespace, service_account, now)
    }

    /// Waits for the next add-on to reach the end of a call, and brings it there.
    pub async fn next_addon_change(&self) -> AddonChange {
        loop {
            let (pending, delay) = {
                let state = self.state();
                (dispatch::pending_addon(&state), state.delays.addon)
            };
            let Some(name) = pending else {
                self.inner.changed.notified().await;
                continue;
            };
            tokio::time::sleep(Duration::try_from(delay).unwrap_or_default()).await;
            let now = self.inner.clock.now();
            if let Some(change) = dispatch::finish_addon(&mut self.state(), &name, now) {
                return change;
            }
        }
    }

    async fn answer(&self, request: http::Request<Body>) -> Result<http::Response<Body>, BoxError> {
        let asked = Incoming::read(request).await?.asked();
        let at = self.inner.clock.now();
        let faulty = self.suffer(&asked).await;
        let outcome = match faulty {
            Ok(Suffered::Nothing) => Ok(self.perform(&asked)),
            Ok(Suffered::Refused(failure)) => Ok(Err(failure)),
            Ok(Suffered::Unanswered(fault)) => {
                let outcome = self.perform(&asked);
                let status = outcome.as_ref().map_or(400, |_| 200);
                let error = outcome.err().map(|failure| (failure.code, failure.message));
                cloudtrail::write(&mut self.state(), &asked, error, at);
                self.record(&asked, status, at);
                return unanswered(&fault).await;
            }
            Err(dropped) => Err(dropped),
        };
        if let Ok(outcome) = &outcome {
            let error = outcome.as_ref().err().map(|failure| (failure.code.clone(), failure.message.clone()));
            cloudtrail::write(&mut self.state(), &asked, error, at);
        }
        let answer = outcome.and_then(|outcome| self.render(asked.service, outcome));
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        self.record(&asked, status, at);
        answer
    }

    /// The faults of this call: a refusal, an error of the connection, an answer that gets lost, or nothing.
    async fn suffer(&self, asked: &Asked) -> Result<Suffered, BoxError> {
        for kind in self.inner.faults.decide(&asked.action()) {
            let failure = match kind {
                FaultKind::Latency(latency) => {
                    tokio::time::sleep(latency).await;
                    continue;
                }
                FaultKind::Lost | FaultKind::Mute => return Ok(Suffered::Unanswered(kind)),
                FaultKind::Hang => std::future::pending().await,
                FaultKind::Drop => return Err("the connection was closed by the peer".into()),
                FaultKind::Throttle => error::throttled(asked.service),
                FaultKind::Expired => error::expired(asked.service),
                FaultKind::Gone => error::status(asked.service, 410),
                FaultKind::Status(status) => error::status(asked.service, status),
                FaultKind::Denied => dispatch::denied(&self.state(), asked),
            };
            return Ok(Suffered::Refused(failure));
        }
        Ok(Suffered::Nothing)
    }

    fn perform(&self, asked: &Asked) -> Result<String, Failure> {
        let now = self.inner.clock.now();
        let outcome = dispatch::perform(&mut self.state(), asked, now);
        if asked.is_mutating() {
            self.inner.changed.notify_one();
        }
        outcome
    }

    fn render(&self, service: Service, outcome: Result<String, Failure>) -> Result<http::Response<Body>, BoxError> {
        let request_id = self.request_id();
        let mut response = http::Response::builder().header("x-amzn-requestid", &request_id);
        let (body, kind) = match outcome {
            Ok(body) if matches!(service, Service::Eks | Service::EksAuth) => (body, "application/json"),
            Ok(body) if service == Service::CloudTrail => (body, "application/x-amz-json-1.1"),
            Ok(body) => (body.replace(dispatch::REQUEST_ID, &request_id), "text/xml"),
            Err(failure) => {
                response = response.status(failure.status).header("x-amzn-errortype", &failure.code);
                failure.render(service, &request_id)
            }
        };
        Ok(response.header(http::header::CONTENT_TYPE, kind).body(full(body))?)
    }

    fn record(&self, asked: &Asked, status: u16, at: Timestamp) {
        let mut calls = self.recorded();
        if calls.len() == RECORDED {
            calls.pop_front();
        }
        calls.push_back(Call {
            action: asked.action(),
            mutating: asked.is_mutating(),
            arguments: asked.arguments(),
            status,
            at,
        });
    }

    fn request_id(&self) -> String {
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recorded(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the faults of a call come to.
enum Suffered {
    Nothing,
    Refused(Failure),
    /// It is carried out, and this happens to its answer.
    Unanswered(FaultKind),
}

/// What the caller of a request sees whose answer gets lost.
async fn unanswered(fault: &FaultKind) -> Result<http::Response<Body>, BoxError> {
    match fault {
        FaultKind::Mute => std::future::pending().await,
        _ => Err("the connection was closed before the answer".into()),
    }
}
