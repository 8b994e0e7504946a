//! The statement that is handed out for a policy admits exactly whom it is for.

use super::world::{arn, inventory_with, now, role, sa};
use crate::domain::{change::Change, fact::Fact, identity::Mechanism, plan::statement::statement, trust::Verdict};

#[test]
fn a_policy_of_the_copied_statement_admits_that_service_account_and_no_other() {
    for mechanism in [Mechanism::Irsa, Mechanism::PodIdentity] {
        let known = inventory_with(Vec::new());
        let text = statement(&known, mechanism, &sa("payments/ledger"), now()).unwrap();
        let policy = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{text}]}}");
        let pasted = inventory_with(vec![Change::Roles(Fact::Known(vec![role("pasted", &policy)]))]);
        let verdict = |account: &str| {
            pasted.trust_decision(&arn("pasted"), &sa(account), mechanism, now()).map(|decision| decision.verdict)
        };
        assert_eq!(verdict("payments/ledger"), Some(Verdict::Allow), "{mechanism:?}\n{policy}");
        assert!(matches!(verdict("payments/api"), Some(Verdict::Deny { .. })), "{mechanism:?}\n{policy}");
    }
}

#[test]
fn no_trust_policy_is_about_other_mechanisms() {
    assert_eq!(statement(&inventory_with(Vec::new()), Mechanism::NodeRole, &sa("payments/api"), now()), None);
}
