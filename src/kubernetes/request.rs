//! One request to the API server: token, timeouts, error statuses. Reads are tried once more when a
//! token has ended; writes never are.

use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    connect::Connection,
    failure::{self, Call},
};
use crate::domain::failure::Failure;

/// How long the first byte of an answer may take.
const ANSWER: Duration = Duration::from_secs(15);

/// How long an answer may pause.
const PAUSE: Duration = Duration::from_secs(15);

/// No answer that is read whole is larger.
const LARGEST: usize = 512 * 1024 * 1024;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one segment of a path or value of a query.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub method: Method,
    pub path: String,
    pub accept: &'static str,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
}

impl Message {
    /// A read.
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, accept: "application/json", content_type: None, body: Vec::new() }
    }

    fn request(&self, token: Option<&HeaderValue>) -> Result<Request<Body>, http::Error> {
        let mut request = Request::builder().method(&self.method).uri(&self.path).header(header::ACCEPT, self.accept);
        request = request.header(header::USER_AGENT, concat!("rolecall/", env!("CARGO_PKG_VERSION")));
        if self.path.contains("watch=true") {
            // Newer servers compress every event by itself, which the client does not undo.
            request = request.header(header::ACCEPT_ENCODING, "identity");
        }
        if let Some(kind) = self.content_type {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token);
        }
        request.body(Body::from(self.body.clone()))
    }
}

impl Connection {
    /// Sends and gives the answer once its status is a good one.
    pub(super) async fn send(&self, call: &Call, message: &Message) -> Result<Response<Body>, Failure> {
        let response = self.attempt(call, message).await?;
        let response = match (&self.bearer, response) {
            (Some(bearer), (response, Some(token))) if response.status() == StatusCode::UNAUTHORIZED => {
                bearer.forget(&token).await;
                if message.method == Method::GET { self.attempt(call, message).await?.0 } else { response }
            }
            (_, (response, _)) => response,
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status().as_u16();
        let body = self.collect(call, response.into_body()).await.unwrap_or_default();
        Err(failure::refused(call, &self.target, code, &body))
    }

    async fn attempt(&self, call: &Call, message: &Message) -> Result<(Response<Body>, Option<HeaderValue>), Failure> {
        let token = match &self.bearer {
            Some(bearer) => Some(bearer.header().await?),
            None => None,
        };
        let request =
            message.request(token.as_ref()).map_err(|error| failure::broken(call, &self.target, &error.to_string()))?;
        match tokio::time::timeout(ANSWER, self.client.send(request)).await {
            Ok(Ok(response)) => Ok((response, token)),
            Ok(Err(error)) => Err(failure::unreachable(call, &self.target, &error)),
            Err(_) => Err(failure::timed_out(call, &self.target, ANSWER.as_secs())),
        }
    }

    /// Sends and reads the whole answer.
    pub(super) async fn read(&self, call: &Call, message: &Message) -> Result<Bytes, Failure> {
        let response = self.send(call, message).await?;
        self.collect(call, response.into_body()).await
    }

    async fn collect(&self, call: &Call, mut body: Body) -> Result<Bytes, Failure> {
        let mut bytes = BytesMut::new();
        loop {
            let frame = match tokio::time::timeout(PAUSE, body.frame()).await {
                Err(_) => return Err(failure::timed_out(call, &self.target, PAUSE.as_secs())),
                Ok(None) => return Ok(bytes.freeze()),
                Ok(Some(Err(error))) => {
                    return Err(failure::broken(call, &self.target, &failure::chain(&error)));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data() {
                bytes.extend_from_slice(&data);
            }
            if bytes.len() > LARGEST {
                return Err(failure::broken(call, &self.target, "the answer is larger than 512 MiB"));
            }
        }
    }

    /// Opens an answer that is read line by line.
    pub(super) async fn lines(&self, call: &Call, message: &Message) -> Result<Lines, Failure> {
        let response = self.send(call, message).await?;
        Ok(Lines { body: response.into_body(), bytes: BytesMut::new(), searched: 0 })
    }
}

/// An answer of lines that come one by one.
pub(super) struct Lines {
    body: Body,
    bytes: BytesMut,
    searched: usize,
}

impl Lines {
    /// The next line; `None` at the end, also when the connection broke in the middle of a line.
    pub fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, String>>> {
        loop {
            if let Some(line) = self.buffered() {
                return Poll::Ready(Some(Ok(line)));
            }
            match ready!(std::pin::Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(failure::chain(&error)))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.bytes.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    fn buffered(&mut self) -> Option<Bytes> {
        let found = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(at) = found.map(|at| at + self.searched) else {
            self.searched = self.bytes.len();
            return None;
        };
        self.searched = 0;
        let line = self.bytes.split_to(at).freeze();
        self.bytes.advance(1);
        if line.is_empty() { self.buffered() } else { Some(line) }
    }
}
