//! Volumes that act with the identity of the pod (identity-resolution 0.3, 8.56).

use super::{Finding, Group, Scene, Subject, Team};
use crate::domain::{delegate::BucketVolume, identity::admission::short};

/// All rules of this file.
pub fn of_team(scene: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    prefers_irsa(scene, team).into_iter().collect()
}

/// Mountpoint for Amazon S3 looks at the annotation first, the webhook at the association: with two roles the pod
/// and its volume are two principals.
fn prefers_irsa(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    let roles = |group: &Group<'_>| {
        let facts = scene.facts;
        let annotated = facts.service_accounts.get(&group.account).known()?.role_arn.clone()?;
        let associated = facts.association_detail(&group.account)?.role_arn.clone();
        (annotated != associated).then_some((annotated, associated))
    };
    let two = |group: &Group<'_>| bucket(scene, group).is_some() && roles(group).is_some();
    let (group, pods) = team.where_it_holds(two)?;
    let (volume, (annotated, associated)) = bucket(scene, group).zip(roles(group))?;
    let message = format!(
        "Mountpoint for Amazon S3 mounts volume {} with the role of the annotation, {}; the pods themselves get {} by their association.",
        volume.name,
        short(&annotated),
        short(&associated)
    );
    let finding = Finding::new("MOUNTPOINT-PREFERS-IRSA", Subject::Workload(team.id.clone()), message)?;
    let claim = format!("claim {} of a volume with authenticationSource: pod", volume.claim);
    Some(finding.of_pods(pods).because(group.witness()).because(claim))
}

fn bucket<'a>(scene: &Scene<'a>, group: &Group<'_>) -> Option<&'a BucketVolume> {
    let volumes = scene.facts.bucket_volumes.of(&group.account.namespace);
    volumes.iter().find(|volume| group.spec.claims.contains(&volume.claim))
}
