//! The webhook that injects identities: missing, or not as EKS installs it (identity-resolution 1.1, 8.27).

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Finding, Scene, Subject};
use crate::domain::{
    identity::injection,
    webhook::{Operator, Requirement, Selector, Webhook},
};

/// All rules of this file.
pub fn of_cluster(scene: &Scene<'_>) -> Option<Finding> {
    let webhooks = scene.facts.webhooks.known()?;
    let Some(webhook) = webhooks.first() else {
        let message = "There is no MutatingWebhookConfiguration that injects pod identities: new pods get none.";
        return Finding::new("WEBHOOK-MISSING", Subject::Cluster, message);
    };
    let cluster = scene.facts.joined(scene.facts.cluster.as_ref());
    let authority = cluster.known().and_then(|cluster| cluster.certificate_authority.as_deref());
    let altered = alterations(webhook, authority);
    if altered.is_empty() {
        return None;
    }
    let what: Vec<&str> = altered.iter().map(|(what, _)| *what).collect();
    let message = format!("The webhook {} differs from what EKS installs: {}.", webhook.configuration, what.join(", "));
    let finding = Finding::new("WEBHOOK-ALTERED", Subject::Cluster, message)?;
    Some(altered.into_iter().fold(finding, |finding, (_, found)| finding.because(found)))
}

/// What differs from the object of EKS: no selectors, or the one that honours the skip label; `Ignore`; the
/// cluster's CA. Fields that do not stand in the object are not judged.
fn alterations(webhook: &Webhook, authority: Option<&str>) -> Vec<(&'static str, String)> {
    if webhook.self_hosted {
        return Vec::new();
    }
    [namespaces(webhook), objects(webhook), failure_policy(webhook), certificates(webhook, authority)]
        .into_iter()
        .flatten()
        .collect()
}

fn namespaces(webhook: &Webhook) -> Option<(&'static str, String)> {
    let selector = &webhook.namespace_selector;
    let selects = !selector.labels.is_empty() || !selector.expressions.is_empty();
    selects.then(|| ("namespace selectors", format!("namespaceSelector: {:?}", keys(selector))))
}

fn objects(webhook: &Webhook) -> Option<(&'static str, String)> {
    let selector = &webhook.object_selector;
    let skips = |requirement: &Requirement| {
        &*requirement.key == injection::SKIP_LABEL && requirement.operator == Operator::DoesNotExist
    };
    let as_installed = selector.labels.is_empty() && selector.expressions.iter().all(skips);
    (!as_installed).then(|| ("object selectors", format!("objectSelector: {:?}", keys(selector))))
}

fn failure_policy(webhook: &Webhook) -> Option<(&'static str, String)> {
    let policy = webhook.failure_policy.as_deref().filter(|policy| *policy != "Ignore")?;
    Some(("failure policy", format!("failurePolicy: {policy}, so no pod starts while the webhook does not answer")))
}

/// With other certificates the API server cannot call it, and `Ignore` lets pods start without an identity.
fn certificates(webhook: &Webhook, authority: Option<&str>) -> Option<(&'static str, String)> {
    let (bundle, authority) = webhook.authority.as_deref().zip(authority)?;
    let differs = pems(bundle).is_disjoint(&pems(authority));
    differs.then(|| {
        ("CA", "caBundle does not hold the CA of the cluster: the webhook may not be called at all".to_owned())
    })
}

/// The certificates in base64 of a PEM bundle; the text itself if it is none.
fn pems(bundle: &str) -> BTreeSet<String> {
    let visible = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
    let text = visible(bundle);
    let decoded = STANDARD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let blocks = decoded.split("-----BEGIN CERTIFICATE-----").skip(1);
    let blocks = blocks.filter_map(|block| block.split("-----END").next());
    let found: BTreeSet<String> = blocks.map(visible).collect();
    if found.is_empty() { BTreeSet::from([text]) } else { found }
}

fn keys(selector: &Selector) -> Vec<&str> {
    let expressions = selector.expressions.iter().map(|requirement| &*requirement.key);
    selector.labels.keys().map(|key| &**key).chain(expressions).collect()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::alterations;
    use crate::domain::webhook::{Selector, Webhook};

    fn pem(bodies: &[&str]) -> String {
        let block = |body: &&str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        STANDARD.encode(bodies.iter().map(block).collect::<String>())
    }

    fn webhook(policy: Option<&str>, authority: Option<String>) -> Webhook {
        Webhook {
            configuration: "pod-identity-webhook".into(),
            name: "iam-for-pods.amazonaws.com".into(),
            namespace_selector: Selector::default(),
            object_selector: Selector::default(),
            self_hosted: false,
            failure_policy: policy.map(Into::into),
            authority: authority.map(Into::into),
        }
    }

    fn altered(policy: Option<&str>, authority: Option<String>, cluster: Option<&str>) -> Vec<&'static str> {
        alterations(&webhook(policy, authority), cluster).into_iter().map(|(what, _)| what).collect()
    }

    #[test]
    fn a_failure_policy_of_fail_is_not_the_one_of_eks() {
        assert_eq!(altered(Some("Fail"), None, None), ["failure policy"]);
        assert_eq!(altered(Some("Ignore"), None, None), [""; 0]);
        assert_eq!(altered(None, None, None), [""; 0], "what is not written is not judged");
    }

    #[test]
    fn another_ca_than_the_clusters_is_told_and_a_bundle_that_holds_it_is_not() {
        let cluster = pem(&["AAAA"]);
        assert_eq!(altered(None, Some(pem(&["BBBB"])), Some(&cluster)), ["CA"]);
        assert_eq!(altered(None, Some("bWFuZ2xlZA==".to_owned()), Some(&cluster)), ["CA"]);
        assert_eq!(altered(None, Some(pem(&["BBBB", "AAAA"])), Some(&cluster)), [""; 0]);
        assert_eq!(altered(None, Some(format!("{}\n", pem(&["AAAA"]))), Some(&cluster)), [""; 0]);
        assert_eq!(altered(None, Some(pem(&["BBBB"])), None), [""; 0], "without the cluster's CA nothing is told");
    }

    #[test]
    fn a_self_hosted_webhook_is_nobodys_but_its_owners() {
        let own = Webhook { self_hosted: true, ..webhook(Some("Fail"), None) };
        assert!(alterations(&own, None).is_empty());
    }
}
