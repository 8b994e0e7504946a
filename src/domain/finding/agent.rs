//! What keeps the Pod Identity agent from listening, as far as it can be seen (identity-resolution 4.2, 8.18, 8.19).

use super::{Finding, Group, Scene, Subject, Team};
use crate::domain::{
    identity::node_role::Agent,
    workload::{WorkloadId, WorkloadKind},
};

/// All rules of this file.
pub fn of_team(scene: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    let found = if is_agent(team.id) { unbound(scene, team) } else { port_taken(team) };
    found.into_iter().collect()
}

fn is_agent(id: &WorkloadId) -> bool {
    let named = id.name.as_str().starts_with("eks-pod-identity-agent");
    id.kind == WorkloadKind::DaemonSet && id.namespace.as_str() == "kube-system" && named
}

/// A pod that takes the port on a node whose agent is not ready.
fn port_taken(team: &Team<'_>) -> Option<Finding> {
    let takes =
        |group: &Group<'_>| group.spec.node_port_80 && group.node.port_80 && group.node.agent == Agent::NotReady;
    let (group, pods) = team.where_it_holds(takes)?;
    let message = "It takes port 80 of its node, where the Pod Identity agent has to listen and is not ready.";
    let finding = Finding::new("PI-PORT-80", Subject::Workload(team.id.clone()), message)?;
    let how = if group.spec.host_network { "port 80 on the host's network" } else { "hostPort 80" };
    Some(finding.of_pods(pods).because(group.witness()).because(how))
}

/// An agent that crashes although nobody takes its port. Its log is not read, so the reason is a guess; where nodes of
/// the same kind and role run it, their kernels are hardly the reason.
fn unbound(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    if scene.facts.cluster.known()?.ipv6 {
        return None;
    }
    let alike =
        |one: &Group<'_>, other: &Group<'_>| one.node.kind == other.node.kind && one.node.role == other.node.role;
    let runs =
        |group: &Group<'_>| team.groups.iter().any(|other| other.node.agent == Agent::Ready && alike(group, other));
    let crashes = |group: &&Group<'_>| group.crashing > 0 && !group.node.port_80 && !runs(group);
    let pods = team.groups.iter().filter(crashes).map(|group| group.crashing).sum();
    let group = team.groups.iter().find(crashes)?;
    let message = "The agent crashes again and again; if IPv6 is off in the kernel of these nodes, the reason may be that it cannot bind fd00:ec2::23.";
    let finding = Finding::new("PI-IPV6-BIND", Subject::Workload(team.id.clone()), message)?;
    Some(finding.of_pods(pods).because(group.witness()).because("CrashLoopBackOff in an IPv4 cluster"))
}
