//! The cluster as a whole: its account, platform and quota (identity-resolution 4.4, 7.1, 8.48, 8.49, 8.64).

use super::{Finding, Scene, Severity, Subject};
use crate::domain::{fact::Fact, identity::pod_identity};

/// Associations that a cluster may have (4.4; older pages say 1,000).
pub const ASSOCIATION_QUOTA: usize = 5_000;

/// All rules of this file.
pub fn of_cluster(scene: &Scene<'_>) -> Vec<Finding> {
    [mismatch(scene), platform(scene), quota(scene)].into_iter().flatten().collect()
}

fn mismatch(scene: &Scene<'_>) -> Option<Finding> {
    let failure = scene.facts.mismatch()?;
    let message = format!("{}: {}.", failure.what, failure.why);
    let mut finding = Finding::new("ACCOUNT-MISMATCH", Subject::Cluster, message)?;
    finding.fix = format!("{}.", failure.next);
    Some(finding)
}

/// Only where somebody counts on Pod Identity.
fn platform(scene: &Scene<'_>) -> Option<Finding> {
    let cluster = scene.facts.cluster.known().filter(|cluster| pod_identity::is_too_old(cluster))?;
    let associations = scene.facts.joined_associations().count();
    if associations == 0 {
        return None;
    }
    let platform = cluster.platform_version.as_deref().unwrap_or("unknown");
    let message = format!(
        "Kubernetes {} on platform {platform} has no Pod Identity yet, but there are {associations} associations.",
        cluster.version
    );
    Finding::new("PLATFORM-TOO-OLD", Subject::Cluster, message)
}

fn quota(scene: &Scene<'_>) -> Option<Finding> {
    if !matches!(scene.facts.associations.state(), Fact::Known(())) {
        return None;
    }
    let count = scene.facts.joined_associations().count();
    if count * 10 <= ASSOCIATION_QUOTA * 9 {
        return None;
    }
    let message = format!("{count} of {ASSOCIATION_QUOTA} associations are used.");
    Some(Finding::new("ASSOC-QUOTA", Subject::Cluster, message)?.as_bad_as(Severity::Notice))
}
