//! Aligned columns for people. Widths are those of the terminal, not of bytes or characters.

use super::{
    column::{Column, Columns, View},
    text,
};

/// However long a text is, its column is never wider.
const WIDEST: usize = 300;
/// Columns are not squeezed below this.
const NARROWEST: usize = 8;
/// Between columns.
const GAP: usize = 2;

/// Header and items; cut to `width` where one is given.
pub(super) fn table<T: Columns>(items: &[T], view: View<'_>, wide: bool, width: Option<usize>) -> String {
    let columns: Vec<&Column<T>> = T::COLUMNS.iter().filter(|column| wide || !column.wide).collect();
    let mut lines = vec![columns.iter().map(|column| column.title.to_owned()).collect::<Vec<_>>()];
    lines.extend(items.iter().map(|item| columns.iter().map(|column| column.text(item, view)).collect()));
    aligned(&lines, view.ascii, width)
}

/// Lines of cells, aligned.
pub(super) fn aligned(lines: &[Vec<String>], ascii: bool, width: Option<usize>) -> String {
    let count = lines.first().map_or(0, Vec::len);
    let widest = |index: usize| lines.iter().filter_map(|line| line.get(index)).map(|cell| text::width(cell)).max();
    let mut widths: Vec<usize> = (0..count).map(|index| widest(index).unwrap_or(0).min(WIDEST)).collect();
    if let Some(width) = width {
        squeeze(&mut widths, width);
    }
    lines.iter().map(|line| self::line(line, &widths, ascii)).collect()
}

/// Takes from the widest column, again and again, until they fit or nothing can be taken.
fn squeeze(widths: &mut [usize], width: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while excess > 0 {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > NARROWEST) else { return };
        *widest -= 1;
        excess -= 1;
    }
}

fn line(cells: &[String], widths: &[usize], ascii: bool) -> String {
    let mut out = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        out += &text::padded(&text::cut(cell, *width, ascii), width + GAP);
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Vec<String>> {
        [["NAME", "ROLE"], ["日本", "payments-api-development"], ["api", ""]]
            .map(|line| line.map(str::to_owned).to_vec())
            .to_vec()
    }

    #[test]
    fn columns_are_aligned_by_what_they_take_on_screen() {
        let expected = "NAME  ROLE\n日本  payments-api-development\napi\n";
        assert_eq!(aligned(&lines(), false, None), expected);
    }

    #[test]
    fn the_widest_column_gives_way() {
        let expected = "NAME  ROLE\n日本  payments-…\napi\n";
        assert_eq!(aligned(&lines(), false, Some(16)), expected);
    }

    #[test]
    fn an_enormous_cell_does_not_stretch_the_table() {
        let text = aligned(&[vec!["x".repeat(70_000), "y".to_owned()]], false, None);
        assert_eq!(text::width(text.trim_end()), WIDEST + GAP + 1);
    }
}
