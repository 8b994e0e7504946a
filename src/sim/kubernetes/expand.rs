//! ReplicaSets and pods for loaded workloads that have none, made through admission
//! and webhook but at once, at the time the world says, with names that are the same
//! in every run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::Api;
use super::kind::Kind;
use super::state::{State, apps, core};
use super::store::{Key, Object};
use super::workload::{self, Action};
use super::write::{self, Options};
use super::{budget, controller, daemon, deployment, job, kubelet, managed, meta, schedule, stateful};

/// When the pods of a workload were created.
const CREATED: &str = "sim.rolecall/pods-created";
/// The pods of a workload were created without the webhook.
const SKIP: &str = "sim.rolecall/skip-webhook";

/// How the pods of one workload come about.
#[derive(Clone)]
struct Birth {
    created: String,
    skip_webhook: bool,
}

/// Expands every workload.
pub fn expand(api: &Api) {
    let (work, rolled) = api.read(|state| (state.work.clone(), state.rolled.clone()));
    each(api, &apps("deployments"), replica_set);
    each(api, &apps("replicasets"), pods_of_set);
    each(api, &apps("statefulsets"), pods_of_stateful);
    each(api, &apps("daemonsets"), pods_of_daemon);
    each(api, &job::key(), pods_of_job);
    settle(api);
    for key in keys().into_iter().chain([budget::key()]) {
        each(api, &key, |api, workload, _| status(api, workload));
    }
    keys().iter().for_each(|key| forget_annotations(api, key));
    api.commit(|state| {
        state.work = work;
        state.rolled = rolled;
    });
    api.pack();
}

/// Owned before owners, so that sums are right.
fn keys() -> [Key; 5] {
    [apps("replicasets"), apps("deployments"), apps("statefulsets"), apps("daemonsets"), job::key()]
}

fn each(api: &Api, key: &Key, act: impl Fn(&Api, &Value, &Birth)) {
    let all: Vec<Arc<Object>> = api.read(|state| state.store.list(key, "").cloned().collect());
    for workload in all {
        let birth = api.read(|state| birth(state, workload.value()));
        act(api, workload.value(), &birth);
    }
}

/// A ReplicaSet's pods are born as its Deployment says.
fn birth(state: &State, workload: &Value) -> Birth {
    let owner = meta::controller(workload).and_then(|owner| {
        let name = owner["name"].as_str()?;
        state.store.get(&apps("deployments"), meta::namespace(workload), name)
    });
    let source = owner.map_or(workload, |owner| owner.value());
    let created = meta::annotation(source, CREATED).unwrap_or(meta::field(source, "creationTimestamp"));
    Birth { created: created.to_owned(), skip_webhook: meta::annotation(source, SKIP) == Some("true") }
}

fn create(api: &Api, key: &Key, mut value: Value, birth: &Birth) {
    let Some(kind) = api.read(|state| state.kinds.by_key(&key.0, &key.1)) else {
        return;
    };
    meta::set(&mut value, &["metadata"], "creationTimestamp", birth.created.as_str());
    let options =
        Options { manager: managed::WORLD.to_owned(), skip_webhook: birth.skip_webhook, ..Options::default() };
    let namespace = meta::namespace(&value).to_owned();
    // What admission refuses has no pods, as in a real cluster; the status says so.
    let _refused = write::create(api, &kind, &namespace, value, &options);
}

fn has_pods(api: &Api, workload: &Value) -> bool {
    api.read(|state| !workload::owned(state, &core("pods"), workload).is_empty())
}

fn replica_set(api: &Api, workload: &Value, birth: &Birth) {
    let has_set = api.read(|state| !workload::owned(state, &apps("replicasets"), workload).is_empty());
    if !has_set {
        create(api, &apps("replicasets"), deployment::new_set(workload, &[]), birth);
    }
}

fn pods_of_set(api: &Api, workload: &Value, birth: &Birth) {
    if has_pods(api, workload) {
        return;
    }
    for index in 0..meta::int(&workload["spec"]["replicas"], 1) {
        let mut pod = workload::pod_of(workload);
        pod["metadata"]["generateName"] = json!(format!("{}-", meta::name(workload)));
        pod["metadata"]["name"] = json!(kubelet::deterministic_name(workload, index));
        create(api, &core("pods"), pod, birth);
    }
}

fn pods_of_stateful(api: &Api, workload: &Value, birth: &Birth) {
    if has_pods(api, workload) {
        return;
    }
    let revision = workload::hash(&workload["spec"]["template"]);
    for index in 0..meta::int(&workload["spec"]["replicas"], 1) {
        create(api, &core("pods"), stateful::pod(workload, index, &revision), birth);
    }
}

fn pods_of_daemon(api: &Api, workload: &Value, birth: &Birth) {
    if has_pods(api, workload) {
        return;
    }
    let revision = workload::hash(&workload["spec"]["template"]);
    let nodes = api.read(|state| daemon::nodes(state, workload));
    for (index, node) in (0..).zip(nodes) {
        let mut pod = daemon::pod(workload, &node, &revision);
        pod["metadata"]["name"] = json!(kubelet::deterministic_name(workload, index));
        create(api, &core("pods"), pod, birth);
    }
}

fn pods_of_job(api: &Api, workload: &Value, birth: &Birth) {
    if has_pods(api, workload) || workload["spec"]["suspend"] == true {
        return;
    }
    for index in 0..job::parallelism(workload) {
        let mut pod = job::pod(workload);
        pod["metadata"]["name"] = json!(kubelet::deterministic_name(workload, index));
        create(api, &core("pods"), pod, birth);
    }
}

/// Every pod without a node gets one; every pod that has none of its containers' status runs.
fn settle(api: &Api) {
    let now = meta::time(api.now());
    api.commit(|state| {
        let Some(kind) = state.kinds.by_key("", "pods") else {
            return;
        };
        let pods: Vec<Arc<Object>> = state.store.list(&kind.key(), "").cloned().collect();
        for pod in pods.iter().filter(|pod| is_unsettled(pod.value())) {
            settle_pod(api, state, &kind, pod.value(), &now);
        }
    });
}

/// A loaded pod whose world says nothing of its status, or one made here.
fn is_unsettled(pod: &Value) -> bool {
    let status = &pod["status"];
    let is_new =
        status["phase"] == "Pending" && status["containerStatuses"].is_null() && status["conditions"].is_null();
    status["phase"].is_null() || is_new
}

fn settle_pod(api: &Api, state: &mut State, kind: &Kind, pod: &Value, now: &str) {
    let mut value = pod.clone();
    if value["spec"]["nodeName"].is_null() {
        match schedule::place(api, state, pod) {
            Some(node) => meta::set(&mut value, &["spec"], "nodeName", node),
            None => {
                meta::set(&mut value, &[], "status", schedule::unschedulable(pod, now));
                meta::default(&mut value, &["status"], "phase", "Pending");
                state.put_quietly(kind, value);
                return;
            }
        }
    }
    let created = meta::field(pod, "creationTimestamp").to_owned();
    let mut status = controller::start(api, state, &value, &created);
    if is_of_finished_job(state, pod) {
        meta::set(&mut value, &[], "status", status);
        status = kubelet::succeeded(&value, &created);
    }
    meta::set(&mut value, &[], "status", status);
    state.put_quietly(kind, value);
}

fn is_of_finished_job(state: &State, pod: &Value) -> bool {
    let owner = meta::controller(pod).filter(|owner| owner["kind"] == "Job");
    let name = owner.and_then(|owner| owner["name"].as_str()).unwrap_or_default();
    let job = state.store.get(&job::key(), meta::namespace(pod), name);
    job.is_some_and(|job| {
        meta::is_condition(job.value(), "Complete") || !job.value()["status"]["completionTime"].is_null()
    })
}

/// The status the controller would write; nothing else of what it wants.
fn status(api: &Api, workload: &Value) {
    if !workload["status"].is_null() {
        return;
    }
    let kind = text(workload, "kind");
    let Some(kind) = api.read(|state| state.kinds.by_object(&text(workload, "apiVersion"), &kind)) else {
        return;
    };
    let (namespace, name) = (meta::namespace(workload), meta::name(workload));
    let actions = api.read(|state| controller::reconcile(api, state, &kind.key(), namespace, name));
    for action in actions {
        if let Action::Status(_, _, _, status) = action {
            let mut value = workload.clone();
            meta::set(&mut value, &[], "status", status);
            api.commit(|state| state.put_quietly(&kind, value));
        }
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// The annotations are for the simulator only.
fn forget_annotations(api: &Api, key: &Key) {
    api.commit(|state| {
        let Some(kind) = state.kinds.by_key(&key.0, &key.1) else {
            return;
        };
        let all: Vec<Arc<Object>> = state.store.list(key, "").cloned().collect();
        for workload in all {
            let is_marked = [CREATED, SKIP].iter().any(|a| meta::annotation(workload.value(), a).is_some());
            if is_marked {
                let mut value = workload.value().clone();
                let annotations = meta::map(&mut value, &["metadata", "annotations"]);
                annotations.retain(|key, _| key != CREATED && key != SKIP);
                if annotations.is_empty() {
                    meta::map(&mut value, &["metadata"]).remove("annotations");
                }
                state.put_quietly(&kind, value);
            }
        }
    });
}
