//! Which workloads to restart, offered after a change that only new pods notice.

use crate::domain::workload::WorkloadId;

/// The offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartOffer {
    /// Why: `payments/api is associated; running pods keep what they have until they are recreated`.
    pub why: String,
    /// The workloads, and whether each is chosen.
    pub workloads: Vec<(WorkloadId, bool)>,
    /// Which line is selected.
    pub cursor: usize,
}

impl RestartOffer {
    /// Offers workloads, all chosen.
    pub fn new(why: String, workloads: Vec<WorkloadId>) -> Self {
        Self { why, workloads: workloads.into_iter().map(|workload| (workload, true)).collect(), cursor: 0 }
    }

    /// Those that are chosen.
    pub fn chosen(&self) -> Vec<WorkloadId> {
        self.workloads.iter().filter(|(_, chosen)| *chosen).map(|(workload, _)| workload.clone()).collect()
    }

    /// Chooses the selected line, or leaves it out.
    pub fn toggle(&mut self) {
        if let Some((_, chosen)) = self.workloads.get_mut(self.cursor) {
            *chosen = !*chosen;
        }
    }
}
