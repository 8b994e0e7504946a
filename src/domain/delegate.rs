//! Who acts on behalf of a service account: stores of External Secrets and volumes of Mountpoint for Amazon S3
//! (identity-resolution 0.3).

use std::sync::Arc;

use super::id::{Namespace, ServiceAccountId};

/// A SecretStore or ClusterSecretStore that asks for tokens of a service account
/// (`spec.provider.aws.auth.jwt.serviceAccountRef`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretStore {
    /// `SecretStore payments/vault`, `ClusterSecretStore vault`.
    pub title: Arc<str>,
    /// The service account.
    pub account: ServiceAccountId,
}

/// A PersistentVolume of the driver `s3.csi.aws.com` that takes the credentials of the pod
/// (`authenticationSource: pod`), with the claim that it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketVolume {
    /// Its name.
    pub name: Arc<str>,
    /// Namespace of the claim.
    pub namespace: Namespace,
    /// Name of the claim.
    pub claim: Arc<str>,
}
