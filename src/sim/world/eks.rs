//! The lists of the `aws:` document that belong to EKS and EC2: node groups, Fargate
//! profiles, add-ons, access entries, associations and instances.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::aws::{Addon, Association, Instance, Lagging, State, VpcEndpoint, addon_arn, newest_addon, seconds};

use super::WorldError;
use super::field::Fields;

/// Reads the lists into the state.
pub fn read(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<(), WorldError> {
    for (name, group) in fields.each("nodegroups", |fields| nodegroup(state, fields, old))? {
        state.nodegroups.insert(name, group);
    }
    for (name, profile) in fields.each("fargateProfiles", |fields| fargate(state, fields, old))? {
        state.fargate_profiles.insert(name, profile);
    }
    for addon in fields.each("addons", |fields| addon(fields, old))? {
        state.addons.insert(addon.name.clone(), addon);
    }
    for (arn, entry) in fields.each("accessEntries", |fields| access_entry(state, fields, old))? {
        state.access_entries.insert(arn, entry);
    }
    for association in fields.each("associations", |fields| association(state, fields, old))? {
        state.associations.insert(association.id.clone(), Lagging::settled(association));
    }
    let count = state.associations.len();
    let places: std::collections::BTreeSet<_> = state
        .associations
        .values()
        .filter_map(Lagging::latest)
        .map(|one| (&one.namespace, &one.service_account))
        .collect();
    if places.len() < count {
        return Err(fields.wrong("associations", "a service account has two; EKS allows one"));
    }
    for instance in fields.each("instances", |fields| instance(state, fields, old))? {
        state.instances.insert(instance.id.clone(), instance);
    }
    state.vpc_endpoints = fields.each("vpcEndpoints", |fields| vpc_endpoint(state, fields))?;
    Ok(())
}

/// `service` is `sts`, `eks-auth`, `ecr.api`, …, or a whole service name.
fn vpc_endpoint(state: &mut State, fields: &Fields<'_>) -> Result<VpcEndpoint, WorldError> {
    let service = fields.text("service")?;
    let service_name = match service.starts_with("com.amazonaws.") {
        true => service,
        false => format!("com.amazonaws.{}.{service}", state.region),
    };
    let gateway = service_name.ends_with(".s3") || service_name.ends_with(".dynamodb");
    Ok(VpcEndpoint {
        id: format!("vpce-0{}", state.random.hex(16)),
        kind: fields.text_or("type", if gateway { "Gateway" } else { "Interface" })?,
        state: fields.text_or("state", "available")?,
        private_dns: fields.flag("privateDns", !gateway)?,
        service_name,
    })
}

/// A role by ARN or by name.
fn role_arn(state: &State, role: String) -> String {
    if role.starts_with("arn:") {
        return role;
    }
    let known = state.role(&role).map(|known| known.arn.clone());
    known.unwrap_or_else(|| state.iam_arn(&format!("role/{role}")))
}

fn nodegroup(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<(String, Value), WorldError> {
    let name = fields.text("name")?;
    let cluster = state.cluster.name.clone();
    let id = state.random.uuid();
    let size = fields.number("size", 2)?;
    let types = fields.texts("instanceTypes")?;
    let types = if types.is_empty() { vec!["m6i.large".to_owned()] } else { types };
    let created = fields.time("createdAt", old)?;
    let group = json!({
        "nodegroupName": name,
        "nodegroupArn": state.regional_arn("eks", &format!("nodegroup/{cluster}/{name}/{id}")),
        "clusterName": cluster,
        "version": fields.text_or("version", &state.cluster.version)?,
        "releaseVersion": fields.text_or("releaseVersion", &format!("{}.5-20261105", state.cluster.version))?,
        "createdAt": seconds(created),
        "modifiedAt": seconds(fields.time("modifiedAt", created)?),
        "status": fields.text_or("status", "ACTIVE")?,
        "capacityType": fields.word("capacityType", &["ON_DEMAND", "SPOT"])?,
        "scalingConfig": { "minSize": 1, "maxSize": size * 2, "desiredSize": size },
        "instanceTypes": types,
        "subnets": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"],
        "amiType": fields.text_or("amiType", "AL2023_x86_64_STANDARD")?,
        "nodeRole": role_arn(state, fields.text("role")?),
        "labels": fields.tags("labels")?,
        "resources": { "autoScalingGroups": [{ "name": format!("eks-{name}-{id}") }] },
        "diskSize": 20,
        "health": { "issues": [] },
        "updateConfig": { "maxUnavailable": 1 },
        "tags": fields.tags("tags")?,
    });
    Ok((name, group))
}

fn fargate(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<(String, Value), WorldError> {
    let name = fields.text("name")?;
    let cluster = state.cluster.name.clone();
    let id = state.random.uuid();
    let selectors = fields.each("selectors", |selector| {
        Ok(json!({ "namespace": selector.text("namespace")?, "labels": selector.tags("labels")? }))
    })?;
    let profile = json!({
        "fargateProfileName": name,
        "fargateProfileArn": state.regional_arn("eks", &format!("fargateprofile/{cluster}/{name}/{id}")),
        "clusterName": cluster,
        "createdAt": seconds(fields.time("createdAt", old)?),
        "podExecutionRoleArn": role_arn(state, fields.text("role")?),
        "subnets": ["subnet-0a1b2c3d4e5f60711"],
        "selectors": selectors,
        "status": "ACTIVE",
        "health": { "issues": [] },
        "tags": fields.tags("tags")?,
    });
    Ok((name, profile))
}

fn addon(fields: &Fields<'_>, old: Timestamp) -> Result<Addon, WorldError> {
    let name = fields.text("name")?;
    let created_at = fields.time("createdAt", old)?;
    let issues = fields.each("issues", |issue| {
        Ok(json!({ "code": issue.text("code")?, "message": issue.text("message")?, "resourceIds": issue.texts("resourceIds")? }))
    })?;
    Ok(Addon {
        version: fields.text_or("version", newest_addon(&name).unwrap_or("v1.0.0-eksbuild.1"))?,
        status: fields.text_or("status", "ACTIVE")?,
        role_arn: fields.optional("roleArn")?,
        configuration: fields.optional("configuration")?,
        issues,
        tags: fields.tags("tags")?,
        created_at,
        modified_at: fields.time("modifiedAt", created_at)?,
        name,
    })
}

fn access_entry(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<(String, Value), WorldError> {
    let principal = role_arn(state, fields.text("principal")?);
    let name = principal.rsplit('/').next().unwrap_or_default().to_owned();
    let (cluster, account, id) = (state.cluster.name.clone(), state.account.clone(), state.random.uuid());
    let kind = fields.text_or("type", "STANDARD")?;
    let node = kind != "STANDARD";
    let username = match kind.as_str() {
        "STANDARD" => format!("arn:{}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}", state.partition),
        "FARGATE_LINUX" => "system:node:{{SessionName}}".to_owned(),
        _ => "system:node:{{EC2PrivateDNSName}}".to_owned(),
    };
    let groups = fields.texts("groups")?;
    let created = fields.time("createdAt", old)?;
    let entry = json!({
        "clusterName": cluster,
        "principalArn": principal,
        "kubernetesGroups": if node && groups.is_empty() { vec!["system:nodes".to_owned()] } else { groups },
        "accessEntryArn": state.regional_arn("eks", &format!("access-entry/{cluster}/role/{account}/{name}/{id}")),
        "createdAt": seconds(created),
        "modifiedAt": seconds(fields.time("modifiedAt", created)?),
        "tags": fields.tags("tags")?,
        "username": fields.text_or("username", &username)?,
        "type": kind,
    });
    Ok((principal, entry))
}

fn association(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<Association, WorldError> {
    let id = format!("a-{}", state.random.lower(17));
    let created_at = fields.time("createdAt", old)?;
    let owner = fields.optional("owner")?;
    if let Some(owner) = owner.as_ref().filter(|owner| !state.addons.contains_key(*owner)) {
        return Err(fields.wrong("owner", format!("there is no add-on `{owner}`; add it under `addons`")));
    }
    let policy = match fields.value("policy") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(mapping) => Some(super::trust::text(mapping)),
    };
    Ok(Association {
        id: fields.text_or("id", &id)?,
        namespace: fields.text("namespace")?,
        service_account: fields.text("serviceAccount")?,
        role_arn: role_arn(state, fields.text("role")?),
        target_role_arn: fields.optional("targetRole")?.map(|role| role_arn(state, role)),
        disable_session_tags: fields.flag("disableSessionTags", false)?,
        policy,
        owner_arn: owner.map(|owner| addon_arn(state, &owner)),
        tags: fields.tags("tags")?,
        created_at,
        modified_at: fields.time("modifiedAt", created_at)?,
    })
}

fn instance(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<Instance, WorldError> {
    let id = fields.text("id")?;
    let profile = fields.optional("profile")?;
    if let Some(profile) = profile.as_ref().filter(|profile| !state.profiles.contains_key(*profile)) {
        return Err(fields
            .wrong("profile", format!("there is no instance profile `{profile}`; add it under `instanceProfiles`")));
    }
    let region = state.region.clone();
    let private_dns = fields.text_or("node", &format!("{id}.{region}.compute.internal"))?;
    let mut tags: BTreeMap<String, String> = fields.tags("tags")?;
    tags.entry(format!("kubernetes.io/cluster/{}", state.cluster.name)).or_insert_with(|| "owned".to_owned());
    Ok(Instance {
        profile,
        tokens: fields.word("tokens", &["required", "optional"])?,
        hop_limit: u32::try_from(fields.number("hopLimit", 1)?).unwrap_or(1),
        endpoint: fields.word("endpoint", &["enabled", "disabled"])?,
        options_state: fields.word("optionsState", &["applied", "pending"])?,
        protocol_ipv6: fields.word("ipv6", &["disabled", "enabled"])?,
        state: fields.text_or("state", "running")?,
        kind: fields.text_or("type", "m6i.large")?,
        zone: fields.text_or("zone", &format!("{region}a"))?,
        private_ip: fields.text_or("ip", "10.0.0.1")?,
        operator: fields.optional("operator")?,
        launched_at: fields.time("launchedAt", old)?,
        private_dns,
        tags,
        id,
    })
}
