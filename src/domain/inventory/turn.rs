//! Answers to requests that overtake each other: of one object that of the newest request wins, whichever arrives last.
//! A list answers for every object in it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Inventory, settle::Dirty};
use crate::domain::{
    association::Association,
    change::{Change, Turn},
    fact::Fact,
    id::{AssociationId, InstanceId, RoleName, ServiceAccountId},
    role::Role,
    workload::{SourceId, WorkloadId},
};

/// What a request asks about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Object {
    Caller,
    Cluster,
    Providers,
    NodeGroups,
    AccessEntries,
    MappedRoles,
    FargateProfiles,
    VpcEndpoints,
    AddOns,
    Associations,
    AssociationsOf(ServiceAccountId),
    Detail(AssociationId),
    Roles,
    Role(RoleName),
    RoleDetail(RoleName),
    Instance(InstanceId),
    Profile(Arc<str>),
    ConfigMap(SourceId),
    Template(WorkloadId),
}

impl Object {
    /// `None` for what a watch tells: that comes in order.
    fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::Caller(_) => Self::Caller,
            Change::Cluster(_) => Self::Cluster,
            Change::Providers(_) => Self::Providers,
            Change::NodeGroups(_) => Self::NodeGroups,
            Change::AccessEntries(_) => Self::AccessEntries,
            Change::MappedRoles(_) => Self::MappedRoles,
            Change::FargateProfiles(_) => Self::FargateProfiles,
            Change::VpcEndpoints(_) => Self::VpcEndpoints,
            Change::AddOns(_) => Self::AddOns,
            Change::Associations(_) => Self::Associations,
            Change::AssociationsOf(account, _) => Self::AssociationsOf(account.clone()),
            Change::AssociationDetail(id, _) => Self::Detail(id.clone()),
            Change::Roles(_) => Self::Roles,
            Change::Role(name, _) => Self::Role(name.clone()),
            Change::RoleDetail(name, _) => Self::RoleDetail(name.clone()),
            Change::Instance(id, _) => Self::Instance(id.clone()),
            Change::InstanceProfile(arn, _) => Self::Profile(Arc::clone(arn)),
            Change::ConfigMap(id, _) => Self::ConfigMap(id.clone()),
            Change::Template(id, _) => Self::Template(id.clone()),
            _ => return None,
        })
    }

    /// The list that answers for an object too.
    fn list(&self) -> Option<Self> {
        match self {
            Self::AssociationsOf(_) => Some(Self::Associations),
            Self::Role(_) => Some(Self::Roles),
            _ => None,
        }
    }
}

/// The newest request that each object was answered by.
#[derive(Debug, Default)]
pub struct Turns(FxHashMap<Object, Turn>);

impl Turns {
    fn is_overtaken(&self, object: &Object, turn: Turn) -> bool {
        self.0.get(object).is_some_and(|newest| *newest > turn)
    }

    /// The objects of a kind that a newer request than this has answered.
    fn newer<'a, T>(&'a self, turn: Turn, pick: impl Fn(&'a Object) -> Option<T> + 'a) -> impl Iterator<Item = T> + 'a {
        self.0.iter().filter(move |(_, newest)| **newest > turn).filter_map(move |(object, _)| pick(object))
    }
}

fn is_refused(change: &Change) -> bool {
    match change {
        Change::Caller(fact) => fact.failure().is_some(),
        Change::Cluster(fact) => fact.failure().is_some(),
        Change::Providers(fact) => fact.failure().is_some(),
        Change::NodeGroups(fact) => fact.failure().is_some(),
        Change::AccessEntries(fact) | Change::MappedRoles(fact) => fact.failure().is_some(),
        Change::FargateProfiles(fact) => fact.failure().is_some(),
        Change::VpcEndpoints(fact) => fact.failure().is_some(),
        Change::AddOns(fact) => fact.failure().is_some(),
        Change::Associations(fact) => fact.failure().is_some(),
        Change::AssociationDetail(_, fact) => fact.failure().is_some(),
        Change::Roles(fact) => fact.failure().is_some(),
        Change::Role(_, fact) => fact.failure().is_some(),
        Change::Instance(_, fact) => fact.failure().is_some(),
        Change::InstanceProfile(_, fact) => fact.failure().is_some(),
        Change::ConfigMap(_, fact) => fact.failure().is_some(),
        Change::Template(_, fact) => fact.failure().is_some(),
        _ => false,
    }
}

impl Inventory {
    /// Takes over the answer to a request, unless a newer one was answered already.
    pub(super) fn take_answer(&mut self, turn: Turn, change: Change, dirty: &mut Dirty) {
        let Some(object) = Object::of(&change) else { return self.take(change, dirty) };
        let by_list = object.list().is_some_and(|list| self.turns.is_overtaken(&list, turn));
        if by_list || self.turns.is_overtaken(&object, turn) {
            return;
        }
        // A refusal answers for nobody: what an older request found is still to be heard.
        if !is_refused(&change) {
            self.turns.0.insert(object, turn);
        }
        let change = match change {
            Change::Associations(Fact::Known(found)) => self.associations_but_newer(turn, found),
            Change::Roles(Fact::Known(found)) => self.roles_but_newer(turn, found),
            other => other,
        };
        self.take(change, dirty);
    }

    fn associations_but_newer(&self, turn: Turn, mut found: Vec<Association>) -> Change {
        let accounts: FxHashSet<&ServiceAccountId> = self
            .turns
            .newer(turn, |object| if let Object::AssociationsOf(account) = object { Some(account) } else { None })
            .collect();
        let known = self.facts.associations.items();
        let gone: FxHashSet<&AssociationId> = self
            .turns
            .newer(turn, |object| if let Object::Detail(id) = object { Some(id) } else { None })
            .filter(|id| !known.contains_key(*id))
            .collect();
        found.retain(|found| !accounts.contains(&found.service_account) && !gone.contains(&found.id));
        found.extend(known.values().filter(|known| accounts.contains(&known.service_account)).cloned());
        Change::Associations(Fact::Known(found))
    }

    fn roles_but_newer(&self, turn: Turn, mut found: Vec<Role>) -> Change {
        let names: FxHashSet<&RoleName> =
            self.turns.newer(turn, |object| if let Object::Role(name) = object { Some(name) } else { None }).collect();
        found.retain(|found| !names.contains(&found.name));
        found.extend(names.iter().filter_map(|name| self.facts.roles.items().get(*name)).cloned());
        Change::Roles(Fact::Known(found))
    }
}
