//! A pasted text without its wrapping: escapes of JSON and XML undone, colours and the frames of
//! tools removed, every run of white space one space. One pass; nothing is ever made longer.

use super::LONGEST;

/// The text to be searched, and the same in lower case.
pub(super) struct Wording {
    text: String,
    lower: String,
}

/// How far apart the words of one message may stand, in bytes.
const NEAR: usize = 900;
/// How many places of a word are looked at.
const PLACES: usize = 64;

impl Wording {
    /// Unwraps a text.
    pub(super) fn of(text: &str) -> Self {
        let text = unwrapped(cut(text, LONGEST));
        let lower = text.to_ascii_lowercase();
        Self { text, lower }
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether words in lower case stand in it.
    pub(super) fn has(&self, words: &str) -> bool {
        self.lower.contains(words)
    }

    /// Whether all of these stand in it near each other.
    pub(super) fn has_near(&self, words: &[&str]) -> bool {
        let Some((first, rest)) = words.split_first() else { return false };
        self.lower.match_indices(first).take(PLACES).any(|(at, _)| {
            let window = around(&self.lower, at, NEAR);
            rest.iter().all(|word| window.contains(word))
        })
    }
}

/// The text around a place, cut at characters.
fn around(text: &str, at: usize, reach: usize) -> &str {
    let start = text.floor_char_boundary(at.saturating_sub(reach));
    let end = text.floor_char_boundary(text.len().min(at.saturating_add(reach)));
    &text[start..end]
}

/// The beginning of a text, cut at a character.
pub(super) fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(text.len().min(longest))]
}

fn unwrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let taken = match letter {
            '\\' => unescaped(rest, &mut out),
            '&' => entity(rest, &mut out),
            '\u{1b}' => colour(rest),
            '│' | '╷' | '╵' => blank(letter, &mut out),
            _ if letter.is_whitespace() => blank(letter, &mut out),
            _ => {
                out.push(letter);
                letter.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

fn blank(letter: char, out: &mut String) -> usize {
    if !out.ends_with(' ') {
        out.push(' ');
    }
    letter.len_utf8()
}

/// A run of backslashes and what it stands before, nested however often: `\\\"` is a quote.
fn unescaped(rest: &str, out: &mut String) -> usize {
    let run = rest.bytes().take_while(|byte| *byte == b'\\').count();
    match rest[run..].chars().next() {
        Some(white @ ('n' | 'r' | 't')) => {
            blank(white, out);
        }
        Some('u') => return run + unicode(&rest[run..], out),
        Some(quote @ ('"' | '\'' | '/')) => out.push(quote),
        _ => return run,
    }
    run + 1
}

/// `u0026` after a backslash.
fn unicode(rest: &str, out: &mut String) -> usize {
    let found = rest.get(1..5).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
    match found {
        Some(letter) => {
            out.push(letter);
            5
        }
        None => {
            out.push('u');
            1
        }
    }
}

const ENTITIES: &[(&str, char)] =
    &[("&quot;", '"'), ("&#34;", '"'), ("&#39;", '\''), ("&apos;", '\''), ("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&')];

fn entity(rest: &str, out: &mut String) -> usize {
    match ENTITIES.iter().find(|(name, _)| rest.starts_with(name)) {
        Some((name, letter)) => {
            out.push(*letter);
            name.len()
        }
        None => {
            out.push('&');
            1
        }
    }
}

/// `ESC [ … m` leaves nothing.
fn colour(rest: &str) -> usize {
    let Some(after) = rest.strip_prefix("\u{1b}[") else { return 1 };
    let digits = after.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    let ends = after[digits..].bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    2 + digits + usize::from(ends)
}
