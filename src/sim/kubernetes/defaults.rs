//! Defaults the API server writes into pods and workloads, and the service account
//! token volume of the ServiceAccount admission.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::kind::Kind;
use super::{meta, store};

const TOKEN_MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Completes what was sent or read as every reader of the API does, whoever wrote it. Pods are completed when they
/// are created: little of them can change.
pub fn fill(kind: &Kind, value: &mut Value) {
    let metadata = meta::map(value, &["metadata"]);
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        if matches!(metadata.get(field), Some(empty) if *empty == json!({}) || *empty == json!([])) {
            metadata.remove(field);
        }
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "secrets") => secret(value),
        ("apps", "controllerrevisions") => {}
        ("batch", "cronjobs") => {
            if let Some(template) = value.pointer_mut("/spec/jobTemplate/spec/template") {
                template_of(template);
            }
        }
        ("apps" | "batch", _) => {
            workload(kind, value);
            if let Some(template) = value.pointer_mut("/spec/template") {
                template_of(template);
            }
        }
        _ => {}
    }
}

/// Plain data is only sent, never stored.
fn secret(secret: &mut Value) {
    meta::default(secret, &[], "type", "Opaque");
    let plain = meta::map(secret, &[]).remove("stringData");
    for (key, text) in plain.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        meta::set(secret, &["data"], key, STANDARD.encode(text));
    }
}

fn template_of(template: &mut Value) {
    if !template["spec"].is_object() {
        return;
    }
    let account = template["spec"]["serviceAccountName"].clone();
    let account = if account.is_null() { template["spec"]["serviceAccount"].clone() } else { account };
    if !account.is_null() {
        meta::set(template, &["spec"], "serviceAccountName", account.clone());
        meta::set(template, &["spec"], "serviceAccount", account);
    }
    pod_spec(template);
}

/// What pods and templates of pods have in common.
fn pod_spec(pod: &mut Value) {
    for (key, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("securityContext", json!({})),
    ] {
        meta::default(pod, &["spec"], key, value);
    }
    for_containers(pod, container);
}

/// Completes a pod that admission lets in.
pub fn admitted(pod: &mut Value, account: &str) {
    meta::set(pod, &["spec"], "serviceAccountName", account);
    meta::set(pod, &["spec"], "serviceAccount", account);
    pod_spec(pod);
    for (key, value) in [
        ("enableServiceLinks", json!(true)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
        ("priority", json!(0)),
    ] {
        meta::default(pod, &["spec"], key, value);
    }
    tolerate_short_outages(pod);
    let class = quality(pod);
    meta::set(pod, &[], "status", json!({"phase": "Pending", "qosClass": class}));
}

/// Pods leave a node that has been away for five minutes, unless they say otherwise.
fn tolerate_short_outages(pod: &mut Value) {
    for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerations = meta::list(pod, &["spec"], "tolerations");
        let is_about = |one: &Value| {
            let is_any = one["key"].is_null() && one["operator"] == "Exists";
            (is_any || one["key"] == taint) && (one["effect"].is_null() || one["effect"] == "NoExecute")
        };
        if !tolerations.iter().any(is_about) {
            let toleration =
                json!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
            tolerations.push(toleration);
        }
    }
}

/// Calls a function for every container that is not ephemeral.
pub fn for_containers(pod: &mut Value, mut act: impl FnMut(&mut Value)) {
    for list in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        containers.into_iter().flatten().for_each(&mut act);
    }
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let is_latest = image.ends_with(":latest") || !image.rsplit('/').next().unwrap_or_default().contains([':', '@']);
    let policy = if is_latest { "Always" } else { "IfNotPresent" };
    for (key, value) in [
        ("imagePullPolicy", json!(policy)),
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
    ] {
        meta::default(container, &[], key, value);
    }
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        meta::default(port, &[], "protocol", "TCP");
    }
}

/// BestEffort without any resources, Guaranteed if limits equal requests everywhere.
fn quality(pod: &Value) -> &'static str {
    let containers = || meta::items(&pod["spec"]["containers"]);
    let has_any = |c: &Value| !c["resources"]["requests"].is_null() || !c["resources"]["limits"].is_null();
    let is_exact = |c: &Value| {
        let (requests, limits) = (&c["resources"]["requests"], &c["resources"]["limits"]);
        ["cpu", "memory"].iter().all(|r| !limits[r].is_null() && (requests[r].is_null() || requests[r] == limits[r]))
    };
    match () {
        () if !containers().any(has_any) => "BestEffort",
        () if containers().all(is_exact) => "Guaranteed",
        () => "Burstable",
    }
}

/// Mounts the service account's token for the Kubernetes API, unless pod or account opt out.
pub fn token_volume(pod: &mut Value, account: &Value, seed: u64) {
    let wanted = match &pod["spec"]["automountServiceAccountToken"] {
        Value::Null => account["automountServiceAccountToken"] != false,
        own => *own != false,
    };
    if !wanted {
        return;
    }
    let volume = format!("kube-api-access-{}", store::suffix(seed));
    let mut is_used = false;
    for_containers(pod, |container| {
        let mounts = meta::list(container, &[], "volumeMounts");
        if !mounts.iter().any(|m| m["mountPath"] == TOKEN_MOUNT) {
            mounts.push(json!({"name": volume, "readOnly": true, "mountPath": TOKEN_MOUNT}));
            is_used = true;
        }
    });
    if is_used {
        meta::list(pod, &["spec"], "volumes").push(api_access(&volume));
    }
}

fn api_access(name: &str) -> Value {
    json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}})
}

fn workload(kind: &Kind, value: &mut Value) {
    match kind.plural.as_str() {
        "deployments" => {
            let rolling =
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
            meta::default(value, &["spec"], "replicas", 1);
            meta::default(value, &["spec"], "strategy", rolling);
            meta::default(value, &["spec"], "revisionHistoryLimit", 10);
            meta::default(value, &["spec"], "progressDeadlineSeconds", 600);
        }
        "replicasets" => meta::default(value, &["spec"], "replicas", 1),
        "statefulsets" => {
            meta::default(value, &["spec"], "replicas", 1);
            meta::default(value, &["spec"], "podManagementPolicy", "OrderedReady");
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
            meta::default(value, &["spec"], "updateStrategy", rolling);
        }
        "daemonsets" => {
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
            meta::default(value, &["spec"], "updateStrategy", rolling);
        }
        "jobs" => {
            for (key, number) in [("completions", 1), ("parallelism", 1), ("backoffLimit", 6)] {
                meta::default(value, &["spec"], key, number);
            }
        }
        _ => {}
    }
}
