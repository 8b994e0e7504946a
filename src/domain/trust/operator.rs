//! Condition operators: `[ForAllValues:|ForAnyValue:]Base[IfExists]`.

/// How an operator treats a key with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// `ForAllValues:`: every value of the request must pass.
    ForAllValues,
    /// `ForAnyValue:`: one value of the request must pass.
    ForAnyValue,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Text,
    TextIgnoreCase,
    TextLike,
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Null,
}

/// How two numbers or dates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A condition operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// As written.
    pub name: String,
    /// The set qualifier, if any.
    pub quantifier: Option<Quantifier>,
    /// True for `…NotEquals`, `…NotLike` and `NotIpAddress`.
    pub negated: bool,
    /// True for `…IfExists`.
    pub if_exists: bool,
    pub(super) comparison: Comparison,
    /// False when only the letter case differs from the documented name.
    pub(super) documented_case: bool,
}

/// Every base operator: name, comparison, negated.
const BASES: [(&str, Comparison, bool); 27] = [
    ("StringEquals", Comparison::Text, false),
    ("StringNotEquals", Comparison::Text, true),
    ("StringEqualsIgnoreCase", Comparison::TextIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::TextIgnoreCase, true),
    ("StringLike", Comparison::TextLike, false),
    ("StringNotLike", Comparison::TextLike, true),
    ("NumericEquals", Comparison::Number(Order::Equal), false),
    ("NumericNotEquals", Comparison::Number(Order::Equal), true),
    ("NumericLessThan", Comparison::Number(Order::Less), false),
    ("NumericLessThanEquals", Comparison::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Comparison::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Comparison::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Comparison::Date(Order::Equal), false),
    ("DateNotEquals", Comparison::Date(Order::Equal), true),
    ("DateLessThan", Comparison::Date(Order::Less), false),
    ("DateLessThanEquals", Comparison::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Comparison::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual), false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::IpAddress, false),
    ("NotIpAddress", Comparison::IpAddress, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
    ("Null", Comparison::Null, false),
];

impl Operator {
    /// Reads an operator; `None` if IAM knows no such operator.
    pub fn parse(name: &str) -> Option<Self> {
        let (quantifier, qualified) = match name.split_once(':') {
            None => (None, name),
            Some((qualifier, base)) => (Some(Quantifier::parse(qualifier)?), base),
        };
        let suffix = qualified.len().checked_sub("IfExists".len()).and_then(|at| qualified.get(at..));
        let if_exists = suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("IfExists"));
        let base = if if_exists { &qualified[..qualified.len() - "IfExists".len()] } else { qualified };
        let (base, comparison, negated) = BASES.into_iter().find(|(known, ..)| known.eq_ignore_ascii_case(base))?;
        if comparison == Comparison::Null && if_exists {
            return None;
        }
        let mut operator =
            Self { name: name.to_owned(), quantifier, negated, if_exists, comparison, documented_case: true };
        operator.documented_case = operator.canonical(base) == name;
        Some(operator)
    }

    fn canonical(&self, base: &str) -> String {
        let qualifier = match self.quantifier {
            None => "",
            Some(Quantifier::ForAllValues) => "ForAllValues:",
            Some(Quantifier::ForAnyValue) => "ForAnyValue:",
        };
        format!("{qualifier}{base}{}", if self.if_exists { "IfExists" } else { "" })
    }

    /// The documented operator whose name is closest, for "did you mean".
    pub(super) fn closest(name: &str) -> Option<&'static str> {
        let candidates = BASES.into_iter().map(|(base, ..)| (strsim::osa_distance(base, name), base));
        let (distance, base) = candidates.min_by_key(|(distance, _)| *distance)?;
        (distance <= 6).then_some(base)
    }

    /// Variables work in strings, ARNs and booleans only.
    pub(super) fn takes_variables(&self) -> bool {
        !matches!(
            self.comparison,
            Comparison::Number(_) | Comparison::Date(_) | Comparison::Binary | Comparison::IpAddress | Comparison::Null
        )
    }

    /// Whether `*` and `?` are wildcards in its values.
    pub(super) fn takes_wildcards(&self) -> bool {
        matches!(self.comparison, Comparison::TextLike | Comparison::Arn)
    }
}

impl Quantifier {
    fn parse(text: &str) -> Option<Self> {
        match text {
            _ if text.eq_ignore_ascii_case("ForAllValues") => Some(Self::ForAllValues),
            _ if text.eq_ignore_ascii_case("ForAnyValue") => Some(Self::ForAnyValue),
            _ => None,
        }
    }
}
