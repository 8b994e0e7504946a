//! The rows of the lists, built on demand from facts and answers.

use std::{cmp::Reverse, collections::BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Inventory, crew::Entry, tally::Tally};
use crate::domain::{
    arn::Arn,
    association::Association,
    fact::Fact,
    id::{Namespace, RoleArn, ServiceAccountId},
    identity::{
        Mechanism, Resolution, State, Verdict,
        injection::Supposed,
        join,
        node_role::{self, NodeFacts, Reach},
        pod_identity,
        resolve::{self, Subject},
    },
    node::Node,
    role::TrustPolicy,
    row::{AssociationRow, NamespaceRow, NodeRow, PodRow, RoleRow, RoleUse, ServiceAccountRow, WorkloadRow},
    trust::{Effect, PrincipalKind},
    workload::{PodSpec, WorkloadId},
};

impl Inventory {
    /// Pods folded by workload, in no order.
    pub fn workloads(&self) -> Vec<WorkloadRow> {
        let rows = self.crew.workloads().iter();
        rows.filter_map(|(id, places)| workload_row(id, self.crew.at(places).collect())).collect()
    }

    /// All pods, in no order.
    pub fn pods(&self) -> Vec<PodRow> {
        self.crew.entries().filter_map(pod_row).collect()
    }

    /// The pods of a workload.
    pub fn pods_of_workload(&self, id: &WorkloadId) -> Vec<PodRow> {
        let places = self.crew.workloads().get(id).map_or(&[][..], Vec::as_slice);
        self.crew.at(places).filter_map(pod_row).collect()
    }

    /// The pods of a service account.
    pub fn pods_of_service_account(&self, id: &ServiceAccountId) -> Vec<PodRow> {
        self.crew.at(self.crew.of_account(id)).filter_map(pod_row).collect()
    }

    fn tally(&self, account: &ServiceAccountId) -> Tally<'_> {
        Tally::of(self.crew.at(self.crew.of_account(account)))
    }

    /// All service accounts: existing, and named by pods or associations.
    pub fn service_accounts(&self) -> Vec<ServiceAccountRow> {
        self.account_ids().into_iter().map(|id| self.account_row(id)).collect()
    }

    pub(super) fn account_ids(&self) -> FxHashSet<&ServiceAccountId> {
        let existing = self.facts.service_accounts.items().keys();
        existing
            .chain(self.crew.accounts().keys())
            .chain(self.facts.joined_associations().map(|association| &association.service_account))
            .collect()
    }

    fn account_row(&self, id: &ServiceAccountId) -> ServiceAccountRow {
        let tally = self.tally(id);
        let next = resolve::plain(&self.facts, id, &self.fleet, Supposed::Live);
        let association = self.association_of(id);
        let account = self.service_account(id);
        ServiceAccountRow {
            id: id.clone(),
            exists: account.is_some(),
            state: tally.state().unwrap_or_else(|| join::state_of_next(&next)),
            annotation_role_arn: account.and_then(|account| account.role_arn.clone()),
            association: association.map(|association| association.id.clone()),
            association_role_arn: association
                .and_then(|association| Some(association.detail.known()?.role_arn.clone())),
            next: next.identity.mechanism,
            next_role_arn: next.identity.role_arn,
            pods: tally.counts(),
        }
    }

    /// All namespaces: existing, and those of pods, service accounts and associations.
    pub fn namespaces(&self) -> Vec<NamespaceRow> {
        let mut accounts: FxHashMap<&Namespace, u32> = FxHashMap::default();
        for id in self.account_ids() {
            *accounts.entry(&id.namespace).or_default() += 1;
        }
        let mut entries: FxHashMap<&Namespace, Vec<&Entry>> = FxHashMap::default();
        for entry in self.crew.entries() {
            entries.entry(&entry.pod.id.namespace).or_default().push(entry);
        }
        let row = |name: &Namespace| {
            let tally = Tally::of(entries.get(name).into_iter().flatten().copied());
            NamespaceRow {
                name: name.clone(),
                state: tally.state().unwrap_or(State::Ok),
                service_accounts: accounts.get(name).copied().unwrap_or_default(),
                pods: tally.total(),
                mechanisms: tally.mechanisms(),
                states: tally.states(),
            }
        };
        self.namespace_names().into_iter().map(row).collect()
    }

    pub(super) fn namespace_names(&self) -> FxHashSet<&Namespace> {
        let named = self.account_ids().into_iter().map(|id| &id.namespace);
        self.namespaces.items().keys().chain(named).collect()
    }

    /// All associations.
    pub fn associations(&self) -> Vec<AssociationRow> {
        self.facts.joined_associations().map(|association| self.association_row(association)).collect()
    }

    fn association_row(&self, association: &Association) -> AssociationRow {
        let account = &association.service_account;
        let tally = self.tally(account);
        let (verdict, why) = self.judged(association);
        let count = |test: &dyn Fn(&Resolution) -> bool| {
            tally.groups().filter(|(found, _)| test(found)).map(|(_, pods)| pods).sum()
        };
        let through = |mechanism: &crate::domain::identity::Identity| mechanism.mechanism == Mechanism::PodIdentity;
        let detail = association.detail.known();
        AssociationRow {
            id: association.id.clone(),
            service_account: account.clone(),
            service_account_exists: self.service_account(account).is_some(),
            role_arn: detail.map(|detail| detail.role_arn.clone()),
            target_role_arn: detail.and_then(|detail| detail.target_role_arn.clone()),
            owner_arn: association.owner_arn.clone(),
            verdict,
            why,
            pods: tally.total(),
            using: count(&|found| found.containers.iter().any(|container| through(&container.now))),
            drift: count(&|found| found.drift && found.containers.iter().any(|container| through(&container.next))),
        }
    }

    fn judged(&self, association: &Association) -> (Verdict, Option<String>) {
        let spec = PodSpec::plain(association.service_account.name.clone());
        let subject = Subject {
            account: &association.service_account,
            spec: &spec,
            template: None,
            node: &self.fleet,
            age: resolve::Age::default(),
            supposed: Supposed::Live,
            pod: None,
            node_name: None,
        };
        pod_identity::judge(&self.facts, &subject, association).unwrap_or((Verdict::Unknown, None))
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<NodeRow> {
        let rows = self.facts.nodes.items().values();
        rows.filter_map(|node| Some(self.node_row(node, self.node_facts.get(&node.name)?))).collect()
    }

    fn node_row(&self, node: &Node, found: &NodeFacts) -> NodeRow {
        let instance =
            node_role::instance_id(node).map_or(Fact::Absent, |id| self.facts.instance(&id).map_known(Clone::clone));
        let options = instance.known().map(|instance| &instance.metadata);
        NodeRow {
            name: node.name.clone(),
            kind: found.kind.unwrap_or_else(|| node_role::kind(node)),
            role_arn: found.role.arn().cloned(),
            role_source: found.role.source(),
            role_candidates: found.role.candidates().to_vec(),
            imds: match (&found.reach, &found.host_reach) {
                (Reach::No(_), Reach::Yes) => "hostNetwork",
                (reach, _) => reach.word(),
            },
            hop_limit: options.map(|options| options.hop_limit),
            tokens: options.map(|options| if options.tokens_required { "required" } else { "optional" }),
            agent: found.agent.word(),
            pods: u32::try_from(self.crew.on_node(&node.name).len()).unwrap_or(u32::MAX),
        }
    }

    /// All roles of the account, and those that something names.
    pub fn roles(&self) -> Vec<RoleRow> {
        let mut uses = self.role_uses();
        let arns = self.role_arns();
        arns.into_iter().map(|arn| self.role_row(uses.remove(&arn).unwrap_or_default(), arn)).collect()
    }

    /// Who uses a role, and how.
    pub fn uses_of_role(&self, arn: &RoleArn) -> BTreeSet<RoleUse> {
        self.role_uses().remove(arn).unwrap_or_default().by
    }

    pub(super) fn role_arns(&self) -> FxHashSet<RoleArn> {
        let known = self.known_roles().map(|role| RoleArn::from(role.arn.as_str()));
        let accounts = self.facts.service_accounts.items().values().filter_map(|account| account.role_arn.clone());
        let details = self.facts.joined_associations().filter_map(|association| association.detail.known());
        let granted =
            details.flat_map(|detail| [Some(detail.role_arn.clone()), detail.target_role_arn.clone()]).flatten();
        let carried = self.crew.specs().flat_map(|spec| super::settle::carried_roles(spec));
        let nodes = self.node_facts.values().filter_map(|facts| facts.role.arn().cloned());
        known.chain(accounts).chain(granted).chain(carried).chain(nodes).collect()
    }

    fn role_row(&self, found: Uses, arn: RoleArn) -> RoleRow {
        let parsed = Arn::role(arn.as_str()).ok();
        let role = self.role(&arn);
        let missing = matches!(role, Fact::Absent);
        let idle = if missing && !found.by.is_empty() { State::Broken } else { State::Ok };
        RoleRow {
            name: parsed.as_ref().and_then(Arn::role_name).unwrap_or_else(|| arn.shared().into()),
            account: parsed.map(|parsed| parsed.account()),
            readable: role.known().is_some(),
            missing,
            mechanisms: role.known().map(|role| trusted(&role.trust)).unwrap_or_default(),
            used_by: found.by.into_iter().collect(),
            pods: found.pods,
            state: found.state.unwrap_or(idle),
            arn,
        }
    }

    fn role_uses(&self) -> FxHashMap<RoleArn, Uses> {
        let mut uses: FxHashMap<RoleArn, Uses> = FxHashMap::default();
        for association in self.facts.joined_associations() {
            let Some(detail) = association.detail.known() else { continue };
            add_use(&mut uses, &detail.role_arn, &association.service_account, "association");
            if let Some(target) = &detail.target_role_arn {
                add_use(&mut uses, target, &association.service_account, "target");
            }
        }
        for account in self.facts.service_accounts.items().values() {
            if let Some(arn) = &account.role_arn {
                add_use(&mut uses, arn, &account.id, "annotation");
            }
        }
        for (account, places) in self.crew.accounts() {
            let annotated = self.service_account(account).and_then(|account| account.role_arn.as_ref());
            for (resolution, pods) in Tally::of(self.crew.at(places)).groups() {
                count_use(&mut uses, account, annotated, resolution, pods);
            }
        }
        uses
    }
}

#[derive(Default)]
struct Uses {
    by: BTreeSet<RoleUse>,
    pods: u32,
    state: Option<State>,
}

fn add_use(uses: &mut FxHashMap<RoleArn, Uses>, arn: &RoleArn, account: &ServiceAccountId, how: &'static str) {
    uses.entry(arn.clone()).or_default().by.insert(RoleUse { service_account: account.clone(), how });
}

/// Counts pods for every role that one of their containers uses now.
fn count_use(
    uses: &mut FxHashMap<RoleArn, Uses>,
    account: &ServiceAccountId,
    annotated: Option<&RoleArn>,
    resolution: &Resolution,
    pods: u32,
) {
    let mut seen: Vec<&RoleArn> = Vec::new();
    for now in resolution.containers.iter().map(|container| &container.now) {
        for arn in [now.role_arn.as_ref(), now.target_role_arn.as_ref()].into_iter().flatten() {
            if seen.contains(&arn) {
                continue;
            }
            seen.push(arn);
            let used = uses.entry(arn.clone()).or_default();
            used.pods += pods;
            used.state = used.state.max(Some(resolution.state));
            let how = match now.mechanism {
                Mechanism::NodeRole => "node",
                Mechanism::Irsa if annotated != Some(arn) => "environment",
                _ => continue,
            };
            used.by.insert(RoleUse { service_account: account.clone(), how });
        }
    }
}

/// The mechanisms whose principals a trust policy lets in.
fn trusted(policy: &TrustPolicy) -> Vec<Mechanism> {
    let Ok(document) = &policy.document else { return Vec::new() };
    let allows = document.statements().iter().filter(|statement| statement.effect == Some(Effect::Allow));
    let mut found: Vec<Mechanism> = allows
        .flat_map(|statement| &statement.principals)
        .filter_map(|principal| match (principal.kind, principal.value.as_str()) {
            (PrincipalKind::Federated, value) if value.contains(":oidc-provider/") => Some(Mechanism::Irsa),
            (PrincipalKind::Service, "pods.eks.amazonaws.com") => Some(Mechanism::PodIdentity),
            (PrincipalKind::Service, value) if value.starts_with("ec2.amazonaws.com") => Some(Mechanism::NodeRole),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn workload_row(id: &WorkloadId, entries: Vec<&Entry>) -> Option<WorkloadRow> {
    let resolved = entries.iter().filter_map(|entry| Some((entry, entry.resolution.as_ref()?)));
    // Of equally bad pods the first by name stands for the workload, so that it does not jump about.
    let (worst, resolution) = resolved.min_by_key(|(entry, resolution)| (Reverse(resolution.state), &entry.pod.id))?;
    let tally = Tally::of(entries.iter().copied());
    Some(WorkloadRow {
        id: id.clone(),
        state: resolution.state,
        pods: tally.total(),
        differing: tally.differing(),
        now: tally.common(|found| found.now.mechanism),
        next: tally.common(|found| found.next.mechanism),
        same: tally.groups().all(|(found, _)| !found.drift && found.now.is_same(&found.next)),
        service_account: worst.pod.service_account(),
        role: resolution.now.role_arn.clone(),
        worst: worst.pod.id.clone(),
    })
}

fn pod_row(entry: &Entry) -> Option<PodRow> {
    let pod = &entry.pod;
    Some(PodRow {
        id: pod.id.clone(),
        workload: pod.workload.clone(),
        node: pod.node.clone(),
        service_account: pod.service_account(),
        created_at: pod.created_at,
        resolution: entry.resolution.clone()?,
    })
}
