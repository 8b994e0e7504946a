//! `why`: an error text explained, in words and as data. What was read from the text stands there
//! even where no cluster could be looked at.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Format, Options, Redactor,
    column::{self, Column, Columns, View},
    csv,
    envelope::{Head, cluster_of},
    explain::chain_marked,
    json, markdown,
    page::Page,
};
use crate::domain::{
    finding,
    id::{AccountId, RoleName},
    identity::{HopKind, State},
    inventory::Inventory,
    symptom::{
        Principal, PrincipalKind, Symptom,
        answer::{Answer, Found, How},
        cause,
    },
};

/// One error text, explained.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WhyItem {
    cluster: Arc<str>,
    principal: Option<PrincipalItem>,
    action: Option<String>,
    resource: Option<String>,
    reason: &'static str,
    hop: Option<&'static str>,
    code: Option<&'static str>,
    codes: &'static [&'static str],
    policy_arn: Option<String>,
    error_code: Option<String>,
    request_id: Option<String>,
    encoded: bool,
    means: String,
    subject: Option<Subject>,
    found_by: How,
    candidates: Vec<Subject>,
    state: Option<State>,
    notes: Vec<String>,
    todo: String,
    also: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PrincipalItem {
    arn: String,
    kind: PrincipalKind,
    account: Option<AccountId>,
    role_name: Option<RoleName>,
    /// Left out where names must not leave: it holds those of the cluster and the pod.
    session_name: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Subject {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
}

impl Subject {
    fn of(found: &Found) -> Self {
        let (namespace, name) = match found {
            Found::Pod(id) => (Some(id.namespace.to_string()), id.name.to_string()),
            Found::ServiceAccount(id) => (Some(id.namespace.to_string()), id.name.to_string()),
            Found::Node(name) => (None, name.to_string()),
            Found::Role(arn) => (None, arn.to_string()),
        };
        Self { kind: found.kind(), namespace, name }
    }
}

impl Columns for WhyItem {
    const LIST: &'static str = "WhyList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("REASON", "reason", |item, _| item.reason.to_owned()),
        Column::new("ACTION", "action", |item, _| column::optional(item.action.as_ref())),
        Column::new("RESOURCE", "resource", |item, _| column::optional(item.resource.as_ref())),
        Column::new("PRINCIPAL", "principal.arn", |item, _| principal(item)),
        Column::new("SUBJECT", "subject", |item, _| subject(item)),
        Column::new("HOP", "hop", |item, _| item.hop.unwrap_or_default().to_owned()),
        Column::new("CODE", "code", |item, _| item.code.unwrap_or_default().to_owned()),
        Column::wide("MEANS", "means", |item, _| item.means.clone()),
        Column::wide("TODO", "todo", |item, _| item.todo.clone()),
    ];
}

fn principal(item: &WhyItem) -> String {
    item.principal.as_ref().map(|principal| principal.arn.clone()).unwrap_or_default()
}

fn subject(item: &WhyItem) -> String {
    let name = |subject: &Subject| match &subject.namespace {
        Some(namespace) => format!("{} {namespace}/{}", subject.kind, subject.name),
        None => format!("{} {}", subject.kind, subject.name),
    };
    item.subject.as_ref().map(name).unwrap_or_default()
}

/// An answer in the chosen format. `wide` is the table's words.
pub fn render(answer: &Answer, inventory: &Inventory, now: Timestamp, format: Format, options: Options) -> String {
    let redactor = options.redact.then(|| Redactor::new(inventory));
    let items = [item(answer, inventory, options.redact)];
    let view = View { ascii: options.ascii, plain: true, redactor: redactor.as_ref() };
    match format {
        Format::Table | Format::Wide => words(answer, inventory, options, redactor.as_ref()),
        Format::Json => json::document(&Head::of(inventory, now), &items, redactor.as_ref()),
        Format::Jsonl => json::lines(&items, redactor.as_ref()),
        Format::Csv => csv::csv(&items, view),
        Format::Markdown => markdown::table(&items, view),
    }
}

fn item(answer: &Answer, inventory: &Inventory, redact: bool) -> WhyItem {
    let symptom = &answer.symptom;
    let principal = symptom.principal.as_ref().map(|principal| PrincipalItem {
        arn: principal.text.clone(),
        kind: principal.kind,
        account: principal.account.clone(),
        role_name: principal.role.clone(),
        session_name: principal.session.clone().filter(|_| !redact),
    });
    WhyItem {
        cluster: cluster_of(inventory),
        principal,
        action: symptom.action.clone(),
        resource: symptom.resource.clone(),
        reason: symptom.cause.word,
        hop: answer.hop.map(HopKind::word),
        code: answer.code,
        codes: symptom.codes(),
        policy_arn: symptom.policy_arn.clone(),
        error_code: symptom.error_code.clone(),
        request_id: symptom.request_id.clone(),
        encoded: symptom.encoded,
        means: answer.means.clone(),
        subject: answer.found.first().filter(|_| answer.found.len() == 1).map(Subject::of),
        found_by: answer.how,
        candidates: answer.found.iter().filter(|_| answer.found.len() > 1).map(Subject::of).collect(),
        state: answer.state,
        notes: answer.notes.clone(),
        todo: answer.todo.clone(),
        also: symptom.also.clone(),
    }
}

fn words(answer: &Answer, inventory: &Inventory, options: Options, redactor: Option<&Redactor>) -> String {
    let mut page = Page::new(options.ascii);
    page.line(&answer.means);
    read(&answer.symptom, answer.code, options.redact, &mut page);
    if !answer.found.is_empty() || !answer.notes.is_empty() {
        page.heading("ABOUT");
        let state = answer.state.map_or_else(String::new, |state| format!(": {}", state.word()));
        for (at, found) in answer.found.iter().enumerate() {
            let state = if at == 0 { state.as_str() } else { "" };
            page.line(format!("  {} {found}{state}", found.word()));
        }
        answer.notes.iter().for_each(|note| page.line(format!("  {note}")));
    }
    page.heading("DO");
    page.line(format!("  {}", answer.todo));
    if let [found] = answer.found.as_slice() {
        let hops = match found {
            Found::Pod(id) => inventory.chain(id),
            Found::ServiceAccount(id) => inventory.chain_of_service_account(id),
            Found::Node(_) | Found::Role(_) => Vec::new(),
        };
        chain_marked(&hops, answer.hop, &mut page);
    }
    page.finished(redactor)
}

/// What the text says, a line each.
fn read(symptom: &Symptom, code: Option<&'static str>, redact: bool, page: &mut Page) {
    page.heading("THE TEXT SAYS");
    if let Some(principal) = &symptom.principal {
        page.pair("  principal", &principal.text);
        who(principal, redact, page);
    }
    let pairs = [
        ("  action", symptom.action.as_deref()),
        ("  resource", symptom.resource.as_deref()),
        ("  reason", Some(symptom.cause.word)),
        ("  hop", symptom.hop().map(HopKind::word)),
        ("  code", code),
        ("  error code", symptom.error_code.as_deref()),
        ("  request id", symptom.request_id.as_deref()),
    ];
    for (label, value) in pairs {
        if let Some(value) = value {
            page.pair(label, value);
        }
    }
}

fn who(principal: &Principal, redact: bool, page: &mut Page) {
    if let Some(role) = &principal.role {
        page.pair("  role", role.as_str());
    }
    if let Some(session) = principal.session.as_deref().filter(|_| !redact) {
        page.pair("  session", session);
    }
}

/// What a code of findings means: what is wrong, how it is seen, what to do, and the errors in a log that
/// speak of it. `None` if the text is no code.
pub fn code(text: &str) -> Option<String> {
    let code = finding::code::find(text)?;
    let mut page = Page::new(false);
    page.line(format!("{}: {}", code.name, code.title));
    page.line("");
    page.pair("severity", code.severity.word());
    page.pair("seen", code.seen.how());
    page.pair("do", code.fix);
    let spoken: Vec<_> = cause::all().filter(|cause| cause.codes.contains(&code.name)).collect();
    if !spoken.is_empty() {
        page.heading("ERRORS THAT SPEAK OF IT");
    }
    for cause in spoken {
        page.pair(&format!("  {}", cause.word), cause.means);
    }
    Some(page.finished(None))
}
