//! Terraform for the AWS provider: `aws_eks_pod_identity_association`, `aws_iam_role` with its trust policy
//! as a data source, `aws_eks_addon`; what exists already gets an `import` block.

use super::{
    Names, comments,
    wanted::{Association, Removed, Role, Wanted},
};
use hcl::{Body, quoted};

mod document;
mod hcl;

pub(super) fn text(wanted: &Wanted<'_>) -> String {
    let mut lines = wanted.heading();
    let mut names = Names::default();
    let mut out = Body::default();
    let mut roles = Vec::new();
    for role in &wanted.roles {
        let label = names.give(&label(&[&role.name]), "_");
        lines.extend(role_notes(role, &label));
        self::role(&mut out, role, &label);
        roles.push((role, label));
    }
    for one in &wanted.associations {
        let label = names.give(&account_label(one.service_account), "_");
        if one.policy.is_some() {
            lines.push("policy needs version 6.57.1 or later of the AWS provider".to_owned());
        }
        association(&mut out, wanted, one, &roles, &label);
    }
    for addon in &wanted.addons {
        let mut body = Body::default();
        body.set("cluster_name", quoted(&wanted.cluster));
        body.set("addon_name", quoted(addon));
        out.block(format!("resource \"aws_eks_addon\" {}", quoted(&names.give(&label(&[addon]), "_"))), body);
    }
    for removed in &wanted.removed {
        let label = account_label(removed.service_account);
        lines.extend(removal_notes(wanted, removed, &label));
        removal(&mut out, &label);
    }
    lines.extend(wanted.rest("Terraform"));
    let notes = comments(lines.iter().map(String::as_str));
    let code = out.render();
    if code.is_empty() { notes } else { format!("{notes}\n{code}") }
}

fn account_label(id: &crate::domain::id::ServiceAccountId) -> String {
    label(&[id.namespace.as_str(), id.name.as_str()])
}

/// A name of a resource: letters, digits, `-` and `_`, not beginning with a digit.
fn label(parts: &[&str]) -> String {
    let clean = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    let name: String = parts.join("_").chars().map(clean).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("_{name}") }
}

fn import(out: &mut Body, to: String, id: &str) {
    let mut body = Body::default();
    body.set("to", to);
    body.set("id", quoted(id));
    out.block("import".to_owned(), body);
}

fn role_notes(role: &Role, label: &str) -> Vec<String> {
    if !role.exists {
        return vec![format!("aws_iam_role.{label} may do nothing yet: attach policies to it")];
    }
    vec![
        format!("aws_iam_role.{label} is imported for its trust policy; what else it has is left as it is"),
        "If your configuration has this role already, change its assume_role_policy there instead".to_owned(),
    ]
}

fn role(out: &mut Body, role: &Role, label: &str) {
    let resource = format!("aws_iam_role.{label}");
    if role.exists {
        import(out, resource, &role.name);
    }
    let trust = match document::data_source(&role.trust) {
        Some(body) => {
            out.block(format!("data \"aws_iam_policy_document\" {}", quoted(&format!("{label}_trust"))), body);
            format!("data.aws_iam_policy_document.{label}_trust.json")
        }
        None => quoted(&role.trust),
    };
    let mut body = Body::default();
    body.set("name", quoted(&role.name));
    body.set_if("path", role.path.as_deref().map(quoted));
    body.set_if("max_session_duration", role.max_session_seconds.map(|seconds| seconds.to_string()));
    body.set("assume_role_policy", trust);
    if role.exists {
        let mut lifecycle = Body::default();
        lifecycle.set("ignore_changes", "[description, permissions_boundary, tags, tags_all]".to_owned());
        body.block("lifecycle".to_owned(), lifecycle);
    }
    out.block(format!("resource \"aws_iam_role\" {}", quoted(label)), body);
}

fn association(out: &mut Body, wanted: &Wanted<'_>, one: &Association<'_>, roles: &[(&Role, String)], label: &str) {
    if let Some((id, _)) = one.existing {
        let resource = format!("aws_eks_pod_identity_association.{label}");
        import(out, resource, &format!("{},{id}", wanted.cluster));
    }
    let own = roles.iter().find(|(role, _)| role.arn.as_str() == one.role_arn.as_str());
    let role = own.map_or_else(|| quoted(one.role_arn.as_str()), |(_, label)| format!("aws_iam_role.{label}.arn"));
    let mut body = Body::default();
    body.set("cluster_name", quoted(&wanted.cluster));
    body.set("namespace", quoted(one.service_account.namespace.as_str()));
    body.set("service_account", quoted(one.service_account.name.as_str()));
    body.set("role_arn", role);
    body.set_if("target_role_arn", one.target_role_arn.map(|target| quoted(target.as_str())));
    body.set_if("disable_session_tags", one.disable_session_tags.then(|| "true".to_owned()));
    body.set_if("policy", one.policy.map(quoted));
    if !one.tags.is_empty() {
        let mut tags = Body::default();
        one.tags.iter().for_each(|(key, value)| tags.set(&quoted(key), quoted(value)));
        body.block("tags =".to_owned(), tags);
    }
    out.block(format!("resource \"aws_eks_pod_identity_association\" {}", quoted(label)), body);
}

fn removal_notes(wanted: &Wanted<'_>, removed: &Removed<'_>, label: &str) -> Vec<String> {
    let (id, account) = (removed.id, removed.service_account);
    let mut lines = vec![
        format!("Put this in the place of the resource of {account}; it may be called otherwise than {label}"),
        format!("If Terraform does not have {id}, delete it by its id:"),
    ];
    lines.extend(wanted.plan.steps.iter().map(|step| format!("  {}", step.command)));
    lines
}

fn removal(out: &mut Body, label: &str) {
    let mut lifecycle = Body::default();
    lifecycle.set("destroy", "true".to_owned());
    let mut body = Body::default();
    body.set("from", format!("aws_eks_pod_identity_association.{label}"));
    body.block("lifecycle".to_owned(), lifecycle);
    out.block("removed".to_owned(), body);
}
