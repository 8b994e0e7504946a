//! The keymap: the command table's keys with the changes of a person's file, one trie a context.

use std::collections::BTreeMap;

use super::{
    command::{Command, Context, TABLE},
    field::Field,
};
use crate::config::{
    key::{Chord, Key},
    keymap::{self, Lookup, Preset, Trie},
    problem::{Problem, nearest},
};

/// Which keys mean what.
#[derive(Clone, Debug, PartialEq)]
pub struct Keys {
    tries: Vec<Trie<Command>>,
    chords: BTreeMap<Command, Vec<Chord>>,
}

/// Two commands want the same keys in one context.
struct Conflict {
    context: Context,
    chord: Chord,
    wanted: Command,
    bound: Command,
}

impl Default for Keys {
    fn default() -> Self {
        Self::of(Preset::Default)
    }
}

/// The table's chords with what a preset changes.
fn chords_of(preset: Preset) -> BTreeMap<Command, Vec<Chord>> {
    let parsed = |keys: &[&str]| keys.iter().filter_map(|key| key.parse().ok()).collect();
    let mut chords: BTreeMap<_, _> = TABLE.iter().map(|entry| (entry.command, parsed(entry.keys))).collect();
    // A test holds that the file of a preset is right.
    let changed = keymap::parse("", preset.text()).unwrap_or_default();
    chords.extend(changed.into_iter().filter_map(|line| Some((Command::by_id(&line.id)?, line.chords))));
    chords
}

fn tries(chords: &BTreeMap<Command, Vec<Chord>>) -> (Vec<Trie<Command>>, Vec<Conflict>) {
    let mut conflicts = Vec::new();
    let mut build = |context: Context| {
        let mut trie = Trie::default();
        for entry in TABLE.iter().filter(|entry| entry.contexts.contains(&context)) {
            for chord in chords.get(&entry.command).into_iter().flatten().filter(|chord| is_reachable(context, chord)) {
                if let Err(bound) = trie.bind(chord.keys(), entry.command) {
                    conflicts.push(Conflict { context, chord: chord.clone(), wanted: entry.command, bound });
                }
            }
        }
        trie
    };
    (Context::ALL.into_iter().map(&mut build).collect(), conflicts)
}

/// In a text field, what edits text never is a command.
fn is_reachable(context: Context, chord: &Chord) -> bool {
    context != Context::Text || chord.keys().first().is_some_and(|key| !Field::takes(*key))
}

impl Keys {
    /// A preset without a person's file.
    pub fn of(preset: Preset) -> Self {
        let chords = chords_of(preset);
        let (tries, _) = tries(&chords);
        Self { tries, chords }
    }

    /// A preset changed by a keymap file. If anything in it is wrong, the preset and what is wrong.
    pub fn parse(preset: Preset, file: &str, text: &str) -> (Self, Vec<Problem>) {
        match Self::read(preset, file, text) {
            Ok(keys) => (keys, Vec::new()),
            Err(problems) => (Self::of(preset), problems),
        }
    }

    fn read(preset: Preset, file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let bindings = keymap::parse(file, text)?;
        let (mut chords, mut offsets, mut problems) = (chords_of(preset), BTreeMap::new(), Vec::new());
        for binding in bindings {
            match Command::by_id(&binding.id) {
                Some(command) => {
                    offsets.insert(command, binding.offset);
                    chords.insert(command, binding.chords);
                }
                None => problems.push(unknown(file, text, &binding)),
            }
        }
        let (tries, conflicts) = tries(&chords);
        problems.extend(conflicts.iter().map(|conflict| conflict.problem(file, text, &offsets)));
        problems.dedup();
        if problems.is_empty() { Ok(Self { tries, chords }) } else { Err(problems) }
    }

    /// What keys mean in a context.
    pub fn lookup(&self, context: Context, keys: &[Key]) -> Lookup<Command> {
        self.tries.get(context as usize).map_or(Lookup::Nothing, |trie| trie.lookup(keys))
    }

    /// The chords of a command.
    pub fn chords(&self, command: Command) -> &[Chord] {
        self.chords.get(&command).map_or(&[], Vec::as_slice)
    }

    /// The first chord of a command that works in a context, to be shown: `Enter`, `g g`.
    pub fn label(&self, command: Command, context: Context) -> Option<String> {
        self.chords(command).iter().find(|chord| is_reachable(context, chord)).map(ToString::to_string)
    }

    /// All chords of a command: `j Down`.
    pub fn labels(&self, command: Command) -> String {
        let labels: Vec<String> = self.chords(command).iter().map(ToString::to_string).collect();
        labels.join(", ")
    }
}

fn unknown(file: &str, text: &str, binding: &keymap::Binding) -> Problem {
    let next = nearest(&binding.id, TABLE.iter().map(|entry| entry.id)).map_or_else(
        || "Remove the line; until then nothing of this file applies.".to_owned(),
        |id| format!("Did you mean {id}?"),
    );
    Problem::at(file, text, binding.offset, format!("there is no command `{}`", binding.id), next)
}

impl Conflict {
    fn problem(&self, file: &str, text: &str, offsets: &BTreeMap<Command, usize>) -> Problem {
        let offset = offsets.get(&self.wanted).or_else(|| offsets.get(&self.bound)).copied().unwrap_or_default();
        let (wanted, bound) = (self.wanted.id(), self.bound.id());
        let what = format!("`{}` cannot mean both {wanted} and {bound} in a {}", self.chord, self.context.word());
        Problem::at(file, text, offset, what, "Give one of them another key; until then nothing of this file applies.")
    }
}
