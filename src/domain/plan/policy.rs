//! Who notices that a trust policy is written whole, as an undo does: the workloads for which its answer changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Affected,
    affected::{Pods, role_name},
};
use crate::domain::{
    id::{RoleArn, ServiceAccountId},
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
    let ids: BTreeSet<ServiceAccountId> =
        inventory.uses_of_role(role).into_iter().map(|used| used.service_account).collect();
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

/// By which mechanism pods use a role, as their own or as the target of it, and whether a document lets them.
fn admits(
    inventory: &Inventory,
    role: &RoleArn,
    id: &ServiceAccountId,
    document: &Document,
    pods: &[PodRow],
    now: Timestamp,
) -> Option<(&'static str, bool)> {
    let mut identities = pods.iter().flat_map(|pod| [&pod.resolution.now, &pod.resolution.next]);
    let is_of_role = |arn: &Option<RoleArn>| arn.as_ref() == Some(role);
    let mechanism =
        identities.find(|identity| is_of_role(&identity.role_arn) || is_of_role(&identity.target_role_arn))?.mechanism;
    let question = inventory.trust_request(role, id, mechanism, now)?;
    Some((mechanism.word(), verdict(document, &question) == Verdict::Allow))
}
