//! `rolecall migrate`: from IRSA to EKS Pod Identity, and later the end of IRSA, by the explorer's plans.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{
    Exit, Global,
    associate::{self, Change},
    explain::service_account,
    restart::Pace,
    usage,
};
use crate::domain::{
    failure::Failure,
    plan::migrate::{self, MigrateRequest, Stage, Which},
};

/// What is migrated, and how far.
#[derive(Args, Debug)]
pub struct Arguments {
    /// NAMESPACE/NAME of service accounts; with -n all of a namespace
    #[arg(conflicts_with = "all")]
    pub service_accounts: Vec<String>,
    /// All that are annotated
    #[arg(long)]
    pub all: bool,
    /// Remove the annotations of those that have run on their associations for long enough
    #[arg(long, conflicts_with = "remove_statements")]
    pub remove_annotations: bool,
    /// Remove the statements that admitted their own tokens; the annotations go first
    #[arg(long)]
    pub remove_statements: bool,
    /// How long they have to run on their associations before the old way is removed
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = soak)]
    pub soak: SignedDuration,
    /// How restarts begin.
    #[command(flatten)]
    pub pace: Pace,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

fn soak(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is no duration: write 24h or 30m");
    let soak: SignedDuration = text.parse().map_err(|_| wrong())?;
    if soak.is_negative() { Err(wrong()) } else { Ok(soak) }
}

/// Plans one part of a migration and, if confirmed, performs it.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let request = MigrateRequest {
        which: which(global, arguments)?,
        stage: stage(arguments),
        soak: arguments.soak,
        canary: arguments.pace.into(),
    };
    associate::run(global, &arguments.change, false, |inventory| migrate::plan(inventory, &request, Timestamp::now()))
}

fn stage(arguments: &Arguments) -> Stage {
    match (arguments.remove_annotations, arguments.remove_statements) {
        (true, _) => Stage::RemoveAnnotations,
        (_, true) => Stage::RemoveStatements,
        _ => Stage::Move,
    }
}

fn which(global: &Global, arguments: &Arguments) -> Result<Which, Failure> {
    match (arguments.service_accounts.as_slice(), &global.namespace) {
        ([], _) if arguments.all => Ok(Which::All),
        ([], Some(namespace)) => Ok(Which::Namespace(namespace.as_str().into())),
        ([], None) => {
            let why = "neither service accounts nor a namespace are named";
            Err(usage("nothing was migrated", why, "Write NAMESPACE/NAME, or -n NAMESPACE, or --all"))
        }
        (names, _) => names.iter().map(|name| service_account(name)).collect::<Result<_, _>>().map(Which::Accounts),
    }
}
