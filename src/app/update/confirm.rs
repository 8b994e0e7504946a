//! Enter in dialogs: a form leads to its plan, a plan to the lock if it is closed, and then to the operation.

use jiff::SignedDuration;

use super::{change, lists, why};
use crate::app::{
    availability::READ_ONLY,
    command::Command,
    dialog::{Dialog, Typed, request::Request, unlock::Unlock},
    effect::Effect,
    lock::Lock,
    model::Model,
    operation::{Operation, OperationId},
    screen::Scroll,
    toast::ToastKind,
};
use crate::domain::plan::Plan;

/// Enter. Tells the command that was chosen in the palette and the filter behind its name.
pub(super) fn confirmed(model: &mut Model) -> Option<(Command, String)> {
    match model.dialogs.last() {
        Some(Dialog::Palette(_)) => return palette(model),
        Some(Dialog::Role(form)) => {
            let request = form.request();
            role(model, request);
        }
        Some(Dialog::Confirm(_)) => plan(model),
        Some(Dialog::Unlock(_)) => unlock(model),
        Some(Dialog::Restart(offer)) => {
            let chosen = offer.chosen();
            restart(model, chosen);
        }
        Some(Dialog::Why(_)) => why::open(model),
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
