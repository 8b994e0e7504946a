//! The command table, the keymap file and everything drawn from them agree.

use std::collections::BTreeMap;

use super::world::Session;
use crate::{
    app::{
        availability,
        command::{Command, Context, TABLE},
        field::Field,
        hint,
        keys::Keys,
    },
    config::{
        key::{Chord, Key},
        keymap::{self, Lookup},
    },
};

const FILE: &str = include_str!("../../../assets/keymap.toml");

#[test]
fn every_command_stands_in_the_keymap_file_with_its_keys_and_nothing_else_does() {
    let written: BTreeMap<String, Vec<String>> = keymap::parse("keymap.toml", FILE)
        .unwrap()
        .into_iter()
        .map(|binding| (binding.id, binding.chords.iter().map(Chord::to_string).collect()))
        .collect();
    let table: BTreeMap<String, Vec<String>> = TABLE
        .iter()
        .map(|entry| (entry.id.to_owned(), entry.keys.iter().map(|key| (*key).to_owned()).collect()))
        .collect();
    assert_eq!(written, table);
    assert_eq!(Keys::parse("keymap.toml", FILE).1, []);
}

#[test]
fn ids_and_aliases_are_unique_and_entries_stand_at_their_command() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in TABLE {
        assert_eq!(entry.command.entry().id, entry.id);
        for name in std::iter::once(&entry.id).filter(|id| !entry.aliases.contains(id)).chain(entry.aliases) {
            assert!(seen.insert(*name), "{name} is there twice");
        }
    }
}

#[test]
fn reserved_keys_mean_the_same_in_every_context_and_are_always_bound() {
    let keys = Keys::default();
    for (key, command, except) in [
        ("/", Command::Filter, &[][..]),
        ("?", Command::Help, &[]),
        ("Esc", Command::Back, &[]),
        ("y", Command::Copy, &[]),
        ("Ctrl-r", Command::Refresh, &[]),
        ("q", Command::Quit, &[]),
        ("Ctrl-c", Command::Cancel, &[]),
        (":", Command::Palette, &[]),
        ("Ctrl-z", Command::Suspend, &[]),
        ("Enter", Command::Open, &[Context::Dialog, Context::Text]),
    ] {
        let chord: Chord = key.parse().unwrap();
        let mut bound = 0;
        for context in Context::ALL.into_iter().filter(|context| !except.contains(context)) {
            match keys.lookup(context, chord.keys()) {
                Lookup::Found(found) => {
                    assert_eq!(found, command, "{key} in a {}", context.word());
                    bound += 1;
                }
                other => assert_eq!(other, Lookup::Nothing),
            }
        }
        assert!(bound > 0, "{key} is not bound");
    }
}

#[test]
fn no_key_means_two_things_in_different_contexts() {
    let mut meanings: BTreeMap<String, Command> = BTreeMap::new();
    for entry in
        TABLE.iter().filter(|entry| !matches!(entry.command, Command::Confirm | Command::Choose | Command::Mark))
    {
        for key in entry.keys {
            let first = *meanings.entry((*key).to_owned()).or_insert(entry.command);
            assert_eq!(first, entry.command, "{key}");
        }
    }
}

#[test]
fn a_rebound_key_works_and_the_help_shows_it() {
    let (keys, problems) = Keys::parse("keymap.toml", "association.create = [\"Z\", \"g c\"]\nmove.top = \"g g\"\n");
    assert_eq!(problems, []);
    let mut session = Session::new();
    session.model.keys = keys;
    let help = hint::help(&session.model);
    let line = help.iter().flat_map(|group| &group.lines).find(|line| line.id == "association.create").unwrap();
    assert_eq!(line.keys, "Z, g c");
    session.press("g");
    let following: Vec<String> = hint::following(&session.model).into_iter().map(|hint| hint.keys).collect();
    assert_eq!(following, ["c", "g"]);
    session.press("Esc");
    assert!(session.model.pending.is_empty());
    session.select(&crate::app::subject::Subject::Workload(super::world::deployment("api-service", "api-service")));
    session.press("g c");
    assert_eq!(session.model.dialogs.len(), 1);
}

#[test]
fn a_wrong_keymap_names_its_lines_and_the_defaults_stay() {
    for (text, line, part) in [
        ("\nassociation.creat = \"c\"\n", 2, "Did you mean association.create?"),
        ("quit = \"Ctrl-s\"\n", 1, "never bound"),
        ("# mine\n\nquit = \"j\"\n", 3, "cannot mean both"),
        ("move.down = \"g g\"\n", 1, "cannot mean both"),
        ("quit = Q\n", 1, ""),
    ] {
        let (keys, problems) = Keys::parse("keymap.toml", text);
        assert_eq!(problems[0].line, line, "{problems:?}");
        assert!(problems[0].to_string().contains(part), "{}", problems[0]);
        assert_eq!(keys.chords(Command::Quit), Keys::default().chords(Command::Quit));
    }
}

#[test]
fn the_help_is_the_table() {
    let session = Session::new();
    let shown: Vec<(&str, &str)> = hint::help(&session.model)
        .iter()
        .flat_map(|group| group.lines.clone())
        .map(|line| (line.id, line.title))
        .collect();
    let mut table: Vec<(&str, &str)> = TABLE.iter().map(|entry| (entry.id, entry.title)).collect();
    let mut sorted = shown.clone();
    table.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(sorted, table);
}

#[test]
fn the_footer_shows_what_the_context_has_best_first_with_reasons() {
    let mut session = Session::new();
    session.press("3");
    let footer = hint::footer(&session.model);
    assert_eq!((footer[0].keys.as_str(), footer[0].title), ("?", "all keys"));
    let remove = footer.iter().find(|hint| hint.title == "remove association").unwrap();
    assert_eq!(remove.keys, "x");
    assert!(remove.unavailable.is_some());
}

#[test]
fn what_edits_text_is_no_command_in_a_text_field() {
    let keys = Keys::default();
    for key in [Key::char('j'), Key::char('q'), Key::ctrl('u'), Key::plain(crate::config::key::KeyCode::Backspace)] {
        assert!(Field::takes(key));
        assert_eq!(keys.lookup(Context::Text, &[key]), Lookup::Nothing);
    }
}

#[test]
fn every_fix_but_advice_has_a_command() {
    use crate::domain::inventory::FixAction;
    for action in
        [FixAction::Associate, FixAction::Annotate, FixAction::Restart, FixAction::InstallAgent, FixAction::Trust]
    {
        assert!(availability::command_for(action).is_some());
    }
}
