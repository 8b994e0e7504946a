//! What a pod may expect that has no node yet: what the nodes it could land on have in common
//! (identity-resolution 0.2).

use super::{Agent, NodeFacts, NodeRole, Reach, missing_action};
use crate::domain::{fact::Fact, node::NodeKind, permission::Permission};

/// What a pod may expect that has no node yet: what all Linux nodes have in common (0.2).
pub fn fleet<'a>(nodes: impl IntoIterator<Item = &'a NodeFacts>, listed: Fact<()>) -> NodeFacts {
    let mut common: Option<NodeFacts> = None;
    for node in nodes {
        if node.windows || node.kind == Some(NodeKind::Fargate) {
            continue;
        }
        common = Some(match common {
            None => NodeFacts { kind: None, ..node.clone() },
            Some(common) => common.joined(node),
        });
    }
    common.unwrap_or_else(|| match listed {
        Fact::Loading => no_node(Reach::Loading, NodeRole::Loading, Agent::Loading),
        Fact::Unknown(failure) => {
            let action = missing_action(&failure, "list nodes");
            no_node(Reach::Unknown(action.clone()), NodeRole::Unknown(action), Agent::Unknown)
        }
        Fact::Known(()) | Fact::Absent => no_node(Reach::Differs, NodeRole::Differs, Agent::Some),
    })
}

fn no_node(reach: Reach, role: NodeRole, agent: Agent) -> NodeFacts {
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
        port_80: false,
        strict_groups: false,
    }
}

impl NodeFacts {
    fn joined(self, other: &Self) -> Self {
        Self {
            kind: None,
            windows: false,
            role: common_role(self.role, &other.role),
            reach: common_reach(self.reach, &other.reach),
            host_reach: common_reach(self.host_reach, &other.host_reach),
            only_v1: self.only_v1 && other.only_v1,
            agent: common_agent(self.agent, other.agent),
            ipv6_metadata: self.ipv6_metadata.zip(other.ipv6_metadata).map(|(one, other)| one && other),
            agent_permission: common_permission(self.agent_permission, &other.agent_permission),
            port_80: self.port_80 && other.port_80,
            strict_groups: self.strict_groups && other.strict_groups,
        }
    }
}

fn common_role(one: NodeRole, other: &NodeRole) -> NodeRole {
    match (&one, other) {
        (NodeRole::Known(one_arn, _), NodeRole::Known(other_arn, _)) if one_arn == other_arn => one,
        (NodeRole::Loading, _) | (_, NodeRole::Loading) => NodeRole::Loading,
        (NodeRole::Unknown(_), _) => one,
        (_, NodeRole::Unknown(_)) => other.clone(),
        _ if one == *other => one,
        _ => NodeRole::Differs,
    }
}

fn common_reach(one: Reach, other: &Reach) -> Reach {
    match (&one, other) {
        (Reach::Loading, _) | (_, Reach::Loading) => Reach::Loading,
        (Reach::Unknown(_), _) => one,
        (_, Reach::Unknown(_)) => other.clone(),
        (Reach::No(_), Reach::No(_)) => one,
        _ if one == *other => one,
        (Reach::Maybe(_), Reach::Yes) => one,
        (Reach::Yes, Reach::Maybe(_)) => other.clone(),
        _ => Reach::Differs,
    }
}

fn common_agent(one: Agent, other: Agent) -> Agent {
    let works = |agent| matches!(agent, Agent::Ready | Agent::BuiltIn);
    match (one, other) {
        (Agent::Loading, _) | (_, Agent::Loading) => Agent::Loading,
        (Agent::Unknown, _) | (_, Agent::Unknown) => Agent::Unknown,
        _ if one == other || works(one) && works(other) => one,
        (Agent::Missing | Agent::NotReady, Agent::Missing | Agent::NotReady) => Agent::Missing,
        _ => Agent::Some,
    }
}

/// What can be said of all: where nodes differ, it is said of each pod once it has its node.
fn common_permission(one: Permission, other: &Permission) -> Permission {
    match (&one, other) {
        (Permission::Allowed(_), Permission::Allowed(_)) => one,
        _ if one == *other => one,
        _ => Permission::Loading,
    }
}
