//! A page of words: headings, and labels with their values below each other. Harmless and redacted
//! as a whole.

use super::{Redactor, text};

/// Lines with labels before their values.
pub(super) struct Page {
    lines: Vec<String>,
    ascii: bool,
}

/// Column of the values.
const INDENT: usize = 18;

impl Page {
    /// An empty page.
    pub(super) fn new(ascii: bool) -> Self {
        Self { lines: Vec::new(), ascii }
    }

    /// Whether only ASCII glyphs may be used.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// One line.
    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A label and its value.
    pub(super) fn pair(&mut self, label: &str, value: &str) {
        self.line(format!("{}{value}", text::padded(label, INDENT)));
    }

    /// A heading, with an empty line before it.
    pub(super) fn heading(&mut self, word: &str) {
        self.line("");
        self.line(word);
    }

    /// The text: redacted where asked for, and harmless.
    pub(super) fn finished(self, redactor: Option<&Redactor>) -> String {
        let line = |line: &String| {
            let line = redactor.map_or(line.clone(), |redactor| redactor.text(line));
            format!("{}\n", text::printable(line.trim_end()))
        };
        self.lines.iter().map(line).collect()
    }
}
