//! AWS managed policies that are known by name, so that their documents need not be read: those that
//! roles of nodes usually carry. Only what they say about `eks-auth` and `sts` stands here;
//! one allows everything.

use crate::domain::trust::Glob;

/// Name, and the actions of `eks-auth` and `sts` that it allows on everything.
const POLICIES: [(&str, &[&str]); 20] = [
    ("AdministratorAccess", &["*"]),
    ("AmazonDynamoDBFullAccess", &[]),
    ("AmazonDynamoDBReadOnlyAccess", &[]),
    ("AmazonEBSCSIDriverPolicy", &[]),
    ("AmazonEC2ContainerRegistryFullAccess", &[]),
    ("AmazonEC2ContainerRegistryPowerUser", &[]),
    ("AmazonEC2ContainerRegistryPullOnly", &[]),
    ("AmazonEC2ContainerRegistryReadOnly", &[]),
    ("AmazonEKSClusterPolicy", &[]),
    ("AmazonEKSFargatePodExecutionRolePolicy", &[]),
    ("AmazonEKSWorkerNodeMinimalPolicy", &["eks-auth:AssumeRoleForPodIdentity"]),
    ("AmazonEKSWorkerNodePolicy", &["eks-auth:AssumeRoleForPodIdentity"]),
    ("AmazonEKS_CNI_Policy", &[]),
    ("AmazonS3FullAccess", &[]),
    ("AmazonS3ReadOnlyAccess", &[]),
    ("AmazonSNSFullAccess", &[]),
    ("AmazonSQSFullAccess", &[]),
    ("AmazonSSMManagedInstanceCore", &[]),
    ("CloudWatchAgentServerPolicy", &[]),
    ("PowerUserAccess", &["eks-auth:*", "sts:*"]),
];

/// Whether a policy is AWS's own.
pub fn is_of_aws(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    parts.nth(4) == Some("aws") && parts.next().is_some_and(|resource| resource.starts_with("policy/"))
}

/// Whether the name of an attached policy says enough: AWS's own, and in the table.
pub fn is_known_by_name(arn: &str) -> bool {
    let name = arn.rsplit('/').next().unwrap_or_default();
    is_of_aws(arn) && POLICIES.iter().any(|(known, _)| *known == name)
}

/// Whether a policy of the table allows an action of `eks-auth` or `sts`.
pub fn allows(name: &str, action: &str) -> bool {
    let actions = POLICIES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, actions)| actions);
    let action = action.to_ascii_lowercase();
    actions.iter().any(|allowed| Glob::new(&allowed.to_ascii_lowercase()).matches(&action))
}

/// Whether the name of a policy of AWS says that it allows a whole service or everything.
pub fn is_broad(name: &str) -> bool {
    matches!(name, "AdministratorAccess" | "PowerUserAccess") || name.ends_with("FullAccess")
}
