//! Live proof of an identity: AWS is asked exactly as the pod would ask it, without going into the pod
//! (identity-resolution part 6). What a proof would do, what its answer means, and whether that is what
//! the facts say. Nothing is asked here.

mod intent;
mod refusal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

pub use intent::{Intent, Whom, intend, namespace, place, says_of_many, session_name};
pub use refusal::refused;

use super::{
    arn::Arn,
    finding::{Finding, Subject},
    id::{AssociationId, PodId, PodUid, RoleArn, ServiceAccountId},
    identity::{Hop, HopKind, Identity, Mechanism, Verdict, admission::short},
};

/// The code of a finding whose two sides are what the facts say and what a proof said.
pub const DIFFERS: &str = "PROOF-DIFFERS";

/// Calls of one proof: a token, and what it is exchanged for.
pub const CALLS: usize = 2;

/// How a token becomes a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// STS, with a token of this audience.
    WebIdentity {
        /// The role that is asked for.
        role: RoleArn,
        /// The audience of the pods' tokens.
        audience: Arc<str>,
    },
    /// EKS Auth, with a token that is bound to a pod.
    PodIdentity {
        /// A running pod of the service account.
        pod: PodId,
        /// Its uid: a pod of the same name that came later is another one.
        uid: PodUid,
    },
}

/// The call of a proof that an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// TokenRequest.
    Token,
    /// AssumeRoleWithWebIdentity or AssumeRoleForPodIdentity.
    Exchange,
}

/// Whom AWS makes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`
    pub arn: Arc<str>,
    /// The association that EKS used.
    pub association: Option<AssociationId>,
}

/// The result of a proof, as in the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proven {
    /// When it was answered.
    pub at: Timestamp,
    /// Whether AWS gave credentials: `ok`, `broken`, or `unknown` where nothing about the pod was learnt.
    pub verdict: Verdict,
    /// The role of the session that AWS gave.
    pub role_arn: Option<RoleArn>,
    /// The code of the finding that it comes to.
    pub code: Option<&'static str>,
    /// What was answered, in a sentence or two.
    pub message: String,
    /// The link of the chain that it speaks of.
    #[serde(skip)]
    pub hop: Option<HopKind>,
    /// What to do.
    #[serde(skip)]
    pub fix: String,
}

/// A result with what it is a result for: it counts as long as the identity is the one that was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whose identity.
    pub account: ServiceAccountId,
    /// The identity as the facts had it.
    pub identity: Arc<Identity>,
    /// What the facts said of the links that a proof tries.
    pub expected: Verdict,
    /// What AWS said.
    pub proven: Proven,
}

impl Proof {
    /// Whether it speaks of this identity of this account.
    pub fn is_of(&self, account: &ServiceAccountId, identity: &Identity) -> bool {
        self.account == *account && self.identity.is_same(identity)
    }

    /// The finding where facts and proof disagree. What the facts leave open a proof decides: that is no
    /// disagreement.
    pub fn disagreement(&self, pods: u32) -> Option<Finding> {
        let (facts, answer) = (self.expected, self.proven.verdict);
        let role = self.other_role();
        let contradicts = matches!((facts, answer), (Verdict::Ok, Verdict::Broken) | (Verdict::Broken, Verdict::Ok));
        if !contradicts && role.is_none() {
            return None;
        }
        let (said, found) = (self.said(), self.found());
        let finding =
            Finding::new(DIFFERS, Subject::ServiceAccount(self.account.clone()), format!("{said}; {found}."))?;
        let finding = finding.of_pods(pods).because(format!("facts: {said}")).because(format!("proof: {found}"));
        Some(finding.because(format!("proven at {}", self.proven.at)))
    }

    /// The role of the answer, if it is another than the facts say.
    fn other_role(&self) -> Option<&RoleArn> {
        let wanted = wanted_role(&self.identity)?;
        self.proven.role_arn.as_ref().filter(|role| *role != wanted)
    }

    fn said(&self) -> String {
        let whom = self.identity.phrase();
        let reason = self.identity.why().map(|reason| reason.message.trim_end_matches('.'));
        match (self.expected, reason) {
            (Verdict::Broken, Some(reason)) => format!("by the facts {whom} cannot work ({reason})"),
            (Verdict::Broken, None) => format!("by the facts {whom} cannot work"),
            _ => format!("by the facts {whom} works"),
        }
    }

    fn found(&self) -> String {
        match (&self.proven.role_arn, self.proven.verdict) {
            (Some(role), Verdict::Ok) => format!("AWS gave a session of {}", short(role)),
            _ => format!("AWS refused: {}", self.proven.message.trim_end_matches('.')),
        }
    }
}

/// The role that the last hop of an identity ends at.
pub fn wanted_role(identity: &Identity) -> Option<&RoleArn> {
    identity.target_role_arn.as_ref().or(identity.role_arn.as_ref())
}

/// What the answer with credentials means.
pub fn succeeded(intent: &Intent, assumed: &Assumed, at: Timestamp) -> Proof {
    let role = role_of(assumed, wanted_role(&intent.identity));
    let name = role.as_ref().map_or_else(|| "a role".to_owned(), short);
    let message = match (&intent.way, &assumed.association) {
        (Way::PodIdentity { .. }, Some(id)) => format!("EKS gave a session of {name} for association {id}."),
        _ => format!("STS gave a session of {name}."),
    };
    intent.proof(Proven {
        at,
        verdict: Verdict::Ok,
        role_arn: role,
        code: None,
        message,
        hop: Some(HopKind::Role),
        fix: String::new(),
    })
}

/// The role of a session. Its path is not part of the session's ARN: that of the role that was expected is
/// taken where name and account are its.
fn role_of(assumed: &Assumed, expected: Option<&RoleArn>) -> Option<RoleArn> {
    let session: Arn = assumed.arn.parse().ok()?;
    let name = session.resource().strip_prefix("assumed-role/")?.split('/').next()?;
    let is_it = |role: &&RoleArn| {
        Arn::role(role.as_str()).is_ok_and(|arn| {
            arn.account() == session.account() && arn.role_name().is_some_and(|it| it.as_str() == name)
        })
    };
    let plain = || format!("arn:{}:iam::{}:role/{name}", session.partition(), session.account());
    Some(expected.filter(is_it).cloned().unwrap_or_else(|| plain().into()))
}

/// Links of a chain that a proof tries; what goes on in pod, node and agent it leaves alone (6.1, 6.2).
pub fn covers(mechanism: Mechanism, kind: HopKind) -> bool {
    match kind {
        HopKind::Provider | HopKind::TrustPolicy | HopKind::Role | HopKind::TargetRole => true,
        HopKind::Association => mechanism == Mechanism::PodIdentity,
        HopKind::ServiceAccount => mechanism == Mechanism::Irsa,
        _ => false,
    }
}

/// What the facts say of those links.
fn expected(mechanism: Mechanism, chain: &[Hop]) -> Verdict {
    let tried = chain.iter().filter(|hop| covers(mechanism, hop.kind));
    tried.flat_map(|hop| &hop.checks).filter_map(|check| check.verdict).max().unwrap_or(Verdict::Unknown)
}
