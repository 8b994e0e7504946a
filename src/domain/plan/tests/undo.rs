//! Taking operations of the journal back, and finishing them: pure, against what is known.

use std::collections::BTreeMap;

use pretty_assertions::assert_eq;

use super::{
    found,
    world::{self, arn, inventory, inventory_with, irsa_trust, now, sa, workload},
};
use crate::domain::{
    association::{AssociationSettings, Settings},
    change::Change,
    fact::Fact,
    failure::FailureKind,
    journal::{Author, Begun, Ending, Observed, Record, RecordedStep, StepState},
    plan::{Call, Confirmation, Origin, Plan, PlanKind, Step, resume, undo},
    workload::WorkloadKind,
};

const ROLE: &str = "api-service-development-eu-west-1";

fn settings(role: &str) -> AssociationSettings {
    let updatable = Settings { role_arn: arn(role), target_role_arn: None, disable_session_tags: false, policy: None };
    AssociationSettings { updatable, tags: BTreeMap::new() }
}

fn create(account: &str, role: &str) -> Call {
    Call::CreatePodIdentityAssociation {
        cluster: "acme-prod".into(),
        service_account: sa(account),
        role_arn: arn(role),
        target_role_arn: None,
        disable_session_tags: false,
        policy: None,
        tags: Vec::new(),
    }
}

fn association(id: &str, settings: AssociationSettings) -> Observed {
    Observed::Association { id: id.into(), settings }
}

fn recorded(call: Call, state: StepState, before: Observed, after: Option<Observed>) -> RecordedStep {
    let step = Step { call, summary: "the step".into(), command: String::new() };
    RecordedStep { step, state, sent_at: Some(now()), before: Some(before), after, failure: None }
}

fn record(kind: PlanKind, steps: Vec<RecordedStep>, ended: Option<Ending>) -> Record {
    let begun = Begun {
        plan: kind,
        subject: "the subject".into(),
        cluster: Some("arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod".into()),
        steps: steps.iter().map(|step| step.step.clone()).collect(),
        affects: Vec::new(),
        restarts: Vec::new(),
        undoes: None,
        lost: Vec::new(),
    };
    let author = Author::default();
    Record { id: "op-1".into(), at: now(), author, begun, steps, ended, undone_by: None, running: false }
}

fn calls(plan: &Plan) -> Vec<Call> {
    plan.steps.iter().map(|step| step.call.clone()).collect()
}

/// A done association of api-service, still there as it was made.
fn associated(state: StepState) -> Record {
    let after = (state == StepState::Done).then(|| association("a-new", settings(ROLE)));
    let step = recorded(create("api-service/api-service", ROLE), state, Observed::Nothing, after);
    record(PlanKind::Associate, vec![step], (state == StepState::Done).then_some(Ending::Done))
}

fn with_association(id: &str, role: &str) -> crate::domain::inventory::Inventory {
    let made = world::association(id, "api-service/api-service", role, None);
    inventory_with(vec![
        Change::AssociationsOf(sa("api-service/api-service"), vec![made.clone()]),
        Change::AssociationDetail(id.into(), made.detail),
    ])
}

#[test]
fn an_association_is_removed_again_and_only_as_it_was_made() {
    let plan = undo::plan(&with_association("a-new", ROLE), &associated(StepState::Done), now()).unwrap();
    assert_eq!(plan.refusal(), None);
    assert_eq!(
        calls(&plan),
        [Call::DeletePodIdentityAssociation {
            cluster: "acme-prod".into(),
            association: "a-new".into(),
            service_account: sa("api-service/api-service"),
            settings: Some(settings(ROLE)),
        }]
    );
    assert_eq!(plan.origin, Origin::Undo { of: "op-1".into() });
    assert_eq!(plan.confirmation, Confirmation::Type("api-service/api-service".into()));
    assert_eq!(plan.affects[0].falls_to, "node-role ng-role after a restart");
    assert!(plan.lost[0].contains("credentials"), "{:?}", plan.lost);
}

#[test]
fn an_association_that_was_changed_or_removed_since_stops_the_undo_with_the_difference() {
    let changed =
        undo::plan(&with_association("a-new", "search-indexer"), &associated(StepState::Done), now()).unwrap();
    let refusal = changed.refusal().unwrap();
    assert!(refusal.detail.contains("role/search-indexer, not arn:"), "{refusal:?}");
    let gone = undo::plan(&inventory(), &associated(StepState::Done), now()).unwrap();
    assert_eq!(gone.refusal().unwrap().detail, "it is gone");
}

#[test]
fn in_doubt_the_cluster_says_whether_the_step_had_arrived() {
    let arrived = undo::plan(&with_association("a-new", ROLE), &associated(StepState::Started), now()).unwrap();
    assert_eq!(arrived.steps.len(), 1);
    let never = undo::plan(&inventory(), &associated(StepState::Started), now()).unwrap_err();
    assert_eq!(never.why, "none of its steps had arrived");
    let other = undo::plan(&with_association("a-x", "cni"), &associated(StepState::Started), now()).unwrap();
    assert!(other.refusal().unwrap().detail.contains("a-x"), "somebody else's is not removed");
}

#[test]
fn a_removed_association_returns_with_everything_that_can_be_set() {
    let mut before = settings(ROLE);
    before.updatable.target_role_arn = Some(arn("search-indexer"));
    before.updatable.disable_session_tags = true;
    before.updatable.policy = Some(r#"{"Version":"2012-10-17"}"#.into());
    before.tags.insert("team".into(), "a b".into());
    let delete = Call::DeletePodIdentityAssociation {
        cluster: "acme-prod".into(),
        association: "a-old".into(),
        service_account: sa("api-service/api-service"),
        settings: Some(before.clone()),
    };
    let step = recorded(delete, StepState::Done, association("a-old", before.clone()), Some(Observed::Nothing));
    let plan = undo::plan(&inventory(), &record(PlanKind::Dissociate, vec![step], Some(Ending::Done)), now()).unwrap();
    assert_eq!(plan.steps[0].call.wanted_association(), Some(before));
    assert!(plan.lost[0].contains("a-old"), "{:?}", plan.lost);
    assert_eq!(found(&plan, "has no association yet").ok, Some(true));
}

#[test]
fn an_annotation_returns_and_only_over_the_one_that_was_left() {
    let call = Call::AnnotateServiceAccount {
        service_account: sa("payments/api"),
        before: Some(arn("narrow")),
        after: Some(arn("payments-api")),
    };
    let left = Observed::Annotation { role_arn: Some(arn("payments-api")) };
    let step = recorded(call, StepState::Done, Observed::Annotation { role_arn: Some(arn("narrow")) }, Some(left));
    let record = record(PlanKind::Annotate, vec![step], Some(Ending::Done));
    let plan = undo::plan(&inventory(), &record, now()).unwrap();
    assert!(matches!(
        &plan.steps[0].call,
        Call::AnnotateServiceAccount { before: Some(before), after: Some(after), .. }
            if *before == arn("payments-api") && *after == arn("narrow")
    ));
    let elsewhere = world::service_account("payments/api", Some(arn("cni")), &[]);
    let changed = undo::plan(&inventory_with(vec![Change::ServiceAccount(elsewhere)]), &record, now()).unwrap();
    assert!(changed.refusal().unwrap().detail.contains("role/cni"), "{:?}", changed.refusal());
}

#[test]
fn steps_are_taken_back_last_one_first_and_a_restart_is_said_to_be_lost() {
    let deploy = workload("api-service", WorkloadKind::Deployment, "api-service");
    let mut both = associated(StepState::Done);
    let restart = Call::RestartWorkload { workload: deploy, expects: None };
    both.steps.push(recorded(restart, StepState::Done, Observed::Unread, Some(Observed::Unread)));
    both.steps.push(recorded(
        Call::AnnotateServiceAccount {
            service_account: sa("payments/api"),
            before: None,
            after: Some(arn("payments-api")),
        },
        StepState::Done,
        Observed::Annotation { role_arn: None },
        Some(Observed::Annotation { role_arn: Some(arn("payments-api")) }),
    ));
    let plan = undo::plan(&with_association("a-new", ROLE), &both, now()).unwrap();
    assert!(matches!(&plan.steps[0].call, Call::AnnotateServiceAccount { .. }));
    assert!(matches!(&plan.steps[1].call, Call::DeletePodIdentityAssociation { .. }));
    assert_eq!(plan.steps.len(), 2);
    assert!(plan.lost.iter().any(|lost| lost.contains("restart of deploy/api-service")), "{:?}", plan.lost);
}

#[test]
fn an_operation_of_another_cluster_or_one_that_is_over_is_refused() {
    let mut elsewhere = associated(StepState::Done);
    elsewhere.begun.cluster = Some("arn:aws:eks:eu-west-1:111122223333:cluster/other".into());
    let failure = undo::plan(&inventory(), &elsewhere, now()).unwrap_err();
    assert!(failure.why.contains("cluster/other"), "{failure}");
    let by_name = Record {
        begun: Begun { cluster: Some("acme-prod".into()), ..associated(StepState::Done).begun },
        ..associated(StepState::Done)
    };
    assert!(undo::plan(&with_association("a-new", ROLE), &by_name, now()).is_ok());
    let undone = Record { undone_by: Some("op-2".into()), ..associated(StepState::Done) };
    assert_eq!(undo::plan(&inventory(), &undone, now()).unwrap_err().why, "op-2 has undone it");
    let running = Record { running: true, ..associated(StepState::Started) };
    assert_eq!(undo::plan(&inventory(), &running, now()).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(resume::plan(&inventory(), &running).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(resume::plan(&inventory(), &associated(StepState::Done)).unwrap_err().kind, FailureKind::Usage);
}

#[test]
fn resuming_plans_the_same_steps_and_says_which_are_done_or_in_doubt() {
    let mut half = associated(StepState::Done);
    half.ended = None;
    let second = recorded(create("batch/reindex", ROLE), StepState::Started, Observed::Nothing, None);
    half.begun.steps.push(second.step.clone());
    half.steps.push(second);
    let plan = resume::plan(&inventory(), &half).unwrap();
    assert_eq!(calls(&plan), [create("api-service/api-service", ROLE), create("batch/reindex", ROLE)]);
    let states = vec![StepState::Done, StepState::Started];
    assert_eq!(plan.origin, Origin::Resume { of: "op-1".into(), states });
    let said: Vec<Option<bool>> = plan.preconditions.iter().map(|checked| checked.ok).collect();
    assert_eq!(said, [Some(true), Some(true), None]);
}

#[test]
fn undoing_a_trust_edit_or_another_role_says_who_notices() {
    let denied = irsa_trust("payments:old");
    let admitted = denied.replace("payments:old\"", "payments:old\",\"system:serviceaccount:payments:api\"");
    let admitted = admitted.replace(":sub\":\"", ":sub\":[\"").replace("payments:api\"", "payments:api\"]");
    let now_there = world::role("payments-api", &admitted);
    let inventory = inventory_with(vec![Change::Role("payments-api".into(), Fact::Known(now_there))]);
    let call = Call::UpdateAssumeRolePolicy { role_arn: arn("payments-api"), before: denied, after: admitted.clone() };
    let left = Observed::Trust { document: admitted };
    let step = recorded(call, StepState::Done, Observed::Nothing, Some(left));
    let plan = undo::plan(&inventory, &record(PlanKind::TrustAllow, vec![step], Some(Ending::Done)), now()).unwrap();
    assert_eq!(plan.refusal(), None);
    assert_eq!(plan.affects[0].workload.name.to_string(), "api");
    assert_eq!(plan.affects[0].falls_to, "irsa payments-api: will fail once the credentials it holds have ended");

    let call = Call::UpdatePodIdentityAssociation {
        cluster: "acme-prod".into(),
        association: "a-new".into(),
        service_account: sa("api-service/api-service"),
        before: settings("search-indexer").updatable,
        after: settings(ROLE).updatable,
    };
    let left = association("a-new", settings(ROLE));
    let step = recorded(call, StepState::Done, association("a-new", settings("search-indexer")), Some(left));
    let record = record(PlanKind::Retarget, vec![step], Some(Ending::Done));
    let plan = undo::plan(&with_association("a-new", ROLE), &record, now()).unwrap();
    assert_eq!(plan.refusal(), None);
    assert!(plan.affects[0].falls_to.contains("search-indexer after a restart"), "{:?}", plan.affects);
}
