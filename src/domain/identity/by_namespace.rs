//! Objects that are always told as a whole set, by the namespace they matter in: a change of one namespace
//! touches only its pods.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::{fact::Fact, failure::Failure, id::Namespace};

/// All objects of a kind by namespace, with how far they are known.
#[derive(Debug)]
pub struct ByNamespace<T> {
    state: Fact<()>,
    failure: Option<Arc<Failure>>,
    items: FxHashMap<Namespace, Vec<T>>,
}

/// What a new set changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Whether the kind is known at all: everything may rest on it.
    pub all: bool,
    /// The namespaces whose objects differ.
    pub namespaces: FxHashSet<Namespace>,
}

impl<T> Default for ByNamespace<T> {
    fn default() -> Self {
        Self { state: Fact::Loading, failure: None, items: FxHashMap::default() }
    }
}

impl<T: PartialEq> ByNamespace<T> {
    /// Whether the set was read.
    pub fn state(&self) -> &Fact<()> {
        &self.state
    }

    /// Why the last read failed, even if an earlier one succeeded.
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        self.failure.as_ref()
    }

    /// The objects that matter in a namespace.
    pub fn of(&self, namespace: &Namespace) -> &[T] {
        self.items.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// Takes over a whole set; a kind that the server does not have is an empty one. A failure never hides what
    /// was known before.
    pub fn replace(&mut self, answer: Fact<Vec<T>>, namespace: impl Fn(&T) -> Namespace) -> Changed {
        self.failure = answer.failure().cloned();
        let values = match answer {
            Fact::Known(values) => values,
            Fact::Absent => Vec::new(),
            Fact::Loading => return Changed::default(),
            Fact::Unknown(failure) => {
                let before = self.state.clone();
                self.state.update(Fact::Unknown(failure));
                return Changed { all: before != self.state, ..Changed::default() };
            }
        };
        let mut items: FxHashMap<Namespace, Vec<T>> = FxHashMap::default();
        for value in values {
            items.entry(namespace(&value)).or_default().push(value);
        }
        let known = items.iter().filter(|(name, found)| self.items.get(*name) != Some(found)).map(|(name, _)| name);
        let gone = self.items.keys().filter(|name| !items.contains_key(*name));
        let namespaces = known.chain(gone).cloned().collect();
        let all = self.state != Fact::Known(());
        (self.state, self.items) = (Fact::Known(()), items);
        Changed { all, namespaces }
    }
}
