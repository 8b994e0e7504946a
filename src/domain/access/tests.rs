//! The rules of permission-simulation, each with the answer that it gives, by hand.

use pretty_assertions::assert_eq;

use super::*;
use crate::domain::{
    fact::Fact,
    failure::{Failure, FailureKind},
    id::ServiceAccountId,
    identity::Mechanism,
    permission::{Policy, PolicyDocument, RoleDetail},
};

fn inquiry() -> Inquiry {
    Inquiry {
        account: ServiceAccountId::new("shop", "cart"),
        role: "arn:aws:iam::111122223333:role/cart".into(),
        mechanism: Mechanism::PodIdentity,
        action: "s3:GetObject".to_owned(),
        resource: Some("arn:aws:s3:::b/k".to_owned()),
        context: Vec::new(),
        session_policy: None,
        foreign: false,
        open_tags: Vec::new(),
    }
}

fn simulated(decision: Decision, missing: &[&str]) -> Simulated {
    Simulated {
        decision,
        matched: Vec::new(),
        missing: missing.iter().map(|key| (*key).to_owned()).collect(),
        boundary: None,
        organization: None,
    }
}

const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}},
  {"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;

fn detail(document: &str) -> RoleDetail {
    let document = Fact::Known(Arc::new(PolicyDocument::parse(document).unwrap()));
    RoleDetail {
        attached: Fact::Known(Vec::new()),
        inline: Fact::Known(vec![Policy { name: "own".into(), arn: None, document }]),
        ..RoleDetail::default()
    }
}

fn ruled(role: Simulated) -> Ruling {
    judge(&inquiry(), &Evidence { role: Ok(role), session: None, detail: detail(DOCUMENT) })
}

#[test]
fn an_answer_without_missing_keys_is_final() {
    assert_eq!(ruled(simulated(Decision::Allowed, &[])).can, Can::Yes);
    assert_eq!(ruled(simulated(Decision::ExplicitDeny, &[])).can, Can::No);
    assert_eq!(ruled(simulated(Decision::ImplicitDeny, &[])).can, Can::No);
}

#[test]
fn an_answer_rests_on_the_missing_keys_of_statements_about_the_action_and_of_no_others() {
    let other = ruled(simulated(Decision::Allowed, &["aws:MultiFactorAuthPresent"]));
    assert_eq!((other.can, other.depends_on.len()), (Can::Yes, 0));
    let own = ruled(simulated(Decision::ImplicitDeny, &["aws:MultiFactorAuthPresent", "aws:sourcevpce"]));
    assert_eq!(own.can, Can::Depends);
    assert_eq!(own.depends_on, ["aws:sourcevpce".into()]);
    let unread = Evidence {
        role: Ok(simulated(Decision::ImplicitDeny, &["aws:MultiFactorAuthPresent"])),
        session: None,
        detail: RoleDetail::default(),
    };
    assert_eq!(judge(&inquiry(), &unread).can, Can::Depends, "without the texts every key may matter");
}

#[test]
fn tags_of_the_session_go_before_those_of_the_role_and_open_ones_stay_open() {
    let mut asked = Inquiry { open_tags: vec!["aws:PrincipalTag/kubernetes-pod-name".to_owned()], ..inquiry() };
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    asked.context.push(ContextKey {
        name: "aws:PrincipalTag/kubernetes-namespace".to_owned(),
        value: "shop".to_owned(),
        kind: ContextKind::Text,
    });
    asked.fill_in(&[tag("team", "a"), tag("Kubernetes-Namespace", "forged"), tag("kubernetes-pod-name", "x")].into());
    let passed: Vec<(&str, &str)> = asked.context.iter().map(|key| (key.name.as_str(), key.value.as_str())).collect();
    assert_eq!(passed, [("aws:PrincipalTag/kubernetes-namespace", "shop"), ("aws:PrincipalTag/team", "a")]);
    assert!(asked.is_without("aws:principaltag/stage") && !asked.is_without("aws:SourceIp"));
    assert!(!asked.is_without("aws:PrincipalTag/kubernetes-pod-name") && !asked.is_without("aws:PrincipalTag/team"));
}

#[test]
fn boundary_and_organization_take_away_and_are_named() {
    let bounded = Simulated { boundary: Some(false), ..simulated(Decision::ImplicitDeny, &[]) };
    let ruling = ruled(bounded);
    assert!(ruling.can == Can::No && ruling.reasons[0].contains("permissions boundary"), "{ruling:?}");
    let organized = Simulated { organization: Some(false), ..simulated(Decision::ExplicitDeny, &["aws:SourceVpce"]) };
    let ruling = ruled(organized);
    assert!(ruling.can == Can::No && ruling.reasons[0].contains("service control policy"), "{ruling:?}");
}

#[test]
fn the_session_policy_has_to_allow_it_as_well() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}"#;
    let inquiry = Inquiry { session_policy: Some(policy.to_owned()), ..inquiry() };
    let ask = |session: Result<Simulated, Failure>| {
        let role = Ok(simulated(Decision::Allowed, &[]));
        judge(&inquiry, &Evidence { role, session: Some(session), detail: detail(DOCUMENT) })
    };
    assert_eq!(ask(Ok(simulated(Decision::Allowed, &[]))).can, Can::Yes);
    let refused = ask(Ok(simulated(Decision::ImplicitDeny, &[])));
    assert_eq!((refused.can, refused.deciding[0].kind.as_str()), (Can::No, "session"));
    let failure = Failure::new(FailureKind::Denied, "cannot simulate", "not authorized", "Ask");
    assert_eq!(ask(Err(failure)).can, Can::Unknown);
}

#[test]
fn without_the_simulator_the_policies_are_read_and_a_missing_permission_is_no_denial() {
    let denied = || Err(Failure::new(FailureKind::Denied, "cannot simulate", "not authorized", "Ask"));
    let read = judge(&inquiry(), &Evidence { role: denied(), session: None, detail: detail(DOCUMENT) });
    assert_eq!((read.can, read.by), (Can::Depends, By::Reading));
    let plain = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#;
    let read = judge(&inquiry(), &Evidence { role: denied(), session: None, detail: detail(plain) });
    assert_eq!(read.can, Can::Yes);
    let failure = Failure::new(FailureKind::Denied, "cannot read", "no", "Ask").missing("iam:ListRolePolicies", "*");
    let unread = RoleDetail { inline: Fact::Unknown(Arc::new(failure)), ..detail(plain) };
    let read = judge(&inquiry(), &Evidence { role: denied(), session: None, detail: unread });
    assert_eq!(read.can, Can::Unknown);
    assert!(read.reasons[1].contains("iam:ListRolePolicies"), "{:?}", read.reasons);
}

#[test]
fn the_statement_that_decides_is_found_in_the_text_of_its_policy() {
    let matched = Matched { policy: "role_cart_own".to_owned(), kind: "role".to_owned(), start: (2, 3) };
    let found = Simulated { matched: vec![matched], ..simulated(Decision::Allowed, &[]) };
    let deciding = ruled(found).deciding;
    assert_eq!(deciding[0].policy, "own");
    let statement = deciding[0].statement.as_deref().unwrap();
    assert!(
        statement.starts_with(r#"{"Effect":"Allow","Action":"s3:Get*""#) && statement.ends_with("}}}"),
        "{statement}"
    );
}

#[test]
fn a_role_of_another_account_is_not_judged_from_here() {
    let ruling = elsewhere(&inquiry());
    assert!(ruling.can == Can::Unknown && ruling.reasons[0].contains("another account"));
}
