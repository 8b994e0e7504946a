//! The first line: which cluster and account, whether changes are locked, who asks, and how
//! fresh the two halves of the world are.

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::{
        cluster::{ClusterView, Link},
        lock::Lock,
    },
    config::theme::Meaning,
    ui::{style::Paint, text},
};

/// Cells of air at both ends together.
const EDGES: usize = 2;

/// One piece of the line: the smaller its rank, the longer it stays when the window narrows.
struct Part {
    rank: u8,
    text: String,
    style: Style,
}

fn part(rank: u8, text: impl Into<String>, style: Style) -> Part {
    Part { rank, text: text.into(), style }
}

/// The header of a cluster.
pub fn line(paint: &Paint<'_>, cluster: &ClusterView, now: Timestamp, width: usize) -> Line<'static> {
    let (mut left, mut right) = (place(paint, cluster), state(paint, cluster, now));
    while taken(&left) + taken(&right) + EDGES + 2 > width && left.len() + right.len() > 1 {
        drop_least(&mut left, &mut right);
    }
    let gap = width.saturating_sub(taken(&left) + taken(&right) + EDGES);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(joined(left, width));
    spans.push(Span::raw(" ".repeat(gap)));
    spans.extend(joined(right, width));
    Line::from(spans)
}

fn taken(parts: &[Part]) -> usize {
    parts.iter().map(|part| text::width(&part.text) + 2).sum::<usize>().saturating_sub(2)
}

fn drop_least(left: &mut Vec<Part>, right: &mut Vec<Part>) {
    let most = |parts: &[Part]| parts.iter().map(|part| part.rank).max().unwrap_or_default();
    let rank = most(left).max(most(right));
    left.retain(|part| part.rank != rank);
    right.retain(|part| part.rank != rank);
}

fn joined(parts: Vec<Part>, width: usize) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(Span::styled(text::fit(&part.text, width.saturating_sub(2)), part.style));
    }
    spans
}

fn place(paint: &Paint<'_>, view: &ClusterView) -> Vec<Part> {
    let target = view.inventory.target();
    let known = view.inventory.cluster().known();
    let region = known.map(|cluster| cluster.region()).or_else(|| target.region.clone());
    let name = view.name();
    let context = target.context.as_ref().filter(|context| **context != name && !context.starts_with("arn:"));
    let mut parts = Vec::new();
    parts.extend(context.map(|context| part(5, text::fit(context, 28), paint.plain())));
    parts.push(part(0, text::middle(&name, 40), paint.of(Meaning::Header)));
    parts.extend(view.account().map(|account| part(6, account, paint.plain())));
    parts.extend(region.map(|region| part(7, region.to_string(), paint.plain())));
    parts.extend(known.map(|cluster| part(8, format!("EKS {}", cluster.version), paint.muted())));
    parts
}

fn state(paint: &Paint<'_>, view: &ClusterView, now: Timestamp) -> Vec<Part> {
    let lock = match view.lock {
        Lock::Unlocked { .. } => paint.of(Meaning::Warning),
        Lock::Locked | Lock::ReadOnly => paint.plain(),
    };
    let caller = view.inventory.caller().known();
    let mut parts = vec![part(1, view.lock.word(), lock)];
    parts.extend(caller.map(|caller| part(4, text::fit(caller.short(), 32), paint.plain())));
    let (words, style) = kubernetes(paint, &view.kubernetes, now);
    parts.push(part(2, words, style));
    let (words, style) = aws(paint, view, now);
    parts.push(part(3, words, style));
    parts
}

fn kubernetes(paint: &Paint<'_>, link: &Link, now: Timestamp) -> (String, Style) {
    match link {
        Link::Connecting => ("k8s connecting".to_owned(), paint.muted()),
        Link::Live => ("k8s live".to_owned(), paint.plain()),
        Link::Retrying { attempt, at, .. } => {
            let seconds = at.duration_since(now).as_secs().max(0);
            (format!("k8s retrying {attempt} in {seconds} s"), paint.of(Meaning::Warning))
        }
        Link::Denied(_) => ("k8s denied".to_owned(), paint.of(Meaning::Danger)),
        Link::Offline { since, .. } => (format!("k8s offline since {}", clock(*since)), paint.of(Meaning::Danger)),
    }
}

/// Hours and minutes, UTC: the zone of the person is not known here.
fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%H:%MZ").to_string()
}

fn aws(paint: &Paint<'_>, view: &ClusterView, now: Timestamp) -> (String, Style) {
    let age = view.aws.read_at.map(|read| freshness(now.duration_since(read).as_secs()));
    if let Some(failure) = view.aws.failure.as_ref() {
        let word = failed_word(failure);
        let stale = age.map_or_else(String::new, |age| format!(", {age}"));
        return (format!("aws {word}{stale}"), paint.of(Meaning::Danger));
    }
    match age {
        Some(age) => (format!("aws {age}"), paint.plain()),
        None => ("aws loading".to_owned(), paint.muted()),
    }
}

fn failed_word(failure: &crate::domain::failure::Failure) -> &'static str {
    use crate::domain::failure::FailureKind;
    match failure.kind {
        FailureKind::Denied => "denied",
        FailureKind::Credentials => "credentials expired or missing",
        FailureKind::Unreachable => "unreachable",
        FailureKind::Throttled => "throttled",
        _ => "failed",
    }
}

fn freshness(seconds: i64) -> String {
    if seconds < 60 { "<1m old".to_owned() } else { format!("{} old", text::age(seconds)) }
}
