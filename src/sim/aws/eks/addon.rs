//! Add-ons: their calls, their transitions as far as the API shows them, and the
//! associations they own.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::aws::call::Asked;
use crate::sim::aws::error::Failure;
use crate::sim::aws::lagging::Lagging;
use crate::sim::aws::model::{Addon, Association, State};
use crate::sim::aws::query::Parameters;

use super::{association, in_use, invalid, not_found, optional, required, seconds, token};

/// Name, namespace of its service accounts, versions (newest first).
const CATALOGUE: &[(&str, &str, &[&str])] = &[
    ("eks-pod-identity-agent", "kube-system", &["v1.3.9-eksbuild.3", "v1.3.4-eksbuild.1", "v1.2.0-eksbuild.1"]),
    ("vpc-cni", "kube-system", &["v1.20.4-eksbuild.1", "v1.19.2-eksbuild.1"]),
    ("coredns", "kube-system", &["v1.12.4-eksbuild.1", "v1.11.4-eksbuild.2"]),
    ("kube-proxy", "kube-system", &["v1.33.3-eksbuild.10", "v1.32.6-eksbuild.2"]),
    ("aws-ebs-csi-driver", "kube-system", &["v1.51.0-eksbuild.1", "v1.38.1-eksbuild.2"]),
    ("metrics-server", "kube-system", &["v0.8.0-eksbuild.2"]),
    ("amazon-cloudwatch-observability", "amazon-cloudwatch", &["v4.5.0-eksbuild.1"]),
];

fn catalogued(name: &str) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    CATALOGUE.iter().find(|(known, ..)| *known == name)
}

/// The newest version of an add-on that EKS offers.
pub fn newest(name: &str) -> Option<&'static str> {
    catalogued(name).and_then(|(.., versions)| versions.first()).copied()
}

/// Describes an installed add-on.
pub fn describe(state: &State, name: &str) -> Result<Value, Failure> {
    let addon = state.addons.get(name).ok_or_else(|| missing(state, name))?;
    Ok(json!({ "addon": full(state, addon) }))
}

/// Begins to install an add-on.
pub fn create(state: &mut State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    if let Some(name) = token::earlier(state, asked)? {
        return describe(state, &name);
    }
    let body = &asked.body;
    let name = required(body, "addonName")?.to_owned();
    if state.addons.contains_key(&name) {
        return Err(in_use("Addon already exists.").with("clusterName", &state.cluster.name).with("addonName", &name));
    }
    let version = version(&name, optional(body, "addonVersion")?)?;
    let addon = Addon {
        name: name.clone(),
        version,
        status: "CREATING".to_owned(),
        role_arn: optional(body, "serviceAccountRoleArn")?.map(str::to_owned),
        configuration: optional(body, "configurationValues")?.map(str::to_owned),
        issues: Vec::new(),
        tags: body.get("tags").map(super::tag::parse).transpose()?.unwrap_or_default(),
        created_at: now,
        modified_at: now,
    };
    own_associations(state, &name, body, now)?;
    state.addons.insert(name.clone(), addon);
    token::remember(state, asked, &name)?;
    describe(state, &name)
}

/// Begins to change an add-on.
pub fn update(state: &mut State, name: &str, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    let body = &asked.body;
    let mut addon = state.addons.get(name).cloned().ok_or_else(|| missing(state, name))?;
    if let Some(id) = token::earlier(state, asked)? {
        return Ok(in_progress(&id, &addon));
    }
    if matches!(addon.status.as_str(), "CREATING" | "UPDATING" | "DELETING") {
        return Err(in_use(format!("Addon {name} cannot be updated as it is currently in {} state", addon.status)));
    }
    if let Some(wanted) = optional(body, "addonVersion")? {
        addon.version = version(name, Some(wanted))?;
    }
    if let Some(role) = optional(body, "serviceAccountRoleArn")? {
        addon.role_arn = Some(role.to_owned()).filter(|role| !role.is_empty());
    }
    if let Some(values) = optional(body, "configurationValues")? {
        addon.configuration = Some(values.to_owned());
    }
    own_associations(state, name, body, now)?;
    addon.status = "UPDATING".to_owned();
    addon.modified_at = now;
    let id = state.random.uuid();
    token::remember(state, asked, &id)?;
    let answer = in_progress(&id, &addon);
    state.addons.insert(name.to_owned(), addon);
    Ok(answer)
}

fn in_progress(id: &str, addon: &Addon) -> Value {
    json!({ "update": {
        "id": id, "status": "InProgress", "type": "AddonUpdate", "createdAt": seconds(addon.modified_at), "errors": [],
        "params": [{ "type": "AddonVersion", "value": addon.version }],
    }})
}

/// Begins to remove an add-on and the associations it owns.
pub fn delete(state: &mut State, name: &str, now: Timestamp) -> Result<Value, Failure> {
    let addon = state.addons.get_mut(name);
    match addon {
        Some(addon) => addon.status = "DELETING".to_owned(),
        None => return Err(missing(state, name)),
    }
    disown(state, name, now);
    describe(state, name)
}

/// The add-ons that EKS offers.
pub fn versions(state: &State, parameters: &Parameters) -> Result<Value, Failure> {
    let wanted = parameters.get("addonName");
    let addons: Vec<Value> = CATALOGUE
        .iter()
        .filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name))
        .map(|(name, namespace, versions)| offered(state, name, namespace, versions))
        .collect();
    if let (Some(wanted), true) = (wanted, addons.is_empty()) {
        return Err(not_found(format!("Addon {wanted} not found")).with("addonName", wanted));
    }
    Ok(json!({ "addons": addons }))
}

fn offered(state: &State, name: &str, namespace: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(index, version)| {
            json!({
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "computeTypes": ["ec2", "hybrid"],
                "requiresConfiguration": false,
                "requiresIamPermissions": false,
                "compatibilities": [{
                    "clusterVersion": state.cluster.version, "platformVersions": ["*"], "defaultVersion": index == 0,
                }],
            })
        })
        .collect();
    json!({ "addonName": name, "type": "networking", "publisher": "eks", "owner": "aws",
        "defaultNamespace": namespace, "addonVersions": versions })
}

fn version(name: &str, wanted: Option<&str>) -> Result<String, Failure> {
    let (.., versions) = catalogued(name)
        .ok_or_else(|| invalid(format!("Addon {name} specified is not supported")).with("addonName", name))?;
    match wanted {
        None => Ok(versions.first().copied().unwrap_or_default().to_owned()),
        Some(wanted) if versions.contains(&wanted) => Ok(wanted.to_owned()),
        Some(_) => Err(invalid("Addon version specified is not supported").with("addonName", name)),
    }
}

/// A list replaces the associations that the add-on owns; without one they stay.
fn own_associations(state: &mut State, addon: &str, body: &Value, now: Timestamp) -> Result<(), Failure> {
    let Some(wanted) = body.get("podIdentityAssociations").filter(|wanted| !wanted.is_null()) else {
        return Ok(());
    };
    let wanted = wanted.as_array().ok_or_else(|| invalid("podIdentityAssociations is not a list"))?;
    let new = wanted
        .iter()
        .map(|one| owned(state, addon, required(one, "serviceAccount")?, required(one, "roleArn")?, now))
        .collect::<Result<Vec<_>, _>>()?;
    let before = state.associations.clone();
    disown(state, addon, now);
    // The service accounts the add-on held are its own to take again at once.
    state.associations.retain(|_, one| one.latest().is_some());
    for association in new {
        if let Err(failure) = association::insert(state, association, now) {
            state.associations = before;
            return Err(failure);
        }
    }
    Ok(())
}

fn owned(
    state: &State,
    addon: &str,
    service_account: &str,
    role: &str,
    now: Timestamp,
) -> Result<Association, Failure> {
    let namespace = catalogued(addon).map_or("kube-system", |(_, namespace, _)| namespace);
    let association = Association {
        id: String::new(),
        namespace: namespace.to_owned(),
        service_account: service_account.to_owned(),
        role_arn: role.to_owned(),
        target_role_arn: None,
        disable_session_tags: false,
        policy: None,
        owner_arn: Some(arn(state, addon)),
        tags: Default::default(),
        created_at: now,
        modified_at: now,
    };
    association::validate(state, &association, now)?;
    Ok(association)
}

fn disown(state: &mut State, addon: &str, now: Timestamp) {
    let owner = arn(state, addon);
    for stored in state.associations.values_mut() {
        if stored.latest().is_some_and(|one| one.owner_arn.as_deref() == Some(owner.as_str())) {
            stored.set(None, now);
        }
    }
}

/// The ARN of an add-on; the last part is derived from its name, so that it stays.
pub fn arn(state: &State, name: &str) -> String {
    let seed = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let id = crate::sim::aws::Random::new(seed).uuid();
    state.regional_arn("eks", &format!("addon/{}/{name}/{id}", state.cluster.name))
}

fn full(state: &State, addon: &Addon) -> Value {
    let arn = arn(state, &addon.name);
    let owned: Vec<String> = state
        .associations
        .values()
        .filter_map(Lagging::latest)
        .filter(|one| one.owner_arn.as_ref() == Some(&arn))
        .map(|one| association::arn(state, one))
        .collect();
    let mut full = json!({
        "addonName": addon.name,
        "clusterName": state.cluster.name,
        "status": addon.status,
        "addonVersion": addon.version,
        "health": { "issues": addon.issues },
        "addonArn": arn,
        "createdAt": seconds(addon.created_at),
        "modifiedAt": seconds(addon.modified_at),
        "tags": addon.tags,
        "podIdentityAssociations": owned,
    });
    if let Some(role) = &addon.role_arn {
        full["serviceAccountRoleArn"] = role.clone().into();
    }
    if let Some(values) = &addon.configuration {
        full["configurationValues"] = values.clone().into();
    }
    full
}

fn missing(state: &State, name: &str) -> Failure {
    not_found(format!("No addon: {name} found in cluster: {}", state.cluster.name))
        .with("clusterName", &state.cluster.name)
        .with("addonName", name)
}
