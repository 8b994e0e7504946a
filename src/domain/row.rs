//! What the lists show, one struct a row: joined, sorted and filtered by the inventory's callers.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    id::{AccountId, AssociationId, Namespace, NodeName, PodId, RoleArn, RoleName, ServiceAccountId},
    identity::{Mechanism, Resolution, State, Verdict},
    node::NodeKind,
    workload::WorkloadId,
};

/// Pods folded by their workload.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadRow {
    /// The workload.
    pub id: WorkloadId,
    /// Its worst pod's state.
    pub state: State,
    /// Number of pods.
    pub pods: u32,
    /// Pods whose identity differs from that of the others, 0 where all agree.
    pub differing: u32,
    /// Common mechanism of its pods, else `mixed`.
    pub now: Mechanism,
    /// Common mechanism of what they would get.
    pub next: Mechanism,
    /// Next is the same identity as now in every pod.
    pub same: bool,
    /// The service account of its (worst) pod.
    pub service_account: ServiceAccountId,
    /// Role of the worst pod's now.
    pub role: Option<RoleArn>,
    /// Its worst pod: what WHY, FIX and the chain are shown for.
    pub worst: PodId,
}

/// One pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodRow {
    /// The pod.
    pub id: PodId,
    /// The workload it belongs to.
    pub workload: WorkloadId,
    /// Its node.
    pub node: Option<NodeName>,
    /// Its service account.
    pub service_account: ServiceAccountId,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its identities.
    pub resolution: Arc<Resolution>,
}

/// One service account: existing, or only named by a pod or an association.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceAccountRow {
    /// Namespace and name.
    pub id: ServiceAccountId,
    /// The object exists.
    pub exists: bool,
    /// Worst of its pods', with none the one its `next` implies.
    pub state: State,
    /// `eks.amazonaws.com/role-arn`.
    pub annotation_role_arn: Option<RoleArn>,
    /// Its association.
    pub association: Option<AssociationId>,
    /// Role of the association, if it was read.
    pub association_role_arn: Option<RoleArn>,
    /// What a plain container of a new pod would get.
    pub next: Mechanism,
    /// The role a plain container of a new pod would get.
    pub next_role_arn: Option<RoleArn>,
    /// Number of its pods: all, drifting, at risk, broken.
    pub pods: PodCounts,
}

/// Pods of something, counted by what is wrong with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PodCounts {
    /// All of them.
    pub total: u32,
    /// In state `drift`.
    pub drift: u32,
    /// In state `at-risk`.
    pub at_risk: u32,
    /// In state `broken`.
    pub broken: u32,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct NamespaceRow {
    /// Its name.
    pub name: Namespace,
    /// Worst state of its pods.
    pub state: State,
    /// Number of its service accounts.
    pub service_accounts: u32,
    /// Number of its pods.
    pub pods: u32,
    /// Pods by mechanism of now.
    pub mechanisms: Vec<(Mechanism, u32)>,
    /// Pods by state.
    pub states: Vec<(State, u32)>,
}

/// One role of the account, or one that something names.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleRow {
    /// Its ARN.
    pub arn: RoleArn,
    /// Its name, or the ARN where that cannot be told.
    pub name: RoleName,
    /// The account it lives in.
    pub account: Option<AccountId>,
    /// Its document is at hand.
    pub readable: bool,
    /// IAM says that it does not exist.
    pub missing: bool,
    /// Mechanisms that its trust policy names.
    pub mechanisms: Vec<Mechanism>,
    /// Who uses it.
    pub used_by: Vec<RoleUse>,
    /// Pods that use it now.
    pub pods: u32,
    /// Worst state of those who use it.
    pub state: State,
}

/// One use of a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleUse {
    /// Who.
    pub service_account: ServiceAccountId,
    /// `association`, `annotation`, `environment`, `target` or `node`.
    pub how: &'static str,
}

/// One association.
#[derive(Clone, Debug, PartialEq)]
pub struct AssociationRow {
    /// `a-…`.
    pub id: AssociationId,
    /// Whom it is for.
    pub service_account: ServiceAccountId,
    /// That service account exists.
    pub service_account_exists: bool,
    /// Its role, once described.
    pub role_arn: Option<RoleArn>,
    /// Role of the second hop.
    pub target_role_arn: Option<RoleArn>,
    /// The add-on that owns it.
    pub owner_arn: Option<Arc<str>>,
    /// Whether it works (role, trust), apart from nodes.
    pub verdict: Verdict,
    /// Why, if it does not.
    pub why: Option<String>,
    /// Pods of its service account: all, and those that use it now.
    pub pods: u32,
    /// Pods that use it now.
    pub using: u32,
    /// Pods that a restart would bring to it.
    pub drift: u32,
}

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRow {
    /// Its name.
    pub name: NodeName,
    /// What runs it.
    pub kind: NodeKind,
    /// Its role, if known.
    pub role_arn: Option<RoleArn>,
    /// Which source told the role: `instance-profile`, `nodegroup`, …, `unknown`.
    pub role_source: &'static str,
    /// Where only access entries tell: the roles it may be.
    pub role_candidates: Vec<RoleArn>,
    /// Whether ordinary pods reach instance metadata: `yes`, `no`, `hostNetwork`, `unknown`.
    pub imds: &'static str,
    /// `HttpPutResponseHopLimit`.
    pub hop_limit: Option<u8>,
    /// `required` or `optional`.
    pub tokens: Option<&'static str>,
    /// The agent there: `ready`, `missing`, `built-in`, `unsupported`, `unknown`.
    pub agent: &'static str,
    /// Number of pods on it.
    pub pods: u32,
}
