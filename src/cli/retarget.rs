//! `rolecall retarget`: another role, target role, session policy or tags for an association that exists.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{
    Exit, Global,
    associate::{self, Change, read_policy, tag},
    explain::service_account,
};
use crate::domain::{
    failure::Failure,
    plan::{
        dissociate::Target,
        retarget::{self, RetargetRequest},
        trust::Narrow,
    },
};

/// What is to be another; what is not named stays.
#[derive(Args, Debug)]
#[group(id = "whose", required = true, multiple = false, args = ["service_account", "id"])]
pub struct Retarget {
    /// NAMESPACE/NAME of the service account
    pub service_account: Option<String>,
    /// Id of the association, a-…
    #[arg(long)]
    pub id: Option<String>,
    /// The role, by name or ARN, in the cluster's account
    #[arg(long)]
    pub role: Option<String>,
    /// A role of any account, assumed in a second hop
    #[arg(long, value_name = "ARN", conflicts_with = "no_target_role")]
    pub target_role: Option<String>,
    /// No second hop any more
    #[arg(long)]
    pub no_target_role: bool,
    /// Send session tags
    #[arg(long, conflicts_with = "no_session_tags")]
    pub session_tags: bool,
    /// Send no session tags
    #[arg(long)]
    pub no_session_tags: bool,
    /// Session policy, a JSON file; only without session tags
    #[arg(long, value_name = "FILE", conflicts_with = "no_session_policy")]
    pub session_policy: Option<PathBuf>,
    /// No session policy any more
    #[arg(long)]
    pub no_session_policy: bool,
    /// A tag of the association to set, KEY=VALUE
    #[arg(long = "tag", value_name = "K=V", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// Key of a tag to take away
    #[arg(long = "untag", value_name = "KEY")]
    pub untag: Vec<String>,
    /// Edit the role's trust policy first where it does not let EKS in
    #[arg(long)]
    pub fix_trust: bool,
    /// Restart the workloads that a restart would help
    #[arg(long)]
    pub restart: bool,
    /// How it is confirmed.
    #[command(flatten)]
    pub change: Change,
}

/// Plans the change of an association and, if confirmed, makes it.
pub fn retarget(global: &Global, arguments: &Retarget) -> Result<Exit, Failure> {
    let target = match (&arguments.service_account, &arguments.id) {
        (Some(text), _) => Target::ServiceAccount(service_account(text)?),
        (None, id) => Target::Association(id.clone().unwrap_or_default().into()),
    };
    let policy = arguments.session_policy.as_ref().map(read_policy).transpose()?;
    associate::run(global, &arguments.change, arguments.restart, |inventory| {
        let role_arn = arguments.role.as_deref().map(|text| associate::role(inventory, text)).transpose()?;
        let gone = arguments.no_target_role.then_some(None);
        let request = RetargetRequest {
            role_arn,
            target_role_arn: arguments.target_role.as_deref().map(|arn| Some(arn.into())).or(gone),
            disable_session_tags: match (arguments.no_session_tags, arguments.session_tags) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            policy: policy.clone().map(Some).or(arguments.no_session_policy.then_some(None)),
            tags: arguments.tags.clone(),
            untag: arguments.untag.clone(),
            fix_trust: arguments.fix_trust.then(Narrow::default),
            ..RetargetRequest::new(target.clone())
        };
        retarget::plan(inventory, &request, Timestamp::now())
    })
}
