//! `get associations`.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    column::{self, Column, Columns, View},
    envelope::cluster_of,
    finding,
    selection::Selection,
};
use crate::domain::{
    association::{Association, AssociationDetail},
    id::{AssociationId, Namespace, RoleArn, ServiceAccountName},
    identity::{State, Verdict},
    inventory::Inventory,
    query::Within,
    row::AssociationRow,
};

/// One association.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociationItem {
    cluster: Arc<str>,
    id: AssociationId,
    arn: Option<Arc<str>>,
    namespace: Namespace,
    service_account: ServiceAccountName,
    role_arn: Option<RoleArn>,
    target_role_arn: Option<RoleArn>,
    external_id: Option<Arc<str>>,
    disable_session_tags: Option<bool>,
    policy: Option<Arc<str>>,
    owner_arn: Option<Arc<str>>,
    tags: BTreeMap<String, String>,
    created_at: Option<Timestamp>,
    modified_at: Option<Timestamp>,
    service_account_exists: bool,
    verdict: Verdict,
    why: Option<String>,
    pods: Pods,
    findings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Pods {
    total: u32,
    using: u32,
    drift: u32,
}

fn item(cluster: &Arc<str>, inventory: &Inventory, row: AssociationRow) -> AssociationItem {
    let association: Option<&Association> = inventory.association(&row.id);
    let detail: Option<&AssociationDetail> = association.and_then(|association| association.detail.known());
    AssociationItem {
        cluster: Arc::clone(cluster),
        arn: association.map(|association| Arc::clone(&association.arn)),
        external_id: detail.and_then(|detail| detail.external_id.clone()),
        disable_session_tags: detail.map(|detail| detail.disable_session_tags),
        policy: detail.and_then(|detail| detail.policy.clone()),
        tags: detail.map(|detail| detail.tags.clone()).unwrap_or_default(),
        created_at: detail.and_then(|detail| detail.created_at),
        modified_at: detail.and_then(|detail| detail.modified_at),
        id: row.id,
        role_arn: row.role_arn,
        target_role_arn: row.target_role_arn,
        owner_arn: row.owner_arn,
        service_account_exists: row.service_account_exists,
        verdict: row.verdict,
        why: row.why,
        pods: Pods { total: row.pods, using: row.using, drift: row.drift },
        findings: finding::codes(inventory.findings_of_service_account(&row.service_account)),
        namespace: row.service_account.namespace,
        service_account: row.service_account.name,
    }
}

/// The chosen associations, worst first.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>) -> Vec<AssociationItem> {
    let cluster = cluster_of(inventory);
    let mut rows = inventory.associations();
    rows.retain(|row| {
        let (namespace, name) = (row.service_account.namespace.as_str(), row.service_account.name.as_str());
        selection.takes(namespace, &[name, row.id.as_str()], &Within::new(row, inventory))
    });
    rows.sort_by(|a, b| (Reverse(a.verdict), &a.service_account).cmp(&(Reverse(b.verdict), &b.service_account)));
    rows.into_iter().map(|row| item(&cluster, inventory, row)).collect()
}

fn verdict(item: &AssociationItem, view: View<'_>) -> String {
    let state = match item.verdict {
        Verdict::Ok => State::Ok,
        Verdict::Depends => State::Depends,
        Verdict::Unknown => State::Unknown,
        Verdict::Broken => State::Broken,
    };
    column::state(state, view)
}

impl Columns for AssociationItem {
    const LIST: &'static str = "AssociationList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("  VERDICT", "verdict", verdict),
        Column::new("NAMESPACE", "namespace", |item, _| item.namespace.to_string()),
        Column::new("SERVICE ACCOUNT", "serviceAccount", |item, _| item.service_account.to_string()),
        Column::new("ROLE", "roleArn", |item, view| column::role(item.role_arn.as_ref(), view)),
        Column::new("ID", "id", |item, _| item.id.to_string()),
        Column::new("PODS", "pods.total", |item, _| item.pods.total.to_string()),
        Column::new("USING", "pods.using", |item, _| item.pods.using.to_string()),
        Column::wide("DRIFT", "pods.drift", |item, _| item.pods.drift.to_string()),
        Column::wide("TARGET ROLE", "targetRoleArn", |item, view| column::role(item.target_role_arn.as_ref(), view)),
        Column::wide("OWNER", "ownerArn", |item, _| column::optional(item.owner_arn.as_ref())),
        Column::wide("EXISTS", "serviceAccountExists", |item, view| column::flag(item.service_account_exists, view)),
        Column::wide("MODIFIED", "modifiedAt", |item, _| column::optional(item.modified_at.as_ref())),
        Column::wide("WHY", "why", |item, _| column::optional(item.why.as_ref())),
    ];
}
