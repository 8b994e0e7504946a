//! Planning changes of an association that exists: role, target role, session tags, session policy and tags.
//! Namespace and service account cannot be changed (identity-resolution 4.3); agents go on with what they have
//! cached (4.4).

use jiff::Timestamp;

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::{Pods, own_mechanism, role_name, words},
    command::command,
    dissociate::{self, Target},
    hops, precondition as check,
    rules::Asked,
    trust::{self, Edited, Narrow, TrustEdit, TrustRequest},
};
use crate::domain::{
    association::{Association, AssociationDetail, Settings},
    failure::{Failure, FailureKind},
    id::RoleArn,
    identity::{Identity, Mechanism, Verdict, injection::Proposal},
    inventory::Inventory,
    row::PodRow,
};

/// What is asked for; what is `None` stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetargetRequest {
    /// Which association.
    pub target: Target,
    /// Another role, in the cluster's account.
    pub role_arn: Option<RoleArn>,
    /// Another target role; `Some(None)` takes it away.
    pub target_role_arn: Option<Option<RoleArn>>,
    /// Whether session tags are left out.
    pub disable_session_tags: Option<bool>,
    /// Another session policy; `Some(None)` takes it away.
    pub policy: Option<Option<String>>,
    /// Tags to set.
    pub tags: Vec<(String, String)>,
    /// Keys of tags to take away.
    pub untag: Vec<String>,
    /// Edit the role's trust policy first where it does not let EKS in, narrowed this far.
    pub fix_trust: Option<Narrow>,
}

impl RetargetRequest {
    /// A request that changes nothing yet.
    pub fn new(target: impl Into<Target>) -> Self {
        Self {
            target: target.into(),
            role_arn: None,
            target_role_arn: None,
            disable_session_tags: None,
            policy: None,
            tags: Vec::new(),
            untag: Vec::new(),
            fix_trust: None,
        }
    }
}

/// Plans the change of one association.
///
/// # Errors
/// There is no such association or it cannot be told what it is now; nothing would change; and what would be
/// refused of a new one.
pub fn plan(inventory: &Inventory, request: &RetargetRequest, now: Timestamp) -> Result<Plan, Failure> {
    let association = dissociate::find(inventory, &request.target)?;
    let detail = association.detail.known().ok_or_else(|| undescribed(association))?;
    let before = detail.updatable();
    let after = wanted(request, &before);
    asked(&after, &request.tags).validate(inventory)?;
    let change = Change { inventory, association, detail, request, before, after, now };
    let steps = change.steps()?;
    if steps.is_empty() {
        let why = format!("{} has all of that already", association.id);
        return Err(Failure::new(FailureKind::Usage, "there is nothing to change", why, "Name what is to be another"));
    }
    Ok(change.plan(steps))
}

fn undescribed(association: &Association) -> Failure {
    let failure = association.detail.failure().map(|failure| failure.as_ref().clone());
    failure.unwrap_or_else(|| {
        Failure::new(
            FailureKind::Server,
            format!("association {} cannot be changed", association.id),
            "it has not been described yet",
            "Wait until it is read and try again",
        )
    })
}

fn asked<'a>(settings: &'a Settings, tags: &'a [(String, String)]) -> Asked<'a> {
    Asked {
        role_arn: &settings.role_arn,
        target_role_arn: settings.target_role_arn.as_ref(),
        disable_session_tags: settings.disable_session_tags,
        policy: settings.policy.as_deref(),
        tags,
    }
}

fn wanted(request: &RetargetRequest, before: &Settings) -> Settings {
    Settings {
        role_arn: request.role_arn.clone().unwrap_or_else(|| before.role_arn.clone()),
        target_role_arn: request.target_role_arn.clone().unwrap_or_else(|| before.target_role_arn.clone()),
        disable_session_tags: request.disable_session_tags.unwrap_or(before.disable_session_tags),
        policy: request.policy.clone().map_or_else(|| before.policy.clone(), |policy| policy.map(Into::into)),
    }
}

struct Change<'a> {
    inventory: &'a Inventory,
    association: &'a Association,
    detail: &'a AssociationDetail,
    request: &'a RetargetRequest,
    before: Settings,
    after: Settings,
    now: Timestamp,
}

impl<'a> Change<'a> {
    /// The edit that lets EKS in, where it was asked for and is needed.
    fn edited(&self) -> Option<Result<Edited<'a>, Precondition>> {
        let edit = TrustEdit::AdmitPodIdentity {
            service_account: self.association.service_account.clone(),
            session_tags: !self.after.disable_session_tags,
            narrow: self.request.fix_trust?,
        };
        let edits = TrustRequest { role_arn: self.after.role_arn.clone(), edits: vec![edit] };
        match trust::edited(self.inventory, &edits, self.now) {
            Ok(edited) => (!edited.sentences.is_empty()).then_some(Ok(edited)),
            Err(refusal) => Some(Err(refusal)),
        }
    }

    fn steps(&self) -> Result<Vec<Step>, Failure> {
        let mut calls = Vec::new();
        let (cluster, id) = (check::cluster_name(self.inventory)?, &self.association.service_account);
        if self.before != self.after {
            calls.push(Call::UpdatePodIdentityAssociation {
                cluster: cluster.clone(),
                association: self.association.id.clone(),
                service_account: id.clone(),
                before: self.before.clone(),
                after: self.after.clone(),
            });
        }
        calls.extend(self.tags().into_iter().filter(|(_, after)| !after.is_empty()).map(|(before, after)| {
            let (association, resource_arn) = (self.association.id.clone(), self.association.arn.to_string());
            let service_account = id.clone();
            Call::TagAssociation { cluster: cluster.clone(), association, service_account, resource_arn, before, after }
        }));
        let edit = self.edited().and_then(Result::ok).and_then(|made| made.step(self.inventory, &self.after.role_arn));
        // An edit alone changes nothing of the association.
        let edit = edit.filter(|_| !calls.is_empty());
        let step = |call| Step { command: command(self.inventory, &call), summary: self.summary(&call), call };
        Ok(edit.into_iter().chain(calls.into_iter().map(step)).collect())
    }

    /// The tags that are set and those that are taken away, as they are and as they will be: one call each.
    fn tags(&self) -> [(Vec<Tag>, Vec<Tag>); 2] {
        let set = self.request.tags.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        let gone = self.request.untag.iter().map(|key| (key.clone(), None));
        let known = &self.detail.tags;
        let changed = |tags: Vec<Tag>| {
            let after: Vec<Tag> = tags.into_iter().filter(|(key, value)| known.get(key) != value.as_ref()).collect();
            (after.iter().map(|(key, _)| (key.clone(), known.get(key).cloned())).collect(), after)
        };
        [changed(set.collect()), changed(gone.collect())]
    }

    fn summary(&self, call: &Call) -> String {
        let (id, name) = (&self.association.id, &self.association.service_account);
        if matches!(call, Call::TagAssociation { .. }) {
            return format!("change the tags of association {id} of {name}");
        }
        let mut parts = Vec::new();
        if self.before.role_arn != self.after.role_arn {
            parts.push(format!(
                "role {} instead of {}",
                role_name(&self.after.role_arn),
                role_name(&self.before.role_arn)
            ));
        }
        if self.before.target_role_arn != self.after.target_role_arn {
            let target = self.after.target_role_arn.as_ref();
            parts.push(target.map_or("no target role".to_owned(), |arn| format!("target role {}", role_name(arn))));
        }
        if self.before.disable_session_tags != self.after.disable_session_tags {
            parts.push(format!("session tags {}", if self.after.disable_session_tags { "off" } else { "on" }));
        }
        if self.before.policy != self.after.policy {
            let what = if self.after.policy.is_some() { "another session policy" } else { "no session policy" };
            parts.push(what.to_owned());
        }
        format!("change association {id} of {name}: {}", parts.join(", "))
    }

    fn plan(&self, steps: Vec<Step>) -> Plan {
        let id = &self.association.service_account;
        let pods = Pods::of(self.inventory, id);
        let edit = self.edited();
        let edited = edit.as_ref().and_then(|made| made.as_ref().ok());
        let becomes = self.becomes(edited);
        let mut preconditions = self.preconditions(&pods, edited);
        preconditions.extend(edit.as_ref().and_then(|made| made.as_ref().err()).cloned());
        let breaks = becomes.verdict == Verdict::Broken && pods.iter().any(works);
        Plan {
            kind: PlanKind::Retarget,
            subject: id.to_string(),
            inverse: self.inverse(edited.is_some()),
            steps,
            preconditions,
            affects: pods.affected(|pods| self.falls_to(pods, &becomes)),
            confirmation: if breaks { Confirmation::Type(id.to_string()) } else { Confirmation::Enter },
            restarts: if self.is_felt() { pods.restarts(|pods| is_helped(pods, &becomes)) } else { Vec::new() },
            lost: Vec::new(),
            origin: Origin::New,
        }
    }

    /// Tags alone are nothing to a pod.
    fn is_felt(&self) -> bool {
        self.before != self.after
    }

    fn becomes(&self, edited: Option<&Edited<'_>>) -> Identity {
        let mut proposal = Proposal { detail: self.detail.clone(), edited: edited.map(Edited::role) };
        proposal.detail.role_arn = self.after.role_arn.clone();
        proposal.detail.target_role_arn.clone_from(&self.after.target_role_arn);
        proposal.detail.disable_session_tags = self.after.disable_session_tags;
        self.inventory.next_with_association(&self.association.service_account, proposal)
    }

    fn falls_to(&self, pods: &[PodRow], becomes: &Identity) -> String {
        if let Some(own) = own_mechanism(pods) {
            return format!("{}, as now: its own environment wins over the association", own.word());
        }
        if !self.is_felt() {
            return format!("{}, as now: tags of the association are not seen by pods", words(becomes));
        }
        let lifetime = dissociate::lifetime(Some(self.detail));
        format!("{} after a restart; running pods within {lifetime}, as their credentials end", words(becomes))
    }

    fn inverse(&self, edits: bool) -> String {
        let mut text =
            format!("Change association {} back to role {}", self.association.id, role_name(&self.before.role_arn));
        if self.before.role_arn == self.after.role_arn {
            text = format!("Change association {} back to what it is now", self.association.id);
        }
        if edits { text + ", then write the trust policy again as it was, byte for byte" } else { text }
    }

    fn preconditions(&self, pods: &Pods, edited: Option<&Edited<'_>>) -> Vec<Precondition> {
        let (inventory, id) = (self.inventory, &self.association.service_account);
        let asked = asked(&self.after, &self.request.tags);
        let mut checks = vec![check::account(inventory), dissociate::not_owned(self.association)];
        if self.is_felt() {
            checks.push(check::role_exists(inventory, &self.after.role_arn));
            checks.push(hops::trust(inventory, id, &asked, (edited, self.request.fix_trust.is_none()), self.now));
            checks.extend(edited.map(|edited| trust::length(&edited.after)));
            checks.extend(hops::target(inventory, id, &asked, self.now));
            checks.push(check::supported_nodes(inventory, pods));
            checks.push(check::agent(inventory, pods));
            checks.push(trust::others(inventory, &self.after.role_arn, &[id]));
            checks.push(check::pass_role(inventory, &self.after.role_arn));
        }
        let action = if self.is_felt() { "eks:UpdatePodIdentityAssociation" } else { "eks:TagResource" };
        let (arn, id) = (&self.association.arn, self.association.id.as_str());
        checks.push(check::caller_may(inventory, action, arn, id, "EKS refuses the call without it"));
        checks
    }
}

/// A tag and its value; `None`: it is not set.
pub type Tag = (String, Option<String>);

fn works(pod: &PodRow) -> bool {
    let now = &pod.resolution.now;
    now.mechanism == Mechanism::PodIdentity && now.verdict != Verdict::Broken
}

fn is_helped(pods: &[PodRow], becomes: &Identity) -> bool {
    becomes.mechanism == Mechanism::PodIdentity && becomes.verdict != Verdict::Broken && own_mechanism(pods).is_none()
}
