//! Policy variables: `${key}`, `${key, 'default'}` and the literals `${*}`, `${?}`,
//! `${$}`. Substituted text is literal; a variable without a value makes the whole
//! string null.

use super::context::{Context, Fact};
use super::glob::{Piece, push_literal};

/// A part of a condition value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Fixed(Piece),
    Variable(Variable),
    /// `${` that is never closed or names nothing: undocumented.
    Malformed,
}

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) key: String,
    folded: String,
    default: Option<String>,
}

/// A condition value with its variables filled in.
#[derive(Debug)]
pub(super) enum Resolved {
    /// A variable has no value: the string is null and equals nothing.
    Null,
    /// The pattern; where `unknown` is not empty, `AnyRun` stands for the variables
    /// whose values are not known.
    Pattern {
        pieces: Vec<Piece>,
        unknown: Vec<String>,
    },
    /// The whole value is one variable that is known to equal the condition's own key.
    SameAsKey,
    Undocumented,
}

/// Splits a value; `wildcards` says whether `*` and `?` are special, `variables`
/// whether `${…}` is.
pub(super) fn parse(text: &str, wildcards: bool, variables: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = if variables { rest.find("${") } else { None } {
        fixed(&mut parts, &rest[..at], wildcards);
        let Some(end) = rest[at..].find('}') else {
            parts.push(Part::Malformed);
            return parts;
        };
        let inner = &rest[at + 2..at + end];
        parts.push(variable(inner));
        rest = &rest[at + end + 1..];
    }
    fixed(&mut parts, rest, wildcards);
    parts
}

fn fixed(parts: &mut Vec<Part>, text: &str, wildcards: bool) {
    let pieces = if wildcards { super::glob::pieces(text) } else { vec![Piece::Text(text.to_owned())] };
    parts.extend(pieces.into_iter().map(Part::Fixed));
}

fn variable(inner: &str) -> Part {
    if matches!(inner, "*" | "?" | "$") {
        return Part::Fixed(Piece::Text(inner.to_owned()));
    }
    let (key, default) = match inner.split_once(',') {
        None => (inner.trim(), None),
        Some((key, default)) => (key.trim(), Some(default.trim())),
    };
    let unquoted = default.map(|text| text.strip_prefix('\'')?.strip_suffix('\''));
    match unquoted {
        _ if key.is_empty() => Part::Malformed,
        Some(None) => Part::Malformed,
        quoted => Part::Variable(Variable {
            key: key.to_owned(),
            folded: key.to_lowercase(),
            default: quoted.flatten().map(str::to_owned),
        }),
    }
}

/// The parts as a pattern when nothing is left to substitute.
pub(super) fn constant(parts: &[Part]) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    for part in parts {
        let Part::Fixed(piece) = part else {
            return None;
        };
        push(&mut pieces, piece);
    }
    Some(pieces)
}

/// Fills the variables in. `own` is what is known of the condition's own key.
pub(super) fn resolve(parts: &[Part], context: &Context<'_>, own: &Fact<'_>) -> Resolved {
    let mut pieces = Vec::new();
    let mut unknown = Vec::new();
    for part in parts {
        let variable = match part {
            Part::Malformed => return Resolved::Undocumented,
            Part::Fixed(piece) => {
                push(&mut pieces, piece);
                continue;
            }
            Part::Variable(variable) => variable,
        };
        let fact = context.fact(&variable.folded);
        if is_whole_value(parts, variable) && fact.same_unknown(own) {
            return Resolved::SameAsKey;
        }
        match (fact, &variable.default) {
            (Fact::One(text), _) => literal(&mut pieces, &text),
            (Fact::Unknown(_), _) => {
                unknown.push(variable.key.clone());
                pieces.push(Piece::AnyRun);
            }
            (Fact::Absent | Fact::Many(_), Some(default)) => literal(&mut pieces, default),
            (Fact::Absent | Fact::Many(_), None) => return Resolved::Null,
        }
    }
    Resolved::Pattern { pieces, unknown }
}

fn is_whole_value(parts: &[Part], variable: &Variable) -> bool {
    let empty = Part::Fixed(Piece::Text(String::new()));
    variable.default.is_none() && parts.iter().filter(|part| **part != empty).count() == 1
}

fn literal(pieces: &mut Vec<Piece>, text: &str) {
    push(pieces, &Piece::Text(text.to_owned()));
}

/// Appends, joining neighbouring literal text.
fn push(pieces: &mut Vec<Piece>, piece: &Piece) {
    match piece {
        Piece::Text(text) => text.chars().for_each(|character| push_literal(pieces, character)),
        wildcard => pieces.push(wildcard.clone()),
    }
}

/// Names in `${…}` that are no context key, such as `${ID}`: left-over placeholders.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    names(text).into_iter().filter(|name| !name.contains(':')).collect()
}

/// Everything in `${…}` but the three literals.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}') else {
            break;
        };
        let inner = &rest[at + 2..at + end];
        if !matches!(inner, "*" | "?" | "$") {
            found.push(&rest[at..=at + end]);
        }
        rest = &rest[at + end + 1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_stand_for_themselves() {
        let pieces = constant(&parse("a${$}b${?}${*}", true, true));
        assert_eq!(pieces, Some(vec![Piece::Text("a$b?*".to_owned())]));
    }

    #[test]
    fn without_the_new_version_a_variable_is_text() {
        let pieces = constant(&parse("${aws:x}", false, false));
        assert_eq!(pieces, Some(vec![Piece::Text("${aws:x}".to_owned())]));
    }

    #[test]
    fn a_default_is_written_in_single_quotes() {
        assert!(matches!(&parse("${a:b, 'c d'}", false, true)[..],
            [Part::Fixed(_), Part::Variable(v), Part::Fixed(_)] if v.default.as_deref() == Some("c d")));
        assert!(parse("${a:b, c}", false, true).contains(&Part::Malformed));
        assert!(parse("${a:b", false, true).contains(&Part::Malformed));
    }

    #[test]
    fn a_name_without_a_colon_is_a_placeholder() {
        assert_eq!(placeholders("id/${ID}:sub ${*} ${aws:x}"), ["${ID}"]);
    }
}
