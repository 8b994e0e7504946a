//! Planning a rollout restart: what the new pods will be, and whether that is better.

use std::collections::BTreeSet;

use super::{
    Affected, Call, Confirmation, Plan, PlanKind, Precondition, Step, affected::words, command::command,
    precondition as check,
};
use crate::domain::{
    failure::{Failure, FailureKind},
    identity::{Identity, Mechanism, Verdict},
    inventory::Inventory,
    row::PodRow,
    workload::WorkloadId,
};

/// Plans to restart a workload.
///
/// # Errors
/// Bare pods, Jobs and other owners have no rollout restart; a workload without pods is not known here.
pub fn plan(inventory: &Inventory, workload: &WorkloadId) -> Result<Plan, Failure> {
    if !workload.kind.can_restart() {
        return Err(check::usage(
            format!("{workload} in {} cannot be restarted", workload.namespace),
            "only deployments, stateful sets and daemon sets have a rollout restart",
            "Run or create it again by whatever made it",
        ));
    }
    let pods = inventory.pods_of_workload(workload);
    if pods.is_empty() {
        return Err(Failure::new(
            FailureKind::NotFound,
            format!("{workload} in {} cannot be restarted", workload.namespace),
            "it has no pods here",
            "`rolecall get pods` shows those that exist",
        ));
    }
    let call = Call::RestartWorkload { workload: workload.clone() };
    Ok(Plan {
        kind: PlanKind::Restart,
        subject: format!("{}/{workload}", workload.namespace),
        steps: vec![Step {
            command: command(inventory, &call),
            summary: format!("restart {workload} in {}: {} pods, by its own strategy", workload.namespace, pods.len()),
            call,
        }],
        preconditions: preconditions(workload, &pods),
        affects: vec![affected(workload, &pods)],
        inverse: "A restart cannot be undone; what the pods were is gone with them".to_owned(),
        confirmation: confirmation(workload, &pods),
        restarts: Vec::new(),
    })
}

fn affected(workload: &WorkloadId, pods: &[PodRow]) -> Affected {
    let next: BTreeSet<String> = pods.iter().map(|pod| words(&pod.resolution.next)).collect();
    let falls_to = next.into_iter().collect::<Vec<_>>().join(" or ");
    Affected { workload: workload.clone(), pods: u32::try_from(pods.len()).unwrap_or(u32::MAX), falls_to }
}

fn is_low(identity: &Identity) -> bool {
    matches!(identity.mechanism, Mechanism::NodeRole | Mechanism::None)
}

fn falls_low(pod: &PodRow) -> bool {
    let (now, next) = (&pod.resolution.now, &pod.resolution.next);
    is_low(next) && !is_low(now)
}

fn breaks(pod: &PodRow) -> bool {
    let broken = |identity: &Identity| identity.verdict == Verdict::Broken;
    broken(&pod.resolution.next) && !broken(&pod.resolution.now)
}

/// Single replicas, kube-system, and whatever loses its identity ask for the name.
fn confirmation(workload: &WorkloadId, pods: &[PodRow]) -> Confirmation {
    let careful = pods.len() == 1 || workload.namespace.as_str() == "kube-system" || pods.iter().any(falls_low);
    if careful { Confirmation::Type(workload.name.to_string()) } else { Confirmation::Enter }
}

fn preconditions(workload: &WorkloadId, pods: &[PodRow]) -> Vec<Precondition> {
    let replicas = match pods.len() {
        1 => Precondition::advisory("more than one replica", Some(false), "one: it is away while it restarts"),
        count => Precondition::advisory("more than one replica", Some(true), format!("{count}")),
    };
    vec![
        next_works(pods),
        keeps_identity(pods),
        helps(pods),
        replicas,
        Precondition::advisory(
            "its update strategy is not OnDelete and disruption budgets allow it",
            None,
            "not read here; with OnDelete nothing happens until its pods are deleted",
        ),
        check::permission("patch", &workload.to_string(), "Kubernetes refuses it otherwise"),
    ]
}

fn next_works(pods: &[PodRow]) -> Precondition {
    let what = "new pods will work";
    let unknown = |identity: &Identity| matches!(identity.verdict, Verdict::Unknown | Verdict::Depends);
    if let Some(pod) = pods.iter().find(|pod| breaks(pod)) {
        return Precondition::required(what, Some(false), words(&pod.resolution.next));
    }
    match pods.iter().map(|pod| &pod.resolution.next).find(|next| unknown(next)) {
        Some(next) => Precondition::required(what, None, words(next)),
        None => Precondition::required(what, Some(true), "nothing speaks against what they will be"),
    }
}

fn keeps_identity(pods: &[PodRow]) -> Precondition {
    let what = "no pod falls to the node role or to nothing";
    match pods.iter().find(|pod| falls_low(pod)) {
        Some(pod) => {
            let (now, next) = (words(&pod.resolution.now), words(&pod.resolution.next));
            Precondition::advisory(what, Some(false), format!("{} is {now}, its successor {next}", pod.id.name))
        }
        None => Precondition::advisory(what, Some(true), "each keeps or gains an identity of its own"),
    }
}

fn helps(pods: &[PodRow]) -> Precondition {
    let what = "a restart changes something";
    let drifting = pods.iter().filter(|pod| pod.resolution.drift).count();
    match drifting {
        0 => Precondition::advisory(what, Some(false), "new pods would be what the old ones are"),
        count => Precondition::advisory(what, Some(true), format!("{count} of {} pods", pods.len())),
    }
}
