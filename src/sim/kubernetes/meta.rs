//! Reading and writing the metadata of schemaless objects.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A string under `metadata`, empty if absent.
pub fn field<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"][name].as_str().unwrap_or_default()
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    field(object, "name")
}

/// `metadata.namespace`, empty for cluster-scoped objects.
pub fn namespace(object: &Value) -> &str {
    field(object, "namespace")
}

/// `metadata.uid`.
pub fn uid(object: &Value) -> &str {
    field(object, "uid")
}

/// A label's value.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"][key].as_str()
}

/// An annotation's value.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

/// Whether deletion has begun.
pub fn is_terminating(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// A timestamp as Kubernetes writes it, whole seconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The map under a path of keys, created (over anything that is not a map) if need be.
pub fn map<'a>(object: &'a mut Value, path: &[&str]) -> &'a mut Map<String, Value> {
    let mut at = object;
    for key in path {
        at = ensure_map(at).entry(*key).or_insert(Value::Null);
    }
    ensure_map(at)
}

fn ensure_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made a map above"),
    }
}

/// The array under a path of keys, created if need be.
pub fn list<'a>(object: &'a mut Value, path: &[&str], key: &str) -> &'a mut Vec<Value> {
    let slot = map(object, path).entry(key).or_insert(Value::Null);
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    match slot {
        Value::Array(items) => items,
        _ => unreachable!("made an array above"),
    }
}

/// Sets a value under a path of keys.
pub fn set(object: &mut Value, path: &[&str], key: &str, value: impl Into<Value>) {
    map(object, path).insert(key.to_owned(), value.into());
}

/// Sets a value unless there is one already.
pub fn default(object: &mut Value, path: &[&str], key: &str, value: impl Into<Value>) {
    let slot = map(object, path).entry(key).or_insert(Value::Null);
    if slot.is_null() {
        *slot = value.into();
    }
}

/// The elements of an array, none if it is something else.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The controlling owner reference.
pub fn controller(object: &Value) -> Option<&Value> {
    items(&object["metadata"]["ownerReferences"]).find(|owner| owner["controller"] == true)
}

/// A controlling owner reference to this object.
pub fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A condition of an object's status by type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&object["status"]["conditions"]).find(|c| c["type"] == kind)
}

/// Whether a condition is `True`.
pub fn is_condition(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| c["status"] == "True")
}

/// Integer at a place, with a default.
pub fn int(value: &Value, or: i64) -> i64 {
    value.as_i64().unwrap_or(or)
}
