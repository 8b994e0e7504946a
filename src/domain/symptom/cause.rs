//! What can refuse a call: one line of a table for each, with the words that give it away, the hop of
//! the identity chain, the codes of findings it speaks of, and what to do. Two tables: policies
//! that deny (`cause/policy.rs`) and everything on the way to credentials (`cause/hop.rs`).

mod hop;
mod policy;

use super::wording::Wording;
use crate::domain::identity::HopKind;

/// One thing that refuses calls.
#[derive(Debug)]
pub struct Cause {
    /// Its name in data: `no-identity-based-policy`, `trust-refused`.
    pub word: &'static str,
    /// The link of the chain that refuses.
    pub hop: Option<HopKind>,
    /// Codes of findings that it may be, the likeliest first.
    pub codes: &'static [&'static str],
    /// The action that was refused, where the cause implies it.
    pub action: Option<&'static str>,
    /// What it means, in one sentence.
    pub means: &'static str,
    /// What to do, in one sentence; `{action}`, `{resource}` and `{role}` stand for those of the text.
    pub todo: &'static str,
    /// The text says too little to tell more: the service keeps the rest to itself.
    pub partly: bool,
    /// A policy decided: credentials were there.
    pub denial: bool,
    /// Any of these gives it away; of one all words must stand near each other, in lower case.
    signs: &'static [&'static [&'static str]],
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Cause {}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    policy::TABLE.iter().chain(hop::TABLE)
}

/// The first of the table whose signs stand in a text: what is nearest to the root comes first.
pub(super) fn found(wording: &Wording) -> Option<&'static Cause> {
    hop::TABLE.iter().find(|cause| cause.signs.iter().any(|words| wording.has_near(words)))
}

/// What refused a call, by the words after its action, in lower case.
pub(super) fn of_denial(action: &str, reason: &str) -> &'static Cause {
    if action.eq_ignore_ascii_case("sts:AssumeRoleWithWebIdentity") {
        return hop::trust_refused();
    }
    policy::of_words(reason)
}
