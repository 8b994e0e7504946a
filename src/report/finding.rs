//! `get findings` and `check`.

use std::sync::Arc;

use serde::Serialize;

use super::{
    column::{Column, Columns, View},
    envelope::cluster_of,
    selection::Selection,
};
use crate::domain::{
    finding::{Finding, Severity, Subject},
    inventory::Inventory,
};

/// One finding.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingItem {
    cluster: Arc<str>,
    code: &'static str,
    severity: Severity,
    subject: SubjectItem,
    pods: u32,
    message: String,
    evidence: Vec<String>,
    fix: String,
    docs: String,
    #[serde(skip)]
    shown: String,
}

#[derive(Clone, Debug, Serialize)]
struct SubjectItem {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
}

pub(super) fn item(cluster: &Arc<str>, finding: &Finding) -> FindingItem {
    let subject = &finding.subject;
    let name = if *subject == Subject::Cluster { cluster.to_string() } else { subject.name() };
    FindingItem {
        cluster: Arc::clone(cluster),
        code: finding.code.name,
        severity: finding.severity,
        subject: SubjectItem { kind: subject.kind(), namespace: subject.namespace().map(str::to_owned), name },
        pods: finding.pods,
        message: finding.message.clone(),
        evidence: finding.evidence.clone(),
        fix: finding.fix.clone(),
        docs: finding.code.docs(),
        shown: subject.to_string(),
    }
}

/// The chosen findings, worst first.
pub(super) fn chosen<'a>(inventory: &'a Inventory, selection: &Selection<'_>) -> Vec<&'a Finding> {
    let mut findings = inventory.findings();
    findings.retain(|finding| {
        let name = finding.subject.name();
        let names = [name.as_str(), finding.code.name];
        match finding.subject.namespace() {
            Some(namespace) => selection.takes(namespace, &names, *finding),
            None => selection.namespace.is_none() && selection.takes_global(&names, *finding),
        }
    });
    findings
}

/// The chosen findings as items.
pub(super) fn items(inventory: &Inventory, selection: &Selection<'_>) -> Vec<FindingItem> {
    let cluster = cluster_of(inventory);
    chosen(inventory, selection).into_iter().map(|finding| item(&cluster, finding)).collect()
}

/// The codes of findings, each once, in their order.
pub(super) fn codes<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for finding in findings {
        if !codes.iter().any(|code| code == finding.code.name) {
            codes.push(finding.code.name.to_owned());
        }
    }
    codes
}

fn severity(item: &FindingItem, view: View<'_>) -> String {
    let word = item.severity.word();
    if view.plain { word.to_owned() } else { format!("{} {word}", item.severity.glyph(view.ascii)) }
}

impl Columns for FindingItem {
    const LIST: &'static str = "FindingList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("  SEVERITY", "severity", severity),
        Column::new("CODE", "code", |item, _| item.code.to_owned()),
        Column::new("SUBJECT", "subject", |item, _| item.shown.clone()),
        Column::new("PODS", "pods", |item, _| item.pods.to_string()),
        Column::new("MESSAGE", "message", |item, _| item.message.clone()),
        Column::wide("FIX", "fix", |item, _| item.fix.clone()),
        Column::wide("EVIDENCE", "evidence", |item, _| item.evidence.join("; ")),
        Column::wide("DOCS", "docs", |item, _| item.docs.clone()),
    ];
}
