//! Reads on demand from Kubernetes: the ConfigMaps that containers take variables from, each once, and only
//! those that pods name; and how workloads replace their pods, for plans that restart them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use crate::{
    domain::{
        change::Change,
        fact::Fact,
        workload::{SourceId, WorkloadId},
    },
    kubernetes::{connect::Connection, object, rollout},
};

/// Reads under way at once.
const AT_ONCE: usize = 8;

/// Reads for one cluster; clones share what is under way.
#[derive(Clone)]
pub struct Sources {
    told: mpsc::Sender<Vec<Change>>,
    under_way: Arc<Mutex<HashSet<SourceId>>>,
}

impl Sources {
    /// Sources that tell their changes to `told`.
    pub fn new(told: mpsc::Sender<Vec<Change>>) -> Self {
        Self { told, under_way: Arc::default() }
    }

    /// Reads those that nobody is reading yet; every answer, also a refused one, becomes a change.
    pub async fn read(&self, connection: Connection, mut wanted: Vec<SourceId>) {
        wanted.retain(|id| self.under_way().insert(id.clone()));
        stream::iter(wanted)
            .for_each_concurrent(AT_ONCE, |id| {
                let connection = connection.clone();
                async move {
                    let found = object::config_map(&connection, &id).await;
                    // A receiver that is gone has no use for it.
                    let _ = self.told.send(vec![Change::ConfigMap(id.clone(), found)]).await;
                    self.under_way().remove(&id);
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

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashSet<SourceId>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
