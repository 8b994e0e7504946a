//! Effects on the world outside, spawned and never awaited: reading, changing, cancelling.
//! What comes of them arrives as messages.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    hand::Hand,
    journal::{Author, Journal},
    perform::{self, Memory, Performer, Progress},
};
use crate::{
    app::{
        effect::Effect,
        message::Message,
        operation::{OperationId, Outcome, StepState},
    },
    domain::{id::ClusterId, plan::Plan},
};

/// What performs effects.
pub struct Deeds {
    hands: HashMap<ClusterId, Hand>,
    told: mpsc::Sender<Message>,
    journal: Journal,
    author: Author,
    clock: Clock,
    settle: Duration,
    memory: Memory,
    running: Arc<Mutex<HashMap<OperationId, CancellationToken>>>,
}

impl Deeds {
    /// Performs for these clusters and writes the journal of this state directory.
    pub fn new(
        hands: HashMap<ClusterId, Hand>,
        told: mpsc::Sender<Message>,
        state: &Path,
        author: Author,
        clock: Clock,
        settle: Duration,
    ) -> Self {
        Self {
            hands,
            told,
            journal: Journal::new(state),
            author,
            clock,
            settle,
            memory: Memory::default(),
            running: Arc::default(),
        }
    }

    /// Tells the loop something from within the loop.
    pub fn tell(&self, message: Message) {
        let told = self.told.clone();
        tokio::spawn(async move {
            // Without a loop there is nobody to tell.
            let _ = told.send(message).await;
        });
    }

    /// Starts one effect.
    pub fn perform(&self, effect: Effect) {
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
            Effect::Cancel(operation) => self.cancel(operation),
            Effect::ReadJournal => self.read_journal(),
            // The loop does these itself: they need the terminal.
            Effect::Copy(_) | Effect::Suspend | Effect::Redraw | Effect::Quit => {}
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
            author: Author { caller: hand.caller(), ..self.author.clone() },
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
