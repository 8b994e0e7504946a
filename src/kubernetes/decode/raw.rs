//! The parts of a pod that are read, as they stand in the body. Field names are those of the API.

use serde::Deserialize;

use super::{
    metadata::Metadata,
    text::{Labels, Text, or_default},
    variable::Variables,
};

/// A pod.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Pod<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub spec: Spec<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub status: Status<'a>,
}

/// `spec` of a pod.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Spec<'a> {
    #[serde(borrow)]
    pub node_name: Text<'a>,
    #[serde(borrow)]
    pub service_account_name: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub host_network: bool,
    #[serde(borrow)]
    pub node_selector: Labels<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub os: Os<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub init_containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub ephemeral_containers: Vec<Container<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub volumes: Vec<Volume<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub security_context: SecurityContext,
}

/// `securityContext` of a pod or of a container.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct SecurityContext {
    pub run_as_user: Option<i64>,
    pub run_as_non_root: Option<bool>,
    pub fs_group: Option<i64>,
}

/// `ports[]`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Port {
    pub container_port: Option<i64>,
    pub host_port: Option<i64>,
}

/// `spec.os`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Os<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// A container.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Container<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub image: Text<'a>,
    #[serde(borrow)]
    pub restart_policy: Text<'a>,
    pub env: Variables,
    #[serde(borrow, deserialize_with = "or_default")]
    pub env_from: Vec<EnvironmentSource<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub volume_mounts: Vec<Mount<'a>>,
    #[serde(deserialize_with = "or_default")]
    pub ports: Vec<Port>,
    #[serde(deserialize_with = "or_default")]
    pub security_context: SecurityContext,
}

/// `envFrom[]`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct EnvironmentSource<'a> {
    #[serde(borrow)]
    pub prefix: Text<'a>,
    #[serde(borrow)]
    pub config_map_ref: Option<Reference<'a>>,
    #[serde(borrow)]
    pub secret_ref: Option<Reference<'a>>,
}

/// A reference to an object by its name.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Reference<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// `volumeMounts[]`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Mount<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub mount_path: Text<'a>,
    #[serde(borrow)]
    pub sub_path: Text<'a>,
    #[serde(borrow)]
    pub sub_path_expr: Text<'a>,
}

/// `volumes[]`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Volume<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub projected: Option<Projected<'a>>,
    #[serde(borrow)]
    pub persistent_volume_claim: Option<Claim<'a>>,
}

/// `volumes[].persistentVolumeClaim`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Claim<'a> {
    #[serde(borrow)]
    pub claim_name: Text<'a>,
}

/// `volumes[].projected`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Projected<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub sources: Vec<Source<'a>>,
}

/// `volumes[].projected.sources[]`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Source<'a> {
    #[serde(borrow)]
    pub service_account_token: Option<Token<'a>>,
}

/// A projected token.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Token<'a> {
    #[serde(borrow)]
    pub audience: Text<'a>,
    #[serde(borrow)]
    pub path: Text<'a>,
}

/// `status` of a pod or of a node.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Status<'a> {
    #[serde(borrow)]
    pub phase: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub conditions: Vec<Condition<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub init_container_statuses: Vec<ContainerStatus<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus<'a>>,
}

/// `status.containerStatuses[]`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct ContainerStatus<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub state: ContainerState<'a>,
}

/// `status.containerStatuses[].state`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct ContainerState<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pub waiting: Waiting<'a>,
}

/// `status.containerStatuses[].state.waiting`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Waiting<'a> {
    #[serde(borrow)]
    pub reason: Text<'a>,
}

/// `status.conditions[]`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub status: Text<'a>,
}

impl Status<'_> {
    /// A container waits in `CrashLoopBackOff`.
    pub fn is_crashing(&self) -> bool {
        let mut all = self.init_container_statuses.iter().chain(&self.container_statuses);
        all.any(|status| &*status.state.waiting.reason == "CrashLoopBackOff")
    }

    /// Condition `Ready` is true.
    pub fn is_ready(&self) -> bool {
        self.conditions.iter().any(|condition| &*condition.kind == "Ready" && &*condition.status == "True")
    }
}
