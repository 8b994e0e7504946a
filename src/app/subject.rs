//! The identity of anything that can be selected: what stays the same while rows move.

use std::fmt;

use super::list_kind::ListKind;
use crate::domain::{
    finding,
    id::{AssociationId, Namespace, NodeName, PodId, RoleArn, ServiceAccountId},
    workload::WorkloadId,
};

/// One object, by identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A workload: its pods folded.
    Workload(WorkloadId),
    /// One pod.
    Pod(PodId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
    /// A namespace.
    Namespace(Namespace),
    /// A role, by ARN.
    Role(RoleArn),
    /// An association.
    Association(AssociationId),
    /// A node.
    Node(NodeName),
    /// A finding: its code, and what it is about.
    Finding(&'static str, finding::Subject),
}

impl Subject {
    /// What kind of thing it is, as headings say it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Workload(_) => "workload",
            Self::Pod(_) => "pod",
            Self::ServiceAccount(_) => "service account",
            Self::Namespace(_) => "namespace",
            Self::Role(_) => "role",
            Self::Association(_) => "association",
            Self::Node(_) => "node",
            Self::Finding(..) => "finding",
        }
    }

    /// The list that it stands in.
    pub fn tab(&self) -> ListKind {
        match self {
            Self::Workload(_) | Self::Pod(_) => ListKind::Pods,
            Self::ServiceAccount(_) => ListKind::ServiceAccounts,
            Self::Namespace(_) => ListKind::Namespaces,
            Self::Role(_) => ListKind::Roles,
            Self::Association(_) => ListKind::Associations,
            Self::Node(_) => ListKind::Nodes,
            Self::Finding(..) => ListKind::Findings,
        }
    }

    /// The object that a person names: `pod/NAMESPACE/NAME`, `sa/NAMESPACE/NAME`, `role/ARN`, `node/NAME`.
    pub fn named(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('/')?;
        let namespaced = || name.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
        let only = || (!name.is_empty()).then_some(name);
        match kind {
            "pod" => namespaced().map(|(namespace, name)| Self::Pod(PodId::new(namespace, name))),
            "sa" | "serviceaccount" => {
                namespaced().map(|(namespace, name)| Self::ServiceAccount(ServiceAccountId::new(namespace, name)))
            }
            "role" => only().filter(|name| name.starts_with("arn:")).map(|arn| Self::Role(arn.into())),
            "node" => only().map(|name| Self::Node(name.into())),
            _ => None,
        }
    }

    /// What a finding is about, if that has a page of its own; anything else is about itself.
    #[must_use]
    pub fn object(&self) -> Self {
        let Self::Finding(_, about) = self else { return self.clone() };
        match about {
            finding::Subject::Workload(id) => Self::Workload(id.clone()),
            finding::Subject::ServiceAccount(id) => Self::ServiceAccount(id.clone()),
            finding::Subject::Association(id, _) => Self::Association(id.clone()),
            finding::Subject::Role(arn) => Self::Role(arn.clone()),
            finding::Subject::Node(name) => Self::Node(name.clone()),
            finding::Subject::NodeGroup(_) | finding::Subject::Cluster => self.clone(),
        }
    }

    /// What `copy` takes: the ARN of a role, `namespace/name` or the name of anything else.
    pub fn copied(&self) -> String {
        match self {
            Self::Role(arn) => arn.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(id) => write!(out, "{}/{id}", id.namespace),
            Self::Pod(id) => id.fmt(out),
            Self::ServiceAccount(id) => id.fmt(out),
            Self::Namespace(name) => name.fmt(out),
            Self::Role(arn) => out.write_str(role_name(arn)),
            Self::Association(id) => id.fmt(out),
            Self::Node(name) => name.fmt(out),
            Self::Finding(code, about) => write!(out, "{code} {about}"),
        }
    }
}

/// The last segment of a role's ARN: what fits a cell.
pub fn role_name(arn: &RoleArn) -> &str {
    arn.as_str().rsplit('/').next().unwrap_or(arn.as_str())
}
