//! Deployments with their ReplicaSets and pods, and the agent's DaemonSet. Most pods
//! have the environment that their service account calls for today; some are older.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::aws::Random;

use super::account::{Account, Means};
use super::node::Node;
use super::{Spec, ago};

const AGENT: &str = "eks-pod-identity-agent";
const SIZES: &[usize] = &[1, 2, 2, 3, 3, 3, 4, 6, 10, 20];

/// Makes workloads until there are as many pods as asked for.
pub fn generate(
    spec: &Spec,
    accounts: &[Account],
    nodes: &[Node],
    random: &mut Random,
    now: Timestamp,
    out: &mut Vec<Value>,
) {
    let agents = nodes.len().min(spec.pods);
    agent(&nodes[..agents], random, now, out);
    let users: Vec<&Account> = accounts.iter().filter(|one| one.exists && !is_system(one)).collect();
    let mut left = spec.pods - agents;
    let mut index = 0;
    while left > 0 && !users.is_empty() {
        let rounds = index / users.len();
        let size = random.pick(SIZES).copied().unwrap_or(1).min(left);
        // The last service accounts should get pods too: later rounds may be large.
        let size = if rounds > 2 { (size * 2).min(left) } else { size };
        let name = if rounds == 0 {
            base(users[index % users.len()])
        } else {
            format!("{}-v{}", base(users[index % users.len()]), rounds + 1)
        };
        let deployment = Deployment { name, account: users[index % users.len()], size, now };
        deployment.write(nodes, random, out);
        left -= size;
        index += 1;
    }
}

fn is_system(account: &Account) -> bool {
    account.namespace.starts_with("kube-") || account.name == AGENT || account.namespace == "default"
}

fn base(account: &Account) -> String {
    if account.name == "default" { "website".to_owned() } else { account.name.clone() }
}

struct Deployment<'a> {
    name: String,
    account: &'a Account,
    size: usize,
    now: Timestamp,
}

impl Deployment<'_> {
    fn write(&self, nodes: &[Node], random: &mut Random, out: &mut Vec<Value>) {
        let (uid, set_uid) = (random.uuid(), random.uuid());
        let hash = random.lower(10);
        let age = 600 + random.below(3600 * 24 * 14);
        let set = format!("{}-{hash}", self.name);
        out.push(self.workload("Deployment", &self.name, &uid, None, None, age));
        out.push(self.workload("ReplicaSet", &set, &set_uid, Some((&self.name, &uid)), Some(&hash), age));
        for _ in 0..self.size {
            let node = random.pick(nodes);
            let pod = Pod { deployment: self, set: &set, set_uid: &set_uid, hash: &hash, age, node };
            out.push(pod.manifest(random));
        }
    }

    fn workload(
        &self,
        kind: &str,
        name: &str,
        uid: &str,
        owner: Option<(&str, &str)>,
        hash: Option<&str>,
        age: usize,
    ) -> Value {
        let mut labels = json!({ "app.kubernetes.io/name": self.name });
        if let Some(hash) = hash {
            labels["pod-template-hash"] = hash.into();
        }
        let mut metadata = json!({
            "name": name, "namespace": self.account.namespace, "uid": uid, "labels": labels, "generation": 1,
            "creationTimestamp": ago(self.now, age), "annotations": { "deployment.kubernetes.io/revision": "1" },
        });
        if let Some((owner, uid)) = owner {
            metadata["ownerReferences"] = json!([owned("Deployment", owner, uid)]);
        }
        json!({
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": metadata,
            "spec": {
                "replicas": self.size,
                "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "serviceAccountName": self.account.name, "containers": [self.container()] },
                },
            },
            "status": {
                "observedGeneration": 1, "replicas": self.size, "readyReplicas": self.size, "availableReplicas": self.size,
                "updatedReplicas": self.size,
            },
        })
    }

    fn container(&self) -> Value {
        let namespace = &self.account.namespace;
        json!({
            "name": "app",
            "image": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{namespace}/{}:2026.11.{}", self.name, self.size),
            "ports": [{ "containerPort": 8080, "name": "http", "protocol": "TCP" }],
            "env": [
                { "name": "LOG_LEVEL", "value": "info" },
                { "name": "TEAM", "value": namespace },
                { "name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://otel-collector.observability:4317" },
            ],
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "256Mi" } },
            "readinessProbe": { "httpGet": { "path": "/healthz", "port": "http" }, "periodSeconds": 10 },
            "securityContext": { "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true },
        })
    }

    /// What the webhook did to a pod of that age, or a past in which it did not.
    fn injection(&self, age: usize, random: &mut Random) -> Option<Injection> {
        let drifted = random.percent(4);
        match &self.account.means {
            Means::Association(since) if age <= *since && !drifted => Some(Injection::pod_identity()),
            Means::Annotation(role) if !drifted => Some(Injection::web_identity(role)),
            _ => None,
        }
    }
}

fn owned(kind: &str, name: &str, uid: &str) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true })
}

struct Injection {
    env: [(&'static str, String); 2],
    volume: &'static str,
    mount: &'static str,
    path: &'static str,
    audience: &'static str,
    label: bool,
}

impl Injection {
    fn pod_identity() -> Self {
        let mount = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
        let path = "eks-pod-identity-token";
        Self {
            env: [
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials".to_owned()),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", format!("{mount}/{path}")),
            ],
            volume: path,
            mount,
            path,
            audience: "pods.eks.amazonaws.com",
            label: true,
        }
    }

    fn web_identity(role: &str) -> Self {
        let mount = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
        Self {
            env: [("AWS_ROLE_ARN", role.to_owned()), ("AWS_WEB_IDENTITY_TOKEN_FILE", format!("{mount}/token"))],
            volume: "aws-iam-token",
            mount,
            path: "token",
            audience: "sts.amazonaws.com",
            label: false,
        }
    }

    fn apply(&self, pod: &mut Value) {
        let container = &mut pod["spec"]["containers"][0];
        if let Some(env) = container["env"].as_array_mut() {
            let both = [
                ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
                ("AWS_DEFAULT_REGION", "eu-west-1"),
                ("AWS_REGION", "eu-west-1"),
            ];
            env.extend(both.iter().map(|(name, value)| json!({ "name": name, "value": value })));
            env.extend(self.env.iter().map(|(name, value)| json!({ "name": name, "value": value })));
        }
        if let Some(mounts) = container["volumeMounts"].as_array_mut() {
            mounts.push(json!({ "name": self.volume, "mountPath": self.mount, "readOnly": true }));
        }
        let source = json!({ "serviceAccountToken": { "audience": self.audience, "expirationSeconds": 86400, "path": self.path } });
        if let Some(volumes) = pod["spec"]["volumes"].as_array_mut() {
            volumes.insert(0, json!({ "name": self.volume, "projected": { "defaultMode": 420, "sources": [source] } }));
        }
        if self.label {
            pod["metadata"]["labels"]["eks.amazonaws.com/pod-identity"] = "enabled".into();
        }
    }
}

struct Pod<'a> {
    deployment: &'a Deployment<'a>,
    set: &'a str,
    set_uid: &'a str,
    hash: &'a str,
    age: usize,
    node: Option<&'a Node>,
}

impl Pod<'_> {
    fn manifest(&self, random: &mut Random) -> Value {
        let deployment = self.deployment;
        let age = self.age - random.below(300);
        let created = ago(deployment.now, age);
        let name = format!("{}-{}", self.set, random.lower(5));
        let mut pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name, "generateName": format!("{}-", self.set), "namespace": deployment.account.namespace,
                "uid": random.uuid(), "creationTimestamp": created,
                "labels": { "app.kubernetes.io/name": deployment.name, "pod-template-hash": self.hash },
                "ownerReferences": [owned("ReplicaSet", self.set, self.set_uid)],
                "managedFields": [{
                    "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": created,
                    "fieldsType": "FieldsV1", "fieldsV1": { "f:spec": { "f:restartPolicy": {}, "f:serviceAccountName": {} } },
                }],
            },
            "spec": self.spec(random),
            "status": self.status(&created, random),
        });
        if let Some(injection) = deployment.injection(age, random) {
            injection.apply(&mut pod);
        }
        pod
    }

    fn spec(&self, random: &mut Random) -> Value {
        let volume = format!("kube-api-access-{}", random.lower(5));
        let mut container = self.deployment.container();
        container["imagePullPolicy"] = "IfNotPresent".into();
        container["terminationMessagePath"] = "/dev/termination-log".into();
        container["terminationMessagePolicy"] = "File".into();
        container["volumeMounts"] =
            json!([{ "name": volume, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true }]);
        let account = &self.deployment.account.name;
        json!({
            "serviceAccountName": account, "serviceAccount": account,
            "nodeName": self.node.map(|node| &node.name),
            "containers": [container],
            "volumes": [{ "name": volume, "projected": { "defaultMode": 420, "sources": [
                { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
                { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
                { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } }] } },
            ]}}],
            "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
            "terminationGracePeriodSeconds": 30, "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0, "securityContext": { "runAsNonRoot": true, "fsGroup": 1000 },
            "tolerations": [
                { "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
                { "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
            ],
        })
    }

    fn status(&self, created: &str, random: &mut Random) -> Value {
        let ip = format!("10.0.{}.{}", 32 + random.below(200), 1 + random.below(250));
        running("app", created, self.node.map_or("", |node| &node.ip), &ip, random)
    }
}

fn running(container: &str, since: &str, host: &str, ip: &str, random: &mut Random) -> Value {
    let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .map(|kind| json!({ "type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": since }));
    json!({
        "phase": "Running", "qosClass": "Burstable", "startTime": since, "hostIP": host, "hostIPs": [{ "ip": host }],
        "podIP": ip, "podIPs": [{ "ip": ip }], "conditions": conditions,
        "containerStatuses": [{
            "name": container, "ready": true, "started": true, "restartCount": 0, "lastState": {},
            "state": { "running": { "startedAt": since } },
            "containerID": format!("containerd://{}", random.hex(64)),
            "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "imageID": format!("sha256:{}", random.hex(64)),
        }],
    })
}

/// The agent: one pod on each of the nodes.
fn agent(nodes: &[Node], random: &mut Random, now: Timestamp, out: &mut Vec<Value>) {
    let labels = json!({ "app.kubernetes.io/instance": AGENT, "app.kubernetes.io/name": AGENT });
    let (uid, created) = (random.uuid(), ago(now, 3600 * 24 * 14));
    let container = json!({
        "name": AGENT, "image": "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/eks-pod-identity-agent:v0.1.36",
        "args": ["--port", "80", "--cluster-name", "generated", "--probe-port", "2703"],
        "env": [{ "name": "AWS_REGION", "value": "eu-west-1" }],
    });
    let spec = json!({
        "serviceAccountName": AGENT, "hostNetwork": true, "containers": [container],
        "priorityClassName": "system-node-critical", "tolerations": [{ "operator": "Exists" }],
    });
    let count = nodes.len();
    out.push(json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": { "name": AGENT, "namespace": "kube-system", "uid": uid, "labels": labels, "creationTimestamp": created },
        "spec": { "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": spec } },
        "status": { "desiredNumberScheduled": count, "currentNumberScheduled": count, "numberReady": count, "numberMisscheduled": 0 },
    }));
    for node in nodes {
        let mut spec = spec.clone();
        spec["nodeName"] = node.name.clone().into();
        out.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": format!("{AGENT}-{}", random.lower(5)), "namespace": "kube-system", "uid": random.uuid(),
                "labels": labels, "creationTimestamp": created, "ownerReferences": [owned("DaemonSet", AGENT, &uid)],
            },
            "spec": spec,
            "status": running(AGENT, &created, &node.ip, &node.ip, random),
        }));
    }
}
