//! What the journal of changes says: its lines as data, and the operations that they tell of
//! (experience part 5). The runtime writes and reads the file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    failure::Failure,
    id::RoleArn,
    plan::{Affected, Call, Origin, Plan, PlanKind, Step},
    role::Written,
    workload::WorkloadId,
};

mod inventory;
mod observed;
#[cfg(test)]
mod tests;

pub use observed::{Observed, Standing};

/// Where a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Not begun.
    #[default]
    Planned,
    /// About to be sent; without a later entry nobody knows whether it arrived.
    Started,
    /// Answered well.
    Done,
    /// Not sent, or answered with a failure, or not answered.
    Failed,
    /// Never sent, because an earlier step failed or was cancelled.
    Skipped,
}

/// Who changed something, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// ARN of the caller, if AWS told it.
    pub caller: Option<String>,
    /// The kubeconfig context.
    pub context: Option<String>,
    /// The host the program runs on.
    pub host: Option<String>,
    /// `--reason`.
    pub reason: Option<String>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Id of the operation, the same on all of its lines.
    pub operation: String,
    /// When.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Who.
    #[serde(flatten)]
    pub author: Author,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// A plan was confirmed: everything that it is going to call.
    Begun(Begun),
    /// An operation that was interrupted goes on.
    Resumed,
    /// Where a step stands.
    Step(Box<StepEntry>),
    /// Nothing more is done.
    Ended {
        /// How it ended.
        outcome: Ending,
    },
}

/// The plan as it was confirmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Kind of the plan.
    pub plan: PlanKind,
    /// What the plan is about.
    pub subject: String,
    /// ARN of the cluster, or its name, or that of the context.
    pub cluster: Option<String>,
    /// All of its steps.
    pub steps: Vec<Step>,
    /// Who notices.
    pub affects: Vec<Affected>,
    /// Workloads whose restart brings it into effect.
    pub restarts: Vec<WorkloadId>,
    /// The operation that this one undoes.
    pub undoes: Option<String>,
    /// What it cannot bring back, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

/// A step: before it is sent with what was found, afterwards with what it left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepEntry {
    /// Index in the plan.
    pub index: usize,
    /// Where it stands.
    pub state: StepState,
    /// The exact call.
    pub call: Call,
    /// What was there when it was about to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Observed>,
    /// What it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Observed>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Every step is done.
    Done,
    /// A step failed.
    Failed,
    /// Stopped between steps.
    Cancelled,
}

/// How an operation of the journal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordState {
    /// A process is at it.
    Running,
    /// Every step is done.
    Done,
    /// A step failed.
    Failed,
    /// It was stopped between steps, or its process ended.
    Interrupted,
    /// It was undone afterwards.
    Undone,
}

impl RecordState {
    /// The word in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Undone => "undone",
        }
    }
}

/// A step as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedStep {
    /// What was planned.
    pub step: Step,
    /// Where it stands.
    pub state: StepState,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// What was there before.
    pub before: Option<Observed>,
    /// What it left.
    pub after: Option<Observed>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

impl RecordedStep {
    fn new(step: Step) -> Self {
        Self { step, state: StepState::Planned, sent_at: None, before: None, after: None, failure: None }
    }

    /// It was sent and nobody knows whether it arrived: the answer is missing, or was a failure.
    pub fn is_in_doubt(&self) -> bool {
        self.sent_at.is_some() && matches!(self.state, StepState::Started | StepState::Failed)
    }

    /// Where it stands, in words.
    pub fn word(&self) -> &'static str {
        match self.state {
            StepState::Planned => "not reached",
            StepState::Done => "done",
            StepState::Skipped => "skipped",
            StepState::Started => "sent; whether it arrived is not known",
            StepState::Failed if self.is_in_doubt() => "failed; it may have arrived all the same",
            StepState::Failed => "failed before it was sent",
        }
    }

    fn take(&mut self, entry: StepEntry, at: Timestamp) {
        self.state = entry.state;
        if entry.state == StepState::Started {
            self.sent_at = Some(at);
        }
        self.before = entry.before.or_else(|| self.before.take());
        self.after = entry.after.or_else(|| self.after.take());
        self.failure = entry.failure;
    }
}

/// An operation as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// When it was confirmed.
    pub at: Timestamp,
    /// Who did it.
    pub author: Author,
    /// The plan.
    pub begun: Begun,
    /// Its steps with what became of them.
    pub steps: Vec<RecordedStep>,
    /// How it ended, if it did.
    pub ended: Option<Ending>,
    /// The operation that undid it.
    pub undone_by: Option<String>,
    /// A process is at it; only the runtime knows.
    pub running: bool,
}

impl Record {
    /// How it stands.
    pub fn state(&self) -> RecordState {
        match self.ended {
            _ if self.running => RecordState::Running,
            _ if self.undone_by.is_some() => RecordState::Undone,
            Some(Ending::Done) => RecordState::Done,
            Some(Ending::Failed) => RecordState::Failed,
            Some(Ending::Cancelled) | None => RecordState::Interrupted,
        }
    }

    /// The states of its steps.
    pub fn states(&self) -> Vec<StepState> {
        self.steps.iter().map(|step| step.state).collect()
    }

    /// Whether anything of it may have changed something.
    pub fn changed_something(&self) -> bool {
        self.steps.iter().any(|step| step.state == StepState::Done || step.is_in_doubt())
    }

    /// Whether the rest of it can still be done.
    pub fn can_resume(&self) -> bool {
        matches!(self.state(), RecordState::Failed | RecordState::Interrupted)
    }

    /// Whether it can be undone.
    pub fn can_undo(&self) -> bool {
        !matches!(self.state(), RecordState::Running | RecordState::Undone) && self.changed_something()
    }
}

/// The whole journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The operations, oldest first.
    pub records: Vec<Record>,
    /// Lines that cannot be read, one sentence each.
    pub notes: Vec<String>,
}

impl History {
    /// Reads the text of a journal. A line that is torn or not understood is noted and loses no other.
    pub fn read(text: &str) -> Self {
        let mut history = Self::default();
        let mut places = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => history.take(&mut places, entry, number + 1),
                Err(error) if error.is_eof() => history.note(number + 1, "it is torn"),
                Err(_) => history.note(number + 1, "it is not understood"),
            }
        }
        history.mark_undone();
        history
    }

    fn note(&mut self, line: usize, why: &str) {
        self.notes.push(format!("line {line} of the journal is left out: {why}"));
    }

    fn take(&mut self, places: &mut BTreeMap<String, usize>, entry: Entry, line: usize) {
        let place = places.get(&entry.operation).copied();
        match (entry.event, place.and_then(|place| self.records.get_mut(place))) {
            (Event::Begun(begun), None) => {
                places.insert(entry.operation.clone(), self.records.len());
                self.records.push(Record {
                    id: entry.operation,
                    at: entry.at,
                    author: entry.author,
                    steps: begun.steps.iter().cloned().map(RecordedStep::new).collect(),
                    begun,
                    ended: None,
                    undone_by: None,
                    running: false,
                });
            }
            (Event::Begun(_), Some(_)) => self.note(line, "its operation had begun before"),
            (_, None) => self.note(line, "the beginning of its operation is missing"),
            (Event::Resumed, Some(record)) => record.ended = None,
            (Event::Ended { outcome }, Some(record)) => record.ended = Some(outcome),
            (Event::Step(step), Some(record)) => match record.steps.get_mut(step.index) {
                Some(known) => known.take(*step, entry.at),
                None => self.note(line, "its operation has no such step"),
            },
        }
    }

    /// An operation is undone if one that undoes it was done to its end, and not undone itself.
    fn mark_undone(&mut self) {
        for index in (0..self.records.len()).rev() {
            let (older, rest) = self.records.split_at_mut(index);
            let Some(record) = rest.first().filter(|record| record.state() == RecordState::Done) else { continue };
            let undone = record.begun.undoes.as_ref();
            if let Some(target) = older.iter_mut().find(|other| Some(&other.id) == undone) {
                target.undone_by = Some(record.id.clone());
            }
        }
    }

    /// The operation of an id, or of the beginning of one if no other begins so.
    pub fn record(&self, id: &str) -> Option<&Record> {
        let exact = self.records.iter().find(|record| record.id == id);
        let mut near = self.records.iter().filter(|record| !id.is_empty() && record.id.starts_with(id));
        exact.or_else(|| match (near.next(), near.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        })
    }

    /// The trust policies that any process that writes this journal has written, oldest first, as long as IAM may
    /// still return what was before.
    pub fn written(&self, now: Timestamp) -> Vec<(RoleArn, Written)> {
        let done = self.records.iter().flat_map(|record| &record.steps).filter(|step| step.state == StepState::Done);
        let mut all: Vec<(RoleArn, Written)> = done
            .filter_map(|step| match (&step.step.call, step.sent_at) {
                (Call::UpdateAssumeRolePolicy { role_arn, before, after }, Some(at)) => {
                    let written = Written { before: before.as_str().into(), after: after.as_str().into(), at };
                    Some((role_arn.clone(), written))
                }
                _ => None,
            })
            .collect();
        all.retain(|(_, written)| written.is_late(now));
        all.sort_by_key(|(_, written)| written.at);
        all
    }

    /// The newest operation of which something is left to be done.
    pub fn last_resumable(&self) -> Option<&Record> {
        self.records.iter().rev().find(|record| record.can_resume())
    }

    /// The newest operation that can be undone and is no undo itself.
    pub fn last_undoable(&self) -> Option<&Record> {
        self.records.iter().rev().find(|record| record.can_undo() && record.begun.undoes.is_none())
    }
}

impl Begun {
    /// What is written down when a plan is confirmed.
    pub fn of(plan: &Plan, cluster: Option<String>) -> Self {
        let undoes = match &plan.origin {
            Origin::Undo { of } => Some(of.clone()),
            Origin::New | Origin::Resume { .. } => None,
        };
        Self {
            plan: plan.kind,
            subject: plan.subject.clone(),
            cluster,
            steps: plan.steps.clone(),
            affects: plan.affects.clone(),
            restarts: plan.restarts.clone(),
            undoes,
            lost: plan.lost.clone(),
        }
    }
}
