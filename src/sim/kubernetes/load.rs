//! Putting objects of a world into the store as they are.

use serde_json::Value;

use super::api::Api;
use super::state::{State, core};
use super::{defaults, meta};

/// Loads one manifest, or each of a `List`.
///
/// # Errors
/// What is wrong with it, naming the object.
pub fn load(api: &Api, manifest: Value) -> Result<(), String> {
    let is_list = manifest["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match manifest {
        Value::Object(mut list) if is_list => match list.remove("items") {
            Some(Value::Array(items)) => items.into_iter().try_for_each(|item| load(api, item)),
            _ => Err("a List has to have `items`".to_owned()),
        },
        Value::Object(_) => {
            let now = api.now();
            api.commit(|state| one(state, manifest, now))
        }
        other => Err(format!("a manifest has to be a map, this is: {other}")),
    }
}

fn one(state: &mut State, mut value: Value, now: jiff::Timestamp) -> Result<(), String> {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let (version, kind_name, name) = (text("apiVersion"), text("kind"), meta::name(&value).to_owned());
    let kind = state.kinds.by_object(&version, &kind_name).ok_or_else(|| {
        format!("{kind_name} {name}: kind {kind_name} of {version} is not served; load its CustomResourceDefinition before it")
    })?;
    if name.is_empty() {
        return Err(format!("a {kind_name} has no metadata.name"));
    }
    if kind.namespaced {
        meta::default(&mut value, &["metadata"], "namespace", "default");
        let namespace = meta::namespace(&value).to_owned();
        state.ensure_namespace(&namespace, now);
    } else {
        meta::map(&mut value, &["metadata"]).remove("namespace");
    }
    if kind.group.is_empty() && kind.plural == "namespaces" {
        state.load_namespace(value, now);
        return Ok(());
    }
    // Pods are loaded as they are: there may be a great many.
    if kind.key() != core("pods") {
        defaults::fill(&kind, &mut value);
    }
    state.stamp(&kind, &mut value, now);
    if kind.key() == core("pods") {
        state.store.put_packed(&kind.key(), value);
    } else {
        state.put_quietly(&kind, value);
    }
    Ok(())
}
