//! An AWS error, pasted: what it says and whom it is about stand below the field while it is written;
//! confirming opens the chain on the hop.

use crate::app::{field::Field, subject::Subject};
use crate::domain::{
    inventory::Inventory,
    symptom::{
        LONGEST,
        answer::{Answer, Found},
    },
};

/// The dialog.
#[derive(Clone, Debug)]
pub struct Why {
    /// What was pasted; line breaks are spaces here.
    pub field: Field,
    /// What it says, `None` while nothing in it is known.
    pub answer: Option<Box<Answer>>,
    /// Which of those it may be about is selected.
    pub cursor: usize,
    /// Revision of the inventory that the answer was made from.
    made: u64,
}

impl Why {
    /// An empty field.
    pub fn new(inventory: &Inventory) -> Self {
        Self { field: Field::roomy(LONGEST), answer: None, cursor: 0, made: inventory.revision() }
    }

    /// Reads the text again after it changed.
    pub fn read(&mut self, inventory: &Inventory) {
        self.made = inventory.revision();
        self.answer = Answer::of(&self.field.text(), inventory).map(Box::new);
        self.cursor = 0;
    }

    /// Resolves again if the inventory changed; tells whether the answer is another one.
    pub fn settle(&mut self, inventory: &Inventory) -> bool {
        if self.made == inventory.revision() {
            return false;
        }
        self.made = inventory.revision();
        let Some(answer) = &mut self.answer else { return false };
        let fresh = Answer::about(answer.symptom.clone(), inventory);
        let changed = **answer != fresh;
        **answer = fresh;
        self.cursor = self.cursor.min(answer.found.len().saturating_sub(1));
        changed
    }

    /// How many it may be about.
    pub fn found(&self) -> usize {
        self.answer.as_ref().map_or(0, |answer| answer.found.len())
    }

    /// The page of the one that is selected.
    pub fn chosen(&self) -> Option<Subject> {
        let found = self.answer.as_ref()?.found.get(self.cursor)?;
        Some(match found.clone() {
            Found::Pod(id) => Subject::Pod(id),
            Found::Node(name) => Subject::Node(name),
            Found::ServiceAccount(id) => Subject::ServiceAccount(id),
            Found::Role(arn) => Subject::Role(arn),
        })
    }
}
