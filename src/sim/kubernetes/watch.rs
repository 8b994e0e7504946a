//! Watches: initial events, changes since a resource version, bookmarks, and how
//! they end. Each watcher reads the store's change log from its own position and
//! sleeps until the store's revision moves.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::Response;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use super::api::Api;
use super::encode::{self, CHUNK, Encoder};
use super::list::Selection;
use super::request::{Form, Query, Target};
use super::status::{self, Failure};
use super::store::{Change, Object};
use crate::wire::{self, Body, BoxError};

const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long before its end a watch says once more how far it is.
const BEFORE_THE_END: Duration = Duration::from_secs(2);
const DEFAULT_TIMEOUT: u64 = 1800;
/// Changes read from the log at a time.
const BATCH: usize = 256;

struct Watcher {
    api: Api,
    encoder: Encoder,
    selection: Selection,
    /// Objects still to be sent as `ADDED`.
    initial: std::vec::IntoIter<Arc<Object>>,
    /// Whether the end of the initial events is still to be marked.
    mark_initial: bool,
    bookmarks: bool,
    position: u64,
    revision: Receiver<u64>,
    epoch: u64,
    ends: Instant,
    next_bookmark: Instant,
    ended: bool,
}

/// Answers a watch.
///
/// # Errors
/// What the API server refuses it with before the stream begins.
pub fn answer(api: &Api, target: &Target, query: &Query, form: Form) -> Result<Response<Body>, Failure> {
    let selection = Selection::of(target, query)?;
    let start = Start::of(query)?;
    let revision = api.changes();
    let (position, initial) = api.read(|state| {
        let all = state.store.list(&target.kind.key(), &selection.namespace);
        let objects = match start {
            Start::At(position) => return (position, Vec::new()),
            _ => all.filter(|o| selection.matches_inside(o)).cloned().collect(),
        };
        (state.store.revision(), objects)
    });
    let timeout = query.number("timeoutSeconds")?.filter(|t| *t > 0).unwrap_or(DEFAULT_TIMEOUT);
    let now = Instant::now();
    let ends = now + Duration::from_secs(timeout);
    let watcher = Watcher {
        encoder: Encoder {
            form,
            kind: Arc::clone(&target.kind),
            now: api.now(),
            include: query.text("includeObject").to_owned(),
            headless: false,
        },
        selection,
        initial: initial.into_iter(),
        mark_initial: start == Start::Streaming,
        bookmarks: query.is_true("allowWatchBookmarks"),
        position,
        revision,
        epoch: api.epoch(),
        ends,
        next_bookmark: next_bookmark(now, ends),
        ended: false,
        api: api.clone(),
    };
    Ok(stream(watcher))
}

fn stream(watcher: Watcher) -> Response<Body> {
    let chunks = stream::unfold(watcher, |mut watcher| async move {
        let chunk = watcher.next().await?;
        Some((Ok::<_, BoxError>(Frame::data(chunk)), watcher))
    });
    status::stream_response(200, "application/json", wire::body(StreamBody::new(chunks)))
}

/// Once a minute, and shortly before the end.
fn next_bookmark(now: Instant, ends: Instant) -> Instant {
    let regular = now + BOOKMARK_EVERY;
    ends.checked_sub(BEFORE_THE_END).filter(|last| *last > now).map_or(regular, |last| last.min(regular))
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// After a resource version.
    At(u64),
    /// With what is there now, unmarked (no resource version, or `0`).
    Now,
    /// With what is there now, its end marked by a bookmark (a streaming list).
    Streaming,
}

impl Start {
    fn of(query: &Query) -> Result<Self, Failure> {
        let forbidden = |field: &str, why: &str| {
            Err(Failure::invalid_options("ListOptions", &[(field, format!("Forbidden: {why}"))]))
        };
        let at = || match query.version() {
            Ok(version) => Ok(version.filter(|rv| *rv > 0).map_or(Self::Now, Self::At)),
            // As real servers do, which read it too late to refuse it.
            Err(refused) => {
                Err(Failure::new(500, "", refused.message.trim_start_matches("invalid resource version: ")))
            }
        };
        let how = query.text("resourceVersionMatch");
        match query.text("sendInitialEvents") {
            "" if !how.is_empty() => forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ),
            "" => at(),
            _ if how != "NotOlderThan" => forbidden(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ),
            _ if !query.is_true("sendInitialEvents") => at(),
            // Without bookmarks nothing can mark the end.
            _ if !query.is_true("allowWatchBookmarks") => Ok(Self::Now),
            _ => Ok(Self::Streaming),
        }
    }
}

impl Watcher {
    /// The next chunk of events; the end of the stream if there is none.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.ended {
                return None;
            }
            let ready = self.ready();
            if !ready.is_empty() {
                return Some(ready);
            }
            if self.ended {
                return None;
            }
            tokio::select! {
                moved = self.revision.changed() => self.ended = moved.is_err(),
                () = sleep_until(self.ends.min(self.next_bookmark)) => self.tick(),
            }
        }
    }

    /// Whatever can be sent without waiting.
    fn ready(&mut self) -> Bytes {
        if self.api.epoch() != self.epoch {
            self.ended = true;
            return Bytes::new();
        }
        if self.initial.len() > 0 {
            return self.initial_events();
        }
        if self.mark_initial {
            self.mark_initial = false;
            return self.bookmark(true);
        }
        if self.bookmarks && Instant::now() >= self.next_bookmark {
            self.next_bookmark = next_bookmark(Instant::now(), self.ends);
            return self.bookmark(false);
        }
        self.changes()
    }

    fn tick(&mut self) {
        self.ended = Instant::now() >= self.ends;
        if !self.bookmarks {
            self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
        }
    }

    fn initial_events(&mut self) -> Bytes {
        let mut chunk = BytesMut::new();
        while chunk.len() < CHUNK {
            let Some(object) = self.initial.next() else {
                break;
            };
            self.send("ADDED", &object, &mut chunk);
        }
        chunk.freeze()
    }

    fn bookmark(&self, initial_end: bool) -> Bytes {
        let mut chunk = BytesMut::new();
        let object = self.encoder.bookmark(self.position, initial_end);
        encode::event("BOOKMARK", &object, &mut chunk);
        chunk.freeze()
    }

    fn changes(&mut self) -> Bytes {
        self.revision.mark_unchanged();
        let mut chunk = BytesMut::new();
        while chunk.is_empty() {
            let key = self.encoder.kind.key();
            let read = self.api.read(|state| {
                let changes = state.store.since(&key, self.position, BATCH);
                (changes, state.store.revision())
            });
            match read {
                (Ok(changes), revision) => {
                    let is_all = changes.len() < BATCH;
                    self.position = match changes.last() {
                        Some(last) if !is_all => last.revision,
                        _ => revision.max(self.position),
                    };
                    self.encoder.now = self.api.now();
                    changes.iter().for_each(|change| self.append(change, &mut chunk));
                    if is_all {
                        break;
                    }
                }
                (Err(compacted), _) => {
                    let message = format!("too old resource version: {} ({})", self.position, compacted.oldest);
                    encode_failure(&Failure::expired(message), &mut chunk);
                    self.ended = true;
                }
            }
        }
        chunk.freeze()
    }

    fn send(&mut self, kind: &str, object: &Object, chunk: &mut BytesMut) {
        encode::event(kind, &self.encoder.single(object), chunk);
        self.encoder.headless = true;
    }

    /// An object that begins or ceases to match was added or deleted, as far as this watch goes.
    fn append(&mut self, change: &Change, chunk: &mut BytesMut) {
        let matches = |object: &Arc<Object>| self.selection.matches(object);
        let before = change.previous.as_ref().is_some_and(matches);
        let after = !change.deleted && matches(&change.object);
        let kind = match (before, after) {
            (false, false) => return,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        self.send(kind, &change.object, chunk);
    }
}

fn encode_failure(failure: &Failure, chunk: &mut BytesMut) {
    encode::event("ERROR", failure.status().to_string().as_bytes(), chunk);
}

/// A watch that answers with one ERROR event and ends.
pub fn failed(failure: &Failure) -> Response<Body> {
    let mut chunk = BytesMut::new();
    encode_failure(failure, &mut chunk);
    status::bytes_response(200, "application/json", chunk.freeze())
}
