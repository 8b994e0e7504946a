//! The journal of changes: JSON lines in the state directory, readable by the owner alone, an
//! entry before and after each step, on disk before the step goes on. No secrets.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    failure::{Failure, FailureKind},
    plan::{Plan, Step},
};

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// About to be sent.
    Started,
    /// Answered well.
    Done,
    /// Answered with a failure, or not at all.
    Failed,
    /// Never sent, because an earlier step failed or was cancelled.
    Skipped,
}

/// Who changed something, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    /// Id of the operation, the same on all of its lines.
    pub operation: &'a str,
    /// When.
    pub at: Timestamp,
    /// Kind of the plan, e.g. `associate`.
    pub plan: crate::domain::plan::PlanKind,
    /// What the plan is about.
    pub subject: &'a str,
    /// Index of the step.
    pub index: usize,
    /// The exact call.
    pub step: &'a Step,
    /// Where it stands.
    pub state: StepState,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'a Failure>,
    /// Who.
    #[serde(flatten)]
    pub author: &'a Author,
}

/// Appends to one file that concurrent processes share.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal of a state directory; nothing is created yet.
    pub fn new(state: &Path) -> Self {
        Self { path: state.join("journal.jsonl") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one line and waits until it is on disk.
    ///
    /// # Errors
    /// When the file cannot be written: then the step must not be sent.
    pub fn write(&self, entry: &Entry<'_>) -> Result<(), Failure> {
        self.append(entry).map_err(|error| {
            Failure::new(
                FailureKind::Usage,
                format!("cannot write the journal {}", self.path.display()),
                error.to_string(),
                "Nothing was changed. Make the file writable or choose another --state-dir",
            )
        })
    }

    fn append(&self, entry: &Entry<'_>) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut file = open(&self.path)?;
        // One writer at a time, so that lines of concurrent processes never mix.
        file.lock()?;
        file.write_all(&line)?;
        file.sync_data()
    }
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Writes the lines of one operation.
#[derive(Clone, Debug)]
pub struct Scribe<'a> {
    /// Where to.
    pub journal: &'a Journal,
    /// Id of the operation.
    pub operation: &'a str,
    /// What is being performed.
    pub plan: &'a Plan,
    /// Who.
    pub author: &'a Author,
}

impl Scribe<'_> {
    /// Writes where one step stands.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn note(
        &self,
        index: usize,
        state: StepState,
        failure: Option<&Failure>,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let Some(step) = self.plan.steps.get(index) else { return Ok(()) };
        self.journal.write(&Entry {
            operation: self.operation,
            at,
            plan: self.plan.kind,
            subject: &self.plan.subject,
            index,
            step,
            state,
            failure,
            author: self.author,
        })
    }
}
