//! A parsed trust policy: its statements with the position of every element, every
//! duplicate key, and the text as IAM returned it. Reading never decides anything;
//! what IAM would refuse is kept as a list of refusals.

use super::action::ActionElement;
use super::condition::Condition;
use super::grammar;
use super::json::{self, Node, Places, Shape, Span, SyntaxError};
use super::lint::Lint;
use super::principal::Principal;

/// `Version` decides whether `${…}` is a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `2012-10-17`.
    V2012,
    /// `2008-10-17`.
    V2008,
    /// No `Version` element: treated as 2008-10-17.
    #[default]
    Missing,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// A key that stands twice in one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub name: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again.
    pub again: Span,
    /// True for `Effect` and `Action`, whose repetition in stored policies AWS documents:
    /// the last `Effect` counts, `Action`s are merged.
    pub documented: bool,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Position in the document, from 0.
    pub index: usize,
    /// The whole object.
    pub span: Span,
    /// `Sid` if it is not empty.
    pub sid: Option<String>,
    /// `Effect`; `None` if missing or wrong (then the document is refused).
    pub effect: Option<Effect>,
    /// The value of `Effect`.
    pub effect_span: Span,
    /// All principals.
    pub principals: Vec<Principal>,
    /// The value of `Principal`.
    pub principal_span: Span,
    /// `Action` or `NotAction`.
    pub action: Option<ActionElement>,
    /// All conditions, in order; duplicates included.
    pub conditions: Vec<Condition>,
    /// The value of `Condition`.
    pub condition_span: Option<Span>,
    /// Keys that stand twice anywhere in the statement.
    pub duplicates: Vec<Duplicate>,
}

impl Statement {
    /// `statement 2` or `statement 2 (Sid)`, counted from 1, as sentences name it.
    pub fn label(&self) -> String {
        match &self.sid {
            Some(sid) => format!("statement {} ({sid})", self.index + 1),
            None => format!("statement {}", self.index + 1),
        }
    }

    /// The first repeated key whose effect AWS does not document.
    pub fn undefined(&self) -> Option<&Duplicate> {
        self.duplicates.iter().find(|duplicate| !duplicate.documented)
    }

    pub(super) fn covers(&self, action: &str) -> bool {
        self.action.as_ref().is_some_and(|element| element.covers(action))
    }

    pub(super) fn action_span(&self) -> Span {
        self.action.as_ref().map_or(self.span, |element| element.value)
    }
}

/// A parsed trust policy.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
    version: Version,
    statements: Vec<Statement>,
    /// The list of statements; `None` if `Statement` is a single object or missing.
    list: Option<Span>,
    duplicates: Vec<Duplicate>,
    refusals: Vec<Lint>,
}

impl Document {
    /// Parses a policy (already URL-decoded).
    ///
    /// # Errors
    /// When the text is not JSON or not an object, with line, column and a sentence.
    /// Everything else IAM would refuse is found by [`super::lints`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let root = Node::root(text)?;
        if root.shape() != Shape::Object {
            let message = format!("a policy is a JSON object, this is {}", root.shape().name());
            return Err(json::error_at(text, root.span.start, message));
        }
        let read = grammar::read(text, root);
        Ok(Self {
            text: text.to_owned(),
            version: read.version,
            statements: read.statements,
            list: read.list,
            duplicates: read.duplicates,
            refusals: read.refusals,
        })
    }

    /// The text as it was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `Version`.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The statements in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Characters that count towards the quota: all but white space.
    pub fn size(&self) -> usize {
        self.text.chars().filter(|character| !character.is_whitespace()).count()
    }

    /// Line and column (in characters), both from 1, of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        json::line_column(&self.text, offset)
    }

    /// The same for many offsets in ascending order.
    pub fn places(&self) -> Places<'_> {
        Places::new(&self.text)
    }

    /// The text of a range.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Every key that stands twice in one object.
    pub fn duplicates(&self) -> impl Iterator<Item = &Duplicate> {
        self.duplicates.iter().chain(self.statements.iter().flat_map(|statement| &statement.duplicates))
    }

    /// A repeated top-level element, whose effect AWS does not document.
    pub(super) fn undefined(&self) -> Option<&Duplicate> {
        self.duplicates.first()
    }

    /// What IAM would refuse to save, apart from duplicate keys, which stored policies may have.
    pub fn refusals(&self) -> &[Lint] {
        &self.refusals
    }

    /// The document reduced to some of its statements, for evaluation only.
    pub(super) fn with_statements(&self, keep: impl Fn(&Statement) -> bool) -> Self {
        Self {
            text: String::new(),
            version: self.version,
            statements: self.statements.iter().filter(|statement| keep(statement)).cloned().collect(),
            list: None,
            duplicates: self.duplicates.clone(),
            refusals: Vec::new(),
        }
    }

    pub(super) fn list(&self) -> Option<Span> {
        self.list
    }
}

#[cfg(test)]
mod tests;
