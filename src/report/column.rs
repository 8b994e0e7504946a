//! Columns of a list: one table of them serves table, CSV and Markdown.

use serde::Serialize;

use super::{prove, redact::Redactor, text};
use crate::domain::{identity::State, proof::Proven};

/// How cells are made.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// Only ASCII glyphs.
    pub(super) ascii: bool,
    /// Words for machines: no glyphs, no `=`.
    pub(super) plain: bool,
    /// Replaces what must not leave.
    pub(super) redactor: Option<&'a Redactor>,
}

/// One column.
pub(super) struct Column<T: 'static> {
    /// Heading on screen.
    pub(super) title: &'static str,
    /// Heading in CSV; the path in the JSON.
    pub(super) key: &'static str,
    /// Only in `wide`, CSV and Markdown.
    pub(super) wide: bool,
    /// Its text for an item.
    pub(super) cell: fn(&T, View<'_>) -> String,
}

impl<T> Column<T> {
    /// One that every table shows.
    pub(super) const fn new(title: &'static str, key: &'static str, cell: fn(&T, View<'_>) -> String) -> Self {
        Self { title, key, wide: false, cell }
    }

    /// One that only the wide table shows.
    pub(super) const fn wide(title: &'static str, key: &'static str, cell: fn(&T, View<'_>) -> String) -> Self {
        Self { title, key, wide: true, cell }
    }

    /// The text of a cell, harmless and redacted.
    pub(super) fn text(&self, item: &T, view: View<'_>) -> String {
        let cell = (self.cell)(item, view);
        let cell = view.redactor.map_or(cell.clone(), |redactor| redactor.text(&cell));
        text::printable(&cell).into_owned()
    }
}

/// An item of a list.
pub(super) trait Columns: Serialize + Sized + 'static {
    /// Kind of the list, e.g. `PodList`.
    const LIST: &'static str;
    /// Its columns.
    const COLUMNS: &'static [Column<Self>];
}

/// A state with its glyph, or as a bare word.
pub(super) fn state(state: State, view: View<'_>) -> String {
    if view.plain { state.word().to_owned() } else { format!("{} {}", state.glyph(view.ascii), state.word()) }
}

/// What a live proof said: its verdict as data; for people in words, with the day and time.
pub(super) fn proven(proven: Option<&Proven>, view: View<'_>) -> String {
    let Some(proven) = proven else { return String::new() };
    match view.plain {
        true => proven.verdict.word().to_owned(),
        false => format!("{} {}", prove::word(proven), proven.at.strftime("%Y-%m-%d %H:%MZ")),
    }
}

/// What is there, or nothing.
pub(super) fn optional<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// The last part of an ARN, where people read; the whole in data.
pub(super) fn role(arn: Option<&crate::domain::id::RoleArn>, view: View<'_>) -> String {
    let Some(arn) = arn else { return String::new() };
    match (view.plain, arn.as_str().rsplit_once('/')) {
        (false, Some((_, name))) if arn.as_str().starts_with("arn:") => name.to_owned(),
        _ => arn.to_string(),
    }
}

/// `true` and `false` as data, `yes` and nothing for people.
pub(super) fn flag(value: bool, view: View<'_>) -> String {
    match (view.plain, value) {
        (true, _) => value.to_string(),
        (false, true) => "yes".to_owned(),
        (false, false) => "no".to_owned(),
    }
}
