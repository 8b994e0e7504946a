//! The command table, the keymap file and everything drawn from them agree.

use std::collections::BTreeMap;

use super::world::Session;
use crate::{
    app::{
        availability,
        command::{Command, Context, TABLE},
        dialog::Dialog,
        effect::Effect,
        field::Field,
        hint,
        keys::Keys,
        screen::Screen,
        subject::Subject,
    },
    config::{
        key::{Chord, Key},
        keymap::{self, Lookup, Preset},
        settings::Settings,
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
    assert_eq!(Keys::parse(Preset::Default, "keymap.toml", FILE).1, []);
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
    let copies = [(Preset::Default, "y"), (Preset::K9s, "c")];
    for (preset, copy) in copies {
        reserved(&Keys::of(preset), copy);
    }
}

fn reserved(keys: &Keys, copy: &str) {
    for (key, command, except) in [
        ("/", Command::Filter, &[][..]),
        ("?", Command::Help, &[]),
        ("Esc", Command::Back, &[]),
        (copy, Command::Copy, &[]),
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
    for keys in Preset::NAMED.map(|(_, preset)| Keys::of(preset)) {
        let mut meanings: BTreeMap<String, Command> = BTreeMap::new();
        for entry in
            TABLE.iter().filter(|entry| !matches!(entry.command, Command::Confirm | Command::Choose | Command::Mark))
        {
            for key in keys.chords(entry.command) {
                let first = *meanings.entry(key.to_string()).or_insert(entry.command);
                assert_eq!(first, entry.command, "{key}");
            }
        }
    }
}

#[test]
fn the_file_of_a_preset_is_right_and_every_line_of_it_changes_something() {
    for (name, preset) in Preset::NAMED {
        let (_, problems) = Keys::parse(Preset::Default, name, preset.text());
        assert_eq!(problems, []);
        for line in keymap::parse(name, preset.text()).unwrap() {
            let command = Command::by_id(&line.id).unwrap();
            assert_ne!(line.chords, Keys::default().chords(command), "{name}: {}", line.id);
        }
    }
}

#[test]
fn with_the_preset_of_k9s_its_keys_work_and_footer_and_help_show_them() {
    let mut session = Session::with(Settings { keymap: Preset::K9s, ..Settings::default() });
    session.model.keys = Keys::of(Preset::K9s);
    let footer: Vec<(String, &str)> =
        hint::footer(&session.model).into_iter().map(|hint| (hint.keys, hint.title)).collect();
    assert!(
        footer.contains(&("c".to_owned(), "copy")) && footer.contains(&("+".to_owned(), "associate")),
        "{footer:?}"
    );
    let help = hint::help(&session.model);
    let shown = |id: &str| help.iter().flat_map(|group| &group.lines).find(|line| line.id == id).unwrap().keys.clone();
    assert_eq!((shown("association.remove"), shown("workload.restart")), ("Ctrl-d, x".to_owned(), "r".to_owned()));
    session.press("2");
    session.select(&Subject::ServiceAccount(super::world::sa("search/indexer")));
    assert!(matches!(session.press("c").as_slice(), [Effect::Copy(_)]));
    session.press("d");
    assert!(matches!(session.model.screen(), Some(Screen::Detail(_))), "d describes");
    session.press("-");
    assert!(session.model.screen().is_none(), "- is the page before");
    session.press("Ctrl-d");
    assert!(matches!(session.model.dialog(), Some(Dialog::Confirm(_))), "Ctrl-d shows the plan that removes it");
}

#[test]
fn a_keymap_stands_on_top_of_its_preset() {
    let (keys, problems) = Keys::parse(Preset::K9s, "keymap.toml", "copy = \"Y\"\nmenu.copy = \"c\"\n");
    assert_eq!(problems, []);
    assert_eq!((keys.labels(Command::Copy), keys.labels(Command::Associate)), ("Y".to_owned(), "+".to_owned()));
    let (keys, problems) = Keys::parse(Preset::K9s, "keymap.toml", "\nassociation.create = \"c\"\n");
    assert_eq!(problems[0].line, 2, "c copies in this preset");
    assert!(problems[0].to_string().contains("`c` cannot mean both"), "{}", problems[0]);
    assert_eq!(keys, Keys::of(Preset::K9s));
}

#[test]
fn a_rebound_key_works_and_the_help_shows_it() {
    let (keys, problems) =
        Keys::parse(Preset::Default, "keymap.toml", "association.create = [\"Z\", \"g c\"]\nmove.top = \"g g\"\n");
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
    session.select(&Subject::Workload(super::world::deployment("api-service", "api-service")));
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
        let (keys, problems) = Keys::parse(Preset::Default, "keymap.toml", text);
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
