//! How a workload replaces its pods, and how far it is with it; and what a pod carries.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    failure::Failure,
    id::RoleArn,
    identity::{Identity, Mechanism, injection},
    workload::{Container, ContainerKind, Pod},
};

/// How a workload replaces its pods, as its object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// `spec.replicas`; for a DaemonSet the nodes it wants to run on.
    pub replicas: u32,
    /// Its strategy.
    pub strategy: Strategy,
    /// A Deployment that is paused replaces nothing.
    pub paused: bool,
    /// The budgets that cover its pods, or why they cannot be read.
    pub budgets: Result<Vec<Budget>, Box<Failure>>,
}

/// `spec.strategy` or `spec.updateStrategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// A few at a time.
    Rolling {
        /// `maxUnavailable`, as it is written; Kubernetes' default where it is not.
        unavailable: String,
        /// `maxSurge`.
        surge: String,
        /// Ordinals below it keep their pods (StatefulSets).
        partition: u32,
    },
    /// All of them away, then all of them new.
    Recreate,
    /// Nothing happens until somebody deletes the pods.
    OnDelete,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// What it demands, in words.
    pub rule: String,
    /// How many pods may be evicted now, if its status says so.
    pub allowed: Option<u32>,
}

impl fmt::Display for Strategy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling { unavailable, surge, partition } => {
                write!(out, "RollingUpdate, at most {unavailable} away, {surge} more")?;
                if *partition > 0 { write!(out, "; ordinals below {partition} keep their pods") } else { Ok(()) }
            }
            Self::Recreate => write!(out, "Recreate: all pods are away at once"),
            Self::OnDelete => write!(out, "OnDelete: nothing happens until its pods are deleted"),
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.rule)?;
        self.allowed.map_or(Ok(()), |allowed| write!(out, ", {allowed} may go now"))
    }
}

/// How far a rollout is, as the status of the workload says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The controller has seen the newest template.
    pub observed: bool,
    /// Pods that are wanted of the newest template.
    pub wanted: u32,
    /// Pods of the newest template.
    pub updated: u32,
    /// Pods of any template.
    pub total: u32,
    /// Pods that are available.
    pub available: u32,
    /// Why the controller has given up.
    pub stuck: Option<String>,
}

impl Progress {
    /// Every pod that was to be replaced is, and is available.
    pub fn is_complete(&self) -> bool {
        self.observed && self.updated >= self.wanted && self.available >= self.total
    }
}

/// What the webhook put into a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "carries", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Carried {
    /// The variables and the token of an association.
    PodIdentity,
    /// Those of the annotation.
    Irsa {
        /// The role that they name.
        role_arn: RoleArn,
    },
    /// Nothing.
    Nothing,
}

impl fmt::Display for Carried {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PodIdentity => write!(out, "pod-identity"),
            Self::Irsa { role_arn } => write!(out, "irsa {role_arn}"),
            Self::Nothing => write!(out, "no injected identity"),
        }
    }
}

impl Carried {
    /// What pods of this next identity will carry; `None` where that does not come from the webhook.
    pub fn expected(next: &Identity) -> Option<Self> {
        match next.mechanism {
            Mechanism::PodIdentity => Some(Self::PodIdentity),
            Mechanism::Irsa => next.role_arn.clone().map(|role_arn| Self::Irsa { role_arn }),
            Mechanism::NodeRole | Mechanism::None => Some(Self::Nothing),
            _ => None,
        }
    }

    /// What a pod carries, read from the variables of its containers: never from the label that the webhook sets
    /// even where it skipped every container (identity-resolution 4.4).
    pub fn of(pod: &Pod) -> Self {
        let lasting =
            |container: &&Container| matches!(container.kind, ContainerKind::Container | ContainerKind::Sidecar);
        let found = pod.spec.containers.iter().filter(lasting).map(of_container);
        found.max_by_key(Self::rank).unwrap_or(Self::Nothing)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Irsa { .. } => 1,
            Self::PodIdentity => 2,
        }
    }
}

fn of_container(container: &Container) -> Carried {
    let variables = &container.environment;
    let uri = variables.text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if uri.is_some_and(|uri| injection::AGENT_URIS.contains(&&**uri)) {
        return Carried::PodIdentity;
    }
    match (variables.text("AWS_ROLE_ARN"), variables.has("AWS_WEB_IDENTITY_TOKEN_FILE")) {
        (Some(role), true) => Carried::Irsa { role_arn: RoleArn::from(&**role) },
        _ => Carried::Nothing,
    }
}

/// The pod that took the place of one that was evicted: newer than every pod there was before.
pub fn successor(pods: &[Pod], newest: Timestamp) -> Option<&Pod> {
    pods.iter().filter(|pod| !pod.terminating && pod.created_at > newest).min_by_key(|pod| pod.created_at)
}

#[cfg(test)]
mod tests;
