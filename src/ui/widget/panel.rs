//! The frame of a dialog: centred, cleared, with a title on its border and the keys that
//! answer it on the lower one.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Rect},
    text::Line,
    widgets::{Block, BorderType, Clear, Padding, Widget},
};

use crate::ui::{style::Paint, text, widget::row::Row};

/// Columns that border and padding take.
pub const CHROME_WIDTH: u16 = 4;
/// Rows that the border takes.
pub const CHROME_HEIGHT: u16 = 2;

/// Where a dialog of this content size stands in `area`; never outside it.
pub fn place(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.saturating_add(CHROME_WIDTH).min(area.width);
    let height = height.saturating_add(CHROME_HEIGHT).min(area.height);
    area.centered(Constraint::Length(width), Constraint::Length(height))
}

/// Clears the place, draws the border and returns what is inside.
pub fn draw(paint: &Paint<'_>, buffer: &mut Buffer, place: Rect, title: &str, keys: &[(String, String)]) -> Rect {
    Clear.render(place, buffer);
    let room = usize::from(place.width.saturating_sub(4));
    let block = Block::bordered()
        .border_type(BorderType::Plain)
        .border_style(paint.rule())
        .style(paint.plain())
        .padding(Padding::horizontal(1))
        .title_top(Line::styled(format!(" {} ", text::fit(title, room.saturating_sub(2))), paint.title()))
        .title_bottom(hints(paint, keys, room));
    let inside = block.inner(place);
    block.render(place, buffer);
    inside
}

/// Keys with their words, as many as fit; never half a hint.
pub fn hints(paint: &Paint<'_>, keys: &[(String, String)], width: usize) -> Line<'static> {
    let mut row = Row::new(width);
    for (key, word) in keys {
        let gap = if row.used() == 0 { 1 } else { 2 };
        if gap + text::width(key) + 1 + text::width(word) + 1 > row.room() {
            break;
        }
        let column = row.used() + gap;
        row = row.to(column).put(key, paint.key()).put(" ", paint.muted()).put(word, paint.muted());
    }
    if row.used() > 0 {
        row = row.put(" ", paint.muted());
    }
    row.line()
}
