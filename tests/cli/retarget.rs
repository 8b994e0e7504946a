//! `rolecall retarget` and `associate --fix-trust`.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{json, run, stderr, stdout};

#[test]
fn another_role_is_one_call_with_what_it_was() {
    let words = ["retarget", "search/query-api", "--role", "acme-payments-api", "--demo", "--dry-run", "-o", "json"];
    let plan = json(&words);
    assert_eq!(plan["kind"], "retarget");
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!((steps.len(), &steps[0]["call"]), (1, &Value::from("eks:UpdatePodIdentityAssociation")));
    assert_eq!(steps[0]["arguments"]["roleArn"], "arn:aws:iam::111122223333:role/acme-payments-api");
    assert_eq!(steps[0]["diff"]["before"]["roleArn"], "arn:aws:iam::111122223333:role/acme-search-query");
}

#[test]
fn every_setting_can_be_changed_and_is_performed() {
    let folder = tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    std::fs::write(&policy, r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
    let policy = policy.to_string_lossy().into_owned();
    let words = [
        "retarget",
        "search/query-api",
        "--target-role",
        "arn:aws:iam::444455556666:role/data",
        "--no-session-tags",
        "--session-policy",
        &policy,
        "--tag",
        "team=search",
        "--demo",
    ];
    let plan = json(&[&words[..], &["--dry-run", "-o", "json"]].concat());
    let arguments = &plan["steps"][0]["arguments"];
    assert_eq!(arguments["targetRoleArn"], "arn:aws:iam::444455556666:role/data");
    assert_eq!(
        (&arguments["disableSessionTags"], &arguments["policy"]),
        (&json!(true), &json!(r#"{"Version":"2012-10-17","Statement":[]}"#))
    );
    assert_eq!(plan["steps"][1]["call"], "eks:TagResource");
    assert_eq!(plan["steps"][1]["arguments"]["tags"], json!({"team": "search"}));
    let done = run(&[&words[..], &["--yes"]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(stderr(&done).matches("✓ change").count(), 2, "{}", stderr(&done));
}

#[test]
fn bad_input_and_nothing_to_change_are_refused_before_any_call() {
    for (words, rule) in [
        (&["search/query-api", "--role", "acme-search-quer"][..], "there is no role `acme-search-quer`"),
        (&["search/query-api", "--role", "arn:aws:iam::444455556666:role/x"], "it is in account 444455556666"),
        (&["search/query-api", "--role", "acme-search-query"], "there is nothing to change"),
        (&["search/query-api", "--target-role", "data"], "is not an ARN"),
        (&["search/query-api"], "there is nothing to change"),
        (&["search/query-api", "--target-role", "x", "--no-target-role"], "cannot be used with"),
        (&["--role", "acme-search-query"], "required"),
    ] {
        let done = run(&[&["retarget"], words, &["--demo", "--yes"]].concat());
        assert_eq!(done.status.code(), Some(2), "{words:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(rule), "{words:?}: {}", stderr(&done));
    }
    let owned =
        run(&["retarget", "kube-system/ebs-csi-controller-sa", "--role", "acme-search-query", "--demo", "--yes"]);
    assert_eq!(owned.status.code(), Some(1), "{}", stderr(&owned));
    assert!(stdout(&owned).contains("owned by add-on aws-ebs-csi-driver"), "{}", stdout(&owned));
}

#[test]
fn a_role_that_does_not_let_eks_in_is_refused_with_the_offer_and_edited_first_if_that_is_taken() {
    let words = ["associate", "checkout/web", "--role", "acme-data-warehouse-v2", "--demo"];
    let refused = run(&[&words[..], &["--yes"]].concat());
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(
        stdout(&refused).contains("The trust policy can be edited in the same plan: --fix-trust"),
        "{}",
        stdout(&refused)
    );
    let plan = json(&[&words[..], &["--fix-trust", "--dry-run", "-o", "json"]].concat());
    let calls: Vec<&str> =
        plan["steps"].as_array().unwrap().iter().map(|step| step["call"].as_str().unwrap()).collect();
    assert_eq!(calls, ["iam:UpdateAssumeRolePolicy", "eks:CreatePodIdentityAssociation"]);
    assert_eq!(plan["refused"], Value::Null);
    let falls_to = plan["affects"][0]["fallsTo"].as_str().unwrap();
    assert!(falls_to.starts_with("pod-identity acme-data-warehouse-v2 after a restart"), "{falls_to}");
    let done = run(&[&words[..], &["--fix-trust", "--yes"]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let ready = json(&[
        "associate",
        "checkout/web",
        "--role",
        "acme-search-query",
        "--fix-trust",
        "--demo",
        "--dry-run",
        "-o",
        "json",
    ]);
    assert_eq!(ready["steps"].as_array().unwrap().len(), 1, "nothing to be edited there");
}
