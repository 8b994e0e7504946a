//! `rolecall changed`: who changed a role, its policies and associations in the last day, and who failed to become it.

use clap::Args;
use jiff::Timestamp;

use super::{Exit, Global, complain, explain::service_account, print};
use crate::{
    domain::{
        change::Change,
        failure::{Failure, FailureKind},
        plan::{name_role, role_name},
        trail::{self, Subject},
    },
    report::{Kind, Request, changed},
    runtime::{clock::Clock, start, survey, trail as runtime},
};

/// What is looked up.
#[derive(Args, Debug)]
pub struct Arguments {
    /// NAMESPACE/NAME of a service account, or the name or ARN of a role
    pub name: String,
    /// Failed attempts of the last hour to get its credentials, instead of the edits of the last day
    #[arg(long)]
    pub failed: bool,
    /// Also who did it, and from which address
    #[arg(long)]
    pub who: bool,
}

/// Looks, asks CloudTrail, and prints.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let format = global.format()?;
    start::block_on(async {
        let outside = global.outside(false)?;
        let mut survey = survey::survey(&outside, global.timeout, Clock::System).await?;
        if let Some(failure) = survey.refusal() {
            return Err(failure);
        }
        let session = survey.session.clone().ok_or_else(no_session)?;
        let first = subject(&survey.inventory, &arguments.name)?;
        for role in &first.roles {
            let name = role_name(role).into();
            let detail = session.role_detail(&name).await;
            survey.inventory.apply(vec![Change::RoleDetail(name, detail)], Timestamp::now());
        }
        let subject = subject(&survey.inventory, &arguments.name)?;
        let now = Timestamp::now();
        let lookups = if arguments.failed { subject.attempts(now) } else { subject.edits(now) };
        complain(&format!("{}.", trail::budget(&lookups)));
        let found = runtime::look_up(&session, &subject, &lookups).await;
        let request = Request { options: global.report_options(), ..Request::new(Kind::Roles, format, now) };
        let rendered = changed::events(&found.events, arguments.who, &request, &survey.inventory);
        print(&rendered.stdout)?;
        if !rendered.stderr.is_empty() {
            complain(rendered.stderr.trim_end());
        }
        Ok(told(&found, arguments.failed))
    })?
}

/// What could not be read is said; without any answer it is a failure.
fn told(found: &runtime::Found, attempts: bool) -> Exit {
    for failure in &found.failures {
        complain(&format!("rolecall: {failure}"));
    }
    if found.cut > 0 {
        complain(&format!("{} lookups have more events than were read: look in CloudTrail for the rest.", found.cut));
    }
    match (found.events.is_empty(), found.failures.is_empty()) {
        (true, false) => return Exit::Failed,
        (true, true) if attempts => complain("No failed attempt in the last hour; events arrive some minutes late."),
        (true, true) => complain("Nothing was changed in the last 24 hours; events arrive some minutes late."),
        _ => {}
    }
    Exit::Done
}

fn subject(inventory: &crate::domain::inventory::Inventory, name: &str) -> Result<Subject, Failure> {
    if name.contains('/') && !name.starts_with("arn:") {
        return trail::of_account(inventory, &service_account(name)?);
    }
    Ok(trail::of_role(inventory, &name_role(inventory, name)?))
}

fn no_session() -> Failure {
    let next = "Log in to AWS, or name a profile with --profile";
    Failure::new(FailureKind::Credentials, "cannot ask CloudTrail", "no session with AWS could be opened", next)
}
