//! The API server: shared state behind one lock, and the way of a request from path
//! and faults to the part that answers it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use super::encode::Encoder;
use super::fargate::FargateProfile;
use super::request::{self, Form, Query, Target};
use super::state::State;
use super::status::{self, Failure};
use super::{ClusterFacts, PodIdentityEntries, discovery, list, mutate, review, subresource, watch as watching, write};
use crate::sim::clock::Clock;
use crate::sim::fault::{FaultKind, Faults};
use crate::wire::{Body, BoxError};

/// Larger request bodies are refused, as etcd's limit makes the real server do.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// The simulated Kubernetes API server of one cluster; clones share everything.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    clock: Clock,
    faults: Faults,
    facts: ClusterFacts,
    entries: Arc<dyn PodIdentityEntries>,
    issuer: Mutex<String>,
    settle: Mutex<Duration>,
    skew: Mutex<SignedDuration>,
    revision: watch::Sender<u64>,
    epoch: AtomicU64,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Api {
    /// An empty cluster with the namespaces every cluster has.
    pub fn new(clock: Clock, faults: Faults, facts: ClusterFacts, entries: Arc<dyn PodIdentityEntries>) -> Self {
        let issuer = format!("https://oidc.eks.{}.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE", facts.region);
        let inner = Inner {
            state: Mutex::new(State::default()),
            clock,
            faults,
            facts,
            entries,
            issuer: Mutex::new(issuer),
            settle: Mutex::new(Duration::from_millis(300)),
            skew: Mutex::default(),
            revision: watch::Sender::new(0),
            epoch: AtomicU64::new(0),
        };
        let api = Self { inner: Arc::new(inner) };
        let now = api.now();
        api.commit(|state| {
            for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
                state.ensure_namespace(name, now);
            }
        });
        api
    }

    /// The simulated time.
    pub(super) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// What is known of the cluster.
    pub(super) fn facts(&self) -> &ClusterFacts {
        &self.inner.facts
    }

    /// The faults of this world.
    pub(super) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Whether the webhook knows an association. Must not be asked under the lock.
    pub(super) fn has_entry(&self, namespace: &str, service_account: &str) -> bool {
        self.inner.entries.has_entry(namespace, service_account)
    }

    /// Sets the issuer of service account tokens (the cluster's OIDC issuer URL).
    pub fn set_issuer(&self, issuer: &str) {
        issuer.clone_into(&mut locked(&self.inner.issuer));
    }

    /// The issuer of service account tokens.
    pub(super) fn issuer(&self) -> String {
        locked(&self.inner.issuer).clone()
    }

    /// Sets how far the clock that dates tokens is ahead of everybody else's.
    pub fn set_token_skew(&self, skew: SignedDuration) {
        *locked(&self.inner.skew) = skew;
    }

    /// What the clock says that dates tokens.
    pub(super) fn token_time(&self) -> Timestamp {
        let now = self.now();
        now.saturating_add(*locked(&self.inner.skew)).unwrap_or(now)
    }

    /// Sets the Fargate profiles of the cluster; they concern pods created from now on.
    pub fn set_fargate_profiles(&self, profiles: Vec<FargateProfile>) {
        self.commit(|state| state.fargate = profiles);
    }

    /// Sets how long (real time) a pod takes from scheduled to ready, and from deleted to gone.
    pub fn set_settle_delay(&self, delay: Duration) {
        *locked(&self.inner.settle) = delay;
    }

    /// How long a pod takes to start or to end.
    pub(super) fn settle_delay(&self) -> Duration {
        *locked(&self.inner.settle)
    }

    /// Ends every open watch, as a restarting API server does.
    pub fn disconnect(&self) {
        self.inner.epoch.fetch_add(1, Ordering::Relaxed);
        self.inner.revision.send_modify(|_| {});
    }

    /// Counts disconnections.
    pub(super) fn epoch(&self) -> u64 {
        self.inner.epoch.load(Ordering::Relaxed)
    }

    /// Forgets the change log: watches from older resource versions end with 410.
    pub fn compact(&self) {
        self.commit(|state| state.store.compact());
    }

    /// Goes on from this revision at least, and forgets what was before: watches from older resource versions,
    /// those of another run too, end with 410.
    pub fn begin_at(&self, revision: u64) {
        self.commit(|state| state.store.begin_at(revision));
    }

    /// Keeps the whole world as text only, unless somebody watches already.
    pub(super) fn pack(&self) {
        if self.inner.revision.receiver_count() == 0 {
            self.commit(|state| state.store.pack());
        }
    }

    /// Moves whenever something was written.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.inner.revision.subscribe()
    }

    /// Looks at the state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&locked(&self.inner.state))
    }

    /// Changes the state and tells whoever waits for changes.
    pub(super) fn commit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = locked(&self.inner.state);
        let result = change(&mut state);
        let revision = state.store.revision();
        drop(state);
        self.inner.revision.send_if_modified(|seen| {
            let moved = *seen < revision;
            *seen = revision.max(*seen);
            moved
        });
        result
    }

    /// Answers one request.
    ///
    /// # Errors
    /// A connection error, if a fault asks for one.
    pub(super) async fn serve(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let call = match self.read(|state| Call::of(&parts, state)) {
            Ok(call) => call,
            Err(failure) => return Ok(failure.response()),
        };
        let faults = self.inner.faults.decide(&call.operation());
        if let Some(response) = self.suffer(&call, &faults).await? {
            return Ok(response);
        }
        let body = match collect(body).await {
            Ok(body) => body,
            Err(failure) => return Ok(failure.response()),
        };
        let answer = self.answer(&call, &body).unwrap_or_else(|failure| failure.response());
        match faults.iter().find(|fault| fault.arrives()) {
            None => Ok(answer),
            Some(FaultKind::Mute) => std::future::pending().await,
            Some(_) => Err("connection reset by the simulated network".into()),
        }
    }

    /// Carries out the faults of this request that come before it.
    async fn suffer(&self, call: &Call, faults: &[FaultKind]) -> Result<Option<Response<Body>>, BoxError> {
        for fault in faults {
            let failure = match fault {
                FaultKind::Latency(delay) => {
                    tokio::time::sleep(*delay).await;
                    continue;
                }
                FaultKind::Lost | FaultKind::Mute => continue,
                FaultKind::Hang => std::future::pending().await,
                FaultKind::Drop => return Err("connection reset by the simulated network".into()),
                FaultKind::Denied => call.denied(),
                FaultKind::Throttle => Failure::of_status(429),
                FaultKind::Expired => Failure::of_status(401),
                FaultKind::Gone => Failure::of_status(410),
                FaultKind::Status(code) => Failure::of_status(*code),
            };
            let in_stream = failure.code == 410 && call.verb == "watch";
            return Ok(Some(if in_stream { watching::failed(&failure) } else { failure.response() }));
        }
        Ok(None)
    }

    fn answer(&self, call: &Call, body: &Bytes) -> Result<Response<Body>, Failure> {
        let Some(target) = &call.target else {
            return match call.parts.uri.path() {
                path if review::is_path(path) => review::answer(self, call, body),
                path if mutate::is_path(path) => mutate::answer(self, call, body),
                _ => discovery::answer(self, call),
            };
        };
        if !target.subresource.is_empty() {
            return subresource::answer(self, call, target, body);
        }
        match call.verb {
            "list" => list::answer(self, target, &call.query, call.form()?),
            "watch" => watching::answer(self, target, &call.query, call.form()?),
            "get" => {
                let object = self.read(|state| write::find(state, target))?;
                call.show(self, target, 200, &object)
            }
            _ => write::answer(self, call, target, body),
        }
    }
}

async fn collect(mut body: Body) -> Result<Bytes, Failure> {
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::bad_request(format!("the request body broke off: {error}")))?;
        if let Some(data) = frame.data_ref() {
            collected.extend_from_slice(data);
        }
        if collected.len() > BODY_LIMIT {
            let message = format!("Request entity too large: limit is {BODY_LIMIT}");
            return Err(Failure::new(413, "RequestEntityTooLarge", message));
        }
    }
    Ok(collected.freeze())
}

/// One request, taken apart.
pub struct Call {
    /// Method, URI, headers.
    pub parts: Parts,
    /// Query parameters.
    pub query: Query,
    /// The resource, absent for discovery and its like.
    pub target: Option<Target>,
    /// The API verb.
    pub verb: &'static str,
}

impl Call {
    fn of(parts: &Parts, state: &State) -> Result<Self, Failure> {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let path = parts.uri.path();
        let (target, verb) = if discovery::is_path(path) || review::is_path(path) || mutate::is_path(path) {
            (None, "get")
        } else {
            let target = Target::parse(path, &state.kinds)?;
            let verb = request::verb(&parts.method, &target, &query)?;
            (Some(target), verb)
        };
        Ok(Self { parts: parts.clone(), query, target, verb })
    }

    /// The representation asked for.
    ///
    /// # Errors
    /// 406 if it cannot be served.
    pub fn form(&self) -> Result<Form, Failure> {
        Form::of(&self.parts.headers)
    }

    /// One object as an answer.
    ///
    /// # Errors
    /// 406 if the representation cannot be served.
    pub fn show(
        &self,
        api: &Api,
        target: &Target,
        code: u16,
        object: &super::store::Object,
    ) -> Result<Response<Body>, Failure> {
        Ok(status::bytes_response(code, "application/json", self.encoder(api, target)?.single(object)))
    }

    /// What turns objects into the representation asked for.
    ///
    /// # Errors
    /// 406 if it cannot be served.
    pub fn encoder(&self, api: &Api, target: &Target) -> Result<Encoder, Failure> {
        Ok(Encoder {
            form: self.form()?,
            kind: Arc::clone(&target.kind),
            now: api.now(),
            include: self.query.text("includeObject").to_owned(),
            headless: false,
        })
    }

    /// The name faults know this request by.
    fn operation(&self) -> String {
        match &self.target {
            None => "discovery:get".to_owned(),
            Some(target) => format!("{}:{}", resource_of(target), self.verb),
        }
    }

    fn denied(&self) -> Failure {
        let user = request::user(&self.parts.headers);
        let Some(target) = &self.target else {
            let message = format!("forbidden: User \"{user}\" cannot get path \"{}\"", self.parts.uri.path());
            return Failure::new(403, "Forbidden", message);
        };
        let verb = if self.verb == "update" && target.name.is_empty() { "create" } else { self.verb };
        let scope = match target.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let name = match target.name.as_str() {
            "" => String::new(),
            name => format!(" \"{name}\""),
        };
        let kind = &target.kind;
        let message = format!(
            "{}{name} is forbidden: User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
            kind.qualified(),
            resource_of(target),
            kind.group
        );
        let mut failure = Failure::new(403, "Forbidden", message);
        failure.details = details(target);
        failure
    }
}

fn details(target: &Target) -> Value {
    let mut details = serde_json::Map::new();
    details.insert("kind".to_owned(), target.kind.plural.clone().into());
    for (key, value) in [("name", &target.name), ("group", &target.kind.group)] {
        if !value.is_empty() {
            details.insert(key.to_owned(), value.clone().into());
        }
    }
    Value::Object(details)
}

fn resource_of(target: &Target) -> String {
    match target.subresource.as_str() {
        "" => target.kind.plural.clone(),
        subresource => format!("{}/{subresource}", target.kind.plural),
    }
}
