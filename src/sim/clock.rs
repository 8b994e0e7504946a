//! The simulator's clock: it runs with tokio's, so that a test which pauses time pauses the
//! world too, and can be moved by tests that cannot wait.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The time at its making plus what has passed since, plus an offset; clones share the offset.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Timestamp,
    since: Instant,
    offset: Arc<Mutex<SignedDuration>>,
}

impl Clock {
    /// A clock that says `start` now.
    pub fn starting(start: Timestamp) -> Self {
        Self { start, since: Instant::now(), offset: Arc::default() }
    }

    /// The simulated time now.
    pub fn now(&self) -> Timestamp {
        let offset = *self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(passed.saturating_add(offset)).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward for everybody who shares it.
    pub fn advance(&self, by: SignedDuration) {
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        *offset = offset.saturating_add(by);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::starting(Timestamp::now())
    }
}
