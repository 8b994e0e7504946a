//! The `Status` object every failure (and a few successes) of the API is told with.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::kind::Kind;
use crate::wire::{self, Body};

/// The type of answers for people.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// A refusal of the API server.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// HTTP status.
    pub code: u16,
    /// Machine-readable reason, as `NotFound`.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// `details` of the Status.
    pub details: Value,
    /// `metadata.continue` of the Status: how a list can go on all the same.
    pub next: Option<String>,
}

impl Failure {
    /// A failure without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null, next: None }
    }

    fn about(self, kind: &Kind, name: &str) -> Self {
        self.detailed(name, &kind.group, &kind.plural)
    }

    /// With details: what is empty is left out.
    pub fn detailed(mut self, name: &str, group: &str, kind: &str) -> Self {
        let named = [("name", name), ("group", group), ("kind", kind)].into_iter().filter(|(_, text)| !text.is_empty());
        self.details = named.map(|(key, text)| (key.to_owned(), json!(text))).collect();
        self
    }

    /// 404 of an object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 404 of a path in a group that is served.
    pub fn no_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// 404 of a path that nobody answers for, in plain text.
    pub fn nowhere() -> Self {
        Self::new(404, "", "404 page not found\n")
    }

    /// 409 of a create.
    pub fn exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409 of a stale write.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 422 with one cause.
    pub fn invalid(kind: &Kind, name: &str, field: &str, why: &str) -> Self {
        Self::invalid_fields((&kind.group, &kind.kind), name, &[(field, why.to_owned())])
    }

    /// 422 of the options of a request, as `ListOptions`.
    pub fn invalid_options(kind: &str, complaints: &[(&str, String)]) -> Self {
        Self::invalid_fields(("meta.k8s.io", kind), "", complaints)
    }

    /// 422 of an object of any group and kind: fields, and what is wrong with them.
    pub fn invalid_fields((group, kind): (&str, &str), name: &str, complaints: &[(&str, String)]) -> Self {
        let words: Vec<String> = complaints.iter().map(|(field, why)| format!("{field}: {why}")).collect();
        let words = if let [one] = words.as_slice() { one.clone() } else { format!("[{}]", words.join(", ")) };
        let dot = if group.is_empty() { "" } else { "." };
        let message = format!("{kind}{dot}{group} \"{name}\" is invalid: {words}");
        let mut failure = Self::new(422, "Invalid", message).detailed(name, group, kind);
        let causes =
            complaints.iter().map(|(field, why)| json!({"reason": cause(why), "message": why, "field": field}));
        failure.details["causes"] = causes.collect();
        failure
    }

    /// 409 of a precondition that the object does not fulfil.
    pub fn precondition(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.kind);
        Self::new(409, "Conflict", message).detailed(name, &kind.group, &kind.kind)
    }

    /// 403 of admission.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405.
    pub fn not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    /// 410: the resource version has left the log.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The failure that goes with a bare HTTP status.
    pub fn of_status(code: u16) -> Self {
        let (reason, message) = match code {
            400 => ("BadRequest", "the server rejected our request for an unknown reason"),
            401 => ("Unauthorized", "Unauthorized"),
            403 => ("Forbidden", "forbidden"),
            404 => ("NotFound", "the server could not find the requested resource"),
            409 => ("Conflict", "the server reported a conflict"),
            410 => ("Expired", "The provided resource version is too old."),
            422 => ("Invalid", "the server rejected our request due to an error in our request"),
            429 => ("TooManyRequests", "Too many requests, please try again later."),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "the server was unable to return a response in the time allotted"),
            _ => ("InternalError", "an error on the server has prevented the request from succeeding"),
        };
        Self::new(code, reason, message)
    }

    /// The Status object.
    pub fn status(&self) -> Value {
        prune(json!({
            "kind": "Status", "apiVersion": "v1", "metadata": prune(json!({"continue": self.next})), "status": "Failure",
            "message": self.message, "reason": Some(self.reason).filter(|reason| !reason.is_empty()), "details": self.details, "code": self.code,
        }))
    }

    /// The HTTP response.
    pub fn response(&self) -> Response<Body> {
        if self.reason.is_empty() && self.code == 404 {
            return bytes_response(self.code, TEXT, self.message.clone());
        }
        let mut response = json_response(self.code, &self.status());
        if self.code == 429 {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

/// The reason of a cause, which begins its words.
fn cause(why: &str) -> &'static str {
    const REASONS: [(&str, &str); 3] = [
        ("Required value", "FieldValueRequired"),
        ("Forbidden", "FieldValueForbidden"),
        ("Unsupported value", "FieldValueNotSupported"),
    ];
    REASONS.iter().find(|(words, _)| why.starts_with(words)).map_or("FieldValueInvalid", |(_, reason)| reason)
}

fn prune(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, v| !v.is_null());
    }
    value
}

/// A JSON answer.
pub fn json_response(code: u16, value: &Value) -> Response<Body> {
    bytes_response(code, "application/json", serde_json::to_vec(value).unwrap_or_default())
}

/// An answer of bytes that are there already.
pub fn bytes_response(code: u16, content_type: &'static str, bytes: impl Into<Bytes>) -> Response<Body> {
    stream_response(code, content_type, wire::full(bytes))
}

/// An answer with any body.
pub fn stream_response(code: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// A Status that says success, as deletes of vanished objects answer.
pub fn success(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = json!({"name": name, "group": kind.group, "kind": kind.plural, "uid": uid});
    if kind.group.is_empty() {
        details["group"].take();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": prune(details)})
}
