use aws_credential_types::provider::error::CredentialsError;

use super::*;
use crate::aws::tests::{json_error, session, xml_error};
use crate::domain::fact::Fact;

const DENIED: &str = "User: arn:aws:sts::111122223333:assumed-role/dev/ann is not authorized to perform: \
    eks:DescribeCluster on resource: arn:aws:eks:eu-west-1:111122223333:cluster/acme because no identity-based policy allows the eks:DescribeCluster action";

#[tokio::test]
async fn a_missing_permission_names_action_and_resource_from_the_sentence() {
    let headers: &[_] = &[("x-amzn-errortype", "AccessDeniedException"), ("x-amzn-requestid", "req-7")];
    let (session, log) = session(move |_| json_error(403, headers, DENIED));
    let failure = session.cluster(&"acme".into()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(failure.action.as_deref(), Some("eks:DescribeCluster"));
    assert_eq!(failure.resource.as_deref(), Some("arn:aws:eks:eu-west-1:111122223333:cluster/acme"));
    assert_eq!(failure.code.as_deref(), Some("AccessDeniedException"));
    assert_eq!(failure.request_id.as_deref(), Some("req-7"));
    assert_eq!(failure.what, "cannot read cluster acme");
    assert_eq!(log.lock().unwrap().len(), 1, "a refusal is not tried again");
}

#[tokio::test]
async fn a_refused_pass_role_names_itself_and_not_the_call() {
    let headers: &[_] = &[("x-amzn-errortype", "AccessDeniedException")];
    let words = "User: arn:aws:iam::1:user/ann is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/api with an explicit deny in a service control policy";
    let (session, _) = session(move |_| json_error(403, headers, words));
    let new = crate::aws::NewAssociation::new(
        crate::domain::id::ServiceAccountId::new("a", "b"),
        "arn:aws:iam::1:role/api".into(),
        "t",
    );
    let failure = session.create_association(&"acme".into(), &new).await.unwrap_err();
    assert_eq!(failure.action.as_deref(), Some("iam:PassRole"));
    assert_eq!(failure.resource.as_deref(), Some("arn:aws:iam::1:role/api"));
    assert!(failure.next.contains("explicitly"), "{failure}");
}

#[tokio::test]
async fn a_permission_that_the_sentence_leaves_out_is_the_calls_own() {
    let (session, _) = session(|_| xml_error(403, "AccessDenied", "Access Denied"));
    let failure = session.roles().await.unwrap_err();
    assert_eq!((failure.action.as_deref(), failure.resource.as_deref()), (Some("iam:ListRoles"), Some("*")));
    let unknown = session.role(&"api".into()).await;
    assert_eq!(unknown.failure().unwrap().action.as_deref(), Some("iam:GetRole"), "denied is unknown, never absent");
}

#[tokio::test]
async fn ec2_writes_its_refusals_in_its_own_way() {
    let body = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation. \
        User: arn:aws:iam::1:user/ann is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows it</Message></Error></Errors><RequestID>x</RequestID></Response>";
    let (session, _) = session(move |_| (403, &[("x-amzn-requestid", "r-2")], body.to_owned()));
    let failure = session.instances(&["i-0abc".into()]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(failure.action.as_deref(), Some("ec2:DescribeInstances"));
    assert_eq!(failure.request_id.as_deref(), Some("r-2"));
}

#[tokio::test]
async fn an_expired_session_asks_for_a_login() {
    let (mut session, _) =
        session(|_| xml_error(403, "ExpiredToken", "The security token included in the request is expired"));
    session.profile = Some("prod".into());
    let failure = session.caller().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert_eq!(failure.next, "Run `aws sso login --profile prod`");
    assert_eq!(failure.code.as_deref(), Some("ExpiredToken"));
}

#[tokio::test]
async fn a_role_that_iam_does_not_know_is_absent() {
    let (session, _) = session(|_| xml_error(404, "NoSuchEntity", "The role with name api cannot be found."));
    assert_eq!(session.role(&"api".into()).await, Fact::Absent);
    assert_eq!(session.instance_profile("arn:aws:iam::1:instance-profile/x/api").await, Fact::Absent);
}

#[test]
fn every_code_has_its_kind() {
    for (code, message, status, expected) in [
        ("ResourceInUseException", "Association already exists: a-1", 409, FailureKind::Conflict),
        ("ResourceNotFoundException", "No cluster found for name: x.", 404, FailureKind::NotFound),
        ("InvalidParameterException", "Trust policy of the role provided is invalid", 400, FailureKind::Invalid),
        ("ResourceLimitExceededException", "", 400, FailureKind::Invalid),
        ("ThrottlingException", "Rate exceeded", 400, FailureKind::Throttled),
        ("Throttling", "Rate exceeded", 400, FailureKind::Throttled),
        ("RequestLimitExceeded", "", 503, FailureKind::Throttled),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            403,
            FailureKind::Credentials,
        ),
        ("InvalidClientTokenId", "", 403, FailureKind::Credentials),
        ("AuthFailure", "AWS was not able to validate the provided access credentials", 401, FailureKind::Credentials),
        ("ServerException", "", 500, FailureKind::Server),
        ("", "", 502, FailureKind::Server),
        ("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole", 403, FailureKind::Denied),
    ] {
        assert_eq!(kind(code, message, status), expected, "{code}");
    }
}

#[test]
fn missing_credentials_say_how_to_get_some() {
    let failure = credentials("cannot find out who you are", Some("prod"), &CredentialsError::not_loaded("nothing"));
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert_eq!(failure.why, "no credentials were found");
    assert!(failure.next.contains("--profile prod"), "{failure}");
    let sso = CredentialsError::provider_error("the SSO session has expired or is otherwise invalid");
    assert_eq!(credentials("x", Some("prod"), &sso).next, "Run `aws sso login --profile prod`");
    let login = CredentialsError::provider_error("the login session has expired; run `aws login`");
    assert_eq!(credentials("x", None, &login).next, "Run `aws login`");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_tried_three_times_and_then_told() {
    let (session, log) = session(|_| xml_error(400, "Throttling", "Rate exceeded"));
    let failure = session.role(&"api".into()).await;
    assert_eq!(failure.failure().unwrap().kind, FailureKind::Throttled);
    assert_eq!(log.lock().unwrap().len(), 3);
    assert_eq!(session.calls(), 1);
}
