//! Which roles pods reach without being given them: through instance metadata the role of their node, and from there
//! every role whose trust policy admits that one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Inventory;
use crate::domain::{
    id::{RoleArn, ServiceAccountId},
    identity::{
        admission::{self, Asking, short},
        node_role::{NodeRole, Reach},
    },
    permission::Permission,
    role::Role,
    trust,
};

/// What STS is asked for on the way from one role to another.
const ASSUME: &str = "sts:AssumeRole";

/// A way to a role that is open to pods on nodes, whoever they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The role of the nodes.
    pub node_role: RoleArn,
    /// Nodes of that role on which pods reach instance metadata.
    pub nodes: usize,
    /// Pods on them.
    pub pods: usize,
    /// The role itself is that of the nodes.
    pub directly: bool,
    /// What the step from one role to the other depends on; empty if it is sure.
    pub depends_on: Vec<String>,
}

impl Reached {
    /// `by every pod of 2 nodes (14 pods), through instance metadata`
    pub fn words(&self) -> String {
        let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let from = format!("by every pod of {} ({})", plural(self.nodes, "node"), plural(self.pods, "pod"));
        let way = match self.directly {
            true => "through instance metadata".to_owned(),
            false => format!("through their node role {}, which its trust policy admits", short(&self.node_role)),
        };
        let rests = match self.depends_on.as_slice() {
            [] => String::new(),
            keys => format!("; depends on {}", keys.join(", ")),
        };
        format!("{from}, {way}{rests}")
    }
}

/// The engine asks for pods, whose way begins at an association.
fn own_words(key: String, node_role: &RoleArn) -> String {
    if key == trust::OWN_PERMISSIONS { format!("what {} may do", short(node_role)) } else { key }
}

impl Inventory {
    /// The ways to a role that pods have through instance metadata, one for each role of nodes.
    pub fn reached_by_pods(&self, arn: &RoleArn, now: Timestamp) -> Vec<Reached> {
        let mut open: BTreeMap<&RoleArn, (usize, usize)> = BTreeMap::new();
        for (name, facts) in &self.node_facts {
            if let (Reach::Yes, NodeRole::Known(role, _)) = (&facts.reach, &facts.role) {
                let (nodes, pods) = open.entry(role).or_default();
                *nodes += 1;
                *pods += self.crew.on_node(name).len();
            }
        }
        let role = self.role(arn);
        let way = |(node_role, (nodes, pods)): (&RoleArn, (usize, usize))| {
            let directly = node_role == arn;
            let depends_on = if directly { Vec::new() } else { self.step(node_role, role.known()?, now)? };
            Some(Reached { node_role: node_role.clone(), nodes, pods, directly, depends_on })
        };
        open.into_iter().filter_map(way).collect()
    }

    /// What the step from a role of nodes to another role depends on; `None` where there is none.
    fn step(&self, node_role: &RoleArn, role: &Role, now: Timestamp) -> Option<Vec<String>> {
        let cluster = self.facts.cluster.known()?;
        let document = role.trust.document.as_ref().ok()?;
        let own = self.facts.permission(node_role, ASSUME, role.arn.as_str());
        if matches!(own, Permission::Denied(_)) {
            return None;
        }
        let asking = Asking::Target { source: node_role, session_tags: false };
        let mut request = admission::request(cluster, role, &ServiceAccountId::new("", ""), &asking, now);
        request.source_role_allows = match own {
            Permission::Allowed(_) => Some(true),
            Permission::NotAllowed => Some(false),
            _ => None,
        };
        match trust::evaluate(document, &request).verdict {
            trust::Verdict::Allow => Some(Vec::new()),
            trust::Verdict::Depends(keys) => Some(keys.into_iter().map(|key| own_words(key, node_role)).collect()),
            _ => None,
        }
    }
}
