//! Moving, opening, going back. Esc is layered and never leaves the program.

use super::{dialogs, lists, prove, trust};
use crate::app::{
    dialog::Dialog,
    effect::Effect,
    model::Model,
    screen::{
        Screen,
        detail::{DetailScreen, Mark},
        list::{ListKind, ListScreen, Scope},
    },
    subject::Subject,
    target,
    toast::ToastKind,
    trail::Place,
    wait,
};

/// Longest history of pages; the oldest are forgotten.
const DEEPEST: usize = 64;

/// Moves the selection, or scrolls where nothing is selected.
pub(super) fn move_by(model: &mut Model, rows: isize) {
    let (height, lines, top) = (model.body_height(), model.measure.lines, model.measure.top);
    model.touch();
    if model.dialog().is_some() {
        return dialogs::move_by(model, rows);
    }
    match model.history.last_mut() {
        Some(Screen::Detail(detail)) => move_in(detail, rows, (lines, height, top)),
        Some(Screen::Trust(page)) => trust::move_by(page, &model.measure, rows, height),
        Some(Screen::List(_)) | None => {
            if let Some(list) = model.list_mut() {
                list.view.move_by(rows, height);
            }
        }
        Some(Screen::Journal(page)) => {
            let last = model.journal.as_ref().map_or(0, |journal| journal.records.len()).saturating_sub(1);
            page.cursor = page.cursor.saturating_add_signed(rows).min(last);
        }
        Some(screen) => {
            if let Some(scroll) = screen.scroll_mut() {
                scroll.by(rows, lines, height);
            }
        }
    }
}

/// One line goes from link to link; more than that, or where there are none, scrolls as well.
fn move_in(detail: &mut DetailScreen, rows: isize, (lines, height, top): (usize, usize, usize)) {
    let last = detail.links.len().saturating_sub(1);
    detail.cursor = detail.cursor.saturating_add_signed(rows).min(last);
    if rows.unsigned_abs() > 1 || detail.links.is_empty() {
        detail.scroll_by(rows, lines, height, top);
    }
}

/// Opens what is selected.
pub(super) fn open(model: &mut Model) {
    let chosen = match model.screen() {
        Some(Screen::Detail(detail)) => detail.link().map(|link| link.subject.clone()),
        Some(Screen::List(_)) | None => model.subject(),
        Some(_) => None,
    };
    let mark = chosen.as_ref().and_then(|subject| target::mark_of_finding(model.inventory(), subject));
    match chosen.map(|subject| subject.object()) {
        Some(Subject::Namespace(name)) => {
            let list = ListScreen::new(ListKind::ServiceAccounts, Scope::Namespace(name));
            push(model, Screen::List(Box::new(list)));
        }
        Some(subject) => open_page(model, subject, mark),
        None => {}
    }
}

/// The page of an object, on a hop of its chain; the page may have been there already, without the mark.
pub(super) fn open_page(model: &mut Model, subject: Subject, mark: Option<Mark>) {
    push(model, Screen::Detail(DetailScreen::new(subject)));
    if let Some(Screen::Detail(detail)) = model.history.last_mut() {
        detail.mark(mark);
    }
}

/// Opens a page; the one in view again is no new page.
pub(super) fn push(model: &mut Model, screen: Screen) {
    let again = model.history.last().is_some_and(|last| match (last, &screen) {
        (Screen::Doctor(_), Screen::Doctor(_))
        | (Screen::Operations(_), Screen::Operations(_))
        | (Screen::Journal(_), Screen::Journal(_))
        | (Screen::Overview(_), Screen::Overview(_)) => true,
        (Screen::Detail(last), Screen::Detail(new)) => last.subject == new.subject,
        _ => false,
    });
    if !again {
        leave(model);
        model.history.push(screen);
        let surplus = model.history.len().saturating_sub(DEEPEST);
        model.history.drain(..surplus);
        (model.measure.lines, model.measure.top, model.measure.longest) = (0, 0, 0);
    }
}

/// Opens a tab's list as it was left.
pub(super) fn go_to(model: &mut Model, kind: ListKind) {
    if model.tab != kind || !model.history.is_empty() {
        leave(model);
    }
    model.history.clear();
    model.tab = kind;
}

/// Remembers what is in view before something else is.
fn leave(model: &mut Model) {
    let here = here(model);
    model.trail.leave(here);
}

fn here(model: &Model) -> Place {
    Place::new(model.tab, &model.history)
}

/// `[` and `]`: to the place before or after, as it was left.
pub(super) fn travel(model: &mut Model, forward: bool) {
    let here = here(model);
    let place = if forward { model.trail.forward(here) } else { model.trail.back(here) };
    if let Some(place) = place {
        (model.tab, model.history) = (place.tab, place.pages);
        (model.measure.lines, model.measure.top, model.measure.longest) = (0, 0, 0);
    }
}

/// Closes the page in view; tells whether there was one.
fn rise(model: &mut Model) -> bool {
    let here = here(model);
    let was_open = model.history.pop().is_some();
    if was_open {
        model.trail.rise(here);
    }
    was_open
}

/// The next or previous tab; in dialogs and fields the next suggestion.
pub(super) fn tab(model: &mut Model, forward: bool) {
    if model.dialog().is_some() {
        dialogs::tab(model, forward);
    } else if model.list().is_some_and(|list| list.filter.editing.is_some()) {
        lists::complete_filter(model);
    } else {
        go_to(model, model.tab.neighbour(forward));
    }
}

/// Esc: an unfinished chord, then what is waited for, then the dialog, then failures on screen, then the filter, then marks, then the page.
pub(super) fn back(model: &mut Model) {
    if wait::stop(model)
        || model.dialogs.pop().is_some()
        || model.toasts.dismiss()
        || lists::leave_filter(model)
        || lists::unmark(model)
    {
        return;
    }
    if !rise(model) {
        let key = model.keys.label(crate::app::command::Command::Quit, model.context());
        let text = key
            .map_or_else(|| "this is the first page".to_owned(), |key| format!("this is the first page: {key} quits"));
        model.say(ToastKind::Notice, text);
    }
}

/// `q`: closes the dialog or page; leaves from a tab's list.
pub(super) fn close(model: &mut Model) {
    if model.dialogs.pop().is_none() && !rise(model) {
        model.emit(Effect::Quit);
    }
}

/// Ctrl-c: stops an operation between its steps, else closes what is open, else leaves.
pub(super) fn cancel(model: &mut Model) {
    if let Some(operation) = model.operations.iter_mut().find(|operation| operation.is_running()) {
        let id = operation.id;
        operation.cancelling = true;
        model.emit(Effect::Cancel(id));
        return model.say(ToastKind::Notice, format!("operation {id} stops before its next step"));
    }
    if prove::stop(model) {
        return;
    }
    if model.dialogs.is_empty() && !lists::leave_filter_line(model) {
        return model.emit(Effect::Quit);
    }
    model.dialogs.clear();
}

/// Whether a dialog shows this operation.
pub(super) fn shows_operation(dialog: &Dialog, id: crate::app::operation::OperationId) -> bool {
    matches!(dialog, Dialog::Operation(shown, _) if *shown == id)
}
