//! The beginnings of changes: each leads to a form or straight to its plan. Nothing is changed here.

use crate::app::{
    command::Command,
    dialog::{
        Dialog,
        account_form::{AccountForm, AccountPurpose},
        confirm::Confirm,
        options_form::OptionsForm,
        request::Request,
        restart::RestartOffer,
        role_form::{Purpose, RoleForm},
    },
    effect::Effect,
    model::Model,
    subject::Subject,
    target::{self, Admission},
};
use crate::domain::{
    id::{RoleArn, ServiceAccountId},
    identity::Mechanism,
    inventory::Wanted,
    plan::{
        associate::AssociateRequest,
        trust::{Narrow, TrustEdit, TrustRequest, removals},
    },
    workload::WorkloadId,
};

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
        (Command::Migrate, _) => {
            if let Some(request) = target::migration(model) {
                plan(model, Request::Migrate(request));
            }
        }
        (Command::Admit, _) => admit(model),
        (Command::TakeOut, _) => take_out(model),
        (Command::Associate, Some(id)) => ask_for_role(model, Purpose::Associate, id),
        (Command::Associate, None) => ask_for_account(model, subject.as_ref()),
        (Command::Retarget, Some(id)) => ask_for_role(model, Purpose::Retarget, id),
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
    let (cluster, rollouts) = (cluster.id, confirm.restarted());
    model.measure.lines = 0;
    model.dialogs.push(Dialog::Confirm(Box::new(confirm)));
    if !rollouts.is_empty() {
        // Always anew: they are shown as they are now.
        let wanted = Wanted { rollouts, ..Wanted::default() };
        model.emit(Effect::Read { cluster, wanted, selected: None });
    }
}

pub(super) fn ask_for_role(model: &mut Model, purpose: Purpose, service_account: ServiceAccountId) {
    let form = RoleForm::new(purpose, service_account, model.inventory(), model.now);
    model.dialogs.push(Dialog::Role(Box::new(form)));
}

/// All settings of the association whose role is being chosen. A role of another account can only be its target.
pub(super) fn options(model: &mut Model) {
    let Some(Dialog::Role(form)) = model.dialogs.last() else { return };
    let (id, chosen, elsewhere) = (form.service_account.clone(), form.role(), form.is_elsewhere());
    let (role, target) = if elsewhere { (None, chosen) } else { (chosen, None) };
    let form = OptionsForm::new(id, role, target, model.inventory(), model.now);
    model.dialogs.push(Dialog::Options(Box::new(form)));
}

/// The guided set-up where nothing selected is one service account: a namespace narrows the choice, a role is
/// the one it will be.
fn ask_for_account(model: &mut Model, subject: Option<&Subject>) {
    let (role, namespace) = match subject.map(Subject::object) {
        Some(Subject::Role(arn)) => (Some(arn), None),
        Some(Subject::Namespace(name)) => (None, Some(name)),
        _ => (None, None),
    };
    let form = AccountForm::new(AccountPurpose::Associate(role), namespace, model.inventory());
    model.dialogs.push(Dialog::Account(Box::new(form)));
}

/// Admits who refuses to be, or asks whom.
fn admit(model: &mut Model) {
    match target::admission(model) {
        Some(Admission::Of(role, id, mechanism)) => plan(model, admission(role, id, mechanism)),
        Some(Admission::Anybody(role)) => {
            let form = AccountForm::new(AccountPurpose::Admit(role), None, model.inventory());
            model.dialogs.push(Dialog::Account(Box::new(form)));
        }
        None => {}
    }
}

/// Takes out whose role lets it in, or asks whom.
fn take_out(model: &mut Model) {
    match target::removal(model) {
        Some(Admission::Of(role, id, mechanism)) => {
            let request = removal(model, role, id, Some(mechanism));
            plan(model, request);
        }
        Some(Admission::Anybody(role)) => {
            let form = AccountForm::new(AccountPurpose::TakeOut(role), None, model.inventory());
            model.dialogs.push(Dialog::Account(Box::new(form)));
        }
        None => {}
    }
}

/// The edit that takes a service account out of the statements of one mechanism, or of all that list it.
pub(super) fn removal(model: &Model, role_arn: RoleArn, id: ServiceAccountId, by: Option<Mechanism>) -> Request {
    let edits = removals(model.inventory(), &role_arn, &id, by, model.now);
    Request::Trust(TrustRequest { role_arn, edits })
}

/// The edit that admits a service account to a role.
pub(super) fn admission(role_arn: RoleArn, id: ServiceAccountId, mechanism: Mechanism) -> Request {
    let edits = vec![TrustEdit::admit(mechanism, id, Narrow::default())];
    Request::Trust(TrustRequest { role_arn, edits })
}

/// An association, with the edit of the trust policy where it is needed.
pub(super) fn association(id: ServiceAccountId, role: RoleArn) -> Request {
    Request::Associate(AssociateRequest { fix_trust: Some(Narrow::default()), ..AssociateRequest::new(id, role) })
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
