//! `rolecall who`: who could become a role, by which statement of its trust policy.

use clap::Args;
use jiff::Timestamp;

use super::{Exit, Global, complain, explain::service_account, print};
use crate::{
    domain::failure::Failure,
    report::{
        Kind, Request,
        who::{self, Question},
    },
};

/// Who could become what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name or ARN of a role: every service account that could become it
    #[arg(required_unless_present = "of", conflicts_with = "of")]
    pub role: Option<String>,
    /// The reverse: every role that this service account could become
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub of: Option<String>,
    /// Only those that use the role
    #[arg(long)]
    pub using: bool,
}

/// Looks once and answers.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let question = match (&arguments.of, &arguments.role) {
        (Some(of), _) => Question::ServiceAccount(service_account(of)?),
        (None, role) => Question::Role(role.clone().unwrap_or_default()),
    };
    let (filter, format) = (global.query()?, global.format()?);
    let survey = global.survey()?;
    let request = Request {
        filter: filter.as_ref(),
        namespace: global.namespace.as_deref(),
        options: global.report_options(),
        ..Request::new(Kind::Roles, format, Timestamp::now())
    };
    let rendered = who::who(&question, arguments.using, &request, &survey.inventory)?;
    print(&rendered.stdout)?;
    if !rendered.stderr.is_empty() {
        complain(rendered.stderr.trim_end());
    }
    Ok(Exit::Done)
}
