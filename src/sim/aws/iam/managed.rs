//! The AWS managed policies that a cluster's roles usually carry, with the actions
//! that matter, not their whole text.

use jiff::Timestamp;
use serde_json::json;

use crate::sim::aws::model::ManagedPolicy;

const POLICIES: &[(&str, &str, &[&str])] = &[
    ("/", "AdministratorAccess", &["*"]),
    ("/", "AmazonDynamoDBFullAccess", &["dynamodb:*", "application-autoscaling:*"]),
    (
        "/",
        "AmazonDynamoDBReadOnlyAccess",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:Describe*",
            "dynamodb:GetItem",
            "dynamodb:List*",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
    ),
    (
        "/",
        "AmazonEC2ContainerRegistryPullOnly",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchImportUpstreamImage",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
    ),
    (
        "/",
        "AmazonEC2ContainerRegistryReadOnly",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:Describe*",
            "ecr:GetDownloadUrlForLayer",
            "ecr:List*",
        ],
    ),
    ("/", "AmazonEKSClusterPolicy", &["ec2:CreateTags", "ec2:Describe*", "elasticloadbalancing:*", "kms:DescribeKey"]),
    (
        "/",
        "AmazonEKSFargatePodExecutionRolePolicy",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        ],
    ),
    ("/", "AmazonEKSWorkerNodeMinimalPolicy", &["eks-auth:AssumeRoleForPodIdentity"]),
    (
        "/",
        "AmazonEKSWorkerNodePolicy",
        &[
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcs",
            "eks:DescribeCluster",
            "eks-auth:AssumeRoleForPodIdentity",
        ],
    ),
    (
        "/",
        "AmazonEKS_CNI_Policy",
        &[
            "ec2:AssignPrivateIpAddresses",
            "ec2:AttachNetworkInterface",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DetachNetworkInterface",
            "ec2:ModifyNetworkInterfaceAttribute",
            "ec2:UnassignPrivateIpAddresses",
            "ec2:CreateTags",
        ],
    ),
    ("/", "AmazonRDSReadOnlyAccess", &["rds:Describe*", "rds:ListTagsForResource"]),
    ("/", "AmazonS3FullAccess", &["s3:*", "s3-object-lambda:*"]),
    ("/", "AmazonS3ReadOnlyAccess", &["s3:Get*", "s3:List*", "s3:Describe*"]),
    ("/", "AmazonSNSFullAccess", &["sns:*"]),
    ("/", "AmazonSQSFullAccess", &["sqs:*"]),
    (
        "/",
        "AmazonSSMManagedInstanceCore",
        &[
            "ssm:UpdateInstanceInformation",
            "ssm:GetDeployablePatchSnapshotForInstance",
            "ssmmessages:*",
            "ec2messages:*",
        ],
    ),
    (
        "/",
        "CloudWatchAgentServerPolicy",
        &[
            "cloudwatch:PutMetricData",
            "ec2:DescribeTags",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "xray:PutTraceSegments",
        ],
    ),
    ("/", "PowerUserAccess", &["ec2:*", "s3:*", "sqs:*", "dynamodb:*", "lambda:*"]),
    (
        "/",
        "ReadOnlyAccess",
        &["ec2:Describe*", "eks:Describe*", "eks:List*", "iam:Get*", "iam:List*", "s3:Get*", "s3:List*"],
    ),
    ("/", "SecretsManagerReadWrite", &["secretsmanager:*", "kms:DescribeKey", "kms:ListAliases"]),
    (
        "/service-role/",
        "AmazonEBSCSIDriverPolicy",
        &[
            "ec2:AttachVolume",
            "ec2:CreateSnapshot",
            "ec2:CreateVolume",
            "ec2:DeleteVolume",
            "ec2:Describe*",
            "ec2:DetachVolume",
            "ec2:ModifyVolume",
        ],
    ),
];

/// The AWS managed policy of that ARN.
pub fn find(partition: &str, arn: &str) -> Option<ManagedPolicy> {
    all(partition).find(|policy| policy.arn == arn)
}

/// The ARN of the AWS managed policy of that name.
pub fn arn_of(partition: &str, name: &str) -> Option<String> {
    all(partition).find(|policy| policy.name == name).map(|policy| policy.arn)
}

/// Every AWS managed policy known here.
pub fn all(partition: &str) -> impl Iterator<Item = ManagedPolicy> {
    POLICIES.iter().enumerate().map(move |(index, (path, name, actions))| ManagedPolicy {
        name: (*name).to_owned(),
        path: (*path).to_owned(),
        arn: format!("arn:{partition}:iam::aws:policy{path}{name}"),
        id: format!("ANPAMANAGED{index:010}"),
        document: json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
        })
        .to_string(),
        description: None,
        created_at: Timestamp::from_second(1_500_000_000).unwrap_or_default(),
    })
}
