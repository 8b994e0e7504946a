//! One test for each line of what IAM refuses at save time (trust-evaluation 9): where, and the sentence.

use super::*;

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "Nodes",
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole"
  }]
}
"#;

/// The refusals of a text: line, column, sentence.
fn refusals(text: &str) -> Vec<(usize, usize, String)> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return vec![(error.line, error.column, error.message)],
    };
    let refused = lints(&document).into_iter().filter(|lint| lint.code == "TRUST-REFUSED");
    let told = |lint: Lint| {
        let (line, column) = document.line_column(lint.span.start);
        (line, column, lint.message)
    };
    refused.map(told).collect()
}

/// The policy with one text in the place of another.
#[track_caller]
fn with(old: &str, new: &str) -> Vec<(usize, usize, String)> {
    assert!(POLICY.contains(old));
    refusals(&POLICY.replace(old, new))
}

/// Exactly one refusal, there, with this sentence.
#[track_caller]
fn one(old: &str, new: &str, line: usize, column: usize, sentence: &str) {
    assert_eq!(with(old, new), [(line, column, sentence.to_owned())]);
}

#[test]
fn the_policy_as_it_stands_is_not_refused() {
    assert_eq!(refusals(POLICY), []);
}

#[test]
fn json_syntax() {
    let (line, column, sentence) = with(r#""Effect": "Allow","#, r#""Effect": Allow,"#).remove(0);
    assert_eq!((line, column, sentence.as_str()), (5, 15, "a JSON value is missing or not quoted here"));
}

#[test]
fn more_than_one_object() {
    let (line, _, sentence) = refusals(&format!("{POLICY}{POLICY}")).remove(0);
    assert_eq!((line, sentence.as_str()), (10, "something follows the policy; a policy is one JSON object"));
}

#[test]
fn unknown_elements() {
    one(r#""Version": "2012-10-17","#, r#""Version": "2012-10-17", "Note": "x","#, 2, 28, "unknown element Note");
    let found = with(r#""Effect""#, r#""effect""#);
    let unknown = "unknown element effect; element names are case-sensitive: Effect".to_owned();
    assert!(found.contains(&(5, 5, unknown)), "{found:?}");
}

#[test]
fn missing_elements() {
    one(r#""Effect": "Allow","#, "", 3, 17, "the statement has no Effect");
    one(
        r#""Principal": {"Service": "ec2.amazonaws.com"},"#,
        "",
        3,
        17,
        "the statement has no Principal; a trust policy says who may",
    );
    one(
        r#""Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole""#,
        r#""Principal": {"Service": "ec2.amazonaws.com"}"#,
        3,
        17,
        "the statement has no Action",
    );
    assert_eq!(refusals(r#"{"Version": "2012-10-17"}"#), [(1, 1, "the policy has no Statement".to_owned())]);
}

#[test]
fn wrong_version() {
    one("2012-10-17", "2012-10-18", 2, 14, "Version is 2012-10-17 or 2008-10-17, not 2012-10-18");
    assert_eq!(with("2012-10-17", "2008-10-17"), []);
}

#[test]
fn duplicate_keys() {
    one(
        r#""Version": "2012-10-17","#,
        r#""Version": "2012-10-17", "Version": "2012-10-17","#,
        2,
        28,
        "Version stands here again (first at line 2, column 3): IAM refuses to save it, and which one counts is undefined",
    );
    one(
        r#""Effect": "Allow","#,
        r#""Effect": "Deny", "Effect": "Allow","#,
        5,
        23,
        "Effect stands here again (first at line 5, column 5): IAM refuses to save it, and in a stored policy the last one counts",
    );
    one(
        r#""Action": "sts:AssumeRole""#,
        r#""Action": "sts:AssumeRole", "Action": "sts:TagSession""#,
        7,
        33,
        "Action stands here again (first at line 7, column 5): IAM refuses to save it, and in a stored policy they are merged",
    );
    one(
        r#""Action": "sts:AssumeRole""#,
        r#""Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "1", "aws:sourceaccount": "2"}}"#,
        7,
        90,
        "aws:sourceaccount stands here again (first at line 7, column 64): IAM refuses to save it, and which one counts is undefined",
    );
}

#[test]
fn sids_of_letters_and_digits_each_once() {
    one("Nodes", "the nodes", 4, 12, "a Sid has letters and digits only");
    let again = r#"}, {
    "Sid": "Nodes", "Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"
  }]"#;
    one("}]", again, 8, 6, "Sid Nodes is used by two statements");
}

#[test]
fn the_star_alone_as_principal() {
    one(
        r#"{"Service": "ec2.amazonaws.com"}"#,
        r#""*""#,
        6,
        18,
        r#"Principal must be an object with AWS, Service or Federated; "*" alone is refused here"#,
    );
}

#[test]
fn not_principal() {
    one(
        r#""Principal""#,
        r#""NotPrincipal""#,
        6,
        5,
        "NotPrincipal is not allowed in a trust policy; name who may, or use a condition",
    );
}

#[test]
fn a_wildcard_inside_a_principal() {
    one("ec2.amazonaws.com", "*.amazonaws.com", 6, 30, "a wildcard is not allowed in a principal: *.amazonaws.com");
    one(
        r#""Service": "ec2.amazonaws.com""#,
        r#""AWS": "arn:aws:iam::111122223333:role/*""#,
        6,
        26,
        "a wildcard is not allowed in a principal: arn:aws:iam::111122223333:role/*",
    );
    assert_eq!(with(r#""Service": "ec2.amazonaws.com""#, r#""AWS": "*""#), [], "the whole value may be one");
}

#[test]
fn a_principal_of_an_unknown_kind() {
    one("Service", "Services", 6, 19, "Services is no kind of principal: AWS, Service or Federated");
}

#[test]
fn a_federated_value_that_is_neither_domain_nor_arn() {
    one(
        r#""Service": "ec2.amazonaws.com""#,
        r#""Federated": "my provider""#,
        6,
        32,
        "my provider is neither a domain name nor a provider ARN",
    );
}

#[test]
fn resource_and_not_resource() {
    for element in ["Resource", "NotResource"] {
        let sentence = format!("{element} is not allowed in a trust policy: the resource is the role itself");
        one(r#""Action":"#, &format!(r#""{element}": "*", "Action":"#), 7, 5, &sentence);
    }
}

#[test]
fn actions_of_other_services() {
    one("sts:AssumeRole", "s3:GetObject", 7, 15, "a trust policy may only name actions of STS, not s3:GetObject");
    one("sts:AssumeRole", "*", 7, 15, "a trust policy may only name actions of STS, not *");
}

#[test]
fn unknown_operators() {
    one(
        r#""Action":"#,
        r#""Condition": {"StringMatches": {"aws:SourceAccount": "1"}}, "Action":"#,
        7,
        19,
        "unknown condition operator StringMatches; did you mean StringEquals?",
    );
}

#[test]
fn condition_values_that_are_objects() {
    one(
        r#""Action":"#,
        r#""Condition": {"StringEquals": {"aws:RequestTag": {"team": "a"}}}, "Action":"#,
        7,
        54,
        "a value of aws:RequestTag is a string, number or boolean, not an object",
    );
}

#[test]
fn characters_beyond_latin_1() {
    one("Nodes", "N\u{f3}des", 4, 12, "a Sid has letters and digits only");
    let found = with("sts:AssumeRole", "sts:AssumeRole\u{2019}");
    assert_eq!(found, [(7, 30, "IAM takes only Latin-1 characters; this is U+2019".to_owned())]);
}

#[test]
fn a_document_beyond_the_quota_white_space_not_counted() {
    let spaced = POLICY.replace('\n', &format!("\n{}", " ".repeat(3000)));
    let length = |text: &str, quota: usize| {
        let document = Document::parse(text).unwrap();
        let found = lints_for(&document, quota).into_iter().find(|lint| lint.code == "TRUST-QUOTA");
        found.map(|lint| (lint.severity, lint.message))
    };
    assert_eq!(length(&spaced, DEFAULT_LENGTH_QUOTA), None);
    // Counted by hand, line by line.
    let size = [1, 23, 14, 14, 17, 44, 25, 2, 1].iter().sum::<usize>();
    let message = |quota: usize| format!("{size} of {quota} characters are used (white space does not count)");
    assert_eq!(length(&spaced, size), Some((Severity::Notice, message(size))));
    assert_eq!(length(&spaced, size - 1), Some((Severity::Error, message(size - 1))));
}
