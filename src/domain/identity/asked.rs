//! Facts that are asked for one by one because something names them: ConfigMaps, pod templates. They are watched by
//! nobody, so they are asked for again after a while, and when something tells that they may have changed.

use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use crate::domain::{fact::Fact, failure::Failure};

/// What was asked for by a key.
#[derive(Debug)]
pub struct Asked<K, T>(FxHashMap<K, Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    fact: Fact<T>,
    /// When the last answer came; `None` if it is to be asked for (again).
    answered_at: Option<Timestamp>,
}

impl<K, T> Default for Asked<K, T> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { fact: Fact::Loading, answered_at: None }
    }
}

impl<K: Eq + Hash, T: PartialEq> Asked<K, T> {
    /// What is known by a key; `None` if nobody has asked.
    pub fn get(&self, key: &K) -> Option<&Fact<T>> {
        self.0.get(key).map(|entry| &entry.fact)
    }

    /// Everything that was asked for.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Fact<T>)> {
        self.0.iter().map(|(key, entry)| (key, &entry.fact))
    }

    /// Whether nothing was ever asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks for it, unless that was done.
    pub fn ask(&mut self, key: K) {
        self.0.entry(key).or_default();
    }

    /// Takes over an answer; true if that changed the fact. A failure never hides what was known before.
    pub fn answer(&mut self, key: K, fact: Fact<T>, now: Timestamp) -> bool {
        let entry = self.0.entry(key).or_default();
        entry.answered_at = Some(now);
        let hides = matches!(entry.fact, Fact::Known(_)) && matches!(fact, Fact::Unknown(_) | Fact::Loading);
        let changed = !hides && entry.fact != fact;
        if changed {
            entry.fact = fact;
        }
        changed
    }

    /// Something happened at a moment after which the answer may be another one.
    pub fn outdate(&mut self, key: &K, at: Timestamp) {
        if let Some(entry) = self.0.get_mut(key).filter(|entry| entry.answered_at.is_some_and(|answered| answered < at))
        {
            entry.answered_at = None;
        }
    }

    /// Whether it is to be asked for: never answered, or not for longer than `age`.
    pub fn is_due(&self, key: &K, now: Timestamp, age: SignedDuration) -> bool {
        let answered = self.0.get(key).and_then(|entry| entry.answered_at);
        answered.is_none_or(|answered| now.duration_since(answered) >= age)
    }

    /// Those asked for that are due.
    pub fn due(&self, now: Timestamp, age: SignedDuration) -> impl Iterator<Item = &K> {
        self.0.keys().filter(move |key| self.is_due(key, now, age))
    }

    /// Those that could not be read.
    pub fn failures(&self) -> impl Iterator<Item = (&K, &std::sync::Arc<Failure>)> {
        self.iter().filter_map(|(key, fact)| Some((key, fact.failure()?)))
    }

    /// Forgets what nothing names any more.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| keep(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHILE: SignedDuration = SignedDuration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_was_answered_is_due_again_after_a_while_or_once_it_is_outdated() {
        let mut asked: Asked<&str, u8> = Asked::default();
        asked.ask("a");
        assert_eq!(asked.due(at(0), WHILE).count(), 1);
        assert!(asked.answer("a", Fact::Known(1), at(0)));
        assert!(!asked.is_due(&"a", at(59), WHILE));
        assert!(asked.is_due(&"a", at(60), WHILE));
        asked.outdate(&"a", at(0));
        assert!(!asked.is_due(&"a", at(1), WHILE), "it was answered no earlier than that");
        asked.outdate(&"a", at(1));
        assert!(asked.is_due(&"a", at(1), WHILE));
        assert_eq!(asked.get(&"a"), Some(&Fact::Known(1)), "and known meanwhile");
        assert!(!asked.answer("a", Fact::Known(1), at(2)), "the same answer changes nothing");
        assert!(!asked.is_due(&"a", at(3), WHILE));
    }

    #[test]
    fn a_failure_does_not_hide_what_was_known_and_is_not_asked_for_at_once_again() {
        use crate::domain::failure::FailureKind;
        let failure =
            || Fact::Unknown(std::sync::Arc::new(Failure::new(FailureKind::Denied, "cannot read", "no", "ask")));
        let mut asked: Asked<&str, u8> = Asked::default();
        asked.answer("a", Fact::Known(1), at(0));
        assert!(!asked.answer("a", failure(), at(60)));
        assert!(!asked.is_due(&"a", at(61), WHILE));
        assert!(asked.answer("b", failure(), at(60)));
        assert_eq!(asked.failures().count(), 1);
    }
}
