//! The ReplicaSet controller: as many pods as asked for.

use std::sync::Arc;

use serde_json::{Value, json};

use super::meta;
use super::state::{State, apps, core};
use super::store::Object;
use super::workload::{self, Action};

/// What a ReplicaSet needs done.
pub fn reconcile(state: &State, set: &Value) -> Vec<Action> {
    if meta::is_terminating(set) {
        return Vec::new();
    }
    let mut pods = workload::active_pods(state, set);
    let wanted = usize::try_from(meta::int(&set["spec"]["replicas"], 1)).unwrap_or(0);
    let mut actions = Vec::new();
    if pods.len() < wanted {
        let create = || Action::Create(core("pods"), generated(set));
        actions.extend(std::iter::repeat_with(create).take(wanted - pods.len()));
    } else {
        pods.sort_by_key(worth);
        let surplus = pods.len() - wanted;
        actions.extend(pods.iter().take(surplus).map(|pod| Action::delete_pod(pod.value())));
    }
    actions.extend(Action::status(apps("replicasets"), set, status(set, &pods)));
    actions
}

fn generated(set: &Value) -> Value {
    let mut pod = workload::pod_of(set);
    pod["metadata"]["generateName"] = json!(format!("{}-", meta::name(set)));
    pod
}

/// Pods that are not ready go first, then the youngest.
fn worth(pod: &Arc<Object>) -> (bool, std::cmp::Reverse<String>) {
    let created = meta::field(pod.value(), "creationTimestamp").to_owned();
    (workload::is_ready(pod.value()), std::cmp::Reverse(created))
}

fn status(set: &Value, pods: &[Arc<Object>]) -> Value {
    let ready = workload::ready_count(pods);
    let count = workload::count(pods.iter());
    json!({
        "replicas": count, "fullyLabeledReplicas": count, "readyReplicas": ready, "availableReplicas": ready,
        "observedGeneration": set["metadata"]["generation"],
    })
}
