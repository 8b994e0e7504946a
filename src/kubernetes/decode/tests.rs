use serde_json::{Value as Json, json};

use super::{delegate, launch, metadata, network, node, pod::Decoder, webhook};
use crate::domain::service_account::{DeclarationKeys, ServiceAccount};
use crate::domain::workload::{ContainerKind, Phase, Value, WorkloadKind};
use crate::kubernetes::intern::Strings;

mod anything;

fn pod(name: &str) -> Json {
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": "u-1", "creationTimestamp": "2026-11-23T08:00:00Z",
            "labels": {"app": "api", "pod-template-hash": "6d4cf56db6"},
            "annotations": {"eks.amazonaws.com/skip-containers": "proxy", "kubectl.kubernetes.io/last-applied-configuration": "{\"a\":\"b\"}"},
            "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:metadata": {}}}],
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api-6d4cf56db6", "controller": true}]
        },
        "spec": {
            "nodeName": "node-1",
            "serviceAccountName": "api",
            "volumes": [
                {"name": format!("kube-api-access-{name}"), "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
                {"name": "aws-iam-token", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "sts.amazonaws.com", "expirationSeconds": 86400}}]}},
                {"name": "scratch", "emptyDir": {}}
            ],
            "initContainers": [
                {"name": "setup", "image": "setup:1"},
                {"name": "mesh", "image": "mesh:1", "restartPolicy": "Always"}
            ],
            "containers": [{
                "name": "api", "image": "api:1",
                "env": [
                    {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/api"},
                    {"name": "PASSWORD", "value": "hunter2"}
                ],
                "envFrom": [{"secretRef": {"name": "keys"}}, {"prefix": "X_", "configMapRef": {"name": "settings"}}],
                "volumeMounts": [
                    {"name": format!("kube-api-access-{name}"), "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
                    {"name": "aws-iam-token", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount"},
                    {"name": "scratch", "mountPath": "/home/app/.aws", "subPath": "aws"}
                ]
            }],
            "ephemeralContainers": [{"name": "debug", "image": "busybox"}]
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    })
}

fn decode(json: &Json) -> crate::domain::workload::Pod {
    Decoder::default().pod(&json.to_string()).unwrap()
}

fn variables(env: Json) -> Vec<(String, Value)> {
    let mut json = pod("p");
    json["spec"]["containers"][0]["env"] = env;
    let pod = decode(&json);
    let container = pod.spec.containers.iter().find(|container| container.name.as_str() == "api").unwrap();
    container.environment.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
}

#[test]
fn a_pod_keeps_what_decides_its_identity() {
    let pod = decode(&pod("api-6d4cf56db6-x2x7q"));
    assert_eq!(pod.id.to_string(), "shop/api-6d4cf56db6-x2x7q");
    assert_eq!((pod.phase, pod.ready, pod.terminating), (Phase::Running, true, false));
    assert_eq!(pod.created_at.to_string(), "2026-11-23T08:00:00Z");
    assert_eq!(pod.node, Some("node-1".into()));
    assert_eq!(pod.workload.to_string(), "deploy/api");
    assert_eq!(pod.service_account().to_string(), "shop/api");
    let kinds: Vec<_> = pod.spec.containers.iter().map(|container| (container.name.as_str(), container.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("setup", ContainerKind::Init),
            ("mesh", ContainerKind::Sidecar),
            ("api", ContainerKind::Container),
            ("debug", ContainerKind::Ephemeral)
        ]
    );
    let api = &pod.spec.containers[2];
    assert_eq!(api.environment.text("AWS_ROLE_ARN").unwrap().as_ref(), "arn:aws:iam::111122223333:role/api");
    assert!(!api.environment.has("PASSWORD"));
    let mounts: Vec<_> = api.mounts.iter().map(|mount| (&*mount.path, mount.sub_path)).collect();
    assert_eq!(mounts, [("/var/run/secrets/eks.amazonaws.com/serviceaccount", false), ("/home/app/.aws", true)]);
    let sources: Vec<_> = api.environment_sources.iter().map(|s| (&*s.prefix, &*s.name, s.secret)).collect();
    assert_eq!(sources, [("", "keys", true), ("X_", "settings", false)]);
    assert_eq!(pod.spec.token_volumes.len(), 1);
    assert_eq!(pod.spec.token_volumes[0].audience.as_deref(), Some("sts.amazonaws.com"));
    assert_eq!(pod.spec.annotations.len(), 1);
}

#[test]
fn replicas_share_one_template_in_memory() {
    let mut decoder = Decoder::default();
    let one = decoder.pod(&pod("a").to_string()).unwrap();
    let two = decoder.pod(&pod("b").to_string()).unwrap();
    assert!(std::sync::Arc::ptr_eq(&one.spec, &two.spec));
    assert!(std::ptr::eq(one.id.namespace.as_str(), two.id.namespace.as_str()));
}

#[test]
fn secrets_are_never_kept() {
    let kept = variables(json!([
        {"name": "AWS_SECRET_ACCESS_KEY", "value": "wJalrXUtnFEMI"},
        {"name": "AWS_SESSION_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "AWS_ACCESS_KEY_ID", "value": "AKIAIOSFODNN7EXAMPLE"},
        {"name": "AWS_BEARER_TOKEN_BEDROCK", "value": "abcd"},
        {"name": "HTTPS_PROXY", "value": "http://ann:pw@proxy:3128"},
        {"name": "AWS_REGION", "value": "eu-west-1"}
    ]));
    let expected = [
        ("AWS_ACCESS_KEY_ID", Value::AccessKey("MPLE".into())),
        ("AWS_BEARER_TOKEN_BEDROCK", Value::Hidden),
        ("AWS_REGION", Value::Text("eu-west-1".into())),
        ("AWS_SECRET_ACCESS_KEY", Value::Hidden),
        ("AWS_SESSION_TOKEN", Value::Hidden),
        ("HTTPS_PROXY", Value::Text("http://proxy:3128".into())),
    ];
    assert_eq!(kept, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn the_order_of_keys_in_a_variable_does_not_matter() {
    let mut json = pod("p").to_string();
    json = json.replace(
        r#"{"name":"AWS_ROLE_ARN","value":"arn:aws:iam::111122223333:role/api"}"#,
        r#"{"value":"v","extra":[1,{"a":null}],"name":"AWS_ROLE_ARN"}"#,
    );
    let pod = Decoder::default().pod(&json).unwrap();
    assert_eq!(pod.spec.containers[2].environment.text("AWS_ROLE_ARN").unwrap().as_ref(), "v");
}

#[test]
fn nasty_texts_come_through_whole() {
    let name = "n".repeat(253);
    let value = "\u{1b}[2J\u{202e}\n\"\\é".repeat(10_000);
    let mut json = pod(&name);
    json["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = value.clone().into();
    json["spec"]["containers"][0]["env"] =
        json!([{"name": "AWS_PROFILE", "value": value}, {"name": "X", "value": "y".repeat(100_000)}]);
    let pod = decode(&json);
    assert_eq!(pod.id.name.as_str().len(), 253);
    assert_eq!(pod.spec.annotations["eks.amazonaws.com/role-arn"].as_ref(), value);
    assert_eq!(pod.spec.containers[2].environment.text("AWS_PROFILE").unwrap().as_ref(), value);
}

#[test]
fn missing_null_and_unknown_fields_are_fine() {
    let json = json!({
        "metadata": {"name": "p", "namespace": "n", "creationTimestamp": "2026-11-23T08:00:00Z", "labels": null, "annotations": null, "ownerReferences": null},
        "spec": {"containers": null, "volumes": null, "nodeSelector": null, "nodeName": null, "new": {"a": []}},
        "status": null, "surprise": 1
    });
    let pod = decode(&json);
    assert_eq!(pod.spec.service_account.as_str(), "default");
    assert_eq!(pod.workload.kind, WorkloadKind::Pod);
    assert_eq!(pod.phase, Phase::Unknown);
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_panic() {
    let mut decoder = Decoder::default();
    for broken in
        ["", "null", "[]", "{", r#"{"metadata":{"name":"p"}}"#, r#"{"metadata":{"name":"p","namespace":"n"}}"#]
    {
        assert!(decoder.pod(broken).is_err(), "{broken}");
    }
    let mut json = pod("p");
    json["spec"]["containers"] = json!("none");
    assert!(decoder.pod(&json.to_string()).is_err());
}

fn owned(kind: &str, name: &str, labels: Json) -> String {
    let mut json = pod("p");
    json["metadata"]["labels"] = labels;
    json["metadata"]["ownerReferences"] = json!([
        {"kind": "Something", "name": "other", "controller": false},
        {"kind": kind, "name": name, "controller": true}
    ]);
    decode(&json).workload.to_string()
}

#[test]
fn the_workload_is_told_from_the_controller() {
    let hash = json!({"pod-template-hash": "abc"});
    assert_eq!(owned("ReplicaSet", "api-abc", hash.clone()), "deploy/api");
    assert_eq!(owned("ReplicaSet", "api-def", hash), "rs/api-def");
    assert_eq!(owned("ReplicaSet", "api-abc", json!({})), "rs/api-abc");
    assert_eq!(owned("ReplicaSet", "api-abc", json!({"rollouts-pod-template-hash": "abc"})), "Rollout/api");
    assert_eq!(owned("StatefulSet", "db", json!({})), "sts/db");
    assert_eq!(owned("DaemonSet", "agent", json!({})), "ds/agent");
    assert_eq!(owned("Job", "migrate-2", json!({})), "job/migrate-2");
    assert_eq!(owned("Node", "node-1", json!({})), "Node/node-1");
}

#[test]
fn a_job_belongs_to_a_cron_job_only_if_its_number_is_the_time() {
    // 2026-11-23T08:00:00Z is minute 29 923 680 since 1970.
    assert_eq!(owned("Job", "report-29923680", json!({})), "cron/report");
    assert_eq!(owned("Job", "report-20261123", json!({})), "job/report-20261123");
}

fn account(json: &Json, keys: &DeclarationKeys) -> ServiceAccount {
    metadata::service_account(&json.to_string(), &mut Strings::default(), keys).unwrap()
}

#[test]
fn a_service_account_declares_by_the_keys_that_are_set() {
    let json = json!({"metadata": {
        "name": "api", "namespace": "shop",
        "annotations": {"rolecall/role-arn": "arn:aws:iam::111122223333:role/a", "acme.io/role": "b"},
        "labels": {"rolecall/role": "", "acme.io/name": "c"}
    }});
    let declared = account(&json, &DeclarationKeys::default()).declared.unwrap();
    assert_eq!(declared.role_arn.as_deref(), Some("arn:aws:iam::111122223333:role/a"));
    assert_eq!(declared.role, None, "an empty label declares nothing");
    let keys = DeclarationKeys { annotation: "acme.io/role".into(), label: "acme.io/name".into() };
    let declared = account(&json, &keys).declared.unwrap();
    assert_eq!((declared.role_arn.as_deref(), declared.role.as_deref()), (Some("b"), Some("c")));
    let none = json!({"metadata": {"name": "api", "namespace": "shop"}});
    assert_eq!(account(&none, &keys).declared, None);
}

#[test]
fn a_service_account_needs_nothing_but_its_metadata() {
    let json = json!({"kind": "PartialObjectMetadata", "metadata": {
        "name": "api", "namespace": "shop", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z",
        "annotations": {"eks.amazonaws.com/role-arn": "arn:x", "eks.amazonaws.com/audience": "", "meta.helm.sh/release-name": "shop"},
        "labels": {"argocd.argoproj.io/instance": "shop"},
        "managedFields": [{"manager": "kubectl"}, {"manager": "rolecall"}]
    }});
    let account = account(&json, &DeclarationKeys::default());
    assert_eq!(account.role_arn, Some("arn:x".into()));
    assert_eq!(account.audience, None);
    assert_eq!(&*account.resource_version, "7");
    let managers: Vec<&str> = account.managers.iter().map(|manager| &**manager).collect();
    assert_eq!(managers, ["Argo CD", "Helm"]);
}

#[test]
fn a_node_keeps_the_labels_that_classify_it() {
    let json = json!({
        "metadata": {"name": "n", "labels": {"eks.amazonaws.com/nodegroup": "g", "karpenter.sh/nodepool": "p", "kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "arm64"}},
        "spec": {"providerID": "aws:///eu-west-1a/i-0abc"},
        "status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "False"}]}
    });
    let node = node::node(&json.to_string(), &mut Strings::default()).unwrap();
    assert_eq!(node.labels.len(), 3);
    assert_eq!(node.provider_id.as_deref(), Some("aws:///eu-west-1a/i-0abc"));
    assert!(!node.ready);
}

#[test]
fn only_pod_identity_webhooks_are_kept_with_their_selectors() {
    let json = json!({"metadata": {"name": "pod-identity-webhook"}, "webhooks": [{
        "name": "iam-for-pods.amazonaws.com",
        "clientConfig": {"url": "https://127.0.0.1:23443/mutate", "caBundle": "x"},
        "namespaceSelector": {},
        "objectSelector": {"matchExpressions": [{"key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist"}]}
    }]});
    let (_, webhooks) = webhook::webhooks(&json.to_string()).unwrap();
    assert!(!webhooks[0].self_hosted);
    assert_eq!(webhooks[0].object_selector.expressions.len(), 1);
    let other = json!({"metadata": {"name": "istio"}, "webhooks": [{"name": "sidecar-injector.istio.io"}]});
    assert!(webhook::webhooks(&other.to_string()).unwrap().1.is_empty());
}

#[test]
fn the_table_of_texts_forgets_what_nobody_uses() {
    let mut strings = Strings::default();
    for number in 0..10_000 {
        strings.get(&format!("text-{number}"));
    }
    assert!(strings.len() <= 1024, "{}", strings.len());
}

#[test]
fn a_port_80_of_the_node_is_a_host_port_or_one_on_the_hosts_network() {
    let with = |host: bool, port: Json| {
        let mut json = pod("p");
        json["spec"]["hostNetwork"] = host.into();
        json["spec"]["containers"][0]["ports"] = json!([port]);
        decode(&json).spec.node_port_80
    };
    assert!(with(false, json!({"containerPort": 8080, "hostPort": 80})));
    assert!(with(true, json!({"containerPort": 80, "hostPort": null})));
    assert!(!with(false, json!({"containerPort": 80})));
    assert!(!with(false, json!({"containerPort": 80, "hostPort": 8080})));
}

#[test]
fn the_containers_own_security_context_decides_before_the_pods() {
    let non_root = |of_pod: Json, own: Json| {
        let mut json = pod("p");
        json["spec"]["securityContext"] = of_pod;
        json["spec"]["containers"][0]["securityContext"] = own;
        let spec = decode(&json).spec;
        let container = spec.containers.iter().find(|container| container.name.as_str() == "api").unwrap();
        (container.non_root, spec.fs_group)
    };
    assert_eq!(non_root(json!({"runAsUser": 1000, "fsGroup": 2000}), json!(null)), (true, true));
    assert_eq!(non_root(json!({"runAsUser": 1000}), json!({"runAsUser": 0})), (false, false));
    assert_eq!(non_root(json!(null), json!({"runAsNonRoot": true})), (true, false));
    assert_eq!(non_root(json!({"runAsNonRoot": true}), json!({"runAsNonRoot": false})), (false, false));
    assert_eq!(non_root(json!({}), json!({})), (false, false));
}

#[test]
fn crashes_and_claims_are_kept_and_the_claims_of_a_stateful_sets_replica_are_not() {
    let mut json = pod("db-0");
    json["status"]["containerStatuses"] =
        json!([{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, {"state": {"running": {}}}]);
    let claim = |name: &str| json!({"name": name, "persistentVolumeClaim": {"claimName": name}});
    json["spec"]["volumes"] = json!([claim("reports"), claim("data-db-0")]);
    let found = decode(&json);
    assert!(found.crashing);
    assert_eq!(found.spec.claims, ["reports".into()]);
    assert!(!decode(&pod("p")).crashing);
}

fn policy(spec: Json) -> Vec<crate::domain::network::NetworkPolicy> {
    let json = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
    let (key, found) = network::policy(&json.to_string()).unwrap();
    assert_eq!(&*key, "shop/p");
    found
}

#[test]
fn only_policies_that_isolate_for_egress_are_kept() {
    assert!(policy(json!({"podSelector": {}})).is_empty());
    assert!(policy(json!({"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{}]})).is_empty());
    assert_eq!(policy(json!({"podSelector": {}, "policyTypes": ["Egress"]})).len(), 1);
    assert_eq!(policy(json!({"podSelector": {}, "egress": [{}]})).len(), 1, "rules for egress imply the type");
}

#[test]
fn rules_of_a_policy_allow_addresses_and_ports() {
    let allows = |rule: Json, address: &str, port: u16| {
        let found = policy(json!({"policyTypes": ["Egress"], "egress": [rule]}));
        found[0].allows(address.parse().unwrap(), port)
    };
    let agent = "169.254.170.23";
    assert!(allows(json!({}), agent, 80));
    assert!(!allows(json!({"to": [{"podSelector": {}}]}), agent, 80), "pods have no link-local address");
    assert!(allows(json!({"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": [{"port": 80}]}), agent, 80));
    assert!(!allows(json!({"ports": [{"protocol": "UDP", "port": 80}]}), agent, 80));
    assert!(!allows(json!({"ports": [{"port": "http"}]}), agent, 80), "a name is one of a pod's ports");
    assert!(allows(json!({"ports": [{"protocol": "TCP"}]}), agent, 80));
    assert!(allows(json!({"ports": [{"port": 1, "endPort": 100}]}), agent, 80));
    assert!(!allows(json!({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}]}), agent, 80));
    assert!(!allows(json!({"to": [{"ipBlock": {"cidr": "nonsense"}}]}), agent, 80));
}

#[test]
fn a_security_group_policy_needs_a_selector_and_groups() {
    let found = |spec: Json| {
        let json = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
        network::security_group_policy(&json.to_string()).unwrap().1.len()
    };
    let groups = json!({"groupIds": ["sg-1"]});
    assert_eq!(found(json!({"podSelector": {}, "securityGroups": groups})), 1);
    assert_eq!(found(json!({"serviceAccountSelector": {"matchLabels": {"a": "b"}}, "securityGroups": groups})), 1);
    assert_eq!(found(json!({"securityGroups": groups})), 0);
    assert_eq!(found(json!({"podSelector": {}, "securityGroups": {"groupIds": []}})), 0);
}

#[test]
fn a_store_names_its_service_account_and_a_cluster_store_its_namespace_too() {
    let found = |namespace: Json, reference: Json| {
        let json = json!({
            "metadata": {"name": "vault", "namespace": namespace},
            "spec": {"provider": {"aws": {"auth": {"jwt": {"serviceAccountRef": reference}}}}}
        });
        let (_, stores) = delegate::secret_store(&json.to_string()).unwrap();
        stores.first().map(|store| (store.title.to_string(), store.account.to_string()))
    };
    let told = |title: &str, account: &str| Some((title.to_owned(), account.to_owned()));
    assert_eq!(
        found(json!("shop"), json!({"name": "eso", "namespace": "other"})),
        told("SecretStore shop/vault", "shop/eso"),
        "a SecretStore uses its own namespace"
    );
    assert_eq!(
        found(json!(null), json!({"name": "eso", "namespace": "infra"})),
        told("ClusterSecretStore vault", "infra/eso")
    );
    assert_eq!(found(json!(null), json!({"name": "eso"})), None);
    assert_eq!(found(json!("shop"), json!(null)), None);
}

#[test]
fn only_bound_volumes_of_mountpoint_with_the_credentials_of_pods_are_kept() {
    let found = |driver: &str, source: &str, claim: Json| {
        let json = json!({
            "metadata": {"name": "v"},
            "spec": {"claimRef": claim, "csi": {"driver": driver, "volumeAttributes": {"authenticationSource": source}}}
        });
        delegate::bucket_volume(&json.to_string()).unwrap().1.len()
    };
    let claim = || json!({"namespace": "shop", "name": "reports"});
    assert_eq!(found("s3.csi.aws.com", "pod", claim()), 1);
    assert_eq!(found("s3.csi.aws.com", "driver", claim()), 0);
    assert_eq!(found("efs.csi.aws.com", "pod", claim()), 0);
    assert_eq!(found("s3.csi.aws.com", "pod", json!(null)), 0);
}

#[test]
fn a_node_claim_names_the_profile_that_its_node_was_launched_with() {
    let found = |annotations: Json, status: Json| {
        let json = json!({"metadata": {"name": "general-x1", "annotations": annotations}, "status": status});
        launch::node_claim(&json.to_string()).unwrap().1
    };
    let profile = || json!({"karpenter.k8s.aws/instance-profile-name": "acme_1"});
    let claims = found(profile(), json!({"nodeName": "n1"}));
    assert_eq!((claims[0].node.as_str(), &*claims[0].profile), ("n1", "acme_1"));
    assert!(found(profile(), json!(null)).is_empty(), "it has no node yet");
    assert!(found(json!({}), json!({"nodeName": "n1"})).is_empty());
}

#[test]
fn a_node_class_has_the_profile_of_its_status_before_that_of_its_spec() {
    let found = |spec: Json, status: Json| {
        let json = json!({"metadata": {"name": "default"}, "spec": spec, "status": status});
        let class = launch::node_class(&json.to_string()).unwrap().1.remove(0);
        (class.role.map(|text| text.to_string()), class.profile.map(|text| text.to_string()))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found(json!({"role": "nodes"}), json!({"instanceProfile": "made"})), (some("nodes"), some("made")));
    assert_eq!(found(json!({"instanceProfile": "own"}), json!({})), (None, some("own")));
    assert_eq!(found(json!({"instanceProfile": "own"}), json!({"instanceProfile": "made"})), (None, some("made")));
}

#[test]
fn an_empty_role_annotation_is_no_annotation() {
    let json =
        json!({"metadata": {"name": "api", "namespace": "shop", "annotations": {"eks.amazonaws.com/role-arn": ""}}});
    assert_eq!(account(&json, &DeclarationKeys::default()).role_arn, None);
}
