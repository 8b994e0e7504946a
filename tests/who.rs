//! `rolecall who` through the real binary on the demo world. The expected answers are read off
//! assets/demo/world.yaml by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::tempdir;

fn run(words: &[&str]) -> Output {
    let state = tempdir().unwrap();
    let mut command = Command::cargo_bin("rolecall").unwrap();
    for name in ["KUBECONFIG", "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("HOME", state.path()).env("ROLECALL_STATE_DIR", state.path());
    command.arg("who").arg("--demo").args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn answer(words: &[&str]) -> Value {
    let done = run(&[words, &["-o", "json"]].concat());
    assert_eq!(done.status.code(), Some(0), "{words:?}: {}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// `namespace/name` of each item.
fn accounts(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    items.map(|item| format!("{}/{}", word(&item["namespace"]), word(&item["serviceAccount"]))).collect()
}

fn way(mechanism: &str, statement: usize, depends_on: &[&str]) -> Value {
    json!({"mechanism": mechanism, "statement": statement, "sid": null, "dependsOn": depends_on})
}

#[test]
fn a_role_that_names_one_service_account_admits_that_one() {
    let found = answer(&["acme-checkout-gateway"]);
    assert_eq!((&found["apiVersion"], &found["kind"]), (&json!("rolecall/v1"), &json!("AdmissionList")));
    assert_eq!(found["complete"], true);
    assert_eq!(found["otherPrincipals"], json!([]));
    let item = json!({
        "cluster": "arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod",
        "role": "arn:aws:iam::111122223333:role/acme-checkout-gateway",
        "namespace": "checkout",
        "serviceAccount": "gateway",
        "by": [way("irsa", 2, &[]), way("pod-identity", 1, &[])],
        // Its pods still carry the role in their environment, from the time of IRSA.
        "uses": ["association", "environment"],
    });
    assert_eq!(found["items"], json!([item]));
}

#[test]
fn a_role_without_a_condition_on_sub_admits_every_service_account_and_using_leaves_its_users() {
    let found = answer(&["acme-log-audit"]);
    let all = accounts(&found);
    assert!(all.len() >= 30, "{all:?}");
    for item in found["items"].as_array().unwrap() {
        assert_eq!(item["by"], json!([way("irsa", 1, &[])]));
    }
    let using = answer(&["acme-log-audit", "--using"]);
    assert_eq!(accounts(&using), ["logging/audit"]);
    assert!(using["items"][0]["uses"].as_array().unwrap().contains(&json!("annotation")), "{using}");
}

#[test]
fn a_repeated_key_admits_nobody_for_sure() {
    let found = answer(&["acme-log-shipper", "--filter", "ns:logging sa:shipper"]);
    let by = json!([way("irsa", 1, &["undocumented:duplicate-key"])]);
    assert_eq!((accounts(&found), &found["items"][0]["by"]), (vec!["logging/shipper".to_owned()], &by));
}

#[test]
fn a_service_account_that_was_renamed_is_admitted_by_its_role_no_more() {
    let found = answer(&["acme-payments-ledger"]);
    assert!(!accounts(&found).contains(&"payments/ledger-v2".to_owned()), "{found}");
}

#[test]
fn the_reverse_names_every_role_that_admits_a_service_account() {
    let found = answer(&["--of", "checkout/gateway"]);
    let expected = [
        ("acme-checkout-gateway", json!([way("irsa", 2, &[]), way("pod-identity", 1, &[])])),
        ("acme-log-audit", json!([way("irsa", 1, &[])])),
        ("acme-log-shipper", json!([way("irsa", 1, &["undocumented:duplicate-key"])])),
        ("acme-payments-api", json!([way("pod-identity", 1, &[])])),
        ("acme-search-query", json!([way("pod-identity", 1, &[])])),
        ("api-service-development-eu-west-1", json!([way("pod-identity", 1, &[])])),
    ];
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let expected: Vec<(Value, Value)> = expected.into_iter().map(|(name, by)| (json!(role(name)), by)).collect();
    let items = found["items"].as_array().unwrap();
    let told: Vec<(Value, Value)> = items.iter().map(|item| (item["role"].clone(), item["by"].clone())).collect();
    assert_eq!(told, expected);
    assert!(found["otherPrincipals"].is_null(), "only a role has other principals");
    assert_eq!(accounts(&answer(&["--of", "checkout/gateway", "--using"])), ["checkout/gateway"]);
}

#[test]
fn a_filter_and_a_namespace_narrow_both_directions() {
    let payments = accounts(&answer(&["acme-log-audit", "--filter", "ns:payments"]));
    assert!(!payments.is_empty() && payments.iter().all(|name| name.starts_with("payments/")), "{payments:?}");
    assert_eq!(payments, accounts(&answer(&["acme-log-audit", "-n", "payments"])));
    let others = accounts(&answer(&["acme-log-audit", "--filter", "!ns:payments"]));
    assert!(others.iter().all(|name| !name.starts_with("payments/")), "{others:?}");
    assert_eq!(payments.len() + others.len(), accounts(&answer(&["acme-log-audit"])).len());
    let broken = accounts(&answer(&["acme-log-audit", "--filter", "state:broken"]));
    assert!(broken.contains(&"payments/ledger-v2".to_owned()), "{broken:?}");
    assert!(!broken.contains(&"checkout/pricing".to_owned()), "{broken:?}");
    let one = answer(&["--of", "checkout/gateway", "--filter", "role:acme-log-audit"]);
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    let word = answer(&["--of", "checkout/gateway", "--filter", "search"]);
    assert_eq!(word["items"][0]["role"], "arn:aws:iam::111122223333:role/acme-search-query");
    let wrong = run(&["acme-log-audit", "--filter", "colour:red"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("colour"), "{}", text(&wrong.stderr));
}

#[test]
fn every_format_answers_and_tables_say_who_else_is_trusted() {
    let table = run(&["acme-prod-node-general"]);
    assert!(text(&table.stdout).contains("1 other principal is trusted too: ec2.amazonaws.com"), "{table:?}");
    for format in ["table", "wide", "json", "jsonl", "csv", "markdown"] {
        let done = run(&["acme-checkout-gateway", "-o", format]);
        assert_eq!(done.status.code(), Some(0), "{format}: {}", text(&done.stderr));
        assert!(text(&done.stdout).contains("gateway"), "{format}: {}", text(&done.stdout));
    }
}

#[test]
fn what_is_not_there_is_named_with_what_there_is() {
    for (words, code) in [(&["nobody"][..], 3), (&["--of", "checkout/nobody"], 3), (&["--of", "nobody"], 2), (&[], 2)] {
        let done = run(words);
        assert_eq!(done.status.code(), Some(code), "{words:?}: {}", text(&done.stderr));
        assert!(!text(&done.stderr).is_empty() && done.stdout.is_empty(), "{words:?}");
    }
}
