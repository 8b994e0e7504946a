//! The one sentence behind a verdict and the element it points to. A denial is explained
//! by the statement that comes nearest to allowing and the first thing that fails in it.

mod condition;
mod near;
mod principal;
mod statement;

use super::condition::Condition;
use super::context::Context;
use super::decision::{Decision, Verdict};
use super::document::{Document, Effect, Statement};
use super::evaluate::{Query, allowed, matches, principal_matches};
use super::json::Span;
use super::lint::Lint;
use super::request::{Caller, Mechanism, PODS_SERVICE, Request};
use super::truth::Truth;

pub(super) use near::{distance, placeholder, shortened};
pub(super) use statement::{described, statement};

/// Who asks for what, as sentences name it.
struct Subject<'a> {
    role: String,
    who: String,
    request: Option<&'a Request>,
}

impl<'a> Subject<'a> {
    fn new(query: &Query<'a>) -> Self {
        match query.context {
            Context::Request(request) => Self {
                role: request.role.name().to_owned(),
                who: match request.mechanism {
                    Mechanism::Node => "EC2".to_owned(),
                    _ => request.short_subject(),
                },
                request: Some(request),
            },
            Context::Given(request) => Self {
                role: super::arn::role_name(&request.role_arn).to_owned(),
                who: caller_name(&query.caller).to_owned(),
                request: None,
            },
        }
    }

    fn mechanism(&self) -> Option<Mechanism> {
        self.request.map(|request| request.mechanism)
    }

    /// The policy as a sentence's subject.
    fn policy(&self) -> String {
        if self.role.is_empty() {
            return "The trust policy".to_owned();
        }
        format!("The trust policy of {}", self.role)
    }
}

fn caller_name(caller: &Caller) -> &str {
    match caller {
        Caller::Service(name) | Caller::Federated(name) | Caller::Aws { arn: name, .. } => name,
    }
}

/// Explains a verdict.
pub(super) fn explain(document: &Document, query: &Query<'_>, verdict: Verdict) -> Decision {
    let subject = Subject::new(query);
    match verdict {
        Verdict::Invalid => invalid(document, &subject),
        Verdict::Allow => allow(document, query, &subject),
        Verdict::Depends(keys) => depends(document, query, &subject, keys),
        Verdict::Deny { explicit: true } => explicit_denial(document, query, &subject),
        Verdict::Deny { explicit: false } => denial(document, query, &subject),
    }
}

fn invalid(document: &Document, subject: &Subject<'_>) -> Decision {
    let Some(refusal) = document.refusals().first() else {
        return Decision::new(Verdict::Invalid, format!("{} is not valid.", subject.policy()));
    };
    refused(document, refusal)
}

fn refused(document: &Document, refusal: &Lint) -> Decision {
    let stop = if refusal.message.ends_with('?') { "" } else { "." };
    let reason = format!("IAM would not save this policy: {}{stop}", refusal.message);
    let mut decision = Decision::new(Verdict::Invalid, reason);
    decision.span = Some(refusal.span);
    decision.statement = statement_at(document, refusal);
    decision
}

fn statement_at(document: &Document, lint: &Lint) -> Option<usize> {
    let holds = |s: &&Statement| s.span.start <= lint.span.start && lint.span.end <= s.span.end;
    document.statements().iter().find(holds).map(|statement| statement.index)
}

fn allow(document: &Document, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let mut allowing: Vec<&Statement> = Vec::new();
    for action in query.actions.iter() {
        let first =
            with_effect(document, Effect::Allow).find(|statement| matches(statement, query, action) == Truth::True);
        if let Some(statement) = first
            && !allowing.iter().any(|known| known.index == statement.index)
        {
            allowing.push(statement);
        }
    }
    let labels: Vec<String> = allowing.iter().map(|statement| statement.label()).collect();
    let reason = format!("{} admits {} by {}.", subject.policy(), subject.who, labels.join(" and "));
    let decision = Decision::new(Verdict::Allow, reason);
    match allowing.first() {
        Some(statement) => decision.at(statement.index, deciding_span(statement)),
        None => decision,
    }
}

fn with_effect(document: &Document, effect: Effect) -> impl Iterator<Item = &Statement> {
    document.statements().iter().filter(move |statement| statement.effect == Some(effect))
}

/// The conditions if there are any, else the principal.
fn deciding_span(statement: &Statement) -> Span {
    let subject = statement.conditions.iter().find(|condition| condition.folded_key.ends_with(":sub"));
    subject.or(statement.conditions.first()).map_or(statement.principal_span, |c| c.values_span)
}

fn explicit_denial(document: &Document, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let mut found = None;
    for action in query.actions.iter() {
        let denies = |statement: &&Statement| matches(statement, query, action) == Truth::True;
        found = found.or_else(|| with_effect(document, Effect::Deny).find(denies).map(|s| (s, *action)));
    }
    match found {
        Some((statement, action)) => denied_by(statement, action, query, subject),
        None => {
            let reason = format!("{} denies {}.", subject.policy(), subject.who);
            Decision::new(Verdict::Deny { explicit: true }, reason)
        }
    }
}

fn denied_by(statement: &Statement, action: &str, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let verdict = Verdict::Deny { explicit: true };
    let because = match statement.conditions.first() {
        Some(condition) => format!(", because {}", condition::fulfilled(condition, query)),
        None => String::new(),
    };
    let (label, who) = (statement.label(), &subject.who);
    let reason = format!("{} denies {action} to {who} in {label}{because}.", subject.policy());
    let decision = Decision::new(verdict, reason).at(statement.index, deciding_span(statement));
    let misspelled = statement.conditions.iter().find_map(|c| condition::misspelled(c, query, subject));
    match misspelled {
        Some(hint) => decision.hint(Some(hint)).code("CONDITION-KEY-TYPO"),
        None => match subject.mechanism() {
            Some(Mechanism::PodIdentity) => decision.code("PI-TRUST-CONDITION"),
            Some(Mechanism::PodIdentityTarget) => decision.code("PI-TARGET-CHAIN"),
            _ => decision,
        },
    }
}

/// The first statement whose match is not known, and what in it would settle the matter.
fn depends(document: &Document, query: &Query<'_>, subject: &Subject<'_>, keys: Vec<String>) -> Decision {
    let list = keys.join(", ");
    let question = format!("Whether {} may become {} depends on {list}", subject.who, subject.role);
    let verdict = Verdict::Depends(keys);
    if let Some(duplicate) = document.undefined() {
        let mut decision = Decision::new(verdict, duplicate_sentence(&duplicate.name));
        decision.span = Some(duplicate.again);
        return decision;
    }
    let unsettled =
        query.actions.iter().flat_map(|action| document.statements().iter().map(move |statement| (statement, *action)));
    let open = |(statement, action): &(&Statement, &str)| {
        matches!(matches(statement, query, action), Truth::Unknown(_))
            && !matches!(allowed(document, query, action), Truth::True)
    };
    let Some((statement, _)) = unsettled.clone().find(open) else {
        return Decision::new(verdict, format!("{question}."));
    };
    unsettled_statement(statement, query, verdict, &question)
}

fn duplicate_sentence(name: &str) -> String {
    format!("{name} stands twice in one object, and AWS does not say which of the two counts.")
}

fn unsettled_statement(statement: &Statement, query: &Query<'_>, verdict: Verdict, question: &str) -> Decision {
    let outcome = if statement.effect == Some(Effect::Deny) { "denies it" } else { "allows it" };
    let label = statement.label();
    if let Some(duplicate) = statement.undefined() {
        return Decision::new(verdict, duplicate_sentence(&duplicate.name))
            .at(statement.index, duplicate.again)
            .hint(repeated_subject(&duplicate.name));
    }
    let unknown = |c: &&Condition| matches!(c.holds(&query.context), Truth::Unknown(_));
    match statement.conditions.iter().find(unknown) {
        Some(open) => {
            let wish = condition::wish(open);
            let reason = format!("{question}: {label} {outcome} if {wish}.");
            Decision::new(verdict, reason).at(statement.index, open.values_span)
        }
        None => {
            let reason = format!("{question}: see the principal of {label}.");
            Decision::new(verdict, reason).at(statement.index, statement.principal_span)
        }
    }
}

/// The twin of the article's policy: `:sub` twice to admit two service accounts.
fn repeated_subject(key: &str) -> Option<String> {
    key.to_lowercase()
        .ends_with(":sub")
        .then(|| format!("Write {key} once with a list of both service accounts; the edit “admit” repairs it."))
}

/// What fails first in a statement.
enum Failing<'s> {
    Principal,
    Action,
    Condition(&'s Condition),
}

struct Nearest<'s> {
    statement: &'s Statement,
    failing: Failing<'s>,
    action: &'s str,
    cost: usize,
}

fn denial(document: &Document, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let refused = query.actions.iter().copied().find(|action| allowed(document, query, action) == Truth::False);
    let nearest = refused.and_then(|action| {
        with_effect(document, Effect::Allow)
            .filter_map(|statement| nearness(statement, query, action))
            .min_by_key(|nearest| nearest.cost)
    });
    let Some(nearest) = nearest else {
        return nothing_allows(document, query, subject);
    };
    let verdict = Decision::new(Verdict::Deny { explicit: false }, String::new());
    let Nearest { statement, action, .. } = nearest;
    match nearest.failing {
        Failing::Principal => principal::explain(verdict, document, statement, query, subject),
        Failing::Action => action_fails(verdict, statement, action, query, subject, document),
        Failing::Condition(condition) => {
            condition::explain(verdict.at(statement.index, condition.values_span), condition, query, subject)
        }
    }
}

fn nothing_allows(document: &Document, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let verdict = Verdict::Deny { explicit: false };
    if with_effect(document, Effect::Allow).next().is_none() {
        let reason = format!("{} has no Allow statement; it lets nobody in.", subject.policy());
        return Decision::new(verdict, reason).code("TRUST-LOST");
    }
    let what = query.actions.first().copied().unwrap_or("the call");
    Decision::new(verdict, format!("No statement of {} allows {what} to {}.", subject.role, subject.who))
}

/// What fails in a statement and how far it is from allowing; `None` if nothing surely fails.
fn nearness<'s>(statement: &'s Statement, query: &Query<'_>, action: &'s str) -> Option<Nearest<'s>> {
    let principal = principal_matches(statement, query) == Truth::False;
    let action_fails = !statement.covers(action);
    let mut conditions =
        statement.conditions.iter().filter(|condition| condition.holds(&query.context) == Truth::False);
    let first = conditions.next();
    let failed = usize::from(first.is_some()) + conditions.count();
    let kind = same_kind(statement, &query.caller);
    let cost = usize::from(principal) * if kind { 4 } else { 16 } + usize::from(action_fails) * 3 + failed;
    let failing = match first {
        _ if principal => Failing::Principal,
        _ if action_fails => Failing::Action,
        Some(condition) => Failing::Condition(condition),
        None => return None,
    };
    Some(Nearest { statement, failing, action, cost })
}

/// Whether a statement is meant for callers of this kind at all.
fn same_kind(statement: &Statement, caller: &Caller) -> bool {
    statement.principals.iter().any(|principal| match caller {
        Caller::Federated(_) => principal.value.contains("oidc"),
        Caller::Service(service) => distance(&principal.value, service).is_some_and(|d| d <= 6),
        Caller::Aws { account, .. } => principal.value.contains(account.as_str()),
    })
}

fn action_fails(
    decision: Decision,
    statement: &Statement,
    action: &str,
    query: &Query<'_>,
    subject: &Subject<'_>,
    document: &Document,
) -> Decision {
    let listed: Vec<&str> = statement.action.iter().flat_map(|e| &e.actions).map(|a| a.text.as_str()).collect();
    let meant = listed.iter().find(|listed| distance(listed, action).is_some_and(|d| d <= 3));
    let hint = meant.map(|listed| format!("Did you mean {action} where {listed} stands?"));
    let others = query.actions.iter().find(|other| allowed(document, query, other) == Truth::True);
    let reason = match (action, others) {
        ("sts:TagSession", Some(other)) => format!(
            "{} allows {other} to {} but not sts:TagSession, which EKS needs for its session tags.",
            subject.policy(),
            caller_name(&query.caller)
        ),
        _ => format!(
            "{} of {} covers {}, not {action}.",
            capitalised(&statement.label()),
            subject.role,
            quoted_list(&listed)
        ),
    };
    let code = match subject.mechanism() {
        Some(Mechanism::PodIdentity) => Some("PI-TRUST-INVALID"),
        Some(Mechanism::PodIdentityTarget) => Some("PI-TARGET-CHAIN"),
        Some(Mechanism::Irsa) => Some("TRUST-LOST"),
        _ => None,
    };
    let mut decision = decision.at(statement.index, statement.action_span()).compared(listed.join(", "), action);
    decision.reason = reason;
    decision.code = code;
    decision.hint(hint.or_else(|| tag_session_hint(action)))
}

fn tag_session_hint(action: &str) -> Option<String> {
    (action == "sts:TagSession").then(|| {
        format!(
            "Add sts:TagSession beside sts:AssumeRole in the statement for {PODS_SERVICE}, or disable session tags."
        )
    })
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// `a`, `a and b`, `a and 3 more`.
fn quoted_list(values: &[&str]) -> String {
    joined(values, "and")
}

/// `a`, `a or b`, `a or 3 more`.
fn alternatives(values: &[&str]) -> String {
    joined(values, "or")
}

fn joined(values: &[&str], word: &str) -> String {
    match values {
        [] => "nothing".to_owned(),
        [""] => "empty".to_owned(),
        [one] => shortened(one).to_owned(),
        [one, two] => format!("{} {word} {}", shortened(one), shortened(two)),
        [first, rest @ ..] => format!("{} {word} {} more", shortened(first), rest.len()),
    }
}

#[cfg(test)]
mod tests;
