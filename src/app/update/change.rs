//! The beginnings of changes: each leads to a form or straight to its plan. Nothing is changed here.

use crate::app::{
    command::Command,
    dialog::{
        Dialog,
        confirm::Confirm,
        request::Request,
        restart::RestartOffer,
        role_form::{Purpose, RoleForm},
    },
    model::Model,
    target,
};
use crate::domain::{id::ServiceAccountId, workload::WorkloadId};

/// Begins a change of what is selected; availability was asked before.
pub(super) fn begin(model: &mut Model, command: Command) {
    let subject = model.subject();
    let inventory = model.inventory();
    let service_account = subject.as_ref().and_then(|subject| target::service_account(inventory, subject));
    match (command, service_account) {
        (Command::AssociateDeclared, _) => plan(model, Request::Declared),
        (Command::InstallAgent, _) => plan(model, Request::InstallAgent),
        (Command::Restart, _) => {
            let workloads = subject.map(|subject| target::workloads(inventory, &subject)).unwrap_or_default();
            restart(model, workloads);
        }
        (Command::Associate, Some(id)) => ask_for_role(model, Purpose::Associate, id),
        (Command::Annotate, Some(id)) => ask_for_role(model, Purpose::Annotate, id),
        (Command::Dissociate, Some(id)) => {
            let association = subject.as_ref().and_then(|subject| target::association(inventory, subject));
            let target = association.map_or_else(|| id.into(), |association| association.id.clone().into());
            plan(model, Request::Dissociate(target));
        }
        (Command::RemoveAnnotation, Some(id)) => plan(model, Request::Annotate(id, None)),
        _ => {}
    }
}

/// Shows the plan for a request.
pub(super) fn plan(model: &mut Model, request: Request) {
    let cluster = model.cluster();
    let confirm = Confirm::new(request, &cluster.inventory, cluster.protected, model.now);
    model.measure.lines = 0;
    model.dialogs.push(Dialog::Confirm(Box::new(confirm)));
}

fn ask_for_role(model: &mut Model, purpose: Purpose, service_account: ServiceAccountId) {
    let form = RoleForm::new(purpose, service_account, model.inventory(), model.now);
    model.dialogs.push(Dialog::Role(Box::new(form)));
}

/// One workload goes straight to its plan; of several the person chooses.
fn restart(model: &mut Model, mut workloads: Vec<WorkloadId>) {
    workloads.retain(|workload| workload.kind.can_restart());
    if workloads.len() == 1 {
        return plan(model, Request::Restart(workloads));
    }
    let why = format!("{} workloads run here; Space leaves one out", workloads.len());
    model.dialogs.push(Dialog::Restart(RestartOffer::new(why, workloads)));
}
