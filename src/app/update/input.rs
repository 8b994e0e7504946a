//! What comes from the terminal: keys to commands or into the focused field; a paste never is a command.

use super::{command, dialogs, lists, navigate};
use crate::{
    app::{
        command::{Command, Context},
        effect::Effect,
        field::Field,
        model::{Model, Size},
    },
    config::{key::Key, keymap::Lookup},
};

/// A key was pressed.
pub(super) fn pressed(model: &mut Model, key: Key) {
    let context = model.context();
    if context == Context::Text && model.pending.is_empty() && Field::takes(key) {
        return typed(model, |field| field.press(key));
    }
    model.pending.push(key);
    match model.keys.lookup(context, &model.pending) {
        Lookup::Found(found) => {
            model.pending.clear();
            command::run(model, found);
        }
        Lookup::Prefix(_) => model.touch(),
        Lookup::Nothing => unbound(model),
    }
}

/// An unfinished chord is forgotten; the key that ended it does nothing.
fn unbound(model: &mut Model) {
    let visible = model.pending.len() > 1;
    model.pending.clear();
    if visible {
        model.touch();
    }
}

/// A paste is one edit of the focused field; without one it is nothing.
pub(super) fn pasted(model: &mut Model, text: &str) {
    if model.context() == Context::Text {
        typed(model, |field| {
            field.insert(text);
            true
        });
    }
}

/// Edits the focused field and lets what depends on it follow.
fn typed(model: &mut Model, edit: impl FnOnce(&mut Field) -> bool) {
    model.touch();
    if let Some(dialog) = model.dialogs.last_mut() {
        let changed = dialog.field_mut().is_some_and(edit);
        if changed {
            dialogs::text_changed(model);
        }
        return;
    }
    let field = model.list_mut().and_then(|list| list.filter.editing.as_mut());
    if field.is_some_and(edit) {
        lists::filter_typed(model);
    }
}

/// The window has another size: the real screen may differ from what was drawn last.
pub(super) fn resized(model: &mut Model, width: u16, height: u16) {
    model.size = Size { width, height };
    model.measure.body = 0;
    model.touch();
    model.emit(Effect::Redraw);
}

/// The window has the focus again.
pub(super) fn focused(model: &mut Model) {
    model.touch();
}

/// The program is in the foreground again.
pub(super) fn resumed(model: &mut Model) {
    model.touch();
    model.emit(Effect::Redraw);
}

/// A click chooses a row of the list; on the chosen one it opens it.
pub(super) fn clicked(model: &mut Model, column: u16, row: u16) {
    let height = model.body_height();
    let Some(down) = model.measure.rows.and_then(|rows| rows.row_of(column, row)) else { return };
    let Some(list) = model.list_mut().filter(|list| list.filter.editing.is_none()) else { return };
    let at = list.view.window(height).offset + down;
    if at >= list.view.len() {
        return;
    }
    let again = list.view.is_chosen() && list.view.cursor() == at;
    list.view.select_at(at, height);
    model.touch();
    if again {
        command::run(model, Command::Open);
    }
}

/// The wheel moves what the movement keys move.
pub(super) fn scrolled(model: &mut Model, lines: i32) {
    navigate::move_by(model, isize::try_from(lines).unwrap_or_default());
}
