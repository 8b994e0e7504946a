//! `history`: the operations of the journal, oldest first, and one of them in words.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Rendered, Request,
    column::{self, Column, Columns},
    envelope::{GapHead, Head},
    headed,
    page::Page,
    plan::call_name,
    redact::Redactor,
};
use crate::domain::{
    failure::{Failure, FailureKind},
    inventory::Inventory,
    journal::{History, Record, RecordState, RecordedStep, StepState},
};

/// One operation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    id: String,
    at: Timestamp,
    plan: &'static str,
    subject: String,
    steps: Vec<StepItem>,
    state: &'static str,
    undoes: Option<String>,
    undone_by: Option<String>,
    lost: Vec<String>,
    caller: Option<String>,
    context: Option<String>,
    host: Option<String>,
    reason: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StepItem {
    call: &'static str,
    state: StepState,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

impl From<&RecordedStep> for StepItem {
    fn from(recorded: &RecordedStep) -> Self {
        Self {
            call: call_name(&recorded.step.call),
            state: recorded.state,
            summary: recorded.step.summary.clone(),
            failure: recorded.failure.as_ref().map(|failure| format!("{}: {}", failure.what, failure.why)),
        }
    }
}

impl From<&Record> for Item {
    fn from(record: &Record) -> Self {
        let (begun, author) = (&record.begun, record.author.clone());
        Self {
            cluster: begun.cluster.clone(),
            id: record.id.clone(),
            at: record.at,
            plan: begun.plan.word(),
            subject: begun.subject.clone(),
            steps: record.steps.iter().map(StepItem::from).collect(),
            state: record.state().word(),
            undoes: begun.undoes.clone(),
            undone_by: record.undone_by.clone(),
            lost: begun.lost.clone(),
            caller: author.caller,
            context: author.context,
            host: author.host,
            reason: author.reason,
        }
    }
}

impl Columns for Item {
    const LIST: &'static str = "OperationList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("ID", "id", |item, _| item.id.clone()),
        Column::new("AT", "at", |item, _| seconds(item.at)),
        Column::new("STATE", "state", |item, _| item.state.to_owned()),
        Column::new("PLAN", "plan", |item, _| item.plan.to_owned()),
        Column::new("SUBJECT", "subject", |item, _| item.subject.clone()),
        Column::new("DONE", "steps", |item, _| done(&item.steps)),
        Column::new("CALLER", "caller", |item, _| column::optional(item.caller.as_ref())),
        Column::wide("CLUSTER", "cluster", |item, _| column::optional(item.cluster.as_ref())),
        Column::wide("CONTEXT", "context", |item, _| column::optional(item.context.as_ref())),
        Column::wide("HOST", "host", |item, _| column::optional(item.host.as_ref())),
        Column::wide("REASON", "reason", |item, _| column::optional(item.reason.as_ref())),
        Column::wide("UNDOES", "undoes", |item, _| column::optional(item.undoes.as_ref())),
    ];
}

fn done(steps: &[StepItem]) -> String {
    let done = steps.iter().filter(|step| step.state == StepState::Done).count();
    format!("{done}/{}", steps.len())
}

fn seconds(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}

/// The operations as a list; with an id only that one.
///
/// # Errors
/// There is no operation of this id.
pub fn list(history: &History, id: Option<&str>, request: &Request<'_>) -> Result<Rendered, Failure> {
    let items: Vec<Item> = match id {
        Some(id) => vec![Item::from(found(history, id)?)],
        None => history.records.iter().map(Item::from).collect(),
    };
    let gaps: Vec<GapHead> = history.notes.iter().map(|note| GapHead::said("journal", note)).collect();
    let head = Head {
        clusters: Vec::new(),
        observed_at: request.now,
        complete: gaps.is_empty(),
        gaps,
        other_principals: None,
    };
    Ok(headed(request, &Inventory::default(), &head, &items))
}

/// The operation of an id, or of the beginning of one.
///
/// # Errors
/// There is none.
pub fn found<'h>(history: &'h History, id: &str) -> Result<&'h Record, Failure> {
    history.record(id).ok_or_else(|| {
        Failure::new(
            FailureKind::NotFound,
            format!("there is no operation {id}"),
            "the journal of this state directory has none whose id begins so, or several",
            "`rolecall history` shows those that it has",
        )
    })
}

/// One operation in words.
pub fn text(record: &Record, ascii: bool, redactor: Option<&Redactor>) -> String {
    let mut page = Page::new(ascii);
    let (begun, author) = (&record.begun, &record.author);
    page.line(format!("{} {}", begun.plan.word(), begun.subject));
    page.line("");
    page.pair("state", record.state().word());
    page.pair("at", &seconds(record.at));
    let rest = [
        ("cluster", &begun.cluster),
        ("caller", &author.caller),
        ("context", &author.context),
        ("host", &author.host),
        ("reason", &author.reason),
        ("undoes", &begun.undoes),
        ("undone by", &record.undone_by),
    ];
    for (label, value) in rest {
        if let Some(value) = value {
            page.pair(label, value);
        }
    }
    page.heading("STEPS");
    for step in &record.steps {
        page.line(format!("  {} {}", glyph(step.state, ascii), step.step.summary));
        page.line(format!("      {}, {}", call_name(&step.step.call), step.word()));
        if let Some(failure) = &step.failure {
            page.line(format!("      {}: {}", failure.what, failure.why));
        }
    }
    if !begun.lost.is_empty() {
        page.heading("DID NOT RETURN");
        begun.lost.iter().for_each(|lost| page.line(format!("  {lost}")));
    }
    if let Some(next) = next(record) {
        page.heading("NEXT");
        page.line(format!("  {next}"));
    }
    page.finished(redactor)
}

fn glyph(state: StepState, ascii: bool) -> &'static str {
    match (state, ascii) {
        (StepState::Done, false) => "✓",
        (StepState::Done, true) => "+",
        (StepState::Failed, false) => "✗",
        (StepState::Failed, true) => "x",
        (StepState::Started, _) => "?",
        (StepState::Planned | StepState::Skipped, _) => "-",
    }
}

/// What can be done about an operation.
pub fn next(record: &Record) -> Option<String> {
    let id = &record.id;
    match record.state() {
        RecordState::Interrupted | RecordState::Failed if record.changed_something() => {
            Some(format!("`rolecall resume {id}` does the rest, `rolecall undo {id}` takes back what was done"))
        }
        RecordState::Interrupted | RecordState::Failed => Some(format!("`rolecall resume {id}` does it")),
        RecordState::Done if record.can_undo() => Some(format!("`rolecall undo {id}` takes it back")),
        _ => None,
    }
}
