//! `rolecall explain`: the identity chain in words, also the plain mode for a screen reader.

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Exit, Global, print, usage};
use crate::{
    domain::{
        failure::Failure,
        id::{PodId, ServiceAccountId},
    },
    report::explain::{self, Subject},
};

/// Of what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What kind of thing
    pub kind: Kind,
    /// NAMESPACE/NAME, or the name or ARN of a role
    pub name: String,
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

/// Looks once and explains.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let subject = subject(arguments)?;
    let survey = global.survey_with(&|inventory| match &subject {
        Subject::Pod(id) => inventory.pod(id).map(|pod| pod.workload.clone()).into_iter().collect(),
        Subject::ServiceAccount(_) | Subject::Role(_) => Vec::new(),
    })?;
    let text = explain::explain(&survey.inventory, &subject, Timestamp::now(), global.report_options())?;
    print(&text)?;
    Ok(Exit::Done)
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
