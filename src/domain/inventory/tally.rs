//! Counting pods by what their answers have in common: rows are built from distinct answers, not
//! from single pods.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashMap;

use super::crew::Entry;
use crate::domain::{
    identity::{Mechanism, Resolution, State},
    row::PodCounts,
};

/// Pods of something by their distinct answers.
#[derive(Debug, Default)]
pub struct Tally<'a> {
    groups: FxHashMap<usize, (&'a Arc<Resolution>, u32)>,
    unresolved: u32,
}

impl<'a> Tally<'a> {
    /// Counts pods.
    pub fn of(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut tally = Self::default();
        for entry in entries {
            match &entry.resolution {
                Some(resolution) => {
                    tally.groups.entry(Arc::as_ptr(resolution).addr()).or_insert((resolution, 0)).1 += 1;
                }
                None => tally.unresolved += 1,
            }
        }
        tally
    }

    /// The distinct answers with their numbers of pods.
    pub fn groups(&self) -> impl Iterator<Item = (&'a Arc<Resolution>, u32)> {
        self.groups.values().copied()
    }

    /// Number of pods.
    pub fn total(&self) -> u32 {
        self.unresolved + self.groups().map(|(_, pods)| pods).sum::<u32>()
    }

    /// The worst state; `None` without pods.
    pub fn state(&self) -> Option<State> {
        self.groups().map(|(resolution, _)| resolution.state).max()
    }

    /// Pods by state, worst first.
    pub fn states(&self) -> Vec<(State, u32)> {
        let mut states: BTreeMap<State, u32> = BTreeMap::new();
        self.groups().for_each(|(resolution, pods)| *states.entry(resolution.state).or_default() += pods);
        states.into_iter().rev().collect()
    }

    /// Pods by mechanism of now.
    pub fn mechanisms(&self) -> Vec<(Mechanism, u32)> {
        let mut mechanisms: BTreeMap<Mechanism, u32> = BTreeMap::new();
        self.groups().for_each(|(resolution, pods)| *mechanisms.entry(resolution.now.mechanism).or_default() += pods);
        mechanisms.into_iter().collect()
    }

    /// Pods by what is wrong with them.
    pub fn counts(&self) -> PodCounts {
        let in_state = |state| self.groups().filter(|(found, _)| found.state == state).map(|(_, pods)| pods).sum();
        PodCounts {
            total: self.total(),
            drift: in_state(State::Drift),
            at_risk: in_state(State::AtRisk),
            broken: in_state(State::Broken),
        }
    }

    /// Pods whose identity of now is not that of the largest group; 0 where all agree.
    pub fn differing(&self) -> u32 {
        let mut kinds: Vec<(&Resolution, u32)> = Vec::new();
        for (resolution, pods) in self.groups() {
            match kinds.iter_mut().find(|(kind, _)| kind.now.is_same(&resolution.now)) {
                Some((_, count)) => *count += pods,
                None => kinds.push((resolution, pods)),
            }
        }
        let largest = kinds.iter().map(|(_, pods)| *pods).max().unwrap_or_default();
        kinds.iter().map(|(_, pods)| *pods).sum::<u32>() - largest
    }

    /// The mechanism that all share, else `mixed`.
    pub fn common(&self, of: impl Fn(&Resolution) -> Mechanism) -> Mechanism {
        let mut found = None;
        for (resolution, _) in self.groups() {
            match (found, of(resolution)) {
                (None, mechanism) => found = Some(mechanism),
                (Some(known), mechanism) if known == mechanism => {}
                _ => return Mechanism::Mixed,
            }
        }
        found.unwrap_or(Mechanism::Unknown)
    }
}
