//! From what is selected to what a command needs: its service account, workloads, role.

use std::collections::BTreeSet;

use super::{
    model::Model,
    screen::{
        Screen,
        detail::{Lead, Mark},
    },
    subject::Subject,
};
use crate::domain::{
    association::Association,
    failure::{Failure, FailureKind},
    finding::code,
    id::{PodId, RoleArn, ServiceAccountId},
    identity::{Mechanism, Resolution},
    inventory::{Inventory, Story},
    plan::{
        migrate::{self, MigrateRequest, Which},
        restart::Canary,
    },
    proof::Whom,
    row::PodRow,
    trail,
    trust::Verdict,
    workload::WorkloadId,
};

/// The service account of a subject, if it has exactly one.
pub fn service_account(inventory: &Inventory, subject: &Subject) -> Option<ServiceAccountId> {
    match &subject.object() {
        Subject::ServiceAccount(id) => Some(id.clone()),
        Subject::Pod(id) => inventory.pod(id).map(|pod| pod.service_account()),
        Subject::Workload(id) => worst(inventory, id).map(|pod| pod.service_account),
        Subject::Association(id) => inventory.association(id).map(|association| association.service_account.clone()),
        Subject::Namespace(_) | Subject::Role(_) | Subject::Node(_) | Subject::Finding(..) => None,
    }
}

/// Whose identity a proof of a subject is about: of a workload its worst pod's, of an association its service account's.
pub fn whom(inventory: &Inventory, subject: &Subject) -> Option<Whom> {
    match subject {
        Subject::Pod(id) => Some(Whom::Pod(id.clone())),
        Subject::Workload(id) => worst(inventory, id).map(|pod| Whom::Pod(pod.id)),
        other => service_account(inventory, other).map(Whom::ServiceAccount),
    }
}

/// What CloudTrail can be asked about a subject.
///
/// # Errors
/// A failure with its reason where there is no role and no association.
pub fn trail(inventory: &Inventory, subject: &Subject) -> Result<trail::Subject, Failure> {
    match subject {
        Subject::Role(arn) => Ok(trail::of_role(inventory, arn)),
        other => match service_account(inventory, other) {
            Some(id) => trail::of_account(inventory, &id),
            None => Err(Failure::new(
                FailureKind::Invalid,
                "nothing to look up",
                format!("{} {other} has no role", other.word()),
                "Select a pod, a workload, a service account, an association or a role",
            )),
        },
    }
}

/// The workloads of a subject: those that a restart would be about.
pub fn workloads(inventory: &Inventory, subject: &Subject) -> Vec<WorkloadId> {
    let mut found: Vec<WorkloadId> = match &subject.object() {
        Subject::Workload(id) => vec![id.clone()],
        Subject::Pod(id) => inventory.pod(id).map(|pod| pod.workload.clone()).into_iter().collect(),
        Subject::ServiceAccount(_) | Subject::Association(_) => service_account(inventory, subject)
            .map(|id| inventory.pods_of_service_account(&id).into_iter().map(|pod| pod.workload).collect())
            .unwrap_or_default(),
        Subject::Namespace(_) | Subject::Role(_) | Subject::Node(_) | Subject::Finding(..) => Vec::new(),
    };
    found.sort();
    found.dedup();
    found
}

/// The association of a subject.
pub fn association<'a>(inventory: &'a Inventory, subject: &Subject) -> Option<&'a Association> {
    match &subject.object() {
        Subject::Association(id) => inventory.association(id),
        other => inventory.association_of(&service_account(inventory, other)?),
    }
}

/// The role of a subject whose trust policy is worth reading, and who would become it.
pub fn role(inventory: &Inventory, subject: &Subject) -> Option<(RoleArn, Option<(ServiceAccountId, Mechanism)>)> {
    match &subject.object() {
        Subject::Role(arn) => Some((arn.clone(), None)),
        Subject::Pod(id) => role_of_pod(inventory, id),
        Subject::Workload(id) => role_of_pod(inventory, &worst(inventory, id)?.id),
        Subject::ServiceAccount(id) => role_of_service_account(inventory, id),
        Subject::Association(id) => {
            let association = inventory.association(id)?;
            let arn = association.detail.known()?.role_arn.clone();
            Some((arn, Some((association.service_account.clone(), Mechanism::PodIdentity))))
        }
        Subject::Node(name) => {
            let row = inventory.nodes().into_iter().find(|row| row.name == *name)?;
            row.role_arn.map(|arn| (arn, None))
        }
        Subject::Namespace(_) | Subject::Finding(..) => None,
    }
}

/// Whose entry of which role's trust policy is edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// This service account, by this mechanism.
    Of(RoleArn, ServiceAccountId, Mechanism),
    /// The person chooses the service account.
    Anybody(RoleArn),
}

/// What `a` is about: of the roles that the selection uses or would use the first that refuses it, else the
/// first. On the page of a trust policy it is that role and who looks at it.
pub fn admission(model: &Model) -> Option<Admission> {
    entry(model, |verdict| matches!(verdict, Verdict::Deny { .. }))
}

/// What `X` is about: as for `a`, but the first role that lets the selection in.
pub fn removal(model: &Model) -> Option<Admission> {
    entry(model, |verdict| *verdict == Verdict::Allow)
}

fn entry(model: &Model, wanted: impl Fn(&Verdict) -> bool) -> Option<Admission> {
    if let Some(Screen::Trust(trust)) = model.screen() {
        return Some(match trust.asker.clone() {
            Some((id, mechanism)) => Admission::Of(trust.role.clone(), id, mechanism),
            None => Admission::Anybody(trust.role.clone()),
        });
    }
    let subject = model.subject()?.object();
    if let Subject::Role(arn) = subject {
        return Some(Admission::Anybody(arn));
    }
    let (inventory, ways) = (model.inventory(), ways(model.inventory(), &subject));
    let fits = |(arn, id, mechanism): &&(RoleArn, ServiceAccountId, Mechanism)| {
        let decision = inventory.trust_decision(arn, id, *mechanism, model.now);
        decision.is_some_and(|decision| wanted(&decision.verdict))
    };
    let chosen = ways.iter().find(fits).or(ways.first()).cloned();
    let of_node = || role(inventory, &subject).and_then(|(arn, asker)| asker.map(|(id, how)| (arn, id, how)));
    let (arn, id, mechanism) = chosen.or_else(of_node)?;
    Some(Admission::Of(arn, id, mechanism))
}

/// The roles that a selection uses now or would use, with who asks and how.
fn ways(inventory: &Inventory, subject: &Subject) -> Vec<(RoleArn, ServiceAccountId, Mechanism)> {
    let Some(id) = service_account(inventory, subject) else { return Vec::new() };
    let mut found: Vec<(RoleArn, Mechanism)> = Vec::new();
    let pod = match subject {
        Subject::Pod(id) => Some(id.clone()),
        Subject::Workload(id) => worst(inventory, id).map(|pod| pod.id),
        _ => None,
    };
    if let Some(resolution) = pod.and_then(|pod| inventory.resolution(&pod)) {
        let containers = resolution.containers.iter().flat_map(|container| [&container.now, &container.next]);
        let identities = [&resolution.now, &resolution.next].into_iter().chain(containers);
        found.extend(identities.filter_map(|one| Some((one.role_arn.clone()?, one.mechanism))));
    }
    let associated = inventory.association_of(&id).and_then(|association| association.detail.known());
    found.extend(associated.map(|detail| (detail.role_arn.clone(), Mechanism::PodIdentity)));
    let annotated = inventory.service_account(&id).and_then(|account| account.role_arn.clone());
    found.extend(annotated.map(|arn| (arn, Mechanism::Irsa)));
    found.retain(|(_, mechanism)| matches!(mechanism, Mechanism::Irsa | Mechanism::PodIdentity));
    found.into_iter().map(|(arn, mechanism)| (arn, id.clone(), mechanism)).collect()
}

/// The identity that speaks for a pod: what it uses, or what it would get where it uses none.
fn role_of_pod(inventory: &Inventory, id: &PodId) -> Option<(RoleArn, Option<(ServiceAccountId, Mechanism)>)> {
    let resolution: &Resolution = inventory.resolution(id)?;
    let asker = inventory.pod(id)?.service_account();
    let now = std::iter::once(&resolution.now).chain(std::iter::once(&resolution.next));
    let containers = resolution.containers.iter().flat_map(|container| [&container.now, &container.next]);
    now.chain(containers)
        .find_map(|identity| identity.role_arn.clone().map(|arn| (arn, identity.mechanism)))
        .map(|(arn, mechanism)| (arn, Some((asker, mechanism))))
}

fn role_of_service_account(
    inventory: &Inventory,
    id: &ServiceAccountId,
) -> Option<(RoleArn, Option<(ServiceAccountId, Mechanism)>)> {
    let associated = inventory.association_of(id).and_then(|association| association.detail.known());
    let annotated = || inventory.service_account(id).and_then(|account| account.role_arn.clone());
    let (arn, mechanism) = match associated {
        Some(detail) => (detail.role_arn.clone(), Mechanism::PodIdentity),
        None => match annotated() {
            Some(arn) => (arn, Mechanism::Irsa),
            None => {
                let next = inventory.next_of(id);
                (next.role_arn?, next.mechanism)
            }
        },
    };
    Some((arn, Some((id.clone(), mechanism))))
}

/// The pod of a workload that WHY is told for: the worst, and of those the first by name.
pub fn worst(inventory: &Inventory, id: &WorkloadId) -> Option<PodRow> {
    let pods = inventory.pods_of_workload(id);
    pods.into_iter().min_by(|a, b| b.resolution.state.cmp(&a.resolution.state).then_with(|| a.id.cmp(&b.id)))
}

/// The hop on which a finding opens the page of what it is about, if that page draws a chain.
pub fn mark_of_finding(inventory: &Inventory, subject: &Subject) -> Option<Mark> {
    let Subject::Finding(name, _) = subject else { return None };
    let chain = match &subject.object() {
        Subject::Workload(id) => inventory.chain(&worst(inventory, id)?.id),
        Subject::ServiceAccount(id) => inventory.chain_of_service_account(id),
        _ => return None,
    };
    Some(Mark { hop: code::find(name)?.hop(&chain)?, by: Lead::Finding(name) })
}

/// WHY and FIX of a subject.
pub fn story(inventory: &Inventory, subject: &Subject) -> Option<Story> {
    match subject {
        Subject::Pod(id) => Some(inventory.story(id)),
        Subject::Workload(id) => worst(inventory, id).map(|pod| inventory.story(&pod.id)),
        Subject::ServiceAccount(_) | Subject::Association(_) => {
            service_account(inventory, subject).map(|id| inventory.story_of_service_account(&id))
        }
        Subject::Namespace(_) | Subject::Role(_) | Subject::Node(_) | Subject::Finding(..) => None,
    }
}

/// What a migration of what is marked, on a list, or else of the selection would be, and which part of it comes next.
pub fn migration(model: &Model) -> Option<MigrateRequest> {
    let inventory = model.inventory();
    let here = model.marks.iter().filter(|(cluster, _)| model.list().is_some() && *cluster == inventory.id());
    let marked: BTreeSet<ServiceAccountId> = here.flat_map(|(_, subject)| annotated(inventory, subject)).collect();
    let which = match model.subject() {
        _ if !marked.is_empty() => Which::Accounts(marked.into_iter().collect()),
        Some(Subject::Namespace(name)) => Which::Namespace(name),
        other => Which::Accounts(vec![service_account(inventory, &other?)?]),
    };
    let stage = migrate::next_stage(inventory, &which);
    Some(MigrateRequest { which, stage, soak: migrate::SOAK, canary: Canary::First })
}

/// The service account of a marked object, or those of a marked namespace that IRSA gives a role.
fn annotated(inventory: &Inventory, subject: &Subject) -> Vec<ServiceAccountId> {
    let Subject::Namespace(name) = subject else { return service_account(inventory, subject).into_iter().collect() };
    let inside = inventory.known_service_accounts().filter(|account| account.id.namespace == *name);
    inside.filter(|account| account.role_arn.is_some()).map(|account| account.id.clone()).collect()
}
