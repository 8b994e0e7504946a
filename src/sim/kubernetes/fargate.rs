//! Fargate: which new pods a profile takes, and the node each of them gets for itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::{State, core};
use super::store::Object;
use super::{kubelet, meta};

const COMPUTE_TYPE: &str = "eks.amazonaws.com/compute-type";
const PROFILE: &str = "eks.amazonaws.com/fargate-profile";
const SCHEDULER: &str = "fargate-scheduler";

/// A Fargate profile as EKS tells the cluster of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FargateProfile {
    /// Its name.
    pub name: String,
    /// Namespace (with `*` and `?`) and labels a pod must have; one selector is enough.
    pub selectors: Vec<(String, BTreeMap<String, String>)>,
}

impl FargateProfile {
    fn takes(&self, pod: &Value) -> bool {
        self.selectors.iter().any(|(namespace, labels)| {
            let has = |(key, value): (&String, &String)| meta::label(pod, key).is_some_and(|own| is_like(value, own));
            is_like(namespace, meta::namespace(pod)) && labels.iter().all(has)
        })
    }
}

/// `*` stands for any text, `?` for one character.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| is_like(rest.as_str(), &text[at..]))
        }
        Some(wanted) => {
            let mut own = text.chars();
            own.next().is_some_and(|c| wanted == '?' || wanted == c) && is_like(rest.as_str(), own.as_str())
        }
    }
}

/// Marks a new pod that a profile takes.
pub fn mark(state: &State, pod: &mut Value) {
    if meta::controller(pod).is_some_and(|owner| owner["kind"] == "DaemonSet") {
        return;
    }
    if let Some(profile) = state.fargate.iter().find(|profile| profile.takes(pod)) {
        meta::set(pod, &["metadata", "labels"], PROFILE, profile.name.as_str());
        meta::set(pod, &["spec"], "schedulerName", SCHEDULER);
    }
}

/// Whether a pod is to run on Fargate.
pub fn is_pod(pod: &Value) -> bool {
    pod["spec"]["schedulerName"] == SCHEDULER
}

/// Whether a node is Fargate's.
pub fn is_node(node: &Value) -> bool {
    meta::label(node, COMPUTE_TYPE) == Some("fargate")
}

/// Makes the node for a pod; the answer is its name.
pub fn add_node(state: &mut State, region: &str, version: &str, now: jiff::Timestamp) -> Option<String> {
    let kind = state.kinds.by_key("", "nodes")?;
    state.addresses += 1;
    let address = kubelet::address(state.addresses, false);
    let name = format!("fargate-ip-{}.{region}.compute.internal", address.replace('.', "-"));
    let time = meta::time(now);
    let mut node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            COMPUTE_TYPE: "fargate", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name, "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": format!("{region}a"),
        }},
        "spec": {
            "providerID": format!("aws:///{region}a/{:010x}/{name}", state.store.next_number() >> 24),
            "taints": [{"key": COMPUTE_TYPE, "value": "fargate", "effect": "NoSchedule"}],
        },
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": time}],
            "nodeInfo": {"kubeletVersion": format!("v{version}.1-eks-113cf36"), "osImage": "Amazon Linux 2",
                "operatingSystem": "linux", "architecture": "amd64", "containerRuntimeVersion": "containerd://1.7.27"},
        },
    });
    state.stamp(&kind, &mut node, now);
    state.put_quietly(&kind, node);
    Some(name)
}

/// A Fargate node goes with its pod.
pub fn remove_node_of(state: &mut State, pod: &Value) {
    let name = pod["spec"]["nodeName"].as_str().unwrap_or_default();
    let node = state.store.get(&core("nodes"), "", name).map(|node| Object::value(node));
    if node.is_some_and(is_node) {
        state.store.remove(&core("nodes"), "", name);
    }
}
