//! Subresources: status, scale, eviction, token, log.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::api::{Api, Call};
use super::patch::Patch;
use super::request::Target;
use super::status::{self, Failure};
use super::store::Object;
use super::write::{self, Options};
use super::{budget, meta, token};
use crate::wire::Body;

/// Answers a request for a subresource.
///
/// # Errors
/// What the API server refuses it with.
pub fn answer(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let kind = &target.kind;
    match (kind.plural.as_str(), target.subresource.as_str(), call.verb) {
        (_, "status", _) if kind.status => object_part(api, call, target, body),
        (_, "finalize", _) if kind.plural == "namespaces" => object_part(api, call, target, body),
        ("pods", "ephemeralcontainers", _) => object_part(api, call, target, body),
        (_, "scale", _) if kind.scale => scale(api, call, target, body),
        ("pods", "eviction", "create") => evict(api, call, target, body),
        ("serviceaccounts", "token", "create") => {
            let request = write::decode(&call.parts.headers, body)?;
            let answer = token::request(api, target, request)?;
            Ok(status::json_response(201, &answer))
        }
        ("pods", "eviction", _) | ("serviceaccounts", "token", _) => Err(Failure::not_allowed()),
        ("pods", "log", "get") => log(api, target),
        _ => Err(Failure::no_path()),
    }
}

/// Subresources that are a part of the object itself.
fn object_part(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let options = Options::of(call)?;
    let object = match call.verb {
        "get" => api.read(|state| write::find(state, target))?,
        "update" => write::update(api, target, write::decode(&call.parts.headers, body)?, &options)?,
        "patch" => {
            let patch = Patch::parse(&call.parts.headers, body, &target.kind)?;
            write::modify(api, target, &options, |old| patch.apply(old, &target.kind))?
        }
        _ => return Err(Failure::not_allowed()),
    };
    call.show(api, target, 200, &object)
}

fn scale(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let options = Options::of(call)?;
    let object = match call.verb {
        "get" => api.read(|state| write::find(state, target))?,
        "update" => {
            let wanted = write::decode(&call.parts.headers, body)?;
            write::modify(api, target, &options, |old| rescaled(target, old, &wanted))?
        }
        "patch" => {
            let patch = Patch::parse(&call.parts.headers, body, &target.kind)?;
            write::modify(api, target, &options, |old| {
                let wanted = patch.apply(&scale_of(old), &target.kind)?;
                rescaled(target, old, &wanted)
            })?
        }
        _ => return Err(Failure::not_allowed()),
    };
    Ok(status::json_response(200, &scale_of(object.value())))
}

fn scale_of(object: &Value) -> Value {
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata[field] = object["metadata"][field].clone();
    }
    let selector = super::cell::selector(&object["spec"]["selector"]);
    let replicas = meta::int(&object["spec"]["replicas"], 0);
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        // As all numbers that may be absent: left out if it is 0.
        "spec": if replicas == 0 { json!({}) } else { json!({"replicas": replicas}) },
        "status": {"replicas": meta::int(&object["status"]["replicas"], 0), "selector": selector},
    })
}

fn rescaled(target: &Target, old: &Value, wanted: &Value) -> Result<Value, Failure> {
    let replicas = wanted["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(Failure::invalid(&target.kind, &target.name, "spec.replicas", &why));
    }
    let version = &wanted["metadata"]["resourceVersion"];
    let mut new = old.clone();
    if !version.is_null() {
        meta::set(&mut new, &["metadata"], "resourceVersion", version.clone());
    }
    meta::set(&mut new, &["spec"], "replicas", replicas);
    Ok(new)
}

fn evict(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let eviction = write::decode(&call.parts.headers, body)?;
    let dry_run = Options::of(call)?.dry_run || !eviction["deleteOptions"]["dryRun"].is_null();
    api.read(|state| {
        let pod = write::find(state, target)?;
        budget::check(state, pod.value())
    })?;
    write::delete(api, target, &eviction["deleteOptions"], dry_run)?;
    let done = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(status::json_response(201, &done))
}

fn log(api: &Api, target: &Target) -> Result<Response<Body>, Failure> {
    let pod = api.read(|state| write::find(state, target))?;
    Ok(status::bytes_response(200, status::TEXT, log_of(&pod)))
}

fn log_of(pod: &Object) -> String {
    let started = pod.value()["status"]["startTime"].as_str().unwrap_or("pending");
    format!("{started} {} is simulated: its containers write nothing more\n", meta::name(pod.value()))
}
