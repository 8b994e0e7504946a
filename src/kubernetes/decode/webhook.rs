//! MutatingWebhookConfigurations: only those that inject pod identities, with their live selectors.

use std::sync::Arc;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    metadata::{Metadata, Unreadable, required},
    selector::{RawSelector, selector},
    text::{Text, or_default},
};
use crate::domain::webhook::Webhook;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    webhooks: Vec<RawWebhook<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawWebhook<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    client_config: ClientConfig<'a>,
    #[serde(borrow)]
    failure_policy: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    namespace_selector: RawSelector<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    object_selector: RawSelector<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClientConfig<'a> {
    service: Option<IgnoredAny>,
    #[serde(borrow)]
    ca_bundle: Text<'a>,
}

/// The pod identity webhooks of one configuration object: its name and the webhooks, often none.
pub(in crate::kubernetes) fn webhooks(json: &str) -> Result<(Arc<str>, Vec<Webhook>), Unreadable> {
    let raw: Configuration<'_> = serde_json::from_str(json)?;
    let configuration: Arc<str> = required(&raw.metadata.name, "metadata.name")?.into();
    let ours = raw.webhooks.iter().filter(|webhook| is_identity(&webhook.name, &configuration));
    let webhooks = ours.map(|webhook| convert(webhook, &configuration)).collect::<Result<_, _>>()?;
    Ok((configuration, webhooks))
}

/// EKS names it `iam-for-pods.amazonaws.com`; self-hosted installs keep upstream's name or the object's.
fn is_identity(webhook: &str, configuration: &str) -> bool {
    matches!(webhook, "iam-for-pods.amazonaws.com" | "pod-identity-webhook.amazonaws.com")
        || configuration.contains("pod-identity-webhook")
}

fn convert(raw: &RawWebhook<'_>, configuration: &Arc<str>) -> Result<Webhook, Unreadable> {
    let text = |text: &Text<'_>| (!text.is_empty()).then(|| Arc::from(&**text));
    Ok(Webhook {
        configuration: Arc::clone(configuration),
        name: (&*raw.name).into(),
        namespace_selector: selector(&raw.namespace_selector)?,
        object_selector: selector(&raw.object_selector)?,
        self_hosted: raw.client_config.service.is_some(),
        failure_policy: text(&raw.failure_policy),
        authority: text(&raw.client_config.ca_bundle),
    })
}
