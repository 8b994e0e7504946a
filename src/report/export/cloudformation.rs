//! A CloudFormation template: `AWS::EKS::PodIdentityAssociation`, `AWS::EKS::Addon`, `AWS::IAM::Role`.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Names, comments,
    wanted::{Association, Role, Wanted},
    yaml::{Mapping, yaml},
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Template {
    #[serde(rename = "AWSTemplateFormatVersion")]
    format: &'static str,
    description: String,
    resources: Mapping<String, Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_replace_policy: Option<&'static str>,
    properties: Mapping<&'static str, Value>,
}

impl Resource {
    /// What exists already can be imported only if deleting the stack would keep it.
    fn new(kind: &'static str, exists: bool, properties: Mapping<&'static str, Value>) -> Self {
        let policy = exists.then_some("Retain");
        Self { kind, deletion_policy: policy, update_replace_policy: policy, properties }
    }
}

pub(super) fn text(wanted: &Wanted<'_>) -> String {
    let mut lines = wanted.heading();
    let mut names = Names::default();
    let mut resources = Mapping::default();
    let mut roles: Vec<(&Role, String)> = Vec::new();
    for role in &wanted.roles {
        let id = names.give(&format!("{}Role", logical(&[&role.name])), "N");
        lines.extend(role_notes(role, &id));
        resources.set(id.clone(), self::role(role));
        roles.push((role, id));
    }
    for one in &wanted.associations {
        let (namespace, name) = (one.service_account.namespace.as_str(), one.service_account.name.as_str());
        let id = names.give(&format!("{}Association", logical(&[namespace, name])), "N");
        if let Some((_, arn)) = one.existing {
            lines.push(format!("{id} exists: import it into the stack first, by AssociationArn {arn}"));
        }
        resources.set(id, association(wanted, one, &roles));
    }
    for addon in &wanted.addons {
        let properties = Mapping::from([("AddonName", json!(addon)), ("ClusterName", json!(wanted.cluster))]);
        resources.set(names.give(&logical(&[addon]), "N"), Resource::new("AWS::EKS::Addon", false, properties));
    }
    lines.extend(wanted.removed.iter().flat_map(|removed| {
        let (id, account) = (removed.id, removed.service_account);
        [
            format!(
                "CloudFormation removes what its template no longer has: take out the resource of {account} ({id})"
            ),
            "If no stack has it, delete it by its id:".to_owned(),
        ]
    }));
    if !wanted.removed.is_empty() {
        lines.extend(wanted.plan.steps.iter().map(|step| format!("  {}", step.command)));
    }
    lines.extend(wanted.rest("CloudFormation"));
    let notes = comments(lines.iter().map(String::as_str));
    if resources.is_empty() {
        return notes;
    }
    let description = format!("rolecall {} {}", wanted.plan.kind.word(), wanted.plan.subject);
    notes + &yaml(&Template { format: "2010-09-09", description, resources })
}

fn role_notes(role: &Role, id: &str) -> Vec<String> {
    if !role.exists {
        return vec![format!("{id} may do nothing yet: add ManagedPolicyArns or Policies")];
    }
    vec![
        format!("{id} exists: import it into the stack first, by RoleName {}", role.name),
        format!(
            "Only its trust policy stands here: add its description, tags, policies and boundary, or they are lost"
        ),
    ]
}

fn role(role: &Role) -> Resource {
    let mut properties = Mapping::from([("RoleName", json!(role.name))]);
    properties.extend(role.path.as_ref().map(|path| ("Path", json!(path))));
    properties.extend(role.max_session_seconds.map(|seconds| ("MaxSessionDuration", json!(seconds))));
    let document = serde_json::from_str(&role.trust).unwrap_or_else(|_| json!(role.trust));
    properties.set("AssumeRolePolicyDocument", document);
    Resource::new("AWS::IAM::Role", role.exists, properties)
}

fn association(wanted: &Wanted<'_>, one: &Association<'_>, roles: &[(&Role, String)]) -> Resource {
    let own = roles.iter().find(|(role, _)| role.arn.as_str() == one.role_arn.as_str());
    let role = match own {
        Some((_, id)) => json!({"Fn::GetAtt": [id, "Arn"]}),
        None => json!(one.role_arn),
    };
    let mut properties = Mapping::from([
        ("ClusterName", json!(wanted.cluster)),
        ("Namespace", json!(one.service_account.namespace)),
        ("ServiceAccount", json!(one.service_account.name)),
        ("RoleArn", role),
    ]);
    properties.extend(one.target_role_arn.map(|target| ("TargetRoleArn", json!(target))));
    properties.extend(one.disable_session_tags.then_some(("DisableSessionTags", json!(true))));
    properties.extend(one.policy.map(|policy| ("Policy", json!(policy))));
    if !one.tags.is_empty() {
        let tags: Vec<Value> = one.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        properties.set("Tags", json!(tags));
    }
    Resource::new("AWS::EKS::PodIdentityAssociation", one.existing.is_some(), properties)
}

/// A logical id: letters and digits only.
fn logical(parts: &[&str]) -> String {
    let words = parts.iter().flat_map(|part| part.split(|letter: char| !letter.is_ascii_alphanumeric()));
    words
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}
