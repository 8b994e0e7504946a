//! Live proofs: for each a token from the API server and what AWS makes of it, at a pace that is never
//! exceeded. Nothing is kept of either but the answer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{Stream, StreamExt, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use crate::{
    aws::session::Session,
    domain::{
        failure::{Failure, FailureKind},
        proof::{self, Assumed, Intent, Proof, Step, Way},
    },
    kubernetes::{connect::Connection, token},
};

/// The audience of tokens for EKS Pod Identity.
const PODS: &str = "pods.eks.amazonaws.com";

/// Proofs under way at once: enough to keep the pace with answers that take a while.
const AT_ONCE: usize = 16;

/// How often an exchange that fails for a reason of the moment is tried.
const TRIES: u32 = 3;

/// What is waited before the second try; twice as long before the third.
const PATIENCE: Duration = Duration::from_millis(500);

/// Makes proofs.
#[derive(Clone)]
pub struct Prover {
    session: Session,
    connection: Connection,
    clock: Clock,
    pace: Pace,
}

impl Prover {
    /// Makes at most `pace` calls a second in all, those of both sides and those that are tried again counted.
    pub fn new(session: Session, connection: Connection, clock: Clock, pace: u32) -> Self {
        Self { session, connection, clock, pace: Pace::new(pace) }
    }

    /// Makes proofs side by side; each is there as soon as it is answered. Dropped, or once `stop` is cancelled, it
    /// makes no further call.
    pub fn all(&self, intents: Vec<Intent>, stop: CancellationToken) -> impl Stream<Item = Proof> + Send + use<> {
        let prover = self.clone();
        let prove = move |intent| {
            let prover = prover.clone();
            async move { prover.one(&intent).await }
        };
        stream::iter(intents).map(prove).buffer_unordered(AT_ONCE).take_until(stop.cancelled_owned())
    }

    /// Makes one proof.
    pub async fn one(&self, intent: &Intent) -> Proof {
        let tried = self.patiently(intent).await;
        let at = self.clock.now();
        match tried {
            Ok(assumed) => proof::succeeded(intent, &assumed, at),
            Err((step, failure)) => {
                tracing::debug!(account = %intent.account, "{failure}");
                proof::refused(intent, step, &failure, at)
            }
        }
    }

    /// Tries again what passes by itself, from the token on: none is kept while something waits.
    async fn patiently(&self, intent: &Intent) -> Result<Assumed, (Step, Failure)> {
        let mut patience = PATIENCE;
        for _ in 1..TRIES {
            match self.exchange(intent).await {
                Err((_, failure)) if passes(&failure) => tokio::time::sleep(patience).await,
                answered => return answered,
            }
            patience *= 2;
        }
        self.exchange(intent).await
    }

    async fn exchange(&self, intent: &Intent) -> Result<Assumed, (Step, Failure)> {
        let (audience, pod) = match &intent.way {
            Way::WebIdentity { audience, .. } => (&**audience, None),
            Way::PodIdentity { pod, uid } => (PODS, Some((pod, uid))),
        };
        self.pace.wait().await;
        let token = token::request_token(&self.connection, &intent.account, audience, pod).await;
        let token = token.map_err(|failure| (Step::Token, failure))?;
        self.pace.wait().await;
        let assumed = match &intent.way {
            Way::WebIdentity { role, .. } => {
                self.session.assume_with_token(&intent.region, role, &intent.session_name, token).await
            }
            Way::PodIdentity { .. } => self.session.assume_for_pod(&intent.cluster, token).await,
        };
        assumed.map_err(|failure| (Step::Exchange, failure))
    }
}

/// Whether it may be otherwise in a moment: nobody was refused.
fn passes(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Throttled | FailureKind::Server | FailureKind::Unreachable)
        || failure.code.as_deref() == Some("IDPCommunicationError")
}

/// Turns at equal distances: in no second more than the rate.
#[derive(Clone)]
struct Pace {
    distance: Duration,
    next: Arc<Mutex<Option<Instant>>>,
}

impl Pace {
    fn new(rate: u32) -> Self {
        Self { distance: Duration::from_secs(1) / rate.max(1), next: Arc::default() }
    }

    /// Waits for the next turn.
    async fn wait(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(turn + self.distance);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}
