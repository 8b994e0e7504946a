//! Bad input of every command that changes something: refused with the rule that it breaks, before anything is
//! written down or sent.

use std::fs;

use tempfile::tempdir;

use crate::{rolecall, stderr};

#[test]
fn bad_input_is_refused_with_the_rule_and_leaves_no_trace() {
    let state = tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = state.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let policy = file("policy.json", r#"{"Version":"2012-10-17","Statement":[]}"#);
    let long = file("long.json", &format!("{{\"a\":\"{}\"}}", "x".repeat(2_048)));
    let role = "acme-search-query";
    let table: &[(&[&str], &str)] = &[
        (&["associate", "data/x", "--role", "acme-search-quer"], "Did you mean `acme-search-query`"),
        (&["associate", "data/x", "--role", "no such role"], "the name of a role is 1 to 64 letters"),
        (&["associate", "data/x", "--role", "arn:aws:s3:::bucket"], "is not the ARN of an IAM role"),
        (&["associate", "data/x", "--role", "arn:aws:iam::444455556666:role/data"], "EKS takes only roles of its own"),
        (&["associate", "data/x", "--role", role, "--target-role", "data"], "is not an ARN"),
        (&["associate", "data/Worker", "--role", role], "`Worker` cannot be a service account"),
        (&["associate", "worker", "--role", role], "a namespace and a name are needed"),
        (&["associate", "data/x", "--role", role, "--session-policy", &policy], "only if session tags are off"),
        (
            &["associate", "data/x", "--role", role, "--session-policy", &long, "--no-session-tags"],
            "it has 2056 characters, EKS takes 2048",
        ),
        (
            &["associate", "data/x", "--role", role, "--session-policy", "/no/such/file"],
            "cannot read the session policy",
        ),
        (&["associate", "data/x", "--role", role, "--tag", "aws:x=y"], "belong to AWS"),
        (&["trust", "allow", role, "data/Worker"], "`Worker` cannot be a service account"),
        (&["migrate", "data/Worker"], "`Worker` cannot be a service account"),
        (&["migrate", "data/x", "--soak", "soon"], "write 24h or 30m"),
    ];
    for (words, rule) in table {
        let done = rolecall(state.path()).args(*words).args(["--demo", "--yes"]).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{words:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(rule), "{words:?}: {}", stderr(&done));
    }
    assert!(!state.path().join("journal.jsonl").exists());
}
