//! Two parties that do not know of each other: what the domain predicts as `next` of every container, and what
//! the simulator's webhook, written from the references a second time, injects when the pods are recreated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{Method, Request};
use rolecall::{
    domain::{identity::Identity, inventory::Inventory, workload::ContainerKind},
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

/// The pod template of a kind: metadata and spec.
fn template(kind: &str, account: &str, labels: &Value) -> Value {
    let token = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
    let variables: &[(&str, &str)] = match kind {
        "role-arn-only" => &[("AWS_ROLE_ARN", OTHER)],
        "token-only" => &[("AWS_WEB_IDENTITY_TOKEN_FILE", token)],
        "uri-only" => &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")],
        // A pair with exactly the injected values cannot be told from an injected one without the template (0.2).
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
fn world(family: &str) -> Arc<World> {
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
    add("payments", &TEMPLATES);
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

async fn agree(family: &str) {
    let world = world(family);
    let before = look(&world).await;
    let predicted = answers(&before, |answer| &answer.next);
    assert!(before.pods().len() >= 100, "{} pods", before.pods().len());
    recreate(&world).await;
    let after = look(&world).await;
    let injected = answers(&after, |answer| &answer.now);
    assert_eq!(predicted.keys().collect::<Vec<_>>(), injected.keys().collect::<Vec<_>>());
    let differs = |(key, next): (&String, &Arc<Identity>)| {
        let now = &injected[key];
        let say = |identity: &Identity| format!("{} {:?}", identity.mechanism.word(), identity.role_arn);
        (!next.is_same(now)).then(|| format!("{key}: predicted {}, was {}", say(next), say(now)))
    };
    let wrong: Vec<String> = predicted.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{} of {} containers differ\n{}", wrong.len(), predicted.len(), wrong.join("\n"));
    let mechanisms: std::collections::BTreeSet<_> =
        predicted.values().map(|identity| identity.mechanism.word()).collect();
    assert!(mechanisms.len() >= 6, "every kind is there: {mechanisms:?}");
}

#[tokio::test(start_paused = true)]
async fn what_next_predicts_is_what_the_webhook_injects() {
    agree("ipv4").await;
}

#[tokio::test(start_paused = true)]
async fn what_next_predicts_is_what_the_webhook_injects_in_an_ipv6_cluster() {
    agree("ipv6").await;
}
