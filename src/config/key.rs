//! Keys and chords as people write them: `j`, `Ctrl-d`, `Enter`, `g g`. Our own type, so that
//! neither the keymap nor the program knows a terminal library.

use std::{fmt, str::FromStr};

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    /// A character as it arrives: shift is already in it.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Shift and tabulator.
    BackTab,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 and so on.
    Function(u8),
}

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held.
    pub alt: bool,
}

/// Keys pressed one after the other: `g g`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord(Vec<Key>);

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing is written.
    #[error("a key is missing: write a letter, or a name such as Ctrl-d, Enter, Space")]
    Empty,
    /// The name is not known.
    #[error("`{0}` is no key: write a letter, or a name such as Ctrl-d, Enter, Space, PageDown")]
    Unknown(String),
    /// Terminals cannot tell it from another key, or use it themselves (experience part 4).
    #[error("{0} is never bound: {1}")]
    Never(String, &'static str),
}

/// Names of the keys that are no characters.
const NAMES: [(&str, KeyCode); 16] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("BackTab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Space", KeyCode::Char(' ')),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// A character key.
    pub const fn char(letter: char) -> Self {
        Self::plain(KeyCode::Char(letter))
    }

    /// Control and a character.
    pub const fn ctrl(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), ctrl: true, alt: false }
    }

    /// The character that this key writes into a text field.
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if !self.ctrl && !self.alt => Some(letter),
            _ => None,
        }
    }

    /// Why this key is never bound, if it is one of those.
    pub fn never(self) -> Option<&'static str> {
        match self {
            Self { alt: true, .. } => Some("terminals and window managers use Alt themselves"),
            Self { code: KeyCode::Function(_), .. } => Some("terminals and keyboards use function keys themselves"),
            Self { code: KeyCode::Char('s' | 'q'), ctrl: true, .. } => {
                Some("terminals stop and start their output with it")
            }
            Self { code: KeyCode::Char('\\'), ctrl: true, .. } => Some("terminals kill the program with it"),
            Self { code: KeyCode::Char('i'), ctrl: true, .. } => Some("terminals cannot tell it from Tab"),
            Self { code: KeyCode::Char('m'), ctrl: true, .. } => Some("terminals cannot tell it from Enter"),
            Self { code: KeyCode::Char('h'), ctrl: true, .. } => Some("terminals cannot tell it from Backspace"),
            Self { code: KeyCode::Char('['), ctrl: true, .. } => Some("terminals cannot tell it from Esc"),
            _ => None,
        }
    }

    fn parse_code(text: &str) -> Option<KeyCode> {
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return Some(KeyCode::Char(letter));
        }
        if let Some((_, code)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Some(*code);
        }
        let number = text.strip_prefix(['F', 'f'])?.parse().ok()?;
        (1..=24).contains(&number).then_some(KeyCode::Function(number))
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (mut rest, mut ctrl, mut alt, mut shift) = (text, false, false, false);
        while let Some((modifier, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty()) {
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "c" => ctrl = true,
                "alt" | "a" => alt = true,
                "shift" => shift = true,
                _ => return Err(KeyError::Unknown(text.to_owned())),
            }
            rest = after;
        }
        let code = Self::parse_code(rest).ok_or_else(|| KeyError::Unknown(text.to_owned()))?;
        Ok(Self { code: shifted(code, shift, ctrl), ctrl, alt })
    }
}

/// Shift belongs to the character; with control, terminals send the small letter.
fn shifted(code: KeyCode, shift: bool, ctrl: bool) -> KeyCode {
    match code {
        KeyCode::Tab if shift => KeyCode::BackTab,
        KeyCode::Char(letter) if ctrl => KeyCode::Char(letter.to_ascii_lowercase()),
        KeyCode::Char(letter) if shift => KeyCode::Char(letter.to_ascii_uppercase()),
        other => other,
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            out.write_str("Ctrl-")?;
        }
        if self.alt {
            out.write_str("Alt-")?;
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return out.write_str(name);
        }
        match self.code {
            KeyCode::Char(letter) => write!(out, "{letter}"),
            KeyCode::Function(number) => write!(out, "F{number}"),
            _ => Ok(()),
        }
    }
}

impl Chord {
    /// The keys, in order; at least one.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

impl From<Key> for Chord {
    fn from(key: Key) -> Self {
        Self(vec![key])
    }
}

impl FromStr for Chord {
    type Err = KeyError;

    /// Reads a chord that may be bound; the keys that never are, are refused.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let keys: Vec<Key> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if let Some((key, why)) = keys.iter().find_map(|key| key.never().map(|why| (key, why))) {
            return Err(KeyError::Never(key.to_string(), why));
        }
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self(keys)) }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str(" ")?;
            }
            key.fmt(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_as_it_prints() {
        for text in ["j", "G", "Ctrl-d", "Enter", "Space", "PageDown", "g g", "Ctrl-r x", "-", "BackTab", "Ctrl--"] {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        assert_eq!("Shift-g".parse(), Ok(Key::char('G')));
        assert_eq!("Shift-Tab".parse(), Ok(Key::plain(KeyCode::BackTab)));
        assert_eq!("ctrl-D".parse(), Ok(Key::ctrl('d')));
    }

    #[test]
    fn keys_that_terminals_need_are_refused_with_the_reason() {
        for text in
            ["Ctrl-s", "Ctrl-q", "Ctrl-\\", "Ctrl-i", "Ctrl-m", "Ctrl-h", "Ctrl-[", "F1", "F12", "Alt-x", "g Ctrl-s"]
        {
            assert!(matches!(text.parse::<Chord>(), Err(KeyError::Never(..))), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        assert_eq!("".parse::<Chord>(), Err(KeyError::Empty));
        assert_eq!("Strg-d".parse::<Chord>(), Err(KeyError::Unknown("Strg-d".into())));
        assert_eq!("F99".parse::<Chord>(), Err(KeyError::Unknown("F99".into())));
    }
}
