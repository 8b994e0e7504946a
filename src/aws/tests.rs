//! AWS made by hand: a function from request to canned answer, behind the wire's seam.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{service_fn, util::BoxCloneSyncService};

use super::session::{Session, over};
use crate::wire::{self, BoxError};

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub host: String,
    pub path: String,
    pub body: String,
}

/// Status and body; EKS speaks JSON, the others XML.
pub(super) type Answer = (u16, &'static [(&'static str, &'static str)], String);

pub(super) type Log = Arc<Mutex<Vec<Asked>>>;

/// A session with an AWS that answers from a function.
pub(super) fn session(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Session, Log) {
    let log = Log::default();
    let written = Arc::clone(&log);
    let answer = Arc::new(answer);
    let service = service_fn(move |request: Request<wire::Body>| {
        let (log, answer) = (Arc::clone(&written), Arc::clone(&answer));
        async move {
            let (parts, body) = request.into_parts();
            let asked = Asked {
                host: parts.uri.host().unwrap_or_default().to_owned(),
                path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                body: String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned(),
            };
            log.lock().unwrap().push(asked.clone());
            let (code, headers, text) = answer(&asked);
            let mut response = Response::new(wire::full(text));
            *response.status_mut() = StatusCode::from_u16(code).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(*name, http::HeaderValue::from_static(value));
            }
            Ok::<_, BoxError>(response)
        }
    });
    (over(BoxCloneSyncService::new(service), "eu-west-1".into()), log)
}

/// An error of a JSON service.
pub(super) fn json_error(code: u16, headers: &'static [(&'static str, &'static str)], message: &str) -> Answer {
    (code, headers, serde_json::json!({ "message": message }).to_string())
}

/// An error of a query service.
pub(super) fn xml_error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    );
    (status, &[], body)
}
