//! The list before a watch: streamed where the server can, in pages of 500 where not. Objects of
//! the first one are handed on as they come, so that the first rows need not wait for the last.

use std::{sync::Arc, time::Duration};

use super::{
    follow::{End, Follow, Scope},
    kind::Kind,
};
use crate::{
    domain::failure::{Failure, FailureKind},
    kubernetes::{
        decode::{Line, List, Versioned},
        failure,
        request::encode,
    },
};

/// Objects in one page.
const PAGE: usize = 500;

/// A streamed list that pauses for longer does not know how to say that it is complete.
const QUIET: Duration = Duration::from_secs(5);

/// What a list gave: what is there, and what went away while it was read.
pub(super) type Listed<O> = (Vec<O>, Vec<O>);

/// The streamed list is not to be had from this server.
const UNSUPPORTED: [&str; 4] = ["400", "422", "BadRequest", "Invalid"];

impl<K: Kind> Follow<K> {
    /// Lists all scopes and leaves each where its watch goes on from. Who may not read the whole cluster at the start
    /// reads the context's namespace instead; what a longer session has read is never narrowed.
    pub(super) async fn listing(&mut self) -> Result<Listed<K::Object>, End> {
        if self.narrowed.is_some() {
            self.scopes = vec![Scope::new(None)];
        }
        match self.list_scopes().await {
            Err(End::Failed(failure)) if self.may_narrow(&failure) => self.list_narrowed(failure).await,
            Ok(listed) => {
                self.widened().await?;
                Ok(listed)
            }
            end => end,
        }
    }

    async fn list_scopes(&mut self) -> Result<Listed<K::Object>, End> {
        let mut listed = (Vec::new(), Vec::new());
        for index in 0..self.scopes.len() {
            self.list_scope(index, &mut listed).await?;
        }
        Ok(listed)
    }

    fn may_narrow(&self, failure: &Failure) -> bool {
        let whole = self.scopes.iter().all(|scope| scope.namespace.is_none());
        K::NARROWS && whole && failure.kind == FailureKind::Denied && (self.first || self.narrowed.is_some())
    }

    /// Where even that is refused, it is the whole cluster that cannot be read, and that is asked for again.
    async fn list_narrowed(&mut self, refused: Failure) -> Result<Listed<K::Object>, End> {
        let whole = std::mem::replace(&mut self.scopes, vec![Scope::new(Some(self.connection.namespace().to_owned()))]);
        let before = self.narrowed.clone();
        self.narrowed.get_or_insert_with(|| Arc::new(refused.clone()));
        match self.list_scopes().await {
            Ok(listed) => {
                if before.is_none() {
                    self.tell_narrowed().await?;
                }
                Ok(listed)
            }
            Err(end) => {
                (self.scopes, self.narrowed) = (whole, before);
                Err(match end {
                    End::Failed(failure) if failure.kind == FailureKind::Denied => End::Failed(refused),
                    other => other,
                })
            }
        }
    }

    async fn list_scope(&mut self, index: usize, listed: &mut Listed<K::Object>) -> Result<(), End> {
        let before = listed.0.len();
        if self.streams {
            match self.stream(index, listed).await {
                Err(End::Failed(failure)) if is_unsupported(&failure) => self.streams = false,
                done => return done,
            }
            self.scopes[index].lines = None;
            listed.0.truncate(before);
        }
        self.pages(index, listed).await
    }

    async fn stream(&mut self, index: usize, listed: &mut Listed<K::Object>) -> Result<(), End> {
        let seconds = self.watch_seconds();
        let query = format!(
            "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
             &allowWatchBookmarks=true&timeoutSeconds={seconds}"
        );
        self.connect(index, &query).await?;
        loop {
            let line = match self.next_of(index).await? {
                Some(line) => line,
                None => return Err(self.unfinished(index)),
            };
            let Ok(event) = serde_json::from_slice::<Line<'_>>(&line) else {
                continue;
            };
            let json = event.object.get();
            match &*event.kind {
                "ERROR" => return Err(self.error(index, json)),
                "BOOKMARK" => {
                    let mark: Versioned<'_> = serde_json::from_str(json).unwrap_or_default();
                    if mark.ends_listing() {
                        self.scopes[index].version = mark.metadata.resource_version.to_string();
                        return Ok(());
                    }
                }
                "DELETED" => listed.1.extend(self.decode(json)),
                _ => self.found(json, listed).await?,
            }
        }
    }

    /// The next line of this scope; the watches of scopes that are listed already wait meanwhile.
    async fn next_of(&mut self, index: usize) -> Result<Option<bytes::Bytes>, End> {
        let others: Vec<_> = (0..self.scopes.len())
            .filter(|other| *other != index)
            .map(|other| (other, self.scopes[other].lines.take()))
            .collect();
        let next = self.next(QUIET).await;
        for (other, lines) in others {
            self.scopes[other].lines = lines;
        }
        match next {
            Ok(next) => Ok(next.map(|(_, line)| line)),
            Err(End::Failed(failure)) if failure.kind == FailureKind::Unreachable => Err(self.unfinished(index)),
            Err(end) => Err(end),
        }
    }

    /// A stream that stops before it says it is complete comes from a server that ignored the question.
    fn unfinished(&self, index: usize) -> End {
        let call = Self::call("watch", self.scopes[index].namespace.as_deref());
        End::Failed(failure::refused(&call, self.connection.target(), 400, b"the streamed list never ended"))
    }

    async fn found(&mut self, json: &str, listed: &mut Listed<K::Object>) -> Result<(), End> {
        let Some(object) = self.decode(json) else {
            return Ok(());
        };
        if self.first && K::PROGRESSIVE {
            let change = self.kind.changed(object.clone());
            self.batch.push(change).await?;
        }
        listed.0.push(object);
        Ok(())
    }

    async fn pages(&mut self, index: usize, listed: &mut Listed<K::Object>) -> Result<(), End> {
        let namespace = self.scopes[index].namespace.clone();
        let call = Self::call("list", namespace.as_deref());
        let mut query = format!("limit={PAGE}");
        loop {
            let message = self.message(namespace.as_deref(), &query, false);
            let body = self.connection.read(&call, &message).await?;
            let page: List<'_> = serde_json::from_slice(&body).map_err(|error| {
                failure::refused(&call, self.connection.target(), 502, error.to_string().as_bytes())
            })?;
            for item in &page.items {
                self.found(item.get(), listed).await?;
            }
            if page.metadata.next.is_empty() {
                self.scopes[index].version = page.metadata.resource_version.to_string();
                return Ok(());
            }
            query = format!("limit={PAGE}&continue={}", encode(&page.metadata.next));
        }
    }
}

fn is_unsupported(failure: &Failure) -> bool {
    failure.kind == FailureKind::Invalid && failure.code.as_deref().is_some_and(|code| UNSUPPORTED.contains(&code))
}
