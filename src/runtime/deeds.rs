//! Effects on the world outside, spawned and never awaited: reading, changing, cancelling.
//! What comes of them arrives as messages.

use std::{
    collections::HashMap,
    path::Path,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    access,
    clock::Clock,
    hand::Hand,
    journal::{Author, Journal},
    neighbours::Neighbours,
    outside::{Outside, Place},
    perform::{self, Memory, Performer, Progress},
    prove::Prover,
    trail::{Found, look_up},
};
use crate::{
    app::{
        dialog::changed::Events,
        effect::{Choice, Effect},
        message::Message,
        operation::{OperationId, Outcome, StepState},
    },
    domain::{
        access::{Inquiry, unasked},
        change::Change,
        id::ClusterId,
        plan::Plan,
        proof::Intent,
        trail,
    },
};

/// What performs effects.
pub struct Deeds {
    hands: HashMap<ClusterId, Hand>,
    neighbours: Neighbours,
    told: mpsc::Sender<Message>,
    journal: Journal,
    author: Author,
    clock: Clock,
    settle: Duration,
    memory: Memory,
    running: Arc<Mutex<HashMap<OperationId, CancellationToken>>>,
    /// Ends the proofs under way.
    proofs: Arc<Mutex<CancellationToken>>,
    /// Ends the questions to IAM and CloudTrail.
    questions: Arc<Mutex<CancellationToken>>,
}

impl Deeds {
    /// Performs for clusters that are opened, and writes the journal of this state directory.
    pub fn new(
        neighbours: Neighbours,
        told: mpsc::Sender<Message>,
        state: &Path,
        author: Author,
        clock: Clock,
        settle: Duration,
    ) -> Self {
        Self {
            hands: HashMap::new(),
            neighbours,
            told,
            journal: Journal::new(state),
            author,
            clock,
            settle,
            memory: Memory::default(),
            running: Arc::default(),
            proofs: Arc::default(),
            questions: Arc::default(),
        }
    }

    /// Where the loop is told something.
    pub fn teller(&self) -> mpsc::Sender<Message> {
        self.told.clone()
    }

    /// Tells the loop something from within the loop.
    pub fn tell(&self, message: Message) {
        let told = self.told.clone();
        tokio::spawn(async move {
            // Without a loop there is nobody to tell.
            let _ = told.send(message).await;
        });
    }

    /// Starts the tasks of a cluster.
    pub fn open(&mut self, id: ClusterId, outside: Outside, place: Place) {
        let hand = Hand::start(id, outside, place, self.clock, self.told.clone(), CancellationToken::new());
        self.hands.insert(id, hand);
    }

    /// Opens a cluster that was chosen while the program runs.
    fn open_chosen(&mut self, id: ClusterId, choice: &Choice) {
        let opened = self.neighbours.open(choice).and_then(|outside| outside.place().map(|place| (outside, place)));
        match opened {
            Ok((outside, place)) => {
                self.tell(Message::Changes(id, vec![Change::Target(place.target.clone())]));
                self.open(id, outside, place);
            }
            Err(failure) => self.tell(Message::ClusterRefused(id, Arc::new(failure))),
        }
    }

    fn list_contexts(&self) {
        match self.neighbours.contexts() {
            Ok(names) => self.tell(Message::Contexts(names)),
            // Without a kubeconfig there are none to choose from; a cluster can still be named.
            Err(_) => self.tell(Message::Contexts(Vec::new())),
        }
    }

    /// Starts one effect.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Read { cluster, wanted, selected } => {
                if let Some(hand) = self.hands.get(&cluster) {
                    hand.read(wanted, selected);
                }
            }
            Effect::Refresh { cluster, generation, extent } => {
                if let Some(hand) = self.hands.get(&cluster) {
                    hand.refresh(generation, extent);
                }
            }
            Effect::Apply { cluster, operation, plan, client_token } => {
                self.apply(cluster, operation, plan, client_token);
            }
            Effect::AskAccess { cluster, inquiry } => self.ask_access(cluster, inquiry),
            Effect::LookUp { cluster, subject, lookups } => self.look_up(cluster, subject, lookups),
            Effect::Prove { cluster, intents, pace } => self.prove(cluster, intents, pace),
            Effect::StopProofs => token(&self.proofs).cancel(),
            Effect::StopAsking => token(&self.questions).cancel(),
            Effect::StopReading(cluster) => {
                if let Some(hand) = self.hands.get(&cluster) {
                    hand.stop_reading();
                }
            }
            Effect::ListContexts => self.list_contexts(),
            Effect::OpenCluster { cluster, choice } => self.open_chosen(cluster, &choice),
            Effect::Cancel(operation) => self.cancel(operation),
            Effect::ReadJournal => self.read_journal(),
            // The loop does these itself: they need the terminal.
            Effect::Copy(_)
            | Effect::Mouse(_)
            | Effect::StepAside(_)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Quit => {}
        }
    }

    fn read_journal(&self) {
        let (journal, told) = (self.journal.clone(), self.told.clone());
        tokio::task::spawn_blocking(move || {
            let read = journal.history().map(Arc::new).map_err(Arc::new);
            // Without a loop there is nobody to tell.
            let _ = told.blocking_send(Message::Journal(read));
        });
    }

    fn ask_access(&self, cluster: ClusterId, inquiry: Inquiry) {
        let Some(hand) = self.hands.get(&cluster) else { return };
        let (told, session) = (self.told.clone(), hand.session());
        self.ask(hand, async move {
            let ruling = match session {
                Some(session) => access::ask(&session, &inquiry).await,
                None => unasked(&inquiry, "there is no session with AWS yet"),
            };
            // Without a loop there is nobody to tell.
            let _ = told.send(Message::Ruled(cluster, Box::new((inquiry, ruling)))).await;
        });
    }

    fn look_up(&self, cluster: ClusterId, subject: trail::Subject, lookups: Vec<trail::Lookup>) {
        let Some(hand) = self.hands.get(&cluster) else { return };
        let (told, session) = (self.told.clone(), hand.session());
        self.ask(hand, async move {
            let Found { events, cut, mut failures } = match session {
                Some(session) => look_up(&session, &subject, &lookups).await,
                None => Found::default(),
            };
            let events = Events { events, cut, failure: failures.pop().map(Arc::new) };
            // Without a loop there is nobody to tell.
            let _ = told.send(Message::LookedUp(cluster, Box::new((subject, events)))).await;
        });
    }

    /// Asks on behalf of a person who may stop waiting for the answer.
    fn ask(&self, hand: &Hand, question: impl Future<Output = ()> + Send + 'static) {
        let stop = hand.stop().child_token();
        *token(&self.questions) = stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(question).await });
    }

    fn prove(&self, cluster: ClusterId, intents: Vec<Intent>, pace: u32) {
        let Some(hand) = self.hands.get(&cluster) else { return };
        let stop = hand.stop().child_token();
        *token(&self.proofs) = stop.clone();
        let (told, clock) = (self.told.clone(), self.clock);
        let both = hand.session().zip(hand.connection());
        tokio::spawn(async move {
            if let Some((session, connection)) = both {
                let prover = Prover::new(session, connection, clock, pace);
                let mut proofs = pin!(prover.all(intents, stop));
                while let Some(proof) = proofs.next().await {
                    // Without a loop there is nobody to tell.
                    let _ = told.send(Message::Proven(cluster, Box::new(proof))).await;
                }
            }
            let _ = told.send(Message::ProofsEnded(cluster)).await;
        });
    }

    fn cancel(&self, operation: OperationId) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = running.get(&operation) {
            stop.cancel();
        }
    }

    fn apply(&self, cluster: ClusterId, operation: OperationId, plan: Plan, client_token: String) {
        let Some(hand) = self.hands.get(&cluster) else { return };
        let performer = self.performer(hand);
        // A plan is not cut off in the middle of a step when its cluster's tasks end.
        let stop = CancellationToken::new();
        let running = Arc::clone(&self.running);
        running.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, stop.clone());
        let told = self.told.clone();
        tokio::spawn(async move {
            let outcome = carry_out(&performer, operation, &plan, &client_token, &stop, &told).await;
            running.lock().unwrap_or_else(PoisonError::into_inner).remove(&operation);
            // Without a loop there is nobody to tell; the journal has it.
            let _ = told.send(Message::OperationFinished { operation, outcome }).await;
        });
    }

    fn performer(&self, hand: &Hand) -> Performer {
        Performer {
            session: hand.session(),
            connection: hand.connection(),
            journal: self.journal.clone(),
            author: Author { caller: hand.caller(), context: hand.context(), ..self.author.clone() },
            cluster: hand.cluster_title(),
            clock: self.clock,
            settle: self.settle,
            memory: self.memory.clone(),
        }
    }

    /// Ends every cluster's tasks.
    pub fn stop(&self) {
        for hand in self.hands.values() {
            hand.stop().cancel();
        }
    }
}

fn token(of: &Mutex<CancellationToken>) -> std::sync::MutexGuard<'_, CancellationToken> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn carry_out(
    performer: &Performer,
    operation: OperationId,
    plan: &Plan,
    client_token: &str,
    stop: &CancellationToken,
    told: &mpsc::Sender<Message>,
) -> Outcome {
    let (steps, mut stepped) = mpsc::unbounded_channel();
    let forward = async {
        while let Some((step, state)) = stepped.recv().await {
            // Without a loop there is nobody to tell.
            let _ = told.send(Message::OperationStepped { operation, step, state }).await;
        }
    };
    let id = client_token.to_owned();
    let work = async move {
        let operation = perform::Operation { id: &id, plan };
        let done = performer
            .perform(operation, stop, |step, state| {
                // The receiver lives as long as this future.
                let _ = steps.send((step, seen(state)));
            })
            .await;
        drop(steps);
        done
    };
    let (done, ()) = tokio::join!(work, forward);
    match done {
        Ok(()) => Outcome::Done,
        Err(_) if stop.is_cancelled() => Outcome::Cancelled,
        Err(failure) => Outcome::Failed(Arc::new(failure)),
    }
}

fn seen(progress: Progress<'_>) -> StepState {
    match progress {
        Progress::Started => StepState::Running,
        Progress::Done => StepState::Done,
        Progress::Failed(failure) => StepState::Failed(Arc::new(failure.clone())),
    }
}

#[cfg(test)]
mod tests;
