//! `rolecall prove`: AWS is asked as the pod would ask it. Says first what it will do, and asks.

use std::io::IsTerminal;

use clap::Args;
use futures::StreamExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Exit, Global, Output, complain, print, usage, whom::Kind};
use crate::{
    domain::{
        change::Change,
        failure::{Failure, FailureKind},
        identity::Verdict,
        inventory::Inventory,
        proof::{self, Intent, Proof, Whom},
    },
    report::{self, Kind as Listed, Request, prove as words},
    runtime::{clock::Clock, outside::Outside, prove::Prover, start, survey},
};

/// Whose identity is proven.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What kind of thing
    pub kind: Kind,
    /// NAMESPACE/NAME of a pod or service account, or a namespace: each of its service accounts
    pub name: String,
    /// Do not ask; needed when stdin is no terminal
    #[arg(long)]
    pub yes: bool,
    /// How many service accounts the namespace is known to have: without a terminal it stands for typing the count
    #[arg(long, value_name = "N")]
    pub count: Option<usize>,
    /// Calls a second, in all (default: the setting live-proof-calls-per-second)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pace: Option<u32>,
}

/// What is to be done.
struct Task {
    intents: Vec<Intent>,
    says: Vec<String>,
    /// What has to be typed.
    wanted: String,
}

/// Proves and prints.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let format = global.format()?;
    let whom = arguments.kind.whom(&arguments.name)?;
    start::block_on(async {
        let outside = global.outside(false)?;
        let survey = survey::survey(&outside, global.timeout, Clock::System).await?;
        if let Some(failure) = survey.refusal() {
            return Err(failure);
        }
        let mut inventory = survey.inventory;
        let pace = arguments.pace.unwrap_or(global.loaded().settings.live_proof_calls_per_second).max(1);
        let task = task(global, &inventory, arguments, whom.as_ref(), pace)?;
        let redactor = global.redact.then(|| report::Redactor::new(&inventory));
        complain(words::before(&task.says, redactor.as_ref()).trim_end());
        if !confirmed(arguments, &task)? {
            complain("Nothing was asked.");
            return Ok(Exit::Refused);
        }
        let (Some(session), Some(connection)) = (survey.session, survey.connection) else {
            return Err(unreachable());
        };
        let prover = Prover::new(session, connection, clock(&outside), pace);
        let (proofs, interrupted) = prove(&prover, task.intents).await;
        let changes = proofs.iter().cloned().map(|proof| Change::Proven(Box::new(proof))).collect();
        inventory.apply(changes, Timestamp::now());
        match global.output {
            None | Some(Output::Table) => print(&words::after(&inventory, &proofs, global.report_options()))?,
            _ => print(&listed(global, &inventory, arguments, format)?)?,
        }
        Ok(if interrupted { Exit::Interrupted } else { exit(&proofs) })
    })?
}

/// A simulated world has a time of its own.
fn clock(outside: &Outside) -> Clock {
    match outside {
        Outside::Real(_) => Clock::System,
        Outside::Simulated(world, _) => Clock::tokio(world.clock.now()),
    }
}

fn task(
    global: &Global,
    inventory: &Inventory,
    arguments: &Arguments,
    whom: Option<&Whom>,
    pace: u32,
) -> Result<Task, Failure> {
    if let Some(whom) = whom {
        let intent = proof::intend(inventory, whom)?;
        let place = proof::place(inventory);
        let is_allowed = global.loaded().settings.allows_live_proof(&place);
        let wanted = if is_allowed { "yes".to_owned() } else { place };
        return Ok(Task { says: intent.says(), intents: vec![intent], wanted });
    }
    let (intents, left) = proof::namespace(inventory, &arguments.name.as_str().into());
    if intents.is_empty() {
        let why = format!("no service account of namespace {} has an identity that a call could prove", arguments.name);
        let next = "`rolecall get serviceaccounts` shows what there is";
        return Err(Failure::new(FailureKind::NotFound, "nothing can be proven", why, next));
    }
    Ok(Task { says: proof::says_of_many(&intents, left, pace), wanted: intents.len().to_string(), intents })
}

fn confirmed(arguments: &Arguments, task: &Task) -> Result<bool, Failure> {
    let many = arguments.kind == Kind::Ns;
    if let Some(count) = arguments.count.filter(|_| many) {
        return match count == task.intents.len() {
            true => Ok(true),
            false => {
                let why = format!("--count says {count}, and {} would be proven", task.intents.len());
                Err(usage("nothing was asked", why, "Look at the namespace again, then give the number that it has"))
            }
        };
    }
    if arguments.yes && !many {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        let next = if many { "Give --count N with the number above" } else { "Read what it does, then give --yes" };
        return Err(usage("nothing was asked", "a proof has to be confirmed, and the input is no terminal", next));
    }
    complain(&format!("Type {} to go on:", task.wanted));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| usage("nothing was asked", error.to_string(), "Give --yes"))?;
    Ok(answer.trim() == task.wanted)
}

fn unreachable() -> Failure {
    Failure::new(
        FailureKind::Unreachable,
        "nothing was asked",
        "the cluster or AWS could not be reached",
        "`rolecall doctor` shows which",
    )
}

/// All of them, until Ctrl-c; tells whether it was pressed.
async fn prove(prover: &Prover, intents: Vec<Intent>) -> (Vec<Proof>, bool) {
    let stop = CancellationToken::new();
    let heard = stop.clone();
    let listener = tokio::spawn(async move {
        // Where signals cannot be heard, the default ends the process.
        if tokio::signal::ctrl_c().await.is_ok() {
            heard.cancel();
        }
    });
    let mut proofs: Vec<Proof> = prover.all(intents, stop.clone()).collect().await;
    listener.abort();
    proofs.sort_by(|one: &Proof, other| one.account.cmp(&other.account));
    (proofs, stop.is_cancelled())
}

fn listed(
    global: &Global,
    inventory: &Inventory,
    arguments: &Arguments,
    format: report::Format,
) -> Result<String, Failure> {
    let kind = if arguments.kind == Kind::Pod { Listed::Pods } else { Listed::ServiceAccounts };
    let (namespace, name) = match arguments.kind {
        Kind::Ns => (Some(arguments.name.as_str()), None),
        _ => (None, Some(arguments.name.as_str())),
    };
    let request =
        Request { namespace, name, options: global.report_options(), ..Request::new(kind, format, Timestamp::now()) };
    Ok(report::render(&request, inventory)?.stdout)
}

fn exit(proofs: &[Proof]) -> Exit {
    let worst = |verdict| proofs.iter().any(|proof| proof.proven.verdict == verdict);
    match (worst(Verdict::Broken), worst(Verdict::Unknown)) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Failed,
        _ => Exit::Done,
    }
}
