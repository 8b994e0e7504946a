//! Tags of EKS resources by ARN: cluster, add-ons and associations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::aws::call::Asked;
use crate::sim::aws::error::Failure;
use crate::sim::aws::lagging::Lagging;
use crate::sim::aws::model::State;

use super::{invalid, not_found};

type Tags = BTreeMap<String, String>;

const MOST: usize = 50;

/// Lists the tags of a resource.
pub fn list(state: &State, arn: &str) -> Result<Value, Failure> {
    let tags = read(state, arn).ok_or_else(|| missing(arn))?;
    Ok(json!({ "tags": tags }))
}

/// Adds tags to a resource.
pub fn add(state: &mut State, arn: &str, body: &Value, now: Timestamp) -> Result<Value, Failure> {
    let new = parse(body.get("tags").unwrap_or(&Value::Null))?;
    let mut tags = read(state, arn).ok_or_else(|| missing(arn))?;
    tags.extend(new);
    if tags.len() > MOST {
        return Err(invalid(format!("A resource can have at most {MOST} tags.")));
    }
    write(state, arn, tags, now);
    Ok(json!({}))
}

/// Removes tags from a resource.
pub fn remove(state: &mut State, arn: &str, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    let mut tags = read(state, arn).ok_or_else(|| missing(arn))?;
    for key in asked.parameters.repeated("tagKeys") {
        tags.remove(key);
    }
    write(state, arn, tags, now);
    Ok(json!({}))
}

/// Reads a JSON map of tags.
pub fn parse(tags: &Value) -> Result<Tags, Failure> {
    let entries = tags.as_object().ok_or_else(|| invalid("tags must be a map of strings"))?;
    if entries.len() > MOST {
        return Err(invalid(format!("A resource can have at most {MOST} tags.")));
    }
    let text = |(key, value): (&String, &Value)| {
        let value = value.as_str().ok_or_else(|| invalid(format!("The value of tag '{key}' is not a string")))?;
        Ok((key.clone(), value.to_owned()))
    };
    entries.iter().map(text).collect()
}

fn missing(arn: &str) -> Failure {
    not_found(format!("The specified resource could not be found: {arn}"))
}

fn id_of(state: &State, arn: &str, kind: &str) -> Option<String> {
    let prefix = state.regional_arn("eks", &format!("{kind}/{}/", state.cluster.name));
    let rest = arn.strip_prefix(&prefix)?;
    rest.split('/').next().map(str::to_owned)
}

fn read(state: &State, arn: &str) -> Option<Tags> {
    if arn == state.cluster_arn() {
        return Some(state.cluster.tags.clone());
    }
    if let Some(id) = id_of(state, arn, "podidentityassociation") {
        return Some(state.associations.get(&id)?.latest()?.tags.clone());
    }
    Some(state.addons.get(&id_of(state, arn, "addon")?)?.tags.clone())
}

fn write(state: &mut State, arn: &str, tags: Tags, now: Timestamp) {
    if arn == state.cluster_arn() {
        state.cluster.tags = tags;
    } else if let Some(id) = id_of(state, arn, "podidentityassociation") {
        let stored: Option<&mut Lagging<_>> = state.associations.get_mut(&id);
        if let Some(stored) = stored {
            stored.change(now, |association| association.tags = tags);
        }
    } else if let Some(addon) = id_of(state, arn, "addon").and_then(|id| state.addons.get_mut(&id)) {
        addon.tags = tags;
    }
}
