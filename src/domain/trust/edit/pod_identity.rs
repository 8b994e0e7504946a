//! The statement for EKS Pod Identity, and narrowing a statement that is too open.

use super::super::decision::Verdict;
use super::super::document::{Document, Effect, Statement};
use super::super::evaluate::verdict;
use super::super::json::Span;
use super::super::request::{Mechanism, PODS_SERVICE, Request};
use super::list;
use super::text::{Json, Patch, Style, append_item, append_statement, quoted};
use super::{Edit, EditError, admits, reparsed, saveable};

/// Conditions that narrow a statement; all are ANDed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// `aws:SourceAccount`: the cluster's account.
    pub source_account: Option<String>,
    /// `aws:SourceArn`: the cluster's ARN.
    pub source_arn: Option<String>,
    /// `aws:RequestTag/<name>`; only with session tags.
    pub request_tags: Vec<(String, Vec<String>)>,
    /// IRSA: the key (`<issuer>:sub`) and its subjects.
    pub subjects: Option<(String, Vec<String>)>,
}

impl Narrowing {
    /// As operator, key and values, in a stable order.
    fn conditions(&self) -> Vec<(&'static str, String, Vec<String>)> {
        let mut conditions = Vec::new();
        let mut equals = |key: String, values: Vec<String>| conditions.push(("StringEquals", key, values));
        if let Some(account) = &self.source_account {
            equals("aws:SourceAccount".to_owned(), vec![account.clone()]);
        }
        for (tag, values) in &self.request_tags {
            equals(format!("aws:RequestTag/{tag}"), values.clone());
        }
        if let Some((key, subjects)) = &self.subjects {
            equals(key.clone(), subjects.clone());
        }
        if let Some(arn) = &self.source_arn {
            conditions.push(("ArnEquals", "aws:SourceArn".to_owned(), vec![arn.clone()]));
        }
        conditions
    }

    fn json(&self) -> Option<Json> {
        let mut operators: Vec<(String, Vec<(String, Json)>)> = Vec::new();
        for (operator, key, values) in self.conditions() {
            let member = (key, Json::texts(&values));
            match operators.last_mut() {
                Some((name, members)) if name == operator => members.push(member),
                _ => operators.push((operator.to_owned(), vec![member])),
            }
        }
        let operators: Vec<_> = operators.into_iter().map(|(name, keys)| (name, Json::Named(keys))).collect();
        (!operators.is_empty()).then_some(Json::Named(operators))
    }
}

/// Lets EKS assume the role for the request's service account: completes a statement
/// that only lacks `sts:TagSession`, else adds the name to a statement that lists the
/// service accounts of its namespace in this cluster, else adds a statement. Without a
/// document, a new one.
///
/// # Errors
/// If the document cannot be saved anyway, or something else keeps denying.
pub fn add_pod_identity_statement(
    document: Option<&Document>,
    narrowing: &Narrowing,
    request: &Request,
) -> Result<Edit, EditError> {
    let request = &Request { mechanism: Mechanism::PodIdentity, ..request.clone() };
    let Some(document) = document else {
        return new_document(narrowing, request);
    };
    saveable(document)?;
    if verdict(document, request) == Verdict::Allow {
        let summary = format!("{} already trusts EKS Pod Identity.", request.role.name());
        return Ok(Edit::nothing(document, summary));
    }
    for statement in document.statements().iter().filter(|s| list::is_for_pods(s)) {
        let completed = with_tag_session(document, statement)?;
        if let Some(completed) = completed.filter(|edited| verdict(edited, request) == Verdict::Allow) {
            let summary = format!("Adds sts:TagSession to {}.", statement.label());
            return Ok(Edit::new(document.text(), &completed, summary));
        }
    }
    if let Some(edit) = listed(document, narrowing, request)? {
        return Ok(edit);
    }
    let edited = reparsed(&append_statement(document, &statement(narrowing)))?;
    admits(&edited, request)?;
    Ok(Edit::new(document.text(), &edited, "Adds the statement for EKS Pod Identity.".to_owned()))
}

/// One more name in a statement that is narrowed at least as far as was asked. Who asks for
/// any association of the account is not served by a list of names of one cluster.
fn listed(document: &Document, narrowing: &Narrowing, request: &Request) -> Result<Option<Edit>, EditError> {
    let candidates = if narrowing.source_arn.is_some() { list::candidates(document, request) } else { Vec::new() };
    for index in candidates {
        let edited = list::with_name(document, index, request)?;
        if let Some(edited) = edited.filter(|edited| verdict(edited, request) == Verdict::Allow) {
            let label = document.statements()[index].label();
            let summary = format!("Admits {} in {label}.", request.short_subject());
            return Ok(Some(Edit::new(document.text(), &edited, summary)));
        }
    }
    Ok(None)
}

/// `None` where `NotAction` is used or the action is already there.
fn with_tag_session(document: &Document, statement: &Statement) -> Result<Option<Document>, EditError> {
    let Some(element) = statement.action.as_ref().filter(|element| !element.negated) else {
        return Ok(None);
    };
    if element.covers("sts:TagSession") || statement.duplicates.iter().any(|d| d.name == "Action") {
        return Ok(None);
    }
    let items: Vec<Span> = element.actions.iter().map(|action| action.span).collect();
    let is_list = document.slice(element.value).starts_with('[');
    let mut patch = Patch::default();
    append_item(&mut patch, document, element.value, is_list, &items, &quoted("sts:TagSession"));
    reparsed(&patch.apply(document)).map(Some)
}

fn statement(narrowing: &Narrowing) -> Json {
    let actions = ["sts:AssumeRole", "sts:TagSession"].map(Json::text);
    let mut members = vec![
        ("Effect", Json::text("Allow")),
        ("Principal", Json::Object(vec![("Service", Json::text(PODS_SERVICE))])),
        ("Action", Json::List(actions.into())),
    ];
    if let Some(condition) = narrowing.json() {
        members.push(("Condition", condition));
    }
    Json::Object(members)
}

/// A statement that lets EKS Pod Identity in, as text spread over lines, to be pasted into a document.
pub fn pod_identity_statement(narrowing: &Narrowing) -> String {
    statement(narrowing).render(&Style::pretty(), Some(String::new()))
}

fn new_document(narrowing: &Narrowing, request: &Request) -> Result<Edit, EditError> {
    let style = Style::pretty();
    let statement = statement(narrowing).render(&style, Some("    ".to_owned()));
    let text = format!("{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {statement}\n  ]\n}}\n");
    let edited = reparsed(&text)?;
    admits(&edited, request)?;
    Ok(Edit::new("", &edited, "A trust policy for EKS Pod Identity.".to_owned()))
}

/// Adds conditions to one Allow statement that is too open. Conditions that are there
/// already with the same values are left alone.
///
/// # Errors
/// If there is no such Allow statement or a key is already compared with other values.
pub fn narrow(document: &Document, index: usize, narrowing: &Narrowing) -> Result<Edit, EditError> {
    saveable(document)?;
    let allow = |statement: &&Statement| statement.effect == Some(Effect::Allow);
    let label = document.statements().get(index).filter(allow).map(Statement::label);
    let label = label.ok_or_else(|| EditError::Conflict("there is no such Allow statement".to_owned()))?;
    let mut current = document.clone();
    for (operator, key, values) in narrowing.conditions() {
        current = with_condition(&current, index, operator, &key, &values)?;
    }
    if current.text() == document.text() {
        return Ok(Edit::nothing(document, format!("{label} is already narrowed like this.")));
    }
    Ok(Edit::new(document.text(), &current, format!("Narrows {label}.")))
}

fn with_condition(
    document: &Document,
    index: usize,
    operator: &'static str,
    key: &str,
    values: &[String],
) -> Result<Document, EditError> {
    let statement = &document.statements()[index];
    let same = |c: &&super::super::condition::Condition| c.operator.name == operator;
    let known = statement.conditions.iter().filter(same).find(|c| c.key.eq_ignore_ascii_case(key));
    if let Some(known) = known {
        let equal = known.values.iter().map(|value| &value.text).eq(values);
        let conflict = || EditError::Conflict(format!("{key} is already compared with other values"));
        return equal.then(|| document.clone()).ok_or_else(conflict);
    }
    let style = Style::of(document);
    let member = Json::Named(vec![(key.to_owned(), Json::texts(values))]);
    let mut patch = Patch::default();
    if let Some(last) = statement.conditions.iter().rfind(same) {
        let text = format!(",{}{}", lead(document, last.key_span.start, &style), bare(&member, &style));
        patch.insert(last.values_span.end, text);
    } else if let Some(condition) = statement.condition_span {
        let operator = Json::Named(vec![(operator.to_owned(), member)]);
        insert_member(&mut patch, document, condition, &operator, &style);
    } else {
        let operator = Json::Named(vec![(operator.to_owned(), member)]);
        let element = Json::Object(vec![("Condition", operator)]);
        insert_member(&mut patch, document, statement.span, &element, &style);
    }
    reparsed(&patch.apply(document))
}

/// An object's members without its braces.
fn bare(object: &Json, style: &Style) -> String {
    let text = object.render(style, None);
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).map(str::to_owned).unwrap_or(text)
}

/// The white space in front of a member: new members get the same.
fn lead<'d>(document: &'d Document, member: usize, style: &Style) -> &'d str {
    let before = document.text().get(..member).unwrap_or_default();
    let lead = &before[before.trim_end().len()..];
    match lead {
        "" if style.is_spaced() => " ",
        lead => lead,
    }
}

/// Appends a member to an object that stands at `object`.
fn insert_member(patch: &mut Patch, document: &Document, object: Span, member: &Json, style: &Style) {
    let text = document.slice(object);
    let inner = text.get(1..).unwrap_or_default();
    let first = object.start + 1 + (inner.len() - inner.trim_start().len());
    let empty = inner.trim_start() == "}";
    let comma = if empty { String::new() } else { format!(",{}", lead(document, first, style)) };
    patch.insert(closing_content(document, object), format!("{comma}{}", bare(member, style)));
}

/// The offset after the last member of an object, before the white space and its brace.
fn closing_content(document: &Document, object: Span) -> usize {
    let text = document.slice(object);
    let content = text.strip_suffix('}').unwrap_or(text).trim_end();
    object.start + content.len()
}
