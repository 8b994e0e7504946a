//! The cluster and its account as DescribeCluster and GetCallerIdentity give them.

use std::sync::Arc;

use super::{
    arn::Arn,
    id::{AccountId, ClusterName, Region},
};

/// What a context or a flag says before anybody has answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Name of the kubeconfig context, if there is one.
    pub context: Option<String>,
    /// Name of the EKS cluster, if it could be told (identity-resolution 7.1).
    pub cluster: Option<ClusterName>,
    /// Its region.
    pub region: Option<Region>,
    /// Its account, if the context names an ARN.
    pub account: Option<AccountId>,
    /// `https://…` of the API server.
    pub server: Option<String>,
    /// Base64 of the CA bundle that the context trusts.
    pub certificate_authority: Option<String>,
    /// The namespace that the context prefers.
    pub namespace: Option<String>,
    /// Profile of the exec stanza.
    pub profile: Option<String>,
    /// Role of the exec stanza, used only to sign the token.
    pub role: Option<String>,
}

/// One EKS cluster (DescribeCluster).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its ARN: partition, region and account come from here.
    pub arn: Arn,
    /// Its name.
    pub name: ClusterName,
    /// Kubernetes minor, e.g. `1.34`.
    pub version: String,
    /// e.g. `eks.12`.
    pub platform_version: Option<String>,
    /// `https://…` of the API server.
    pub endpoint: Option<String>,
    /// Base64 of its CA bundle.
    pub certificate_authority: Option<String>,
    /// `https://oidc.eks…`, the issuer of its service account tokens.
    pub issuer: Option<Arc<str>>,
    /// Pods have IPv6 addresses.
    pub ipv6: bool,
    /// EKS Auto Mode is on.
    pub auto_mode: bool,
    /// Role of Auto Mode's nodes (`computeConfig.nodeRoleArn`).
    pub auto_node_role_arn: Option<Arc<str>>,
    /// Its VPC.
    pub vpc_id: Option<Arc<str>>,
    /// The API server answers on the internet.
    pub public_endpoint: bool,
}

impl Cluster {
    /// The region of the cluster.
    pub fn region(&self) -> Region {
        self.arn.region()
    }

    /// The account that owns it.
    pub fn account(&self) -> AccountId {
        self.arn.account()
    }

    /// The number after `1.` of its Kubernetes version.
    pub fn minor(&self) -> Option<u32> {
        self.version.strip_prefix("1.")?.parse().ok()
    }

    /// The issuer without its scheme: the prefix of condition keys and the end of the provider's ARN.
    pub fn issuer_path(&self) -> Option<&str> {
        self.issuer.as_deref().map(|issuer| issuer.strip_prefix("https://").unwrap_or(issuer))
    }
}

/// Who asks AWS (GetCallerIdentity).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's ARN.
    pub arn: Arc<str>,
    /// The account of its credentials.
    pub account: AccountId,
}

impl Caller {
    /// `role/session` or the user's name: what fits a header.
    pub fn short(&self) -> &str {
        let resource = self.arn.rsplit(':').next().unwrap_or_default();
        resource.split_once('/').map_or(resource, |(_, rest)| rest)
    }
}
