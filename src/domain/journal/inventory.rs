//! What the inventory knows of the part of the world that a call is about.

use jiff::Timestamp;

use super::{History, Observed};
use crate::domain::{change::Change, fact::Fact, id::RoleArn, inventory::Inventory, plan::Call, role::Written};

impl Inventory {
    /// As a step would find it, as far as it was read; `None` where it was not.
    pub fn observed(&self, call: &Call) -> Option<Observed> {
        match call {
            Call::CreatePodIdentityAssociation { service_account, .. }
            | Call::DeletePodIdentityAssociation { service_account, .. } => {
                match self.association_of(service_account) {
                    None => Some(Observed::Nothing),
                    Some(found) => {
                        let detail = found.detail.known()?;
                        Some(Observed::Association { id: found.id.clone(), settings: detail.settings() })
                    }
                }
            }
            Call::AnnotateServiceAccount { service_account, .. } => {
                let object = self.service_account(service_account);
                Some(
                    object
                        .map_or(Observed::Nothing, |object| Observed::Annotation { role_arn: object.role_arn.clone() }),
                )
            }
            Call::CreateAddon { addon, .. } | Call::DeleteAddon { addon, .. } => match self.add_ons() {
                Fact::Known(addons) if addons.iter().any(|found| found.name.as_ref() == addon) => Some(Observed::Addon),
                Fact::Known(_) => Some(Observed::Nothing),
                _ => None,
            },
            Call::UpdatePodIdentityAssociation { association, .. } | Call::TagAssociation { association, .. } => {
                let Some(found) = self.association(association) else { return Some(Observed::Nothing) };
                let settings = found.detail.known()?.settings();
                Some(Observed::Association { id: found.id.clone(), settings })
            }
            Call::UpdateAssumeRolePolicy { role_arn, .. } => match self.role(role_arn) {
                Fact::Known(role) => Some(Observed::Trust { document: role.trust.text.to_string() }),
                Fact::Absent => Some(Observed::Nothing),
                _ => None,
            },
            Call::EvictPod { pod, uid, .. } => {
                let found = self.pod(pod).filter(|found| found.uid == *uid && !found.terminating);
                Some(found.map_or(Observed::Nothing, |found| Observed::Pod { newest: found.created_at }))
            }
            Call::RestartWorkload { .. } => Some(Observed::Template { restarted_at: None }),
        }
    }

    /// Starts from what the journal says was written to trust policies: IAM may not return it yet.
    pub fn recall(&mut self, history: &History, now: Timestamp) {
        let known = |(arn, written): (RoleArn, Written)| {
            self.role(&arn).known().map(|role| Change::TrustWritten(role.name.clone(), written))
        };
        let changes: Vec<Change> = history.written(now).into_iter().filter_map(known).collect();
        self.apply(changes, now);
    }

    /// The cluster as the journal names it: its ARN, or its name, or that of the context.
    pub fn cluster_title(&self) -> Option<String> {
        let target = self.target();
        let known = self.cluster().known().map(|cluster| cluster.arn.to_string());
        known.or_else(|| target.cluster.as_ref().map(ToString::to_string)).or_else(|| target.context.clone())
    }
}
