//! Reads what somebody names or looks at and nobody watches: ConfigMaps that containers take variables from, aws-auth,
//! pod templates of owners, and how workloads replace their pods, for plans that restart them.

use std::{
    collections::HashSet,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use super::turns::Turns;
use crate::{
    domain::{
        change::Change,
        fact::Fact,
        inventory::Wanted,
        workload::{SourceId, WorkloadId},
    },
    kubernetes::{connect::Connection, object, rollout, template},
};

/// Reads under way at once.
const AT_ONCE: usize = 8;

/// Reads for one cluster; clones share what is under way.
#[derive(Clone)]
pub struct Sources {
    told: mpsc::Sender<Vec<Change>>,
    config_maps: UnderWay<SourceId>,
    templates: UnderWay<WorkloadId>,
    mapped_roles: UnderWay<()>,
    turns: Turns,
}

impl Sources {
    /// Sources that tell their changes to `told`.
    pub fn new(told: mpsc::Sender<Vec<Change>>) -> Self {
        Self {
            told,
            config_maps: UnderWay::default(),
            templates: UnderWay::default(),
            mapped_roles: UnderWay::default(),
            turns: Turns::default(),
        }
    }

    /// Takes what Kubernetes is asked for out of what is wanted.
    pub fn part_of(wanted: &mut Wanted) -> Wanted {
        Wanted {
            config_maps: std::mem::take(&mut wanted.config_maps),
            templates: std::mem::take(&mut wanted.templates),
            mapped_roles: std::mem::take(&mut wanted.mapped_roles),
            ..Wanted::default()
        }
    }

    /// Reads what nobody is reading yet; every answer, also a refused one, becomes a change.
    pub async fn read(&self, connection: Connection, wanted: Wanted) {
        tokio::join!(
            self.each(&self.config_maps, wanted.config_maps, &connection, config_map),
            self.each(&self.templates, wanted.templates, &connection, pod_template),
            self.each(&self.mapped_roles, wanted.mapped_roles.then_some(()), &connection, mapped_roles),
        );
    }

    async fn each<T: Clone + Eq + Hash, F: Future<Output = Change>>(
        &self,
        under_way: &UnderWay<T>,
        wanted: impl IntoIterator<Item = T>,
        connection: &Connection,
        read: impl Fn(Connection, T) -> F,
    ) {
        let mine: Vec<T> = wanted.into_iter().filter(|id| under_way.begin(id)).collect();
        stream::iter(mine)
            .for_each_concurrent(AT_ONCE, |id| {
                let (own, under_way, turn) = (self.clone(), under_way.clone(), self.turns.next());
                let answer = read(connection.clone(), id.clone());
                async move {
                    let change = Change::Answer(turn, Box::new(answer.await));
                    // A receiver that is gone has no use for it.
                    let _ = own.told.send(vec![change]).await;
                    under_way.end(&id);
                }
            })
            .await;
    }

    /// Reads how workloads replace their pods, for a plan in view.
    pub async fn rollouts(&self, connection: Connection, workloads: Vec<WorkloadId>) {
        stream::iter(workloads)
            .for_each_concurrent(AT_ONCE, |id| {
                let connection = connection.clone();
                async move {
                    let found = Fact::from(rollout::rollout(&connection, &id).await);
                    // A receiver that is gone has no use for it.
                    let _ = self.told.send(vec![Change::Rollout(id, found)]).await;
                }
            })
            .await;
    }
}

async fn config_map(connection: Connection, id: SourceId) -> Change {
    let found = object::config_map(&connection, &id).await;
    Change::ConfigMap(id, found)
}

async fn pod_template(connection: Connection, id: WorkloadId) -> Change {
    let found = template::template(&connection, &id).await;
    Change::Template(id, found)
}

async fn mapped_roles(connection: Connection, (): ()) -> Change {
    Change::MappedRoles(object::mapped_roles(&connection).await)
}

/// What is being read.
#[derive(Clone)]
struct UnderWay<T>(Arc<Mutex<HashSet<T>>>);

impl<T> Default for UnderWay<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Eq + Hash> UnderWay<T> {
    /// False if somebody reads it already.
    fn begin(&self, id: &T) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone())
    }

    fn end(&self, id: &T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
