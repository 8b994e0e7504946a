//! Session names and the pods they may mean (identity-resolution 4.5).

use super::lookup::is_session_of;

const START: &str = "eks-acme-prod-";
const UUID: &str = "3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";

fn session(pod: &str) -> String {
    format!("{START}{pod}-{UUID}").chars().take(64).collect()
}

#[test]
fn a_session_name_with_its_whole_uuid_is_of_exactly_one_name() {
    let name = session("cart-0");
    assert!(is_session_of(&name, START, "cart-0"));
    assert!(!is_session_of(&name, START, "cart"));
    assert!(!is_session_of(&name, START, "cart-0-3f2c1b0a"));
}

#[test]
fn a_session_name_with_a_cut_uuid_is_still_of_one_name() {
    let name = session("ledger-5f6c7d8e9-abcde");
    assert_eq!(name.len(), 64);
    assert!(is_session_of(&name, START, "ledger-5f6c7d8e9-abcde"));
    assert!(!is_session_of(&name, START, "ledger-5f6c7d8e9"));
    assert!(!is_session_of(&name, START, "ledger"));
}

#[test]
fn a_session_name_with_a_cut_pod_name_may_be_of_several() {
    let name = session("reporting-warehouse-nightly-aggregation-v2-28512345-abcde");
    assert!(is_session_of(&name, START, "reporting-warehouse-nightly-aggregation-v2-28512345-abcde"));
    assert!(is_session_of(&name, START, "reporting-warehouse-nightly-aggregation-v2-28512346-fghij"));
    assert!(!is_session_of(&name, START, "reporting-warehouse-nightly-aggregation-v1-28512345-abcde"));
}
