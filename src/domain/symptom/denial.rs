//! The sentence of IAM: `User: X is not authorized to perform: Y on resource: Z`, and why. All services
//! say it; the words after the resource tell which kind of policy decided.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    cause::{self, Cause},
    principal::Principal,
    wording::{Wording, cut},
};

/// One refused call.
pub(super) struct Denial {
    /// Who asked.
    pub(super) principal: Principal,
    /// For what.
    pub(super) action: String,
    /// On what, if the sentence says.
    pub(super) resource: Option<String>,
    /// What refused.
    pub(super) cause: &'static Cause,
    /// The ARN of the policy that decided.
    pub(super) policy_arn: Option<String>,
}

/// Longest resource with its reason, in bytes.
const REACH: usize = 2400;
/// Most denials that are read from one text.
const MOST: usize = 64;

static SENTENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let who = r#"user:?\s*["']?(arn:[^\s"']+|anonymous)["']?"#;
    Regex::new(&format!(r"(?i){who}\s+is\s+not\s+authorized\s+to\s+perform:?\s+([a-z0-9-]+:[a-z0-9*]+)")).ok()
});
static POLICY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(?:policy|boundary):\s*(arn:[^\s,]+[^\s,.])").ok());

impl Denial {
    /// All of a text, in its order.
    pub(super) fn all(wording: &Wording) -> Vec<Self> {
        let Some(sentence) = SENTENCE.as_ref() else { return Vec::new() };
        let read = |found: regex::Captures<'_>| {
            let (who, action) = (found.get(1)?, found.get(2)?);
            let rest = cut(&wording.text()[action.end()..], REACH);
            Some(Self::of(who.as_str(), action.as_str(), one_sentence(rest)))
        };
        sentence.captures_iter(wording.text()).take(MOST).filter_map(read).collect()
    }

    fn of(who: &str, action: &str, rest: &str) -> Self {
        let principal = Principal::read(who);
        let policy_arn = POLICY.as_ref().and_then(|policy| policy.captures(rest)).map(|found| found[1].to_owned());
        let cause = cause::of_denial(action, &rest.to_ascii_lowercase());
        Self { principal, action: action.to_owned(), resource: resource(rest), cause, policy_arn }
    }
}

/// What follows, up to the next such sentence.
fn one_sentence(rest: &str) -> &str {
    let next = rest.to_ascii_lowercase().find("is not authorized");
    next.map_or(rest, |at| &rest[..at])
}

/// Words at which a resource ends that is neither quoted nor an ARN: `role deployer`.
const ENDS: &[&str] = &[
    " because ",
    " with an explicit",
    "\"",
    "'",
    "<",
    " (service:",
    " status code",
    ", request id",
    ". encoded",
    " encoded",
    " - sender",
    "\\",
];

fn resource(rest: &str) -> Option<String> {
    let lower = rest.to_ascii_lowercase();
    let trimmed = lower.trim_start();
    let after = trimmed.strip_prefix("on resource:")?.trim_start();
    let text = &rest[rest.len() - after.len()..];
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split('"').next().filter(|name| !name.is_empty()).map(str::to_owned);
    }
    if after.starts_with("arn:") || after.starts_with('*') {
        let name = text.split([' ', '"', '\'', '<', ',', ';', '}', ')']).next().unwrap_or(text);
        return Some(name.trim_end_matches('.').to_owned());
    }
    let end = ENDS.iter().filter_map(|word| after.find(word)).min().unwrap_or(after.len());
    let name = text[..end].trim_end().trim_end_matches(['.', ',', ';', ')', '}']);
    (!name.is_empty()).then(|| name.to_owned())
}
