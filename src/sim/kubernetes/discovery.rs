//! What the API server says about itself: version, health, groups and resources (plain
//! and aggregated), an empty OpenAPI document, the token issuer.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{Response, header};
use serde_json::{Value, json};

use super::api::{Api, Call};
use super::kind::Kind;
use super::status::{self, Failure};
use crate::sim::issuer;
use crate::wire::Body;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Namespaces are deleted one by one.
fn verbs(kind: &Kind) -> Vec<&'static str> {
    let is_namespace = kind.group.is_empty() && kind.plural == "namespaces";
    VERBS.into_iter().filter(|verb| !(is_namespace && *verb == "deletecollection")).collect()
}

/// Whether a path is answered here rather than by a resource.
pub fn is_path(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    match segments.as_slice() {
        [] => true,
        ["api", rest @ ..] => rest.len() <= 1,
        ["apis", rest @ ..] => rest.len() <= 2,
        [first, ..] => {
            matches!(*first, "version" | "healthz" | "livez" | "readyz" | "openapi" | ".well-known" | "openid")
        }
    }
}

/// Answers it.
///
/// # Errors
/// 404 for groups and versions that are not served.
pub fn answer(api: &Api, call: &Call) -> Result<Response<Body>, Failure> {
    let kinds: Vec<Arc<Kind>> = api.read(|state| state.kinds.iter().cloned().collect());
    let path = call.parts.uri.path();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let value = match segments.as_slice() {
        [] => {
            json!({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz", "/version"]})
        }
        ["version"] => version(&api.facts().version),
        ["healthz" | "livez" | "readyz", ..] => {
            return Ok(status::bytes_response(200, status::TEXT, "ok"));
        }
        ["openapi", rest @ ..] => return openapi(call, rest),
        [".well-known", "openid-configuration"] => configuration(&api.issuer()),
        ["openid", "v1", "jwks"] => {
            let keys = issuer::jwks(&issuer::keys()).to_string();
            return Ok(status::bytes_response(200, "application/jwk-set+json", keys));
        }
        ["api"] if wants_aggregated(call) => return Ok(aggregated(&kinds, true)),
        ["apis"] if wants_aggregated(call) => return Ok(aggregated(&kinds, false)),
        ["api"] => {
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        }
        ["api", version] => resources(&kinds, "", version)?,
        ["apis"] => {
            let groups: Vec<Value> = groups(&kinds, false).iter().map(|(name, kinds)| group(name, kinds)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] => {
            let groups = groups(&kinds, false);
            let mut value = group(name, groups.get(name).ok_or_else(Failure::nowhere)?);
            value["kind"] = json!("APIGroup");
            value["apiVersion"] = json!("v1");
            value
        }
        ["apis", group, version] => resources(&kinds, group, version)?,
        _ => return Err(Failure::no_path()),
    };
    Ok(status::json_response(200, &value))
}

fn version(version: &str) -> Value {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    json!({
        "major": major, "minor": minor, "gitVersion": format!("v{version}.1-eks-113cf36"),
        "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64",
    })
}

fn configuration(issuer: &str) -> Value {
    json!({
        "issuer": issuer, "jwks_uri": format!("{issuer}/keys"), "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// An empty document: `kubectl` then skips client-side validation.
fn openapi(call: &Call, rest: &[&str]) -> Result<Response<Body>, Failure> {
    match rest {
        ["v2"] if accepts(call, "protobuf") => {
            let content = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
            Ok(status::bytes_response(200, content, empty_protobuf()))
        }
        ["v2"] => {
            let info = json!({"title": "Kubernetes", "version": "unversioned"});
            let document = json!({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}});
            Ok(status::json_response(200, &document))
        }
        ["v3"] => Ok(status::json_response(200, &json!({"paths": {}}))),
        _ => Err(Failure::no_path()),
    }
}

/// The same document in gnostic's protobuf: swagger (1), info (2: title 1, version 2), paths (8).
fn empty_protobuf() -> Vec<u8> {
    let field = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap_or(0);
        [&[tag << 3 | 2, length], content].concat()
    };
    let info = [field(1, b"Kubernetes"), field(2, b"unversioned")].concat();
    [field(1, b"2.0"), field(2, &info), field(8, b"")].concat()
}

fn accepts(call: &Call, word: &str) -> bool {
    let accept = call.parts.headers.get(header::ACCEPT).and_then(|a| a.to_str().ok());
    accept.unwrap_or_default().contains(word)
}

fn wants_aggregated(call: &Call) -> bool {
    let accept = call.parts.headers.get(header::ACCEPT).and_then(|a| a.to_str().ok());
    accept.unwrap_or_default().split(',').any(|range| {
        let parts: Vec<&str> = range.split(';').map(str::trim).collect();
        parts.contains(&"as=APIGroupDiscoveryList") && parts.contains(&"v=v2")
    })
}

type Groups<'a> = BTreeMap<&'a str, Vec<&'a Arc<Kind>>>;

fn groups(kinds: &[Arc<Kind>], core: bool) -> Groups<'_> {
    let mut groups = Groups::new();
    for kind in kinds.iter().filter(|k| k.group.is_empty() == core) {
        groups.entry(&kind.group).or_default().push(kind);
    }
    groups
}

/// Versions of a group, in order of first mention.
fn versions<'a>(kinds: &[&'a Arc<Kind>]) -> Vec<&'a str> {
    let mut versions: Vec<&str> = Vec::new();
    for kind in kinds {
        if !versions.contains(&kind.version.as_str()) {
            versions.push(&kind.version);
        }
    }
    versions
}

fn group(name: &str, kinds: &[&Arc<Kind>]) -> Value {
    let entry = |version: &&str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let versions = versions(kinds);
    let entries: Vec<Value> = versions.iter().map(entry).collect();
    json!({"name": name, "versions": entries, "preferredVersion": entries.first()})
}

/// Subresources with the kind they answer with and their verbs.
fn subresources(kind: &Kind) -> Vec<(&'static str, Value, &'static [&'static str])> {
    const PART: &[&str] = &["get", "patch", "update"];
    // The group and version of the list stand for empty ones.
    let own = json!({"group": "", "version": "", "kind": kind.kind});
    let other = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut found = Vec::new();
    if kind.scale {
        found.push(("scale", other("autoscaling", "v1", "Scale"), PART));
    }
    if kind.status {
        found.push(("status", own, PART));
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => {
            found.push(("eviction", other("policy", "v1", "Eviction"), &["create"]));
            found.push(("log", other("", "v1", "Pod"), &["get"]));
        }
        ("", "serviceaccounts") => {
            found.push(("token", other("authentication.k8s.io", "v1", "TokenRequest"), &["create"]));
        }
        _ => {}
    }
    found
}

fn resources(kinds: &[Arc<Kind>], group: &str, version: &str) -> Result<Value, Failure> {
    let served: Vec<_> = kinds.iter().filter(|k| k.group == group && k.version == version).collect();
    let Some(first) = served.first() else {
        return Err(if kinds.iter().any(|kind| kind.group == group) { Failure::no_path() } else { Failure::nowhere() });
    };
    let resources: Vec<Value> = served.iter().flat_map(|kind| plain_resources(kind)).collect();
    Ok(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(), "resources": resources,
    }))
}

fn plain_resources(kind: &Kind) -> Vec<Value> {
    let mut all = vec![filled(json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": verbs(kind), "shortNames": kind.short, "categories": kind.categories,
    }))];
    for (name, answer, verbs) in subresources(kind) {
        let mut resource = filled(json!({
            "name": format!("{}/{name}", kind.plural), "namespaced": kind.namespaced,
            "group": answer["group"], "version": answer["version"], "kind": answer["kind"], "verbs": verbs,
        }));
        resource["singularName"] = json!("");
        all.push(resource);
    }
    all
}

/// Without members that are empty.
fn filled(mut value: Value) -> Value {
    let is_filled = |value: &Value| *value != json!("") && *value != json!([]);
    value.as_object_mut().into_iter().for_each(|map| map.retain(|_, value| is_filled(value)));
    value
}

fn aggregated(kinds: &[Arc<Kind>], core: bool) -> Response<Body> {
    let groups = groups(kinds, core);
    let items: Vec<Value> = groups.iter().map(|(name, kinds)| aggregated_group(name, kinds)).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    status::bytes_response(200, AGGREGATED, list.to_string())
}

fn aggregated_group(name: &str, kinds: &[&Arc<Kind>]) -> Value {
    let versions = versions(kinds).into_iter().map(|version| {
        let served = kinds.iter().filter(|k| k.version == version);
        let resources: Vec<Value> = served.map(|kind| aggregated_resource(kind)).collect();
        json!({"version": version, "freshness": "Current", "resources": resources})
    });
    let metadata = if name.is_empty() { json!({}) } else { json!({"name": name}) };
    json!({"metadata": metadata, "versions": versions.collect::<Vec<_>>()})
}

fn aggregated_resource(kind: &Kind) -> Value {
    let subresources = subresources(kind)
        .into_iter()
        .map(|(name, answer, verbs)| json!({"subresource": name, "responseKind": answer, "verbs": verbs}));
    json!({
        "resource": kind.plural, "singularResource": kind.singular, "verbs": verbs(kind),
        "responseKind": {"group": "", "version": "", "kind": kind.kind},
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "shortNames": kind.short, "categories": kind.categories,
        "subresources": subresources.collect::<Vec<_>>(),
    })
}
