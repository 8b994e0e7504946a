//! Patterns of `*` (any run, also empty) and `?` (exactly one character), anchored at
//! both ends. Each run between two stars is searched once from the left and never
//! given back, so the cost is linear in the text, whatever the pattern.

/// A piece of a pattern; wildcards are told apart from the literal characters before
/// this point, because `${*}` stands for a literal asterisk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    AnyRun,
    AnyOne,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// The runs between the stars; at least one, empty where two stars meet.
    runs: Vec<Run>,
}

/// What stands between two stars.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    /// Literal text only.
    Text(String),
    /// With `?`: `None` matches any one character.
    Characters(Vec<Option<char>>),
}

impl Glob {
    /// Compiles a pattern in which every `*` and `?` is a wildcard.
    pub fn new(pattern: &str) -> Self {
        Self::from_pieces(&pieces(pattern))
    }

    pub(super) fn from_pieces(pieces: &[Piece]) -> Self {
        let runs = pieces.split(|piece| *piece == Piece::AnyRun).map(Run::new).collect();
        Self { runs }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.runs.split_first() else {
            return text.is_empty();
        };
        let Some(mut remaining) = first.after_prefix(text) else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return remaining.is_empty();
        };
        for run in middle {
            match run.after_first(remaining) {
                Some(after) => remaining = after,
                None => return false,
            }
        }
        last.is_suffix(remaining)
    }

    /// Whether every text matches.
    pub(super) fn matches_everything(&self) -> bool {
        self.runs.len() > 1 && self.runs.iter().all(|run| *run == Run::Text(String::new()))
    }
}

/// Splits a pattern in which every `*` and `?` is a wildcard.
pub(super) fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for character in pattern.chars() {
        match character {
            '*' => pieces.push(Piece::AnyRun),
            '?' => pieces.push(Piece::AnyOne),
            literal => push_literal(&mut pieces, literal),
        }
    }
    pieces
}

pub(super) fn push_literal(pieces: &mut Vec<Piece>, literal: char) {
    if let Some(Piece::Text(text)) = pieces.last_mut() {
        text.push(literal);
    } else {
        pieces.push(Piece::Text(literal.to_string()));
    }
}

impl Run {
    fn new(pieces: &[Piece]) -> Self {
        if pieces.contains(&Piece::AnyOne) {
            return Self::Characters(pieces.iter().flat_map(characters).collect());
        }
        Self::Text(pieces.iter().map(literal).collect())
    }

    /// The text after this run, if the text starts with it.
    fn after_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(run) => text.strip_prefix(run.as_str()),
            Self::Characters(run) => {
                let mut rest = text.chars();
                run.iter().all(|want| rest.next().is_some_and(|c| fits(*want, c))).then_some(())?;
                Some(rest.as_str())
            }
        }
    }

    fn is_suffix(&self, text: &str) -> bool {
        match self {
            Self::Text(run) => text.ends_with(run.as_str()),
            Self::Characters(run) => {
                let mut rest = text.chars().rev();
                run.iter().rev().all(|want| rest.next().is_some_and(|c| fits(*want, c)))
            }
        }
    }

    /// The text after the leftmost occurrence. `str::find` is a linear two-way search.
    fn after_first<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(run) => text.find(run.as_str()).map(|at| &text[at + run.len()..]),
            Self::Characters(run) => after_first_characters(run, text),
        }
    }
}

fn fits(want: Option<char>, character: char) -> bool {
    want.is_none_or(|want| want == character)
}

fn characters(piece: &Piece) -> Vec<Option<char>> {
    match piece {
        Piece::Text(text) => text.chars().map(Some).collect(),
        Piece::AnyOne => vec![None],
        Piece::AnyRun => Vec::new(),
    }
}

fn literal(piece: &Piece) -> &str {
    match piece {
        Piece::Text(text) => text,
        Piece::AnyOne | Piece::AnyRun => "",
    }
}

/// Leftmost occurrence of a run with `?` by the shift-and method: one pass over the
/// text, sixty-four pattern positions to a machine word.
fn after_first_characters<'t>(run: &[Option<char>], text: &'t str) -> Option<&'t str> {
    let masks = Masks::new(run);
    let mut states = vec![0u64; run.len().div_ceil(64)];
    let (last_word, last_bit) = ((run.len() - 1) / 64, (run.len() - 1) % 64);
    for (at, character) in text.char_indices() {
        let mut carry = 1;
        for (word, mask) in states.iter_mut().zip(masks.of(character)) {
            let next_carry = *word >> 63;
            *word = ((*word << 1) | carry) & mask;
            carry = next_carry;
        }
        if states.get(last_word).is_some_and(|word| word >> last_bit & 1 == 1) {
            return text.get(at + character.len_utf8()..);
        }
    }
    None
}

/// For every character of the run, the positions where it fits.
struct Masks {
    known: Vec<(char, Vec<u64>)>,
    other: Vec<u64>,
}

impl Masks {
    fn new(run: &[Option<char>]) -> Self {
        let mut alphabet: Vec<char> = run.iter().flatten().copied().collect();
        alphabet.sort_unstable();
        alphabet.dedup();
        let mut known: Vec<_> = alphabet.into_iter().map(|c| (c, vec![0u64; run.len().div_ceil(64)])).collect();
        let mut other = vec![0u64; run.len().div_ceil(64)];
        for (at, want) in run.iter().enumerate() {
            let (word, bit) = (at / 64, 1u64 << (at % 64));
            match want {
                Some(c) => {
                    if let Ok(index) = known.binary_search_by_key(c, |(character, _)| *character) {
                        known[index].1[word] |= bit;
                    }
                }
                None => other[word] |= bit,
            }
        }
        for (_, mask) in &mut known {
            mask.iter_mut().zip(&other).for_each(|(mask, any)| *mask |= any);
        }
        Self { known, other }
    }

    fn of(&self, character: char) -> &[u64] {
        match self.known.binary_search_by_key(&character, |(known, _)| *known) {
            Ok(index) => &self.known[index].1,
            Err(_) => &self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).matches(text)
    }

    #[test]
    fn a_star_matches_any_run_also_an_empty_one() {
        assert!(matches("a*c", "ac") && matches("a*c", "a/b:c") && !matches("a*c", "acd"));
        assert!(matches("*", "") && matches("**", "x") && !matches("", "x") && matches("", ""));
    }

    #[test]
    fn a_question_mark_matches_exactly_one_character() {
        assert!(matches("a?c", "a/c") && !matches("a?c", "ac") && matches("?", "é"));
        assert!(!matches("n??", "n1") && matches("*?", "x") && !matches("*?", ""));
    }

    #[test]
    fn runs_with_question_marks_are_found_between_stars() {
        assert!(matches("*a?c*", "xxabcxx") && matches("*a?b*", "aab") && !matches("*a?b*", "ab"));
        let run = format!("*{}?{}*", "a".repeat(70), "b".repeat(70));
        let text = format!("zz{}x{}zz", "a".repeat(90), "b".repeat(80));
        assert!(matches(&run, &text));
        assert!(!matches(&run, &"a".repeat(300)));
    }

    #[test]
    fn the_end_is_anchored_after_the_last_star() {
        assert!(matches("*:suffix", "a:suffix:suffix") && !matches("*:suffix", "a:suffix2"));
        assert!(!matches("ab*ba", "aba"));
    }

    #[test]
    fn nothing_but_the_two_wildcards_is_special() {
        assert!(!matches("a.c", "abc") && matches("[a]", "[a]"));
    }
}
