//! `rolecall associate` and `dissociate`: the same plans as in the explorer, confirmed by `--yes`
//! or at a prompt, performed by the same mechanism.

use std::{io::IsTerminal, path::PathBuf};

use clap::Args;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Exit, Global, Output, complain, explain::service_account, export, print, usage};
use crate::{
    config::settings::Settings,
    domain::{
        self,
        failure::{Failure, FailureKind},
        id::RoleArn,
        inventory::Inventory,
        plan::{
            Confirmation, Plan,
            associate::{self, AssociateRequest},
            declared,
            dissociate::{self, Target},
            owner::{self, wanted_roles},
            pick::name_role,
            restart::{self, Canary},
            trust::Narrow,
        },
    },
    report,
    runtime::{
        clock::Clock,
        journal::{Author, Journal},
        outside::Outside,
        perform::{Memory, Operation, Performer, Progress},
        settings, start,
        survey::{self, Survey},
    },
};

/// What every command that changes something takes.
#[derive(Args, Clone, Debug)]
pub struct Change {
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask; needed when stdin is no terminal. In a protected context --write is needed too
    #[arg(long)]
    pub yes: bool,
    /// Do it here although Terraform, CloudFormation, GitOps or Helm own what is changed
    #[arg(long)]
    pub force: bool,
    /// Why, for the journal: a ticket
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// An association to create.
#[derive(Args, Debug)]
pub struct Create {
    /// NAMESPACE/NAME of the service account; it need not exist
    #[arg(required_unless_present = "declared", requires = "role")]
    pub service_account: Option<String>,
    /// The role, by name or ARN, in the cluster's account
    #[arg(long, required_unless_present = "declared")]
    pub role: Option<String>,
    /// All associations that service accounts declare and that are missing
    #[arg(long, conflicts_with_all = ["service_account", "role", "target_role_arn", "no_session_tags", "session_policy", "tags", "fix_trust"])]
    pub declared: bool,
    /// A role of any account, assumed in a second hop
    #[arg(long = "target-role", alias = "target-role-arn", value_name = "ARN")]
    pub target_role_arn: Option<String>,
    /// Send no session tags
    #[arg(long)]
    pub no_session_tags: bool,
    /// Session policy, a JSON file; only with --no-session-tags
    #[arg(long, value_name = "FILE")]
    pub session_policy: Option<PathBuf>,
    /// A tag of the association, KEY=VALUE
    #[arg(long = "tag", value_name = "K=V", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// Edit the role's trust policy first where it does not let EKS in
    #[arg(long)]
    pub fix_trust: bool,
    /// Restart the workloads that a restart would help
    #[arg(long)]
    pub restart: bool,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

/// An association to remove.
#[derive(Args, Debug)]
#[group(id = "which", required = true, multiple = false, args = ["service_account", "id"])]
pub struct Remove {
    /// NAMESPACE/NAME of the service account
    pub service_account: Option<String>,
    /// Id of the association, a-…
    #[arg(long)]
    pub id: Option<String>,
    /// Restart the workloads that a restart would help
    #[arg(long)]
    pub restart: bool,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no tag: write KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Plans an association and, if confirmed, creates it.
pub fn create(global: &Global, arguments: &Create) -> Result<Exit, Failure> {
    let (Some(account), Some(role)) = (&arguments.service_account, &arguments.role) else {
        return run(global, &arguments.change, arguments.restart, |inventory| {
            Ok(declared::plan(inventory, Timestamp::now()))
        });
    };
    let service_account = service_account(account)?;
    let policy = arguments.session_policy.as_ref().map(read_policy).transpose()?;
    run(global, &arguments.change, arguments.restart, |inventory| {
        let request = AssociateRequest {
            service_account: service_account.clone(),
            role_arn: self::role(inventory, role)?,
            target_role_arn: arguments.target_role_arn.as_deref().map(Into::into),
            disable_session_tags: arguments.no_session_tags,
            policy: policy.clone(),
            tags: arguments.tags.clone(),
            fix_trust: arguments.fix_trust.then(Narrow::default),
        };
        associate::plan(inventory, &request, Timestamp::now())
    })
}

/// Plans the removal of an association and, if confirmed, removes it.
pub fn remove(global: &Global, arguments: &Remove) -> Result<Exit, Failure> {
    let target = match (&arguments.service_account, &arguments.id) {
        (Some(text), _) => Target::ServiceAccount(service_account(text)?),
        (None, id) => Target::Association(id.clone().unwrap_or_default().into()),
    };
    run(global, &arguments.change, arguments.restart, |inventory| dissociate::plan(inventory, &target))
}

/// The role that somebody named. A name that no role has is bad input.
pub(super) fn role(inventory: &Inventory, text: &str) -> Result<RoleArn, Failure> {
    name_role(inventory, text).map_err(|failure| match failure.kind {
        FailureKind::NotFound => Failure { kind: FailureKind::Usage, ..failure },
        _ => failure,
    })
}

pub(super) fn read_policy(file: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        usage(format!("cannot read the session policy {}", file.display()), error.to_string(), "Check the path")
    })
}

/// Plans, shows, asks and performs: what every command that changes something does.
pub(super) fn run(
    global: &Global,
    change: &Change,
    restart: bool,
    plan: impl Fn(&Inventory) -> Result<Plan, Failure>,
) -> Result<Exit, Failure> {
    start::block_on(async {
        let outside = global.outside(false)?;
        // What new pods get is told by the templates of the workloads that the plan touches.
        let touched = |inventory: &Inventory| {
            let affected = plan(inventory).map(|plan| plan.affects).unwrap_or_default();
            affected.into_iter().map(|affected| affected.workload).collect()
        };
        let mut survey = survey::survey_with(&outside, global.timeout, Clock::System, &touched).await?;
        let journal = Journal::new(&settings::state_directory(global.state_dir.as_deref()));
        survey.inventory.recall(&journal.history()?, Timestamp::now());
        let mut made = plan(&survey.inventory)?;
        let read = read_roles(&mut survey, &made).await;
        if survey.read_rollouts(&made.restarted(), Clock::System).await || read {
            made = plan(&survey.inventory)?;
        }
        let plan = made;
        if let Some(exit) = export::printed(global, &plan, &survey.inventory)? {
            return Ok(exit);
        }
        if let Some(exit) = elsewhere(global, change, &plan, &survey.inventory)? {
            return Ok(exit);
        }
        print(&shown(global, &plan, &survey.inventory))?;
        if let Some(exit) = refused(global, change, &plan, &survey.inventory)? {
            return Ok(exit);
        }
        let performer = performer(global, change, &survey, outside.settle());
        let exit = perform(&performer, &plan).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        if restart {
            return restart_all(global, &outside, &performer, &plan).await;
        }
        if !plan.restarts.is_empty() {
            let names: Vec<_> = plan.restarts.iter().map(ToString::to_string).collect();
            complain(&format!("Running pods keep what they have: restart {} (or add --restart).", names.join(", ")));
        }
        Ok(Exit::Done)
    })?
}

/// Reads what only calls for one role tell and the plan rests on; tells whether there was any.
async fn read_roles(survey: &mut Survey, plan: &Plan) -> bool {
    let Some(session) = &survey.session else { return false };
    let names = wanted_roles(plan, &survey.inventory);
    let mut changes = Vec::new();
    for name in &names {
        changes.push(domain::change::Change::RoleDetail(name.clone(), session.role_detail(name).await));
    }
    survey.inventory.apply(changes, Timestamp::now());
    !names.is_empty()
}

/// What another tool owns is changed in its repository: the text for that is the default. A dry run shows the plan.
fn elsewhere(global: &Global, change: &Change, plan: &Plan, inventory: &Inventory) -> Result<Option<Exit>, Failure> {
    let owned = owner::owned(plan, inventory);
    let Some(first) = owned.first().filter(|_| !change.force && !change.dry_run && plan.refusal().is_none()) else {
        return Ok(None);
    };
    let text = report::export::text(plan, inventory, first.tool.into());
    print(&if global.redact { report::Redactor::new(inventory).text(&text) } else { text })?;
    for one in &owned {
        complain(&format!("rolecall: {}.", one.sentence()));
    }
    let tool = first.tool.name();
    complain(&format!("Nothing was changed. Put this where {tool} has it, or add --force to do it here all the same."));
    Ok(Some(Exit::Refused))
}

fn shown(global: &Global, plan: &Plan, inventory: &Inventory) -> String {
    match global.output {
        Some(Output::Json | Output::Jsonl) => report::plan::json(plan, inventory, None),
        _ => report::plan::text(plan, inventory, global.ascii, None),
    }
}

/// Why nothing is performed, if so.
fn refused(global: &Global, change: &Change, plan: &Plan, inventory: &Inventory) -> Result<Option<Exit>, Failure> {
    if plan.refusal().is_some() {
        return Ok(Some(Exit::Refused));
    }
    if change.dry_run || plan.steps.is_empty() {
        return Ok(Some(Exit::Done));
    }
    let settings = global.loaded().settings.within(inventory.target().context.as_deref().unwrap_or_default());
    if settings.read_only {
        return Err(usage(
            "nothing was changed",
            "this session is read-only",
            "Leave out --read-only, or read-only in the settings of this context",
        ));
    }
    let protected = protected_name(&settings, inventory);
    if let Some(name) = protected.as_ref().filter(|_| change.yes && !settings.write) {
        let why = format!("{name} is protected, and there --yes alone does not unlock");
        return Err(usage("nothing was changed", why, "Add --write as well"));
    }
    if change.yes || confirmed(plan, protected.is_some())? {
        return Ok(None);
    }
    complain("Nothing was changed.");
    Ok(Some(Exit::Refused))
}

/// The name of the context or cluster, if a pattern of the settings protects it.
fn protected_name(settings: &Settings, inventory: &Inventory) -> Option<String> {
    let target = inventory.target();
    let cluster = inventory.cluster().known().map(|cluster| cluster.name.clone()).or_else(|| target.cluster.clone());
    let names = target.context.clone().into_iter().chain(cluster.map(|name| name.to_string()));
    names.into_iter().find(|name| settings.is_protected(name))
}

fn confirmed(plan: &Plan, protected: bool) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(usage(
            "nothing was changed",
            "the plan has to be confirmed, and the input is no terminal",
            "Read the plan with --dry-run, then give --yes",
        ));
    }
    let wanted = match &plan.confirmation {
        Confirmation::Enter if protected => &plan.subject,
        Confirmation::Enter => "yes",
        Confirmation::Type(text) => text,
    };
    complain(&format!("Type {wanted} to go on:"));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| usage("nothing was changed", error.to_string(), "Give --yes"))?;
    Ok(answer.trim() == wanted)
}

fn performer(global: &Global, change: &Change, survey: &Survey, settle: std::time::Duration) -> Performer {
    let state = settings::state_directory(global.state_dir.as_deref());
    let caller = survey.inventory.caller().known();
    Performer {
        session: survey.session.clone(),
        connection: survey.connection.clone(),
        journal: Journal::new(&state),
        author: Author {
            caller: caller.map(|caller| caller.arn.to_string()),
            context: survey.inventory.target().context.clone(),
            host: global.host(),
            reason: change.reason.clone(),
        },
        cluster: survey.inventory.cluster_title(),
        clock: Clock::System,
        settle,
        memory: Memory::default(),
    }
}

async fn perform(performer: &Performer, plan: &Plan) -> Result<Exit, Failure> {
    let id = format!("{:x}-{:x}", Timestamp::now().as_microsecond(), std::process::id());
    let operation = Operation { id: &id, plan };
    let stop = CancellationToken::new();
    let listener = tokio::spawn(stop_at_interrupt(stop.clone()));
    let done = performer.perform(operation, &stop, |index, progress| told(plan, index, progress)).await;
    listener.abort();
    match done {
        Err(failure) if stop.is_cancelled() => {
            complain(&format!("rolecall: {failure}"));
            Ok(Exit::Interrupted)
        }
        done => done.map(|()| Exit::Done).map_err(|failure| midway(plan, failure)),
    }
}

/// Ctrl-c stops before the next step; the one under way is finished, so that nothing is left in doubt.
async fn stop_at_interrupt(stop: CancellationToken) {
    // Where signals cannot be heard, the default ends the process, and the journal knows how far it was.
    if tokio::signal::ctrl_c().await.is_ok() {
        complain("Stopping before the next step.");
        stop.cancel();
    }
}

fn told(plan: &Plan, index: usize, progress: Progress<'_>) {
    let Some(step) = plan.steps.get(index) else { return };
    match progress {
        Progress::Started => complain(&format!("… {}", step.summary)),
        Progress::Done => complain(&format!("✓ {}", step.summary)),
        Progress::Failed(_) => complain(&format!("✗ {}", step.summary)),
    }
}

/// A plan that failed once it had begun did not end for bad input, whatever the server called it.
fn midway(plan: &Plan, mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Invalid {
        failure.kind = FailureKind::Server;
    }
    tracing::error!(plan = plan.kind.word(), subject = plan.subject, "{failure}");
    failure
}

/// One workload after the other; what each will be is looked at again, now that the plan is done.
async fn restart_all(global: &Global, outside: &Outside, performer: &Performer, plan: &Plan) -> Result<Exit, Failure> {
    for workload in &plan.restarts {
        let mut survey = survey::survey(outside, global.timeout, Clock::System).await?;
        survey.read_rollouts(std::slice::from_ref(workload), Clock::System).await;
        let restart = restart::plan(&survey.inventory, workload, Canary::First)?;
        if let Some(refusal) = restart.refusal() {
            complain(&format!("{workload} is not restarted: {}: {}", refusal.what, refusal.detail));
            return Ok(Exit::Refused);
        }
        let exit = perform(performer, &restart).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}
