//! EKS: clusters, node groups and add-ons. Associations are in `eks/association`.

use std::sync::Arc;

use aws_sdk_eks::types;
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    failure::{Call, incomplete},
    pace::Service,
    session::Session,
};
use crate::domain::{
    cluster::Cluster,
    failure::{Failure, FailureKind},
    id::ClusterName,
    node::{AddOn, NodeGroup},
};

mod access;
mod association;
mod update;

pub use association::NewAssociation;
pub use update::AssociationUpdate;

/// The most EKS gives in one page.
pub(super) const PAGE: i32 = 100;

/// Describes at the same time; the pace limits them further.
const AT_ONCE: usize = 8;

/// One call on a cluster.
fn on(action: &'static str, cluster: &ClusterName, what: String) -> Call {
    Call::new(Service::Eks, action, format!("cluster {cluster}"), what)
}

impl Session {
    /// DescribeCluster.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, and the failures of every call.
    pub async fn cluster(&self, name: &ClusterName) -> Result<Cluster, Failure> {
        let call = on("eks:DescribeCluster", name, format!("cannot read cluster {name}"));
        let request = self.eks.describe_cluster().name(name.as_str());
        let answer = self.perform(&call, request.send()).await.map_err(|failure| self.elsewhere(name, failure))?;
        answer.cluster().and_then(cluster).ok_or_else(|| incomplete(&call.what, "cluster with an ARN"))
    }

    fn elsewhere(&self, name: &ClusterName, mut failure: Failure) -> Failure {
        if failure.kind == FailureKind::NotFound {
            failure.next = format!(
                "Check that {name} is in region {} and in the account of these credentials: `aws eks list-clusters`",
                self.region
            );
        }
        failure
    }

    /// ListClusters, all pages: the clusters of this account in this region.
    ///
    /// # Errors
    /// `Denied` without `eks:ListClusters`, and the failures of every call.
    pub async fn clusters(&self) -> Result<Vec<ClusterName>, Failure> {
        let what = format!("cannot list clusters in {}", self.region);
        let call = Call::new(Service::Eks, "eks:ListClusters", "*", what);
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_clusters().max_results(PAGE).set_next_token(token.clone());
            let page = self.perform(&call, request.send()).await?;
            names.extend(page.clusters().iter().map(|name| ClusterName::from(name.as_str())));
            if !turn(&mut token, page.next_token()) {
                return Ok(names);
            }
        }
    }

    /// The cluster with this endpoint, compared by host (identity-resolution 7.1, rule 4). `None`
    /// if no cluster of this account and region has it: a proxy or tunnel may stand before it.
    ///
    /// # Errors
    /// As [`Session::clusters`] and [`Session::cluster`].
    pub async fn cluster_at(&self, server: &str) -> Result<Option<Cluster>, Failure> {
        let names = self.clusters().await?;
        let mut answers =
            stream::iter(names).map(|name| async move { self.cluster(&name).await }).buffer_unordered(AT_ONCE);
        while let Some(cluster) = answers.try_next().await? {
            if cluster.endpoint.as_deref().is_some_and(|endpoint| is_same_host(endpoint, server)) {
                return Ok(Some(cluster));
            }
        }
        Ok(None)
    }

    /// ListNodegroups and DescribeNodegroup of each.
    ///
    /// # Errors
    /// `Denied`, and the failures of every call.
    pub async fn node_groups(&self, cluster: &ClusterName) -> Result<Vec<NodeGroup>, Failure> {
        let call = on("eks:ListNodegroups", cluster, "cannot list node groups".to_owned());
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_nodegroups().cluster_name(cluster.as_str()).max_results(PAGE);
            let page = self.perform(&call, request.set_next_token(token.clone()).send()).await?;
            names.extend(page.nodegroups().iter().cloned());
            if !turn(&mut token, page.next_token()) {
                break;
            }
        }
        let reads = stream::iter(names).map(|name| self.node_group(cluster, name)).buffered(AT_ONCE);
        reads.try_filter_map(|group| async move { Ok(group) }).try_collect().await
    }

    /// One that is deleted between list and describe is none.
    async fn node_group(&self, cluster: &ClusterName, name: String) -> Result<Option<NodeGroup>, Failure> {
        let call = on("eks:DescribeNodegroup", cluster, format!("cannot read node group {name}"));
        let request = self.eks.describe_nodegroup().cluster_name(cluster.as_str()).nodegroup_name(&name);
        let answer = match self.perform(&call, request.send()).await {
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(None),
            answer => answer?,
        };
        let role = answer.nodegroup().and_then(types::Nodegroup::node_role);
        Ok(role.map(|role| NodeGroup { name: name.as_str().into(), role_arn: role.into() }))
    }

    /// ListFargateProfiles: their names.
    ///
    /// # Errors
    /// `Denied`, and the failures of every call.
    pub async fn fargate_profiles(&self, cluster: &ClusterName) -> Result<Vec<Arc<str>>, Failure> {
        let call = on("eks:ListFargateProfiles", cluster, "cannot list Fargate profiles".to_owned());
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_fargate_profiles().cluster_name(cluster.as_str()).max_results(PAGE);
            let page = self.perform(&call, request.set_next_token(token.clone()).send()).await?;
            names.extend(page.fargate_profile_names().iter().map(|name| Arc::from(name.as_str())));
            if !turn(&mut token, page.next_token()) {
                return Ok(names);
            }
        }
    }

    /// ListAddons and DescribeAddon of each.
    ///
    /// # Errors
    /// `Denied`, and the failures of every call.
    pub async fn add_ons(&self, cluster: &ClusterName) -> Result<Vec<AddOn>, Failure> {
        let call = on("eks:ListAddons", cluster, "cannot list add-ons".to_owned());
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_addons().cluster_name(cluster.as_str()).max_results(PAGE);
            let page = self.perform(&call, request.set_next_token(token.clone()).send()).await?;
            names.extend(page.addons().iter().cloned());
            if !turn(&mut token, page.next_token()) {
                break;
            }
        }
        let reads = stream::iter(names).map(|name| self.add_on(cluster, name)).buffered(AT_ONCE);
        reads.try_filter_map(|add_on| async move { Ok(add_on) }).try_collect().await
    }

    /// DescribeAddon; `None` where it is not installed.
    ///
    /// # Errors
    /// `Denied`, and the failures of every call.
    pub async fn add_on(&self, cluster: &ClusterName, name: String) -> Result<Option<AddOn>, Failure> {
        let call = on("eks:DescribeAddon", cluster, format!("cannot read add-on {name}"));
        let request = self.eks.describe_addon().cluster_name(cluster.as_str()).addon_name(&name);
        match self.perform(&call, request.send()).await {
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            answer => Ok(answer?.addon().map(|raw| add_on(&name, raw))),
        }
    }

    /// CreateAddon with the default version; EKS installs it in the background.
    ///
    /// # Errors
    /// `Conflict` if it is installed already, `Denied`, and the failures of every call.
    pub async fn create_addon(
        &self,
        cluster: &ClusterName,
        name: &str,
        client_request_token: &str,
    ) -> Result<AddOn, Failure> {
        let call = on("eks:CreateAddon", cluster, format!("cannot install add-on {name}"));
        let request = self.eks.create_addon().cluster_name(cluster.as_str()).addon_name(name);
        let answer = self.perform(&call, request.client_request_token(client_request_token).send()).await?;
        answer.addon().map(|raw| add_on(name, raw)).ok_or_else(|| incomplete(&call.what, "add-on"))
    }

    /// DeleteAddon, with what it installed.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, and the failures of every call.
    pub async fn delete_addon(&self, cluster: &ClusterName, name: &str) -> Result<(), Failure> {
        let call = on("eks:DeleteAddon", cluster, format!("cannot remove add-on {name}"));
        let request = self.eks.delete_addon().cluster_name(cluster.as_str()).addon_name(name);
        self.perform(&call, request.send()).await.map(drop)
    }
}

/// Moves to the next page; false when there is none, or the server gave the same token again.
fn turn(token: &mut Option<String>, next: Option<&str>) -> bool {
    let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
    let moved = next.is_some() && next != *token;
    *token = next;
    moved
}

fn add_on(name: &str, raw: &types::Addon) -> AddOn {
    AddOn {
        name: raw.addon_name().unwrap_or(name).into(),
        version: raw.addon_version().map(Arc::from),
        status: raw.status().map_or("UNKNOWN", types::AddonStatus::as_str).into(),
        issues: raw.health().map(types::AddonHealth::issues).unwrap_or_default().iter().map(issue).collect(),
        association_arns: raw.pod_identity_associations().iter().map(|arn| Arc::from(arn.as_str())).collect(),
        service_account_role_arn: raw.service_account_role_arn().filter(|arn| !arn.is_empty()).map(Into::into),
    }
}

fn issue(raw: &types::AddonIssue) -> (Arc<str>, Arc<str>) {
    let code = raw.code().map_or("Unknown", types::AddonIssueCode::as_str);
    (code.into(), raw.message().unwrap_or_default().into())
}

fn cluster(raw: &types::Cluster) -> Option<Cluster> {
    let arn: crate::domain::arn::Arn = raw.arn()?.parse().ok()?;
    let compute = raw.compute_config();
    let family = raw.kubernetes_network_config().and_then(types::KubernetesNetworkConfigResponse::ip_family);
    Some(Cluster {
        name: raw.name().map(ClusterName::from).or_else(|| arn.cluster_name())?,
        arn,
        version: raw.version().unwrap_or_default().to_owned(),
        platform_version: raw.platform_version().map(str::to_owned),
        endpoint: raw.endpoint().map(str::to_owned),
        certificate_authority: raw.certificate_authority().and_then(types::Certificate::data).map(str::to_owned),
        issuer: raw.identity().and_then(types::Identity::oidc).and_then(types::Oidc::issuer).map(Arc::from),
        ipv6: family == Some(&types::IpFamily::Ipv6),
        auto_mode: compute.and_then(types::ComputeConfigResponse::enabled).unwrap_or(false),
        auto_node_role_arn: compute.and_then(types::ComputeConfigResponse::node_role_arn).map(Arc::from),
        vpc_id: raw.resources_vpc_config().and_then(types::VpcConfigResponse::vpc_id).map(Arc::from),
        public_endpoint: raw.resources_vpc_config().is_none_or(types::VpcConfigResponse::endpoint_public_access),
    })
}

/// Compares the hosts of two URLs, as DNS does: without regard to case.
fn is_same_host(one: &str, other: &str) -> bool {
    let host = |url: &str| url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
    host(one).is_some_and(|one| host(other) == Some(one))
}
