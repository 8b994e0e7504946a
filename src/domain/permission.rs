//! Permission policies of a role, evaluated only as far as the few questions that rules ask: may the
//! node role assume for Pod Identity (PI-NODE-ROLE-PERM), may an association's role go on to its target
//! (PI-TARGET-CHAIN), is a node role broad (NODE-ROLE-OVERPRIVILEGED). What was not read is never guessed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{fact::Fact, failure::Failure};

mod document;
mod known;
mod sensitive;
#[cfg(test)]
mod tests;

pub use document::PolicyDocument;
use document::Reading;
pub use known::is_known_by_name;

/// What a node role needs for the agent on its nodes (identity-resolution 4.1).
pub const ASSUME_FOR_POD_IDENTITY: &str = "eks-auth:AssumeRoleForPodIdentity";

/// What only calls for one role tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDetail {
    /// GetRole.
    pub about: Fact<RoleAbout>,
    /// ListAttachedRolePolicies, with the documents that were read.
    pub attached: Fact<Vec<Policy>>,
    /// ListRolePolicies and GetRolePolicy.
    pub inline: Fact<Vec<Policy>>,
    /// The permissions boundary, if `about` names one.
    pub boundary: Option<Policy>,
}

/// What GetRole tells beyond the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleAbout {
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// ARN of its permissions boundary.
    pub boundary_arn: Option<Arc<str>>,
    /// When it was last used, as IAM tracks it (400 days, some hours late).
    pub last_used: Option<Timestamp>,
}

/// One policy of a role.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: Arc<str>,
    /// Its ARN; an inline policy has none.
    pub arn: Option<Arc<str>>,
    /// Its document; `Absent` where the name says enough, so that it was not read.
    pub document: Fact<Arc<PolicyDocument>>,
}

/// Whether a role may do something, by its own policies. What an organization's policies or a session
/// policy take away again cannot be told from here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// A policy allows it; its name.
    Allowed(Arc<str>),
    /// Nothing allows it.
    NotAllowed,
    /// A policy, or the boundary, takes it away; its name.
    Denied(Arc<str>),
    /// It rests on conditions or on what a policy names by a variable.
    Depends(Arc<str>),
    /// The policies cannot be read; the permission that is missing.
    Unknown(Arc<str>),
    /// They have not been read yet.
    Loading,
}

/// The answers of all policies, before they are put together.
#[derive(Default)]
struct Tally {
    allowed: Option<Arc<str>>,
    denied: Option<Arc<str>>,
    may_allow: Option<Arc<str>>,
    may_deny: Option<Arc<str>>,
    unread: Option<Arc<str>>,
    loading: bool,
}

impl RoleDetail {
    /// Takes over a new answer; what failed now never hides what was known before.
    pub fn update(&mut self, answer: Self) {
        self.about.update(answer.about);
        self.attached.update(answer.attached);
        self.inline.update(answer.inline);
        if matches!(self.about, Fact::Known(_)) {
            self.boundary = answer.boundary;
        }
    }

    /// Whether every call about the role was answered.
    pub fn is_answered(&self) -> bool {
        self.about.is_answered() && self.attached.is_answered() && self.inline.is_answered()
    }

    /// The policies that are known.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        [self.attached.known(), self.inline.known()].into_iter().flatten().flatten()
    }

    /// Why something about the role could not be read.
    pub fn failures(&self) -> impl Iterator<Item = &Arc<Failure>> {
        let lists = [self.about.failure(), self.attached.failure(), self.inline.failure()];
        let documents = self.policies().chain(&self.boundary).map(|policy| policy.document.failure());
        lists.into_iter().chain(documents).flatten()
    }

    /// Whether the role may perform `action` on `resource` (an ARN).
    pub fn permission(&self, action: &str, resource: &str) -> Permission {
        let mut tally = Tally::default();
        for (list, call) in [(&self.attached, "iam:ListAttachedRolePolicies"), (&self.inline, "iam:ListRolePolicies")] {
            match list {
                Fact::Known(policies) => policies.iter().for_each(|policy| tally.count(policy, action, resource)),
                Fact::Unknown(failure) => tally.unread = Some(missing(failure, call)),
                Fact::Loading => tally.loading = true,
                Fact::Absent => {}
            }
        }
        let own = tally.answer();
        match (&self.boundary, own) {
            (Some(boundary), Permission::Allowed(by)) => within(boundary, action, resource, by),
            (_, own) => own,
        }
    }

    /// Keys that statements about an action name; `None` while a policy is unread.
    pub fn keys_about(&self, action: &str) -> Option<BTreeSet<String>> {
        self.attached.known()?;
        self.inline.known()?;
        let mut keys = BTreeSet::new();
        for policy in self.policies() {
            match &policy.document {
                Fact::Known(document) => keys.extend(document.keys_about(action)),
                // Policies of AWS that are known by name have no conditions that matter here.
                Fact::Absent => {}
                Fact::Loading | Fact::Unknown(_) => return None,
            }
        }
        Some(keys)
    }

    /// The value that a policy asks of a key, for an action.
    pub fn asked_value(&self, action: &str, key: &str) -> Option<&str> {
        self.policies().filter_map(|policy| policy.document.known()).find_map(|one| one.asked_value(action, key))
    }

    /// The policies that make a role broad: administrator and full-access policies by name, and documents
    /// that allow `*` or `iam:*`. Empty if none of those read is.
    pub fn broad_policies(&self) -> Vec<String> {
        self.policies().filter_map(Policy::breadth).collect()
    }
}

/// A boundary allows nothing by itself; what it does not allow is taken away.
fn within(boundary: &Policy, action: &str, resource: &str, by: Arc<str>) -> Permission {
    let mut limit = Tally::default();
    limit.count(boundary, action, resource);
    match limit.answer() {
        Permission::Allowed(_) => Permission::Allowed(by),
        Permission::NotAllowed | Permission::Denied(_) => Permission::Denied(Arc::clone(&boundary.name)),
        other => other,
    }
}

fn missing(failure: &Failure, usual: &str) -> Arc<str> {
    failure.action.as_deref().unwrap_or(usual).into()
}

impl Tally {
    fn count(&mut self, policy: &Policy, action: &str, resource: &str) {
        let name = || Some(Arc::clone(&policy.name));
        match &policy.document {
            Fact::Known(document) => match document.read(action, resource) {
                Reading::Allows => self.allowed = self.allowed.take().or_else(name),
                Reading::Denies => self.denied = self.denied.take().or_else(name),
                Reading::MayAllow(on) => self.may_allow = Some(on.into()),
                Reading::MayDeny(on) => self.may_deny = Some(on.into()),
                Reading::Silent => {}
            },
            Fact::Loading => self.loading = true,
            Fact::Unknown(failure) if failure.action.is_some() => self.unread = Some(missing(failure, "")),
            Fact::Unknown(_) => self.may_allow = Some("policy document".into()),
            Fact::Absent if known::allows(&policy.name, action) => self.allowed = self.allowed.take().or_else(name),
            Fact::Absent => {}
        }
    }

    fn answer(self) -> Permission {
        let Self { allowed, denied, may_allow, may_deny, unread, loading } = self;
        denied
            .map(Permission::Denied)
            .or(loading.then_some(Permission::Loading))
            .or(may_deny.map(Permission::Depends))
            .or(allowed.map(Permission::Allowed))
            .or(may_allow.map(Permission::Depends))
            .or(unread.map(Permission::Unknown))
            .unwrap_or(Permission::NotAllowed)
    }
}

impl Policy {
    fn breadth(&self) -> Option<String> {
        if self.arn.as_deref().is_some_and(known::is_of_aws) && known::is_broad(&self.name) {
            return Some(self.name.to_string());
        }
        let action = self.document.known()?.broad_action()?;
        Some(format!("{} allows {action}", self.name))
    }
}
