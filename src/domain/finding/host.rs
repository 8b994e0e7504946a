//! Pods on the host's network (identity-resolution 3.1, 8.51, 8.52).

use super::{Finding, Group, Scene, Subject, Team};
use crate::domain::identity::{Mechanism, node_role::Reach};

/// Daemons of EKS itself, which are meant to live there.
const MEANT_TO: [&str; 7] = [
    "aws-node",
    "kube-proxy",
    "eks-pod-identity-agent",
    "ebs-csi-node",
    "efs-csi-node",
    "eks-node-monitoring-agent",
    "node-local-dns",
];

/// All rules of this file.
pub fn of_team(_: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    let meant = team.id.namespace.as_str() == "kube-system"
        && MEANT_TO.iter().any(|name| team.id.name.as_str().starts_with(name));
    if meant {
        return Vec::new();
    }
    [node_role(team), pod_identity(team)].into_iter().flatten().collect()
}

/// Hop limit and required tokens keep other pods of that node from the node role, but not this one.
fn node_role(team: &Team<'_>) -> Option<Finding> {
    let escapes = |group: &Group<'_>| {
        let node = group.node;
        group.spec.host_network && node.host_reach == Reach::Yes && matches!(node.reach, Reach::No(_))
    };
    let (group, pods) = team.where_it_holds(escapes)?;
    let message = "On the host's network it reaches the node role, which the node keeps from other pods.";
    let finding = Finding::new("HOSTNETWORK-IMDS", Subject::Workload(team.id.clone()), message)?;
    Some(finding.of_pods(pods).because(group.witness()).because("spec.hostNetwork: true"))
}

fn pod_identity(team: &Team<'_>) -> Option<Finding> {
    let uses = |group: &Group<'_>| {
        let resolution = group.resolution;
        let either = [&resolution.now, &resolution.next];
        group.spec.host_network && either.iter().any(|identity| identity.mechanism == Mechanism::PodIdentity)
    };
    let (group, pods) = team.where_it_holds(uses)?;
    let message = "Pod Identity has been reported to fail for pods on the host's network; this one may be hit.";
    let finding = Finding::new("HOSTNETWORK-PI", Subject::Workload(team.id.clone()), message)?;
    Some(finding.of_pods(pods).because(group.witness()).because("spec.hostNetwork: true"))
}
