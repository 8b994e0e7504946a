//! What the footer, the help and the which-key line show: all derived from the command table and the live keymap.

use super::{
    availability,
    command::{Command, Context, Entry, Group, TABLE},
    model::Model,
};
use crate::config::keymap::Lookup;

/// A key and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The keys: `Enter`, or for help all of them: `j, Down`.
    pub keys: String,
    /// What they do.
    pub title: &'static str,
    /// Why they do nothing now, if so.
    pub unavailable: Option<String>,
}

/// One heading of the help with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpGroup {
    /// The heading.
    pub group: Group,
    /// The lines: keys, title, id.
    pub lines: Vec<HelpLine>,
}

/// One line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// All keys; empty if a person unbound them.
    pub keys: String,
    /// What they do.
    pub title: &'static str,
    /// The command's name in the keymap file.
    pub id: &'static str,
    /// Where it applies, in words; empty where it does everywhere.
    pub contexts: String,
}

/// The footer: what can be done now, the most useful first. Those that do not apply come with their reason.
pub fn footer(model: &Model) -> Vec<Hint> {
    let context = model.context();
    let mut entries: Vec<&Entry> =
        TABLE.iter().filter(|entry| entry.priority > 0 && entry.contexts.contains(&context)).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.priority));
    entries.into_iter().filter_map(|entry| hint(model, entry.command, context)).collect()
}

fn hint(model: &Model, command: Command, context: Context) -> Option<Hint> {
    let keys = model.keys.label(command, context)?;
    let unavailable = availability::of(model, command).err();
    Some(Hint { keys, title: command.title(), unavailable })
}

/// What may follow the keys pressed so far; empty if none are waiting.
pub fn following(model: &Model) -> Vec<Hint> {
    if model.pending.is_empty() {
        return Vec::new();
    }
    let Lookup::Prefix(next) = model.keys.lookup(model.context(), &model.pending) else { return Vec::new() };
    next.into_iter()
        .map(|(key, command)| Hint {
            keys: key.to_string(),
            title: command.map_or("…", Command::title),
            unavailable: command.and_then(|command| availability::of(model, command).err()),
        })
        .collect()
}

/// The whole help.
pub fn help(model: &Model) -> Vec<HelpGroup> {
    [Group::Move, Group::Go, Group::Find, Group::Change, Group::Session]
        .into_iter()
        .map(|group| HelpGroup { group, lines: lines(model, group) })
        .collect()
}

fn lines(model: &Model, group: Group) -> Vec<HelpLine> {
    TABLE
        .iter()
        .filter(|entry| entry.group == group)
        .map(|entry| HelpLine {
            keys: model.keys.labels(entry.command),
            title: entry.title,
            id: entry.id,
            contexts: where_it_applies(entry.contexts),
        })
        .collect()
}

/// Naming the contexts is worth a line only where they are few.
fn where_it_applies(contexts: &[Context]) -> String {
    if contexts.len() > 2 {
        return String::new();
    }
    contexts.iter().map(|context| context.word()).collect::<Vec<_>>().join(", ")
}
