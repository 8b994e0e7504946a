//! An API server made by hand: a function from request to canned answer, behind the wire's seam.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tower::{service_fn, util::BoxCloneSyncService};

use super::connect::{Connection, over};
use crate::{
    domain::cluster::Target,
    wire::{self, BoxError, Transport},
};

/// What was asked: method, path with query, body.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub body: String,
}

/// What is answered.
pub(super) enum Answer {
    /// A status and a body.
    Body(u16, String),
    /// Lines, after which the answer stays open.
    Open(Vec<String>),
    /// Lines, after which it ends.
    Lines(Vec<String>),
    /// No answer at all.
    Silence,
    /// The transport fails with these words.
    Broken(&'static str),
}

pub(super) type Log = Arc<Mutex<Vec<Asked>>>;

/// A transport that answers from a function and writes down what it was asked.
pub(super) fn transport(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Transport, Log) {
    let log = Log::default();
    let written = Arc::clone(&log);
    let answer = Arc::new(answer);
    let service = service_fn(move |request: Request<wire::Body>| {
        let (log, answer) = (Arc::clone(&written), Arc::clone(&answer));
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let asked = Asked {
                method: parts.method.to_string(),
                path: parts.uri.to_string(),
                authorization: parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            log.lock().unwrap().push(asked.clone());
            respond(answer(&asked)).await
        }
    });
    (BoxCloneSyncService::new(service), log)
}

async fn respond(answer: Answer) -> Result<Response<wire::Body>, BoxError> {
    let lines = |lines: Vec<String>| {
        futures::stream::iter(lines).map(|line| Ok::<_, BoxError>(Frame::data(bytes::Bytes::from(line + "\n"))))
    };
    match answer {
        Answer::Body(code, text) => {
            let mut response = Response::new(wire::full(text));
            *response.status_mut() = StatusCode::from_u16(code).unwrap();
            Ok(response)
        }
        Answer::Open(text) => {
            Ok(Response::new(wire::body(StreamBody::new(lines(text).chain(futures::stream::pending())))))
        }
        Answer::Lines(text) => Ok(Response::new(wire::body(StreamBody::new(lines(text))))),
        Answer::Silence => futures::future::pending().await,
        Answer::Broken(words) => Err(std::io::Error::new(std::io::ErrorKind::ConnectionRefused, words).into()),
    }
}

/// A connection to a server made by hand.
pub(super) async fn connection(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Connection, Log) {
    let (transport, log) = transport(answer);
    let target = Target {
        server: Some("https://ABC.gr7.eu-west-1.eks.amazonaws.com".to_owned()),
        namespace: Some("shop".to_owned()),
        ..Target::default()
    };
    (over(transport, target).await, log)
}

/// A Status as the API server writes it.
pub(super) fn status(code: u16, reason: &str, message: &str) -> String {
    serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
    .to_string()
}
