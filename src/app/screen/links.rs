//! What can be opened from the page of an object: every other object that is named there.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::detail::Link;
use crate::app::{subject::Subject, target};
use crate::domain::{
    id::{AssociationId, NodeName, PodId, RoleArn, ServiceAccountId},
    identity::{Mechanism, State},
    inventory::{Inventory, Way},
    row::{PodRow, RoleUse},
    workload::WorkloadId,
};

/// The relation of a service account that a role's trust policy admits and that does not use it.
pub const COULD: &str = "could become it";

/// The links of an object, `None` if it is not there any more.
pub(in crate::app) fn of(inventory: &Inventory, subject: &Subject, now: Timestamp) -> Option<Vec<Link>> {
    match subject {
        Subject::Pod(id) => of_pod(inventory, id),
        Subject::Workload(id) => of_workload(inventory, id),
        Subject::ServiceAccount(id) => of_service_account(inventory, id),
        Subject::Association(id) => of_association(inventory, id),
        Subject::Role(arn) => of_role(inventory, arn, now),
        Subject::Node(name) => of_node(inventory, name),
        Subject::Namespace(_) => Some(Vec::new()),
        Subject::Finding(code, about) => {
            inventory.findings().iter().any(|found| found.code.name == *code && found.subject == *about).then(Vec::new)
        }
    }
}

fn link(relation: &'static str, subject: Subject, note: impl Into<String>) -> Link {
    Link { relation, subject, note: note.into(), mechanism: None }
}

fn of_pod(inventory: &Inventory, id: &PodId) -> Option<Vec<Link>> {
    let pod = inventory.pod(id)?;
    let service_account = pod.service_account();
    let mut links = identity(inventory, &Subject::Pod(id.clone()), service_account);
    links.push(link("workload", Subject::Workload(pod.workload.clone()), ""));
    links.extend(pod.node.clone().map(|node| link("node", Subject::Node(node), "")));
    Some(links)
}

fn of_workload(inventory: &Inventory, id: &WorkloadId) -> Option<Vec<Link>> {
    let mut pods = inventory.pods_of_workload(id);
    let service_account = target::worst(inventory, id)?.service_account;
    let mut links = identity(inventory, &Subject::Workload(id.clone()), service_account);
    links.extend(of_pods(&mut pods));
    Some(links)
}

fn of_service_account(inventory: &Inventory, id: &ServiceAccountId) -> Option<Vec<Link>> {
    let mut pods = inventory.pods_of_service_account(id);
    let known = inventory.service_account(id).is_some() || inventory.association_of(id).is_some();
    if !known && pods.is_empty() {
        return None;
    }
    let mut links = identity(inventory, &Subject::ServiceAccount(id.clone()), id.clone());
    links.retain(|link| !matches!(link.subject, Subject::ServiceAccount(_)));
    links.extend(of_pods(&mut pods));
    Some(links)
}

fn of_association(inventory: &Inventory, id: &AssociationId) -> Option<Vec<Link>> {
    let association = inventory.association(id)?;
    let service_account = association.service_account.clone();
    let mut links = vec![link("service account", Subject::ServiceAccount(service_account.clone()), "")];
    if let Some(detail) = association.detail.known() {
        links.push(link("role", Subject::Role(detail.role_arn.clone()), ""));
        links.extend(detail.target_role_arn.clone().map(|arn| link("target role", Subject::Role(arn), "")));
    }
    links.extend(of_pods(&mut inventory.pods_of_service_account(&service_account)));
    Some(links)
}

/// Who becomes it, and by which statement, if it lets them; then everybody else who could.
fn of_role(inventory: &Inventory, arn: &RoleArn, now: Timestamp) -> Option<Vec<Link>> {
    let row = inventory.roles().into_iter().find(|row| row.arn == *arn)?;
    let mut admitted = admissions(inventory, arn, now);
    let mut links: Vec<Link> = row.used_by.iter().map(|used| of_use(used, admitted.as_ref())).collect();
    let using =
        |id: &ServiceAccountId| row.used_by.iter().any(|used| used.service_account == *id && used.how != "node");
    if let Some(admitted) = &mut admitted {
        admitted.retain(|id, _| !using(id));
    }
    links.extend(admitted.into_iter().flatten().filter_map(|(id, ways)| {
        let (first, rest) = ways.split_first()?;
        let more = if rest.is_empty() { String::new() } else { format!(" +{}", rest.len()) };
        let note = format!("{}, {}{more}", first.mechanism.word(), admission(first));
        let mechanism = Some(first.mechanism);
        Some(Link { mechanism, ..link(COULD, Subject::ServiceAccount(id), note) })
    }));
    Some(links)
}

/// Whom the trust policy of a role lets in; `None` if it cannot be asked.
fn admissions(inventory: &Inventory, arn: &RoleArn, now: Timestamp) -> Option<BTreeMap<ServiceAccountId, Vec<Way>>> {
    let (gate, found) = (inventory.gate(now)?, inventory.role(arn));
    let role = found.known().filter(|role| role.trust.document.is_ok())?;
    Some(gate.admissions(role).into_iter().map(|found| (found.service_account, found.ways)).collect())
}

/// One use of a role: by what, and which statement lets it in.
fn of_use(used: &RoleUse, admitted: Option<&BTreeMap<ServiceAccountId, Vec<Way>>>) -> Link {
    let (relation, mechanism) = match used.how {
        "association" => ("by association", Mechanism::PodIdentity),
        "target" => ("as target role", Mechanism::PodIdentity),
        "annotation" => ("by annotation", Mechanism::Irsa),
        "environment" => ("by environment", Mechanism::Irsa),
        _ => ("by its node", Mechanism::NodeRole),
    };
    let way = |ways: &Vec<Way>| ways.iter().find(|way| way.mechanism == mechanism).map(admission);
    let note = match admitted {
        // EC2 becomes the role, not the service account.
        Some(admitted) if mechanism != Mechanism::NodeRole => {
            admitted.get(&used.service_account).and_then(way).unwrap_or_else(|| "not admitted".to_owned())
        }
        _ => String::new(),
    };
    Link { mechanism: Some(mechanism), ..link(relation, Subject::ServiceAccount(used.service_account.clone()), note) }
}

/// `statement 2`, and whether that is sure.
fn admission(way: &Way) -> String {
    let statement = way.statement.map_or_else(|| "admitted".to_owned(), |index| format!("statement {}", index + 1));
    if way.depends_on.is_empty() { statement } else { format!("{statement}, depends") }
}

fn of_node(inventory: &Inventory, name: &NodeName) -> Option<Vec<Link>> {
    let row = inventory.nodes().into_iter().find(|row| row.name == *name)?;
    let mut links: Vec<Link> =
        row.role_arn.map(|arn| link("role", Subject::Role(arn), row.role_source)).into_iter().collect();
    let mut pods = inventory.pods();
    pods.retain(|pod| pod.node.as_ref() == Some(name));
    links.extend(of_pods(&mut pods));
    Some(links)
}

/// Service account, association and role behind a subject.
fn identity(inventory: &Inventory, subject: &Subject, service_account: ServiceAccountId) -> Vec<Link> {
    let association = inventory.association_of(&service_account).map(|association| association.id.clone());
    let mut links = vec![link("service account", Subject::ServiceAccount(service_account), "")];
    links.extend(association.map(|id| link("association", Subject::Association(id), "")));
    if let Some((arn, asker)) = target::role(inventory, subject) {
        links.push(link("role", Subject::Role(arn), asker.map_or("", |(_, mechanism)| mechanism.word())));
    }
    links
}

/// Pods, worst first.
fn of_pods(pods: &mut [PodRow]) -> Vec<Link> {
    pods.sort_by(|a, b| b.resolution.state.cmp(&a.resolution.state).then_with(|| a.id.cmp(&b.id)));
    pods.iter().map(|pod| link("pod", Subject::Pod(pod.id.clone()), note(pod.resolution.state))).collect()
}

fn note(state: State) -> String {
    match state {
        State::Ok => String::new(),
        other => other.word().to_owned(),
    }
}
