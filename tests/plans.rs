//! Plans performed on the simulator while the world changes under them: nothing is lost, nothing is written
//! twice, and a plan that does not fit any more stops and shows the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/bench.rs"]
mod bench;
#[path = "plans/retarget.rs"]
mod retarget;
#[path = "plans/trust.rs"]
mod trust;
