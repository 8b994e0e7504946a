//! What every frame asks, answered once for each batch of changes: a frame must not look at all that there is.

use std::sync::OnceLock;

use super::{Counts, Gap, Inventory, Progress, Wanted};

/// Answers that hold until the next change.
#[derive(Debug, Default)]
pub struct Told {
    counts: OnceLock<Counts>,
    progress: OnceLock<Vec<Progress>>,
    gaps: OnceLock<Vec<Gap>>,
    wanted: OnceLock<Wanted>,
}

impl Inventory {
    /// Numbers of the header tabs.
    pub fn counts(&self) -> Counts {
        *self.told.counts.get_or_init(|| self.count())
    }

    /// The kinds of facts that are not complete yet.
    pub fn progress(&self) -> Vec<Progress> {
        self.told.progress.get_or_init(|| self.look_at_progress()).clone()
    }

    /// What could not be read, and why; equal failures of many objects are one gap.
    pub fn gaps(&self) -> Vec<Gap> {
        self.told.gaps.get_or_init(|| self.look_for_gaps()).clone()
    }

    /// Facts that rows need and nobody has read yet, those with most pods first.
    pub fn wanted(&self) -> Wanted {
        self.told.wanted.get_or_init(|| self.look_for_wanted()).clone()
    }
}
