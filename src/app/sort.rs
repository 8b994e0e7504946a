//! Orders of the lists. Every order ends with the name, so that rows never change places for nothing.

use std::cmp::{Ordering, Reverse};

use super::{list_kind::ListKind, row::Row, subject::role_name};

/// What a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// Worst first.
    State,
    /// By namespace and name.
    Name,
    /// Most pods first.
    Pods,
    /// By mechanism of now.
    Now,
    /// By mechanism of next.
    Next,
    /// By role.
    Role,
    /// By node.
    Node,
    /// Youngest first.
    Age,
    /// By kind of node.
    Kind,
    /// Most used first.
    Uses,
}

impl SortKey {
    /// The word in the list's heading: "worst first".
    pub fn word(self) -> &'static str {
        match self {
            Self::State => "worst first",
            Self::Name => "by name",
            Self::Pods => "most pods first",
            Self::Now => "by now",
            Self::Next => "by next",
            Self::Role => "by role",
            Self::Node => "by node",
            Self::Age => "youngest first",
            Self::Kind => "by kind",
            Self::Uses => "most used first",
        }
    }

    /// The orders a list offers, its default first.
    pub fn of(kind: ListKind, folded: bool) -> &'static [Self] {
        match kind {
            ListKind::Pods if folded => &[Self::State, Self::Name, Self::Pods, Self::Now, Self::Next, Self::Role],
            ListKind::Pods => &[Self::State, Self::Name, Self::Now, Self::Next, Self::Role, Self::Node, Self::Age],
            ListKind::ServiceAccounts => &[Self::State, Self::Name, Self::Pods, Self::Next, Self::Role],
            ListKind::Namespaces => &[Self::State, Self::Name, Self::Pods],
            ListKind::Roles => &[Self::State, Self::Name, Self::Pods, Self::Uses],
            ListKind::Associations => &[Self::State, Self::Name, Self::Pods, Self::Role],
            ListKind::Nodes => &[Self::Name, Self::Kind, Self::Pods, Self::Role, Self::State],
            ListKind::Findings => &[Self::State, Self::Name, Self::Pods],
        }
    }

    /// Compares two rows of the same list.
    pub fn compare(self, a: &Row, b: &Row) -> Ordering {
        self.first(a, b).then_with(|| by_name(a, b))
    }

    fn first(self, a: &Row, b: &Row) -> Ordering {
        match self {
            Self::State => Reverse(a.state()).cmp(&Reverse(b.state())),
            Self::Name => Ordering::Equal,
            Self::Pods => Reverse(pods(a)).cmp(&Reverse(pods(b))),
            Self::Now => mechanisms(a).0.cmp(mechanisms(b).0),
            Self::Next => mechanisms(a).1.cmp(mechanisms(b).1),
            Self::Role => role(a).cmp(&role(b)),
            Self::Node => node(a).cmp(&node(b)),
            Self::Age => age(a, b),
            Self::Kind => kind(a, b),
            Self::Uses => uses(a, b),
        }
    }
}

fn by_name(a: &Row, b: &Row) -> Ordering {
    match (a, b) {
        (Row::Workload(a), Row::Workload(b)) => a.id.cmp(&b.id),
        (Row::Pod(a), Row::Pod(b)) => a.id.cmp(&b.id),
        (Row::ServiceAccount(a), Row::ServiceAccount(b)) => a.id.cmp(&b.id),
        (Row::Namespace(a), Row::Namespace(b)) => a.name.cmp(&b.name),
        (Row::Role(a), Row::Role(b)) => a.name.cmp(&b.name).then_with(|| a.arn.cmp(&b.arn)),
        (Row::Association(a), Row::Association(b)) => {
            a.service_account.cmp(&b.service_account).then_with(|| a.id.cmp(&b.id))
        }
        (Row::Node(a), Row::Node(b)) => a.name.cmp(&b.name),
        (Row::Finding(a), Row::Finding(b)) => (a.code.name, &a.subject).cmp(&(b.code.name, &b.subject)),
        _ => Ordering::Equal,
    }
}

fn pods(row: &Row) -> u32 {
    match row {
        Row::Workload(row) => row.pods,
        Row::Pod(_) => 1,
        Row::ServiceAccount(row) => row.pods.total,
        Row::Namespace(row) => row.pods,
        Row::Role(row) => row.pods,
        Row::Association(row) => row.pods,
        Row::Node(row) => row.pods,
        Row::Finding(row) => row.pods,
    }
}

fn mechanisms(row: &Row) -> (&'static str, &'static str) {
    match row {
        Row::Workload(row) => (row.now.word(), row.next.word()),
        Row::Pod(row) => (row.resolution.now.mechanism.word(), row.resolution.next.mechanism.word()),
        Row::ServiceAccount(row) => ("", row.next.word()),
        Row::Namespace(_) | Row::Role(_) | Row::Association(_) | Row::Node(_) | Row::Finding(_) => ("", ""),
    }
}

/// Rows without a role come last.
fn role(row: &Row) -> (bool, &str) {
    let arn = match row {
        Row::Workload(row) => row.role.as_ref(),
        Row::Pod(row) => row.resolution.now.role_arn.as_ref(),
        Row::ServiceAccount(row) => row.next_role_arn.as_ref(),
        Row::Role(row) => Some(&row.arn),
        Row::Association(row) => row.role_arn.as_ref(),
        Row::Node(row) => row.role_arn.as_ref(),
        Row::Namespace(_) | Row::Finding(_) => None,
    };
    (arn.is_none(), arn.map_or("", role_name))
}

/// Pods without a node come last.
fn node(row: &Row) -> (bool, &str) {
    match row {
        Row::Pod(row) => (row.node.is_none(), row.node.as_ref().map_or("", |node| node.as_str())),
        _ => (true, ""),
    }
}

fn age(a: &Row, b: &Row) -> Ordering {
    match (a, b) {
        (Row::Pod(a), Row::Pod(b)) => b.created_at.cmp(&a.created_at),
        _ => Ordering::Equal,
    }
}

fn kind(a: &Row, b: &Row) -> Ordering {
    match (a, b) {
        (Row::Node(a), Row::Node(b)) => a.kind.cmp(&b.kind),
        _ => Ordering::Equal,
    }
}

fn uses(a: &Row, b: &Row) -> Ordering {
    match (a, b) {
        (Row::Role(a), Row::Role(b)) => b.used_by.len().cmp(&a.used_by.len()),
        _ => Ordering::Equal,
    }
}
