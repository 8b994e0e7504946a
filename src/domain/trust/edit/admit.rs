//! Admitting one service account in the IRSA statements of a document.

use super::super::condition::Condition;
use super::super::decision::Verdict;
use super::super::document::Document;
use super::super::evaluate::verdict;
use super::super::request::{Mechanism, Request};
use super::list;
use super::text::{Json, Patch, Style, append_statement};
use super::{Edit, EditError, admits, reparsed, saveable};

/// Lets the request's service account assume the role by IRSA: adds it to the subject
/// list of a statement for this cluster's provider (a key that was repeated to hold two
/// subjects becomes one list), else adds a statement.
///
/// # Errors
/// If the document cannot be saved anyway, or something else keeps denying.
pub fn admit(document: &Document, request: &Request) -> Result<Edit, EditError> {
    let request = &Request { mechanism: Mechanism::Irsa, ..request.clone() };
    saveable(document)?;
    let who = request.short_subject();
    if verdict(document, request) == Verdict::Allow {
        return Ok(Edit::nothing(document, format!("{} already admits {who}.", request.role.name())));
    }
    let mut uncertain = None;
    for index in list::candidates(document, request) {
        let repaired = repaired_statement(document, index)?;
        let Some(edited) = list::with_name(repaired.as_ref().unwrap_or(document), index, request)?.or(repaired) else {
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

/// The statement that admits the request's service account by IRSA.
fn statement(request: &Request) -> Json {
    let issuer = request.cluster.issuer_host_path();
    let conditions = vec![
        (format!("{issuer}:aud"), Json::text(request.token_audience())),
        (format!("{issuer}:sub"), Json::Text(request.subject())),
    ];
    Json::Object(vec![
        ("Effect", Json::text("Allow")),
        ("Principal", Json::Object(vec![("Federated", Json::Text(request.provider_arn()))])),
        ("Action", Json::text("sts:AssumeRoleWithWebIdentity")),
        ("Condition", Json::Object(vec![("StringEquals", Json::Named(conditions))])),
    ])
}

/// The same as text, spread over lines, to be pasted into a document.
pub fn irsa_statement(request: &Request) -> String {
    statement(request).render(&Style::pretty(), Some(String::new()))
}

fn admit_in_new_statement(document: &Document, request: &Request) -> Result<Edit, EditError> {
    let edited = reparsed(&append_statement(document, &statement(request)))?;
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
        patch.replace(first.values_span, Json::texts(&texts).render(&Style::of(document), None));
    }
    if patch.is_empty() { Ok(None) } else { reparsed(&patch.apply(document)).map(Some) }
}
