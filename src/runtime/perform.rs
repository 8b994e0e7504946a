//! Performs plans: the only place from which anything is changed. Each step is journalled
//! before it is sent and after it was answered; the first failure ends the plan.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    journal::{Author, Journal, Scribe, StepState},
};
use crate::{
    aws::{NewAssociation, session::Session},
    domain::{
        failure::{Failure, FailureKind},
        id::{AssociationId, ClusterName},
        plan::{Call, Plan},
    },
    kubernetes::{connect::Connection, object},
};

mod retarget;
mod trust;

pub use trust::Memory;

/// How often and how long the association is asked for after it was created: EKS is eventually consistent.
const POLLS: u32 = 12;

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
    /// Its id, the same in journal, screen and client request token.
    pub id: &'a str,
    /// What is done.
    pub plan: &'a Plan,
    /// What EKS uses to recognise a repeated request.
    pub client_token: &'a str,
}

impl Performer {
    /// Performs a plan step by step and tells how each one stands.
    ///
    /// # Errors
    /// The failure of the first step that failed; what came before it is done and journalled.
    pub async fn perform(
        &self,
        operation: Operation<'_>,
        stop: &CancellationToken,
        mut told: impl FnMut(usize, Progress<'_>),
    ) -> Result<(), Failure> {
        let scribe =
            Scribe { journal: &self.journal, operation: operation.id, plan: operation.plan, author: &self.author };
        for (index, step) in operation.plan.steps.iter().enumerate() {
            if stop.is_cancelled() {
                scribe.note(index, StepState::Skipped, None, self.clock.now())?;
                return Err(cancelled(index));
            }
            scribe.note(index, StepState::Started, None, self.clock.now())?;
            told(index, Progress::Started);
            // Each step is a request of its own: EKS refuses a token that it knows from another one.
            let token = format!("{}-{index}", operation.client_token);
            let outcome = self.send(&step.call, &token).await;
            let state = if outcome.is_ok() { StepState::Done } else { StepState::Failed };
            scribe.note(index, state, outcome.as_ref().err(), self.clock.now())?;
            told(index, outcome.as_ref().map_or_else(Progress::Failed, |()| Progress::Done));
            outcome?;
        }
        Ok(())
    }

    async fn send(&self, call: &Call, client_token: &str) -> Result<(), Failure> {
        match call {
            Call::CreatePodIdentityAssociation { .. } => self.create_association(call, client_token).await,
            Call::DeletePodIdentityAssociation { .. } => self.delete_association(call).await,
            Call::AnnotateServiceAccount { service_account, before, after } => {
                object::annotate(self.connection()?, service_account, before.as_ref(), after.as_ref()).await
            }
            Call::CreateAddon { cluster, addon } => {
                self.session()?.create_addon(cluster, addon, client_token).await.map(drop)
            }
            Call::RestartWorkload { workload } => object::restart(self.connection()?, workload, self.clock.now()).await,
            Call::UpdatePodIdentityAssociation { .. } => self.update_association(call, client_token).await,
            Call::TagAssociation { .. } => self.tag_association(call).await,
            Call::UpdateAssumeRolePolicy { role_arn, before, after } => self.write_trust(role_arn, before, after).await,
        }
    }

    async fn create_association(&self, call: &Call, client_token: &str) -> Result<(), Failure> {
        let Call::CreatePodIdentityAssociation {
            cluster,
            service_account,
            role_arn,
            target_role_arn,
            disable_session_tags,
            policy,
            tags,
        } = call
        else {
            return Ok(());
        };
        let wanted = NewAssociation {
            service_account: service_account.clone(),
            role_arn: role_arn.clone(),
            target_role_arn: target_role_arn.clone(),
            disable_session_tags: *disable_session_tags,
            policy: policy.as_deref().map(Into::into),
            tags: tags.iter().cloned().collect(),
            client_request_token: client_token.to_owned(),
        };
        let session = self.session()?;
        let id = self.until_trusted(role_arn, || session.create_association(cluster, &wanted)).await?;
        self.wait_until_described(cluster, &id).await?;
        tokio::time::sleep(self.settle).await;
        Ok(())
    }

    async fn wait_until_described(&self, cluster: &ClusterName, id: &AssociationId) -> Result<(), Failure> {
        let mut pause = Duration::from_millis(250);
        for _ in 0..POLLS {
            match self.session()?.association(cluster, id).await {
                Err(failure) if failure.kind == FailureKind::NotFound => tokio::time::sleep(pause).await,
                other => return other.map(drop),
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
        Err(Failure::new(
            FailureKind::Server,
            format!("association {id} was created but cannot be read yet"),
            "EKS is eventually consistent and takes longer than usual",
            "Refresh with Ctrl-r; do not create it again",
        ))
    }

    async fn delete_association(&self, call: &Call) -> Result<(), Failure> {
        let Call::DeletePodIdentityAssociation { cluster, association, service_account, role_arn } = call else {
            return Ok(());
        };
        let session = self.session()?;
        let found = session.association(cluster, association).await?;
        let role = found.detail.known().map(|detail| &detail.role_arn);
        let same_role = role_arn.is_none() || role_arn.as_ref() == role;
        if found.service_account != *service_account || !same_role {
            return Err(changed_since(association));
        }
        session.delete_association(cluster, association).await?;
        // The webhook goes on injecting it for a moment: a restart now would bring it back.
        tokio::time::sleep(self.settle).await;
        Ok(())
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
        "What was done before stays; see the journal",
    )
}

fn changed_since(association: &AssociationId) -> Failure {
    Failure::new(
        FailureKind::Conflict,
        format!("association {association} was not removed"),
        "it changed since the plan was made",
        "Look at it again and make a new plan",
    )
}
