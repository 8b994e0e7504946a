//! What stands around the items: which cluster, when, and what could not be read.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{API_VERSION, Kind, redact::Redactor, text};
use crate::domain::{
    failure::Failure,
    inventory::{Gap, Inventory},
};

/// Everything of a list but its items.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    /// Which clusters were asked.
    pub(super) clusters: Vec<ClusterHead>,
    /// When.
    pub(super) observed_at: Timestamp,
    /// Nothing is unknown for want of a fact.
    pub(super) complete: bool,
    /// What is.
    pub(super) gaps: Vec<GapHead>,
    /// Whom a role trusts besides the pods of this cluster; `who` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other_principals: Option<Vec<String>>,
}

/// One cluster.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ClusterHead {
    name: Option<String>,
    arn: Option<String>,
    region: Option<String>,
    account: Option<String>,
    version: Option<String>,
    context: Option<String>,
    caller: Option<String>,
}

/// One thing that could not be read.
#[derive(Clone, Debug, Serialize)]
pub(super) struct GapHead {
    action: String,
    resource: String,
    why: String,
    #[serde(skip)]
    note: String,
}

/// A list as one document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a, T> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    head: &'a Head,
    items: &'a [T],
}

impl<'a, T> Document<'a, T> {
    /// Puts the items into their envelope.
    pub(super) fn new(kind: &'static str, head: &'a Head, items: &'a [T]) -> Self {
        Self { api_version: API_VERSION, kind, head, items }
    }
}

impl Head {
    /// Of an inventory, as it stands.
    pub(super) fn of(inventory: &Inventory, now: Timestamp) -> Self {
        let gaps: Vec<GapHead> = inventory.gaps().iter().map(GapHead::of).collect();
        let complete = gaps.is_empty() && inventory.progress().is_empty();
        Self { clusters: vec![ClusterHead::of(inventory)], observed_at: now, complete, gaps, other_principals: None }
    }

    /// The gaps, one line each.
    pub(super) fn notes(&self, redactor: Option<&Redactor>) -> String {
        let line = |gap: &GapHead| {
            let note = redactor.map_or(gap.note.clone(), |redactor| redactor.text(&gap.note));
            format!("{}\n", text::printable(&note))
        };
        self.gaps.iter().map(line).collect()
    }
}

impl ClusterHead {
    fn of(inventory: &Inventory) -> Self {
        let (target, cluster) = (inventory.target(), inventory.cluster().known());
        let name = cluster.map(|cluster| &cluster.name).or(target.cluster.as_ref());
        let region = cluster.map(|cluster| cluster.region()).or_else(|| target.region.clone());
        let account = cluster.map(|cluster| cluster.account()).or_else(|| target.account.clone());
        Self {
            name: name.map(ToString::to_string),
            arn: cluster.map(|cluster| cluster.arn.to_string()),
            region: region.map(|region| region.to_string()),
            account: account.map(|account| account.to_string()),
            version: cluster.map(|cluster| cluster.version.clone()),
            context: target.context.clone(),
            caller: inventory.caller().known().map(|caller| caller.arn.to_string()),
        }
    }
}

impl GapHead {
    /// One that has its sentence already.
    pub(super) fn said(what: &str, note: &str) -> Self {
        Self { action: what.to_owned(), resource: what.to_owned(), why: note.to_owned(), note: note.to_owned() }
    }

    fn of(gap: &Gap) -> Self {
        let (what, failure) = (&gap.what, &gap.failure);
        Self {
            action: failure.action.clone().unwrap_or_else(|| what.clone()),
            resource: failure.resource.clone().unwrap_or_else(|| what.clone()),
            why: format!("{}: {}", failure.what, failure.why),
            note: format!("{what} unknown: {failure}"),
        }
    }
}

/// The cluster of an item: its ARN, or its name if that is all that is known.
pub(super) fn cluster_of(inventory: &Inventory) -> Arc<str> {
    let target = inventory.target();
    match inventory.cluster().known() {
        Some(cluster) => cluster.arn.as_str().into(),
        None => target
            .cluster
            .as_ref()
            .map(|name| name.shared())
            .unwrap_or_else(|| target.context.as_deref().unwrap_or("unknown").into()),
    }
}

/// Why nothing of a kind could be read, if that is so.
pub(super) fn unread(inventory: &Inventory, kind: Kind) -> Option<Failure> {
    let (verb, action) = match kind {
        Kind::Pods => ("list pods", ""),
        Kind::ServiceAccounts => ("list serviceaccounts", ""),
        Kind::Namespaces => ("list namespaces", ""),
        Kind::Nodes => ("list nodes", ""),
        Kind::Roles => ("", "iam:ListRoles"),
        Kind::Associations => ("", "eks:ListPodIdentityAssociations"),
        Kind::Findings | Kind::Overview => return None,
    };
    let fits = |gap: &Gap| {
        let named = gap.failure.action.as_deref().unwrap_or_default();
        gap.what.replace(' ', "") == kind.word() || (!named.is_empty() && (named == verb || named == action))
    };
    let gap = inventory.gaps().into_iter().find(fits)?;
    Some(Failure::clone(&gap.failure))
}
