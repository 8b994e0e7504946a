//! What comes back from operations. Answers for one that is unknown or over are ignored.

use jiff::Timestamp;

use super::{journal, navigate::shows_operation};
use crate::app::{
    dialog::{Dialog, restart::RestartOffer},
    effect::{Effect, Extent},
    model::Model,
    operation::{Operation, OperationId, Outcome, StepState},
    toast::ToastKind,
};
use crate::domain::{
    change::Change,
    id::ServiceAccountId,
    plan::{Call, Plan, PlanKind, role_name},
    role::Written,
    workload::WorkloadId,
};

fn running(model: &mut Model, id: OperationId) -> Option<&mut Operation> {
    model.operations.iter_mut().find(|operation| operation.id == id && operation.is_running())
}

/// A step has another state.
pub(super) fn stepped(model: &mut Model, id: OperationId, step: usize, state: StepState) {
    let Some(known) = running(model, id).and_then(|operation| operation.steps.get_mut(step)) else { return };
    if *known != state {
        *known = state;
        model.touch();
    }
}

/// An operation is over: say so, read what it touched, offer the restart that brings it into effect.
pub(super) fn finished(model: &mut Model, id: OperationId, outcome: Outcome) {
    let now = model.now;
    let Some(operation) = running(model, id) else { return };
    (operation.outcome, operation.finished_at) = (Some(outcome.clone()), Some(now));
    settle_steps(operation, &outcome);
    let (plan, cluster, written) = (operation.plan.clone(), operation.cluster, written(operation, now));
    model.touch();
    if let Some(view) = model.cluster_of(cluster) {
        view.inventory.apply(written, now);
    }
    for extent in touched(&plan) {
        let Some(view) = model.cluster_of(cluster) else { break };
        let generation = view.begin_reading();
        model.emit(Effect::Refresh { cluster, generation, extent });
    }
    journal::refresh(model);
    match outcome {
        Outcome::Done => done(model, id, &plan),
        Outcome::Failed(failure) => model.toasts.fail(failure, now),
        Outcome::Cancelled => {
            model.say(ToastKind::Notice, format!("operation {id} was stopped: u undoes it, U finishes it"))
        }
    }
}

/// The trust policies that were written: IAM may not return them yet, and the next plan starts from them.
fn written(operation: &Operation, now: Timestamp) -> Vec<Change> {
    let done = operation.steps.iter().zip(&operation.plan.steps).filter(|(state, _)| **state == StepState::Done);
    done.filter_map(|(_, step)| match &step.call {
        Call::UpdateAssumeRolePolicy { role_arn, before, after } => {
            let written = Written { before: before.as_str().into(), after: after.as_str().into(), at: now };
            Some(Change::TrustWritten(role_name(role_arn).into(), written))
        }
        _ => None,
    })
    .collect()
}

/// What had no answer of its own takes the outcome's.
fn settle_steps(operation: &mut Operation, outcome: &Outcome) {
    for step in &mut operation.steps {
        match (&*step, outcome) {
            (StepState::Planned | StepState::Running, Outcome::Done) => *step = StepState::Done,
            (StepState::Running, Outcome::Failed(failure)) => *step = StepState::Failed(failure.clone()),
            (StepState::Planned | StepState::Running, _) => *step = StepState::Skipped,
            _ => {}
        }
    }
}

fn done(model: &mut Model, id: OperationId, plan: &Plan) {
    model.dialogs.retain(|dialog| !shows_operation(dialog, id));
    model.say(ToastKind::Success, sentence(plan));
    let workloads = restartable(plan);
    if !workloads.is_empty() && model.dialogs.is_empty() {
        let why = format!("{}; running pods keep what they have until they are recreated", sentence(plan));
        model.dialogs.push(Dialog::Restart(RestartOffer::new(why, workloads)));
    }
}

/// A restart is never followed by the offer of another.
fn restartable(plan: &Plan) -> Vec<WorkloadId> {
    if plan.kind == PlanKind::Restart {
        return Vec::new();
    }
    plan.restarts.iter().filter(|workload| workload.kind.can_restart()).cloned().collect()
}

fn sentence(plan: &Plan) -> String {
    let subject = &plan.subject;
    match plan.kind {
        PlanKind::Associate => format!("{subject} is associated"),
        PlanKind::Dissociate => format!("{subject} has no association any more"),
        PlanKind::Annotate => format!("the IRSA annotation of {subject} is as planned"),
        PlanKind::InstallAgent => "the Pod Identity agent is being installed".to_owned(),
        PlanKind::Restart => format!("{subject} has been restarted"),
        PlanKind::Undo => format!("{subject} is undone"),
        PlanKind::Migrate => format!("the migration of {subject} is as planned"),
        PlanKind::Retarget => format!("the association of {subject} is as planned"),
        PlanKind::TrustAllow | PlanKind::TrustRemove => format!("the trust policy of {subject} is as planned"),
    }
}

/// What of AWS must be read again; Kubernetes tells by itself.
fn touched(plan: &Plan) -> Vec<Extent> {
    let mut extents = Vec::new();
    for extent in plan.steps.iter().filter_map(|step| extent(&step.call)) {
        if !extents.contains(&extent) {
            extents.push(extent);
        }
    }
    extents
}

fn extent(call: &Call) -> Option<Extent> {
    match call {
        Call::CreatePodIdentityAssociation { service_account, .. }
        | Call::UpdatePodIdentityAssociation { service_account, .. }
        | Call::TagAssociation { service_account, .. }
        | Call::DeletePodIdentityAssociation { service_account, .. } => Some(of(service_account)),
        Call::CreateAddon { .. } | Call::DeleteAddon { .. } => Some(Extent::AddOns),
        Call::UpdateAssumeRolePolicy { role_arn, .. } => Some(Extent::Role(role_name(role_arn).into())),
        Call::AnnotateServiceAccount { .. } | Call::EvictPod { .. } | Call::RestartWorkload { .. } => None,
    }
}

fn of(service_account: &ServiceAccountId) -> Extent {
    Extent::ServiceAccount(service_account.clone())
}
