//! How long to wait after a failure: 0.8 s doubling to 30 s, spread so that many clients do not
//! come back together.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(800);
const LONGEST: Duration = Duration::from_secs(30);

/// The attempts that have failed in a row.
#[derive(Default)]
pub(super) struct Pause {
    failed: u32,
}

impl Pause {
    /// An attempt failed: which one, and how long to wait before the next.
    pub fn next(&mut self) -> (u32, Duration) {
        let doubled = FIRST.saturating_mul(1 << self.failed.min(6)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        (self.failed, doubled.mul_f64(spread()))
    }

    /// An attempt worked.
    pub fn reset(&mut self) {
        self.failed = 0;
    }
}

/// Between 0.8 and 1.2. The hasher's random keys are all the randomness that is needed.
fn spread() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u8::try_from(random & 0xff).unwrap_or(0)) / 255.0 * 0.4 + 0.8
}
