//! The TokenRequest subresource: tokens with the claims and the signature of real ones.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::api::Api;
use super::request::Target;
use super::state::{State, core};
use super::status::Failure;
use super::{admission, meta, write};
use crate::sim::issuer;

const DEFAULT_AUDIENCE: &str = "https://kubernetes.default.svc";
const SHORTEST: i64 = 600;
const LONGEST: i64 = 86_400;
/// From here on a lifetime is refused rather than shortened.
const FAR_TOO_LONG: i64 = (1 << 32) + 1;

/// The subject of a token, for messages; absent if it is no JWT.
pub fn subject(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims["sub"].as_str().map(str::to_owned)
}

/// Answers a TokenRequest.
///
/// # Errors
/// What the API server refuses it with: the bound object is missing, was recreated, or
/// runs as another service account; a lifetime that is too short.
pub fn request(api: &Api, target: &Target, mut body: Value) -> Result<Value, Failure> {
    meta::default(&mut body, &["spec"], "expirationSeconds", 3600);
    let seconds = meta::int(&body["spec"]["expirationSeconds"], 3600);
    check_lifetime(seconds)?;
    let issuer = api.issuer();
    let now = api.token_time();
    let seconds = seconds.min(LONGEST);
    let claims = api.commit(|state| {
        let account = write::find(state, target)?;
        let mut claims = claims(&body["spec"], account.value(), &issuer);
        bind(state, account.value(), &body["spec"]["boundObjectRef"], &mut claims)?;
        claims["jti"] = json!(state.store.next_uid());
        Ok(claims)
    })?;
    let expires = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let token = sign(claims, now.as_second(), expires.as_second());
    meta::default(&mut body, &[], "apiVersion", "authentication.k8s.io/v1");
    meta::default(&mut body, &[], "kind", "TokenRequest");
    meta::set(&mut body, &["metadata"], "name", target.name.as_str());
    meta::set(&mut body, &["metadata"], "namespace", target.namespace.as_str());
    meta::default(&mut body, &["spec"], "audiences", json!([DEFAULT_AUDIENCE]));
    meta::default(&mut body, &["spec"], "boundObjectRef", Value::Null);
    body["status"] = json!({"token": token, "expirationTimestamp": meta::time(expires)});
    Ok(body)
}

fn check_lifetime(seconds: i64) -> Result<(), Failure> {
    let why = match seconds {
        ..SHORTEST => "may not specify a duration less than 10 minutes",
        FAR_TOO_LONG.. => "may not specify a duration larger than 2^32 seconds",
        _ => return Ok(()),
    };
    let complaint = [("spec.expirationSeconds", format!("Invalid value: {seconds}: {why}"))];
    Err(Failure::invalid_fields(("authentication.k8s.io", "TokenRequest"), "", &complaint))
}

fn claims(spec: &Value, account: &Value, issuer: &str) -> Value {
    let audiences = match &spec["audiences"] {
        Value::Array(list) if !list.is_empty() => spec["audiences"].clone(),
        _ => json!([DEFAULT_AUDIENCE]),
    };
    let (namespace, name) = (meta::namespace(account), meta::name(account));
    json!({
        "aud": audiences, "iss": issuer,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": meta::uid(account)},
        },
    })
}

/// Checks the object a token is to be bound to and names it in the claims.
fn bind(state: &State, account: &Value, bound: &Value, claims: &mut Value) -> Result<(), Failure> {
    let name = bound["name"].as_str().unwrap_or_default();
    match bound["kind"].as_str() {
        None => Ok(()),
        Some("Pod") => {
            let pod = bound_pod(state, account, bound, name)?;
            claims["kubernetes.io"]["pod"] = json!({"name": name, "uid": meta::uid(&pod)});
            if let Some(node) = pod["spec"]["nodeName"].as_str() {
                claims["kubernetes.io"]["node"] = node_claim(state, node);
            }
            Ok(())
        }
        Some("Secret") => {
            let found = state.store.get(&core("secrets"), meta::namespace(account), name);
            let secret = found.ok_or_else(|| not_found("secrets", name))?;
            claims["kubernetes.io"]["secret"] = json!({"name": name, "uid": meta::uid(secret.value())});
            Ok(())
        }
        Some(other) => {
            let version = bound["apiVersion"].as_str().unwrap_or_default();
            let slash = if version.contains('/') { "" } else { "/" };
            let message = format!("cannot bind token to object of type {slash}{version}, Kind={other}");
            Err(Failure::bad_request(message))
        }
    }
}

fn not_found(plural: &str, name: &str) -> Failure {
    Failure::new(404, "NotFound", format!("{plural} \"{name}\" not found")).detailed(name, "", plural)
}

fn bound_pod(state: &State, account: &Value, bound: &Value, name: &str) -> Result<Value, Failure> {
    let found = state.store.get(&core("pods"), meta::namespace(account), name);
    let pod = found.ok_or_else(|| not_found("pods", name))?.value().clone();
    let asked = bound["uid"].as_str().unwrap_or_default();
    if !asked.is_empty() && asked != meta::uid(&pod) {
        let message = format!(
            "Operation cannot be fulfilled on Pod \"{name}\": the UID in the bound object reference ({asked}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Failure::new(409, "Conflict", message).detailed(name, "", "Pod"));
    }
    if admission::account_of(&pod) != meta::name(account) {
        return Err(Failure::bad_request(format!(
            "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
            meta::name(account)
        )));
    }
    Ok(pod)
}

fn node_claim(state: &State, name: &str) -> Value {
    match state.store.get(&core("nodes"), "", name) {
        Some(node) => json!({"name": name, "uid": meta::uid(node.value())}),
        None => json!({"name": name}),
    }
}

fn sign(mut claims: Value, now: i64, expires: i64) -> String {
    for (claim, value) in [("iat", now), ("nbf", now), ("exp", expires)] {
        claims[claim] = json!(value);
    }
    issuer::sign(&claims)
}
