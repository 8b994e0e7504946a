//! The tasks of one cluster: connect, watch, read AWS. All of them tell the loop what they
//! found, carry the cluster's id, and end with its cancellation token.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    outside::{Outside, Place, SessionSoon},
    read::Reader,
    source::Sources,
};
use crate::{
    app::{
        cluster::Link,
        effect::Extent,
        message::{AwsRead, Message},
    },
    aws::session::Session,
    domain::{
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
        id::{ClusterId, ClusterName, RoleName, ServiceAccountId},
        inventory::Wanted,
        network::foreign::ForeignKind,
    },
    kubernetes::{
        connect::Connection,
        watch::{self, Event},
    },
};

/// Longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One cluster's tasks and what they hold.
#[derive(Clone)]
pub struct Hand {
    id: ClusterId,
    outside: Outside,
    place: Place,
    clock: Clock,
    told: mpsc::Sender<Message>,
    changes: mpsc::Sender<Vec<Change>>,
    sources: Sources,
    stop: CancellationToken,
    session: Arc<OnceLock<Session>>,
    reader: Arc<OnceLock<Reader>>,
    connection: Arc<Mutex<Option<Connection>>>,
    caller: Arc<Mutex<Option<String>>>,
    arn: Arc<Mutex<Option<String>>>,
    /// Ends the reading of everything that was asked for last.
    reading: Arc<Mutex<CancellationToken>>,
}

impl Hand {
    /// Starts everything for one cluster; returns at once.
    pub fn start(
        id: ClusterId,
        outside: Outside,
        place: Place,
        clock: Clock,
        told: mpsc::Sender<Message>,
        stop: CancellationToken,
    ) -> Self {
        let (changes, arriving) = mpsc::channel(256);
        let hand = Self {
            id,
            outside,
            place,
            clock,
            told,
            sources: Sources::new(changes.clone()),
            changes,
            stop,
            session: Arc::default(),
            reader: Arc::default(),
            connection: Arc::default(),
            caller: Arc::default(),
            arn: Arc::default(),
            reading: Arc::default(),
        };
        hand.spawn(hand.clone().forward(arriving));
        hand.spawn(hand.clone().begin());
        hand
    }

    /// Runs a task of this cluster until it ends or the cluster's token is cancelled.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        // On the heap: what reads everything is too large for the stack of whoever starts it.
        let task = Box::pin(task);
        tokio::spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    async fn tell(&self, message: Message) {
        // Without a loop there is nobody to tell.
        let _ = self.told.send(message).await;
    }

    async fn forward(self, mut arriving: mpsc::Receiver<Vec<Change>>) {
        while let Some(changes) = arriving.recv().await {
            self.remember(&changes);
            self.tell(Message::Changes(self.id, changes)).await;
            if let Some(session) = self.session.get() {
                self.tell(Message::Calls(self.id, session.calls())).await;
            }
        }
    }

    /// The journal names caller and cluster, whatever the model shows.
    fn remember(&self, changes: &[Change]) {
        let keep = |place: &Mutex<Option<String>>, arn: String| {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(arn);
        };
        for change in changes {
            let answer = if let Change::Answer(_, answer) = change { answer } else { change };
            match answer {
                Change::Caller(Fact::Known(caller)) => keep(&self.caller, caller.arn.to_string()),
                Change::Cluster(Fact::Known(cluster)) => keep(&self.arn, cluster.arn.to_string()),
                _ => {}
            }
        }
    }

    /// ARN of the cluster, or what is known of its name, for the journal.
    pub fn cluster_title(&self) -> Option<String> {
        let arn = self.arn.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let target = &self.place.target;
        arn.or_else(|| target.cluster.as_ref().map(ToString::to_string)).or_else(|| target.context.clone())
    }

    /// The context it is reached through, for the journal.
    pub fn context(&self) -> Option<String> {
        self.place.target.context.clone()
    }

    /// ARN of the caller, once AWS told it.
    pub fn caller(&self) -> Option<String> {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn begin(self) {
        let session = self.outside.aws(&self.place);
        tokio::join!(self.open_session(session.clone()), self.keep_connected(&session));
    }

    async fn open_session(&self, session: SessionSoon) {
        match session.await {
            Ok(session) => {
                let reader = Reader::new(session.clone(), self.cluster(&session).await, self.changes.clone());
                self.session.get_or_init(|| session);
                self.reader.get_or_init(|| reader);
                self.spawn(self.clone().read_everything(0));
            }
            Err(failure) => {
                let failure = Arc::new(failure);
                self.tell(Message::Changes(self.id, unread(&failure))).await;
                self.told_read(0, Some(failure)).await;
            }
        }
    }

    /// The cluster's name; found by its endpoint where the context does not tell it (identity-resolution 7.1).
    async fn cluster(&self, session: &Session) -> Option<ClusterName> {
        if let Some(known) = &self.place.target.cluster {
            return Some(known.clone());
        }
        let server = self.place.target.server.as_deref()?;
        // A failure shows again, with its reason, when the account is read.
        session.cluster_at(server).await.ok().flatten().map(|cluster| cluster.name)
    }

    /// Connects, watches, and connects again when even the watches give up.
    async fn keep_connected(&self, session: &SessionSoon) {
        let mut attempt: u32 = 0;
        loop {
            match self.outside.kubernetes(&self.place, session).await {
                Ok(connection) => {
                    *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
                    attempt = 1;
                    self.watch(connection).await;
                }
                Err(failure) if needs_a_person(&failure) => {
                    // Whoever logs in elsewhere should not have to tell us.
                    attempt = u32::MAX;
                    self.offline(failure).await;
                }
                Err(failure) => {
                    attempt = attempt.saturating_add(1);
                    self.retrying(attempt, pause(attempt), Arc::new(failure)).await;
                }
            }
            tokio::time::sleep(pause(attempt)).await;
        }
    }

    async fn watch(&self, connection: Connection) {
        let (events, mut heard) = mpsc::channel(64);
        let watching = watch::watch(connection, None, events, self.stop.clone());
        tokio::spawn(watching);
        while let Some(event) = heard.recv().await {
            match event {
                Event::Changes(changes) => self.tell(Message::Changes(self.id, changes)).await,
                Event::Link(link) => self.linked(link).await,
                Event::Narrowed { namespaces, failure, .. } => {
                    self.tell(Message::Failed(narrowed(&namespaces, &failure))).await;
                }
                Event::Widened { resource, namespaces, failure } => {
                    let now = format!("all {resource} are read now");
                    self.tell(Message::Mended { failure: narrowed(&namespaces, &failure), now }).await;
                }
                Event::Skipped { resource, count, example } => self.skipped(resource, count, example).await,
            }
        }
    }

    async fn skipped(&self, resource: &str, count: usize, example: String) {
        let what = format!("{count} {resource} are left out");
        let said = Failure::new(FailureKind::Server, what, example, "Look at them with kubectl; the rest is complete");
        self.tell(Message::Failed(Arc::new(said))).await;
    }

    async fn linked(&self, link: watch::Link) {
        match link {
            watch::Link::Connecting => self.link(Link::Connecting).await,
            watch::Link::Live => self.link(Link::Live).await,
            watch::Link::Denied(failure) => self.link(Link::Denied(failure)).await,
            watch::Link::Retrying { attempt, in_, failure } => self.retrying(attempt, in_, failure).await,
            watch::Link::Offline { failure } => self.offline(failure.as_ref().clone()).await,
        }
    }

    async fn link(&self, link: Link) {
        self.tell(Message::KubernetesLink(self.id, link)).await;
    }

    async fn retrying(&self, attempt: u32, pause: Duration, failure: Arc<Failure>) {
        let at = self.clock.now().saturating_add(pause).unwrap_or_else(|_| self.clock.now());
        self.link(Link::Retrying { attempt, at, failure }).await;
    }

    async fn offline(&self, failure: Failure) {
        let failure = Arc::new(failure);
        self.tell(Message::Changes(self.id, unknown(&failure))).await;
        self.link(Link::Offline { since: self.clock.now(), failure }).await;
    }

    fn reader(&self) -> Option<Reader> {
        self.reader.get().cloned()
    }

    async fn read_everything(self, generation: u64) {
        let Some(reader) = self.reader() else { return };
        let failure = reader.everything().await;
        let whole = failure.filter(|failure| concerns_all(failure));
        self.told_read(generation, whole).await;
    }

    async fn told_read(&self, generation: u64, failure: Option<Arc<Failure>>) {
        let read = AwsRead { generation, at: self.clock.now(), failure };
        self.tell(Message::AwsRead(self.id, read)).await;
    }

    /// Reads the details that rows want, the selected service account first.
    pub fn read(&self, mut wanted: Wanted, selected: Option<ServiceAccountId>) {
        let named = Sources::part_of(&mut wanted);
        if let Some(connection) = self.connection().filter(|_| named != Wanted::default()) {
            let sources = self.sources.clone();
            self.spawn(async move { sources.read(connection, named).await });
        }
        let rollouts = std::mem::take(&mut wanted.rollouts);
        if let Some(connection) = self.connection().filter(|_| !rollouts.is_empty()) {
            let sources = self.sources.clone();
            self.spawn(async move { sources.rollouts(connection, rollouts).await });
        }
        self.spawn(self.clone().read_details(wanted, selected));
    }

    async fn read_details(self, wanted: Wanted, selected: Option<ServiceAccountId>) {
        let Some(reader) = self.reader() else { return };
        if let Some(service_account) = selected {
            reader.associations_of(service_account).await;
        }
        reader.details(wanted).await;
    }

    /// Reads again what was read before.
    pub fn refresh(&self, generation: u64, extent: Extent) {
        match extent {
            Extent::Everything => {
                let stop = self.stop.child_token();
                *self.reading() = stop.clone();
                let reading = Box::pin(self.clone().read_everything(generation));
                self.spawn(async move { stop.run_until_cancelled(reading).await.unwrap_or_default() });
            }
            Extent::ServiceAccount(id) => self.spawn(self.clone().read_one(generation, Some(id))),
            Extent::AddOns => self.spawn(self.clone().read_one(generation, None)),
            Extent::Role(name) => self.spawn(self.clone().read_role(generation, name)),
        }
    }

    /// Reads no further what [`Hand::refresh`] was asked to read last.
    pub fn stop_reading(&self) {
        self.reading().cancel();
    }

    fn reading(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_one(self, generation: u64, service_account: Option<ServiceAccountId>) {
        let Some(reader) = self.reader() else { return };
        if let Some(service_account) = service_account {
            reader.associations_of(service_account).await;
        }
        let failure = reader.add_ons().await;
        self.told_read(generation, failure.filter(|failure| concerns_all(failure))).await;
    }

    async fn read_role(self, generation: u64, name: RoleName) {
        let Some(reader) = self.reader() else { return };
        reader.role(name).await;
        self.told_read(generation, None).await;
    }

    /// The session with AWS, once there is one.
    pub fn session(&self) -> Option<Session> {
        self.session.get().cloned()
    }

    /// The connection to Kubernetes, once there is one.
    pub fn connection(&self) -> Option<Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What tells the end of this cluster's tasks.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}

/// Failures that time alone does not mend.
fn needs_a_person(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Usage | FailureKind::Credentials | FailureKind::Denied)
}

/// How it is said that less is read than was asked for.
fn narrowed(namespaces: &[String], failure: &Failure) -> Arc<Failure> {
    let next = format!("Only {} is read; choose others with --namespace", namespaces.join(", "));
    Arc::new(Failure { next, ..failure.clone() })
}

/// Failures of a session rather than of one call.
fn concerns_all(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Credentials | FailureKind::Unreachable)
}

fn pause(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.min(5)).min(LONGEST_PAUSE)
}

/// Every Kubernetes fact unknown, for one reason; what was known before stays.
pub fn unknown(failure: &Arc<Failure>) -> Vec<Change> {
    let foreign = ForeignKind::ALL.map(|kind| Change::ForeignPolicies(kind, Fact::Unknown(Arc::clone(failure))));
    let mut all = vec![
        Change::Pods(Fact::Unknown(Arc::clone(failure))),
        Change::ServiceAccounts(Fact::Unknown(Arc::clone(failure))),
        Change::Namespaces(Fact::Unknown(Arc::clone(failure))),
        Change::Nodes(Fact::Unknown(Arc::clone(failure))),
        Change::Webhooks(Fact::Unknown(Arc::clone(failure))),
        Change::NetworkPolicies(Fact::Unknown(Arc::clone(failure))),
        Change::SecurityGroupPolicies(Fact::Unknown(Arc::clone(failure))),
        Change::SecretStores(Fact::Unknown(Arc::clone(failure))),
        Change::ClusterSecretStores(Fact::Unknown(Arc::clone(failure))),
        Change::BucketVolumes(Fact::Unknown(Arc::clone(failure))),
        Change::NodeClaims(Fact::Unknown(Arc::clone(failure))),
        Change::Ec2NodeClasses(Fact::Unknown(Arc::clone(failure))),
        Change::AutoNodeClasses(Fact::Unknown(Arc::clone(failure))),
    ];
    all.extend(foreign);
    all
}

/// Every fact of AWS unknown, for one reason.
pub fn unread(failure: &Arc<Failure>) -> Vec<Change> {
    vec![
        Change::Caller(Fact::Unknown(Arc::clone(failure))),
        Change::Cluster(Fact::Unknown(Arc::clone(failure))),
        Change::Associations(Fact::Unknown(Arc::clone(failure))),
        Change::Roles(Fact::Unknown(Arc::clone(failure))),
        Change::Providers(Fact::Unknown(Arc::clone(failure))),
        Change::NodeGroups(Fact::Unknown(Arc::clone(failure))),
        Change::AddOns(Fact::Unknown(Arc::clone(failure))),
    ]
}
