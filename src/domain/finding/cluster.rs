//! The cluster as a whole: its account, webhook, platform and quota (identity-resolution 1.1, 4.4, 7.1,
//! 8.27, 8.48, 8.49, 8.64).

use super::{Finding, Scene, Severity, Subject};
use crate::domain::{
    fact::Fact,
    identity::{injection, pod_identity},
    webhook::{Operator, Webhook},
};

/// Associations that a cluster may have (4.4; older pages say 1,000).
pub const ASSOCIATION_QUOTA: usize = 5_000;

/// All rules of this file.
pub fn of_cluster(scene: &Scene<'_>) -> Vec<Finding> {
    [mismatch(scene), webhook(scene), platform(scene), quota(scene)].into_iter().flatten().collect()
}

fn mismatch(scene: &Scene<'_>) -> Option<Finding> {
    let failure = scene.facts.mismatch()?;
    let message = format!("{}: {}.", failure.what, failure.why);
    let mut finding = Finding::new("ACCOUNT-MISMATCH", Subject::Cluster, message)?;
    finding.fix = format!("{}.", failure.next);
    Some(finding)
}

fn webhook(scene: &Scene<'_>) -> Option<Finding> {
    let webhooks = scene.facts.webhooks.known()?;
    let Some(webhook) = webhooks.first() else {
        let message = "There is no MutatingWebhookConfiguration that injects pod identities: new pods get none.";
        return Finding::new("WEBHOOK-MISSING", Subject::Cluster, message);
    };
    let altered = alteration(webhook)?;
    let message = format!("{} of the webhook {} differ from what EKS installs.", altered.0, webhook.configuration);
    Some(Finding::new("WEBHOOK-ALTERED", Subject::Cluster, message)?.because(altered.1))
}

/// What differs from the object of EKS (1.1): no selectors, or the one that honours the skip label.
fn alteration(webhook: &Webhook) -> Option<(&'static str, String)> {
    if webhook.self_hosted {
        return None;
    }
    if !webhook.namespace_selector.labels.is_empty() || !webhook.namespace_selector.expressions.is_empty() {
        return Some(("Namespace selectors", format!("namespaceSelector: {:?}", keys(&webhook.namespace_selector))));
    }
    let selector = &webhook.object_selector;
    let skips = |requirement: &crate::domain::webhook::Requirement| {
        &*requirement.key == injection::SKIP_LABEL && requirement.operator == Operator::DoesNotExist
    };
    let as_installed = selector.labels.is_empty() && selector.expressions.iter().all(skips);
    (!as_installed).then(|| ("Object selectors", format!("objectSelector: {:?}", keys(selector))))
}

fn keys(selector: &crate::domain::webhook::Selector) -> Vec<&str> {
    let expressions = selector.expressions.iter().map(|requirement| &*requirement.key);
    selector.labels.keys().map(|key| &**key).chain(expressions).collect()
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
