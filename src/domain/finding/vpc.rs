//! What the endpoints of the cluster's VPC hint at (identity-resolution 4.1, 5.4, 8.24, 8.46). Routes and resolvers
//! are not read, so these are guesses.

use super::{Finding, Scene, Subject};
use crate::domain::node::VpcEndpoint;

/// All rules of this file.
pub fn of_cluster(scene: &Scene<'_>) -> Vec<Finding> {
    let facts = scene.facts;
    let endpoints = facts.joined(facts.vpc_endpoints.as_ref());
    let Some(endpoints) = endpoints.known() else { return Vec::new() };
    let available: Vec<&VpcEndpoint> = endpoints.iter().filter(|endpoint| endpoint.available).collect();
    [no_eks_auth(scene, &available), hidden_issuer(scene, &available)].into_iter().flatten().collect()
}

/// A VPC that has endpoints for what every node calls probably has no other way out.
fn no_eks_auth(scene: &Scene<'_>, endpoints: &[&VpcEndpoint]) -> Option<Finding> {
    let mut private: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.service()).collect();
    private.retain(|service| *service == "sts" || service.starts_with("ecr."));
    private.sort_unstable();
    private.dedup();
    let has = endpoints.iter().any(|endpoint| endpoint.service() == "eks-auth");
    if has || private.is_empty() || scene.facts.joined_associations().next().is_none() {
        return None;
    }
    let message = format!(
        "The VPC has endpoints for {} but none for eks-auth: if its subnets have no other way out, the agents on the nodes may not get credentials.",
        private.join(", ")
    );
    Finding::new("PI-VPC-ENDPOINT", Subject::Cluster, message)
}

/// The private names of an endpoint for eks cover those of the issuer, which has no endpoint.
fn hidden_issuer(scene: &Scene<'_>, endpoints: &[&VpcEndpoint]) -> Option<Finding> {
    let cluster = scene.facts.cluster.known()?;
    let issuer = cluster.issuer_path()?;
    let host = issuer.split('/').next().unwrap_or(issuer);
    let endpoint = endpoints.iter().find(|endpoint| endpoint.service() == "eks" && endpoint.private_dns)?;
    let message = format!(
        "The endpoint for eks has private DNS names, which may hide {host} inside the VPC: programs there may not be able to fetch the issuer's keys. STS, and so IRSA, is not concerned."
    );
    let finding = Finding::new("OIDC-DNS-IN-VPC", Subject::Cluster, message)?;
    Some(finding.because(format!("endpoint for {} with private DNS", endpoint.service_name)))
}
