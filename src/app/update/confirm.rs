//! Enter in dialogs: a form leads to its plan, a plan to the lock if it is closed, and then to the operation.

use jiff::SignedDuration;

use super::{access, change, changed, clusters, command, lists, prove, why};
use crate::app::{
    availability::READ_ONLY,
    command::Command,
    dialog::{Dialog, Typed, account_form::AccountPurpose, request::Request, role_form::Purpose, unlock::Unlock},
    effect::Effect,
    lock::Lock,
    model::Model,
    operation::{Operation, OperationId},
    screen::Scroll,
    toast::ToastKind,
};
use crate::domain::{
    id::ServiceAccountId,
    plan::{Plan, owner::Owned, trust::mechanism},
};

/// Enter. Tells the command that was chosen in the palette and the filter behind its name.
pub(super) fn confirmed(model: &mut Model) -> Option<(Command, String)> {
    match model.dialogs.last() {
        Some(Dialog::Palette(_)) => return palette(model),
        Some(Dialog::Account(form)) => {
            let (purpose, chosen) = (form.purpose.clone(), form.chosen());
            account(model, purpose, chosen);
        }
        Some(Dialog::Role(form)) if form.is_elsewhere() => change::options(model),
        Some(Dialog::Options(form)) => match form.request(&model.clusters[model.active].inventory) {
            Ok(request) => change::plan(model, request),
            Err(failure) => model.say(ToastKind::Notice, failure.to_string()),
        },
        Some(Dialog::Role(form)) => {
            let request = form.request();
            role(model, request);
        }
        Some(Dialog::Clusters(_)) => clusters::confirmed(model),
        Some(Dialog::Confirm(_)) => plan(model),
        Some(Dialog::Unlock(_)) => unlock(model),
        Some(Dialog::Restart(offer)) => {
            let chosen = offer.chosen();
            restart(model, chosen);
        }
        Some(Dialog::Why(_)) => why::open(model),
        Some(Dialog::Prove(_)) => prove::confirmed(model),
        Some(Dialog::Access(_)) => access::confirmed(model),
        Some(Dialog::Changed(_)) => changed::confirmed(model),
        Some(Dialog::Copy(menu)) => {
            let text = menu.chosen().map(|offer| offer.text.clone()).unwrap_or_default();
            model.dialogs.pop();
            command::hand_out(model, &text);
        }
        Some(Dialog::Help(_) | Dialog::Operation(..)) => drop(model.dialogs.pop()),
        None => lists::keep_filter(model),
    }
    None
}

fn palette(model: &mut Model) -> Option<(Command, String)> {
    let Some(Dialog::Palette(palette)) = model.dialogs.last() else { return None };
    let chosen = palette.chosen();
    match chosen {
        Some(_) => drop(model.dialogs.pop()),
        None => model.say(ToastKind::Notice, "no command is called that: Esc closes"),
    }
    chosen
}

fn role(model: &mut Model, request: Option<Request>) {
    match request {
        Some(request) => change::plan(model, request),
        None => model.say(ToastKind::Notice, "no role is called that: type another part of its name, or a whole ARN"),
    }
}

/// A service account was chosen: for its role, or for the trust policy that is to admit it, or no longer.
fn account(model: &mut Model, purpose: AccountPurpose, chosen: Option<ServiceAccountId>) {
    let Some(id) = chosen else {
        return model.say(ToastKind::Notice, "no service account is called that: type all of it, NAMESPACE/NAME");
    };
    match purpose {
        AccountPurpose::Associate(None) => change::ask_for_role(model, Purpose::Associate, id),
        AccountPurpose::Associate(Some(role)) => change::plan(model, change::association(id, role)),
        AccountPurpose::TakeOut(role) => {
            let request = change::removal(model, role, id, None);
            change::plan(model, request);
        }
        AccountPurpose::Admit(role) => {
            let mechanism = mechanism(model.inventory(), &role, &id);
            change::plan(model, change::admission(role, id, mechanism));
        }
    }
}

fn restart(model: &mut Model, chosen: Vec<crate::domain::workload::WorkloadId>) {
    if chosen.is_empty() {
        return model.say(ToastKind::Notice, "no workload is chosen: Space chooses one, Esc leaves all as they are");
    }
    change::plan(model, Request::Restart(chosen));
}

/// Performs the plan in view, if nothing speaks against it.
fn plan(model: &mut Model) {
    let Some(Dialog::Confirm(confirm)) = model.dialogs.last() else { return };
    let plan = match (&confirm.plan, confirm.refusal()) {
        (Ok(plan), None) => plan.clone(),
        (_, refusal) => return model.say(ToastKind::Notice, refusal.unwrap_or_default()),
    };
    if confirm.asks_once_more() {
        return insist(model);
    }
    if let Some(running) = model.running() {
        let text = format!("operation {} is still at work: wait for it", running.id);
        return model.say(ToastKind::Notice, text);
    }
    match model.lock() {
        Lock::ReadOnly => model.say(ToastKind::Notice, READ_ONLY),
        lock if lock.is_open(model.now) => apply(model, plan),
        _ => ask_to_unlock(model, true),
    }
}

/// What another tool owns is changed here only if somebody says so once more.
fn insist(model: &mut Model) {
    let Some(Dialog::Confirm(confirm)) = model.dialogs.last_mut() else { return };
    confirm.insist();
    let sentence = confirm.owned.first().map(Owned::sentence).unwrap_or_default();
    model.measure.lines = 0;
    model.say(ToastKind::Notice, format!("{sentence}. Enter again does it here all the same"));
}

fn ask_to_unlock(model: &mut Model, then_confirm: bool) {
    let cluster = model.cluster();
    let context = cluster.title();
    let typed = cluster.protected.then(|| Typed::new(context.as_str()));
    let minutes = i64::from(model.settings.unlock_minutes.max(1));
    let unlock = Unlock { account: cluster.account(), context, minutes, typed, then_confirm };
    model.dialogs.push(Dialog::Unlock(unlock));
}

fn unlock(model: &mut Model) {
    let Some(Dialog::Unlock(unlock)) = model.dialogs.last() else { return };
    if let Some(typed) = unlock.typed.as_ref().filter(|typed| !typed.is_right()) {
        let text = format!("type {} to unlock it", typed.wanted);
        return model.say(ToastKind::Notice, text);
    }
    let (minutes, then_confirm, context) = (unlock.minutes, unlock.then_confirm, unlock.context.clone());
    let until = model.now.checked_add(SignedDuration::from_mins(minutes)).ok();
    model.cluster_mut().lock = Lock::Unlocked { until };
    model.dialogs.pop();
    model.say(ToastKind::Success, format!("{context} is unlocked for {minutes} minutes"));
    if then_confirm {
        plan(model);
    }
}

/// `W`: locks an open session again, or asks to unlock.
pub(super) fn toggle_lock(model: &mut Model) {
    if model.lock().is_open(model.now) {
        model.cluster_mut().lock = Lock::Locked;
        model.say(ToastKind::Success, "locked: nothing can be changed");
    } else {
        ask_to_unlock(model, false);
    }
}

/// Hands the plan out to be performed and shows its progress instead of the dialogs that led here.
fn apply(model: &mut Model, plan: Plan) {
    let operation = OperationId(model.operations.last().map_or(1, |last| last.id.0 + 1));
    let client_token = format!("rolecall-{}-{operation}", model.session);
    let cluster = model.cluster().id;
    model.operations.push(Operation::new(operation, cluster, plan.clone(), model.now));
    model.dialogs.clear();
    model.dialogs.push(Dialog::Operation(operation, Scroll::default()));
    model.measure.lines = 0;
    model.emit(Effect::Apply { cluster, operation, plan, client_token });
}
