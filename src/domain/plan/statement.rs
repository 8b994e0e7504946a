//! A trust policy statement for a service account, ready to be pasted: the one that `trust allow` would add.

use std::sync::Arc;

use jiff::Timestamp;

use super::trust::{Narrow, narrowing};
use crate::domain::{
    arn::Arn,
    id::ServiceAccountId,
    identity::{
        Mechanism,
        admission::{self, Asking},
        injection::DEFAULT_AUDIENCE,
    },
    inventory::Inventory,
    role::{Role, TrustPolicy},
    trust::edit,
};

/// The statement by which a role of the cluster's account admits a service account; for EKS Pod Identity narrowed to
/// it. `None` while the cluster is not known, and for mechanisms that no trust policy is about.
pub fn statement(inventory: &Inventory, mechanism: Mechanism, id: &ServiceAccountId, now: Timestamp) -> Option<String> {
    let cluster = inventory.cluster().known()?;
    match mechanism {
        Mechanism::PodIdentity => {
            let narrowing = narrowing(Narrow::ServiceAccount, cluster, id, true);
            Some(edit::pod_identity_statement(&narrowing))
        }
        Mechanism::Irsa => {
            cluster.issuer.as_ref()?;
            let audience = inventory.service_account(id).and_then(|account| account.audience.as_deref());
            let asking = Asking::Irsa(audience.unwrap_or(DEFAULT_AUDIENCE));
            // Only partition and account of the role stand in the statement.
            let role = any_role(cluster.arn.partition(), cluster.account().as_str())?;
            Some(edit::irsa_statement(&admission::request(cluster, &role, id, &asking, now)))
        }
        _ => None,
    }
}

fn any_role(partition: &str, account: &str) -> Option<Role> {
    Some(Role {
        arn: Arn::role(&format!("arn:{partition}:iam::{account}:role/any")).ok()?,
        name: "any".into(),
        trust: Arc::new(TrustPolicy::parse("{}")),
        tags: None,
        created_at: None,
        max_session_seconds: None,
    })
}
