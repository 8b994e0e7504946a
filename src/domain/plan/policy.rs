//! Who notices that a trust policy is written whole, as an undo does: the workloads for which its answer changes.

use jiff::Timestamp;

use super::{
    Affected,
    affected::{Pods, role_name},
};
use crate::domain::{
    fact::Fact,
    id::{RoleArn, ServiceAccountId},
    identity::{
        Mechanism,
        admission::{self, Asking},
        injection::DEFAULT_AUDIENCE,
    },
    inventory::Inventory,
    row::PodRow,
    trust::{Document, Verdict, verdict},
};

/// The workloads that use a role, or would, and are answered otherwise once its policy is `after` and no longer
/// `before`.
pub(super) fn affected(
    inventory: &Inventory,
    role: &RoleArn,
    (before, after): (&str, &str),
    now: Timestamp,
) -> Vec<Affected> {
    let (Ok(before), Ok(after)) = (Document::parse(before), Document::parse(after)) else { return Vec::new() };
    let mut ids: Vec<ServiceAccountId> =
        inventory.uses_of_role(role).into_iter().map(|used| used.service_account).collect();
    ids.dedup();
    let mut lines = Vec::new();
    for id in ids {
        let answers = |document: &Document, pods: &[PodRow]| admits(inventory, role, &id, document, pods, now);
        let pods = Pods::of(inventory, &id);
        let told = pods.affected(|pods| match (answers(&before, pods), answers(&after, pods)) {
            (Some((how, false)), Some((_, true))) => {
                format!("{how} {}: admitted at its next request, without a restart", role_name(role))
            }
            (Some((how, true)), Some((_, false))) => {
                format!("{how} {}: will fail once the credentials it holds have ended", role_name(role))
            }
            _ => String::new(),
        });
        lines.extend(told.into_iter().filter(|line| !line.falls_to.is_empty()));
    }
    lines
}

/// By which mechanism pods use a role, and whether a document lets them.
fn admits(
    inventory: &Inventory,
    role: &RoleArn,
    id: &ServiceAccountId,
    document: &Document,
    pods: &[PodRow],
    now: Timestamp,
) -> Option<(&'static str, bool)> {
    let (Some(cluster), Fact::Known(found)) = (inventory.cluster().known(), inventory.role(role)) else { return None };
    let mut identities = pods.iter().flat_map(|pod| [&pod.resolution.now, &pod.resolution.next]);
    let mechanism = identities.find(|identity| identity.role_arn.as_ref() == Some(role))?.mechanism;
    let audience = inventory.service_account(id).and_then(|account| account.audience.as_deref());
    let tags = || {
        let detail = inventory.association_of(id).and_then(|association| association.detail.known());
        !detail.is_some_and(|detail| detail.disable_session_tags)
    };
    let asking = match mechanism {
        Mechanism::Irsa => Asking::Irsa(audience.unwrap_or(DEFAULT_AUDIENCE)),
        Mechanism::PodIdentity => Asking::PodIdentity(tags()),
        _ => return None,
    };
    let question = admission::request(cluster, found, id, &asking, now);
    Some((mechanism.word(), verdict(document, &question) == Verdict::Allow))
}
