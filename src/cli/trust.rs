//! `rolecall trust eval` and `trust lint`: the evaluator on documents from files.

use std::{
    io::{BufRead, Read},
    path::PathBuf,
};

use clap::{Args, Subcommand};

use super::{Exit, complain, print, usage};
use crate::domain::{
    failure::Failure,
    trust::{self, Document},
};

/// What to do with trust policies.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Which.
    #[command(subcommand)]
    pub what: What,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum What {
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

/// Evaluates or lints.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Eval { file } => evaluate(file),
        What::Lint { file } => lint(file),
    }
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
    let mut text = String::new();
    open(file)?.read_to_string(&mut text).map_err(|error| unreadable(file, &error))?;
    let document = Document::parse(&text).map_err(|error| {
        usage(
            format!("{} is no trust policy", file.display()),
            format!("line {} column {}: {}", error.line, error.column, error.message),
            "Correct it there",
        )
    })?;
    let lints = trust::lints(&document);
    let mut places = document.places();
    for found in &lints {
        let (line, column) = places.at(found.span.start);
        let code = found.code;
        print(&format!("{}:{line}:{column}: {code}: {}\n", file.display(), found.message))?;
    }
    Ok(if lints.is_empty() { Exit::Done } else { Exit::Refused })
}

fn open(file: &PathBuf) -> Result<Box<dyn BufRead>, Failure> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    Ok(Box::new(std::io::BufReader::new(opened)))
}

fn unreadable(file: &std::path::Path, error: &std::io::Error) -> Failure {
    usage(format!("cannot read {}", file.display()), error.to_string(), "Check the path")
}
