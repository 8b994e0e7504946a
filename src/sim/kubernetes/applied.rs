//! What a server-side apply owns: the set of applied fields in the form of `fieldsV1`,
//! and the removal of fields a manager applied before and no longer does.

use serde_json::{Map, Value, json};

use super::{meta, strategic};

/// The fields of an applied object, without what identifies it.
pub fn fields(applied: &Value) -> Value {
    let mut own = applied.clone();
    let map = meta::map(&mut own, &[]);
    for key in ["apiVersion", "kind", "status"] {
        map.remove(key);
    }
    if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
        metadata.retain(|key, _| matches!(key.as_str(), "labels" | "annotations" | "finalizers" | "ownerReferences"));
    }
    set_of(&own)
}

fn set_of(value: &Value) -> Value {
    let Value::Object(map) = value else {
        return json!({});
    };
    let entries = map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
        let set = match value {
            Value::Array(items) => set_of_list(key, items),
            other => set_of(other),
        };
        (format!("f:{key}"), set)
    });
    Value::Object(entries.collect())
}

/// Lists that merge by key are owned element by element, others as a whole.
fn set_of_list(field: &str, items: &[Value]) -> Value {
    let Some(key) = strategic::merge_key(field, items) else {
        return json!({});
    };
    let entries = items.iter().map(|item| {
        let mut set = set_of(item);
        meta::set(&mut set, &[], ".", json!({}));
        (format!("k:{}", json!({ key: item[key] })), set)
    });
    Value::Object(entries.collect())
}

/// Removes what the manager's earlier apply set and this one does not.
pub fn remove_abandoned(object: &mut Value, manager: &str, now: &Value) {
    let earlier = meta::items(&object["metadata"]["managedFields"])
        .find(|entry| entry["manager"] == manager && entry["operation"] == "Apply")
        .map(|entry| entry["fieldsV1"].clone());
    if let Some(Value::Object(earlier)) = earlier {
        remove(object, &earlier, now);
    }
}

fn remove(target: &mut Value, earlier: &Map<String, Value>, now: &Value) {
    for (path, set) in earlier {
        let Some(name) = path.strip_prefix("f:") else {
            continue;
        };
        let Value::Object(map) = target else { return };
        let is_abandoned = now.get(path).is_none();
        let (Some(value), Value::Object(set)) = (map.get_mut(name), set) else {
            continue;
        };
        match value {
            Value::Array(items) if !set.is_empty() => remove_elements(items, set, &now[path]),
            Value::Object(_) if !set.is_empty() => remove(value, set, &now[path]),
            _ if is_abandoned => *value = Value::Null,
            _ => {}
        }
        if is_abandoned && is_empty(value) {
            map.remove(name);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn remove_elements(items: &mut Vec<Value>, earlier: &Map<String, Value>, now: &Value) {
    for (path, set) in earlier {
        let key = path.strip_prefix("k:").and_then(|key| serde_json::from_str::<Map<String, Value>>(key).ok());
        let Some(key) = key else { continue };
        let is_meant = |item: &Value| key.iter().all(|(name, value)| item[name] == *value);
        if now.get(path).is_none() {
            items.retain(|item| !is_meant(item));
        } else if let (Some(item), Value::Object(set)) = (items.iter_mut().find(|item| is_meant(item)), set) {
            remove(item, set, &now[path]);
        }
    }
}
