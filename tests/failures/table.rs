//! The table: what becomes of each changing call of each plan under each blow. Nothing is lost, nothing is applied
//! twice, the journal says where it stands, and `resume` or `undo` finishes it.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};

use rolecall::{
    domain::{
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
        inventory::Inventory,
        journal::{Record, RecordState, StepState},
        plan::{Call, Plan, resume, role_name, undo},
    },
    kubernetes::object,
    runtime::perform::{Operation, Progress},
    sim::fault::Fault,
};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    bench::{Bench, start},
    plans::{Kind, operation},
    theirs,
};

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    /// Twice it is asked to slow down.
    Throttled,
    /// Twice it is answered with 503.
    Hiccup,
    /// Every attempt is answered with 503.
    Down,
    /// It arrives, and the answer is lost, once.
    Lost,
    /// Every attempt arrives, and every answer is lost.
    Silent,
    /// The credentials have expired.
    Expired,
    /// Somebody else changes the very thing meanwhile: the association appears or is another, the trust policy or
    /// the annotation is edited, the pod is gone.
    Theirs,
    /// The process ends while the call is on its way, and it never arrives.
    KilledBefore,
    /// The process ends when the call has arrived.
    KilledAfter,
}

use Blow::{Down, Expired, Hiccup, KilledAfter, KilledBefore, Lost, Silent, Theirs, Throttled};

/// The columns.
const BLOWS: [Blow; 9] = [Throttled, Hiccup, Down, Lost, Silent, Expired, Theirs, KilledBefore, KilledAfter];

/// A row: a changing call of a plan, and for each blow
/// `d`: done in spite of it, once;
/// `s`: the plan stops, and the call has not arrived;
/// `a`: the plan stops, and the call has arrived although nobody knows;
/// `t`: the plan stops before the call, and what the other one did stays;
/// `-`: does not apply.
type Row = (Kind, &'static str, [char; 9]);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    //                                                              throttled  down       silent     theirs     killed
    //                                                                   hiccup     lost       expired    killed     after
    (Kind::Associate,      "iam:UpdateAssumeRolePolicy",        ['d', 'd', 's', 'd', 'd', 's', 't', 's', 'a']),
    (Kind::Associate,      "eks:CreatePodIdentityAssociation",  ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::Dissociate,     "eks:DeletePodIdentityAssociation",  ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::Annotate,       "serviceaccounts:patch",             ['s', 's', 's', 'a', 'a', 's', 't', 's', 'a']),
    (Kind::Retarget,       "eks:UpdatePodIdentityAssociation",  ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::Retarget,       "eks:TagResource",                   ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::Retarget,       "eks:UntagResource",                 ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::TrustAllow,     "iam:UpdateAssumeRolePolicy",        ['d', 'd', 's', 'd', 'd', 's', 't', 's', 'a']),
    (Kind::TrustRemove,    "iam:UpdateAssumeRolePolicy",        ['d', 'd', 's', 'd', 'd', 's', 't', 's', 'a']),
    (Kind::InstallAgent,   "eks:CreateAddon",                   ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::Restart,        "pods/eviction:create",              ['d', 's', 's', 'a', 'a', 's', 'd', 's', 'a']),
    (Kind::Restart,        "deployments:patch",                 ['s', 's', 's', 'a', 'a', 's', '-', 's', 'a']),
    (Kind::Migrate,        "iam:UpdateAssumeRolePolicy",        ['d', 'd', 's', 'd', 'd', 's', 't', 's', 'a']),
    (Kind::Migrate,        "eks:CreatePodIdentityAssociation",  ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::Migrate,        "pods/eviction:create",              ['d', 's', 's', 'a', 'a', 's', 'd', 's', 'a']),
    (Kind::Migrate,        "deployments:patch",                 ['s', 's', 's', 'a', 'a', 's', '-', 's', 'a']),
    (Kind::EndAnnotations, "serviceaccounts:patch",             ['s', 's', 's', 'a', 'a', 's', 't', 's', 'a']),
    (Kind::EndStatements,  "iam:UpdateAssumeRolePolicy",        ['d', 'd', 's', 'd', 'd', 's', 't', 's', 'a']),
    (Kind::UndoAssociate,  "eks:DeletePodIdentityAssociation",  ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::UndoAssociate,  "iam:UpdateAssumeRolePolicy",        ['d', 'd', 's', 'd', 'd', 's', 't', 's', 'a']),
    (Kind::UndoDissociate, "eks:CreatePodIdentityAssociation",  ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
    (Kind::UndoInstall,    "eks:DeleteAddon",                   ['d', 'd', 's', 'd', 'a', 's', 't', 's', 'a']),
];

/// What of a world can return, and how often its pod templates were changed.
type World = (BTreeMap<String, String>, BTreeMap<String, serde_json::Value>);

/// A plan, made once. Every scene begins with the same world, into which it fits.
struct Stage {
    kind: Kind,
    /// What has to be done before it.
    first: Option<Plan>,
    plan: Plan,
    /// What is known: brought up to date for each scene, where the plans touch it.
    inventory: RefCell<Inventory>,
}

impl Stage {
    async fn of(kind: Kind) -> Self {
        let mut bench = ready(Bench::of(kind.world()).await);
        let controllers = tokio::spawn(bench.world.controllers());
        let history = |bench: &Bench| bench.performer.journal.history().unwrap();
        let first = kind.after().map(|first| first.plan(&bench.first, &history(&bench)));
        if let Some(first) = &first {
            bench.perform(first).await.unwrap();
            tokio::time::sleep(LATER).await;
            bench.first = bench.look().await;
        }
        let plan = kind.plan(&bench.first, &history(&bench));
        controllers.abort();
        Self { kind, first, plan, inventory: RefCell::new(bench.first) }
    }
}

/// The webhook of the world needs to hear of an association.
fn ready(mut bench: Bench) -> Bench {
    bench.performer.settle = Duration::from_secs(3);
    bench
}

/// When everything has settled.
const LATER: Duration = Duration::from_secs(60);

/// A plan that is not begun yet, in a world of its own.
struct Scene<'a> {
    stage: &'a Stage,
    bench: Bench,
    plan: &'a Plan,
    controllers: JoinHandle<()>,
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        self.controllers.abort();
    }
}

impl<'a> Scene<'a> {
    async fn of(stage: &'a Stage) -> Self {
        let bench = ready(Bench::unseen(stage.kind.world()).await);
        let controllers = tokio::spawn(bench.world.controllers());
        if let Some(first) = &stage.first {
            bench.perform(first).await.unwrap();
            tokio::time::sleep(LATER).await;
        }
        Self { stage, bench, plan: &stage.plan, controllers }
    }

    /// Reads again what the plans change.
    async fn look(&self) {
        let plans = self.stage.first.iter().chain([self.plan]);
        let mut changes = Vec::new();
        for step in plans.flat_map(|plan| &plan.steps) {
            changes.extend(self.read(&step.call).await);
        }
        self.stage.inventory.borrow_mut().apply(changes, self.bench.clock.now());
    }

    async fn read(&self, call: &Call) -> Vec<Change> {
        let (session, connection) = (self.bench.performer.session.as_ref().unwrap(), &self.bench.performer.connection);
        match call {
            Call::UpdateAssumeRolePolicy { role_arn, .. } => {
                let name = role_name(role_arn).into();
                vec![Change::Role(role_name(role_arn).into(), session.role(&name).await)]
            }
            Call::CreatePodIdentityAssociation { cluster, service_account, .. }
            | Call::DeletePodIdentityAssociation { cluster, service_account, .. }
            | Call::UpdatePodIdentityAssociation { cluster, service_account, .. }
            | Call::TagAssociation { cluster, service_account, .. } => {
                let mut found = session.associations_of(cluster, service_account).await.unwrap();
                for one in &mut found {
                    *one = session.association(cluster, &one.id).await.unwrap();
                }
                let details = found.iter().map(|one| Change::AssociationDetail(one.id.clone(), one.detail.clone()));
                let details: Vec<Change> = details.collect();
                [Change::AssociationsOf(service_account.clone(), found)].into_iter().chain(details).collect()
            }
            Call::CreateAddon { cluster, .. } | Call::DeleteAddon { cluster, .. } => {
                vec![Change::AddOns(Fact::from(session.add_ons(cluster).await))]
            }
            Call::AnnotateServiceAccount { service_account, .. } => {
                let found = object::service_account(connection.as_ref().unwrap(), service_account).await;
                // Of another world, whose versions say nothing here.
                vec![Change::ServiceAccountGone(service_account.clone()), Change::ServiceAccount(found.unwrap())]
            }
            Call::EvictPod { .. } | Call::RestartWorkload { .. } => Vec::new(),
        }
    }

    /// Performs a plan under a blow to one of its calls; nothing if its process was killed.
    async fn perform(&self, id: &str, plan: &Plan, blow: Option<(usize, Blow)>) -> Option<Result<(), Failure>> {
        let (reached, never) = (Arc::new(Notify::new()), CancellationToken::new());
        let told = |index: usize, progress: Progress<'_>| {
            let Some((at, blow)) = blow.filter(|(at, _)| *at == index && matches!(progress, Progress::Started)) else {
                return;
            };
            match blow {
                Theirs => theirs::change(&self.bench.world, &plan.steps[at].call),
                _ => reached.notify_one(),
            }
        };
        let operation = Operation { id, plan };
        let work = self.bench.performer.perform(operation, &never, told);
        let killed = blow.is_some_and(|(_, blow)| matches!(blow, KilledBefore | KilledAfter));
        let end = async {
            reached.notified().await;
            // Less than any attempt is waited for.
            tokio::time::sleep(Duration::from_secs(5)).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = end, if killed => None,
        }
    }

    /// The plan under a blow to one of its calls, which is over when it ends.
    async fn suffer(&self, index: usize, blow: Blow) -> Option<Result<(), Failure>> {
        let kind = match blow {
            Throttled => "throttle@2",
            Hiccup => "503@2",
            Down => "503",
            Lost => "lost@1",
            Silent => "lost",
            Expired => "expired",
            KilledBefore => "hang",
            KilledAfter => "mute",
            Theirs => "",
        };
        if !kind.is_empty() {
            let fault = format!("{}={kind}", operation(&self.plan.steps[index].call));
            self.bench.world.faults.add(fault.parse::<Fault>().unwrap());
        }
        let outcome = self.perform("op", self.plan, Some((index, blow))).await;
        self.bench.world.faults.clear();
        outcome
    }

    fn record(&self) -> Record {
        self.bench.performer.journal.history().unwrap().record("op").unwrap().clone()
    }

    /// The world once everything has settled.
    async fn settled(&self) -> World {
        tokio::time::sleep(LATER).await;
        (theirs::standing(&self.bench.world), theirs::rollouts(&self.bench.world))
    }

    /// Undoes it as far as something of it is to be undone.
    async fn undo(&self, case: &str) {
        self.look().await;
        let plan = undo::plan(&self.stage.inventory.borrow(), &self.record(), start());
        match plan {
            Ok(plan) => {
                assert_eq!(plan.refusal(), None, "{case}");
                self.perform("undo", &plan, None).await.unwrap().unwrap_or_else(|failure| panic!("{case}: {failure}"));
                assert_eq!(self.record().state(), RecordState::Undone, "{case}");
            }
            Err(failure) => assert_eq!(failure.kind, FailureKind::Usage, "{case}: {failure}"),
        }
    }

    async fn resume(&self, case: &str) -> Result<(), Failure> {
        self.look().await;
        let plan = resume::plan(&self.stage.inventory.borrow(), &self.record());
        let plan = plan.unwrap_or_else(|failure| panic!("{case}: {failure}"));
        self.perform("again", &plan, None).await.unwrap()
    }
}

/// What a plan starts from and leads to where nothing happens to it.
struct Undisturbed {
    before: World,
    goal: World,
}

impl Undisturbed {
    async fn of(stage: &Stage) -> Self {
        let scene = Scene::of(stage).await;
        let before = scene.settled().await;
        scene.perform("op", scene.plan, None).await.unwrap().unwrap();
        let goal = scene.settled().await;
        scene.undo("undisturbed").await;
        assert_eq!(scene.settled().await.0, before.0, "{:?} undone", stage.kind);
        Self { before, goal }
    }
}

/// Every cell of the rows of one plan.
async fn play(kind: Kind) {
    let stage = Stage::of(kind).await;
    let undisturbed = Undisturbed::of(&stage).await;
    let rows: Vec<&Row> = TABLE.iter().filter(|(of, ..)| *of == kind).collect();
    let planned: Vec<&str> = stage.plan.steps.iter().map(|step| operation(&step.call)).collect();
    assert_eq!(rows.iter().map(|(_, operation, _)| *operation).collect::<Vec<_>>(), planned, "{kind:?}");
    for (index, (_, operation, cells)) in rows.into_iter().enumerate() {
        for (blow, wanted) in BLOWS.into_iter().zip(*cells) {
            let case = format!("{kind:?} {operation} {blow:?} {wanted}");
            match wanted {
                'd' => carried_through(&stage, index, blow, &undisturbed, &case).await,
                's' | 'a' => stopped(&stage, index, blow, &undisturbed, &case).await,
                't' => left_to_the_other(&stage, index, &case).await,
                _ => {}
            }
        }
    }
}

async fn carried_through(stage: &Stage, index: usize, blow: Blow, undisturbed: &Undisturbed, case: &str) {
    let scene = Scene::of(stage).await;
    let outcome = scene.suffer(index, blow).await.unwrap();
    outcome.unwrap_or_else(|failure| panic!("{case}: {failure}"));
    assert_eq!(scene.settled().await, undisturbed.goal, "{case}");
    assert_eq!(scene.record().state(), RecordState::Done, "{case}");
}

/// It is resumed to its goal and undone, and another time undone at once.
async fn stopped(stage: &Stage, index: usize, blow: Blow, undisturbed: &Undisturbed, case: &str) {
    let scene = Scene::of(stage).await;
    interrupted(&scene, index, blow, case).await;
    scene.resume(case).await.unwrap_or_else(|failure| panic!("{case}, resumed: {failure}"));
    assert_eq!(scene.settled().await, undisturbed.goal, "{case}, resumed");
    assert_eq!(scene.record().state(), RecordState::Done, "{case}, resumed");
    let scene = Scene::of(stage).await;
    interrupted(&scene, index, blow, case).await;
    scene.undo(case).await;
    assert_eq!(scene.settled().await.0, undisturbed.before.0, "{case}, undone");
}

/// What the journal says of a plan that did not come to its end.
async fn interrupted(scene: &Scene<'_>, index: usize, blow: Blow, case: &str) {
    let outcome = scene.suffer(index, blow).await;
    let record = scene.record();
    let killed = matches!(blow, KilledBefore | KilledAfter);
    let (state, last) = match killed {
        true => (RecordState::Interrupted, StepState::Started),
        false => (RecordState::Failed, StepState::Failed),
    };
    assert_eq!((outcome.is_none(), record.state()), (killed, state), "{case}");
    let states = record.states();
    assert!(states[..index].iter().all(|state| *state == StepState::Done), "{case}: {states:?}");
    assert_eq!(states[index], last, "{case}");
    assert!(record.steps[index].is_in_doubt(), "{case}: it was sent");
    assert!(states[index + 1..].iter().all(|state| *state == StepState::Planned), "{case}: {states:?}");
    // Whatever was on its way arrives now or never.
    tokio::time::sleep(LATER).await;
}

/// The other one's change stays as it is, whatever is done with the plan; what came before it can be undone.
async fn left_to_the_other(stage: &Stage, index: usize, case: &str) {
    let alone = Scene::of(stage).await;
    theirs::change(&alone.bench.world, &alone.plan.steps[index].call);
    let with_theirs = alone.settled().await.0;
    let scene = Scene::of(stage).await;
    let failure = scene.suffer(index, Theirs).await.unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict, "{case}: {failure}");
    let record = scene.record();
    assert_eq!((record.state(), record.states()[index]), (RecordState::Failed, StepState::Failed), "{case}");
    assert!(!record.steps[index].is_in_doubt(), "{case}: it was never sent");
    let again = scene.resume(case).await.unwrap_err();
    assert_eq!(again.kind, FailureKind::Conflict, "{case}: {again}");
    scene.undo(case).await;
    assert_eq!(scene.settled().await.0, with_theirs, "{case}, undone");
}

macro_rules! plans {
    ($($name:ident: $kind:ident,)*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            play(Kind::$kind).await;
        })*

        const PLAYED: &[Kind] = &[$(Kind::$kind),*];
    };
}

plans! {
    an_association_with_its_trust_edit: Associate,
    the_removal_of_an_association: Dissociate,
    an_annotation: Annotate,
    another_role_and_other_tags_for_an_association: Retarget,
    a_service_account_that_is_admitted: TrustAllow,
    a_service_account_that_is_taken_out: TrustRemove,
    the_agent: InstallAgent,
    a_restart: Restart,
    a_migration: Migrate,
    the_end_of_annotations: EndAnnotations,
    the_end_of_statements: EndStatements,
    an_association_that_is_undone: UndoAssociate,
    the_removal_of_an_association_that_is_undone: UndoDissociate,
    the_agent_that_is_undone: UndoInstall,
}

#[test]
fn every_row_is_played() {
    assert!(TABLE.iter().all(|(kind, ..)| PLAYED.contains(kind)));
}
