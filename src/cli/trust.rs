//! `rolecall trust allow` and `trust remove`: the smallest edit of a role's trust policy, as a plan.
//! `trust eval` and `trust lint`: the evaluator on documents from files.

use std::{
    io::{BufRead, Read},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::{
    Exit, Global,
    associate::{self, Change},
    complain,
    explain::service_account,
    print, usage,
};
use crate::domain::{
    failure::Failure,
    identity::Mechanism,
    plan::trust::{self as edits, Narrow, TrustEdit, TrustRequest},
    trust::{self, Document, SyntaxError, edit},
};

/// What to do with trust policies.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Which.
    #[command(subcommand)]
    pub what: What,
}

/// Service accounts to admit: all in one write.
#[derive(Args, Debug)]
pub struct Allow {
    /// The role, by name or ARN, in the cluster's account
    pub role: String,
    /// NAMESPACE/NAME of each service account
    #[arg(required = true)]
    pub service_accounts: Vec<String>,
    /// By which mechanism (default: the one it uses the role for, else what the policy is written for)
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// How far a new statement for EKS Pod Identity is narrowed
    #[arg(long, value_enum, default_value = "cluster")]
    pub narrow: NarrowTo,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

/// Service accounts to take out: all in one write.
#[derive(Args, Debug)]
pub struct Remove {
    /// The role, by name or ARN, in the cluster's account
    pub role: String,
    /// NAMESPACE/NAME of each service account
    #[arg(required = true)]
    pub service_accounts: Vec<String>,
    /// Only from the statements of this mechanism (default: from all that list it)
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

/// The mechanism of an admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The service account's own token.
    Irsa,
    /// EKS, for an association.
    PodIdentity,
}

/// Whom a new statement for EKS Pod Identity lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NarrowTo {
    /// Any association in the account.
    Account,
    /// Associations of this cluster (aws:SourceAccount, aws:SourceArn).
    Cluster,
    /// This service account of this cluster (its session tags as well).
    ServiceAccount,
}

impl From<By> for Mechanism {
    fn from(by: By) -> Self {
        match by {
            By::Irsa => Self::Irsa,
            By::PodIdentity => Self::PodIdentity,
        }
    }
}

impl From<NarrowTo> for Narrow {
    fn from(narrow: NarrowTo) -> Self {
        match narrow {
            NarrowTo::Account => Self::Account,
            NarrowTo::Cluster => Self::Cluster,
            NarrowTo::ServiceAccount => Self::ServiceAccount,
        }
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Admit service accounts: the smallest edit of the role's trust policy
    Allow(Allow),
    /// Take service accounts out of the statements that name them
    Remove(Remove),
    /// Policy cases in as JSON lines, verdicts out as JSON lines
    Eval {
        /// A file, or - for standard input
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Problems of one trust policy, with line and column
    Lint {
        /// A file, or - for standard input
        file: PathBuf,
    },
}

/// Edits, evaluates or lints.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Allow(arguments) => allow(global, arguments),
        What::Remove(arguments) => remove(global, arguments),
        What::Eval { file } => evaluate(file),
        What::Lint { file } => lint(file),
    }
}

fn allow(global: &Global, arguments: &Allow) -> Result<Exit, Failure> {
    let ids = arguments.service_accounts.iter().map(|text| service_account(text)).collect::<Result<Vec<_>, _>>()?;
    associate::run(global, &arguments.change, false, |inventory| {
        let role_arn = associate::role(inventory, &arguments.role)?;
        let admit = |id: &crate::domain::id::ServiceAccountId| {
            let asked = arguments.by.map(Mechanism::from);
            let mechanism = asked.unwrap_or_else(|| edits::mechanism(inventory, &role_arn, id));
            TrustEdit::admit(mechanism, id.clone(), arguments.narrow.into())
        };
        let edits = ids.iter().map(admit).collect();
        edits::plan(inventory, &TrustRequest { role_arn, edits }, Timestamp::now())
    })
}

fn remove(global: &Global, arguments: &Remove) -> Result<Exit, Failure> {
    let ids = arguments.service_accounts.iter().map(|text| service_account(text)).collect::<Result<Vec<_>, _>>()?;
    associate::run(global, &arguments.change, false, |inventory| {
        let role_arn = associate::role(inventory, &arguments.role)?;
        let (by, now) = (arguments.by.map(Mechanism::from), Timestamp::now());
        let edits = ids.iter().flat_map(|id| edits::removals(inventory, &role_arn, id, by, now)).collect();
        edits::plan(inventory, &TrustRequest { role_arn, edits }, now)
    })
}

fn evaluate(file: &PathBuf) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for (number, line) in open(file)?.lines().enumerate() {
        let line = line.map_err(|error| unreadable(file, &error))?;
        if line.trim().is_empty() {
            continue;
        }
        match trust::eval_case(&line) {
            Ok(verdict) => print(&format!("{verdict}\n"))?,
            Err(reason) => {
                complain(&format!("{} line {}: {reason}", file.display(), number + 1));
                exit = Exit::Usage;
            }
        }
    }
    Ok(exit)
}

fn lint(file: &PathBuf) -> Result<Exit, Failure> {
    let text = text(file)?;
    let document = Document::parse(&text).map_err(|error| no_policy(file, &error))?;
    let lints = trust::lints(&document);
    let mut places = document.places();
    for found in &lints {
        let (line, column) = places.at(found.span.start);
        let code = found.code;
        print(&format!("{}:{line}:{column}: {code}: {}\n", file.display(), found.message))?;
    }
    if let Some(repair) = repair(&document) {
        complain(&repair);
    }
    Ok(if lints.is_empty() { Exit::Done } else { Exit::Refused })
}

fn no_policy(file: &Path, error: &SyntaxError) -> Failure {
    usage(
        format!("{} is no trust policy", file.display()),
        format!("line {} column {}: {}", error.line, error.column, error.message),
        "Correct it there",
    )
}

/// The document as text; where it is none, the place.
fn text(file: &PathBuf) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    open(file)?.read_to_end(&mut bytes).map_err(|error| unreadable(file, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let (line, column) = trust::line_column(&before, before.len());
        no_policy(file, &SyntaxError { line, column, message: "this is not UTF-8 text".to_owned() })
    })
}

/// What makes a repeated key what its author meant, as a diff.
fn repair(document: &Document) -> Option<String> {
    let repeated = document.duplicates().any(|duplicate| !duplicate.documented);
    if !repeated || document.text().len() > LONGEST_REPAIRED {
        return None;
    }
    let edit = edit::repair(document).ok().filter(|edit| !edit.is_empty())?;
    Some(format!("{}\n{}", edit.summary, edit.diff().trim_end()))
}

/// IAM holds 8,192 characters at the most; white space comes to that.
const LONGEST_REPAIRED: usize = 64 * 1024;

fn open(file: &PathBuf) -> Result<Box<dyn BufRead>, Failure> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    Ok(Box::new(std::io::BufReader::new(opened)))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    usage(format!("cannot read {}", file.display()), error.to_string(), "Check the path")
}
