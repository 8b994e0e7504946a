//! The action behind the name of an operation, where a text gives only that.

use std::sync::LazyLock;

use regex::Regex;

use super::wording::Wording;

static BOTO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"when calling the (\w+) operation").ok());
static GO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"operation error ([\w -]+): (\w+)").ok());

/// Operations of S3 whose action has another name, and those that only S3 has.
const S3: &[(&str, &str)] = &[
    ("ListObjectsV2", "s3:ListBucket"),
    ("ListObjects", "s3:ListBucket"),
    ("HeadBucket", "s3:ListBucket"),
    ("ListBuckets", "s3:ListAllMyBuckets"),
    ("HeadObject", "s3:GetObject"),
    ("GetObject", "s3:GetObject"),
    ("PutObject", "s3:PutObject"),
    ("CopyObject", "s3:PutObject"),
    ("CreateMultipartUpload", "s3:PutObject"),
    ("UploadPart", "s3:PutObject"),
    ("CompleteMultipartUpload", "s3:PutObject"),
    ("DeleteObject", "s3:DeleteObject"),
    ("DeleteObjects", "s3:DeleteObject"),
];

/// Names that the SDK for Go writes, and the prefix of their actions.
const SERVICES: &[(&str, &str)] = &[
    ("elastic load balancing v2", "elasticloadbalancing"),
    ("elastic load balancing", "elasticloadbalancing"),
    ("cloudwatch logs", "logs"),
    ("cloudwatch", "cloudwatch"),
    ("auto scaling", "autoscaling"),
    ("eks auth", "eks-auth"),
    ("opensearch", "es"),
    ("eventbridge", "events"),
    ("sfn", "states"),
    ("efs", "elasticfilesystem"),
    ("ecr public", "ecr-public"),
    ("resource groups tagging api", "tag"),
];

/// The action that was attempted, if the text names its operation.
pub(super) fn action(wording: &Wording) -> Option<String> {
    let text = wording.text();
    let go = GO.as_ref()?.captures_iter(text).find(|found| !found[1].eq_ignore_ascii_case("ec2imds"));
    match go {
        Some(found) => Some(of_service(&found[1], &found[2])),
        None => BOTO.as_ref()?.captures(text).and_then(|found| of_operation(&found[1])),
    }
}

fn of_service(service: &str, operation: &str) -> String {
    let service = service.to_ascii_lowercase();
    if service == "s3"
        && let Some(action) = of_s3(operation)
    {
        return action;
    }
    let known = SERVICES.iter().find(|(name, _)| *name == service);
    let prefix = known.map_or_else(|| service.replace(' ', ""), |(_, prefix)| (*prefix).to_owned());
    format!("{prefix}:{operation}")
}

fn of_s3(operation: &str) -> Option<String> {
    S3.iter().find(|(name, _)| *name == operation).map(|(_, action)| (*action).to_owned())
}

/// Without the service only names that a single service has tell the action.
fn of_operation(operation: &str) -> Option<String> {
    let sts = operation.starts_with("AssumeRole") && operation != "AssumeRoleForPodIdentity";
    match operation {
        "AssumeRoleForPodIdentity" => Some(format!("eks-auth:{operation}")),
        "GetCallerIdentity" | "GetSessionToken" => Some(format!("sts:{operation}")),
        "CreatePodIdentityAssociation" | "UpdatePodIdentityAssociation" => Some(format!("eks:{operation}")),
        _ if sts => Some(format!("sts:{operation}")),
        _ => of_s3(operation),
    }
}
