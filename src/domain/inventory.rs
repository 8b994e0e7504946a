//! Everything known about one cluster, joined: indexed both ways, updated incrementally,
//! with a revision that moves only when something visible changed. Reads no clock.

use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use self::{
    crew::Crew,
    findings::Findings,
    settle::{Answers, Dirty},
    told::Told,
    turn::Turns,
};
use super::{
    association::Association,
    change::Change,
    cluster::{Caller, Cluster, Target},
    fact::Fact,
    failure::Failure,
    id::{AssociationId, ClusterId, InstanceId, Namespace, NodeName, PodId, RoleArn, RoleName, ServiceAccountId},
    identity::{
        Hop, Identity, Resolution, chain,
        facts::Facts,
        injection::{Proposal, Supposed},
        listing::Listing,
        node_role::{NodeFacts, fleet},
        pod_identity,
        resolve::{self, Outcome, Subject},
    },
    node::{AddOn, VpcEndpoint},
    permission::{Permission, RoleDetail},
    proof::Proof,
    provider::Provider,
    role::Role,
    rollout::Rollout,
    service_account::ServiceAccount,
    workload::{Pod, SourceId, WorkloadId},
};

mod asked;
mod crew;
mod findings;
mod overview;
mod progress;
mod proven;
mod reach;
mod rows;
mod settle;
mod sought;
mod story;
mod take;
mod tally;
#[cfg(test)]
mod tests;
mod told;
mod trust;
mod turn;
mod who;
mod written;

pub use overview::{Overview, SharedRole};
pub use reach::Reached;
pub use who::{Admission, Gate, Way};

pub use findings::FindingCounts;

/// How far a kind of fact has been read; what the bottom line shows while it loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `pods`, `associations`, `roles`, …
    pub what: &'static str,
    /// How many have been read.
    pub done: usize,
    /// How many there are; 0 while nobody has said.
    pub total: usize,
}

/// Something that could not be read, and why. `complete:false` in the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is unknown because of it: `roles`, `instance i-…`.
    pub what: String,
    /// Why.
    pub failure: Arc<Failure>,
}

/// Facts that rows need and nobody has read yet, most wanted first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Associations without detail.
    pub associations: Vec<AssociationId>,
    /// Roles that are named but were not in the list (list denied, or another path).
    pub roles: Vec<RoleName>,
    /// Roles to be read in detail: their permissions decide, or a screen shows them.
    pub role_details: Vec<RoleName>,
    /// The access entries of nodes: no better source tells a node's role.
    pub access_entries: bool,
    /// The roles that aws-auth maps to nodes, for the same; asked of Kubernetes.
    pub mapped_roles: bool,
    /// Instances behind nodes.
    pub instances: Vec<InstanceId>,
    /// Instance profiles of instances.
    pub instance_profiles: Vec<Arc<str>>,
    /// ConfigMaps that containers take variables from: asked of Kubernetes, as are templates; all others of AWS.
    pub config_maps: Vec<SourceId>,
    /// Workloads that a plan in view restarts: asked of Kubernetes too.
    pub rollouts: Vec<WorkloadId>,
    /// Pod templates of workloads that somebody looks at; the inventory itself wants none.
    pub templates: Vec<WorkloadId>,
}

/// Numbers of the header tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pods.
    pub pods: usize,
    /// Workloads.
    pub workloads: usize,
    /// Service accounts, named-only ones included.
    pub service_accounts: usize,
    /// Namespaces.
    pub namespaces: usize,
    /// Roles.
    pub roles: usize,
    /// Associations.
    pub associations: usize,
    /// Nodes.
    pub nodes: usize,
}

/// What the selection is told: why its state is what it is, and what may be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// One to three sentences; the first says why.
    pub why: Vec<String>,
    /// In order of preference.
    pub fixes: Vec<Fix>,
}

/// Something that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to do.
    pub action: FixAction,
    /// In one line: `restart deploy/web: new pods get pod-identity`.
    pub text: String,
}

/// What a fix does; the app knows which key that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FixAction {
    /// Create an association.
    Associate,
    /// Set the IRSA annotation.
    Annotate,
    /// Restart the workload.
    Restart,
    /// Install the agent add-on.
    InstallAgent,
    /// Look at the trust policy.
    Trust,
    /// Nothing that can be done from here; the text says what to change.
    Advice,
}

/// The Pod Identity agent, as far as the whole cluster is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// It runs on no node.
    Missing,
    /// EKS Auto Mode has it built into every node.
    BuiltIn,
    /// It is ready on some nodes.
    Ready {
        /// Nodes where it is ready or built in.
        nodes: usize,
        /// Nodes where it could run.
        of: usize,
    },
    /// Its pods cannot be seen.
    Unknown,
}

/// Everything known about one cluster.
#[derive(Debug)]
pub struct Inventory {
    id: ClusterId,
    revision: u64,
    facts: Facts,
    namespaces: Listing<Namespace, Namespace>,
    crew: Crew,
    answers: FxHashMap<ServiceAccountId, Answers>,
    node_facts: FxHashMap<NodeName, Arc<NodeFacts>>,
    node_classes: FxHashSet<Arc<NodeFacts>>,
    /// What pods without a node may expect.
    fleet: Arc<NodeFacts>,
    /// Whether pods of the agent would be seen.
    sight: Option<bool>,
    findings: Findings,
    /// Read for plans that restart, and for nothing else.
    rollouts: FxHashMap<WorkloadId, Fact<Rollout>>,
    /// Results of live proofs, the newest of each identity.
    proofs: FxHashMap<ServiceAccountId, Vec<Proof>>,
    turns: Turns,
    batches: u64,
    told: Told,
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new(ClusterId::default())
    }
}

impl Inventory {
    /// An inventory in which everything is still loading.
    pub fn new(id: ClusterId) -> Self {
        Self {
            id,
            revision: 0,
            facts: Facts::default(),
            namespaces: Listing::default(),
            crew: Crew::default(),
            rollouts: FxHashMap::default(),
            proofs: FxHashMap::default(),
            answers: FxHashMap::default(),
            node_facts: FxHashMap::default(),
            node_classes: FxHashSet::default(),
            fleet: Arc::new(fleet([], Fact::Loading)),
            sight: None,
            findings: Findings::default(),
            turns: Turns::default(),
            batches: 0,
            told: Told::default(),
        }
    }

    /// Which of the clusters on screen.
    pub fn id(&self) -> ClusterId {
        self.id
    }

    /// Moves only when something visible changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes over one batch; true if something visible changed. Only what it touches is resolved again.
    pub fn apply(&mut self, changes: Vec<Change>, now: Timestamp) -> bool {
        let since = std::mem::replace(&mut self.facts.now, now);
        let mut dirty = Dirty::default();
        self.facts.written.retain(|_, writes| writes.settle(now));
        for change in changes {
            self.take(change, &mut dirty);
        }
        self.resolve_since(since, dirty)
    }

    /// Brings facts up to date that change with time alone; true if something visible changed.
    pub fn settle(&mut self, now: Timestamp) -> bool {
        let since = std::mem::replace(&mut self.facts.now, now);
        self.resolve_since(since, Dirty::default())
    }

    fn resolve_since(&mut self, since: Timestamp, mut dirty: Dirty) -> bool {
        self.touch_expired(since, self.facts.now, &mut dirty);
        let changed = self.resolve_dirty(dirty);
        self.told = Told::default();
        self.revision += u64::from(changed);
        changed
    }

    /// When the next fact changes with time alone: cached credentials that end.
    pub fn next_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let deadlines = self.facts.associations.items().values().filter_map(|association| {
            let detail = association.detail.known()?;
            let until = pod_identity::cached_until(detail).filter(|until| *until > now)?;
            let pods = self.crew.at(self.crew.of_account(&association.service_account));
            let modified = detail.modified_at?;
            pods.into_iter().any(|entry| entry.pod.created_at < modified).then_some(until)
        });
        deadlines.min()
    }

    /// What the context says.
    pub fn target(&self) -> &Target {
        &self.facts.target
    }

    /// DescribeCluster.
    pub fn cluster(&self) -> &Fact<Cluster> {
        &self.facts.cluster
    }

    /// GetCallerIdentity.
    pub fn caller(&self) -> &Fact<Caller> {
        &self.facts.caller
    }

    /// Why AWS facts are not joined: the caller's account or the context's server is not the cluster's.
    pub fn mismatch(&self) -> Option<Failure> {
        self.facts.mismatch()
    }

    /// A pod.
    pub fn pod(&self, id: &PodId) -> Option<&Pod> {
        self.crew.get(id).map(|entry| &entry.pod)
    }

    /// The identities of a pod.
    pub fn resolution(&self, id: &PodId) -> Option<&Arc<Resolution>> {
        self.crew.get(id)?.resolution.as_ref()
    }

    /// A service account whose object exists.
    pub fn service_account(&self, id: &ServiceAccountId) -> Option<&ServiceAccount> {
        self.facts.service_accounts.items().get(id)
    }

    /// All service accounts whose objects are known.
    pub fn known_service_accounts(&self) -> impl Iterator<Item = &ServiceAccount> {
        self.facts.service_accounts.items().values()
    }

    /// All associations that are known.
    pub fn known_associations(&self) -> impl Iterator<Item = &Association> {
        let joined = matches!(self.facts.gate(), Fact::Known(()));
        self.facts.associations.items().values().filter(move |_| joined)
    }

    /// The association of a service account, or why it is not known.
    pub fn association_fact(&self, id: &ServiceAccountId) -> Fact<&Association> {
        self.facts.association(id)
    }

    /// The association of a service account.
    pub fn association_of(&self, id: &ServiceAccountId) -> Option<&Association> {
        self.facts.association(id).known().copied()
    }

    /// An association.
    pub fn association(&self, id: &AssociationId) -> Option<&Association> {
        self.facts.joined(self.facts.associations.get(id)).known().copied()
    }

    /// A role by its ARN. Absent only if IAM said so for the cluster's account; a role of another
    /// account is unknown, with a sentence.
    pub fn role(&self, arn: &RoleArn) -> Fact<&Role> {
        self.facts.role(arn)
    }

    /// The OIDC provider of the cluster's issuer in its account.
    pub fn provider(&self) -> Fact<&Provider> {
        self.facts.provider()
    }

    /// How a workload replaces its pods; loading until somebody read it for a plan.
    pub fn rollout(&self, id: &WorkloadId) -> Fact<&Rollout> {
        self.rollouts.get(id).map_or(Fact::Loading, Fact::as_ref)
    }

    /// The installed add-ons.
    pub fn add_ons(&self) -> Fact<&Vec<AddOn>> {
        self.facts.joined(self.facts.add_ons.as_ref())
    }

    /// Names of the Fargate profiles.
    pub fn fargate_profiles(&self) -> Fact<&Vec<Arc<str>>> {
        self.facts.joined(self.facts.fargate_profiles.as_ref())
    }

    /// The endpoints of the cluster's VPC.
    pub fn vpc_endpoints(&self) -> Fact<&Vec<VpcEndpoint>> {
        self.facts.joined(self.facts.vpc_endpoints.as_ref())
    }

    /// A role of the account in detail; `None` until it was asked for.
    pub fn role_detail(&self, arn: &RoleArn) -> Option<&RoleDetail> {
        self.facts.role_detail(arn)
    }

    /// Whether a role of the account may do something, by its own policies.
    pub fn permission(&self, role: &RoleArn, action: &str, resource: &str) -> Permission {
        self.facts.permission(role, action, resource)
    }

    /// The name of a role of this account whose detail a screen needs and nobody has read.
    pub fn undetailed_role(&self, arn: &RoleArn) -> Option<RoleName> {
        let name = self.own_role(arn).filter(|_| matches!(self.facts.gate(), Fact::Known(())))?;
        (!self.facts.role_details.contains_key(&name) && self.role(arn).known().is_some()).then_some(name)
    }

    /// All roles of the account that are known.
    pub fn known_roles(&self) -> impl Iterator<Item = &Role> {
        let joined = matches!(self.facts.gate(), Fact::Known(()));
        self.facts.roles.items().values().filter(move |_| joined)
    }

    /// What a plain container of a new pod would get.
    pub fn next_of(&self, id: &ServiceAccountId) -> Identity {
        self.plain(id, Supposed::Live).identity
    }

    /// The same, were there no association.
    pub fn next_without_association(&self, id: &ServiceAccountId) -> Identity {
        self.plain(id, Supposed::Without).identity
    }

    /// The same, were there this association.
    pub fn next_with_association(&self, id: &ServiceAccountId, proposal: Proposal) -> Identity {
        self.plain(id, Supposed::With(Arc::new(proposal))).identity
    }

    fn plain(&self, id: &ServiceAccountId, supposed: Supposed) -> Outcome {
        resolve::plain(&self.facts, id, &self.fleet, supposed)
    }

    /// The identity chain of a pod: of its container that is worst off now.
    pub fn chain(&self, id: &PodId) -> Vec<Hop> {
        let Some(entry) = self.crew.get(id) else { return Vec::new() };
        let pod = &entry.pod;
        let account = pod.service_account();
        let subject = Subject {
            account: &account,
            spec: &pod.spec,
            template: None,
            node: pod.node.as_ref().and_then(|name| self.node_facts.get(name)).unwrap_or(&self.fleet),
            age: resolve::age(self.facts.association_detail(&account), self.facts.now, pod.created_at),
            supposed: Supposed::Live,
            pod: Some(&pod.id.name),
            node_name: pod.node.as_ref(),
        };
        chain::of_pod(&self.facts, &subject)
    }

    /// The chain of what a plain container of a new pod would get.
    pub fn chain_of_service_account(&self, id: &ServiceAccountId) -> Vec<Hop> {
        chain::of_service_account(&self.facts, id, &self.fleet)
    }
}
