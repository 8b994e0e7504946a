//! Nodes: what classifies them and leads to their instance.

use serde::Deserialize;

use super::{
    metadata::{Metadata, Unreadable, required},
    raw::Status,
    text::{Text, or_default},
};
use crate::{
    domain::{node::Node, version::Version},
    kubernetes::intern::Strings,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawNode<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: Spec<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow, rename = "providerID")]
    provider_id: Text<'a>,
}

/// The labels that say what runs a node (identity-resolution 3.3).
fn is_kept(label: &str) -> bool {
    label == "kubernetes.io/os"
        || ["eks.amazonaws.com/", "karpenter.", "alpha.eksctl.io/"].iter().any(|prefix| label.starts_with(prefix))
}

/// One node from its JSON.
pub(in crate::kubernetes) fn node(json: &str, strings: &mut Strings) -> Result<Node, Unreadable> {
    let raw: RawNode<'_> = serde_json::from_str(json)?;
    let labels = raw.metadata.labels.0.iter().filter(|(key, _)| is_kept(key));
    Ok(Node {
        name: strings.get(required(&raw.metadata.name, "metadata.name")?).into(),
        version: Version::read(&raw.metadata.resource_version),
        labels: labels.map(|(key, value)| (strings.get(key), strings.get(value))).collect(),
        provider_id: (!raw.spec.provider_id.is_empty()).then(|| (&*raw.spec.provider_id).into()),
        ready: raw.status.is_ready(),
    })
}
