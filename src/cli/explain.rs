//! `rolecall explain`: the identity chain in words, also the plain mode for a screen reader.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Exit, Global, Output, print, usage};
use crate::{
    domain::{
        failure::Failure,
        id::{PodId, ServiceAccountId},
    },
    report::{
        explain::{self, Subject},
        picture::{self, Drawing},
    },
};

/// Of what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What kind of thing
    pub kind: Kind,
    /// NAMESPACE/NAME, or the name or ARN of a role
    pub name: String,
    /// Draw it as SVG into this file; - is stdout
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// What has a chain.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// A pod
    #[value(alias = "pods")]
    Pod,
    /// A service account
    #[value(alias = "serviceaccount")]
    Sa,
    /// A role
    #[value(alias = "roles")]
    Role,
}

/// Looks once and explains, in words or as a picture.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let subject = subject(arguments)?;
    let drawing = drawing(global, arguments)?;
    let survey = global.survey_with(&|inventory| match &subject {
        Subject::Pod(id) => inventory.pod(id).map(|pod| pod.workload.clone()).into_iter().collect(),
        Subject::ServiceAccount(_) | Subject::Role(_) => Vec::new(),
    })?;
    let (inventory, now, options) = (&survey.inventory, Timestamp::now(), global.report_options());
    let text = match drawing {
        Some(drawing) => picture::draw(inventory, &subject, drawing, now, options)?,
        None => explain::explain(inventory, &subject, now, options)?,
    };
    match &arguments.svg {
        Some(file) if file.as_os_str() != "-" => write(file, &text)?,
        _ => print(&text)?,
    }
    Ok(Exit::Done)
}

/// Words, unless a picture is asked for.
fn drawing(global: &Global, arguments: &Arguments) -> Result<Option<Drawing>, Failure> {
    match (global.output, &arguments.svg) {
        (None | Some(Output::Table | Output::Wide), None) => Ok(None),
        (Some(Output::Mermaid), None) => Ok(Some(Drawing::Mermaid)),
        (None, Some(_)) => Ok(Some(Drawing::Svg)),
        (Some(_), Some(_)) => {
            Err(usage("this cannot be printed so", "--svg is a format already", "Leave -o out, or --svg"))
        }
        (Some(_), None) => Err(usage(
            "this cannot be printed so",
            "a chain is told in words or drawn",
            "Leave -o out, choose mermaid, or give --svg FILE; `rolecall get` has the data",
        )),
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| {
        usage(format!("cannot write {}", file.display()), error.to_string(), "Choose another file, or - for stdout")
    })
}

fn subject(arguments: &Arguments) -> Result<Subject, Failure> {
    Ok(match arguments.kind {
        Kind::Pod => {
            let (namespace, name) = namespaced(&arguments.name)?;
            Subject::Pod(PodId::new(namespace, name))
        }
        Kind::Sa => Subject::ServiceAccount(service_account(&arguments.name)?),
        Kind::Role => Subject::Role(arguments.name.clone()),
    })
}

/// `NAMESPACE/NAME` of a service account.
pub(super) fn service_account(text: &str) -> Result<ServiceAccountId, Failure> {
    let (namespace, name) = namespaced(text)?;
    Ok(ServiceAccountId::new(namespace, name))
}

/// `NAMESPACE/NAME`.
pub(super) fn namespaced(text: &str) -> Result<(&str, &str), Failure> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((namespace, name))
        }
        _ => Err(usage(format!("`{text}` names nothing"), "a namespace and a name are needed", "Write NAMESPACE/NAME")),
    }
}
