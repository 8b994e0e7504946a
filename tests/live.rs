//! What is asked of AWS only when somebody wants to know: live proofs, what an identity may do, what changed it. All
//! against the simulator, whose STS, EKS Auth and IAM judge by themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{fs, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use rolecall::{
    aws::session::Session,
    domain::{
        id::{PodId, ServiceAccountId},
        inventory::Inventory,
        proof::{self, Intent, Proof, Whom},
        service_account::DeclarationKeys,
    },
    kubernetes::connect::Connection,
    runtime::{clock::Clock, outside::Outside, prove::Prover, survey},
    sim::world::World,
};

#[path = "live/access.rs"]
mod access;
#[path = "live/changed.rs"]
mod changed;
#[path = "support/overlay.rs"]
mod overlay;
#[path = "support/play.rs"]
#[allow(dead_code)]
mod play;
#[path = "live/proofs.rs"]
mod proofs;
#[path = "live/secrets.rs"]
mod secrets;
use overlay::Documents;

fn start() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn api() -> ServiceAccountId {
    ServiceAccountId::new("payments", "api")
}

/// A world that was looked at, and what proves in it.
struct Bench {
    world: Arc<World>,
    inventory: Inventory,
    session: Session,
    connection: Connection,
    prover: Prover,
}

impl Bench {
    async fn of(world: Arc<World>) -> Self {
        let clock = Clock::tokio(start());
        let outside = Outside::Simulated(Arc::clone(&world), DeclarationKeys::default());
        let survey = survey::survey(&outside, Duration::from_secs(3600), clock).await.unwrap();
        let session = survey.session.unwrap();
        let connection = survey.connection.unwrap();
        let prover = Prover::new(session.clone(), connection.clone(), clock, 100);
        world.aws.forget_calls();
        Self { world, inventory: survey.inventory, session, connection, prover }
    }

    fn calls(&self) -> Vec<String> {
        self.world.aws.calls().into_iter().map(|call| call.action).collect()
    }

    /// The world of a finding, or its counter-example.
    async fn case(code: &str, faulty: bool) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identities");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let base = Documents::read(&read("base.yaml")).with(&read(&format!("{code}/with.yaml")));
        let documents = if faulty { base } else { base.with(&read(&format!("{code}/without.yaml"))) };
        Self::of(World::from_yaml(&documents.text(), start()).unwrap()).await
    }

    /// A world that adds to the one that every case stands on.
    async fn over_base(addition: &str) -> Self {
        let base = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identities/base.yaml"));
        let documents = Documents::read(&base.unwrap()).with(addition);
        Self::of(World::from_yaml(&documents.text(), start()).unwrap()).await
    }

    fn fault(&self, spec: &str) {
        self.world.faults.add(spec.parse().unwrap());
    }

    fn pod(&self) -> PodId {
        self.inventory.pods_of_service_account(&api())[0].id.clone()
    }

    fn intent(&self) -> Intent {
        proof::intend(&self.inventory, &Whom::Pod(self.pod())).unwrap()
    }

    async fn prove(&self) -> Proof {
        self.prover.one(&self.intent()).await
    }
}
