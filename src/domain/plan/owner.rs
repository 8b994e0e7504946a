//! Who else writes what a plan changes: Terraform, CloudFormation, GitOps, Helm. What they own is changed in their
//! repository, or it comes back (experience part 3, OWNER, and part 5).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Call, Plan, affected::role_name};
use crate::domain::{
    id::{AssociationId, RoleArn, RoleName, ServiceAccountId},
    inventory::Inventory,
};

/// What owns an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Tool {
    /// Terraform or OpenTofu.
    Terraform,
    /// A stack, by itself or from the CDK.
    CloudFormation,
    /// A ClusterConfig of eksctl.
    #[serde(rename = "eksctl")]
    Eksctl,
    /// AWS Controllers for Kubernetes.
    #[serde(rename = "ACK")]
    Ack,
    /// A chart.
    Helm,
    /// Argo CD.
    #[serde(rename = "Argo CD")]
    ArgoCd,
    /// Flux.
    Flux,
    /// Pulumi.
    Pulumi,
    /// Crossplane.
    Crossplane,
}

impl Tool {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::CloudFormation => "CloudFormation",
            Self::Eksctl => "eksctl",
            Self::Ack => "ACK",
            Self::Helm => "Helm",
            Self::ArgoCd => "Argo CD",
            Self::Flux => "Flux",
            Self::Pulumi => "Pulumi",
            Self::Crossplane => "Crossplane",
        }
    }
}

/// An object that a plan changes and somebody else writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owned {
    /// `role payments-api`.
    pub what: String,
    /// Who owns it.
    pub tool: Tool,
    /// How that was told: `tag managed-by=terraform`.
    pub sign: String,
}

impl Owned {
    /// In one sentence, without its full stop.
    pub fn sentence(&self) -> String {
        format!("{} is owned by {} ({}): changed only here, it comes back", self.what, self.tool.name(), self.sign)
    }
}

/// What a plan changes that somebody else owns, each object once. What has not been read is not known to be owned.
pub fn owned(plan: &Plan, inventory: &Inventory) -> Vec<Owned> {
    let mut found: Vec<Owned> = Vec::new();
    for owned in plan.steps.iter().filter_map(|step| of_call(&step.call, inventory)) {
        if !found.contains(&owned) {
            found.push(owned);
        }
    }
    found
}

fn of_call(call: &Call, inventory: &Inventory) -> Option<Owned> {
    match call {
        Call::UpdateAssumeRolePolicy { role_arn, .. } => of_role(inventory, role_arn),
        Call::UpdatePodIdentityAssociation { association, .. }
        | Call::TagAssociation { association, .. }
        | Call::DeletePodIdentityAssociation { association, .. } => of_association(inventory, association),
        Call::AnnotateServiceAccount { service_account, .. } => of_service_account(inventory, service_account),
        _ => None,
    }
}

fn of_role(inventory: &Inventory, arn: &RoleArn) -> Option<Owned> {
    let fact = inventory.role(arn);
    let (tool, sign) = by_tags(fact.known()?.tags.as_ref()?)?;
    Some(Owned { what: format!("role {}", role_name(arn)), tool, sign })
}

fn of_association(inventory: &Inventory, id: &AssociationId) -> Option<Owned> {
    let (tool, sign) = by_tags(&inventory.association(id)?.detail.known()?.tags)?;
    Some(Owned { what: format!("association {id}"), tool, sign })
}

fn of_service_account(inventory: &Inventory, id: &ServiceAccountId) -> Option<Owned> {
    let managers = &inventory.service_account(id)?.managers;
    let (tool, manager) = managers.iter().find_map(|manager| Some((by_manager(manager)?, manager)))?;
    Some(Owned { what: format!("service account {id}"), tool, sign: format!("written by {manager}") })
}

/// By field manager, or by the name that labels and annotations of these tools were given while decoding.
pub fn by_manager(manager: &str) -> Option<Tool> {
    const MANAGERS: [(&str, Tool); 9] = [
        ("helm", Tool::Helm),
        ("argocd", Tool::ArgoCd),
        ("argo-cd", Tool::ArgoCd),
        ("argo cd", Tool::ArgoCd),
        ("flux", Tool::Flux),
        ("kustomize-controller", Tool::Flux),
        ("terraform", Tool::Terraform),
        ("pulumi", Tool::Pulumi),
        ("crossplane", Tool::Crossplane),
    ];
    let lower = manager.to_ascii_lowercase();
    MANAGERS.iter().find(|(name, _)| lower.contains(name)).map(|(_, tool)| *tool)
}

/// By the tags that the tools set themselves, then by the conventions of those who use them.
fn by_tags(tags: &BTreeMap<String, String>) -> Option<(Tool, String)> {
    const OWN: [(&str, Tool); 6] = [
        ("alpha.eksctl.io/", Tool::Eksctl),
        ("eksctl.cluster.k8s.io/", Tool::Eksctl),
        ("services.k8s.aws/", Tool::Ack),
        ("crossplane-", Tool::Crossplane),
        ("pulumi:", Tool::Pulumi),
        ("aws:cloudformation:stack-name", Tool::CloudFormation),
    ];
    let said = |key: &str, value: &str| format!("tag {key}={value}");
    for (prefix, tool) in OWN {
        if let Some((key, value)) = tags.iter().find(|(key, _)| key.to_ascii_lowercase().starts_with(prefix)) {
            return Some((tool, said(key, value)));
        }
    }
    tags.iter().find_map(|(key, value)| Some((by_convention(key, value)?, said(key, value))))
}

/// `managed-by=terraform`, `Terraform=true` and their like.
fn by_convention(key: &str, value: &str) -> Option<Tool> {
    const KEYS: [&str; 7] = ["managedby", "createdby", "provisionedby", "provisioner", "deployedby", "iac", "tool"];
    const VALUES: [(&str, Tool); 7] = [
        ("terraform", Tool::Terraform),
        ("opentofu", Tool::Terraform),
        ("cloudformation", Tool::CloudFormation),
        ("cdk", Tool::CloudFormation),
        ("pulumi", Tool::Pulumi),
        ("crossplane", Tool::Crossplane),
        ("eksctl", Tool::Eksctl),
    ];
    let folded: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let value = value.to_ascii_lowercase();
    if folded.starts_with("terraform") && !matches!(value.as_str(), "false" | "no" | "0" | "") {
        return Some(Tool::Terraform);
    }
    let named = KEYS.contains(&folded.as_str());
    VALUES.iter().find(|(word, _)| named && value.contains(word)).map(|(_, tool)| *tool)
}

/// Roles whose tags and policies a plan still needs: those it edits, those that go on to a target role, and the
/// caller's own, which has to be allowed to pass a role.
pub fn wanted_roles(plan: &Plan, inventory: &Inventory) -> Vec<RoleName> {
    let mut arns: Vec<RoleArn> = Vec::new();
    for step in &plan.steps {
        match &step.call {
            Call::UpdateAssumeRolePolicy { role_arn, .. } => {
                arns.push(role_arn.clone());
                arns.extend(inventory.caller_role());
            }
            Call::DeletePodIdentityAssociation { .. } => arns.extend(inventory.caller_role()),
            Call::CreatePodIdentityAssociation { role_arn, target_role_arn, .. } => {
                arns.extend(target_role_arn.is_some().then(|| role_arn.clone()));
                arns.extend(inventory.caller_role());
            }
            Call::UpdatePodIdentityAssociation { after, .. } => {
                arns.extend(after.target_role_arn.is_some().then(|| after.role_arn.clone()));
                arns.extend(inventory.caller_role());
            }
            _ => {}
        }
    }
    arns.sort();
    arns.dedup();
    arns.iter().filter_map(|arn| inventory.undetailed_role(arn)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(key: &str, value: &str) -> Option<Tool> {
        by_tags(&BTreeMap::from([(key.to_owned(), value.to_owned())])).map(|(tool, _)| tool)
    }

    #[test]
    fn tags_tell_who_owns_a_role_or_an_association() {
        for (key, value, wanted) in [
            ("aws:cloudformation:stack-name", "payments", Some(Tool::CloudFormation)),
            ("alpha.eksctl.io/cluster-name", "acme-prod", Some(Tool::Eksctl)),
            ("services.k8s.aws/controller-version", "iam-1.4", Some(Tool::Ack)),
            ("crossplane-kind", "role.iam.aws", Some(Tool::Crossplane)),
            ("managed-by", "terraform", Some(Tool::Terraform)),
            ("ManagedBy", "Terraform Cloud", Some(Tool::Terraform)),
            ("Terraform", "true", Some(Tool::Terraform)),
            ("terraform:workspace", "prod", Some(Tool::Terraform)),
            ("Terraform", "false", None),
            ("created_by", "aws-cdk", Some(Tool::CloudFormation)),
            ("team", "terraform", None),
            ("managed-by", "platform team", None),
        ] {
            assert_eq!(tool(key, value), wanted, "{key}={value}");
        }
    }

    #[test]
    fn the_tools_own_tags_come_before_conventions_and_eksctl_before_its_stack() {
        let tags = [
            ("aws:cloudformation:stack-name", "x"),
            ("alpha.eksctl.io/cluster-name", "y"),
            ("managed-by", "terraform"),
        ];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(by_tags(&tags), Some((Tool::Eksctl, "tag alpha.eksctl.io/cluster-name=y".to_owned())));
    }

    #[test]
    fn managers_tell_who_owns_a_service_account() {
        for (manager, wanted) in [
            ("argocd-controller", Some(Tool::ArgoCd)),
            ("Argo CD", Some(Tool::ArgoCd)),
            ("Helm", Some(Tool::Helm)),
            ("kustomize-controller", Some(Tool::Flux)),
            ("Terraform", Some(Tool::Terraform)),
            ("node-fetch", None),
        ] {
            assert_eq!(by_manager(manager), wanted, "{manager}");
        }
    }
}
