//! Reads AWS for one cluster: what is always needed first, then the details that rows want.
//! Every answer, also a refused one, becomes a change of the inventory.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use super::turns::Turns;
use crate::{
    aws::session::Session,
    domain::{
        change::{Change, Turn},
        fact::Fact,
        failure::{Failure, FailureKind},
        id::{AssociationId, ClusterName, InstanceId, RoleName, ServiceAccountId},
        inventory::Wanted,
    },
};

/// Calls of one kind that are under way at once; the pacer decides how fast they go.
const AT_ONCE: usize = 16;

/// Details that are being read: rows ask for them again until they are answered.
#[derive(Debug, Default)]
struct UnderWay {
    associations: HashSet<AssociationId>,
    roles: HashSet<RoleName>,
    role_details: HashSet<RoleName>,
    access_entries: bool,
    instances: HashSet<InstanceId>,
    instance_profiles: HashSet<Arc<str>>,
}

impl UnderWay {
    /// Takes on what nobody is reading yet.
    fn take_on(&mut self, mut wanted: Wanted) -> Wanted {
        wanted.associations.retain(|id| self.associations.insert(id.clone()));
        wanted.roles.retain(|name| self.roles.insert(name.clone()));
        wanted.access_entries &= !self.access_entries;
        self.access_entries |= wanted.access_entries;
        wanted.role_details.retain(|name| self.role_details.insert(name.clone()));
        wanted.instances.retain(|id| self.instances.insert(id.clone()));
        wanted.instance_profiles.retain(|arn| self.instance_profiles.insert(arn.clone()));
        wanted
    }

    fn forget(&mut self, done: &Wanted) {
        self.associations.retain(|id| !done.associations.contains(id));
        self.roles.retain(|name| !done.roles.contains(name));
        self.access_entries &= !done.access_entries;
        self.role_details.retain(|name| !done.role_details.contains(name));
        self.instances.retain(|id| !done.instances.contains(id));
        self.instance_profiles.retain(|arn| !done.instance_profiles.contains(arn));
    }
}

/// Reads for one cluster and tells what it found; clones share what is under way.
#[derive(Clone)]
pub struct Reader {
    session: Session,
    cluster: Option<ClusterName>,
    told: mpsc::Sender<Vec<Change>>,
    under_way: Arc<Mutex<UnderWay>>,
    turns: Turns,
}

impl Reader {
    /// A reader that tells its changes to `told`; without a cluster's name only the account is read.
    pub fn new(session: Session, cluster: Option<ClusterName>, told: mpsc::Sender<Vec<Change>>) -> Self {
        Self { session, cluster, told, under_way: Arc::default(), turns: Turns::default() }
    }

    async fn tell(&self, turn: Turn, changes: impl IntoIterator<Item = Change>) {
        let answers = changes.into_iter().map(|change| Change::Answer(turn, Box::new(change)));
        // A receiver that is gone has no use for it.
        let _ = self.told.send(answers.collect()).await;
    }

    /// Caller, cluster with its VPC's endpoints, associations, roles, providers, node groups, add-ons,
    /// Fargate profiles: side by side.
    /// Returns the first failure, for the header.
    pub async fn everything(&self) -> Option<Arc<Failure>> {
        let failures = tokio::join!(
            self.caller(),
            self.describe_cluster(),
            self.associations(),
            self.roles(),
            self.providers(),
            self.node_groups(),
            self.add_ons(),
        );
        let (a, b, c, d, e, f, g) = failures;
        [a, b, c, d, e, f, g].into_iter().flatten().next()
    }

    async fn caller(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let fact = Fact::from(self.session.caller().await);
        let failure = fact.failure().cloned();
        self.tell(turn, [Change::Caller(fact)]).await;
        failure
    }

    async fn describe_cluster(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let fact = match &self.cluster {
            Some(name) => Fact::from(self.session.cluster(name).await),
            None => Fact::Unknown(Arc::new(nameless())),
        };
        let failure = fact.failure().cloned();
        let vpc = fact.known().and_then(|cluster| cluster.vpc_id.clone());
        self.tell(turn, [Change::Cluster(fact)]).await;
        let Some(vpc) = vpc else { return failure };
        let endpoints = Fact::from(self.session.vpc_endpoints(&vpc).await);
        let refused = endpoints.failure().cloned();
        self.tell(turn, [Change::VpcEndpoints(endpoints)]).await;
        failure.or(refused)
    }

    async fn associations(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let fact = match &self.cluster {
            Some(name) => Fact::from(self.session.associations(name).await),
            None => Fact::Unknown(Arc::new(nameless())),
        };
        let failure = fact.failure().cloned();
        self.tell(turn, [Change::Associations(fact)]).await;
        failure
    }

    async fn roles(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let fact = Fact::from(self.session.roles().await);
        let failure = fact.failure().cloned();
        self.tell(turn, [Change::Roles(fact)]).await;
        failure
    }

    async fn providers(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let fact = Fact::from(self.session.providers().await);
        let failure = fact.failure().cloned();
        self.tell(turn, [Change::Providers(fact)]).await;
        failure
    }

    /// Node groups and the names of Fargate profiles.
    async fn node_groups(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let (groups, profiles) = match &self.cluster {
            Some(name) => {
                let (groups, profiles) =
                    tokio::join!(self.session.node_groups(name), self.session.fargate_profiles(name));
                (Fact::from(groups), Fact::from(profiles))
            }
            None => (Fact::Unknown(Arc::new(nameless())), Fact::Loading),
        };
        let failure = groups.failure().or(profiles.failure()).cloned();
        self.tell(turn, [Change::NodeGroups(groups), Change::FargateProfiles(profiles)]).await;
        failure
    }

    /// The add-ons of the cluster. Returns the failure, if there was one.
    pub async fn add_ons(&self) -> Option<Arc<Failure>> {
        let turn = self.turns.next();
        let fact = match &self.cluster {
            Some(name) => Fact::from(self.session.add_ons(name).await),
            None => Fact::Unknown(Arc::new(nameless())),
        };
        let failure = fact.failure().cloned();
        self.tell(turn, [Change::AddOns(fact)]).await;
        failure
    }

    /// The associations of one service account, described: after a change, and for the selection.
    pub async fn associations_of(&self, service_account: ServiceAccountId) {
        let turn = self.turns.next();
        let Some(name) = &self.cluster else { return };
        if let Ok(found) = self.session.associations_of(name, &service_account).await {
            let ids: Vec<_> = found.iter().map(|association| association.id.clone()).collect();
            self.tell(turn, [Change::AssociationsOf(service_account, found)]).await;
            for id in ids {
                self.clone().association(id).await;
            }
        }
    }

    async fn association(self, id: AssociationId) {
        let turn = self.turns.next();
        let Some(name) = &self.cluster else { return };
        let detail = self.session.association_detail(name, &id).await;
        self.tell(turn, [Change::AssociationDetail(id, detail)]).await;
    }

    /// One role with its trust policy: after a change, and where the list does not have it.
    pub async fn role(self, name: RoleName) {
        let turn = self.turns.next();
        let fact = self.session.role(&name).await;
        self.tell(turn, [Change::Role(name, fact)]).await;
    }

    async fn role_detail(self, name: RoleName) {
        let turn = self.turns.next();
        let detail = self.session.role_detail(&name).await;
        self.tell(turn, [Change::RoleDetail(name, detail)]).await;
    }

    async fn access_entries(&self, wanted: bool) {
        let turn = self.turns.next();
        let Some(name) = self.cluster.as_ref().filter(|_| wanted) else { return };
        let fact = Fact::from(self.session.access_entries(name).await);
        self.tell(turn, [Change::AccessEntries(fact)]).await;
    }

    async fn instance_profile(self, arn: Arc<str>) {
        let turn = self.turns.next();
        let fact = self.session.instance_profile(&arn).await;
        self.tell(turn, [Change::InstanceProfile(arn, fact)]).await;
    }

    async fn instances(&self, ids: Vec<InstanceId>) {
        let turn = self.turns.next();
        if ids.is_empty() {
            return;
        }
        let changes: Vec<Change> = match self.session.instances(&ids).await {
            Ok(found) => found.into_iter().map(|(id, fact)| Change::Instance(id, fact)).collect(),
            Err(failure) => {
                let failure = Arc::new(failure);
                let unknown = |id| Change::Instance(id, Fact::Unknown(Arc::clone(&failure)));
                ids.into_iter().map(unknown).collect()
            }
        };
        self.tell(turn, changes).await;
    }

    /// The details that rows want and nobody is reading yet, most wanted first, a bounded number at once.
    pub async fn details(&self, wanted: Wanted) {
        let fresh = self.under_way().take_on(wanted);
        let done = fresh.clone();
        tokio::join!(
            self.each(fresh.associations, Self::association),
            self.each(fresh.roles, Self::role),
            self.access_entries(fresh.access_entries),
            self.each(fresh.role_details, Self::role_detail),
            self.each(fresh.instance_profiles, Self::instance_profile),
            self.instances(fresh.instances),
        );
        self.under_way().forget(&done);
    }

    async fn each<T, F>(&self, items: Vec<T>, read: impl Fn(Self, T) -> F)
    where
        F: Future<Output = ()>,
    {
        stream::iter(items).for_each_concurrent(AT_ONCE, |item| read(self.clone(), item)).await;
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls this session has made.
    pub fn calls(&self) -> usize {
        self.session.calls()
    }
}

fn nameless() -> Failure {
    Failure::new(
        FailureKind::Usage,
        "the EKS cluster behind this context is not known",
        "neither the context's name nor its exec stanza names one",
        "Give it with --cluster and --region",
    )
}
