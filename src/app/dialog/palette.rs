//! All commands by words: `:sa`, `:ns ns:payments`, or any part of a title. Shows the key, so it teaches.

use crate::app::{
    command::{Command, TABLE},
    field::Field,
    fuzzy::Fuzzy,
};

/// The palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What was typed.
    pub field: Field,
    /// Commands that match, best first.
    pub found: Vec<Command>,
    /// Which of them is selected.
    pub cursor: usize,
}

impl Palette {
    /// An empty palette: every command that a person would look for.
    pub fn new() -> Self {
        let mut palette = Self::default();
        palette.search();
        palette
    }

    /// Searches again after the text changed.
    pub fn search(&mut self) {
        let text = self.field.text();
        let word = text.split_whitespace().next().unwrap_or_default();
        let exact = Command::by_alias(word);
        let mut fuzzy = Fuzzy::new(if exact.is_some() { word } else { &text });
        let mut scored: Vec<(u32, Command)> = TABLE
            .iter()
            .filter(|entry| is_offered(entry.command))
            .filter_map(|entry| {
                let words = format!("{} {} {}", entry.title, entry.id, entry.aliases.join(" "));
                fuzzy
                    .score(&words)
                    .map(|score| (if Some(entry.command) == exact { u32::MAX } else { score }, entry.command))
            })
            .collect();
        scored.sort_by_key(|(score, command)| (std::cmp::Reverse(*score), *command));
        self.found = scored.into_iter().map(|(_, command)| command).collect();
        self.cursor = 0;
    }

    /// The selected command, and the filter that stands after its name.
    pub fn chosen(&self) -> Option<(Command, String)> {
        let command = *self.found.get(self.cursor)?;
        let text = self.field.text();
        let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let named = is_list(command) && Command::by_alias(word) == Some(command);
        Some((command, if named { rest.trim().to_owned() } else { String::new() }))
    }

    /// Writes the name of the selected command.
    pub fn complete(&mut self) {
        if let Some(command) = self.found.get(self.cursor) {
            let name = command.entry().aliases.first().copied().unwrap_or(command.id());
            self.field = Field::new(name);
            self.search();
        }
    }
}

/// A filter may stand after the name of a list.
fn is_list(command: Command) -> bool {
    (Command::GoPods..=Command::GoFindings).contains(&command)
}

/// What makes sense only as a key is left out.
pub(in crate::app) fn is_offered(command: Command) -> bool {
    use crate::app::command::Group;
    command.entry().group != Group::Move && !matches!(command, Command::Palette | Command::Cancel)
}
