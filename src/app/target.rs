//! From what is selected to what a command needs: its service account, workloads, role.

use super::subject::Subject;
use crate::domain::{
    association::Association,
    id::{PodId, RoleArn, ServiceAccountId},
    identity::{Mechanism, Resolution},
    inventory::{Inventory, Story},
    row::PodRow,
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
