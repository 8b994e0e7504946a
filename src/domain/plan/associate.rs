//! Planning an association: bad input is refused before any call, with the rule; everything that
//! can be known beforehand is checked (identity-resolution 4.4, 4.6).

use jiff::Timestamp;

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::{Pods, own_mechanism, role_name, words},
    command::command,
    hops, precondition as check,
    rules::Asked,
    trust::{self, Edited, Narrow, TrustEdit, TrustRequest},
};
use crate::domain::{
    association::Association,
    failure::Failure,
    id::{RoleArn, ServiceAccountId},
    identity::{Identity, Mechanism, Verdict, injection::Proposal},
    inventory::Inventory,
    row::PodRow,
};

/// Associations that a cluster may have (4.4); data, since EKS itself has the last word.
const QUOTA: usize = 5_000;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateRequest {
    /// For whom; need not exist.
    pub service_account: ServiceAccountId,
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// A role of any account that is assumed in a second hop.
    pub target_role_arn: Option<RoleArn>,
    /// Send no session tags.
    pub disable_session_tags: bool,
    /// Session policy: JSON text, only without session tags.
    pub policy: Option<String>,
    /// Tags of the association itself.
    pub tags: Vec<(String, String)>,
    /// Edit the role's trust policy first where it does not let EKS in, narrowed this far.
    pub fix_trust: Option<Narrow>,
}

impl AssociateRequest {
    /// The plain one: this role for this service account.
    pub fn new(service_account: ServiceAccountId, role_arn: RoleArn) -> Self {
        Self {
            service_account,
            role_arn,
            target_role_arn: None,
            disable_session_tags: false,
            policy: None,
            tags: Vec::new(),
            fix_trust: None,
        }
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            role_arn: &self.role_arn,
            target_role_arn: self.target_role_arn.as_ref(),
            disable_session_tags: self.disable_session_tags,
            policy: self.policy.as_deref(),
            tags: &self.tags,
        }
    }
}

/// Plans the creation of one association, after the edit of the role's trust policy where that is wanted.
///
/// # Errors
/// Refuses impossible names, ARNs of the wrong kind, account or partition, session policies that
/// break their rules, and tags that AWS would refuse.
pub fn plan(inventory: &Inventory, request: &AssociateRequest, now: Timestamp) -> Result<Plan, Failure> {
    validate(inventory, request)?;
    whole(inventory, request, edited(inventory, request, now), now)
}

/// The same after a step of another plan that writes this text as the role's trust policy.
///
/// # Errors
/// As [`plan`].
pub(super) fn plan_after(
    inventory: &Inventory,
    request: &AssociateRequest,
    trust: &str,
    now: Timestamp,
) -> Result<Plan, Failure> {
    validate(inventory, request)?;
    whole(inventory, request, Edited::written(inventory, &request.role_arn, trust).map(Ok), now)
}

fn validate(inventory: &Inventory, request: &AssociateRequest) -> Result<(), Failure> {
    check::possible(&request.service_account)?;
    request.asked().validate(inventory)
}

fn whole(
    inventory: &Inventory,
    request: &AssociateRequest,
    edit: Option<Result<Edited<'_>, Precondition>>,
    now: Timestamp,
) -> Result<Plan, Failure> {
    let cluster = check::cluster_name(inventory)?;
    let call = Call::CreatePodIdentityAssociation {
        cluster,
        service_account: request.service_account.clone(),
        role_arn: request.role_arn.clone(),
        target_role_arn: request.target_role_arn.clone(),
        disable_session_tags: request.disable_session_tags,
        policy: request.policy.clone(),
        tags: request.tags.clone(),
    };
    let edited = edit.as_ref().and_then(|made| made.as_ref().ok());
    let first = edited.and_then(|edited| edited.step(inventory, &request.role_arn));
    let pods = Pods::of(inventory, &request.service_account);
    let becomes = becomes(inventory, request, edited);
    let subject = request.service_account.to_string();
    let summary = format!("associate {subject} with role {}", role_name(&request.role_arn));
    let create = Step { command: command(inventory, &call), summary, call };
    let mut preconditions = preconditions(inventory, request, &pods, edited, now);
    preconditions.extend(edit.as_ref().and_then(|made| made.as_ref().err()).cloned());
    Ok(Plan {
        kind: PlanKind::Associate,
        inverse: inverse(inventory, &request.service_account, first.is_some()),
        steps: first.into_iter().chain([create]).collect(),
        preconditions,
        affects: pods.affected(|pods| falls_to(pods, &becomes)),
        confirmation: Confirmation::Enter,
        restarts: pods.restarts(|pods| is_helped(pods, &becomes)),
        lost: Vec::new(),
        origin: Origin::New,
        subject,
    })
}

fn becomes(inventory: &Inventory, request: &AssociateRequest, edited: Option<&Edited<'_>>) -> Identity {
    let mut proposal = Proposal::plain(request.role_arn.clone());
    proposal.detail.target_role_arn.clone_from(&request.target_role_arn);
    proposal.detail.disable_session_tags = request.disable_session_tags;
    proposal.edited = edited.map(Edited::role);
    inventory.next_with_association(&request.service_account, proposal)
}

fn falls_to(pods: &[PodRow], becomes: &Identity) -> String {
    match own_mechanism(pods) {
        Some(own) => format!("{}, as now: its own environment wins over the association", own.word()),
        None => format!("{} after a restart", words(becomes)),
    }
}

fn is_helped(pods: &[PodRow], becomes: &Identity) -> bool {
    becomes.mechanism == Mechanism::PodIdentity && becomes.verdict != Verdict::Broken && own_mechanism(pods).is_none()
}

fn inverse(inventory: &Inventory, service_account: &ServiceAccountId, edits: bool) -> String {
    let falls = words(&inventory.next_without_association(service_account));
    let text = format!("Remove the association of {service_account} again; after a restart its pods are {falls}");
    if edits { text + ". Then write the trust policy again as it was, byte for byte" } else { text }
}

fn preconditions(
    inventory: &Inventory,
    request: &AssociateRequest,
    pods: &Pods,
    edited: Option<&Edited<'_>>,
    now: Timestamp,
) -> Vec<Precondition> {
    let (id, asked) = (&request.service_account, request.asked());
    let mut checks = vec![check::account(inventory), check::role_exists(inventory, &request.role_arn)];
    checks.push(hops::trust(inventory, id, &asked, (edited, request.fix_trust.is_none()), now));
    checks.extend(edited.map(|edited| trust::length(&edited.after)));
    checks.push(no_association(inventory, id));
    checks.extend(hops::target(inventory, id, &asked, now));
    checks.extend(inventory.cluster().known().and_then(check::platform));
    checks.push(check::supported_nodes(inventory, pods));
    checks.push(check::agent(inventory, pods));
    checks.push(exists(inventory, id));
    checks.push(quota(inventory));
    checks.push(trust::others(inventory, &request.role_arn, &[id]));
    checks.push(check::pass_role(inventory, &request.role_arn));
    checks.extend(may_create(inventory));
    checks
}

/// Whether the caller may create associations, where its policies tell it.
fn may_create(inventory: &Inventory) -> Option<Precondition> {
    let cluster = inventory.cluster().known()?.arn.to_string();
    let (action, rule) = ("eks:CreatePodIdentityAssociation", "EKS refuses the call without it");
    Some(check::caller_may(inventory, action, &cluster, "the cluster", rule)).filter(|checked| checked.ok.is_some())
}

/// The edit that lets EKS in, where it was asked for and is needed.
fn edited<'a>(
    inventory: &'a Inventory,
    request: &AssociateRequest,
    now: Timestamp,
) -> Option<Result<Edited<'a>, Precondition>> {
    let edit = TrustEdit::AdmitPodIdentity {
        service_account: request.service_account.clone(),
        session_tags: !request.disable_session_tags,
        narrow: request.fix_trust?,
    };
    let edits = TrustRequest { role_arn: request.role_arn.clone(), edits: vec![edit] };
    let made = trust::edited(inventory, &edits, now);
    made.map_or_else(|refusal| Some(Err(refusal)), |edited| (!edited.sentences.is_empty()).then_some(Ok(edited)))
}

/// The sentence for an association that is in the way.
pub(super) fn in_the_way(association: &Association) -> String {
    match owner(association) {
        Some(addon) => format!("owned by add-on {addon}: change it through the add-on"),
        None => format!("Association already exists: {}; change or remove it", association.id),
    }
}

/// The add-on's name in `arn:…:addon/CLUSTER/NAME/UUID`.
pub(super) fn owner(association: &Association) -> Option<&str> {
    let arn = association.owner_arn.as_deref()?;
    Some(arn.split_once(":addon/").and_then(|(_, rest)| rest.split('/').nth(1)).unwrap_or(arn))
}

fn no_association(inventory: &Inventory, id: &ServiceAccountId) -> Precondition {
    let what = format!("{id} has no association yet");
    if let Some(association) = inventory.association_of(id) {
        return Precondition::required(what, Some(false), in_the_way(association));
    }
    match check_list(inventory) {
        Some(why) => Precondition::required(what, None, why),
        None => Precondition::required(what, Some(true), "there is none"),
    }
}

/// Why the list of associations is not to be relied on.
pub(super) fn check_list(inventory: &Inventory) -> Option<String> {
    let action = "eks:ListPodIdentityAssociations";
    let gap = inventory.gaps().into_iter().find(|gap| gap.failure.action.as_deref() == Some(action));
    gap.map(|gap| format!("{}: {}", gap.failure.what, gap.failure.why))
}

fn exists(inventory: &Inventory, id: &ServiceAccountId) -> Precondition {
    let what = format!("service account {id} exists");
    match inventory.service_account(id) {
        Some(_) => Precondition::advisory(what, Some(true), "in the cluster"),
        None => {
            Precondition::advisory(what, Some(false), "not yet; EKS does not check, pods get the role once it does")
        }
    }
}

fn quota(inventory: &Inventory) -> Precondition {
    let count = inventory.counts().associations;
    let detail = format!("{count} of {QUOTA}");
    Precondition::advisory("the cluster has room for one more association", Some(count < QUOTA), detail)
}
