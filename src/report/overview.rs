//! `get overview`: the cluster in numbers.

use std::sync::Arc;

use serde::Serialize;

use super::{
    column::{Column, Columns},
    envelope::cluster_of,
    namespace::{counted, listed, mechanism_words, state_words},
};
use crate::domain::{
    id::RoleArn,
    inventory::{self, AgentState, Inventory},
};

/// One cluster.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OverviewItem {
    cluster: Arc<str>,
    pods: usize,
    workloads: usize,
    service_accounts: usize,
    namespaces: usize,
    roles: usize,
    associations: usize,
    nodes: usize,
    #[serde(serialize_with = "counted")]
    containers: Vec<(&'static str, u32)>,
    #[serde(serialize_with = "counted")]
    states: Vec<(&'static str, u32)>,
    shared_roles: Vec<SharedRole>,
    agent: Agent,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SharedRole {
    arn: RoleArn,
    service_accounts: usize,
    pods: u32,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Agent {
    state: &'static str,
    nodes: Option<usize>,
    of: Option<usize>,
}

/// One line of the overview as a table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    what: &'static str,
    value: String,
}

fn agent(state: AgentState) -> Agent {
    match state {
        AgentState::Missing => Agent { state: "missing", nodes: Some(0), of: None },
        AgentState::BuiltIn => Agent { state: "built-in", nodes: None, of: None },
        AgentState::Ready { nodes, of } => Agent { state: "ready", nodes: Some(nodes), of: Some(of) },
        AgentState::Unknown => Agent { state: "unknown", nodes: None, of: None },
    }
}

/// Counts the cluster.
pub(super) fn item(inventory: &Inventory) -> OverviewItem {
    let overview = inventory.overview();
    let counts = overview.counts;
    OverviewItem {
        cluster: cluster_of(inventory),
        pods: counts.pods,
        workloads: counts.workloads,
        service_accounts: counts.service_accounts,
        namespaces: counts.namespaces,
        roles: counts.roles,
        associations: counts.associations,
        nodes: counts.nodes,
        containers: mechanism_words(&overview.containers),
        states: state_words(&overview.states),
        shared_roles: overview.shared_roles.into_iter().map(SharedRole::from).collect(),
        agent: agent(overview.agent),
    }
}

impl From<inventory::SharedRole> for SharedRole {
    fn from(role: inventory::SharedRole) -> Self {
        Self { arn: role.arn, service_accounts: role.service_accounts, pods: role.pods }
    }
}

/// The same, line by line.
pub(super) fn lines(item: &OverviewItem) -> Vec<Line> {
    let agent = match (item.agent.nodes, item.agent.of) {
        (Some(nodes), Some(of)) => format!("{} on {nodes} of {of} nodes", item.agent.state),
        _ => item.agent.state.to_owned(),
    };
    let shared = |role: &SharedRole| Line {
        what: "shared role",
        value: format!("{}: {} service accounts, {} pods", role.arn, role.service_accounts, role.pods),
    };
    let mut lines = vec![
        Line { what: "cluster", value: item.cluster.to_string() },
        Line { what: "pods", value: format!("{} in {} workloads", item.pods, item.workloads) },
        Line { what: "namespaces", value: item.namespaces.to_string() },
        Line { what: "service accounts", value: item.service_accounts.to_string() },
        Line { what: "roles", value: item.roles.to_string() },
        Line { what: "associations", value: item.associations.to_string() },
        Line { what: "nodes", value: item.nodes.to_string() },
        Line { what: "containers", value: listed(&item.containers) },
        Line { what: "pod states", value: listed(&item.states) },
        Line { what: "agent", value: agent },
    ];
    lines.extend(item.shared_roles.iter().map(shared));
    lines
}

impl Columns for OverviewItem {
    const LIST: &'static str = "OverviewList";
    const COLUMNS: &'static [Column<Self>] = &[];
}

impl Columns for Line {
    const LIST: &'static str = "OverviewList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("WHAT", "what", |line, _| line.what.to_owned()),
        Column::new("VALUE", "value", |line, _| line.value.clone()),
    ];
}
