//! The journal: reading it again, and the plans that are made from it. It is always read before a
//! plan, since other processes write it too.

use std::sync::Arc;

use super::{change, navigate};
use crate::app::{
    dialog::request::Request,
    effect::Effect,
    model::Model,
    screen::{
        Screen,
        journal::{JournalScreen, Purpose},
    },
    toast::ToastKind,
};
use crate::domain::{
    failure::Failure,
    journal::{History, Record},
};

/// Opens the page.
pub(super) fn show(model: &mut Model) {
    navigate::push(model, Screen::Journal(JournalScreen::default()));
    model.emit(Effect::ReadJournal);
}

/// `u` takes back the selected operation, elsewhere the newest that can be undone; `U` finishes the selected one,
/// elsewhere the newest that was interrupted or failed.
pub(super) fn read_for(model: &mut Model, undo: bool) {
    let id = model.recorded().map(|record| record.id.clone());
    model.purpose = Some(if undo { Purpose::Undo(id) } else { Purpose::Resume(id) });
    model.emit(Effect::ReadJournal);
}

/// Reads again what is in view.
pub(super) fn refresh(model: &mut Model) {
    if model.history.iter().any(|screen| matches!(screen, Screen::Journal(_))) {
        model.emit(Effect::ReadJournal);
    }
}

/// It was read.
pub(super) fn arrived(model: &mut Model, journal: Result<Arc<History>, Arc<Failure>>) {
    let purpose = model.purpose.take();
    match journal {
        Ok(journal) => {
            if !model.journal.as_ref().is_some_and(|known| *known == journal) {
                model.journal = Some(journal);
                model.touch();
            }
        }
        Err(failure) => return super::outside::failed(model, failure),
    }
    let Some(journal) = model.journal.clone() else { return };
    match purpose {
        Some(Purpose::Undo(id)) => plan(model, found(&journal, id, History::last_undoable), Request::Undo, "undo"),
        Some(Purpose::Resume(id)) => {
            plan(model, found(&journal, id, History::last_resumable), Request::Resume, "resume");
        }
        None => {}
    }
}

fn found(history: &History, id: Option<String>, newest: fn(&History) -> Option<&Record>) -> Option<Record> {
    id.map_or_else(|| newest(history), |id| history.record(&id)).cloned()
}

fn plan(model: &mut Model, record: Option<Record>, request: fn(Box<Record>) -> Request, what: &str) {
    match record {
        Some(record) => change::plan(model, request(Box::new(record))),
        None => model.say(ToastKind::Notice, format!("the journal has nothing to {what}")),
    }
}
