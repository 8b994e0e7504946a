//! `rolecall migrate`: performed to its end, with what it waits for and what it says where nothing is left.

use std::path::Path;

use tempfile::tempdir;

use crate::{rolecall, run, stderr, stdout};

fn world() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/failures/world.yaml");
    file.to_string_lossy().into_owned()
}

#[test]
fn a_service_account_is_moved_step_by_step_and_every_step_is_in_the_journal() {
    let state = tempdir().unwrap();
    let words = ["migrate", "shop/web", "--world", &world(), "--yes"];
    let done = rolecall(state.path()).args(words).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let said = stderr(&done);
    let places: Vec<usize> =
        ["✓ edit the trust policy", "✓ associate shop/web", "✓ evict web-", "✓ restart deploy/web"]
            .iter()
            .map(|step| said.find(step).unwrap_or_else(|| panic!("{step}: {said}")))
            .collect();
    assert!(places.is_sorted(), "{said}");
    let history = rolecall(state.path()).args(["history", "-o", "json"]).output().unwrap();
    let history: serde_json::Value = serde_json::from_slice(&history.stdout).unwrap();
    let operation = &history["items"][0];
    assert_eq!((&operation["plan"], &operation["state"]), (&"migrate".into(), &"done".into()));
    assert!(operation["steps"].as_array().unwrap().iter().all(|step| step["state"] == "done"), "{operation}");
}

#[test]
fn without_a_canary_nothing_is_evicted_and_where_nothing_is_left_a_sentence_says_so() {
    let (world, dry) = (world(), "--dry-run");
    let whole = run(&["migrate", "shop/web", "--world", &world, dry]);
    let without = run(&["migrate", "shop/web", "--world", &world, dry, "--no-canary"]);
    assert!(stdout(&whole).contains("create pods/eviction"), "{}", stdout(&whole));
    assert!(!stdout(&without).contains("create pods/eviction"), "{}", stdout(&without));
    let nothing = run(&["migrate", "-n", "kube-public", "--world", &world, "--yes"]);
    assert_eq!(nothing.status.code(), Some(0), "{}", stderr(&nothing));
    assert!(
        stdout(&nothing).starts_with("migrate namespace kube-public: there is nothing to do"),
        "{}",
        stdout(&nothing)
    );
}

#[test]
fn the_annotation_goes_after_the_soak_and_not_before() {
    let world = world();
    let words = ["migrate", "shop/moved", "--remove-annotations", "--world", &world];
    let early = run(&[&words[..], &["--soak", "90000h", "--yes"]].concat());
    assert_eq!(early.status.code(), Some(1), "{}", stderr(&early));
    assert!(stdout(&early).contains("it has been in use for 90000 h"), "{}", stdout(&early));
    let done = run(&[&words[..], &["--yes"]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stderr(&done).contains("✓ remove the role annotation of shop/moved"), "{}", stderr(&done));
}
