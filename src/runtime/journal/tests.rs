use std::fs;

use pretty_assertions::assert_eq;

use super::*;
use crate::domain::journal::{Begun, Ending, Event, RecordState};

fn entry(operation: &str, event: Event) -> Entry {
    Entry { operation: operation.into(), at: "2026-11-23T09:00:00Z".parse().unwrap(), event, author: Author::default() }
}

fn begun(operation: &str) -> Entry {
    let begun = Begun {
        plan: crate::domain::plan::PlanKind::Associate,
        subject: "payments/api".into(),
        cluster: None,
        steps: Vec::new(),
        affects: Vec::new(),
        restarts: Vec::new(),
        undoes: None,
        lost: Vec::new(),
    };
    entry(operation, Event::Begun(begun))
}

fn ended(operation: &str) -> Entry {
    entry(operation, Event::Ended { outcome: Ending::Done })
}

#[test]
fn what_is_written_after_a_torn_line_has_a_line_of_its_own() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::new(state.path());
    journal.write(&begun("one")).unwrap();
    let mut text = fs::read_to_string(journal.path()).unwrap();
    text.push_str(r#"{"operation":"two","at":"2026-"#);
    fs::write(journal.path(), &text).unwrap();
    journal.write(&begun("three")).unwrap();
    let history = journal.history().unwrap();
    let ids: Vec<&str> = history.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["one", "three"]);
    assert_eq!(history.notes, ["line 2 of the journal is left out: it is torn"]);
}

#[cfg(unix)]
#[test]
fn the_journal_is_for_its_owner_alone_even_if_it_was_not() {
    use std::os::unix::fs::PermissionsExt;
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::new(state.path());
    let mode = || fs::metadata(journal.path()).unwrap().permissions().mode() & 0o777;
    journal.write(&begun("one")).unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(journal.path(), fs::Permissions::from_mode(0o644)).unwrap();
    journal.write(&begun("two")).unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn lines_of_many_writers_never_mix() {
    let state = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = state.path();
            scope.spawn(move || {
                for number in 0..25 {
                    let journal = Journal::new(path);
                    let id = format!("w{writer}-{number}-{}", "x".repeat(writer * 700));
                    journal.write(&begun(&id)).unwrap();
                    journal.write(&ended(&id)).unwrap();
                }
            });
        }
    });
    let history = Journal::new(state.path()).history().unwrap();
    assert_eq!((history.records.len(), history.notes.len()), (200, 0));
    assert!(history.records.iter().all(|record| record.state() == RecordState::Done));
}

#[test]
fn an_operation_belongs_to_one_process_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (Journal::new(state.path()), Journal::new(state.path()));
    one.write(&begun("op")).unwrap();
    let claim = one.claim("op").unwrap();
    assert_eq!(other.claim("op").unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(other.history().unwrap().records[0].state(), RecordState::Running);
    assert!(other.claim("another").is_ok());
    drop(claim);
    assert_eq!(other.history().unwrap().records[0].state(), RecordState::Interrupted);
    assert!(other.claim("op").is_ok());
}

#[test]
fn a_claim_never_names_a_file_elsewhere() {
    let state = tempfile::tempdir().unwrap();
    let inner = state.path().join("state");
    drop(Journal::new(&inner).claim("../../etc/x").unwrap());
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1);
}

#[test]
fn purging_forgets_everything_but_what_is_being_done() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::new(state.path());
    assert_eq!(journal.purge(), Ok(0));
    for id in ["old", "running", "interrupted"] {
        journal.write(&begun(id)).unwrap();
    }
    journal.write(&ended("old")).unwrap();
    let claim = journal.claim("running").unwrap();
    assert_eq!(journal.purge(), Ok(2));
    let left: Vec<String> = journal.history().unwrap().records.into_iter().map(|record| record.id).collect();
    assert_eq!(left, ["running"]);
    journal.write(&ended("running")).unwrap();
    drop(claim);
    assert_eq!(journal.history().unwrap().records[0].state(), RecordState::Done);
}

#[test]
fn a_journal_that_cannot_be_written_says_so_before_anything_is_sent() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("a-file");
    fs::write(&file, "").unwrap();
    let failure = Journal::new(&file).claim("op").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Usage);
    assert!(failure.next.contains("--state-dir"), "{failure}");
}
