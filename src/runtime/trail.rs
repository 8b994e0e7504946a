//! Looks events up in CloudTrail, one lookup after the other within its rate, and keeps those that count.

use crate::{
    aws::session::Session,
    domain::{
        failure::Failure,
        trail::{Event, Lookup, Subject},
    },
};

/// Pages of one lookup, 50 events each: some minutes of a busy account.
const PAGES: usize = 10;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Newest first.
    pub events: Vec<Event>,
    /// Lookups that had more events than were read.
    pub cut: usize,
    /// Lookups that were refused, each with its reason.
    pub failures: Vec<Failure>,
}

/// Makes the lookups. A refused one leaves the others.
pub async fn look_up(session: &Session, subject: &Subject, lookups: &[Lookup]) -> Found {
    let mut found = Found::default();
    for lookup in lookups {
        match session.events(lookup, PAGES).await {
            Ok(looked) => {
                found.cut += usize::from(looked.cut);
                found.events.extend(looked.events.into_iter().filter(|event| subject.concerns(event)));
            }
            Err(failure) => found.failures.push(failure),
        }
    }
    found.events.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
    found.events.dedup_by(|one, other| one.id == other.id);
    found
}
