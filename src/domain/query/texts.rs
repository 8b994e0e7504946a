//! What free words are searched in, of many rows: made once, and asked again at every key press.

use super::Fields;

/// The texts of rows, one after the other, and the same in ASCII lower case.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    text: String,
    lower: String,
    ends: Vec<usize>,
}

/// The text of one row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hay<'a> {
    /// As it is written.
    pub(super) text: &'a str,
    /// In ASCII lower case.
    pub(super) lower: &'a str,
}

impl Texts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets all of them; the room stays.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lower.clear();
        self.ends.clear();
    }

    /// Reads another row.
    pub fn push(&mut self, row: &impl Fields) {
        let start = self.text.len();
        row.text(&mut self.text);
        self.lower.push_str(&self.text[start..]);
        self.lower[start..].make_ascii_lowercase();
        self.ends.push(self.text.len());
    }

    /// The text of a row; empty where that was not read.
    pub fn of(&self, index: usize) -> Hay<'_> {
        let Some(end) = self.ends.get(index) else { return Hay::default() };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Hay { text: &self.text[start..*end], lower: &self.lower[start..*end] }
    }
}
