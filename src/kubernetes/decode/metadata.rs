//! `metadata` of objects, and the kinds of which nothing else is read: service accounts and namespaces.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;

use super::text::{Annotations, Labels, Text, or_default};
use crate::{
    domain::{
        id::{Namespace, ServiceAccountId},
        service_account::{Declaration, DeclarationKeys, ServiceAccount},
    },
    kubernetes::intern::Strings,
};

/// `metadata`, without the managed fields that make up a third of an object.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct Metadata<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub namespace: Text<'a>,
    #[serde(borrow)]
    pub uid: Text<'a>,
    #[serde(borrow)]
    pub resource_version: Text<'a>,
    #[serde(borrow)]
    pub creation_timestamp: Text<'a>,
    #[serde(borrow)]
    pub deletion_timestamp: Text<'a>,
    #[serde(borrow)]
    pub labels: Labels<'a>,
    #[serde(borrow)]
    pub annotations: Annotations<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub owner_references: Vec<Owner<'a>>,
}

/// `metadata.ownerReferences[]`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::kubernetes) struct Owner<'a> {
    #[serde(borrow)]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    pub controller: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Whole<'a> {
    #[serde(borrow)]
    metadata: Written<'a>,
}

/// `metadata` with the names of who wrote it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Written<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    creation_timestamp: Text<'a>,
    #[serde(borrow)]
    resource_version: Text<'a>,
    #[serde(borrow)]
    labels: Labels<'a>,
    // All of them, for as long as it is decoded: which one declares a role can be set.
    #[serde(borrow)]
    annotations: Labels<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    managed_fields: Vec<Manager<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manager<'a> {
    #[serde(borrow)]
    manager: Text<'a>,
}

/// Why an object is left out.
#[derive(Debug, thiserror::Error)]
pub(in crate::kubernetes) enum Unreadable {
    /// It is not JSON of the expected shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// A field without which it is nothing is missing.
    #[error("`{0}` is missing or malformed")]
    Field(&'static str),
}

/// A field that must not be empty.
pub(in crate::kubernetes) fn required<'t>(text: &'t Text<'_>, field: &'static str) -> Result<&'t str, Unreadable> {
    if text.is_empty() { Err(Unreadable::Field(field)) } else { Ok(text) }
}

/// Decodes a service account from whole or partial objects.
pub(in crate::kubernetes) fn service_account(
    json: &str,
    strings: &mut Strings,
    keys: &DeclarationKeys,
) -> Result<ServiceAccount, Unreadable> {
    let Whole { metadata } = serde_json::from_str(json)?;
    let name: Arc<str> = strings.get(required(&metadata.name, "metadata.name")?);
    let namespace = strings.get(required(&metadata.namespace, "metadata.namespace")?);
    let mut annotation =
        |key: &str| metadata.annotations.get(key).filter(|text| !text.is_empty()).map(|text| strings.get(text));
    Ok(ServiceAccount {
        id: ServiceAccountId::new(Namespace::from(namespace), name),
        role_arn: annotation("eks.amazonaws.com/role-arn").map(Into::into),
        audience: annotation("eks.amazonaws.com/audience"),
        sts_regional_endpoints: annotation("eks.amazonaws.com/sts-regional-endpoints"),
        created_at: metadata.creation_timestamp.parse::<Timestamp>().ok(),
        resource_version: (&*metadata.resource_version).into(),
        managers: managers(&metadata, strings),
        labels: metadata.labels.0.iter().map(|(key, value)| (strings.get(key), strings.get(value))).collect(),
        declared: declared(&metadata, strings, keys),
    })
}

/// What it declares; an empty value declares nothing.
fn declared(metadata: &Written<'_>, strings: &mut Strings, keys: &DeclarationKeys) -> Option<Box<Declaration>> {
    let mut text = |found: Option<&str>| found.filter(|text| !text.is_empty()).map(|text| strings.get(text));
    let declaration = Declaration {
        role_arn: text(metadata.annotations.get(&keys.annotation)),
        role: text(metadata.labels.get(&keys.label)),
    };
    (declaration != Declaration::default()).then(|| Box::new(declaration))
}

/// Decodes the name of a namespace.
pub(in crate::kubernetes) fn namespace(json: &str, strings: &mut Strings) -> Result<Namespace, Unreadable> {
    let Whole { metadata } = serde_json::from_str(json)?;
    Ok(strings.get(required(&metadata.name, "metadata.name")?).into())
}

fn managers(metadata: &Written<'_>, strings: &mut Strings) -> Vec<Arc<str>> {
    let fields = metadata.managed_fields.iter().map(|field| &*field.manager);
    let known = [
        ("Helm", metadata.annotations.get("meta.helm.sh/release-name").is_some() || is_managed_by(metadata, "Helm")),
        (
            "Argo CD",
            metadata.labels.get("argocd.argoproj.io/instance").is_some()
                || metadata.annotations.get("argocd.argoproj.io/tracking-id").is_some(),
        ),
        (
            "Flux",
            metadata.labels.get("kustomize.toolkit.fluxcd.io/name").is_some()
                || metadata.labels.get("helm.toolkit.fluxcd.io/name").is_some(),
        ),
    ];
    let tools = known.into_iter().filter(|(_, found)| *found).map(|(tool, _)| tool);
    let names: BTreeSet<&str> = fields.chain(tools).filter(|name| is_automation(name)).collect();
    names.into_iter().map(|name| strings.get(name)).collect()
}

/// A person with kubectl, the control plane and rolecall itself do not write again what they find changed.
fn is_automation(manager: &str) -> bool {
    let others = ["kubectl", "kube-", "rolecall"];
    !manager.is_empty() && !others.iter().any(|other| manager.starts_with(other))
}

fn is_managed_by(metadata: &Written<'_>, tool: &str) -> bool {
    metadata.labels.get("app.kubernetes.io/managed-by") == Some(tool)
}
