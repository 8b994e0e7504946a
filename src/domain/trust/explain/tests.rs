//! What a denial says, for each way of getting a trust policy wrong.

use crate::domain::trust::{Cluster, Decision, Document, Request, Role, Verdict, evaluate};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/4A1F0C9B7D3E58264A1F0C9B7D3E5826";
const OTHER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/99999999999999999999999999999999";

fn cluster() -> Cluster {
    Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", &format!("https://{ISSUER}"))
}

fn request() -> Request {
    let role = Role::new("arn:aws:iam::111122223333:role/payments-api");
    Request::irsa(role, cluster(), "payments", "api", "2026-11-23T10:15:00Z".parse().unwrap())
}

fn pod_identity() -> Request {
    Request::pod_identity(request().role, cluster(), "payments", "api", request().now)
}

fn irsa(provider: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}]}}"#
    )
}

fn ours(condition: &str) -> (Document, Decision) {
    decide(&irsa(&request().provider_arn(), condition), &request())
}

fn decide(text: &str, request: &Request) -> (Document, Decision) {
    let document = Document::parse(text).unwrap();
    let decision = evaluate(&document, request);
    (document, decision)
}

fn marked((document, decision): &(Document, Decision)) -> String {
    document.slice(decision.span.unwrap()).to_owned()
}

#[test]
fn a_renamed_service_account_is_named_with_what_the_policy_admits() {
    let result = ours(&format!(r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:payments:api-v1"}}}}"#));
    assert_eq!(
        result.1.reason,
        "The trust policy of payments-api admits payments:api-v1; these pods run as payments:api."
    );
    assert_eq!(result.1.code, Some("IRSA-SUB-MISMATCH"));
    assert_eq!(result.1.statement, Some(0));
    assert_eq!(marked(&result), r#""system:serviceaccount:payments:api-v1""#);
    assert!(result.1.hint.unwrap().starts_with("Did you mean system:serviceaccount:payments:api"));
    assert_eq!(result.1.found.as_deref(), Some("system:serviceaccount:payments:api"));
}

#[test]
fn a_wildcard_under_string_equals_is_literal() {
    let result = ours(&format!(r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:payments:*"}}}}"#));
    assert_eq!(result.1.code, Some("WILDCARD-STRINGEQUALS"));
    assert_eq!(
        result.1.reason,
        "The trust policy of payments-api compares with system:serviceaccount:payments:* by StringEquals, where * and ? are \
         ordinary characters; these pods run as payments:api."
    );
    assert_eq!(marked(&result), r#""system:serviceaccount:payments:*""#);
    assert_eq!(result.1.hint.as_deref(), Some("Did you mean StringLike? It would admit payments:api."));
}

#[test]
fn a_service_account_under_aud_belongs_under_sub() {
    let result = ours(&format!(r#"{{"StringEquals":{{"{ISSUER}:aud":"system:serviceaccount:payments:api"}}}}"#));
    assert_eq!(result.1.code, Some("AUD-VS-SUB"));
    assert_eq!(
        result.1.reason,
        "The trust policy of payments-api compares :aud, the token's audience, with a service account; that belongs under :sub."
    );
    assert_eq!(marked(&result), format!(r#""{ISSUER}:aud""#));
    assert_eq!(result.1.hint, Some(format!("Did you mean {ISSUER}:sub?")));
}

#[test]
fn the_scheme_in_a_key_is_a_typo() {
    let result =
        ours(&format!(r#"{{"StringEquals":{{"https://{ISSUER}:sub":"system:serviceaccount:payments:api"}}}}"#));
    assert_eq!(result.1.code, Some("CONDITION-KEY-TYPO"));
    assert_eq!(
        result.1.reason,
        format!(
            "The trust policy of payments-api has a condition on https://{ISSUER}:sub, a key that no call carries."
        )
    );
    assert_eq!(marked(&result), format!(r#""https://{ISSUER}:sub""#));
    assert_eq!(
        result.1.hint.as_deref(),
        Some(format!("Did you mean {ISSUER}:sub? Condition keys carry the issuer without https://.").as_str())
    );
}

#[test]
fn other_spellings_of_the_key_are_typos_too() {
    let swapped = ISSUER.replace("oidc.eks.eu-west-1", "oidc.eu-west-1.eks");
    for key in [
        format!("{ISSUER}/:sub"),
        format!("{ISSUER}.sub"),
        ISSUER.to_owned(),
        format!("{swapped}:sub"),
        format!("{ISSUER}:subs"),
    ] {
        let result = ours(&format!(r#"{{"StringEquals":{{"{key}":"system:serviceaccount:payments:api"}}}}"#));
        assert_eq!(result.1.code, Some("CONDITION-KEY-TYPO"), "{key}");
        assert!(result.1.hint.unwrap().contains(&format!("{ISSUER}:sub")));
    }
}

#[test]
fn a_key_of_another_issuer_is_foreign() {
    let result = ours(&format!(r#"{{"StringEquals":{{"{OTHER}:sub":"system:serviceaccount:payments:api"}}}}"#));
    assert_eq!(result.1.code, Some("IRSA-FOREIGN-ISSUER"));
    assert_eq!(
        result.1.reason,
        format!(
            "The trust policy of payments-api has its condition on {OTHER}:sub, the issuer of another cluster; this is prod."
        )
    );
    assert_eq!(marked(&result), format!(r#""{OTHER}:sub""#));
    assert_eq!(result.1.hint, Some(format!("The key of this cluster begins with {ISSUER}.")));
}

#[test]
fn a_provider_that_differs_in_a_few_characters_is_offered_as_it_should_be() {
    let cut = &ISSUER[..ISSUER.len() - 2];
    let named = format!("arn:aws:iam::111122223333:oidc-provider/{cut}");
    let result = decide(&irsa(&named, "{}"), &request());
    assert_eq!(result.1.code, Some("IRSA-FOREIGN-ISSUER"));
    assert_eq!(
        result.1.reason,
        format!("The trust policy of payments-api trusts {named}, which is not the OIDC provider of cluster prod.")
    );
    assert_eq!(marked(&result), format!("\"{named}\""));
    let wanted = request().provider_arn();
    assert_eq!(result.1.hint, Some(format!("Did you mean {wanted}? It differs in a few characters.")));
}

#[test]
fn a_provider_of_another_cluster_or_account_is_foreign() {
    let condition = format!(r#"{{"StringEquals":{{"{OTHER}:sub":"system:serviceaccount:payments:api"}}}}"#);
    let other = decide(&irsa(&format!("arn:aws:iam::111122223333:oidc-provider/{OTHER}"), &condition), &request());
    assert_eq!(other.1.code, Some("IRSA-FOREIGN-ISSUER"));
    let condition = format!(r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:payments:api"}}}}"#);
    let account = decide(&irsa(&format!("arn:aws:iam::444455556666:oidc-provider/{ISSUER}"), &condition), &request());
    assert_eq!(account.1.code, Some("IRSA-FOREIGN-ISSUER"));
    assert!(account.1.reason.contains("444455556666"));
    let scheme = decide(&irsa(&format!("arn:aws:iam::111122223333:oidc-provider/https://{ISSUER}"), "{}"), &request());
    assert_eq!(scheme.1.code, Some("CONDITION-KEY-TYPO"));
}

#[test]
fn a_wrong_audience_names_both() {
    let result = ours(&format!(r#"{{"StringEquals":{{"{ISSUER}:aud":"https://{ISSUER}"}}}}"#));
    assert_eq!(result.1.code, Some("IRSA-AUDIENCE"));
    assert_eq!(result.1.found.as_deref(), Some("sts.amazonaws.com"));
}

#[test]
fn a_placeholder_that_was_never_filled_in_is_named() {
    let result = ours(
        r#"{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/${ID}:sub":"system:serviceaccount:payments:api"}}"#,
    );
    assert_eq!(result.1.code, Some("TRUST-PLACEHOLDER"));
    assert!(result.1.reason.contains("${ID}"));
}

#[test]
fn a_policy_without_a_statement_for_web_identities_is_lost() {
    let ec2 =
        r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    assert_eq!(decide(ec2, &request()).1.code, Some("TRUST-LOST"));
}

#[test]
fn a_missing_tag_session_is_named_and_marked() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    let result = decide(text, &pod_identity());
    assert_eq!(result.1.code, Some("PI-TRUST-INVALID"));
    assert_eq!(marked(&result), r#""sts:AssumeRole""#);
    assert_eq!(
        result.1.reason,
        "The trust policy of payments-api allows sts:AssumeRole to pods.eks.amazonaws.com but not sts:TagSession, which EKS \
         needs for its session tags."
    );
    assert_eq!(
        result.1.hint.as_deref(),
        Some(
            "Add sts:TagSession beside sts:AssumeRole in the statement for pods.eks.amazonaws.com, or disable session tags."
        )
    );
}

#[test]
fn a_source_arn_of_another_cluster_is_named() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:eks:eu-west-1:111122223333:cluster/staging"}}}}"#;
    let result = decide(text, &pod_identity());
    assert_eq!(result.1.code, Some("PI-TRUST-CONDITION"));
    assert_eq!(
        result.1.reason,
        "The trust policy of payments-api admits payments:api only if aws:SourceArn is \
         arn:aws:eks:eu-west-1:111122223333:cluster/staging; the call carries arn:aws:eks:eu-west-1:111122223333:cluster/prod."
    );
    assert_eq!(
        result.1.hint.as_deref(),
        Some(
            "aws:SourceArn is the cluster's ARN, arn:aws:eks:eu-west-1:111122223333:cluster/prod; the one in the policy is of \
             another cluster."
        )
    );
    assert!(marked(&decide(text, &pod_identity())).contains("cluster/staging"));
}

#[test]
fn a_misspelled_session_tag_gets_the_right_one() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:RequestTag/kubernetes_namespace":"payments"}}}}"#;
    let result = decide(text, &pod_identity());
    assert_eq!(result.1.hint.as_deref(), Some("Did you mean aws:RequestTag/kubernetes-namespace?"));
}

#[test]
fn an_allowance_names_the_statement() {
    let result = ours(&format!(r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:payments:api"}}}}"#));
    assert_eq!(result.1.verdict, Verdict::Allow);
    assert_eq!(result.1.reason, "The trust policy of payments-api admits payments:api by statement 1.");
}

#[test]
fn a_dependency_says_what_would_settle_it() {
    let result = ours(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
    assert_eq!(result.1.verdict, Verdict::Depends(vec!["aws:SourceIp".to_owned()]));
    assert!(
        result.1.reason.ends_with("statement 1 allows it if aws:SourceIp is in 10.0.0.0/8."),
        "{}",
        result.1.reason
    );
}

#[test]
fn an_explicit_denial_names_the_deny() {
    let provider = request().provider_arn();
    let text = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity"}},{{"Sid":"Closed","Effect":"Deny","Principal":{{"Federated":"{provider}"}},"Action":"sts:*","Condition":{{"StringLike":{{"{ISSUER}:sub":"*:payments:*"}}}}}}]}}"#
    );
    let result = decide(&text, &request());
    assert_eq!(result.1.verdict, Verdict::Deny { explicit: true });
    assert_eq!(result.1.statement, Some(1));
    assert!(result.1.reason.contains("statement 2 (Closed)"), "{}", result.1.reason);
}

#[test]
fn a_repeated_subject_key_is_undefined_and_gets_the_repair() {
    let result = ours(&format!(
        r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:payments:api","{ISSUER}:sub":"system:serviceaccount:payments:web"}}}}"#
    ));
    assert_eq!(result.1.verdict, Verdict::Depends(vec!["undocumented:duplicate-key".to_owned()]));
    assert!(result.1.hint.unwrap().contains("once with a list"));
}
