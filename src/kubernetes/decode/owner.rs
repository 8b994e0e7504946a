//! The workload a pod belongs to, told from its controller reference alone: reading the owners
//! would cost a list of every ReplicaSet and Job.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::metadata::{Metadata, Owner};
use crate::{
    domain::{
        id::Namespace,
        workload::{WorkloadId, WorkloadKind},
    },
    kubernetes::intern::Strings,
};

/// The workload of a pod, or the pod itself.
pub(super) fn workload(
    metadata: &Metadata<'_>,
    namespace: Namespace,
    created_at: Timestamp,
    strings: &mut Strings,
) -> WorkloadId {
    let owner = metadata.owner_references.iter().find(|owner| owner.controller && !owner.name.is_empty());
    let (kind, name) = match owner {
        Some(owner) => owned(owner, metadata, created_at),
        None => (WorkloadKind::Pod, &*metadata.name),
    };
    WorkloadId { namespace, kind, name: strings.get(name).into() }
}

fn owned<'t>(owner: &'t Owner<'_>, metadata: &Metadata<'_>, created_at: Timestamp) -> (WorkloadKind, &'t str) {
    let name = &*owner.name;
    match &*owner.kind {
        "ReplicaSet" => replicated(name, metadata),
        "StatefulSet" => (WorkloadKind::StatefulSet, name),
        "DaemonSet" => (WorkloadKind::DaemonSet, name),
        "Job" => match scheduled(name, created_at) {
            Some(parent) => (WorkloadKind::CronJob, parent),
            None => (WorkloadKind::Job, name),
        },
        // Static pods are owned by their node: each is its own workload.
        other => (WorkloadKind::Other(Arc::from(other)), name),
    }
}

/// A ReplicaSet of a Deployment is named `<deployment>-<pod-template-hash>`, one of an Argo
/// Rollout `<rollout>-<rollouts-pod-template-hash>`.
fn replicated<'t>(name: &'t str, metadata: &Metadata<'_>) -> (WorkloadKind, &'t str) {
    let parent = |label: &str| {
        let hash = metadata.labels.get(label).filter(|hash| !hash.is_empty())?;
        name.strip_suffix(hash)?.strip_suffix('-').filter(|parent| !parent.is_empty())
    };
    if let Some(rollout) = parent("rollouts-pod-template-hash") {
        (WorkloadKind::Other("Rollout".into()), rollout)
    } else if let Some(deployment) = parent("pod-template-hash") {
        (WorkloadKind::Deployment, deployment)
    } else {
        (WorkloadKind::ReplicaSet, name)
    }
}

/// A CronJob names its Jobs `<cronjob>-<minutes since 1970>`. Any other number after the dash
/// is a coincidence, so it has to lie near the pod's own creation.
fn scheduled(name: &str, created_at: Timestamp) -> Option<&str> {
    let (parent, minutes) = name.rsplit_once('-')?;
    if parent.is_empty() || !minutes.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let at = Timestamp::from_second(minutes.parse::<i64>().ok()?.checked_mul(60)?).ok()?;
    (created_at.duration_since(at).abs() < SignedDuration::from_hours(7 * 24)).then_some(parent)
}
