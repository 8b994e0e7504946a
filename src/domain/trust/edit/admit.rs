//! Admitting and removing one service account in the IRSA statements of a document.

use super::super::condition::Condition;
use super::super::decision::Verdict;
use super::super::document::{Document, Effect, Statement};
use super::super::evaluate::verdict;
use super::super::json::Span;
use super::super::principal::PrincipalKind;
use super::super::request::{Mechanism, Request};
use super::text::{Json, Patch, append_item, append_statement, quoted, remove_item};
use super::{Edit, EditError, admits, reparsed, saveable};

/// Lets the request's service account assume the role by IRSA: adds it to the subject
/// list of a statement for this cluster's provider (a key that was repeated to hold two
/// subjects becomes one list), else adds a statement.
///
/// # Errors
/// If the document cannot be saved anyway, or something else keeps denying.
pub fn admit(document: &Document, request: &Request) -> Result<Edit, EditError> {
    let request = &irsa(request);
    saveable(document)?;
    let who = request.short_subject();
    if verdict(document, request) == Verdict::Allow {
        return Ok(Edit::nothing(document, format!("{} already admits {who}.", request.role.name())));
    }
    let mut uncertain = None;
    for index in candidates(document, request) {
        let Some(edited) = admit_in_statement(document, index, request)? else {
            continue;
        };
        let summary = format!("Admits {who} in {}.", document.statements()[index].label());
        match verdict(&edited, request) {
            Verdict::Allow => return Ok(Edit::new(document.text(), &edited, summary)),
            Verdict::Depends(_) if uncertain.is_none() => {
                uncertain = Some(Edit::new(document.text(), &edited, summary));
            }
            _ => {}
        }
    }
    match uncertain {
        Some(edit) => Ok(edit),
        None => admit_in_new_statement(document, request),
    }
}

fn irsa(request: &Request) -> Request {
    Request { mechanism: Mechanism::Irsa, ..request.clone() }
}

/// Allow statements for this cluster's provider and web identities.
fn candidates(document: &Document, request: &Request) -> Vec<usize> {
    let provider = request.provider_arn();
    let fits = |statement: &&Statement| {
        statement.effect == Some(Effect::Allow)
            && statement.covers("sts:AssumeRoleWithWebIdentity")
            && statement.principals.iter().any(|p| p.kind == PrincipalKind::Federated && p.value == provider)
    };
    document.statements().iter().filter(fits).map(|statement| statement.index).collect()
}

fn sub_key(request: &Request) -> String {
    format!("{}:sub", request.cluster.issuer_host_path())
}

/// Conditions that list the subjects of this cluster.
fn subject_lists<'d>(statement: &'d Statement, request: &Request) -> Vec<&'d Condition> {
    let key = sub_key(request).to_lowercase();
    let lists = |c: &&Condition| c.folded_key == key && c.required_texts().is_some();
    statement.conditions.iter().filter(lists).collect()
}

/// `None` if the statement has no list of subjects to add to.
fn admit_in_statement(document: &Document, index: usize, request: &Request) -> Result<Option<Document>, EditError> {
    let repaired = repaired_statement(document, index)?;
    let document = repaired.as_ref().unwrap_or(document);
    let statement = &document.statements()[index];
    let subject = request.subject();
    let mut patch = Patch::default();
    for list in subject_lists(statement, request) {
        if !list.values.iter().any(|value| value.text == subject) {
            let items: Vec<Span> = list.values.iter().map(|value| value.span).collect();
            append_item(&mut patch, document, list.values_span, list.is_list, &items, &quoted(&subject));
        }
    }
    if patch.is_empty() {
        return Ok(repaired);
    }
    reparsed(&patch.apply(document)).map(Some)
}

fn admit_in_new_statement(document: &Document, request: &Request) -> Result<Edit, EditError> {
    let issuer = request.cluster.issuer_host_path();
    let conditions = vec![
        (format!("{issuer}:aud"), Json::text(request.token_audience())),
        (format!("{issuer}:sub"), Json::Text(request.subject())),
    ];
    let statement = Json::Object(vec![
        ("Effect", Json::text("Allow")),
        ("Principal", Json::Object(vec![("Federated", Json::Text(request.provider_arn()))])),
        ("Action", Json::text("sts:AssumeRoleWithWebIdentity")),
        ("Condition", Json::Object(vec![("StringEquals", Json::Named(conditions))])),
    ]);
    let edited = reparsed(&append_statement(document, &statement))?;
    admits(&edited, request)?;
    let (who, cluster) = (request.short_subject(), &request.cluster.name);
    Ok(Edit::new(document.text(), &edited, format!("Adds a statement that admits {who} of cluster {cluster}.")))
}

/// Makes one list of every condition key that stands twice under one operator, which is
/// what its author meant. Everything else stays.
///
/// # Errors
/// If the document has other mistakes that IAM refuses.
pub fn repair(document: &Document) -> Result<Edit, EditError> {
    saveable(document)?;
    let mut current = document.clone();
    for index in 0..document.statements().len() {
        if let Some(repaired) = repaired_statement(&current, index)? {
            current = repaired;
        }
    }
    let summary = if current.text() == document.text() {
        "No condition key is repeated.".to_owned()
    } else {
        "Makes one list of each repeated condition key.".to_owned()
    };
    Ok(Edit::new(document.text(), &current, summary))
}

/// `None` if no condition key is repeated in the statement.
fn repaired_statement(document: &Document, index: usize) -> Result<Option<Document>, EditError> {
    let conditions = &document.statements()[index].conditions;
    let mut patch = Patch::default();
    for (at, first) in conditions.iter().enumerate() {
        let same =
            |other: &Condition| other.operator_span == first.operator_span && other.folded_key == first.folded_key;
        if conditions[..at].iter().any(&same) {
            // A repetition is never the first member, so the comma before it goes too.
            patch.delete(conditions[at - 1].values_span.end, first.values_span.end);
            continue;
        }
        if !conditions[at + 1..].iter().any(&same) {
            continue;
        }
        let mut texts: Vec<&str> = Vec::new();
        for value in conditions[at..].iter().filter(|c| same(c)).flat_map(|c| &c.values) {
            if !texts.contains(&value.text.as_str()) {
                texts.push(&value.text);
            }
        }
        let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        patch.replace(first.values_span, Json::texts(&texts).render(&super::text::Style::of(document), None));
    }
    if patch.is_empty() { Ok(None) } else { reparsed(&patch.apply(document)).map(Some) }
}

/// Takes the service account out of the IRSA statements; a statement that was for it
/// alone goes with it.
///
/// # Errors
/// If a pattern or an open statement admits it, or it is the only statement's only subject.
pub fn remove(document: &Document, request: &Request) -> Result<Edit, EditError> {
    let request = &irsa(request);
    saveable(document)?;
    let who = request.short_subject();
    let mut current = document.clone();
    // Each round takes out one occurrence, so there are at most as many as values.
    while let Some(index) = listing(&current, request) {
        current = remove_from_statement(&current, index, request)?;
    }
    if let Verdict::Allow | Verdict::Depends(_) = verdict(&current, request) {
        let decision = super::super::evaluate::evaluate(&current, request);
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

/// The first statement that lists the subject.
fn listing(document: &Document, request: &Request) -> Option<usize> {
    let subject = request.subject();
    candidates(document, request).into_iter().find(|index| {
        let lists = subject_lists(&document.statements()[*index], request);
        lists.iter().flat_map(|list| &list.values).any(|value| value.text == subject)
    })
}

fn remove_from_statement(document: &Document, index: usize, request: &Request) -> Result<Document, EditError> {
    let subject = request.subject();
    let mut patch = Patch::default();
    for list in subject_lists(&document.statements()[index], request) {
        let Some(at) = list.values.iter().position(|value| value.text == subject) else {
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
