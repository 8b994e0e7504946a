//! Planning the removal of an association: what its pods fall to comes first, and it is
//! confirmed by typing whom it hits.

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::{Pods, own_mechanism, role_name, words},
    associate::{check_list, owner},
    command::command,
    precondition as check,
};
use crate::domain::{
    association::{Association, AssociationDetail},
    failure::{Failure, FailureKind},
    id::{AssociationId, ServiceAccountId},
    identity::{Identity, Mechanism, Verdict},
    inventory::Inventory,
    row::PodRow,
};

/// Which association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one of a service account.
    ServiceAccount(ServiceAccountId),
    /// By its id.
    Association(AssociationId),
}

impl From<ServiceAccountId> for Target {
    fn from(id: ServiceAccountId) -> Self {
        Self::ServiceAccount(id)
    }
}

impl From<AssociationId> for Target {
    fn from(id: AssociationId) -> Self {
        Self::Association(id)
    }
}

/// Plans the removal of one association.
///
/// # Errors
/// There is no such association, or it cannot be told.
pub fn plan(inventory: &Inventory, target: &Target) -> Result<Plan, Failure> {
    let cluster = check::cluster_name(inventory)?;
    let association = find(inventory, target)?;
    let id = &association.service_account;
    let detail = association.detail.known();
    let call = Call::DeletePodIdentityAssociation {
        cluster,
        association: association.id.clone(),
        service_account: id.clone(),
        settings: detail.map(AssociationDetail::settings),
    };
    let pods = Pods::of(inventory, id);
    let falls = inventory.next_without_association(id);
    let subject = id.to_string();
    Ok(Plan {
        kind: PlanKind::Dissociate,
        steps: vec![Step { command: command(inventory, &call), summary: summary(association, pods.count()), call }],
        preconditions: preconditions(inventory, association),
        affects: pods.affected(|pods| falls_to(pods, &falls, detail)),
        inverse: inverse(association),
        confirmation: Confirmation::Type(subject.clone()),
        restarts: pods.restarts(|pods| is_helped(pods, &falls)),
        lost: Vec::new(),
        origin: Origin::New,
        subject,
    })
}

pub(super) fn find<'a>(inventory: &'a Inventory, target: &Target) -> Result<&'a Association, Failure> {
    let (found, named) = match target {
        Target::ServiceAccount(id) => (inventory.association_of(id), format!("{id} has no association")),
        Target::Association(id) => (inventory.association(id), format!("there is no association {id}")),
    };
    let missing = || match check_list(inventory) {
        Some(why) => Failure::new(FailureKind::Denied, "cannot plan this change", why, "Allow the listing first")
            .missing("eks:ListPodIdentityAssociations", "*"),
        None => Failure::new(
            FailureKind::NotFound,
            named.clone(),
            "EKS lists none",
            "`rolecall get associations` shows those that exist",
        ),
    };
    found.ok_or_else(missing)
}

/// Credentials live this long in the agent's cache and the pod (4.4).
pub(super) fn lifetime(detail: Option<&AssociationDetail>) -> &'static str {
    match detail {
        Some(detail) if detail.target_role_arn.is_some() => "59 minutes",
        _ => "6 h",
    }
}

fn summary(association: &Association, pods: usize) -> String {
    let text = format!("remove association {} of {}", association.id, association.service_account);
    if pods == 0 {
        return text;
    }
    let lifetime = lifetime(association.detail.known());
    format!("{text}; running pods keep their credentials up to {lifetime}, then fail")
}

fn uses_it(pods: &[PodRow]) -> bool {
    pods.iter().any(|pod| pod.resolution.now.mechanism == Mechanism::PodIdentity)
}

fn falls_to(pods: &[PodRow], falls: &Identity, detail: Option<&AssociationDetail>) -> String {
    if let Some(own) = own_mechanism(pods) {
        return format!("{}, as now: its own environment wins over the association", own.word());
    }
    let next = words(falls);
    if !uses_it(pods) {
        return format!("{next} after a restart");
    }
    let lifetime = lifetime(detail);
    format!("{next} after a restart; running pods keep their credentials up to {lifetime}, then fail")
}

/// A restart into the node's role or into nothing is never proposed.
fn is_helped(pods: &[PodRow], falls: &Identity) -> bool {
    let falls_low = matches!(falls.mechanism, Mechanism::NodeRole | Mechanism::None | Mechanism::Unknown);
    uses_it(pods) && !falls_low && !matches!(falls.verdict, Verdict::Broken | Verdict::Unknown)
}

fn inverse(association: &Association) -> String {
    let id = &association.service_account;
    let Some(detail) = association.detail.known() else {
        return format!("Associate {id} with its role again; which one it is has not been read");
    };
    let mut options = Vec::new();
    options.extend(detail.target_role_arn.as_ref().map(|target| format!("target role {target}")));
    options.extend(detail.disable_session_tags.then(|| "session tags off".to_owned()));
    options.extend(detail.policy.as_ref().map(|_| "its session policy".to_owned()));
    options.extend((!detail.tags.is_empty()).then(|| format!("{} tags", detail.tags.len())));
    let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(", ")) };
    format!("Associate {id} with role {} again{options}; it gets a new id", role_name(&detail.role_arn))
}

fn preconditions(inventory: &Inventory, association: &Association) -> Vec<Precondition> {
    vec![
        check::account(inventory),
        not_owned(association),
        as_read(association),
        check::caller_may(
            inventory,
            "eks:DeletePodIdentityAssociation",
            &association.arn,
            association.id.as_str(),
            "EKS refuses the call without it",
        ),
    ]
}

pub(super) fn not_owned(association: &Association) -> Precondition {
    let what = "no add-on owns it";
    match owner(association) {
        Some(addon) => {
            let detail = format!("owned by add-on {addon}: change it through the add-on");
            Precondition::required(what, Some(false), detail)
        }
        None => Precondition::required(what, Some(true), "made for itself"),
    }
}

fn as_read(association: &Association) -> Precondition {
    let what = "its role is known, so that it can be made again";
    match association.detail.known() {
        Some(detail) => Precondition::advisory(what, Some(true), role_name(&detail.role_arn)),
        None => Precondition::advisory(what, None, "it has not been described yet"),
    }
}
