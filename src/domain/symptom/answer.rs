//! From an error text to the objects of a cluster: the session name to its pod or node, the role to
//! the service accounts that use it. What cannot be resolved is said.

mod lookup;
mod note;

use serde::Serialize;

use self::{lookup::Lookup, note::Told};
use super::Symptom;
use crate::domain::{
    id::{NodeName, PodId, RoleArn, ServiceAccountId},
    identity::{HopKind, State},
    inventory::Inventory,
};

/// An error text, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the text says.
    pub symptom: Symptom,
    /// Whom it is about, the likeliest first; more than one where the text does not tell them apart.
    pub found: Vec<Found>,
    /// How they were found.
    pub how: How,
    /// The link of the chain to look at.
    pub hop: Option<HopKind>,
    /// The code of a finding it is, or may be.
    pub code: Option<&'static str>,
    /// The state of the first that was found, if it has one.
    pub state: Option<State>,
    /// What it means.
    pub means: String,
    /// What was found, and what could not be, one sentence each.
    pub notes: Vec<String>,
    /// What to do.
    pub todo: String,
}

/// Something that an error is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// A pod.
    Pod(PodId),
    /// A node.
    Node(NodeName),
    /// A service account.
    ServiceAccount(ServiceAccountId),
    /// A role of the account.
    Role(RoleArn),
}

/// How the objects of an answer were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The session name leads to the pod.
    Session,
    /// The session name is that of an instance.
    Instance,
    /// The text names the service account.
    Subject,
    /// By the role.
    Role,
    /// It is in whose log the text stood.
    Log,
    /// The text names nobody; these fail in this way now.
    Suspects,
    /// Nothing here fits.
    #[default]
    Nothing,
}

impl Answer {
    /// Reads a text and looks for its objects; `None` if nothing in the text is known.
    pub fn of(text: &str, inventory: &Inventory) -> Option<Self> {
        Symptom::read(text).map(|symptom| Self::about(symptom, inventory, None))
    }

    /// Looks for the objects of what was read; `log_of` is in whose log it stood, if that is known.
    pub fn about(symptom: Symptom, inventory: &Inventory, log_of: Option<&Found>) -> Self {
        let Lookup { found, how, mut notes } = lookup::lookup(&symptom, inventory, log_of);
        let state = found.first().and_then(|found| note::state(inventory, found));
        let Told { code, means, todo, note } = note::told(inventory, &found, how, &symptom);
        notes.extend(note);
        notes.extend(note::text(&symptom));
        notes.extend(inventory.mismatch().map(|failure| format!("{}: {}.", failure.what, failure.why)));
        Self { hop: symptom.hop(), means, todo, symptom, found, how, code, state, notes }
    }
}

impl Found {
    /// What kind of thing it is, as the data says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pod(_) => "Pod",
            Self::Node(_) => "Node",
            Self::ServiceAccount(_) => "ServiceAccount",
            Self::Role(_) => "Role",
        }
    }

    /// What kind of thing it is, in a sentence.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pod(_) => "pod",
            Self::Node(_) => "node",
            Self::ServiceAccount(_) => "service account",
            Self::Role(_) => "role",
        }
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pod(id) => id.fmt(out),
            Self::Node(name) => name.fmt(out),
            Self::ServiceAccount(id) => id.fmt(out),
            Self::Role(arn) => out.write_str(arn.as_str().rsplit('/').next().unwrap_or(arn.as_str())),
        }
    }
}

#[cfg(test)]
mod tests;
