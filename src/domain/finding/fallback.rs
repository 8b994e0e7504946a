//! Workloads that fall back to the node role or to nothing, now or at their next restart
//! (identity-resolution 8.5, 8.6, 8.11, 8.62).

use super::{Finding, Group, Scene, Subject, Team};
use crate::domain::identity::{Mechanism, State, node_role::Reach};

/// Controllers that look up region, VPC or credentials in instance metadata unless they are told.
const USERS_OF_METADATA: [&str; 8] = [
    "aws-load-balancer-controller",
    "cluster-autoscaler",
    "ebs-csi-controller",
    "efs-csi-controller",
    "cloudwatch-agent",
    "fluent-bit",
    "external-dns",
    "cert-manager",
];

/// All rules of this file.
pub fn of_team(scene: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    [next_broken(team), named_by_a_role(scene, team), unreachable_metadata(scene, team), unused_sibling(scene, team)]
        .into_iter()
        .flatten()
        .collect()
}

fn next_broken(team: &Team<'_>) -> Option<Finding> {
    let (group, pods) = team.where_it_holds(|group| group.resolution.state == State::AtRisk)?;
    let (now, next) = (&group.resolution.now, &group.resolution.next);
    let falls = match next.mechanism {
        Mechanism::NodeRole => format!("falls to the node role ({})", next.phrase()),
        Mechanism::None => "has no credentials".to_owned(),
        _ => format!("gets {}, which cannot work", next.phrase()),
    };
    let message = format!("It works now with {}; after its next restart it {falls}.", now.phrase());
    let finding = Finding::new("NEXT-BROKEN", Subject::Workload(team.id.clone()), message)?;
    let why = next.why().map(|reason| format!("next: {}", reason.message));
    let finding = finding.of_pods(pods).because(group.witness());
    Some(match why {
        Some(why) => finding.because(why),
        None => finding,
    })
}

/// Neither annotated nor associated, although a role's trust policy names exactly this service account.
fn named_by_a_role(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    let (group, pods) =
        team.where_it_holds(|group| is_bare(group, Mechanism::NodeRole) && is_unconfigured(scene, group))?;
    let account = &group.account;
    let role = scene.role_naming(account)?;
    let message = format!(
        "These pods use the node role; {account} is not annotated, although the trust policy of {role} names it."
    );
    let finding = Finding::new("NODE-ROLE-FALLBACK", Subject::Workload(team.id.clone()), message)?;
    Some(finding.of_pods(pods).because(group.witness()).because(format!("trust policy of {role}")))
}

fn unreachable_metadata(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    let name = team.id.name.as_str();
    let controller = USERS_OF_METADATA.iter().find(|known| name.contains(*known))?;
    let (group, pods) = team.where_it_holds(|group| {
        is_bare(group, Mechanism::None)
            && is_unconfigured(scene, group)
            && matches!(group.node.reach_for(group.spec.host_network), Reach::No(why) if why.contains("hop limit"))
    })?;
    let message = format!(
        "{controller} looks for credentials, region and VPC in instance metadata, which its node does not let it reach."
    );
    let finding = Finding::new("IMDS-HOP-LIMIT", Subject::Workload(team.id.clone()), message)?;
    let limits = "metadata options of the instance: tokens required, hop limit 1";
    Some(finding.of_pods(pods).because(group.witness()).because(limits))
}

fn unused_sibling(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    let bare = |group: &Group<'_>| is_bare(group, Mechanism::NodeRole) || is_bare(group, Mechanism::None);
    let (group, pods) = team.where_it_holds(|group| bare(group) && is_unconfigured(scene, group))?;
    let used = &group.account;
    let similar = |name: &str| is_similar(name, team.id.name.as_str()) || is_similar(name, used.name.as_str());
    let sibling = scene.configured_in(&used.namespace).find(|name| similar(name.as_str()))?;
    let message = format!(
        "These pods run as {used}, which has no identity; {sibling} in the same namespace has one and may have been meant."
    );
    let finding = Finding::new("SA-UNUSED-SIBLING", Subject::Workload(team.id.clone()), message)?;
    Some(finding.of_pods(pods).because(group.witness()))
}

fn is_bare(group: &Group<'_>, mechanism: Mechanism) -> bool {
    group.resolution.now.mechanism == mechanism && group.resolution.next.mechanism == mechanism
}

fn is_unconfigured(scene: &Scene<'_>, group: &Group<'_>) -> bool {
    scene.is_configured(&group.account) == Some(false)
}

/// Names that a person would take for one another: `api` and `api-sa`, `orders` and `order`.
fn is_similar(one: &str, other: &str) -> bool {
    if one == other || one.len() < 3 || other.len() < 3 {
        return one == other;
    }
    let extends = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'));
    extends(one, other) || extends(other, one) || is_one_slip(one.as_bytes(), other.as_bytes())
}

/// Whether one letter more, less, other or swapped with the next makes one of the other: by what is left between
/// the common start and the common end, since most pairs of names differ early and this is asked for all pairs.
fn is_one_slip(one: &[u8], other: &[u8]) -> bool {
    let start = one.iter().zip(other).take_while(|(left, right)| left == right).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(left, right)| left == right).count();
    match (&one[..one.len() - end], &other[..other.len() - end]) {
        ([first, second], [third, fourth]) => first == fourth && second == third,
        (one, other) => one.len().max(other.len()) == 1,
    }
}
