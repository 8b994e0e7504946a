//! `rolecall history`, `undo` and `resume`: the journal, and the plans that are made from it.

use std::io::IsTerminal;

use clap::Args;
use jiff::Timestamp;

use super::{
    Exit, Global, Output,
    associate::{self, Change},
    complain, print, usage,
};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        inventory::Inventory,
        journal::Record,
        plan::{resume, undo},
    },
    report::{Kind, Redactor, Request, history},
    runtime::{journal::Journal, settings},
};

/// What was changed.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Only this operation, with its steps
    #[arg(conflicts_with = "purge")]
    pub id: Option<String>,
    /// Forget everything but what is being done right now
    #[arg(long)]
    pub purge: bool,
    /// Do not ask; needed when stdin is no terminal
    #[arg(long, requires = "purge")]
    pub yes: bool,
}

/// An operation to take back.
#[derive(Args, Debug)]
pub struct Undo {
    /// Its id, or the beginning of it (default: the newest that can be undone)
    pub id: Option<String>,
    /// Restart the workloads that a restart would help
    #[arg(long)]
    pub restart: bool,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

/// An operation to finish.
#[derive(Args, Debug)]
pub struct Resume {
    /// Its id, or the beginning of it
    pub id: String,
    /// Restart the workloads that a restart would help
    #[arg(long)]
    pub restart: bool,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

fn journal(global: &Global) -> Journal {
    Journal::new(&settings::state_directory(global.state_dir.as_deref()))
}

/// Prints the journal, or empties it.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let format = global.format()?;
    let journal = journal(global);
    if arguments.purge {
        return purge(&journal, arguments.yes);
    }
    let whole = journal.history()?;
    if let (Some(id), None | Some(Output::Table | Output::Wide)) = (&arguments.id, global.output) {
        let redactor = global.redact.then(|| Redactor::new(&Inventory::default()));
        print(&history::text(history::found(&whole, id)?, global.ascii, redactor.as_ref()))?;
        return Ok(Exit::Done);
    }
    let request =
        Request { options: global.report_options(), ..Request::new(Kind::Overview, format, Timestamp::now()) };
    let rendered = history::list(&whole, arguments.id.as_deref(), &request)?;
    print(&rendered.stdout)?;
    if !rendered.stderr.is_empty() {
        complain(rendered.stderr.trim_end());
    }
    Ok(Exit::Done)
}

fn purge(journal: &Journal, yes: bool) -> Result<Exit, Failure> {
    if !yes && !agreed(journal)? {
        complain("Nothing was forgotten.");
        return Ok(Exit::Refused);
    }
    let gone = journal.purge()?;
    complain(&format!("{gone} operations are forgotten; none of them can be undone or resumed from here any more."));
    Ok(Exit::Done)
}

fn agreed(journal: &Journal) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let why = "it has to be confirmed, and the input is no terminal";
        return Err(usage("nothing was forgotten", why, "Give --yes"));
    }
    complain(&format!("Type purge to empty {}:", journal.path().display()));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| usage("nothing was forgotten", error.to_string(), "Give --yes"))?;
    Ok(answer.trim() == "purge")
}

/// Plans to take an operation back and, if confirmed, does it.
pub fn undo(global: &Global, arguments: &Undo) -> Result<Exit, Failure> {
    let whole = journal(global).history()?;
    let record = match &arguments.id {
        Some(id) => history::found(&whole, id)?,
        None => whole.last_undoable().ok_or_else(nothing)?,
    };
    associate::run(global, &arguments.change, arguments.restart, |inventory| {
        undo::plan(inventory, record, Timestamp::now())
    })
}

fn nothing() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "there is nothing to undo",
        "the journal of this state directory has no operation that changed something and still stands",
        "`rolecall history` shows what it has",
    )
}

/// Plans the rest of an operation and, if confirmed, does it.
pub fn resume(global: &Global, arguments: &Resume) -> Result<Exit, Failure> {
    let whole = journal(global).history()?;
    let record: &Record = history::found(&whole, &arguments.id)?;
    associate::run(global, &arguments.change, arguments.restart, |inventory| resume::plan(inventory, record))
}
