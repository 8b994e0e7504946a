//! `rolecall check`: findings with exit codes for scripts and CI.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Exit, Global, Output, complain, print, usage};
use crate::{
    domain::{failure::Failure, finding::Severity},
    report::{
        Format, Kind, Request,
        baseline::Baseline,
        check::{self, Check, CheckFormat},
    },
};

/// What fails, and what has been accepted.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Exit with 1 if there are findings of this severity or a worse one
    #[arg(long, value_enum, default_value = "error")]
    pub fail_on: FailOn,
    /// Findings that have been accepted (who, why, until when)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Read the pod template of every workload, too: what its next pods get (a call for each)
    #[arg(long)]
    pub templates: bool,
    /// Accept all findings as they stand, and write them here
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
}

/// The threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Only errors.
    Error,
    /// Warnings, too.
    Warning,
    /// Everything.
    Notice,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Notice => Self::Notice,
        }
    }
}

/// Looks once and checks.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let (filter, format) = (global.query()?, format(global)?);
    let baseline = arguments.baseline.as_deref().map(read).transpose()?;
    let survey = global.survey_with(&|inventory| match arguments.templates {
        true => inventory.workload_ids().cloned().collect(),
        false => Vec::new(),
    })?;
    if let Some(failure) = survey.refusal() {
        return Err(failure);
    }
    let request = Request {
        filter: filter.as_ref(),
        namespace: global.namespace.as_deref(),
        options: global.report_options(),
        ..Request::new(Kind::Findings, Format::Table, Timestamp::now())
    };
    if let Some(path) = &arguments.write_baseline {
        let findings = check::chosen(&request, &survey.inventory);
        write(path, &Baseline::of(&findings, baseline.as_ref()))?;
        complain(&format!("{} findings accepted in {}; say who, why and until when", findings.len(), path.display()));
        return Ok(Exit::Done);
    }
    let fail_on = arguments.fail_on.into();
    let question = Check { request, format, fail_on, baseline: baseline.as_ref() };
    let checked = check::check(&question, &survey.inventory);
    print(&checked.rendered.stdout)?;
    if !checked.rendered.stderr.is_empty() {
        complain(checked.rendered.stderr.trim_end());
    }
    Ok(match (checked.failing, checked.rendered.complete) {
        (1.., _) => Exit::Refused,
        (0, false) => Exit::Failed,
        (0, true) => Exit::Done,
    })
}

fn format(global: &Global) -> Result<CheckFormat, Failure> {
    Ok(match global.output {
        Some(Output::Sarif) => CheckFormat::Sarif,
        Some(Output::Junit) => CheckFormat::Junit,
        _ => CheckFormat::List(global.format()?),
    })
}

fn read(path: &Path) -> Result<Baseline, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("cannot read the baseline {}", path.display());
        usage(what, error.to_string(), "Write one with --write-baseline")
    })?;
    Baseline::parse(&path.display().to_string(), &text)
}

fn write(path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    std::fs::write(path, baseline.text()).map_err(|error| {
        let what = format!("cannot write the baseline {}", path.display());
        usage(what, error.to_string(), "Name a file in a folder that exists")
    })
}
