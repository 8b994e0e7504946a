//! One row of any list, with what ordering and filtering ask of it.

use super::subject::Subject;
use crate::domain::{
    finding::{Finding, Severity},
    identity::{State, Verdict},
    inventory::Inventory,
    query::{Hay, Query, Texts, Within},
    row::{AssociationRow, NamespaceRow, NodeRow, PodRow, RoleRow, ServiceAccountRow, WorkloadRow},
};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Pods folded by workload.
    Workload(WorkloadRow),
    /// One pod.
    Pod(PodRow),
    /// A service account.
    ServiceAccount(ServiceAccountRow),
    /// A namespace.
    Namespace(NamespaceRow),
    /// A role.
    Role(RoleRow),
    /// An association.
    Association(AssociationRow),
    /// A node.
    Node(NodeRow),
    /// A finding.
    Finding(Finding),
}

impl Row {
    /// Who it is.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Workload(row) => Subject::Workload(row.id.clone()),
            Self::Pod(row) => Subject::Pod(row.id.clone()),
            Self::ServiceAccount(row) => Subject::ServiceAccount(row.id.clone()),
            Self::Namespace(row) => Subject::Namespace(row.name.clone()),
            Self::Role(row) => Subject::Role(row.arn.clone()),
            Self::Association(row) => Subject::Association(row.id.clone()),
            Self::Node(row) => Subject::Node(row.name.clone()),
            Self::Finding(row) => Subject::Finding(row.code.name, row.subject.clone()),
        }
    }

    /// Whether it is the row of a subject; allocates nothing.
    pub fn is(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Workload(row), Subject::Workload(id)) => row.id == *id,
            (Self::Pod(row), Subject::Pod(id)) => row.id == *id,
            (Self::ServiceAccount(row), Subject::ServiceAccount(id)) => row.id == *id,
            (Self::Namespace(row), Subject::Namespace(name)) => row.name == *name,
            (Self::Role(row), Subject::Role(arn)) => row.arn == *arn,
            (Self::Association(row), Subject::Association(id)) => row.id == *id,
            (Self::Node(row), Subject::Node(name)) => row.name == *name,
            (Self::Finding(row), Subject::Finding(code, about)) => row.code.name == *code && row.subject == *about,
            _ => false,
        }
    }

    /// Its state; associations, nodes and findings have one by what their verdict, agent or severity says.
    pub fn state(&self) -> State {
        match self {
            Self::Workload(row) => row.state,
            Self::Pod(row) => row.resolution.state,
            Self::ServiceAccount(row) => row.state,
            Self::Namespace(row) => row.state,
            Self::Role(row) => row.state,
            Self::Association(row) => association_state(row),
            Self::Node(row) => {
                if row.role_arn.is_some() {
                    State::Ok
                } else {
                    State::Unknown
                }
            }
            Self::Finding(row) => finding_state(row.severity),
        }
    }

    /// Whether a person should look at it: worse than `loading` and `ok`.
    pub fn has_trouble(&self) -> bool {
        self.state() > State::Ok
    }

    /// Adds what free words are searched in.
    pub fn read(&self, texts: &mut Texts) {
        match self {
            Self::Workload(row) => texts.push(row),
            Self::Pod(row) => texts.push(row),
            Self::ServiceAccount(row) => texts.push(row),
            Self::Namespace(row) => texts.push(row),
            Self::Role(row) => texts.push(row),
            Self::Association(row) => texts.push(row),
            Self::Node(row) => texts.push(row),
            Self::Finding(row) => texts.push(row),
        }
    }

    /// Whether a filter keeps it; its text is at hand if the filter needs it.
    pub fn is_kept(&self, query: &Query, hay: Hay<'_>, inventory: &Inventory) -> bool {
        match self {
            Self::Workload(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::Pod(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::ServiceAccount(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::Namespace(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::Role(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::Association(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::Node(row) => query.keeps(&Within::new(row, inventory), hay),
            Self::Finding(row) => query.keeps(row, hay),
        }
    }
}

/// The state whose glyph and colour a severity has.
fn finding_state(severity: Severity) -> State {
    match severity {
        Severity::Error => State::Broken,
        Severity::Warning => State::AtRisk,
        Severity::Notice => State::Unknown,
    }
}

fn association_state(row: &AssociationRow) -> State {
    match row.verdict {
        Verdict::Broken => State::Broken,
        Verdict::Unknown => State::Unknown,
        Verdict::Depends => State::Depends,
        Verdict::Ok if row.drift > 0 => State::Drift,
        Verdict::Ok => State::Ok,
    }
}
