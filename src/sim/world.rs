//! A simulated world: one cluster and one account that know of each other, from a
//! file, from the embedded examples or from a generator.

mod agent;
mod authority;
mod aws;
mod document;
mod eks;
mod field;
mod populate;
mod trust;
mod webhook;

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::aws::{Account, AddonChange, Keys, State};
use crate::sim::clock::Clock;
use crate::sim::fault::Faults;
use crate::sim::generate;
use crate::sim::issuer::PublicKey;
use crate::sim::kubernetes::{Api, ClusterFacts, FargateProfile, PodIdentityEntries};
use crate::wire::Transport;

pub use authority::{Authority, Identity};

const DEMO: &str = include_str!("../../assets/demo/world.yaml");
const STORY: &str = include_str!("../../assets/demo/story.yaml");

/// What is wrong with a world file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("world: {place}: {what}")]
pub struct WorldError {
    place: String,
    what: String,
}

impl WorldError {
    /// An error at a place of the file.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// An API server that somebody else runs.
#[derive(Clone, Debug)]
pub struct ApiServer {
    /// Its URL.
    pub endpoint: String,
    /// Base64 of its PEM certificate authority.
    pub certificate_authority: String,
    /// What it signs service account tokens with.
    pub keys: Vec<PublicKey>,
}

/// A cluster and an account.
pub struct World {
    /// Shared by everything in the world.
    pub clock: Clock,
    /// Shared by both APIs.
    pub faults: Faults,
    /// The cluster.
    pub kubernetes: Api,
    /// The account.
    pub aws: Account,
    authority: RwLock<Arc<Authority>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("cluster", &self.cluster_name()).finish_non_exhaustive()
    }
}

/// What the webhook asks: the account, or a fixed answer while a past is staged.
struct Entries {
    account: Account,
    past: populate::Past,
}

impl PodIdentityEntries for Entries {
    fn has_entry(&self, namespace: &str, service_account: &str) -> bool {
        let staged = self.past.entry();
        staged.unwrap_or_else(|| self.account.has_webhook_entry(namespace, service_account))
    }
}

impl World {
    /// Reads a world file: Kubernetes manifests as they are, and one document with
    /// the key `aws:`. With `aws.now`, all times move so that ages hold at `now`.
    /// Under `aws:`, with everything but the first three optional: `account`, `region`,
    /// `cluster` (`name`, `version`, `platformVersion`, `issuer`, `ipFamily`, `role`,
    /// `autoModeRole`, `publicAccess`, `webhook: false`, …), `now`, `partition`, `caller`,
    /// `seed`, `delays`, `quotas`, `faults`, `policies`, `roles` (`trust` as mapping or text,
    /// or `trusts` in short forms), `providers`, `instanceProfiles`, `instances`,
    /// `nodegroups`, `fargateProfiles`, `addons`, `accessEntries`, `associations`.
    ///
    /// # Errors
    /// Names document and field.
    pub fn from_yaml(text: &str, now: Timestamp) -> Result<Arc<Self>, WorldError> {
        let documents = document::read(text, now)?;
        let read = aws::read(&documents.aws, now)?;
        let seed = read.state.random.clone().number();
        let (world, past) = Self::build(read.state, seed, now)?;
        if read.webhook {
            world.load("webhook", webhook::object(&world.authority().data()))?;
        }
        populate::populate(&world, &past, documents.manifests)?;
        agent::adopt(&world)?;
        for fault in read.faults {
            world.faults.add(fault);
        }
        Ok(Arc::new(world))
    }

    /// The embedded demo: a small company with planted faults.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn demo(now: Timestamp) -> Result<Arc<Self>, WorldError> {
        Self::from_yaml(DEMO, now)
    }

    /// The embedded first line of the story: two services on the node's role.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub fn story(now: Timestamp) -> Result<Arc<Self>, WorldError> {
        Self::from_yaml(STORY, now)
    }

    /// A generated world.
    ///
    /// # Errors
    /// If an object is refused by the simulated API server.
    pub fn generate(spec: &generate::Spec, now: Timestamp) -> Result<Arc<Self>, WorldError> {
        let generated = generate::generate(spec, now);
        let (world, _) = Self::build(generated.state, spec.seed, now)?;
        world.load("webhook", webhook::object(&world.authority().data()))?;
        for manifest in generated.manifests {
            world.load("generated", manifest)?;
        }
        Ok(Arc::new(world))
    }

    fn build(mut state: State, seed: u64, now: Timestamp) -> Result<(Self, populate::Past), WorldError> {
        let authority =
            Authority::new().map_err(|error| WorldError::new("certificate authority", error.to_string()))?;
        state.cluster.certificate_authority = authority.data();
        let clock = Clock::default();
        clock.advance(now.duration_since(clock.now()));
        let facts = ClusterFacts {
            region: state.region.clone(),
            ipv6: state.cluster.ip_family == "ipv6",
            version: state.cluster.version.clone(),
        };
        let issuer = state.cluster.issuer.clone();
        let profiles = state.fargate_profiles.iter().map(fargate_profile).collect();
        let faults = Faults::new(seed);
        let aws = Account::new(clock.clone(), faults.clone(), state);
        let past = populate::Past::default();
        let entries = Arc::new(Entries { account: aws.clone(), past: past.clone() });
        let kubernetes = Api::new(clock.clone(), faults.clone(), facts, entries);
        kubernetes.set_issuer(&issuer);
        kubernetes.set_fargate_profiles(profiles);
        let authority = RwLock::new(Arc::new(authority));
        Ok((Self { clock, faults, kubernetes, aws, authority }, past))
    }

    fn load(&self, place: &str, manifest: Value) -> Result<(), WorldError> {
        self.kubernetes.load(manifest).map_err(|what| WorldError::new(place, what))
    }

    /// The Kubernetes API as a transport.
    pub fn kubernetes_transport(&self) -> Transport {
        self.kubernetes.transport()
    }

    /// All AWS services as one transport.
    pub fn aws_transport(&self) -> Transport {
        self.aws.transport()
    }

    /// The certificate authority of the cluster.
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Continues earlier runs in the eyes of their clients: the cluster has the authority that it had, and no
    /// resource version of theirs is valid any more.
    ///
    /// # Errors
    /// If the webhook that the world's file has is refused.
    pub fn succeed(&self, authority: Authority) -> Result<(), WorldError> {
        let (before, data) = (self.authority().data(), authority.data());
        for webhook in webhook::with_authority(self, &before, &data) {
            self.load("webhook", webhook)?;
        }
        self.aws.with(|state| state.cluster.certificate_authority = data);
        *self.authority.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(authority);
        self.kubernetes.begin_at(u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default());
        Ok(())
    }

    /// The cluster's name.
    pub fn cluster_name(&self) -> String {
        self.aws.with(|state| state.cluster.name.clone())
    }

    /// The cluster's ARN.
    pub fn cluster_arn(&self) -> String {
        self.aws.with(|state| state.cluster_arn())
    }

    /// The region.
    pub fn region(&self) -> String {
        self.aws.with(|state| state.region.clone())
    }

    /// The account id.
    pub fn account(&self) -> String {
        self.aws.with(|state| state.account.clone())
    }

    /// The URL of the Kubernetes API that DescribeCluster gives.
    pub fn endpoint(&self) -> String {
        self.aws.with(|state| state.cluster.endpoint.clone())
    }

    /// Makes DescribeCluster give another URL: that of a server on this machine.
    pub fn set_endpoint(&self, endpoint: &str) {
        self.aws.with(|state| endpoint.clone_into(&mut state.cluster.endpoint));
    }

    /// Makes another API server the one of the account's cluster: DescribeCluster gives it, and tokens are
    /// verified by its keys. What it calls itself in tokens has to be the cluster's issuer.
    pub fn set_api_server(&self, server: ApiServer) {
        self.aws.with(|state| {
            state.cluster.endpoint = server.endpoint;
            state.cluster.certificate_authority = server.certificate_authority;
            state.keys = Keys::Of(server.keys);
        });
    }

    /// A kubeconfig for `server`. Cluster, context and user are named by the
    /// cluster's ARN, as `aws eks update-kubeconfig` names them; the token is fixed.
    pub fn kubeconfig(&self, server: &str) -> String {
        let (arn, authority) = (self.cluster_arn(), self.authority().data());
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: {arn}\n  cluster:\n    server: {server}\n    certificate-authority-data: {authority}\n\
             contexts:\n- name: {arn}\n  context:\n    cluster: {arn}\n    user: {arn}\ncurrent-context: {arn}\n\
             users:\n- name: {arn}\n  user:\n    token: simulated\n"
        )
    }

    /// What runs beside the APIs: the workload controllers, and the add-ons' ends.
    /// It never ends; drop it to stop it.
    pub fn controllers(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (kubernetes, aws) = (self.kubernetes.clone(), self.aws.clone());
        async move {
            futures::future::join(kubernetes.controller(), addons(&kubernetes, &aws)).await;
        }
    }
}

/// A Fargate profile as the cluster sees it.
fn fargate_profile((name, described): (&String, &Value)) -> FargateProfile {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let selector = |selector: &Value| {
        let labels = selector["labels"].as_object().into_iter().flatten();
        (text(&selector["namespace"]), labels.map(|(key, value)| (key.clone(), text(value))).collect())
    };
    let selectors = described["selectors"].as_array().into_iter().flatten().map(selector).collect();
    FargateProfile { name: name.clone(), selectors }
}

async fn addons(kubernetes: &Api, aws: &Account) {
    loop {
        match aws.next_addon_change().await {
            AddonChange::Installed { name, version } if name == agent::ADDON => {
                agent::install(kubernetes, aws, &version).await;
            }
            AddonChange::Removed { name } if name == agent::ADDON => agent::remove(kubernetes).await,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
