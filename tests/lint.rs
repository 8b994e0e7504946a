//! `trust lint` and `trust eval` through the real binary: bad input gets line, column and a sentence, the
//! policy from articles its sentence, its twin the repair, and nothing hangs on a hostile document.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};

fn rolecall(words: &[&str], input: impl Into<Vec<u8>>) -> Output {
    Command::cargo_bin("rolecall").unwrap().args(words).write_stdin(input.into()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `trust lint` says of what is no policy at all.
#[track_caller]
fn refused(input: impl Into<Vec<u8>>, place: &str, sentence: &str) {
    let done = rolecall(&["trust", "lint", "-"], input);
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(done.stdout.is_empty() && said.contains(place) && said.contains(sentence), "{said}");
}

/// The lines of `trust lint`.
#[track_caller]
fn lints(input: impl Into<Vec<u8>>) -> Vec<String> {
    let done = rolecall(&["trust", "lint", "-"], input);
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    text(&done.stdout).lines().map(str::to_owned).collect()
}

/// The verdict of `trust eval` on a policy, asked by EC2.
fn evaluated(policy: &str) -> Value {
    let cluster =
        json!({"name": "prod", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod", "issuer": "https://i"});
    let case = json!({"id": "x", "mechanism": "node", "policy": policy, "request": {
        "role_arn": "arn:aws:iam::111122223333:role/r", "cluster": cluster, "namespace": "a", "service_account": "b",
        "now": "2026-11-23T10:15:00Z",
    }});
    let done = rolecall(&["trust", "eval"], format!("{case}\n"));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id";

#[test]
fn broken_json_is_told_where_and_why() {
    refused("", "line 1 column 1", "the document is empty");
    refused("{\n  \"Version\": \"2012-10-17\",\n}", "line 3 column 1", "a comma stands before the closing bracket");
    refused("{\n  \"Version\" \"2012-10-17\"}", "line 2 column 13", "not valid JSON");
    refused("{\n\n  \"Statement\": [", "line 3", "the document ends too early");
    refused("{} x", "line 1 column 4", "something follows the policy");
    refused("\u{feff}{}", "line 1 column 1", "byte order mark");
    refused("%7B%22Statement%22%3A%5B%5D%7D", "line 1 column 1", "URL-encoded");
    refused(b"{\n \"Id\": \"\xff\"}".to_vec(), "line 2 column 9", "not UTF-8");
}

#[test]
fn wrong_types_are_told_where_and_why() {
    refused("[]", "line 1 column 1", "a policy is a JSON object, this is a list");
    refused("\n \"{}\"", "line 2 column 2", "a policy is a JSON object, this is a string");
    for (policy, line) in [
        (r#"{"Statement": "all"}"#, "-:1:15: TRUST-REFUSED: a statement is an object, not a string"),
        (r#"{"Version": 2012, "Statement": []}"#, "-:1:13: TRUST-REFUSED: Version must be a string, not a number"),
        (
            r#"{"Statement": {"Effect": "Allow", "Principal": [], "Action": "sts:AssumeRole"}}"#,
            "-:1:48: TRUST-REFUSED: Principal must be an object with AWS, Service or Federated; \"*\" alone is refused here",
        ),
        (
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": 111122223333}, "Action": "sts:AssumeRole"}}"#,
            "-:1:56: TRUST-REFUSED: a principal is a string, not a number",
        ),
        (
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": {"sts": "AssumeRole"}}}"#,
            "-:1:72: TRUST-REFUSED: an action is a string, not an object",
        ),
        (
            r#"{"Statement": {"Effect": true, "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}"#,
            "-:1:26: TRUST-REFUSED: Effect is Allow or Deny (case-sensitive), not true",
        ),
        (
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": []}}"#,
            "-:1:103: TRUST-REFUSED: Condition must be an object, not a list",
        ),
    ] {
        let found = lints(policy);
        assert!(found.iter().any(|lint| lint == line), "{line}\n{found:#?}");
        assert_eq!(evaluated(policy)["verdict"], "invalid", "{policy}");
    }
}

#[test]
fn two_hundred_levels_of_nesting_are_a_wrong_type_like_any_other() {
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let found = lints(format!("{{\n \"Statement\": {nested}}}"));
    assert!(found[0].starts_with("-:2:16: TRUST-REFUSED: a statement is an object, not a list"), "{found:?}");
    let objects = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    let condition = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"k":{objects}}}}}}}}}"#
    );
    assert!(lints(condition.as_str()).iter().any(|lint| lint.contains("a value of k is a string, number or boolean")));
    let answer = evaluated(&condition);
    assert_eq!((answer["verdict"].as_str(), answer["line"].as_u64()), (Some("invalid"), Some(1)));
    refused("[".repeat(200), "line 1 column 20", "the document ends too early");
    let deep = format!("{{\"policy\": \"{{}}\", \"mechanism\": \"node\", \"request\": {nested}}}\n");
    let done = rolecall(&["trust", "eval"], deep);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("- line 1: the case is not JSON: recursion limit"), "{}", text(&done.stderr));
}

#[test]
fn a_policy_that_is_no_json_is_an_answer_of_eval_with_its_place() {
    let answer = evaluated("{\n \"Version\": }");
    assert_eq!(answer["verdict"], "invalid");
    assert_eq!((answer["line"].as_u64(), answer["column"].as_u64()), (Some(2), Some(13)));
    assert!(answer["reason"].as_str().unwrap().starts_with("line 2, column 13: "), "{answer}");
}

#[test]
fn the_policy_from_articles_is_told_that_its_key_ends_before_sub() {
    let article = format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{\n    \"Effect\": \"Allow\",\n    \"Principal\": {{\"Federated\": \
         \"arn:aws:iam::xxxxxxxxxxxx:oidc-provider/{ISSUER}/${{ID}}\"}},\n    \"Action\": \"sts:AssumeRoleWithWebIdentity\",\n    \
         \"Condition\": {{\n      \"StringEquals\": {{\n        \"{ISSUER}/${{ID}}\":sub\": \"system:serviceaccount:a:b\"\n      \
         }}\n    }}\n  }}]\n}}\n"
    );
    refused(article.as_str(), "line 9 column ", "the key ends before :sub");
    let mended = article.replace("\":sub\"", ":sub\"");
    let found = lints(mended.as_str());
    for line in [
        "-:5:32: TRUST-PLACEHOLDER: the placeholder ${ID} was never filled in",
        "-:9:9: TRUST-PLACEHOLDER: the placeholder ${ID} was never filled in",
    ] {
        assert!(found.iter().any(|lint| lint == line), "{line}\n{found:#?}");
    }
    let filled = mended.replace("${ID}", "AB");
    let account = "-:5:32: TRUST-PLACEHOLDER: the placeholder xxxxxxxxxxxx was never filled in";
    assert!(lints(filled.as_str()).iter().any(|lint| lint == account));
}

#[test]
fn its_twin_with_the_repeated_key_gets_the_repair() {
    let key = format!("{ISSUER}/AB:sub");
    let policy = format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{\n    \"Effect\": \"Allow\",\n    \"Principal\": {{\"Federated\": \
         \"arn:aws:iam::111122223333:oidc-provider/{ISSUER}/AB\"}},\n    \"Action\": \"sts:AssumeRoleWithWebIdentity\",\n    \
         \"Condition\": {{\n      \"StringEquals\": {{\n        \"{key}\": \"system:serviceaccount:a:b\",\n        \"{key}\": \
         \"system:serviceaccount:a:c\"\n      }}\n    }}\n  }}]\n}}\n"
    );
    let done = rolecall(&["trust", "lint", "-"], policy);
    assert_eq!(done.status.code(), Some(1));
    let said = format!(
        "-:10:9: TRUST-REFUSED: {key} stands here again (first at line 9, column 9): IAM refuses to save it, and which one \
         counts is undefined; write it once with a list of both service accounts\n"
    );
    assert_eq!(text(&done.stdout), said);
    let repair = text(&done.stderr);
    assert!(repair.contains("Makes one list of each repeated condition key."), "{repair}");
    let list = format!("+        \"{key}\": [\"system:serviceaccount:a:b\", \"system:serviceaccount:a:c\"]\n");
    assert!(repair.contains(&list), "{repair}");
}

/// Half a megabyte of the same thing.
fn much(piece: impl Fn(usize) -> String) -> String {
    repeated(500_000, piece)
}

fn repeated(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let (mut pieces, mut length) = (Vec::new(), 0);
    while length < bytes {
        let piece = piece(pieces.len());
        length += piece.len() + 1;
        pieces.push(piece);
    }
    pieces.join(",")
}

const EC2: &str = r#"{"Service":"ec2.amazonaws.com"}"#;
const ASSUME: &str = r#""sts:AssumeRole""#;

fn statement(principal: &str, action: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":{action},"Condition":{condition}}}]}}"#
    )
}

/// Both commands answer with a place and a sentence, and with no more than somebody reads.
#[track_caller]
fn answered(what: &str, policy: &str) {
    let linted = rolecall(&["trust", "lint", "-"], policy);
    let said = format!("{}{}", text(&linted.stdout), text(&linted.stderr));
    let start: String = said.chars().take(500).collect();
    assert!(matches!(linted.status.code(), Some(1 | 2)), "{what}: {start}");
    assert!(said.len() < 1_000_000, "{what}: nobody reads {} bytes", said.len());
    assert!(said.starts_with("-:1:") || said.contains("line "), "{what}: {start}");
    let answer = evaluated(policy);
    assert!(answer["reason"].as_str().is_some_and(|reason| reason.len() > 10), "{what}");
}

#[test]
fn ten_megabytes_are_answered() {
    let statements =
        repeated(10_000_000, |at| format!(r#"{{"Sid":"S{at}","Effect":"Allow","Principal":{EC2},"Action":{ASSUME}}}"#));
    answered("statements", &format!(r#"{{"Statement":[{statements}]}}"#));
    let values = repeated(10_000_000, |at| format!("\"arn:aws:ec2:*:{at}:*a*b\""));
    answered("values", &statement(EC2, ASSUME, &format!(r#"{{"ArnLike":{{"aws:SourceArn":[{values}]}}}}"#)));
    answered("one text", &format!(r#"{{"Id":"{}","Statement":[]}}"#, "x".repeat(10_000_000)));
    answered("brackets", &format!(r#"{{"Statement":{}{}}}"#, "[".repeat(5_000_000), "]".repeat(5_000_000)));
    answered("no end", &format!("{{\"Statement\":[]{}", "\n".repeat(10_000_000)));
}

/// Whatever is compared with everything else, or looked up for every element, would take hours.
#[test]
fn nothing_is_compared_with_everything_else() {
    let actions = |name: &str| format!("[{}]", much(|at| format!("\"{name}{at}\"")));
    answered("actions", &statement(EC2, &actions("sts:AssumeRol"), "{}"));
    answered("actions of another service", &statement(EC2, &actions("s3:Get"), "{}"));
    let providers = much(|at| format!(r#""arn:aws:iam::111122223333:oidc-provider/{ISSUER}/{at}""#));
    let subjects = much(|at| format!(r#""{ISSUER}/X{at}:sub":"a""#));
    let both = statement(
        &format!(r#"{{"Federated":[{providers}]}}"#),
        &actions("sts:AssumeRoleWithWebIdentit"),
        &format!(r#"{{"StringEquals":{{{subjects}}}}}"#),
    );
    answered("providers, actions and keys", &both);
    let condition = |members: String| statement(EC2, ASSUME, &format!(r#"{{"StringEquals":{{{members}}}}}"#));
    let operators = much(|at| format!(r#""StringEquals{at}":{{}}"#));
    answered("operators", &statement(EC2, ASSUME, &format!("{{{operators}}}")));
    // Keys again in the opposite order, so that the first of each stands further and further back.
    let back = much(|at| format!(r#""k{}":"a""#, if at < 22_000 { at } else { 44_000_usize.saturating_sub(at) }));
    answered("repeated keys", &condition(back));
    answered("unknown keys", &condition(much(|at| format!(r#""aws:Vpce{at}":"a""#))));
    answered("elements", &format!("{{{}}}", much(|at| format!(r#""e{at}":1"#))));
}
