//! What changed a role and a service account, and who failed to become the role, as CloudTrail has it: which events are
//! looked up, which of them count, and what they say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    failure::{Failure, FailureKind},
    id::{RoleArn, ServiceAccountId},
    identity::{Mechanism, admission::short},
    inventory::Inventory,
};

/// How far back edits are looked for.
pub const EDITS: SignedDuration = SignedDuration::from_hours(24);

/// How far back failed attempts are looked for.
pub const ATTEMPTS: SignedDuration = SignedDuration::from_hours(1);

/// Requests a second that CloudTrail answers.
pub const RATE: usize = 2;

/// Where events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the region of the cluster: EKS, STS.
    Region,
    /// In the region where the partition keeps what is global: IAM.
    Global,
}

/// By what events are found; CloudTrail takes one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The name of the event.
    Name(&'static str),
    /// The name or ARN of a resource.
    Resource(String),
}

/// One lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Where.
    pub place: Place,
    /// By what.
    pub by: By,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id in CloudTrail.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `UpdateAssumeRolePolicy`
    pub name: String,
    /// Who.
    pub caller: Option<String>,
    /// From which address.
    pub from: Option<String>,
    /// Code and sentence, if it was refused.
    pub error: Option<(String, String)>,
    /// Parameters that are texts.
    pub parameters: BTreeMap<String, String>,
}

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The roles.
    pub roles: Vec<RoleArn>,
    /// The service account, if it is about one.
    pub account: Option<ServiceAccountId>,
    /// Its association.
    pub association: Option<String>,
    /// Customer managed policies that are attached to the roles.
    pub policies: BTreeSet<String>,
}

/// Edits of a role that change whom it admits or what it may do.
const ROLE_EDITS: &[&str] = &[
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "TagRole",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
];

/// Edits of associations.
const ASSOCIATION_EDITS: &[&str] =
    &["CreatePodIdentityAssociation", "DeletePodIdentityAssociation", "UpdatePodIdentityAssociation"];

/// Edits of managed policies.
const POLICY_EDITS: &[&str] = &["CreatePolicyVersion", "SetDefaultPolicyVersion"];

/// Calls that give credentials to pods.
const EXCHANGES: &[&str] = &["AssumeRoleForPodIdentity", "AssumeRoleWithWebIdentity"];

/// The roles that a service account uses or would use, with its association.
///
/// # Errors
/// `NotFound` if it has neither a role nor an association.
pub fn of_account(inventory: &Inventory, id: &ServiceAccountId) -> Result<Subject, Failure> {
    let mut roles = BTreeSet::new();
    let next = inventory.next_of(id);
    let pods = inventory.pods_of_service_account(id);
    let now = pods.iter().map(|row| &*row.resolution.now);
    for identity in now.chain([&next]).filter(|one| matches!(one.mechanism, Mechanism::Irsa | Mechanism::PodIdentity)) {
        roles.extend(identity.role_arn.iter().chain(&identity.target_role_arn).cloned());
    }
    let association = inventory.association_of(id).map(|association| association.id.to_string());
    if roles.is_empty() && association.is_none() {
        let next = "`rolecall get serviceaccounts` shows who has one";
        let why = "it has neither a role nor an association of its own";
        return Err(Failure::new(FailureKind::NotFound, format!("nothing to look up for {id}"), why, next));
    }
    let policies = policies(inventory, &roles);
    Ok(Subject { roles: roles.into_iter().collect(), account: Some(id.clone()), association, policies })
}

/// One role.
pub fn of_role(inventory: &Inventory, arn: &RoleArn) -> Subject {
    let roles = BTreeSet::from([arn.clone()]);
    Subject { policies: policies(inventory, &roles), roles: vec![arn.clone()], ..Subject::default() }
}

/// Customer managed policies of the roles, as far as they were read.
fn policies(inventory: &Inventory, roles: &BTreeSet<RoleArn>) -> BTreeSet<String> {
    let details = roles.iter().filter_map(|role| inventory.role_detail(role));
    let arns = details.flat_map(|detail| detail.policies()).filter_map(|policy| policy.arn.as_deref());
    arns.filter(|arn| !arn.contains(":iam::aws:")).map(str::to_owned).collect()
}

impl Subject {
    /// The lookups of edits.
    pub fn edits(&self, now: Timestamp) -> Vec<Lookup> {
        let from = now.saturating_sub(EDITS).unwrap_or(now);
        let lookup = |place, by| Lookup { place, by, from, to: now };
        let mut lookups: Vec<Lookup> =
            self.roles.iter().map(|role| lookup(Place::Global, By::Resource(short(role)))).collect();
        if !self.policies.is_empty() {
            lookups.extend(POLICY_EDITS.iter().map(|name| lookup(Place::Global, By::Name(name))));
        }
        if self.account.is_some() {
            lookups.extend(ASSOCIATION_EDITS.iter().map(|name| lookup(Place::Region, By::Name(name))));
        }
        lookups
    }

    /// The lookups of failed attempts.
    pub fn attempts(&self, now: Timestamp) -> Vec<Lookup> {
        let from = now.saturating_sub(ATTEMPTS).unwrap_or(now);
        EXCHANGES.iter().map(|name| Lookup { place: Place::Region, by: By::Name(name), from, to: now }).collect()
    }

    /// Whether an event is about it.
    pub fn concerns(&self, event: &Event) -> bool {
        let name = event.name.as_str();
        if ROLE_EDITS.contains(&name) {
            let role = event.parameters.get("roleName");
            return role.is_some_and(|role| self.roles.iter().any(|arn| short(arn) == *role));
        }
        if POLICY_EDITS.contains(&name) {
            return event.parameters.get("policyArn").is_some_and(|arn| self.policies.contains(arn));
        }
        if ASSOCIATION_EDITS.contains(&name) {
            return self.is_its_association(event);
        }
        EXCHANGES.contains(&name) && event.error.is_some() && self.is_its_attempt(event)
    }

    fn is_its_association(&self, event: &Event) -> bool {
        let Some(account) = &self.account else { return false };
        let is = |name: &str, value: &str| event.parameters.get(name).is_some_and(|found| found == value);
        let by_name = is("namespace", account.namespace.as_str()) && is("serviceAccount", account.name.as_str());
        let by_id = self.association.as_ref().is_some_and(|id| event.parameters.values().any(|value| value == id));
        by_name || by_id
    }

    /// CloudTrail says which role a web identity was refused, and of EKS Auth only that it refused somebody.
    fn is_its_attempt(&self, event: &Event) -> bool {
        match event.parameters.get("roleArn") {
            Some(arn) => self.roles.iter().any(|role| role.as_str() == arn),
            None => event.name == "AssumeRoleForPodIdentity" && self.association.is_some(),
        }
    }
}

impl Event {
    /// What happened, in a few words.
    pub fn phrase(&self) -> String {
        let get = |name: &str| self.parameters.get(name).map_or("?", String::as_str);
        let account = || format!("{}/{}", get("namespace"), get("serviceAccount"));
        let policy = |name: &str| get(name).rsplit('/').next().unwrap_or_default().to_owned();
        match self.name.as_str() {
            "UpdateAssumeRolePolicy" => format!("trust policy of {} written", get("roleName")),
            "AttachRolePolicy" => format!("{} attached to {}", policy("policyArn"), get("roleName")),
            "DetachRolePolicy" => format!("{} detached from {}", policy("policyArn"), get("roleName")),
            "PutRolePolicy" => format!("inline policy {} of {} written", get("policyName"), get("roleName")),
            "DeleteRolePolicy" => format!("inline policy {} of {} deleted", get("policyName"), get("roleName")),
            "CreatePolicyVersion" => format!("new version of {}", policy("policyArn")),
            "SetDefaultPolicyVersion" => format!("another version of {} in force", policy("policyArn")),
            "CreatePodIdentityAssociation" => format!("association of {} created", account()),
            "AssumeRoleForPodIdentity" => {
                "a pod of this cluster got no credentials; CloudTrail does not say which".to_owned()
            }
            "AssumeRoleWithWebIdentity" => format!("a token was refused {}", policy("roleArn")),
            other => match self.parameters.get("roleName") {
                Some(role) => format!("{other} of {role}"),
                None => other.to_owned(),
            },
        }
    }
}

/// What the lookups cost, said before: seconds at the rate that CloudTrail allows.
pub fn budget(lookups: &[Lookup]) -> String {
    let seconds = lookups.len().div_ceil(RATE);
    let plural = if lookups.len() == 1 { "" } else { "s" };
    format!(
        "{} request{plural} to CloudTrail at {RATE} a second: about {seconds} s, more where there are many events",
        lookups.len()
    )
}

#[cfg(test)]
mod tests;
