//! From the bytes of the API server straight into the slim types of `domain`. Strings are borrowed
//! from the body until they are interned; what identity resolution does not read is skipped, and
//! an object that cannot be read costs only itself.

use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) mod aws_auth;
pub(super) mod delegate;
pub(super) mod foreign;
pub(super) mod launch;
pub(super) mod metadata;
pub(super) mod network;
pub(super) mod node;
pub(super) mod owner;
pub(super) mod pod;
pub(super) mod raw;
pub(super) mod selector;
pub(super) mod text;
pub(super) mod variable;
pub(super) mod webhook;

#[cfg(test)]
mod tests;

use text::{Text, or_default};

/// One page of a list. Items stay text until each is decoded by itself.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct List<'a> {
    #[serde(borrow)]
    pub metadata: ListMetadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub items: Vec<&'a RawValue>,
}

/// `metadata` of a list.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ListMetadata<'a> {
    #[serde(borrow)]
    pub resource_version: Text<'a>,
    #[serde(borrow, rename = "continue")]
    pub next: Text<'a>,
}

/// One line of a watch.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub object: &'a RawValue,
}

/// What every object of a watch carries: where to go on from.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Versioned<'a> {
    #[serde(borrow)]
    pub metadata: VersionedMetadata<'a>,
}

/// The part of `metadata` that a bookmark has.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VersionedMetadata<'a> {
    #[serde(borrow)]
    pub resource_version: Text<'a>,
    #[serde(borrow)]
    pub annotations: text::Annotations<'a>,
}

impl Versioned<'_> {
    /// Whether this bookmark ends the initial events of a streaming list.
    pub fn ends_listing(&self) -> bool {
        self.metadata.annotations.get("k8s.io/initial-events-end") == Some("true")
    }
}
