//! What the rules look at: the facts, and a workload as its distinct kinds of pods, so that a rule costs
//! the same for three replicas and for three thousand.

use std::{collections::BTreeSet, sync::OnceLock};

use rustc_hash::FxHashMap;

use crate::domain::{
    fact::Fact,
    id::{Namespace, NodeName, PodName, RoleArn, RoleName, ServiceAccountId, ServiceAccountName},
    identity::{ContainerIdentity, Resolution, facts::Facts, node_role::NodeFacts},
    role::Role,
    trust::{Effect, Statement},
    workload::{Container, ContainerKind, PodSpec, WorkloadId},
};

/// The cluster as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Everything that was answered.
    pub facts: &'a Facts,
    /// What pods without a node may expect.
    pub fleet: &'a NodeFacts,
    /// The distinct kinds of nodes.
    pub nodes: &'a [&'a NodeFacts],
    /// What several rules look up.
    pub index: &'a Index,
}

/// Answers that need a walk over all service accounts or roles: made if a rule asks, and kept until what they
/// rest on changes.
#[derive(Debug, Default)]
pub struct Index {
    configured: OnceLock<FxHashMap<Namespace, BTreeSet<ServiceAccountName>>>,
    named: OnceLock<FxHashMap<String, RoleName>>,
    trusting: OnceLock<FxHashMap<String, Vec<RoleName>>>,
}

impl Index {
    /// Forgets what rests on roles, and on which issuer they name.
    pub fn forget_roles(&mut self) {
        self.named.take();
        self.trusting.take();
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Brings up to date whether a service account is configured; true if that changed or was not known.
    pub fn renew_account(&mut self, facts: &Facts, account: &ServiceAccountId) -> bool {
        let Some(configured) = self.configured.get_mut() else { return true };
        let annotated = facts.service_accounts.items().get(account).is_some_and(|found| found.role_arn.is_some());
        if annotated || facts.association(account).known().is_some() {
            configured.entry(account.namespace.clone()).or_default().insert(account.name.clone())
        } else {
            configured.get_mut(&account.namespace).is_some_and(|names| names.remove(&account.name))
        }
    }
}

impl<'a> Scene<'a> {
    /// Whether something gives a service account an identity: an association or an annotation.
    /// `None` if that cannot be told.
    pub fn is_configured(&self, account: &ServiceAccountId) -> Option<bool> {
        let annotated = match self.facts.service_accounts.get(account) {
            Fact::Known(found) => found.role_arn.is_some(),
            Fact::Absent => false,
            Fact::Loading | Fact::Unknown(_) => return None,
        };
        match self.facts.association(account) {
            Fact::Known(_) => Some(true),
            Fact::Absent => Some(annotated),
            Fact::Loading | Fact::Unknown(_) => annotated.then_some(true),
        }
    }

    /// The service accounts of a namespace that have an association or an annotation.
    pub fn configured_in(&self, namespace: &Namespace) -> impl Iterator<Item = &'a ServiceAccountName> {
        let all = self.index.configured.get_or_init(|| {
            let annotated = self.facts.service_accounts.items().values().filter(|account| account.role_arn.is_some());
            let associated = self.facts.joined_associations().map(|association| &association.service_account);
            let mut by: FxHashMap<Namespace, BTreeSet<ServiceAccountName>> = FxHashMap::default();
            for id in annotated.map(|account| &account.id).chain(associated) {
                by.entry(id.namespace.clone()).or_default().insert(id.name.clone());
            }
            by
        });
        all.get(namespace).into_iter().flatten()
    }

    /// A role whose trust policy names exactly this service account of this cluster.
    pub fn role_naming(&self, account: &ServiceAccountId) -> Option<&'a RoleName> {
        let subject = format!("system:serviceaccount:{}:{}", account.namespace, account.name);
        self.index.named.get_or_init(|| self.named()).get(&subject)
    }

    /// The roles of the account whose trust policies name another one as their principal, by name.
    pub fn roles_trusting(&self, role: &RoleArn) -> impl Iterator<Item = &'a Role> {
        let all = self.index.trusting.get_or_init(|| {
            let mut trusting: FxHashMap<String, Vec<RoleName>> = FxHashMap::default();
            for role in self.facts.roles.items().values() {
                let allows = allowing(role).flat_map(|statement| &statement.principals);
                for named in allows.map(|principal| &principal.value).filter(|value| value.contains(":role/")) {
                    trusting.entry(named.clone()).or_default().push(role.name.clone());
                }
            }
            trusting.values_mut().for_each(|names| names.sort_unstable());
            trusting
        });
        let roles = self.facts.roles.items();
        all.get(role.as_str()).into_iter().flatten().filter_map(move |name| roles.get(name))
    }

    fn named(&self) -> FxHashMap<String, RoleName> {
        let issuer = self.facts.cluster.known().and_then(|cluster| cluster.issuer_path());
        let Some(key) = issuer.map(|issuer| format!("{}:sub", issuer.to_ascii_lowercase())) else {
            return FxHashMap::default();
        };
        let mut named = FxHashMap::default();
        for role in self.facts.roles.items().values() {
            let conditions = allowing(role).flat_map(|statement| &statement.conditions);
            for value in conditions
                .filter(|found| found.folded_key == key && !found.operator.negated)
                .flat_map(|found| &found.values)
            {
                named.entry(value.text.clone()).or_insert_with(|| role.name.clone());
            }
        }
        named
    }
}

/// The statements of a role's trust policy that let somebody in.
fn allowing(role: &Role) -> impl Iterator<Item = &Statement> {
    let statements = role.trust.document.iter().flat_map(|document| document.statements());
    statements.filter(|statement| statement.effect == Some(Effect::Allow))
}

/// A workload with the distinct kinds of its pods.
#[derive(Debug)]
pub struct Team<'a> {
    /// Which one.
    pub id: &'a WorkloadId,
    /// Its pods, grouped by what decides.
    pub groups: Vec<Group<'a>>,
}

/// Pods that agree in everything that decides.
#[derive(Debug)]
pub struct Group<'a> {
    /// Whom they run as.
    pub account: ServiceAccountId,
    /// What they have in common.
    pub spec: &'a PodSpec,
    /// What is known of their nodes.
    pub node: &'a NodeFacts,
    /// Their answer.
    pub resolution: &'a Resolution,
    /// How many they are.
    pub pods: u32,
    /// How many of them crash again and again.
    pub crashing: u32,
    /// One of them, the first by name.
    pub example: &'a PodName,
    /// Its node.
    pub example_node: Option<&'a NodeName>,
}

impl<'a> Team<'a> {
    /// The groups of which something holds, with the number of their pods.
    pub fn where_it_holds(&self, holds: impl Fn(&Group<'a>) -> bool) -> Option<(&Group<'a>, u32)> {
        let matching: Vec<&Group<'a>> = self.groups.iter().filter(|group| holds(group)).collect();
        let pods = matching.iter().map(|group| group.pods).sum();
        matching.first().map(|first| (*first, pods))
    }
}

impl Group<'_> {
    /// Whether these decide for it: all are shared, so that comparing addresses is enough.
    pub fn holds(&self, spec: &PodSpec, resolution: &Resolution, node: &NodeFacts) -> bool {
        std::ptr::eq(self.spec, spec) && std::ptr::eq(self.resolution, resolution) && std::ptr::eq(self.node, node)
    }

    /// The containers with their answers.
    pub fn containers(&self) -> impl Iterator<Item = (&Container, &ContainerIdentity)> {
        self.spec.containers.iter().zip(&self.resolution.containers)
    }

    /// The containers that count for the pod's identity: normal ones and sidecars.
    pub fn counted(&self) -> impl Iterator<Item = (&Container, &ContainerIdentity)> {
        let counts = |kind| matches!(kind, ContainerKind::Container | ContainerKind::Sidecar);
        self.containers().filter(move |(container, _)| counts(container.kind))
    }

    /// `pod api-1 on ip-10-0-1-11`, as evidence.
    pub fn witness(&self) -> String {
        match self.example_node {
            Some(node) => format!("pod {} on {node}", self.example),
            None => format!("pod {}, on no node yet", self.example),
        }
    }
}
