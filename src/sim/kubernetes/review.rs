//! Reviews: may I, what may I, who am I. Everything is allowed, except what a
//! `denied` fault would refuse.

use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};

use super::api::{Api, Call};
use super::request::user;
use super::status::{self, Failure};
use super::write;
use crate::wire::Body;

const AUTHORIZATION: &str = "/apis/authorization.k8s.io/v1/";
const AUTHENTICATION: &str = "/apis/authentication.k8s.io/v1/";

/// Whether a path is a review's.
pub fn is_path(path: &str) -> bool {
    [AUTHORIZATION, AUTHENTICATION].iter().any(|prefix| path.starts_with(prefix))
}

/// Answers a review.
///
/// # Errors
/// It is none that is known.
pub fn answer(api: &Api, call: &Call, body: &Bytes) -> Result<Response<Body>, Failure> {
    if call.parts.method != Method::POST {
        return Err(Failure::not_allowed());
    }
    let mut review = write::decode(&call.parts.headers, body)?;
    let status = match call.parts.uri.path().rsplit('/').next().unwrap_or_default() {
        "selfsubjectaccessreviews" => {
            check_access(&review["spec"])?;
            access(api, &review["spec"])
        }
        "selfsubjectrulesreviews" => rules(),
        "selfsubjectreviews" => json!({"userInfo": {
            "username": user(&call.parts.headers), "groups": ["system:masters", "system:authenticated"],
        }}),
        _ => return Err(Failure::no_path()),
    };
    if !review.is_object() {
        return Err(Failure::bad_request("a review must be an object"));
    }
    review["status"] = status;
    Ok(status::json_response(201, &review))
}

fn check_access(spec: &Value) -> Result<(), Failure> {
    let given = ["resourceAttributes", "nonResourceAttributes"].into_iter().filter(|key| !spec[*key].is_null());
    if given.count() == 1 {
        return Ok(());
    }
    let why = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
    Err(Failure::invalid_fields(("authorization.k8s.io", ""), "", &[("spec", why.to_owned())]))
}

fn access(api: &Api, spec: &Value) -> Value {
    let attributes = &spec["resourceAttributes"];
    let text = |key: &str| attributes[key].as_str().unwrap_or_default();
    let subresource = match text("subresource") {
        "" => String::new(),
        subresource => format!("/{subresource}"),
    };
    let operation = format!("{}{subresource}:{}", text("resource"), text("verb"));
    match api.faults().denies(&operation) {
        true => json!({"allowed": false, "reason": "denied on request of the simulated world"}),
        false => json!({"allowed": true}),
    }
}

fn rules() -> Value {
    json!({
        "incomplete": false,
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    })
}
