//! Positions, duplicates, and what is no policy at all.

use super::*;

#[test]
fn every_element_keeps_its_position() {
    let text = "{\n  \"Statement\": {\"Effect\": \"Allow\",\n   \"Principal\": {\"Service\": \"a.amazonaws.com\"}, \"Action\": [\"sts:AssumeRole\"],\n \"Condition\": {\"Bool\": {\"k\": true}}}\n}";
    let document = Document::parse(text).unwrap();
    let statement = &document.statements()[0];
    assert_eq!(document.slice(statement.principals[0].span), "\"a.amazonaws.com\"");
    assert_eq!(document.slice(statement.conditions[0].key_span), "\"k\"");
    assert_eq!(document.slice(statement.conditions[0].values[0].span), "true");
    assert_eq!(document.line_column(statement.principals[0].span.start), (3, 29));
    assert!(document.refusals().is_empty());
}

#[test]
fn every_duplicate_key_is_kept() {
    let text = r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Principal":{"Service":"a.b"},"Action":"sts:AssumeRole","Action":"sts:TagSession","Condition":{"StringEquals":{"k":"1","K":"2"}}}}"#;
    let document = Document::parse(text).unwrap();
    let names: Vec<_> = document.duplicates().map(|d| (d.name.as_str(), d.documented)).collect();
    assert_eq!(names, [("Effect", true), ("Action", true), ("K", false)]);
    let statement = &document.statements()[0];
    assert_eq!(statement.effect, Some(Effect::Allow));
    assert!(statement.covers("sts:AssumeRole") && statement.covers("sts:TagSession"));
    assert_eq!(statement.conditions.len(), 2);
}

fn error(text: &str) -> (usize, usize, String) {
    let error = Document::parse(text).unwrap_err();
    (error.line, error.column, error.message)
}

#[test]
fn the_articles_policy_is_told_that_its_key_ends_too_early() {
    let text = "{\"Statement\": [{\"Condition\": {\"StringEquals\": {\n  \"oidc.eks.eu-west-1.amazonaws.com/id/${ID}\":sub\": \"system:serviceaccount:a:b\"}}}]}";
    let (line, _, message) = error(text);
    assert_eq!(line, 2);
    assert!(message.starts_with("the key ends before :sub"), "{message}");
}

#[test]
fn broken_json_gets_line_column_and_a_sentence() {
    assert_eq!(error(""), (1, 1, "the document is empty; a policy is a JSON object".to_owned()));
    let (line, column, message) = error("{\n \"Version\": \"2012-10-17\",\n}");
    assert_eq!((line, message.contains("comma")), (3, true), "column {column}");
    assert!(error("{\"a\": 1").2.contains("ends too early"));
    assert!(error("{} {}").2.contains("one JSON object"));
    assert!(error("[1]").2.contains("this is a list"));
    assert!(error("\u{feff}{}").2.starts_with("a byte order mark"));
    assert!(error("%7B%22Version%22%3A%222012-10-17%22%7D").2.contains("URL-encoded"));
}

#[test]
fn deep_nesting_and_ten_megabytes_neither_overflow_nor_hang() {
    let deep = format!("{{\"Statement\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!Document::parse(&deep).unwrap().refusals().is_empty());
    let open = "[".repeat(200);
    assert!(error(&open).2.contains("ends too early"));
    let values = vec![format!("\"sts:{}\"", "x".repeat(1000)); 5_000].join(",");
    let large = format!(
        "{{\"Statement\":{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":[{values}]}},\"Action\":[{values}]}}}}"
    );
    assert!(large.len() > 10_000_000);
    assert!(!Document::parse(&large).unwrap().refusals().is_empty());
    assert!(error(&large[..large.len() - 2]).2.contains("ends too early"));
}

#[test]
fn white_space_does_not_count_towards_the_size() {
    assert_eq!(Document::parse("{ \"Statement\":\n\t[] }").unwrap().size(), 16);
}

#[test]
fn what_iam_refuses_is_kept_as_refusals() {
    let refusal = |statement: &str| {
        let document = Document::parse(&format!("{{\"Statement\":{statement}}}")).unwrap();
        document.refusals().first().map(|lint| lint.message.clone()).unwrap_or_default()
    };
    let with = |rest: &str| {
        refusal(&format!(r#"{{"Effect":"Allow","Principal":{{"Service":"a.b"}},"Action":"sts:AssumeRole"{rest}}}"#))
    };
    assert_eq!(with(""), "");
    assert!(with(r#","Resource":"*""#).contains("Resource is not allowed"));
    assert!(with(r#","condition":{}"#).contains("case-sensitive: Condition"));
    assert!(with(r#","Condition":{"StringEqual":{"k":"v"}}"#).contains("did you mean StringEquals?"));
    assert!(with(r#","Condition":{"NullIfExists":{"k":"true"}}"#).contains("unknown condition operator"));
    assert!(with(r#","Condition":{"StringEquals":{"k":{}}}"#).contains("not an object"));
    assert!(with(r#","Sid":"a b""#).contains("letters and digits"));
    assert!(
        refusal(r#"{"Effect":"allow","Principal":{"Service":"a.b"},"Action":"sts:AssumeRole"}"#)
            .contains("case-sensitive")
    );
    assert!(refusal(r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#).contains("must be an object"));
    assert!(
        refusal(
            r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::1:oidc-provider/*"},"Action":"sts:AssumeRole"}"#
        )
        .contains("wildcard")
    );
    assert!(
        refusal(r#"{"Effect":"Allow","Principal":{"Service":"a.b"},"Action":"s3:GetObject"}"#)
            .contains("only name actions of STS")
    );
    assert!(refusal(r#"{"Effect":"Allow","Principal":{"Service":"a.b"}}"#).contains("no Action"));
}

#[test]
fn many_places_are_told_in_one_walk_as_each_by_itself() {
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Id\": \"\u{e9}\u{4e2d}\", \"Statement\": []\n}\n";
    let document = Document::parse(text).unwrap();
    let mut places = document.places();
    let ascending = 0..=text.len() + 3;
    for offset in ascending.clone().chain(ascending.rev()) {
        assert_eq!(places.at(offset), document.line_column(offset), "{offset}");
    }
}
