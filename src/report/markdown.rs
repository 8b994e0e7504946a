//! A GitHub table: pipes and angle brackets escaped, so that a cell stays a cell.

use super::column::{Columns, View};

/// Header, rule and items.
pub(super) fn table<T: Columns>(items: &[T], view: View<'_>) -> String {
    let titles = T::COLUMNS.iter().map(|column| column.title.to_lowercase());
    let mut out = line(titles) + &line(T::COLUMNS.iter().map(|_| "---".to_owned()));
    for item in items {
        out += &line(T::COLUMNS.iter().map(|column| escaped(&column.text(item, view))));
    }
    out
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

fn escaped(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    for letter in cell.chars() {
        if matches!(letter, '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_leave_its_column_or_become_markup() {
        assert_eq!(escaped("a|b <img> *x*"), r"a\|b \<img\> \*x\*");
        assert_eq!(line(["a".to_owned(), String::new()].into_iter()), "| a |  |\n");
    }
}
