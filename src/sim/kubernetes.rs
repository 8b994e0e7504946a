//! The Kubernetes half of the simulator: an API server with a schemaless store, the
//! pod-identity webhook and the smallest controllers that make workloads have pods.
//! Written from the API references; it knows `wire`, the clock and the faults, and
//! nothing of the AWS half but what `PodIdentityEntries` tells.

use std::future::Future;
use std::sync::Arc;

use serde_json::Value;

use crate::wire::Transport;

mod admission;
mod api;
mod budget;
mod cell;
mod column;
mod controller;
mod daemon;
mod defaults;
mod deployment;
mod discovery;
mod encode;
mod expand;
mod fargate;
mod fields;
mod job;
mod kind;
mod kubelet;
mod list;
mod load;
mod managed;
mod meta;
mod mutate;
mod patch;
mod protobuf;
mod replica;
mod request;
mod review;
mod schedule;
mod selector;
mod state;
mod stateful;
mod status;
mod store;
mod strategic;
mod subresource;
mod token;
mod watch;
mod webhook;
mod workload;
mod write;

#[cfg(test)]
mod tests;

pub use api::Api;
pub use fargate::FargateProfile;

/// What the webhook on the control plane knows of EKS: which service accounts have a
/// Pod Identity association that has reached it.
pub trait PodIdentityEntries: Send + Sync {
    /// Whether the webhook knows an association for this service account now (the
    /// propagation delay already applied). Never called while the API is locked.
    fn has_entry(&self, namespace: &str, service_account: &str) -> bool;
}

/// What the API server and the webhook know of their cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterFacts {
    /// AWS region, injected by the webhook.
    pub region: String,
    /// Whether pods have IPv6 addresses.
    pub ipv6: bool,
    /// Kubernetes version, as `1.34`.
    pub version: String,
}

impl Api {
    /// Puts an object (or a `List` of them) into the cluster as it is: no admission, no
    /// webhook, no work for the controllers. Creation time, uid and resource version are
    /// given if absent; its namespace is created if absent; a CustomResourceDefinition
    /// registers its kinds.
    ///
    /// # Errors
    /// If the object has no name or its kind is not served.
    pub fn load(&self, manifest: Value) -> Result<(), String> {
        load::load(self, manifest)
    }

    /// Gives every loaded workload without pods its ReplicaSets and pods, through the
    /// webhook, as if they had been created at the time of the workload's annotation
    /// `sim.rolecall/pods-created` (else of its creation); `sim.rolecall/skip-webhook:
    /// "true"` leaves the injection out. Pods without a status get one. Nodes and service
    /// accounts have to be loaded before.
    pub fn expand(&self) {
        expand::expand(self);
    }

    /// The whole API server as a service from request to response.
    pub fn transport(&self) -> Transport {
        let api = self.clone();
        Transport::new(tower::service_fn(move |request| {
            let api = api.clone();
            async move { api.serve(request).await }
        }))
    }

    /// The controllers; they work until the future is dropped, woken by writes.
    pub fn controller(&self) -> impl Future<Output = ()> + Send + 'static {
        controller::run(self.clone())
    }

    /// All objects of a resource as they are now.
    pub fn snapshot(&self, group: &str, resource: &str) -> Vec<Value> {
        let key = (group.to_owned(), resource.to_owned());
        self.read(|state| state.store.list(&key, "").map(|object| object.value().clone()).collect())
    }

    /// One object as it is now; the namespace is empty for cluster-scoped ones.
    pub fn object(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let key = (group.to_owned(), resource.to_owned());
        self.read(|state| state.store.get(&key, namespace, name).map(|object| Arc::new(object.value().clone())))
    }
}
