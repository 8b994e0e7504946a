//! Patterns of policies: `*` and `?`, and variables in them.

use super::Context;

/// A pattern, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Exactly(char),
}

impl Pattern {
    /// A pattern without variables.
    pub fn plain(text: &str) -> Self {
        Self(text.chars().map(part).collect())
    }

    /// A pattern whose variables are replaced by what the request carries; `None` if it lacks one that has no default.
    pub fn read(text: &str, context: &Context) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_variable(rest) {
            parts.extend(before.chars().map(part));
            parts.extend(value(name, context)?.chars().map(Part::Exactly));
            rest = after;
        }
        parts.extend(rest.chars().map(part));
        Some(Self(parts))
    }

    /// The text with every character taken as it is: what operators without wildcards compare with.
    pub fn text(&self) -> String {
        let character = |part: &Part| match part {
            Part::Any => '*',
            Part::One => '?',
            Part::Exactly(character) => *character,
        };
        self.0.iter().map(character).collect()
    }

    /// Whether all of a text fits.
    pub fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut from) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while from < text.len() {
            match self.0.get(at) {
                Some(Part::Any) => {
                    star = Some((at, from));
                    at += 1;
                    continue;
                }
                Some(Part::One) => {}
                Some(Part::Exactly(character)) if *character == text[from] => {}
                _ => {
                    let Some((place, taken)) = star else { return false };
                    star = Some((place, taken + 1));
                    (at, from) = (place + 1, taken + 1);
                    continue;
                }
            }
            (at, from) = (at + 1, from + 1);
        }
        self.0[at.min(self.0.len())..].iter().all(|part| *part == Part::Any)
    }
}

fn part(character: char) -> Part {
    match character {
        '*' => Part::Any,
        '?' => Part::One,
        other => Part::Exactly(other),
    }
}

fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// `${*}`, `${?}` and `${$}` are the characters themselves; a default stands in quotes after a comma.
fn value(name: &str, context: &Context) -> Option<String> {
    if matches!(name, "*" | "?" | "$") {
        return Some(name.to_owned());
    }
    let (key, default) = name.split_once(',').map_or((name, None), |(key, default)| (key, Some(default)));
    let found = context.get(&key.trim().to_ascii_lowercase()).and_then(|values| values.first());
    found.cloned().or_else(|| default.map(|default| default.trim().trim_matches('\'').to_owned()))
}

/// The keys of the variables in a text.
pub fn variables(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = next_variable(rest) {
        let key = name.split(',').next().unwrap_or_default().trim();
        if !matches!(key, "*" | "?" | "$") {
            found.push(key.to_owned());
        }
        rest = after;
    }
    found
}
