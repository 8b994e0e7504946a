//! What the program makes of a call that it never got an answer to: the real program, killed for real.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "failures/killed.rs"]
mod killed;
#[path = "support/schema.rs"]
#[allow(dead_code)]
mod schema;
