//! Amazon EKS, REST with JSON: the cluster and what belongs to it. Associations and
//! add-ons have files of their own.

mod addon;
mod association;
mod describe;
mod tag;
mod token;

pub use addon::{arn as addon_arn, newest as newest_addon};
pub use association::{arn as association_arn, external_id};
pub use describe::VPC;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Asked;
use super::error::{Failure, Service, unknown_operation};
use super::model::State;
use super::page::page;
use super::query::decode;

/// An operation and the names in its path.
pub struct Route {
    /// The operation's name; empty if there is none such.
    pub operation: &'static str,
    /// Path labels, decoded, in order.
    pub names: Vec<String>,
}

/// The operation behind a method and a path.
pub fn route(method: &Method, path: &str) -> Route {
    let segments: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (operation, names) = table(method.as_str(), &parts).unwrap_or_default();
    let names = names.into_iter().map(str::to_owned).collect();
    Route { operation, names }
}

fn table<'a>(method: &str, parts: &[&'a str]) -> Option<(&'static str, Vec<&'a str>)> {
    let found = match (method, parts) {
        ("GET", ["clusters"]) => ("ListClusters", vec![]),
        ("GET", ["clusters", c]) => ("DescribeCluster", vec![*c]),
        ("GET", ["addons", "supported-versions"]) => ("DescribeAddonVersions", vec![]),
        ("GET", ["tags", arn]) => ("ListTagsForResource", vec![*arn]),
        ("POST", ["tags", arn]) => ("TagResource", vec![*arn]),
        ("DELETE", ["tags", arn]) => ("UntagResource", vec![*arn]),
        (_, ["clusters", c, kind]) => (collection(method, kind)?, vec![*c]),
        (_, ["clusters", c, kind, name]) => (member(method, kind)?, vec![*c, *name]),
        ("POST", ["clusters", c, "addons", name, "update"]) => ("UpdateAddon", vec![*c, *name]),
        _ => return None,
    };
    Some(found)
}

fn collection(method: &str, kind: &str) -> Option<&'static str> {
    Some(match (method, kind) {
        ("GET", "node-groups") => "ListNodegroups",
        ("GET", "fargate-profiles") => "ListFargateProfiles",
        ("GET", "addons") => "ListAddons",
        ("POST", "addons") => "CreateAddon",
        ("GET", "access-entries") => "ListAccessEntries",
        ("GET", "pod-identity-associations") => "ListPodIdentityAssociations",
        ("POST", "pod-identity-associations") => "CreatePodIdentityAssociation",
        _ => return None,
    })
}

fn member(method: &str, kind: &str) -> Option<&'static str> {
    Some(match (method, kind) {
        ("GET", "node-groups") => "DescribeNodegroup",
        ("GET", "fargate-profiles") => "DescribeFargateProfile",
        ("GET", "addons") => "DescribeAddon",
        ("DELETE", "addons") => "DeleteAddon",
        ("GET", "access-entries") => "DescribeAccessEntry",
        ("GET", "pod-identity-associations") => "DescribePodIdentityAssociation",
        ("POST", "pod-identity-associations") => "UpdatePodIdentityAssociation",
        ("DELETE", "pod-identity-associations") => "DeletePodIdentityAssociation",
        _ => return None,
    })
}

/// The resource that a refusal for want of a permission names.
pub fn resource(state: &State, asked: &Asked) -> String {
    let Some(cluster) = asked.names.first() else {
        return state.regional_arn("eks", "cluster/*");
    };
    let of_cluster = state.regional_arn("eks", &format!("cluster/{cluster}"));
    let Some(name) = asked.names.get(1) else {
        return if cluster.starts_with("arn:") { cluster.clone() } else { of_cluster };
    };
    let kind = match asked.operation.as_str() {
        operation if operation.contains("PodIdentity") => "podidentityassociation",
        operation if operation.contains("Nodegroup") => "nodegroup",
        operation if operation.contains("Fargate") => "fargateprofile",
        operation if operation.contains("Addon") => "addon",
        operation if operation.contains("AccessEntry") => "access-entry",
        _ => return of_cluster,
    };
    state.regional_arn("eks", &format!("{kind}/{cluster}/{name}"))
}

/// Performs an operation.
pub fn perform(state: &mut State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    let first = asked.names.first().map(String::as_str).unwrap_or_default();
    let second = asked.names.get(1).map(String::as_str).unwrap_or_default();
    let free = ["ListClusters", "DescribeAddonVersions", "ListTagsForResource", "TagResource", "UntagResource"];
    if asked.operation.is_empty() {
        return Err(unknown_operation(Service::Eks, "", ""));
    }
    if !free.contains(&asked.operation.as_str()) {
        must_be_the_cluster(state, first)?;
    }
    match asked.operation.as_str() {
        "ListClusters" => names(asked, "clusters", [&state.cluster.name]),
        "DescribeCluster" => Ok(json!({ "cluster": describe::cluster(state) })),
        "ListNodegroups" => names(asked, "nodegroups", state.nodegroups.keys()),
        "DescribeNodegroup" => describe::stored(&state.nodegroups, "nodegroup", first, second),
        "ListFargateProfiles" => names(asked, "fargateProfileNames", state.fargate_profiles.keys()),
        "DescribeFargateProfile" => describe::stored(&state.fargate_profiles, "fargateProfile", first, second),
        "ListAccessEntries" => names(asked, "accessEntries", state.access_entries.keys()),
        "DescribeAccessEntry" => describe::stored(&state.access_entries, "accessEntry", first, second),
        "ListAddons" => names(asked, "addons", state.addons.keys()),
        "DescribeAddon" => addon::describe(state, second),
        "CreateAddon" => addon::create(state, asked, now),
        "UpdateAddon" => addon::update(state, second, asked, now),
        "DeleteAddon" => addon::delete(state, second, now),
        "DescribeAddonVersions" => addon::versions(state, &asked.parameters),
        "ListTagsForResource" => tag::list(state, first),
        "TagResource" => tag::add(state, first, &asked.body, now),
        "UntagResource" => tag::remove(state, first, asked, now),
        "ListPodIdentityAssociations" => association::list(state, asked, now),
        "DescribePodIdentityAssociation" => association::describe(state, second, now),
        "CreatePodIdentityAssociation" => association::create(state, asked, now),
        "UpdatePodIdentityAssociation" => association::update(state, second, asked, now),
        "DeletePodIdentityAssociation" => association::delete(state, second, now),
        other => Err(unknown_operation(Service::Eks, other, "")),
    }
}

fn must_be_the_cluster(state: &State, name: &str) -> Result<(), Failure> {
    if name == state.cluster.name {
        return Ok(());
    }
    Err(not_found(format!("No cluster found for name: {name}.")).with("clusterName", name))
}

/// A list of names, at most 100 a page.
fn names<'a>(asked: &Asked, member: &str, names: impl IntoIterator<Item = &'a String>) -> Result<Value, Failure> {
    let items = names.into_iter().map(|name| (name.clone(), name.as_str()));
    paged(asked, member, items)
}

/// A page of a list in EKS's form.
fn paged<T: Into<Value>>(
    asked: &Asked,
    member: &str,
    items: impl IntoIterator<Item = (String, T)>,
) -> Result<Value, Failure> {
    let size = match asked.parameters.get("maxResults") {
        None => 100,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=100).contains(size))
            .ok_or_else(|| invalid("maxResults must be between 1 and 100"))?,
    };
    let page = page(items, size, asked.parameters.get("nextToken"))
        .map_err(|token| invalid(format!("Invalid token: {token}")))?;
    let items: Vec<Value> = page.items.into_iter().map(Into::into).collect();
    let mut answer = json!({ member: items });
    if let (Some(next), Some(answer)) = (page.next, answer.as_object_mut()) {
        answer.insert("nextToken".to_owned(), next.into());
    }
    Ok(answer)
}

fn invalid(sentence: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidParameterException", sentence)
}

fn not_found(sentence: impl Into<String>) -> Failure {
    Failure::new(404, "ResourceNotFoundException", sentence)
}

fn in_use(sentence: impl Into<String>) -> Failure {
    Failure::new(409, "ResourceInUseException", sentence)
}

/// A time as EKS gives it: seconds since the epoch, with milliseconds.
pub fn seconds(at: Timestamp) -> Value {
    let milliseconds = at.as_millisecond();
    if milliseconds % 1000 == 0 {
        return Value::from(milliseconds / 1000);
    }
    Value::from(milliseconds as f64 / 1000.0)
}

/// A member of a JSON body that must be a text that is not empty.
fn required<'a>(body: &'a Value, member: &str) -> Result<&'a str, Failure> {
    optional(body, member)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(format!("The parameter '{member}' is required.")))
}

/// A member of a JSON body that may be a text.
fn optional<'a>(body: &'a Value, member: &str) -> Result<Option<&'a str>, Failure> {
    match body.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failure::new(400, "SerializationException", format!("'{member}' is not a string"))),
    }
}
