//! Nodes, the instances behind them and what lets a pod reach instance metadata.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    id::{InstanceId, NodeName, RoleArn},
    version::Version,
};

/// One node object, slim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// `metadata.resourceVersion`: changes with every heartbeat, so no change by itself.
    pub version: Version,
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
    /// The service that manages it (`Operator.Principal`): `eks.amazonaws.com` for Auto Mode.
    pub operator: Option<Arc<str>>,
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
    /// `HttpProtocolIpv6 = enabled`: it answers at `fd00:ec2::254`, too.
    pub ipv6: bool,
}

/// One managed node group (DescribeNodegroup).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeGroup {
    /// Its name, as in the label `eks.amazonaws.com/nodegroup`.
    pub name: Arc<str>,
    /// Role of its nodes.
    pub role_arn: RoleArn,
}

/// What a node of Karpenter was launched with (NodeClaim, `karpenter.sh`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClaim {
    /// `status.nodeName`.
    pub node: NodeName,
    /// Annotation `karpenter.k8s.aws/instance-profile-name`: the name, not the ARN.
    pub profile: Arc<str>,
}

/// What nodes are launched with now: EC2NodeClass of Karpenter (`karpenter.k8s.aws`), NodeClass of Auto Mode
/// (`eks.amazonaws.com`). Names, not ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClass {
    /// Its name, as in the label of the node.
    pub name: Arc<str>,
    /// `status.instanceProfile`, else `spec.instanceProfile`.
    pub profile: Option<Arc<str>>,
    /// `spec.role`.
    pub role: Option<Arc<str>>,
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
    /// What EKS says is wrong with it: code and sentence.
    pub issues: Vec<(Arc<str>, Arc<str>)>,
    /// ARNs of the associations that it owns.
    pub association_arns: Vec<Arc<str>>,
    /// Role of its service account by IRSA.
    pub service_account_role_arn: Option<RoleArn>,
}

/// One access entry of a node type (DescribeAccessEntry), or a role that aws-auth maps to nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// The role that nodes come with.
    pub role_arn: RoleArn,
    /// `EC2_LINUX`, `EC2_WINDOWS`, `EC2` (Auto Mode), `FARGATE_LINUX`, `HYBRID_LINUX`, `HYPERPOD_LINUX`.
    pub kind: Arc<str>,
}

/// One interface or gateway endpoint of the cluster's VPC (DescribeVpcEndpoints).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcEndpoint {
    /// `com.amazonaws.REGION.SERVICE`.
    pub service_name: Arc<str>,
    /// Names of the service resolve to it inside the VPC.
    pub private_dns: bool,
    /// It is `available`.
    pub available: bool,
}

impl VpcEndpoint {
    /// The service without what stands before it: `eks-auth`, `sts`, `ecr.api`.
    pub fn service(&self) -> &str {
        self.service_name.splitn(4, '.').nth(3).unwrap_or(&self.service_name)
    }
}
