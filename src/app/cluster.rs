//! One cluster as the program shows it: its inventory, the state of its connections, its lock.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    lock::Lock,
    screen::{
        Screen,
        list::{ListKind, ListScreen},
    },
    trail::Trail,
};
use crate::domain::{
    change::Change,
    failure::Failure,
    id::{ClusterId, ServiceAccountId},
    inventory::{Inventory, Wanted},
};

/// State of the connection to Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Nobody has answered yet.
    #[default]
    Connecting,
    /// Watches run.
    Live,
    /// The connection is lost and will be tried again.
    Retrying {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// When.
        at: Timestamp,
        /// Why it was lost.
        failure: Arc<Failure>,
    },
    /// The server knows us and refuses.
    Denied(Arc<Failure>),
    /// Given up until somebody acts: credentials, wrong address.
    Offline {
        /// Since when.
        since: Timestamp,
        /// Why.
        failure: Arc<Failure>,
    },
}

impl Link {
    /// Why there is no connection, if there is none.
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        match self {
            Self::Connecting | Self::Live => None,
            Self::Retrying { failure, .. } | Self::Denied(failure) | Self::Offline { failure, .. } => Some(failure),
        }
    }
}

/// What was read of AWS, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aws {
    /// When it was last read without a failure.
    pub read_at: Option<Timestamp>,
    /// When a reading last ended, well or not.
    pub tried_at: Option<Timestamp>,
    /// What the last reading failed with.
    pub failure: Option<Arc<Failure>>,
    /// The reading asked for last; answers to older ones are ignored.
    pub generation: u64,
    /// That reading is under way.
    pub reading: bool,
    /// A person asked for it.
    pub asked_for: bool,
}

/// What a person left of a cluster when another came into view.
#[derive(Debug)]
pub struct Kept {
    /// The lists.
    pub lists: Vec<ListScreen>,
    /// The open tab.
    pub tab: ListKind,
    /// Its pages.
    pub history: Vec<Screen>,
    /// Where the person had been.
    pub trail: Trail,
}

impl Default for Kept {
    fn default() -> Self {
        Self { lists: Vec::new(), tab: ListKind::Pods, history: Vec::new(), trail: Trail::default() }
    }
}

/// One cluster.
#[derive(Debug)]
pub struct ClusterView {
    /// Which one.
    pub id: ClusterId,
    /// Everything known about it.
    pub inventory: Inventory,
    /// The connection to Kubernetes.
    pub kubernetes: Link,
    /// What was read of AWS.
    pub aws: Aws,
    /// Calls made so far.
    pub calls: usize,
    /// Whether changes may be made.
    pub lock: Lock,
    /// Live proofs were confirmed by name in this session, or the settings allow them.
    pub proofs_allowed: bool,
    /// Names must be typed here: the context matches a protected pattern.
    pub protected: bool,
    /// Its lists and pages while another cluster is in view.
    pub(super) kept: Option<Box<Kept>>,
    /// Batches that wait while the view is frozen.
    pub(super) held: Vec<Change>,
    /// What was asked for last, so that it is asked once.
    pub(super) asked: Wanted,
    /// The service account that was asked for last.
    pub(super) asked_for: Option<ServiceAccountId>,
}

impl ClusterView {
    /// A cluster of which nothing is known yet; its first AWS reading is under way.
    pub fn new(id: ClusterId, inventory: Inventory, lock: Lock, protected: bool) -> Self {
        Self {
            id,
            inventory,
            kubernetes: Link::Connecting,
            aws: Aws { reading: true, ..Aws::default() },
            calls: 0,
            lock,
            proofs_allowed: false,
            protected,
            kept: None,
            held: Vec::new(),
            asked: Wanted::default(),
            asked_for: None,
        }
    }

    /// The name a person knows it by: the cluster's, else the context's.
    pub fn name(&self) -> String {
        let target = self.inventory.target();
        let known = self.inventory.cluster().known().map(|cluster| cluster.name.to_string());
        known
            .or_else(|| target.cluster.as_ref().map(ToString::to_string))
            .or_else(|| target.context.clone())
            .unwrap_or_else(|| "this cluster".to_owned())
    }

    /// What unlocking is for: the context, else the cluster; what must be typed where it is protected.
    pub fn title(&self) -> String {
        self.inventory.target().context.clone().unwrap_or_else(|| self.name())
    }

    /// The account that AWS calls go to, as far as it is known.
    pub fn account(&self) -> Option<String> {
        let target = self.inventory.target().account.as_ref().map(ToString::to_string);
        let cluster = self.inventory.cluster().known().map(|cluster| cluster.account().to_string());
        cluster.or(target)
    }

    /// Begins another reading of AWS and tells its generation; answers to older ones are ignored from now on.
    pub(super) fn begin_reading(&mut self) -> u64 {
        self.aws.generation += 1;
        self.aws.reading = true;
        self.aws.generation
    }

    /// How many changes wait while the view is frozen.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}
