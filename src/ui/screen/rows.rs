//! The rows of each list as cells: which columns a list has, and what stands in them.

use ratatui::{style::Style, text::Span};

use crate::{
    config::theme::Meaning,
    domain::{
        finding::Finding,
        id::{RoleArn, ServiceAccountId},
        identity::{Mechanism, State, Verdict},
        node::NodeKind,
        proof::Proof,
        query::{Field, Query},
        row::{AssociationRow, NamespaceRow, NodeRow, PodCounts, PodRow, RoleRow, ServiceAccountRow, WorkloadRow},
    },
    ui::{
        style::Paint,
        text,
        widget::{
            bar,
            table::{Cell, Column, TableRow},
        },
    },
};

/// Pods, folded by workload.
pub const WORKLOADS: &[Column] = &[
    Column::fixed("STATE", 8),
    Column::share("NAMESPACE", 10),
    Column::share("WORKLOAD", 19),
    Column::number("PODS", 5),
    Column::fixed(" NOW", 13),
    Column::fixed("NEXT", 12),
];

/// Pods, one by one.
pub const PODS: &[Column] = &[
    Column::fixed("STATE", 8),
    Column::share("NAMESPACE", 10),
    Column::share("POD", 22),
    Column::number("AGE", 4),
    Column::fixed(" NOW", 13),
    Column::fixed("NEXT", 12),
];

/// Service accounts.
pub const SERVICE_ACCOUNTS: &[Column] = &[
    Column::fixed("STATE", 8),
    Column::share("NAMESPACE", 10),
    Column::share("SERVICE ACCOUNT", 14),
    Column::number("PODS", 5),
    Column::fixed(" NEXT", 13),
    Column::share("ROLE", 14),
];

/// Namespaces.
pub const NAMESPACES: &[Column] = &[
    Column::fixed("STATE", 8),
    Column::share("NAMESPACE", 14),
    Column::number("PODS", 5),
    Column::number("SA", 4),
    Column::fixed(" IDENTITIES NOW", 16),
    Column::share("TROUBLE", 16),
];

/// Roles.
pub const ROLES: &[Column] = &[
    Column::fixed("STATE", 8),
    Column::share("ROLE", 20),
    Column::share("TRUSTS", 17),
    Column::number("USED BY", 7),
    Column::number("PODS", 5),
];

/// Associations.
pub const ASSOCIATIONS: &[Column] = &[
    Column::fixed("STATE", 8),
    Column::share("NAMESPACE", 10),
    Column::share("SERVICE ACCOUNT", 14),
    Column::number("USING", 7),
    Column::fixed("", 0),
    Column::share("ROLE", 18),
];

/// Nodes.
pub const NODES: &[Column] = &[
    Column::share("NODE", 20),
    Column::fixed("KIND", 12),
    Column::number("PODS", 5),
    Column::fixed(" AGENT", 12),
    Column::fixed("IMDS", 11),
    Column::share("ROLE", 14),
];

/// Findings: codes are never cut; what and why stand beside or below the list.
pub const FINDINGS: &[Column] =
    &[Column::fixed("SEVERITY", 8), Column::fixed("CODE", 24), Column::share("SUBJECT", 18), Column::number("PODS", 5)];

fn plain(paint: &Paint<'_>, content: impl Into<String>) -> Cell {
    Cell::Text(content.into(), paint.plain())
}

/// What the filter matched is highlighted.
fn name(paint: &Paint<'_>, content: impl Into<String>, query: &Query, field: Option<Field>) -> Cell {
    let content = content.into();
    let marks = if query.is_empty() { Vec::new() } else { query.highlights(&content, field) };
    Cell::Marked(content, paint.plain(), marks)
}

fn word(paint: &Paint<'_>, state: State) -> Cell {
    Cell::Text(state.word().to_owned(), paint.state(state))
}

/// `pods`, or `2/6` where two of six differ.
fn pods_cell(row: &WorkloadRow) -> String {
    match row.differing {
        0 => text::count(row.pods as usize),
        differing => format!("{differing}/{}", row.pods),
    }
}

/// `=` when next is the same, nothing while it loads.
pub fn next_word(state: State, same: bool, next: Mechanism) -> &'static str {
    match (state, same, next) {
        (State::Loading, ..) => "",
        (_, true, _) => "=",
        (_, false, next) => next.word(),
    }
}

/// What a live proof said of an identity, in one cell before its mechanism: nothing where nobody asked, or nothing was
/// learnt.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    verdict: Option<Verdict>,
    ascii: bool,
}

impl Mark {
    /// The mark of a proof, if there is one.
    pub fn of(proof: Option<&Proof>, ascii: bool) -> Self {
        Self { verdict: proof.map(|proof| proof.proven.verdict), ascii }
    }

    fn span(self, paint: &Paint<'_>) -> Span<'static> {
        match (self.verdict, self.ascii) {
            (Some(Verdict::Ok), false) => Span::styled("✓", paint.of(Meaning::Good)),
            (Some(Verdict::Ok), true) => Span::styled("+", paint.of(Meaning::Good)),
            (Some(Verdict::Broken), false) => Span::styled("✗", paint.of(Meaning::Danger)),
            (Some(Verdict::Broken), true) => Span::styled("x", paint.of(Meaning::Danger)),
            _ => Span::styled(" ", paint.plain()),
        }
    }
}

/// A mechanism with the mark of its proof.
fn marked(paint: &Paint<'_>, mark: Mark, mechanism: &'static str) -> Cell {
    Cell::Spans(vec![mark.span(paint), Span::styled(mechanism, paint.plain())])
}

fn next_cell(paint: &Paint<'_>, state: State, same: bool, next: Mechanism) -> Cell {
    let word = next_word(state, same, next);
    Cell::Text(word.to_owned(), if word == "=" { paint.muted() } else { paint.plain() })
}

/// A workload.
pub fn workload(paint: &Paint<'_>, row: &WorkloadRow, mark: Mark, query: &Query) -> TableRow {
    let cells = vec![
        word(paint, row.state),
        name(paint, row.id.namespace.as_str(), query, Some(Field::Namespace)),
        name(paint, row.id.to_string(), query, None),
        plain(paint, pods_cell(row)),
        marked(paint, mark, row.now.word()),
        next_cell(paint, row.state, row.same, row.next),
    ];
    TableRow { state: Some(row.state), marked: false, cells }
}

/// A pod; `seconds` is its age.
pub fn pod(paint: &Paint<'_>, row: &PodRow, seconds: i64, mark: Mark, query: &Query) -> TableRow {
    let resolution = &row.resolution;
    let cells = vec![
        word(paint, resolution.state),
        name(paint, row.id.namespace.as_str(), query, Some(Field::Namespace)),
        name(paint, row.id.name.as_str(), query, Some(Field::Name)),
        Cell::Text(text::age(seconds), paint.muted()),
        marked(paint, mark, resolution.now.mechanism.word()),
        next_cell(
            paint,
            resolution.state,
            !resolution.drift && resolution.now.is_same(&resolution.next),
            resolution.next.mechanism,
        ),
    ];
    TableRow { state: Some(resolution.state), marked: false, cells }
}

fn role_cell(paint: &Paint<'_>, arn: Option<&RoleArn>) -> Cell {
    match arn {
        Some(arn) => plain(paint, text::role_name(arn.as_str())),
        None => Cell::Text("-".to_owned(), paint.muted()),
    }
}

/// The name of a service account; one that only something else names says so.
fn account_cell(paint: &Paint<'_>, id: &ServiceAccountId, exists: bool, query: &Query) -> Cell {
    match exists {
        true => name(paint, id.name.as_str(), query, Some(Field::ServiceAccount)),
        false => Cell::Noted(id.name.to_string(), " (missing)", paint.plain()),
    }
}

/// A service account.
pub fn service_account(paint: &Paint<'_>, row: &ServiceAccountRow, mark: Mark, query: &Query) -> TableRow {
    let role = row.next_role_arn.as_ref().or(row.association_role_arn.as_ref()).or(row.annotation_role_arn.as_ref());
    let next = if row.state == State::Loading { "" } else { row.next.word() };
    let cells = vec![
        word(paint, row.state),
        name(paint, row.id.namespace.as_str(), query, Some(Field::Namespace)),
        account_cell(paint, &row.id, row.exists, query),
        plain(paint, text::count(row.pods.total as usize)),
        marked(paint, mark, next),
        role_cell(paint, role),
    ];
    TableRow { state: Some(row.state), marked: false, cells }
}

/// `1 broken, 2 at-risk`, worst first.
pub fn trouble(counts: &PodCounts) -> String {
    let parts = [(counts.broken, State::Broken), (counts.at_risk, State::AtRisk), (counts.drift, State::Drift)];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.word()))
        .collect();
    shown.join(", ")
}

fn states(row: &NamespaceRow) -> String {
    let mut sorted = row.states.clone();
    sorted.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let bad = sorted.iter().filter(|(state, count)| *count > 0 && !matches!(state, State::Ok));
    bad.map(|(state, count)| format!("{count} {}", state.word())).collect::<Vec<_>>().join(", ")
}

/// A namespace, with a bar of the mechanisms of its pods.
pub fn namespace(paint: &Paint<'_>, row: &NamespaceRow, query: &Query) -> TableRow {
    let mut bar = vec![Span::raw(" ")];
    bar.extend(bar::spans(paint, &row.mechanisms, 14));
    let cells = vec![
        word(paint, row.state),
        name(paint, row.name.as_str(), query, Some(Field::Name)),
        plain(paint, text::count(row.pods as usize)),
        plain(paint, text::count(row.service_accounts as usize)),
        Cell::Spans(bar),
        Cell::Text(states(row), paint.state(row.state)),
    ];
    TableRow { state: Some(row.state), marked: false, cells }
}

fn trusts(row: &RoleRow) -> String {
    if row.missing {
        return "no such role".to_owned();
    }
    if !row.readable {
        return "not readable from here".to_owned();
    }
    let words: Vec<_> = row.mechanisms.iter().map(|mechanism| mechanism.word()).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

/// A role.
pub fn role(paint: &Paint<'_>, row: &RoleRow, query: &Query) -> TableRow {
    let style = if row.missing { paint.of(Meaning::Danger) } else { paint.plain() };
    let cells = vec![
        word(paint, row.state),
        name(paint, row.name.as_str(), query, Some(Field::Name)),
        Cell::Text(trusts(row), if row.readable { style } else { paint.muted().patch(style) }),
        plain(paint, text::count(row.used_by.len())),
        plain(paint, text::count(row.pods as usize)),
    ];
    TableRow { state: Some(row.state), marked: false, cells }
}

/// An association.
pub fn association(paint: &Paint<'_>, row: &AssociationRow, state: State, query: &Query) -> TableRow {
    let account = &row.service_account;
    let cells = vec![
        word(paint, state),
        name(paint, account.namespace.as_str(), query, Some(Field::Namespace)),
        account_cell(paint, account, row.service_account_exists, query),
        plain(paint, format!("{}/{}", row.using, row.pods)),
        plain(paint, ""),
        role_cell(paint, row.role_arn.as_ref()),
    ];
    TableRow { state: Some(state), marked: false, cells }
}

/// The words for what runs a node.
pub fn node_kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Managed => "managed",
        NodeKind::SelfManaged => "self-managed",
        NodeKind::Karpenter => "karpenter",
        NodeKind::Auto => "auto",
        NodeKind::Fargate => "fargate",
        NodeKind::Hybrid => "hybrid",
    }
}

fn agent_style(paint: &Paint<'_>, agent: &str) -> Style {
    match agent {
        "missing" => paint.of(Meaning::Warning),
        "unknown" | "unsupported" => paint.muted(),
        _ => paint.plain(),
    }
}

/// A node.
pub fn node(paint: &Paint<'_>, row: &NodeRow, query: &Query) -> TableRow {
    let cells = vec![
        name(paint, row.name.as_str(), query, Some(Field::Name)),
        plain(paint, node_kind(row.kind)),
        plain(paint, text::count(row.pods as usize)),
        Cell::Text(format!(" {}", row.agent), agent_style(paint, row.agent)),
        Cell::Text(imds(row).to_owned(), paint.plain()),
        role_cell(paint, row.role_arn.as_ref()),
    ];
    TableRow { state: None, marked: false, cells }
}

/// A finding; its severity has the glyph and colour of a state.
pub fn finding(paint: &Paint<'_>, row: &Finding, state: State, query: &Query) -> TableRow {
    let pods = if row.pods == 0 { String::new() } else { text::count(row.pods as usize) };
    let cells = vec![
        Cell::Text(row.severity.word().to_owned(), paint.state(state)),
        name(paint, row.code.name, query, Some(Field::Code)),
        name(paint, row.subject.to_string(), query, None),
        plain(paint, pods),
    ];
    TableRow { state: Some(state), marked: false, cells }
}

/// Whether pods reach instance metadata there, in one or two words.
pub fn imds(row: &NodeRow) -> &'static str {
    match row.imds {
        "yes" => "open",
        "no" => "closed",
        "hostNetwork" => "hostNetwork",
        _ => "unknown",
    }
}
