use jiff::Timestamp;
use serde_json::Value;

use super::World;

mod demo;

const FOUNDATION: &str = "
aws:
  now: 2026-11-23T09:00:00Z
  account: '111122223333'
  region: eu-west-1
  cluster: { name: acme }
  roles:
  - { name: cart, trusts: [pod-identity] }
  - name: text
    trust: '{ \"Version\": \"2012-10-17\", \"Statement\": [] }'
  associations:
  - { namespace: shop, serviceAccount: cart, role: cart, createdAt: 2026-11-22T09:00:00Z }
---
apiVersion: v1
kind: Node
metadata: { name: node-1, labels: { kubernetes.io/os: linux, kubernetes.io/arch: amd64 } }
spec: { providerID: 'aws:///eu-west-1a/i-0123456789abcdef0' }
---
apiVersion: v1
kind: List
items:
- { apiVersion: v1, kind: Namespace, metadata: { name: shop } }
- { apiVersion: v1, kind: ServiceAccount, metadata: { name: cart, namespace: shop } }
- { apiVersion: v1, kind: ServiceAccount, metadata: { name: old, namespace: shop } }
";

fn now() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

fn refused(text: &str) -> String {
    World::from_yaml(text, now()).unwrap_err().to_string()
}

fn deployment(name: &str, account: &str, annotations: &str) -> String {
    format!(
        "
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: {name}, namespace: shop, annotations: {{ {annotations} }} }}
spec:
  replicas: 2
  selector: {{ matchLabels: {{ app: {name} }} }}
  template:
    metadata: {{ labels: {{ app: {name} }} }}
    spec:
      serviceAccountName: {account}
      containers: [{{ name: app, image: 'app:1' }}]
"
    )
}

fn pods(world: &World, app: &str) -> Vec<Value> {
    let all = world.kubernetes.snapshot("", "pods");
    all.into_iter().filter(|pod| pod["metadata"]["labels"]["app"] == app).collect()
}

fn variables(pod: &Value) -> Vec<String> {
    let env = pod["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
    env.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pods_are_created_through_the_webhook_with_todays_configuration() {
    let text =
        format!("{FOUNDATION}{}", deployment("cart", "cart", "sim.rolecall/pods-created: '2026-11-23T08:00:00Z'"));
    let world = World::from_yaml(&text, now()).unwrap();
    let pods = pods(&world, "cart");
    assert_eq!(pods.len(), 2);
    assert!(variables(&pods[0]).contains(&"AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned()));
    assert_eq!(pods[0]["metadata"]["creationTimestamp"], "2026-12-31T23:00:00Z");
    assert!(!pods[0].to_string().contains("sim.rolecall"));
}

#[tokio::test]
async fn a_past_is_staged_and_leaves_no_trace_in_the_service_account() {
    let role = "arn:aws:iam::111122223333:role/gone";
    let text = format!(
        "{FOUNDATION}{}{}{}",
        deployment("one", "old", &format!("sim.rolecall/injected-as: 'irsa {role}'")),
        deployment("two", "old", "sim.rolecall/injected-as: pod-identity"),
        deployment("three", "cart", "sim.rolecall/injected-as: none"),
    );
    let world = World::from_yaml(&text, now()).unwrap();
    let env = pods(&world, "one")[0]["spec"]["containers"][0]["env"].clone();
    assert!(env.as_array().unwrap().iter().any(|one| one["name"] == "AWS_ROLE_ARN" && one["value"] == role));
    assert!(variables(&pods(&world, "two")[1]).contains(&"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".to_owned()));
    assert!(!variables(&pods(&world, "three")[0]).iter().any(|name| name.starts_with("AWS_CONTAINER")));
    let accounts = world.kubernetes.snapshot("", "serviceaccounts");
    let old = accounts.iter().find(|one| one["metadata"]["name"] == "old").unwrap();
    assert!(!old.to_string().contains("role-arn"));
}

#[tokio::test]
async fn a_past_can_be_staged_in_a_cluster_that_lost_its_webhook() {
    let foundation = FOUNDATION.replace("cluster: { name: acme }", "cluster: { name: acme, webhook: false }");
    let staged = deployment("one", "old", "sim.rolecall/injected-as: pod-identity");
    let world = World::from_yaml(&format!("{foundation}{staged}"), now()).unwrap();
    assert!(variables(&pods(&world, "one")[0]).contains(&"AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned()));
    let webhooks = world.kubernetes.snapshot("admissionregistration.k8s.io", "mutatingwebhookconfigurations");
    assert!(webhooks.is_empty());
}

#[tokio::test]
async fn faults_of_the_file_hold_once_it_is_loaded() {
    let faulty = FOUNDATION.replace("  region:", "  faults: ['*=500']\n  region:");
    let world = World::from_yaml(&faulty, now()).unwrap();
    let request = http::Request::get("http://x/clusters").body(crate::wire::full("")).unwrap();
    let answer = tower::ServiceExt::oneshot(world.aws_transport(), request).await.unwrap();
    assert_eq!(answer.status(), 500);
}

#[tokio::test]
async fn trust_texts_are_kept_byte_for_byte() {
    let world = World::from_yaml(FOUNDATION, now()).unwrap();
    let trust = world.aws.with(|state| state.role("text").unwrap().trust.clone());
    assert_eq!(trust, r#"{ "Version": "2012-10-17", "Statement": [] }"#);
}

#[tokio::test]
async fn times_move_so_that_ages_hold() {
    let world = World::from_yaml(FOUNDATION, now()).unwrap();
    let created = world.aws.with(|state| state.associations.values().next().unwrap().latest().unwrap().created_at);
    assert_eq!(now().duration_since(created).as_hours(), 24);
}

#[test]
fn errors_name_document_and_field() {
    assert!(refused("a: [").starts_with("world: YAML: "));
    assert!(refused("{}").contains("document 1"));
    assert!(
        refused("apiVersion: v1\nkind: Namespace\nmetadata: { name: a }")
            .contains("there is no document with the key `aws:`")
    );
    assert_eq!(
        refused("aws: { account: '1', region: r, cluster: { name: a } }"),
        "world: aws.account: `1` is not twelve digits; write it in quotes"
    );
    let with = |line: &str| refused(&FOUNDATION.replace("  associations:", &format!("{line}\n  associations:")));
    assert_eq!(
        with("  - { name: x, trsut: {} }"),
        "world: aws.roles[2].trust: is missing; add it as a mapping or text, or use `trusts`"
    );
    assert!(
        with("  - { name: x, trusts: [pod-identity], atached: [] }")
            .ends_with("aws.roles[2]: unknown field `atached`; did you mean `attached`?")
    );
    assert!(with("  - { name: x, trusts: [pods] }").contains("aws.roles[2].trusts: `pods` is not `pod-identity`"));
    assert!(
        with("  instances: [{ id: i-1, profile: none }]")
            .contains("aws.instances[0].profile: there is no instance profile `none`")
    );
    assert!(with("  delays: { webhook: soon }").contains("aws.delays.webhook: `soon` is not a duration"));
    let unknown = format!("{FOUNDATION}\n---\napiVersion: v1\nkind: Unicorn\nmetadata: {{ name: a }}");
    assert!(refused(&unknown).starts_with("world: document 4 (Unicorn a): "), "{}", refused(&unknown));
    assert!(
        refused(&format!("{FOUNDATION}{}", deployment("a", "old", "sim.rolecall/injected-as: magic")))
            .contains("`magic` is not")
    );
}

#[tokio::test]
async fn the_kubeconfig_is_named_by_the_clusters_arn() {
    let world = World::from_yaml(FOUNDATION, now()).unwrap();
    let config = world.kubeconfig("https://127.0.0.1:6443");
    assert!(config.contains("current-context: arn:aws:eks:eu-west-1:111122223333:cluster/acme\n"));
    let data = world.aws.with(|state| state.cluster.certificate_authority.clone());
    assert!(config.contains(&format!("certificate-authority-data: {data}\n")));
}

#[tokio::test]
async fn the_add_on_brings_its_agents_and_takes_them_away() {
    let world = World::from_yaml(FOUNDATION, now()).unwrap();
    world.kubernetes.set_settle_delay(std::time::Duration::from_millis(1));
    world.aws.with(|state| state.delays.addon = jiff::SignedDuration::ZERO);
    let controllers = tokio::spawn(world.controllers());
    let agents = || {
        world
            .kubernetes
            .snapshot("", "pods")
            .into_iter()
            .filter(|pod| pod.to_string().contains("eks-pod-identity-agent"))
            .count()
    };
    let request = |method: &str, path: &str, body: &str| {
        http::Request::builder()
            .method(method)
            .uri(format!("http://x/clusters/acme/addons{path}"))
            .body(crate::wire::full(body.to_owned()))
            .unwrap()
    };
    let send = |request| tower::ServiceExt::oneshot(world.aws_transport(), request);
    send(request("POST", "", r#"{"addonName":"eks-pod-identity-agent"}"#)).await.unwrap();
    until(|| agents() == 1).await;
    send(request("DELETE", "/eks-pod-identity-agent", "")).await.unwrap();
    until(|| agents() == 0).await;
    controllers.abort();
}

async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never came to that");
}

#[tokio::test]
async fn access_entries_name_the_sessions_of_their_role() {
    let entries = "  accessEntries:
  - { principal: cart }
  - { principal: text, type: EC2_LINUX }
  - { principal: reports, type: FARGATE_LINUX }
  associations:
";
    let world = World::from_yaml(&FOUNDATION.replacen("  associations:\n", entries, 1), now()).unwrap();
    let username = |role: &str| {
        let arn = format!("arn:aws:iam::111122223333:role/{role}");
        world.aws.with(|state| state.access_entries[&arn]["username"].clone())
    };
    assert_eq!(username("cart"), "arn:aws:sts::111122223333:assumed-role/cart/{{SessionName}}");
    assert_eq!(username("text"), "system:node:{{EC2PrivateDNSName}}");
    assert_eq!(username("reports"), "system:node:{{SessionName}}");
}
