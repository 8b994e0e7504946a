//! `managedFields`: which manager owns which fields of an object. Who writes a field owns it, alone if it has
//! a new value; who applies one that another owns, with another value, has to force it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Changes, Fields};
use super::meta;
use super::status::Failure;
use super::write::Options;

/// The manager of writes that make up the world; it leaves no entry.
pub const WORLD: &str = "";

/// Who writes which part of an object, and when.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// Manager, and what it applies.
    pub options: &'a Options,
    /// Written subresource, empty for the object itself.
    pub subresource: &'a str,
    /// When.
    pub now: Timestamp,
}

impl Writer<'_> {
    fn operation(&self) -> &'static str {
        if self.options.applied.is_some() { "Apply" } else { "Update" }
    }

    fn is_own(&self, entry: &Value) -> bool {
        let subresource = entry["subresource"].as_str().unwrap_or_default();
        let is_manager = entry["manager"] == self.options.manager.as_str() && subresource == self.subresource;
        is_manager && entry["operation"] == self.operation()
    }

    fn entry(&self, version: &Value, fields: &Fields) -> Value {
        let mut entry = json!({
            "manager": self.options.manager, "operation": self.operation(), "apiVersion": version,
            "time": meta::time(self.now), "fieldsType": "FieldsV1", "fieldsV1": fields.written(),
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = json!(self.subresource);
        }
        entry
    }

    /// Notes what the write does to the object, which carries the entries of before.
    pub fn note(&self, object: &mut Value, changes: &Changes) {
        if self.options.manager == WORLD {
            return;
        }
        let version = object["apiVersion"].clone();
        let entries = meta::list(object, &["metadata"], "managedFields");
        let earlier = entries.iter().find(|entry| self.is_own(entry)).cloned();
        entries.retain_mut(|entry| !self.is_own(entry) && is_left(entry, changes));
        let mut fields = Fields::read(&earlier.as_ref().unwrap_or(&Value::Null)["fieldsV1"]);
        match &self.options.applied {
            Some(applied) => fields = applied.clone(),
            None => {
                fields.add(&changes.set);
                fields.take(&changes.removed);
            }
        }
        if self.options.applied.is_some() || !fields.is_empty() {
            let is_same = |entry: &Value| Fields::read(&entry["fieldsV1"]) == fields;
            entries.push(earlier.filter(is_same).unwrap_or_else(|| self.entry(&version, &fields)));
        }
        entries.sort_by_key(rank);
        if entries.is_empty() {
            meta::map(object, &["metadata"]).remove("managedFields");
        }
    }

    /// Whether an apply owns other fields than before: worth storing even if nothing changes.
    pub fn is_news(&self, object: &Value) -> bool {
        self.options.applied.as_ref().is_some_and(|fields| {
            !entries(object).any(|entry| self.is_own(entry) && Fields::read(&entry["fieldsV1"]) == *fields)
        })
    }

    /// Refuses an apply that is not forced and changes fields of others.
    ///
    /// # Errors
    /// 409 that names managers and fields.
    pub fn check(&self, old: &Value, changes: &Changes) -> Result<(), Failure> {
        if self.options.applied.is_none() || self.options.force {
            return Ok(());
        }
        let others = entries(old).filter(|entry| !self.is_own(entry));
        let conflicts: Vec<(String, Vec<String>)> = others
            .map(|entry| (named(entry), changes.set.shared(&Fields::read(&entry["fieldsV1"]))))
            .filter(|(_, fields)| !fields.is_empty())
            .collect();
        if conflicts.is_empty() { Ok(()) } else { Err(conflict(&conflicts)) }
    }

    /// Removes from what an apply leads to what its manager applied before, no longer does, and nobody else owns.
    pub fn prune(&self, object: &mut Value) {
        let Some(applied) = &self.options.applied else { return };
        let mut kept = applied.clone();
        let mut abandoned = Fields::default();
        for entry in entries(object) {
            let fields = Fields::read(&entry["fieldsV1"]);
            if self.is_own(entry) { abandoned.add(&fields) } else { kept.add(&fields) }
        }
        abandoned.take(&kept);
        abandoned.remove_from(object, &kept);
    }
}

fn entries(object: &Value) -> impl Iterator<Item = &Value> {
    meta::items(&object["metadata"]["managedFields"])
}

/// Takes what changed from another manager's entry; whether anything is left of it.
fn is_left(entry: &mut Value, changes: &Changes) -> bool {
    let before = Fields::read(&entry["fieldsV1"]);
    let mut fields = before.clone();
    fields.take(&changes.set);
    fields.take(&changes.removed);
    if fields != before {
        entry["fieldsV1"] = fields.written();
    }
    before.is_empty() || !fields.is_empty()
}

/// The order of entries: applies first, then by time and manager.
fn rank(entry: &Value) -> [String; 4] {
    ["operation", "time", "manager", "subresource"].map(|key| entry[key].as_str().unwrap_or_default().to_owned())
}

/// A manager as conflicts name it.
fn named(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    let mut name = format!("\"{}\"", text("manager"));
    if !text("subresource").is_empty() {
        name = format!("{name} with subresource \"{}\"", text("subresource"));
    }
    match text("operation") {
        "Update" => format!("{name} using {}", text("apiVersion")),
        _ => name,
    }
}

fn conflict(conflicts: &[(String, Vec<String>)]) -> Failure {
    let count: usize = conflicts.iter().map(|(_, fields)| fields.len()).sum();
    let message = match conflicts {
        [(manager, fields)] if count == 1 => format!("1 conflict: conflict with {manager}: {}", fields[0]),
        _ => {
            let one = |(manager, fields): &(String, Vec<String>)| {
                let fields: String = fields.iter().map(|field| format!("\n- {field}")).collect();
                format!("conflicts with {manager}:{fields}")
            };
            format!("{count} conflicts: {}", conflicts.iter().map(one).collect::<Vec<_>>().join("\n"))
        }
    };
    let causes = conflicts.iter().flat_map(|(manager, fields)| {
        let why = format!("conflict with {manager}");
        fields.iter().map(move |field| json!({"reason": "FieldManagerConflict", "message": why, "field": field}))
    });
    let mut failure = Failure::new(409, "Conflict", format!("Apply failed with {message}"));
    failure.details = json!({"causes": causes.collect::<Vec<_>>()});
    failure
}
