//! What is still loading, what could not be read, and what should be asked for next.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{AgentState, Counts, Gap, Inventory, Progress, Wanted, settle::carried_roles};
use crate::domain::{
    arn::Arn,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{AssociationId, InstanceId, NodeName, RoleArn, RoleName, ServiceAccountId},
    identity::node_role::{self, Agent, NodeFacts, NodeRole},
    network::foreign::ForeignKind,
    node::NodeKind,
    permission::RoleDetail,
};

impl Inventory {
    /// The kinds of facts that are not complete yet.
    pub(super) fn look_at_progress(&self) -> Vec<Progress> {
        let facts = &self.facts;
        let lists = [
            ("pods", !self.crew.state().is_answered(), self.crew.len()),
            ("service accounts", !facts.service_accounts.state().is_answered(), facts.service_accounts.items().len()),
            ("namespaces", !self.namespaces.state().is_answered(), self.namespaces.items().len()),
            ("nodes", !facts.nodes.state().is_answered(), facts.nodes.items().len()),
            ("webhooks", !facts.webhooks.is_answered(), 0),
            ("network policies", !facts.network_policies.state().is_answered(), 0),
            ("network policies of other kinds", !facts.foreign_policies.is_answered(), 0),
            ("security group policies", !facts.security_group_policies.state().is_answered(), 0),
            ("secret stores", self.awaits_stores(), 0),
            ("node classes", self.awaits_node_classes(), 0),
            ("volumes", !facts.bucket_volumes.state().is_answered(), 0),
            ("caller", !facts.caller.is_answered(), 0),
            ("cluster", !facts.cluster.is_answered(), 0),
            ("associations", !facts.associations.state().is_answered(), facts.associations.items().len()),
            ("roles", !facts.roles.state().is_answered(), facts.roles.items().len()),
            ("OIDC providers", !facts.providers.is_answered(), 0),
            ("node groups", !facts.node_groups.is_answered(), 0),
            ("add-ons", !facts.add_ons.is_answered(), 0),
            ("VPC endpoints", self.awaits_endpoints(), 0),
        ];
        let loading = lists.into_iter().filter(|(_, loading, _)| *loading);
        let mut progress: Vec<Progress> = loading.map(|(what, _, done)| Progress { what, done, total: 0 }).collect();
        progress.extend(self.details());
        progress.extend(self.instances_read());
        progress.extend(self.details_of_roles());
        progress
    }

    fn awaits_endpoints(&self) -> bool {
        let vpc = self.facts.cluster.known().and_then(|cluster| cluster.vpc_id.as_ref());
        vpc.is_some() && !self.facts.vpc_endpoints.is_answered()
    }

    fn awaits_stores(&self) -> bool {
        let stores = [&self.facts.secret_stores, &self.facts.cluster_secret_stores];
        stores.iter().any(|stores| !stores.state().is_answered())
    }

    fn awaits_node_classes(&self) -> bool {
        let facts = &self.facts;
        let classes = [&facts.ec2_node_classes, &facts.auto_node_classes];
        !facts.node_claims.is_answered() || classes.iter().any(|classes| !classes.is_answered())
    }

    /// Whether the role of a node of a kind is not known: only then matters what says how it was launched.
    fn has_open_role(&self, kind: NodeKind) -> bool {
        let is_open = |facts: &Arc<NodeFacts>| facts.kind == Some(kind) && facts.role.arn().is_none();
        self.node_facts.values().any(is_open)
    }

    /// Whether a node gives pods security groups in strict mode: only then their policies matter.
    fn has_strict_groups(&self) -> bool {
        self.node_facts.values().any(|facts| facts.strict_groups)
    }

    /// Whether External Secrets runs here: only then its stores matter.
    fn has_external_secrets(&self) -> bool {
        let images = self.crew.specs().flat_map(|spec| &spec.containers).map(|container| &container.image);
        images.into_iter().any(|image| image.contains("external-secrets"))
    }

    /// Whether pods with claims have two identities to choose from: only then volumes matter.
    fn has_claims_of_two(&self) -> bool {
        let accounts = self.facts.joined_associations().map(|association| &association.service_account);
        let annotated = |account: &&ServiceAccountId| {
            self.service_account(account).is_some_and(|account| account.role_arn.is_some())
        };
        let claims =
            |account| self.crew.at(self.crew.of_account(account)).any(|entry| !entry.pod.spec.claims.is_empty());
        accounts.filter(annotated).any(claims)
    }

    fn details(&self) -> Option<Progress> {
        let items = self.facts.associations.items();
        let done = items.values().filter(|association| association.detail.is_answered()).count();
        let open = self.facts.associations.state().known().is_some() && done < items.len();
        open.then_some(Progress { what: "associations", done, total: items.len() })
    }

    fn instances_read(&self) -> Option<Progress> {
        let ids = self.facts.nodes.items().values().filter_map(node_role::instance_id);
        let (mut done, mut total) = (0, 0);
        for id in ids {
            total += 1;
            done += usize::from(self.facts.instances.get(&id).is_some_and(Fact::is_answered));
        }
        (done < total).then_some(Progress { what: "instances", done, total })
    }

    /// What could not be read, and why; equal failures of many objects are one gap.
    pub(super) fn look_for_gaps(&self) -> Vec<Gap> {
        let facts = &self.facts;
        let lists = [
            ("pods", self.crew.failure()),
            ("service accounts", facts.service_accounts.failure()),
            ("namespaces", self.namespaces.failure()),
            ("nodes", facts.nodes.failure()),
            ("webhooks", facts.webhooks.failure()),
            ("network policies", facts.network_policies.failure()),
            ("security group policies", facts.security_group_policies.failure().filter(|_| self.has_strict_groups())),
            ("secret stores", facts.secret_stores.failure().filter(|_| self.has_external_secrets())),
            ("cluster secret stores", facts.cluster_secret_stores.failure().filter(|_| self.has_external_secrets())),
            ("node claims", facts.node_claims.failure().filter(|_| self.has_open_role(NodeKind::Karpenter))),
            ("EC2 node classes", facts.ec2_node_classes.failure().filter(|_| self.has_open_role(NodeKind::Karpenter))),
            ("node classes", facts.auto_node_classes.failure().filter(|_| self.has_open_role(NodeKind::Auto))),
            ("volumes", facts.bucket_volumes.failure().filter(|_| self.has_claims_of_two())),
            ("cluster", facts.cluster.failure()),
            ("caller", facts.caller.failure()),
            ("associations", facts.associations.failure()),
            ("roles", facts.roles.failure()),
            ("OIDC providers", facts.providers.failure()),
            ("node groups", facts.node_groups.failure()),
            ("access entries", facts.access_entries.failure()),
            ("roles mapped by aws-auth", facts.mapped_roles.failure()),
            ("Fargate profiles", facts.fargate_profiles.failure()),
            ("VPC endpoints", facts.vpc_endpoints.failure()),
            ("add-ons", facts.add_ons.failure()),
        ];
        let gap = |(what, failure): (&str, Option<&Arc<Failure>>)| {
            failure.map(|failure| Gap { what: what.to_owned(), failure: Arc::clone(failure) })
        };
        let mut gaps: Vec<Gap> = lists.into_iter().filter_map(gap).collect();
        if let Some(failure) = self.mismatch() {
            gaps.insert(0, Gap { what: "AWS facts".to_owned(), failure: Arc::new(failure) });
        }
        gaps.extend(
            ForeignKind::ALL
                .into_iter()
                .filter_map(|kind| gap((kind.list(), facts.foreign_policies.of(kind).failure()))),
        );
        gaps.extend(self.gaps_of_objects());
        gaps.extend(self.unread_audiences());
        gaps
    }

    /// Providers whose audiences could not be read: the list was, the single ones were not.
    fn unread_audiences(&self) -> Option<Gap> {
        let providers = self.facts.providers.known()?;
        let provider = providers.iter().find(|provider| provider.client_ids.is_none())?;
        let failure = Failure::new(
            FailureKind::Denied,
            "cannot read which audiences an OIDC provider accepts",
            "GetOpenIDConnectProvider did not answer",
            "Ask for iam:GetOpenIDConnectProvider",
        )
        .missing("iam:GetOpenIDConnectProvider", provider.arn.as_str());
        Some(Gap { what: "audiences of OIDC providers".to_owned(), failure: Arc::new(failure) })
    }

    fn gaps_of_objects(&self) -> Vec<Gap> {
        let facts = &self.facts;
        let details = facts.associations.items().values();
        let details = details.filter_map(|association| Some((association.id.as_str(), association.detail.failure()?)));
        let roles = facts.role_answers.iter().filter_map(|(name, answer)| Some((name.as_str(), answer.failure()?)));
        let permissions = facts.role_details.iter();
        let permissions =
            permissions.flat_map(|(name, found)| found.failures().map(move |failure| (name.as_str(), failure)));
        let instances = facts.instances.iter().filter_map(|(id, answer)| Some((id.as_str(), answer.failure()?)));
        let profiles = facts.instance_profiles.iter().filter_map(|(arn, answer)| Some((&**arn, answer.failure()?)));
        let config_maps = facts.config_maps.failures().map(|(id, failure)| (&*id.name, failure));
        let templates: Vec<(String, &Arc<Failure>)> =
            facts.templates.failures().map(|(id, failure)| (id.to_string(), failure)).collect();
        [
            folded(("ConfigMap", "ConfigMaps"), config_maps),
            folded(("pod template of", "pod templates"), templates.iter().map(|(id, failure)| (id.as_str(), *failure))),
            folded(("association", "associations"), details),
            folded(("role", "roles"), roles),
            folded(("permissions of role", "permissions of roles"), permissions),
            folded(("instance", "instances"), instances),
            folded(("instance profile", "instance profiles"), profiles),
        ]
        .concat()
    }

    /// Facts that rows need and nobody has read yet, those with most pods first.
    pub(super) fn look_for_wanted(&self) -> Wanted {
        if !matches!(self.facts.gate(), Fact::Known(())) {
            return Wanted { config_maps: self.wanted_config_maps(), ..Wanted::default() };
        }
        let (instances, instance_profiles) = self.wanted_instances();
        Wanted {
            associations: self.wanted_associations(),
            roles: self.wanted_roles(),
            role_details: self.wanted_details(),
            access_entries: !self.facts.access_entries.is_answered() && self.has_unknown_role(),
            mapped_roles: !self.facts.mapped_roles.is_answered() && self.has_unknown_role(),
            instances,
            instance_profiles,
            config_maps: self.wanted_config_maps(),
            rollouts: Vec::new(),
            templates: Vec::new(),
        }
    }

    /// Roles whose permissions decide identities: those of nodes, and of associations that go on to a target.
    fn needed_details(&self) -> BTreeSet<RoleName> {
        let in_use = self.node_classes.iter().filter(|class| Arc::strong_count(class) > 1);
        let of_nodes = in_use.filter_map(|class| class.role.arn());
        let details = self.facts.associations.items().values().filter_map(|association| association.detail.known());
        let sources = details.filter(|detail| detail.target_role_arn.is_some()).map(|detail| &detail.role_arn);
        of_nodes.chain(sources).filter_map(|arn| self.own_role(arn)).collect()
    }

    fn wanted_details(&self) -> Vec<RoleName> {
        let is_open = |name: &RoleName| !self.is_detailed(name) || self.facts.stale_details.contains(name);
        self.needed_details().into_iter().filter(is_open).collect()
    }

    /// Whether a node's role is still open after every better source.
    fn has_unknown_role(&self) -> bool {
        let mut in_use = self.node_classes.iter().filter(|class| Arc::strong_count(class) > 1);
        let is_open = |class: &Arc<NodeFacts>| class.kind.is_some() && matches!(class.role, NodeRole::Unknown(_));
        in_use.any(is_open)
    }

    fn is_detailed(&self, name: &RoleName) -> bool {
        self.facts.role_details.get(name).is_some_and(RoleDetail::is_answered)
    }

    fn details_of_roles(&self) -> Option<Progress> {
        if !matches!(self.facts.gate(), Fact::Known(())) {
            return None;
        }
        let needed = self.needed_details();
        let done = needed.iter().filter(|name| self.is_detailed(name)).count();
        (done < needed.len()).then_some(Progress { what: "permissions", done, total: needed.len() })
    }

    fn pods_of(&self, account: &ServiceAccountId) -> usize {
        self.crew.of_account(account).len()
    }

    fn wanted_associations(&self) -> Vec<AssociationId> {
        let open = self.facts.associations.items().values().filter(|association| !association.detail.is_answered());
        most_first(open.map(|association| (association.id.clone(), self.pods_of(&association.service_account))))
    }

    /// Roles of this account that something names and no list brought.
    fn wanted_roles(&self) -> Vec<RoleName> {
        if !self.facts.roles.state().is_answered() {
            return Vec::new();
        }
        let mut named: FxHashMap<RoleName, usize> = FxHashMap::default();
        for (arn, pods) in self.named_roles() {
            if let Some(name) = self.own_role(&arn).filter(|name| self.is_open(name)) {
                *named.entry(name).or_default() += pods;
            }
        }
        most_first(named.into_iter())
    }

    fn named_roles(&self) -> Vec<(RoleArn, usize)> {
        let mut named = Vec::new();
        for association in self.facts.associations.items().values() {
            let Some(detail) = association.detail.known() else { continue };
            let pods = self.pods_of(&association.service_account);
            named.push((detail.role_arn.clone(), pods));
            named.extend(detail.target_role_arn.clone().map(|target| (target, pods)));
        }
        for account in self.facts.service_accounts.items().values() {
            named.extend(account.role_arn.clone().map(|arn| (arn, self.pods_of(&account.id))));
        }
        named.extend(self.crew.specs().flat_map(|spec| carried_roles(spec)).map(|arn| (arn, 1)));
        named.extend(self.templates().flat_map(|(_, spec)| carried_roles(spec)).map(|arn| (arn, 1)));
        named
    }

    pub(super) fn own_role(&self, arn: &RoleArn) -> Option<RoleName> {
        let arn = Arn::role(arn.as_str()).ok()?;
        let cluster = self.facts.cluster.known()?;
        (arn.account() == cluster.account()).then(|| arn.role_name())?
    }

    fn is_open(&self, name: &RoleName) -> bool {
        self.facts.roles.get(name).known().is_none() && !self.facts.role_answers.contains_key(name)
    }

    fn wanted_instances(&self) -> (Vec<InstanceId>, Vec<Arc<str>>) {
        let mut instances = Vec::new();
        let mut profiles: FxHashMap<Arc<str>, usize> = FxHashMap::default();
        let answers = &self.facts.instance_profiles;
        let open = |profile: &&Arc<str>| !answers.get(*profile).is_some_and(Fact::is_answered);
        for (name, node) in self.facts.nodes.items() {
            let Some(id) = node_role::instance_id(node) else { continue };
            let pods = self.crew.on_node(name).len();
            match self.facts.instances.get(&id) {
                None | Some(Fact::Loading) => instances.push((id, pods)),
                Some(Fact::Known(instance)) => {
                    if let Some(profile) = instance.profile_arn.as_ref().filter(open) {
                        *profiles.entry(Arc::clone(profile)).or_default() += pods;
                    }
                }
                Some(Fact::Absent | Fact::Unknown(_)) => {
                    let named = node_role::launch_profile(&self.facts, node);
                    if let Some(profile) = named.filter(|profile| open(&profile)) {
                        *profiles.entry(profile).or_default() += pods;
                    }
                }
            }
        }
        (most_first(instances.into_iter()), most_first(profiles.into_iter()))
    }

    /// Numbers of the header tabs.
    pub(super) fn count(&self) -> Counts {
        Counts {
            pods: self.crew.len(),
            workloads: self.crew.workloads().len(),
            service_accounts: self.account_ids().len(),
            namespaces: self.namespace_names().len(),
            roles: self.role_arns().len(),
            associations: self.facts.joined_associations().count(),
            nodes: self.facts.nodes.items().len(),
        }
    }

    /// The agent, over all nodes where it could run.
    pub fn agent(&self) -> AgentState {
        let agents: Vec<Agent> = self
            .facts
            .nodes
            .items()
            .keys()
            .filter_map(|name| self.node_facts.get(name))
            .map(|facts| facts.agent)
            .collect();
        let possible: Vec<Agent> = agents.into_iter().filter(|agent| !matches!(agent, Agent::Unsupported(_))).collect();
        let nodes = possible.iter().filter(|agent| matches!(agent, Agent::Ready | Agent::BuiltIn)).count();
        if nodes > 0 && possible.iter().all(|agent| *agent == Agent::BuiltIn) {
            AgentState::BuiltIn
        } else if nodes > 0 {
            AgentState::Ready { nodes, of: possible.len() }
        } else if !possible.is_empty() && possible.iter().all(|agent| matches!(agent, Agent::Missing | Agent::NotReady))
        {
            AgentState::Missing
        } else {
            self.agent_without_nodes()
        }
    }

    fn agent_without_nodes(&self) -> AgentState {
        let ready = |entry: &&super::crew::Entry| super::crew::is_agent(&entry.pod) && entry.pod.ready;
        let on: FxHashSet<&NodeName> =
            self.crew.entries().filter(ready).filter_map(|entry| entry.pod.node.as_ref()).collect();
        if !on.is_empty() {
            return AgentState::Ready { nodes: on.len(), of: self.crew.nodes().count() };
        }
        let add_ons = self.facts.joined(self.facts.add_ons.as_ref());
        let installed = add_ons.known().map(|add_ons| add_ons.iter().any(super::settle::is_agent_add_on));
        let auto = self.facts.cluster.known().is_some_and(|cluster| cluster.auto_mode);
        if installed == Some(false) && !auto && self.sight == Some(true) {
            AgentState::Missing
        } else {
            AgentState::Unknown
        }
    }

    /// The agent on one node: `ready`, `missing`, `built-in`, `unsupported` or `unknown`.
    pub fn agent_on(&self, node: &NodeName) -> &'static str {
        self.node_facts.get(node).map_or("unknown", |facts| facts.agent.word())
    }
}

/// Keys by falling number, then by name, so that equal ones keep their order.
fn most_first<K: Ord>(keys: impl Iterator<Item = (K, usize)>) -> Vec<K> {
    let mut keys: Vec<(K, usize)> = keys.collect();
    keys.sort_by(|(one, pods), (other, others)| others.cmp(pods).then_with(|| one.cmp(other)));
    keys.into_iter().map(|(key, _)| key).collect()
}

/// One gap for each missing permission.
fn folded<'a>(kind: (&str, &str), failures: impl Iterator<Item = (&'a str, &'a Arc<Failure>)>) -> Vec<Gap> {
    let mut groups: BTreeMap<Option<&str>, Vec<(&str, &Arc<Failure>)>> = BTreeMap::new();
    for (name, failure) in failures {
        groups.entry(failure.action.as_deref()).or_default().push((name, failure));
    }
    let gap = |group: Vec<(&str, &Arc<Failure>)>| {
        let (name, failure) = group.iter().min_by_key(|(name, _)| *name)?;
        let what = if group.len() == 1 { format!("{} {name}", kind.0) } else { format!("{} {}", group.len(), kind.1) };
        Some(Gap { what, failure: Arc::clone(failure) })
    };
    groups.into_values().filter_map(gap).collect()
}
