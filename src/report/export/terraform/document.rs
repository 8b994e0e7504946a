//! A trust policy as the data source `aws_iam_policy_document`, or nothing where that could not say it all.

use serde_json::{Map, Value};

use super::hcl::{Body, list, quoted};

/// Version that the data source writes if none is given.
const VERSION: &str = "2012-10-17";

/// The body of the data source.
pub(super) fn data_source(json: &str) -> Option<Body> {
    let Value::Object(document) = serde_json::from_str(json).ok()? else { return None };
    let known = ["Version", "Id", "Statement"];
    if document.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let mut body = Body::default();
    match document.get("Version").map_or(Some("2008-10-17"), Value::as_str)? {
        VERSION => {}
        older => body.set("version", quoted(older)),
    }
    if let Some(id) = document.get("Id") {
        body.set("policy_id", quoted(id.as_str()?));
    }
    let statements = document.get("Statement")?;
    let statements = statements.as_array().map_or(std::slice::from_ref(statements), Vec::as_slice);
    for statement in statements {
        body.block("statement".to_owned(), self::statement(statement.as_object()?)?);
    }
    Some(body)
}

fn statement(statement: &Map<String, Value>) -> Option<Body> {
    let known = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"];
    if statement.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let mut body = Body::default();
    if let Some(sid) = statement.get("Sid") {
        body.set("sid", quoted(sid.as_str()?));
    }
    body.set("effect", quoted(statement.get("Effect")?.as_str()?));
    for (key, name) in [("Action", "actions"), ("NotAction", "not_actions")] {
        if let Some(actions) = statement.get(key) {
            body.set(name, list(texts(actions)?.iter().map(String::as_str)));
        }
    }
    for (key, name) in [("Principal", "principals"), ("NotPrincipal", "not_principals")] {
        if let Some(found) = statement.get(key) {
            principals(&mut body, name, found)?;
        }
    }
    if let Some(found) = statement.get("Condition") {
        conditions(&mut body, found.as_object()?)?;
    }
    Some(body)
}

fn principals(body: &mut Body, name: &str, found: &Value) -> Option<()> {
    let all = Value::from("*");
    let kinds: Vec<(&str, &Value)> = match found {
        Value::Object(kinds) => kinds.iter().map(|(kind, values)| (kind.as_str(), values)).collect(),
        anyone if *anyone == all => vec![("*", &all)],
        _ => return None,
    };
    for (kind, values) in kinds {
        let mut block = Body::default();
        block.set("type", quoted(kind));
        block.set("identifiers", list(texts(values)?.iter().map(String::as_str)));
        body.block(name.to_owned(), block);
    }
    Some(())
}

fn conditions(body: &mut Body, operators: &Map<String, Value>) -> Option<()> {
    for (operator, keys) in operators {
        for (key, values) in keys.as_object()? {
            let mut block = Body::default();
            block.set("test", quoted(operator));
            block.set("variable", quoted(key));
            block.set("values", list(texts(values)?.iter().map(String::as_str)));
            body.block("condition".to_owned(), block);
        }
    }
    Some(())
}

/// One text or a list of them; IAM takes numbers and truth values for their text.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(scalar).collect(),
        one => scalar(one).map(|text| vec![text]),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
