//! Lines in an area, from an offset on, with a word about what lies above and below.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::ui::{style::Paint, text};

/// The offset that may really be used: the last line never leaves the lower edge.
pub fn clamped(offset: usize, lines: usize, height: u16) -> usize {
    offset.min(lines.saturating_sub(usize::from(height)))
}

/// The offset that shows line `selected`, with a little of what follows where possible.
pub fn following(selected: usize, lines: usize, height: u16) -> usize {
    let height = usize::from(height).max(1);
    clamped((selected + height.min(3)).saturating_sub(height), lines, height as u16)
}

/// The offset that shows line `selected` and what hangs on it: some lines, at most half a window.
pub fn around(selected: usize, lines: usize, height: u16) -> usize {
    const MOST: usize = 9;
    let height = usize::from(height);
    clamped((selected + MOST.min(height / 2)).saturating_sub(height), lines, height as u16)
}

/// Draws the lines from `offset` on. What does not fit is announced in the last or first cells
/// at the right: `12 more` below, `^` above.
pub fn draw(paint: &Paint<'_>, buffer: &mut Buffer, area: Rect, lines: &[Line<'static>], offset: usize) {
    let offset = clamped(offset, lines.len(), area.height);
    for (y, line) in (area.top()..area.bottom()).zip(lines.iter().skip(offset)) {
        buffer.set_line(area.x, y, line, area.width);
    }
    let below = lines.len().saturating_sub(offset + usize::from(area.height));
    if area.height > 1 && below > 0 {
        note(paint, buffer, area, area.bottom() - 1, &format!(" {below} more "));
    }
    if area.height > 1 && offset > 0 {
        note(paint, buffer, area, area.top(), &format!(" {offset} above "));
    }
}

fn note(paint: &Paint<'_>, buffer: &mut Buffer, area: Rect, y: u16, words: &str) {
    let wide = u16::try_from(text::width(words)).unwrap_or(u16::MAX);
    if wide < area.width {
        buffer.set_string(area.right() - wide, y, words, paint.muted());
    }
}
