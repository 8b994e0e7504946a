//! Roles of nodes that pods reach (identity-resolution 3.1, 8.50).

use super::{Finding, Scene, Subject};
use crate::domain::{
    id::RoleArn,
    identity::{
        admission::short,
        node_role::{NodeRole, Reach},
    },
};

/// All rules of this file.
pub fn of_nodes(scene: &Scene<'_>) -> Vec<Finding> {
    let mut reached: Vec<&RoleArn> = Vec::new();
    for node in scene.nodes {
        if let (Reach::Yes, NodeRole::Known(arn, _)) = (&node.reach, &node.role)
            && !reached.contains(&arn)
        {
            reached.push(arn);
        }
    }
    reached.into_iter().filter_map(|arn| overprivileged(scene, arn)).collect()
}

/// Policies that were not read are not guessed: without them there is no finding.
fn overprivileged(scene: &Scene<'_>, arn: &RoleArn) -> Option<Finding> {
    let broad = scene.facts.role_detail(arn)?.broad_policies();
    if broad.is_empty() {
        return None;
    }
    let message =
        format!("Pods reach the node role {} through instance metadata, and it has {}.", short(arn), broad.join(", "));
    let finding = Finding::new("NODE-ROLE-OVERPRIVILEGED", Subject::Role(arn.clone()), message)?;
    Some(finding.because("metadata options of the instances: pods reach them"))
}
