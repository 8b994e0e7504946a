//! A `wire::Transport` as the HTTP client of the SDKs. Bodies are collected: the SDKs want theirs
//! to be `Sync`, and none of the answers read here is large.

use std::{fmt, sync::Mutex};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::wire::{self, BoxError};

/// Hands out connectors that all go over one transport.
struct Client(Mutex<wire::Transport>);

struct Connector(Mutex<wire::Transport>);

/// The transport as the SDKs want it.
pub(super) fn client(transport: wire::Transport) -> SharedHttpClient {
    SharedHttpClient::new(Client(Mutex::new(transport)))
}

fn copy(transport: &Mutex<wire::Transport>) -> wire::Transport {
    transport.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Client over a transport")
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Connector over a transport")
    }
}

impl HttpClient for Client {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(Mutex::new(copy(&self.0))))
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = copy(&self.0);
        HttpConnectorFuture::new(async move { exchange(transport, request).await })
    }
}

async fn exchange(transport: wire::Transport, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
    let request = http::Request::from_parts(parts, wire::full(body));
    let response = send(transport, request).await.map_err(io)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(io)?.to_bytes();
    let response = http::Response::from_parts(parts, SdkBody::from(body));
    HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
}

/// A boxed future: the compiler cannot see that one of `oneshot` itself may move between threads.
fn send(
    transport: wire::Transport,
    request: http::Request<wire::Body>,
) -> BoxFuture<'static, Result<http::Response<wire::Body>, BoxError>> {
    Box::pin(transport.oneshot(request))
}

fn io(error: BoxError) -> ConnectorError {
    ConnectorError::io(error)
}
