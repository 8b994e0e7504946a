//! Performs plans: the only place from which anything is changed. Each step reads again what it
//! changes, is journalled before it is sent and after it was answered; the first failure ends the plan.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    journal::{Author, Journal, Scribe},
};
use crate::{
    aws::session::Session,
    domain::{
        failure::{Failure, FailureKind},
        journal::{Ending, Observed, RecordedStep, Standing, StepState},
        plan::{Call, Origin, Plan, Step, role_name},
    },
    kubernetes::connect::Connection,
};

mod observe;
mod retarget;
mod rollout;
mod send;
mod trust;

pub use trust::Memory;

/// What it takes to change one cluster and its account.
#[derive(Clone)]
pub struct Performer {
    /// AWS, once the session is there.
    pub session: Option<Session>,
    /// Kubernetes, once it is connected.
    pub connection: Option<Connection>,
    /// Where every step is written down.
    pub journal: Journal,
    /// Who does it.
    pub author: Author,
    /// ARN of the cluster, or its name, for the journal.
    pub cluster: Option<String>,
    /// What time it is.
    pub clock: Clock,
    /// How long a new or removed association takes to reach the webhook (identity-resolution 1.7: about 10 s).
    pub settle: Duration,
    /// The trust policies written so far, which IAM may not return yet.
    pub memory: Memory,
}

/// How one step stands.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// It is being sent.
    Started,
    /// It was answered well.
    Done,
    /// It failed.
    Failed(&'a Failure),
}

/// A plan under way.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// Its id, the same in journal, screen and client request token. An operation that is resumed keeps its own.
    pub id: &'a str,
    /// What is done.
    pub plan: &'a Plan,
}

/// What became of a step before, if the operation is resumed.
struct Earlier {
    done: bool,
    /// What it found then.
    before: Option<Observed>,
    /// It was sent then, and may have arrived.
    doubt: Option<Timestamp>,
}

impl Performer {
    /// Performs a plan step by step and tells how each one stands.
    ///
    /// # Errors
    /// The failure of the first step that failed; what came before it is done and journalled.
    /// `Conflict` if another process is at the same operation, or the world is not what the plan saw.
    pub async fn perform(
        &self,
        operation: Operation<'_>,
        stop: &CancellationToken,
        mut told: impl FnMut(usize, Progress<'_>),
    ) -> Result<(), Failure> {
        let plan = operation.plan;
        let id = match &plan.origin {
            Origin::Resume { of, .. } => of,
            Origin::New | Origin::Undo { .. } => operation.id,
        };
        let _claim = self.journal.claim(id)?;
        self.memory.learn(&self.journal.history()?, self.clock.now());
        let scribe = Scribe { journal: &self.journal, operation: id, plan, author: &self.author, clock: self.clock };
        let earlier = self.begin(&scribe)?;
        let outcome = self.steps(&scribe, &earlier, stop, &mut told).await;
        scribe.ended(match &outcome {
            Ok(()) => Ending::Done,
            Err(_) if stop.is_cancelled() => Ending::Cancelled,
            Err(_) => Ending::Failed,
        })?;
        outcome
    }

    /// Writes that it begins, or goes on where the journal says it stopped.
    fn begin(&self, scribe: &Scribe<'_>) -> Result<Vec<Earlier>, Failure> {
        let plan = scribe.plan;
        let Origin::Resume { of, states } = &plan.origin else {
            scribe.begun(self.cluster.clone())?;
            return Ok(plan.steps.iter().map(|_| Earlier { done: false, before: None, doubt: None }).collect());
        };
        let history = self.journal.history()?;
        let record = history.record(of).filter(|record| record.states() == *states).ok_or_else(|| {
            Failure::new(
                FailureKind::Conflict,
                format!("operation {of} was not resumed"),
                "it has gone on, or the journal changed, since this was planned",
                "Look at `rolecall history` again",
            )
        })?;
        scribe.resumed()?;
        let earlier = |step: &RecordedStep| Earlier {
            done: step.state == StepState::Done,
            before: step.before.clone(),
            doubt: step.sent_at.filter(|_| step.is_in_doubt()),
        };
        Ok(record.steps.iter().map(earlier).collect())
    }

    async fn steps(
        &self,
        scribe: &Scribe<'_>,
        earlier: &[Earlier],
        stop: &CancellationToken,
        told: &mut impl FnMut(usize, Progress<'_>),
    ) -> Result<(), Failure> {
        for ((index, step), earlier) in scribe.plan.steps.iter().enumerate().zip(earlier) {
            if earlier.done {
                told(index, Progress::Done);
                continue;
            }
            if stop.is_cancelled() {
                scribe.skipped(index)?;
                return Err(cancelled(index));
            }
            told(index, Progress::Started);
            let outcome = self.step(scribe, index, step, earlier, stop).await;
            if let Err(failure) = &outcome {
                scribe.failed(index, failure)?;
            }
            told(index, outcome.as_ref().map_or_else(Progress::Failed, |()| Progress::Done));
            outcome?;
        }
        Ok(())
    }

    /// Reads, compares, and sends only what is neither done nor in the way of somebody else's change.
    async fn step(
        &self,
        scribe: &Scribe<'_>,
        index: usize,
        step: &Step,
        earlier: &Earlier,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let doubt = earlier.doubt;
        let before = self.observe(&step.call).await?;
        if doubt.is_some() && before == Observed::Unread {
            return Err(in_doubt(step));
        }
        match before.standing(&step.call, doubt) {
            Standing::Before => {}
            Standing::After if doubt.is_some() => {
                let found = earlier.before.as_ref().unwrap_or(&before);
                return scribe.done(index, self.catch_up(&step.call, found, stop).await?);
            }
            Standing::After if is_settled(&step.call) => return scribe.done(index, before),
            Standing::After => return Err(changed_since(step, "it is so already; somebody else did it")),
            Standing::Other(difference) => return Err(changed_since(step, &difference)),
        }
        let at = scribe.started(index, before.clone())?;
        // Each step is a request of its own: EKS refuses a token that it knows from another one.
        let token = format!("{}-{index}", scribe.operation);
        let sending = send::Sending { call: &step.call, before: &before, client_token: &token, at };
        let after = self.send(sending, stop).await?;
        scribe.done(index, after)
    }

    fn session(&self) -> Result<&Session, Failure> {
        self.session.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Credentials,
                "cannot change anything in AWS",
                "there is no session with AWS",
                "Log in and try again",
            )
        })
    }

    fn connection(&self) -> Result<&Connection, Failure> {
        self.connection.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Unreachable,
                "cannot change anything in the cluster",
                "there is no connection to the Kubernetes API",
                "Wait until the header says `k8s live` and try again",
            )
        })
    }
}

fn cancelled(index: usize) -> Failure {
    Failure::new(
        FailureKind::Conflict,
        "the plan was stopped",
        format!("it was cancelled before step {}", index + 1),
        "What was done before stays; `rolecall history` shows it, `resume` and `undo` finish it",
    )
}

/// If somebody else did just this, nothing is left to be done: an edit of something that stays, or a canary that
/// is gone already, since the rollout that follows looks at every new pod.
fn is_settled(call: &Call) -> bool {
    is_edit(call) || matches!(call, Call::EvictPod { .. })
}

/// An edit of something that stays.
fn is_edit(call: &Call) -> bool {
    matches!(
        call,
        Call::UpdateAssumeRolePolicy { .. } | Call::UpdatePodIdentityAssociation { .. } | Call::TagAssociation { .. }
    )
}

/// What a step changes, in a few words.
fn target(call: &Call) -> String {
    match call {
        Call::CreatePodIdentityAssociation { service_account, .. } => format!("the association of {service_account}"),
        Call::DeletePodIdentityAssociation { association, .. }
        | Call::UpdatePodIdentityAssociation { association, .. }
        | Call::TagAssociation { association, .. } => format!("association {association}"),
        Call::UpdateAssumeRolePolicy { role_arn, .. } => format!("the trust policy of {}", role_name(role_arn)),
        Call::AnnotateServiceAccount { service_account, .. } => format!("service account {service_account}"),
        Call::CreateAddon { addon, .. } | Call::DeleteAddon { addon, .. } => format!("add-on {addon}"),
        Call::EvictPod { pod, .. } => format!("pod {pod}"),
        Call::RestartWorkload { workload, .. } => format!("{workload} in {}", workload.namespace),
    }
}

fn changed_since(step: &Step, difference: &str) -> Failure {
    match &step.call {
        Call::UpdateAssumeRolePolicy { role_arn, .. } => {
            return trust::changed_since(role_name(role_arn), difference.to_owned());
        }
        Call::UpdatePodIdentityAssociation { association, .. } | Call::TagAssociation { association, .. } => {
            return retarget::changed(association, difference.to_owned());
        }
        _ => {}
    }
    Failure::new(
        FailureKind::Conflict,
        format!("{} was not changed: it is not what the plan saw", target(&step.call)),
        difference.to_owned(),
        "Look at it again and make a new plan if the change is still wanted",
    )
}

fn in_doubt(step: &Step) -> Failure {
    Failure::new(
        FailureKind::Denied,
        format!("{} was not changed", target(&step.call)),
        "this step was sent before and may have arrived, and what it changes cannot be read",
        "Allow the reading, or look at it by hand and make a new plan",
    )
}
