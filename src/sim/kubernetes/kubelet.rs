//! The kubelet of every node: what the status of a pod says while it starts, runs,
//! ends.

use serde_json::{Value, json};

use super::meta;
use super::store::letters;
use super::workload::fnv;

/// What happens to a pod next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It needs a node.
    Schedule,
    /// Its containers start.
    Start,
    /// Its containers end well (pods of Jobs).
    Succeed,
    /// It goes away.
    Remove,
}

/// The next step of a pod that is not settled. A pod whose containers have a status
/// was started by somebody else, or is stuck on purpose.
pub fn next_step(pod: &Value) -> Option<Step> {
    let is_job = meta::controller(pod).is_some_and(|owner| owner["kind"] == "Job");
    let is_started = !pod["status"]["containerStatuses"].is_null();
    match pod["status"]["phase"].as_str() {
        _ if meta::is_terminating(pod) => Some(Step::Remove),
        _ if pod["spec"]["nodeName"].is_null() => Some(Step::Schedule),
        None | Some("Pending") if !is_started => Some(Step::Start),
        Some("Running") if is_job => Some(Step::Succeed),
        _ => None,
    }
}

/// The status of a pod that runs; `address` is its own.
pub fn running(pod: &Value, node: Option<&Value>, address: &str, now: &str) -> Value {
    let host = node.map_or(&Value::Null, |node| super::cell::address(node, "InternalIP")).clone();
    let is_host = pod["spec"]["hostNetwork"] == true && host.is_string();
    let address = if is_host { host.clone() } else { json!(address) };
    let status = |list: &str| -> Vec<Value> {
        meta::items(&pod["spec"][list]).map(|c| container(pod, c, list == "initContainers", now)).collect()
    };
    let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let conditions = conditions.map(|kind| condition(kind, true, now));
    let mut running = json!({
        "phase": "Running", "qosClass": pod["status"]["qosClass"], "startTime": now,
        "podIP": address, "podIPs": [{"ip": address}],
        "conditions": conditions,
        "containerStatuses": status("containers"),
    });
    if host.is_string() {
        running["hostIPs"] = json!([{"ip": host}]);
        running["hostIP"] = host;
    }
    let init = status("initContainers");
    if !init.is_empty() {
        running["initContainerStatuses"] = json!(init);
    }
    running
}

fn condition(kind: &str, holds: bool, now: &str) -> Value {
    let status = if holds { "True" } else { "False" };
    json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": now})
}

fn container(pod: &Value, container: &Value, is_init: bool, now: &str) -> Value {
    let name = container["name"].as_str().unwrap_or_default();
    let image = container["image"].as_str().unwrap_or_default();
    let id = format!("containerd://{}", digest(&format!("{}/{name}", meta::uid(pod))));
    let is_over = is_init && container["restartPolicy"] != "Always";
    let state = if is_over {
        json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now, "containerID": id}})
    } else {
        json!({"running": {"startedAt": now}})
    };
    json!({
        "name": name, "image": image, "imageID": format!("{}@sha256:{}", image.split('@').next().unwrap_or_default(), digest(image)),
        "containerID": id, "ready": true, "started": !is_over, "restartCount": 0, "state": state, "lastState": {},
    })
}

/// 64 hexadecimal digits that depend on the text only.
fn digest(text: &str) -> String {
    let word = |salt: u64| crate::sim::fault::mix(fnv(text.as_bytes()).wrapping_add(salt));
    (1..=4).map(|salt| format!("{:016x}", word(salt))).collect()
}

/// The status of a pod whose containers ended well.
pub fn succeeded(pod: &Value, now: &str) -> Value {
    let mut status = pod["status"].clone();
    status["phase"] = json!("Succeeded");
    status["conditions"] = json!([
        condition("Initialized", true, now),
        {"type": "Ready", "status": "False", "reason": "PodCompleted", "lastProbeTime": null, "lastTransitionTime": now},
        {"type": "ContainersReady", "status": "False", "reason": "PodCompleted", "lastProbeTime": null, "lastTransitionTime": now},
        condition("PodScheduled", true, now),
    ]);
    for container in status["containerStatuses"].as_array_mut().into_iter().flatten() {
        container["state"] = json!({"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": now}});
        container["ready"] = json!(false);
        container["started"] = json!(false);
    }
    status
}

/// The address of the n-th pod.
pub fn address(turn: u64, ipv6: bool) -> String {
    if ipv6 {
        return format!("2600:1f13:{:x}:{:x}::{:x}", 0x8a0 + (turn >> 32), (turn >> 16) & 0xffff, turn & 0xffff);
    }
    let (high, low) = ((turn / 250) % 250, turn % 250 + 2);
    format!("10.{}.{high}.{low}", turn / 62_500 % 200 + 20)
}

/// The name of the n-th pod of an owner, the same in every run.
pub fn deterministic_name(owner: &Value, index: i64) -> String {
    let text = format!("{}/{}/{index}", meta::namespace(owner), meta::name(owner));
    let number = crate::sim::fault::mix(fnv(text.as_bytes()));
    format!("{}-{}", meta::name(owner), letters(number, 5))
}
