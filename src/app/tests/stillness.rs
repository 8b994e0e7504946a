//! An idle program draws nothing; what is missing is asked for once.

use std::sync::Arc;

use jiff::SignedDuration;

use super::world::{Session, association, changes, sa, start};
use crate::{
    app::{
        cluster::Link,
        effect::{Effect, Extent},
        message::{AwsRead, Message},
        wake::next_wake,
    },
    domain::{
        association::Association,
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
        id::ClusterId,
    },
};

const ID: ClusterId = ClusterId(0);

fn read(session: &Session, generation: u64) -> Message {
    Message::AwsRead(ID, AwsRead { generation, at: session.now, failure: None })
}

#[test]
fn nothing_is_due_in_the_first_59_idle_seconds() {
    let mut session = Session::new();
    let first = read(&session, 0);
    session.tell(first);
    let wake = next_wake(&session.model, session.now).unwrap();
    assert_eq!(wake.duration_since(session.now), SignedDuration::from_secs(60));
    let revision = session.model.visible_revision();
    session.wait(59);
    assert_eq!(session.model.visible_revision(), revision);
    session.wait(1);
    assert_eq!(session.model.visible_revision(), revision + 1);
}

#[test]
fn a_reading_that_changes_nothing_draws_nothing() {
    let mut session = Session::new();
    let first = read(&session, 0);
    session.tell(first);
    let revision = session.model.visible_revision();
    session.changes(changes());
    let again = read(&session, 0);
    session.tell(again);
    session.tell(Message::Calls(ID, 17));
    assert_eq!(session.model.visible_revision(), revision);
}

#[test]
fn aws_is_read_again_after_its_interval_and_stale_answers_are_ignored() {
    let mut session = Session::new();
    let first = read(&session, 0);
    session.tell(first);
    assert_eq!(session.wait(299), []);
    let asked = Effect::Refresh { cluster: ID, generation: 1, extent: Extent::Everything };
    assert_eq!(session.wait(1), [asked]);
    assert_eq!(session.wait(600), [], "one reading at a time");
    let failure = Arc::new(Failure::new(FailureKind::Credentials, "a", "b", "c"));
    session.tell(Message::AwsRead(ID, AwsRead { generation: 0, at: session.now, failure: Some(failure) }));
    assert!(session.model.cluster().aws.reading && session.model.cluster().aws.failure.is_none());
    let current = read(&session, 1);
    session.tell(current);
    assert!(!session.model.cluster().aws.reading);
}

#[test]
fn a_failed_reading_keeps_the_age_of_the_last_good_one() {
    let mut session = Session::new();
    let first = read(&session, 0);
    session.tell(first);
    session.wait(10);
    session.press("Ctrl-r");
    let failure = Arc::new(Failure::new(FailureKind::Credentials, "a", "b", "c"));
    session.tell(Message::AwsRead(ID, AwsRead { generation: 1, at: session.now, failure: Some(Arc::clone(&failure)) }));
    let aws = &session.model.cluster().aws;
    assert_eq!((aws.read_at, &aws.failure), (Some(start()), &Some(failure)));
    assert!(!session.rows().is_empty());
}

#[test]
fn toasts_go_by_themselves_but_failures_stay() {
    let mut session = Session::new();
    session.tell(Message::Copied { characters: 43 });
    assert_eq!(session.last_toast(), "copied 43 characters");
    assert_eq!(
        next_wake(&session.model, session.now).unwrap().duration_since(session.now),
        SignedDuration::from_secs(3)
    );
    let failure = Failure::new(FailureKind::Server, "cannot copy", "nothing took it", "Copy it by hand");
    session.tell(Message::CopyFailed(Arc::new(failure)));
    session.wait(3);
    session.wait(3600);
    let shown: Vec<&str> = session.model.toasts.shown().iter().map(|toast| toast.text.as_str()).collect();
    assert_eq!(shown, ["cannot copy: nothing took it. Copy it by hand"]);
    session.press("Esc");
    assert!(session.model.toasts.shown().is_empty());
}

#[test]
fn a_failure_that_no_longer_is_one_is_taken_back() {
    let mut session = Session::new();
    let failures = ["pods", "nodes"].map(|what| Arc::new(Failure::new(FailureKind::Denied, what, "b", "c")));
    for failure in &failures {
        session.tell(Message::Failed(Arc::clone(failure)));
    }
    session.tell(Message::Mended { failure: Arc::clone(&failures[0]), now: "all pods are read now".to_owned() });
    let shown: Vec<String> = session.model.toasts.shown().iter().map(|toast| toast.text.clone()).collect();
    assert_eq!(shown, [failures[1].to_string(), "all pods are read now".to_owned()]);
}

#[test]
fn seconds_until_a_retry_are_counted_down() {
    let mut session = Session::new();
    let first = read(&session, 0);
    session.tell(first);
    let failure = Arc::new(Failure::new(FailureKind::Unreachable, "a", "b", "c"));
    let at = session.now.checked_add(SignedDuration::from_secs(8)).unwrap();
    session.tell(Message::KubernetesLink(ID, Link::Retrying { attempt: 3, at, failure }));
    assert_eq!(
        next_wake(&session.model, session.now).unwrap().duration_since(session.now),
        SignedDuration::from_secs(1)
    );
    let revision = session.model.visible_revision();
    session.wait(1);
    assert_eq!(session.model.visible_revision(), revision + 1);
}

#[test]
fn missing_details_are_asked_for_once_with_the_selected_first() {
    let mut session = Session::new();
    session.press("2");
    let loading =
        |id: &str, account: &str| Association { detail: Fact::Loading, ..association(id, account, "api-dev", None) };
    let all = vec![loading("a-1", "user-service/user-service"), loading("a-2", "batch/reindex")];
    session.select(&crate::app::subject::Subject::ServiceAccount(sa("user-service/user-service")));
    let effects = session.changes(vec![Change::Associations(Fact::Known(all))]);
    let [Effect::Read { wanted, selected, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(selected.as_ref(), Some(&sa("user-service/user-service")));
    assert_eq!(wanted.associations.len(), 2);
    assert_eq!(session.wait(1), []);
}

#[test]
fn what_was_wrong_with_the_configuration_is_on_screen_from_the_start() {
    let mut session = Session::new();
    let (_, problems) = crate::app::keys::Keys::parse(Default::default(), "keymap.toml", "quit = \"F1\"");
    session.tell(Message::Problems(problems));
    assert!(
        session.last_toast().starts_with("keymap.toml line 1: quit: F1 is never bound"),
        "{}",
        session.last_toast()
    );
}

#[test]
fn a_chosen_row_is_asked_for_before_the_list_of_associations_has_come() {
    let mut session = Session::empty(Default::default());
    let early = |change: &Change| !matches!(change, Change::Associations(_));
    session.changes(changes().into_iter().filter(early).collect());
    session.press("2");
    let effects = session.press("j");
    let [Effect::Read { selected: Some(selected), .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(selected.to_string(), session.selected());
}
