//! `get nodes`: what their pods can reach, and whether the agent is there.

use std::sync::Arc;

use serde::Serialize;

use super::{
    column::{self, Column, Columns},
    envelope::cluster_of,
    selection::Selection,
};
use crate::domain::{
    id::{InstanceId, NodeName, RoleArn},
    inventory::Inventory,
    node::NodeKind,
    query::Within,
    row::NodeRow,
};

/// One node.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeItem {
    cluster: Arc<str>,
    name: NodeName,
    kind: NodeKind,
    instance_id: Option<InstanceId>,
    role_arn: Option<RoleArn>,
    role_source: &'static str,
    role_candidates: Vec<RoleArn>,
    imds: Imds,
    agent: &'static str,
    pods: u32,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Imds {
    reachable_by_pods: &'static str,
    hop_limit: Option<u8>,
    tokens: Option<&'static str>,
}

fn item(cluster: &Arc<str>, row: NodeRow) -> NodeItem {
    NodeItem {
        cluster: Arc::clone(cluster),
        instance_id: instance_id(&row),
        kind: row.kind,
        role_arn: row.role_arn,
        role_source: row.role_source,
        role_candidates: row.role_candidates,
        imds: Imds { reachable_by_pods: row.imds, hop_limit: row.hop_limit, tokens: row.tokens },
        agent: row.agent,
        pods: row.pods,
        name: row.name,
    }
}

/// Nodes named after their instance tell it themselves.
fn instance_id(row: &NodeRow) -> Option<InstanceId> {
    row.name.as_str().starts_with("i-").then(|| row.name.as_str().into())
}

/// The chosen nodes, by name.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>) -> Vec<NodeItem> {
    let cluster = cluster_of(inventory);
    let mut rows = inventory.nodes();
    rows.retain(|row| selection.takes_global(&[row.name.as_str()], &Within::new(row, inventory)));
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows.into_iter().map(|row| item(&cluster, row)).collect()
}

fn kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Managed => "managed",
        NodeKind::SelfManaged => "self-managed",
        NodeKind::Karpenter => "karpenter",
        NodeKind::Auto => "auto",
        NodeKind::Fargate => "fargate",
        NodeKind::Hybrid => "hybrid",
    }
}

impl Columns for NodeItem {
    const LIST: &'static str = "NodeList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NODE", "name", |item, _| item.name.to_string()),
        Column::new("KIND", "kind", |item, _| kind(item.kind).to_owned()),
        Column::new("ROLE", "roleArn", |item, view| column::role(item.role_arn.as_ref(), view)),
        Column::new("IMDS", "imds.reachableByPods", |item, _| item.imds.reachable_by_pods.to_owned()),
        Column::new("AGENT", "agent", |item, _| item.agent.to_owned()),
        Column::new("PODS", "pods", |item, _| item.pods.to_string()),
        Column::wide("INSTANCE", "instanceId", |item, _| column::optional(item.instance_id.as_ref())),
        Column::wide("ROLE FROM", "roleSource", |item, _| item.role_source.to_owned()),
        Column::wide("HOPS", "imds.hopLimit", |item, _| column::optional(item.imds.hop_limit.as_ref())),
        Column::wide("TOKENS", "imds.tokens", |item, _| item.imds.tokens.unwrap_or_default().to_owned()),
    ];
}
