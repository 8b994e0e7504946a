//! Planning a restart: a canary first, then the rollout by the workload's own strategy; what the new pods
//! will be, and whether that is better (experience part 5).

use std::collections::BTreeSet;

use super::{
    Affected, Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step, affected::words, command::command,
    precondition as check,
};
use crate::domain::{
    fact::Fact,
    failure::{Failure, FailureKind},
    identity::{Identity, Mechanism, Verdict},
    inventory::Inventory,
    rollout::{Carried, Rollout, Strategy},
    row::PodRow,
    workload::{Pod, WorkloadId},
};

/// How a restart begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Canary {
    /// One pod is evicted first, where another replica stays, and its successor looked at.
    #[default]
    First,
    /// With all pods, by the workload's own strategy.
    None,
}

/// Plans to restart a workload.
///
/// # Errors
/// Bare pods, Jobs and other owners have no rollout restart; a workload without pods is not known here.
pub fn plan(inventory: &Inventory, workload: &WorkloadId, canary: Canary) -> Result<Plan, Failure> {
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
    Ok(Plan {
        kind: PlanKind::Restart,
        subject: format!("{}/{workload}", workload.namespace),
        steps: steps(inventory, workload, &pods, expected(&pods), canary),
        preconditions: preconditions(inventory, workload, &pods),
        affects: vec![affected(workload, &pods)],
        inverse: "A restart cannot be undone; what the pods were is gone with them".to_owned(),
        confirmation: confirmation(workload, &pods),
        restarts: Vec::new(),
        lost: Vec::new(),
        origin: Origin::New,
    })
}

/// The canary, where one is wanted and another replica stays meanwhile, then all of them.
pub(super) fn steps(
    inventory: &Inventory,
    workload: &WorkloadId,
    pods: &[PodRow],
    expects: Option<Carried>,
    canary: Canary,
) -> Vec<Step> {
    let as_what = expects.as_ref().map(|expects| format!(" with {expects}")).unwrap_or_default();
    let mut steps = Vec::new();
    if let Some(pod) = first(inventory, pods).filter(|_| canary == Canary::First) {
        let call = Call::EvictPod {
            workload: workload.clone(),
            pod: pod.id.clone(),
            uid: pod.uid.clone(),
            expects: expects.clone(),
        };
        let summary = format!("evict {} first, and wait until its successor is ready{as_what}", pod.id.name);
        steps.push(Step { command: command(inventory, &call), summary, call });
    }
    let call = Call::RestartWorkload { workload: workload.clone(), expects };
    let (namespace, count) = (&workload.namespace, pods.len());
    let summary = format!(
        "restart {workload} in {namespace}: {count} pods, by its own strategy; wait until all are ready{as_what}"
    );
    steps.push(Step { command: command(inventory, &call), summary, call });
    steps
}

/// What the webhook will put into every new pod, if it is the same for all.
fn expected(pods: &[PodRow]) -> Option<Carried> {
    let mut all = pods.iter().map(|pod| Carried::expected(&pod.resolution.next));
    let first = all.next().flatten()?;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The first ready pod, one that a restart changes if there is one. A single replica is never evicted: its
/// rollout brings the new pod before the old one goes.
fn first<'i>(inventory: &'i Inventory, pods: &[PodRow]) -> Option<&'i Pod> {
    let ready = |row: &&PodRow| inventory.pod(&row.id).is_some_and(|pod| pod.ready && !pod.terminating);
    let mut candidates: Vec<&PodRow> = pods.iter().filter(ready).collect();
    if candidates.len() < 2 {
        return None;
    }
    candidates.sort_by(|a, b| (!a.resolution.drift, &a.id).cmp(&(!b.resolution.drift, &b.id)));
    candidates.first().and_then(|row| inventory.pod(&row.id))
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
pub(super) fn confirmation(workload: &WorkloadId, pods: &[PodRow]) -> Confirmation {
    let careful = pods.len() == 1 || workload.namespace.as_str() == "kube-system" || pods.iter().any(falls_low);
    if careful { Confirmation::Type(workload.name.to_string()) } else { Confirmation::Enter }
}

fn preconditions(inventory: &Inventory, workload: &WorkloadId, pods: &[PodRow]) -> Vec<Precondition> {
    let replicas = match pods.len() {
        1 => Precondition::advisory("more than one replica", Some(false), "one: it is away while it restarts"),
        count => Precondition::advisory("more than one replica", Some(true), format!("{count}")),
    };
    let rollout = inventory.rollout(workload);
    vec![
        next_works(pods),
        keeps_identity(pods),
        helps(pods),
        replicas,
        strategy(&rollout),
        budgets(&rollout),
        check::permission("patch", &workload.to_string(), "Kubernetes refuses it otherwise"),
    ]
}

/// Whether its strategy replaces its pods.
pub(super) fn strategy(rollout: &Fact<&Rollout>) -> Precondition {
    let what = "its strategy replaces its pods";
    match rollout {
        Fact::Known(rollout) if rollout.paused => {
            Precondition::required(what, Some(false), "it is paused: nothing happens until it is resumed")
        }
        Fact::Known(rollout) => {
            let replaces = rollout.strategy != Strategy::OnDelete;
            Precondition::required(what, Some(replaces), rollout.strategy.to_string())
        }
        other => Precondition::required(what, None, unread(other)),
    }
}

/// What disruption budgets say.
pub(super) fn budgets(rollout: &Fact<&Rollout>) -> Precondition {
    let what = "disruption budgets let its pods go";
    let budgets = match rollout {
        Fact::Known(Rollout { budgets: Ok(budgets), .. }) => budgets,
        Fact::Known(Rollout { budgets: Err(failure), .. }) => {
            return Precondition::advisory(what, None, format!("{}: {}", failure.what, failure.why));
        }
        other => return Precondition::advisory(what, None, unread(other)),
    };
    match budgets.as_slice() {
        [] => Precondition::advisory(what, Some(true), "none covers them"),
        budgets => {
            let words: Vec<String> = budgets.iter().map(ToString::to_string).collect();
            // A budget that lets nothing go now may do so in a minute: the canary waits for it.
            let ok = if budgets.iter().any(|budget| budget.allowed == Some(0)) { Some(false) } else { Some(true) };
            Precondition::advisory(what, ok, words.join("; "))
        }
    }
}

fn unread<T>(fact: &Fact<T>) -> String {
    match fact {
        Fact::Unknown(failure) => format!("{}: {}", failure.what, failure.why),
        Fact::Absent => "the workload is gone".to_owned(),
        _ => "not read yet".to_owned(),
    }
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
