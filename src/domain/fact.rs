//! One fact about the world: loading, known, absent, or unknown with the reason.
//! A missing permission makes a fact unknown, never absent.

use std::sync::Arc;

use super::failure::Failure;

/// What is known about one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fact<T> {
    /// Nobody has answered yet.
    #[default]
    Loading,
    /// The last answer.
    Known(T),
    /// The server says that there is none.
    Absent,
    /// It could not be read; the failure says why.
    Unknown(Arc<Failure>),
}

impl<T> Fact<T> {
    /// The value if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Whether an answer of any kind has come.
    pub fn is_answered(&self) -> bool {
        !matches!(self, Self::Loading)
    }

    /// Why it is unknown, if it is.
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        match self {
            Self::Unknown(failure) => Some(failure),
            _ => None,
        }
    }

    /// Borrows the value.
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Loading => Fact::Loading,
            Self::Known(value) => Fact::Known(value),
            Self::Absent => Fact::Absent,
            Self::Unknown(failure) => Fact::Unknown(Arc::clone(failure)),
        }
    }

    /// The same fact about something derived from the value.
    pub fn map_known<U>(self, derive: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Loading => Fact::Loading,
            Self::Known(value) => Fact::Known(derive(value)),
            Self::Absent => Fact::Absent,
            Self::Unknown(failure) => Fact::Unknown(failure),
        }
    }

    /// Takes over a new answer; a failure never hides what was known before.
    pub fn update(&mut self, answer: Self) {
        if !(matches!(self, Self::Known(_)) && matches!(answer, Self::Unknown(_) | Self::Loading)) {
            *self = answer;
        }
    }
}

impl<T> From<Result<T, Failure>> for Fact<T> {
    fn from(result: Result<T, Failure>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(failure) => Self::Unknown(Arc::new(failure)),
        }
    }
}
