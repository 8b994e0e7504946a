//! One condition: an operator, a key, its values, and whether a call fulfils it.

use std::borrow::Cow;

use ipnet::IpNet;
use jiff::Timestamp;

use super::arn::ArnPattern;
use super::context::{Context, Fact, Unknown};
use super::glob::{Glob, Piece};
use super::json::Span;
use super::operator::{Comparison, Operator, Quantifier};
use super::truth::Truth;
use super::value::{self, Number};
use super::variable::{self, Part, Resolved};

/// One key under one operator.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// Where the operator's name stands.
    pub operator_span: Span,
    /// The key as written.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The values.
    pub values: Vec<ConditionValue>,
    /// The whole value: the string or the list.
    pub values_span: Span,
    /// Whether the value is written as a list.
    pub is_list: bool,
    /// The key in lower case: keys are compared without case (trust-evaluation 3.5).
    pub folded_key: String,
}

/// One value of a condition.
#[derive(Clone, Debug)]
pub struct ConditionValue {
    /// The text; numbers and booleans as they are written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    matcher: Matcher,
}

/// A value prepared for its operator.
#[derive(Clone, Debug)]
enum Matcher {
    Text(String),
    TextIgnoreCase(String),
    Glob(Glob),
    Arn(ArnPattern),
    Number(Option<Number>),
    Date(Option<Timestamp>),
    Bool(Option<bool>),
    Binary(Option<Vec<u8>>),
    Network(Option<IpNet>),
    Null(Option<bool>),
    /// Has variables; prepared again for each call.
    Template(Vec<Part>),
}

impl ConditionValue {
    pub(super) fn new(text: String, span: Span, operator: &Operator, variables: bool) -> Self {
        let matcher = Matcher::new(&text, operator, variables && operator.takes_variables());
        Self { text, span, matcher }
    }

    /// Whether the text is a number, date, address and so on where its operator compares those.
    pub(super) fn is_of_its_type(&self) -> bool {
        !matches!(
            self.matcher,
            Matcher::Number(None)
                | Matcher::Date(None)
                | Matcher::Bool(None)
                | Matcher::Binary(None)
                | Matcher::Network(None)
                | Matcher::Null(None)
        )
    }
}

impl Matcher {
    fn new(text: &str, operator: &Operator, variables: bool) -> Self {
        match operator.comparison {
            Comparison::Number(_) => Self::Number(Number::parse(text)),
            Comparison::Date(_) => Self::Date(value::date(text)),
            Comparison::Binary => Self::Binary(value::bytes(text)),
            Comparison::IpAddress => Self::Network(value::network(text)),
            Comparison::Null => Self::Null(value::boolean(text)),
            _ => {
                let parts = variable::parse(text, operator.takes_wildcards(), variables);
                match variable::constant(&parts) {
                    Some(pieces) => Self::of_pieces(&pieces, operator.comparison),
                    None => Self::Template(parts),
                }
            }
        }
    }

    fn of_pieces(pieces: &[Piece], comparison: Comparison) -> Self {
        match comparison {
            Comparison::TextLike => Self::Glob(Glob::from_pieces(pieces)),
            Comparison::Arn => Self::Arn(ArnPattern::new(pieces)),
            Comparison::TextIgnoreCase => Self::TextIgnoreCase(plain(pieces).to_lowercase()),
            Comparison::Bool => Self::Bool(value::boolean(&plain(pieces))),
            _ => Self::Text(plain(pieces)),
        }
    }

    /// Whether a known value of the request fits.
    fn fits(&self, request: &str, comparison: Comparison) -> Truth {
        let fits = match (self, comparison) {
            (Self::Text(text), _) => request == text,
            (Self::TextIgnoreCase(text), _) => request.to_lowercase() == *text,
            (Self::Glob(glob), _) => glob.matches(request),
            (Self::Arn(pattern), _) => {
                return pattern.matches(request).map_or(Truth::undocumented("ArnLike-lone-star"), Truth::from);
            }
            (Self::Number(Some(number)), Comparison::Number(order)) => Number::parse(request)
                .and_then(|request| request.compare(*number))
                .is_some_and(|ordering| order.holds(ordering)),
            (Self::Date(Some(date)), Comparison::Date(order)) => {
                value::date(request).is_some_and(|request| order.holds(request.cmp(date)))
            }
            (Self::Bool(Some(flag)), _) => value::boolean(request) == Some(*flag),
            (Self::Binary(Some(bytes)), _) => value::bytes(request).as_ref() == Some(bytes),
            (Self::Network(Some(network)), _) => {
                value::network(request).is_some_and(|request| network.contains(&request))
            }
            _ => false,
        };
        Truth::from(fits)
    }

    /// Whether every value a request could carry fits.
    fn fits_everything(&self) -> bool {
        matches!(self, Self::Glob(glob) if glob.matches_everything())
    }
}

fn plain(pieces: &[Piece]) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::AnyRun => "*".to_owned(),
        Piece::AnyOne => "?".to_owned(),
    };
    pieces.iter().map(text).collect()
}

impl Condition {
    /// Whether a call fulfils the condition.
    pub(super) fn holds(&self, context: &Context<'_>) -> Truth {
        let fact = context.fact(&self.folded_key);
        if !self.operator.documented_case {
            return Truth::undocumented("operator-case");
        }
        if self.operator.comparison == Comparison::Null {
            return self.null(&fact);
        }
        if self.values.is_empty() {
            return self.empty_list(&fact);
        }
        self.compare(&fact, context)
    }

    fn compare(&self, fact: &Fact<'_>, context: &Context<'_>) -> Truth {
        match (fact, self.operator.quantifier) {
            (Fact::Absent, _) => self.missing(),
            (Fact::Unknown(unknown), _) => self.unknown(*unknown, fact, context),
            // A set operator takes an empty string for an empty set.
            (Fact::One(value), Some(_)) if value.is_empty() => self.missing(),
            (Fact::Many(values), _) if values.iter().all(|value| value.is_empty()) => self.missing(),
            (Fact::One(value), _) => self.value_passes(value, fact, context),
            (Fact::Many(values), Some(Quantifier::ForAllValues)) => {
                Truth::all(values.iter().map(|value| self.value_passes(value, fact, context)))
            }
            (Fact::Many(values), Some(Quantifier::ForAnyValue)) => {
                Truth::any(values.iter().map(|value| self.value_passes(value, fact, context)))
            }
            (Fact::Many(_), None) => Truth::undocumented("multi-valued-key-without-set-operator"),
        }
    }

    /// The key is not in the request.
    fn missing(&self) -> Truth {
        match (self.operator.quantifier, self.operator.if_exists) {
            (Some(Quantifier::ForAnyValue), true) => Truth::undocumented("ForAnyValue-IfExists"),
            (_, true) | (Some(Quantifier::ForAllValues), _) => Truth::True,
            (Some(Quantifier::ForAnyValue), false) => Truth::False,
            (None, false) => Truth::from(self.operator.negated),
        }
    }

    /// Positive operators need one value that fits, negated ones none.
    fn value_passes(&self, request: &str, own: &Fact<'_>, context: &Context<'_>) -> Truth {
        let comparison = self.operator.comparison;
        let fits = Truth::any(self.values.iter().map(|value| match &value.matcher {
            Matcher::Template(parts) => template_fits(parts, request, comparison, own, context),
            matcher => matcher.fits(request, comparison),
        }));
        if self.operator.negated { fits.not() } else { fits }
    }

    /// The value is not known, and perhaps not even whether there is one.
    fn unknown(&self, unknown: Unknown, fact: &Fact<'_>, context: &Context<'_>) -> Truth {
        let present = self.any_value_passes(fact, context);
        if unknown.may_be_absent { present.either(self.missing(), &self.key) } else { present }
    }

    /// What holds for every value the key could have.
    fn any_value_passes(&self, fact: &Fact<'_>, context: &Context<'_>) -> Truth {
        let fits = Truth::any(self.values.iter().map(|value| match &value.matcher {
            Matcher::Template(parts) => self.template_fits_unknown(parts, fact, context),
            matcher if matcher.fits_everything() => Truth::True,
            _ => Truth::unknown(&self.key),
        }));
        if self.operator.negated { fits.not() } else { fits }
    }

    fn template_fits_unknown(&self, parts: &[Part], fact: &Fact<'_>, context: &Context<'_>) -> Truth {
        match variable::resolve(parts, context, fact) {
            Resolved::Null => Truth::False,
            Resolved::SameAsKey => Truth::True,
            Resolved::Undocumented => Truth::undocumented("variable-syntax"),
            Resolved::Pattern { unknown, .. } => {
                Truth::Unknown(vec![self.key.clone()]).and(Truth::all(unknown.iter().map(|k| Truth::unknown(k))))
            }
        }
    }

    /// `Null`: an empty string or list counts as null.
    fn null(&self, fact: &Fact<'_>) -> Truth {
        if self.operator.quantifier.is_some() || self.values.is_empty() {
            return Truth::undocumented("Null-operator-form");
        }
        let absent = match fact {
            Fact::Absent => Truth::True,
            Fact::One(value) => Truth::from(value.is_empty()),
            Fact::Many(values) => Truth::from(values.iter().all(|value| value.is_empty())),
            Fact::Unknown(unknown) if unknown.may_be_absent => Truth::unknown(&self.key),
            Fact::Unknown(_) => Truth::False,
        };
        Truth::any(self.values.iter().map(|value| match value.matcher {
            Matcher::Null(Some(true)) => absent.clone(),
            Matcher::Null(Some(false)) => absent.clone().not(),
            _ => Truth::False,
        }))
    }

    /// No values at all, after Access Analyzer's notes on empty arrays.
    fn empty_list(&self, fact: &Fact<'_>) -> Truth {
        let passes_when_missing = match self.operator.quantifier {
            Some(Quantifier::ForAnyValue) => return Truth::False,
            Some(Quantifier::ForAllValues) => true,
            None => self.operator.if_exists,
        };
        match fact {
            _ if !passes_when_missing => Truth::undocumented("empty-value-list"),
            Fact::Absent => Truth::True,
            Fact::Unknown(unknown) if unknown.may_be_absent => Truth::unknown(&self.key),
            _ => Truth::False,
        }
    }

    /// The values of a positive, unconditional requirement, for indexes and sentences:
    /// the key must be present and equal or be like one of them.
    pub(super) fn required_texts(&self) -> Option<impl Iterator<Item = &ConditionValue>> {
        let operator = &self.operator;
        let required = !operator.negated && !operator.if_exists && operator.documented_case;
        let textual = matches!(operator.comparison, Comparison::Text | Comparison::TextLike);
        let not_vacuous = operator.quantifier != Some(Quantifier::ForAllValues);
        let fixed = self.values.iter().all(|value| !matches!(value.matcher, Matcher::Template(_)));
        (required && textual && not_vacuous && fixed).then(|| self.values.iter())
    }

    /// Whether a text would fit one of the values if they were `StringLike` patterns.
    pub(super) fn would_fit_as_pattern(&self, text: &str) -> Option<&ConditionValue> {
        self.values.iter().find(|value| value.text.contains(['*', '?']) && Glob::new(&value.text).matches(text))
    }
}

fn template_fits(
    parts: &[Part],
    request: &str,
    comparison: Comparison,
    own: &Fact<'_>,
    context: &Context<'_>,
) -> Truth {
    match variable::resolve(parts, context, own) {
        Resolved::Null => Truth::False,
        Resolved::SameAsKey => Truth::True,
        Resolved::Undocumented => Truth::undocumented("variable-syntax"),
        Resolved::Pattern { pieces, unknown } if unknown.is_empty() => {
            Matcher::of_pieces(&pieces, comparison).fits(request, comparison)
        }
        Resolved::Pattern { pieces, unknown } => {
            // With any run in place of the unknown text: what does not fit now never will.
            let (pieces, request) = match comparison {
                Comparison::TextIgnoreCase => (fold(&pieces), Cow::Owned(request.to_lowercase())),
                _ => (pieces, Cow::Borrowed(request)),
            };
            let possible = comparison == Comparison::Bool || Glob::from_pieces(&pieces).matches(&request);
            if possible { Truth::Unknown(unknown) } else { Truth::False }
        }
    }
}

fn fold(pieces: &[Piece]) -> Vec<Piece> {
    let fold = |piece: &Piece| match piece {
        Piece::Text(text) => Piece::Text(text.to_lowercase()),
        wildcard => wildcard.clone(),
    };
    pieces.iter().map(fold).collect()
}

#[cfg(test)]
mod tests;
