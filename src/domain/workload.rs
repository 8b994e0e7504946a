//! Pods, containers and the workloads that own them, slim: exactly what identity
//! resolution reads (identity-resolution part 0) and no secret value.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    id::{ContainerName, Namespace, NodeName, PodId, PodUid, ServiceAccountId, ServiceAccountName, WorkloadName},
    version::Version,
};

/// One pod. What replicas share stands in `spec`, which replicas of one template share in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Namespace and name.
    pub id: PodId,
    /// `metadata.uid`.
    pub uid: PodUid,
    /// `metadata.resourceVersion`: changes with every heartbeat, so no change by itself.
    pub version: Version,
    /// `metadata.creationTimestamp`.
    pub created_at: Timestamp,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// `status.phase`.
    pub phase: Phase,
    /// Condition `Ready` is true.
    pub ready: bool,
    /// A container waits in `CrashLoopBackOff`.
    pub crashing: bool,
    /// `spec.nodeName`.
    pub node: Option<NodeName>,
    /// The workload it belongs to, or the pod itself.
    pub workload: WorkloadId,
    /// Everything that replicas share.
    pub spec: Arc<PodSpec>,
}

/// What the replicas of one template have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodSpec {
    /// `spec.serviceAccountName`, `default` where it is not set.
    pub service_account: ServiceAccountName,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.nodeSelector` asks for Windows (identity-resolution 1.6).
    pub windows: bool,
    /// A container takes port 80 of the node: `hostPort`, or a port of a pod on the host's network.
    pub node_port_80: bool,
    /// `spec.securityContext.fsGroup` is set.
    pub fs_group: bool,
    /// The claims that its volumes name, without those that a StatefulSet makes for each replica.
    pub claims: Vec<Arc<str>>,
    /// Labels, without those that differ between replicas
    /// (`statefulset.kubernetes.io/pod-name`, `apps.kubernetes.io/pod-index`).
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// The annotations under `eks.amazonaws.com/` and `iam.amazonaws.com/`.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// All containers: init, sidecars, normal, ephemeral, in the pod's order.
    pub containers: Vec<Container>,
    /// Volumes that matter here: projected service account tokens.
    pub token_volumes: Vec<TokenVolume>,
}

/// A projected service account token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenVolume {
    /// Name of the volume.
    pub name: Arc<str>,
    /// Path within the volume.
    pub path: Arc<str>,
    /// `aud` of the token.
    pub audience: Option<Arc<str>>,
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Container {
    /// Its name.
    pub name: ContainerName,
    /// What kind.
    pub kind: ContainerKind,
    /// Its image reference.
    pub image: Arc<str>,
    /// Its explicit environment, as far as it matters.
    pub environment: Environment,
    /// Its `envFrom` sources.
    pub environment_sources: Vec<EnvironmentSource>,
    /// Its security context asks for another user than root.
    pub non_root: bool,
    /// Its volume mounts: name and path.
    pub mounts: Vec<Mount>,
}

impl PodSpec {
    /// A pod of a service account of which nothing else is known.
    pub fn plain(service_account: ServiceAccountName) -> Self {
        Self {
            service_account,
            host_network: false,
            windows: false,
            node_port_80: false,
            fs_group: false,
            claims: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            containers: Vec::new(),
            token_volumes: Vec::new(),
        }
    }
}

/// A volume mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mount {
    /// Name of the volume.
    pub volume: Arc<str>,
    /// Where it is mounted.
    pub path: Arc<str>,
    /// A `subPath` is set.
    pub sub_path: bool,
}

/// Where a container takes a whole set of variables from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvironmentSource {
    /// Prefix of every name.
    pub prefix: Arc<str>,
    /// Name of the ConfigMap or Secret.
    pub name: Arc<str>,
    /// It is a Secret: never read, only named.
    pub secret: bool,
}

/// A ConfigMap as `envFrom` names it: what it gives depends on the prefix too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId {
    /// The namespace it is in.
    pub namespace: Namespace,
    /// Its name.
    pub name: Arc<str>,
    /// Prefix of every name.
    pub prefix: Arc<str>,
}

/// The kinds of containers that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerKind {
    /// Runs to its end before the others start.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// A normal container.
    Container,
    /// Added to a running pod; nothing is ever injected.
    Ephemeral,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Phase {
    /// Accepted, not all containers started.
    Pending,
    /// At least one container runs.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one badly.
    Failed,
    /// The node does not answer.
    #[default]
    Unknown,
}

/// Settings of the VPC CNI that decide about security groups for pods (identity-resolution 4.2).
const NETWORK_SETTINGS: [&str; 2] = ["ENABLE_POD_ENI", "POD_SECURITY_GROUP_ENFORCING_MODE"];

/// The explicit variables of a container that decide its identity: `AWS_*`, the proxy
/// variables and settings of the VPC CNI, sorted by name. Secret values are never here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Environment(Box<[(Arc<str>, Value)]>);

/// The value of a variable, as far as it may be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Written in the pod.
    Text(Arc<str>),
    /// `valueFrom`, or a secret by its name (`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`): present, not read.
    Hidden,
    /// The last four characters of an access key id.
    AccessKey(Arc<str>),
}

impl Environment {
    /// Keeps the variables that matter; later entries of the same name win, as in Kubernetes.
    pub fn new(variables: impl IntoIterator<Item = (Arc<str>, Value)>) -> Self {
        let kept = variables.into_iter().filter(|(name, _)| Self::is_kept(name));
        let sorted: BTreeMap<_, _> = kept.collect();
        Self(sorted.into_iter().collect())
    }

    /// Whether a variable of this name matters here.
    pub fn is_kept(name: &str) -> bool {
        name.starts_with("AWS_")
            || NETWORK_SETTINGS.contains(&name)
            || ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].iter().any(|proxy| name.eq_ignore_ascii_case(proxy))
    }

    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.binary_search_by(|(key, _)| (**key).cmp(name)).ok().map(|index| &self.0[index].1)
    }

    /// Whether a variable is set.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The text of a variable, if it is written in the pod.
    pub fn text(&self, name: &str) -> Option<&Arc<str>> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// All variables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

/// The workload that a pod belongs to, found from its controller reference: pods are folded by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkloadId {
    /// The namespace it lives in.
    pub namespace: Namespace,
    /// What it is.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: WorkloadName,
}

/// Kinds of owners of pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WorkloadKind {
    /// `deploy`
    Deployment,
    /// `rs`, one without a deployment
    ReplicaSet,
    /// `sts`
    StatefulSet,
    /// `ds`
    DaemonSet,
    /// `job`
    Job,
    /// `cron`
    CronJob,
    /// A pod that nobody owns.
    Pod,
    /// Anything else, e.g. an Argo `Rollout`.
    Other(Arc<str>),
}

impl WorkloadKind {
    /// The short name that kubectl knows, used in the lists: `deploy`, `sts`, …
    pub fn short(&self) -> &str {
        match self {
            Self::Deployment => "deploy",
            Self::ReplicaSet => "rs",
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::Job => "job",
            Self::CronJob => "cron",
            Self::Pod => "pod",
            Self::Other(kind) => kind,
        }
    }

    /// Whether it has a pod template that can be read: bare pods have none, of unknown kinds nobody knows where.
    pub fn has_template(&self) -> bool {
        !matches!(self, Self::Pod | Self::Other(_))
    }

    /// Whether a rollout restart exists for it (never for bare pods and Jobs).
    pub fn can_restart(&self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::DaemonSet)
    }
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.kind.short(), self.name)
    }
}

impl Pod {
    /// The service account it runs as.
    pub fn service_account(&self) -> ServiceAccountId {
        ServiceAccountId { namespace: self.id.namespace.clone(), name: self.spec.service_account.clone() }
    }
}
