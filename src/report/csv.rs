//! CSV after RFC 4180: CRLF, quotes doubled, all columns. A cell that a spreadsheet would
//! run as a formula gets an apostrophe in front.

use super::column::{Columns, View};

/// Header and items.
pub(super) fn csv<T: Columns>(items: &[T], view: View<'_>) -> String {
    let mut out = line(T::COLUMNS.iter().map(|column| column.key.to_owned()));
    for item in items {
        out += &line(T::COLUMNS.iter().map(|column| harmless(column.text(item, view))));
    }
    out
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_or_breaks_are_quoted() {
        let cells = ["plain", "a,b", "say \"hi\"", "two\nlines", "", " edge "].map(str::to_owned);
        let expected = "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",,\" edge \"\r\n";
        assert_eq!(line(cells.into_iter()), expected);
    }

    #[test]
    fn a_formula_is_made_harmless() {
        assert_eq!(harmless("=cmd|' /C calc'!A0".into()), "'=cmd|' /C calc'!A0");
        assert_eq!(harmless("api".into()), "api");
    }
}
