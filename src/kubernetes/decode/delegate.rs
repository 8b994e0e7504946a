//! Stores of External Secrets and volumes of Mountpoint for Amazon S3, as far as they act for service accounts.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    metadata::{Metadata, Unreadable, required},
    text::{Text, or_default},
};
use crate::domain::{
    delegate::{BucketVolume, SecretStore},
    id::{Namespace, ServiceAccountId},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Store<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: StoreSpec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoreSpec<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    provider: Provider<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Provider<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    aws: Aws<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Aws<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    auth: Auth<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    jwt: Jwt<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Jwt<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    service_account_ref: Reference<'a>,
}

/// A reference into a namespace.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
}

/// A store and the service account that it names, if it names one. A ClusterSecretStore without a namespace means
/// that of each secret, which is not followed.
pub(in crate::kubernetes) fn secret_store(json: &str) -> Result<(Arc<str>, Vec<SecretStore>), Unreadable> {
    let raw: Store<'_> = serde_json::from_str(json)?;
    let name = required(&raw.metadata.name, "metadata.name")?;
    let own = &*raw.metadata.namespace;
    let (key, title) = match own.is_empty() {
        true => (name.to_owned(), format!("ClusterSecretStore {name}")),
        false => (format!("{own}/{name}"), format!("SecretStore {own}/{name}")),
    };
    let reference = &raw.spec.provider.aws.auth.jwt.service_account_ref;
    let namespace = if own.is_empty() { &*reference.namespace } else { own };
    let named = !reference.name.is_empty() && !namespace.is_empty();
    let store = named.then(|| SecretStore {
        title: title.into(),
        account: ServiceAccountId::new(Namespace::from(namespace), Arc::<str>::from(&*reference.name)),
    });
    Ok((key.into(), store.into_iter().collect()))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Volume<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: VolumeSpec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VolumeSpec<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    csi: Csi<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    claim_ref: Reference<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Csi<'a> {
    #[serde(borrow)]
    driver: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    volume_attributes: Attributes<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributes<'a> {
    #[serde(borrow)]
    authentication_source: Text<'a>,
}

/// A volume, if Mountpoint for Amazon S3 mounts it with the credentials of pods.
pub(in crate::kubernetes) fn bucket_volume(json: &str) -> Result<(Arc<str>, Vec<BucketVolume>), Unreadable> {
    let raw: Volume<'_> = serde_json::from_str(json)?;
    let name: Arc<str> = required(&raw.metadata.name, "metadata.name")?.into();
    let (csi, claim) = (&raw.spec.csi, &raw.spec.claim_ref);
    let of_pods = &*csi.driver == "s3.csi.aws.com" && &*csi.volume_attributes.authentication_source == "pod";
    let volume = (of_pods && !claim.name.is_empty()).then(|| BucketVolume {
        name: Arc::clone(&name),
        namespace: (&*claim.namespace).into(),
        claim: (&*claim.name).into(),
    });
    Ok((name, volume.into_iter().collect()))
}
