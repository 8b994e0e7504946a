//! Service accounts and what their annotations ask for (identity-resolution 1.5).

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    id::{RoleArn, ServiceAccountId},
    version::Version,
};

/// Prefix of every annotation and label that the EKS webhook reads.
pub const PREFIX: &str = "eks.amazonaws.com/";

/// One service account, slim: only metadata is ever read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Namespace and name.
    pub id: ServiceAccountId,
    /// `eks.amazonaws.com/role-arn`, verbatim; `None` if absent or empty.
    pub role_arn: Option<RoleArn>,
    /// `eks.amazonaws.com/audience`.
    pub audience: Option<Arc<str>>,
    /// `eks.amazonaws.com/sts-regional-endpoints`, verbatim.
    pub sts_regional_endpoints: Option<Arc<str>>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// `metadata.resourceVersion`: the precondition of a patch.
    pub resource_version: Arc<str>,
    /// Who else writes it (field managers; well-known labels of Helm, Argo CD and Flux).
    pub managers: Vec<Arc<str>>,
    /// Its labels: security groups are given by them.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// The association that it declares it should have, verbatim.
    pub declared: Option<Box<Declaration>>,
}

impl ServiceAccount {
    /// Whether this is an earlier version of the same object.
    pub fn is_older_than(&self, other: &Self) -> bool {
        Version::read(&self.resource_version).is_before(Version::read(&other.resource_version))
    }
}

/// By which annotation and label a service account declares its association; both can be set otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclarationKeys {
    /// Annotation with the ARN of a role.
    pub annotation: Arc<str>,
    /// Label with the name of a role of the cluster's account: a label cannot hold an ARN.
    pub label: Arc<str>,
}

impl Default for DeclarationKeys {
    fn default() -> Self {
        Self { annotation: "rolecall/role-arn".into(), label: "rolecall/role".into() }
    }
}

/// What stands under the keys; at least one of them is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// The annotation.
    pub role_arn: Option<Arc<str>>,
    /// The label.
    pub role: Option<Arc<str>>,
}
