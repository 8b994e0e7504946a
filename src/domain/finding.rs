//! What is wrong, and what to do about it: one finding for a workload, service account, association,
//! role, node group or the cluster, with pods as its evidence, so that a Deployment of 400 replicas is one
//! and a baseline survives a rollout (identity-resolution part 8). The codes stand in one table.

use std::fmt;

use serde::Serialize;

use super::{
    id::{AssociationId, NodeName, RoleArn, ServiceAccountId},
    workload::{WorkloadId, WorkloadKind},
};

mod account;
mod agent;
mod cluster;
pub mod code;
mod environment;
mod fallback;
mod hop;
mod host;
mod image;
mod node;
mod reason;
mod role;
pub mod scene;
mod volume;
mod vpc;
mod webhook;

pub use account::of_declaration;
pub use code::{Code, Seen};
pub use scene::{Group, Scene, Team};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Hygiene.
    Notice,
    /// Security, or likely trouble.
    Warning,
    /// Calls fail, now or at the next restart, or the wrong principal answers.
    Error,
}

impl Severity {
    /// The word on screen and in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The glyph before the word: one cell wide and in every font.
    pub fn glyph(self, ascii: bool) -> char {
        match self {
            Self::Notice => '-',
            Self::Warning => '!',
            Self::Error if ascii => 'x',
            Self::Error => '✗',
        }
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The whole cluster.
    Cluster,
    /// A managed node group, by its name.
    NodeGroup(String),
    /// A node of no group.
    Node(NodeName),
    /// A role.
    Role(RoleArn),
    /// An association, with whom it is for.
    Association(AssociationId, ServiceAccountId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
    /// A workload, or a pod that nobody owns.
    Workload(WorkloadId),
}

impl Subject {
    /// `Workload`, `Pod`, `ServiceAccount`, …, as in data.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::NodeGroup(_) => "NodeGroup",
            Self::Node(_) => "Node",
            Self::Role(_) => "Role",
            Self::Association(..) => "Association",
            Self::ServiceAccount(_) => "ServiceAccount",
            Self::Workload(id) if id.kind == WorkloadKind::Pod => "Pod",
            Self::Workload(_) => "Workload",
        }
    }

    /// The namespace it lives in, if it lives in one.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Workload(id) => Some(id.namespace.as_str()),
            Self::ServiceAccount(id) | Self::Association(_, id) => Some(id.namespace.as_str()),
            Self::Cluster | Self::NodeGroup(_) | Self::Node(_) | Self::Role(_) => None,
        }
    }

    /// Its name within namespace and kind: `deploy/api`, `api`, `a-…`, an ARN; empty for the cluster.
    pub fn name(&self) -> String {
        match self {
            Self::Cluster => String::new(),
            Self::NodeGroup(name) => name.clone(),
            Self::Node(name) => name.to_string(),
            Self::Role(arn) => arn.to_string(),
            Self::Association(id, _) => id.to_string(),
            Self::ServiceAccount(id) => id.name.to_string(),
            Self::Workload(id) if id.kind == WorkloadKind::Pod => id.name.to_string(),
            Self::Workload(id) => id.to_string(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => out.write_str("the cluster"),
            Self::NodeGroup(name) => write!(out, "node group {name}"),
            Self::Node(name) => write!(out, "node {name}"),
            Self::Role(arn) => write!(out, "role {}", super::identity::admission::short(arn)),
            Self::Association(_, account) => write!(out, "association of {account}"),
            Self::ServiceAccount(id) => write!(out, "{id}"),
            Self::Workload(id) => write!(out, "{}/{id}", id.namespace),
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its code; the table says what it means in general.
    pub code: &'static Code,
    /// How bad it is here.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// Number of pods that show it.
    pub pods: u32,
    /// What and why, in one sentence.
    pub message: String,
    /// Facts, each with where it was read.
    pub evidence: Vec<String>,
    /// What to do, in one sentence.
    pub fix: String,
}

impl Finding {
    /// A finding with the severity and the fix of its code. `None` for a code that no table knows.
    pub fn new(code: &str, subject: Subject, message: impl Into<String>) -> Option<Self> {
        let code = code::find(code)?;
        Some(Self {
            code,
            severity: code.severity,
            subject,
            pods: 0,
            message: message.into(),
            evidence: Vec::new(),
            fix: code.fix.to_owned(),
        })
    }

    /// With the pods that show it.
    #[must_use]
    pub fn of_pods(mut self, pods: u32) -> Self {
        self.pods = pods;
        self
    }

    /// With another severity than the table's.
    #[must_use]
    pub fn as_bad_as(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// With a further fact.
    #[must_use]
    pub fn because(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    /// What a baseline remembers of it: code and subject, so that it survives rollouts.
    pub fn key(&self) -> String {
        let place = self.subject.namespace().map_or(String::new(), |namespace| format!("{namespace}/"));
        format!("{} {} {place}{}", self.code.name, self.subject.kind(), self.subject.name())
    }

    /// The order of lists: worst first, then code and subject.
    pub fn rank(&self) -> (std::cmp::Reverse<Severity>, &'static str, &Subject) {
        (std::cmp::Reverse(self.severity), self.code.name, &self.subject)
    }
}

/// The findings of a workload.
pub fn of_team(scene: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    let rules = [
        reason::of_team,
        fallback::of_team,
        environment::of_team,
        host::of_team,
        agent::of_team,
        image::of_team,
        volume::of_team,
    ];
    let mut found: Vec<Finding> = Vec::new();
    for finding in rules.iter().flat_map(|rule| rule(scene, team)) {
        // Two rules may come to the same code; the first says it.
        if !found.iter().any(|other| other.code.name == finding.code.name) {
            found.push(finding);
        }
    }
    found
}

/// The findings of a service account and its association.
pub fn of_account(scene: &Scene<'_>, account: &ServiceAccountId, pods: u32) -> Vec<Finding> {
    let mut found = account::of_account(scene, account, pods);
    if pods == 0 {
        found.extend(reason::of_account(scene, account));
    }
    found
}

/// The findings of a role.
pub fn of_role(scene: &Scene<'_>, role: &super::role::Role) -> Vec<Finding> {
    role::of_role(scene, role)
}

/// The findings of the cluster, its webhook, its node groups and nodes.
pub fn of_cluster(scene: &Scene<'_>) -> Vec<Finding> {
    let mut found = cluster::of_cluster(scene);
    found.extend(webhook::of_cluster(scene));
    found.extend(vpc::of_cluster(scene));
    found.extend(node::of_nodes(scene));
    found
}
