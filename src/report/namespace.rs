//! `get namespaces`.

use std::{cmp::Reverse, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    column::{self, Column, Columns},
    envelope::cluster_of,
    selection::Selection,
};
use crate::domain::{
    id::Namespace,
    identity::{Mechanism, State},
    inventory::Inventory,
    query::Within,
    row::NamespaceRow,
};

/// One namespace.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamespaceItem {
    cluster: Arc<str>,
    name: Namespace,
    state: State,
    service_accounts: u32,
    pods: u32,
    #[serde(serialize_with = "counted")]
    mechanisms: Vec<(&'static str, u32)>,
    #[serde(serialize_with = "counted")]
    states: Vec<(&'static str, u32)>,
}

/// Pairs as a map, in their order.
pub(super) fn counted<S: Serializer>(pairs: &[(&'static str, u32)], out: S) -> Result<S::Ok, S::Error> {
    let mut map = out.serialize_map(Some(pairs.len()))?;
    for (word, count) in pairs {
        map.serialize_entry(word, count)?;
    }
    map.end()
}

/// Mechanisms in words.
pub(super) fn mechanism_words(counts: &[(Mechanism, u32)]) -> Vec<(&'static str, u32)> {
    counts.iter().map(|(mechanism, count)| (mechanism.word(), *count)).collect()
}

/// States in words, worst first.
pub(super) fn state_words(counts: &[(State, u32)]) -> Vec<(&'static str, u32)> {
    let mut counts = counts.to_vec();
    counts.sort_by_key(|(state, _)| Reverse(*state));
    counts.iter().map(|(state, count)| (state.word(), *count)).collect()
}

/// `irsa 2, node-role 1`.
pub(super) fn listed(pairs: &[(&'static str, u32)]) -> String {
    let words: Vec<String> = pairs.iter().map(|(word, count)| format!("{word} {count}")).collect();
    words.join(", ")
}

fn item(cluster: &Arc<str>, row: NamespaceRow) -> NamespaceItem {
    NamespaceItem {
        cluster: Arc::clone(cluster),
        state: row.state,
        service_accounts: row.service_accounts,
        pods: row.pods,
        mechanisms: mechanism_words(&row.mechanisms),
        states: state_words(&row.states),
        name: row.name,
    }
}

/// The chosen namespaces, worst first.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>) -> Vec<NamespaceItem> {
    let cluster = cluster_of(inventory);
    let mut rows = inventory.namespaces();
    rows.retain(|row| selection.takes(row.name.as_str(), &[row.name.as_str()], &Within::new(row, inventory)));
    rows.sort_by(|a, b| (Reverse(a.state), &a.name).cmp(&(Reverse(b.state), &b.name)));
    rows.into_iter().map(|row| item(&cluster, row)).collect()
}

impl Columns for NamespaceItem {
    const LIST: &'static str = "NamespaceList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("  STATE", "state", |item, view| column::state(item.state, view)),
        Column::new("NAMESPACE", "name", |item, _| item.name.to_string()),
        Column::new("SERVICE ACCOUNTS", "serviceAccounts", |item, _| item.service_accounts.to_string()),
        Column::new("PODS", "pods", |item, _| item.pods.to_string()),
        Column::new("MECHANISMS", "mechanisms", |item, _| listed(&item.mechanisms)),
        Column::wide("STATES", "states", |item, _| listed(&item.states)),
    ];
}
