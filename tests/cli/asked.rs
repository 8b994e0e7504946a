//! What is asked of AWS only on request: it is said first, confirmed, and its exit code tells the answer.

use super::{json, run, stderr, stdout};

#[test]
fn a_proof_says_first_what_it_does_and_asks_nobody_without_a_yes() {
    let words = ["prove", "sa", "payments/payments-api", "--demo"];
    let asked = run(&words);
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    assert!(stderr(&asked).contains("security teams alert on it"), "{}", stderr(&asked));
    assert!(stderr(&asked).contains("give --yes") && stdout(&asked).is_empty(), "{}", stderr(&asked));
    let proven = run(&[&words[..], &["--yes"]].concat());
    assert_eq!(proven.status.code(), Some(0), "{}", stderr(&proven));
    assert!(stdout(&proven).contains("payments/payments-api: proven"), "{}", stdout(&proven));
    assert!(stdout(&proven).contains("from this machine"), "{}", stdout(&proven));
    let item = json(&[&words[..], &["--yes", "-o", "json"]].concat())["items"][0]["proven"].clone();
    assert_eq!((&item["verdict"], &item["code"]), (&"ok".into(), &serde_json::Value::Null));
    assert_eq!(item["roleArn"], "arn:aws:iam::111122223333:role/acme-payments-api");
}

#[test]
fn a_namespace_is_proven_only_by_its_count() {
    let words = ["prove", "ns", "payments", "--demo", "--yes"];
    let asked = run(&words);
    assert_eq!(asked.status.code(), Some(2), "--yes alone is not enough: {}", stderr(&asked));
    let said = stderr(&asked);
    let count: String = said.split("Prove ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    assert_eq!(run(&[&words[..], &["--count", "999"]].concat()).status.code(), Some(2));
    let proven = run(&[&words[..], &["--count", &count]].concat());
    assert!(stdout(&proven).contains("proven,"), "{}{}", stdout(&proven), stderr(&proven));
}

#[test]
fn what_may_be_done_is_told_by_the_exit_code_with_the_limits_on_screen() {
    let ask = |action: &'static str| run(&["can", "sa", "payments/payments-api", action, "--demo"]);
    let yes = ask("sqs:SendMessage");
    assert_eq!(yes.status.code(), Some(0), "{}{}", stdout(&yes), stderr(&yes));
    assert!(stdout(&yes).contains("AmazonSQSFullAccess") && stdout(&yes).contains("> "), "{}", stdout(&yes));
    assert!(stdout(&yes).contains("Not evaluated: resource policies"), "{}", stdout(&yes));
    assert_eq!(ask("s3:GetObject").status.code(), Some(1));
    for (action, says) in [("s3:Get*", "wildcards"), ("GetObject", "names no service and action")] {
        let wrong = ask(action);
        assert_eq!(wrong.status.code(), Some(2), "{action}");
        assert!(stderr(&wrong).contains(says), "{}", stderr(&wrong));
    }
    assert!(stderr(&ask("sqs:SendMesage")).contains("sqs:SendMessage was meant?"));
    let no_arn = run(&["who-can", "s3:GetObject", "bucket/key", "--demo"]);
    assert_eq!(no_arn.status.code(), Some(2));
    assert!(stderr(&no_arn).contains("Write an ARN"), "{}", stderr(&no_arn));
}

#[test]
fn what_changed_says_its_cost_and_hides_who_did_it() {
    let done = run(&["changed", "acme-payments-api", "--demo"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stderr(&done).contains("to CloudTrail at 2 a second"), "{}", stderr(&done));
    assert!(stderr(&done).contains("Nothing was changed in the last 24 hours"), "{}", stderr(&done));
    assert_eq!(run(&["changed", "nobody", "--demo"]).status.code(), Some(3));
}
