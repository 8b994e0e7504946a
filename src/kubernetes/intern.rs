//! Equal texts and equal pod templates are kept once. Both tables forget what nobody uses any more,
//! so that a long session with many short-lived pods does not grow.

use std::{
    hash::BuildHasher,
    sync::{Arc, Weak},
};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::domain::workload::PodSpec;

/// The size at which a table is first looked through for entries without users.
const FIRST_SWEEP: usize = 1024;

/// Texts longer than this are rarely shared and would cost more in the table than they save.
const LONGEST: usize = 512;

/// Shared texts.
#[derive(Default)]
pub(super) struct Strings {
    known: FxHashSet<Arc<str>>,
    sweep_at: usize,
}

impl Strings {
    /// The text, shared with whoever asked for it before.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if text.len() > LONGEST {
            return text.into();
        }
        if let Some(known) = self.known.get(text) {
            return Arc::clone(known);
        }
        self.sweep();
        let new: Arc<str> = text.into();
        self.known.insert(Arc::clone(&new));
        new
    }

    fn sweep(&mut self) {
        if self.known.len() >= self.sweep_at.max(FIRST_SWEEP) {
            self.known.retain(|text| Arc::strong_count(text) > 1);
            self.sweep_at = self.known.len() * 2;
        }
    }

    /// How many texts are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.known.len()
    }
}

/// Shared pod templates, held weakly.
#[derive(Default)]
pub(super) struct Specs {
    known: FxHashMap<u64, Vec<Weak<PodSpec>>>,
    sweep_at: usize,
}

impl Specs {
    /// The template, shared with every pod that has an equal one.
    pub fn get(&mut self, spec: PodSpec) -> Arc<PodSpec> {
        self.sweep();
        let same = self.known.entry(FxBuildHasher.hash_one(&spec)).or_default();
        if let Some(known) = same.iter().filter_map(Weak::upgrade).find(|known| **known == spec) {
            return known;
        }
        let new = Arc::new(spec);
        same.retain(|known| known.strong_count() > 0);
        same.push(Arc::downgrade(&new));
        new
    }

    fn sweep(&mut self) {
        if self.known.len() >= self.sweep_at.max(FIRST_SWEEP) {
            self.known.retain(|_, same| {
                same.retain(|known| known.strong_count() > 0);
                !same.is_empty()
            });
            self.sweep_at = self.known.len() * 2;
        }
    }
}
