//! What goes wrong between a plan and its end: each changing call of each plan under each blow, in a table; and the
//! real program, killed for real.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/bench.rs"]
mod bench;
#[path = "failures/killed.rs"]
mod killed;
#[path = "failures/plans.rs"]
mod plans;
#[path = "support/schema.rs"]
#[allow(dead_code)]
mod schema;
#[path = "failures/table.rs"]
mod table;
#[path = "failures/theirs.rs"]
mod theirs;
