//! The command line: clap types and one file per command. It decides nothing about the
//! world; it calls the runtime and prints what `report` wrote.

use std::{io::Write, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    domain::failure::{Failure, FailureKind},
    report,
};

mod associate;
mod can;
mod changed;
mod check;
mod demo;
mod doctor;
mod explain;
mod export;
mod generated;
mod get;
mod global;
mod handbook;
mod history;
mod migrate;
mod prove;
mod restart;
mod retarget;
mod sim;
mod trust;
mod ui;
mod who;
mod whom;
mod why;

/// Who every pod of an Amazon EKS cluster is to AWS, and why.
///
/// Without a command the explorer opens on the current kubeconfig context.
#[derive(Debug, Parser)]
#[command(name = "rolecall", version, propagate_version = true)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// Open the explorer on this page: pod/NAMESPACE/NAME, sa/NAMESPACE/NAME, role/ARN, node/NAME
    #[arg(long, value_name = "OBJECT")]
    pub open: Option<String>,
    /// What to do; the explorer if absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Kubeconfig file (default: KUBECONFIG, then ~/.kube/config)
    #[arg(long, global = true, env = "ROLECALL_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Kubeconfig context; given again, the explorer opens that cluster beside the first
    #[arg(long, global = true, env = "ROLECALL_CONTEXT")]
    pub context: Vec<String>,
    /// EKS cluster; with --region no kubeconfig is needed
    #[arg(long, global = true, env = "ROLECALL_CLUSTER")]
    pub cluster: Option<String>,
    /// AWS region of the cluster
    #[arg(long, global = true, env = "ROLECALL_REGION")]
    pub region: Option<String>,
    /// AWS profile
    #[arg(long, global = true, env = "ROLECALL_PROFILE")]
    pub profile: Option<String>,
    /// Use the embedded demo world: no network, no files, no credentials
    #[arg(long, global = true, env = "ROLECALL_DEMO", conflicts_with = "world")]
    pub demo: bool,
    /// Use a simulated world from a YAML file
    #[arg(long, global = true, env = "ROLECALL_WORLD", value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// Only this namespace (default: all that are visible)
    #[arg(short, long, global = true, env = "ROLECALL_NAMESPACE")]
    pub namespace: Option<String>,
    /// Only rows that match, in the filter language of the explorer
    #[arg(long, global = true, env = "ROLECALL_FILTER", value_name = "EXPR")]
    pub filter: Option<String>,
    /// Format of data on stdout
    #[arg(short, long, global = true, env = "ROLECALL_OUTPUT", value_enum, value_name = "FORMAT")]
    pub output: Option<Output>,
    /// Never change anything; cannot be unlocked
    #[arg(long, global = true, env = "ROLECALL_READ_ONLY", conflicts_with = "write")]
    pub read_only: bool,
    /// Start unlocked
    #[arg(long, global = true, env = "ROLECALL_WRITE")]
    pub write: bool,
    /// Replace account ids, names and ARNs in what leaves
    #[arg(long, global = true, env = "ROLECALL_REDACT")]
    pub redact: bool,
    /// Only ASCII on screen
    #[arg(long, global = true, env = "ROLECALL_ASCII")]
    pub ascii: bool,
    /// Colour on screen and in tables
    #[arg(long, global = true, env = "ROLECALL_COLOR", value_enum, default_value = "auto")]
    pub color: Color,
    /// Give up after this long, e.g. 30s
    #[arg(long, global = true, env = "ROLECALL_TIMEOUT", default_value = "60s", value_parser = duration)]
    pub timeout: Duration,
    /// Write the log here (default: the state directory)
    #[arg(long, global = true, env = "ROLECALL_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Settings file
    #[arg(long, global = true, env = "ROLECALL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where journal and log live
    #[arg(long, global = true, env = "ROLECALL_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// More in the log; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Formats of data on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns.
    Table,
    /// More columns.
    Wide,
    /// One document, `rolecall/v1`.
    Json,
    /// One item a line.
    Jsonl,
    /// RFC 4180.
    Csv,
    /// A Markdown table.
    Markdown,
    /// A plan as commands of the AWS CLI; printed, not performed.
    AwsCli,
    /// A plan for Terraform; printed, not performed.
    Terraform,
    /// A plan as an eksctl ClusterConfig; printed, not performed.
    Eksctl,
    /// A plan as a CloudFormation template; printed, not performed.
    Cloudformation,
    /// A plan as manifests of AWS Controllers for Kubernetes; printed, not performed.
    Ack,
    /// SARIF 2.1.0 (`check`).
    Sarif,
    /// JUnit XML (`check`).
    Junit,
    /// A Mermaid flowchart of the chain or the role (`explain`).
    Mermaid,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If stdout is a terminal and NO_COLOR is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What rolecall can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the explorer on the embedded demo world
    Demo(demo::Arguments),
    /// List pods, service accounts, namespaces, roles, associations or nodes with their identities
    Get(get::Arguments),
    /// The identity chain of a pod, service account or role in words
    Explain(explain::Arguments),
    /// Every service account that could become a role, and by which statement of its trust policy
    Who(who::Arguments),
    /// From a pasted AWS error to the pod, node or role it is about, and what to do
    Why(why::Arguments),
    /// Who a pod really is: AWS is asked as the pod would ask it. Says first what it does, and asks
    Prove(prove::Arguments),
    /// Whether an identity may do something, by IAM's policy simulator
    Can(can::Arguments),
    /// Which service accounts of the cluster may do something
    WhoCan(can::Reverse),
    /// Who changed a role, its policies and associations in the last 24 hours, by CloudTrail
    Changed(changed::Arguments),
    /// Findings, with exit codes for scripts and CI
    Check(check::Arguments),
    /// The terminal, the context, the caller, and every permission that is used
    Doctor,
    /// Create an EKS Pod Identity association
    Associate(associate::Create),
    /// Change role, target role, session policy or tags of an association
    Retarget(retarget::Retarget),
    /// Remove an EKS Pod Identity association
    Dissociate(associate::Remove),
    /// Restart a workload: its own strategy, as `kubectl rollout restart` does
    Restart(restart::Restart),
    /// Install the EKS Pod Identity agent
    Agent(restart::Agent),
    /// From IRSA to EKS Pod Identity, step by step; later the annotations and statements of IRSA
    Migrate(migrate::Arguments),
    /// What was changed from here, oldest first
    History(history::Arguments),
    /// Take back an operation of the journal, the newest by default
    Undo(history::Undo),
    /// Do the rest of an operation that was interrupted or failed
    Resume(history::Resume),
    /// Edit, evaluate or lint trust policies
    Trust(trust::Arguments),
    /// Serve a simulated cluster and account on loopback for other clients
    Sim(sim::Arguments),
    /// Print the completions of a shell
    Completions(generated::Completions),
    /// Print the manual page
    Man,
    /// Write a page for every finding code into a folder
    #[command(hide = true)]
    Handbook(handbook::Arguments),
}

/// How a command ended; the only list of exit codes is in the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing found.
    Done,
    /// A plan was refused or stopped by a conflict; findings at or above the threshold.
    Refused,
    /// Usage or bad input.
    Usage,
    /// Could not look or act.
    Failed,
    /// Interrupted.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
            Exit::Interrupted => 130,
        })
    }
}

impl From<&Failure> for Exit {
    fn from(failure: &Failure) -> Self {
        match failure.kind {
            FailureKind::Usage | FailureKind::Invalid => Self::Usage,
            FailureKind::Conflict => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// Parses the command line, runs the command, and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap writes help to stdout and mistakes to stderr, and knows which is which.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if let Err(report) = color_eyre::config::HookBuilder::default().display_env_section(false).install() {
        complain(&format!("{report:#}"));
    }
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            complain(&format!("rolecall: {failure}"));
            if let Some(difference) = &failure.difference {
                complain(&report::text::printable_lines(difference));
            }
            Exit::from(&failure).into()
        }
    }
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let global = cli.global;
    match cli.command {
        None => ui::run(&global, cli.open.as_deref()),
        Some(_) if cli.open.is_some() => {
            Err(usage("--open stands alone", "only the explorer opens pages", "Leave the command out, or --open"))
        }
        Some(Command::Demo(arguments)) => demo::run(&global, &arguments),
        Some(Command::Get(arguments)) => get::run(&global, &arguments),
        Some(Command::Explain(arguments)) => explain::run(&global, &arguments),
        Some(Command::Who(arguments)) => who::run(&global, &arguments),
        Some(Command::Why(arguments)) => why::run(&global, &arguments),
        Some(Command::Prove(arguments)) => prove::run(&global, &arguments),
        Some(Command::Can(arguments)) => can::can(&global, &arguments),
        Some(Command::WhoCan(arguments)) => can::who_can(&global, &arguments),
        Some(Command::Changed(arguments)) => changed::run(&global, &arguments),
        Some(Command::Check(arguments)) => check::run(&global, &arguments),
        Some(Command::Doctor) => doctor::run(&global),
        Some(Command::Associate(arguments)) => associate::create(&global, &arguments),
        Some(Command::Retarget(arguments)) => retarget::retarget(&global, &arguments),
        Some(Command::Dissociate(arguments)) => associate::remove(&global, &arguments),
        Some(Command::Restart(arguments)) => restart::restart(&global, &arguments),
        Some(Command::Agent(arguments)) => restart::agent(&global, &arguments),
        Some(Command::Migrate(arguments)) => migrate::run(&global, &arguments),
        Some(Command::History(arguments)) => history::run(&global, &arguments),
        Some(Command::Undo(arguments)) => history::undo(&global, &arguments),
        Some(Command::Resume(arguments)) => history::resume(&global, &arguments),
        Some(Command::Trust(arguments)) => trust::run(&global, &arguments),
        Some(Command::Sim(arguments)) => sim::run(&global, &arguments),
        Some(Command::Completions(arguments)) => generated::completions(&arguments),
        Some(Command::Man) => generated::manual(),
        Some(Command::Handbook(arguments)) => handbook::run(&arguments),
    }
}

/// Data to stdout; a reader that went away is no failure.
fn print(text: &str) -> Result<(), Failure> {
    write_to(std::io::stdout().lock(), text)
}

/// Everything that is not data goes to stderr.
fn complain(text: &str) {
    // Nothing can be done about a closed stderr.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn write_to(mut out: impl Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            FailureKind::Server,
            "cannot write the answer",
            error.to_string(),
            "Check where the output goes",
        )),
        _ => Ok(()),
    }
}

/// A bad argument, said the way all failures are.
fn usage(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Usage, what, why, next)
}

/// `30s`, `2m`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is no duration: write 30s, 2m or 500ms"))?;
    Duration::try_from(span).map_err(|_| format!("`{text}` is negative"))
}

#[cfg(test)]
mod tests;
