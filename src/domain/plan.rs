//! A plan: everything that would change, before anything does. Pure data; the runtime performs it
//! step by step, journalled (experience part 5).

use serde::{Deserialize, Serialize};

use super::{
    association::{AssociationSettings, Settings},
    id::{AssociationId, ClusterName, PodId, PodUid, RoleArn, ServiceAccountId},
    journal::StepState,
    rollout::Carried,
    workload::WorkloadId,
};

mod affected;
pub mod agent;
pub mod annotate;
pub mod associate;
mod command;
pub mod declared;
pub mod dissociate;
mod hops;
pub mod migrate;
pub mod owner;
pub mod pick;
mod policy;
mod precondition;
pub mod restart;
pub mod resume;
pub mod retarget;
mod rules;
pub mod statement;
#[cfg(test)]
pub(crate) mod tests;
pub mod trust;
pub mod undo;

use retarget::Tag;

pub use affected::role_name;
pub use command::shell_quoted;
pub use pick::{Judgement, RoleCandidate, name_role, role_candidates};

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// Create an association.
    Associate,
    /// Delete an association.
    Dissociate,
    /// Set or remove the IRSA annotation of a service account.
    Annotate,
    /// Install the agent add-on.
    InstallAgent,
    /// Restart a workload.
    Restart,
    /// Admit service accounts in a role's trust policy.
    TrustAllow,
    /// Take service accounts out of a role's trust policy.
    TrustRemove,
    /// Change role, target role, session policy or tags of an association.
    Retarget,
    /// Take back an operation of the journal.
    Undo,
    /// One part of the way from IRSA to Pod Identity.
    Migrate,
}

/// Where a plan comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Somebody asked for it.
    #[default]
    New,
    /// It takes back an operation of the journal.
    Undo {
        /// Id of that operation.
        of: String,
    },
    /// It is the rest of an operation of the journal.
    Resume {
        /// Id of that operation.
        of: String,
        /// Where its steps stood when this was planned.
        states: Vec<StepState>,
    },
}

/// One change of the world: exactly one API call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "call")]
pub enum Call {
    /// `eks:CreatePodIdentityAssociation`.
    CreatePodIdentityAssociation {
        /// The cluster.
        cluster: ClusterName,
        /// Namespace and name.
        service_account: ServiceAccountId,
        /// The role, in the cluster's account.
        role_arn: RoleArn,
        /// A second hop.
        target_role_arn: Option<RoleArn>,
        /// Send no session tags.
        disable_session_tags: bool,
        /// Session policy, JSON text.
        policy: Option<String>,
        /// Tags of the association.
        tags: Vec<(String, String)>,
    },
    /// `eks:DeletePodIdentityAssociation`.
    DeletePodIdentityAssociation {
        /// The cluster.
        cluster: ClusterName,
        /// Which one.
        association: AssociationId,
        /// Whom it must still be for.
        service_account: ServiceAccountId,
        /// What it must still be, if that was known: the step stops if it differs.
        settings: Option<AssociationSettings>,
    },
    /// `patch serviceaccounts`: sets or removes `eks.amazonaws.com/role-arn`, nothing else.
    AnnotateServiceAccount {
        /// Namespace and name.
        service_account: ServiceAccountId,
        /// The annotation as the plan saw it: the step stops if it differs.
        before: Option<RoleArn>,
        /// What to set; `None` removes it.
        after: Option<RoleArn>,
    },
    /// `eks:CreateAddon` for `eks-pod-identity-agent`.
    CreateAddon {
        /// The cluster.
        cluster: ClusterName,
        /// Name of the add-on.
        addon: String,
    },
    /// `eks:DeleteAddon`: takes back an installation.
    DeleteAddon {
        /// The cluster.
        cluster: ClusterName,
        /// Name of the add-on.
        addon: String,
    },
    /// `create pods/eviction`: one pod of a workload goes first, and its successor is looked at.
    EvictPod {
        /// The workload.
        workload: WorkloadId,
        /// Its pod.
        pod: PodId,
        /// The very pod: another one of this name is left alone.
        uid: PodUid,
        /// What its successor has to carry; `None`: that does not come from the webhook.
        expects: Option<Carried>,
    },
    /// `patch deployments|statefulsets|daemonsets`: the restart annotation of the pod template; then the rollout
    /// is waited for.
    RestartWorkload {
        /// The workload.
        workload: WorkloadId,
        /// What the new pods have to carry.
        expects: Option<Carried>,
    },
    /// `eks:UpdatePodIdentityAssociation`: sends what differs.
    UpdatePodIdentityAssociation {
        /// The cluster.
        cluster: ClusterName,
        /// Which one.
        association: AssociationId,
        /// Whom it must still be for.
        service_account: ServiceAccountId,
        /// What it is as the plan saw it: the step stops if it is not.
        before: Settings,
        /// What it will be.
        after: Settings,
    },
    /// `eks:TagResource` or `eks:UntagResource` of an association, for the keys that change.
    TagAssociation {
        /// The cluster.
        cluster: ClusterName,
        /// Which one.
        association: AssociationId,
        /// Whom it is for.
        service_account: ServiceAccountId,
        /// Its ARN.
        resource_arn: String,
        /// The values of these keys as the plan saw them: the step stops if one differs.
        before: Vec<Tag>,
        /// The values that they will have; `None` takes the tag away.
        after: Vec<Tag>,
    },
    /// `iam:UpdateAssumeRolePolicy`: the whole trust policy in one write, whatever the number of edits.
    UpdateAssumeRolePolicy {
        /// The role.
        role_arn: RoleArn,
        /// The text as the plan saw it, byte for byte: the step stops if IAM has another one.
        before: String,
        /// The text that is written.
        after: String,
    },
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What is called.
    #[serde(flatten)]
    pub call: Call,
    /// In one line, as a person would say it.
    pub summary: String,
    /// The same as a command of the AWS CLI or kubectl, ready to be copied.
    pub command: String,
}

/// Something that must hold before the first step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Precondition {
    /// What was checked.
    pub what: String,
    /// Whether it holds; `None`: cannot be known from here.
    pub ok: Option<bool>,
    /// What was found.
    pub detail: String,
    /// A plan with this one failed is refused.
    pub required: bool,
}

/// A workload whose identity the plan changes, and what it falls to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Affected {
    /// The workload.
    pub workload: WorkloadId,
    /// Number of its pods.
    pub pods: u32,
    /// What new pods will be: `pod-identity api-service-role`, `node-role ng-role`, `none: will fail`.
    pub falls_to: String,
}

/// How the person confirms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmation {
    /// Enter.
    Enter,
    /// Typing this text.
    Type(String),
}

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What it is for.
    pub kind: PlanKind,
    /// `payments/api`, `deploy/api`, …
    pub subject: String,
    /// In order.
    pub steps: Vec<Step>,
    /// Checked, with their results.
    pub preconditions: Vec<Precondition>,
    /// Who notices.
    pub affects: Vec<Affected>,
    /// How it is undone, in one sentence.
    pub inverse: String,
    /// How it is confirmed.
    pub confirmation: Confirmation,
    /// Workloads whose restart brings the change into effect; offered afterwards.
    pub restarts: Vec<WorkloadId>,
    /// What it cannot bring back, one sentence each; only an undo has any.
    pub lost: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
}

impl PlanKind {
    /// The word in data: `associate`, `install-agent`, …
    pub fn word(self) -> &'static str {
        match self {
            Self::Associate => "associate",
            Self::Dissociate => "dissociate",
            Self::Annotate => "annotate",
            Self::InstallAgent => "install-agent",
            Self::Restart => "restart",
            Self::TrustAllow => "trust-allow",
            Self::TrustRemove => "trust-remove",
            Self::Retarget => "retarget",
            Self::Undo => "undo",
            Self::Migrate => "migrate",
        }
    }
}

impl Precondition {
    /// One that must hold, or the plan is refused.
    pub(crate) fn required(what: impl Into<String>, ok: Option<bool>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), ok, detail: detail.into(), required: true }
    }

    /// One that is said, but does not refuse the plan.
    pub(crate) fn advisory(what: impl Into<String>, ok: Option<bool>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), ok, detail: detail.into(), required: false }
    }
}

impl Plan {
    /// Whether nothing is left to be done, and nothing speaks against it either.
    pub fn is_done_already(&self) -> bool {
        self.steps.is_empty() && self.refusal().is_none()
    }

    /// The workloads that it restarts, each once.
    pub fn restarted(&self) -> Vec<WorkloadId> {
        let mut workloads: Vec<WorkloadId> = Vec::new();
        for step in &self.steps {
            if let Call::RestartWorkload { workload, .. } = &step.call
                && !workloads.contains(workload)
            {
                workloads.push(workload.clone());
            }
        }
        workloads
    }

    /// Whether another plan differs from this one only in answers that this one was still waiting for.
    pub fn is_answered_by(&self, other: &Self) -> bool {
        let pairs = self.preconditions.iter().zip(&other.preconditions);
        let fits = |(a, b): (&Precondition, &Precondition)| a == b || (a.ok.is_none() && a.what == b.what);
        self.preconditions.len() == other.preconditions.len()
            && pairs.clone().all(fits)
            && *self == Self { preconditions: self.preconditions.clone(), ..other.clone() }
    }

    /// The first required precondition that does not hold.
    pub fn refusal(&self) -> Option<&Precondition> {
        self.preconditions.iter().find(|precondition| precondition.required && precondition.ok == Some(false))
    }
}
