//! Unlocking: the first confirm of a session names the account and context, and asks.

use super::Typed;

/// Unlocking an account and context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlock {
    /// The context, or the cluster where there is none.
    pub context: String,
    /// The account, as far as it is known.
    pub account: Option<String>,
    /// For how many minutes.
    pub minutes: i64,
    /// Where the context is protected its name must be typed.
    pub typed: Option<Typed>,
    /// The plan below is confirmed as soon as it is unlocked.
    pub then_confirm: bool,
}
