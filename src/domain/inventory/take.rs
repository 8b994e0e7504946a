//! Taking over what the adapters tell: one function for each kind of change. Answers that repeat
//! what is known touch nothing.

use std::{collections::hash_map::Entry, sync::Arc};

use super::{Inventory, crew::Touched, settle::Dirty, written::keep_written};
use crate::domain::{
    association::{Association, AssociationDetail},
    change::Change,
    delegate::SecretStore,
    fact::Fact,
    id::{AssociationId, NodeName, RoleName, ServiceAccountId},
    node::{Node, NodeClaim},
    permission::RoleDetail,
    role::Role,
    workload::Pod,
};

impl Inventory {
    /// Takes over one change and notes what it touches.
    pub(super) fn take(&mut self, change: Change, dirty: &mut Dirty) {
        match change {
            Change::Pod(pod) => {
                self.outdate_asked(&pod);
                let touched = self.crew.put(pod);
                touch(touched, dirty);
            }
            Change::PodGone(id) => {
                let gone = self.crew.remove(&id);
                touch(gone, dirty);
            }
            Change::Pods(pods) => self.take_pods(pods, dirty),
            Change::Namespace(name) => dirty.visible |= self.namespaces.put(name.clone(), name),
            Change::NamespaceGone(name) => dirty.visible |= self.namespaces.items_mut().remove(&name).is_some(),
            Change::Namespaces(names) => {
                let before = self.namespaces.told();
                let changed = self.namespaces.replace(names, Clone::clone);
                dirty.visible |= !changed.is_empty() || before != self.namespaces.told();
            }
            Change::ServiceAccount(_) | Change::ServiceAccountGone(_) | Change::ServiceAccounts(_) => {
                self.take_account(change, dirty);
            }
            Change::Node(_) | Change::NodeGone(_) | Change::Nodes(_) => self.take_node(change, dirty),
            Change::Target(_) | Change::Cluster(_) | Change::Caller(_) => self.take_cluster(change, dirty),
            Change::Associations(found) => self.take_associations(found, dirty),
            Change::AssociationsOf(account, found) => self.take_associations_of(&account, found, dirty),
            Change::AssociationDetail(id, detail) => self.take_detail(&id, detail, dirty),
            Change::Roles(roles) => self.take_roles(roles, dirty),
            Change::Role(name, role) => self.take_role(name, role, dirty),
            Change::TrustWritten(name, written) => self.take_written(name, written, dirty),
            Change::RoleDetail(name, detail) => self.take_role_detail(name, detail, dirty),
            Change::NetworkPolicies(_)
            | Change::SecurityGroupPolicies(_)
            | Change::SecretStores(_)
            | Change::ClusterSecretStores(_)
            | Change::BucketVolumes(_) => self.take_beside(change, dirty),
            Change::ForeignPolicies(kind, found) => {
                dirty.all |= update(self.facts.foreign_policies.of_mut(kind), found);
                dirty.visible |= dirty.all;
            }
            Change::NodeClaims(_) | Change::Ec2NodeClasses(_) | Change::AutoNodeClasses(_) => {
                dirty.all_nodes |= self.take_launched(change);
                dirty.visible |= dirty.all_nodes;
            }
            Change::Webhooks(_)
            | Change::Providers(_)
            | Change::NodeGroups(_)
            | Change::AccessEntries(_)
            | Change::MappedRoles(_)
            | Change::FargateProfiles(_)
            | Change::VpcEndpoints(_)
            | Change::AddOns(_) => self.take_common(change, dirty),
            Change::ConfigMap(..) | Change::Template(..) => self.take_asked(change, dirty),
            Change::Answer(turn, change) => self.take_answer(turn, *change, dirty),
            Change::Proven(proof) => self.take_proof(*proof, dirty),
            Change::Instance(..) | Change::InstanceProfile(..) | Change::Rollout(..) => {
                self.take_detail_of(change, dirty)
            }
        }
    }

    /// Objects of EC2 and IAM that were asked for one by one.
    fn take_detail_of(&mut self, change: Change, dirty: &mut Dirty) {
        match change {
            Change::Rollout(id, rollout) => {
                dirty.visible |= update(self.rollouts.entry(id).or_default(), rollout);
            }
            Change::Instance(id, instance) => {
                let changed = update(self.facts.instances.entry(id.clone()).or_default(), instance);
                dirty.visible |= changed;
                dirty.instances.extend(changed.then_some(id));
            }
            Change::InstanceProfile(arn, role) => {
                let changed = update(self.facts.instance_profiles.entry(Arc::clone(&arn)).or_default(), role);
                dirty.visible |= changed;
                dirty.profiles.extend(changed.then_some(arn));
            }
            _ => {}
        }
    }

    fn take_pods(&mut self, pods: Fact<Vec<Pod>>, dirty: &mut Dirty) {
        let before = self.crew.told();
        self.crew.replace(pods, |touched| touch(Some(touched), dirty));
        dirty.visible |= before != self.crew.told();
    }

    /// Objects that stand beside pods and service accounts of their namespace.
    fn take_beside(&mut self, change: Change, dirty: &mut Dirty) {
        let facts = &mut self.facts;
        let store = |store: &SecretStore| store.account.namespace.clone();
        let changed = match change {
            Change::NetworkPolicies(found) => facts.network_policies.replace(found, |one| one.namespace.clone()),
            Change::SecurityGroupPolicies(found) => {
                facts.security_group_policies.replace(found, |one| one.namespace.clone())
            }
            Change::SecretStores(found) => facts.secret_stores.replace(found, store),
            Change::ClusterSecretStores(found) => facts.cluster_secret_stores.replace(found, store),
            Change::BucketVolumes(found) => facts.bucket_volumes.replace(found, |one| one.namespace.clone()),
            _ => return,
        };
        self.touch_namespaces(&changed, dirty);
    }

    /// What nodes were or are launched with; true if that changed anything.
    fn take_launched(&mut self, change: Change) -> bool {
        let facts = &mut self.facts;
        match change {
            Change::NodeClaims(claims) => {
                let by_node = |claims: Vec<NodeClaim>| claims.into_iter().map(|claim| (claim.node, claim.profile));
                update(&mut facts.node_claims, claims.map_known(|claims| by_node(claims).collect()))
            }
            Change::Ec2NodeClasses(classes) => update(&mut facts.ec2_node_classes, classes),
            Change::AutoNodeClasses(classes) => update(&mut facts.auto_node_classes, classes),
            _ => false,
        }
    }

    fn take_account(&mut self, change: Change, dirty: &mut Dirty) {
        let accounts = &mut self.facts.service_accounts;
        match change {
            Change::ServiceAccount(account) => {
                let id = account.id.clone();
                let is_stale = accounts.items().get(&id).is_some_and(|known| account.is_older_than(known));
                if !is_stale && accounts.put(id.clone(), account) {
                    dirty.accounts.insert(id);
                    dirty.visible = true;
                }
            }
            Change::ServiceAccountGone(id) => {
                dirty.visible |= accounts.items_mut().remove(&id).is_some();
                dirty.accounts.insert(id);
            }
            Change::ServiceAccounts(found) => {
                let before = accounts.told();
                let changed = accounts.replace(found, |account| account.id.clone());
                dirty.all |= before.0 != *accounts.state();
                dirty.visible |= before != accounts.told() || !changed.is_empty();
                dirty.accounts.extend(changed);
            }
            _ => {}
        }
    }

    fn take_node(&mut self, change: Change, dirty: &mut Dirty) {
        let nodes = &mut self.facts.nodes;
        let changed = match change {
            Change::Node(node) => {
                let name = node.name.clone();
                if put_node(nodes.items_mut().entry(name.clone()), node) { vec![name] } else { Vec::new() }
            }
            Change::NodeGone(name) => {
                if nodes.items_mut().remove(&name).is_some() {
                    vec![name]
                } else {
                    Vec::new()
                }
            }
            Change::Nodes(found) => {
                let before = nodes.told();
                let changed = nodes.replace(found, |node| node.name.clone());
                dirty.all_nodes |= before.0 != *nodes.state();
                dirty.visible |= before != nodes.told();
                changed
            }
            _ => Vec::new(),
        };
        dirty.visible |= dirty.all_nodes || !changed.is_empty();
        dirty.nodes.extend(changed);
    }

    fn take_cluster(&mut self, change: Change, dirty: &mut Dirty) {
        let facts = &mut self.facts;
        let changed = match change {
            Change::Target(target) => {
                let changed = facts.target != target;
                facts.target = target;
                changed
            }
            Change::Cluster(cluster) => update(&mut facts.cluster, cluster),
            Change::Caller(caller) => update(&mut facts.caller, caller),
            _ => false,
        };
        if changed {
            facts.recheck();
            dirty.all = true;
            dirty.all_nodes = true;
            dirty.visible = true;
        }
    }

    fn take_common(&mut self, change: Change, dirty: &mut Dirty) {
        let facts = &mut self.facts;
        let (pods, nodes) = match change {
            Change::Webhooks(webhooks) => (update(&mut facts.webhooks, webhooks), false),
            Change::Providers(providers) => (update(&mut facts.providers, providers), false),
            Change::NodeGroups(groups) => (false, update(&mut facts.node_groups, groups)),
            Change::AccessEntries(entries) => (false, update(&mut facts.access_entries, entries)),
            Change::MappedRoles(roles) => (false, update(&mut facts.mapped_roles, roles)),
            Change::FargateProfiles(names) => {
                dirty.visible |= update(&mut facts.fargate_profiles, names);
                (false, false)
            }
            Change::VpcEndpoints(endpoints) => {
                dirty.visible |= update(&mut facts.vpc_endpoints, endpoints);
                (false, false)
            }
            Change::AddOns(add_ons) => (false, update(&mut facts.add_ons, add_ons)),
            _ => (false, false),
        };
        dirty.all |= pods;
        dirty.all_nodes |= nodes;
        dirty.visible |= pods || nodes;
    }

    /// The list call carries no details: those that were described stay.
    fn take_associations(&mut self, found: Fact<Vec<Association>>, dirty: &mut Dirty) {
        let listing = &mut self.facts.associations;
        let before = listing.state().clone();
        let found = found.map_known(|mut found| {
            found.iter_mut().for_each(|association| keep_detail(listing.items().get(&association.id), association));
            found
        });
        let changed = listing.replace(found, |association| association.id.clone());
        dirty.all |= before != *listing.state();
        dirty.visible |= dirty.all || !changed.is_empty();
        if changed.is_empty() {
            return;
        }
        let items = listing.items();
        let old = std::mem::take(&mut self.facts.association_ids);
        dirty.accounts.extend(old.into_iter().filter(|(_, id)| changed.contains(id)).map(|(account, _)| account));
        dirty.accounts.extend(
            changed.iter().filter_map(|id| items.get(id)).map(|association| association.service_account.clone()),
        );
        self.facts.association_ids =
            items.values().map(|association| (association.service_account.clone(), association.id.clone())).collect();
    }

    fn take_associations_of(&mut self, account: &ServiceAccountId, found: Vec<Association>, dirty: &mut Dirty) {
        let mut changed = false;
        let listing = &mut self.facts.associations;
        let keeps = |id: &AssociationId| found.iter().any(|association| association.id == *id);
        if let Some(old) = self.facts.association_ids.get(account).filter(|id| !keeps(id)).cloned() {
            listing.items_mut().remove(&old);
            self.facts.association_ids.remove(account);
            changed = true;
        }
        for mut association in found.into_iter().filter(|association| association.service_account == *account) {
            keep_detail(listing.items().get(&association.id), &mut association);
            self.facts.association_ids.insert(account.clone(), association.id.clone());
            changed |= listing.put(association.id.clone(), association);
        }
        if changed {
            dirty.accounts.insert(account.clone());
            dirty.visible = true;
        }
    }

    fn take_detail(&mut self, id: &AssociationId, detail: Fact<AssociationDetail>, dirty: &mut Dirty) {
        let listing = &mut self.facts.associations;
        let Some(association) = listing.items_mut().get_mut(id) else { return };
        let account = association.service_account.clone();
        if matches!(detail, Fact::Absent) {
            listing.items_mut().remove(id);
            self.facts.association_ids.remove(&account);
        } else if !update(&mut association.detail, detail) {
            return;
        }
        dirty.accounts.insert(account);
        dirty.visible = true;
    }

    fn take_roles(&mut self, roles: Fact<Vec<Role>>, dirty: &mut Dirty) {
        if matches!(roles, Fact::Known(_)) {
            self.facts.role_answers.clear();
        }
        if self.facts.roles.state().known().is_some() {
            self.facts.stale_details.extend(self.facts.role_details.keys().cloned());
        }
        let (details, written) = (&self.facts.role_details, &self.facts.written);
        let listing = &mut self.facts.roles;
        let before = listing.state().clone();
        let roles = roles.map_known(|mut roles| {
            for role in &mut roles {
                keep_tags(details.get(&role.name), role);
                keep_written(written.get(&role.name), role);
            }
            roles
        });
        let changed = listing.replace(roles, |role| role.name.clone());
        dirty.all |= before != *listing.state();
        dirty.visible |= dirty.all || !changed.is_empty();
        dirty.roles.extend(changed);
    }

    fn take_role_detail(&mut self, name: RoleName, found: RoleDetail, dirty: &mut Dirty) {
        self.facts.stale_details.remove(&name);
        let known = self.facts.role_details.entry(name.clone()).or_default();
        let before = known.clone();
        known.update(found);
        if *known == before {
            return;
        }
        if let Some(role) = self.facts.roles.items_mut().get_mut(&name) {
            keep_tags(Some(known), role);
        }
        dirty.node_roles.insert(name.clone());
        dirty.roles.insert(name);
        dirty.visible = true;
    }

    fn take_role(&mut self, name: RoleName, role: Fact<Role>, dirty: &mut Dirty) {
        let facts = &mut self.facts;
        let changed = match role {
            Fact::Known(mut role) => {
                keep_tags(facts.role_details.get(&name), &mut role);
                keep_written(facts.written.get(&name), &mut role);
                let asked = facts.role_answers.remove(&name).is_some();
                facts.roles.put(name.clone(), role) || asked
            }
            Fact::Absent => {
                let listed = facts.roles.items_mut().remove(&name).is_some();
                update(facts.role_answers.entry(name.clone()).or_default(), Fact::Absent) || listed
            }
            Fact::Unknown(failure) if facts.roles.get(&name).known().is_none() => {
                update(facts.role_answers.entry(name.clone()).or_default(), Fact::Unknown(failure))
            }
            Fact::Unknown(_) | Fact::Loading => false,
        };
        if changed {
            dirty.roles.insert(name);
            dirty.visible = true;
        }
    }
}

/// Puts a node unless a newer version of it is known; true if that changed anything.
fn put_node(place: Entry<'_, NodeName, Node>, node: Node) -> bool {
    match place {
        Entry::Vacant(free) => drop(free.insert(node)),
        Entry::Occupied(known) => {
            let known = known.into_mut();
            if node.version.is_before(known.version) {
                return false;
            }
            known.version = node.version;
            if *known == node {
                return false;
            }
            *known = node;
        }
    }
    true
}

/// Lists bring no tags: those that GetRole told stay.
fn keep_tags(known: Option<&RoleDetail>, role: &mut Role) {
    if let Some(about) = known.and_then(|detail| detail.about.known()) {
        role.tags = Some(about.tags.clone());
    }
}

fn touch(touched: Option<Touched>, dirty: &mut Dirty) {
    let Some(touched) = touched else { return };
    dirty.visible = true;
    dirty.pods.extend(touched.place);
    dirty.nodes.extend(touched.nodes);
    if let Some((workload, account)) = touched.left {
        dirty.workloads.insert(workload);
        dirty.workload_accounts.insert(account);
    }
}

fn keep_detail(known: Option<&Association>, found: &mut Association) {
    if let Some(known) = known {
        let mut detail = known.detail.clone();
        detail.update(std::mem::take(&mut found.detail));
        found.detail = detail;
    }
}

/// Takes over an answer; true if that changed the fact.
fn update<T: PartialEq>(fact: &mut Fact<T>, answer: Fact<T>) -> bool {
    let is_hidden = matches!(fact, Fact::Known(_)) && matches!(answer, Fact::Unknown(_) | Fact::Loading);
    if is_hidden || *fact == answer {
        return false;
    }
    *fact = answer;
    true
}
