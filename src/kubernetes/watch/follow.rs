//! Following one kind: list, then watch from there, for as long as anybody listens. A connection
//! that breaks is taken up where it ended; only a version that is gone makes a new list.

use std::{sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use super::{
    Event, Link,
    batch::{Batch, Closed},
    kind::Kind,
    pause::Pause,
};
use crate::{
    domain::{
        fact::Fact,
        failure::{Failure, FailureKind},
    },
    kubernetes::{
        connect::Connection,
        decode::{Line, Versioned},
        failure::{self, Call},
        request::{Lines, Message, encode},
    },
};

/// The server ends a watch after this long; short enough to notice a connection that NAT forgot.
const WATCH_SECONDS: u64 = 240;

/// A watch that is silent for longer is dead: bookmarks come about once a minute.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS + 15);

/// A watch that ends sooner than this has failed, even if politely.
const SHORTEST: Duration = Duration::from_secs(1);

/// How often something that is not allowed is asked for again.
const DENIED: Duration = Duration::from_secs(60);

/// After so many failures in a row the cluster counts as offline.
const OFFLINE: u32 = 5;

/// Why following stops for now.
pub(super) enum End {
    /// Nobody listens.
    Closed,
    /// The version is too old: list again.
    Gone,
    /// It failed.
    Failed(Failure),
}

impl From<Closed> for End {
    fn from(Closed: Closed) -> Self {
        Self::Closed
    }
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        if failure.code.as_deref().is_some_and(|code| ["410", "Gone", "Expired"].contains(&code)) {
            Self::Gone
        } else {
            Self::Failed(failure)
        }
    }
}

/// One namespace, or the whole cluster.
pub(super) struct Scope {
    pub namespace: Option<String>,
    /// The version that was seen last.
    pub version: String,
    /// The open watch.
    pub lines: Option<Lines>,
    opened: Option<Instant>,
    last: Vec<u8>,
}

impl Scope {
    pub fn new(namespace: Option<String>) -> Self {
        Self { namespace, version: String::new(), lines: None, opened: None, last: Vec::new() }
    }

    /// Remembers an event; its version is only looked for when the watch has to be taken up again.
    fn saw(&mut self, object: &str) {
        self.last.clear();
        self.last.extend_from_slice(object.as_bytes());
    }

    fn resume_from(&mut self) -> &str {
        if let Ok(seen) = serde_json::from_slice::<Versioned<'_>>(&self.last)
            && !seen.metadata.resource_version.is_empty()
        {
            self.version = seen.metadata.resource_version.to_string();
        }
        self.last.clear();
        &self.version
    }
}

/// One kind being followed.
pub(super) struct Follow<K: Kind> {
    pub connection: Connection,
    pub kind: K,
    pub scopes: Vec<Scope>,
    pub batch: Batch,
    /// Where the kind's group lives on this server.
    group: &'static str,
    /// Whether the server can stream lists, as far as is known.
    pub streams: bool,
    /// No list has been complete yet.
    pub first: bool,
    /// Why only the context's namespace is read, where the whole cluster was asked for.
    pub narrowed: Option<Arc<Failure>>,
    listed: bool,
    live: bool,
    pause: Pause,
    skipped: usize,
    told: usize,
    example: String,
    reported: Option<Arc<Failure>>,
}

impl<K: Kind> Follow<K> {
    pub fn new(connection: Connection, kind: K, scopes: Vec<Option<String>>, batch: Batch) -> Self {
        Self {
            connection,
            kind,
            scopes: scopes.into_iter().map(Scope::new).collect(),
            batch,
            group: K::GROUP,
            streams: true,
            first: true,
            narrowed: None,
            listed: false,
            live: false,
            pause: Pause::default(),
            skipped: 0,
            told: 0,
            example: String::new(),
            reported: None,
        }
    }

    /// Goes on until nobody listens.
    pub async fn run(mut self) {
        if K::LEADS && self.batch.link(Link::Connecting).await.is_err() {
            return;
        }
        loop {
            let done = if self.listed { self.watch().await } else { self.list().await };
            let handled = match done {
                Ok(()) => Ok(()),
                Err(End::Closed) => return,
                Err(End::Gone) => self.start_over().await,
                Err(End::Failed(failure)) => self.wait(failure).await,
            };
            if handled.is_err() {
                return;
            }
        }
    }

    async fn list(&mut self) -> Result<(), End> {
        let (objects, gone) = self.listing().await?;
        let all = self.kind.all(Fact::Known(objects));
        self.batch.push(all).await?;
        for object in gone {
            let change = self.kind.gone(object);
            self.batch.push(change).await?;
        }
        self.batch.flush().await?;
        self.tell_skipped().await?;
        self.first = false;
        self.listed = true;
        self.reported = None;
        self.is_live().await
    }

    async fn is_live(&mut self) -> Result<(), End> {
        self.pause.reset();
        if self.reported.take().is_some() {
            // What was kept holds again: a new answer is awaited, and nothing failed.
            let followed = self.kind.all(Fact::Loading);
            self.batch.push(followed).await?;
        }
        if K::LEADS && !self.live {
            self.live = true;
            self.batch.link(Link::Live).await?;
        }
        Ok(())
    }

    async fn start_over(&mut self) -> Result<(), Closed> {
        self.listed = false;
        for scope in &mut self.scopes {
            scope.lines = None;
            scope.version.clear();
            scope.last.clear();
        }
        // A server that calls every version gone must not be asked in a tight loop.
        if self.pause.next().0 > 1 {
            tokio::time::sleep(SHORTEST).await;
        }
        Ok(())
    }

    async fn wait(&mut self, failure: Failure) -> Result<(), Closed> {
        for scope in &mut self.scopes {
            scope.lines = None;
        }
        self.live = false;
        let failure = Arc::new(failure);
        if self.is_other_version(&failure) {
            return Ok(());
        }
        if self.reported.as_ref() != Some(&failure) {
            self.reported = Some(Arc::clone(&failure));
            // A custom resource that the server does not have has no objects.
            let absent = K::OPTIONAL
                && (failure.kind == FailureKind::NotFound
                    || Self::is_not_served(&self.connection, self.group, &failure).await);
            let answer = if absent { Fact::Absent } else { Fact::Unknown(Arc::clone(&failure)) };
            let unread = self.kind.all(answer);
            self.batch.push(unread).await?;
        }
        let (attempt, mut in_) = self.pause.next();
        if failure.kind == FailureKind::Denied || K::OPTIONAL && failure.kind == FailureKind::NotFound {
            in_ = DENIED;
        }
        if K::LEADS {
            let link = match failure.kind {
                FailureKind::Denied | FailureKind::Credentials => Link::Denied(failure),
                FailureKind::Unreachable if attempt >= OFFLINE => Link::Offline { failure },
                _ => Link::Retrying { attempt, in_, failure },
            };
            self.batch.link(link).await?;
        }
        self.batch.flush().await?;
        tokio::time::sleep(in_).await;
        Ok(())
    }

    /// Who may not list a kind is refused whether or not the server has it; what a group has, everybody may ask.
    async fn is_not_served(connection: &Connection, group: &str, failure: &Failure) -> bool {
        if failure.kind != FailureKind::Denied {
            return false;
        }
        #[derive(serde::Deserialize)]
        struct Group {
            resources: Vec<Resource>,
        }
        #[derive(serde::Deserialize)]
        struct Resource {
            name: String,
        }
        match connection.read(&Self::call("get", None), &Message::get(group.to_owned())).await {
            Ok(body) => serde_json::from_slice::<Group>(&body)
                .is_ok_and(|group| !group.resources.iter().any(|resource| resource.name == K::RESOURCE)),
            Err(failure) => failure.kind == FailureKind::NotFound,
        }
    }

    /// Turns to the older version of a group once the server says that it has not the newer, and back.
    fn is_other_version(&mut self, failure: &Failure) -> bool {
        let Some(older) = K::OLDER_GROUP.filter(|_| failure.kind == FailureKind::NotFound) else { return false };
        self.listed = false;
        let newer = self.group == K::GROUP;
        self.group = if newer { older } else { K::GROUP };
        newer
    }

    /// Opens what is not open and reads until one watch ends.
    async fn watch(&mut self) -> Result<(), End> {
        for index in 0..self.scopes.len() {
            if self.scopes[index].lines.is_none() {
                self.open(index).await?;
            }
        }
        self.is_live().await?;
        loop {
            let Some((index, line)) = self.next(SILENCE).await? else {
                return if self.may_widen().await { Err(End::Gone) } else { Ok(()) };
            };
            self.event(index, &line).await?;
        }
    }

    async fn open(&mut self, index: usize) -> Result<(), End> {
        let seconds = self.watch_seconds();
        let scope = &mut self.scopes[index];
        if scope.opened.take().is_some_and(|opened| opened.elapsed() < SHORTEST) {
            tokio::time::sleep(SHORTEST).await;
        }
        let version = encode(scope.resume_from());
        let query = format!("watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={version}");
        self.connect(index, &query).await
    }

    /// Opens a watch with this query.
    pub async fn connect(&mut self, index: usize, query: &str) -> Result<(), End> {
        let namespace = self.scopes[index].namespace.clone();
        let call = Self::call("watch", namespace.as_deref());
        let message = self.message(namespace.as_deref(), query, true);
        let lines = self.connection.lines(&call, &message).await?;
        self.scopes[index].lines = Some(lines);
        self.scopes[index].opened = Some(Instant::now());
        Ok(())
    }

    /// What is being asked.
    pub fn call(verb: &'static str, namespace: Option<&str>) -> Call {
        Call::new(verb, K::RESOURCE).within(namespace)
    }

    /// A list or watch request.
    pub fn message(&self, namespace: Option<&str>, query: &str, watch: bool) -> Message {
        let place = namespace.map_or_else(String::new, |name| format!("/namespaces/{}", encode(name)));
        let mut message = Message::get(format!("{}{place}/{}?{query}", self.group, K::RESOURCE));
        message.accept = match (K::METADATA_ONLY, watch) {
            (false, _) => "application/json",
            (true, true) => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
            (true, false) => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
        };
        message
    }

    /// The next line of any open watch, sending what waits when it is due. `None` when one ended.
    pub async fn next(&mut self, silence: Duration) -> Result<Option<(usize, Bytes)>, End> {
        let dead = Instant::now() + silence;
        loop {
            let due = self.batch.due();
            let scopes = &mut self.scopes;
            let line = std::future::poll_fn(|context| poll(scopes, context));
            tokio::select! {
                (index, line) = line => return self.read(index, line),
                () = sleep_until(due.unwrap_or(dead)), if due.is_some() => self.batch.flush().await?,
                () = sleep_until(dead) => {
                    let call = Self::call("watch", None);
                    return Err(failure::timed_out(&call, self.connection.target(), silence.as_secs()).into());
                }
            }
        }
    }

    fn read(&mut self, index: usize, line: Option<Result<Bytes, String>>) -> Result<Option<(usize, Bytes)>, End> {
        match line {
            Some(Ok(line)) => Ok(Some((index, line))),
            // Servers and proxies cut long answers; that is how a watch ends, and it is taken up again.
            None => {
                self.scopes[index].lines = None;
                Ok(None)
            }
            Some(Err(why)) => {
                self.scopes[index].lines = None;
                let recent = self.scopes[index].opened.is_some_and(|opened| opened.elapsed() < SHORTEST);
                let call = Self::call("watch", self.scopes[index].namespace.as_deref());
                if recent { Err(failure::broken(&call, self.connection.target(), &why).into()) } else { Ok(None) }
            }
        }
    }

    async fn event(&mut self, index: usize, line: &Bytes) -> Result<(), End> {
        let Ok(event) = serde_json::from_slice::<Line<'_>>(line) else {
            self.skip("a line of the watch is no event".to_owned());
            return Ok(self.tell_skipped().await?);
        };
        let json = event.object.get();
        let kind = &*event.kind;
        if kind == "ERROR" {
            return Err(self.error(index, json));
        }
        self.scopes[index].saw(json);
        if kind == "BOOKMARK" {
            return Ok(());
        }
        let gone = kind == "DELETED";
        if let Some(object) = self.decode(json) {
            let change = if gone { self.kind.gone(object) } else { self.kind.changed(object) };
            self.batch.push(change).await?;
        }
        Ok(self.tell_skipped().await?)
    }

    /// An ERROR event carries a Status.
    pub fn error(&self, index: usize, status: &str) -> End {
        #[derive(serde::Deserialize)]
        struct Code {
            #[serde(default)]
            code: u16,
        }
        let code = serde_json::from_str::<Code>(status).map_or(500, |status| status.code);
        let call = Self::call("watch", self.scopes[index].namespace.as_deref());
        failure::refused(&call, self.connection.target(), code, status.as_bytes()).into()
    }

    /// Reads one object; one that cannot be read is counted and left out.
    pub fn decode(&mut self, json: &str) -> Option<K::Object> {
        match self.kind.decode(json) {
            Ok(object) => Some(object),
            Err(why) => {
                self.skip(why.to_string());
                None
            }
        }
    }

    fn skip(&mut self, why: String) {
        self.skipped += 1;
        self.example = why;
    }

    async fn tell_skipped(&mut self) -> Result<(), Closed> {
        if self.skipped == self.told {
            return Ok(());
        }
        self.told = self.skipped;
        let example = std::mem::take(&mut self.example);
        self.batch.tell(Event::Skipped { resource: K::RESOURCE, count: self.skipped, example }).await
    }

    /// How long a watch may last. Where less is read than was asked for, the rest is asked for again at its end.
    pub fn watch_seconds(&self) -> u64 {
        if self.narrowed.is_some() { DENIED.as_secs() } else { WATCH_SECONDS }
    }

    /// Whether the whole cluster may be read by now, where it was refused.
    async fn may_widen(&mut self) -> bool {
        let one = self.message(None, "limit=1", false);
        self.narrowed.is_some() && self.connection.read(&Self::call("list", None), &one).await.is_ok()
    }

    /// The whole cluster is refused, the context's namespace is not.
    pub async fn tell_narrowed(&mut self) -> Result<(), Closed> {
        let Some(failure) = self.narrowed.clone() else { return Ok(()) };
        let namespaces = self.own_namespace();
        self.batch.tell(Event::Narrowed { resource: K::RESOURCE, namespaces, failure }).await
    }

    /// The whole cluster is read, and was not before.
    pub async fn widened(&mut self) -> Result<(), Closed> {
        let Some(failure) = self.narrowed.take() else { return Ok(()) };
        let namespaces = self.own_namespace();
        self.batch.tell(Event::Widened { resource: K::RESOURCE, namespaces, failure }).await
    }

    fn own_namespace(&self) -> Vec<String> {
        vec![self.connection.namespace().to_owned()]
    }
}

type Polled = (usize, Option<Result<Bytes, String>>);

fn poll(scopes: &mut [Scope], context: &mut std::task::Context<'_>) -> Poll<Polled> {
    for (index, scope) in scopes.iter_mut().enumerate() {
        if let Some(lines) = &mut scope.lines
            && let Poll::Ready(line) = lines.poll_line(context)
        {
            return Poll::Ready((index, line));
        }
    }
    Poll::Pending
}
