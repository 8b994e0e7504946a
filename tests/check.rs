//! `rolecall check`, the real binary: the planted faults of the demo, exit codes, baseline, SARIF, JUnit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

#[path = "support/binary.rs"]
#[allow(dead_code)]
mod binary;
use binary::{rolecall, run, stderr, stdout};

/// What stands in the comments of `assets/demo/world.yaml`: code and subject.
const PLANTED: &[(&str, &str)] = &[
    ("ASSOC-GONE", "payments/deploy/settlement"),
    ("AUD-VS-SUB", "acme-search-crawler"),
    ("AUD-VS-SUB", "search/deploy/crawler"),
    ("BOTH-CONFIGURED", "payments/notifier"),
    ("IDENTITY-NOT-INJECTED", "checkout/deploy/cart"),
    ("IMDS-HOP-LIMIT", "kube-system/deploy/cluster-autoscaler"),
    ("INJECTION-OPTED-OUT", "logging/deploy/audit"),
    ("IRSA-FOREIGN-ISSUER", "search/deploy/indexer"),
    ("IRSA-SUB-MISMATCH", "payments/deploy/ledger"),
    ("NEXT-BROKEN", "checkout/deploy/orders"),
    ("NEXT-BROKEN", "data/deploy/warehouse-loader"),
    ("NEXT-BROKEN", "logging/deploy/audit"),
    ("NODE-ROLE-FALLBACK", "checkout/deploy/pricing"),
    ("NODE-ROLE-OVERPRIVILEGED", "acme-prod-node-general"),
    ("ORPHAN-ASSOCIATION", "marketing/newsletter"),
    ("PI-AGENT-DOWN", "search/deploy/query-api"),
    ("PI-FARGATE", "data/deploy/nightly-report"),
    ("PI-TRUST-INVALID", "acme-payments-refunds"),
    ("PI-TRUST-INVALID", "data/deploy/warehouse-loader"),
    ("PI-TRUST-INVALID", "payments/deploy/refunds"),
    ("ROLE-MISSING", "search/deploy/suggest"),
    ("STALE-IRSA-ENV", "checkout/deploy/gateway"),
    ("STATIC-KEYS", "data/deploy/legacy-export"),
    ("TRUST-REFUSED", "acme-log-shipper"),
    ("TRUST-TOO-OPEN", "acme-log-audit"),
    ("TRUST-TOO-OPEN", "acme-payments-refunds"),
    ("TRUST-TOO-OPEN", "api-service-development-eu-west-1"),
    ("WILDCARD-STRINGEQUALS", "acme-data-etl"),
    ("WILDCARD-STRINGEQUALS", "data/deploy/etl"),
];

fn subject(item: &Value) -> String {
    let subject = &item["subject"];
    let name = subject["name"].as_str().unwrap();
    match (subject["kind"].as_str().unwrap(), subject["namespace"].as_str()) {
        ("Role", _) => name.rsplit('/').next().unwrap().to_owned(),
        // An association's id is new in every run; the sentence names whom it is for.
        ("Association", _) => "marketing/newsletter".to_owned(),
        (_, Some(namespace)) => format!("{namespace}/{name}"),
        (_, None) => name.to_owned(),
    }
}

#[test]
fn check_finds_every_planted_fault_of_the_demo_and_nothing_else() {
    finds_what_is_planted(&["check", "--demo", "-o", "json"]);
}

#[test]
fn with_the_templates_of_all_workloads_the_demo_has_the_same_faults() {
    finds_what_is_planted(&["check", "--demo", "--templates", "-o", "json"]);
}

fn finds_what_is_planted(words: &[&str]) {
    let done = run(words);
    assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
    let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&answer["kind"], &answer["complete"]), (&"FindingList".into(), &true.into()));
    let items = answer["items"].as_array().unwrap();
    let mut found: Vec<(&str, String)> =
        items.iter().map(|item| (item["code"].as_str().unwrap(), subject(item))).collect();
    found.sort();
    let planted: Vec<(&str, String)> = PLANTED.iter().map(|(code, subject)| (*code, (*subject).to_owned())).collect();
    pretty_assertions::assert_eq!(found, planted);
}

#[test]
fn check_exits_by_its_threshold_and_the_baseline_accepts() {
    let state = tempdir().unwrap();
    let file = state.path().join("baseline.json");
    let check = |words: &[&str]| {
        let mut command = rolecall(state.path());
        command.args(["check", "--demo"]).args(words).output().unwrap()
    };
    let path = file.to_str().unwrap();
    assert_eq!(check(&["-n", "logging", "--fail-on", "error"]).status.code(), Some(1));
    assert_eq!(check(&["-n", "api-service", "--fail-on", "notice"]).status.code(), Some(0));
    let written = check(&["--write-baseline", path]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let accepted = check(&["--baseline", path, "--fail-on", "notice"]);
    assert_eq!(accepted.status.code(), Some(0), "{}", stdout(&accepted));
    let text = fs::read_to_string(&file).unwrap();
    let mut baseline: Value = serde_json::from_str(&text).unwrap();
    for entry in baseline["entries"].as_array_mut().unwrap() {
        if entry["finding"] == "STATIC-KEYS Workload data/deploy/legacy-export" {
            entry["until"] = "2020-01-01".into();
            entry["who"] = "ann".into();
        }
    }
    fs::write(&file, baseline.to_string()).unwrap();
    let expired = check(&["--baseline", path]);
    assert_eq!(expired.status.code(), Some(1));
    assert!(stderr(&expired).contains("by ann is over"), "{}", stderr(&expired));
    fs::write(&file, "{").unwrap();
    assert_eq!(check(&["--baseline", path]).status.code(), Some(2));
}

#[test]
fn check_speaks_sarif_and_junit() {
    let sarif: Value = serde_json::from_slice(&run(&["check", "--demo", "-o", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), PLANTED.len());
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(results.iter().all(|result| rules.iter().any(|rule| rule["id"] == result["ruleId"])));
    let junit = stdout(&run(&["check", "--demo", "-o", "junit"]));
    assert_eq!(junit.matches("<testcase ").count(), PLANTED.len());
    assert_eq!(junit.matches("<failure type=\"error\"").count(), 20);
}
