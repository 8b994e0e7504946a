//! What a node means for the pods on it: its kind, its role and which source told it, whether pods
//! reach instance metadata, and whether the Pod Identity agent answers there (identity-resolution 3, 4.1).

use std::sync::Arc;

use super::facts::Facts;
use crate::domain::{
    fact::Fact,
    failure::Failure,
    id::{InstanceId, NodeName, RoleArn},
    node::{Instance, Node, NodeKind},
    permission::{ASSUME_FOR_POD_IDENTITY, Permission},
};

mod fleet;
mod source;

pub use fleet::fleet;
pub use source::launch_profile;

/// Everything about a node that decides identities. Nodes that agree in it share one value, so it
/// names no node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeFacts {
    /// What runs the node; `None` if the node object is not known.
    pub kind: Option<NodeKind>,
    /// Its operating system is Windows.
    pub windows: bool,
    /// Its role.
    pub role: NodeRole,
    /// Whether ordinary pods reach instance metadata.
    pub reach: Reach,
    /// Whether pods on the host's network do.
    pub host_reach: Reach,
    /// Ordinary pods reach it by its first version only: tokens are optional, and with hop limit 1 none comes back.
    pub only_v1: bool,
    /// The Pod Identity agent there.
    pub agent: Agent,
    /// In an IPv6 cluster: whether instance metadata answers over IPv6.
    pub ipv6_metadata: Option<bool>,
    /// Whether the role lets the agent get credentials for pods (4.1).
    pub agent_permission: Permission,
    /// Another pod than the agent's takes port 80 of the node.
    pub port_80: bool,
    /// The VPC CNI there gives pods security groups of their own, in strict mode.
    pub strict_groups: bool,
}

/// The role of a node, by the first source that answers (3.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeRole {
    /// Known, and from where: `instance-profile`, `nodegroup`, `nodeclaim`, `nodeclass`, `cluster`, `access-entry`
    /// or `aws-auth`.
    Known(RoleArn, &'static str),
    /// Nothing is offered to pods: Fargate, or an instance without a profile.
    NotOffered,
    /// A source has not answered yet.
    Loading,
    /// One of these, by the access entries of nodes or aws-auth (3.4, source 6); the permission that a better source
    /// lacks; which of the two tells.
    Candidates(Vec<RoleArn>, Option<Arc<str>>, &'static str),
    /// No source could be read; the permission that the best one lacks, if that is why.
    Unknown(Option<Arc<str>>),
    /// The nodes that a pod could land on have different roles.
    Differs,
}

/// Whether a container reaches instance metadata (3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// It does.
    Yes,
    /// It does unless something that cannot be read stands between; says what.
    Maybe(&'static str),
    /// It does not; says why.
    No(&'static str),
    /// The instance could not be read; the permission that is missing, if that is why.
    Unknown(Option<Arc<str>>),
    /// The instance has not been read yet.
    Loading,
    /// The nodes that a pod could land on differ.
    Differs,
}

/// The Pod Identity agent on a node (4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agent {
    /// Its pod is ready.
    Ready,
    /// Auto Mode has it in the node.
    BuiltIn,
    /// There is a pod, but it is not ready.
    NotReady,
    /// There is none.
    Missing,
    /// It is on some of the nodes that a pod could land on.
    Some,
    /// It cannot run there: `Fargate`, `Windows`.
    Unsupported(&'static str),
    /// Its pods cannot be seen.
    Unknown,
    /// Pods have not been read yet.
    Loading,
}

impl NodeRole {
    /// Which source told it.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Known(_, source) => source,
            Self::Candidates(_, _, source) => source,
            _ => "unknown",
        }
    }

    /// The roles it may be, where only access entries tell.
    pub fn candidates(&self) -> &[RoleArn] {
        match self {
            Self::Candidates(roles, ..) => roles,
            _ => &[],
        }
    }

    /// Its ARN, if it is known.
    pub fn arn(&self) -> Option<&RoleArn> {
        match self {
            Self::Known(arn, _) => Some(arn),
            _ => None,
        }
    }
}

impl Agent {
    /// `ready`, `missing`, `built-in`, `unsupported` or `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::BuiltIn => "built-in",
            Self::NotReady | Self::Missing => "missing",
            Self::Unsupported(_) => "unsupported",
            Self::Some | Self::Unknown | Self::Loading => "unknown",
        }
    }
}

impl Reach {
    /// `yes`, `no` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No(_) => "no",
            Self::Maybe(_) | Self::Unknown(_) | Self::Loading | Self::Differs => "unknown",
        }
    }
}

/// What is seen of a node through the pods on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodePods {
    /// A pod of the agent is there.
    pub agent: bool,
    /// A pod of the agent is there and ready.
    pub agent_ready: bool,
    /// kube2iam or kiam runs there: it answers instead of instance metadata.
    pub proxy: bool,
    /// Another pod than the agent's takes port 80.
    pub port_80: bool,
    /// The VPC CNI there gives pods security groups of their own, in strict mode.
    pub strict_groups: bool,
    /// Whether pods of the agent could be seen at all: `None` while pods are being read.
    pub visible: Option<bool>,
}

/// The kind of a node (3.3).
pub fn kind(node: &Node) -> NodeKind {
    let provider = node.provider_id.as_deref().unwrap_or_default();
    match node.labels.get("eks.amazonaws.com/compute-type").map(AsRef::as_ref) {
        Some("auto") => return NodeKind::Auto,
        Some("fargate") => return NodeKind::Fargate,
        Some("hybrid") => return NodeKind::Hybrid,
        _ => {}
    }
    if provider.starts_with("eks-hybrid://") {
        NodeKind::Hybrid
    } else if node.name.as_str().starts_with("fargate-") && last_segment(provider).starts_with("fargate-") {
        NodeKind::Fargate
    } else if node.labels.contains_key("eks.amazonaws.com/nodegroup") {
        NodeKind::Managed
    } else if node.labels.contains_key("karpenter.sh/nodepool") {
        let auto = node.labels.contains_key("eks.amazonaws.com/nodeclass");
        if auto { NodeKind::Auto } else { NodeKind::Karpenter }
    } else {
        NodeKind::SelfManaged
    }
}

/// The kind, where the labels leave it open also by the service that manages the instance.
pub fn seen_kind(facts: &Facts, node: &Node) -> NodeKind {
    let by_labels = kind(node);
    if by_labels != NodeKind::SelfManaged {
        return by_labels;
    }
    let operator = instance_id(node).and_then(|id| facts.instance(&id).known()?.operator.clone());
    if operator.as_deref() == Some("eks.amazonaws.com") { NodeKind::Auto } else { by_labels }
}

/// The EC2 instance behind a node, from its provider id.
pub fn instance_id(node: &Node) -> Option<InstanceId> {
    let id = last_segment(node.provider_id.as_deref()?);
    id.starts_with("i-").then(|| id.into())
}

fn last_segment(provider: &str) -> &str {
    provider.rsplit('/').next().unwrap_or_default()
}

/// Whether a node runs Windows.
pub fn is_windows(node: &Node) -> bool {
    node.labels.get("kubernetes.io/os").is_some_and(|os| &**os == "windows")
}

/// What is known of a node that a pod runs on.
pub fn node_facts(facts: &Facts, name: &NodeName, pods: NodePods) -> NodeFacts {
    match facts.nodes.get(name) {
        Fact::Known(node) => known_node(facts, node, pods),
        Fact::Loading => unseen(NodeRole::Loading, Reach::Loading, pods),
        Fact::Absent => unseen(NodeRole::Unknown(None), Reach::Unknown(None), pods),
        Fact::Unknown(failure) => {
            let action = missing_action(&failure, "list nodes");
            unseen(NodeRole::Unknown(action.clone()), Reach::Unknown(action), pods)
        }
    }
}

fn unseen(role: NodeRole, reach: Reach, pods: NodePods) -> NodeFacts {
    // Without its node object an Auto Mode node, which needs no agent pod, cannot be told from others.
    let agent = match agent_pod(pods) {
        Agent::Missing => Agent::Unknown,
        agent => agent,
    };
    let agent = if matches!(role, NodeRole::Loading) && agent != Agent::Ready { Agent::Loading } else { agent };
    NodeFacts {
        kind: None,
        windows: false,
        role,
        host_reach: reach.clone(),
        reach,
        only_v1: false,
        agent,
        ipv6_metadata: None,
        agent_permission: Permission::Loading,
        port_80: pods.port_80,
        strict_groups: pods.strict_groups,
    }
}

fn known_node(facts: &Facts, node: &Node, pods: NodePods) -> NodeFacts {
    let kind = seen_kind(facts, node);
    let windows = is_windows(node);
    let role = source::role(facts, node, kind);
    let reach_of_pods = reach(facts, node, kind, false, pods.proxy);
    NodeFacts {
        kind: Some(kind),
        windows,
        agent_permission: agent_permission(facts, &role),
        role,
        only_v1: reach_of_pods == Reach::Yes && keeps_tokens(facts, node),
        reach: reach_of_pods,
        host_reach: reach(facts, node, kind, true, false),
        agent: agent(kind, windows, pods),
        ipv6_metadata: ipv6_metadata(facts, node),
        port_80: pods.port_80,
        strict_groups: pods.strict_groups,
    }
}

/// Whether instance metadata answers over IPv6, in a cluster whose pods have only such addresses.
fn ipv6_metadata(facts: &Facts, node: &Node) -> Option<bool> {
    facts.cluster.known().filter(|cluster| cluster.ipv6)?;
    Some(facts.instance(&instance_id(node)?).known()?.metadata.ipv6)
}

/// Whether the agent may get credentials for pods with the role of its node.
fn agent_permission(facts: &Facts, role: &NodeRole) -> Permission {
    match (role, facts.cluster.known()) {
        (NodeRole::Known(role, _), Some(cluster)) => {
            facts.permission(role, ASSUME_FOR_POD_IDENTITY, cluster.arn.as_str())
        }
        _ => Permission::Loading,
    }
}

/// The agent on a node of a kind.
pub fn agent(kind: NodeKind, windows: bool, pods: NodePods) -> Agent {
    match kind {
        NodeKind::Fargate => Agent::Unsupported("Fargate"),
        _ if windows => Agent::Unsupported("Windows"),
        NodeKind::Auto => Agent::BuiltIn,
        _ => agent_pod(pods),
    }
}

fn agent_pod(pods: NodePods) -> Agent {
    match (pods.agent_ready, pods.agent, pods.visible) {
        (true, _, _) => Agent::Ready,
        (false, true, _) => Agent::NotReady,
        (false, false, None) => Agent::Loading,
        (false, false, Some(true)) => Agent::Missing,
        (false, false, Some(false)) => Agent::Unknown,
    }
}

/// The decision list of 3.1.
fn reach(facts: &Facts, node: &Node, kind: NodeKind, host_network: bool, proxy: bool) -> Reach {
    match kind {
        NodeKind::Fargate => return Reach::No("Fargate has no instance metadata"),
        NodeKind::Hybrid => return Reach::No("hybrid nodes have no instance metadata"),
        _ => {}
    }
    let unread = |action: Option<Arc<str>>| match (kind, host_network) {
        // Auto Mode's setting is fixed: tokens required, hop limit 1 (3.2).
        (NodeKind::Auto, true) => Reach::Yes,
        (NodeKind::Auto, false) => Reach::No("Auto Mode sets the hop limit to 1"),
        _ => Reach::Unknown(action),
    };
    let Some(id) = instance_id(node) else { return unread(None) };
    match facts.instance(&id) {
        Fact::Known(instance) => reach_of_instance(instance, host_network, proxy),
        Fact::Loading => Reach::Loading,
        Fact::Absent => unread(None),
        Fact::Unknown(failure) => unread(missing_action(&failure, "ec2:DescribeInstances")),
    }
}

fn reach_of_instance(instance: &Instance, host_network: bool, proxy: bool) -> Reach {
    let options = &instance.metadata;
    if !options.enabled {
        return Reach::No("the metadata endpoint of the instance is off");
    }
    let hops = host_network || !options.tokens_required || options.hop_limit >= 2;
    match (hops, options.pending) {
        (_, true) => Reach::Maybe("metadata options still being applied"),
        (false, false) => Reach::No("tokens are required and the hop limit is 1"),
        (true, false) if proxy && !host_network => Reach::Maybe("metadata proxy"),
        (true, false) => Reach::Yes,
    }
}

/// Whether the tokens of IMDSv2 never come back to ordinary pods.
fn keeps_tokens(facts: &Facts, node: &Node) -> bool {
    let instance = instance_id(node).map(|id| facts.instance(&id));
    instance.is_some_and(|instance| instance.known().is_some_and(|instance| instance.metadata.hop_limit < 2))
}

/// The permission behind a failure, or the one that the call needs if that is why it failed.
pub(super) fn missing_action(failure: &Failure, usual: &str) -> Option<Arc<str>> {
    Some(failure.action.as_deref().unwrap_or(usual).into())
}

impl NodeFacts {
    /// Whether a container there reaches instance metadata.
    pub fn reach_for(&self, host_network: bool) -> &Reach {
        if host_network { &self.host_reach } else { &self.reach }
    }
}
