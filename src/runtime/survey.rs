//! One look at everything, without a screen: the same connections, watches and reads as the
//! explorer, until every fact has an answer or the time is up.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    hand::{unknown, unread},
    outside::Outside,
    read::Reader,
    source::Sources,
};
use crate::{
    aws::session::Session,
    domain::{
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
        id::ClusterId,
        inventory::{Inventory, Wanted},
        workload::WorkloadId,
    },
    kubernetes::{
        connect::Connection,
        rollout,
        watch::{self, Event},
    },
};

/// What one look found, and the connections that a plan may go on to use.
pub struct Survey {
    /// Everything that could be read.
    pub inventory: Inventory,
    /// AWS, if a session could be built.
    pub session: Option<Session>,
    /// Kubernetes, if it could be reached.
    pub connection: Option<Connection>,
}

/// Which workloads' pod templates are read too: most answers need none.
pub type Chooser<'a> = &'a dyn Fn(&Inventory) -> Vec<WorkloadId>;

/// Looks once.
///
/// # Errors
/// When kubeconfig or flags do not lead to a cluster. Everything else becomes a gap.
pub async fn survey(outside: &Outside, timeout: Duration, clock: Clock) -> Result<Survey, Failure> {
    survey_with(outside, timeout, clock, &|_| Vec::new()).await
}

/// Looks once, and at the pod templates of the chosen workloads.
///
/// # Errors
/// When kubeconfig or flags do not lead to a cluster. Everything else becomes a gap.
pub async fn survey_with(
    outside: &Outside,
    timeout: Duration,
    clock: Clock,
    templates: Chooser<'_>,
) -> Result<Survey, Failure> {
    let place = outside.place()?;
    let mut inventory = Inventory::new(ClusterId::default());
    inventory.apply(vec![Change::Target(place.target.clone())], clock.now());
    let soon = outside.aws(&place);
    let (session, connection) = tokio::join!(soon.clone(), outside.kubernetes(&place, &soon));
    let session = session
        .inspect_err(|failure| {
            inventory.apply(unread(&Arc::new(failure.clone())), clock.now());
        })
        .ok();
    let (changes, mut arriving) = mpsc::channel(256);
    let stop = CancellationToken::new();
    let mut look = Look { inventory, clock, reader: None, sources: None, templates };
    if let Some(session) = &session {
        let reader = Reader::new(session.clone(), place.target.cluster.clone(), changes.clone());
        look.reader = Some(reader.clone());
        tokio::spawn(async move { reader.everything().await });
    }
    let connection = look.follow(connection, changes, &stop);
    look.until_settled(&mut arriving, Instant::now() + timeout).await;
    stop.cancel();
    Ok(Survey { inventory: look.inventory, session, connection })
}

struct Look<'a> {
    inventory: Inventory,
    clock: Clock,
    reader: Option<Reader>,
    sources: Option<(Connection, Sources)>,
    templates: Chooser<'a>,
}

impl Look<'_> {
    fn follow(
        &mut self,
        connection: Result<Connection, Failure>,
        changes: mpsc::Sender<Vec<Change>>,
        stop: &CancellationToken,
    ) -> Option<Connection> {
        match connection {
            Ok(connection) => {
                self.sources = Some((connection.clone(), Sources::new(changes.clone())));
                let (events, mut heard) = mpsc::channel(256);
                // Everything is read, also for one namespace: agents, nodes and webhooks decide elsewhere.
                tokio::spawn(watch::watch(connection.clone(), None, events, stop.clone()));
                tokio::spawn(async move {
                    while let Some(event) = heard.recv().await {
                        if let Some(batch) = batch(event) {
                            // A receiver that is gone has seen enough.
                            let _ = changes.send(batch).await;
                        }
                    }
                });
                Some(connection)
            }
            Err(failure) => {
                self.inventory.apply(unknown(&Arc::new(failure)), self.clock.now());
                None
            }
        }
    }

    async fn until_settled(&mut self, arriving: &mut mpsc::Receiver<Vec<Change>>, end: Instant) {
        while !self.is_settled() {
            match tokio::time::timeout_at(end, arriving.recv()).await {
                Ok(Some(batch)) => {
                    self.inventory.apply(batch, self.clock.now());
                    self.ask_for_details();
                }
                Ok(None) | Err(_) => break,
            }
        }
    }

    fn is_settled(&self) -> bool {
        self.inventory.progress().is_empty() && self.wanted() == Wanted::default()
    }

    /// What is wanted of those that can be asked.
    fn wanted(&self) -> Wanted {
        let mut wanted = self.inventory.wanted();
        // Which workloads are meant is known once everything else is.
        if wanted == Wanted::default() && self.inventory.progress().is_empty() {
            wanted.templates = self.inventory.unread_templates((self.templates)(&self.inventory));
        }
        let named = Sources::part_of(&mut wanted);
        let of_aws = if self.reader.is_some() { wanted } else { Wanted::default() };
        match self.sources {
            Some(_) => Wanted {
                config_maps: named.config_maps,
                templates: named.templates,
                mapped_roles: named.mapped_roles,
                ..of_aws
            },
            None => of_aws,
        }
    }

    fn ask_for_details(&mut self) {
        let mut wanted = self.wanted();
        let named = Sources::part_of(&mut wanted);
        if let Some((connection, sources)) = self.sources.clone().filter(|_| named != Wanted::default()) {
            tokio::spawn(async move { sources.read(connection, named).await });
        }
        if let Some(reader) = self.reader.clone().filter(|_| wanted != Wanted::default()) {
            tokio::spawn(async move { reader.details(wanted).await });
        }
    }
}

fn batch(event: Event) -> Option<Vec<Change>> {
    match event {
        Event::Changes(changes) => Some(changes),
        // Without a screen nobody waits for a server to come back: what it holds is unknown.
        Event::Link(watch::Link::Retrying { failure, .. } | watch::Link::Offline { failure }) => {
            Some(unknown(&failure))
        }
        Event::Link(_) | Event::Narrowed { .. } | Event::Widened { .. } | Event::Skipped { .. } => None,
    }
}

impl Survey {
    /// Reads how workloads replace their pods, for a plan that restarts them; tells whether there was anything to read.
    pub async fn read_rollouts(&mut self, workloads: &[WorkloadId], clock: Clock) -> bool {
        let Some(connection) = self.connection.clone().filter(|_| !workloads.is_empty()) else { return false };
        for id in workloads {
            let found = Fact::from(rollout::rollout(&connection, id).await);
            self.inventory.apply(vec![Change::Rollout(id.clone(), found)], clock.now());
        }
        true
    }

    /// The failure to end with when not even the thing asked for could be read.
    pub fn refusal(&self) -> Option<Failure> {
        let pods = self.inventory.gaps().into_iter().find(|gap| gap.what == "pods");
        pods.map(|gap| gap.failure.as_ref().clone()).filter(|failure| failure.kind != FailureKind::Denied)
    }
}
