//! One condition against one row. Buffers and the fuzzy matcher are kept per thread, so that
//! a key press over 100,000 rows allocates nothing.

use std::{cell::RefCell, ops::Range};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};
use regex::Regex;

use super::{
    Field, Fields,
    texts::{Hay, Texts},
};

/// What one term asks.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// A free word, fuzzy within one segment of the row's text.
    Fuzzy(Box<Atom>),
    /// A quoted word: literally within the row's text.
    Literal(Text),
    /// A field contains the text; or is the text, where it was quoted.
    Value(Field, Text, bool),
    /// A word of a field begins with this.
    Begins(Field, String),
    /// `namespace/name`, both exact.
    Pair(String, Field, String),
    /// A regular expression on a field, or on any name of the row.
    Expression(Option<Field>, Box<Regex>),
}

/// A text looked for without regard to case, unless it has capitals itself.
#[derive(Clone, Debug)]
pub(super) struct Text {
    text: String,
    sensitive: bool,
}

/// Whether the letters of a word stand in their order within one segment of an ASCII text.
fn is_within(text: &[u8], letters: &[u8]) -> bool {
    let mut found = 0;
    for letter in text {
        match letters.get(found) {
            Some(wanted) if letter == wanted => found += 1,
            Some(_) if *letter == b' ' => found = 0,
            Some(_) => {}
            None => break,
        }
    }
    found == letters.len()
}

impl Text {
    /// Smart case: capitals make it sensitive.
    pub(super) fn new(text: String) -> Self {
        let sensitive = text.bytes().any(|byte| byte.is_ascii_uppercase());
        Self { text, sensitive }
    }

    fn find(&self, within: &str) -> Option<usize> {
        if self.sensitive {
            return within.find(&self.text);
        }
        let (needle, hay) = (self.text.as_bytes(), within.as_bytes());
        let (first, last) = (needle.first()?.to_ascii_lowercase(), hay.len().checked_sub(needle.len())?);
        (0..=last).find(|start| {
            hay[*start].to_ascii_lowercase() == first && hay[*start..*start + needle.len()].eq_ignore_ascii_case(needle)
        })
    }

    fn is(&self, other: &str) -> bool {
        if self.sensitive { self.text == other } else { self.text.eq_ignore_ascii_case(other) }
    }

    /// Whether whatever contains this text contains the other.
    fn contains(&self, other: &Self) -> bool {
        other.find(&self.text).is_some()
    }

    /// Whether a role is compared by its path or ARN.
    fn is_long(&self) -> bool {
        self.text.contains(['/', ':'])
    }

    fn fits(&self, value: &str, whole: bool) -> bool {
        if whole { self.is(value) } else { self.find(value).is_some() }
    }

    /// A role is compared by its name, unless a path or an ARN is asked for.
    fn fits_role(&self, arn: &str, whole: bool) -> bool {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        self.fits(if self.is_long() { arn } else { name }, whole)
    }
}

/// What free regular expressions look at, one by one, so that `^` and `$` mean a whole name.
const NAMES: [Field; 4] = [Field::Name, Field::Namespace, Field::ServiceAccount, Field::Role];

impl Condition {
    /// A free word.
    pub(super) fn word(text: String, quoted: bool) -> Self {
        if quoted {
            return Self::Literal(Text::new(text));
        }
        let atom = Atom::new(&text, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy, false);
        Self::Fuzzy(Box::new(atom))
    }

    /// Whether the row's text must be read first.
    pub(super) fn needs_text(&self) -> bool {
        matches!(self, Self::Fuzzy(_) | Self::Literal(_) | Self::Expression(None, _))
    }

    /// Whether it asks about a field.
    pub(super) fn asks(&self, field: Field) -> bool {
        match self {
            Self::Value(own, ..) | Self::Begins(own, _) | Self::Expression(Some(own), _) => *own == field,
            Self::Pair(_, own, _) => *own == field || field == Field::Namespace,
            Self::Expression(None, _) => NAMES.contains(&field),
            Self::Fuzzy(_) | Self::Literal(_) => false,
        }
    }

    /// Whether every row that this one keeps is kept by the other.
    pub(super) fn narrows(&self, wider: &Self) -> bool {
        match (self, wider) {
            (Self::Fuzzy(own), Self::Fuzzy(other)) => {
                own.needle_text().chars().take(other.needle_text().len()).eq(other.needle_text().chars())
            }
            (Self::Literal(own), Self::Literal(other)) => own.contains(other),
            (Self::Value(field, own, false), Self::Value(asked, other, false)) => {
                field == asked && own.contains(other) && (*field != Field::Role || own.is_long() == other.is_long())
            }
            (Self::Value(field, own, true), Self::Value(asked, other, true)) => {
                field == asked && own.text == other.text
            }
            (Self::Pair(space, field, name), Self::Pair(other_space, asked, other)) => {
                (space, field, name) == (other_space, asked, other)
            }
            (Self::Expression(field, own), Self::Expression(asked, other)) => {
                field == asked && own.as_str() == other.as_str()
            }
            (Self::Begins(field, own), Self::Begins(asked, other)) => field == asked && own.starts_with(other.as_str()),
            _ => false,
        }
    }

    /// Whether a row fits.
    pub(super) fn fits(&self, row: &impl Fields, hay: Hay<'_>, scratch: &mut Scratch) -> bool {
        match self {
            Self::Fuzzy(atom) => scratch.fuzzy(atom, hay),
            Self::Literal(text) => text.find(hay.text).is_some(),
            Self::Value(Field::Role, text, whole) => any(row, Field::Role, |arn| text.fits_role(arn, *whole)),
            Self::Value(field, text, whole) => any(row, *field, |value| text.fits(value, *whole)),
            Self::Begins(field, begin) => any(row, *field, |value| begins(value, begin)),
            Self::Pair(namespace, field, name) => {
                any(row, Field::Namespace, |value| value == namespace) && any(row, *field, |value| value == name)
            }
            Self::Expression(Some(Field::Role), expression) => {
                any(row, Field::Role, |arn| expression_fits_role(expression, arn))
            }
            Self::Expression(Some(field), expression) => any(row, *field, |value| expression.is_match(value)),
            Self::Expression(None, expression) => {
                expression.is_match(hay.text)
                    || (is_anchored(expression) && NAMES.into_iter().any(|field| names_fit(row, field, expression)))
            }
        }
    }

    /// Adds the bytes of a cell that fit.
    pub(super) fn positions(
        &self,
        cell: &str,
        shown: Option<Field>,
        scratch: &mut Scratch,
        out: &mut Vec<Range<usize>>,
    ) {
        match self {
            Self::Fuzzy(atom) => scratch.fuzzy_positions(atom, cell, out),
            Self::Literal(text) => out.extend(text.find(cell).map(|at| at..at + text.text.len())),
            Self::Value(field, text, _) if shown == Some(*field) => {
                out.extend(text.find(cell).map(|at| at..at + text.text.len()));
            }
            Self::Begins(field, begin) if shown == Some(*field) && begins(cell, begin) => out.push(0..begin.len()),
            Self::Pair(_, field, _) if shown == Some(*field) => out.push(0..cell.len()),
            Self::Expression(field, expression) if field.is_none() || *field == shown => {
                let found = expression.find_iter(cell).filter(|found| !found.is_empty());
                out.extend(found.map(|found| found.range()));
            }
            _ => {}
        }
    }
}

fn any(row: &impl Fields, field: Field, mut fits: impl FnMut(&str) -> bool) -> bool {
    let mut found = false;
    row.field(field, &mut |value| found = found || fits(value));
    found
}

fn begins(value: &str, begin: &str) -> bool {
    value.as_bytes().get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin.as_bytes()))
}

/// Only an anchored expression can fit a name and not the text that the name stands in.
fn is_anchored(expression: &Regex) -> bool {
    expression.as_str().contains(['^', '$', '\\'])
}

fn names_fit(row: &impl Fields, field: Field, expression: &Regex) -> bool {
    any(row, field, |value| match field {
        Field::Role => expression.is_match(value.rsplit('/').next().unwrap_or(value)),
        _ => expression.is_match(value),
    })
}

fn expression_fits_role(expression: &Regex, value: &str) -> bool {
    let name = value.rsplit('/').next().unwrap_or(value);
    expression.is_match(name) || expression.is_match(value)
}

/// Buffers that live as long as the thread.
pub(super) struct Scratch {
    matcher: Matcher,
    letters: Vec<char>,
    indices: Vec<u32>,
    /// The text of the one row that is looked at, where nobody keeps the texts of all.
    pub(super) texts: Texts,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

impl Scratch {
    fn new() -> Self {
        let matcher = Matcher::new(Config::DEFAULT);
        Self { matcher, letters: Vec::new(), indices: Vec::new(), texts: Texts::default() }
    }

    /// Lends the buffers of this thread; a row that filters rows itself gets fresh ones.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => work(&mut scratch),
            Err(_) => work(&mut Self::new()),
        })
    }

    /// Whether the letters of a word stand in their order within one segment. What is not ASCII is left to the
    /// matcher, which knows that `a` is asked for where `ä` is written.
    fn fuzzy(&mut self, atom: &Atom, hay: Hay<'_>) -> bool {
        let needle = atom.needle_text();
        let sensitive = needle.chars().any(char::is_uppercase);
        let text = if sensitive { hay.text } else { hay.lower };
        match needle {
            Utf32Str::Ascii(letters) if text.is_ascii() => is_within(text.as_bytes(), letters),
            _ => text.split(' ').any(|segment| self.segment_fits(segment, needle, sensitive)),
        }
    }

    /// Greedy matching: linear, and whether it matches is the same.
    fn segment_fits(&mut self, segment: &str, needle: Utf32Str<'_>, sensitive: bool) -> bool {
        // `Atom::score` would set these; the greedy matcher is called directly.
        self.matcher.config.ignore_case = !sensitive;
        self.matcher.config.normalize = true;
        let hay = Utf32Str::new(segment, &mut self.letters);
        self.matcher.fuzzy_match_greedy(hay, needle).is_some()
    }

    /// Kubernetes and IAM names are ASCII; in other cells nothing is marked.
    fn fuzzy_positions(&mut self, atom: &Atom, cell: &str, out: &mut Vec<Range<usize>>) {
        if !cell.is_ascii() {
            return;
        }
        self.indices.clear();
        let hay = Utf32Str::Ascii(cell.as_bytes());
        if atom.indices(hay, &mut self.matcher, &mut self.indices).is_some() {
            out.extend(self.indices.iter().map(|index| *index as usize..*index as usize + 1));
        }
    }
}
