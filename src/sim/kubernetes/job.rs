//! The Job controller: pods until enough have succeeded.

use std::sync::Arc;

use serde_json::{Value, json};

use super::meta;
use super::state::{State, core};
use super::store::{Key, Object};
use super::workload::{self, Action};

/// The store key of Jobs.
pub fn key() -> Key {
    ("batch".to_owned(), "jobs".to_owned())
}

/// What a Job needs done; `now` is the time for its status.
pub fn reconcile(state: &State, job: &Value, now: &str) -> Vec<Action> {
    if meta::is_terminating(job) || meta::is_condition(job, "Complete") || meta::is_condition(job, "Failed") {
        return Vec::new();
    }
    let pods = workload::owned(state, &core("pods"), job);
    let succeeded = workload::count(pods.iter().filter(|pod| pod.value()["status"]["phase"] == "Succeeded"));
    let active = workload::count(pods.iter().filter(|pod| workload::is_active(pod.value())));
    let missing = (completions(job) - succeeded).min(parallelism(job)) - active;
    let mut actions = Vec::new();
    if job["spec"]["suspend"] != true {
        let create = || Action::Create(core("pods"), pod(job));
        actions.extend(std::iter::repeat_with(create).take(usize::try_from(missing).unwrap_or(0)));
    }
    actions.extend(Action::status(key(), job, status(job, &pods, succeeded, active, now)));
    actions
}

fn completions(job: &Value) -> i64 {
    meta::int(&job["spec"]["completions"], 1)
}

/// How many pods run at a time.
pub fn parallelism(job: &Value) -> i64 {
    meta::int(&job["spec"]["parallelism"], 1)
}

/// One pod of a Job.
pub fn pod(job: &Value) -> Value {
    let mut pod = workload::pod_of(job);
    pod["metadata"]["generateName"] = json!(format!("{}-", meta::name(job)));
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", meta::uid(job)),
        ("batch.kubernetes.io/job-name", meta::name(job)),
        ("controller-uid", meta::uid(job)),
        ("job-name", meta::name(job)),
    ] {
        meta::set(&mut pod, &["metadata", "labels"], key, value);
    }
    meta::default(&mut pod, &["spec"], "restartPolicy", "OnFailure");
    pod
}

fn status(job: &Value, pods: &[Arc<Object>], succeeded: i64, active: i64, now: &str) -> Value {
    let started = job["status"]["startTime"].as_str().unwrap_or(now);
    let failed = workload::count(pods.iter().filter(|pod| pod.value()["status"]["phase"] == "Failed"));
    let ready = workload::ready_count(pods);
    let mut status = json!({
        "startTime": started, "active": active, "succeeded": succeeded, "failed": failed, "ready": ready,
    });
    if succeeded >= completions(job) {
        let condition = |kind: &str| {
            json!({"type": kind, "status": "True", "reason": "CompletionsReached",
                "message": "Reached expected number of succeeded pods",
                "lastProbeTime": now, "lastTransitionTime": now})
        };
        status["completionTime"] = json!(now);
        status["conditions"] = json!([condition("SuccessCriteriaMet"), condition("Complete")]);
    }
    status
}
