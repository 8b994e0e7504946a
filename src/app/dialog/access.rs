//! "May it do this?": an action and what it is done on in one line, completed from the list of actions; the answer of
//! IAM below.

use crate::{
    app::{field::Field, screen::Scroll},
    domain::{access::action, proof::Whom},
};

/// Actions that are offered at once.
const OFFERED: usize = 12;

/// How far a question is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// Nobody was asked yet.
    #[default]
    Not,
    /// IAM is being asked.
    Waiting,
    /// It answered; lines of words.
    Answered(Vec<String>),
}

/// The dialog.
#[derive(Clone, Debug)]
pub struct AccessForm {
    /// Whose identity.
    pub whom: Whom,
    /// `ACTION [ARN]`
    pub field: Field,
    /// Actions that fit what is typed, best first.
    pub found: Vec<&'static str>,
    /// Which of them is selected.
    pub cursor: usize,
    /// How far the question is.
    pub asked: Asked,
    /// How far the answer is scrolled.
    pub scroll: Scroll,
}

impl AccessForm {
    /// A question about somebody, nothing typed yet.
    pub fn new(whom: Whom) -> Self {
        let mut form = Self {
            whom,
            field: Field::roomy(4096),
            found: Vec::new(),
            cursor: 0,
            asked: Asked::Not,
            scroll: Scroll::default(),
        };
        form.search();
        form
    }

    /// Searches again after the text changed; an answer to another question is put away.
    pub fn search(&mut self) {
        let text = self.field.text();
        let word = text.split_whitespace().next().unwrap_or_default();
        self.found = action::completions(word).into_iter().take(OFFERED).collect();
        self.cursor = 0;
        self.asked = Asked::Not;
        self.scroll = Scroll::default();
    }

    /// Writes the selected action and leaves room for the resource.
    pub fn complete(&mut self) {
        let Some(action) = self.found.get(self.cursor) else { return };
        let text = self.field.text();
        let rest = text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
        self.field.clear();
        self.field.insert(&format!("{action} {rest}"));
        self.search();
    }

    /// Action and resource as they were typed.
    pub fn question(&self) -> (String, Option<String>) {
        let text = self.field.text();
        let mut words = text.split_whitespace().map(str::to_owned);
        (words.next().unwrap_or_default(), words.next().filter(|resource| resource != "*"))
    }
}
