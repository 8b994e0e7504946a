//! Nodes, the instances behind them and what lets a pod reach instance metadata.

use std::{collections::BTreeMap, sync::Arc};

use super::id::{InstanceId, NodeName, RoleArn};

/// One node object, slim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// `spec.providerID`.
    pub provider_id: Option<Arc<str>>,
    /// The labels that classify it: `eks.amazonaws.com/*`, `karpenter.*`, `alpha.eksctl.io/*`, `kubernetes.io/os`.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Condition `Ready` is true.
    pub ready: bool,
}

/// What runs the node (identity-resolution 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A managed node group.
    Managed,
    /// An ordinary EC2 instance that joined by itself.
    SelfManaged,
    /// Self-run Karpenter.
    Karpenter,
    /// EKS Auto Mode.
    Auto,
    /// AWS Fargate.
    Fargate,
    /// EKS Hybrid Nodes.
    Hybrid,
}

/// One EC2 instance (DescribeInstances).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `i-…`.
    pub id: InstanceId,
    /// ARN of its instance profile.
    pub profile_arn: Option<Arc<str>>,
    /// Its metadata options.
    pub metadata: MetadataOptions,
}

/// `MetadataOptions` of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataOptions {
    /// The endpoint is on.
    pub enabled: bool,
    /// `HttpTokens = required`: IMDSv2 only.
    pub tokens_required: bool,
    /// `HttpPutResponseHopLimit`.
    pub hop_limit: u8,
    /// `State = pending`: the settings are still being applied.
    pub pending: bool,
}

/// One managed node group (DescribeNodegroup).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeGroup {
    /// Its name, as in the label `eks.amazonaws.com/nodegroup`.
    pub name: Arc<str>,
    /// Role of its nodes.
    pub role_arn: RoleArn,
}

/// One installed EKS add-on (DescribeAddon).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddOn {
    /// Its name, e.g. `eks-pod-identity-agent`.
    pub name: Arc<str>,
    /// e.g. `v1.3.8-eksbuild.2`.
    pub version: Option<Arc<str>>,
    /// `ACTIVE`, `DEGRADED`, …
    pub status: Arc<str>,
}
