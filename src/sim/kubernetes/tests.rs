//! Tests of the simulated API server, through its transport as a client sees it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Api, ClusterFacts, PodIdentityEntries};
use crate::sim::clock::Clock;
use crate::sim::fault::Faults;
use crate::wire;

mod applies;
mod controllers;
mod evictions;
mod expansion;
mod lists;
mod patches;
mod refusals;
mod reviews;
mod selectors;
mod tables;
mod tokens;
mod watches;
mod webhook;
mod writes;

/// Service accounts the webhook has a Pod Identity entry for.
#[derive(Default)]
struct Entries(Mutex<BTreeSet<(String, String)>>);

impl PodIdentityEntries for Entries {
    fn has_entry(&self, namespace: &str, service_account: &str) -> bool {
        self.0.lock().unwrap().contains(&(namespace.to_owned(), service_account.to_owned()))
    }
}

/// A cluster and what it was made of.
struct World {
    api: Api,
    clock: Clock,
    faults: Faults,
    entries: Arc<Entries>,
}

impl World {
    fn new() -> Self {
        Self::of(false)
    }

    fn of(ipv6: bool) -> Self {
        let (clock, faults, entries) = (Clock::default(), Faults::new(1), Arc::new(Entries::default()));
        let facts = ClusterFacts { region: "eu-west-1".into(), ipv6, version: "1.34".into() };
        let api = Api::new(clock.clone(), faults.clone(), facts, Arc::<Entries>::clone(&entries));
        Self { api, clock, faults, entries }
    }

    fn associate(&self, namespace: &str, account: &str) {
        self.entries.0.lock().unwrap().insert((namespace.into(), account.into()));
    }

    fn load(&self, manifest: Value) {
        self.api.load(manifest).unwrap();
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> http::Response<wire::Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.api.transport().oneshot(request.body(wire::full(body)).unwrap()).await.unwrap()
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let headers = [("content-type", "application/json")];
        read(self.send(method, path, &headers, body.to_string()).await).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::GET, path, &[], "").await).await
    }

    async fn get_as(&self, path: &str, accept: &str) -> (u16, Value) {
        read(self.send(Method::GET, path, &[("accept", accept)], "").await).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, body).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::DELETE, path, &[], "").await).await
    }

    async fn patch(&self, path: &str, kind: &str, body: &Value) -> (u16, Value) {
        let content = format!("application/{kind}");
        read(self.send(Method::PATCH, path, &[("content-type", &content)], body.to_string()).await).await
    }

    /// Creates a pod in `default` and answers with what was stored.
    async fn create_pod(&self, pod: &Value) -> Value {
        let (code, created) = self.post("/api/v1/namespaces/default/pods", pod).await;
        assert_eq!(code, 201, "{created}");
        created
    }

    /// Lets the controllers work for a while of (paused) time.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_secs(20)).await;
    }

    fn names(&self, group: &str, resource: &str) -> Vec<String> {
        let objects = self.api.snapshot(group, resource);
        objects.iter().map(|o| o["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }
}

async fn read(response: http::Response<wire::Body>) -> (u16, Value) {
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes))))
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}})
}

fn node(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.1.10"}]}})
}

fn account(name: &str, annotations: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations}})
}

fn deployment(name: &str, replicas: i64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "nginx:1"}]}}}})
}

fn webhook() -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "pod-identity-webhook"},
        "webhooks": [{"name": "iam-for-pods.amazonaws.com", "failurePolicy": "Ignore",
            "objectSelector": {"matchExpressions": [
                {"key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist"}]},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]}]})
}
