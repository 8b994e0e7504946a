//! The answers of `get`, `explain` and of plans as text: table, JSON, CSV, Markdown. Pure functions
//! of an inventory; the shapes are those of the command line's contract (`rolecall/v1`).

use jiff::Timestamp;

use crate::domain::{
    failure::{Failure, FailureKind},
    inventory::Inventory,
    query::Query,
};

pub mod access;
mod association;
pub mod baseline;
pub mod changed;
pub mod check;
mod column;
mod csv;
pub mod doctor;
mod envelope;
pub mod explain;
pub mod export;
mod finding;
pub mod handbook;
pub mod history;
mod json;
mod junit;
mod markdown;
mod namespace;
mod node;
mod overview;
mod page;
pub mod picture;
pub mod plan;
mod pod;
pub mod prove;
mod redact;
mod role;
mod sarif;
mod selection;
mod service_account;
mod table;
#[cfg(test)]
mod tests;
pub mod text;
pub mod who;
pub mod why;

pub use redact::Redactor;

use column::{Columns, View};
use selection::Selection;

/// `apiVersion` of everything that is printed as JSON.
pub const API_VERSION: &str = "rolecall/v1";

/// What `get` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pods.
    Pods,
    /// Service accounts, also those that are only named.
    ServiceAccounts,
    /// Namespaces.
    Namespaces,
    /// IAM roles.
    Roles,
    /// EKS Pod Identity associations.
    Associations,
    /// Nodes.
    Nodes,
    /// Findings.
    Findings,
    /// Everything counted.
    Overview,
}

impl Kind {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 8] = [
        Self::Pods,
        Self::ServiceAccounts,
        Self::Namespaces,
        Self::Roles,
        Self::Associations,
        Self::Nodes,
        Self::Findings,
        Self::Overview,
    ];

    /// Its name and the short forms that are understood.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Pods => &["pods", "pod", "po"],
            Self::ServiceAccounts => &["serviceaccounts", "serviceaccount", "sa"],
            Self::Namespaces => &["namespaces", "namespace", "ns"],
            Self::Roles => &["roles", "role"],
            Self::Associations => &["associations", "association"],
            Self::Nodes => &["nodes", "node", "no"],
            Self::Findings => &["findings", "finding"],
            Self::Overview => &["overview"],
        }
    }

    /// The kind that a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.words().contains(&word))
    }

    /// The first of its words.
    pub fn word(self) -> &'static str {
        self.words()[0]
    }
}

/// How an answer is printed (`-o`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Aligned columns.
    #[default]
    Table,
    /// More of them.
    Wide,
    /// One document.
    Json,
    /// One item a line.
    Jsonl,
    /// RFC 4180, all columns.
    Csv,
    /// A GitHub table.
    Markdown,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Table, Self::Wide, Self::Json, Self::Jsonl, Self::Csv, Self::Markdown];

    /// The word after `-o`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
        }
    }

    /// The format that a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }
}

/// How it looks, whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Replace account ids, names and ARNs consistently.
    pub redact: bool,
    /// Only ASCII glyphs.
    pub ascii: bool,
    /// Columns of the terminal; `None`: as wide as it is.
    pub width: Option<usize>,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is listed.
    pub kind: Kind,
    /// How it is printed.
    pub format: Format,
    /// Only rows that match.
    pub filter: Option<&'a Query>,
    /// Only this namespace.
    pub namespace: Option<&'a str>,
    /// Only this object: `NAMESPACE/NAME`, `NAME`, an ARN or an id.
    pub name: Option<&'a str>,
    /// When the facts were read.
    pub now: Timestamp,
    /// How it looks.
    pub options: Options,
}

impl<'a> Request<'a> {
    /// All objects of a kind, as a table.
    pub fn new(kind: Kind, format: Format, now: Timestamp) -> Self {
        Self { kind, format, filter: None, namespace: None, name: None, now, options: Options::default() }
    }

    fn selection(&self) -> Selection<'a> {
        Selection { filter: self.filter, namespace: self.namespace, name: self.name }
    }
}

/// An answer: data and everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The data.
    pub stdout: String,
    /// What is missing from it, one line each.
    pub stderr: String,
    /// Nothing is missing.
    pub complete: bool,
    /// Number of items.
    pub items: usize,
}

/// Answers a question.
///
/// # Errors
/// The one object asked for does not exist, or nothing of the kind could be read at all.
pub fn render(request: &Request<'_>, inventory: &Inventory) -> Result<Rendered, Failure> {
    let selection = request.selection();
    match request.kind {
        Kind::Pods => list(request, inventory, &pod::items(inventory, &selection)),
        Kind::ServiceAccounts => list(request, inventory, &service_account::items(inventory, &selection)),
        Kind::Namespaces => list(request, inventory, &namespace::items(inventory, &selection)),
        Kind::Roles => list(request, inventory, &role::items(inventory, &selection, request.now)),
        Kind::Associations => list(request, inventory, &association::items(inventory, &selection)),
        Kind::Nodes => list(request, inventory, &node::items(inventory, &selection)),
        Kind::Findings => list(request, inventory, &finding::items(inventory, &selection)),
        Kind::Overview if matches!(request.format, Format::Json | Format::Jsonl) => {
            list(request, inventory, &[overview::item(inventory)])
        }
        Kind::Overview => list(request, inventory, &overview::lines(&overview::item(inventory))),
    }
}

fn list<T: Columns>(request: &Request<'_>, inventory: &Inventory, items: &[T]) -> Result<Rendered, Failure> {
    if items.is_empty() {
        missing(request, inventory)?;
    }
    Ok(listed(request, inventory, items))
}

fn listed<T: Columns>(request: &Request<'_>, inventory: &Inventory, items: &[T]) -> Rendered {
    headed(request, inventory, &envelope::Head::of(inventory, request.now), items)
}

/// A list under a head that says more than usual.
fn headed<T: Columns>(request: &Request<'_>, inventory: &Inventory, head: &envelope::Head, items: &[T]) -> Rendered {
    let redactor = request.options.redact.then(|| Redactor::new(inventory));
    let view = View { ascii: request.options.ascii, plain: false, redactor: redactor.as_ref() };
    let plain = View { plain: true, ..view };
    let stdout = match request.format {
        Format::Table => table::table(items, view, false, request.options.width),
        Format::Wide => table::table(items, view, true, request.options.width),
        Format::Json => json::document(head, items, redactor.as_ref()),
        Format::Jsonl => json::lines(items, redactor.as_ref()),
        Format::Csv => csv::csv(items, plain),
        Format::Markdown => markdown::table(items, plain),
    };
    let stderr = if request.format == Format::Json { String::new() } else { head.notes(redactor.as_ref()) };
    Rendered { stdout, stderr, complete: head.complete, items: items.len() }
}

/// An empty answer is a failure where one object was asked for, or where the kind could not be read.
fn missing(request: &Request<'_>, inventory: &Inventory) -> Result<(), Failure> {
    if let Some(failure) = envelope::unread(inventory, request.kind) {
        return Err(failure);
    }
    match request.name {
        Some(name) => Err(Failure::new(
            FailureKind::NotFound,
            format!("there is no {} `{}`", request.kind.words().get(1).unwrap_or(&"object"), text::printable(name)),
            "nothing of this name is in the cluster",
            format!("`rolecall get {}` shows what there is", request.kind.word()),
        )),
        None => Ok(()),
    }
}
