//! What the API server checks and completes before an object is stored.

use serde_json::{Value, json};

use super::api::Api;
use super::kind::Kind;
use super::selector::Labels;
use super::state::{self, State};
use super::status::Failure;
use super::{defaults, fargate, meta, webhook};

/// What is known about the pod-identity webhook before the lock is taken.
#[derive(Clone, Copy, Debug)]
pub struct Webhook {
    /// Whether it has a Pod Identity entry for the pod's service account.
    pub entry: bool,
    /// Whether it is left out.
    pub skip: bool,
}

/// The service account a pod runs as.
pub fn account_of(pod: &Value) -> &str {
    let spec = &pod["spec"];
    let named = |key: &str| spec[key].as_str().filter(|name| !name.is_empty());
    named("serviceAccountName").or_else(|| named("serviceAccount")).unwrap_or("default")
}

/// Takes from an object that is to be created what the server gives; creation time and status stay if they are `given`.
pub fn reset(kind: &Kind, value: &mut Value, given: bool) {
    let metadata = meta::map(value, &["metadata"]);
    for field in ["uid", "resourceVersion", "generation", "deletionTimestamp", "managedFields"] {
        metadata.remove(field);
    }
    if given {
        return;
    }
    metadata.remove("creationTimestamp");
    // Kubelets register their nodes with a status.
    if kind.status && kind.plural != "nodes" {
        meta::map(value, &[]).remove("status");
    }
}

/// Checks and completes an object that is to be created.
///
/// # Errors
/// What the API server refuses it with.
pub fn admit(api: &Api, state: &mut State, kind: &Kind, value: &mut Value, webhook: Webhook) -> Result<(), Failure> {
    if kind.namespaced {
        check_namespace(state, kind, value)?;
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => pod(api, state, kind, value, webhook)?,
        ("", "namespaces") => state::complete_namespace(value),
        ("apps" | "batch", _) => check_template(kind, value)?,
        _ => {}
    }
    Ok(())
}

fn check_namespace(state: &State, kind: &Kind, value: &Value) -> Result<(), Failure> {
    let namespace = meta::namespace(value);
    let Some(object) = state.store.get(&state::core("namespaces"), "", namespace) else {
        let mut failure = Failure::new(404, "NotFound", format!("namespaces \"{namespace}\" not found"));
        failure.details = json!({"name": namespace, "kind": "namespaces"});
        return Err(failure);
    };
    if meta::is_terminating(object.value()) {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(Failure::forbidden(kind, meta::name(value), &why));
    }
    Ok(())
}

fn pod(api: &Api, state: &mut State, kind: &Kind, pod: &mut Value, webhook: Webhook) -> Result<(), Failure> {
    if meta::items(&pod["spec"]["containers"]).next().is_none() {
        return Err(Failure::invalid(kind, meta::name(pod), "spec.containers", "Required value"));
    }
    let (namespace, account) = (meta::namespace(pod).to_owned(), account_of(pod).to_owned());
    let found = state.store.get(&state::core("serviceaccounts"), &namespace, &account).cloned();
    let Some(found) = found else {
        let why =
            format!("error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found");
        return Err(Failure::forbidden(kind, meta::name(pod), &why));
    };
    let seed = state.store.next_number();
    defaults::admitted(pod, &account);
    fargate::mark(state, pod);
    defaults::token_volume(pod, found.value(), seed);
    if !webhook.skip && webhook::is_called(state, pod) {
        let injection = webhook::Injection { entry: webhook.entry, account: found.value(), facts: api.facts(), seed };
        webhook::mutate(pod, &injection);
    }
    Ok(())
}

/// A workload's selector must match its own template.
fn check_template(kind: &Kind, value: &Value) -> Result<(), Failure> {
    let selector = &value["spec"]["selector"];
    let template = &value["spec"]["template"];
    if kind.group != "apps" || template.is_null() {
        return Ok(());
    }
    if selector.is_null() {
        return Err(Failure::invalid(kind, meta::name(value), "spec.selector", "Required value"));
    }
    if !Labels::of_object(selector).matches(template) {
        let why =
            format!("Invalid value: {}: `selector` does not match template `labels`", template["metadata"]["labels"]);
        return Err(Failure::invalid(kind, meta::name(value), "spec.template.metadata.labels", &why));
    }
    Ok(())
}

/// Names are DNS subdomains (some kinds, as CRDs' objects and bindings, allow no more either).
///
/// # Errors
/// 422.
pub fn check_name(kind: &Kind, name: &str) -> Result<(), Failure> {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label = |label: &str| {
        label.starts_with(is_inner) && label.ends_with(is_inner) && label.chars().all(|c| is_inner(c) || c == '-')
    };
    if name.len() <= 253 && name.split('.').all(is_label) {
        return Ok(());
    }
    let why = format!(
        "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    );
    Err(Failure::invalid(kind, name, "metadata.name", &why))
}

/// A stale or foreign object must not overwrite what is there.
///
/// # Errors
/// 409.
pub fn check_preconditions(kind: &Kind, old: &Value, new: &Value) -> Result<(), Failure> {
    let differs =
        |field: &str| !meta::field(new, field).is_empty() && meta::field(new, field) != meta::field(old, field);
    if differs("uid") {
        let path = super::store::path(meta::namespace(old), meta::name(old));
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{path}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
            kind.plural,
            meta::uid(new),
            meta::uid(old)
        );
        return Err(Failure::conflict(kind, meta::name(old), &why));
    }
    if differs("resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Failure::conflict(kind, meta::name(old), why));
    }
    Ok(())
}

/// Restores what a write cannot change, keeps status and rest apart, counts generations.
pub fn keep_fixed(kind: &Kind, old: &Value, new: &mut Value, is_status: bool) {
    if is_status {
        let written = std::mem::replace(new, old.clone());
        meta::set(new, &[], "status", written["status"].clone());
        // Kubelets annotate and label along with the status.
        for field in ["labels", "annotations"].into_iter().filter(|_| kind.group.is_empty()) {
            meta::set(new, &["metadata"], field, written["metadata"][field].clone());
        }
        meta::map(new, &["metadata"]).retain(|_, value| !value.is_null());
        return;
    }
    if kind.status {
        match old.get("status") {
            Some(status) => meta::set(new, &[], "status", status.clone()),
            None => drop(meta::map(new, &[]).remove("status")),
        }
    }
    let fixed = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "resourceVersion",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "generateName",
    ];
    for field in fixed {
        match old["metadata"].get(field) {
            Some(value) => meta::set(new, &["metadata"], field, value.clone()),
            None => drop(meta::map(new, &["metadata"]).remove(field)),
        }
    }
    if kind.group.is_empty() && kind.plural == "namespaces" {
        state::complete_namespace(new);
    }
    if state::has_generation(kind, new) && old["spec"] != new["spec"] {
        let generation = meta::int(&old["metadata"]["generation"], 1) + 1;
        meta::set(new, &["metadata"], "generation", generation);
    }
}

/// What cannot be changed once it exists.
///
/// # Errors
/// 422.
pub fn check_update(kind: &Kind, old: &Value, new: &Value) -> Result<(), Failure> {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") if changeable_removed(old) != changeable_removed(new) => {
            let why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
            Err(Failure::invalid(kind, meta::name(old), "spec", why))
        }
        ("apps", _) if old["spec"]["selector"] != new["spec"]["selector"] => {
            let why = format!("Invalid value: {}: field is immutable", new["spec"]["selector"]);
            Err(Failure::invalid(kind, meta::name(old), "spec.selector", &why))
        }
        ("apps", _) if !new["spec"]["template"].is_null() => check_template(kind, new),
        _ => Ok(()),
    }
}

fn changeable_removed(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    if !spec.is_object() {
        return spec;
    }
    for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "ephemeralContainers"] {
        meta::map(&mut spec, &[]).remove(field);
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            meta::map(container, &[]).remove("image");
        }
    }
    spec
}
