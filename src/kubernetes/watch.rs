//! Watches: everything that is read continuously from the API server, as batches of changes.
//! One task a kind; a failure of one kind never stops another. Everything ends with the token.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connect::Connection;
use crate::domain::{change::Change, failure::Failure};

mod batch;
mod few;
mod follow;
mod foreign;
mod kind;
mod listing;
mod pause;

use batch::Batch;
use few::Set;
use follow::Follow;

/// What a watch tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// What changed, at most 500 at once and not held back for more than 50 ms.
    Changes(Vec<Change>),
    /// How the connection is, judged by the pods, which come first on screen.
    Link(Link),
    /// The whole cluster may not be read: only these namespaces are visible, for the reason given.
    Narrowed {
        /// `pods`, `serviceaccounts`, …
        resource: &'static str,
        /// What is read instead.
        namespaces: Vec<String>,
        /// Which permission is missing.
        failure: Arc<Failure>,
    },
    /// The whole cluster is read now, which was refused before.
    Widened {
        /// `pods`, `serviceaccounts`, …
        resource: &'static str,
        /// What was read instead, as it was told.
        namespaces: Vec<String>,
        /// Which permission was missing.
        failure: Arc<Failure>,
    },
    /// Objects that could not be understood and are left out.
    Skipped {
        /// `pods`, `serviceaccounts`, …
        resource: &'static str,
        /// How many since the watch began.
        count: usize,
        /// Why the last one was.
        example: String,
    },
}

/// How the connection is.
#[derive(Clone, Debug)]
pub enum Link {
    /// The first answer is awaited.
    Connecting,
    /// Changes arrive as they happen.
    Live,
    /// It broke; what is known stays.
    Retrying {
        /// How many attempts have failed in a row.
        attempt: u32,
        /// When the next one comes.
        in_: Duration,
        /// Why the last one failed.
        failure: Arc<Failure>,
    },
    /// The server answers but refuses. It is asked again once a minute.
    Denied(Arc<Failure>),
    /// Nothing has answered for several attempts. It goes on being tried.
    Offline {
        /// Why the last one failed.
        failure: Arc<Failure>,
    },
}

/// Reads and follows pods, service accounts, namespaces, nodes, pod identity webhooks and what stands beside pods
/// (network policies, security groups for pods, stores of External Secrets, volumes) until stopped or nobody listens. `namespaces` limits what lives in namespaces; `None` is the whole
/// cluster, and falls back to the context's namespace where that is refused at the start; the rest is asked for again
/// once a minute.
pub async fn watch(
    connection: Connection,
    namespaces: Option<Vec<String>>,
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
) {
    let scopes: Vec<Option<String>> = match namespaces {
        Some(names) if !names.is_empty() => names.into_iter().map(Some).collect(),
        _ => vec![None],
    };
    let accounts = kind::ServiceAccounts::new(Arc::clone(&connection.keys));
    let batch = || Batch::new(events.clone());
    let all = async {
        tokio::join!(
            Follow::new(connection.clone(), kind::Pods::default(), scopes.clone(), batch()).run(),
            Follow::new(connection.clone(), accounts, scopes.clone(), batch()).run(),
            Follow::new(connection.clone(), kind::Namespaces::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), kind::Nodes::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), Set::<few::Webhooks>::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), Set::<few::NetworkPolicies>::default(), scopes.clone(), batch()).run(),
            Box::pin(others(connection.clone(), scopes.clone(), batch)),
            Follow::new(connection.clone(), Set::<few::SecurityGroupPolicies>::default(), scopes.clone(), batch())
                .run(),
            Follow::new(connection.clone(), Set::<few::SecretStores>::default(), scopes.clone(), batch()).run(),
            Follow::new(connection.clone(), Set::<few::ClusterSecretStores>::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), Set::<few::NodeClaims>::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), Set::<few::Ec2NodeClasses>::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), Set::<few::AutoNodeClasses>::default(), vec![None], batch()).run(),
            Follow::new(connection.clone(), Set::<few::BucketVolumes>::default(), vec![None], batch()).run(),
        )
    };
    stop.run_until_cancelled(all).await;
}

/// Network policies of other kinds.
async fn others(connection: Connection, scopes: Vec<Option<String>>, batch: impl Fn() -> Batch) {
    tokio::join!(
        Follow::new(connection.clone(), Set::<foreign::Cilium>::default(), scopes, batch()).run(),
        Follow::new(connection.clone(), Set::<foreign::CiliumClusterwide>::default(), vec![None], batch()).run(),
        Follow::new(connection.clone(), Set::<foreign::Cluster>::default(), vec![None], batch()).run(),
        Follow::new(connection, Set::<foreign::EksCluster>::default(), vec![None], batch()).run(),
    );
}

#[cfg(test)]
mod tests;
