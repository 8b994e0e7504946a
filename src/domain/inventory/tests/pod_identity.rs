//! The hops of Pod Identity: association, agent, trust policy, role, second hop, cached credentials.

use jiff::SignedDuration;

use super::world::*;
use crate::domain::{
    association::AssociationDetail,
    change::Change,
    cluster::Cluster,
    fact::Fact,
    identity::{HopKind, Mechanism, State, Verdict},
    inventory::AgentState,
};

fn shop() -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    world
}

#[test]
fn an_association_with_agent_trust_and_role_is_ok() {
    let world = shop();
    let now = world.now_of("shop/web-1");
    assert_eq!(
        (now.mechanism, now.verdict, now.role_arn.clone()),
        (Mechanism::PodIdentity, Verdict::Ok, Some(arn("web")))
    );
    assert_eq!(now.association_id, Some("a-shop-web".into()));
    assert_eq!(
        (world.state("shop/web-1"), world.inventory.agent()),
        (State::Ok, AgentState::Ready { nodes: 1, of: 1 })
    );
}

#[test]
fn a_trust_policy_without_tag_session_is_broken() {
    let mut world = shop();
    world.role("web", &pod_trust(&["sts:AssumeRole"]));
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("PI-TRUST-INVALID")));
}

#[test]
fn an_association_that_is_gone_is_broken() {
    let mut world = shop();
    world.apply(vec![Change::AssociationsOf(sa("shop/web"), vec![])]);
    assert_eq!(world.state("shop/web-1"), State::Broken);
    assert_eq!(world.now_of("shop/web-1").role_arn, None);
}

#[test]
fn an_agent_that_is_not_ready_on_that_node_breaks_it() {
    let mut world = shop();
    world.agent("n1", false);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("PI-AGENT-DOWN")));
    assert_eq!(world.inventory.agent_on(&"n1".into()), "missing");
    world.node("n2", options(true, 1));
    world.agent("n1", true);
    assert_eq!(world.state("shop/web-1"), State::Ok);
    world.put(pod("shop/web-2", "web", "n2", vec![pod_identity("app")]));
    assert_eq!(world.state("shop/web-2"), State::Broken);
    assert_eq!(world.inventory.agent(), AgentState::Ready { nodes: 1, of: 2 });
}

#[test]
fn auto_mode_has_the_agent_built_in() {
    let mut world = shop();
    world.apply(node("a1", &[("eks.amazonaws.com/compute-type", "auto")], options(true, 1)));
    world.put(pod("shop/web-2", "web", "a1", vec![pod_identity("app")]));
    assert_eq!((world.state("shop/web-2"), world.inventory.agent_on(&"a1".into())), (State::Ok, "built-in"));
}

#[test]
fn fargate_and_windows_have_no_pod_identity() {
    let mut world = shop();
    world.apply(node("fargate-1", &[("eks.amazonaws.com/compute-type", "fargate")], options(true, 1)));
    world.apply(node("w1", &[("kubernetes.io/os", "windows")], options(true, 1)));
    world.put(pod("shop/web-2", "web", "fargate-1", vec![pod_identity("app")]));
    world.put(pod("shop/web-3", "web", "w1", vec![pod_identity("app")]));
    assert_eq!((world.state("shop/web-2"), world.why("shop/web-2")), (State::Broken, Some("PI-FARGATE")));
    assert_eq!((world.state("shop/web-3"), world.why("shop/web-3")), (State::Broken, Some("WINDOWS-SELECTOR")));
    assert_eq!(world.inventory.agent_on(&"fargate-1".into()), "unsupported");
}

#[test]
fn an_agent_that_cannot_be_seen_is_unknown() {
    let mut world = World::empty();
    let mut changes = base();
    changes.retain(|change| !matches!(change, Change::AddOns(_)));
    changes.push(Change::AddOns(Fact::Unknown(denied("eks:ListAddons"))));
    world.apply(changes);
    world.node("n1", options(true, 1));
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    assert_eq!(world.state("shop/web-1"), State::Unknown);
}

#[test]
fn an_association_that_was_not_described_is_loading_then_unknown() {
    let mut world = shop();
    world.apply(vec![Change::AssociationsOf(sa("shop/new"), vec![association("shop/new", Fact::Loading)])]);
    world.pod("shop/new-1", "new", vec![pod_identity("app")]);
    assert_eq!(world.state("shop/new-1"), State::Loading);
    assert_eq!(world.inventory.wanted().associations, ["a-shop-new".into()]);
    // Others do not wait for it.
    assert_eq!(world.state("shop/web-1"), State::Ok);
    let failure = Fact::Unknown(denied("eks:DescribePodIdentityAssociation"));
    world.apply(vec![Change::AssociationDetail("a-shop-new".into(), failure)]);
    let now = world.now_of("shop/new-1");
    assert_eq!((now.mechanism, now.verdict, &now.role_arn), (Mechanism::PodIdentity, Verdict::Unknown, &None));
    assert_eq!(now.reasons[0].depends_on, ["eks:DescribePodIdentityAssociation"]);
}

#[test]
fn a_list_without_details_does_not_forget_what_was_described() {
    let mut world = shop();
    world.apply(vec![Change::Associations(Fact::Known(vec![association("shop/web", Fact::Loading)]))]);
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("web")));
}

#[test]
fn a_pod_older_than_a_recent_change_may_use_cached_credentials_until_six_hours_later() {
    let mut world = shop();
    world.associate_at("shop/web", "web", ago(SignedDuration::from_hours(5)));
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, world.why("shop/web-1")), (Verdict::Depends, Some("PI-STALE-CREDS")));
    assert_eq!(now.reasons[0].depends_on, ["cached credentials until 2026-03-01T13:00:00Z"]);
    let deadline = "2026-03-01T13:00:00Z".parse().unwrap();
    assert_eq!(world.inventory.next_deadline(world.now), Some(deadline));
    assert!(world.inventory.settle(deadline));
    assert_eq!((world.state("shop/web-1"), world.inventory.next_deadline(deadline)), (State::Ok, None));
}

#[test]
fn with_a_target_role_cached_credentials_last_59_minutes() {
    let mut world = shop();
    let at = ago(SignedDuration::from_mins(30));
    let detail = AssociationDetail {
        role_arn: arn("web"),
        target_role_arn: Some("arn:aws:iam::444455556666:role/far".into()),
        ..detail(at)
    };
    world.apply(vec![Change::AssociationDetail("a-shop-web".into(), Fact::Known(detail))]);
    assert_eq!(world.inventory.next_deadline(world.now), Some("2026-03-01T12:29:00Z".parse().unwrap()));
}

#[test]
fn a_target_role_of_another_account_depends_on_it() {
    let mut world = shop();
    let far = "arn:aws:iam::444455556666:role/far";
    let detail = AssociationDetail {
        role_arn: arn("web"),
        target_role_arn: Some(far.into()),
        ..detail(ago(SignedDuration::from_hours(240)))
    };
    world.apply(vec![Change::AssociationDetail("a-shop-web".into(), Fact::Known(detail))]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, now.target_role_arn.clone()), (Verdict::Depends, Some(far.into())));
    assert_eq!(now.reasons[0].code, Some("PI-TARGET-CHAIN"));
}

#[test]
fn a_pod_older_than_its_association_needs_a_restart() {
    let mut world = shop();
    world.pod("shop/web-2", "web", vec![plain("app")]);
    world.associate_at("shop/web", "web", ago(SignedDuration::from_hours(1)));
    assert_eq!((world.state("shop/web-2"), world.why("shop/web-2")), (State::Drift, Some("IDENTITY-NOT-INJECTED")));
}

#[test]
fn a_pod_created_within_a_minute_of_its_association_lost_a_race() {
    let mut world = shop();
    let mut late = pod("shop/web-2", "web", "n1", vec![plain("app")]);
    late.created_at = ago(SignedDuration::from_hours(1));
    world.put(late);
    world.associate_at("shop/web", "web", ago(SignedDuration::from_secs(3630)));
    assert_eq!(world.why("shop/web-2"), Some("PI-RACE"));
}

#[test]
fn an_old_platform_version_has_no_pod_identity() {
    let mut world = shop();
    let old = Cluster { version: "1.30".into(), platform_version: Some("eks.1".into()), ..cluster() };
    world.apply(vec![Change::Cluster(Fact::Known(old))]);
    assert_eq!(world.why("shop/web-1"), Some("PLATFORM-TOO-OLD"));
}

#[test]
fn the_chain_names_association_agent_trust_policy_and_role() {
    let world = shop();
    let hops = world.inventory.chain(&crate::domain::id::PodId::new("shop", "web-1"));
    let kinds: Vec<HopKind> = hops.iter().map(|hop| hop.kind).collect();
    assert_eq!(kinds, [HopKind::Pod, HopKind::Association, HopKind::Agent, HopKind::TrustPolicy, HopKind::Role]);
    assert!(
        hops.iter().flat_map(|hop| &hop.checks).all(|check| check.verdict.is_none_or(|verdict| verdict == Verdict::Ok))
    );
    assert_eq!(hops[2].subject, "n1");
}
