//! The findings, kept by what they are about and made again only for what a batch touched.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Inventory,
    crew::{Entry, Place},
    settle::Dirty,
};
use crate::domain::{
    arn::Arn,
    finding::{self, Finding, Group, Scene, Severity, Team, scene::Index},
    id::{Namespace, NodeName, PodId, RoleArn, RoleName, ServiceAccountId},
    identity::{Mechanism, Resolution, node_role::NodeFacts},
    workload::WorkloadId,
};

/// The label that names a node's managed group.
const NODE_GROUP: &str = "eks.amazonaws.com/nodegroup";

/// What findings are kept by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Cluster,
    Role(RoleName),
    Account(ServiceAccountId),
    Workload(WorkloadId),
}

/// All findings.
#[derive(Debug, Default)]
pub struct Findings {
    by: FxHashMap<Key, Vec<Finding>>,
    counts: FindingCounts,
    index: Index,
}

/// Numbers of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Calls fail, now or at the next restart.
    pub errors: usize,
    /// Security, or likely trouble.
    pub warnings: usize,
    /// Hygiene.
    pub notices: usize,
}

impl FindingCounts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.errors + self.warnings + self.notices
    }

    fn of(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Notice => &mut self.notices,
        }
    }
}

/// What has to be looked at again.
#[derive(Debug, Default)]
pub struct Stale {
    all: bool,
    roles: FxHashSet<RoleName>,
    accounts: FxHashSet<ServiceAccountId>,
    workloads: FxHashSet<WorkloadId>,
    /// Where a service account became configured, or no longer is.
    namespaces: FxHashSet<Namespace>,
}

impl Findings {
    /// Replaces the findings of a key; true if that changed any.
    fn put(&mut self, key: Key, found: Vec<Finding>) -> bool {
        let known = self.by.get(&key).map_or(&[][..], Vec::as_slice);
        if known == found {
            return false;
        }
        for finding in known {
            *self.counts.of(finding.severity) -= 1;
        }
        for finding in &found {
            *self.counts.of(finding.severity) += 1;
        }
        if found.is_empty() {
            self.by.remove(&key);
        } else {
            self.by.insert(key, found);
        }
        true
    }

    fn at(&self, key: &Key) -> &[Finding] {
        self.by.get(key).map_or(&[], Vec::as_slice)
    }
}

impl Inventory {
    /// All findings, worst first.
    pub fn findings(&self) -> Vec<&Finding> {
        ranked(self.findings.by.values().flatten().collect())
    }

    /// How many findings there are.
    pub fn finding_counts(&self) -> FindingCounts {
        self.findings.counts
    }

    /// The findings of a workload.
    pub fn findings_of_workload(&self, id: &WorkloadId) -> &[Finding] {
        self.findings.at(&Key::Workload(id.clone()))
    }

    /// The findings of a service account and its association.
    pub fn findings_of_service_account(&self, id: &ServiceAccountId) -> &[Finding] {
        self.findings.at(&Key::Account(id.clone()))
    }

    /// The findings of a role.
    pub fn findings_of_role(&self, arn: &RoleArn) -> &[Finding] {
        let name = Arn::role(arn.as_str()).ok().and_then(|arn| arn.role_name());
        name.map_or(&[], |name| self.findings.at(&Key::Role(name)))
    }

    /// The findings that concern a pod: its workload's, its service account's, its roles'.
    pub fn findings_of_pod(&self, id: &PodId) -> Vec<&Finding> {
        let Some(Entry { pod, resolution, .. }) = self.crew.get(id) else { return Vec::new() };
        let mut found: Vec<&Finding> = self.findings_of_workload(&pod.workload).iter().collect();
        found.extend(self.findings_of_service_account(&pod.service_account()));
        for arn in resolution.iter().flat_map(|resolution| roles_of(resolution)) {
            found.extend(self.findings_of_role(arn));
        }
        ranked(found)
    }

    /// The findings of everything in a namespace, worst first.
    pub fn findings_of_namespace(&self, name: &Namespace) -> Vec<&Finding> {
        let inside = |finding: &&Finding| finding.subject.namespace() == Some(name.as_str());
        ranked(self.findings.by.values().flatten().filter(inside).collect())
    }

    /// The findings that concern a node: its own, its node group's, its role's; worst first.
    pub fn findings_of_node(&self, name: &NodeName) -> Vec<&Finding> {
        let group = self.facts.nodes.items().get(name).and_then(|node| node.labels.get(NODE_GROUP));
        let role = self.node_facts.get(name).and_then(|facts| facts.role.arn());
        let concerns = |finding: &&Finding| match &finding.subject {
            finding::Subject::Node(node) => node == name,
            finding::Subject::NodeGroup(found) => group.is_some_and(|group| **group == **found),
            finding::Subject::Role(arn) => role == Some(arn),
            _ => false,
        };
        let mut found: Vec<&Finding> = self.findings.at(&Key::Cluster).iter().filter(concerns).collect();
        found.extend(role.into_iter().flat_map(|arn| self.findings_of_role(arn)));
        ranked(found)
    }

    /// What a batch makes stale; to be asked before the batch is resolved, for what is taken from it then.
    pub(super) fn stale_before(&self, dirty: &Dirty) -> Stale {
        Stale { all: dirty.all, roles: dirty.roles.clone(), workloads: dirty.workloads.clone(), ..Stale::default() }
    }

    /// What was resolved again is looked at again.
    pub(super) fn stale_after(&mut self, stale: &mut Stale, dirty: &Dirty, places: &[Place]) {
        stale.all |= dirty.all;
        self.renew_index(stale, dirty);
        if stale.all {
            return;
        }
        stale.accounts.extend(dirty.accounts.iter().cloned());
        if !dirty.roles.is_empty() {
            stale.accounts.extend(self.proven_accounts().cloned());
        }
        for entry in self.crew.at(places) {
            if !stale.workloads.contains(&entry.pod.workload) {
                stale.workloads.insert(entry.pod.workload.clone());
                stale.accounts.insert(entry.pod.service_account());
            }
        }
        stale.accounts.extend(dirty.workload_accounts.iter().cloned());
        self.stale_neighbours(stale);
    }

    fn renew_index(&mut self, stale: &mut Stale, dirty: &Dirty) {
        let index = &mut self.findings.index;
        if dirty.all {
            return index.forget();
        }
        if !stale.roles.is_empty() {
            index.forget_roles();
        }
        let changed = dirty.accounts.iter().filter(|account| index.renew_account(&self.facts, account));
        stale.namespaces.extend(changed.map(|account| account.namespace.clone()));
    }

    /// Workloads without an identity of their own are compared with what else is configured, associations with
    /// the roles that their own may go on to.
    fn stale_neighbours(&self, stale: &mut Stale) {
        if !stale.roles.is_empty() {
            let fallen = |found: &[Finding]| found.iter().any(|finding| finding.code.name == "NODE-ROLE-FALLBACK");
            stale.workloads.extend(self.findings.by.iter().filter_map(|(key, found)| match key {
                Key::Workload(id) if fallen(found) => Some(id.clone()),
                _ => None,
            }));
            let associated = self.facts.joined_associations().map(|association| &association.service_account);
            stale.accounts.extend(associated.cloned());
        }
        if stale.namespaces.is_empty() && stale.roles.is_empty() {
            return;
        }
        for (account, places) in self.crew.accounts() {
            if stale.roles.is_empty() && !stale.namespaces.contains(&account.namespace) {
                continue;
            }
            let Some(first) = places.first().and_then(|place| self.crew.entry(*place)) else { continue };
            if first.resolution.as_ref().is_some_and(|found| is_bare(found)) {
                stale.workloads.extend(self.crew.at(places).map(|entry| entry.pod.workload.clone()));
            }
        }
    }

    /// Looks again at what is stale; true if any finding changed.
    pub(super) fn refresh_findings(&mut self, stale: Stale) -> bool {
        let found = self.look(stale);
        let mut changed = false;
        for (key, found) in found {
            changed |= self.findings.put(key, found);
        }
        changed
    }

    fn look(&self, stale: Stale) -> Vec<(Key, Vec<Finding>)> {
        let nodes = self.distinct_nodes();
        let scene = Scene { facts: &self.facts, fleet: &self.fleet, nodes: &nodes, index: &self.findings.index };
        let stale = if stale.all { self.everything() } else { stale };
        let mut found = vec![(Key::Cluster, finding::of_cluster(&scene))];
        for name in stale.roles {
            let role = self.facts.joined(self.facts.roles.get(&name));
            let of_role = role.known().map_or_else(Vec::new, |role| finding::of_role(&scene, role));
            found.push((Key::Role(name), of_role));
        }
        for account in stale.accounts {
            let pods = u32::try_from(self.crew.of_account(&account).len()).unwrap_or(u32::MAX);
            let mut of_account = finding::of_account(&scene, &account, pods);
            of_account.extend(self.undeclared(&account, pods));
            of_account.extend(self.disproved(&account, pods));
            found.push((Key::Account(account), of_account));
        }
        for id in stale.workloads {
            let of_team = self.team(&id).map_or_else(Vec::new, |team| finding::of_team(&scene, &team));
            found.push((Key::Workload(id), of_team));
        }
        found
    }

    /// What a service account declares and does not have.
    fn undeclared(&self, account: &ServiceAccountId, pods: u32) -> Option<Finding> {
        self.service_account(account)?.declared.as_ref()?;
        finding::of_declaration(account, &self.declaration_of(account)?, pods)
    }

    /// The nodes that differ in what decides, in an order that does not change.
    fn distinct_nodes(&self) -> Vec<&NodeFacts> {
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut nodes: Vec<&NodeFacts> =
            self.node_facts.values().map(|node| &**node).filter(|node| seen.insert(address(*node))).collect();
        nodes.sort_by_cached_key(|node| format!("{node:?}"));
        nodes
    }

    /// Everything that is there, and everything that something was found of.
    fn everything(&self) -> Stale {
        let mut stale = Stale::default();
        stale.roles.extend(self.facts.roles.items().keys().cloned());
        stale.accounts.extend(self.account_ids().into_iter().cloned());
        stale.workloads.extend(self.crew.workloads().keys().cloned());
        for key in self.findings.by.keys() {
            match key {
                Key::Cluster => {}
                Key::Role(name) => drop(stale.roles.insert(name.clone())),
                Key::Account(account) => drop(stale.accounts.insert(account.clone())),
                Key::Workload(id) => drop(stale.workloads.insert(id.clone())),
            }
        }
        stale
    }

    /// A workload as its distinct kinds of pods.
    fn team<'a>(&'a self, id: &'a WorkloadId) -> Option<Team<'a>> {
        let places = self.crew.workloads().get(id)?;
        let mut groups: Vec<Group<'a>> = Vec::new();
        for Entry { pod, node, resolution } in self.crew.at(places) {
            let Some(resolution) = resolution.as_deref() else { continue };
            let node = node.as_ref().unwrap_or(&self.fleet);
            if let Some(group) = groups.iter_mut().find(|group| group.holds(&pod.spec, resolution, node)) {
                group.pods += 1;
                group.crashing += u32::from(pod.crashing);
                if pod.id.name < *group.example {
                    (group.example, group.example_node) = (&pod.id.name, pod.node.as_ref());
                }
                continue;
            }
            groups.push(Group {
                account: pod.service_account(),
                spec: &pod.spec,
                node,
                resolution,
                pods: 1,
                crashing: u32::from(pod.crashing),
                example: &pod.id.name,
                example_node: pod.node.as_ref(),
            });
        }
        groups.sort_by_key(|group| group.example);
        Some(Team { id, groups })
    }
}

/// Worst first, each once.
fn ranked(mut found: Vec<&Finding>) -> Vec<&Finding> {
    found.sort_by(|one, other| one.rank().cmp(&other.rank()));
    found.dedup_by(|one, other| std::ptr::eq(*one, *other));
    found
}

fn address<T>(value: &T) -> usize {
    std::ptr::from_ref(value).addr()
}

fn is_bare(found: &Resolution) -> bool {
    matches!(found.next.mechanism, Mechanism::NodeRole | Mechanism::None)
}

fn roles_of(resolution: &Resolution) -> impl Iterator<Item = &RoleArn> {
    let identities = resolution.containers.iter().flat_map(|container| [&container.now, &container.next]);
    identities.flat_map(|identity| [identity.role_arn.as_ref(), identity.target_role_arn.as_ref()]).flatten()
}
