//! States and their order: broken, at-risk, loading facts, unknown, depends, drift, ok.

use super::world::*;
use crate::domain::{
    change::Change,
    cluster::{Caller, Target},
    fact::Fact,
    identity::{Mechanism, State, Verdict},
};

fn irsa_pod() -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world
}

#[test]
fn everything_is_loading_before_anything_was_answered() {
    let mut world = World::empty();
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    assert_eq!((world.state("shop/web-1"), world.now_of("shop/web-1").mechanism), (State::Loading, Mechanism::Irsa));
}

#[test]
fn next_broken_is_at_risk_even_where_now_works() {
    let mut world = irsa_pod();
    world.role("bad", &pod_trust(&["sts:AssumeRole"]));
    world.associate("shop/web", "bad");
    assert_eq!((world.state("shop/web-1"), world.next_of("shop/web-1").verdict), (State::AtRisk, Verdict::Broken));
}

#[test]
fn broken_beats_at_risk() {
    let mut world = irsa_pod();
    world.role("web", &irsa_trust("shop:other"));
    world.account("shop/web", None);
    assert_eq!(world.state("shop/web-1"), State::Broken);
}

#[test]
fn associations_that_cannot_be_listed_leave_next_unknown_and_no_drift() {
    let mut world = World::empty();
    let mut changes = base();
    changes.retain(|change| !matches!(change, Change::Associations(_)));
    changes.push(Change::Associations(Fact::Unknown(denied("eks:ListPodIdentityAssociations"))));
    world.apply(changes);
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    let found = world.found("shop/web-1");
    assert_eq!((found.now.verdict, found.next.mechanism, found.drift), (Verdict::Ok, Mechanism::Unknown, false));
    assert_eq!(found.state, State::Unknown);
    assert_eq!(found.next.reasons[0].depends_on, ["eks:ListPodIdentityAssociations"]);
}

#[test]
fn facts_of_another_account_are_not_joined() {
    let mut world = irsa_pod();
    let stranger = Caller { arn: "arn:aws:iam::444455556666:user/bob".into(), account: "444455556666".into() };
    world.apply(vec![Change::Caller(Fact::Known(stranger))]);
    let failure = world.inventory.mismatch().unwrap();
    assert!(failure.why.contains(ACCOUNT) && failure.why.contains("444455556666"));
    assert_eq!(world.state("shop/web-1"), State::Unknown);
    assert!(world.inventory.gaps().iter().any(|gap| gap.what == "AWS facts"));
    assert!(world.inventory.known_roles().next().is_none());
}

#[test]
fn a_context_with_another_certificate_authority_is_not_joined_unless_its_server_is_the_endpoint() {
    let mut world = irsa_pod();
    let other = Target {
        certificate_authority: Some("T1RIRVI=".into()),
        server: Some("https://tunnel:8443".into()),
        ..Target::default()
    };
    world.apply(vec![Change::Target(other.clone())]);
    assert!(world.inventory.mismatch().is_some());
    let endpoint = Target { server: Some("https://abc.gr7.eu-west-1.EKS.amazonaws.com:443".into()), ..other };
    world.apply(vec![Change::Target(endpoint)]);
    assert!(world.inventory.mismatch().is_none());
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn a_permission_lost_later_hides_nothing_that_was_known() {
    let mut world = irsa_pod();
    for change in [
        Change::Roles(Fact::Unknown(denied("iam:ListRoles"))),
        Change::Role("web".into(), Fact::Unknown(denied("iam:GetRole"))),
        Change::Providers(Fact::Unknown(denied("iam:ListOpenIDConnectProviders"))),
        Change::Associations(Fact::Unknown(denied("eks:ListPodIdentityAssociations"))),
        Change::Cluster(Fact::Unknown(denied("eks:DescribeCluster"))),
        Change::ServiceAccounts(Fact::Unknown(denied("list serviceaccounts"))),
    ] {
        world.apply(vec![change]);
        assert_eq!(world.state("shop/web-1"), State::Ok);
    }
    assert!(world.inventory.gaps().iter().any(|gap| gap.what == "roles"));
}
