//! What changed, and what failed: the dialog, the lookups, their answers.

use crate::app::{
    dialog::{
        Dialog,
        changed::{ChangedForm, Events, Looked},
    },
    effect::Effect,
    model::Model,
    target,
};
use crate::domain::{id::ClusterId, trail};

/// Opens the dialog for what is selected.
pub(super) fn start(model: &mut Model) {
    let Some(subject) = model.subject().map(|subject| subject.object()) else { return };
    if let Ok(about) = target::trail(model.inventory(), &subject) {
        model.dialogs.push(Dialog::Changed(Box::new(ChangedForm::new(subject.to_string(), about))));
        model.measure.lines = 0;
    }
}

/// Enter: asks CloudTrail, once.
pub(super) fn confirmed(model: &mut Model) {
    let (now, cluster) = (model.now, model.cluster().id);
    let Some(Dialog::Changed(form)) = model.dialogs.last_mut() else { return };
    if form.looked == Looked::Waiting {
        return;
    }
    form.looked = Looked::Waiting;
    let (subject, lookups) = (form.subject.clone(), form.lookups(now));
    model.emit(Effect::LookUp { cluster, subject, lookups });
    model.touch();
}

/// CloudTrail answered; an answer that nobody waits for any more is dropped.
pub(super) fn answered(model: &mut Model, _: ClusterId, subject: &trail::Subject, found: Events) {
    let waits = |dialog: &&mut Dialog| matches!(dialog, Dialog::Changed(form) if form.looked == Looked::Waiting && form.subject == *subject);
    if let Some(Dialog::Changed(form)) = model.dialogs.iter_mut().find(waits) {
        form.looked = Looked::Found(found);
        model.measure.lines = 0;
        model.touch();
    }
}
