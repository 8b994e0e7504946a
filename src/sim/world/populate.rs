//! Puts the manifests of a world file into the cluster, in an order that works, and
//! stages pasts: a workload with `sim.rolecall/injected-as` gets its pods from the
//! webhook as it was when something else was configured.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::wire::full;

use super::webhook::RESOURCE as WEBHOOKS;
use super::{World, WorldError};

const INJECTED_AS: &str = "sim.rolecall/injected-as";
const NOT_READY_ON: &str = "sim.rolecall/not-ready-on";
const ROLE_ARN: &str = "eks.amazonaws.com/role-arn";
const WORKLOADS: &[&str] = &["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// What the webhook is told about associations while a past is staged.
#[derive(Clone, Default)]
pub struct Past {
    entry: Arc<Mutex<Option<bool>>>,
}

impl Past {
    /// The staged answer, if a past is being staged.
    pub fn entry(&self) -> Option<bool> {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage(&self, entry: Option<bool>) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = entry;
    }
}

/// Loads everything and creates the pods.
pub fn populate(world: &World, past: &Past, mut manifests: Vec<(String, Value)>) -> Result<(), WorldError> {
    manifests.sort_by_key(|(_, manifest)| rank(manifest));
    let (staged, rest): (Vec<_>, Vec<_>) =
        manifests.into_iter().partition(|(_, one)| annotation(one, INJECTED_AS).is_some());
    let (workloads, foundation): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|(_, one)| rank(one) >= rank(&json!({ "kind": "Pod" })));
    let accounts: Vec<Value> =
        foundation.iter().map(|(_, one)| one).filter(|one| one["kind"] == "ServiceAccount").cloned().collect();
    for (place, manifest) in foundation {
        world.load(&place, manifest)?;
    }
    for (place, manifest) in staged {
        stage(world, past, &accounts, &place, manifest)?;
    }
    let mut not_ready = Vec::new();
    for (place, mut manifest) in workloads {
        if let Some(nodes) = take_annotation(&mut manifest, NOT_READY_ON) {
            not_ready.push((manifest.clone(), nodes));
        }
        world.load(&place, manifest)?;
    }
    world.kubernetes.expand();
    for (workload, nodes) in not_ready {
        fail_pods(world, &workload, &nodes)?;
    }
    Ok(())
}

/// Namespaces and definitions first, then what pods need, then pods, then workloads
/// (so that pods written out are there before their owners are expanded).
fn rank(manifest: &Value) -> u8 {
    match manifest["kind"].as_str().unwrap_or_default() {
        "CustomResourceDefinition" => 0,
        "Namespace" => 1,
        "MutatingWebhookConfiguration" => 2,
        "ServiceAccount" => 3,
        "Pod" => 10,
        kind if WORKLOADS.contains(&kind) => 11,
        _ => 4,
    }
}

fn annotation<'a>(manifest: &'a Value, key: &str) -> Option<&'a str> {
    manifest["metadata"]["annotations"].get(key)?.as_str()
}

fn take_annotation(manifest: &mut Value, key: &str) -> Option<String> {
    let annotations = manifest.get_mut("metadata")?.get_mut("annotations")?.as_object_mut()?;
    annotations.remove(key)?.as_str().map(str::to_owned)
}

/// Creates the pods of one workload as the webhook would have when `injected-as` was
/// the configuration, then puts today's service account back.
fn stage(world: &World, past: &Past, accounts: &[Value], place: &str, mut manifest: Value) -> Result<(), WorldError> {
    let how = take_annotation(&mut manifest, INJECTED_AS).unwrap_or_default();
    let role = how.strip_prefix("irsa ").map(str::trim);
    if role.is_none() && how != "pod-identity" && how != "none" {
        let what = format!("`{how}` is not `irsa ROLE-ARN`, `pod-identity` or `none` (annotation {INJECTED_AS})");
        return Err(WorldError::new(place, what));
    }
    let today = account_of(accounts, &manifest);
    let mut then = today.clone();
    if let Some(annotations) = then["metadata"]["annotations"].as_object_mut() {
        annotations.remove(ROLE_ARN);
    }
    if let Some(role) = role {
        then["metadata"]["annotations"][ROLE_ARN] = role.into();
    }
    world.load(place, then)?;
    past.stage(Some(how == "pod-identity"));
    let webhooks = unselective_webhook(world)?;
    let loaded = world.load(place, manifest);
    world.kubernetes.expand();
    past.stage(None);
    restore(world, webhooks)?;
    loaded?;
    world.load(place, today)
}

/// Replaces the webhook by one that sees every pod, as those of old clusters did;
/// gives back what was there.
fn unselective_webhook(world: &World) -> Result<Vec<Value>, WorldError> {
    let before = world.kubernetes.snapshot(WEBHOOKS.0, WEBHOOKS.1);
    let mut webhook = super::webhook::object(&world.authority().data());
    webhook["webhooks"][0]["objectSelector"] = json!({});
    world.load("webhook", webhook)?;
    Ok(before)
}

/// Puts the webhooks of before back; where there was none, the staged one goes.
fn restore(world: &World, webhooks: Vec<Value>) -> Result<(), WorldError> {
    let was_there = |one: &Value| one["metadata"]["name"] == super::webhook::NAME;
    if !webhooks.iter().any(was_there) {
        remove_webhook(world).ok_or_else(|| WorldError::new("webhook", "the staged one could not be removed"))?;
    }
    webhooks.into_iter().try_for_each(|webhook| world.load("webhook", webhook))
}

/// Deletes it through the API, which answers at once as long as no fault is set.
fn remove_webhook(world: &World) -> Option<()> {
    let path = format!("/apis/{}/v1/{}/{}", WEBHOOKS.0, WEBHOOKS.1, super::webhook::NAME);
    let request = http::Request::delete(format!("http://kubernetes.default.svc{path}"));
    let request = request.body(full("")).ok()?;
    let answer = world.kubernetes.transport().oneshot(request).now_or_never()?;
    answer.ok()?.status().is_success().then_some(())
}

/// The service account of a workload, from the file or bare.
fn account_of(accounts: &[Value], workload: &Value) -> Value {
    let namespace = workload["metadata"]["namespace"].as_str().unwrap_or("default");
    let name = workload["spec"]["template"]["spec"]["serviceAccountName"].as_str().unwrap_or("default");
    let found = accounts.iter().find(|one| {
        one["metadata"]["name"] == name && one["metadata"]["namespace"].as_str().unwrap_or("default") == namespace
    });
    let bare = || json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name, "namespace": namespace } });
    let mut account = found.cloned().unwrap_or_else(bare);
    if !account["metadata"]["annotations"].is_object() {
        account["metadata"]["annotations"] = json!({});
    }
    account
}

/// Makes the pods of a workload on the named nodes crash instead of being ready.
fn fail_pods(world: &World, workload: &Value, nodes: &str) -> Result<(), WorldError> {
    let nodes: Vec<&str> = nodes.split(',').map(str::trim).collect();
    let wanted = &workload["spec"]["selector"]["matchLabels"];
    let of_workload = |pod: &Value| {
        let labels = &pod["metadata"]["labels"];
        pod["metadata"]["namespace"] == workload["metadata"]["namespace"]
            && wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
    };
    for mut pod in world.kubernetes.snapshot("", "pods") {
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        if of_workload(&pod) && nodes.contains(&node) {
            crash(&mut pod);
            world.load(NOT_READY_ON, pod)?;
        }
    }
    Ok(())
}

fn crash(pod: &mut Value) {
    for condition in pod["status"]["conditions"].as_array_mut().into_iter().flatten() {
        if matches!(condition["type"].as_str(), Some("Ready" | "ContainersReady")) {
            condition["status"] = "False".into();
            condition["reason"] = "ContainersNotReady".into();
        }
    }
    let waiting = json!({ "waiting": {
        "reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container",
    }});
    for container in pod["status"]["containerStatuses"].as_array_mut().into_iter().flatten() {
        container["ready"] = false.into();
        container["started"] = false.into();
        container["restartCount"] = 7.into();
        container["state"] = waiting.clone();
    }
}
