//! Which rows are asked for: by filter, namespace and name.

use crate::domain::query::{Fields, Query};

/// A choice of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Selection<'a> {
    /// Only rows that match.
    pub(super) filter: Option<&'a Query>,
    /// Only this namespace.
    pub(super) namespace: Option<&'a str>,
    /// Only this object.
    pub(super) name: Option<&'a str>,
}

impl Selection<'_> {
    /// Whether a row of a namespace is chosen, by what it is called there.
    pub(super) fn takes(&self, namespace: &str, names: &[&str], row: &impl Fields) -> bool {
        self.namespace.is_none_or(|wanted| wanted == namespace)
            && self.name.is_none_or(|wanted| is_named(wanted, namespace, names))
            && self.matches(row)
    }

    /// Whether a row outside of namespaces is chosen.
    pub(super) fn takes_global(&self, names: &[&str], row: &impl Fields) -> bool {
        self.name.is_none_or(|wanted| names.contains(&wanted)) && self.matches(row)
    }

    fn matches(&self, row: &impl Fields) -> bool {
        self.filter.is_none_or(|filter| filter.matches(row))
    }
}

/// `NAMESPACE/NAME` or `NAME`.
fn is_named(wanted: &str, namespace: &str, names: &[&str]) -> bool {
    names.contains(&wanted)
        || wanted.split_once('/').is_some_and(|(first, rest)| first == namespace && names.contains(&rest))
}
