//! The four kinds of patches: JSON patch (RFC 6902), merge patch (RFC 7396),
//! strategic merge patch, and server-side apply as a merge of the applied fields.

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::kind::Kind;
use super::status::Failure;
use super::{meta, strategic, write};

/// A patch, read.
#[derive(Clone, Debug)]
pub enum Patch {
    /// `application/json-patch+json`.
    Json(Vec<Value>),
    /// `application/merge-patch+json`.
    Merge(Value),
    /// `application/strategic-merge-patch+json`.
    Strategic(Value),
    /// `application/apply-patch+yaml`.
    Apply(Value),
}

impl Patch {
    /// Reads a patch by its content type.
    ///
    /// # Errors
    /// 400 if it cannot be read, 415 for other types and for strategic patches of custom resources.
    pub fn parse(headers: &HeaderMap, body: &Bytes, kind: &Kind) -> Result<Self, Failure> {
        let content = headers.get(header::CONTENT_TYPE).and_then(|c| c.to_str().ok()).unwrap_or_default();
        let json = || serde_json::from_slice(body).map_err(|e| unreadable(&e.to_string()));
        match content.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => {
                Ok(Self::Json(serde_json::from_slice(body).map_err(|e| unreadable(&e.to_string()))?))
            }
            "application/merge-patch+json" => match json()? {
                patch @ Value::Object(_) => Ok(Self::Merge(patch)),
                _ => Err(unreadable("json: a merge patch must be an object")),
            },
            "application/strategic-merge-patch+json" if kind.built_in => Ok(Self::Strategic(json()?)),
            "application/apply-patch+yaml" => write::yaml(body).map(Self::Apply).map_err(|e| unreadable(&e)),
            _ => Err(Failure::new(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            )),
        }
    }

    /// The applied object of a server-side apply.
    pub fn applied(&self) -> Option<&Value> {
        match self {
            Self::Apply(object) => Some(object),
            Self::Json(_) | Self::Merge(_) | Self::Strategic(_) => None,
        }
    }

    /// An applied object has to say what it is.
    ///
    /// # Errors
    /// 400 if it does not, or if it says who owns what.
    pub fn check_type(&self) -> Result<(), Failure> {
        match self.applied() {
            Some(object) if object["apiVersion"].is_null() || object["kind"].is_null() => {
                Err(Failure::bad_request("invalid object type: /, Kind="))
            }
            Some(object) if !object["metadata"]["managedFields"].is_null() => {
                Err(Failure::bad_request("metadata.managedFields must be nil"))
            }
            _ => Ok(()),
        }
    }

    /// The applied object itself, to be created.
    pub fn into_object(self) -> Value {
        match self {
            Self::Json(operations) => Value::Array(operations),
            Self::Merge(value) | Self::Strategic(value) | Self::Apply(value) => value,
        }
    }

    /// The object after the patch.
    ///
    /// # Errors
    /// 400 or 422 if the patch does not fit.
    pub fn apply(&self, old: &Value, kind: &Kind) -> Result<Value, Failure> {
        let mut new = old.clone();
        match self {
            Self::Json(operations) => {
                for operation in operations {
                    json_operation(&mut new, operation)?;
                }
            }
            Self::Merge(patch) => merge(&mut new, patch),
            Self::Apply(patch) if !kind.built_in => merge(&mut new, patch),
            Self::Strategic(patch) | Self::Apply(patch) => strategic::merge(&mut new, patch)?,
        }
        if meta::uid(&new) != meta::uid(old) {
            let why = format!("Invalid value: \"{}\": field is immutable", meta::uid(&new));
            return Err(Failure::invalid(kind, meta::name(old), "metadata.uid", &why));
        }
        Ok(new)
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::bad_request(format!("error decoding patch: {why}"))
}

/// RFC 7396.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(422, "Invalid", format!("the server rejected our request due to an error in our request: {why}"))
}

fn json_operation(target: &mut Value, operation: &Value) -> Result<(), Failure> {
    let text = |key: &str| operation[key].as_str().ok_or_else(|| refused(&format!("the operation has no `{key}`")));
    let value = || operation.get("value").cloned().ok_or_else(|| refused("the operation has no `value`"));
    let path = text("path")?;
    match text("op")? {
        "add" => add(target, path, value()?),
        "remove" => remove(target, path).map(drop),
        "replace" => {
            let slot = target.pointer_mut(path).ok_or_else(|| missing(path))?;
            *slot = value()?;
            Ok(())
        }
        "move" => {
            let from = text("from")?;
            if path.starts_with(&format!("{from}/")) {
                return Err(refused("a value cannot be moved into itself"));
            }
            let moved = remove(target, from)?;
            add(target, path, moved)
        }
        "copy" => {
            let from = text("from")?;
            let copied = target.pointer(from).cloned().ok_or_else(|| missing(from))?;
            add(target, path, copied)
        }
        "test" if target.pointer(path) == Some(&value()?) => Ok(()),
        "test" => Err(refused(&format!("testing value {path} failed"))),
        other => Err(refused(&format!("unknown operation `{other}`"))),
    }
}

fn missing(path: &str) -> Failure {
    refused(&format!("there is nothing at {path}"))
}

/// The parent's path and the unescaped last step.
fn split(path: &str) -> Result<(&str, String), Failure> {
    let (parent, last) = path.rsplit_once('/').ok_or_else(|| missing(path))?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), Failure> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.insert(last, value);
            Ok(())
        }
        Some(Value::Array(items)) => {
            let index = if last == "-" { Some(items.len()) } else { index(&last) };
            let index = index.filter(|i| *i <= items.len()).ok_or_else(|| missing(path))?;
            items.insert(index, value);
            Ok(())
        }
        _ => Err(missing(path)),
    }
}

fn remove(target: &mut Value, path: &str) -> Result<Value, Failure> {
    let (parent, last) = split(path)?;
    let removed = match target.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&last),
        Some(Value::Array(items)) => index(&last).filter(|i| *i < items.len()).map(|i| items.remove(i)),
        _ => None,
    };
    removed.ok_or_else(|| missing(path))
}

/// RFC 6901: digits without leading zeros.
fn index(text: &str) -> Option<usize> {
    let is_plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && !text.starts_with('+'))
}
