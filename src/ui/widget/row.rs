//! One line with a budget of cells: whatever is put into it is cleaned and cut, so that no
//! text can push another out of its column.

use std::ops::Range;

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::ui::text;

/// A line under construction.
#[derive(Clone, Debug)]
pub struct Row {
    spans: Vec<Span<'static>>,
    used: usize,
    width: usize,
}

impl Row {
    /// An empty line of `width` cells.
    pub fn new(width: usize) -> Self {
        Self { spans: Vec::new(), used: 0, width }
    }

    /// Cells that are left.
    pub fn room(&self) -> usize {
        self.width.saturating_sub(self.used)
    }

    /// Cells that are taken.
    pub fn used(&self) -> usize {
        self.used
    }

    fn push(&mut self, shown: String, style: Style) {
        self.used += text::width(&shown);
        if !shown.is_empty() {
            self.spans.push(Span::styled(shown, style));
        }
    }

    /// Appends a text, cut to what is left.
    #[must_use]
    pub fn put(mut self, content: &str, style: Style) -> Self {
        let shown = text::fit(content, self.room());
        self.push(shown, style);
        self
    }

    /// Appends a text only if all of it fits.
    #[must_use]
    pub fn put_whole(self, content: &str, style: Style) -> Self {
        if text::width(content) <= self.room() { self.put(content, style) } else { self }
    }

    /// Appends a text in a column of its own width, cut at the end.
    #[must_use]
    pub fn column(mut self, content: &str, width: usize, style: Style) -> Self {
        let shown = text::left(content, width.min(self.room()));
        self.push(shown, style);
        self
    }

    /// Appends a text at the right edge of a column.
    #[must_use]
    pub fn column_right(mut self, content: &str, width: usize, style: Style) -> Self {
        let shown = text::right(content, width.min(self.room()));
        self.push(shown, style);
        self
    }

    /// Fills up with spaces to a column, counted from 0.
    #[must_use]
    pub fn to(mut self, column: usize) -> Self {
        let gap = column.min(self.width).saturating_sub(self.used);
        self.push(" ".repeat(gap), Style::new());
        self
    }

    /// Puts a text at the right end of the line, if all of it fits with a gap before it.
    #[must_use]
    pub fn end(self, content: &str, style: Style) -> Self {
        let wide = text::width(content);
        if wide == 0 || wide + usize::from(self.used > 0) > self.room() {
            return self;
        }
        let column = self.width - wide;
        self.to(column).put(content, style)
    }

    /// Appends spans that were cut to their width already; what does not fit is left out.
    #[must_use]
    pub fn spans(mut self, spans: Vec<Span<'static>>) -> Self {
        for span in spans {
            self = self.put(&span.content, span.style);
        }
        self
    }

    /// Appends a text in a column; the bytes in `marked` get the other style.
    #[must_use]
    pub fn column_marked(
        mut self,
        content: &str,
        width: usize,
        style: Style,
        marked: (&[Range<usize>], Style),
    ) -> Self {
        let width = width.min(self.room());
        let cut = text::width(content) > width;
        if marked.0.is_empty() || text::clean(content) != content {
            return self.column(content, width, style);
        }
        let shown = text::left(content, width);
        let end = if cut { shown.len().saturating_sub(text::CUT.len()) } else { shown.len() };
        for (index, c) in shown.char_indices() {
            let hit = index < end && marked.0.iter().any(|range| range.contains(&index));
            self.push_char(c, if hit { marked.1 } else { style });
        }
        self.used += text::width(&shown);
        self
    }

    fn push_char(&mut self, c: char, style: Style) {
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push(c),
            _ => self.spans.push(Span::styled(c.to_string(), style)),
        }
    }

    /// The finished line.
    pub fn line(self) -> Line<'static> {
        Line::from(self.spans)
    }

    /// The finished line, filled up to its width, with one style under all of it.
    pub fn filled(self, style: Style) -> Line<'static> {
        let width = self.width;
        self.to(width).line().style(style)
    }
}
