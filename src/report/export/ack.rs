//! Manifests of AWS Controllers for Kubernetes: `PodIdentityAssociation` and `Addon`
//! (`eks.services.k8s.aws/v1alpha1`), `Role` (`iam.services.k8s.aws/v1alpha1`).

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Names, comments,
    wanted::{Association, Role, Wanted},
    yaml::{Mapping, yaml},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Mapping<&'static str, Value>,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Mapping::is_empty")]
    annotations: Mapping<&'static str, String>,
}

impl Metadata {
    /// `adopt` names what exists already by the fields the controller finds it with.
    fn new(name: String, namespace: Option<&str>, adopt: Option<Value>) -> Self {
        let annotations = adopt.map(|fields| {
            [
                ("services.k8s.aws/adoption-policy", "adopt-or-create".to_owned()),
                ("services.k8s.aws/adoption-fields", fields.to_string()),
            ]
        });
        let annotations = annotations.into_iter().flatten().collect();
        Self { name, namespace: namespace.map(str::to_owned), annotations }
    }
}

const EKS: &str = "eks.services.k8s.aws/v1alpha1";
const IAM: &str = "iam.services.k8s.aws/v1alpha1";

pub(super) fn text(wanted: &Wanted<'_>) -> String {
    let mut lines = wanted.heading();
    let mut names = Names::default();
    let mut manifests = Vec::new();
    // Beside the association that needs it, so that one team applies both.
    let home = wanted.associations.first().map(|one| one.service_account.namespace.as_str());
    for role in &wanted.roles {
        lines.extend(role_notes(role));
        manifests.push(self::role(role, names.give(&resource_name(&role.name), "-"), home));
    }
    for one in &wanted.associations {
        let what = one.service_account;
        lines
            .extend(one.policy.map(|_| format!("ACK cannot say this: the session policy of {what}; set it otherwise")));
        manifests.push(association(wanted, one, home));
    }
    for addon in &wanted.addons {
        let spec = Mapping::from([("clusterName", json!(wanted.cluster)), ("name", json!(addon))]);
        let metadata = Metadata::new((*addon).to_owned(), None, None);
        manifests.push(Manifest { api_version: EKS, kind: "Addon", metadata, spec });
    }
    for removed in &wanted.removed {
        let (id, account) = (removed.id, removed.service_account);
        lines.push(format!(
            "ACK removes what has no object any more: delete the PodIdentityAssociation of {account} ({id})"
        ));
        lines.push("If ACK has none, delete it by its id:".to_owned());
    }
    if !wanted.removed.is_empty() {
        lines.extend(wanted.plan.steps.iter().map(|step| format!("  {}", step.command)));
    }
    lines.extend(wanted.rest("ACK"));
    let documents: Vec<String> = manifests.iter().map(yaml).collect();
    comments(lines.iter().map(String::as_str)) + &documents.join("---\n")
}

fn role_notes(role: &Role) -> Vec<String> {
    match role.exists {
        true => vec![format!(
            "Role {} is adopted: what it has besides its trust policy must stand here too, or ACK removes it",
            role.name
        )],
        false => vec![format!("Role {} may do nothing yet: list its policies in spec.policies", role.name)],
    }
}

fn role(role: &Role, name: String, namespace: Option<&str>) -> Manifest {
    let mut spec = Mapping::from([("name", json!(role.name))]);
    spec.extend(role.path.as_ref().map(|path| ("path", json!(path))));
    spec.extend(role.max_session_seconds.map(|seconds| ("maxSessionDuration", json!(seconds))));
    spec.set("assumeRolePolicyDocument", json!(role.trust));
    let adopt = role.exists.then(|| json!({"name": role.name}));
    Manifest { api_version: IAM, kind: "Role", metadata: Metadata::new(name, namespace, adopt), spec }
}

fn association(wanted: &Wanted<'_>, one: &Association<'_>, home: Option<&str>) -> Manifest {
    let (namespace, name) = (one.service_account.namespace.as_str(), one.service_account.name.as_str());
    let mut spec = Mapping::from([
        ("clusterName", json!(wanted.cluster)),
        ("namespace", json!(namespace)),
        ("serviceAccount", json!(name)),
    ]);
    match wanted.role(one.role_arn).filter(|role| !role.exists) {
        Some(role) => spec.set("roleRef", json!({"from": {"name": resource_name(&role.name), "namespace": home}})),
        None => spec.set("roleARN", json!(one.role_arn)),
    }
    spec.extend(one.target_role_arn.map(|target| ("targetRoleARN", json!(target))));
    spec.extend(one.disable_session_tags.then_some(("disableSessionTags", json!(true))));
    if !one.tags.is_empty() {
        spec.set(
            "tags",
            Value::Object(one.tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()),
        );
    }
    let adopt = one.existing.map(|(id, _)| json!({"clusterName": wanted.cluster, "associationID": id}));
    let metadata = Metadata::new(name.to_owned(), Some(namespace), adopt);
    Manifest { api_version: EKS, kind: "PodIdentityAssociation", metadata, spec }
}

/// A name as Kubernetes allows it: what IAM allows besides becomes a dash.
fn resource_name(role: &str) -> String {
    let name: String = role
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    name.trim_matches('-').to_owned()
}
