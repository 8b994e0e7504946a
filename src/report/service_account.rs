//! `get serviceaccounts`.

use std::{cmp::Reverse, sync::Arc};

use serde::Serialize;

use super::{
    column::{self, Column, Columns},
    envelope::cluster_of,
    finding,
    selection::Selection,
};
use crate::domain::{
    id::{AssociationId, Namespace, RoleArn, ServiceAccountName},
    identity::{Identity, State},
    inventory::Inventory,
    proof::Proven,
    query::Within,
    row::{PodCounts, ServiceAccountRow},
};

/// One service account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceAccountItem {
    cluster: Arc<str>,
    namespace: Namespace,
    name: ServiceAccountName,
    exists: bool,
    annotation_role_arn: Option<RoleArn>,
    association: Option<AssociationOf>,
    next: Identity,
    state: State,
    pods: Pods,
    #[serde(skip_serializing_if = "Option::is_none")]
    proven: Option<Proven>,
    findings: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AssociationOf {
    id: AssociationId,
    role_arn: Option<RoleArn>,
    target_role_arn: Option<RoleArn>,
    owner_arn: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pods {
    total: u32,
    drift: u32,
    at_risk: u32,
    broken: u32,
}

impl From<PodCounts> for Pods {
    fn from(counts: PodCounts) -> Self {
        Self { total: counts.total, drift: counts.drift, at_risk: counts.at_risk, broken: counts.broken }
    }
}

fn association(inventory: &Inventory, row: &ServiceAccountRow) -> Option<AssociationOf> {
    let association = inventory.association_of(&row.id)?;
    let detail = association.detail.known();
    Some(AssociationOf {
        id: association.id.clone(),
        role_arn: detail.map(|detail| detail.role_arn.clone()),
        target_role_arn: detail.and_then(|detail| detail.target_role_arn.clone()),
        owner_arn: association.owner_arn.clone(),
    })
}

fn item(cluster: &Arc<str>, inventory: &Inventory, row: ServiceAccountRow) -> ServiceAccountItem {
    ServiceAccountItem {
        cluster: Arc::clone(cluster),
        exists: row.exists,
        association: association(inventory, &row),
        next: inventory.next_of(&row.id),
        annotation_role_arn: row.annotation_role_arn,
        state: row.state,
        pods: row.pods.into(),
        proven: inventory.proof_of_service_account(&row.id).map(|proof| proof.proven.clone()),
        findings: finding::codes(inventory.findings_of_service_account(&row.id)),
        namespace: row.id.namespace,
        name: row.id.name,
    }
}

/// The chosen service accounts, worst first.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>) -> Vec<ServiceAccountItem> {
    let cluster = cluster_of(inventory);
    let mut rows = inventory.service_accounts();
    rows.retain(|row| {
        let (namespace, name) = (row.id.namespace.as_str(), row.id.name.as_str());
        selection.takes(namespace, &[name], &Within::new(row, inventory))
    });
    rows.sort_by(|a, b| (Reverse(a.state), &a.id).cmp(&(Reverse(b.state), &b.id)));
    rows.into_iter().map(|row| item(&cluster, inventory, row)).collect()
}

impl Columns for ServiceAccountItem {
    const LIST: &'static str = "ServiceAccountList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("  STATE", "state", |item, view| column::state(item.state, view)),
        Column::new("NAMESPACE", "namespace", |item, _| item.namespace.to_string()),
        Column::new("SERVICE ACCOUNT", "name", |item, _| item.name.to_string()),
        Column::new("PODS", "pods.total", |item, _| item.pods.total.to_string()),
        Column::new("NEXT", "next.mechanism", |item, _| item.next.mechanism.word().to_owned()),
        Column::new("ROLE", "next.roleArn", |item, view| column::role(item.next.role_arn.as_ref(), view)),
        Column::new("ASSOCIATION", "association.id", |item, _| {
            item.association.as_ref().map(|association| association.id.to_string()).unwrap_or_default()
        }),
        Column::wide("ANNOTATION", "annotationRoleArn", |item, view| {
            column::role(item.annotation_role_arn.as_ref(), view)
        }),
        Column::wide("EXISTS", "exists", |item, view| column::flag(item.exists, view)),
        Column::wide("DRIFT", "pods.drift", |item, _| item.pods.drift.to_string()),
        Column::wide("AT RISK", "pods.atRisk", |item, _| item.pods.at_risk.to_string()),
        Column::wide("BROKEN", "pods.broken", |item, _| item.pods.broken.to_string()),
        Column::wide("PROVEN", "proven.verdict", |item, view| column::proven(item.proven.as_ref(), view)),
        Column::wide("WHY", "why", |item, _| item.next.why().map(|reason| reason.message.clone()).unwrap_or_default()),
    ];
}
