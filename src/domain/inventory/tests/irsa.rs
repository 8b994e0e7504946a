//! The hops of IRSA: ARN, token, provider, audience, trust policy, role.

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    id::RoleArn,
    identity::{HopKind, State, Verdict},
};

fn shop(trust: &str) -> World {
    let mut world = World::new();
    world.role("web", trust);
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world
}

fn with_arn(text: &str) -> World {
    let mut world = World::new();
    world.apply(vec![Change::ServiceAccount(account("shop/web", Some(RoleArn::from(text))))]);
    world.pod("shop/web-1", "web", vec![irsa_arn("app", text)]);
    world
}

#[test]
fn a_role_that_admits_the_service_account_is_ok() {
    let world = shop(&irsa_trust("shop:web"));
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, now.role_arn.clone(), now.reasons.as_slice()), (Verdict::Ok, Some(arn("web")), &[][..]));
}

#[test]
fn a_role_that_admits_another_service_account_is_broken_and_says_whom() {
    let world = shop(&irsa_trust("shop:web-v1"));
    assert_eq!(world.state("shop/web-1"), State::Broken);
    assert_eq!(world.why("shop/web-1"), Some("IRSA-SUB-MISMATCH"));
    let message = &world.now_of("shop/web-1").reasons[0].message;
    assert!(message.contains("shop:web-v1") && message.contains("shop:web"), "{message}");
}

#[test]
fn a_trust_policy_of_another_cluster_s_provider_is_a_foreign_issuer() {
    let world = shop(&irsa_trust("shop:web").replace("9F3C", "0000"));
    assert_eq!(world.why("shop/web-1"), Some("IRSA-FOREIGN-ISSUER"));
}

#[test]
fn malformed_arns_are_broken_with_a_sentence() {
    for text in [
        "web",
        "arn:aws:iam::1:role/x",
        "arn:aws:s3:::bucket",
        "arn:aws:iam::111122223333:role/a b",
        "arn:aws:iam::111122223333:role/",
    ] {
        let world = with_arn(text);
        assert_eq!(world.state("shop/web-1"), State::Broken, "{text}");
        assert_eq!(world.why("shop/web-1"), Some("ROLE-MISSING"), "{text}");
    }
}

#[test]
fn a_role_of_another_partition_is_broken() {
    let world = with_arn("arn:aws-cn:iam::111122223333:role/web");
    assert_eq!(world.state("shop/web-1"), State::Broken);
    assert!(world.now_of("shop/web-1").reasons[0].message.contains("aws-cn"));
}

#[test]
fn a_role_of_another_account_cannot_be_read_and_is_not_missing() {
    let world = with_arn("arn:aws:iam::444455556666:role/web");
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, world.state("shop/web-1")), (Verdict::Depends, State::Depends));
    assert!(now.reasons[0].message.contains("444455556666"));
    assert!(matches!(world.inventory.role(&"arn:aws:iam::444455556666:role/web".into()), Fact::Unknown(_)));
}

#[test]
fn the_provider_of_a_role_of_another_account_is_needed_there_and_never_missing_here() {
    let mut world = with_arn("arn:aws:iam::444455556666:role/web");
    world.apply(vec![Change::Providers(Fact::Known(vec![]))]);
    let now = world.now_of("shop/web-1");
    assert_eq!(now.verdict, Verdict::Depends);
    let on: Vec<&str> = now.reasons.iter().flat_map(|reason| &reason.depends_on).map(String::as_str).collect();
    assert_eq!(on, ["OIDC provider in account 444455556666", "trust policy of arn:aws:iam::444455556666:role/web"]);
    assert!(now.reasons.iter().all(|reason| reason.code.is_none()));
}

#[test]
fn a_role_that_iam_does_not_know_is_missing() {
    let mut world = shop(&irsa_trust("shop:web"));
    world.apply(vec![Change::Role("web".into(), Fact::Absent)]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("ROLE-MISSING")));
}

#[test]
fn a_role_named_without_its_path_is_missing() {
    let world = with_arn(&format!("arn:aws:iam::{ACCOUNT}:role/team/web"));
    assert_eq!(world.why("shop/web-1"), Some("ROLE-MISSING"));
}

#[test]
fn without_a_provider_for_the_issuer_it_is_broken() {
    let mut world = shop(&irsa_trust("shop:web"));
    world.apply(vec![Change::Providers(Fact::Known(vec![]))]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("IRSA-NO-PROVIDER")));
}

#[test]
fn an_audience_that_the_provider_does_not_accept_is_broken() {
    let mut world = shop(&irsa_trust("shop:web"));
    world.apply(vec![Change::Providers(Fact::Known(vec![provider(&["sigstore"])]))]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("IRSA-AUDIENCE")));
}

#[test]
fn a_missing_permission_is_unknown_with_the_action() {
    let mut world = World::empty();
    let mut changes = base();
    changes.push(Change::Roles(Fact::Absent));
    changes.retain(|change| !matches!(change, Change::Roles(_)));
    changes.push(Change::Roles(Fact::Unknown(denied("iam:ListRoles"))));
    world.apply(changes);
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    assert_eq!(world.state("shop/web-1"), State::Loading);
    assert_eq!(world.inventory.wanted().roles, ["web".into()]);
    world.apply(vec![Change::Role("web".into(), Fact::Unknown(denied("iam:GetRole")))]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, world.state("shop/web-1")), (Verdict::Unknown, State::Unknown));
    assert_eq!(now.reasons[0].depends_on, ["iam:GetRole"]);
}

#[test]
fn a_document_that_cannot_be_parsed_depends_on_it() {
    let world = shop("{");
    let now = world.now_of("shop/web-1");
    assert_eq!(
        (now.verdict, now.reasons[0].depends_on.as_slice()),
        (Verdict::Depends, &["policy document".to_owned()][..])
    );
}

#[test]
fn a_token_that_is_not_mounted_is_broken() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", None);
    let mut app = irsa("app", "web");
    app.mounts.clear();
    world.pod("shop/web-1", "web", vec![app]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("STALE-IRSA-ENV")));
}

#[test]
fn a_token_through_a_sub_path_depends_on_its_age() {
    let mut world = shop(&irsa_trust("shop:web"));
    let mut app = irsa("app", "web");
    app.mounts[0].sub_path = true;
    world.pod("shop/web-2", "web", vec![app]);
    assert_eq!(
        (world.now_of("shop/web-2").verdict, world.why("shop/web-2")),
        (Verdict::Depends, Some("SUBPATH-TOKEN"))
    );
}

#[test]
fn a_windows_pod_without_the_selector_has_the_wrong_token_path() {
    let mut world = shop(&irsa_trust("shop:web"));
    world.apply(node("w1", &[("kubernetes.io/os", "windows")], options(true, 1)));
    world.put(pod("shop/web-2", "web", "w1", vec![irsa("app", "web")]));
    assert_eq!(world.why("shop/web-2"), Some("WINDOWS-SELECTOR"));
}

#[test]
fn a_broken_winner_falls_to_the_node_role_in_java_only() {
    let mut world = shop(&irsa_trust("shop:other"));
    world.node("n1", options(false, 1));
    let now = world.now_of("shop/web-1");
    assert_eq!(now.verdict, Verdict::Broken);
    assert!(now.reasons[1].message.starts_with("SDKs for Java"), "{:?}", now.reasons);
    assert!(now.reasons[1].message.contains("ng-role"));
}

#[test]
fn the_chain_marks_the_first_failing_check_and_reaches_nothing_after_it() {
    let world = shop(&irsa_trust("shop:web-v1"));
    let hops = world.inventory.chain(&crate::domain::id::PodId::new("shop", "web-1"));
    let kinds: Vec<HopKind> = hops.iter().map(|hop| hop.kind).collect();
    assert_eq!(kinds, [HopKind::Pod, HopKind::ServiceAccount, HopKind::Provider, HopKind::TrustPolicy, HopKind::Role]);
    assert_eq!(hops[0].checks[0].detail, "AWS_ROLE_ARN, token file");
    assert_eq!((hops[1].subject.as_str(), hops[1].checks[0].detail.as_str()), ("shop/web", "role/web"));
    assert_eq!(
        (hops[2].subject.as_str(), hops[2].checks[0].detail.as_str()),
        ("..9F3C, this cluster's", "sts.amazonaws.com")
    );
    assert_eq!(hops[3].subject, "statement 1 of 1");
    let sub = &hops[3].checks[0];
    assert_eq!((sub.verdict, sub.name.as_str()), (Some(Verdict::Broken), "sub"));
    assert_eq!(
        sub.evidence,
        [("policy".to_owned(), "..:shop:web-v1".to_owned()), ("pod".to_owned(), "..:shop:web".to_owned())]
    );
    assert!(
        hops[4].checks.iter().all(|check| check.verdict.is_none() && check.detail == "not reached"),
        "{:?}",
        hops[4]
    );
}
