//! The data that the binary prints for the demo world, against `assets/schema`: every field is
//! listed there, nothing required is missing, every word is one of those allowed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/binary.rs"]
#[allow(dead_code)]
mod binary;
#[path = "support/schema.rs"]
mod schema;

use binary::printed;
use rolecall::report::Kind;
use schema::{Schemas, kebab};
use serde_json::json;

#[test]
fn every_list_of_the_demo_world_is_as_its_schema_says() {
    let schemas = Schemas::load();
    for kind in Kind::ALL {
        let answer = printed(&["get", kind.word(), "--demo", "-o", "json"]);
        assert!(!answer["items"].as_array().unwrap().is_empty(), "{}", kind.word());
        let name = kebab(answer["kind"].as_str().unwrap());
        assert_eq!(schemas.problems(&name, &answer), Vec::<String>::new(), "{name}.json");
    }
}

#[test]
fn who_could_become_what_is_as_its_schema_says_in_both_directions() {
    let schemas = Schemas::load();
    for words in [
        &["who", "acme-log-audit", "--demo", "-o", "json"][..],
        &["who", "acme-log-shipper", "--demo", "-o", "json"],
        &["who", "--of", "checkout/gateway", "--demo", "-o", "json"],
    ] {
        let answer = printed(words);
        assert!(!answer["items"].as_array().unwrap().is_empty(), "{words:?}");
        assert_eq!(schemas.problems("admission-list", &answer), Vec::<String>::new(), "{words:?}");
    }
}

#[test]
fn plans_are_as_their_schema_says() {
    let schemas = Schemas::load();
    let role = "acme-payments-api";
    for words in [
        &["associate", "checkout/pricing", "--role", role, "--dry-run", "-o", "json", "--demo"][..],
        &["dissociate", "payments/payments-api", "--dry-run", "-o", "json", "--demo"][..],
        &["trust", "allow", "acme-checkout-pricing", "checkout/web", "--dry-run", "-o", "json", "--demo"][..],
    ] {
        assert_eq!(schemas.problems("plan", &printed(words)), Vec::<String>::new(), "{words:?}");
    }
}

#[test]
fn what_is_asked_of_aws_on_request_is_as_its_schema_says() {
    let schemas = Schemas::load();
    let object = "arn:aws:s3:::acme-data/k";
    for (name, words) in [
        ("service-account-list", &["prove", "sa", "payments/payments-api", "--yes", "-o", "json", "--demo"][..]),
        ("access-list", &["can", "sa", "payments/payments-api", "s3:GetObject", object, "-o", "json", "--demo"]),
        ("access-list", &["who-can", "s3:GetObject", object, "--all", "-o", "json", "--demo"]),
        ("event-list", &["changed", "payments/payments-api", "-o", "json", "--demo"]),
    ] {
        let answer = printed(words);
        assert_eq!(schemas.problems(name, &answer), Vec::<String>::new(), "{words:?}");
        assert!(name == "event-list" || !answer["items"].as_array().unwrap().is_empty(), "{words:?}");
    }
}

#[test]
fn the_check_fails_on_fields_that_are_not_listed_missing_or_of_another_kind() {
    let schemas = Schemas::load();
    let mut answer = printed(&["get", "nodes", "--demo", "-o", "json"]);
    answer["items"][0]["surprise"] = json!(1);
    answer["items"][0]["imds"].as_object_mut().unwrap().remove("hopLimit");
    answer["items"][0]["agent"] = json!("perhaps");
    answer["items"][0]["pods"] = json!("many");
    let problems = schemas.problems("node-list", &answer).join("\n");
    for expected in ["surprise: not listed", "imds: `hopLimit` is missing", "agent: \"perhaps\"", "pods: \"many\""] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}

#[test]
fn every_schema_is_one_that_the_check_understands_and_every_reference_leads_somewhere() {
    Schemas::load().examine();
}
