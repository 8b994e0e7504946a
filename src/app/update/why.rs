//! The dialog for a pasted AWS error: from its answer to the page of whom it is about.

use super::navigate;
use crate::app::{
    dialog::{Dialog, why::Why},
    model::Model,
    screen::{
        Screen,
        detail::{Lead, Mark},
    },
    toast::ToastKind,
};

/// What is said where a text is no error of AWS.
pub const NOTHING: &str = "nothing in this text is known: paste the whole line of the log, with the error of AWS";

/// Opens the dialog.
pub(super) fn start(model: &mut Model) {
    let page = match model.screen() {
        Some(Screen::Detail(detail)) => Some(&detail.subject),
        _ => None,
    };
    let why = Why::new(model.inventory(), page);
    model.dialogs.push(Dialog::Why(Box::new(why)));
    model.measure.lines = 0;
}

/// Enter: the chain of the one that is selected, on the hop that the error speaks of.
pub(super) fn open(model: &mut Model) {
    let Some(Dialog::Why(why)) = model.dialogs.last() else { return };
    let Some(answer) = &why.answer else { return model.say(ToastKind::Notice, NOTHING) };
    let Some(subject) = why.chosen() else {
        return model.say(ToastKind::Notice, "the text leads to nobody in this cluster: Esc closes");
    };
    let (mark, means) = (answer.hop.map(|hop| Mark { hop, by: Lead::Error }), answer.means.clone());
    model.dialogs.pop();
    navigate::open_page(model, subject, mark);
    model.say(ToastKind::Notice, means);
}
