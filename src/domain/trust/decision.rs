//! The answer: a verdict and the one sentence that goes with it.

use super::json::Span;

/// Whether the role can be assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// For every value of what is not known.
    Allow,
    /// For no value of what is not known.
    Deny {
        /// True if a Deny statement decides, false if no statement allows.
        explicit: bool,
    },
    /// It depends on these condition keys. `undocumented:…` names a rule AWS does not document.
    Depends(Vec<String>),
    /// IAM would not save this policy, so it cannot be the live one.
    Invalid,
}

impl Verdict {
    /// `allow`, `deny`, `unknown` or `invalid`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny { .. } => "deny",
            Self::Depends(_) => "unknown",
            Self::Invalid => "invalid",
        }
    }
}

/// A verdict with its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the role can be assumed.
    pub verdict: Verdict,
    /// Index of the statement that allows, denies, depends, or comes nearest to allowing.
    pub statement: Option<usize>,
    /// The element that decides.
    pub span: Option<Span>,
    /// One sentence in the user's words.
    pub reason: String,
    /// What was probably meant.
    pub hint: Option<String>,
    /// Code of the finding this is.
    pub code: Option<&'static str>,
    /// What the policy wants at `span`.
    pub expected: Option<String>,
    /// What the call carries instead.
    pub found: Option<String>,
}

impl Decision {
    pub(super) fn new(verdict: Verdict, reason: String) -> Self {
        Self { verdict, statement: None, span: None, reason, hint: None, code: None, expected: None, found: None }
    }

    pub(super) fn at(mut self, statement: usize, span: Span) -> Self {
        self.statement = Some(statement);
        self.span = Some(span);
        self
    }

    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    pub(super) fn compared(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }
}
