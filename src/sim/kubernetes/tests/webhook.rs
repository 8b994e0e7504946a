//! The webhook, one test per rule of what it injects and when.

use pretty_assertions::assert_eq;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/api";
const IRSA_MOUNT: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const POD_MOUNT: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

/// A cluster with the webhook and an annotated service account `default`.
fn irsa(annotations: Value) -> World {
    let world = World::new();
    world.load(webhook());
    let mut all = json!({"eks.amazonaws.com/role-arn": ROLE});
    all.as_object_mut().unwrap().extend(annotations.as_object().unwrap().clone());
    world.load(account("default", all));
    world
}

/// A cluster with the webhook and an association for `default`.
fn associated() -> World {
    let world = World::new();
    world.load(webhook());
    world.associate("default", "default");
    world
}

fn env(container: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let list = container["env"].as_array().cloned().unwrap_or_default();
    list.iter().map(|e| (text(&e["name"]), text(&e["value"]))).collect()
}

fn names(container: &Value) -> Vec<String> {
    env(container).into_iter().map(|(name, _)| name).collect()
}

fn mounts(container: &Value) -> Vec<String> {
    let list = container["volumeMounts"].as_array().cloned().unwrap_or_default();
    list.iter().map(|m| m["name"].as_str().unwrap().to_owned()).collect()
}

fn with_env(names: &[&str]) -> Value {
    let mut pod = pod("p");
    pod["spec"]["containers"][0]["env"] = names.iter().map(|n| json!({"name": n, "value": "mine"})).collect();
    pod
}

#[tokio::test]
async fn an_annotated_account_gives_the_web_identity_pair() {
    let created = irsa(json!({})).create_pod(&pod("p")).await;
    let container = &created["spec"]["containers"][0];
    let expected = [
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"),
    ];
    assert_eq!(env(container), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    assert_eq!(
        created["spec"]["volumes"][0],
        json!({"name": "aws-iam-token", "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token"}}]}})
    );
    let mount = container["volumeMounts"].as_array().unwrap().last().unwrap();
    assert_eq!(*mount, json!({"name": "aws-iam-token", "readOnly": true, "mountPath": IRSA_MOUNT}));
    assert!(created["metadata"]["labels"].is_null());
}

#[tokio::test]
async fn an_association_gives_the_container_pair_and_the_label() {
    let created = associated().create_pod(&pod("p")).await;
    let container = &created["spec"]["containers"][0];
    let pair = &env(container)[3..];
    assert_eq!(pair[0].0, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert_eq!(pair[0].1, "http://169.254.170.23/v1/credentials");
    assert_eq!(pair[1].0, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    assert_eq!(pair[1].1, format!("{POD_MOUNT}/eks-pod-identity-token"));
    let volume = &created["spec"]["volumes"][0];
    assert_eq!(volume["name"], "eks-pod-identity-token");
    let token = &volume["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["audience"], "pods.eks.amazonaws.com");
    assert_eq!(token["path"], "eks-pod-identity-token");
    let seconds = token["expirationSeconds"].as_i64().unwrap();
    assert!((79_200..=86_400).contains(&seconds), "{seconds}");
    assert_eq!(created["metadata"]["labels"]["eks.amazonaws.com/pod-identity"], "enabled");
}

#[tokio::test]
async fn an_association_wins_over_the_annotation() {
    let world = irsa(json!({"eks.amazonaws.com/audience": "other"}));
    world.associate("default", "default");
    let created = world.create_pod(&pod("p")).await;
    let names = names(&created["spec"]["containers"][0]);
    assert!(names.contains(&"AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned()));
    assert!(!names.contains(&"AWS_ROLE_ARN".to_owned()));
    let token = &created["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["audience"], "pods.eks.amazonaws.com");
}

#[tokio::test]
async fn an_ipv6_cluster_gets_the_ipv6_address_of_the_agent() {
    let world = World::of(true);
    world.load(webhook());
    world.associate("default", "default");
    let created = world.create_pod(&pod("p")).await;
    assert_eq!(env(&created["spec"]["containers"][0])[3].1, "http://[fd00:ec2::23]/v1/credentials");
}

#[tokio::test]
async fn an_account_without_either_gets_nothing() {
    let world = World::new();
    world.load(webhook());
    world.load(account("default", json!({"eks.amazonaws.com/role-arn": ""})));
    let created = world.create_pod(&pod("p")).await;
    assert!(env(&created["spec"]["containers"][0]).is_empty());
}

#[tokio::test]
async fn without_the_webhook_object_nothing_is_injected() {
    let world = World::new();
    world.load(account("default", json!({"eks.amazonaws.com/role-arn": ROLE})));
    let created = world.create_pod(&pod("p")).await;
    assert!(env(&created["spec"]["containers"][0]).is_empty());
}

#[tokio::test]
async fn init_containers_are_injected_too() {
    let mut pod = pod("p");
    pod["spec"]["initContainers"] = json!([{"name": "init", "image": "x"}]);
    let created = irsa(json!({})).create_pod(&pod).await;
    assert!(names(&created["spec"]["initContainers"][0]).contains(&"AWS_ROLE_ARN".to_owned()));
}

#[tokio::test]
async fn half_a_pair_keeps_the_other_half_out_but_not_the_mount() {
    let created = irsa(json!({})).create_pod(&with_env(&["AWS_ROLE_ARN"])).await;
    let container = &created["spec"]["containers"][0];
    assert!(!names(container).contains(&"AWS_WEB_IDENTITY_TOKEN_FILE".to_owned()));
    assert_eq!(env(container)[0], ("AWS_ROLE_ARN".to_owned(), "mine".to_owned()));
    assert!(mounts(container).contains(&"aws-iam-token".to_owned()));
    assert_eq!(created["spec"]["volumes"][0]["name"], "aws-iam-token");
}

#[tokio::test]
async fn a_pair_region_and_endpoints_leave_the_container_untouched() {
    let preset = ["AWS_ROLE_ARN", "AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS"];
    let created = irsa(json!({})).create_pod(&with_env(&preset)).await;
    let container = &created["spec"]["containers"][0];
    assert_eq!(names(container), preset);
    assert!(!mounts(container).contains(&"aws-iam-token".to_owned()));
    assert_eq!(created["spec"]["volumes"][0]["name"], "aws-iam-token");
}

#[tokio::test]
async fn one_region_variable_keeps_both_out() {
    let created = irsa(json!({})).create_pod(&with_env(&["AWS_DEFAULT_REGION"])).await;
    let names = names(&created["spec"]["containers"][0]);
    assert!(!names.contains(&"AWS_REGION".to_owned()));
    assert!(names.contains(&"AWS_ROLE_ARN".to_owned()));
}

#[tokio::test]
async fn variables_of_the_other_method_stay_beside_the_injected_ones() {
    let preset = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    let created = associated().create_pod(&with_env(&preset)).await;
    let names = names(&created["spec"]["containers"][0]);
    for name in preset.iter().chain(&["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) {
        assert!(names.contains(&(*name).to_owned()), "{name}");
    }
}

#[tokio::test]
async fn env_from_is_not_looked_at() {
    let mut pod = pod("p");
    pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "aws"}}]);
    let created = irsa(json!({})).create_pod(&pod).await;
    assert!(names(&created["spec"]["containers"][0]).contains(&"AWS_ROLE_ARN".to_owned()));
}

#[tokio::test]
async fn a_volume_of_the_name_is_used_as_it_is() {
    let mut pod = pod("p");
    pod["spec"]["volumes"] = json!([{"name": "other"}, {"name": "aws-iam-token", "emptyDir": {}}]);
    let created = irsa(json!({})).create_pod(&pod).await;
    assert_eq!(created["spec"]["volumes"][0]["name"], "other");
    assert_eq!(created["spec"]["volumes"][1], json!({"name": "aws-iam-token", "emptyDir": {}}));
}

#[tokio::test]
async fn skipped_containers_are_left_alone() {
    let mut pod = pod("p");
    pod["metadata"]["annotations"] = json!({"eks.amazonaws.com/skip-containers": "main, init"});
    pod["spec"]["initContainers"] = json!([{"name": "init", "image": "x"}]);
    pod["spec"]["containers"] = json!([{"name": "main", "image": "x"}, {"name": "side", "image": "x"}]);
    let created = irsa(json!({})).create_pod(&pod).await;
    assert!(names(&created["spec"]["containers"][0]).is_empty());
    assert!(names(&created["spec"]["initContainers"][0]).is_empty());
    assert!(!names(&created["spec"]["containers"][1]).is_empty());
}

#[tokio::test]
async fn a_broken_skip_list_skips_nothing() {
    let mut pod = pod("p");
    pod["metadata"]["annotations"] = json!({"eks.amazonaws.com/skip-containers": "main,\"open"});
    let created = irsa(json!({})).create_pod(&pod).await;
    assert!(!names(&created["spec"]["containers"][0]).is_empty());
}

#[tokio::test]
async fn the_skip_label_works_through_the_live_selector_only() {
    let mut pod = pod("p");
    pod["metadata"]["labels"] = json!({"eks.amazonaws.com/skip-pod-identity-webhook": "no"});
    let world = irsa(json!({}));
    assert!(names(&world.create_pod(&pod).await["spec"]["containers"][0]).is_empty());
    let mut open = webhook();
    open["webhooks"][0]["objectSelector"] = json!({});
    world.load(open);
    pod["metadata"]["name"] = json!("q");
    assert!(!names(&world.create_pod(&pod).await["spec"]["containers"][0]).is_empty());
}

#[tokio::test]
async fn the_namespace_selector_is_honoured() {
    let world = irsa(json!({}));
    let mut elsewhere = webhook();
    elsewhere["webhooks"][0]["namespaceSelector"] = json!({"matchLabels": {"kubernetes.io/metadata.name": "shop"}});
    world.load(elsewhere);
    assert!(names(&world.create_pod(&pod("p")).await["spec"]["containers"][0]).is_empty());
}

#[tokio::test]
async fn the_audience_is_the_accounts() {
    let created = irsa(json!({"eks.amazonaws.com/audience": "mine"})).create_pod(&pod("p")).await;
    let token = &created["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["audience"], "mine");
}

#[tokio::test]
async fn the_expiration_is_the_pods_then_the_accounts_and_at_least_600() {
    let seconds = |pod: &Value| {
        pod["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"].clone()
    };
    let world = irsa(json!({"eks.amazonaws.com/token-expiration": "7200"}));
    assert_eq!(seconds(&world.create_pod(&pod("a")).await), 7200);
    let mut own = pod("b");
    own["metadata"]["annotations"] = json!({"eks.amazonaws.com/token-expiration": "10"});
    assert_eq!(seconds(&world.create_pod(&own).await), 600);
    world.associate("default", "default");
    assert_eq!(seconds(&world.create_pod(&pod("c")).await), 7200);
}

#[tokio::test]
async fn regional_endpoints_can_be_turned_off_readably_only() {
    let off = irsa(json!({"eks.amazonaws.com/sts-regional-endpoints": "false"})).create_pod(&pod("p")).await;
    assert!(!names(&off["spec"]["containers"][0]).contains(&"AWS_STS_REGIONAL_ENDPOINTS".to_owned()));
    let on = irsa(json!({"eks.amazonaws.com/sts-regional-endpoints": "nope"})).create_pod(&pod("p")).await;
    assert!(names(&on["spec"]["containers"][0]).contains(&"AWS_STS_REGIONAL_ENDPOINTS".to_owned()));
}

#[tokio::test]
async fn a_windows_node_selector_changes_the_token_path() {
    let mut windows = pod("p");
    windows["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    let created = irsa(json!({})).create_pod(&windows).await;
    let file = &env(&created["spec"]["containers"][0])[4].1;
    assert_eq!(file, r"C:\var\run\secrets\eks.amazonaws.com\serviceaccount\token");
    let mut named = pod("q");
    named["spec"]["os"] = json!({"name": "windows"});
    let created = irsa(json!({})).create_pod(&named).await;
    assert!(env(&created["spec"]["containers"][0])[4].1.starts_with("/var"));
}

#[tokio::test]
async fn an_odd_role_is_injected_verbatim() {
    let world = irsa(json!({"eks.amazonaws.com/role-arn": "just-a-name "}));
    let created = world.create_pod(&pod("p")).await;
    assert_eq!(env(&created["spec"]["containers"][0])[3].1, "just-a-name ");
}

#[tokio::test]
async fn an_existing_pod_is_never_changed() {
    let world = World::new();
    world.load(webhook());
    world.create_pod(&pod("p")).await;
    world.associate("default", "default");
    let path = "/api/v1/namespaces/default/pods/p";
    let (code, patched) = world.patch(path, "merge-patch+json", &json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(code, 200);
    assert!(env(&patched["spec"]["containers"][0]).is_empty());
}
