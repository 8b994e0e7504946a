//! Label and field selectors: their text in queries, the LabelSelector object in
//! specs, and which objects they match.

use serde_json::Value;

use super::kind::Kind;
use super::meta;
use super::status::Failure;

/// All requirements must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Requirement {
    fn new(key: &str, operator: Operator, values: Vec<String>) -> Self {
        Self { key: key.to_owned(), operator, values }
    }

    /// `value` is the label's, absent if there is none.
    fn matches(&self, value: Option<&str>) -> bool {
        let listed = value.is_some_and(|v| self.values.iter().any(|one| one == v));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl Labels {
    /// Reads the text of `labelSelector`.
    ///
    /// # Errors
    /// 400 with what could not be read.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let terms = split_terms(text).into_iter().filter(|t| !t.is_empty());
        terms.map(parse_term).collect::<Result<_, _>>().map(Self)
    }

    /// Reads a LabelSelector object; an absent one matches everything, as an empty one.
    pub fn of_object(selector: &Value) -> Self {
        let equal = selector["matchLabels"].as_object().into_iter().flatten();
        let equal = equal.map(|(key, value)| Requirement::new(key, Operator::In, vec![text(value)]));
        let expressions = meta::items(&selector["matchExpressions"]).filter_map(expression);
        Self(equal.chain(expressions).collect())
    }

    /// Whether an object's labels fulfil all requirements.
    pub fn matches(&self, object: &Value) -> bool {
        self.matches_labels(&object["metadata"]["labels"])
    }

    /// Whether a map of labels does.
    pub fn matches_labels(&self, labels: &Value) -> bool {
        self.0.iter().all(|r| r.matches(labels[r.key.as_str()].as_str()))
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn expression(value: &Value) -> Option<Requirement> {
    let operator = match value["operator"].as_str()? {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        _ => return None,
    };
    let values = meta::items(&value["values"]).map(text).collect();
    Some(Requirement::new(value["key"].as_str()?, operator, values))
}

/// Splits at commas outside parentheses.
fn split_terms(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let split = move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(split).map(str::trim).collect()
}

fn parse_term(term: &str) -> Result<Requirement, Failure> {
    let wrong = || Failure::bad_request(format!("unable to parse requirement: `{term}` in the label selector"));
    if let Some(key) = term.strip_prefix('!') {
        return check_key(key.trim(), term).map(|key| Requirement::new(key, Operator::DoesNotExist, Vec::new()));
    }
    for (sign, operator) in [("!=", Operator::NotIn), ("==", Operator::In), ("=", Operator::In)] {
        if let Some((key, value)) = term.split_once(sign) {
            let key = check_key(key.trim(), term)?;
            return Ok(Requirement::new(key, operator, vec![value.trim().to_owned()]));
        }
    }
    let Some((key, rest)) = term.split_once(char::is_whitespace) else {
        return check_key(term, term).map(|key| Requirement::new(key, Operator::Exists, Vec::new()));
    };
    let (word, list) = rest.trim().split_once('(').ok_or_else(wrong)?;
    let operator = match word.trim() {
        "in" => Operator::In,
        "notin" => Operator::NotIn,
        _ => return Err(wrong()),
    };
    let list = list.strip_suffix(')').ok_or_else(wrong)?;
    let values = list.split(',').map(|v| v.trim().to_owned()).collect();
    Ok(Requirement::new(check_key(key, term)?, operator, values))
}

fn check_key<'a>(key: &'a str, term: &str) -> Result<&'a str, Failure> {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    let (prefix, name) = key.split_once('/').unwrap_or(("example.com", key));
    let is_name = name.starts_with(is_edge) && name.ends_with(is_edge) && name.len() <= 63;
    let is_prefix = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let is_plain = name.chars().all(|c| is_edge(c) || "-_.".contains(c)) && prefix.chars().all(is_prefix);
    if !is_name || prefix.is_empty() || !is_plain {
        return Err(Failure::bad_request(format!("unable to parse requirement: invalid label key in `{term}`")));
    }
    Ok(key)
}

/// Field requirements: path, wanted equal or not, value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(String, bool, String)>);

impl Fields {
    /// Reads the text of `fieldSelector`.
    ///
    /// # Errors
    /// 400 for a field this kind cannot be selected by.
    pub fn parse(text: &str, kind: &Kind) -> Result<Self, Failure> {
        let terms = text.split(',').filter(|t| !t.is_empty());
        terms.map(|term| parse_field(term, kind)).collect::<Result<_, _>>().map(Self)
    }

    /// Selects one name.
    pub fn of_name(name: &str) -> Self {
        Self(vec![("metadata.name".to_owned(), true, name.to_owned())])
    }

    /// Adds another selector's requirements.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether an object fulfils all requirements.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(path, equal, value)| (at_path(object, path) == *value) == *equal)
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn parse_field(term: &str, kind: &Kind) -> Result<(String, bool, String), Failure> {
    let (path, equal, value) = if let Some((path, value)) = term.split_once("!=") {
        (path, false, value)
    } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        (path, true, value)
    } else {
        return Err(Failure::bad_request(format!("invalid selector: '{term}'; can't understand '{term}'")));
    };
    if !is_selectable(kind, path) {
        return Err(Failure::bad_request(format!("field label not supported: {path}")));
    }
    Ok((path.to_owned(), equal, value.to_owned()))
}

/// The fields each kind can be selected by, from the API reference.
fn is_selectable(kind: &Kind, path: &str) -> bool {
    let own: &[&str] = match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "secrets") => &["type"],
        ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    };
    path == "metadata.name" || path == "metadata.namespace" || own.contains(&path)
}

fn at_path(object: &Value, path: &str) -> String {
    let path = if path == "source" { "source.component" } else { path };
    let value = path.split('.').fold(object, |at, key| &at[key]);
    match value {
        Value::String(text) => text.clone(),
        Value::Null if matches!(path, "spec.hostNetwork" | "spec.unschedulable") => "false".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
