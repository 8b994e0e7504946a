//! `get pods`.

use std::{cmp::Reverse, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    column::{self, Column, Columns, View},
    envelope::cluster_of,
    finding,
    selection::Selection,
};
use crate::domain::{
    id::{ContainerName, Namespace, NodeName, PodName, PodUid, ServiceAccountName},
    identity::{ContainerIdentity, Identity, State},
    inventory::Inventory,
    proof::Proven,
    query::Within,
    row::PodRow,
    workload::{Container, ContainerKind, Phase, Pod, WorkloadId, WorkloadKind},
};

/// One pod.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodItem {
    cluster: Arc<str>,
    namespace: Namespace,
    name: PodName,
    uid: PodUid,
    created_at: Timestamp,
    phase: Phase,
    node: Option<NodeName>,
    host_network: bool,
    owner: Option<Owner>,
    service_account: ServiceAccountName,
    state: State,
    now: Arc<Identity>,
    next: Arc<Identity>,
    drift: bool,
    containers: Vec<ContainerItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proven: Option<Proven>,
    findings: Vec<String>,
}

/// The workload of a pod.
#[derive(Clone, Debug, Serialize)]
struct Owner {
    kind: String,
    name: String,
}

#[derive(Clone, Debug, Serialize)]
struct ContainerItem {
    name: ContainerName,
    kind: ContainerKind,
    now: Arc<Identity>,
    next: Arc<Identity>,
    drift: bool,
}

/// The kind as Kubernetes spells it; a pod owns itself and has none.
fn owner(workload: &WorkloadId) -> Option<Owner> {
    let kind = match &workload.kind {
        WorkloadKind::Deployment => "Deployment",
        WorkloadKind::ReplicaSet => "ReplicaSet",
        WorkloadKind::StatefulSet => "StatefulSet",
        WorkloadKind::DaemonSet => "DaemonSet",
        WorkloadKind::Job => "Job",
        WorkloadKind::CronJob => "CronJob",
        WorkloadKind::Pod => return None,
        WorkloadKind::Other(kind) => kind,
    };
    Some(Owner { kind: kind.to_owned(), name: workload.name.to_string() })
}

fn container((container, identity): (&Container, &ContainerIdentity)) -> ContainerItem {
    ContainerItem {
        name: container.name.clone(),
        kind: container.kind,
        now: Arc::clone(&identity.now),
        next: Arc::clone(&identity.next),
        drift: !identity.now.is_same(&identity.next),
    }
}

fn item(cluster: &Arc<str>, inventory: &Inventory, row: &PodRow, pod: &Pod) -> PodItem {
    let resolution = &row.resolution;
    PodItem {
        cluster: Arc::clone(cluster),
        namespace: row.id.namespace.clone(),
        name: row.id.name.clone(),
        uid: pod.uid.clone(),
        created_at: row.created_at,
        phase: pod.phase,
        node: row.node.clone(),
        host_network: pod.spec.host_network,
        owner: owner(&row.workload),
        service_account: row.service_account.name.clone(),
        state: resolution.state,
        now: Arc::clone(&resolution.now),
        next: Arc::clone(&resolution.next),
        drift: resolution.drift,
        containers: pod.spec.containers.iter().zip(&resolution.containers).map(container).collect(),
        proven: inventory.proof_of_pod(&row.id).map(|proof| proof.proven.clone()),
        findings: finding::codes(inventory.findings_of_pod(&row.id)),
    }
}

/// The chosen pods, worst first.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>) -> Vec<PodItem> {
    let cluster = cluster_of(inventory);
    let mut rows = inventory.pods();
    rows.retain(|row| {
        let (namespace, name) = (row.id.namespace.as_str(), row.id.name.as_str());
        selection.takes(namespace, &[name], &Within::new(row, inventory))
    });
    rows.sort_by(|a, b| (Reverse(a.resolution.state), &a.id).cmp(&(Reverse(b.resolution.state), &b.id)));
    rows.iter().filter_map(|row| inventory.pod(&row.id).map(|pod| item(&cluster, inventory, row, pod))).collect()
}

fn next(item: &PodItem, view: View<'_>) -> String {
    if !view.plain && item.now.is_same(&item.next) { "=".to_owned() } else { item.next.mechanism.word().to_owned() }
}

fn why(item: &PodItem) -> String {
    let identities = item.containers.iter().flat_map(|container| [&container.now, &container.next]);
    let mut said = [&item.now, &item.next].into_iter().chain(identities).filter_map(|identity| identity.why());
    said.next().map(|reason| reason.message.clone()).unwrap_or_default()
}

impl Columns for PodItem {
    const LIST: &'static str = "PodList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("  STATE", "state", |item, view| column::state(item.state, view)),
        Column::new("NAMESPACE", "namespace", |item, _| item.namespace.to_string()),
        Column::new("POD", "name", |item, _| item.name.to_string()),
        Column::new("SERVICE ACCOUNT", "serviceAccount", |item, _| item.service_account.to_string()),
        Column::new("NOW", "now.mechanism", |item, _| item.now.mechanism.word().to_owned()),
        Column::new("NEXT", "next.mechanism", next),
        Column::new("ROLE", "now.roleArn", |item, view| column::role(item.now.role_arn.as_ref(), view)),
        Column::wide("NEXT ROLE", "next.roleArn", |item, view| column::role(item.next.role_arn.as_ref(), view)),
        Column::wide("OWNER", "owner", |item, _| {
            item.owner.as_ref().map(|owner| format!("{}/{}", owner.kind, owner.name)).unwrap_or_default()
        }),
        Column::wide("NODE", "node", |item, _| column::optional(item.node.as_ref())),
        Column::wide("CREATED", "createdAt", |item, _| item.created_at.to_string()),
        Column::wide("PROVEN", "proven.verdict", |item, view| column::proven(item.proven.as_ref(), view)),
        Column::wide("WHY", "why", |item, _| why(item)),
    ];
}
