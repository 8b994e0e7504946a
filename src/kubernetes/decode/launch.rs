//! What nodes were and are launched with: NodeClaims and EC2NodeClasses of Karpenter, NodeClasses of Auto Mode.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    metadata::{Metadata, Unreadable, required},
    text::{Text, or_default},
};
use crate::domain::node::{NodeClaim, NodeClass};

/// Written by Karpenter when it launches the instance.
const PROFILE: &str = "karpenter.k8s.aws/instance-profile-name";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Claim<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    status: ClaimStatus<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimStatus<'a> {
    #[serde(borrow)]
    node_name: Text<'a>,
}

/// A NodeClaim that has its node and names its profile.
pub(in crate::kubernetes) fn node_claim(json: &str) -> Result<(Arc<str>, Vec<NodeClaim>), Unreadable> {
    let raw: Claim<'_> = serde_json::from_str(json)?;
    let name = required(&raw.metadata.name, "metadata.name")?.into();
    let node = &*raw.status.node_name;
    let profile = raw.metadata.annotations.get(PROFILE).filter(|profile| !profile.is_empty() && !node.is_empty());
    let claim = profile.map(|profile| NodeClaim { node: node.into(), profile: profile.into() });
    Ok((name, claim.into_iter().collect()))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Class<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: ClassFields<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    status: ClassFields<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClassFields<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    instance_profile: Text<'a>,
}

/// An EC2NodeClass or a NodeClass.
pub(in crate::kubernetes) fn node_class(json: &str) -> Result<(Arc<str>, Vec<NodeClass>), Unreadable> {
    let raw: Class<'_> = serde_json::from_str(json)?;
    let name: Arc<str> = required(&raw.metadata.name, "metadata.name")?.into();
    let text = |text: &Text<'_>| (!text.is_empty()).then(|| Arc::from(&**text));
    let profile = text(&raw.status.instance_profile).or_else(|| text(&raw.spec.instance_profile));
    let class = NodeClass { name: Arc::clone(&name), profile, role: text(&raw.spec.role) };
    Ok((name, vec![class]))
}
