//! The seam between a client and whatever answers it: one boxed `tower` service
//! from HTTP request to HTTP response. The simulator offers it, the Kubernetes and
//! AWS adapters can be given it instead of sockets. It knows nobody else.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use tower::util::BoxCloneSyncService;

/// Any error of a transport or of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request or response body: streaming, of unknown length.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// From HTTP request to HTTP response; cloning is cheap and clones share their state.
pub type Transport = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, BoxError>;

/// Wraps any streaming body.
pub fn body<B>(inner: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    inner.map_err(Into::into).boxed_unsync()
}

/// A body of bytes that are all there already.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    body(Full::new(bytes.into()))
}
