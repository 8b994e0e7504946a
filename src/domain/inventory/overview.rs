//! The cluster in numbers: containers by mechanism, pods by state, the most shared roles, the namespaces.

use std::collections::BTreeMap;

use super::{AgentState, Counts, Inventory, tally::Tally};
use crate::domain::{
    id::{NodeName, RoleArn},
    identity::{Mechanism, State},
    row::NamespaceRow,
};

/// Roles that are named, most shared first.
const SHARED: usize = 10;

/// One cluster, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// How many of everything there is.
    pub counts: Counts,
    /// Containers by mechanism of now.
    pub containers: Vec<(Mechanism, u32)>,
    /// Pods by state, worst first.
    pub states: Vec<(State, u32)>,
    /// Roles that more than one service account uses, most shared first.
    pub shared_roles: Vec<SharedRole>,
    /// The Pod Identity agent over all nodes.
    pub agent: AgentState,
    /// The namespaces, worst first.
    pub namespaces: Vec<NamespaceRow>,
}

/// A role of several service accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedRole {
    /// Which.
    pub arn: RoleArn,
    /// By how many service accounts it is used.
    pub service_accounts: usize,
    /// Pods that use it now.
    pub pods: u32,
}

impl Inventory {
    /// Counts the cluster.
    pub fn overview(&self) -> Overview {
        let tally = Tally::of(self.crew.entries());
        let mut containers = BTreeMap::<Mechanism, u32>::new();
        for (resolution, pods) in tally.groups() {
            for container in &resolution.containers {
                *containers.entry(container.now.mechanism).or_default() += pods;
            }
        }
        let mut namespaces = self.namespaces();
        namespaces.sort_by(|one, other| (other.state, &one.name).cmp(&(one.state, &other.name)));
        Overview {
            counts: self.counts(),
            containers: containers.into_iter().collect(),
            states: tally.states(),
            shared_roles: self.shared_roles(),
            agent: self.agent(),
            namespaces,
        }
    }

    fn shared_roles(&self) -> Vec<SharedRole> {
        let shared = self.roles().into_iter().filter(|row| row.used_by.len() > 1);
        let mut roles: Vec<SharedRole> = shared
            .map(|row| SharedRole { service_accounts: row.used_by.len(), pods: row.pods, arn: row.arn })
            .collect();
        roles.sort_by(|a, b| (b.service_accounts, b.pods, &a.arn).cmp(&(a.service_accounts, a.pods, &b.arn)));
        roles.truncate(SHARED);
        roles
    }

    /// Pods of a node by mechanism of now.
    pub fn mechanisms_on(&self, node: &NodeName) -> Vec<(Mechanism, u32)> {
        Tally::of(self.crew.at(self.crew.on_node(node))).mechanisms()
    }
}
