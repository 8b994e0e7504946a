//! Kinds of which there are few objects: always told as a whole set, of which most objects hold nothing that
//! matters here. A kind that the server does not have (its CustomResourceDefinition is absent) is an empty set.

use std::{collections::BTreeMap, sync::Arc};

use super::kind::Kind;
use crate::{
    domain::{
        change::Change,
        delegate::{BucketVolume, SecretStore},
        fact::Fact,
        network::{NetworkPolicy, SecurityGroupPolicy},
        node::{NodeClaim, NodeClass},
        webhook::Webhook,
    },
    kubernetes::decode::{delegate, launch, metadata::Unreadable, network, webhook},
};

/// What one object of such a kind holds.
pub(super) trait Few: Send + 'static {
    /// What matters of it.
    type Item: Clone + Send + Sync;
    /// Its name in paths and permissions.
    const RESOURCE: &'static str;
    /// Where its group lives.
    const GROUP: &'static str;
    /// An older version of its group.
    const OLDER_GROUP: Option<&'static str> = None;
    /// It is a custom resource, which the server may lack.
    const OPTIONAL: bool = false;

    /// Reads one object: what identifies it, and what matters of it.
    fn decode(json: &str) -> Result<(Arc<str>, Vec<Self::Item>), Unreadable>;
    /// This is all there is.
    fn change(all: Fact<Vec<Self::Item>>) -> Change;
}

/// The objects of such a kind.
pub(super) struct Set<F: Few>(BTreeMap<Arc<str>, Vec<F::Item>>);

impl<F: Few> Default for Set<F> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<F: Few> Set<F> {
    fn whole(&self) -> Change {
        F::change(Fact::Known(self.0.values().flatten().cloned().collect()))
    }
}

impl<F: Few> Kind for Set<F> {
    type Object = (Arc<str>, Vec<F::Item>);
    const RESOURCE: &'static str = F::RESOURCE;
    const GROUP: &'static str = F::GROUP;
    const OLDER_GROUP: Option<&'static str> = F::OLDER_GROUP;
    const OPTIONAL: bool = F::OPTIONAL;
    const PROGRESSIVE: bool = false;

    fn decode(&mut self, json: &str) -> Result<Self::Object, Unreadable> {
        F::decode(json)
    }

    fn changed(&mut self, (name, items): Self::Object) -> Change {
        self.0.insert(name, items);
        self.whole()
    }

    fn gone(&mut self, (name, _): Self::Object) -> Change {
        self.0.remove(&name);
        self.whole()
    }

    fn all(&mut self, objects: Fact<Vec<Self::Object>>) -> Change {
        match objects {
            Fact::Known(objects) => {
                self.0 = objects.into_iter().collect();
                self.whole()
            }
            Fact::Loading => F::change(Fact::Loading),
            Fact::Absent => {
                self.0.clear();
                F::change(Fact::Absent)
            }
            Fact::Unknown(failure) => F::change(Fact::Unknown(failure)),
        }
    }
}

/// The pod identity webhooks among the mutating webhooks.
pub(super) struct Webhooks;

impl Few for Webhooks {
    type Item = Webhook;
    const RESOURCE: &'static str = "mutatingwebhookconfigurations";
    const GROUP: &'static str = "/apis/admissionregistration.k8s.io/v1";

    fn decode(json: &str) -> Result<(Arc<str>, Vec<Webhook>), Unreadable> {
        webhook::webhooks(json)
    }

    fn change(all: Fact<Vec<Webhook>>) -> Change {
        Change::Webhooks(all)
    }
}

/// Network policies with rules for egress.
pub(super) struct NetworkPolicies;

impl Few for NetworkPolicies {
    type Item = NetworkPolicy;
    const RESOURCE: &'static str = "networkpolicies";
    const GROUP: &'static str = "/apis/networking.k8s.io/v1";

    fn decode(json: &str) -> Result<(Arc<str>, Vec<NetworkPolicy>), Unreadable> {
        network::policy(json)
    }

    fn change(all: Fact<Vec<NetworkPolicy>>) -> Change {
        Change::NetworkPolicies(all)
    }
}

/// Policies that give pods security groups, of the VPC resource controller.
pub(super) struct SecurityGroupPolicies;

impl Few for SecurityGroupPolicies {
    type Item = SecurityGroupPolicy;
    const RESOURCE: &'static str = "securitygrouppolicies";
    const GROUP: &'static str = "/apis/vpcresources.k8s.aws/v1beta1";
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Result<(Arc<str>, Vec<SecurityGroupPolicy>), Unreadable> {
        network::security_group_policy(json)
    }

    fn change(all: Fact<Vec<SecurityGroupPolicy>>) -> Change {
        Change::SecurityGroupPolicies(all)
    }
}

/// Where the kinds of External Secrets live; before its version 0.16 there was only `v1beta1`.
const EXTERNAL_SECRETS: &str = "/apis/external-secrets.io/v1";
const OLDER_EXTERNAL_SECRETS: &str = "/apis/external-secrets.io/v1beta1";

/// SecretStores that name a service account.
pub(super) struct SecretStores;

impl Few for SecretStores {
    type Item = SecretStore;
    const RESOURCE: &'static str = "secretstores";
    const GROUP: &'static str = EXTERNAL_SECRETS;
    const OLDER_GROUP: Option<&'static str> = Some(OLDER_EXTERNAL_SECRETS);
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Result<(Arc<str>, Vec<SecretStore>), Unreadable> {
        delegate::secret_store(json)
    }

    fn change(all: Fact<Vec<SecretStore>>) -> Change {
        Change::SecretStores(all)
    }
}

/// ClusterSecretStores that name one.
pub(super) struct ClusterSecretStores;

impl Few for ClusterSecretStores {
    type Item = SecretStore;
    const RESOURCE: &'static str = "clustersecretstores";
    const GROUP: &'static str = EXTERNAL_SECRETS;
    const OLDER_GROUP: Option<&'static str> = Some(OLDER_EXTERNAL_SECRETS);
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Result<(Arc<str>, Vec<SecretStore>), Unreadable> {
        delegate::secret_store(json)
    }

    fn change(all: Fact<Vec<SecretStore>>) -> Change {
        Change::ClusterSecretStores(all)
    }
}

/// Volumes of Mountpoint for Amazon S3 that act with the credentials of pods.
pub(super) struct BucketVolumes;

impl Few for BucketVolumes {
    type Item = BucketVolume;
    const RESOURCE: &'static str = "persistentvolumes";
    const GROUP: &'static str = "/api/v1";

    fn decode(json: &str) -> Result<(Arc<str>, Vec<BucketVolume>), Unreadable> {
        delegate::bucket_volume(json)
    }

    fn change(all: Fact<Vec<BucketVolume>>) -> Change {
        Change::BucketVolumes(all)
    }
}

/// What Karpenter launched nodes with.
pub(super) struct NodeClaims;

impl Few for NodeClaims {
    type Item = NodeClaim;
    const RESOURCE: &'static str = "nodeclaims";
    const GROUP: &'static str = "/apis/karpenter.sh/v1";
    const OLDER_GROUP: Option<&'static str> = Some("/apis/karpenter.sh/v1beta1");
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Result<(Arc<str>, Vec<NodeClaim>), Unreadable> {
        launch::node_claim(json)
    }

    fn change(all: Fact<Vec<NodeClaim>>) -> Change {
        Change::NodeClaims(all)
    }
}

/// What Karpenter launches nodes with now.
pub(super) struct Ec2NodeClasses;

impl Few for Ec2NodeClasses {
    type Item = NodeClass;
    const RESOURCE: &'static str = "ec2nodeclasses";
    const GROUP: &'static str = "/apis/karpenter.k8s.aws/v1";
    const OLDER_GROUP: Option<&'static str> = Some("/apis/karpenter.k8s.aws/v1beta1");
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Result<(Arc<str>, Vec<NodeClass>), Unreadable> {
        launch::node_class(json)
    }

    fn change(all: Fact<Vec<NodeClass>>) -> Change {
        Change::Ec2NodeClasses(all)
    }
}

/// What Auto Mode launches nodes with now.
pub(super) struct AutoNodeClasses;

impl Few for AutoNodeClasses {
    type Item = NodeClass;
    const RESOURCE: &'static str = "nodeclasses";
    const GROUP: &'static str = "/apis/eks.amazonaws.com/v1";
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Result<(Arc<str>, Vec<NodeClass>), Unreadable> {
        launch::node_class(json)
    }

    fn change(all: Fact<Vec<NodeClass>>) -> Change {
        Change::AutoNodeClasses(all)
    }
}
