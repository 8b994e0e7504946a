//! Whether changes may be made: a session starts locked (experience part 5).

use jiff::{SignedDuration, Timestamp};

use crate::config::settings::Settings;

/// For how long a confirmation unlocks, by default.
pub const UNLOCKED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// Whether changes may be made in a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lock {
    /// Plans, diffs and copies work; the first confirm asks to unlock.
    #[default]
    Locked,
    /// Changes are made until then; `None`: for the whole session (`--write`).
    Unlocked {
        /// When it locks again.
        until: Option<Timestamp>,
    },
    /// Cannot be unlocked (`--read-only`).
    ReadOnly,
}

impl Lock {
    /// What a session begins with under these settings.
    pub fn of(settings: &Settings) -> Self {
        match (settings.read_only, settings.write) {
            (true, _) => Self::ReadOnly,
            (false, true) => Self::Unlocked { until: None },
            (false, false) => Self::Locked,
        }
    }

    /// Whether a change may be made at this moment.
    pub fn is_open(self, now: Timestamp) -> bool {
        match self {
            Self::Unlocked { until } => until.is_none_or(|until| now < until),
            Self::Locked | Self::ReadOnly => false,
        }
    }

    /// When it locks by itself.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Unlocked { until } => until,
            Self::Locked | Self::ReadOnly => None,
        }
    }

    /// Locks it if its time is over; tells whether it did.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let over = self.until().is_some_and(|until| until <= now);
        if over {
            *self = Self::Locked;
        }
        over
    }

    /// The word in the header.
    pub fn word(self) -> &'static str {
        match self {
            Self::Locked => "LOCKED",
            Self::Unlocked { .. } => "UNLOCKED",
            Self::ReadOnly => "READ-ONLY",
        }
    }
}
