//! Something wrong in a configuration file: where, what, and what to do. The program goes on with defaults.

use std::fmt;

/// One problem of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file as the person knows it.
    pub file: String,
    /// Line, counted from 1; 0 where no line can be told.
    pub line: usize,
    /// Column of the line, in characters, counted from 1.
    pub column: usize,
    /// The line itself; empty where none can be told.
    pub excerpt: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

impl Problem {
    /// A problem at a byte offset of a text.
    pub fn at(file: &str, text: &str, offset: usize, what: impl Into<String>, next: impl Into<String>) -> Self {
        let before: String = String::from_utf8_lossy(&text.as_bytes()[..offset.min(text.len())]).into_owned();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let line = line_of(text, offset);
        let excerpt = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        Self { file: file.to_owned(), line, column, excerpt, what: what.into(), next: next.into() }
    }

    /// A problem of a whole file.
    pub fn of_file(file: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        let (what, next) = (what.into(), next.into());
        Self { file: file.to_owned(), line: 0, column: 0, excerpt: String::new(), what, next }
    }

    /// A text that is no TOML at all.
    pub fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        Self::at(file, text, offset, error.message(), "Correct the line; until then the defaults apply.")
    }

    /// The sentence, and below it the line with a caret under the place.
    pub fn pointed(&self) -> Vec<String> {
        let mut lines = vec![self.to_string()];
        if self.line > 0 {
            let number = self.line.to_string();
            // A tab before the place is kept, so that the caret stands below it wherever tabs lead.
            let lead: String =
                self.excerpt.chars().take(self.column - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
            lines.push(format!("  {number} | {}", self.excerpt));
            lines.push(format!("  {} | {lead}^", " ".repeat(number.len())));
        }
        lines
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}. {}", self.file, self.what, self.next),
            line => write!(out, "{} line {line}: {}. {}", self.file, self.what, self.next),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let text = "ascii = true\n\u{e9}t\u{e9} = 1\n  mouse = maybe\n";
        let problem = Problem::at("config.toml", text, text.find("maybe").unwrap_or_default(), "no", "Say yes.");
        assert_eq!((problem.line, problem.column), (3, 11));
        assert_eq!(
            problem.pointed(),
            ["config.toml line 3: no. Say yes.", "  3 |   mouse = maybe", "    |           ^"]
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_has_no_line() {
        let problem = Problem::of_file("config.toml", "permission denied", "Defaults apply until it can be read.");
        assert_eq!(problem.pointed(), ["config.toml: permission denied. Defaults apply until it can be read."]);
    }
}
