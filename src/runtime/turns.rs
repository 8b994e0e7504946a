//! Numbers for requests, so that an answer that a newer one has overtaken is known.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::domain::change::Turn;

/// Counts requests; clones count on.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<AtomicU64>);

impl Turns {
    /// The number of a request that is made now.
    pub fn next(&self) -> Turn {
        Turn(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
