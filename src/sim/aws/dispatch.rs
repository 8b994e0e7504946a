//! From what was asked to the service that answers it, and the sentences and
//! transitions that concern the account as a whole.

use jiff::Timestamp;

use super::account::AddonChange;
use super::call::Asked;
use super::error::{self, Failure, Service};
use super::model::State;
use super::{cloudtrail, ec2, eks, eks_auth, iam, sts};

/// Stands for the request id in an XML answer until that is known; private-use
/// characters, so that no name or document can hold it.
pub const REQUEST_ID: &str = "\u{e000}request-id\u{e000}";

/// Performs what was asked and gives the body of the answer.
pub fn perform(state: &mut State, asked: &Asked, now: Timestamp) -> Result<String, Failure> {
    match asked.service {
        Service::Eks => eks::perform(state, asked, now).map(|answer| answer.to_string()),
        Service::EksAuth => eks_auth::perform(state, asked, now).map(|answer| answer.to_string()),
        Service::CloudTrail => cloudtrail::perform(state, asked, now).map(|answer| answer.to_string()),
        Service::Iam => iam::perform(state, &asked.operation, &asked.parameters, now),
        Service::Sts => sts::perform(state, &asked.operation, &asked.parameters, now),
        Service::Ec2 => ec2::perform(state, &asked.operation, &asked.parameters),
    }
}

/// The refusal for want of a permission, naming caller, action and resource.
pub fn denied(state: &State, asked: &Asked) -> Failure {
    if asked.operation == "AssumeRoleWithWebIdentity" {
        // Nobody signs it: the refusal names no caller.
        return sts::web_identity_refusal();
    }
    let resource = match asked.service {
        Service::Eks | Service::EksAuth => eks::resource(state, asked),
        Service::Iam => iam::resource(state, &asked.parameters),
        Service::Sts => asked.parameters.get("RoleArn").unwrap_or("*").to_owned(),
        Service::Ec2 | Service::CloudTrail => "*".to_owned(),
    };
    error::denied(asked.service, &state.caller_arn, &asked.operation, &resource)
}

/// The name of an add-on whose call has not ended yet.
pub fn pending_addon(state: &State) -> Option<String> {
    let pending = |status: &str| matches!(status, "CREATING" | "UPDATING" | "DELETING");
    let addon = state.addons.values().find(|addon| pending(&addon.status))?;
    Some(addon.name.clone())
}

/// Ends the call of an add-on.
pub fn finish_addon(state: &mut State, name: &str, now: Timestamp) -> Option<AddonChange> {
    let addon = state.addons.get_mut(name)?;
    let name = name.to_owned();
    if addon.status == "DELETING" {
        state.addons.remove(&name);
        return Some(AddonChange::Removed { name });
    }
    addon.status = "ACTIVE".to_owned();
    addon.modified_at = now;
    let version = addon.version.clone();
    Some(AddonChange::Installed { name, version })
}
