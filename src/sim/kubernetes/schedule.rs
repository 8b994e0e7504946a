//! The scheduler: which nodes a pod fits on (selector, required affinity, taints,
//! readiness, operating system) and which of them is next.

use serde_json::{Value, json};

use super::api::Api;
use super::state::{State, core};
use super::{fargate, meta};

/// The node for a pod, in turn over those that fit; a Fargate pod gets a node made for it
/// unless one is free.
pub fn place(api: &Api, state: &mut State, pod: &Value) -> Option<String> {
    let is_fargate = fargate::is_pod(pod);
    let found = choose(state, pod, is_fargate);
    if is_fargate && found.is_none() {
        let facts = api.facts();
        return fargate::add_node(state, &facts.region, &facts.version, api.now());
    }
    state.turn += 1;
    found
}

fn choose(state: &State, pod: &Value, is_fargate: bool) -> Option<String> {
    let nodes = state.store.list(&core("nodes"), "").map(|node| node.value());
    let mut nodes = nodes.filter(|node| fargate::is_node(node) == is_fargate && node["spec"]["unschedulable"] != true);
    if is_fargate {
        return nodes.map(meta::name).find(|node| !is_taken(state, node)).map(str::to_owned);
    }
    let fitting: Vec<&str> =
        nodes.by_ref().filter(|node| is_ready(node) && fits(&pod["spec"], node)).map(meta::name).collect();
    let turn = usize::try_from(state.turn).unwrap_or(0);
    fitting.get(turn.checked_rem(fitting.len())?).map(|node| (*node).to_owned())
}

/// A Fargate node runs one pod.
fn is_taken(state: &State, node: &str) -> bool {
    let mut pods = state.store.list(&core("pods"), "");
    pods.any(|pod| pod.value()["spec"]["nodeName"] == node)
}

/// A node without conditions is taken as ready.
fn is_ready(node: &Value) -> bool {
    meta::condition(node, "Ready").is_none_or(|c| c["status"] == "True")
}

/// Whether a pod could run on a node.
pub fn fits(spec: &Value, node: &Value) -> bool {
    fits_place(spec, node) && tolerates(spec, node, |_| false)
}

/// As for a pod, but a DaemonSet's pods bear a node's own troubles.
pub fn fits_daemon(spec: &Value, node: &Value) -> bool {
    fits_place(spec, node) && tolerates(spec, node, |key| key.starts_with("node.kubernetes.io/"))
}

fn fits_place(spec: &Value, node: &Value) -> bool {
    matches_selector(&spec["nodeSelector"], node) && matches_os(spec, node) && matches_affinity(spec, node)
}

fn matches_selector(selector: &Value, node: &Value) -> bool {
    let wanted = selector.as_object().into_iter().flatten();
    wanted.into_iter().all(|(key, value)| meta::label(node, key) == value.as_str())
}

/// Windows nodes are left to pods that ask for them.
fn matches_os(spec: &Value, node: &Value) -> bool {
    let is_windows = meta::label(node, "kubernetes.io/os") == Some("windows");
    !is_windows || spec["nodeSelector"]["kubernetes.io/os"] == "windows" || spec["os"]["name"] == "windows"
}

/// One of the required terms has to match.
fn matches_affinity(spec: &Value, node: &Value) -> bool {
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    required.is_null() || meta::items(&required["nodeSelectorTerms"]).any(|term| matches_term(term, node))
}

fn matches_term(term: &Value, node: &Value) -> bool {
    let expressions = meta::items(&term["matchExpressions"]);
    let fields = meta::items(&term["matchFields"]);
    expressions.into_iter().all(|e| {
        let key = e["key"].as_str().unwrap_or_default();
        matches_expression(e, meta::label(node, key))
    }) && fields.into_iter().all(|f| matches_expression(f, Some(meta::name(node))))
}

fn matches_expression(expression: &Value, value: Option<&str>) -> bool {
    let values = || meta::items(&expression["values"]).filter_map(Value::as_str);
    let number = |text: &str| text.parse::<i64>().ok();
    let bound = values().next().and_then(number);
    let own = value.and_then(number);
    match expression["operator"].as_str() {
        Some("In") => value.is_some_and(|v| values().any(|w| w == v)),
        Some("NotIn") => value.is_none_or(|v| values().all(|w| w != v)),
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        Some("Gt") => matches!((own, bound), (Some(own), Some(bound)) if own > bound),
        Some("Lt") => matches!((own, bound), (Some(own), Some(bound)) if own < bound),
        _ => false,
    }
}

fn tolerates(spec: &Value, node: &Value, is_borne: impl Fn(&str) -> bool) -> bool {
    meta::items(&node["spec"]["taints"])
        .filter(|taint| taint["effect"] == "NoSchedule" || taint["effect"] == "NoExecute")
        .filter(|taint| !is_borne(taint["key"].as_str().unwrap_or_default()))
        .all(|taint| meta::items(&spec["tolerations"]).any(|toleration| covers(toleration, taint)))
}

fn covers(toleration: &Value, taint: &Value) -> bool {
    let effect = &toleration["effect"];
    let is_for_effect = effect.is_null() || effect == "" || *effect == taint["effect"];
    let is_for_all = toleration["key"].as_str().unwrap_or_default().is_empty();
    let is_for_value = toleration["operator"] == "Exists"
        || toleration["value"].as_str().unwrap_or_default() == taint["value"].as_str().unwrap_or_default();
    is_for_effect && (is_for_all || toleration["key"] == taint["key"]) && is_for_value
}

/// The status of a pod no node fits.
pub fn unschedulable(pod: &Value, now: &str) -> Value {
    let mut status = pod["status"].clone();
    let condition = json!({
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastProbeTime": null,
        "message": "no nodes available: none fits the pod's node selector, affinity and tolerations",
        "lastTransitionTime": now,
    });
    if meta::condition(pod, "PodScheduled").is_none() {
        meta::list(&mut status, &[], "conditions").push(condition);
    }
    status
}
