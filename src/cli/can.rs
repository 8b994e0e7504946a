//! `rolecall can` and `who-can`: what an identity may do, and who may do it.

use clap::Args;
use jiff::Timestamp;

use super::{Exit, Global, complain, print, usage, whom::Kind};
use crate::{
    domain::{
        access::{Can, Inquiry, NOT_EVALUATED, Ruling, action, inquire},
        arn::Arn,
        failure::{Failure, FailureKind},
        inventory::Inventory,
        proof::Whom,
    },
    report::{Kind as Listed, Request, access as words},
    runtime::{access, clock::Clock, start, survey},
};

/// Who, and what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What kind of thing
    #[arg(value_parser = Kind::of_one())]
    pub kind: Kind,
    /// NAMESPACE/NAME
    pub name: String,
    /// SERVICE:NAME, such as s3:GetObject
    pub action: String,
    /// The ARN of what it is done on (default: anything, *)
    pub resource: Option<String>,
}

/// What may be done, by whom.
#[derive(Args, Debug)]
pub struct Reverse {
    /// SERVICE:NAME, such as s3:GetObject
    pub action: String,
    /// The ARN of what it is done on, or *
    pub resource: String,
    /// Also those who may not
    #[arg(long)]
    pub all: bool,
}

/// Looks, asks IAM, and answers.
pub fn can(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let action = action(&arguments.action)?;
    let resource = arguments.resource.as_deref().map(resource).transpose()?.flatten();
    let whom = arguments.kind.whom(&arguments.name)?.ok_or_else(many)?;
    let format = global.format()?;
    start::block_on(async {
        let survey = look(global).await?;
        let now = Timestamp::now();
        let inquiry = inquire(&survey.inventory, &whom, &action, resource, now)?;
        let session = survey.session.as_ref().ok_or_else(no_session)?;
        let ruling = access::ask(session, &inquiry).await;
        let can = ruling.can;
        let request = Request { options: global.report_options(), ..Request::new(Listed::Roles, format, now) };
        show(&words::can(&(inquiry, ruling), &request, &survey.inventory))?;
        Ok(match can {
            Can::Yes => Exit::Done,
            Can::No => Exit::Refused,
            Can::Depends | Can::Unknown => Exit::Failed,
        })
    })?
}

/// The same question about every service account.
pub fn who_can(global: &Global, arguments: &Reverse) -> Result<Exit, Failure> {
    let action = action(&arguments.action)?;
    let resource = resource(&arguments.resource)?;
    let format = global.format()?;
    start::block_on(async {
        let survey = look(global).await?;
        let now = Timestamp::now();
        let (inquiries, without) = inquiries(global, &survey.inventory, &action, resource, now);
        let session = survey.session.as_ref().ok_or_else(no_session)?;
        let rulings = access::ask_many(session, &inquiries).await;
        let mut found: Vec<(Inquiry, Ruling)> = inquiries.into_iter().zip(rulings).collect();
        let asked = found.len();
        let unknown = found.iter().filter(|(_, ruling)| ruling.can == Can::Unknown).count();
        found.retain(|(_, ruling)| arguments.all || ruling.can != Can::No);
        let request = Request { options: global.report_options(), ..Request::new(Listed::Roles, format, now) };
        show(&words::who_can(&found, &request, &survey.inventory))?;
        complain(&format!(
            "{asked} service accounts asked about, {} may not, {unknown} not known; {without} have no role that is known. Not evaluated: {NOT_EVALUATED}.",
            asked - found.iter().filter(|(_, ruling)| ruling.can != Can::No).count()
        ));
        Ok(Exit::Done)
    })?
}

/// One question for each service account that has a role; and how many have none.
fn inquiries(
    global: &Global,
    inventory: &Inventory,
    action: &str,
    resource: Option<&str>,
    now: Timestamp,
) -> (Vec<Inquiry>, usize) {
    let rows = inventory.service_accounts();
    let chosen = |namespace: &str| global.namespace.as_deref().is_none_or(|wanted| wanted == namespace);
    let accounts: Vec<_> = rows.into_iter().map(|row| row.id).filter(|id| chosen(id.namespace.as_str())).collect();
    let all = accounts.len();
    let ask = |id| inquire(inventory, &Whom::ServiceAccount(id), action, resource, now).ok();
    let found: Vec<Inquiry> = accounts.into_iter().filter_map(ask).collect();
    let without = all - found.len();
    (found, without)
}

async fn look(global: &Global) -> Result<survey::Survey, Failure> {
    let outside = global.outside(false)?;
    let survey = survey::survey(&outside, global.timeout, Clock::System).await?;
    match survey.refusal() {
        Some(failure) => Err(failure),
        None => Ok(survey),
    }
}

fn show(rendered: &crate::report::Rendered) -> Result<(), Failure> {
    print(&rendered.stdout)?;
    if !rendered.stderr.is_empty() {
        complain(rendered.stderr.trim_end());
    }
    Ok(())
}

fn many() -> Failure {
    usage(
        "one identity is asked about",
        "a namespace has many",
        "`rolecall who-can -n NAMESPACE` asks about all of them",
    )
}

fn no_session() -> Failure {
    let next = "Log in to AWS, or name a profile with --profile";
    Failure::new(FailureKind::Credentials, "cannot ask IAM", "no session with AWS could be opened", next)
}

/// The action as the list spells it; one that is not in it is asked about all the same, and said.
fn action(text: &str) -> Result<String, Failure> {
    let action = action::read(text)?;
    if let Some(doubt) = action.doubt {
        complain(&format!("rolecall: {doubt}"));
    }
    Ok(action.name)
}

/// `*` is anything.
fn resource(text: &str) -> Result<Option<&str>, Failure> {
    match text {
        "*" => Ok(None),
        _ if text.parse::<Arn>().is_ok() && text.len() <= 2048 => Ok(Some(text)),
        _ => Err(usage(
            format!("`{text}` is no resource"),
            "the simulator takes ARNs of at most 2,048 characters",
            "Write an ARN such as arn:aws:s3:::bucket/key, or *",
        )),
    }
}
