//! A world file as documents: YAML read, lists expanded, the `aws:` document set
//! apart, and times moved so that ages are what the file's author saw.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::WorldError;

const TIMES: &[&str] = &[
    "creationTimestamp",
    "deletionTimestamp",
    "startTime",
    "completionTime",
    "startedAt",
    "finishedAt",
    "lastTransitionTime",
    "lastProbeTime",
    "lastUpdateTime",
    "lastHeartbeatTime",
    "lastScheduleTime",
    "renewTime",
    "acquireTime",
    "firstTimestamp",
    "lastTimestamp",
    "eventTime",
    "time",
    "createdAt",
    "modifiedAt",
    "launchedAt",
    "lastUsed",
    "sim.rolecall/pods-created",
    "kubectl.kubernetes.io/restartedAt",
];

/// A world file, read.
pub struct Documents {
    /// The value of `aws:`.
    pub aws: Value,
    /// The Kubernetes manifests, each with the place it came from.
    pub manifests: Vec<(String, Value)>,
}

/// Reads a world file.
pub fn read(text: &str, now: Timestamp) -> Result<Documents, WorldError> {
    let options = serde_saphyr::options! { budget: None, strict_booleans: true };
    let all: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| WorldError::new("YAML", error.to_string()))?;
    let mut documents = Documents { aws: Value::Null, manifests: Vec::new() };
    for (index, document) in all.into_iter().enumerate() {
        sort_in(&mut documents, index + 1, document)?;
    }
    if documents.aws.is_null() {
        let what =
            "there is no document with the key `aws:`; add one with at least `account`, `region` and `cluster.name`";
        return Err(WorldError::new("file", what));
    }
    shift(&mut documents, now)?;
    Ok(documents)
}

fn sort_in(documents: &mut Documents, number: usize, mut document: Value) -> Result<(), WorldError> {
    if let Some(aws) = document.get_mut("aws") {
        if !documents.aws.is_null() {
            return Err(WorldError::new(
                format!("document {number}"),
                "a second `aws:` document; merge it into the first",
            ));
        }
        documents.aws = aws.take();
        if document.as_object().is_some_and(|members| members.len() > 1) {
            return Err(WorldError::new(format!("document {number}"), "`aws:` must be the only key of its document"));
        }
        return Ok(());
    }
    let place = format!("document {number} ({})", title(&document));
    if document.get("apiVersion").and_then(Value::as_str).is_none()
        || document.get("kind").and_then(Value::as_str).is_none()
    {
        return Err(WorldError::new(
            place,
            "is neither a Kubernetes manifest (`apiVersion` and `kind`) nor the `aws:` document",
        ));
    }
    let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match document.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => {
            for (index, item) in items.into_iter().enumerate() {
                documents.manifests.push((format!("{place}, items[{index}] ({})", title(&item)), item));
            }
        }
        _ => documents.manifests.push((place, document)),
    }
    Ok(())
}

fn title(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let metadata = &document["metadata"];
    match metadata["namespace"].as_str() {
        Some(namespace) => format!("{} {namespace}/{}", text(&document["kind"]), text(&metadata["name"])),
        None => format!("{} {}", text(&document["kind"]), text(&metadata["name"])),
    }
}

/// Moves every time by the distance between the file's `now` and the real one.
fn shift(documents: &mut Documents, now: Timestamp) -> Result<(), WorldError> {
    let Some(then) = documents.aws.get("now").filter(|then| !then.is_null()) else {
        return Ok(());
    };
    let then: Timestamp = then
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| WorldError::new("aws.now", "is not an RFC 3339 time, e.g. 2026-11-23T09:00:00Z"))?;
    let by = now.duration_since(then);
    move_times(&mut documents.aws, by);
    for (_, manifest) in &mut documents.manifests {
        move_times(manifest, by);
    }
    Ok(())
}

fn move_times(value: &mut Value, by: SignedDuration) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| move_times(item, by)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if TIMES.contains(&name.as_str()) => move_time(text, by),
                    other => move_times(other, by),
                }
            }
        }
        _ => {}
    }
}

fn move_time(text: &mut String, by: SignedDuration) {
    let moved = text.parse::<Timestamp>().ok().and_then(|at| at.checked_add(by).ok());
    if let Some(moved) = moved {
        *text = moved.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
}
