//! The role of a node, by the first source that answers, and which one that was (identity-resolution 3.4).

use std::{collections::BTreeMap, sync::Arc};

use super::{NodeRole, instance_id, is_windows, missing_action};
use crate::domain::{
    fact::Fact,
    id::RoleArn,
    identity::facts::Facts,
    node::{Instance, Node, NodeClass, NodeKind},
};

/// The role of a node: the instance's own profile first, then what says how it was launched, last the access
/// entries.
pub fn role(facts: &Facts, node: &Node, kind: NodeKind) -> NodeRole {
    match kind {
        NodeKind::Fargate => return NodeRole::NotOffered,
        NodeKind::Hybrid => {
            return candidates(facts, node, kind, Some("ssm:DescribeInstanceInformation".into()));
        }
        NodeKind::Managed | NodeKind::SelfManaged | NodeKind::Karpenter | NodeKind::Auto => {}
    }
    let from_instance = role_of_instance(facts, node);
    if matches!(from_instance, NodeRole::Known(..) | NodeRole::NotOffered) {
        return from_instance;
    }
    let other = match kind {
        NodeKind::Managed => role_of_group(facts, node),
        NodeKind::Karpenter => role_of_karpenter(facts, node),
        NodeKind::Auto => role_of_auto_mode(facts, node),
        _ => None,
    };
    match (other, from_instance) {
        (Some(NodeRole::Loading), NodeRole::Unknown(_)) => NodeRole::Loading,
        (Some(known @ NodeRole::Known(..)), _) => known,
        (_, NodeRole::Unknown(missing)) => candidates(facts, node, kind, missing),
        (_, from_instance) => from_instance,
    }
}

/// The roles that access entries of a node's type and aws-auth let in as nodes: one is the answer, several are a set
/// to choose from. A role that both name is one; aws-auth leaves its path out.
fn candidates(facts: &Facts, node: &Node, kind: NodeKind, missing: Option<Arc<str>>) -> NodeRole {
    let wanted = match kind {
        NodeKind::Auto => "EC2",
        NodeKind::Hybrid => "HYBRID_LINUX",
        _ if is_windows(node) => "EC2_WINDOWS",
        _ => "EC2_LINUX",
    };
    let mapped = facts.joined(facts.mapped_roles.as_ref());
    let entries = facts.joined(facts.access_entries.as_ref());
    let mut named: BTreeMap<RoleArn, (RoleArn, &'static str)> = BTreeMap::new();
    for (source, found) in [("aws-auth", mapped), ("access-entry", entries)] {
        let of_kind =
            found.known().into_iter().flat_map(|entries| entries.iter().filter(|entry| &*entry.kind == wanted));
        named.extend(of_kind.map(|entry| (without_path(&entry.role_arn), (entry.role_arn.clone(), source))));
    }
    // Of two sources the one that names whole ARNs is told.
    let Some(source) = named.values().map(|(_, source)| *source).min() else { return NodeRole::Unknown(missing) };
    let mut roles: Vec<RoleArn> = named.into_values().map(|(arn, _)| arn).collect();
    roles.sort();
    match <[RoleArn; 1]>::try_from(roles) {
        Ok([only]) => NodeRole::Known(only, source),
        Err(roles) => NodeRole::Candidates(roles, missing, source),
    }
}

fn without_path(arn: &RoleArn) -> RoleArn {
    match arn.as_str().split_once(":role/") {
        Some((account, path)) => format!("{account}:role/{}", path.rsplit('/').next().unwrap_or(path)).into(),
        None => arn.clone(),
    }
}

fn role_of_instance(facts: &Facts, node: &Node) -> NodeRole {
    let Some(id) = instance_id(node) else { return NodeRole::Unknown(None) };
    match facts.instance(&id) {
        Fact::Known(Instance { profile_arn: Some(profile), .. }) => role_of_profile(facts, profile),
        Fact::Known(Instance { profile_arn: None, .. }) => NodeRole::NotOffered,
        Fact::Loading => NodeRole::Loading,
        Fact::Absent => NodeRole::Unknown(None),
        Fact::Unknown(failure) => NodeRole::Unknown(missing_action(&failure, "ec2:DescribeInstances")),
    }
}

fn role_of_profile(facts: &Facts, profile: &str) -> NodeRole {
    match facts.instance_profile(profile) {
        Fact::Known(role) => NodeRole::Known(role.clone(), "instance-profile"),
        Fact::Loading => NodeRole::Loading,
        Fact::Absent => NodeRole::NotOffered,
        Fact::Unknown(failure) => NodeRole::Unknown(missing_action(&failure, "iam:GetInstanceProfile")),
    }
}

fn role_of_group(facts: &Facts, node: &Node) -> Option<NodeRole> {
    let name = node.labels.get("eks.amazonaws.com/nodegroup")?;
    match facts.joined(facts.node_groups.as_ref()) {
        Fact::Known(groups) => {
            let group = groups.iter().find(|group| group.name == *name)?;
            Some(NodeRole::Known(group.role_arn.clone(), "nodegroup"))
        }
        Fact::Loading => Some(NodeRole::Loading),
        Fact::Absent | Fact::Unknown(_) => None,
    }
}

/// The role that Auto Mode launches nodes with: of the NodeClass, else the cluster's.
fn role_of_auto_mode(facts: &Facts, node: &Node) -> Option<NodeRole> {
    let class = class_of(facts.auto_node_classes.as_ref(), node, "eks.amazonaws.com/nodeclass");
    if matches!(class, Fact::Loading) {
        return Some(NodeRole::Loading);
    }
    if let Some(role) = class.known().and_then(|class| role_of_class(facts, class)) {
        return Some(role);
    }
    let cluster = facts.joined(facts.cluster.as_ref());
    let role = cluster.known()?.auto_node_role_arn.clone()?;
    Some(NodeRole::Known(role.into(), "cluster"))
}

/// The role that Karpenter launched a node with: by the profile of its NodeClaim, else by its EC2NodeClass, which
/// may have changed since.
fn role_of_karpenter(facts: &Facts, node: &Node) -> Option<NodeRole> {
    let class = class_of(facts.ec2_node_classes.as_ref(), node, EC2_NODE_CLASS);
    if matches!(facts.node_claims, Fact::Loading) || matches!(class, Fact::Loading) {
        return Some(NodeRole::Loading);
    }
    let source = if claimed(facts, node).is_some() { "nodeclaim" } else { "nodeclass" };
    let of_profile = launch_profile(facts, node).map(|profile| role_of_profile(facts, &profile));
    match of_profile {
        Some(NodeRole::Known(role, _)) => Some(NodeRole::Known(role, source)),
        Some(NodeRole::Loading) => Some(NodeRole::Loading),
        _ => class.known().and_then(|class| role_of_class(facts, class)),
    }
}

const EC2_NODE_CLASS: &str = "karpenter.k8s.aws/ec2nodeclass";

/// The ARN of the instance profile that Karpenter's objects name for a node.
pub fn launch_profile(facts: &Facts, node: &Node) -> Option<Arc<str>> {
    let class = class_of(facts.ec2_node_classes.as_ref(), node, EC2_NODE_CLASS);
    let of_class = || class.known().and_then(|class| class.profile.as_ref());
    facts.profile_arn(claimed(facts, node).or_else(of_class)?)
}

fn claimed<'a>(facts: &'a Facts, node: &Node) -> Option<&'a Arc<str>> {
    facts.node_claims.known()?.get(&node.name)
}

fn class_of<'a>(classes: Fact<&'a Vec<NodeClass>>, node: &Node, label: &str) -> Fact<&'a NodeClass> {
    let name = node.labels.get(label);
    match classes {
        Fact::Known(classes) => {
            let found = classes.iter().find(|class| Some(&class.name) == name);
            found.map_or(Fact::Absent, Fact::Known)
        }
        Fact::Loading => Fact::Loading,
        Fact::Absent => Fact::Absent,
        Fact::Unknown(failure) => Fact::Unknown(failure),
    }
}

fn role_of_class(facts: &Facts, class: &NodeClass) -> Option<NodeRole> {
    let role = class.role.as_deref()?;
    let arn = if role.starts_with("arn:") { RoleArn::from(role) } else { facts.role_arn(role)? };
    Some(NodeRole::Known(arn, "nodeclass"))
}
