//! An AWS error, pasted: what it says and whom it is about stand below the field while it is written;
//! confirming opens the chain on the hop.

use crate::app::{field::Field, subject::Subject, target};
use crate::domain::{
    inventory::Inventory,
    symptom::{
        LONGEST, Symptom,
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
    /// In whose log the text stood: the object of the page that the dialog was opened on.
    log_of: Option<Found>,
    /// Revision of the inventory that the answer was made from.
    made: u64,
}

impl Why {
    /// An empty field, on the page of an object.
    pub fn new(inventory: &Inventory, page: Option<&Subject>) -> Self {
        let log_of = match page {
            Some(Subject::Pod(id)) => Some(Found::Pod(id.clone())),
            Some(Subject::Workload(id)) => target::worst(inventory, id).map(|row| Found::Pod(row.id)),
            Some(Subject::ServiceAccount(id)) => Some(Found::ServiceAccount(id.clone())),
            _ => None,
        };
        Self { field: Field::roomy(LONGEST), answer: None, cursor: 0, log_of, made: inventory.revision() }
    }

    /// Reads the text again after it changed.
    pub fn read(&mut self, inventory: &Inventory) {
        let symptom = Symptom::read(&self.field.text());
        // Most keys change nothing that matters; looking up is what costs.
        if symptom.as_ref() == self.answer.as_ref().map(|answer| &answer.symptom) {
            return;
        }
        self.made = inventory.revision();
        self.answer = symptom.map(|symptom| Box::new(Answer::about(symptom, inventory, self.log_of.as_ref())));
        self.cursor = 0;
    }

    /// Resolves again if the inventory changed; tells whether the answer is another one.
    pub fn settle(&mut self, inventory: &Inventory) -> bool {
        if self.made == inventory.revision() {
            return false;
        }
        self.made = inventory.revision();
        let Some(answer) = &mut self.answer else { return false };
        let fresh = Answer::about(answer.symptom.clone(), inventory, self.log_of.as_ref());
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
