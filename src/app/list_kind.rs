//! Which lists there are: one tab each.

/// The lists, in the order of their tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListKind {
    /// Pods, folded by workload or not.
    Pods,
    /// Service accounts.
    ServiceAccounts,
    /// Namespaces.
    Namespaces,
    /// Roles.
    Roles,
    /// Associations.
    Associations,
    /// Nodes.
    Nodes,
    /// Findings.
    Findings,
}

impl ListKind {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 7] = [
        Self::Pods,
        Self::ServiceAccounts,
        Self::Namespaces,
        Self::Roles,
        Self::Associations,
        Self::Nodes,
        Self::Findings,
    ];

    /// The name on its tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Pods => "Pods",
            Self::ServiceAccounts => "Service accounts",
            Self::Namespaces => "Namespaces",
            Self::Roles => "Roles",
            Self::Associations => "Associations",
            Self::Nodes => "Nodes",
            Self::Findings => "Findings",
        }
    }

    /// What its rows are, in small letters.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::ServiceAccounts => "service accounts",
            Self::Namespaces => "namespaces",
            Self::Roles => "roles",
            Self::Associations => "associations",
            Self::Nodes => "nodes",
            Self::Findings => "findings",
        }
    }

    /// The list some tabs to the right, going round.
    #[must_use]
    pub fn neighbour(self, forward: bool) -> Self {
        let count = Self::ALL.len();
        let step = if forward { 1 } else { count - 1 };
        Self::ALL[(self as usize + step) % count]
    }
}
