//! "May it do this?": what IAM's policy simulator is asked about an identity, and what its answer is worth
//! (permission-simulation). The simulator knows nothing of sessions: their tags are passed as context, the
//! association's session policy is simulated by itself, and what it never evaluates is said each time.

pub mod action;
mod inquiry;
mod ruling;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;

pub use inquiry::{Inquiry, inquire};
pub use ruling::{Evidence, elsewhere, judge, suppose, unasked};

use super::id::RoleArn;

/// What neither the simulator nor a reading of policies looks at.
pub const NOT_EVALUATED: &str =
    "resource policies, KMS key policies and grants, resource control policies, VPC endpoint policies";

/// A key of the request with its values, as certain as the program can be of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextKey {
    /// `aws:PrincipalTag/kubernetes-namespace`
    pub name: String,
    /// Its value.
    pub value: String,
    /// How it is compared.
    pub kind: ContextKind,
}

/// Types of context keys that are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKind {
    /// A text.
    Text,
    /// `true` or `false`.
    Truth,
    /// A time.
    Time,
}

/// What the simulator decided of one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The policy, as the simulator names it.
    pub policy: String,
    /// `role`, `user-managed`, `aws-managed`, …
    pub kind: String,
    /// Line and column of its first character, from 1; zero if not told.
    pub start: (usize, usize),
}

/// An answer of the simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// What it decided.
    pub decision: Decision,
    /// By which statements.
    pub matched: Vec<Matched>,
    /// Keys that a policy mentions and the request lacked, whichever statement they stand in.
    pub missing: BTreeSet<String>,
    /// Whether the permissions boundary allows it, if there is one.
    pub boundary: Option<bool>,
    /// Whether the organization's policies allow it, if the account is in one.
    pub organization: Option<bool>,
}

impl Simulated {
    /// Adds keys that IAM says the policies name, where the question did not pass them.
    pub fn name_also(&mut self, keys: BTreeSet<String>, inquiry: &Inquiry) {
        self.missing.extend(keys.into_iter().filter(|key| inquiry.lacks(key)));
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Can {
    /// Its policies allow it.
    Yes,
    /// It rests on keys that cannot be known from here.
    Depends,
    /// Not known.
    Unknown,
    /// They do not.
    No,
}

impl Can {
    /// The word in data and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Depends => "depends",
            Self::Unknown => "unknown",
            Self::No => "no",
        }
    }
}

/// How it was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// By IAM's simulator.
    Simulation,
    /// By reading the policies here, conditions left open.
    Reading,
}

/// A policy that decided, with the statement in its text where that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deciding {
    /// Its name.
    pub policy: String,
    /// `role` (inline), `user-managed`, `aws-managed`, `session`, `boundary`, …
    pub kind: String,
    /// The statement that decided, byte for byte.
    pub statement: Option<String>,
}

/// What an identity may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The answer.
    pub can: Can,
    /// How it was found out.
    pub by: By,
    /// The role whose policies decide.
    pub role: Option<RoleArn>,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// Keys that it rests on.
    pub depends_on: Vec<Arc<str>>,
    /// By which policies.
    pub deciding: Vec<Deciding>,
}
