//! Pods that come and go during a migration: each one that starts is recorded with what was injected, and judged
//! at that moment.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use http_body_util::BodyExt;
use rolecall::{
    domain::trust::{Cluster, Document, Request, Role, Verdict, verdict},
    sim::world::World,
    wire::{Body, full},
};
use serde_json::Value;
use tower::ServiceExt;

/// What was seen of the pods that started.
pub struct Started(Arc<Mutex<Vec<Result<String, String>>>>);

impl Started {
    /// Watches the pods of a world from now on.
    pub fn watch(world: &Arc<World>) -> Self {
        let (seen, world) = (Arc::<Mutex<Vec<_>>>::default(), Arc::clone(world));
        let known: BTreeSet<String> = uids(&world);
        let record = Arc::clone(&seen);
        tokio::spawn(async move {
            let path = "http://kubernetes.default.svc/api/v1/pods?watch=true&timeoutSeconds=86400";
            let request = http::Request::get(path).header("accept", "application/json").body(full("")).unwrap();
            let mut body = send(&world, request).await.into_body();
            let mut text = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                text.extend_from_slice(&frame.into_data().unwrap_or_default());
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = text.drain(..=end).collect();
                    let event: Value = serde_json::from_slice(&line).unwrap();
                    let pod = &event["object"];
                    if event["type"] == "ADDED" && !known.contains(pod["metadata"]["uid"].as_str().unwrap()) {
                        record.lock().unwrap().push(judge(&world, pod));
                    }
                }
            }
        });
        Self(seen)
    }

    /// None of them started without one that works; at least so many were there.
    pub fn every_pod_had_an_identity(&self, least: usize) {
        let seen = self.0.lock().unwrap();
        let wrong: Vec<&String> = seen.iter().filter_map(|one| one.as_ref().err()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(seen.len() >= least, "{} pods", seen.len());
    }
}

fn send(world: &World, request: http::Request<Body>) -> BoxFuture<'static, http::Response<Body>> {
    let answer = world.kubernetes_transport().oneshot(request);
    answer.map(Result::unwrap).boxed()
}

fn uids(world: &World) -> BTreeSet<String> {
    let pods = world.kubernetes.snapshot("", "pods");
    pods.iter().map(|pod| pod["metadata"]["uid"].as_str().unwrap().to_owned()).collect()
}

fn variable<'p>(pod: &'p Value, name: &str) -> Option<&'p str> {
    let variables = pod["spec"]["containers"][0]["env"].as_array()?;
    variables.iter().find(|one| one["name"] == name)?["value"].as_str()
}

fn identity(pod: &Value) -> String {
    if variable(pod, "AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() {
        return "pod-identity".to_owned();
    }
    variable(pod, "AWS_ROLE_ARN").map_or("none".to_owned(), |role| format!("irsa {role}"))
}

/// Whether a pod that starts now gets credentials with what was injected.
fn judge(world: &World, pod: &Value) -> Result<String, String> {
    let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
    let (namespace, name, found) = (text("namespace"), text("name"), identity(pod));
    let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default();
    let wrong = |why: &str| Err(format!("{namespace}/{name} started with {found}: {why}"));
    let role = match found.strip_prefix("irsa ") {
        Some(role) => Some(role.to_owned()),
        None => world.aws.with(|state| {
            let mut all = state.associations.values().filter_map(|one| one.latest());
            let ours = all.find(|one| one.namespace == namespace && one.service_account == account);
            ours.map(|one| one.role_arn.clone())
        }),
    };
    let (Some(role), true) = (role, found != "none") else { return wrong("no credentials come of that") };
    let now = world.clock.now();
    let (trust, issuer) = world.aws.with(|state| {
        let trust = state.seen_role_by_arn(&role, now).map(|role| role.trust.clone()).unwrap_or_default();
        (trust, state.cluster.issuer.clone())
    });
    let cluster = Cluster::new(&world.cluster_name(), &world.cluster_arn(), &issuer);
    let request = match found.as_str() {
        "pod-identity" => Request::pod_identity(Role::new(&role), cluster, &namespace, account, now),
        _ => Request::irsa(Role::new(&role), cluster, &namespace, account, now),
    };
    let admitted = Document::parse(&trust).is_ok_and(|document| verdict(&document, &request) == Verdict::Allow);
    if admitted { Ok(found) } else { wrong(&format!("{role} does not admit it")) }
}

/// What the pods of the applications carry.
pub fn identities(world: &World) -> BTreeSet<String> {
    let pods = world.kubernetes.snapshot("", "pods");
    let of_applications = pods.iter().filter(|pod| pod["metadata"]["namespace"] != "kube-system");
    of_applications.map(identity).collect()
}

/// Somebody deletes a pod every few seconds, so that its owner makes another one at that moment.
pub async fn churn(world: Arc<World>) {
    for turn in 0_usize.. {
        tokio::time::sleep(Duration::from_secs(7)).await;
        let pods = world.kubernetes.snapshot("", "pods");
        let pods: Vec<&Value> = pods.iter().filter(|pod| pod["metadata"]["namespace"] != "kube-system").collect();
        let pod = &pods[turn * 17 % pods.len()]["metadata"];
        let path =
            format!("/api/v1/namespaces/{}/pods/{}", pod["namespace"].as_str().unwrap(), pod["name"].as_str().unwrap());
        let request = http::Request::delete(format!("http://kubernetes.default.svc{path}")).body(full("")).unwrap();
        send(&world, request).await;
    }
}
