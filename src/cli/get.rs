//! `rolecall get`: one look, printed.

use std::io::IsTerminal;

use clap::Args;
use jiff::Timestamp;

use super::{Exit, Global, Output, complain, print, usage};
use crate::{
    domain::{failure::Failure, query::Query},
    report::{self, Format, Kind, Options, Request},
    runtime::{clock::Clock, start, survey, terminal},
};

/// What is listed.
#[derive(Args, Debug)]
pub struct Arguments {
    /// pods, serviceaccounts (sa), namespaces (ns), roles, associations, nodes, findings or overview
    #[arg(value_parser = kind)]
    pub kind: Kind,
    /// Only this one: NAMESPACE/NAME, NAME, an ARN or an id
    pub name: Option<String>,
}

impl Arguments {
    /// What the explorer would show first.
    pub fn pods() -> Self {
        Self { kind: Kind::Pods, name: None }
    }
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::named(word).ok_or_else(|| {
        let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        format!("nothing is called `{word}`; there are {}", known.join(", "))
    })
}

/// Looks once and prints.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let (filter, format) = (global.query()?, global.format()?);
    let survey = global.survey()?;
    let request = Request {
        filter: filter.as_ref(),
        namespace: global.namespace.as_deref(),
        name: arguments.name.as_deref(),
        options: global.report_options(),
        ..Request::new(arguments.kind, format, Timestamp::now())
    };
    let rendered = report::render(&request, &survey.inventory)?;
    print(&rendered.stdout)?;
    if !rendered.stderr.is_empty() {
        complain(rendered.stderr.trim_end());
    }
    Ok(Exit::Done)
}

/// A format of plans where nothing is planned.
pub(super) fn no_plan() -> Failure {
    usage(
        "this cannot be printed so",
        "the format is one for plans, and this command changes nothing",
        "Use it with associate, dissociate and their like, or choose table, wide, json, jsonl, csv or markdown",
    )
}

fn no_check() -> Failure {
    usage(
        "this cannot be printed so",
        "SARIF and JUnit hold findings",
        "Use them with check, or choose table, wide, json, jsonl, csv or markdown",
    )
}

fn no_picture() -> Failure {
    usage(
        "this cannot be printed so",
        "only a chain or a role can be drawn",
        "Use mermaid with explain, or choose table, wide, json, jsonl, csv or markdown",
    )
}

impl Global {
    /// The filter, if there is one.
    pub(super) fn query(&self) -> Result<Option<Query>, Failure> {
        let parse = |text: &String| {
            Query::parse(text).map_err(|error| {
                usage(
                    format!("cannot read the filter `{text}`"),
                    error.to_string(),
                    "Write words, ns: sa: role: node: now: next: state: image: code: severity: terms, ! to negate, ~ for a regular expression",
                )
            })
        };
        self.filter.as_ref().map(parse).transpose()
    }

    /// One look at everything, ended by Ctrl-C.
    pub(super) fn survey(&self) -> Result<survey::Survey, Failure> {
        self.survey_with(&|_| Vec::new())
    }

    /// The same, and at the pod templates of the chosen workloads.
    pub(super) fn survey_with(&self, templates: survey::Chooser<'_>) -> Result<survey::Survey, Failure> {
        if self.context.len() > 1 {
            let why = "a command looks at one, the explorer at several";
            return Err(usage("there is more than one --context", why, "Run it once for each"));
        }
        start::block_on(async {
            let outside = self.outside(false)?;
            survey::survey_with(&outside, self.timeout, Clock::System, templates).await
        })?
    }

    pub(super) fn report_options(&self) -> Options {
        let to_terminal = std::io::stdout().is_terminal();
        let width = if to_terminal { terminal::width() } else { None };
        Options { redact: self.redact, ascii: self.ascii, width }
    }

    pub(super) fn format(&self) -> Result<Format, Failure> {
        Ok(match self.output.unwrap_or(Output::Table) {
            Output::Table => Format::Table,
            Output::Wide => Format::Wide,
            Output::Json => Format::Json,
            Output::Jsonl => Format::Jsonl,
            Output::Csv => Format::Csv,
            Output::Markdown => Format::Markdown,
            Output::AwsCli | Output::Terraform | Output::Eksctl | Output::Cloudformation | Output::Ack => {
                return Err(no_plan());
            }
            Output::Sarif | Output::Junit => return Err(no_check()),
            Output::Mermaid => return Err(no_picture()),
        })
    }
}
