//! Policies of other kinds than NetworkPolicy that may keep pods from a link-local address: those of Cilium
//! (`cilium.io/v2`) and ClusterNetworkPolicies (`policy.networking.k8s.io`, and EKS's own in `networking.k8s.aws`).
//! What the network makes of them is not seen, so what follows from them is a guess (identity-resolution 3.1, 4.2).

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use super::{Block, Ports};
use crate::domain::{fact::Fact, id::Namespace, webhook::Selector};

/// The port of the agent and of instance metadata.
const HTTP: u16 = 80;
/// The label by which Cilium knows the namespace of a pod.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// The label by which Cilium knows its service account.
const ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
/// What the labels of its namespace begin with.
const OF_NAMESPACE: &str = "io.cilium.k8s.namespace.labels.";
/// The label of every namespace that is its name.
const NAME: &str = "kubernetes.io/metadata.name";

/// A kind of such policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKind {
    /// CiliumNetworkPolicy.
    Cilium,
    /// CiliumClusterwideNetworkPolicy.
    CiliumClusterwide,
    /// ClusterNetworkPolicy of Kubernetes' network policy API.
    Cluster,
    /// ClusterNetworkPolicy of EKS.
    EksCluster,
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignPolicy {
    /// Its kind.
    pub kind: ForeignKind,
    /// Its namespace, if it has one: it then selects pods of that alone.
    pub namespace: Option<Namespace>,
    /// Its name.
    pub name: Arc<str>,
    /// What it says about egress.
    pub rules: Rules,
}

/// What a policy says about egress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Of Cilium: `spec`, or each of `specs`.
    Cilium(Vec<CiliumRule>),
    /// Of a ClusterNetworkPolicy.
    Cluster(ClusterRules),
}

/// A rule of Cilium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiliumRule {
    /// `endpointSelector`, its keys without their source (`k8s:`).
    pub pods: Selector,
    /// What no policy allows is denied: `enableDefaultDeny.egress`, by default whether there are rules for egress.
    pub isolates: bool,
    /// `egress`.
    pub allowed: Vec<Destination>,
    /// `egressDeny`, which goes before what is allowed.
    pub denied: Vec<Destination>,
}

/// Where a rule of Cilium applies: a peer and a port that both fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Peers; those that are pods, services or names never have a link-local address and are left out.
    pub peers: Vec<Peer>,
    /// TCP ports; `None` where the rule has no `toPorts` and so means all.
    pub ports: Option<Vec<Ports>>,
}

/// A peer of a rule of Cilium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The entity `all`, or a rule with ports alone.
    Everything,
    /// The entities `host` and `cluster`.
    Host,
    /// The entity `world`: what is neither pod nor node.
    World,
    /// `toCIDR` or `toCIDRSet`; never matches the host.
    Block(Block),
}

/// The rules of a ClusterNetworkPolicy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRules {
    /// `tier` is Baseline: it speaks only where no NetworkPolicy selects the pod. Admin goes before them.
    pub baseline: bool,
    /// `priority`: the lowest decides.
    pub priority: i64,
    /// Which namespaces.
    pub namespaces: Selector,
    /// Which pods of them.
    pub pods: Selector,
    /// `egress`, in its order: the first that fits decides.
    pub egress: Vec<ClusterRule>,
}

/// One rule of `egress`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRule {
    /// What it does.
    pub action: Action,
    /// `networks` of its peers; others never have a link-local address.
    pub networks: Vec<Block>,
    /// TCP ports; `None` for all.
    pub ports: Option<Vec<Ports>>,
}

/// What a rule of a ClusterNetworkPolicy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing else is asked.
    Accept,
    /// It is dropped.
    Deny,
    /// The next tier decides.
    Pass,
}

/// An address that pods call on TCP port 80.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// It is one of the node itself, as the agent's is: for Cilium the entity `host`.
    pub of_host: bool,
}

/// The pod that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Its namespace.
    pub namespace: &'a Namespace,
    /// The name of its service account.
    pub account: &'a str,
    /// Its labels.
    pub labels: &'a BTreeMap<Arc<str>, Arc<str>>,
}

/// What policies of Cilium say about a pod and an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// No policy selects the pod for egress.
    Nothing,
    /// One allows it.
    Allowed,
    /// One denies it.
    Denied(&'a ForeignPolicy),
    /// One isolates the pod, and none allows it.
    Isolated(&'a ForeignPolicy),
}

impl ForeignKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cilium, Self::CiliumClusterwide, Self::Cluster, Self::EksCluster];

    /// Its `kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cilium => "CiliumNetworkPolicy",
            Self::CiliumClusterwide => "CiliumClusterwideNetworkPolicy",
            Self::Cluster | Self::EksCluster => "ClusterNetworkPolicy",
        }
    }

    /// What is told of it where it cannot be read.
    pub fn list(self) -> &'static str {
        match self {
            Self::Cilium => "Cilium network policies",
            Self::CiliumClusterwide => "Cilium clusterwide network policies",
            Self::Cluster => "cluster network policies",
            Self::EksCluster => "cluster network policies of EKS",
        }
    }
}

/// All such policies; a kind that the server does not have is `Absent`.
#[derive(Clone, Debug, Default)]
pub struct ForeignPolicies([Fact<Vec<ForeignPolicy>>; 4]);

impl ForeignPolicies {
    /// Those of a kind.
    pub fn of(&self, kind: ForeignKind) -> &Fact<Vec<ForeignPolicy>> {
        &self.0[kind as usize]
    }

    /// The same, to change it.
    pub fn of_mut(&mut self, kind: ForeignKind) -> &mut Fact<Vec<ForeignPolicy>> {
        &mut self.0[kind as usize]
    }

    /// Whether every kind was answered.
    pub fn is_answered(&self) -> bool {
        self.0.iter().all(Fact::is_answered)
    }

    fn all(&self) -> impl Iterator<Item = &ForeignPolicy> {
        self.0.iter().filter_map(Fact::known).flatten()
    }

    /// Whether Cilium decides here, as far as can be told: somebody wrote a policy for it.
    pub fn has_cilium(&self) -> bool {
        self.all().any(|policy| matches!(policy.rules, Rules::Cilium(_)))
    }

    /// What Cilium's policies say: a denial goes before everything, then what any of them allows.
    pub fn of_cilium(&self, caller: Caller<'_>, address: Address) -> Word<'_> {
        if !self.has_cilium() {
            return Word::Nothing;
        }
        let known = caller.as_cilium_knows_it();
        let selecting =
            || self.all().flat_map(|policy| policy.cilium_rules(caller, &known).map(move |rule| (policy, rule)));
        let reaches = |all: &[Destination]| all.iter().any(|one| one.includes(address));
        if let Some((policy, _)) = selecting().find(|(_, rule)| reaches(&rule.denied)) {
            return Word::Denied(policy);
        }
        if selecting().any(|(_, rule)| reaches(&rule.allowed)) {
            return Word::Allowed;
        }
        selecting().find(|(_, rule)| rule.isolates).map_or(Word::Nothing, |(policy, _)| Word::Isolated(policy))
    }

    /// What the ClusterNetworkPolicies of a tier do, if a rule of one fits; that of the lowest priority decides.
    pub fn of_tier(&self, baseline: bool, caller: Caller<'_>, address: Address) -> Option<(Action, &ForeignPolicy)> {
        let ruled = self.all().filter_map(|policy| {
            let Rules::Cluster(rules) = &policy.rules else { return None };
            let fits = rules.baseline == baseline && rules.selects(caller);
            let rule = fits.then(|| rules.egress.iter().find(|rule| rule.fits(address)))??;
            Some((rules.priority, rule.action, policy))
        });
        ruled.min_by_key(|(priority, ..)| *priority).map(|(_, action, policy)| (action, policy))
    }
}

impl ForeignPolicy {
    /// Kind and name, as in `CiliumNetworkPolicy payments/only-dns`.
    pub fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind.word(), self.name),
            None => format!("{} {}", self.kind.word(), self.name),
        }
    }

    /// The rules of Cilium that select a pod.
    fn cilium_rules<'a>(
        &'a self,
        caller: Caller<'_>,
        known: &BTreeMap<Arc<str>, Arc<str>>,
    ) -> impl Iterator<Item = &'a CiliumRule> + use<'a> {
        let rules: &[CiliumRule] = match &self.rules {
            Rules::Cilium(rules) if self.namespace.as_ref().is_none_or(|own| own == caller.namespace) => rules,
            _ => &[],
        };
        let selecting: Vec<&CiliumRule> =
            rules.iter().filter(|rule| is_readable(&rule.pods) && rule.pods.matches(known)).collect();
        selecting.into_iter()
    }
}

impl Caller<'_> {
    /// Its labels and those that Cilium adds.
    fn as_cilium_knows_it(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut labels = self.labels.clone();
        labels.insert(NAMESPACE.into(), self.namespace.shared());
        labels.insert(ACCOUNT.into(), self.account.into());
        labels.insert(format!("{OF_NAMESPACE}{NAME}").into(), self.namespace.shared());
        labels
    }
}

/// Of a namespace only its name is read: a selector that asks for its other labels is taken to select nothing.
fn is_readable(selector: &Selector) -> bool {
    keys(selector).all(|key| key.strip_prefix(OF_NAMESPACE).is_none_or(|label| label == NAME))
}

fn keys(selector: &Selector) -> impl Iterator<Item = &str> {
    selector.labels.keys().map(|key| &**key).chain(selector.expressions.iter().map(|one| &*one.key))
}

fn has_port(ports: Option<&Vec<Ports>>) -> bool {
    ports.is_none_or(|ports| ports.iter().any(|ports| (ports.first..=ports.last).contains(&HTTP)))
}

impl Destination {
    fn includes(&self, address: Address) -> bool {
        self.peers.iter().any(|peer| peer.is(address)) && has_port(self.ports.as_ref())
    }
}

impl Peer {
    fn is(&self, address: Address) -> bool {
        match self {
            Self::Everything => true,
            Self::Host => address.of_host,
            Self::World => !address.of_host,
            Self::Block(block) => !address.of_host && block.contains(address.ip),
        }
    }
}

impl ClusterRules {
    fn selects(&self, caller: Caller<'_>) -> bool {
        let named = BTreeMap::from([(Arc::from(NAME), caller.namespace.shared())]);
        keys(&self.namespaces).all(|key| key == NAME)
            && self.namespaces.matches(&named)
            && self.pods.matches(caller.labels)
    }
}

impl ClusterRule {
    fn fits(&self, address: Address) -> bool {
        self.networks.iter().any(|block| block.contains(address.ip)) && has_port(self.ports.as_ref())
    }
}

#[cfg(test)]
mod tests;
