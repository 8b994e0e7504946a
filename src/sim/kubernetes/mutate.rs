//! The webhook as another API server calls it: an AdmissionReview with a pod comes in, one with a JSON patch
//! goes out (admission.k8s.io). Which pods it is asked about is up to the caller's MutatingWebhookConfiguration.
//! Service accounts are those of this cluster.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};

use super::admission::account_of;
use super::api::{Api, Call};
use super::state::core;
use super::status::{self, Failure};
use super::{webhook, write};
use crate::wire::Body;

/// Whether a path is the webhook's.
pub fn is_path(path: &str) -> bool {
    path == "/mutate"
}

/// Answers a review of a pod.
///
/// # Errors
/// It is no review.
pub fn answer(api: &Api, call: &Call, body: &Bytes) -> Result<Response<Body>, Failure> {
    if call.parts.method != Method::POST {
        return Err(Failure::not_allowed());
    }
    let review = write::decode(&call.parts.headers, body)?;
    let request = &review["request"];
    if !request["uid"].is_string() || !request["object"].is_object() {
        return Err(Failure::bad_request("an AdmissionReview with a request for an object was expected"));
    }
    let mut response = json!({"uid": request["uid"], "allowed": true});
    if let Some(patch) = patch(api, request["namespace"].as_str().unwrap_or_default(), &request["object"]) {
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(STANDARD.encode(patch.to_string()));
    }
    let answer = json!({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response});
    Ok(status::json_response(200, &answer))
}

/// What is to be added to the pod, if anything.
fn patch(api: &Api, namespace: &str, pod: &Value) -> Option<Value> {
    let name = account_of(pod);
    let entry = api.has_entry(namespace, name);
    let (account, seed) = api.commit(|state| {
        let account = state.store.get(&core("serviceaccounts"), namespace, name).map(|found| found.value().clone());
        (account.unwrap_or_default(), state.store.next_number())
    });
    let mut mutated = pod.clone();
    let injection = webhook::Injection { entry, account: &account, facts: api.facts(), seed };
    webhook::mutate(&mut mutated, &injection);
    let parts = [("/spec", &pod["spec"], &mutated["spec"]), ("/metadata/labels", labels(pod), labels(&mutated))];
    let changed = parts.into_iter().filter(|(_, before, after)| before != after);
    let steps: Vec<Value> =
        changed.map(|(path, _, after)| json!({"op": "add", "path": path, "value": after})).collect();
    (!steps.is_empty()).then(|| steps.into())
}

fn labels(pod: &Value) -> &Value {
    &pod["metadata"]["labels"]
}
