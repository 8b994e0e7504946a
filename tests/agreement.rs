//! Two parties that do not know of each other: what the domain predicts as `next` of every container, and what
//! the simulator's webhook, written from the references a second time, injects when the pods are recreated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{Method, Request};
use rolecall::{
    domain::{identity::Identity, inventory::Inventory, service_account::DeclarationKeys, workload::ContainerKind},
    runtime::{clock::Clock, outside::Outside, survey},
    sim::world::World,
    wire::full,
};
use serde_json::{Value, json};
use tower::ServiceExt;

#[path = "support/look.rs"]
mod look;
use look::look;

const ROLE: &str = "arn:aws:iam::111122223333:role/payments";
const OTHER: &str = "arn:aws:iam::111122223333:role/before";

/// How a service account is configured today.
const ACCOUNTS: [&str; 5] = ["bare", "annotated", "associated", "both", "audience"];
/// What the webhook did when the pods were made.
const PASTS: [&str; 4] = ["today", "none", "pod-identity", "irsa"];
/// What stands in a template that only the template itself tells from what was injected (0.2).
const EXACT: [&str; 2] = ["exactly-irsa", "exactly-pod-identity"];
/// What stands in the template.
const TEMPLATES: [&str; 16] = [
    "plain",
    "two",
    "role-arn-only",
    "token-only",
    "uri-only",
    "pair",
    "keys",
    "key-only",
    "profile",
    "aws-mount",
    "region-and-sts",
    "skip-label",
    "skip-container",
    "sidecar",
    "host",
    "imds-off",
];

fn variable(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn container(name: &str, variables: &[(&str, &str)]) -> Value {
    let env: Vec<Value> = variables.iter().map(|(name, value)| variable(name, value)).collect();
    json!({ "name": name, "image": "acme/app:1", "env": env })
}

/// A projected token, mounted where the webhook mounts it.
fn mount(pod: &mut Value, name: &str, path: &str, audience: &str, folder: &str) {
    let token = json!({ "serviceAccountToken": { "audience": audience, "expirationSeconds": 86400, "path": path } });
    pod["spec"]["volumes"] = json!([{ "name": name, "projected": { "sources": [token] } }]);
    let place = format!("/var/run/secrets/{folder}/serviceaccount");
    pod["spec"]["containers"][0]["volumeMounts"] = json!([{ "name": name, "mountPath": place, "readOnly": true }]);
}

/// The pod template of a kind: metadata and spec.
fn template(kind: &str, account: &str, labels: &Value) -> Value {
    let token = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
    let variables: &[(&str, &str)] = match kind {
        "role-arn-only" => &[("AWS_ROLE_ARN", OTHER)],
        "token-only" => &[("AWS_WEB_IDENTITY_TOKEN_FILE", token)],
        "uri-only" => &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")],
        "exactly-irsa" => &[("AWS_ROLE_ARN", OTHER), ("AWS_WEB_IDENTITY_TOKEN_FILE", token)],
        "exactly-pod-identity" => &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
            ),
        ],
        "pair" => &[("AWS_ROLE_ARN", OTHER), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/tokens/token")],
        "keys" => &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "none")],
        "key-only" => &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")],
        "profile" => &[("AWS_PROFILE", "reporting")],
        "region-and-sts" => &[("AWS_REGION", "us-east-1"), ("AWS_STS_REGIONAL_ENDPOINTS", "legacy")],
        "imds-off" => &[("AWS_EC2_METADATA_DISABLED", "true")],
        _ => &[],
    };
    let mut pod = json!({
        "metadata": { "labels": labels },
        "spec": { "serviceAccountName": account, "containers": [container("app", variables)] },
    });
    match kind {
        "two" => {
            pod["spec"]["containers"] = json!([container("app", &[]), container("log", &[("AWS_ROLE_ARN", OTHER)])])
        }
        "exactly-irsa" => mount(&mut pod, "aws-iam-token", "token", "sts.amazonaws.com", "eks.amazonaws.com"),
        "exactly-pod-identity" => {
            let name = "eks-pod-identity-token";
            mount(&mut pod, name, name, "pods.eks.amazonaws.com", "pods.eks.amazonaws.com");
        }
        "aws-mount" => {
            pod["spec"]["volumes"] = json!([{ "name": "aws", "emptyDir": {} }]);
            pod["spec"]["containers"][0]["volumeMounts"] = json!([{ "name": "aws", "mountPath": "/root/.aws" }]);
        }
        "skip-label" => pod["metadata"]["labels"]["eks.amazonaws.com/skip-pod-identity-webhook"] = "true".into(),
        "skip-container" => {
            pod["metadata"]["annotations"] = json!({ "eks.amazonaws.com/skip-containers": "log" });
            pod["spec"]["containers"] = json!([container("app", &[]), container("log", &[])]);
        }
        "sidecar" => {
            let mut sidecar = container("proxy", &[]);
            sidecar["restartPolicy"] = "Always".into();
            pod["spec"]["initContainers"] = json!([container("migrate", &[]), sidecar]);
        }
        "host" => pod["spec"]["hostNetwork"] = true.into(),
        "windows" => pod["spec"]["nodeSelector"] = json!({ "kubernetes.io/os": "windows" }),
        _ => {}
    }
    pod
}

fn workload(namespace: &str, name: &str, account: &str, past: &str, kind: &str) -> Value {
    let labels = json!({ "app": name });
    let mut annotations = json!({ "sim.rolecall/pods-created": "2026-10-01T09:00:00Z" });
    match past {
        "today" => {}
        "irsa" => annotations["sim.rolecall/injected-as"] = format!("irsa {OTHER}").into(),
        other => annotations["sim.rolecall/injected-as"] = other.into(),
    }
    json!({
        "apiVersion": "apps/v1", "kind": if kind == "plain" { "StatefulSet" } else { "Deployment" },
        "metadata": { "name": name, "namespace": namespace, "annotations": annotations },
        "spec": { "replicas": 1, "serviceName": name, "selector": { "matchLabels": { "app": name } },
            "template": template(kind, account, &labels) },
    })
}

fn account(namespace: &str, name: &str) -> Value {
    let mut annotations = json!({});
    if matches!(name, "annotated" | "both" | "audience") {
        annotations["eks.amazonaws.com/role-arn"] = ROLE.into();
    }
    if name == "audience" {
        annotations["eks.amazonaws.com/audience"] = "vault".into();
    }
    let metadata = json!({ "name": name, "namespace": namespace, "annotations": annotations });
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata })
}

fn node(name: &str, id: &str, os: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": name, "labels": { "eks.amazonaws.com/nodegroup": "workers", "kubernetes.io/os": os, "kubernetes.io/arch": "amd64" } },
        "spec": { "providerID": format!("aws:///eu-west-1a/{id}") },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
    })
}

fn aws(family: &str) -> Value {
    let associated = |namespace: &str| {
        ["associated", "both"]
            .map(|account| json!({ "namespace": namespace, "serviceAccount": account, "role": "payments" }))
    };
    let associations: Vec<Value> =
        ["payments", "fargate", "windows"].iter().flat_map(|name| associated(name)).collect();
    json!({ "aws": {
        "account": "111122223333", "region": "eu-west-1", "now": "2026-11-23T09:00:00Z",
        "cluster": { "name": "acme", "version": "1.33", "platformVersion": "eks.12", "ipFamily": family },
        "providers": [{}],
        "roles": [
            { "name": "node", "trusts": ["ec2.amazonaws.com"], "attached": ["AmazonEKSWorkerNodePolicy"] },
            { "name": "payments", "trusts": ["pod-identity", "irsa payments/annotated payments/both"] },
            { "name": "before", "trusts": ["pod-identity", "irsa payments/annotated"] },
            { "name": "fargate", "trusts": ["eks-fargate-pods.amazonaws.com"] },
        ],
        "instanceProfiles": [{ "name": "node", "role": "node" }],
        "nodegroups": [{ "name": "workers", "role": "node", "size": 2 }],
        "instances": [
            { "id": "i-0a1b2c3d4e5f60711", "node": "n1", "profile": "node", "tokens": "required", "hopLimit": 2 },
            { "id": "i-0a1b2c3d4e5f60722", "node": "n2", "profile": "node", "tokens": "required", "hopLimit": 1 },
        ],
        "fargateProfiles": [{ "name": "serverless", "role": "fargate", "selectors": [{ "namespace": "fargate" }] }],
        "addons": [{ "name": "eks-pod-identity-agent" }],
        "associations": associations,
    } })
}

/// Every account with every past and every template, and some of them on Fargate and Windows.
fn world(family: &str, kinds: &[&str]) -> Arc<World> {
    let mut documents = vec![aws(family)];
    documents.push(node("n1", "i-0a1b2c3d4e5f60711", "linux"));
    documents.push(node("n2", "i-0a1b2c3d4e5f60722", "windows"));
    let mut add = |namespace: &str, kinds: &[&str]| {
        for name in ACCOUNTS {
            documents.push(account(namespace, name));
            for past in PASTS {
                for kind in kinds {
                    let title = format!("{name}-{past}-{kind}");
                    documents.push(workload(namespace, &title, name, past, kind));
                }
            }
        }
    };
    add("payments", kinds);
    add("fargate", &["plain"]);
    add("windows", &["windows"]);
    let text: Vec<String> = documents.iter().map(Value::to_string).collect();
    World::from_yaml(&text.join("\n---\n"), "2026-11-23T09:00:00Z".parse().unwrap()).unwrap()
}

type Answers = BTreeMap<String, Arc<Identity>>;

/// The answers of the containers that a new pod has too, by workload and container.
fn answers(
    inventory: &Inventory,
    pick: impl Fn(&rolecall::domain::identity::ContainerIdentity) -> &Arc<Identity>,
) -> Answers {
    let mut found = Answers::new();
    for row in inventory.pods().into_iter().filter(|row| row.id.namespace.as_str() != "kube-system") {
        let pod = inventory.pod(&row.id).unwrap();
        for (container, answer) in pod.spec.containers.iter().zip(&row.resolution.containers) {
            if container.kind != ContainerKind::Ephemeral {
                let key = format!("{}/{} {}", row.id.namespace, row.workload.name, container.name);
                found.insert(key, Arc::clone(pick(answer)));
            }
        }
    }
    found
}

fn workload_pods(world: &World) -> Vec<Value> {
    let pods = world.kubernetes.snapshot("", "pods");
    pods.into_iter().filter(|pod| pod["metadata"]["namespace"] != "kube-system").collect()
}

/// Deletes every pod and waits for its successor.
async fn recreate(world: &Arc<World>) {
    let old: Vec<Value> = workload_pods(world);
    let uids: Vec<&Value> = old.iter().map(|pod| &pod["metadata"]["uid"]).collect();
    let controllers = tokio::spawn(world.controllers());
    tokio::time::sleep(Duration::from_secs(1)).await;
    for pod in &old {
        let (namespace, name) =
            (pod["metadata"]["namespace"].as_str().unwrap(), pod["metadata"]["name"].as_str().unwrap());
        let url =
            format!("http://kubernetes.default.svc/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0");
        let request = Request::builder().method(Method::DELETE).uri(url).body(full("")).unwrap();
        let answer = world.kubernetes_transport().oneshot(request).await.unwrap();
        assert!(answer.status().is_success(), "{namespace}/{name}: {}", answer.status());
    }
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let pods = workload_pods(world);
        let is_new = |pod: &Value| !uids.contains(&&pod["metadata"]["uid"]) && pod["spec"]["nodeName"].is_string();
        if pods.len() == old.len() && pods.iter().all(is_new) {
            controllers.abort();
            return;
        }
    }
    panic!("not every pod came back: {} of {}", workload_pods(world).len(), old.len());
}

/// One look at everything, the templates of all workloads included.
async fn look_at_templates(world: &Arc<World>) -> Inventory {
    let outside = Outside::Simulated(Arc::clone(world), DeclarationKeys::default());
    let all = |inventory: &Inventory| inventory.workload_ids().cloned().collect();
    let clock = Clock::tokio(world.clock.now());
    survey::survey_with(&outside, Duration::from_secs(3600), clock, &all).await.unwrap().inventory
}

async fn agree(family: &str) {
    let world = world(family, &TEMPLATES);
    let before = look(&world).await;
    assert!(before.pods().len() >= 100, "{} pods", before.pods().len());
    let after = recreated(&world, &before).await;
    compare(&before, &after);
    let all = answers(&before, |answer| &answer.next);
    let mechanisms: std::collections::BTreeSet<_> = all.values().map(|identity| identity.mechanism.word()).collect();
    assert!(mechanisms.len() >= 6, "every kind is there: {mechanisms:?}");
}

/// Recreates all pods and looks again.
async fn recreated(world: &Arc<World>, before: &Inventory) -> Inventory {
    assert!(before.pods().len() >= 40, "{} pods", before.pods().len());
    recreate(world).await;
    look(world).await
}

fn compare(before: &Inventory, after: &Inventory) {
    let wrong = differences(before, after);
    assert!(wrong.is_empty(), "{} containers differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Where what was predicted is not what was injected then.
fn differences(before: &Inventory, after: &Inventory) -> Vec<String> {
    let predicted = answers(before, |answer| &answer.next);
    let injected = answers(after, |answer| &answer.now);
    assert_eq!(predicted.keys().collect::<Vec<_>>(), injected.keys().collect::<Vec<_>>());
    let differs = |(key, next): (&String, &Arc<Identity>)| {
        let now = &injected[key];
        let say = |identity: &Identity| format!("{} {:?}", identity.mechanism.word(), identity.role_arn);
        (!next.is_same(now)).then(|| format!("{key}: predicted {}, was {}", say(next), say(now)))
    };
    predicted.iter().filter_map(differs).collect()
}

#[tokio::test(start_paused = true)]
async fn what_next_predicts_is_what_the_webhook_injects() {
    agree("ipv4").await;
}

#[tokio::test(start_paused = true)]
async fn what_next_predicts_is_what_the_webhook_injects_in_an_ipv6_cluster() {
    agree("ipv6").await;
}

#[tokio::test(start_paused = true)]
async fn what_looks_injected_and_is_the_templates_own_is_predicted_once_the_template_is_read() {
    let world = world("ipv4", &EXACT);
    let (shallow, deep) = (look(&world).await, look_at_templates(&world).await);
    let after = recreated(&world, &shallow).await;
    compare(&deep, &after);
    let guessed = differences(&shallow, &after);
    assert!(guessed.iter().any(|one| one.contains("exactly-irsa")), "the pods alone cannot tell: {guessed:?}");
    assert!(guessed.iter().any(|one| one.contains("exactly-pod-identity")), "the pods alone cannot tell: {guessed:?}");
}

#[tokio::test(start_paused = true)]
async fn with_the_templates_read_what_next_predicts_is_what_the_webhook_injects() {
    let world = world("ipv4", &["plain", "two", "pair", "keys", "skip-label", "sidecar"]);
    let before = look_at_templates(&world).await;
    let after = recreated(&world, &before).await;
    compare(&before, &after);
}
