//! What all workload controllers share: which pods an owner has, pods from a template,
//! and the actions a controller asks for. Controllers look and say what to do; doing
//! it is the business of `controller`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::meta;
use super::state::{State, core};
use super::store::{Key, Object, letters};

/// Something a controller wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Create an object of a resource.
    Create(Key, Value),
    /// Set `spec.replicas`: resource, namespace, name, count.
    Scale(Key, String, String, i64),
    /// Set an annotation: resource, namespace, name, key, value.
    Annotate(Key, String, String, &'static str, String),
    /// Set the status: resource, namespace, name, status.
    Status(Key, String, String, Value),
    /// Delete: resource, namespace, name.
    Delete(Key, String, String),
}

impl Action {
    /// Sets an object's status, if it differs.
    pub fn status(key: Key, object: &Value, status: Value) -> Option<Self> {
        let status = without_zeros(status);
        (object["status"] != status)
            .then(|| Self::Status(key, meta::namespace(object).to_owned(), meta::name(object).to_owned(), status))
    }

    /// Deletes a pod.
    pub fn delete_pod(pod: &Value) -> Self {
        Self::Delete(core("pods"), meta::namespace(pod).to_owned(), meta::name(pod).to_owned())
    }
}

/// Counters of a status are left out while they are 0, as the API server does.
fn without_zeros(mut status: Value) -> Value {
    let always = [
        "replicas",
        "currentNumberScheduled",
        "desiredNumberScheduled",
        "numberMisscheduled",
        "numberReady",
        "availableReplicas",
        "currentHealthy",
        "desiredHealthy",
        "disruptionsAllowed",
        "expectedPods",
    ];
    if let Value::Object(map) = &mut status {
        map.retain(|key, value| !value.is_null() && (*value != 0 || always.contains(&key.as_str())));
    }
    status
}

/// Objects of a resource this owner controls.
pub fn owned(state: &State, key: &Key, owner: &Value) -> Vec<Arc<Object>> {
    let uid = meta::uid(owner);
    let all = state.store.list(key, meta::namespace(owner));
    all.filter(|object| meta::controller(object.value()).is_some_and(|o| o["uid"] == uid)).cloned().collect()
}

/// Pods this owner controls that have not ended and are not about to.
pub fn active_pods(state: &State, owner: &Value) -> Vec<Arc<Object>> {
    let mut pods = owned(state, &core("pods"), owner);
    pods.retain(|pod| is_active(pod.value()));
    pods
}

/// Neither ended nor ending.
pub fn is_active(pod: &Value) -> bool {
    !meta::is_terminating(pod) && !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Value) -> bool {
    meta::is_condition(pod, "Ready")
}

/// How many pods are ready.
pub fn ready_count(pods: &[Arc<Object>]) -> i64 {
    count(pods.iter().filter(|pod| is_ready(pod.value())))
}

/// A count as the API writes it.
pub fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

/// A pod from an owner's template, unnamed.
pub fn pod_of(owner: &Value) -> Value {
    let template = &owner["spec"]["template"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": meta::namespace(owner),
            "ownerReferences": [meta::owner_reference(owner)],
        },
        "spec": template["spec"],
    });
    for field in ["labels", "annotations"] {
        if template["metadata"][field].is_object() {
            pod["metadata"][field] = template["metadata"][field].clone();
        }
    }
    pod
}

/// A number, or a percentage of `total`.
pub fn number_or_percent(value: &Value, total: i64, round_up: bool, default: i64) -> i64 {
    match value {
        Value::Number(number) => number.as_i64().unwrap_or(default),
        Value::String(text) => percent(text, total, round_up).unwrap_or(default),
        _ => default,
    }
}

/// A percentage of a total.
pub fn percent(text: &str, total: i64, round_up: bool) -> Option<i64> {
    let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
    let product = percent.checked_mul(total)?;
    Some(if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) })
}

/// A short hash of a template, as names and labels carry it (FNV-1a, in safe letters).
pub fn hash(template: &Value) -> String {
    let number = fnv(template.to_string().as_bytes());
    letters(number ^ (number >> 32), 9)
}

/// FNV-1a, 64 bits.
pub fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The revision of a StatefulSet's or DaemonSet's template: that of its pods as long as
/// the template has not changed through the API, so that loaded pods count as current.
pub fn revision(state: &State, owner: &Value, pods: &[Arc<Object>]) -> String {
    let of_pods = pods.first().and_then(|pod| meta::label(pod.value(), REVISION));
    match of_pods {
        Some(revision) if !state.rolled.contains(meta::uid(owner)) => revision.to_owned(),
        _ => hash(&owner["spec"]["template"]),
    }
}

/// The label that carries a pod's revision.
pub const REVISION: &str = "controller-revision-hash";

/// Whether a pod is of a revision; while the template has not changed through the API, every pod is.
pub fn is_current(state: &State, owner: &Value, pod: &Value, revision: &str) -> bool {
    !state.rolled.contains(meta::uid(owner)) || meta::label(pod, REVISION) == Some(revision)
}
