//! A one-line input with its cursor, scrolled so that the cursor is always seen.

use ratatui::text::{Line, Span};

use crate::ui::{style::Paint, text};

/// The text with the cell of the cursor reversed; `cursor` counts characters, `None` hides it.
pub fn line(paint: &Paint<'_>, content: &str, cursor: Option<usize>, width: usize) -> Line<'static> {
    let Some(cursor) = cursor.filter(|_| width > 0) else {
        return Line::styled(text::fit(content, width), paint.plain());
    };
    let at = content.char_indices().nth(cursor).map_or(content.len(), |(at, _)| at);
    let (before, rest) = content.split_at(at);
    let mut after = rest.chars();
    let under = after.next().map_or_else(|| " ".to_owned(), |c| text::clean(&c.to_string()).into_owned());
    let wide = text::width(&under);
    let shown = text::tail(before, width.saturating_sub(wide));
    let room = width.saturating_sub(text::width(&shown) + wide);
    Line::from(vec![
        Span::styled(shown, paint.plain()),
        Span::styled(text::fit(&under, width), paint.cursor()),
        Span::styled(text::fit(after.as_str(), room), paint.plain()),
    ])
}

/// The column of the cursor within that line, for the terminal's own cursor.
pub fn cursor_column(content: &str, cursor: usize, width: usize) -> usize {
    let at = content.char_indices().nth(cursor).map_or(content.len(), |(at, _)| at);
    text::width(&content[..at]).min(width.saturating_sub(1))
}
