//! `Action` and `NotAction`: case-insensitive patterns over `service:Name`.

use super::glob::Glob;
use super::json::Span;

/// One action pattern as it is written.
#[derive(Clone, Debug)]
pub struct Action {
    /// As written, e.g. `sts:AssumeRole*`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    folded: String,
    /// Only when the pattern has wildcards.
    glob: Option<Glob>,
}

impl Action {
    pub(super) fn new(text: String, span: Span) -> Self {
        let folded = text.to_ascii_lowercase();
        let glob = folded.contains(['*', '?']).then(|| Glob::new(&folded));
        Self { text, span, folded, glob }
    }

    /// Whether the pattern covers an action, e.g. `sts:AssumeRole`.
    pub fn covers(&self, action: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.matches(&action.to_ascii_lowercase()),
            None => self.text.eq_ignore_ascii_case(action),
        }
    }

    /// `None` for an action of STS, else the service it names. IAM refuses others.
    pub(super) fn foreign_service(&self) -> Option<&str> {
        let service = self.folded.split_once(':').map_or(self.folded.as_str(), |(service, _)| service);
        (service != "sts" || !self.folded.contains(':')).then_some(service)
    }
}

/// The action element of a statement.
#[derive(Clone, Debug)]
pub struct ActionElement {
    /// True for `NotAction`.
    pub negated: bool,
    /// The patterns; repeated `Action` elements of stored policies are merged.
    pub actions: Vec<Action>,
    /// The element's name and value.
    pub span: Span,
    /// The element's value alone.
    pub value: Span,
}

impl ActionElement {
    /// Whether the element covers an action.
    pub fn covers(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| pattern.covers(action)) != self.negated
    }
}
