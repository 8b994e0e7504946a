//! Stopping what is under way: operations between steps, questions, readings, a whole cluster. The real tasks on the
//! simulator, on a paused clock.

use tokio::time::timeout;

use super::*;
use crate::{
    app::effect::Extent,
    domain::{
        id::{RoleArn, ServiceAccountId},
        journal::RecordState,
        plan::{Call, Confirmation, Origin, PlanKind, Step},
        trail::{By, Lookup},
    },
    sim::{fault::Fault, world::World},
};

const CLUSTER: ClusterId = ClusterId(0);
const OPERATION: OperationId = OperationId(1);
/// Longer than anything takes that is not held up for ever.
const LONG: Duration = Duration::from_secs(300);

struct Stage {
    world: Arc<World>,
    deeds: Deeds,
    heard: mpsc::Receiver<Message>,
    state: tempfile::TempDir,
}

impl Stage {
    /// The story's cluster, opened and read.
    async fn open() -> Self {
        let world = World::story("2026-11-23T09:00:00Z".parse().unwrap()).unwrap();
        let outside = Outside::simulated(Arc::clone(&world));
        let (told, heard) = mpsc::channel(4096);
        let state = tempfile::tempdir().unwrap();
        let clock = Clock::tokio("2026-11-23T09:00:00Z".parse().unwrap());
        let neighbours = Neighbours::of(&outside);
        let settle = Duration::from_secs(2);
        let mut deeds = Deeds::new(neighbours, told, state.path(), Author::default(), clock, settle);
        let place = outside.place().unwrap();
        deeds.open(CLUSTER, outside, place);
        let mut stage = Self { world, deeds, heard, state };
        stage.until(|message| matches!(message, Message::AwsRead(CLUSTER, _))).await.expect("AWS is read");
        stage
    }

    /// The first message that is wanted, if it comes at all.
    async fn until(&mut self, wanted: impl Fn(&Message) -> bool) -> Option<Message> {
        let found = async {
            loop {
                match self.heard.recv().await {
                    Some(message) if wanted(&message) => return Some(message),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        timeout(LONG, found).await.ok().flatten()
    }

    fn fault(&self, text: &str) {
        self.world.faults.add(text.parse::<Fault>().unwrap());
    }

    /// Two service accounts are annotated, one after the other.
    fn annotate_both(&mut self) {
        let plan = two_annotations();
        self.deeds.perform(Effect::Apply { cluster: CLUSTER, operation: OPERATION, plan, client_token: "op-1".into() });
    }

    async fn step(&mut self, wanted: usize, state: StepState) {
        let said = |message: &Message| matches!(message, Message::OperationStepped { step, state: now, .. } if *step == wanted && *now == state);
        self.until(said).await.unwrap_or_else(|| panic!("step {wanted} never was {state:?}"));
    }

    async fn outcome(&mut self) -> Option<Outcome> {
        match self.until(|message| matches!(message, Message::OperationFinished { .. })).await? {
            Message::OperationFinished { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    fn annotated(&self) -> [bool; 2] {
        ["api-service", "user-service"].map(|name| {
            let object = self.world.kubernetes.object("", "serviceaccounts", name, name).unwrap();
            object["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].is_string()
        })
    }

    fn recorded(&self) -> Vec<RecordState> {
        let history = Journal::new(self.state.path()).history().unwrap();
        history.records.iter().map(|record| record.state()).collect()
    }
}

fn two_annotations() -> Plan {
    let role = RoleArn::from("arn:aws:iam::111122223333:role/api-service-irsa");
    let step = |name: &str| Step {
        call: Call::AnnotateServiceAccount {
            service_account: ServiceAccountId::new(name, name),
            before: None,
            after: Some(role.clone()),
        },
        summary: format!("annotate {name}"),
        command: String::new(),
    };
    Plan {
        kind: PlanKind::Annotate,
        subject: "2 service accounts".into(),
        steps: vec![step("api-service"), step("user-service")],
        preconditions: Vec::new(),
        affects: Vec::new(),
        inverse: String::new(),
        confirmation: Confirmation::Enter,
        restarts: Vec::new(),
        lost: Vec::new(),
        origin: Origin::New,
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_operation_ends_the_step_that_was_sent_and_begins_no_other() {
    let mut stage = Stage::open().await;
    stage.fault("serviceaccounts:patch=latency:5s");
    stage.annotate_both();
    stage.step(0, StepState::Running).await;
    stage.deeds.perform(Effect::Cancel(OPERATION));
    stage.step(0, StepState::Done).await;
    assert_eq!(stage.outcome().await, Some(Outcome::Cancelled));
    assert_eq!(stage.annotated(), [true, false]);
    assert_eq!(stage.recorded(), [RecordState::Interrupted], "the journal can finish or undo it");
}

#[tokio::test(start_paused = true)]
async fn cancelling_an_unknown_operation_leaves_the_one_at_work_alone() {
    let mut stage = Stage::open().await;
    stage.fault("serviceaccounts:patch=latency:5s");
    stage.annotate_both();
    stage.step(0, StepState::Running).await;
    stage.deeds.perform(Effect::Cancel(OperationId(7)));
    assert_eq!(stage.outcome().await, Some(Outcome::Done));
    stage.deeds.perform(Effect::Cancel(OPERATION));
    assert_eq!((stage.annotated(), stage.recorded()), ([true, true], vec![RecordState::Done]));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_cluster_cuts_no_operation_off() {
    let mut stage = Stage::open().await;
    stage.fault("serviceaccounts:patch=latency:5s");
    stage.annotate_both();
    stage.step(0, StepState::Running).await;
    stage.deeds.stop();
    assert_eq!(stage.outcome().await, Some(Outcome::Done));
    assert_eq!(stage.annotated(), [true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_cluster_tells_nothing_more() {
    let mut stage = Stage::open().await;
    stage.deeds.stop();
    // What was told before it ended is still on its way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    while stage.heard.try_recv().is_ok() {}
    stage.deeds.perform(Effect::Refresh { cluster: CLUSTER, generation: 1, extent: Extent::Everything });
    stage.world.kubernetes.disconnect();
    let told = stage.until(|_| true).await;
    assert!(told.is_none(), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_reading_is_never_answered_and_the_next_one_is() {
    let mut stage = Stage::open().await;
    let calls = stage.world.aws.calls().len();
    stage.fault("eks:*=hang");
    stage.deeds.perform(Effect::Refresh { cluster: CLUSTER, generation: 1, extent: Extent::Everything });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(stage.world.aws.calls().len() > calls, "it was under way");
    stage.deeds.perform(Effect::StopReading(CLUSTER));
    stage.world.faults.clear();
    let answered = stage.until(|message| matches!(message, Message::AwsRead(..))).await;
    assert!(answered.is_none(), "{answered:?}");
    stage.deeds.perform(Effect::Refresh { cluster: CLUSTER, generation: 2, extent: Extent::Everything });
    let answered = stage.until(|message| matches!(message, Message::AwsRead(..))).await;
    assert!(matches!(answered, Some(Message::AwsRead(_, read)) if read.generation == 2 && read.failure.is_none()));
}

fn look_up() -> Effect {
    let lookup = Lookup {
        place: trail::Place::Region,
        by: By::Name("CreatePodIdentityAssociation"),
        from: "2026-11-22T09:00:00Z".parse().unwrap(),
        to: "2026-11-23T09:00:00Z".parse().unwrap(),
    };
    Effect::LookUp { cluster: CLUSTER, subject: trail::Subject::default(), lookups: vec![lookup] }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_question_is_never_answered_and_the_next_one_is() {
    let mut stage = Stage::open().await;
    stage.fault("cloudtrail:LookupEvents=latency:20s");
    stage.deeds.perform(look_up());
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.deeds.perform(Effect::StopAsking);
    let answered = |message: &Message| matches!(message, Message::LookedUp(..));
    assert!(stage.until(answered).await.is_none());
    stage.deeds.perform(look_up());
    assert!(stage.until(answered).await.is_some(), "stopping one question stops no later one");
}
