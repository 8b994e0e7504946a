//! The filter language (experience part 4): words, `ns:`, `sa:`, `role:`, `node:`, `now:`, `next:`,
//! `state:`, `image:`, `code:`, `severity:`, `!` negates, `~` a regular expression. The same on screen and in `--filter`.
//! A row is matched without allocating; rows are never changed here.

use std::fmt;

mod condition;
mod parse;
mod rows;
#[cfg(test)]
mod tests;
mod texts;

pub use rows::Within;
pub use texts::{Hay, Texts};

use condition::{Condition, Scratch};

/// What a term can ask about; the word before the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `ns:`
    Namespace,
    /// `sa:`
    ServiceAccount,
    /// `role:`, the role's ARN; a value without `/` and `:` is compared with its name.
    Role,
    /// `node:`
    Node,
    /// `now:`, a mechanism.
    Now,
    /// `next:`, a mechanism.
    Next,
    /// `state:`
    State,
    /// `image:`
    Image,
    /// `kind:` of a workload (`deploy`, `sts`, …) or of a node (`managed`, `fargate`, …).
    Kind,
    /// `name:` of the object of the row itself.
    Name,
    /// `code:` of a finding, or of those that concern the object of the row.
    Code,
    /// `severity:` of a finding, or of those that concern the object of the row.
    Severity,
}

impl Field {
    /// All of them, in the order the help shows.
    pub const ALL: [Self; 12] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::Role,
        Self::Node,
        Self::Now,
        Self::Next,
        Self::State,
        Self::Image,
        Self::Kind,
        Self::Name,
        Self::Code,
        Self::Severity,
    ];

    /// The word before the colon.
    pub fn word(self) -> &'static str {
        match self {
            Self::Namespace => "ns",
            Self::ServiceAccount => "sa",
            Self::Role => "role",
            Self::Node => "node",
            Self::Now => "now",
            Self::Next => "next",
            Self::State => "state",
            Self::Image => "image",
            Self::Kind => "kind",
            Self::Name => "name",
            Self::Code => "code",
            Self::Severity => "severity",
        }
    }

    /// The words that a value of this field may begin, where they are a closed set.
    pub fn vocabulary(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Now | Self::Next => Some(&MECHANISMS),
            Self::State => Some(&STATES),
            Self::Severity => Some(&SEVERITIES),
            _ => None,
        }
    }
}

const MECHANISMS: [&str; 9] =
    ["pod-identity", "irsa", "node-role", "static-keys", "profile", "custom-endpoint", "none", "mixed", "unknown"];

const SEVERITIES: [&str; 3] = ["error", "warning", "notice"];

const STATES: [&str; 7] = ["broken", "at-risk", "unknown", "depends", "drift", "ok", "loading"];

/// What a row must offer to be filtered.
pub trait Fields {
    /// Calls back with each value that the row has for a field, none where it has none.
    fn field(&self, field: Field, each: &mut dyn FnMut(&str));

    /// Appends what free words are searched in: segments separated by one space.
    fn text(&self, out: &mut String);
}

/// Why a filter cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct QueryError {
    /// Where, in characters, beginning with 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The text merely ends too early: on screen, somebody is still typing.
    pub incomplete: bool,
}

/// A parsed filter; the empty one matches every row.
#[derive(Clone, Debug, Default)]
pub struct Query {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    negated: bool,
    condition: Condition,
}

impl Query {
    /// Reads a filter.
    ///
    /// # Errors
    /// Says at which column an unknown field, an unknown word of a closed set, a broken regular
    /// expression, a missing value or an open quote stands.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Ok(Self { text: text.to_owned(), terms: parse::terms(text)? })
    }

    /// The filter as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every row matches because nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether any term asks about a field; what a row needs a longer look for.
    pub fn asks(&self, field: Field) -> bool {
        self.terms.iter().any(|term| term.condition.asks(field))
    }

    /// Whether the texts of rows must be at hand for [`Query::keeps`].
    pub fn needs_text(&self) -> bool {
        self.terms.iter().any(|term| term.condition.needs_text())
    }

    /// Whether every row that this filter keeps is kept by the other one too, as when a letter or a word was added.
    pub fn narrows(&self, wider: &Self) -> bool {
        self.terms.len() >= wider.terms.len()
            && self.terms.iter().zip(&wider.terms).all(|(own, other)| match (own.negated, other.negated) {
                (false, false) => own.condition.narrows(&other.condition),
                (true, true) => other.condition.narrows(&own.condition),
                _ => false,
            })
    }

    /// Whether a row matches all terms. Allocates nothing once a thread is warm.
    pub fn matches(&self, row: &impl Fields) -> bool {
        Scratch::with(|scratch| {
            let mut texts = std::mem::take(&mut scratch.texts);
            texts.clear();
            if self.needs_text() {
                texts.push(row);
            }
            let found = self.all_fit(row, texts.of(0), scratch);
            scratch.texts = texts;
            found
        })
    }

    /// The same for a row whose text is at hand.
    pub fn keeps(&self, row: &impl Fields, hay: Hay<'_>) -> bool {
        Scratch::with(|scratch| self.all_fit(row, hay, scratch))
    }

    fn all_fit(&self, row: &impl Fields, hay: Hay<'_>, scratch: &mut Scratch) -> bool {
        self.terms.iter().all(|term| term.condition.fits(row, hay, scratch) != term.negated)
    }

    /// Which bytes of one shown cell made the row match, ascending and without overlaps. `field` says what
    /// the cell shows; free words are looked for in every cell.
    pub fn highlights(&self, cell: &str, field: Option<Field>) -> Vec<std::ops::Range<usize>> {
        let mut found = Vec::new();
        Scratch::with(|scratch| {
            for term in self.terms.iter().filter(|term| !term.negated) {
                term.condition.positions(cell, field, scratch, &mut found);
            }
        });
        merged(found)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Query {}

impl std::str::FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

fn merged(mut ranges: Vec<std::ops::Range<usize>>) -> Vec<std::ops::Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<std::ops::Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}
