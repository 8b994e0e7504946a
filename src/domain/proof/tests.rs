//! The tables of identity-resolution 5.3 and 6.2, row by row: what a refusal of a proof means, for whom.

use pretty_assertions::assert_eq;

use super::*;
use crate::domain::{
    failure::{Failure, FailureKind},
    id::PodId,
};

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn identity(mechanism: Mechanism) -> Arc<Identity> {
    Arc::new(Identity {
        mechanism,
        role_arn: Some("arn:aws:iam::111122223333:role/team/api".into()),
        target_role_arn: None,
        association_id: None,
        shadowed: Vec::new(),
        verdict: Verdict::Ok,
        reasons: Vec::new(),
    })
}

fn intent(way: Way, mechanism: Mechanism) -> Intent {
    Intent {
        account: ServiceAccountId::new("shop", "api"),
        way,
        identity: identity(mechanism),
        expected: Verdict::Ok,
        cluster: "acme".into(),
        region: "eu-west-1".into(),
        session_name: "rolecall-alice".to_owned(),
    }
}

fn irsa() -> Intent {
    let role = "arn:aws:iam::111122223333:role/team/api".into();
    intent(Way::WebIdentity { role, audience: "sts.amazonaws.com".into() }, Mechanism::Irsa)
}

fn pod_identity() -> Intent {
    let pod = PodId::new("shop", "api-1");
    intent(Way::PodIdentity { pod, uid: "u-1".into() }, Mechanism::PodIdentity)
}

fn failure(kind: FailureKind, code: &str, why: &str) -> Failure {
    let mut failure = Failure::new(kind, "AWS gives no credentials", why, "Do something");
    failure.code = Some(code.to_owned());
    failure
}

/// Kind as the adapter has it, code, message; the verdict, the hop, and words of the sentence.
type Row = (FailureKind, &'static str, &'static str, Verdict, Option<HopKind>, &'static str);

const STS: &[Row] = &[
    (
        FailureKind::Denied,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        Verdict::Broken,
        Some(HopKind::TrustPolicy),
        "trust policy",
    ),
    (
        FailureKind::Invalid,
        "InvalidIdentityToken",
        "No OpenIDConnect provider found in your account for https://oidc.eks.eu-west-1.amazonaws.com/id/A",
        Verdict::Broken,
        Some(HopKind::Provider),
        "no IAM OIDC provider",
    ),
    (
        FailureKind::Invalid,
        "InvalidIdentityToken",
        "Incorrect token audience",
        Verdict::Broken,
        Some(HopKind::Provider),
        "audience",
    ),
    (
        FailureKind::Invalid,
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        Verdict::Unknown,
        Some(HopKind::Provider),
        "signing keys",
    ),
    (
        FailureKind::Invalid,
        "InvalidIdentityToken",
        "Missing a required claim: aud",
        Verdict::Broken,
        Some(HopKind::Pod),
        "no audience",
    ),
    (
        FailureKind::Credentials,
        "ExpiredTokenException",
        "Token expired: current date/time 1 must be before the expiration date/time 0",
        Verdict::Broken,
        Some(HopKind::Provider),
        "clocks",
    ),
    (
        FailureKind::Denied,
        "IDPRejectedClaim",
        "The identity provider rejected it",
        Verdict::Broken,
        Some(HopKind::Provider),
        "issuer",
    ),
    (
        FailureKind::Invalid,
        "IDPCommunicationError",
        "Error communicating with it",
        Verdict::Unknown,
        Some(HopKind::Provider),
        "in time",
    ),
    (
        FailureKind::Invalid,
        "RegionDisabledException",
        "STS is not activated in this region",
        Verdict::Broken,
        None,
        "not active in this region",
    ),
    (
        FailureKind::Invalid,
        "ValidationError",
        "Request ARN is invalid",
        Verdict::Broken,
        Some(HopKind::ServiceAccount),
        "not an ARN",
    ),
    (
        FailureKind::Invalid,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        Verdict::Broken,
        Some(HopKind::Role),
        "longer session",
    ),
    (FailureKind::Throttled, "Throttling", "Rate exceeded", Verdict::Unknown, None, "Rate exceeded"),
    (FailureKind::Unreachable, "", "STS did not answer", Verdict::Unknown, None, "did not answer"),
];

const EKS_AUTH: &[Row] = &[
    (
        FailureKind::Denied,
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: arn:aws:eks:eu-west-1:111122223333:cluster/acme",
        Verdict::Unknown,
        None,
        "You may not call",
    ),
    (
        FailureKind::Denied,
        "AccessDeniedException",
        "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
        Verdict::Broken,
        Some(HopKind::TrustPolicy),
        "could not assume",
    ),
    (
        FailureKind::NotFound,
        "ResourceNotFoundException",
        "No association found for service account api in namespace shop.",
        Verdict::Broken,
        Some(HopKind::Association),
        "no association",
    ),
    (
        FailureKind::Credentials,
        "ExpiredTokenException",
        "The token included in the request is expired",
        Verdict::Broken,
        Some(HopKind::Provider),
        "clocks",
    ),
    (
        FailureKind::Credentials,
        "ExpiredTokenException",
        "The security token included in the request is expired",
        Verdict::Unknown,
        None,
        "Your own credentials",
    ),
    (
        FailureKind::Invalid,
        "InvalidSignatureException",
        "Signature expired: 20261123T080000Z is now earlier than 20261123T085500Z",
        Verdict::Unknown,
        None,
        "signature",
    ),
    (FailureKind::Throttled, "ThrottlingException", "Rate exceeded", Verdict::Unknown, None, "Rate exceeded"),
    (
        FailureKind::Server,
        "ServiceUnavailableException",
        "Service is unavailable",
        Verdict::Unknown,
        None,
        "unavailable",
    ),
];

fn compare(intent: &Intent, rows: &[Row]) {
    for (kind, code, why, verdict, hop, words) in rows {
        let proven = refused(intent, Step::Exchange, &failure(*kind, code, why), now()).proven;
        assert_eq!((proven.verdict, proven.hop), (*verdict, *hop), "{code} {why}: {}", proven.message);
        assert!(proven.message.contains(words), "{code} {why}: {}", proven.message);
        assert!(!proven.fix.is_empty(), "{code} {why}");
    }
}

#[test]
fn every_answer_of_sts_is_decoded() {
    compare(&irsa(), STS);
}

#[test]
fn every_answer_of_eks_auth_is_decoded_and_the_two_refusals_told_apart() {
    compare(&pod_identity(), EKS_AUTH);
}

#[test]
fn a_refused_token_request_says_nothing_about_the_pod() {
    for (kind, why, words) in [
        (FailureKind::Denied, "forbidden", "You may not ask for tokens of shop/api"),
        (FailureKind::NotFound, "pods \"api-1\" not found", "is gone"),
        (FailureKind::NotFound, "serviceaccounts \"api\" not found", "There is no service account shop/api"),
        (FailureKind::Conflict, "the UID in the bound object reference (u) does not match", "created again"),
        (FailureKind::Invalid, "cannot bind token", "gave no token"),
    ] {
        let proven = refused(&pod_identity(), Step::Token, &failure(kind, "", why), now()).proven;
        assert_eq!((proven.verdict, proven.code, proven.hop), (Verdict::Unknown, None, None), "{why}");
        assert!(proven.message.contains(words), "{why}: {}", proven.message);
    }
}

fn assumed(arn: &str) -> Assumed {
    Assumed { arn: arn.into(), association: None }
}

#[test]
fn a_session_is_of_the_role_that_was_asked_for_and_the_role_keeps_its_path() {
    let same = succeeded(&irsa(), &assumed("arn:aws:sts::111122223333:assumed-role/api/rolecall-alice"), now());
    assert_eq!(same.proven.role_arn.as_ref().map(RoleArn::as_str), Some("arn:aws:iam::111122223333:role/team/api"));
    assert!(same.disagreement(1).is_none());
    let other = succeeded(&irsa(), &assumed("arn:aws:sts::999999999999:assumed-role/api/rolecall-alice"), now());
    assert_eq!(other.proven.role_arn.as_ref().map(RoleArn::as_str), Some("arn:aws:iam::999999999999:role/api"));
    assert_eq!(other.disagreement(1).unwrap().code.name, DIFFERS);
}

#[test]
fn only_a_plain_contradiction_is_a_disagreement() {
    for (expected, answer, differs) in [
        (Verdict::Ok, Verdict::Broken, true),
        (Verdict::Broken, Verdict::Ok, true),
        (Verdict::Ok, Verdict::Ok, false),
        (Verdict::Depends, Verdict::Broken, false),
        (Verdict::Unknown, Verdict::Ok, false),
        (Verdict::Ok, Verdict::Unknown, false),
    ] {
        let mut proof = succeeded(&irsa(), &assumed("arn:aws:sts::111122223333:assumed-role/api/s"), now());
        (proof.expected, proof.proven.verdict) = (expected, answer);
        assert_eq!(proof.disagreement(1).is_some(), differs, "{expected:?} {answer:?}");
    }
}

#[test]
fn the_session_name_is_the_operators_in_legal_characters() {
    for (caller, name) in [
        (Some("arn:aws:sts::1:assumed-role/oncall/alice@acme.org"), "rolecall-alice@acme.org"),
        (Some("arn:aws:iam::1:user/team/bob smith"), "rolecall-bob-smith"),
        (None, "rolecall-unknown"),
    ] {
        assert_eq!(session_name(caller), name);
    }
    assert_eq!(session_name(Some(&"x".repeat(100))).len(), 64);
}

#[test]
fn what_is_said_beforehand_names_calls_permissions_and_what_it_leaves_behind() {
    let said = irsa().says().join(" ");
    for words in [
        "token of shop/api for sts.amazonaws.com",
        "STS in eu-west-1",
        "rolecall-alice",
        "create serviceaccounts/token",
        "CloudTrail",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = pod_identity().says().join(" ");
    for words in
        ["bound to pod shop/api-1", "EKS Auth in eu-west-1", "eks-auth:AssumeRoleForPodIdentity", "security teams"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}
