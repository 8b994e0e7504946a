use super::{Surroundings, allows_pod_identity, refuse};

fn refused(text: &str) -> (String, String) {
    let around = Surroundings {
        account: "111122223333",
        partition: "aws",
        quota: 2048,
        role_exists: &|arn| arn == "arn:aws:iam::111122223333:role/known",
    };
    match refuse(text, &around) {
        Ok(()) => (String::new(), String::new()),
        Err(failure) => (failure.code, failure.message),
    }
}

fn statement(body: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{body}}}]}}"#)
}

fn principal(value: &str) -> String {
    refused(&statement(&format!(r#""Principal":{value},"Action":"sts:AssumeRole""#))).1
}

#[test]
fn correct_documents_are_saved() {
    for body in [
        r#""Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]"#,
        r#""Principal":{"Federated":"arn:aws:iam::999999999999:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringLikeIfExists":{"a:sub":["x","y*"]}}"#,
        r#""Principal":{"AWS":["*","111122223333","arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:role/known"]},"Action":"sts:*""#,
        r#""Principal":{"Service":"ec2.amazonaws.com"},"NotAction":"sts:TagSession","Sid":"Nodes1""#,
    ] {
        assert_eq!(refused(&statement(body)), (String::new(), String::new()), "{body}");
    }
}

#[test]
fn broken_json_and_duplicates_are_malformed() {
    assert_eq!(refused("{"), ("MalformedPolicyDocument".to_owned(), "This policy contains invalid Json".to_owned()));
    let repeated = r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"a:sub":"x","a:sub":"y"}}"#;
    assert_eq!(refused(&statement(repeated)).1, "Syntax errors in policy.");
}

#[test]
fn version_sid_and_elements_are_checked() {
    let fine = r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole""#;
    assert_eq!(
        refused(&statement(fine).replace("2012-10-17", "2012-10-18")).1,
        "The policy must contain a valid version string"
    );
    assert!(refused(&statement(&format!(r#"{fine},"Sid":"a b""#))).1.starts_with("Statement IDs (SID) must be"));
    assert_eq!(refused(&statement(&format!(r#"{fine},"Resource":"*""#))).1, "Has prohibited field Resource");
    assert_eq!(refused(&statement(r#""Action":"sts:AssumeRole""#)).1, "Missing required field Principal");
    assert_eq!(refused(&statement(&format!(r#"{fine},"Extra":1"#))).1, "Syntax errors in policy.");
}

#[test]
fn principals_are_checked() {
    assert_eq!(principal(r#""*""#), r#"AssumeRolepolicy contained an invalid principal: "STAR":"*"."#);
    assert_eq!(
        principal(r#"{"AWS":"arn:aws:iam::111122223333:role/unknown"}"#),
        r#"Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/unknown""#
    );
    assert_eq!(principal(r#"{"AWS":"arn:aws:iam::999999999999:role/foreign"}"#), "");
    assert!(principal(r#"{"AWS":"arn:aws:iam::999999999999:role/a*"}"#).starts_with("Invalid principal"));
    assert!(principal(r#"{"AWS":"arn:aws-cn:iam::999999999999:root"}"#).starts_with("Invalid principal"));
    assert_eq!(
        principal(r#"{"Service":"pod.eks.amazonaws.com"}"#),
        r#"Invalid principal in policy: "SERVICE":"pod.eks.amazonaws.com""#
    );
    assert_eq!(
        principal(r#"{"Federated":"https://oidc.eks.eu-west-1.amazonaws.com/id/X"}"#),
        "Federated principals must be valid domain names or SAML metadata ARNs"
    );
    let not = statement(r#""NotPrincipal":{"AWS":"*"},"Action":"sts:AssumeRole""#);
    assert_eq!(refused(&not).1, "AssumeRole policy must not contain NotPrincipal field");
}

#[test]
fn actions_and_operators_are_checked() {
    let action = r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"s3:GetObject""#;
    assert_eq!(refused(&statement(action)).1, "AssumeRole policy may only specify STS AssumeRole actions.");
    let star = r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"*""#;
    assert_eq!(refused(&statement(star)).1, "AssumeRole policy may only specify STS AssumeRole actions.");
    let operator = r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringMatches":{"a":"b"}}"#;
    assert_eq!(refused(&statement(operator)).1, "Invalid Condition type : StringMatches.");
}

#[test]
fn white_space_does_not_count_against_the_quota() {
    let fine = statement(r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole""#);
    assert_eq!(refused(&format!("{fine}{}", " ".repeat(5000))).0, "");
    let long = fine.replace(
        "sts:AssumeRole\"",
        &format!("sts:AssumeRole\",\"Condition\":{{\"StringEquals\":{{\"a\":\"{}\"}}}}", "x".repeat(2048)),
    );
    assert_eq!(refused(&long), ("LimitExceeded".to_owned(), "Cannot exceed quota for ACLSizePerRole: 2048".to_owned()));
}

#[test]
fn characters_beyond_latin_1_are_refused() {
    assert_eq!(refused("{\"Version\":\"\u{20ac}\"}").0, "ValidationError");
}

#[test]
fn pod_identity_needs_both_actions_for_its_service() {
    let with = |actions: &str| {
        statement(&format!(
            r#""Principal":{{"Service":["ec2.amazonaws.com","pods.eks.amazonaws.com"]}},"Action":{actions}"#
        ))
    };
    assert!(allows_pod_identity(&with(r#"["sts:AssumeRole","sts:TagSession"]"#)));
    assert!(allows_pod_identity(&with(r#""sts:*""#)));
    assert!(!allows_pod_identity(&with(r#""sts:AssumeRole""#)));
    assert!(!allows_pod_identity(&with(r#"["sts:AssumeRole","sts:TagSession"]"#).replace("Allow", "Deny")));
    assert!(!allows_pod_identity("not json"));
}
