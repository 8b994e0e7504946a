use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;
use crate::domain::{
    association::{AssociationSettings, Settings},
    plan::tests::world::{arn, now, sa, workload},
    workload::WorkloadKind,
};

fn settings(role: &str) -> AssociationSettings {
    let updatable = Settings { role_arn: arn(role), target_role_arn: None, disable_session_tags: false, policy: None };
    AssociationSettings { updatable, tags: BTreeMap::new() }
}

fn create(role: &str) -> Call {
    Call::CreatePodIdentityAssociation {
        cluster: "acme-prod".into(),
        service_account: sa("payments/api"),
        role_arn: arn(role),
        target_role_arn: None,
        disable_session_tags: false,
        policy: None,
        tags: Vec::new(),
    }
}

fn delete(expected: Option<AssociationSettings>) -> Call {
    Call::DeletePodIdentityAssociation {
        cluster: "acme-prod".into(),
        association: "a-1".into(),
        service_account: sa("payments/api"),
        settings: expected,
    }
}

fn found(id: &str, role: &str) -> Observed {
    Observed::Association { id: id.into(), settings: settings(role) }
}

fn line(operation: &str, event: &Event) -> String {
    let author = Author { host: Some("here".into()), ..Author::default() };
    let entry = Entry { operation: operation.into(), at: now(), event: event.clone(), author };
    serde_json::to_string(&entry).unwrap() + "\n"
}

fn begun(steps: Vec<Call>, undoes: Option<&str>) -> Event {
    let step = |call| Step { call, summary: "do it".into(), command: "true".into() };
    Event::Begun(Begun {
        plan: PlanKind::Associate,
        subject: "payments/api".into(),
        cluster: Some("acme-prod".into()),
        steps: steps.into_iter().map(step).collect(),
        affects: Vec::new(),
        restarts: Vec::new(),
        undoes: undoes.map(str::to_owned),
        lost: Vec::new(),
    })
}

fn step(index: usize, state: StepState, after: Option<Observed>) -> Event {
    let entry = StepEntry { index, state, call: create("api"), before: None, after, failure: None };
    Event::Step(Box::new(entry))
}

fn done(operation: &str, undoes: Option<&str>) -> String {
    line(operation, &begun(vec![create("api")], undoes))
        + &line(operation, &step(0, StepState::Started, None))
        + &line(operation, &step(0, StepState::Done, Some(found("a-1", "api"))))
        + &line(operation, &Event::Ended { outcome: Ending::Done })
}

#[test]
fn an_operation_is_read_as_it_was_written() {
    let history = History::read(&done("op-1", None));
    let record = history.record("op-1").unwrap();
    assert_eq!(record.state(), RecordState::Done);
    assert_eq!(record.steps[0].step.call, create("api"));
    assert_eq!(record.steps[0].after, Some(found("a-1", "api")));
    assert_eq!(record.author.host.as_deref(), Some("here"));
    assert_eq!(history.notes, Vec::<String>::new());
}

#[test]
fn a_line_has_the_names_that_people_look_for() {
    let entry: serde_json::Value = serde_json::from_str(&line("op-1", &step(0, StepState::Started, None))).unwrap();
    assert_eq!(entry["operation"], "op-1");
    assert_eq!((&entry["event"], &entry["state"], &entry["host"]), (&json!("step"), &json!("started"), &json!("here")));
    assert_eq!(entry["call"]["call"], "createPodIdentityAssociation");
    assert_eq!(entry["call"]["roleArn"], "arn:aws:iam::111122223333:role/api");
}

#[test]
fn a_torn_line_is_noted_and_loses_no_other() {
    let whole = done("op-1", None);
    let torn = &whole[..whole.len() / 2];
    let text = format!("{torn}\n{}", done("op-2", None));
    let history = History::read(&text);
    assert_eq!(history.record("op-2").unwrap().state(), RecordState::Done);
    assert_eq!(history.notes.len(), 1);
    assert!(history.notes[0].contains("it is torn"), "{:?}", history.notes);
    let garbage = format!("{whole}not json at all\n{{\"an\":\"object\"}}\n{}", done("op-2", None));
    let history = History::read(&garbage);
    assert_eq!((history.records.len(), history.notes.len()), (2, 2));
    assert!(history.notes[0].contains("line 5"), "{:?}", history.notes);
}

#[test]
fn every_prefix_of_a_journal_is_readable() {
    let whole = done("op-1", None) + &done("op-2", Some("op-1"));
    for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let history = History::read(&whole[..end]);
        // The second operation begins with the fifth line; what is cut is noted, once.
        let lines = whole[..end].lines().count();
        let begun = [1, 5].into_iter().filter(|line| lines >= *line).count();
        let cut = history.notes.len();
        assert!(cut <= 1 && history.records.len() + cut >= begun && history.records.len() <= begun, "{end}");
    }
}

#[test]
fn an_operation_without_an_end_was_interrupted_and_its_last_step_is_in_doubt() {
    let text = line("op-1", &begun(vec![create("api"), create("b")], None))
        + &line("op-1", &step(0, StepState::Started, None));
    let history = History::read(&text);
    let record = &history.records[0];
    assert_eq!(record.state(), RecordState::Interrupted);
    assert!(record.steps[0].is_in_doubt() && !record.steps[1].is_in_doubt());
    assert!(record.can_resume() && record.can_undo());
    let unsent = History::read(&line("op-1", &begun(vec![create("api")], None)));
    assert!(unsent.records[0].can_resume() && !unsent.records[0].can_undo(), "nothing was sent");
}

#[test]
fn a_step_that_failed_before_it_was_sent_is_not_in_doubt() {
    let failed = step(0, StepState::Failed, None);
    let begun = line("op-1", &begun(vec![create("api")], None));
    let unsent = History::read(&(begun.clone() + &line("op-1", &failed)));
    assert!(!unsent.records[0].steps[0].is_in_doubt());
    let sent = History::read(&(begun + &line("op-1", &step(0, StepState::Started, None)) + &line("op-1", &failed)));
    assert!(sent.records[0].steps[0].is_in_doubt());
}

#[test]
fn what_was_undone_is_undone_until_that_is_undone_itself() {
    let both = done("op-1", None) + &done("op-2", Some("op-1"));
    let history = History::read(&both);
    assert_eq!(history.record("op-1").unwrap().undone_by.as_deref(), Some("op-2"));
    assert_eq!(history.record("op-1").unwrap().state(), RecordState::Undone);
    assert_eq!(history.last_undoable(), None);
    let again = History::read(&(both + &done("op-3", Some("op-2"))));
    assert_eq!(again.record("op-2").unwrap().state(), RecordState::Undone);
    assert_eq!(again.record("op-1").unwrap().state(), RecordState::Done);
    assert_eq!(again.last_undoable().map(|record| record.id.as_str()), Some("op-1"));
}

#[test]
fn an_operation_that_was_resumed_ends_as_it_ends_then() {
    let text = line("op-1", &begun(vec![create("api")], None))
        + &line("op-1", &Event::Ended { outcome: Ending::Cancelled })
        + &line("op-1", &Event::Resumed);
    assert_eq!(History::read(&text).records[0].state(), RecordState::Interrupted);
    let text = text + &line("op-1", &Event::Ended { outcome: Ending::Done });
    assert_eq!(History::read(&text).records[0].state(), RecordState::Done);
}

#[test]
fn an_id_may_be_cut_where_it_is_still_the_only_one() {
    let history = History::read(&(done("op-1a", None) + &done("op-1b", None)));
    assert_eq!(history.record("op-1a").unwrap().id, "op-1a");
    assert_eq!(history.record("op-1"), None);
    assert_eq!(history.record("op-1b").unwrap().id, "op-1b");
    assert_eq!(history.record(""), None);
}

#[test]
fn a_create_is_sent_only_where_there_is_nothing() {
    assert_eq!(Observed::Nothing.standing(&create("api"), None), Standing::Before);
    assert_eq!(found("a-9", "api").standing(&create("api"), None), Standing::After);
    let Standing::Other(difference) = found("a-9", "other").standing(&create("api"), None) else { panic!() };
    assert!(difference.contains("a-9") && difference.contains("role/other"), "{difference}");
}

#[test]
fn a_delete_is_sent_only_while_everything_is_as_planned() {
    let planned = delete(Some(settings("api")));
    assert_eq!(found("a-1", "api").standing(&planned, None), Standing::Before);
    assert_eq!(Observed::Nothing.standing(&planned, None), Standing::After);
    assert!(
        matches!(found("a-1", "other").standing(&planned, None), Standing::Other(why) if why.contains("role/other"))
    );
    assert!(matches!(found("a-2", "api").standing(&planned, None), Standing::Other(why) if why.contains("a-2")));
    let mut tagged = settings("api");
    tagged.tags.insert("team".into(), "x".into());
    tagged.updatable.policy = Some("{}".into());
    let tagged = Observed::Association { id: "a-1".into(), settings: tagged };
    assert!(
        matches!(tagged.standing(&planned, None), Standing::Other(why) if why.contains("policy") && why.contains("team"))
    );
    assert_eq!(found("a-1", "other").standing(&delete(None), None), Standing::Before, "nothing was known of it");
}

#[test]
fn an_annotation_is_before_after_or_somebody_elses() {
    let call =
        Call::AnnotateServiceAccount { service_account: sa("payments/api"), before: Some(arn("old")), after: None };
    let named = |role: Option<&str>| Observed::Annotation { role_arn: role.map(arn) };
    assert_eq!(named(Some("old")).standing(&call, None), Standing::Before);
    assert_eq!(named(None).standing(&call, None), Standing::After);
    assert!(matches!(named(Some("new")).standing(&call, None), Standing::Other(why) if why.contains("role/new")));
    assert!(matches!(Observed::Nothing.standing(&call, None), Standing::Other(why) if why.contains("gone")));
}

#[test]
fn a_restart_has_happened_if_the_template_was_stamped_since() {
    let call = Call::RestartWorkload { workload: workload("payments", WorkloadKind::Deployment, "api"), expects: None };
    let stamped = |at: &str| Observed::Template { restarted_at: Some(at.into()) };
    let sent = Some(now());
    assert_eq!(stamped("2026-11-23T09:00:00Z").standing(&call, sent), Standing::After);
    assert_eq!(stamped("2026-11-23T08:59:59Z").standing(&call, sent), Standing::Before);
    assert_eq!(stamped("2026-11-23T09:00:00Z").standing(&call, None), Standing::Before, "an older restart");
    assert_eq!(Observed::Template { restarted_at: None }.standing(&call, sent), Standing::Before);
}
