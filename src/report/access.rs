//! `can` and `who-can`: what identities may do, in words and as data. What was not evaluated is said each time.

use std::sync::Arc;

use serde::Serialize;

use super::{
    Format, Redactor, Rendered, Request,
    column::{Column, Columns},
    envelope::{Head, cluster_of},
    headed,
    page::Page,
};
use crate::domain::{
    access::{By, Can, Deciding, Inquiry, NOT_EVALUATED, Ruling},
    id::{Namespace, RoleArn, ServiceAccountName},
    identity::Mechanism,
    inventory::Inventory,
};

/// What one identity may do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessItem {
    cluster: Arc<str>,
    namespace: Namespace,
    service_account: ServiceAccountName,
    mechanism: Mechanism,
    role_arn: Option<RoleArn>,
    action: String,
    resource: String,
    can: Can,
    by: By,
    reasons: Vec<String>,
    depends_on: Vec<Arc<str>>,
    statements: Vec<Deciding>,
    not_evaluated: &'static str,
}

impl Columns for AccessItem {
    const LIST: &'static str = "AccessList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("CAN", "can", |item, _| item.can.word().to_owned()),
        Column::new("NAMESPACE", "namespace", |item, _| item.namespace.to_string()),
        Column::new("SERVICE ACCOUNT", "serviceAccount", |item, _| item.service_account.to_string()),
        Column::new("BY", "mechanism", |item, _| item.mechanism.word().to_owned()),
        Column::new("ROLE", "roleArn", |item, view| super::column::role(item.role_arn.as_ref(), view)),
        Column::new("WHY", "reasons", |item, _| item.reasons.join("; ")),
    ];
}

fn item(cluster: &Arc<str>, (inquiry, ruling): &(Inquiry, Ruling)) -> AccessItem {
    AccessItem {
        cluster: Arc::clone(cluster),
        namespace: inquiry.account.namespace.clone(),
        service_account: inquiry.account.name.clone(),
        mechanism: inquiry.mechanism,
        role_arn: ruling.role.clone(),
        action: inquiry.action.clone(),
        resource: inquiry.resource.clone().unwrap_or_else(|| "*".to_owned()),
        can: ruling.can,
        by: ruling.by,
        reasons: ruling.reasons.clone(),
        depends_on: ruling.depends_on.clone(),
        statements: ruling.deciding.clone(),
        not_evaluated: NOT_EVALUATED,
    }
}

/// One answer: a page of words, or data.
pub fn can(found: &(Inquiry, Ruling), request: &Request<'_>, inventory: &Inventory) -> Rendered {
    match request.format {
        Format::Table | Format::Wide => {
            let redactor = request.options.redact.then(|| Redactor::new(inventory));
            let stdout = page(&found.0, &found.1, request.options.ascii).finished(redactor.as_ref());
            Rendered { stdout, items: 1, complete: true, ..Rendered::default() }
        }
        _ => listed(std::slice::from_ref(found), request, inventory),
    }
}

/// The same words as lines, for a screen.
pub fn lines(inquiry: &Inquiry, ruling: &Ruling, ascii: bool) -> Vec<String> {
    page(inquiry, ruling, ascii).finished(None).lines().map(str::to_owned).collect()
}

fn page(inquiry: &Inquiry, ruling: &Ruling, ascii: bool) -> Page {
    let mut page = Page::new(ascii);
    page.line(format!("{} may {}: {}", inquiry.account, inquiry.phrase(), ruling.can.word()));
    page.pair("role", ruling.role.as_ref().map_or("none", |role| role.as_str()));
    page.pair("by", inquiry.mechanism.word());
    page.pair(
        "told by",
        match ruling.by {
            By::Simulation => "IAM's policy simulator",
            By::Reading => "reading the policies here, conditions left open",
        },
    );
    ruling.reasons.iter().for_each(|reason| page.pair("why", reason));
    for key in &ruling.depends_on {
        page.pair("depends on", key);
    }
    for deciding in &ruling.deciding {
        page.heading(&format!("{} ({})", deciding.policy, deciding.kind));
        statement(deciding, &mut page);
    }
    page.line("");
    page.line(format!("Not evaluated: {NOT_EVALUATED}."));
    page
}

/// The statement in its text, marked.
fn statement(deciding: &Deciding, page: &mut Page) {
    let Some(text) = &deciding.statement else {
        return page.line("  its text was not read");
    };
    let pretty = serde_json::from_str::<serde_json::Value>(text).and_then(|value| serde_json::to_string_pretty(&value));
    let shown = pretty.unwrap_or_else(|_| text.clone());
    shown.lines().for_each(|line| page.line(format!("  > {line}")));
}

/// Answers of many; those who may come first.
pub fn who_can(found: &[(Inquiry, Ruling)], request: &Request<'_>, inventory: &Inventory) -> Rendered {
    let mut sorted = found.to_vec();
    sorted.sort_by(|(one, first), (other, second)| (first.can, &one.account).cmp(&(second.can, &other.account)));
    listed(&sorted, request, inventory)
}

fn listed(found: &[(Inquiry, Ruling)], request: &Request<'_>, inventory: &Inventory) -> Rendered {
    let cluster = cluster_of(inventory);
    let items: Vec<AccessItem> = found.iter().map(|one| item(&cluster, one)).collect();
    headed(request, inventory, &Head::of(inventory, request.now), &items)
}
