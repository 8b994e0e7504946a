//! `rolecall restart` and `rolecall agent install`: the explorer's plans on the command line.

use clap::{Args, Subcommand};

use super::{
    Exit, Global,
    associate::{self, Change},
    usage,
};
use crate::domain::{
    failure::Failure,
    inventory::Inventory,
    plan::{
        agent,
        restart::{self, Canary},
    },
    workload::WorkloadId,
};

/// A workload to restart.
#[derive(Args, Debug)]
pub struct Restart {
    /// NAMESPACE/WORKLOAD or NAMESPACE/KIND/WORKLOAD, e.g. payments/deploy/api
    pub workload: String,
    /// How it begins.
    #[command(flatten)]
    pub pace: Pace,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

/// How restarts begin.
#[derive(Args, Clone, Copy, Debug)]
pub struct Pace {
    /// Do not evict one pod first to look at its successor
    #[arg(long)]
    pub no_canary: bool,
}

impl From<Pace> for Canary {
    fn from(pace: Pace) -> Self {
        if pace.no_canary { Self::None } else { Self::First }
    }
}

/// What to do with the Pod Identity agent.
#[derive(Args, Debug)]
pub struct Agent {
    /// Which.
    #[command(subcommand)]
    pub what: AgentDeed,
}

/// What can be done with it.
#[derive(Debug, Subcommand)]
pub enum AgentDeed {
    /// Install the EKS add-on eks-pod-identity-agent
    Install(Change),
}

/// Plans a restart and, if confirmed, starts it.
pub fn restart(global: &Global, arguments: &Restart) -> Result<Exit, Failure> {
    associate::run(global, &arguments.change, false, |inventory| {
        restart::plan(inventory, &named(inventory, &arguments.workload)?, arguments.pace.into())
    })
}

/// Plans the installation of the agent and, if confirmed, starts it.
pub fn agent(global: &Global, arguments: &Agent) -> Result<Exit, Failure> {
    let AgentDeed::Install(change) = &arguments.what;
    associate::run(global, change, false, agent::plan)
}

/// The one workload that a text names.
fn named(inventory: &Inventory, text: &str) -> Result<WorkloadId, Failure> {
    let refuse = |why: &str| usage(format!("`{text}` names no workload"), why, "Write NAMESPACE/KIND/WORKLOAD");
    let (namespace, rest) = text.split_once('/').ok_or_else(|| refuse("a namespace and a name are needed"))?;
    let fits =
        |id: &WorkloadId| id.namespace.as_str() == namespace && (id.to_string() == rest || id.name.to_string() == rest);
    let mut found = inventory.workloads().into_iter().map(|row| row.id).filter(fits);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(refuse("several kinds have this name")),
        (None, _) => Err(refuse("no pod here belongs to one of that name")),
    }
}
