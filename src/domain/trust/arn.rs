//! ARNs: six parts with colons between them; patterns are compared part by part.

use super::glob::{Glob, Piece};

/// Part `index` (0 = `arn`, 1 = partition … 5 = resource) of an ARN, if it has six.
pub(super) fn part(arn: &str, index: usize) -> Option<&str> {
    let parts = parts(arn)?;
    parts.get(index).copied()
}

/// The six parts; the last may hold colons itself.
pub(super) fn parts(arn: &str) -> Option<[&str; 6]> {
    let mut split = arn.splitn(6, ':');
    let parts = [(); 6].map(|()| split.next());
    let mut found = [""; 6];
    for (slot, part) in found.iter_mut().zip(parts) {
        *slot = part?;
    }
    Some(found)
}

/// The account of an ARN, if it names one.
pub(super) fn account(arn: &str) -> Option<&str> {
    part(arn, 4).filter(|account| !account.is_empty())
}

/// The name of a role without its path, or the text itself if it is no role ARN.
pub(super) fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A pattern for `ArnLike`: a wildcard never crosses one of the first five colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArnPattern {
    /// Six patterns for six parts.
    Parts(Box<[Glob; 6]>),
    /// `*` alone: whether it matches every ARN is not documented.
    LoneStar,
    /// Fewer than six parts: matches nothing.
    Malformed,
}

impl ArnPattern {
    pub(super) fn new(pieces: &[Piece]) -> Self {
        if pieces == [Piece::AnyRun] {
            return Self::LoneStar;
        }
        match <[Vec<Piece>; 6]>::try_from(split(pieces)) {
            Ok(parts) => Self::Parts(Box::new(parts.map(|part| Glob::from_pieces(&part)))),
            Err(_) => Self::Malformed,
        }
    }

    /// `None` where nothing is documented.
    pub(super) fn matches(&self, arn: &str) -> Option<bool> {
        match self {
            Self::LoneStar => None,
            Self::Malformed => Some(false),
            Self::Parts(patterns) => Some(
                parts(arn).is_some_and(|parts| patterns.iter().zip(parts).all(|(pattern, part)| pattern.matches(part))),
            ),
        }
    }
}

/// Splits at the first five literal colons.
fn split(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut parts = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            push(&mut parts, piece.clone());
            continue;
        };
        for (index, chunk) in text.splitn(7 - parts.len(), ':').enumerate() {
            if index > 0 {
                parts.push(Vec::new());
            }
            push(&mut parts, Piece::Text(chunk.to_owned()));
        }
    }
    parts
}

fn push(parts: &mut [Vec<Piece>], piece: Piece) {
    if let Some(part) = parts.last_mut() {
        part.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::ArnPattern;
    use crate::domain::trust::glob::pieces;

    fn matches(pattern: &str, arn: &str) -> Option<bool> {
        ArnPattern::new(&pieces(pattern)).matches(arn)
    }

    #[test]
    fn a_wildcard_never_crosses_a_colon() {
        let cluster = "arn:aws:eks:eu-west-1:111122223333:cluster/prod";
        assert_eq!(matches("arn:aws:eks:*:*:cluster/p*", cluster), Some(true));
        assert_eq!(matches("arn:aws:eks:eu-west-1:*cluster/prod", cluster), Some(false));
        assert_eq!(matches("arn:*", cluster), Some(false));
    }

    #[test]
    fn part_six_may_hold_colons() {
        let stream = "arn:aws:logs:eu-west-1:1:log-group:/aws/eks:stream";
        assert_eq!(matches("arn:aws:logs:*:1:log-group:/aws/*:*", stream), Some(true));
    }

    #[test]
    fn whether_a_lone_star_matches_an_arn_is_not_documented() {
        assert_eq!(matches("*", "arn:aws:eks:r:1:cluster/x"), None);
    }
}
