//! `check`: findings against a baseline and a threshold.

use jiff::Timestamp;

use super::{
    Format, Options, Redactor, Rendered, Request,
    baseline::Baseline,
    envelope::{Head, cluster_of},
    finding, junit, sarif,
    selection::Selection,
};
use crate::domain::{
    finding::{Finding, Severity},
    inventory::Inventory,
};

/// How a check is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFormat {
    /// As every list.
    List(Format),
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// Which findings, and when; its format is not used.
    pub request: Request<'a>,
    /// How they are printed.
    pub format: CheckFormat,
    /// Findings at or above it fail the check.
    pub fail_on: Severity,
    /// What has been accepted.
    pub baseline: Option<&'a Baseline>,
}

/// How a check came out.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is printed.
    pub rendered: Rendered,
    /// Findings at or above the threshold that nobody accepted.
    pub failing: usize,
    /// Findings that the baseline accepts.
    pub accepted: usize,
}

/// The findings that a request chooses, accepted ones included.
pub fn chosen<'a>(request: &Request<'_>, inventory: &'a Inventory) -> Vec<&'a Finding> {
    finding::chosen(inventory, &Selection { filter: request.filter, namespace: request.namespace, name: request.name })
}

/// Checks.
pub fn check(check: &Check<'_>, inventory: &Inventory) -> Checked {
    let all = chosen(&check.request, inventory);
    let now = check.request.now;
    let is_accepted = |finding: &&&Finding| check.baseline.is_some_and(|baseline| baseline.accepts(finding, now));
    let (accepted, open): (Vec<&Finding>, Vec<&Finding>) = all.iter().partition(|finding| is_accepted(finding));
    let failing = open.iter().filter(|finding| finding.severity >= check.fail_on).count();
    let mut rendered = printed(check, inventory, &open);
    rendered.stderr += &remarks(check.baseline, &all, accepted.len(), now);
    Checked { rendered, failing, accepted: accepted.len() }
}

fn printed(check: &Check<'_>, inventory: &Inventory, open: &[&Finding]) -> Rendered {
    let Options { redact, .. } = check.request.options;
    let redactor = redact.then(|| Redactor::new(inventory));
    let cluster = cluster_of(inventory);
    let head = Head::of(inventory, check.request.now);
    let redacted = |text: String| redactor.as_ref().map_or(text.clone(), |redactor| redactor.text(&text));
    let stdout = match check.format {
        CheckFormat::List(format) => {
            let items: Vec<_> = open.iter().map(|found| finding::item(&cluster, found)).collect();
            return super::listed(&Request { format, ..check.request }, inventory, &items);
        }
        CheckFormat::Sarif => super::json::pretty(&sarif::log(&cluster, open), redactor.as_ref()),
        CheckFormat::Junit => redacted(super::text::printable_lines(&junit::document(&cluster, open, check.fail_on))),
    };
    Rendered { stdout, stderr: head.notes(redactor.as_ref()), complete: head.complete, items: open.len() }
}

fn remarks(baseline: Option<&Baseline>, all: &[&Finding], accepted: usize, now: Timestamp) -> String {
    let Some(baseline) = baseline else { return String::new() };
    let mut out = format!("{accepted} accepted by the baseline\n");
    for entry in baseline.expired(now) {
        out += &format!("the acceptance of {} by {} is over and counts again\n", entry.finding, or_nobody(&entry.who));
    }
    for entry in baseline.settled(all) {
        out += &format!("{} is not found any more; drop it from the baseline\n", entry.finding);
    }
    out
}

fn or_nobody(who: &str) -> &str {
    if who.is_empty() { "nobody" } else { who }
}
