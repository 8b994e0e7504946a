//! Filter, order, folding and freezing of the list in view.

use super::outside;
use crate::app::{
    complete::complete, field::Field, model::Model, row::Row, screen::list::ListScreen, sort::SortKey, toast::ToastKind,
};

/// Gives the filter line the focus.
pub(super) fn start_filter(model: &mut Model) {
    if let Some(list) = model.list_mut() {
        let text = list.filter.query.as_str().to_owned();
        list.filter.editing = Some(Field::new(&text));
        list.filter.before = text;
    }
}

/// Rows follow the text as it is typed.
pub(super) fn filter_typed(model: &mut Model) {
    if let Some(list) = model.list_mut() {
        let text = list.filter.text();
        list.filter.set(&text);
    }
}

/// Tab: completes the last word, or where there is nothing to complete keeps the filter.
pub(super) fn complete_filter(model: &mut Model) {
    let text = model.list().and_then(|list| list.filter.editing.as_ref()).map(Field::text).unwrap_or_default();
    let Some(completed) = complete(&text, model.inventory()) else { return keep_filter(model) };
    if let Some(list) = model.list_mut() {
        list.filter.editing = Some(Field::new(&completed));
    }
    filter_typed(model);
}

/// Filters the list in view by a text; one that cannot be understood says why.
pub(super) fn filter_by(model: &mut Model, text: &str) {
    let Some(list) = model.list_mut() else { return };
    list.filter.set(text);
    if let Some(error) = list.filter.error.take() {
        model.say(ToastKind::Notice, format!("filter: {error}"));
    }
}

/// Enter: the filter stays, the keys go to the list again. One that cannot be understood says why and waits.
pub(super) fn keep_filter(model: &mut Model) {
    let Some(list) = model.list_mut() else { return };
    match &list.filter.error {
        Some(error) => {
            let text = format!("filter: {error}");
            model.say(ToastKind::Notice, text);
        }
        None => list.filter.editing = None,
    }
}

/// Esc: while typing, what was there before; else no filter. Tells whether there was anything to leave.
pub(super) fn leave_filter(model: &mut Model) -> bool {
    if leave_filter_line(model) {
        return true;
    }
    let Some(list) = model.list_mut() else { return false };
    let filtered = !list.filter.query.is_empty();
    if filtered {
        list.filter.set("");
    }
    filtered
}

/// Takes the focus from the filter line and brings back what was there; tells whether it had it.
pub(super) fn leave_filter_line(model: &mut Model) -> bool {
    let Some(list) = model.list_mut() else { return false };
    let editing = list.filter.editing.take().is_some();
    if editing {
        let before = std::mem::take(&mut list.filter.before);
        list.filter.set(&before);
    }
    editing
}

/// Marks the selected row, or takes the mark away, and goes on to the next.
pub(super) fn mark(model: &mut Model) {
    let height = model.body_height();
    let Some(subject) = model.list().and_then(|list| list.view.subject().cloned()) else { return };
    let mark = (model.cluster().id, subject);
    match model.marks.iter().position(|marked| *marked == mark) {
        Some(at) => drop(model.marks.remove(at)),
        None => model.marks.push(mark),
    }
    if let Some(list) = model.list_mut() {
        list.view.move_by(1, height);
    }
}

/// Esc on a list: takes all marks away; tells whether there were any.
pub(super) fn unmark(model: &mut Model) -> bool {
    let marked = model.list().is_some() && !model.marks.is_empty();
    if marked {
        model.marks.clear();
    }
    marked
}

/// The next row: of those that match, or without a filter of those with trouble.
pub(super) fn next_match(model: &mut Model, forward: bool) {
    let height = model.body_height();
    let Some(list) = model.list_mut() else { return };
    let filtered = !list.filter.query.is_empty();
    match list.view.find(forward, |row: &Row| filtered || row.has_trouble()) {
        Some(at) => {
            list.view.select_at(at, height);
        }
        None => model.say(ToastKind::Notice, "no row here needs attention"),
    }
}

/// Folds pods by workload, or unfolds them; the selection goes to the workload of the pod, or to its first pod.
pub(super) fn fold(model: &mut Model) {
    let height = model.body_height();
    let Some(list) = model.list_mut() else { return };
    let selected = list.view.selected().cloned();
    list.folded = !list.folded;
    if !list.sorts().contains(&list.sort) {
        list.sort = SortKey::of(list.kind, list.folded)[0];
    }
    crate::app::settle::in_view(model);
    let Some(list) = model.list_mut() else { return };
    let wanted = selected.and_then(|row| counterpart(list, &row));
    if let Some(at) = wanted {
        list.view.select_at(at, height);
    }
}

fn counterpart(list: &ListScreen, selected: &Row) -> Option<usize> {
    let same = |row: &Row| match (row, selected) {
        (Row::Workload(row), Row::Pod(pod)) => row.id == pod.workload,
        (Row::Pod(row), Row::Workload(workload)) => row.id == workload.worst,
        _ => false,
    };
    (0..list.view.len()).find(|at| list.view.row(*at).is_some_and(same))
}

/// The next of the orders that the list offers.
pub(super) fn sort_next(model: &mut Model) {
    let Some(list) = model.list_mut() else { return };
    let sorts = list.sorts();
    let place = sorts.iter().position(|sort| *sort == list.sort).map_or(0, |place| (place + 1) % sorts.len());
    (list.sort, list.reverse) = (sorts[place], false);
}

/// The other way round.
pub(super) fn sort_reverse(model: &mut Model) {
    if let Some(list) = model.list_mut() {
        list.reverse = !list.reverse;
    }
}

/// Holds the view still, or lets everything in that waited.
pub(super) fn freeze(model: &mut Model) {
    match model.frozen.take() {
        Some(_) => outside::thaw(model),
        None => model.frozen = Some(model.now),
    }
}
