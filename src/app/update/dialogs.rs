//! Moving, choosing and typing in dialogs.

use crate::app::{
    dialog::{Dialog, access::Asked},
    model::Model,
};

/// Moves the selection of the dialog, or scrolls it.
pub(super) fn move_by(model: &mut Model, rows: isize) {
    let (height, lines) = (model.body_height(), model.measure.lines);
    let (now, inventory) = (model.now, &model.clusters[model.active].inventory);
    match model.dialogs.last_mut() {
        Some(Dialog::Palette(palette)) => palette.cursor = moved(palette.cursor, rows, palette.found.len()),
        Some(Dialog::Account(form)) => form.move_by(rows),
        Some(Dialog::Role(form)) => form.move_by(rows, inventory, now),
        Some(Dialog::Options(form)) => form.move_by(rows),
        Some(Dialog::Clusters(picker)) => picker.cursor = moved(picker.cursor, rows, picker.found.len()),
        Some(Dialog::Copy(menu)) => menu.cursor = moved(menu.cursor, rows, menu.offers.len()),
        Some(Dialog::Why(why)) => why.cursor = moved(why.cursor, rows, why.found()),
        Some(Dialog::Access(form)) if !matches!(form.asked, Asked::Answered(_)) => {
            form.cursor = moved(form.cursor, rows, form.found.len());
        }
        Some(Dialog::Restart(offer)) => offer.cursor = moved(offer.cursor, rows, offer.workloads.len()),
        Some(dialog) => {
            if let Some(scroll) = dialog.scroll_mut() {
                scroll.by(rows, lines, height);
            }
        }
        None => {}
    }
}

fn moved(at: usize, rows: isize, count: usize) -> usize {
    at.saturating_add_signed(rows).min(count.saturating_sub(1))
}

/// Tab: completes the palette's text, else the next line.
pub(super) fn tab(model: &mut Model, forward: bool) {
    match model.dialogs.last_mut() {
        Some(Dialog::Palette(palette)) if forward => palette.complete(),
        Some(Dialog::Access(form)) if forward => form.complete(),
        Some(Dialog::Changed(form)) => {
            form.turn();
            model.measure.lines = 0;
        }
        _ => move_by(model, if forward { 1 } else { -1 }),
    }
}

/// Space: chooses the selected line of an offer, or leaves it out; shows who made changes, or hides it.
pub(super) fn choose(model: &mut Model) {
    match model.dialogs.last_mut() {
        Some(Dialog::Restart(offer)) => offer.toggle(),
        Some(Dialog::Changed(form)) => form.who = !form.who,
        _ => {}
    }
}

/// Shows the plan in view in the next format.
pub(super) fn next_format(model: &mut Model) {
    let inventory = &model.clusters[model.active].inventory;
    if let Some(Dialog::Confirm(confirm)) = model.dialogs.last_mut() {
        confirm.next_format(inventory);
        model.measure.lines = 0;
    }
}

/// What depends on the text of the dialog follows it.
pub(super) fn text_changed(model: &mut Model) {
    let (now, inventory) = (model.now, &model.clusters[model.active].inventory);
    match model.dialogs.last_mut() {
        Some(Dialog::Palette(palette)) => palette.search(),
        Some(Dialog::Clusters(picker)) => picker.search(),
        Some(Dialog::Account(form)) => form.search(),
        Some(Dialog::Role(form)) => form.search(inventory, now),
        Some(Dialog::Options(form)) => form.plan(inventory, now),
        Some(Dialog::Why(why)) => why.read(inventory),
        Some(Dialog::Access(form)) => form.search(),
        _ => {}
    }
}
