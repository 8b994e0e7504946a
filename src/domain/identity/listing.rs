//! The objects of one kind, with how far they are known. An object that is not listed is absent
//! only if the list itself was read; a failed re-read never hides what was known.

use std::{hash::Hash, sync::Arc};

use rustc_hash::FxHashMap;

use crate::domain::{fact::Fact, failure::Failure};

/// Objects of one kind by their key.
#[derive(Debug)]
pub struct Listing<K, V> {
    /// Whether the list was read.
    state: Fact<()>,
    /// Why the last read failed, even if an earlier one succeeded.
    failure: Option<Arc<Failure>>,
    items: FxHashMap<K, V>,
}

impl<K, V> Default for Listing<K, V> {
    fn default() -> Self {
        Self { state: Fact::Loading, failure: None, items: FxHashMap::default() }
    }
}

impl<K: Eq + Hash + Clone, V> Listing<K, V> {
    /// The object, or what its absence from here means.
    pub fn get<Q>(&self, key: &Q) -> Fact<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        match self.items.get(key) {
            Some(value) => Fact::Known(value),
            None => self.missing(),
        }
    }

    fn missing<T>(&self) -> Fact<T> {
        match &self.state {
            Fact::Loading => Fact::Loading,
            Fact::Unknown(failure) => Fact::Unknown(Arc::clone(failure)),
            Fact::Known(()) | Fact::Absent => Fact::Absent,
        }
    }

    /// Whether the list was read.
    pub fn state(&self) -> &Fact<()> {
        &self.state
    }

    /// Why the last read failed.
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        self.failure.as_ref()
    }

    /// Whether they were read, and why the last read failed.
    pub fn told(&self) -> (Fact<()>, Option<Arc<Failure>>) {
        (self.state.clone(), self.failure.clone())
    }

    /// All objects.
    pub fn items(&self) -> &FxHashMap<K, V> {
        &self.items
    }

    /// All objects, to be changed in place.
    pub fn items_mut(&mut self) -> &mut FxHashMap<K, V> {
        &mut self.items
    }

    /// Takes over the state of a read; the values of a successful one are handed back.
    pub fn answered<T>(&mut self, answer: Fact<T>) -> Option<T> {
        self.failure = answer.failure().cloned();
        match answer {
            Fact::Known(values) => {
                self.state = Fact::Known(());
                Some(values)
            }
            Fact::Absent => {
                self.state = Fact::Known(());
                self.items.clear();
                None
            }
            Fact::Loading => None,
            Fact::Unknown(failure) => {
                self.state.update(Fact::Unknown(failure));
                None
            }
        }
    }
}

impl<K: Eq + Hash + Clone, V: PartialEq> Listing<K, V> {
    /// Puts one object; true if that changed anything.
    pub fn put(&mut self, key: K, value: V) -> bool {
        if self.items.get(&key) == Some(&value) {
            return false;
        }
        self.items.insert(key, value);
        true
    }

    /// Takes over a whole list at once and tells which keys changed, were added or are gone.
    pub fn replace(&mut self, answer: Fact<Vec<V>>, key: impl Fn(&V) -> K) -> Vec<K> {
        let mut changed: Vec<K> =
            if matches!(answer, Fact::Absent) { self.items.keys().cloned().collect() } else { Vec::new() };
        let Some(values) = self.answered(answer) else { return changed };
        let mut old = std::mem::take(&mut self.items);
        for value in values {
            let key = key(&value);
            if old.remove(&key).as_ref() != Some(&value) {
                changed.push(key.clone());
            }
            self.items.insert(key, value);
        }
        changed.extend(old.into_keys());
        changed
    }
}
