//! Which pods a batch of changes touches, and resolving exactly those: an answer is kept for each
//! (service account, spec, node facts, age) and shared by the replicas that agree in it.

use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Inventory,
    crew::{Entry, Place, gives_strict_groups, is_agent, is_proxy, takes_port},
};
use crate::domain::{
    arn::Arn,
    fact::Fact,
    id::{InstanceId, NodeName, RoleArn, RoleName, ServiceAccountId},
    identity::{
        Resolution,
        by_namespace::Changed,
        injection::Supposed,
        node_role::{self, NodeFacts, NodePods},
        pod_identity,
        resolve::{self, Age, Subject},
        source,
    },
    node::AddOn,
    workload::{PodSpec, SourceId, Value, WorkloadId},
};

/// What a batch of changes touched.
#[derive(Debug, Default)]
pub struct Dirty {
    /// A fact that any pod may rest on.
    pub all: bool,
    /// A fact that any node may rest on.
    pub all_nodes: bool,
    /// Service accounts whose configuration changed.
    pub accounts: FxHashSet<ServiceAccountId>,
    /// Roles that changed.
    pub roles: FxHashSet<RoleName>,
    /// Roles read in detail: the permissions of nodes may have changed.
    pub node_roles: FxHashSet<RoleName>,
    /// Nodes that changed, or their agents.
    pub nodes: FxHashSet<NodeName>,
    /// Instances that were read.
    pub instances: FxHashSet<InstanceId>,
    /// Instance profiles that were read.
    pub profiles: FxHashSet<Arc<str>>,
    /// Pods that are new or changed.
    pub pods: Vec<Place>,
    /// Workloads that a pod left.
    pub workloads: FxHashSet<WorkloadId>,
    /// Whom those pods ran as.
    pub workload_accounts: FxHashSet<ServiceAccountId>,
    /// A row changed, whether or not an identity did.
    pub visible: bool,
}

/// Answers of one service account's pods.
#[derive(Debug, Default)]
pub struct Answers(FxHashMap<Key, Answer>);

/// Addresses of spec, template and node facts, and the age against the association.
type Key = (usize, usize, usize, Age);

/// What replicas agree in that share an answer.
struct Kind<'a> {
    spec: &'a Arc<PodSpec>,
    template: Option<&'a Arc<PodSpec>>,
    node: &'a Arc<NodeFacts>,
    age: Age,
}

#[derive(Debug)]
struct Answer {
    /// Held, so that the addresses in the key stay theirs.
    _of: (Arc<PodSpec>, Option<Arc<PodSpec>>, Arc<NodeFacts>),
    resolution: Arc<Resolution>,
}

impl Answers {
    fn get_or(&mut self, kind: &Kind<'_>, resolve: impl FnOnce() -> Resolution) -> Arc<Resolution> {
        let answer = self.0.entry(kind.key()).or_insert_with(|| Answer {
            _of: (Arc::clone(kind.spec), kind.template.cloned(), Arc::clone(kind.node)),
            resolution: Arc::new(resolve()),
        });
        Arc::clone(&answer.resolution)
    }

    /// Drops answers that no pod has any more.
    fn sweep(&mut self) {
        self.0.retain(|_, answer| Arc::strong_count(&answer.resolution) > 1);
    }
}

impl Kind<'_> {
    fn subject<'b>(&'b self, account: &'b ServiceAccountId) -> Subject<'b> {
        let template = self.template.map(|template| &**template);
        let (spec, node, age, supposed) = (&**self.spec, &**self.node, self.age, Supposed::Live);
        Subject { account, spec, template, node, age, supposed, pod: None, node_name: None }
    }

    fn key(&self) -> Key {
        let template = self.template.map_or(0, |template| Arc::as_ptr(template).addr());
        (Arc::as_ptr(self.spec).addr(), template, Arc::as_ptr(self.node).addr(), self.age)
    }
}

impl Inventory {
    /// Resolves what a batch touched; true if anything visible changed.
    pub(super) fn resolve_dirty(&mut self, mut dirty: Dirty) -> bool {
        let mut stale = self.stale_before(&dirty);
        self.touch_instances(&mut dirty);
        self.touch_roles(&mut dirty);
        self.touch_renamed(&mut dirty);
        let places = self.dirty_places(&mut dirty);
        self.stale_after(&mut stale, &dirty, &places);
        let mut changed = dirty.visible;
        let mut rest = &places[..];
        while !rest.is_empty() {
            let (replicas, others) = rest.split_at(self.crew.replicas(rest));
            changed |= self.resolve_replicas(replicas);
            rest = others;
        }
        changed |= self.refresh_findings(stale);
        self.sweep(dirty.all);
        changed
    }

    fn dirty_places(&mut self, dirty: &mut Dirty) -> Vec<Place> {
        let moved = self.refresh_nodes(dirty);
        if dirty.all {
            self.answers.clear();
            return self.crew.accounts().values().flatten().copied().collect();
        }
        let mut places = std::mem::take(&mut dirty.pods);
        for account in &dirty.accounts {
            self.answers.remove(account);
            places.extend_from_slice(self.crew.of_account(account));
        }
        places.extend(moved);
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Brings the facts of nodes up to date and tells whose pods see a difference.
    fn refresh_nodes(&mut self, dirty: &Dirty) -> Vec<Place> {
        let sight = self.agent_sight();
        let all = dirty.all_nodes || sight != self.sight;
        self.sight = sight;
        let mut names: FxHashSet<NodeName> = dirty.nodes.clone();
        if all {
            names.extend(self.facts.nodes.items().keys().cloned());
            names.extend(self.node_facts.keys().cloned());
        }
        // Pods may run on nodes whose objects cannot be seen.
        for place in &dirty.pods {
            names.extend(self.meet_node(*place));
        }
        let mut moved = Vec::new();
        if names.is_empty() && !all {
            return moved;
        }
        let before = self.fleet.clone();
        for name in names {
            if self.refresh_node(&name) {
                moved.extend_from_slice(self.crew.on_node(&name));
            }
        }
        self.refresh_fleet();
        if before != self.fleet {
            let homeless = |place: &Place| self.crew.entry(*place).is_some_and(|entry| entry.pod.node.is_none());
            moved.extend(self.crew.accounts().values().flatten().copied().filter(homeless));
        }
        moved
    }

    /// Tells a pod what is known of its node; the node's name if that was never asked.
    fn meet_node(&mut self, place: Place) -> Option<NodeName> {
        let entry = self.crew.entry_mut(place)?;
        let name = entry.pod.node.as_ref()?;
        entry.node = self.node_facts.get(name).cloned();
        if entry.node.is_none() { Some(name.clone()) } else { None }
    }

    fn refresh_node(&mut self, name: &NodeName) -> bool {
        let is_there = self.facts.nodes.get(name).known().is_some() || !self.crew.on_node(name).is_empty();
        if !is_there {
            return self.node_facts.remove(name).is_some();
        }
        let found = node_role::node_facts(&self.facts, name, self.node_pods(name));
        if self.node_facts.get(name).is_some_and(|known| **known == found) {
            return false;
        }
        let shared = self.shared_node(found);
        self.crew.tell_node(name, &shared);
        self.node_facts.insert(name.clone(), shared);
        true
    }

    fn shared_node(&mut self, found: NodeFacts) -> Arc<NodeFacts> {
        if let Some(known) = self.node_classes.get(&found) {
            return Arc::clone(known);
        }
        let new = Arc::new(found);
        self.node_classes.insert(Arc::clone(&new));
        new
    }

    fn refresh_fleet(&mut self) {
        let listed = self.facts.nodes.items().keys().filter_map(|name| self.node_facts.get(name));
        let distinct: FxHashSet<&NodeFacts> = listed.map(|facts| &**facts).collect();
        let mut distinct: Vec<&NodeFacts> = distinct.into_iter().collect();
        distinct.sort_by_cached_key(|facts| format!("{facts:?}"));
        let fleet = node_role::fleet(distinct, self.facts.nodes.state().clone());
        if *self.fleet != fleet {
            self.fleet = Arc::new(fleet);
        }
    }

    fn node_pods(&self, name: &NodeName) -> NodePods {
        let mut seen = NodePods { visible: self.sight, ..NodePods::default() };
        for entry in self.crew.at(self.crew.on_node(name)) {
            seen.agent |= is_agent(&entry.pod);
            seen.agent_ready |= is_agent(&entry.pod) && entry.pod.ready && !entry.pod.terminating;
            seen.proxy |= is_proxy(&entry.pod);
            seen.port_80 |= takes_port(&entry.pod);
            seen.strict_groups |= gives_strict_groups(&entry.pod);
        }
        seen
    }

    /// Whether pods of the agent would be seen if there were any; `None` while pods are being read.
    fn agent_sight(&self) -> Option<bool> {
        match self.crew.state() {
            Fact::Loading => None,
            _ if self.crew.sees_kube_system() => Some(true),
            // Without a view of kube-system only the list of add-ons tells that there is none.
            _ => {
                let add_ons = self.facts.joined(self.facts.add_ons.as_ref());
                Some(add_ons.known().is_some_and(|add_ons| !add_ons.iter().any(is_agent_add_on)))
            }
        }
    }

    fn touch_instances(&self, dirty: &mut Dirty) {
        let read = |facts: &NodeFacts| {
            facts.role.arn().and_then(role_name).is_some_and(|name| dirty.node_roles.contains(&name))
        };
        if !dirty.node_roles.is_empty() {
            let of_role = self.node_facts.iter().filter(|(_, facts)| read(facts)).map(|(name, _)| name.clone());
            dirty.nodes.extend(of_role.collect::<Vec<_>>());
        }
        if dirty.instances.is_empty() && dirty.profiles.is_empty() {
            return;
        }
        for (name, node) in self.facts.nodes.items() {
            let Some(id) = node_role::instance_id(node) else { continue };
            let profile = || match self.facts.instances.get(&id)?.known() {
                Some(instance) => instance.profile_arn.clone(),
                None => node_role::launch_profile(&self.facts, node),
            };
            if dirty.instances.contains(&id) || profile().is_some_and(|profile| dirty.profiles.contains(&profile)) {
                dirty.nodes.insert(name.clone());
            }
        }
    }

    /// Marks the service accounts whose pods take variables from a ConfigMap.
    pub(super) fn touch_source(&self, id: &SourceId, dirty: &mut Dirty) {
        let takes = |entry: &Entry| source::named(&id.namespace, &entry.pod.spec).any(|named| named == *id);
        let there = self.crew.accounts().iter().filter(|(account, _)| account.namespace == id.namespace);
        let concerned = there.filter(|(_, places)| self.crew.at(places).any(takes));
        dirty.accounts.extend(concerned.map(|(account, _)| account.clone()));
        let renewed = self.templates().filter(|(workload, spec)| {
            workload.namespace == id.namespace && source::named(&id.namespace, spec).any(|named| named == *id)
        });
        dirty.accounts.extend(renewed.flat_map(|(workload, _)| self.accounts_of_workload(workload)));
    }

    /// Marks the service accounts of namespaces in which something changed that stands beside pods.
    pub(super) fn touch_namespaces(&self, changed: &Changed, dirty: &mut Dirty) {
        dirty.all |= changed.all;
        dirty.visible |= changed.all || !changed.namespaces.is_empty();
        let with_pods = self.crew.accounts().keys();
        let all = with_pods.chain(self.facts.service_accounts.items().keys());
        dirty.accounts.extend(all.filter(|account| changed.namespaces.contains(&account.namespace)).cloned());
    }

    /// Finds who uses the roles that changed: associations, annotations, and what pods carry.
    fn touch_roles(&self, dirty: &mut Dirty) {
        if dirty.roles.is_empty() || dirty.all {
            return;
        }
        let roles = std::mem::take(&mut dirty.roles);
        let is_changed = |arn: &RoleArn| role_name(arn).is_some_and(|name| roles.contains(&name));
        for association in self.facts.associations.items().values() {
            let Some(detail) = association.detail.known() else { continue };
            if is_changed(&detail.role_arn) || detail.target_role_arn.as_ref().is_some_and(is_changed) {
                dirty.accounts.insert(association.service_account.clone());
            }
        }
        for account in self.facts.service_accounts.items().values() {
            let declared = account.declared.as_ref().and_then(|declared| declared.role.as_ref());
            let names = |name: &Arc<str>| roles.contains(&RoleName::from(Arc::clone(name)));
            if account.role_arn.as_ref().is_some_and(is_changed) || declared.is_some_and(names) {
                dirty.accounts.insert(account.id.clone());
            }
        }
        let carriers = self.crew.specs().filter(|spec| carried_roles(spec).any(|arn| is_changed(&arn)));
        let names: FxHashSet<&str> = carriers.map(|spec| spec.service_account.as_str()).collect();
        let accounts = self.crew.accounts().keys().filter(|account| names.contains(account.name.as_str()));
        dirty.accounts.extend(accounts.cloned());
        let renewed = self.templates().filter(|(_, spec)| carried_roles(spec).any(|arn| is_changed(&arn)));
        dirty.accounts.extend(renewed.flat_map(|(workload, _)| self.accounts_of_workload(workload)));
    }

    /// Resolves replicas. They agree in service account, spec and template; nodes and ages may differ.
    fn resolve_replicas(&mut self, places: &[Place]) -> bool {
        let Some(first) = places.first().and_then(|place| self.crew.entry(*place)) else { return false };
        let (account, spec) = (first.pod.service_account(), Arc::clone(&first.pod.spec));
        let template = self.template_of(&first.pod.workload).cloned();
        for id in source::named(&account.namespace, &spec) {
            self.facts.config_maps.ask(id);
        }
        let mut answers = self.answers.remove(&account).unwrap_or_default();
        let facts = &self.facts;
        let detail = facts.association_detail(&account);
        let mut changed = false;
        for place in places {
            let Some(entry) = self.crew.entry_mut(*place) else { continue };
            let age = resolve::age(detail, facts.now, entry.pod.created_at);
            let node = entry.node.as_ref().unwrap_or(&self.fleet);
            let kind = Kind { spec: &spec, template: template.as_ref(), node, age };
            let resolution = answers.get_or(&kind, || resolve::resolve(facts, &kind.subject(&account)));
            changed |= entry.resolution.as_ref() != Some(&resolution);
            entry.resolution = Some(resolution);
        }
        self.answers.insert(account, answers);
        changed
    }

    /// Forgets what nothing uses any more, now and then.
    fn sweep(&mut self, all: bool) {
        self.batches += 1;
        let due = self.batches.is_multiple_of(256);
        if !all && !due {
            return;
        }
        let crew = &self.crew;
        self.answers.retain(|account, _| !crew.of_account(account).is_empty());
        self.answers.values_mut().for_each(Answers::sweep);
        self.crew.sweep();
        // What was asked for may be told before the pods that name it.
        if due {
            self.sweep_asked();
        }
        self.node_classes.retain(|class| Arc::strong_count(class) > 1);
    }

    /// Marks the service accounts whose cached credentials ended between two moments.
    pub(super) fn touch_expired(&self, since: Timestamp, now: Timestamp, dirty: &mut Dirty) {
        for association in self.facts.associations.items().values() {
            let until = association.detail.known().and_then(pod_identity::cached_until);
            if until.is_some_and(|until| since < until && until <= now) {
                dirty.accounts.insert(association.service_account.clone());
            }
        }
    }
}

/// The add-on that brings the agent.
pub(super) fn is_agent_add_on(add_on: &AddOn) -> bool {
    &*add_on.name == "eks-pod-identity-agent"
}

fn role_name(arn: &RoleArn) -> Option<RoleName> {
    Arn::role(arn.as_str()).ok()?.role_name()
}

/// The role ARNs written in the environments of a spec.
pub(super) fn carried_roles(spec: &PodSpec) -> impl Iterator<Item = RoleArn> {
    spec.containers.iter().filter_map(|container| match container.environment.get("AWS_ROLE_ARN")? {
        Value::Text(arn) => Some(RoleArn::from(Arc::clone(arn))),
        Value::Hidden | Value::AccessKey(_) => None,
    })
}
