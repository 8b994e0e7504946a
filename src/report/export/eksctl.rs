//! An eksctl ClusterConfig (`eksctl.io/v1alpha5`): `iam.podIdentityAssociations` and `addons`.

use serde::Serialize;

use super::{
    comments,
    wanted::{Association, Wanted},
    yaml::{Mapping, yaml},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterConfig<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iam: Option<Iam<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addons: Vec<Addon<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    pod_identity_associations: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Addon<'a> {
    name: &'a str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    namespace: &'a str,
    service_account_name: &'a str,
    #[serde(rename = "roleARN", skip_serializing_if = "Option::is_none")]
    role_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_name: Option<&'a str>,
    #[serde(rename = "permissionPolicyARNs", skip_serializing_if = "Option::is_none")]
    permission_policy_arns: Option<Vec<&'a str>>,
    #[serde(rename = "targetRoleARN", skip_serializing_if = "Option::is_none")]
    target_role_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_session_tags: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Mapping::is_empty")]
    tags: Mapping<&'a str, &'a str>,
}

pub(super) fn text(wanted: &Wanted<'_>) -> String {
    let mut lines = wanted.heading();
    lines.extend(usage(wanted));
    lines.extend(wanted.rest("eksctl"));
    let region = wanted.region.as_ref().map_or("", |region| region.as_str());
    let mut entries: Vec<Entry<'_>> = wanted.associations.iter().map(|one| entry(wanted, one)).collect();
    entries.extend(wanted.removed.iter().map(|removed| Entry {
        namespace: removed.service_account.namespace.as_str(),
        service_account_name: removed.service_account.name.as_str(),
        role_arn: removed.detail.map(|detail| detail.role_arn.as_str()),
        ..Entry::default()
    }));
    let notes = comments(lines.iter().map(String::as_str));
    if entries.is_empty() && wanted.addons.is_empty() {
        return notes;
    }
    let config = ClusterConfig {
        api_version: "eksctl.io/v1alpha5",
        kind: "ClusterConfig",
        metadata: Metadata { name: &wanted.cluster, region },
        iam: (!entries.is_empty()).then_some(Iam { pod_identity_associations: entries }),
        addons: wanted.addons.iter().map(|name| Addon { name }).collect(),
    };
    notes + &yaml(&config)
}

/// An existing role by its ARN; a new one by its name, and eksctl creates it.
fn entry<'a>(wanted: &'a Wanted<'a>, one: &'a Association<'a>) -> Entry<'a> {
    let new = wanted.role(one.role_arn).filter(|role| !role.exists);
    Entry {
        namespace: one.service_account.namespace.as_str(),
        service_account_name: one.service_account.name.as_str(),
        role_arn: new.is_none().then(|| one.role_arn.as_str()),
        role_name: new.map(|role| role.name.as_str()),
        permission_policy_arns: new.map(|_| Vec::new()),
        target_role_arn: one.target_role_arn.map(|role| role.as_str()),
        disable_session_tags: one.disable_session_tags,
        policy: one.policy,
        tags: one.tags.iter().copied().collect(),
    }
}

fn usage(wanted: &Wanted<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let (there, new): (Vec<_>, Vec<_>) = wanted.associations.iter().partition(|one| one.existing.is_some());
    lines.extend((!new.is_empty()).then(|| "eksctl create podidentityassociation -f FILE".to_owned()));
    lines.extend((!there.is_empty()).then(|| "eksctl update podidentityassociation -f FILE".to_owned()));
    lines.extend((!wanted.removed.is_empty()).then(|| {
        "eksctl delete podidentityassociation -f FILE removes what is listed; take it out of your own file".to_owned()
    }));
    lines.extend((!wanted.addons.is_empty()).then(|| "eksctl create addon -f FILE".to_owned()));
    for role in &wanted.roles {
        if !role.exists {
            let name = &role.name;
            lines.push(format!(
                "eksctl creates role {name} and its trust policy; list its policies in permissionPolicyARNs"
            ));
            lines.extend(role.path.as_ref().map(|path| format!("eksctl cannot give it the path {path}")));
        } else {
            lines.push(format!("eksctl cannot say this: the trust policy of {} becomes", role.name));
            lines.extend(role.trust.lines().map(|line| format!("  {line}")));
        }
    }
    lines
}
