//! The evaluation: any matching Deny denies, else any matching Allow allows, else it is
//! denied; for all calls of a mechanism together.

use std::borrow::Cow;

use super::context::Context;
use super::decision::{Decision, Verdict};
use super::document::{Document, Effect, Statement};
use super::explain;
use super::request::{Caller, RawRequest, Request};
use super::truth::Truth;

/// One question: who calls what, with which keys.
pub(super) struct Query<'a> {
    pub(super) caller: Cow<'a, Caller>,
    pub(super) actions: Cow<'a, [&'a str]>,
    pub(super) context: Context<'a>,
}

impl<'a> Query<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        Self::by(Cow::Owned(request.caller()), request)
    }

    /// Who calls does not depend on the service account, so many questions can share it.
    pub(super) fn by(caller: Cow<'a, Caller>, request: &'a Request) -> Self {
        Self { caller, actions: Cow::Borrowed(request.calls()), context: Context::Request(request) }
    }

    pub(super) fn raw(request: &'a RawRequest) -> Self {
        Self {
            caller: Cow::Borrowed(&request.caller),
            actions: Cow::Owned(vec![request.action.as_str()]),
            context: Context::Given(request),
        }
    }
}

/// Decides whether the role can be assumed, and explains it.
pub fn evaluate(document: &Document, request: &Request) -> Decision {
    let query = Query::new(request);
    explain::explain(document, &query, decide(document, &query))
}

/// The verdict without the explanation: what `who` asks thousands of times.
pub fn verdict(document: &Document, request: &Request) -> Verdict {
    decide(document, &Query::new(request))
}

/// Decides a call that is given directly.
pub fn evaluate_raw(document: &Document, request: &RawRequest) -> Decision {
    let query = Query::raw(request);
    explain::explain(document, &query, decide(document, &query))
}

/// How one statement stands to a request: its sentence, and the element that decides. `Allow`
/// where nothing in it stands in the way, also for a Deny that does not match. `None` if there is
/// no such statement.
pub fn evaluate_statement(document: &Document, index: usize, request: &Request) -> Option<Decision> {
    let statement = document.statements().get(index)?;
    Some(explain::statement(document, statement, &Query::new(request)))
}

/// What one statement says, whoever asks, in one sentence.
pub fn describe_statement(statement: &Statement) -> String {
    explain::described(statement)
}

pub(super) fn decide(document: &Document, query: &Query<'_>) -> Verdict {
    if !document.refusals().is_empty() {
        return Verdict::Invalid;
    }
    match Truth::all(query.actions.iter().map(|action| allowed(document, query, action))) {
        Truth::True => Verdict::Allow,
        Truth::Unknown(keys) => Verdict::Depends(keys),
        Truth::False => {
            let explicit = query.actions.iter().any(|action| denied(document, query, action) == Truth::True);
            Verdict::Deny { explicit: explicit && document.undefined().is_none() }
        }
    }
}

/// Whether the policy allows one call.
pub(super) fn allowed(document: &Document, query: &Query<'_>, action: &str) -> Truth {
    if document.undefined().is_some() {
        return Truth::undocumented("duplicate-key");
    }
    let denied = denied(document, query, action);
    if denied == Truth::True {
        return Truth::False;
    }
    any_matching(document, query, action, Effect::Allow).and(denied.not())
}

fn denied(document: &Document, query: &Query<'_>, action: &str) -> Truth {
    any_matching(document, query, action, Effect::Deny)
}

fn any_matching(document: &Document, query: &Query<'_>, action: &str, effect: Effect) -> Truth {
    let statements = document.statements().iter().filter(|statement| statement.effect == Some(effect));
    Truth::any(statements.map(|statement| matches(statement, query, action)))
}

/// Principal, action and every condition must match. There is no resource.
pub(super) fn matches(statement: &Statement, query: &Query<'_>, action: &str) -> Truth {
    if !statement.covers(action) {
        return Truth::False;
    }
    match principal_matches(statement, query) {
        Truth::False => Truth::False,
        principal if statement.undefined().is_some() => principal.and(Truth::undocumented("duplicate-key")),
        principal => {
            principal.and(Truth::all(statement.conditions.iter().map(|condition| condition.holds(&query.context))))
        }
    }
}

/// Several principals are alternatives.
pub(super) fn principal_matches(statement: &Statement, query: &Query<'_>) -> Truth {
    Truth::any(statement.principals.iter().map(|principal| match statement.effect {
        Some(Effect::Allow) => principal.admits(&query.caller),
        _ => principal.covers(&query.caller),
    }))
}
