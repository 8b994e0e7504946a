//! Text from outside on its way to the screen: escaping, widths, truncation and wrapping, all
//! of it. Nothing else in `ui` measures or cuts strings. Names and annotations of a cluster are
//! untrusted: what cannot be seen is spelt out, what would move the cursor never gets through.

use std::{borrow::Cow, fmt::Write as _};

use unicode_segmentation::{Graphemes, UnicodeSegmentation};
use unicode_width::UnicodeWidthStr;

/// What stands where something was cut.
pub const CUT: &str = "..";

/// Scalars kept of one grapheme; more would be a pile of marks on one cell.
const LONGEST_CLUSTER: usize = 4;

/// Characters that draw nothing, reorder their neighbours, or look different in every font.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

fn escaped(cluster: &str) -> String {
    let mut out = String::new();
    for c in cluster.chars().take(LONGEST_CLUSTER) {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) || UnicodeWidthStr::width(c.encode_utf8(&mut [0; 4]) as &str) == 0 => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// One thing that takes cells on the screen, and how many.
struct Piece<'a> {
    text: Cow<'a, str>,
    width: usize,
}

impl<'a> Piece<'a> {
    fn new(cluster: &'a str) -> Self {
        let long = cluster.char_indices().nth(LONGEST_CLUSTER).map(|(at, _)| at);
        let kept = &cluster[..long.unwrap_or(cluster.len())];
        let width = kept.width();
        if width > 0 && !kept.chars().any(is_hidden) {
            return Self { text: Cow::Borrowed(kept), width };
        }
        let text = escaped(kept);
        Self { width: text.width(), text: Cow::Owned(text) }
    }
}

/// The pieces of a text, from both ends, made one at a time: a megabyte costs no more than what is shown.
struct Pieces<'a>(Graphemes<'a>);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        self.0.next().map(Piece::new)
    }
}

impl DoubleEndedIterator for Pieces<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(Piece::new)
    }
}

fn pieces(text: &str) -> Pieces<'_> {
    Pieces(text.graphemes(true))
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The whole text as it may be shown: hidden characters spelt out as `\u{..}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(pieces(text).map(|piece| piece.text.into_owned()).collect())
}

/// Cells that the cleaned text takes.
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { pieces(text).map(|piece| piece.width).sum() }
}

fn cut(width: usize) -> &'static str {
    &CUT[..width.min(CUT.len())]
}

/// Cleaned, and cut at the end (`user-ser..`) where it is wider than `width`.
pub fn fit(text: &str, width: usize) -> String {
    let room = width.saturating_sub(CUT.len());
    let (mut out, mut used, mut keep) = (String::new(), 0, 0);
    for piece in pieces(text) {
        if used + piece.width > width {
            out.truncate(keep);
            out.push_str(cut(width));
            return out;
        }
        used += piece.width;
        out.push_str(&piece.text);
        if used <= room {
            keep = out.len();
        }
    }
    out
}

fn take_back(text: &mut Pieces<'_>, room: usize) -> String {
    let (mut kept, mut used) = (Vec::new(), 0);
    while let Some(piece) = text.next_back() {
        if used + piece.width > room {
            break;
        }
        used += piece.width;
        kept.push(piece.text);
    }
    kept.into_iter().rev().collect()
}

fn is_wider(text: &str, limit: usize) -> bool {
    let mut used = 0;
    pieces(text).any(|piece| {
        used += piece.width;
        used > limit
    })
}

/// Cleaned, and cut at the beginning (`..:payments:api`) where it is wider than `width`.
pub fn tail(text: &str, width: usize) -> String {
    if !is_wider(text, width) {
        return clean(text).into_owned();
    }
    let room = width.saturating_sub(CUT.len());
    format!("{}{}", cut(width), take_back(&mut pieces(text), room))
}

/// [`tail`], cut before a colon or slash where one is near: `..:payments:api`.
pub fn tail_at_part(text: &str, width: usize) -> String {
    let cut = tail(text, width);
    let Some(kept) = cut.strip_prefix(CUT).filter(|_| cut != text) else {
        return cut;
    };
    match kept.find([':', '/']).filter(|at| *at <= kept.len() * 2 / 3) {
        Some(at) => format!("{CUT}{}", &kept[at..]),
        None => cut,
    }
}

/// Cleaned, and cut in the middle (`arn:aws..payments-api`) where it is wider than `width`:
/// the end of an ARN says more than its beginning.
pub fn middle(text: &str, width: usize) -> String {
    if !is_wider(text, width) {
        return clean(text).into_owned();
    }
    let room = width.saturating_sub(CUT.len());
    let mut rest = pieces(text);
    let (mut head, mut used) = (String::new(), 0);
    for piece in rest.by_ref() {
        if used + piece.width > room / 3 {
            break;
        }
        used += piece.width;
        head.push_str(&piece.text);
    }
    let back = take_back(&mut pieces(text), room - used);
    format!("{head}{}{back}", cut(width))
}

/// [`fit`], filled up with spaces on the right.
pub fn left(text: &str, width: usize) -> String {
    let mut out = fit(text, width);
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(out.width())));
    out
}

/// [`fit`], filled up with spaces on the left.
pub fn right(text: &str, width: usize) -> String {
    let out = fit(text, width);
    format!("{}{out}", " ".repeat(width.saturating_sub(out.width())))
}

/// Cleaned and broken into lines of at most `width`, at spaces where there are any. At most
/// `lines` of them; the last one shows if more was left.
pub fn wrap(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    if width == 0 || lines == 0 {
        return Vec::new();
    }
    for word in text.split(' ') {
        if out.len() > lines {
            break;
        }
        place(&mut out, word, width, lines);
    }
    if out.len() > lines {
        out.truncate(lines);
        if let Some(last) = out.last_mut() {
            *last = continued(last, width);
        }
    }
    out
}

/// A last line that says that more would follow.
fn continued(last: &str, width: usize) -> String {
    let used = last.width();
    if used + CUT.len() <= width {
        format!("{last}{CUT}")
    } else {
        fit(&format!("{last}{}", "-".repeat(CUT.len())), width)
    }
}

fn place(out: &mut Vec<String>, word: &str, width: usize, lines: usize) {
    let mut used = out.last().map_or(0, |line| line.as_str().width());
    let gap = usize::from(used > 0);
    if used > 0 && (used + gap > width || is_wider(word, width.saturating_sub(used + gap))) {
        out.push(String::new());
        used = 0;
    } else if gap == 1 {
        push(out, " ");
        used += 1;
    }
    for piece in pieces(word) {
        if used + piece.width > width && used > 0 {
            out.push(String::new());
            used = 0;
        }
        if out.len() > lines {
            return;
        }
        if piece.width <= width {
            push(out, &piece.text);
            used += piece.width;
        }
    }
}

fn push(out: &mut [String], text: &str) {
    if let Some(line) = out.last_mut() {
        line.push_str(text);
    }
}

/// What is left of a cleaned text without its first cells; half a wide character becomes a space.
pub fn after(text: &str, cells: usize) -> String {
    let (mut out, mut used) = (String::new(), 0);
    for piece in pieces(text) {
        if used >= cells {
            out.push_str(&piece.text);
        } else if used + piece.width > cells {
            out.push_str(&" ".repeat(used + piece.width - cells));
        }
        used += piece.width;
    }
    out
}

/// The text in parts of at most `width` cells, uncleaned: byte positions stay what they were.
pub fn chunks(text: &str, width: usize) -> Vec<&str> {
    let (mut parts, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let wide = Piece::new(cluster).width;
        if used + wide > width && at > start {
            parts.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += wide;
    }
    parts.push(&text[start..]);
    parts
}

/// `1204` as `1,204`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An age in its largest unit: `12s`, `4m`, `3h`, `21d`; `0s` for anything in the future.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..0 => "0s".to_owned(),
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The name of a role out of its ARN, or the text itself where it is none.
pub fn role_name(arn: &str) -> &str {
    arn.split_once(":role/").map_or(arn, |(_, rest)| rest.rsplit('/').next().unwrap_or(rest))
}

/// A sentence with the beginning that all subjects of service accounts share left out: `..:payments:api`.
pub fn short_subjects(sentence: &str) -> String {
    sentence.replace("system:serviceaccount:", "..:")
}

/// `1 pod`, `7 pods`.
pub fn plural(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// What stands for one of our glyphs, or for anything else that is not ASCII, under `--ascii`.
pub fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "│" | "┃" => "|",
        "─" | "━" => "-",
        "┬" | "┴" | "├" | "┤" | "┼" | "┌" | "┐" | "└" | "┘" | "╭" | "╮" | "╰" | "╯" => "+",
        "✗" => "x",
        "✓" => "+",
        "█" => "#",
        "▓" => "=",
        "▒" => ":",
        "░" => ".",
        "·" => ".",
        "▸" | "→" => ">",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_cut_at_the_end_with_two_dots() {
        assert_eq!(fit("user-service", 10), "user-ser..");
        assert_eq!(fit("api", 10), "api");
        assert_eq!(fit("payments", 8), "payments");
        assert_eq!(fit("payments", 1), ".");
        assert_eq!(fit("payments", 0), "");
    }

    #[test]
    fn an_arn_keeps_its_end() {
        assert_eq!(middle("arn:aws:iam::111122223333:role/payments-api", 22), "arn:aw..e/payments-api");
        assert_eq!(tail("system:serviceaccount:payments:api", 16), "..t:payments:api");
        assert_eq!(tail_at_part("system:serviceaccount:payments:api", 27), "..:payments:api");
        assert_eq!(tail_at_part("payments:api", 27), "payments:api");
        assert_eq!(role_name("arn:aws:iam::111122223333:role/team/payments-api"), "payments-api");
    }

    #[test]
    fn what_cannot_be_seen_is_spelt_out() {
        assert_eq!(clean("a\u{1b}[31mred"), "a\\u{1b}[31mred");
        assert_eq!(clean("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(clean("a\u{200b}b\n"), "a\\u{200b}b\\n");
        assert_eq!(clean("\u{301}a"), "\\u{301}a");
        assert_eq!(clean("caf\u{e9} 日本"), "café 日本");
    }

    #[test]
    fn a_pile_of_marks_takes_one_cell() {
        let pile = format!("a{}", "\u{301}".repeat(60_000));
        assert_eq!(width(&pile), 1);
        assert!(clean(&pile).len() < 20);
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_says_when_something_is_left() {
        assert_eq!(wrap("the trust policy admits payments", 12, 9), ["the trust", "policy", "admits", "payments"]);
        assert_eq!(wrap("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three.."]);
        assert_eq!(wrap("abcd  ", 4, 9).concat().trim(), "abcd");
        assert!(wrap("abcd   efgh", 4, 9).iter().all(|line| line.len() <= 4));
        assert_eq!(wrap("x", 0, 2), Vec::<String>::new());
    }

    #[test]
    fn numbers_and_ages_read_easily() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(age(-5), "0s");
        assert_eq!(age(59), "59s");
        assert_eq!(age(3_600), "1h");
        assert_eq!(age(3 * 86_400), "3d");
    }

    proptest! {
        #[test]
        fn truncation_never_exceeds_its_width(text in "\\PC{0,40}|[\\x00-\\x{2fff}]{0,40}|(a\u{301}{0,9}|日|\u{202e}|👩‍👩‍👧){0,20}", limit in 0_usize..40) {
            for cut in [fit(&text, limit), tail(&text, limit), middle(&text, limit), left(&text, limit), right(&text, limit)] {
                prop_assert!(cut.as_str().width() <= limit, "{cut:?} in {limit}");
                prop_assert!(!cut.chars().any(is_hidden), "{cut:?}");
            }
            for line in wrap(&text, limit, 4) {
                prop_assert!(line.as_str().width() <= limit, "{line:?} in {limit}");
            }
            prop_assert!(wrap(&text, limit, 4).len() <= 4);
        }
    }
}
