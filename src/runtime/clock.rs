//! Where the runtime takes the time from: the system, or a test's paused clock.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A source of time that tests can hold still.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock: right also after the laptop slept.
    System,
    /// Tokio's clock, counted from a fixed start: what `tokio::time::pause` holds still.
    Tokio {
        /// What it says at `since`.
        start: Timestamp,
        /// When it was started.
        since: Instant,
    },
}

impl Clock {
    /// Tokio's clock from now on, saying `start`.
    pub fn tokio(start: Timestamp) -> Self {
        Self::Tokio { start, since: Instant::now() }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Tokio { start, since } => {
                let passed = SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX);
                start.saturating_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }
}
