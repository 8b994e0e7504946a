//! WHY and FIX of a selection: why its state is what it is, in a sentence or two, and what
//! may be done, each with the key that does it.

use ratatui::text::Line;

use crate::{
    domain::inventory::{Fix, FixAction, Story},
    ui::{style::Paint, text, widget::row::Row},
};

/// Column where the sentences begin.
const INDENT: usize = 5;

/// The key that does a fix, if a key does.
pub type KeyOf<'a> = &'a dyn Fn(FixAction) -> Option<String>;

/// A label at the left and sentences beside it, at most `most` lines.
pub fn labelled(paint: &Paint<'_>, label: &str, sentences: &[String], width: usize, most: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(INDENT);
    let mut lines = Vec::new();
    for sentence in sentences {
        for part in text::wrap(sentence, room, most.saturating_sub(lines.len())) {
            let label = if lines.is_empty() { label } else { "" };
            lines.push(Row::new(width).column(label, INDENT, paint.title()).put(&part, paint.plain()).line());
        }
    }
    lines
}

/// Why, at most `most` lines.
pub fn why(paint: &Paint<'_>, story: &Story, width: usize, most: usize) -> Vec<Line<'static>> {
    labelled(paint, "WHY", &story.why, width, most)
}

/// What may be done, at most `most` lines.
pub fn fixes(paint: &Paint<'_>, story: &Story, key: KeyOf<'_>, width: usize, most: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for fix in &story.fixes {
        let left = most.saturating_sub(lines.len());
        let first = lines.is_empty();
        lines.extend(fix_lines(paint, fix, key, width, left, first));
    }
    lines
}

fn fix_lines(
    paint: &Paint<'_>,
    fix: &Fix,
    key: KeyOf<'_>,
    width: usize,
    most: usize,
    first: bool,
) -> Vec<Line<'static>> {
    let key = key(fix.action).map_or_else(String::new, |key| format!("{key}  "));
    let column = INDENT + text::width(&key);
    let parts = text::wrap(&fix.text, width.saturating_sub(column), most);
    let line = |(index, part): (usize, &String)| {
        let label = if first && index == 0 { "FIX" } else { "" };
        let shown = if index == 0 { key.as_str() } else { "" };
        Row::new(width)
            .column(label, INDENT, paint.title())
            .column(shown, column - INDENT, paint.key())
            .put(part, paint.plain())
            .line()
    };
    parts.iter().enumerate().map(line).collect()
}
