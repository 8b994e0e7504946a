//! Network policies of other kinds, which the server may lack.

use std::sync::Arc;

use super::few::Few;
use crate::{
    domain::{
        change::Change,
        fact::Fact,
        network::foreign::{ForeignKind, ForeignPolicy},
    },
    kubernetes::decode::{foreign, metadata::Unreadable},
};

type Decoded = Result<(Arc<str>, Vec<ForeignPolicy>), Unreadable>;

/// CiliumNetworkPolicies.
pub(super) struct Cilium;

impl Few for Cilium {
    type Item = ForeignPolicy;
    const RESOURCE: &'static str = "ciliumnetworkpolicies";
    const GROUP: &'static str = "/apis/cilium.io/v2";
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Decoded {
        foreign::cilium(json)
    }

    fn change(all: Fact<Vec<ForeignPolicy>>) -> Change {
        Change::ForeignPolicies(ForeignKind::Cilium, all)
    }
}

/// CiliumClusterwideNetworkPolicies.
pub(super) struct CiliumClusterwide;

impl Few for CiliumClusterwide {
    type Item = ForeignPolicy;
    const RESOURCE: &'static str = "ciliumclusterwidenetworkpolicies";
    const GROUP: &'static str = "/apis/cilium.io/v2";
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Decoded {
        foreign::cilium_clusterwide(json)
    }

    fn change(all: Fact<Vec<ForeignPolicy>>) -> Change {
        Change::ForeignPolicies(ForeignKind::CiliumClusterwide, all)
    }
}

/// ClusterNetworkPolicies of the network policy API.
pub(super) struct Cluster;

impl Few for Cluster {
    type Item = ForeignPolicy;
    const RESOURCE: &'static str = "clusternetworkpolicies";
    const GROUP: &'static str = "/apis/policy.networking.k8s.io/v1beta1";
    const OLDER_GROUP: Option<&'static str> = Some("/apis/policy.networking.k8s.io/v1alpha2");
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Decoded {
        foreign::cluster(json)
    }

    fn change(all: Fact<Vec<ForeignPolicy>>) -> Change {
        Change::ForeignPolicies(ForeignKind::Cluster, all)
    }
}

/// ClusterNetworkPolicies of EKS.
pub(super) struct EksCluster;

impl Few for EksCluster {
    type Item = ForeignPolicy;
    const RESOURCE: &'static str = "clusternetworkpolicies";
    const GROUP: &'static str = "/apis/networking.k8s.aws/v1alpha1";
    const OPTIONAL: bool = true;

    fn decode(json: &str) -> Decoded {
        foreign::eks_cluster(json)
    }

    fn change(all: Fact<Vec<ForeignPolicy>>) -> Change {
        Change::ForeignPolicies(ForeignKind::EksCluster, all)
    }
}
