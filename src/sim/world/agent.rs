//! The Pod Identity agent as the add-on installs it: a DaemonSet in `kube-system`
//! with a pod on every node but Fargate, hybrid and Auto Mode ones.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::sim::aws::Account;
use crate::sim::kubernetes::Api;
use crate::wire::{Body, full};

use super::{World, WorldError};

/// The add-on's and the DaemonSet's name.
pub const ADDON: &str = "eks-pod-identity-agent";
const ATTEMPTS: usize = 10;
const ACCOUNT: &str = "/api/v1/namespaces/kube-system/serviceaccounts/eks-pod-identity-agent";
const DAEMON_SET: &str = "/apis/apps/v1/namespaces/kube-system/daemonsets/eks-pod-identity-agent";

/// Installs the agent of a file that has the add-on but no DaemonSet.
pub fn adopt(world: &World) -> Result<(), WorldError> {
    let version = world.aws.with(|state| state.addons.get(ADDON).map(|addon| addon.version.clone()));
    let Some(version) = version.filter(|_| !is_installed(&world.kubernetes)) else {
        return Ok(());
    };
    let (cluster, region) = (world.cluster_name(), world.region());
    world.load(ADDON, service_account())?;
    world.load(ADDON, daemon_set(&cluster, &region, &version))?;
    world.kubernetes.expand();
    Ok(())
}

fn is_installed(kubernetes: &Api) -> bool {
    let all = kubernetes.snapshot("apps", "daemonsets");
    all.iter().any(|one| one["metadata"]["name"] == ADDON && one["metadata"]["namespace"] == "kube-system")
}

/// Installs or changes the agent through the API, so that the controllers see it.
pub async fn install(kubernetes: &Api, aws: &Account, version: &str) {
    let (cluster, region) = aws.with(|state| (state.cluster.name.clone(), state.region.clone()));
    send(kubernetes, Method::PATCH, ACCOUNT, &service_account()).await;
    send(kubernetes, Method::PATCH, DAEMON_SET, &daemon_set(&cluster, &region, version)).await;
}

/// Removes the agent; its pods follow their owner.
pub async fn remove(kubernetes: &Api) {
    send(kubernetes, Method::DELETE, DAEMON_SET, &Value::Null).await;
    send(kubernetes, Method::DELETE, ACCOUNT, &Value::Null).await;
}

/// Sends until the server takes it; what is gone or refused for good is left.
async fn send(kubernetes: &Api, method: Method, path: &str, body: &Value) {
    for _ in 0..ATTEMPTS {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(&method)
            .uri(format!("http://kubernetes.default.svc{path}?fieldManager=eks&force=true"))
            .header("content-type", "application/apply-patch+yaml")
            .body(full(text));
        let Ok(request) = request else {
            return;
        };
        match status(kubernetes, request).await {
            Some(status) if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                return;
            }
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

/// The status of an answer, if there is one.
fn status(kubernetes: &Api, request: Request<Body>) -> BoxFuture<'static, Option<StatusCode>> {
    let answer = kubernetes.transport().oneshot(request);
    answer.map(|answer| answer.ok().map(|answer| answer.status())).boxed()
}

fn service_account() -> Value {
    let labels = json!({ "app.kubernetes.io/instance": ADDON, "app.kubernetes.io/name": ADDON });
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": ADDON, "namespace": "kube-system", "labels": labels },
    })
}

fn daemon_set(cluster: &str, region: &str, version: &str) -> Value {
    let labels = json!({
        "app": ADDON, "app.kubernetes.io/instance": ADDON, "app.kubernetes.io/name": ADDON,
        "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/version": version,
    });
    let selector = json!({ "app.kubernetes.io/instance": ADDON, "app.kubernetes.io/name": ADDON });
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": { "name": ADDON, "namespace": "kube-system", "labels": labels },
        "spec": {
            "selector": { "matchLabels": selector },
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "10%" } },
            "template": { "metadata": { "labels": selector }, "spec": pod_spec(cluster, region, version) },
        },
    })
}

fn pod_spec(cluster: &str, region: &str, version: &str) -> Value {
    let image = format!("602401143452.dkr.ecr.{region}.amazonaws.com/eks/{ADDON}:{version}");
    json!({
        "serviceAccountName": ADDON,
        "hostNetwork": true,
        "priorityClassName": "system-node-critical",
        "tolerations": [{ "operator": "Exists" }],
        "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [{
            "matchExpressions": [
                { "key": "kubernetes.io/os", "operator": "In", "values": ["linux"] },
                { "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"] },
                { "key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate", "hybrid", "auto"] },
            ],
        }]}}},
        "initContainers": [{
            "name": "eks-pod-identity-agent-init", "image": image,
            "command": ["/go-runner", "/eks-pod-identity-agent", "initialize"],
            "securityContext": { "privileged": true },
        }],
        "containers": [{
            "name": ADDON, "image": image,
            "command": ["/go-runner", "/eks-pod-identity-agent", "server"],
            "args": ["--port", "80", "--cluster-name", cluster, "--probe-port", "2703"],
            "env": [{ "name": "AWS_REGION", "value": region }],
            "ports": [{ "containerPort": 80, "name": "proxy" }, { "containerPort": 2703, "name": "probes-port" }],
            "securityContext": { "capabilities": { "add": ["CAP_NET_BIND_SERVICE"] } },
        }],
    })
}
