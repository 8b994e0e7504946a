//! Changes are handed on in batches: soon enough for the eye, rarely enough for the program.

use std::time::Duration;

use tokio::{sync::mpsc, time::Instant};

use super::{Event, Link};
use crate::domain::change::Change;

/// Most changes in one batch.
const LARGEST: usize = 500;

/// Longest time a change is held back.
const LONGEST: Duration = Duration::from_millis(50);

/// Nobody listens any more.
pub(super) struct Closed;

/// The changes that wait to be sent.
pub(super) struct Batch {
    events: mpsc::Sender<Event>,
    changes: Vec<Change>,
    due: Option<Instant>,
}

impl Batch {
    pub fn new(events: mpsc::Sender<Event>) -> Self {
        Self { events, changes: Vec::new(), due: None }
    }

    /// When the waiting changes have to go.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Adds a change, and sends if it is time.
    pub async fn push(&mut self, change: Change) -> Result<(), Closed> {
        self.changes.push(change);
        let due = *self.due.get_or_insert_with(|| Instant::now() + LONGEST);
        if self.changes.len() >= LARGEST || Instant::now() >= due { self.flush().await } else { Ok(()) }
    }

    /// Sends what waits.
    pub async fn flush(&mut self) -> Result<(), Closed> {
        self.due = None;
        if self.changes.is_empty() {
            return Ok(());
        }
        let changes = std::mem::take(&mut self.changes);
        self.events.send(Event::Changes(changes)).await.map_err(|_| Closed)
    }

    /// Sends what waits, then something else: order is kept.
    pub async fn tell(&mut self, event: Event) -> Result<(), Closed> {
        self.flush().await?;
        self.events.send(event).await.map_err(|_| Closed)
    }

    /// Sends a state of the connection.
    pub async fn link(&mut self, link: Link) -> Result<(), Closed> {
        self.tell(Event::Link(link)).await
    }
}
