//! `rolecall trust allow` and `trust remove`: the smallest edit, in words, as data and for other tools.

use serde_json::Value;
use tempfile::tempdir;

use crate::{json, rolecall, run, stderr, stdout};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/5C1D9A7E3B6F4820A1B2C3D4E5F60718";

#[test]
fn the_plan_shows_the_difference_line_by_line_and_the_whole_command() {
    let done = run(&["trust", "allow", "acme-checkout-pricing", "checkout/web", "--demo", "--dry-run"]);
    let text = stdout(&done);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    for line in [
        "trust-allow acme-checkout-pricing".to_owned(),
        "1. edit the trust policy of acme-checkout-pricing: Admits checkout:web in statement 1.".to_owned(),
        "   iam:UpdateAssumeRolePolicy".to_owned(),
        "     roleName  acme-checkout-pricing".to_owned(),
        format!("     -          \"{ISSUER}:sub\": \"system:serviceaccount:checkout:pricing\""),
        format!("     +          \"{ISSUER}:sub\": ["),
        "     +            \"system:serviceaccount:checkout:web\"".to_owned(),
        "UNDO  Write the trust policy again as it was, byte for byte.".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.contains("$ aws iam update-assume-role-policy --role-name acme-checkout-pricing"), "{text}");
}

#[test]
fn several_service_accounts_are_one_step_and_the_data_has_both_texts_byte_for_byte() {
    let role = "acme-checkout-pricing";
    let plan = json(&["trust", "allow", role, "checkout/web", "search/crawler", "--demo", "--dry-run", "-o", "json"]);
    assert_eq!((&plan["kind"], &plan["subject"]), (&Value::from("trust-allow"), &Value::from(role)));
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!((steps.len(), &steps[0]["call"]), (1, &Value::from("iam:UpdateAssumeRolePolicy")));
    let (before, after) = (steps[0]["diff"]["before"].as_str().unwrap(), steps[0]["diff"]["after"].as_str().unwrap());
    assert_eq!(steps[0]["arguments"]["policyDocument"], after);
    let subject = |name: &str| format!("\"system:serviceaccount:{name}\"");
    let all = [subject("checkout:pricing"), subject("checkout:web"), subject("search:crawler")].join(",");
    assert_eq!(before.replace(&subject("checkout:pricing"), &format!("[{all}]")), after);
}

#[test]
fn the_mechanism_is_the_one_in_use_and_can_be_chosen() {
    for (words, wanted) in [
        (&["acme-payments-refunds", "payments/refunds"][..], "Adds sts:TagSession to statement 1."),
        (&["acme-payments-ledger", "payments/ledger-v2"], "Admits payments:ledger-v2 in statement 1."),
        (&["acme-data-warehouse-v2", "data/warehouse-loader"], "Adds the statement for EKS Pod Identity."),
        (&["acme-payments-ledger", "payments/x", "--by", "pod-identity"], "Adds the statement for EKS Pod Identity."),
    ] {
        let done = run(&[&["trust", "allow"], words, &["--demo", "--dry-run"]].concat());
        assert_eq!(done.status.code(), Some(0), "{words:?}: {}", stderr(&done));
        assert!(stdout(&done).contains(wanted), "{words:?}: {}", stdout(&done));
    }
}

#[test]
fn a_new_statement_is_narrowed_to_the_cluster_unless_told_otherwise() {
    let words = ["trust", "allow", "acme-data-warehouse-v2", "data/warehouse-loader", "--demo", "--dry-run"];
    for (narrow, source, tags) in [("account", false, false), ("cluster", true, false), ("service-account", true, true)]
    {
        let done = run(&[&words[..], &["--narrow", narrow]].concat());
        let text = stdout(&done);
        assert_eq!(
            text.contains("\"aws:SourceArn\": \"arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod\""),
            source
        );
        assert_eq!(text.contains("\"aws:RequestTag/kubernetes-service-account\": \"warehouse-loader\""), tags);
    }
}

#[test]
fn it_is_performed_journalled_and_not_done_twice() {
    let state = tempdir().unwrap();
    let words = ["trust", "allow", "acme-checkout-pricing", "checkout/web", "--demo", "--yes", "--reason", "TICKET-2"];
    let done = rolecall(state.path()).args(words).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let journal = std::fs::read_to_string(state.path().join("journal.jsonl")).unwrap();
    assert!(journal.contains("updateAssumeRolePolicy") && journal.contains("TICKET-2"), "{journal}");
    // Where there is nothing to be done nothing is done.
    let again = run(&["trust", "allow", "acme-checkout-pricing", "checkout/pricing", "--demo", "--yes"]);
    assert_eq!((again.status.code(), stderr(&again).as_str()), (Some(0), ""));
    assert!(stdout(&again).contains("it already is as wanted"), "{}", stdout(&again));
}

#[test]
fn an_edit_that_cannot_be_made_ends_with_one_and_bad_input_with_two() {
    let last = run(&["trust", "remove", "acme-checkout-pricing", "checkout/pricing", "--demo", "--yes"]);
    assert_eq!(last.status.code(), Some(1), "{}", stderr(&last));
    assert!(stdout(&last).contains("it is the only statement"), "{}", stdout(&last));
    for (words, rule) in [
        (["acme-checkout-pricin", "checkout/web"], "Did you mean `acme-checkout-pricing`"),
        (["arn:aws:s3:::bucket", "checkout/web"], "is not the ARN of an IAM role"),
        (["arn:aws:iam::444455556666:role/data", "checkout/web"], "it is in account 444455556666"),
        (["acme-checkout-pricing", "checkout/web_v1"], "cannot be a service account"),
        (["acme-checkout-pricing", "web"], "a namespace and a name are needed"),
    ] {
        let done = run(&[&["trust", "allow"], &words[..], &["--demo", "--yes"]].concat());
        assert_eq!(done.status.code(), Some(2), "{words:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(rule), "{words:?}: {}", stderr(&done));
    }
}

#[test]
fn other_tools_get_the_whole_policy() {
    let words = ["trust", "allow", "acme-checkout-pricing", "checkout/web", "--demo", "-o"];
    for (format, wanted) in [
        ("aws-cli", "aws iam update-assume-role-policy --role-name acme-checkout-pricing"),
        ("terraform", "resource \"aws_iam_role\" \"acme-checkout-pricing\" {"),
        ("cloudformation", "    Type: AWS::IAM::Role"),
        ("ack", "kind: Role"),
        ("eksctl", "# eksctl cannot say this: the trust policy of acme-checkout-pricing becomes"),
    ] {
        let done = run(&[&words[..], &[format]].concat());
        assert_eq!((done.status.code(), stderr(&done).as_str()), (Some(0), ""), "{format}");
        assert!(stdout(&done).lines().any(|line| line.starts_with(wanted)), "{format}: {}", stdout(&done));
        assert!(stdout(&done).contains("system:serviceaccount:checkout:web"), "{format}: {}", stdout(&done));
    }
}
