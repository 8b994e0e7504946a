//! The menu of what can be copied: each with the beginning of its text.

use ratatui::{style::Style, text::Line};

use super::{Content, View, keys};
use crate::{
    app::{
        command::{Command, Context},
        dialog::copy::{CopyMenu, Offer},
    },
    ui::{scene::Scene, text, widget::row::Row},
};

/// Column where texts begin.
const TEXTS: usize = 36;

pub(super) fn content(scene: &Scene<'_>, menu: &CopyMenu, width: usize) -> Content {
    let lines = menu.offers.iter().enumerate();
    let body = lines.map(|(at, offer)| line(scene, offer, at == menu.cursor, width)).collect();
    let keys = keys(
        scene,
        Context::Dialog,
        &[(Command::Confirm, "copy"), (Command::MoveDown, "next"), (Command::Back, "close")],
    );
    let redacted = scene.model.settings.redact.then_some("Copied without names, account ids and ARNs.");
    let above = redacted.map(|words| Row::new(width).put(words, scene.paint.muted()).line()).into_iter().collect();
    Content { title: "Copy".to_owned(), above, body, below: Vec::new(), view: View::Around(menu.cursor), keys }
}

fn line(scene: &Scene<'_>, offer: &Offer, selected: bool, width: usize) -> Line<'static> {
    let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
    let row = row.put(offer.what, scene.paint.plain()).to(TEXTS).put(" ", Style::new());
    let lines = offer.text.lines().count();
    let note = if lines > 1 { format!("{lines} lines") } else { String::new() };
    let room = row.room().saturating_sub(text::width(&note) + 1);
    let first = offer.text.lines().find(|line| line.trim().len() > 1).unwrap_or_default();
    let row = row.put(&text::fit(first.trim(), room), scene.paint.muted()).end(&note, scene.paint.muted());
    if selected { row.filled(scene.paint.selection()) } else { row.line() }
}
