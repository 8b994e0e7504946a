//! A simulated world, looked at once, with a performer of plans: what happens between a plan and its
//! steps is up to the test. Time is tokio's paused clock.

#![allow(dead_code)]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rolecall::{
    domain::{
        failure::Failure,
        id::{RoleArn, ServiceAccountId},
        inventory::Inventory,
        plan::Plan,
        service_account::DeclarationKeys,
    },
    runtime::{
        clock::Clock,
        journal::{Author, Journal},
        outside::Outside,
        perform::{Memory, Operation, Performer},
        survey,
    },
    sim::world::World,
};
use tokio_util::sync::CancellationToken;

/// When every test begins.
pub fn start() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// A role of the demo world's account.
pub fn arn(name: &str) -> RoleArn {
    format!("arn:aws:iam::111122223333:role/{name}").into()
}

/// `NAMESPACE/NAME`.
pub fn sa(text: &str) -> ServiceAccountId {
    let (namespace, name) = text.split_once('/').unwrap();
    ServiceAccountId::new(namespace, name)
}

/// The world and what can be done to it.
pub struct Bench {
    pub world: Arc<World>,
    pub clock: Clock,
    pub performer: Performer,
    /// What a first look saw.
    pub first: Inventory,
    pub state: tempfile::TempDir,
    operations: std::cell::Cell<u32>,
}

impl Bench {
    /// The demo world.
    pub async fn demo() -> Self {
        Self::of(World::demo(start()).unwrap()).await
    }

    /// Any world.
    pub async fn of(world: Arc<World>) -> Self {
        let mut bench = Self::unseen(world).await;
        bench.first = bench.look().await;
        bench
    }

    /// Any world, not looked at yet.
    pub async fn unseen(world: Arc<World>) -> Self {
        let clock = Clock::tokio(start());
        let outside = Outside::Simulated(Arc::clone(&world), DeclarationKeys::default());
        let place = outside.place().unwrap();
        let session = outside.aws(&place);
        let connection = outside.kubernetes(&place, &session).await.ok();
        let state = tempfile::tempdir().unwrap();
        let performer = Performer {
            session: session.await.ok(),
            connection,
            journal: Journal::new(state.path()),
            author: Author::default(),
            cluster: Some(world.cluster_arn()),
            clock,
            settle: Duration::ZERO,
            memory: Memory::default(),
        };
        Self { world, clock, performer, first: Inventory::default(), state, operations: std::cell::Cell::new(0) }
    }

    /// Looks at everything.
    pub async fn look(&self) -> Inventory {
        let outside = Outside::Simulated(Arc::clone(&self.world), DeclarationKeys::default());
        survey::survey(&outside, Duration::from_secs(3600), self.clock).await.unwrap().inventory
    }

    /// Performs a plan to its end or its first failure.
    pub async fn perform(&self, plan: &Plan) -> Result<(), Failure> {
        self.operations.set(self.operations.get() + 1);
        let id = format!("test-{}", self.operations.get());
        let operation = Operation { id: &id, plan };
        self.performer.perform(operation, &CancellationToken::new(), |_, _| {}).await
    }

    /// The trust policy of a role as it is stored, whatever readers see.
    pub fn trust(&self, role: &str) -> String {
        self.world.aws.with(|state| state.roles[role].latest().unwrap().trust.clone())
    }

    /// Somebody else writes a trust policy.
    pub fn write_trust(&self, role: &str, text: &str) {
        let now = self.world.clock.now();
        self.world
            .aws
            .with(|state| state.roles.get_mut(role).unwrap().change(now, |role| role.trust = text.to_owned()));
    }

    /// Calls that changed something, as AWS saw them.
    pub fn changes(&self) -> Vec<String> {
        self.world.aws.calls().into_iter().filter(|call| call.mutating).map(|call| call.action).collect()
    }
}
