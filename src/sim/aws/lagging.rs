//! A value that readers see late: what eventual consistency looks like from
//! outside. Writers see the newest version, readers the one of a moment ago.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// More versions than this within one delay are forgotten.
const KEPT: usize = 16;

/// The versions of one entity; `None` is its absence.
#[derive(Clone, Debug)]
pub struct Lagging<T> {
    versions: VecDeque<(Timestamp, Option<T>)>,
}

impl<T> Lagging<T> {
    /// An entity that has been there all along.
    pub fn settled(value: T) -> Self {
        Self { versions: VecDeque::from([(Timestamp::MIN, Some(value))]) }
    }

    /// An entity that did not exist before `now`.
    pub fn created(value: T, now: Timestamp) -> Self {
        Self { versions: VecDeque::from([(Timestamp::MIN, None), (now, Some(value))]) }
    }

    /// Replaces or (with `None`) removes the entity at `now`.
    pub fn set(&mut self, value: Option<T>, now: Timestamp) {
        self.versions.push_back((now, value));
        if self.versions.len() > KEPT {
            self.versions.pop_front();
        }
    }

    /// The newest version.
    pub fn latest(&self) -> Option<&T> {
        self.versions.back().and_then(|(_, value)| value.as_ref())
    }

    /// What a reader sees at `now` if news takes `delay` to arrive.
    pub fn seen(&self, now: Timestamp, delay: SignedDuration) -> Option<&T> {
        let horizon = now.saturating_sub(delay).unwrap_or(now);
        let arrived = self.versions.iter().rev().find(|(at, _)| *at <= horizon);
        arrived.or(self.versions.front()).and_then(|(_, value)| value.as_ref())
    }
}

impl<T: Clone> Lagging<T> {
    /// Changes the newest version, if there is one.
    pub fn change(&mut self, now: Timestamp, change: impl FnOnce(&mut T)) {
        if let Some(mut value) = self.latest().cloned() {
            change(&mut value);
            self.set(Some(value), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lagging;
    use jiff::{SignedDuration, Timestamp};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    const DELAY: SignedDuration = SignedDuration::from_secs(5);

    #[test]
    fn a_new_value_is_seen_after_the_delay() {
        let value = Lagging::created(1, at(0));
        assert_eq!(value.latest(), Some(&1));
        assert_eq!(value.seen(at(4), DELAY), None);
        assert_eq!(value.seen(at(5), DELAY), Some(&1));
    }

    #[test]
    fn a_removed_value_is_seen_until_the_delay() {
        let mut value = Lagging::settled(1);
        value.set(None, at(0));
        assert_eq!(value.latest(), None);
        assert_eq!(value.seen(at(4), DELAY), Some(&1));
        assert_eq!(value.seen(at(5), DELAY), None);
    }

    #[test]
    fn without_a_delay_everything_is_seen_at_once() {
        let mut value = Lagging::created(1, at(0));
        value.change(at(0), |value| *value = 2);
        assert_eq!(value.seen(at(0), SignedDuration::ZERO), Some(&2));
    }
}
