//! One policy for each lint.

use super::*;

const OIDC: &str = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB";
const KEY: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AB";

fn codes(principal: &str, action: &str, condition: &str) -> Vec<&'static str> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":{action},"Condition":{condition}}}]}}"#
    );
    lints(&Document::parse(&text).unwrap()).into_iter().map(|lint| lint.code).collect()
}

fn irsa(condition: &str) -> Vec<&'static str> {
    codes(&format!(r#"{{"Federated":"{OIDC}"}}"#), r#""sts:AssumeRoleWithWebIdentity""#, condition)
}

#[test]
fn a_textbook_policy_has_no_lints() {
    let condition =
        format!(r#"{{"StringEquals":{{"{KEY}:sub":"system:serviceaccount:a:b","{KEY}:aud":"sts.amazonaws.com"}}}}"#);
    assert!(irsa(&condition).is_empty());
}

#[test]
fn a_policy_without_sub_is_too_open() {
    assert_eq!(irsa("{}"), ["TRUST-TOO-OPEN"]);
    assert_eq!(irsa(&format!(r#"{{"StringLike":{{"{KEY}:sub":"system:serviceaccount:*:b"}}}}"#)), ["TRUST-TOO-OPEN"]);
}

#[test]
fn mistakes_in_conditions_are_named() {
    assert!(
        irsa(&format!(r#"{{"StringEquals":{{"{KEY}:sub":"system:serviceaccount:a:*"}}}}"#))
            .contains(&"WILDCARD-STRINGEQUALS")
    );
    assert!(
        irsa(&format!(r#"{{"StringEquals":{{"{KEY}:aud":"system:serviceaccount:a:b"}}}}"#)).contains(&"AUD-VS-SUB")
    );
    assert!(
        irsa(&format!(r#"{{"StringEquals":{{"https://{KEY}:sub":"system:serviceaccount:a:b"}}}}"#))
            .contains(&"CONDITION-KEY-TYPO")
    );
    assert!(
        irsa(r#"{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/CD:sub":"system:serviceaccount:a:b"}}"#)
            .contains(&"CONDITION-KEY-TYPO")
    );
    assert!(
        irsa(r#"{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/${ID}:sub":"system:serviceaccount:a:b"}}"#)
            .contains(&"TRUST-PLACEHOLDER")
    );
}

#[test]
fn pod_identity_needs_tag_session() {
    let service = r#"{"Service":"pods.eks.amazonaws.com"}"#;
    let condition = r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#;
    assert_eq!(codes(service, r#""sts:AssumeRole""#, condition), ["PI-TRUST-INVALID"]);
    assert!(codes(service, r#"["sts:AssumeRole","sts:TagSession"]"#, condition).is_empty());
}

#[test]
fn a_pod_role_for_ec2_too_is_noticed() {
    let both = r#"{"Service":["pods.eks.amazonaws.com","ec2.amazonaws.com"]}"#;
    let condition = r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#;
    assert_eq!(codes(both, r#"["sts:AssumeRole","sts:TagSession"]"#, condition), ["TRUST-ALSO-EC2"]);
}

#[test]
fn a_repeated_sub_is_told_to_become_a_list() {
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"Federated":"{OIDC}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{KEY}:sub":"system:serviceaccount:a:b","{KEY}:sub":"system:serviceaccount:a:c"}}}}}}}}"#
    );
    let document = Document::parse(&text).unwrap();
    let found = lints(&document);
    assert!(found[0].message.contains("once with a list of both service accounts"));
    assert_eq!(document.line_column(found[0].span.start).0, 1);
}

#[test]
fn the_quota_is_noticed_at_eighty_percent_and_refused_beyond() {
    let document = Document::parse(&format!(r#"{{"Id":"{}","Statement":[]}}"#, "x".repeat(1700))).unwrap();
    assert_eq!(lints(&document)[0].severity, Severity::Notice);
    assert_eq!(lints_for(&document, 1000)[0].severity, Severity::Error);
    assert!(lints_for(&document, 4096).is_empty());
}
