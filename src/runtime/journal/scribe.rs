//! Writes the lines of one operation.

use jiff::Timestamp;

use super::{Author, Journal};
use crate::{
    domain::{
        failure::Failure,
        journal::{Begun, Ending, Entry, Event, Observed, StepEntry, StepState},
        plan::Plan,
    },
    runtime::clock::Clock,
};

/// The pen of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Scribe<'a> {
    /// Where to.
    pub journal: &'a Journal,
    /// Id of the operation.
    pub operation: &'a str,
    /// What is being performed.
    pub plan: &'a Plan,
    /// Who.
    pub author: &'a Author,
    /// What time it is.
    pub clock: Clock,
}

impl Scribe<'_> {
    fn write(&self, event: Event) -> Result<Timestamp, Failure> {
        let at = self.clock.now();
        let entry = Entry { operation: self.operation.to_owned(), at, event, author: self.author.clone() };
        self.journal.write(&entry).map(|()| at)
    }

    /// The plan was confirmed.
    ///
    /// # Errors
    /// As [`Journal::write`]; so have all that follow.
    pub fn begun(&self, cluster: Option<String>) -> Result<(), Failure> {
        self.write(Event::Begun(Begun::of(self.plan, cluster))).map(drop)
    }

    /// An interrupted operation goes on.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn resumed(&self) -> Result<(), Failure> {
        self.write(Event::Resumed).map(drop)
    }

    /// Nothing more is done.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn ended(&self, outcome: Ending) -> Result<(), Failure> {
        self.write(Event::Ended { outcome }).map(drop)
    }

    /// A step is about to be sent, having found this. Tells when.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn started(&self, index: usize, before: Observed) -> Result<Timestamp, Failure> {
        self.step(index, StepState::Started, |entry| entry.before = Some(before))
    }

    /// A step is done and left this.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn done(&self, index: usize, after: Observed) -> Result<(), Failure> {
        self.step(index, StepState::Done, |entry| entry.after = Some(after)).map(drop)
    }

    /// A step failed.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn failed(&self, index: usize, failure: &Failure) -> Result<(), Failure> {
        self.step(index, StepState::Failed, |entry| entry.failure = Some(failure.clone())).map(drop)
    }

    /// A step is not reached.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn skipped(&self, index: usize) -> Result<(), Failure> {
        self.step(index, StepState::Skipped, |_| ()).map(drop)
    }

    fn step(&self, index: usize, state: StepState, tell: impl FnOnce(&mut StepEntry)) -> Result<Timestamp, Failure> {
        let Some(step) = self.plan.steps.get(index) else { return Ok(self.clock.now()) };
        let mut entry = StepEntry { index, state, call: step.call.clone(), before: None, after: None, failure: None };
        tell(&mut entry);
        self.write(Event::Step(Box::new(entry)))
    }
}
