//! `get roles`: who uses them, and how many could.

use std::{cmp::Reverse, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    column::{self, Column, Columns},
    envelope::cluster_of,
    finding,
    selection::Selection,
};
use crate::domain::{
    fact::Fact,
    id::{AccountId, Namespace, RoleArn, RoleName, ServiceAccountName},
    identity::{Mechanism, State},
    inventory::Inventory,
    query::Within,
    row::{RoleRow, RoleUse},
};

/// One role.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleItem {
    cluster: Arc<str>,
    arn: RoleArn,
    name: RoleName,
    account: Option<AccountId>,
    readable: bool,
    missing: bool,
    state: State,
    trust: Trust,
    used_by: Vec<User>,
    could_be_used_by: usize,
    pods: u32,
    findings: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Trust {
    mechanisms: Vec<Mechanism>,
    document: Value,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    namespace: Namespace,
    service_account: ServiceAccountName,
    how: &'static str,
}

impl From<&RoleUse> for User {
    fn from(user: &RoleUse) -> Self {
        let id = &user.service_account;
        Self { namespace: id.namespace.clone(), service_account: id.name.clone(), how: user.how }
    }
}

/// The document as JSON, as text where it is none, null where it could not be read.
fn document(inventory: &Inventory, arn: &RoleArn) -> Value {
    let fact = inventory.role(arn);
    let text = fact.known().map(|role| Arc::clone(&role.trust.text));
    text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap_or_else(|_| Value::from(&*text)))
}

/// The chosen roles, worst first.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>, now: Timestamp) -> Vec<RoleItem> {
    let cluster = cluster_of(inventory);
    let gate = inventory.gate(now);
    let could = |arn: &RoleArn| match (&gate, inventory.role(arn)) {
        (Some(gate), Fact::Known(role)) => gate.admissions(role).len(),
        _ => 0,
    };
    let mut rows = inventory.roles();
    rows.retain(|row| {
        let used_there =
            |wanted: &str| row.used_by.iter().any(|user| user.service_account.namespace.as_str() == wanted);
        selection.takes_global(&[row.name.as_str(), row.arn.as_str()], &Within::new(row, inventory))
            && selection.namespace.is_none_or(used_there)
    });
    rows.sort_by(|a, b| (Reverse(a.state), &a.name, &a.arn).cmp(&(Reverse(b.state), &b.name, &b.arn)));
    let item = |row: RoleRow| RoleItem {
        cluster: Arc::clone(&cluster),
        could_be_used_by: could(&row.arn),
        trust: Trust { mechanisms: row.mechanisms, document: document(inventory, &row.arn) },
        used_by: row.used_by.iter().map(User::from).collect(),
        findings: finding::codes(inventory.findings_of_role(&row.arn)),
        arn: row.arn,
        name: row.name,
        account: row.account,
        readable: row.readable,
        missing: row.missing,
        state: row.state,
        pods: row.pods,
    };
    rows.into_iter().map(item).collect()
}

fn mechanisms(item: &RoleItem) -> String {
    item.trust.mechanisms.iter().map(|mechanism| mechanism.word()).collect::<Vec<_>>().join(", ")
}

fn users(item: &RoleItem) -> String {
    let words = item.used_by.iter().map(|user| format!("{}/{} ({})", user.namespace, user.service_account, user.how));
    words.collect::<Vec<_>>().join(", ")
}

impl Columns for RoleItem {
    const LIST: &'static str = "RoleList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("  STATE", "state", |item, view| column::state(item.state, view)),
        Column::new("ROLE", "name", |item, _| item.name.to_string()),
        Column::new("ACCOUNT", "account", |item, _| column::optional(item.account.as_ref())),
        Column::new("TRUST", "trust.mechanisms", |item, _| {
            if item.missing { "does not exist".to_owned() } else { mechanisms(item) }
        }),
        Column::new("USED BY", "usedBy.count", |item, _| item.used_by.len().to_string()),
        Column::new("COULD", "couldBeUsedBy", |item, _| item.could_be_used_by.to_string()),
        Column::new("PODS", "pods", |item, _| item.pods.to_string()),
        Column::wide("ARN", "arn", |item, _| item.arn.to_string()),
        Column::wide("USERS", "usedBy", |item, _| users(item)),
        Column::wide("READABLE", "readable", |item, view| column::flag(item.readable, view)),
    ];
}
