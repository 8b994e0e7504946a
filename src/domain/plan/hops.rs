//! Whether the roles of an association let each other in: the trust policy of its role, as it is or as the plan
//! edits it, then the target role and what the association's role may do (identity-resolution 4.4, 4.6).

use jiff::Timestamp;

use super::{Precondition, affected::role_name, precondition as check, rules::Asked, trust::Edited};
use crate::domain::{
    fact::Fact,
    id::{RoleArn, ServiceAccountId},
    identity::admission::{self, Asking},
    inventory::Inventory,
    permission::Permission,
    trust::{Decision, Verdict},
};

/// The trust policy of the role, edited or not, admits the service account; `offer`: nobody asked for the edit.
pub(super) fn trust(
    inventory: &Inventory,
    id: &ServiceAccountId,
    asked: &Asked<'_>,
    (edited, offer): (Option<&Edited<'_>>, bool),
    now: Timestamp,
) -> Precondition {
    let asking = Asking::PodIdentity(!asked.disable_session_tags);
    let decision = match (edited, inventory.cluster().known()) {
        (Some(edited), Some(cluster)) => Some(edited.decision(cluster, id, &asking, now)),
        _ => decided(inventory, asked.role_arn, id, &asking, now),
    };
    let edit = if edited.is_some() { "edited, the" } else { "the" };
    let what = format!("{edit} trust policy admits {id} for {}", calls(asked));
    let mut checked = check::trust(what, decision.as_ref());
    let denied = decision.is_some_and(|decision| matches!(decision.verdict, Verdict::Deny { .. }));
    if denied && offer {
        checked.detail += " The trust policy can be edited in the same plan: --fix-trust";
    }
    checked
}

fn calls(asked: &Asked<'_>) -> &'static str {
    if asked.disable_session_tags { "sts:AssumeRole" } else { "sts:AssumeRole and sts:TagSession" }
}

fn decided(
    inventory: &Inventory,
    arn: &RoleArn,
    id: &ServiceAccountId,
    asking: &Asking<'_>,
    now: Timestamp,
) -> Option<Decision> {
    let fact = inventory.role(arn);
    admission::decide(inventory.cluster().known()?, fact.known()?, id, asking, now)
}

/// The second hop, if there is one: the target's trust policy, and what the association's role may do.
pub(super) fn target(
    inventory: &Inventory,
    id: &ServiceAccountId,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Vec<Precondition> {
    let Some(target) = asked.target_role_arn else { return Vec::new() };
    vec![admits(inventory, id, asked, target, now), may_assume(inventory, asked, target)]
}

fn admits(
    inventory: &Inventory,
    id: &ServiceAccountId,
    asked: &Asked<'_>,
    target: &RoleArn,
    now: Timestamp,
) -> Precondition {
    let what = format!("target role {} admits {}", role_name(target), role_name(asked.role_arn));
    match inventory.role(target) {
        Fact::Known(_) => {
            let asking = Asking::Target { source: asked.role_arn, session_tags: !asked.disable_session_tags };
            check::trust(what, decided(inventory, target, id, &asking, now).as_ref())
        }
        Fact::Absent => Precondition::required(what, Some(false), format!("IAM knows no {target}")),
        Fact::Loading | Fact::Unknown(_) => {
            let rule = format!("its trust must allow {} {}", asked.role_arn, calls(asked));
            let external = external_id(inventory, id, asked).map(|id| format!("; EKS sends sts:ExternalId {id}"));
            let detail = format!("it cannot be read from here; {rule}{}", external.unwrap_or_default());
            Precondition::required(what, None, detail)
        }
    }
}

/// `region/account/cluster/namespace/serviceaccount`, which EKS sends where session tags are off
/// (trust-evaluation 6).
fn external_id(inventory: &Inventory, id: &ServiceAccountId, asked: &Asked<'_>) -> Option<String> {
    let cluster = inventory.cluster().known().filter(|_| asked.disable_session_tags)?;
    let (region, account) = (cluster.region(), cluster.account());
    Some(format!("{region}/{account}/{}/{}/{}", cluster.name, id.namespace, id.name))
}

/// Not required: where the target of the same account names the role itself, it needs no policy of its own.
fn may_assume(inventory: &Inventory, asked: &Asked<'_>, target: &RoleArn) -> Precondition {
    let source = role_name(asked.role_arn);
    let what = format!("{source} may assume {}", role_name(target));
    let actions: &[&str] =
        if asked.disable_session_tags { &["sts:AssumeRole"] } else { &["sts:AssumeRole", "sts:TagSession"] };
    for action in actions {
        let (ok, why) = match inventory.permission(asked.role_arn, action, target.as_str()) {
            Permission::Allowed(_) => continue,
            Permission::NotAllowed => (Some(false), format!("no policy of {source} allows {action} on it")),
            Permission::Denied(by) => (Some(false), format!("{by} denies {action} on it")),
            Permission::Depends(on) => (None, format!("{action} on it depends on {on}")),
            Permission::Unknown(missing) => (None, format!("its policies cannot be read: {missing} is missing")),
            Permission::Loading => (None, "its policies have not been read".to_owned()),
        };
        return Precondition::advisory(what, ok, why);
    }
    Precondition::advisory(what, Some(true), format!("its policies allow {}", actions.join(" and ")))
}
