//! One list: which objects, in which order, filtered how, and where the selection stands.

pub use crate::app::list_kind::ListKind;
use crate::app::{field::Field, list::ListView, sort::SortKey};
use crate::domain::{
    id::Namespace,
    query::{Query, QueryError},
};

/// Which of all objects a list is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Everything,
    /// Those of a namespace.
    Namespace(Namespace),
}

/// The filter of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What rows must match: the last text that could be understood.
    pub query: Query,
    /// The text being typed, while the filter line has the focus.
    pub editing: Option<Field>,
    /// What was there before editing began, to come back to with Esc.
    pub before: String,
    /// What is wrong with the text; rows then stay as they were.
    pub error: Option<QueryError>,
}

impl Filter {
    /// The text to show.
    pub fn text(&self) -> String {
        self.editing.as_ref().map_or_else(|| self.query.as_str().to_owned(), Field::text)
    }

    /// Takes over a text; one that cannot be understood leaves the rows as they are.
    pub fn set(&mut self, text: &str) {
        match Query::parse(text.trim()) {
            Ok(query) => (self.query, self.error) = (query, None),
            Err(error) => self.error = Some(error),
        }
    }
}

/// What the rows at hand were made from; they are made again when it differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Revision of the inventory.
    pub revision: Option<u64>,
    /// Pods were folded.
    pub folded: bool,
    /// Order.
    pub sort: Option<SortKey>,
    /// The other way round.
    pub reverse: bool,
    /// Filter.
    pub query: Query,
}

/// One list.
#[derive(Clone, Debug)]
pub struct ListScreen {
    /// Of what.
    pub kind: ListKind,
    /// Of which of them.
    pub scope: Scope,
    /// Pods are folded by workload; means nothing elsewhere.
    pub folded: bool,
    /// The order.
    pub sort: SortKey,
    /// The order is reversed.
    pub reverse: bool,
    /// The filter.
    pub filter: Filter,
    /// The rows.
    pub view: ListView,
    /// What they were made from.
    pub(in crate::app) made: Made,
}

impl ListScreen {
    /// A list in its default order; rows come with the next settling.
    pub fn new(kind: ListKind, scope: Scope) -> Self {
        Self {
            kind,
            scope,
            folded: true,
            sort: SortKey::of(kind, true)[0],
            reverse: false,
            filter: Filter::default(),
            view: ListView::default(),
            made: Made::default(),
        }
    }

    /// The list without its rows: they are made again, and the selection finds its object.
    pub(in crate::app) fn kept(&self) -> Self {
        Self {
            kind: self.kind,
            scope: self.scope.clone(),
            folded: self.folded,
            sort: self.sort,
            reverse: self.reverse,
            filter: self.filter.clone(),
            view: self.view.kept(),
            made: Made::default(),
        }
    }

    /// The orders that it offers.
    pub fn sorts(&self) -> &'static [SortKey] {
        SortKey::of(self.kind, self.folded)
    }
}
