//! "May it do this?": the dialog, the question to IAM, its answer.

use crate::app::{
    dialog::{
        Dialog,
        access::{AccessForm, Asked},
    },
    effect::Effect,
    model::Model,
    target,
    toast::ToastKind,
};
use crate::{
    domain::{
        access::{Inquiry, Ruling, action, inquire},
        arn::Arn,
        id::ClusterId,
    },
    report::access,
};

/// Opens the dialog for what is selected.
pub(super) fn start(model: &mut Model) {
    let subject = model.subject().map(|subject| subject.object());
    let whom = subject.and_then(|subject| target::whom(model.inventory(), &subject));
    if let Some(whom) = whom {
        model.dialogs.push(Dialog::Access(Box::new(AccessForm::new(whom))));
        model.measure.lines = 0;
    }
}

/// Enter: asks IAM, if it is a question.
pub(super) fn confirmed(model: &mut Model) {
    let Some(Dialog::Access(form)) = model.dialogs.last() else { return };
    let (action, resource) = form.question();
    let action = match action::read(&action) {
        Ok(action) => action,
        Err(failure) => return model.say(ToastKind::Notice, failure.to_string()),
    };
    if resource.as_ref().is_some_and(|resource| resource.parse::<Arn>().is_err()) {
        let text = "what it is done on has to be an ARN, or nothing: after the action, with a space between";
        return model.say(ToastKind::Notice, text);
    }
    let whom = form.whom.clone();
    match inquire(model.inventory(), &whom, &action.name, resource.as_deref(), model.now) {
        Ok(inquiry) => ask(model, inquiry, action.doubt),
        Err(failure) => model.say(ToastKind::Notice, failure.to_string()),
    }
}

fn ask(model: &mut Model, inquiry: Inquiry, doubt: Option<String>) {
    if let Some(Dialog::Access(form)) = model.dialogs.last_mut() {
        form.asked = Asked::Waiting;
    }
    if let Some(doubt) = doubt {
        model.say(ToastKind::Notice, doubt);
    }
    let cluster = model.cluster().id;
    model.emit(Effect::AskAccess { cluster, inquiry });
    model.touch();
}

/// IAM answered. An answer to a question that is no longer in view is dropped.
pub(super) fn answered(model: &mut Model, id: ClusterId, inquiry: &Inquiry, ruling: &Ruling) {
    if model.cluster().id != id {
        return;
    }
    let lines = access::lines(inquiry, ruling, model.settings.ascii);
    let waits = |form: &AccessForm| form.asked == Asked::Waiting && asks(form, inquiry);
    for dialog in &mut model.dialogs {
        if let Dialog::Access(form) = dialog
            && waits(form)
        {
            form.asked = Asked::Answered(lines.clone());
        }
    }
    model.touch();
}

fn asks(form: &AccessForm, inquiry: &Inquiry) -> bool {
    let (action, resource) = form.question();
    action.eq_ignore_ascii_case(&inquiry.action) && resource == inquiry.resource
}
