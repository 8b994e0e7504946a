//! Operations: plans that were confirmed and are being performed, or were.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

use crate::domain::{failure::Failure, id::ClusterId, plan::Plan};

/// Number of an operation within the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

impl fmt::Display for OperationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

/// State of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    #[default]
    Planned,
    /// Begun.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed(Arc<Failure>),
    /// Not reached.
    Skipped,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step is done.
    Done,
    /// A step failed, or the world had changed since the plan; the failure says what to do.
    Failed(Arc<Failure>),
    /// Stopped between steps by the person.
    Cancelled,
}

/// A plan being performed.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its number.
    pub id: OperationId,
    /// In which cluster.
    pub cluster: ClusterId,
    /// What is done.
    pub plan: Plan,
    /// One state for each step of the plan.
    pub steps: Vec<StepState>,
    /// How it ended, `None` while it runs.
    pub outcome: Option<Outcome>,
    /// The person asked to stop it.
    pub cancelling: bool,
    /// When it was confirmed.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

impl Operation {
    /// A plan that was confirmed just now.
    pub fn new(id: OperationId, cluster: ClusterId, plan: Plan, now: Timestamp) -> Self {
        let steps = vec![StepState::Planned; plan.steps.len()];
        Self { id, cluster, plan, steps, outcome: None, cancelling: false, started_at: now, finished_at: None }
    }

    /// Whether it is not over yet.
    pub fn is_running(&self) -> bool {
        self.outcome.is_none()
    }
}
