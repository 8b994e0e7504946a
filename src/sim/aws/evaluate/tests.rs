//! Statements and questions with their answers by hand, from IAM's reference of policy elements.

use pretty_assertions::assert_eq;

use super::*;

fn context(pairs: &[(&str, &str)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        context.entry(key.to_ascii_lowercase()).or_default().push((*value).to_owned());
    }
    context
}

fn holds(condition: &str, pairs: &[(&str, &str)]) -> bool {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{condition}}}}}"#
    );
    let context = context(pairs);
    let question =
        Question { principal: None, action: "s3:GetObject", resource: Some("arn:aws:s3:::b/k"), context: &context };
    evaluate(&text, &question).is_allowed()
}

#[test]
fn an_absent_key_satisfies_only_negated_and_if_exists_and_all_values() {
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringEqualsIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("ArnNotLike", true),
        ("NotIpAddress", true),
        ("NumericLessThan", false),
    ] {
        assert_eq!(holds(&format!(r#"{{"{operator}":{{"aws:x":"1"}}}}"#), &[]), expected, "{operator}");
    }
    assert!(holds(r#"{"Null":{"aws:x":"true"}}"#, &[]));
    assert!(!holds(r#"{"Null":{"aws:x":"false"}}"#, &[]));
}

#[test]
fn operators_compare_as_their_names_say() {
    let request =
        [("aws:x", "Shop:cart"), ("aws:n", "5"), ("aws:ip", "10.1.2.3"), ("aws:a", "arn:aws:eks:r:1:cluster/c")];
    for (condition, expected) in [
        (r#"{"StringEquals":{"AWS:X":"Shop:cart"}}"#, true),
        (r#"{"StringEquals":{"aws:x":"shop:cart"}}"#, false),
        (r#"{"StringEqualsIgnoreCase":{"aws:x":"shop:cart"}}"#, true),
        (r#"{"StringEquals":{"aws:x":"Shop:*"}}"#, false),
        (r#"{"StringLike":{"aws:x":["a","Shop:c?r*"]}}"#, true),
        (r#"{"StringNotLike":{"aws:x":["a","Shop:*"]}}"#, false),
        (r#"{"NumericLessThanEquals":{"aws:n":5}}"#, true),
        (r#"{"NumericGreaterThan":{"aws:n":"5"}}"#, false),
        (r#"{"NumericNotEquals":{"aws:n":"4"}}"#, true),
        (r#"{"IpAddress":{"aws:ip":"10.0.0.0/8"}}"#, true),
        (r#"{"NotIpAddress":{"aws:ip":"10.0.0.0/8"}}"#, false),
        (r#"{"ArnLike":{"aws:a":"arn:aws:eks:*:1:cluster/*"}}"#, true),
        (r#"{"ArnLike":{"aws:a":"arn:*:cluster/c"}}"#, false),
        (r#"{"StringEquals":{"aws:x":"Shop:cart"},"NumericEquals":{"aws:n":"6"}}"#, false),
    ] {
        assert_eq!(holds(condition, &request), expected, "{condition}");
    }
}

#[test]
fn many_values_of_a_key_are_counted_by_the_set_operator() {
    let request = [("aws:TagKeys", "a"), ("aws:TagKeys", "b")];
    assert!(!holds(r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}"#, &request));
    assert!(holds(r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}"#, &request));
}

#[test]
fn variables_are_what_the_request_carries() {
    let condition = r#"{"StringEquals":{"aws:x":"${aws:PrincipalTag/team}-${*}"}}"#;
    assert!(holds(condition, &[("aws:x", "red-*"), ("aws:PrincipalTag/team", "red")]));
    assert!(!holds(condition, &[("aws:x", "red-b"), ("aws:PrincipalTag/team", "red")]));
    assert!(!holds(condition, &[("aws:x", "red-*")]));
    assert_eq!(pattern::variables("a${aws:username}b${*}"), ["aws:username"]);
}

#[test]
fn a_denial_wins_and_missing_keys_are_named() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","NotAction":"iam:*","Resource":"arn:aws:s3:::secret/*"},
        {"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"v"}}}]}"#;
    let context = Context::new();
    let ask = |resource| {
        evaluate(
            text,
            &Question { principal: None, action: "s3:GetObject", resource: Some(resource), context: &context },
        )
    };
    assert!(ask("arn:aws:s3:::open/k").is_allowed());
    let denied = ask("arn:aws:s3:::secret/k");
    assert_eq!((denied.is_allowed(), denied.denying), (false, vec![1]));
    assert!(denied.missing.contains("aws:SourceVpce"));
}

#[test]
fn principals_of_a_trust_policy_are_told_apart() {
    let role = Principal::Role("arn:aws:iam::111122223333:role/a".to_owned());
    let service = Principal::Service("pods.eks.amazonaws.com".to_owned());
    let context = Context::new();
    let admits = |principal: &str, asker: &Principal| {
        let text =
            format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#);
        let question = Question { principal: Some(asker), action: "sts:AssumeRole", resource: None, context: &context };
        evaluate(&text, &question).is_allowed()
    };
    assert!(admits(r#"{"Service":["ec2.amazonaws.com","pods.eks.amazonaws.com"]}"#, &service));
    assert!(!admits(r#"{"AWS":"*"}"#, &service));
    for principal in ["arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:root", "111122223333"] {
        assert!(admits(&format!(r#"{{"AWS":"{principal}"}}"#), &role), "{principal}");
    }
    assert!(!admits(r#"{"AWS":"arn:aws:iam::111122223333:role/b"}"#, &role));
}

#[test]
fn the_keys_of_a_document_are_those_of_conditions_and_variables() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}/*",
        "Condition":{"Bool":{"aws:SecureTransport":"true"}}}}"#;
    assert_eq!(keys(text).into_iter().collect::<Vec<_>>(), ["aws:SecureTransport", "aws:username"]);
}
