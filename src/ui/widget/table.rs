//! Columns of a list: widths from the room there is, one line for one row. Draws only the
//! rows it is given; never asks how many there are.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    config::theme::Meaning,
    domain::identity::State,
    ui::{style::Paint, text, widget::row::Row},
};

/// Marker, glyph and a space before the first column.
const LEAD: usize = 3;

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Always this many cells.
    Fixed(usize),
    /// This share of what the fixed ones leave.
    Share(usize),
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub title: &'static str,
    /// How wide it is.
    pub width: Width,
    /// Numbers stand at the right.
    pub right: bool,
}

impl Column {
    /// A column of fixed width.
    pub const fn fixed(title: &'static str, width: usize) -> Self {
        Self { title, width: Width::Fixed(width), right: false }
    }

    /// A column that takes a share of the rest.
    pub const fn share(title: &'static str, share: usize) -> Self {
        Self { title, width: Width::Share(share), right: false }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, width: usize) -> Self {
        Self { title, width: Width::Fixed(width), right: true }
    }
}

/// What stands in one column of one row.
#[derive(Clone, Debug)]
pub enum Cell {
    /// A text in one style.
    Text(String, Style),
    /// A text with the matched characters highlighted.
    Marked(String, Style, Vec<Range<usize>>),
    /// A text that is cut before the note after it is.
    Noted(String, &'static str, Style),
    /// Spans that are exactly as wide as they should be.
    Spans(Vec<Span<'static>>),
}

/// One row.
#[derive(Clone, Debug)]
pub struct TableRow {
    /// Its state: glyph and word. Lists without states have none.
    pub state: Option<State>,
    /// It is marked with `Space`.
    pub marked: bool,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// The cells of each column in `total`, one cell of gap between two.
pub fn widths(columns: &[Column], total: usize) -> Vec<usize> {
    let gaps = columns.len().saturating_sub(1);
    let fixed: usize =
        columns.iter().map(|column| if let Width::Fixed(width) = column.width { width } else { 0 }).sum();
    let shares: usize =
        columns.iter().map(|column| if let Width::Share(share) = column.width { share } else { 0 }).sum();
    let rest = total.saturating_sub(LEAD + gaps + fixed);
    let (mut taken, mut given) = (0, 0);
    let width = |column: &Column| match column.width {
        Width::Fixed(width) => width,
        Width::Share(share) => {
            taken += share;
            let width = rest * taken / shares.max(1) - given;
            given += width;
            width
        }
    };
    columns.iter().map(width).collect()
}

/// The line of titles.
pub fn head(paint: &Paint<'_>, columns: &[Column], widths: &[usize], total: usize) -> Line<'static> {
    let mut row = Row::new(total).to(LEAD);
    for (index, (column, width)) in columns.iter().zip(widths).enumerate() {
        row = gap(row, index);
        row = match column.right {
            true => row.column_right(column.title, *width, paint.muted()),
            false => row.column(column.title, *width, paint.muted()),
        };
    }
    row.line()
}

fn gap(row: Row, index: usize) -> Row {
    let column = row.used() + usize::from(index > 0);
    row.to(column)
}

/// Draws one row; the selected one has `>` and the style of the selection over all of it.
pub fn draw_row(
    paint: &Paint<'_>,
    buffer: &mut Buffer,
    area: Rect,
    columns: (&[Column], &[usize]),
    row: TableRow,
    selected: bool,
    ascii: bool,
) {
    let total = usize::from(area.width);
    let marker = if selected {
        ">"
    } else if row.marked {
        "+"
    } else {
        " "
    };
    let mut line = Row::new(total).put(marker, if marker == " " { paint.plain() } else { paint.key() });
    if let Some(state) = row.state {
        line = line.put(&state.glyph(ascii).to_string(), paint.state(state));
    }
    if row.marked && selected {
        line = line.to(LEAD - 1).put("+", paint.key());
    }
    line = line.to(LEAD);
    for (index, (cell, (column, width))) in row.cells.into_iter().zip(columns.0.iter().zip(columns.1)).enumerate() {
        line = put_cell(gap(line, index), cell, column.right, *width, paint);
    }
    buffer.set_line(area.x, area.y, &line.line(), area.width);
    if selected {
        buffer.set_style(Rect { height: 1, ..area }, paint.selection());
    }
}

fn put_cell(line: Row, cell: Cell, right: bool, width: usize, paint: &Paint<'_>) -> Row {
    let end = line.used() + width;
    match cell {
        Cell::Text(text, style) if right => line.column_right(&text, width, style),
        Cell::Text(text, style) => line.column(&text, width, style),
        Cell::Marked(text, style, matched) => {
            line.column_marked(&text, width, style, (&matched, paint.of(Meaning::Match)))
        }
        Cell::Noted(content, note, style) => {
            let room = width.saturating_sub(text::width(note));
            line.put(&text::fit(&content, room), style).put(note, paint.muted()).to(end)
        }
        Cell::Spans(spans) => line.spans(spans).to(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_the_design_stand_where_it_draws_them() {
        let columns = [
            Column::fixed("STATE", 8),
            Column::share("NAMESPACE", 10),
            Column::share("WORKLOAD", 19),
            Column::number("PODS", 5),
            Column::fixed(" NOW", 13),
            Column::fixed("NEXT", 12),
        ];
        let widths = widths(&columns, 74);
        assert_eq!(widths.iter().sum::<usize>() + LEAD + 5, 74);
        assert_eq!(&widths[..3], [8, 9, 19]);
    }

    #[test]
    fn too_little_room_leaves_no_negative_column() {
        let columns = [Column::fixed("A", 8), Column::share("B", 1), Column::share("C", 3)];
        assert_eq!(widths(&columns, 5), [8, 0, 0]);
    }
}
