//! Keys to whatever they are bound to: a trie of chords, and the file that changes bindings.
//! Which commands exist is not known here.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    key::{Chord, Key},
    problem::{Problem, nearest},
};

/// Chords of one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trie<C> {
    branches: BTreeMap<Key, Node<C>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node<C> {
    Leaf(C),
    Branch(Trie<C>),
}

/// What some keys mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<C> {
    /// They are bound to this.
    Found(C),
    /// They begin chords: the keys that may follow and what those are bound to, `None` where more must follow.
    Prefix(Vec<(Key, Option<C>)>),
    /// Nothing.
    Nothing,
}

impl<C> Default for Trie<C> {
    fn default() -> Self {
        Self { branches: BTreeMap::new() }
    }
}

impl<C: Copy + PartialEq> Trie<C> {
    /// Binds a chord.
    ///
    /// # Errors
    /// Returns what the chord, its beginning or a longer one is bound to already.
    pub fn bind(&mut self, keys: &[Key], to: C) -> Result<(), C> {
        let Some((first, rest)) = keys.split_first() else { return Ok(()) };
        match (self.branches.get_mut(first), rest.is_empty()) {
            (None, true) => {
                self.branches.insert(*first, Node::Leaf(to));
                Ok(())
            }
            (None, false) => {
                let mut branch = Self::default();
                branch.bind(rest, to)?;
                self.branches.insert(*first, Node::Branch(branch));
                Ok(())
            }
            (Some(Node::Leaf(bound)), true) if *bound == to => Ok(()),
            (Some(Node::Leaf(bound)), _) => Err(*bound),
            (Some(Node::Branch(branch)), true) => branch.any().map_or(Ok(()), Err),
            (Some(Node::Branch(branch)), false) => branch.bind(rest, to),
        }
    }

    /// What keys pressed so far mean.
    pub fn lookup(&self, keys: &[Key]) -> Lookup<C> {
        let Some((first, rest)) = keys.split_first() else { return Lookup::Prefix(self.following()) };
        match (self.branches.get(first), rest.is_empty()) {
            (Some(Node::Leaf(bound)), true) => Lookup::Found(*bound),
            (Some(Node::Branch(branch)), _) => branch.lookup(rest),
            _ => Lookup::Nothing,
        }
    }

    fn following(&self) -> Vec<(Key, Option<C>)> {
        let leaf = |node: &Node<C>| match node {
            Node::Leaf(bound) => Some(*bound),
            Node::Branch(_) => None,
        };
        self.branches.iter().map(|(key, node)| (*key, leaf(node))).collect()
    }

    fn any(&self) -> Option<C> {
        self.branches.values().find_map(|node| match node {
            Node::Leaf(bound) => Some(*bound),
            Node::Branch(branch) => branch.any(),
        })
    }
}

/// The keys that a person's file is read on top of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Preset {
    /// Those of the command table.
    #[default]
    Default,
    /// Those of k9s where it has another habit.
    K9s,
}

impl Preset {
    /// All of them with the names that settings have for them.
    pub const NAMED: [(&str, Self); 2] = [("default", Self::Default), ("k9s", Self::K9s)];

    /// What it changes, as a keymap file.
    pub fn text(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::K9s => include_str!("../../assets/keymap-k9s.toml"),
        }
    }
}

impl TryFrom<String> for Preset {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if let Some((_, preset)) = Self::NAMED.iter().find(|(known, _)| *known == name) {
            return Ok(*preset);
        }
        let names = Self::NAMED.map(|(known, _)| known);
        let next = nearest(&name, names.into_iter())
            .map_or_else(|| format!("there are {}", names.join(" and ")), |near| format!("did you mean `{near}`"));
        Err(format!("there is no preset `{name}`; {next}"))
    }
}

/// One line of a keymap file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name of the command, as written.
    pub id: String,
    /// Its chords; none unbinds it.
    pub chords: Vec<Chord>,
    /// Where the line stands, in bytes.
    pub offset: usize,
}

/// Reads a keymap file: `association.create = "c"`, `move.down = ["j", "Down"]`, `list.fold = []`.
///
/// # Errors
/// Every line that is wrong, with its number.
pub fn parse(file: &str, text: &str) -> Result<Vec<Binding>, Vec<Problem>> {
    let table = DeTable::parse(text).map_err(|error| vec![Problem::syntax(file, text, &error)])?;
    let (mut bindings, mut problems) = (Vec::new(), Vec::new());
    read_table(table.get_ref(), "", &mut bindings, &mut |offset, what: String| {
        problems.push(Problem::at(
            file,
            text,
            offset,
            what,
            "Correct the line; until then nothing of this file applies.",
        ));
    });
    bindings.sort_by_key(|binding| binding.offset);
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(bindings) } else { Err(problems) }
}

/// `move.down = …` and `"move.down" = …` and `[move]` mean the same.
fn read_table(table: &DeTable<'_>, prefix: &str, bindings: &mut Vec<Binding>, problem: &mut dyn FnMut(usize, String)) {
    for (key, value) in table {
        let id = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let offset = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => read_table(inner, &id, bindings, problem),
            _ => match chords(value) {
                Ok(chords) => bindings.push(Binding { id, chords, offset }),
                Err((at, what)) => problem(at.unwrap_or(offset), format!("{id}: {what}")),
            },
        }
    }
}

fn chords(value: &Spanned<DeValue<'_>>) -> Result<Vec<Chord>, (Option<usize>, String)> {
    let chord = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => {
            text.parse().map_err(|error: super::key::KeyError| (Some(value.span().start), error.to_string()))
        }
        _ => Err((Some(value.span().start), "a key is written as text, such as \"Ctrl-d\"".to_owned())),
    };
    match value.get_ref() {
        DeValue::Array(values) => values.iter().map(chord).collect(),
        _ => chord(value).map(|chord| vec![chord]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        text.parse::<Chord>().unwrap().keys().to_vec()
    }

    #[test]
    fn a_prefix_tells_what_may_follow() {
        let mut trie = Trie::default();
        trie.bind(&keys("g g"), 1).unwrap();
        trie.bind(&keys("g x y"), 2).unwrap();
        trie.bind(&keys("j"), 3).unwrap();
        assert_eq!(trie.lookup(&keys("j")), Lookup::Found(3));
        assert_eq!(trie.lookup(&keys("g")), Lookup::Prefix(vec![(Key::char('g'), Some(1)), (Key::char('x'), None)]));
        assert_eq!(trie.lookup(&keys("g x y")), Lookup::Found(2));
        assert_eq!(trie.lookup(&keys("g q")), Lookup::Nothing);
    }

    #[test]
    fn a_chord_and_its_beginning_cannot_both_be_bound() {
        let mut trie = Trie::default();
        trie.bind(&keys("g g"), 1).unwrap();
        assert_eq!(trie.bind(&keys("g"), 2), Err(1));
        assert_eq!(trie.bind(&keys("g g g"), 3), Err(1));
        assert_eq!(trie.bind(&keys("g g"), 1), Ok(()));
    }

    #[test]
    fn a_file_is_read_in_every_spelling_of_toml() {
        let bindings =
            parse("keymap.toml", "move.down = [\"j\", \"g g\"]\n\"quit\" = \"Q\"\n[list]\nfold = []\n").unwrap();
        let ids: Vec<(&str, usize)> =
            bindings.iter().map(|binding| (binding.id.as_str(), binding.chords.len())).collect();
        assert_eq!(ids, [("move.down", 2), ("quit", 1), ("list.fold", 0)]);
    }

    #[test]
    fn every_wrong_line_is_named() {
        let problems =
            parse("keymap.toml", "quit = \"Ctrl-q\"\n\nmove.down = [\n  \"j\",\n  \"Strg-j\",\n]\ncopy = 3\n")
                .unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 5, 7]);
        assert!(told[0].starts_with("keymap.toml line 1: quit: Ctrl-q is never bound"), "{told:?}");
        assert!(told[1].contains("`Strg-j` is no key"), "{told:?}");
        assert_eq!(parse("keymap.toml", "quit = \n").unwrap_err()[0].line, 1);
    }
}
