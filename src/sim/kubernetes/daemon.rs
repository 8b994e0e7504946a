//! The DaemonSet controller: one pod on every node that fits.

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::{State, apps, core};
use super::store::Object;
use super::workload::{self, Action};
use super::{meta, schedule};

/// What a DaemonSet needs done.
pub fn reconcile(state: &State, set: &Value) -> Vec<Action> {
    if meta::is_terminating(set) {
        return Vec::new();
    }
    let pods = workload::owned(state, &core("pods"), set);
    let nodes = nodes(state, set);
    let revision = workload::revision(state, set, &pods);
    let mut actions: Vec<Action> = nodes
        .iter()
        .filter(|node| !pods.iter().any(|pod| is_on(pod.value(), node)))
        .map(|node| Action::Create(core("pods"), pod(set, node, &revision)))
        .collect();
    let misplaced = |pod: &&Arc<Object>| !nodes.iter().any(|node| is_on(pod.value(), node));
    actions.extend(
        pods.iter().filter(misplaced).filter(|p| workload::is_active(p.value())).map(|p| Action::delete_pod(p.value())),
    );
    if actions.is_empty() {
        actions.extend(outdated(state, set, &pods, &revision));
    }
    let status = status(state, set, &pods, &nodes, &revision);
    actions.extend(Action::status(apps("daemonsets"), set, status));
    actions
}

/// Names of the nodes that get a pod.
pub fn nodes(state: &State, set: &Value) -> Vec<String> {
    let spec = &set["spec"]["template"]["spec"];
    let nodes = state.store.list(&core("nodes"), "");
    let fitting = nodes.filter(|node| schedule::fits_daemon(spec, node.value()));
    fitting.map(|node| meta::name(node.value()).to_owned()).collect()
}

fn is_on(pod: &Value, node: &str) -> bool {
    pod["spec"]["nodeName"] == node
}

/// Pods of an older revision, as many as may be missing.
fn outdated(state: &State, set: &Value, pods: &[Arc<Object>], revision: &str) -> Vec<Action> {
    let strategy = &set["spec"]["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return Vec::new();
    }
    let total = workload::count(pods.iter());
    let allowed = workload::number_or_percent(&strategy["rollingUpdate"]["maxUnavailable"], total, true, 1).max(1);
    let is_missing = |pod: &&Arc<Object>| !workload::is_ready(pod.value()) || meta::is_terminating(pod.value());
    let missing = workload::count(pods.iter().filter(is_missing));
    let room = usize::try_from(allowed - missing).unwrap_or(0);
    pods.iter()
        .filter(|pod| !meta::is_terminating(pod.value()))
        .filter(|pod| !workload::is_current(state, set, pod.value(), revision))
        .take(room)
        .map(|pod| Action::delete_pod(pod.value()))
        .collect()
}

/// The pod for a node.
pub fn pod(set: &Value, node: &str, revision: &str) -> Value {
    let mut pod = workload::pod_of(set);
    pod["metadata"]["generateName"] = json!(format!("{}-", meta::name(set)));
    meta::set(&mut pod, &["metadata", "labels"], workload::REVISION, revision);
    let generation = set["metadata"]["generation"].to_string();
    meta::set(&mut pod, &["metadata", "labels"], "pod-template-generation", generation);
    meta::set(&mut pod, &["spec"], "nodeName", node);
    pod
}

fn status(state: &State, set: &Value, pods: &[Arc<Object>], nodes: &[String], revision: &str) -> Value {
    let live: Vec<Arc<Object>> = pods.iter().filter(|p| workload::is_active(p.value())).cloned().collect();
    let is_current = |pod: &&Arc<Object>| workload::is_current(state, set, pod.value(), revision);
    let ready = workload::ready_count(&live);
    let desired = workload::count(nodes.iter());
    json!({
        "observedGeneration": set["metadata"]["generation"],
        "desiredNumberScheduled": desired, "currentNumberScheduled": workload::count(live.iter()),
        "numberReady": ready, "numberAvailable": ready, "numberMisscheduled": 0,
        "numberUnavailable": (desired - ready).max(0),
        "updatedNumberScheduled": workload::count(live.iter().filter(is_current)),
    })
}
