//! Finding objects by what only AWS calls them: the instance behind a session name, the pods that a
//! cut session name may mean, those that a cause may be about.

use std::collections::BTreeSet;

use super::Inventory;
use crate::domain::{
    arn::Arn,
    id::{AccountId, NodeName, PodId, RoleArn, RoleName, ServiceAccountId},
    identity::{Identity, Mechanism, Verdict, admission::short, node_role},
    row::PodRow,
    workload::Pod,
};

impl Inventory {
    /// The node of an instance `i-…`, or the hybrid node `mi-…`.
    pub fn node_of_instance(&self, instance: &str) -> Option<NodeName> {
        let is_it = |node: &&crate::domain::node::Node| {
            node.name.as_str() == instance || node_role::instance_id(node).is_some_and(|id| id.as_str() == instance)
        };
        self.facts.nodes.items().values().find(is_it).map(|node| node.name.clone())
    }

    /// The pods of a node with a container that uses the node's role now, by name.
    pub fn pods_on_role_of(&self, node: &NodeName) -> Vec<PodId> {
        let uses = |identity: &Identity| identity.mechanism == Mechanism::NodeRole;
        let entries = self.crew.at(self.crew.on_node(node)).filter(|entry| {
            let found = entry.resolution.as_ref();
            found.is_some_and(|found| found.containers.iter().any(|container| uses(&container.now)))
        });
        sorted(entries.map(|entry| entry.pod.id.clone()).collect())
    }

    /// The service accounts whose own role this is, by name: through an association, its target role, an
    /// annotation, or what one of their pods uses now. Nodes' roles are nobody's own. `owner` is the role's account.
    pub fn accounts_of_role(&self, name: &RoleName, owner: Option<&AccountId>) -> Vec<ServiceAccountId> {
        let owned = |arn: &RoleArn, owner: &AccountId| Arn::role(arn.as_str()).is_ok_and(|arn| arn.account() == *owner);
        let is_it = |arn: &RoleArn| short(arn) == name.as_str() && owner.is_none_or(|owner| owned(arn, owner));
        let associations = self.facts.joined_associations().filter(|association| {
            association
                .detail
                .known()
                .is_some_and(|detail| is_it(&detail.role_arn) || detail.target_role_arn.as_ref().is_some_and(is_it))
        });
        let annotated = self.facts.service_accounts.items().values();
        let annotated = annotated.filter(|account| account.role_arn.as_ref().is_some_and(is_it));
        let using = self.crew.entries().filter(|entry| {
            let containers = entry.resolution.iter().flat_map(|found| &found.containers);
            let mut own = containers.map(|it| &it.now).filter(|now| now.mechanism != Mechanism::NodeRole);
            own.any(|now| now.role_arn.as_ref().is_some_and(is_it) || now.target_role_arn.as_ref().is_some_and(is_it))
        });
        let accounts: BTreeSet<ServiceAccountId> = associations
            .map(|association| association.service_account.clone())
            .chain(annotated.map(|account| account.id.clone()))
            .chain(using.map(|entry| entry.pod.service_account()))
            .collect();
        accounts.into_iter().collect()
    }

    /// The pods that pass a test, by name.
    pub fn pods_where(&self, test: impl Fn(&Pod) -> bool) -> Vec<PodId> {
        sorted(self.crew.entries().filter(|entry| test(&entry.pod)).map(|entry| entry.pod.id.clone()).collect())
    }

    /// One pod for each workload that has a container for which the test holds now, by name. Only identities
    /// that cannot work, or are none, are asked about.
    pub fn suspects(&self, test: impl Fn(&Identity) -> bool) -> Vec<PodId> {
        let failing = |identity: &Identity| {
            (identity.verdict == Verdict::Broken || identity.mechanism == Mechanism::None) && test(identity)
        };
        let pod = |rows: Vec<PodRow>| {
            let concerned = rows.into_iter().filter(|row| row.resolution.containers.iter().any(|it| failing(&it.now)));
            concerned.map(|row| row.id).min()
        };
        let workloads = self.crew.workloads().keys();
        sorted(workloads.filter_map(|id| pod(self.pods_of_workload(id))).collect())
    }
}

fn sorted(mut pods: Vec<PodId>) -> Vec<PodId> {
    pods.sort_unstable();
    pods
}
