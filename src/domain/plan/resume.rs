//! Planning the rest of an operation that was interrupted: the same steps, those that are done
//! left out, those in doubt looked at first.

use super::{Confirmation, Origin, Plan, Precondition, precondition as check, undo};
use crate::domain::{
    failure::{Failure, FailureKind},
    inventory::Inventory,
    journal::{Record, RecordState, RecordedStep, StepState},
};

/// Plans the rest of an operation.
///
/// # Errors
/// It is at work, done, undone, or of another cluster.
pub fn plan(inventory: &Inventory, record: &Record) -> Result<Plan, Failure> {
    if !record.can_resume() {
        return Err(refused(record));
    }
    undo::of_this_cluster(inventory, record)?;
    let mut preconditions = vec![check::account(inventory)];
    preconditions.extend(record.steps.iter().filter_map(told));
    let begun = &record.begun;
    Ok(Plan {
        kind: begun.plan,
        subject: begun.subject.clone(),
        steps: begun.steps.clone(),
        preconditions,
        affects: begun.affects.clone(),
        inverse: format!("rolecall undo {}", record.id),
        confirmation: Confirmation::Enter,
        restarts: begun.restarts.clone(),
        lost: begun.lost.clone(),
        origin: Origin::Resume { of: record.id.clone(), states: record.states() },
    })
}

fn told(step: &RecordedStep) -> Option<Precondition> {
    let what = step.step.summary.clone();
    match step.state {
        StepState::Done => Some(Precondition::advisory(what, Some(true), "done; it is not sent again")),
        _ if step.is_in_doubt() => {
            let detail = "it was sent and may have arrived: it is looked at first, and sent again only if it has not";
            Some(Precondition::advisory(what, None, detail))
        }
        _ => None,
    }
}

fn refused(record: &Record) -> Failure {
    let (kind, why) = match record.state() {
        RecordState::Running => (FailureKind::Conflict, "a process is still at it"),
        RecordState::Undone => (FailureKind::Usage, "it was undone"),
        _ => (FailureKind::Usage, "every step of it is done"),
    };
    Failure::new(
        kind,
        format!("operation {} cannot be resumed", record.id),
        why,
        "`rolecall history` shows how it stands",
    )
}
