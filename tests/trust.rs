//! The trust engine from outside: all evaluation cases, agreement with a second, naive
//! evaluator written here from the specification, and the promises of edits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "trust/edits.rs"]
mod edits;
#[path = "trust/naive.rs"]
mod naive;

use std::error::Error;

use rolecall::domain::trust::eval_case;
use serde_json::{Value, json};

/// Compared with four other evaluators.
const CASES: &str = include_str!("trust/cases.jsonl");
/// Derived by hand from the specification's sections, which each names.
const BY_HAND: &str = include_str!("trust/by_hand.jsonl");

fn keys(value: &Value) -> Vec<String> {
    let mut keys: Vec<String> =
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
    keys.sort();
    keys
}

/// What is wrong with the answers to a file of cases.
fn wrong(cases: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line)?;
        let result = eval_case(line)?;
        let expected = &case["expected"];
        let accepted = keys(&expected["accept"]).contains(&result["verdict"].as_str().unwrap_or_default().to_owned());
        let depends = expected["depends_on"].is_null() || keys(&expected["depends_on"]) == keys(&result["depends_on"]);
        if !accepted || !depends || result["id"] != case["id"] {
            wrong.push(format!("{} {}: {result} expected {expected}", case["id"], case["title"]));
        }
    }
    Ok(wrong)
}

#[test]
fn every_case_gets_an_accepted_verdict_and_the_expected_keys() -> Result<(), Box<dyn Error>> {
    assert_eq!(wrong(CASES)?, Vec::<String>::new());
    assert_eq!(CASES.lines().count(), 299);
    Ok(())
}

#[test]
fn every_case_derived_by_hand_is_decided_as_the_specification_says() -> Result<(), Box<dyn Error>> {
    assert_eq!(wrong(BY_HAND)?, Vec::<String>::new());
    let ids: std::collections::BTreeSet<String> = BY_HAND
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).map(|case| case["id"].to_string()))
        .collect::<Result<_, _>>()?;
    assert_eq!(ids.len(), BY_HAND.lines().count());
    assert!(ids.len() >= 199);
    Ok(())
}

#[test]
fn every_case_has_a_reason_and_every_denial_a_mark() -> Result<(), Box<dyn Error>> {
    for line in CASES.lines().chain(BY_HAND.lines()) {
        let result = eval_case(line)?;
        assert!(result["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{result}");
        let marked = result["line"].is_number() && result["column"].is_number();
        let placed = matches!(result["verdict"].as_str(), Some("deny" | "allow"));
        let no_allow = result["reason"].as_str().is_some_and(|reason| reason.contains("no Allow statement"));
        assert!(marked || !placed || no_allow, "{result}");
    }
    Ok(())
}

#[test]
fn a_line_that_is_no_case_gets_a_sentence() {
    assert!(eval_case("{").is_err_and(|error| error.contains("not JSON")));
    assert!(eval_case("{}").is_err_and(|error| error.contains("policy is missing")));
    let case = json!({"policy": "{}", "mechanism": "telepathy", "request": {}}).to_string();
    assert!(eval_case(&case).is_err_and(|error| error.contains("telepathy")));
}
