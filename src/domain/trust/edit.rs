//! The smallest edits of a trust policy. Order, formatting and all other statements stay
//! byte for byte; every result is parsed and evaluated before anybody sees it; editing
//! twice changes nothing the second time.

mod admit;
mod list;
mod pod_identity;
mod show;
mod text;

use similar::TextDiff;

use super::decision::Verdict;
use super::document::Document;
use super::evaluate::evaluate;
use super::request::Request;

pub use admit::{admit, irsa_statement, repair};
pub use list::{is_listed, remove};
pub use pod_identity::{Narrowing, add_pod_identity_statement, narrow, pod_identity_statement};
pub use show::{difference, is_same, laid_out};

/// An edit that was checked: what the document was and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The document as it is; empty for a new document.
    pub before: String,
    /// The document as it will be.
    pub after: String,
    /// What happens, in one sentence.
    pub summary: String,
}

/// Why an edit cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// IAM would not save the document even without the edit.
    #[error("the policy has a mistake that has to be corrected by hand first: {0}")]
    Refused(String),
    /// The edit would not have the wanted effect.
    #[error("the edit would not be enough: {0}")]
    NotEnough(String),
    /// A pattern or an open statement admits the service account, not an entry of a list.
    #[error("{0} admits it together with others; narrow that statement instead")]
    TooOpen(String),
    /// IAM does not take a policy without statements.
    #[error("it is the only statement, and a trust policy needs one; delete or retarget the role instead")]
    LastStatement,
    /// There is no such statement, or it already has such a condition with other values.
    #[error("{0}")]
    Conflict(String),
    /// Undo: the document is not what the edit left behind.
    #[error("the policy was changed since; the edit is not undone")]
    ChangedSince,
}

impl Edit {
    fn nothing(document: &Document, summary: String) -> Self {
        let text = document.text().to_owned();
        Self { before: text.clone(), after: text, summary }
    }

    fn new(before: &str, after: &Document, summary: String) -> Self {
        Self { before: before.to_owned(), after: after.text().to_owned(), summary }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.before == self.after
    }

    /// The document before the edit, given what it is now.
    ///
    /// # Errors
    /// [`EditError::ChangedSince`] if `current` is not what the edit left.
    pub fn undo(&self, current: &str) -> Result<&str, EditError> {
        if current == self.after { Ok(&self.before) } else { Err(EditError::ChangedSince) }
    }

    /// The edit as a unified diff with three lines of context.
    pub fn diff(&self) -> String {
        let diff = TextDiff::from_lines(&self.before, &self.after);
        diff.unified_diff().header("before", "after").to_string()
    }
}

/// Parses an edited text; a mistake here would be ours, so it is an error, not a panic.
fn reparsed(text: &str) -> Result<Document, EditError> {
    let document = Document::parse(text).map_err(|error| EditError::Refused(error.to_string()))?;
    saveable(&document)?;
    Ok(document)
}

fn saveable(document: &Document) -> Result<(), EditError> {
    match document.refusals().first() {
        Some(refusal) => {
            let (line, column) = document.line_column(refusal.span.start);
            Err(EditError::Refused(format!("line {line}, column {column}: {}", refusal.message)))
        }
        None => Ok(()),
    }
}

/// Whether the edited document lets the request in, at least under conditions that
/// nobody can settle beforehand.
fn admits(document: &Document, request: &Request) -> Result<(), EditError> {
    let decision = evaluate(document, request);
    match decision.verdict {
        Verdict::Allow | Verdict::Depends(_) => Ok(()),
        Verdict::Deny { .. } | Verdict::Invalid => Err(EditError::NotEnough(decision.reason)),
    }
}

#[cfg(test)]
mod tests;
