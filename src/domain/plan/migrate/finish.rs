//! The end of a migration, in two plans of their own: the annotations go once every replica has used its
//! association for long enough, then the statements that admitted these service accounts' own tokens.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{MigrateRequest, Precondition, Whole, gate};
use crate::domain::{
    association::AssociationDetail,
    id::{RoleArn, ServiceAccountId},
    identity::Mechanism,
    inventory::Inventory,
    plan::{
        annotate,
        trust::{self, TrustEdit, TrustRequest},
    },
    row::PodRow,
    trust::Verdict,
    workload::WorkloadId,
};

/// The annotations of those that have an association for the same role.
pub(super) fn annotations(whole: &mut Whole<'_>, request: &MigrateRequest) {
    let inventory = whole.inventory;
    let annotated = inventory.known_service_accounts().filter(|account| request.which.takes(&account.id));
    let mut accounts: Vec<_> =
        annotated.filter_map(|account| Some((&account.id, account.role_arn.as_ref()?))).collect();
    accounts.sort();
    for (id, role) in accounts {
        let mut checks = proven(inventory, id, role, request.soak, whole.now);
        checks.extend(gate::live(inventory, id));
        let plan = match annotate::plan(inventory, id, None, whole.now) {
            Ok(plan) => plan,
            Err(failure) => {
                whole.leave_out(id, Some(false), format!("{}: {}", failure.what, failure.why));
                continue;
            }
        };
        checks.extend(plan.preconditions.into_iter().filter(|one| !one.what.contains("no association overrides")));
        if whole.passes(id, checks) {
            whole.plan.steps.extend(plan.steps);
            whole.plan.affects.extend(plan.affects);
            whole.taken.push(id.clone());
        }
    }
}

/// The statements of those that have an association and no annotation any more; one write a role.
pub(super) fn statements(whole: &mut Whole<'_>, request: &MigrateRequest) {
    let inventory = whole.inventory;
    let mut roles: BTreeMap<RoleArn, Vec<ServiceAccountId>> = BTreeMap::new();
    for association in inventory.known_associations().filter(|one| request.which.takes(&one.service_account)) {
        let Some(detail) = association.detail.known() else { continue };
        let id = &association.service_account;
        if is_admitted(inventory, &detail.role_arn, id, whole.now) {
            roles.entry(detail.role_arn.clone()).or_default().push(id.clone());
        }
    }
    for (role, mut ids) in roles {
        ids.sort();
        ids.retain(|id| {
            let mut checks = proven(inventory, id, &role, request.soak, whole.now);
            checks.extend(gate::live(inventory, id));
            checks.push(not_annotated(inventory, id));
            whole.passes(id, checks)
        });
        remove(whole, &role, &ids);
    }
}

fn is_admitted(inventory: &Inventory, role: &RoleArn, id: &ServiceAccountId, now: Timestamp) -> bool {
    let decision = inventory.trust_decision(role, id, Mechanism::Irsa, now);
    decision.is_some_and(|decision| !matches!(decision.verdict, Verdict::Deny { .. }))
}

fn remove(whole: &mut Whole<'_>, role: &RoleArn, ids: &[ServiceAccountId]) {
    let edits: Vec<TrustEdit> = ids.iter().cloned().map(TrustEdit::RemoveIrsa).collect();
    if edits.is_empty() {
        return;
    }
    match trust::edited(whole.inventory, &TrustRequest { role_arn: role.clone(), edits }, whole.now) {
        Ok(edited) => {
            whole.plan.steps.extend(edited.step(whole.inventory, role));
            whole.taken.extend(ids.iter().cloned());
        }
        Err(refusal) => {
            let detail = format!("{}: {}", refusal.what, refusal.detail);
            ids.iter().for_each(|id| whole.leave_out(id, Some(false), detail.clone()));
        }
    }
}

/// Every replica uses the association, for this role, and has done so for long enough.
fn proven(
    inventory: &Inventory,
    id: &ServiceAccountId,
    role: &RoleArn,
    soak: SignedDuration,
    now: Timestamp,
) -> Vec<Precondition> {
    let detail = inventory.association_of(id).and_then(|found| found.detail.known());
    let pods = inventory.pods_of_service_account(id);
    vec![same_role(detail, role), all_on_it(&pods), soaked(inventory, detail, &pods, soak, now)]
}

fn same_role(detail: Option<&AssociationDetail>, role: &RoleArn) -> Precondition {
    let what = "it has an association with the same role";
    match detail {
        Some(detail) if detail.role_arn == *role => Precondition::required(what, Some(true), role.as_str()),
        Some(detail) => {
            Precondition::required(what, Some(false), format!("{}, and IRSA names {role}", detail.role_arn))
        }
        None => Precondition::required(what, Some(false), "it has none, or it has not been read: migrate it first"),
    }
}

fn all_on_it(pods: &[PodRow]) -> Precondition {
    let what = "every replica uses it";
    let uses = |pod: &&PodRow| pod.resolution.now.mechanism == Mechanism::PodIdentity;
    let using = pods.iter().filter(uses).count();
    let detail = format!("{using} of {} pods", pods.len());
    Precondition::required(what, Some(using == pods.len()), detail)
}

/// Since when the new identity has been in use: since the association was last changed, and in each workload
/// since its oldest pod. That replicas come and go later does not begin it again.
fn soaked(
    inventory: &Inventory,
    detail: Option<&AssociationDetail>,
    pods: &[PodRow],
    soak: SignedDuration,
    now: Timestamp,
) -> Precondition {
    let what = format!("it has been in use for {} h", soak.as_hours());
    let mut oldest: BTreeMap<&WorkloadId, Timestamp> = BTreeMap::new();
    for pod in pods {
        let Some(found) = inventory.pod(&pod.id) else { continue };
        let since = oldest.entry(&pod.workload).or_insert(found.created_at);
        *since = (*since).min(found.created_at);
    }
    let changed = detail.and_then(|detail| detail.modified_at.or(detail.created_at));
    let Some(since) = oldest.into_values().chain(changed).max() else {
        return Precondition::required(what, None, "since when it has been in use is not known");
    };
    let over = now.duration_since(since);
    let ok = over >= soak;
    Precondition::required(what, Some(ok), format!("for {} h, since {since}", over.as_hours()))
}

fn not_annotated(inventory: &Inventory, id: &ServiceAccountId) -> Precondition {
    let what = "its annotation is gone";
    match inventory.service_account(id).and_then(|account| account.role_arn.as_ref()) {
        Some(role) => Precondition::required(what, Some(false), format!("it names {role}: remove it first")),
        None => Precondition::required(what, Some(true), "it names no role"),
    }
}
