//! Sends the one call of a step and tells what it left.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Performer;
use crate::{
    aws::NewAssociation,
    domain::{
        failure::{Failure, FailureKind},
        id::{AssociationId, ClusterName},
        journal::Observed,
        plan::Call,
    },
    kubernetes::object,
};

/// How often and how long the association is asked for after it was created: EKS is eventually consistent.
pub(super) const POLLS: u32 = 12;

/// One call on its way.
pub(super) struct Sending<'a> {
    /// The call.
    pub call: &'a Call,
    /// What was found just now.
    pub before: &'a Observed,
    /// What EKS uses to recognise a repeated request.
    pub client_token: &'a str,
    /// When the journal says that it was sent.
    pub at: Timestamp,
}

impl Performer {
    /// Sends it, and waits for what it brings about where the next step depends on that.
    pub(super) async fn send(&self, sending: Sending<'_>, stop: &CancellationToken) -> Result<Observed, Failure> {
        let Sending { call, before, client_token, at } = sending;
        match call {
            Call::CreatePodIdentityAssociation { .. } => self.create_association(call, client_token).await,
            Call::DeletePodIdentityAssociation { cluster, association, .. } => {
                self.delete_association(cluster, association).await
            }
            Call::AnnotateServiceAccount { service_account, before, after } => {
                object::annotate(self.connection()?, service_account, before.as_ref(), after.as_ref()).await?;
                Ok(Observed::Annotation { role_arn: after.clone() })
            }
            Call::CreateAddon { cluster, addon } => {
                self.session()?.create_addon(cluster, addon, client_token).await.map(|_| Observed::Addon)
            }
            Call::DeleteAddon { cluster, addon } => {
                arrived(self.session()?.delete_addon(cluster, addon).await)?;
                Ok(Observed::Nothing)
            }
            Call::UpdatePodIdentityAssociation { .. } => {
                self.update_association(call, client_token).await?;
                self.observe(call).await
            }
            Call::TagAssociation { .. } => {
                self.tag_association(call).await?;
                self.observe(call).await
            }
            Call::UpdateAssumeRolePolicy { role_arn, before, after } => {
                self.write_trust(role_arn, before, after).await?;
                Ok(Observed::Trust { document: after.clone() })
            }
            Call::EvictPod { .. } => self.evict(call, before, stop).await,
            Call::RestartWorkload { workload, .. } => {
                object::restart(self.connection()?, workload, at).await?;
                self.catch_up(call, before, stop).await
            }
        }
    }

    async fn create_association(&self, call: &Call, client_token: &str) -> Result<Observed, Failure> {
        let Call::CreatePodIdentityAssociation { cluster, service_account, .. } = call else {
            return Ok(Observed::Nothing);
        };
        let Some(settings) = call.wanted_association() else { return Ok(Observed::Nothing) };
        let updatable = &settings.updatable;
        let wanted = NewAssociation {
            service_account: service_account.clone(),
            role_arn: updatable.role_arn.clone(),
            target_role_arn: updatable.target_role_arn.clone(),
            disable_session_tags: updatable.disable_session_tags,
            policy: updatable.policy.clone(),
            tags: settings.tags.clone(),
            client_request_token: client_token.to_owned(),
        };
        let session = self.session()?;
        let id = self.until_trusted(&updatable.role_arn, || session.create_association(cluster, &wanted)).await?;
        self.wait_until_described(cluster, &id).await?;
        tokio::time::sleep(self.settle).await;
        Ok(Observed::Association { id, settings })
    }

    async fn wait_until_described(&self, cluster: &ClusterName, id: &AssociationId) -> Result<(), Failure> {
        let mut pause = Duration::from_millis(250);
        for _ in 0..POLLS {
            match self.session()?.association(cluster, id).await {
                Err(failure) if failure.kind == FailureKind::NotFound => tokio::time::sleep(pause).await,
                // It is there; that it may not be read, or not now, does not undo it.
                _ => return Ok(()),
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

    async fn delete_association(&self, cluster: &ClusterName, id: &AssociationId) -> Result<Observed, Failure> {
        arrived(self.session()?.delete_association(cluster, id).await)?;
        // The webhook goes on injecting it for a moment: a restart now would bring it back.
        tokio::time::sleep(self.settle).await;
        Ok(Observed::Nothing)
    }
}

/// What a call deletes was there a moment ago: if it is not found, an earlier try of this call has arrived after all.
fn arrived(deleted: Result<(), Failure>) -> Result<(), Failure> {
    match deleted {
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(()),
        answer => answer,
    }
}
