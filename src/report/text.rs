//! Text that may come from anybody: made harmless, measured and cut by the columns it takes.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Control characters, and characters that change the direction of a line or take no room.
pub(super) fn is_treacherous(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every treacherous character written out, e.g. `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_treacherous(letter) { out.extend(letter.escape_unicode()) } else { out.push(letter) }
    }
    Cow::Owned(out)
}

/// Lines in which every treacherous character but the line break is written out.
pub fn printable_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => printable(line).into_owned() + "\n",
            None => printable(line).into_owned(),
        })
        .collect()
}

/// JSON text in which treacherous characters are escapes; they can only stand inside strings.
pub(super) fn printable_json(json: String) -> String {
    let pretty = |letter: char| is_treacherous(letter) && letter != '\n';
    if !json.contains(pretty) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    let mut units = [0_u16; 2];
    for letter in json.chars() {
        if pretty(letter) {
            letter.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to a number of columns with an ellipsis.
pub(super) fn cut(text: &str, columns: usize, ascii: bool) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let dots = if ascii { ".." } else { "…" };
    let room = columns.saturating_sub(width(dots));
    let mut used = 0;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or(0);
        used <= room
    };
    let mut out: String = text.chars().take_while(fits).collect();
    out.push_str(&dots[..if columns == 0 { 0 } else { dots.len() }]);
    Cow::Owned(out)
}

/// The text, filled with spaces to a number of columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_or_turn_the_line_is_written_out() {
        assert_eq!(printable("api\u{1b}[2J"), r"api\u{1b}[2J");
        assert_eq!(printable("a\u{202e}b\u{9b}c\nd"), r"a\u{202e}b\u{9b}c\u{a}d");
        assert!(matches!(printable("größe 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_keeps_its_line_breaks_and_hides_the_rest_as_escapes() {
        assert_eq!(printable_json("{\n\"a\":\"\u{9b}\u{e0001}\"}".into()), "{\n\"a\":\"\\u009b\\udb40\\udc01\"}");
    }

    #[test]
    fn a_wide_character_is_never_cut_in_half() {
        assert_eq!(cut("日本語", 4, false), "日…");
        assert_eq!(cut("日本語", 5, false), "日本…");
        assert_eq!(cut("payments", 5, true), "pay..");
        assert_eq!(cut("payments", 8, false), "payments");
        assert_eq!(padded("日", 4), "日  ");
    }
}
