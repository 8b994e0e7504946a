//! Something wrong in a configuration file: where, what, and what to do. The program goes on with defaults.

use std::fmt;

/// One problem of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file as the person knows it.
    pub file: String,
    /// Line, counted from 1; 0 where no line can be told.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

impl Problem {
    /// A problem at a byte offset of a text.
    pub fn at(file: &str, text: &str, offset: usize, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: line_of(text, offset), what: what.into(), next: next.into() }
    }

    /// A text that is no TOML at all.
    pub fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        Self::at(file, text, offset, error.message(), "Correct the line; until then the defaults apply.")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} line {}: {}. {}", self.file, self.line, self.what, self.next)
    }
}

/// The line, counted from 1, that a byte offset lies in.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The known name that is most like a wrong one, if any is near.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
