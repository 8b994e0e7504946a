//! `managedFields`: who wrote an object last, under which name. One entry per manager
//! and operation; the fields are those of server-side applies, else not tracked.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::meta;
use super::write::Options;

/// The manager of writes that make up the world; it leaves no entry.
pub const WORLD: &str = "";

/// Notes a manager's write.
pub fn note(object: &mut Value, options: &Options, now: Timestamp) {
    if options.manager == WORLD {
        return;
    }
    let operation = if options.applied.is_some() { "Apply" } else { "Update" };
    let version = object["apiVersion"].clone();
    let fields = options.applied.clone().unwrap_or_else(|| json!({}));
    let entries = meta::list(object, &["metadata"], "managedFields");
    entries.retain(|e| !(e["manager"] == options.manager.as_str() && e["operation"] == operation));
    entries.push(json!({
        "manager": options.manager, "operation": operation, "apiVersion": version,
        "time": meta::time(now), "fieldsType": "FieldsV1", "fieldsV1": fields,
    }));
}

/// Whether an apply owns other fields than before: worth storing even if nothing changes.
pub fn is_news(object: &Value, options: &Options) -> bool {
    let is_same = |entry: &Value, fields: &Value| {
        entry["manager"] == options.manager.as_str() && entry["operation"] == "Apply" && entry["fieldsV1"] == *fields
    };
    options
        .applied
        .as_ref()
        .is_some_and(|fields| !meta::items(&object["metadata"]["managedFields"]).any(|entry| is_same(entry, fields)))
}
