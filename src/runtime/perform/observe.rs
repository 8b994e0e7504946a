//! Reads what a step is about to change.

use super::{Performer, is_edit};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        id::{ClusterName, ServiceAccountId},
        journal::Observed,
        plan::Call,
    },
    kubernetes::object,
};

impl Performer {
    /// What there is now. Where the call itself would refuse what must not be, a reading that is not allowed
    /// stops nothing.
    pub(super) async fn observe(&self, call: &Call) -> Result<Observed, Failure> {
        let found = self.read(call).await;
        match (call, found) {
            (
                Call::CreatePodIdentityAssociation { .. } | Call::CreateAddon { .. } | Call::RestartWorkload { .. },
                Err(failure),
            ) if failure.kind == FailureKind::Denied => Ok(Observed::Unread),
            (call, Err(failure)) if failure.kind == FailureKind::NotFound && !is_edit(call) => Ok(Observed::Nothing),
            (_, found) => found,
        }
    }

    async fn read(&self, call: &Call) -> Result<Observed, Failure> {
        match call {
            Call::CreatePodIdentityAssociation { cluster, service_account, .. } => {
                self.association_of(cluster, service_account).await
            }
            Call::DeletePodIdentityAssociation { cluster, association, .. }
            | Call::UpdatePodIdentityAssociation { cluster, association, .. }
            | Call::TagAssociation { cluster, association, .. } => {
                let found = self.session()?.association(cluster, association).await?;
                let detail = found.detail.known();
                Ok(detail.map_or(Observed::Unread, |detail| Observed::Association {
                    id: found.id.clone(),
                    settings: detail.settings(),
                }))
            }
            Call::AnnotateServiceAccount { service_account, .. } => {
                let found = object::service_account(self.connection()?, service_account).await?;
                Ok(Observed::Annotation { role_arn: found.role_arn })
            }
            Call::CreateAddon { cluster, addon } | Call::DeleteAddon { cluster, addon } => {
                let found = self.session()?.add_on(cluster, addon.clone()).await?;
                Ok(if found.is_some() { Observed::Addon } else { Observed::Nothing })
            }
            Call::UpdateAssumeRolePolicy { role_arn, .. } => self.observe_trust(role_arn).await,
            Call::EvictPod { workload, uid, .. } => self.observe_pod(workload, uid).await,
            Call::RestartWorkload { workload, .. } => {
                let restarted_at = object::restarted_at(self.connection()?, workload).await?;
                Ok(Observed::Template { restarted_at })
            }
        }
    }

    async fn association_of(&self, cluster: &ClusterName, id: &ServiceAccountId) -> Result<Observed, Failure> {
        let session = self.session()?;
        let Some(found) = session.associations_of(cluster, id).await?.into_iter().next() else {
            return Ok(Observed::Nothing);
        };
        let whole = session.association(cluster, &found.id).await?;
        let detail = whole.detail.known();
        Ok(detail
            .map_or(Observed::Unread, |detail| Observed::Association { id: found.id, settings: detail.settings() }))
    }
}
