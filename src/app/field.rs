//! A one-line text field: text, cursor, and the editing keys of every shell. Control characters never get in.

use crate::config::key::{Key, KeyCode};

/// Longest text, in characters: more than any ARN or filter needs.
const LONGEST: usize = 4096;

/// A one-line text field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    letters: Vec<char>,
    cursor: usize,
    longest: usize,
}

impl Default for Field {
    fn default() -> Self {
        Self::roomy(LONGEST)
    }
}

impl Field {
    /// A field with a text and the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut field = Self::default();
        field.insert(text);
        field
    }

    /// An empty field for texts of up to so many characters.
    pub fn roomy(longest: usize) -> Self {
        Self { letters: Vec::new(), cursor: 0, longest }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// The text before the cursor and from it on.
    pub fn parts(&self) -> (String, String) {
        let (before, after) = self.letters.split_at(self.cursor);
        (before.iter().collect(), after.iter().collect())
    }

    /// Where the cursor stands, in characters.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Writes a text at the cursor as one edit: line breaks become spaces, other control characters vanish.
    pub fn insert(&mut self, text: &str) {
        let room = self.longest.saturating_sub(self.letters.len());
        let spaced =
            text.trim_end_matches(['\r', '\n']).chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
        let clean: Vec<char> = spaced.filter(|letter| !letter.is_control() && !is_hidden(*letter)).take(room).collect();
        let count = clean.len();
        self.letters.splice(self.cursor..self.cursor, clean);
        self.cursor += count;
    }

    /// Empties it.
    pub fn clear(&mut self) {
        *self = Self::roomy(self.longest);
    }

    /// Whether a key edits text or moves within it; such keys never are commands while a field has the focus.
    pub fn takes(key: Key) -> bool {
        if key.ctrl {
            return matches!(key.code, KeyCode::Char('a' | 'e' | 'w' | 'u' | 'k'));
        }
        key.text().is_some()
            || matches!(
                key.code,
                KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End
            )
    }

    /// Edits; tells whether the text changed.
    pub fn press(&mut self, key: Key) -> bool {
        let before = self.letters.len();
        match (key.ctrl, key.code) {
            (false, KeyCode::Char(letter)) => self.insert(letter.encode_utf8(&mut [0; 4])),
            (false, KeyCode::Left) => self.cursor = self.cursor.saturating_sub(1),
            (false, KeyCode::Right) => self.cursor = (self.cursor + 1).min(self.letters.len()),
            (false, KeyCode::Home) | (true, KeyCode::Char('a')) => self.cursor = 0,
            (false, KeyCode::End) | (true, KeyCode::Char('e')) => self.cursor = self.letters.len(),
            (false, KeyCode::Backspace) => self.erase(self.cursor.saturating_sub(1)),
            (false, KeyCode::Delete) if self.cursor < self.letters.len() => drop(self.letters.remove(self.cursor)),
            (true, KeyCode::Char('w')) => self.erase(self.word_start()),
            (true, KeyCode::Char('u')) => self.erase(0),
            (true, KeyCode::Char('k')) => self.letters.truncate(self.cursor),
            _ => {}
        }
        self.letters.len() != before
    }

    /// Removes from a place up to the cursor.
    fn erase(&mut self, from: usize) {
        self.letters.drain(from..self.cursor);
        self.cursor = from;
    }

    fn word_start(&self) -> usize {
        let before = &self.letters[..self.cursor];
        let end = before.iter().rposition(|letter| *letter != ' ').map_or(0, |at| at + 1);
        before[..end].iter().rposition(|letter| *letter == ' ').map_or(0, |at| at + 1)
    }
}

/// Marks that change the direction of text or take no room: they could hide what is really written.
fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_one_edit_and_brings_no_control_characters() {
        let mut field = Field::new("ns:");
        field.insert("pay\nments\u{1b}[31m\u{202e}\r\n");
        assert_eq!(field.text(), "ns:pay ments[31m");
        assert_eq!(field.cursor(), field.text().len());
    }

    #[test]
    fn shell_keys_edit() {
        let mut field = Field::new("one two  ");
        field.press(Key::ctrl('w'));
        assert_eq!(field.text(), "one ");
        field.press(Key::plain(KeyCode::Home));
        field.press(Key::plain(KeyCode::Delete));
        assert_eq!(field.parts(), (String::new(), "ne ".to_owned()));
        field.press(Key::plain(KeyCode::Right));
        field.press(Key::ctrl('k'));
        assert_eq!(field.text(), "n");
        field.press(Key::ctrl('u'));
        assert!(field.is_empty());
        assert!(!field.press(Key::plain(KeyCode::Backspace)));
    }
}
