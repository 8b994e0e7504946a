//! TokenRequest: a token as the kubelet would get it for a pod, for a moment (identity-resolution 6.1, 6.2).

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{
    connect::Connection,
    failure::Call,
    request::{Message, encode},
};
use crate::domain::{
    failure::{Failure, FailureKind},
    id::{PodId, PodUid, ServiceAccountId},
    secret::Secret,
};

/// Seconds that a token is good for: the least that the API server takes.
const LIFETIME: u32 = 600;

/// A token of a service account for an audience, bound to a pod if there is one.
///
/// # Errors
/// `Denied` without the right to create `serviceaccounts/token`; `NotFound` if account or pod is gone; `Conflict`
/// if the pod is another one than its uid says; the failures of the connection.
pub async fn request_token(
    connection: &Connection,
    account: &ServiceAccountId,
    audience: &str,
    pod: Option<(&PodId, &PodUid)>,
) -> Result<Secret, Failure> {
    let (namespace, name) = (account.namespace.as_str(), account.name.as_str());
    let call = Call::new("create", "serviceaccounts/token").within(Some(namespace)).named(name);
    let mut spec = json!({"audiences": [audience], "expirationSeconds": LIFETIME});
    if let Some((pod, uid)) = pod {
        spec["boundObjectRef"] =
            json!({"apiVersion": "v1", "kind": "Pod", "name": pod.name.as_str(), "uid": uid.as_str()});
    }
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
    let path = format!("/api/v1/namespaces/{}/serviceaccounts/{}/token", encode(namespace), encode(name));
    let message = Message {
        method: Method::POST,
        content_type: Some("application/json"),
        body: body.to_string().into_bytes(),
        ..Message::get(path)
    };
    let answer = connection.read(&call, &message).await?;
    // What cannot be read is not repeated: it may hold the token.
    let read: Answer = serde_json::from_slice(&answer).map_err(|_| {
        let next = "Check whether the version of the cluster supports TokenRequest";
        Failure::new(FailureKind::Server, call.what(), "the answer holds no token", next)
    })?;
    Ok(Secret::new(read.status.token))
}

/// Never to be shown.
#[derive(Deserialize)]
struct Answer {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    token: String,
}
