//! Large worlds from a seed: namespaces, service accounts, workloads, nodes, roles
//! and associations in believable proportions, some of them gone wrong. Objects are
//! built whole, pods with the environment the webhook would have given them.

mod account;
mod name;
mod node;
mod workload;

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::aws::{Random, State};

/// What to generate. The numbers are totals, as a client listing the world counts
/// them: every cluster has four namespaces of its own and every namespace a service
/// account `default`; smaller numbers are raised to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Pods, the agent's (one per node) included.
    pub pods: usize,
    /// Namespaces.
    pub namespaces: usize,
    /// Service accounts.
    pub serviceaccounts: usize,
    /// Pod Identity associations.
    pub associations: usize,
    /// IAM roles.
    pub roles: usize,
    /// Nodes, each with an EC2 instance.
    pub nodes: usize,
    /// Equal seeds give equal worlds.
    pub seed: u64,
}

impl Default for Spec {
    fn default() -> Self {
        Self { pods: 1000, namespaces: 20, serviceaccounts: 100, associations: 50, roles: 50, nodes: 20, seed: 1 }
    }
}

/// A specification that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "generate `{spec}`: {what}; write e.g. pods=10000,namespaces=50,serviceaccounts=500,associations=300,roles=300,nodes=200,seed=1"
)]
pub struct SpecError {
    spec: String,
    what: String,
}

impl FromStr for Spec {
    type Err = SpecError;

    /// Reads `NAME=NUMBER,…`; names that are left out keep their default.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut spec = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            spec.set(part).map_err(|what| SpecError { spec: text.to_owned(), what })?;
        }
        Ok(spec)
    }
}

impl Spec {
    fn set(&mut self, part: &str) -> Result<(), String> {
        let (name, number) = part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=NUMBER"))?;
        let count = || number.trim().parse().map_err(|_| format!("`{number}` is not a whole number"));
        match name.trim() {
            "pods" => self.pods = count()?,
            "namespaces" => self.namespaces = count()?,
            "serviceaccounts" => self.serviceaccounts = count()?,
            "associations" => self.associations = count()?,
            "roles" => self.roles = count()?,
            "nodes" => self.nodes = count()?,
            "seed" => self.seed = number.trim().parse().map_err(|_| format!("`{number}` is not a whole number"))?,
            other => return Err(format!("there is no `{other}`")),
        }
        Ok(())
    }
}

/// A generated world, not yet loaded.
pub struct Generated {
    /// The account.
    pub state: State,
    /// The cluster's objects.
    pub manifests: Vec<Value>,
}

/// Generates a world.
pub fn generate(spec: &Spec, now: Timestamp) -> Generated {
    let mut random = Random::new(spec.seed);
    let namespaces = name::namespaces(spec.namespaces);
    let mut manifests: Vec<Value> = namespaces.iter().map(|name| namespace(name)).collect();
    let mut state = account::foundation(spec, now);
    let nodes = node::generate(spec, &mut state, &mut random, now);
    let accounts = account::generate(spec, &namespaces, &mut state, &mut random, now);
    manifests.extend(nodes.iter().map(|node| node.manifest.clone()));
    manifests.extend(accounts.iter().filter(|account| account.exists).map(account::Account::manifest));
    workload::generate(spec, &accounts, &nodes, &mut random, now, &mut manifests);
    Generated { state, manifests }
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } } })
}

/// A time as Kubernetes writes it, some seconds before `now`.
fn ago(now: Timestamp, seconds: usize) -> String {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    let at = now.saturating_sub(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
