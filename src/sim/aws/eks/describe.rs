//! How DescribeCluster looks, and how stored descriptions are given out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sim::aws::error::Failure;
use crate::sim::aws::model::State;

use super::{not_found, seconds};

/// The VPC of the cluster.
pub const VPC: &str = "vpc-0a1b2c3d4e5f60718";

/// The cluster with the members that clients read.
pub fn cluster(state: &State) -> Value {
    let cluster = &state.cluster;
    let auto = cluster.auto_mode_role.as_deref();
    let mut described = json!({
        "name": cluster.name,
        "arn": state.cluster_arn(),
        "createdAt": seconds(cluster.created_at),
        "version": cluster.version,
        "platformVersion": cluster.platform_version,
        "endpoint": cluster.endpoint,
        "roleArn": cluster.role_arn,
        "status": cluster.status,
        "certificateAuthority": { "data": cluster.certificate_authority },
        "identity": { "oidc": { "issuer": cluster.issuer } },
        "resourcesVpcConfig": vpc(cluster.public_access),
        "kubernetesNetworkConfig": network(&cluster.ip_family, auto.is_some()),
        "accessConfig": { "authenticationMode": cluster.authentication_mode },
        "upgradePolicy": { "supportType": "STANDARD" },
        "health": { "issues": [] },
        "logging": { "clusterLogging": [{ "types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "enabled": false }] },
        "encryptionConfig": [],
        "deletionProtection": false,
        "tags": cluster.tags,
    });
    if let (Some(role), Some(members)) = (auto, described.as_object_mut()) {
        let compute = json!({ "enabled": true, "nodePools": ["general-purpose", "system"], "nodeRoleArn": role });
        members.insert("computeConfig".to_owned(), compute);
        members.insert("storageConfig".to_owned(), json!({ "blockStorage": { "enabled": true } }));
    }
    described
}

fn vpc(public: bool) -> Value {
    json!({
        "vpcId": VPC,
        "subnetIds": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712", "subnet-0a1b2c3d4e5f60713"],
        "securityGroupIds": [],
        "clusterSecurityGroupId": "sg-0a1b2c3d4e5f60710",
        "endpointPublicAccess": public,
        "endpointPrivateAccess": true,
        "publicAccessCidrs": if public { vec!["0.0.0.0/0"] } else { vec![] },
    })
}

fn network(ip_family: &str, auto: bool) -> Value {
    let range = if ip_family == "ipv6" {
        ("serviceIpv6Cidr", "fd30:1c53:5f8a::/108")
    } else {
        ("serviceIpv4Cidr", "172.20.0.0/16")
    };
    json!({ "ipFamily": ip_family, range.0: range.1, "elasticLoadBalancing": { "enabled": auto } })
}

/// A stored description by name, wrapped in `member`.
pub fn stored(all: &BTreeMap<String, Value>, member: &str, cluster: &str, name: &str) -> Result<Value, Failure> {
    if let Some(found) = all.get(name) {
        return Ok(json!({ member: found }));
    }
    Err(match member {
        "nodegroup" => not_found(format!("No node group found for name: {name}."))
            .with("clusterName", cluster)
            .with("nodegroupName", name),
        "fargateProfile" => not_found(format!("No Fargate Profile found with name: {name}."))
            .with("clusterName", cluster)
            .with("fargateProfileName", name),
        _ => not_found(format!(
            "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries': {name}"
        )),
    })
}
