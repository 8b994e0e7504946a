//! The pod-identity webhook: whether the live configuration object lets it see a pod,
//! and what it injects. It runs on CREATE only and never removes anything.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::defaults::for_containers;
use super::selector::Labels;
use super::state::{State, core};
use super::{ClusterFacts, meta};

const PREFIX: &str = "eks.amazonaws.com/";
/// Names of the hosted and the self-hosted webhook.
const NAMES: [&str; 2] = ["iam-for-pods.amazonaws.com", "pod-identity-webhook.amazonaws.com"];
const DEFAULT_EXPIRATION: i64 = 86_400;
const SHORTEST_EXPIRATION: i64 = 600;

/// What decides about one pod.
pub struct Injection<'a> {
    /// Whether there is a Pod Identity entry for the service account.
    pub entry: bool,
    /// The service account.
    pub account: &'a Value,
    /// The cluster.
    pub facts: &'a ClusterFacts,
    /// For the random expiration.
    pub seed: u64,
}

/// Whether a live MutatingWebhookConfiguration sends this pod to the webhook.
pub fn is_called(state: &State, pod: &Value) -> bool {
    let key = ("admissionregistration.k8s.io".to_owned(), "mutatingwebhookconfigurations".to_owned());
    let namespace = state.store.get(&core("namespaces"), "", meta::namespace(pod));
    let namespace = namespace.map_or(Value::Null, |n| n.value()["metadata"]["labels"].clone());
    state
        .store
        .list(&key, "")
        .flat_map(|object| meta::items(&object.value()["webhooks"]))
        .filter(|hook| NAMES.iter().any(|name| hook["name"] == *name))
        .any(|hook| is_selected(hook, pod, &namespace))
}

fn is_selected(hook: &Value, pod: &Value, namespace_labels: &Value) -> bool {
    meta::items(&hook["rules"]).any(is_pod_creation)
        && Labels::of_object(&hook["namespaceSelector"]).matches_labels(namespace_labels)
        && Labels::of_object(&hook["objectSelector"]).matches(pod)
}

fn is_pod_creation(rule: &Value) -> bool {
    let has = |key: &str, wanted: &[&str]| meta::items(&rule[key]).any(|v| wanted.iter().any(|w| v == *w));
    has("operations", &["CREATE", "*"])
        && has("apiGroups", &["", "*"])
        && has("apiVersions", &["v1", "*"])
        && has("resources", &["pods", "*", "*/*"])
        && rule["scope"] != "Cluster"
}

/// One way to give a pod an identity.
struct Method {
    pairs: [(&'static str, String); 2],
    volume: &'static str,
    mount: &'static str,
    path: &'static str,
    audience: String,
    expiration: i64,
}

/// Injects what the service account calls for.
pub fn mutate(pod: &mut Value, injection: &Injection<'_>) {
    let Some(method) = method(pod, injection) else {
        return;
    };
    let skipped = skipped_containers(pod);
    let region = &injection.facts.region;
    let regional = is_regional(injection.account);
    for_containers(pod, |container| {
        if !container["name"].as_str().is_some_and(|name| skipped.contains(name)) {
            inject(container, &method, region, regional);
        }
    });
    add_volume(pod, &method);
    if injection.entry {
        meta::set(pod, &["metadata", "labels"], &format!("{PREFIX}pod-identity"), "enabled");
    }
}

/// Pod Identity before the annotation; neither if there is nothing.
fn method(pod: &Value, injection: &Injection<'_>) -> Option<Method> {
    let expiration = expiration(pod, injection.account);
    if injection.entry {
        return Some(pod_identity(pod, injection, expiration));
    }
    let role = setting(injection.account, "role-arn").filter(|role| !role.is_empty())?;
    Some(web_identity(pod, role, injection.account, expiration))
}

fn pod_identity(pod: &Value, injection: &Injection<'_>, expiration: i64) -> Method {
    const MOUNT: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
    const TOKEN: &str = "eks-pod-identity-token";
    let host = if injection.facts.ipv6 { "[fd00:ec2::23]" } else { "169.254.170.23" };
    let expiration = match expiration {
        // Spread, so that not all tokens are renewed at once.
        DEFAULT_EXPIRATION => 79_200 + (injection.seed % 7_201) as i64,
        other => other,
    };
    Method {
        pairs: [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{host}/v1/credentials")),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file(pod, MOUNT, TOKEN)),
        ],
        volume: TOKEN,
        mount: MOUNT,
        path: TOKEN,
        audience: "pods.eks.amazonaws.com".to_owned(),
        expiration,
    }
}

fn web_identity(pod: &Value, role: &str, account: &Value, expiration: i64) -> Method {
    const MOUNT: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
    Method {
        pairs: [("AWS_ROLE_ARN", role.to_owned()), ("AWS_WEB_IDENTITY_TOKEN_FILE", token_file(pod, MOUNT, "token"))],
        volume: "aws-iam-token",
        mount: MOUNT,
        path: "token",
        audience: setting(account, "audience").unwrap_or("sts.amazonaws.com").to_owned(),
        expiration,
    }
}

fn setting<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    meta::annotation(object, &format!("{PREFIX}{key}"))
}

/// Only the node selector says that a pod is for Windows.
fn token_file(pod: &Value, mount: &str, name: &str) -> String {
    let selector = &pod["spec"]["nodeSelector"];
    let is_windows = ["kubernetes.io/os", "beta.kubernetes.io/os"].iter().any(|key| selector[*key] == "windows");
    let path = format!("{mount}/{name}");
    if is_windows { format!("C:{}", path.replace('/', "\\")) } else { path }
}

/// The pod's annotation before the account's; text that is not a number is ignored.
fn expiration(pod: &Value, account: &Value) -> i64 {
    let read = |object| setting(object, "token-expiration").and_then(|text| text.trim().parse::<i64>().ok());
    read(pod).or_else(|| read(account)).map_or(DEFAULT_EXPIRATION, |asked| asked.max(SHORTEST_EXPIRATION))
}

/// Regional STS endpoints are on, unless the account's annotation says otherwise in a readable way.
fn is_regional(account: &Value) -> bool {
    match setting(account, "sts-regional-endpoints") {
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
        Some(_) | None => true,
    }
}

fn skipped_containers(pod: &Value) -> BTreeSet<String> {
    let text = setting(pod, "skip-containers").unwrap_or_default();
    parse_csv(text).unwrap_or_default().into_iter().collect()
}

/// One CSV record; absent if the syntax is wrong.
fn parse_csv(text: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => plain_field(rest)?,
        };
        fields.push(field.trim().to_owned());
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(fields),
        }
    }
}

fn plain_field(text: &str) -> Option<(String, &str)> {
    let (field, after) = text.split_at(text.find(',').unwrap_or(text.len()));
    (!field.contains('"')).then(|| (field.to_owned(), after))
}

fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

/// One container. Only `env` itself is looked at; half a pair keeps the other half out.
fn inject(container: &mut Value, method: &Method, region: &str, regional: bool) {
    let names: BTreeSet<String> =
        meta::items(&container["env"]).filter_map(|e| e["name"].as_str()).map(str::to_owned).collect();
    let has = |name: &str| names.contains(name);
    let has_pair = method.pairs.iter().any(|(name, _)| has(name));
    let has_region = has("AWS_REGION") || has("AWS_DEFAULT_REGION");
    let has_endpoints = has("AWS_STS_REGIONAL_ENDPOINTS");
    if has_pair && has_region && has_endpoints {
        return;
    }
    let env = meta::list(container, &[], "env");
    let mut add = |name: &str, value: &str| env.push(json!({"name": name, "value": value}));
    if !has_endpoints && regional {
        add("AWS_STS_REGIONAL_ENDPOINTS", "regional");
    }
    if !has_region {
        add("AWS_DEFAULT_REGION", region);
        add("AWS_REGION", region);
    }
    if !has_pair {
        method.pairs.iter().for_each(|(name, value)| add(name, value));
    }
    let mounts = meta::list(container, &[], "volumeMounts");
    if !mounts.iter().any(|m| m["name"] == method.volume) {
        mounts.push(json!({"name": method.volume, "readOnly": true, "mountPath": method.mount}));
    }
}

/// A volume of that name which is there already is used as it is.
fn add_volume(pod: &mut Value, method: &Method) {
    let volumes = meta::list(pod, &["spec"], "volumes");
    if volumes.iter().any(|v| v["name"] == method.volume) {
        return;
    }
    let token = json!({
        "audience": method.audience, "expirationSeconds": method.expiration, "path": method.path,
    });
    let volume = json!({
        "name": method.volume,
        "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": token}]},
    });
    volumes.insert(0, volume);
}
