//! What changed, and what failed: CloudTrail is asked only after it was said what that costs.

use std::sync::Arc;

use crate::{
    app::screen::Scroll,
    domain::{
        failure::Failure,
        trail::{Event, Lookup, Subject, budget},
    },
};

/// What is looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Edits of the last day.
    #[default]
    Edits,
    /// Failed attempts of the last hour.
    Attempts,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// Newest first.
    pub events: Vec<Event>,
    /// Lookups that had more events than were read.
    pub cut: usize,
    /// Why something could not be read.
    pub failure: Option<Arc<Failure>>,
}

/// How far a lookup is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Looked {
    /// Nobody was asked yet.
    #[default]
    Not,
    /// CloudTrail is being asked.
    Waiting,
    /// It answered.
    Found(Events),
}

/// The dialog.
#[derive(Clone, Debug)]
pub struct ChangedForm {
    /// Whom it is about, in words.
    pub title: String,
    /// Whom it is about.
    pub subject: Subject,
    /// What is looked up.
    pub what: What,
    /// Who and from where is shown.
    pub who: bool,
    /// How far it is.
    pub looked: Looked,
    /// How far it is scrolled.
    pub scroll: Scroll,
}

impl ChangedForm {
    /// The dialog, nobody asked yet.
    pub fn new(title: String, subject: Subject) -> Self {
        let (looked, scroll) = (Looked::Not, Scroll::default());
        Self { title, subject, what: What::Edits, who: false, looked, scroll }
    }

    /// The lookups that a confirmation makes.
    pub fn lookups(&self, now: jiff::Timestamp) -> Vec<Lookup> {
        match self.what {
            What::Edits => self.subject.edits(now),
            What::Attempts => self.subject.attempts(now),
        }
    }

    /// What they cost.
    pub fn budget(&self, now: jiff::Timestamp) -> String {
        budget(&self.lookups(now))
    }

    /// Edits instead of attempts, or the reverse; nobody was asked for those yet.
    pub fn turn(&mut self) {
        self.what = match self.what {
            What::Edits => What::Attempts,
            What::Attempts => What::Edits,
        };
        (self.looked, self.scroll) = (Looked::Not, Scroll::default());
    }
}
