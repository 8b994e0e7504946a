//! Planning the installation of the Pod Identity agent as an EKS add-on.

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step, affected::words, command::command,
    precondition as check,
};
use crate::domain::{
    failure::Failure,
    identity::{Mechanism, Verdict},
    inventory::{AgentState, Inventory},
    plan::Affected,
};

/// Name of the add-on and of its DaemonSet.
pub const ADDON: &str = "eks-pod-identity-agent";

/// Plans to install the add-on.
///
/// # Errors
/// It cannot be told which cluster this is.
pub fn plan(inventory: &Inventory) -> Result<Plan, Failure> {
    let call = Call::CreateAddon { cluster: check::cluster_name(inventory)?, addon: ADDON.to_owned() };
    Ok(Plan {
        kind: PlanKind::InstallAgent,
        subject: ADDON.to_owned(),
        steps: vec![Step {
            command: command(inventory, &call),
            summary: format!("install the add-on {ADDON}: one agent on every Linux node"),
            call,
        }],
        preconditions: preconditions(inventory),
        affects: affects(inventory),
        inverse: format!("Delete the add-on {ADDON}; every pod that uses Pod Identity then fails"),
        confirmation: Confirmation::Enter,
        restarts: Vec::new(),
        lost: Vec::new(),
        origin: Origin::New,
    })
}

fn preconditions(inventory: &Inventory) -> Vec<Precondition> {
    let mut checks = vec![check::account(inventory), not_there(inventory)];
    checks.extend(inventory.cluster().known().and_then(check::platform));
    checks.push(Precondition::advisory(
        "ports 80 and 2703 of the nodes are free",
        None,
        "cannot be known from here; the agent listens there on link-local addresses",
    ));
    checks.push(Precondition::advisory(
        "the node roles allow eks-auth:AssumeRoleForPodIdentity",
        None,
        "not read here; AmazonEKSWorkerNodePolicy contains it",
    ));
    checks.push(check::permission("eks:CreateAddon", "the cluster", "EKS refuses the call without it"));
    checks
}

fn not_there(inventory: &Inventory) -> Precondition {
    let what = "the agent is not installed yet";
    match inventory.agent() {
        AgentState::Missing => Precondition::required(what, Some(true), "it runs on no node"),
        AgentState::Unknown => Precondition::required(what, None, "its pods cannot be seen"),
        AgentState::BuiltIn => Precondition::required(what, Some(false), "EKS Auto Mode has it built into every node"),
        AgentState::Ready { nodes, of } => {
            Precondition::required(what, Some(false), format!("it is ready on {nodes} of {of} nodes"))
        }
    }
}

/// Workloads whose pods use Pod Identity and cannot, for want of an agent.
fn affects(inventory: &Inventory) -> Vec<Affected> {
    let waiting = inventory.workloads().into_iter().filter(|row| row.now == Mechanism::PodIdentity);
    waiting
        .filter_map(|row| {
            let now = &inventory.resolution(&row.worst)?.now;
            let mut works = (**now).clone();
            works.verdict = Verdict::Ok;
            let falls_to = format!("{} once the agent answers on its node", words(&works));
            (now.verdict == Verdict::Broken).then_some(Affected { workload: row.id, pods: row.pods, falls_to })
        })
        .collect()
}
