//! The Deployment controller: one ReplicaSet per template, and rolling from the old
//! ones to the new one within `maxSurge` and `maxUnavailable`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::meta;
use super::state::{State, apps};
use super::store::Object;
use super::workload::{self, Action};

/// The annotation that numbers the revisions of a Deployment.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";

/// What a Deployment needs done; `now` is the time for its conditions.
pub fn reconcile(state: &State, deployment: &Value, now: &str) -> Vec<Action> {
    if meta::is_terminating(deployment) {
        return Vec::new();
    }
    let sets = workload::owned(state, &apps("replicasets"), deployment);
    let current = current_set(state, deployment, &sets);
    let mut actions = Vec::new();
    match &current {
        None => actions.push(Action::Create(apps("replicasets"), new_set(deployment, &sets))),
        Some(current) if deployment["spec"]["paused"] != true => {
            actions.extend(number(deployment, current, &sets));
            actions.extend(roll(deployment, current, &sets));
            actions.extend(clean_up(deployment, current, &sets));
        }
        Some(current) => actions.extend(scale(current.value(), desired(deployment))),
    }
    let status = status(deployment, current.as_deref(), &sets, now);
    actions.extend(Action::status(apps("deployments"), deployment, status));
    actions
}

fn desired(deployment: &Value) -> i64 {
    meta::int(&deployment["spec"]["replicas"], 1)
}

/// The ReplicaSet of the present template. As long as the template has not changed
/// through the API it is the newest one, whatever its template looks like.
fn current_set(state: &State, deployment: &Value, sets: &[Arc<Object>]) -> Option<Arc<Object>> {
    let is_rolled = state.rolled.contains(meta::uid(deployment));
    let same = sets.iter().find(|set| template_of(set.value()) == deployment["spec"]["template"]);
    match same {
        Some(same) => Some(Arc::clone(same)),
        None if is_rolled => None,
        None => sets.iter().max_by_key(|set| revision(set.value())).cloned(),
    }
}

/// A ReplicaSet's template without the label the controller added.
fn template_of(set: &Value) -> Value {
    let mut template = set["spec"]["template"].clone();
    if let Some(labels) = template["metadata"].get_mut("labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
    template
}

fn revision(set: &Value) -> i64 {
    meta::annotation(set, REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn newest_revision(sets: &[Arc<Object>]) -> i64 {
    sets.iter().map(|set| revision(set.value())).max().unwrap_or(0)
}

/// The ReplicaSet for a new template, as large as the surge allows.
pub fn new_set(deployment: &Value, sets: &[Arc<Object>]) -> Value {
    let mut template = deployment["spec"]["template"].clone();
    let hash = workload::hash(&template);
    meta::set(&mut template, &["metadata", "labels"], HASH, hash.as_str());
    let mut selector = deployment["spec"]["selector"].clone();
    meta::set(&mut selector, &["matchLabels"], HASH, hash.as_str());
    let replicas = match total(sets) {
        _ if is_recreate(deployment) && total(sets) > 0 => 0,
        total => (desired(deployment) + surge(deployment) - total).clamp(0, desired(deployment)),
    };
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", meta::name(deployment)),
            "namespace": meta::namespace(deployment),
            "labels": template["metadata"]["labels"],
            "annotations": {
                REVISION: (newest_revision(sets) + 1).to_string(),
                "deployment.kubernetes.io/desired-replicas": desired(deployment).to_string(),
                "deployment.kubernetes.io/max-replicas": (desired(deployment) + surge(deployment)).to_string(),
            },
            "ownerReferences": [meta::owner_reference(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    })
}

fn is_recreate(deployment: &Value) -> bool {
    deployment["spec"]["strategy"]["type"] == "Recreate"
}

fn surge(deployment: &Value) -> i64 {
    if is_recreate(deployment) {
        return 0;
    }
    let value = &deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"];
    let total = desired(deployment);
    let quarter = workload::percent("25%", total, true).unwrap_or(1);
    workload::number_or_percent(value, total, true, quarter)
}

/// `maxUnavailable`; at least one pod must be able to move.
fn unavailable(deployment: &Value) -> i64 {
    let value = &deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"];
    let total = desired(deployment);
    let quarter = workload::percent("25%", total, false).unwrap_or(0);
    let allowed = workload::number_or_percent(value, total, false, quarter);
    if allowed == 0 && surge(deployment) == 0 { 1 } else { allowed.min(total) }
}

fn wanted(set: &Object) -> i64 {
    meta::int(&set.value()["spec"]["replicas"], 0)
}

fn ready(set: &Object) -> i64 {
    meta::int(&set.value()["status"]["availableReplicas"], 0)
}

fn total(sets: &[Arc<Object>]) -> i64 {
    sets.iter().map(|set| wanted(set)).sum()
}

fn scale(set: &Value, replicas: i64) -> Option<Action> {
    (meta::int(&set["spec"]["replicas"], 0) != replicas).then(|| {
        let (namespace, name) = (meta::namespace(set).to_owned(), meta::name(set).to_owned());
        Action::Scale(apps("replicasets"), namespace, name, replicas)
    })
}

/// The current ReplicaSet carries the highest revision, and the Deployment its number.
fn number(deployment: &Value, current: &Object, sets: &[Arc<Object>]) -> Vec<Action> {
    let newest = newest_revision(sets);
    let own = revision(current.value());
    let number = if own < newest { newest + 1 } else { own.max(1) };
    let annotate = |plural: &str, object: &Value| {
        (meta::annotation(object, REVISION) != Some(number.to_string().as_str())).then(|| {
            let (namespace, name) = (meta::namespace(object).to_owned(), meta::name(object).to_owned());
            Action::Annotate(apps(plural), namespace, name, REVISION, number.to_string())
        })
    };
    annotate("replicasets", current.value()).into_iter().chain(annotate("deployments", deployment)).collect()
}

/// One step from the old ReplicaSets to the current one.
fn roll(deployment: &Value, current: &Object, sets: &[Arc<Object>]) -> Vec<Action> {
    let desired = desired(deployment);
    let old: Vec<&Arc<Object>> = sets.iter().filter(|set| !is_same(set, current)).collect();
    let old_total: i64 = old.iter().map(|set| wanted(set)).sum();
    if is_recreate(deployment) {
        let is_old_gone =
            old.iter().all(|set| wanted(set) == 0 && meta::int(&set.value()["status"]["replicas"], 0) == 0);
        let own = if is_old_gone { desired } else { wanted(current) };
        let down = old.iter().filter_map(|set| scale(set.value(), 0));
        return down.chain(scale(current.value(), own)).collect();
    }
    let room = desired + surge(deployment) - old_total;
    let own = if old_total == 0 { desired } else { room.clamp(wanted(current).min(desired), desired) };
    let mut actions: Vec<Action> = scale(current.value(), own).into_iter().collect();
    let spare = spare(deployment, current, &old, old_total);
    actions.extend(shrink(&old, spare));
    actions
}

fn is_same(one: &Object, other: &Object) -> bool {
    meta::uid(one.value()) == meta::uid(other.value())
}

/// How many old pods can go now: those that are not ready anyway, and ready ones as
/// far as enough stay available.
fn spare(deployment: &Value, current: &Object, old: &[&Arc<Object>], old_total: i64) -> i64 {
    let least = desired(deployment) - unavailable(deployment);
    let not_ready_new = (wanted(current) - ready(current)).max(0);
    (old_total + wanted(current) - least - not_ready_new).max(0).min(old.iter().map(|set| wanted(set)).sum())
}

fn shrink(old: &[&Arc<Object>], mut spare: i64) -> Vec<Action> {
    let mut actions = Vec::new();
    for set in old.iter().filter(|set| wanted(set) > 0) {
        let less = spare.min(wanted(set));
        spare -= less;
        actions.extend(scale(set.value(), wanted(set) - less));
    }
    actions
}

/// Empty ReplicaSets beyond the history limit go, oldest first.
fn clean_up(deployment: &Value, current: &Object, sets: &[Arc<Object>]) -> Vec<Action> {
    let is_empty = |set: &&Arc<Object>| wanted(set) == 0 && meta::int(&set.value()["status"]["replicas"], 0) == 0;
    let mut old: Vec<&Value> =
        sets.iter().filter(|set| !is_same(set, current)).filter(is_empty).map(|set| set.value()).collect();
    old.sort_by_key(|set| revision(set));
    let limit = usize::try_from(meta::int(&deployment["spec"]["revisionHistoryLimit"], 10)).unwrap_or(10);
    let surplus = old.len().saturating_sub(limit);
    let delete =
        |set: &&Value| Action::Delete(apps("replicasets"), meta::namespace(set).to_owned(), meta::name(set).to_owned());
    old.iter().take(surplus).map(delete).collect()
}

fn status(deployment: &Value, current: Option<&Object>, sets: &[Arc<Object>], now: &str) -> Value {
    let sum = |field: &str| sets.iter().map(|set| meta::int(&set.value()["status"][field], 0)).sum::<i64>();
    let updated = current.map_or(0, |set| meta::int(&set.value()["status"]["replicas"], 0));
    let (desired, replicas, available) = (desired(deployment), sum("replicas"), sum("availableReplicas"));
    let is_available = available >= desired - unavailable(deployment);
    let is_done = updated == desired && replicas == desired && available == desired;
    let set = current.map_or("", |set| meta::name(set.value()));
    let (reason, message) = if is_done {
        ("NewReplicaSetAvailable", format!("ReplicaSet \"{set}\" has successfully progressed."))
    } else {
        ("ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing."))
    };
    let (yes, no) = (
        ("MinimumReplicasAvailable", "Deployment has minimum availability."),
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    );
    let (why, text) = if is_available { yes } else { no };
    json!({
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": replicas, "updatedReplicas": updated, "readyReplicas": sum("readyReplicas"),
        "availableReplicas": available, "unavailableReplicas": (replicas.max(desired) - available).max(0),
        "conditions": [
            condition(deployment, "Available", is_available, why, text, now),
            condition(deployment, "Progressing", true, reason, &message, now),
        ],
    })
}

/// A condition; its times stay as they are while nothing of it changes.
fn condition(object: &Value, kind: &str, holds: bool, reason: &str, message: &str, now: &str) -> Value {
    let status = if holds { "True" } else { "False" };
    let old = meta::condition(object, kind);
    let is_same = old.is_some_and(|c| c["status"] == status && c["reason"] == reason && c["message"] == message);
    match old {
        Some(old) if is_same => old.clone(),
        _ => {
            let moved = old.filter(|c| c["status"] == status).map_or(json!(now), |c| c["lastTransitionTime"].clone());
            json!({"type": kind, "status": status, "reason": reason, "message": message,
                "lastUpdateTime": now, "lastTransitionTime": moved})
        }
    }
}
