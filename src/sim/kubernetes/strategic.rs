//! Strategic merge patches: lists of objects merge by key, lists of plain values by
//! union where the API types say so, all other lists are replaced; with the
//! directives `kubectl` sends.

use serde_json::{Map, Value};

use super::meta;
use super::status::Failure;

const ORDER: &str = "$setElementOrder/";
/// A list that merges by key in pods, not in service accounts.
const WHOLE_OF_ACCOUNTS: &str = "imagePullSecrets";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// The merge key of a list field, by the field's name and how its elements look.
pub fn merge_key(field: &str, items: &[Value]) -> Option<&'static str> {
    let has = |key: &str| items.iter().any(|item| !item[key].is_null());
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets"
        | "webhooks"
        | "matchConditions" => "name",
        "ports" if has("containerPort") => "containerPort",
        "ports" if has("port") => "port",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "conditions" | "addresses" => "type",
        "ownerReferences" => "uid",
        "topologySpreadConstraints" => "topologyKey",
        "hostAliases" | "podIPs" | "hostIPs" => "ip",
        "taints" => "key",
        _ => return None,
    })
}

/// Lists of plain values that merge as sets.
pub fn is_set(field: &str) -> bool {
    matches!(field, "finalizers" | "podCIDRs")
}

/// Applies a patch to an object.
///
/// # Errors
/// 400 for a patch that is no object or has an unknown directive.
pub fn merge(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let Value::Object(patch) = patch else {
        return Err(Failure::bad_request("a strategic merge patch must be an object"));
    };
    let secrets = patch.get(WHOLE_OF_ACCOUNTS).filter(|_| target["kind"] == "ServiceAccount");
    merge_map(target, patch)?;
    if let Some(Value::Array(whole)) = secrets {
        let mut whole = whole.clone();
        whole.iter_mut().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove("$patch")));
        meta::set(target, &[], WHOLE_OF_ACCOUNTS, whole);
    }
    Ok(())
}

fn merge_map(target: &mut Value, patch: &Map<String, Value>) -> Result<(), Failure> {
    match patch.get("$patch").and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            *target = Value::Object(plain(patch));
            return Ok(());
        }
        Some("delete") => {
            *target = Value::Null;
            return Ok(());
        }
        Some(other) => return Err(unknown(other)),
    }
    let map = meta::map(target, &[]);
    retain_keys(map, patch);
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        merge_field(map, key, value, patch.get(&format!("{ORDER}{key}")))?;
    }
    delete_from_lists(map, patch);
    reorder_untouched(map, patch);
    Ok(())
}

fn unknown(directive: &str) -> Failure {
    Failure::bad_request(format!("unknown $patch directive `{directive}`: it can be replace, merge or delete"))
}

/// The patch's own fields.
fn plain(patch: &Map<String, Value>) -> Map<String, Value> {
    let own = patch.iter().filter(|(key, _)| !key.starts_with('$'));
    own.map(|(key, value)| (key.clone(), stripped(value))).collect()
}

/// A value without directives and without the elements and fields to be deleted.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = plain(map).into_iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let kept = items.iter().filter(|item| item["$patch"].is_null());
            Value::Array(kept.map(stripped).collect())
        }
        other => other.clone(),
    }
}

fn retain_keys(map: &mut Map<String, Value>, patch: &Map<String, Value>) {
    if let Some(kept) = patch.get("$retainKeys") {
        map.retain(|key, _| meta::items(kept).any(|k| k == key.as_str()));
    }
}

fn merge_field(map: &mut Map<String, Value>, key: &str, value: &Value, order: Option<&Value>) -> Result<(), Failure> {
    match value {
        Value::Null => drop(map.remove(key)),
        Value::Object(patch) => {
            let slot = map.entry(key.to_owned()).or_insert(Value::Null);
            merge_map(slot, patch)?;
            if slot.is_null() {
                map.remove(key);
            }
        }
        Value::Array(patch) => {
            let slot = map.entry(key.to_owned()).or_insert(Value::Null);
            merge_list(slot, key, patch, order)?;
            // The API leaves emptied lists out; one that was sent empty stays.
            if slot.as_array().is_some_and(Vec::is_empty) && !patch.is_empty() {
                map.remove(key);
            }
        }
        plain => drop(map.insert(key.to_owned(), plain.clone())),
    }
    Ok(())
}

fn merge_list(slot: &mut Value, field: &str, patch: &[Value], order: Option<&Value>) -> Result<(), Failure> {
    let is_replacing = patch.iter().any(|item| item["$patch"] == "replace");
    let before = slot.as_array().cloned().unwrap_or_default();
    let key = merge_key(field, patch).or_else(|| merge_key(field, &before));
    // Without an order of its own a patch's elements come in the order they have in it.
    let order = order.and_then(Value::as_array).map_or(patch, Vec::as_slice);
    match key {
        _ if is_replacing => *slot = stripped(&Value::Array(patch.to_vec())),
        Some(key) => {
            let mut items = before.clone();
            for element in patch {
                merge_element(&mut items, key, element)?;
            }
            *slot = Value::Array(arranged(items, Some(key), order, &before));
        }
        None if is_set(field) => {
            let mut items = before.clone();
            items.extend(patch.iter().filter(|p| !items.contains(p)).cloned().collect::<Vec<_>>());
            *slot = Value::Array(arranged(items, None, order, &before));
        }
        None => *slot = stripped(&Value::Array(patch.to_vec())),
    }
    Ok(())
}

fn merge_element(items: &mut Vec<Value>, key: &str, element: &Value) -> Result<(), Failure> {
    let Value::Object(patch) = element else {
        return Err(Failure::bad_request(format!("an element of a list merged by `{key}` must be an object")));
    };
    let found = items.iter().position(|item| item[key] == element[key]);
    match (found, patch.get("$patch").and_then(Value::as_str)) {
        (_, Some("delete")) => items.retain(|item| item[key] != element[key]),
        (Some(index), _) => merge_map(&mut items[index], patch)?,
        (None, _) => items.push(stripped(element)),
    }
    Ok(())
}

/// The elements that `order` names in that order, among the others: those keep their places `before`, as far as a
/// named element was there, too, and come after new ones.
fn arranged(items: Vec<Value>, key: Option<&str>, order: &[Value], before: &[Value]) -> Vec<Value> {
    let is_same = |one: &Value, other: &Value| match key {
        Some(key) => one[key] == other[key],
        None => one == other,
    };
    let place = |list: &[Value], item: &Value| list.iter().position(|one| is_same(one, item));
    let (mut named, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    let mut named = named.into_iter().peekable();
    let mut all = Vec::new();
    for other in others {
        let stays = |next: &Value| matches!((place(before, &other), place(before, next)), (Some(a), Some(b)) if a < b);
        while let Some(next) = named.next_if(|next| !stays(next)) {
            all.push(next);
        }
        all.push(other);
    }
    all.extend(named);
    all
}

fn delete_from_lists(map: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, values) in patch {
        if let Some(field) = key.strip_prefix(DELETE_FROM)
            && let Some(Value::Array(items)) = map.get_mut(field)
        {
            items.retain(|item| !meta::items(values).any(|v| v == item));
        }
    }
}

/// An order can come without changes to the list.
fn reorder_untouched(map: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, order) in patch {
        let Some(field) = key.strip_prefix(ORDER).filter(|field| !patch.contains_key(*field)) else {
            continue;
        };
        if let (Some(Value::Array(items)), Value::Array(order)) = (map.get_mut(field), order) {
            let (key, before) = (merge_key(field, items), items.clone());
            *items = arranged(std::mem::take(items), key, order, &before);
        }
    }
}
