//! Statements that list service accounts: the subjects of tokens (IRSA), or the names of one namespace that EKS
//! sends as session tags (Pod Identity). Adding a name to a list and taking one out are the smallest edits.

use super::super::condition::Condition;
use super::super::decision::Verdict;
use super::super::document::{Document, Effect, Statement};
use super::super::evaluate::{evaluate, verdict};
use super::super::json::Span;
use super::super::operator::Comparison;
use super::super::principal::PrincipalKind;
use super::super::request::{Mechanism, PODS_SERVICE, Request};
use super::text::{Patch, append_item, quoted, remove_item};
use super::{Edit, EditError, reparsed, saveable};

/// The session tags and the global key by which a statement for EKS Pod Identity is narrowed, in lower case.
const NAMESPACE: &str = "aws:requesttag/kubernetes-namespace";
const NAME: &str = "aws:requesttag/kubernetes-service-account";
const SOURCE: &str = "aws:sourcearn";

/// Allow statements of the request's mechanism that are for its cluster.
pub(super) fn candidates(document: &Document, request: &Request) -> Vec<usize> {
    let fits = |statement: &&Statement| match request.mechanism {
        Mechanism::Irsa => is_for_tokens(statement, request),
        _ => is_for_namespace(statement, request),
    };
    document.statements().iter().filter(fits).map(|statement| statement.index).collect()
}

fn is_for_tokens(statement: &Statement, request: &Request) -> bool {
    let provider = request.provider_arn();
    statement.effect == Some(Effect::Allow)
        && statement.covers("sts:AssumeRoleWithWebIdentity")
        && statement.principals.iter().any(|p| p.kind == PrincipalKind::Federated && p.value == provider)
}

/// For EKS alone, for this cluster, and for one namespace: with two of them every name of the list would stand
/// for a service account of either.
fn is_for_namespace(statement: &Statement, request: &Request) -> bool {
    let is_exactly = |key: &str, value: &str| {
        let mut conditions = statement.conditions.iter().filter(|condition| condition.folded_key == key);
        conditions.any(|condition| is_one_text(condition, value))
    };
    let alone = matches!(statement.principals.as_slice(), [only] if only.value == PODS_SERVICE);
    alone
        && is_for_pods(statement)
        && statement.duplicates.is_empty()
        && is_exactly(NAMESPACE, &request.namespace)
        && is_exactly(SOURCE, &request.cluster.arn)
}

/// An Allow statement that names EKS Pod Identity's service.
pub(super) fn is_for_pods(statement: &Statement) -> bool {
    statement.effect == Some(Effect::Allow)
        && statement.principals.iter().any(|p| p.kind == PrincipalKind::Service && p.value == PODS_SERVICE)
}

fn is_one_text(condition: &Condition, text: &str) -> bool {
    let operator = &condition.operator;
    let plain = !operator.negated && !operator.if_exists && operator.documented_case && operator.quantifier.is_none();
    let compares = matches!(operator.comparison, Comparison::Text | Comparison::TextLike | Comparison::Arn);
    plain && compares && matches!(condition.values.as_slice(), [only] if only.text == text)
}

/// The conditions of a statement that list service accounts.
fn lists<'d>(statement: &'d Statement, request: &Request) -> Vec<&'d Condition> {
    let key = match request.mechanism {
        Mechanism::Irsa => format!("{}:sub", request.cluster.issuer_host_path()).to_lowercase(),
        _ => NAME.to_owned(),
    };
    let is_list = |c: &&Condition| c.folded_key == key && c.required_texts().is_some();
    statement.conditions.iter().filter(is_list).collect()
}

/// As what a list has the service account.
fn name(request: &Request) -> String {
    match request.mechanism {
        Mechanism::Irsa => request.subject(),
        _ => request.service_account.clone(),
    }
}

/// The document with the service account in the lists of one statement; `None` if there is none to add to.
pub(super) fn with_name(document: &Document, index: usize, request: &Request) -> Result<Option<Document>, EditError> {
    let name = name(request);
    let mut patch = Patch::default();
    for list in lists(&document.statements()[index], request) {
        if !list.values.iter().any(|value| value.text == name) {
            let items: Vec<Span> = list.values.iter().map(|value| value.span).collect();
            append_item(&mut patch, document, list.values_span, list.is_list, &items, &quoted(&name));
        }
    }
    if patch.is_empty() { Ok(None) } else { reparsed(&patch.apply(document)).map(Some) }
}

/// Whether a statement for the request's cluster lists its service account.
pub fn is_listed(document: &Document, request: &Request) -> bool {
    listing(document, request).is_some()
}

/// Takes the service account out of the statements of the request's mechanism that list it for its cluster; a
/// statement that was for it alone goes with it.
///
/// # Errors
/// If a pattern or an open statement admits it, or it is the only statement's only name.
pub fn remove(document: &Document, request: &Request) -> Result<Edit, EditError> {
    saveable(document)?;
    let who = request.short_subject();
    let mut current = document.clone();
    // Each round takes out one occurrence, so there are at most as many as values.
    while let Some(index) = listing(&current, request) {
        current = remove_from_statement(&current, index, request)?;
    }
    if let Verdict::Allow | Verdict::Depends(_) = verdict(&current, request) {
        let decision = evaluate(&current, request);
        let open = decision.statement.map_or("another statement".to_owned(), |i| current.statements()[i].label());
        return Err(EditError::TooOpen(open));
    }
    let summary = if current.text() == document.text() {
        format!("{} does not admit {who}.", request.role.name())
    } else {
        format!("No longer admits {who}.")
    };
    Ok(Edit::new(document.text(), &current, summary))
}

/// The first statement that lists the service account.
fn listing(document: &Document, request: &Request) -> Option<usize> {
    let name = name(request);
    candidates(document, request).into_iter().find(|index| {
        let lists = lists(&document.statements()[*index], request);
        lists.iter().flat_map(|list| &list.values).any(|value| value.text == name)
    })
}

fn remove_from_statement(document: &Document, index: usize, request: &Request) -> Result<Document, EditError> {
    let name = name(request);
    let mut patch = Patch::default();
    for list in lists(&document.statements()[index], request) {
        let Some(at) = list.values.iter().position(|value| value.text == name) else {
            continue;
        };
        if list.values.len() == 1 {
            return remove_statement(document, index);
        }
        let items: Vec<Span> = list.values.iter().map(|value| value.span).collect();
        remove_item(&mut patch, &items, at);
    }
    reparsed(&patch.apply(document))
}

fn remove_statement(document: &Document, index: usize) -> Result<Document, EditError> {
    if document.statements().len() == 1 {
        return Err(EditError::LastStatement);
    }
    let spans: Vec<Span> = document.statements().iter().map(|statement| statement.span).collect();
    let mut patch = Patch::default();
    remove_item(&mut patch, &spans, index);
    reparsed(&patch.apply(document))
}
