//! Who a container is: the words for it. `identity/*` resolves them (identity-resolution
//! part 0); this file holds only what the other layers see.

use std::sync::Arc;

use serde::Serialize;

use super::id::{AssociationId, RoleArn};

pub mod admission;
pub mod asked;
pub mod barrier;
pub mod by_namespace;
pub mod chain;
pub mod environment;
pub mod facts;
pub mod injection;
pub mod irsa;
pub mod join;
pub mod level;
pub mod listing;
pub mod node_role;
pub mod pod_identity;
pub mod resolve;
pub mod source;
mod template;
pub mod trail;

/// How a container gets credentials; always the same words (experience part 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// EKS Pod Identity: an association, an agent on the node.
    PodIdentity,
    /// IAM roles for service accounts: a web identity token.
    Irsa,
    /// The role of the node, through instance metadata.
    NodeRole,
    /// Access keys in the environment.
    StaticKeys,
    /// A shared configuration file or profile.
    Profile,
    /// Another container credentials endpoint.
    CustomEndpoint,
    /// No credentials at all.
    None,
    /// Containers or replicas differ.
    Mixed,
    /// A fact is missing.
    Unknown,
}

impl Mechanism {
    /// The word on screen and in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::PodIdentity => "pod-identity",
            Self::Irsa => "irsa",
            Self::NodeRole => "node-role",
            Self::StaticKeys => "static-keys",
            Self::Profile => "profile",
            Self::CustomEndpoint => "custom-endpoint",
            Self::None => "none",
            Self::Mixed => "mixed",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether an identity works, from its hops: broken > unknown > depends > ok.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing speaks against it.
    #[default]
    Ok,
    /// It rests on something that cannot be read from here.
    Depends,
    /// A fact is missing.
    Unknown,
    /// It cannot work.
    Broken,
}

impl Verdict {
    /// The word on screen and in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Depends => "depends",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// State of a pod, workload or service account, worst last (interface, "state").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Facts are still arriving.
    #[default]
    Loading,
    /// Nothing to say.
    Ok,
    /// Now differs from next, and next works: a restart brings it.
    Drift,
    /// Now rests on something that cannot be read from here.
    Depends,
    /// A fact is missing.
    Unknown,
    /// Works now; the next one cannot, or falls to the node role or to nothing.
    AtRisk,
    /// A container's winner cannot work.
    Broken,
}

impl State {
    /// The word on screen and in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ok => "ok",
            Self::Drift => "drift",
            Self::Depends => "depends",
            Self::Unknown => "unknown",
            Self::AtRisk => "at-risk",
            Self::Broken => "broken",
        }
    }

    /// The glyph before the word: one cell wide and in every font.
    pub fn glyph(self, ascii: bool) -> char {
        match self {
            Self::Loading => '.',
            Self::Ok => ' ',
            Self::Drift => '~',
            Self::Depends => '?',
            Self::Unknown => '-',
            Self::AtRisk => '!',
            Self::Broken if ascii => 'x',
            Self::Broken => '✗',
        }
    }
}

/// Why an identity is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// A code of the table in `domain/finding/code.rs`, where one fits.
    pub code: Option<&'static str>,
    /// One sentence.
    pub message: String,
    /// What a `depends` rests on, or the permission that an `unknown` lacks.
    pub depends_on: Vec<String>,
}

/// What a container uses, or would get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// How it gets credentials.
    pub mechanism: Mechanism,
    /// For `irsa` the ARN in the container's environment, for `pod-identity` what the association
    /// says now, for `node-role` the node's; `None` if unknown.
    pub role_arn: Option<RoleArn>,
    /// Role of the second hop of an association.
    pub target_role_arn: Option<RoleArn>,
    /// The association behind `pod-identity`.
    pub association_id: Option<AssociationId>,
    /// Levels that are configured but do not win.
    pub shadowed: Vec<Mechanism>,
    /// Whether it works.
    pub verdict: Verdict,
    /// Why; the first is the one to show.
    pub reasons: Vec<Reason>,
}

impl Identity {
    /// Two identities are the same if mechanism, role, target role and association are.
    pub fn is_same(&self, other: &Self) -> bool {
        self.mechanism == other.mechanism
            && self.role_arn == other.role_arn
            && self.target_role_arn == other.target_role_arn
            && self.association_id == other.association_id
    }

    /// `irsa payments-api`, `node-role`.
    pub fn phrase(&self) -> String {
        let word = self.mechanism.word();
        self.role_arn.as_ref().map_or_else(|| word.to_owned(), |role| format!("{word} {}", admission::short(role)))
    }

    /// The sentence to show first, if there is one.
    pub fn why(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}

/// Now and next of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerIdentity {
    /// What the running container uses.
    pub now: Arc<Identity>,
    /// What it would get if it were recreated now.
    pub next: Arc<Identity>,
}

/// Now and next of a pod: the common answer of its containers and sidecars, else `mixed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// One entry for each container of the pod's spec, in its order.
    pub containers: Vec<ContainerIdentity>,
    /// Common answer of containers and sidecars.
    pub now: Arc<Identity>,
    /// Common answer of containers and sidecars.
    pub next: Arc<Identity>,
    /// Any container or sidecar would get another identity.
    pub drift: bool,
    /// The state, with broken init containers counted.
    pub state: State,
}

/// One link of the identity chain: pod, service account, provider or association, trust policy, role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Which link.
    pub kind: HopKind,
    /// What stands there: `payments/api`, `..9F3C, this cluster's`.
    pub subject: String,
    /// The checks of this link, in order.
    pub checks: Vec<Check>,
}

/// Links of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopKind {
    /// The pod and what was injected into it.
    Pod,
    /// The service account and its annotation.
    ServiceAccount,
    /// The EKS Pod Identity association.
    Association,
    /// The agent on the pod's node.
    Agent,
    /// The IAM OIDC provider of the cluster's issuer.
    Provider,
    /// The node and its instance metadata.
    Node,
    /// The trust policy of the role.
    TrustPolicy,
    /// The role itself.
    Role,
    /// The target role of a second hop.
    TargetRole,
}

impl HopKind {
    /// The words on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::ServiceAccount => "service account",
            Self::Association => "association",
            Self::Agent => "agent",
            Self::Provider => "OIDC provider",
            Self::Node => "node",
            Self::TrustPolicy => "trust policy",
            Self::Role => "role",
            Self::TargetRole => "target role",
        }
    }
}

/// One check of a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it came out; `None`: not reached.
    pub verdict: Option<Verdict>,
    /// What was checked, in one or two words: `annotation`, `audience`, `sub`.
    pub name: String,
    /// What was found.
    pub detail: String,
    /// Further lines, label and value: `policy` `..:payments:api-v1`.
    pub evidence: Vec<(String, String)>,
}
