//! Before a live proof: what it will do, and what has to be typed.

use super::Typed;
use crate::domain::proof::Intent;

/// What proofs will do, to be confirmed.
#[derive(Clone, Debug, PartialEq)]
pub struct ProveForm {
    /// What they will do, a sentence each.
    pub says: Vec<String>,
    /// What is made once it is confirmed.
    pub intents: Vec<Intent>,
    /// The name of the context the first time in a session, the count for a whole namespace.
    pub typed: Option<Typed>,
    /// What is typed is the name, which is asked for once.
    pub by_name: bool,
}
