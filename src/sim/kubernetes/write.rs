//! Create, update, patch, delete: what the API server does to an object on its way
//! into the store.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use serde_json::{Value, json};

use super::api::{Api, Call};
use super::fields::{Changes, Fields};
use super::kind::Kind;
use super::managed::{self, Writer};
use super::request::Target;
use super::state::{Deletion, State};
use super::status::{self, Failure};
use super::store::{Object, suffix};
use super::{admission, defaults, list, meta, patch, protobuf};
use crate::wire::Body;

/// How a write is to be done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the field manager.
    pub manager: String,
    /// Do everything but store it.
    pub dry_run: bool,
    /// The fields of a server-side apply; absent for other writes.
    pub applied: Option<Fields>,
    /// Whether an apply takes fields from their owners.
    pub force: bool,
    /// Leave out the webhook (worlds whose pods are older than it).
    pub skip_webhook: bool,
}

impl Options {
    /// Options of a request.
    ///
    /// # Errors
    /// 422 for a `dryRun` other than `All`, and for `force` without an apply.
    pub fn of(call: &Call) -> Result<Self, Failure> {
        let dry_run = call.query.text("dryRun");
        let force = call.query.is_true("force");
        let mut complaints = Vec::new();
        if force && !is_apply(call) {
            complaints.push(("force", "Forbidden: may not be specified for non-apply patch".to_owned()));
        }
        if !matches!(dry_run, "" | "All") {
            complaints.push(("dryRun", format!("Unsupported value: [\"{dry_run}\"]: supported values: \"All\"")));
        }
        if !complaints.is_empty() {
            return Err(Failure::invalid_options(options_kind(call), &complaints));
        }
        Ok(Self { manager: manager(call), dry_run: !dry_run.is_empty(), force, ..Self::default() })
    }
}

/// The kind of a request's options, as refusals name it.
fn options_kind(call: &Call) -> &'static str {
    match call.verb {
        "create" => "CreateOptions",
        "update" => "UpdateOptions",
        "patch" => "PatchOptions",
        _ => "DeleteOptions",
    }
}

fn is_apply(call: &Call) -> bool {
    let content = call.parts.headers.get(header::CONTENT_TYPE).and_then(|c| c.to_str().ok());
    content.is_some_and(|content| content.starts_with("application/apply-patch"))
}

/// `fieldManager`, or the user agent up to its first slash.
fn manager(call: &Call) -> String {
    let named = call.query.text("fieldManager");
    if !named.is_empty() {
        return named.to_owned();
    }
    let agent = call.parts.headers.get(header::USER_AGENT).and_then(|a| a.to_str().ok());
    agent.and_then(|a| a.split('/').next()).unwrap_or("unknown").to_owned()
}

/// Answers a create, update, patch or delete.
///
/// # Errors
/// What the API server refuses it with.
pub fn answer(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let options = Options::of(call)?;
    match call.verb {
        "create" => {
            let value = decode(&call.parts.headers, body)?;
            let object = create(api, &target.kind, &target.namespace, value, &options)?;
            call.show(api, target, 201, &object)
        }
        "update" => {
            let value = decode(&call.parts.headers, body)?;
            let object = update(api, target, value, &options)?;
            call.show(api, target, 200, &object)
        }
        "patch" => patch_answer(api, call, target, body, options),
        "delete" => delete_answer(api, call, target, body),
        "deletecollection" => delete_collection(api, call, target, body),
        _ => Err(Failure::not_allowed()),
    }
}

/// The JSON or YAML of a request body.
///
/// # Errors
/// 400 if it cannot be read, 415 for other content types.
pub fn decode(headers: &HeaderMap, body: &Bytes) -> Result<Value, Failure> {
    let content = headers.get(header::CONTENT_TYPE).and_then(|c| c.to_str().ok()).unwrap_or("application/json");
    let media = content.split(';').next().unwrap_or_default().trim();
    let value = match media {
        "application/json" | "" => serde_json::from_slice(body).map_err(|e| e.to_string()),
        "application/yaml" => yaml(body),
        "application/vnd.kubernetes.protobuf" => protobuf::decode(body),
        _ => {
            let message = "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf";
            return Err(Failure::new(415, "UnsupportedMediaType", message));
        }
    };
    value.map_err(|why| Failure::bad_request(format!("the object provided is unrecognized: {why}")))
}

/// YAML (and so JSON) to a value.
///
/// # Errors
/// What cannot be read.
pub fn yaml(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|e| e.to_string())?;
    serde_saphyr::from_str(text).map_err(|e| e.to_string())
}

/// The object a path names.
///
/// # Errors
/// 404.
pub fn find(state: &State, target: &Target) -> Result<Arc<Object>, Failure> {
    let found = state.store.get(&target.kind.key(), &target.namespace, &target.name);
    found.cloned().ok_or_else(|| Failure::not_found(&target.kind, &target.name))
}

/// Creates an object, admission and webhook included.
///
/// # Errors
/// What the API server refuses it with.
pub fn create(
    api: &Api,
    kind: &Kind,
    namespace: &str,
    mut value: Value,
    options: &Options,
) -> Result<Arc<Object>, Failure> {
    check_type(kind, &mut value)?;
    place(kind, namespace, &mut value)?;
    defaults::fill(kind, &mut value);
    let is_pod = kind.group.is_empty() && kind.plural == "pods";
    // Asked before the lock: the answer comes from the other half of the world.
    let entry = is_pod && api.has_entry(namespace, admission::account_of(&value));
    let now = api.now();
    api.commit(|state| {
        name(kind, state, &mut value)?;
        admission::reset(kind, &mut value, is_owned(options));
        let changes = Changes::between(&Value::Null, &value, kind.built_in);
        admission::admit(api, state, kind, &mut value, admission::Webhook { entry, skip: options.skip_webhook })?;
        let key = kind.key();
        if state.store.get(&key, namespace, meta::name(&value)).is_some() {
            return Err(Failure::exists(kind, meta::name(&value)));
        }
        Writer { options, subresource: "", now }.note(&mut value, &changes);
        state.stamp(kind, &mut value, now);
        if options.dry_run {
            return Ok(Arc::new(Object::new(value)));
        }
        let object = state.put(kind, value);
        if kind.group.is_empty() && kind.plural == "namespaces" {
            state.ensure_default_account(object.value(), now);
        }
        Ok(object)
    })
}

/// Expansion of a world sets creation times itself.
fn is_owned(options: &Options) -> bool {
    options.manager == managed::WORLD
}

/// Body and path must be about the same kind.
fn check_type(kind: &Kind, value: &mut Value) -> Result<(), Failure> {
    if !value.is_object() {
        return Err(Failure::bad_request("the object provided is unrecognized: it must be a JSON object"));
    }
    meta::default(value, &[], "apiVersion", kind.api_version());
    meta::default(value, &[], "kind", kind.kind.as_str());
    if value["apiVersion"] != kind.api_version().as_str() || value["kind"] != kind.kind.as_str() {
        return Err(Failure::bad_request(format!(
            "{} in version {} cannot be handled as a {}",
            value["kind"].as_str().unwrap_or_default(),
            value["apiVersion"],
            kind.kind
        )));
    }
    Ok(())
}

fn place(kind: &Kind, namespace: &str, value: &mut Value) -> Result<(), Failure> {
    if !kind.namespaced {
        meta::map(value, &["metadata"]).remove("namespace");
        return Ok(());
    }
    let own = meta::namespace(value);
    if namespace.is_empty() {
        return Err(Failure::bad_request("an empty namespace may not be set during creation"));
    }
    if !own.is_empty() && own != namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    meta::set(value, &["metadata"], "namespace", namespace);
    Ok(())
}

/// Gives an object a generated name if it asks for one, and checks its name.
fn name(kind: &Kind, state: &mut State, value: &mut Value) -> Result<(), Failure> {
    if meta::name(value).is_empty() {
        let prefix = meta::field(value, "generateName").to_owned();
        if prefix.is_empty() {
            return Err(Failure::invalid(
                kind,
                "",
                "metadata.name",
                "Required value: name or generateName is required",
            ));
        }
        let generated = format!("{prefix}{}", suffix(state.store.next_number()));
        meta::set(value, &["metadata"], "name", generated);
    }
    admission::check_name(kind, meta::name(value))
}

/// Replaces an object.
///
/// # Errors
/// What the API server refuses it with.
pub fn update(api: &Api, target: &Target, mut value: Value, options: &Options) -> Result<Arc<Object>, Failure> {
    check_type(&target.kind, &mut value)?;
    if meta::name(&value) != target.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            meta::name(&value),
            target.name
        )));
    }
    if target.kind.namespaced {
        place(&target.kind, &target.namespace, &mut value)?;
    }
    modify(api, target, options, |_| Ok(value))
}

/// Changes an object by a function of its present state, and stores the outcome.
///
/// # Errors
/// Those of the function, and what the API server refuses the outcome with.
pub fn modify(
    api: &Api,
    target: &Target,
    options: &Options,
    change: impl FnOnce(&Value) -> Result<Value, Failure>,
) -> Result<Arc<Object>, Failure> {
    let (kind, now) = (&target.kind, api.now());
    let writer = Writer { options, subresource: &target.subresource, now };
    api.commit(|state| {
        let old = find(state, target)?;
        let mut new = change(old.value())?;
        let is_status = target.subresource == "status";
        admission::check_preconditions(kind, old.value(), &new)?;
        if !is_status {
            defaults::fill(kind, &mut new);
        }
        admission::keep_fixed(kind, old.value(), &mut new, is_status);
        let changes = Changes::between(old.value(), &new, kind.built_in);
        writer.check(old.value(), &changes)?;
        if !is_status {
            admission::check_update(kind, old.value(), &new)?;
        }
        if new == *old.value() && !writer.is_news(&new) {
            return Ok(old);
        }
        writer.note(&mut new, &changes);
        if !options.dry_run && is_released(kind, &new) {
            state.finish(kind, &old, now);
            return Ok(Arc::new(Object::new(new)));
        }
        Ok(if options.dry_run { Arc::new(Object::new(new)) } else { state.put(kind, new) })
    })
}

/// An object that waited for its finalizers goes with the last of them; it is never seen without.
fn is_released(kind: &Kind, value: &Value) -> bool {
    let has_finalizers = meta::items(&value["metadata"]["finalizers"]).next().is_some();
    let is_pod = kind.group.is_empty() && kind.plural == "pods";
    meta::is_terminating(value) && !has_finalizers && !is_pod
}

fn patch_answer(
    api: &Api,
    call: &Call,
    target: &Target,
    body: &Bytes,
    mut options: Options,
) -> Result<Response<Body>, Failure> {
    let patch = patch::Patch::parse(&call.parts.headers, body, &target.kind)?;
    options.applied = patch.applied().map(|object| Fields::of(object, target.kind.built_in));
    if options.applied.is_some() {
        check_manager(call)?;
        patch.check_type()?;
        if api.read(|state| find(state, target)).is_err() {
            let mut value = patch.into_object();
            meta::set(&mut value, &["metadata"], "name", target.name.as_str());
            let object = create(api, &target.kind, &target.namespace, value, &options)?;
            return call.show(api, target, 201, &object);
        }
    }
    let writer = Writer { options: &options, subresource: &target.subresource, now: api.now() };
    let object = modify(api, target, &options, |old| {
        let mut new = patch.apply(old, &target.kind)?;
        writer.prune(&mut new);
        Ok(new)
    })?;
    call.show(api, target, 200, &object)
}

fn check_manager(call: &Call) -> Result<(), Failure> {
    if call.query.text("fieldManager").is_empty() {
        let why = "Required value: is required for apply patch".to_owned();
        return Err(Failure::invalid_options("PatchOptions", &[("fieldManager", why)]));
    }
    Ok(())
}

/// DeleteOptions of body and query.
fn delete_options(call: &Call, body: &Bytes) -> Result<Value, Failure> {
    let mut options = if body.is_empty() { json!({}) } else { decode(&call.parts.headers, body)? };
    for name in ["gracePeriodSeconds", "propagationPolicy", "orphanDependents"] {
        let text = call.query.text(name);
        if !text.is_empty() {
            options[name] = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        }
    }
    Ok(options)
}

fn deletion(options: &Value) -> Deletion {
    Deletion {
        now: options["gracePeriodSeconds"] == 0,
        orphan: options["propagationPolicy"] == "Orphan" || options["orphanDependents"] == true,
    }
}

fn delete_answer(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let options = delete_options(call, body)?;
    let dry_run = Options::of(call)?.dry_run || !options["dryRun"].is_null();
    let (object, is_gone) = delete(api, target, &options, dry_run)?;
    // Some kinds are answered with the object as it was.
    let shown = ["pods", "namespaces", "serviceaccounts", "customresourcedefinitions"];
    if is_gone && !shown.contains(&target.kind.plural.as_str()) {
        let status = status::success(&target.kind, &target.name, meta::uid(object.value()));
        return Ok(status::json_response(200, &status));
    }
    call.show(api, target, 200, &object)
}

/// Deletes one object if the preconditions hold; says whether it is gone already.
///
/// # Errors
/// 404, 409.
pub fn delete(api: &Api, target: &Target, options: &Value, dry_run: bool) -> Result<(Arc<Object>, bool), Failure> {
    let now = api.now();
    api.commit(|state| {
        let old = find(state, target)?;
        check_delete(&target.kind, old.value(), &options["preconditions"])?;
        if dry_run {
            return Ok((old, true));
        }
        let place = (target.namespace.as_str(), target.name.as_str());
        let left = state.delete(&target.kind, place, deletion(options), now).unwrap_or(old);
        Ok((left, find(state, target).is_err()))
    })
}

fn check_delete(kind: &Kind, old: &Value, preconditions: &Value) -> Result<(), Failure> {
    let wants = [("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")];
    for (field, title, since) in wants {
        let wanted = &preconditions[field];
        if !wanted.is_null() && *wanted != old["metadata"][field] {
            let (wanted, actual) = (wanted.as_str().unwrap_or_default(), meta::field(old, field));
            let why = format!(
                "the {title} in the precondition ({wanted}) does not match the {title} in record ({actual}). The object might have been {since}"
            );
            return Err(Failure::precondition(kind, meta::name(old), &why));
        }
    }
    Ok(())
}

/// Deletes what is selected; the answer is the list of it, as it was.
fn delete_collection(api: &Api, call: &Call, target: &Target, body: &Bytes) -> Result<Response<Body>, Failure> {
    let options = delete_options(call, body)?;
    let dry_run = Options::of(call)?.dry_run;
    let selection = list::Selection::of(target, &call.query)?;
    let encoder = call.encoder(api, target)?;
    let now = api.now();
    let (revision, objects) = api.commit(|state| {
        let revision = state.store.revision();
        let all = state.store.list(&target.kind.key(), &selection.namespace);
        let objects: Vec<_> = all.filter(|o| selection.matches_inside(o)).cloned().collect();
        for object in objects.iter().filter(|_| !dry_run) {
            let place = (meta::namespace(object.value()), meta::name(object.value()));
            state.delete(&target.kind, place, deletion(&options), now);
        }
        (revision, objects)
    });
    let list = encoder.list(&json!({"resourceVersion": revision.to_string()}), objects);
    Ok(status::stream_response(200, "application/json", list))
}
