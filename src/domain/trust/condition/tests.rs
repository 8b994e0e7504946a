//! One test per rule of the operators.

use crate::domain::trust::{Caller, ContextValue, Document, RawRequest, Verdict, evaluate_raw};

/// The verdict of an Allow with one condition on a call with these keys.
fn verdict(condition: &str, context: &[(&str, &[&str])]) -> Verdict {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"s.amazonaws.com"}},"Action":"sts:AssumeRole","Condition":{condition}}}}}"#
    );
    let value = |values: &[&str]| match values {
        [one] => ContextValue::One((*one).to_owned()),
        many => ContextValue::Many(many.iter().map(|v| (*v).to_owned()).collect()),
    };
    let request = RawRequest {
        caller: Caller::Service("s.amazonaws.com".to_owned()),
        action: "sts:AssumeRole".to_owned(),
        context: context.iter().map(|(key, values)| ((*key).to_owned(), value(values))).collect(),
        role_arn: String::new(),
    };
    evaluate_raw(&Document::parse(&text).unwrap(), &request).verdict
}

fn allows(condition: &str, context: &[(&str, &[&str])]) -> bool {
    match verdict(condition, context) {
        Verdict::Allow => true,
        Verdict::Deny { .. } => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_key_fails_positive_and_passes_negated_operators() {
    assert!(!allows(r#"{"StringEquals":{"k":"a"}}"#, &[]));
    assert!(allows(r#"{"StringNotEquals":{"k":"a"}}"#, &[]));
    assert!(allows(r#"{"StringEqualsIfExists":{"k":"a"}}"#, &[]));
    assert!(allows(r#"{"ForAllValues:StringEquals":{"k":"a"}}"#, &[]));
    assert!(!allows(r#"{"ForAnyValue:StringNotEquals":{"k":"a"}}"#, &[]));
}

#[test]
fn for_any_value_if_exists_on_a_missing_key_is_not_documented() {
    assert!(matches!(verdict(r#"{"ForAnyValue:StringEqualsIfExists":{"k":"a"}}"#, &[]), Verdict::Depends(_)));
}

#[test]
fn an_empty_string_is_null_for_null_and_set_operators() {
    assert!(allows(r#"{"Null":{"k":"true"}}"#, &[("k", &[""])]));
    assert!(!allows(r#"{"Null":{"k":false}}"#, &[("k", &[""])]));
    assert!(allows(r#"{"ForAllValues:StringEquals":{"k":"a"}}"#, &[("k", &[""])]));
    assert!(!allows(r#"{"ForAnyValue:StringEquals":{"k":""}}"#, &[("k", &[""])]));
}

#[test]
fn values_are_alternatives_for_positive_and_nor_for_negated_operators() {
    assert!(allows(r#"{"StringEquals":{"k":["a","b"]}}"#, &[("k", &["b"])]));
    assert!(!allows(r#"{"StringNotEquals":{"k":["a","b"]}}"#, &[("k", &["b"])]));
    assert!(allows(r#"{"ForAnyValue:StringNotEquals":{"k":["a"]}}"#, &[("k", &["a", "b"])]));
    assert!(!allows(r#"{"ForAllValues:StringNotEquals":{"k":["a"]}}"#, &[("k", &["a", "b"])]));
}

#[test]
fn a_plain_operator_on_a_multi_valued_key_is_not_documented() {
    assert!(matches!(
        verdict(r#"{"StringEquals":{"aws:TagKeys":"a"}}"#, &[("aws:TagKeys", &["a", "b"])]),
        Verdict::Depends(_)
    ));
}

#[test]
fn an_empty_value_list_follows_access_analyzer() {
    assert!(!allows(r#"{"ForAnyValue:StringEquals":{"k":[]}}"#, &[("k", &["a"])]));
    assert!(!allows(r#"{"ForAllValues:StringEquals":{"k":[]}}"#, &[("k", &["a"])]));
    assert!(allows(r#"{"StringEqualsIfExists":{"k":[]}}"#, &[]));
    assert!(matches!(verdict(r#"{"StringEquals":{"k":[]}}"#, &[("k", &["a"])]), Verdict::Depends(_)));
}

#[test]
fn a_variable_without_a_value_equals_nothing() {
    assert!(!allows(r#"{"StringEquals":{"k":"${aws:x}"}}"#, &[("k", &["a"])]));
    assert!(allows(r#"{"StringNotEquals":{"k":"${aws:x}"}}"#, &[("k", &["a"])]));
    assert!(allows(r#"{"StringEquals":{"k":"${aws:x, 'a'}"}}"#, &[("k", &["a"])]));
    assert!(allows(r#"{"StringEquals":{"k":"p-${AWS:X}"}}"#, &[("k", &["p-1"]), ("aws:x", &["1"])]));
}

#[test]
fn substituted_text_is_literal() {
    assert!(!allows(r#"{"StringLike":{"k":"${aws:x}"}}"#, &[("k", &["ab"]), ("aws:x", &["a*"])]));
    assert!(allows(r#"{"StringLike":{"k":"${aws:x}*"}}"#, &[("k", &["a*b"]), ("aws:x", &["a*"])]));
}

#[test]
fn an_unfinished_variable_is_not_documented() {
    assert!(matches!(verdict(r#"{"StringEquals":{"k":"${aws:x"}}"#, &[("k", &["a"])]), Verdict::Depends(_)));
}

#[test]
fn binary_values_are_compared_as_bytes() {
    assert!(allows(r#"{"BinaryEquals":{"k":"AQID"}}"#, &[("k", &["AQID"])]));
    assert!(!allows(r#"{"BinaryEquals":{"k":"AQID"}}"#, &[("k", &["AQIE"])]));
}

#[test]
fn addresses_are_compared_as_blocks_of_their_own_family() {
    assert!(!allows(r#"{"IpAddress":{"k":"0.0.0.0/0"}}"#, &[("k", &["::1"])]));
    assert!(allows(r#"{"IpAddress":{"k":"203.0.113.7"}}"#, &[("k", &["203.0.113.7"])]));
}

#[test]
fn a_lone_star_under_arn_like_is_not_documented() {
    let result = verdict(r#"{"ArnLike":{"aws:SourceArn":"*"}}"#, &[("aws:SourceArn", &["arn:aws:eks:r:1:cluster/x"])]);
    assert!(matches!(result, Verdict::Depends(_)));
    assert!(!allows(r#"{"ArnLike":{"aws:SourceArn":"*"}}"#, &[]));
}

#[test]
fn an_operator_in_another_letter_case_is_not_documented() {
    assert!(matches!(verdict(r#"{"stringequals":{"k":"a"}}"#, &[("k", &["a"])]), Verdict::Depends(_)));
}
