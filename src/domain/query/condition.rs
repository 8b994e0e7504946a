//! One condition against one row. Buffers and the fuzzy matcher are kept per thread, so that
//! a frame over 100,000 rows allocates nothing.

use std::{cell::RefCell, ops::Range};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};
use regex::Regex;

use super::{Field, Fields};

/// How well a row matches; higher is better, comparable within one query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub u32);

impl Score {
    /// The sum of two.
    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

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

    fn fits(&self, value: &str, whole: bool) -> bool {
        if whole { self.is(value) } else { self.find(value).is_some() }
    }

    /// A role is compared by its name, unless a path or an ARN is asked for.
    fn fits_role(&self, arn: &str, whole: bool) -> bool {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let long = self.text.contains(['/', ':']);
        self.fits(if long { arn } else { name }, whole)
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

    /// How well a row fits, if it does.
    pub(super) fn score(&self, row: &impl Fields, scratch: &mut Scratch) -> Option<Score> {
        let found = match self {
            Self::Fuzzy(atom) => return scratch.fuzzy(atom),
            Self::Literal(text) => text.find(&scratch.text).is_some(),
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
                expression.is_match(&scratch.text)
                    || (is_anchored(expression) && NAMES.into_iter().any(|field| names_fit(row, field, expression)))
            }
        };
        found.then_some(Score(0))
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
    text: String,
    /// The same in ASCII lower case.
    lower: String,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

impl Scratch {
    fn new() -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            letters: Vec::new(),
            indices: Vec::new(),
            text: String::new(),
            lower: String::new(),
        }
    }

    /// Lends the buffers of this thread; a row that filters rows itself gets fresh ones.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => work(&mut scratch),
            Err(_) => work(&mut Self::new()),
        })
    }

    /// Reads the text of a row.
    pub(super) fn read(&mut self, row: &impl Fields) {
        self.text.clear();
        row.text(&mut self.text);
        self.lower.clear();
        self.lower.push_str(&self.text);
        self.lower.make_ascii_lowercase();
    }

    /// The score of the first segment that matches; names stand first. Greedy matching: linear, and
    /// whether it matches is the same.
    fn fuzzy(&mut self, atom: &Atom) -> Option<Score> {
        let needle = atom.needle_text();
        let sensitive = needle.chars().any(char::is_uppercase);
        // `Atom::score` would set these; the greedy matcher is called directly.
        self.matcher.config.ignore_case = !sensitive;
        self.matcher.config.normalize = true;
        let text = if sensitive { &self.text } else { &self.lower };
        for segment in text.split(' ').filter(|segment| may_match(segment, needle)) {
            let hay = Utf32Str::new(segment, &mut self.letters);
            if let Some(score) = self.matcher.fuzzy_match_greedy(hay, needle) {
                return Some(Score(u32::from(score)));
            }
        }
        None
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

/// Whether the needle's letters occur in their order; rejects most rows before the matcher is set up.
fn may_match(segment: &str, needle: Utf32Str<'_>) -> bool {
    let Utf32Str::Ascii(needle) = needle else { return true };
    let mut rest = segment;
    let is_there = |letter: &u8| match rest.find(char::from(*letter)) {
        Some(at) => {
            rest = &rest[at + 1..];
            true
        }
        None => false,
    };
    needle.iter().all(is_there) || !segment.is_ascii()
}
