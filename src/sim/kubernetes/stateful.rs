//! The StatefulSet controller: numbered pods, one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::meta;
use super::state::{State, apps, core};
use super::store::Object;
use super::workload::{self, Action};

/// What a StatefulSet needs done.
pub fn reconcile(state: &State, set: &Value) -> Vec<Action> {
    if meta::is_terminating(set) {
        return Vec::new();
    }
    // Ending pods still hold their name: they count until they are gone.
    let pods = workload::owned(state, &core("pods"), set);
    let revision = workload::revision(state, set, &pods);
    let wanted = meta::int(&set["spec"]["replicas"], 1);
    let step = missing(set, &pods, wanted, &revision)
        .or_else(|| surplus(set, &pods, wanted))
        .or_else(|| outdated(state, set, &pods, &revision));
    let mut actions = step.unwrap_or_default();
    let status = status(state, set, &pods, &revision);
    actions.extend(Action::status(apps("statefulsets"), set, status));
    actions
}

/// The number at the end of a pod's name.
fn ordinal(set: &Value, pod: &Value) -> Option<i64> {
    let rest = meta::name(pod).strip_prefix(meta::name(set))?;
    rest.strip_prefix('-')?.parse().ok()
}

fn with_ordinal<'a>(set: &Value, pods: &'a [Arc<Object>], wanted: i64) -> Option<&'a Value> {
    pods.iter().map(|pod| pod.value()).find(|pod| ordinal(set, pod) == Some(wanted))
}

/// The next pod to create; in order, each after the one before is ready.
fn missing(set: &Value, pods: &[Arc<Object>], wanted: i64, revision: &str) -> Option<Vec<Action>> {
    let is_parallel = set["spec"]["podManagementPolicy"] == "Parallel";
    let mut actions = Vec::new();
    for index in 0..wanted {
        match with_ordinal(set, pods, index) {
            None => {
                actions.push(Action::Create(core("pods"), pod(set, index, revision)));
                if !is_parallel {
                    break;
                }
            }
            Some(pod) if !is_parallel && !workload::is_ready(pod) => return Some(actions),
            Some(_) => {}
        }
    }
    (!actions.is_empty()).then_some(actions)
}

/// Pods beyond the wanted number, the last first.
fn surplus(set: &Value, pods: &[Arc<Object>], wanted: i64) -> Option<Vec<Action>> {
    let beyond = pods.iter().filter(|pod| ordinal(set, pod.value()).is_some_and(|index| index >= wanted));
    let last = beyond.max_by_key(|pod| ordinal(set, pod.value()))?;
    let is_ending = meta::is_terminating(last.value());
    Some(if is_ending { Vec::new() } else { vec![Action::delete_pod(last.value())] })
}

/// The last pod of an older revision, once all are ready.
fn outdated(state: &State, set: &Value, pods: &[Arc<Object>], revision: &str) -> Option<Vec<Action>> {
    let is_rolling = set["spec"]["updateStrategy"]["type"] != "OnDelete";
    let is_settled = pods.iter().all(|p| workload::is_ready(p.value()) && !meta::is_terminating(p.value()));
    let partition = meta::int(&set["spec"]["updateStrategy"]["rollingUpdate"]["partition"], 0);
    let old = pods
        .iter()
        .filter(|pod| !workload::is_current(state, set, pod.value(), revision))
        .filter(|pod| ordinal(set, pod.value()).is_some_and(|index| index >= partition))
        .max_by_key(|pod| ordinal(set, pod.value()))?;
    (is_rolling && is_settled).then(|| vec![Action::delete_pod(old.value())])
}

/// The pod with a number.
pub fn pod(set: &Value, index: i64, revision: &str) -> Value {
    let name = format!("{}-{index}", meta::name(set));
    let mut pod = workload::pod_of(set);
    pod["metadata"]["name"] = json!(name);
    for (key, value) in [
        ("statefulset.kubernetes.io/pod-name", name.clone()),
        ("apps.kubernetes.io/pod-index", index.to_string()),
        (workload::REVISION, revision.to_owned()),
    ] {
        meta::set(&mut pod, &["metadata", "labels"], key, value);
    }
    meta::default(&mut pod, &["spec"], "hostname", name.as_str());
    for claim in meta::items(&set["spec"]["volumeClaimTemplates"]) {
        let volume = json!({
            "name": meta::name(claim),
            "persistentVolumeClaim": {"claimName": format!("{}-{name}", meta::name(claim))},
        });
        meta::list(&mut pod, &["spec"], "volumes").push(volume);
    }
    pod
}

fn status(state: &State, set: &Value, pods: &[Arc<Object>], revision: &str) -> Value {
    let is_live = |pod: &&Arc<Object>| workload::is_active(pod.value());
    let live: Vec<Arc<Object>> = pods.iter().filter(is_live).cloned().collect();
    let is_current = |pod: &&Arc<Object>| workload::is_current(state, set, pod.value(), revision);
    let updated = workload::count(live.iter().filter(is_current));
    let old = live.iter().find(|pod| !is_current(pod)).and_then(|p| meta::label(p.value(), workload::REVISION));
    let full = |hash: &str| match hash.starts_with(meta::name(set)) {
        true => hash.to_owned(),
        false => format!("{}-{hash}", meta::name(set)),
    };
    let (total, ready) = (workload::count(live.iter()), workload::ready_count(&live));
    json!({
        "observedGeneration": set["metadata"]["generation"],
        "replicas": total, "readyReplicas": ready, "availableReplicas": ready,
        "currentReplicas": if old.is_some() { total - updated } else { total },
        "updatedReplicas": updated,
        "currentRevision": full(old.unwrap_or(revision)), "updateRevision": full(revision),
        "collisionCount": 0,
    })
}
