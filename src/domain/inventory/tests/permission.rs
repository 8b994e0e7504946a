//! What the policies of roles decide: the agent's call by the node role, and the second hop (4.1, 4.6).

use std::sync::Arc;

use jiff::SignedDuration;

use super::world::*;
use crate::domain::{
    association::AssociationDetail,
    change::Change,
    fact::Fact,
    id::PodId,
    identity::{State, Verdict},
    permission::{Policy, PolicyDocument, RoleAbout, RoleDetail},
};

/// A pod with an association on a node whose role may do what it needs.
fn shop() -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    world
}

fn read(world: &mut World, role: &str, detail: RoleDetail) {
    world.apply(vec![Change::RoleDetail(role.into(), detail)]);
}

fn with_inline(text: &str) -> RoleDetail {
    let document = Fact::Known(Arc::new(PolicyDocument::parse(text).unwrap()));
    let inline = Policy { name: "chain".into(), arn: None, document };
    RoleDetail { inline: Fact::Known(vec![inline]), ..RoleDetail::with_policies_of_aws(&[]) }
}

fn aim(world: &mut World, target: &str) {
    let detail = AssociationDetail {
        role_arn: arn("web"),
        target_role_arn: Some(arn(target)),
        ..detail(ago(SignedDuration::from_hours(240)))
    };
    world.apply(vec![Change::AssociationDetail("a-shop-web".into(), Fact::Known(detail))]);
}

#[test]
fn a_node_role_without_the_agents_action_breaks_pod_identity_there() {
    let mut world = shop();
    assert_eq!(world.state("shop/web-1"), State::Ok);
    read(&mut world, "ng-role", RoleDetail::with_policies_of_aws(&["AmazonEKS_CNI_Policy"]));
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Broken, Some("PI-NODE-ROLE-PERM")));
    read(&mut world, "ng-role", RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodeMinimalPolicy"]));
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn policies_of_the_node_role_that_may_not_be_read_are_unknown_with_the_action() {
    let mut world = World::empty();
    let changes = base().into_iter().filter(|change| !matches!(change, Change::RoleDetail(..)));
    world.apply(changes.collect());
    world.node("n1", options(true, 1));
    world.agent("n1", true);
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    assert_eq!(world.inventory.wanted().role_details, ["ng-role".into()]);
    let refused = || Fact::Unknown(denied("iam:ListAttachedRolePolicies"));
    let detail =
        RoleDetail { attached: refused(), inline: Fact::Known(vec![]), ..RoleDetail::with_policies_of_aws(&[]) };
    read(&mut world, "ng-role", detail);
    let now = world.now_of("shop/web-1");
    assert_eq!(now.verdict, Verdict::Unknown);
    assert_eq!(now.reasons[0].depends_on, ["iam:ListAttachedRolePolicies"]);
    assert!(world.inventory.wanted().role_details.is_empty());
    let gaps = world.inventory.gaps();
    assert!(gaps.iter().any(|gap| gap.what == "permissions of role ng-role"), "{gaps:?}");
}

#[test]
fn a_refusal_later_does_not_hide_what_was_read_of_a_role() {
    let mut world = shop();
    let refused = || Fact::Unknown(denied("iam:GetRole"));
    let none = RoleDetail { about: refused(), attached: Fact::Loading, inline: Fact::Loading, boundary: None };
    read(&mut world, "ng-role", none);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn the_second_hop_breaks_where_the_associations_role_may_not_tag_the_session() {
    let mut world = shop();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":["sts:AssumeRole","sts:TagSession"]}}]}}"#,
        arn("web")
    );
    world.role("reports", &trust);
    aim(&mut world, "reports");
    assert_eq!(world.inventory.wanted().role_details, ["web".into()]);
    let allow = |actions: &str| {
        with_inline(&format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"{}"}}]}}"#,
            arn("reports")
        ))
    };
    read(&mut world, "web", allow(r#"["sts:AssumeRole","sts:TagSession"]"#));
    assert_eq!(world.now_of("shop/web-1").verdict, Verdict::Ok, "{:?}", world.now_of("shop/web-1"));
    read(&mut world, "web", allow(r#""sts:AssumeRole""#));
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, now.reasons[0].code), (Verdict::Broken, Some("PI-TARGET-CHAIN")));
    assert!(now.reasons[0].message.contains("sts:TagSession"), "{}", now.reasons[0].message);
}

#[test]
fn the_chain_names_the_policies_of_a_role_that_was_read() {
    let mut world = shop();
    let said = |world: &World| {
        let hops = world.inventory.chain(&PodId::new("shop", "web-1"));
        let checks = hops.iter().flat_map(|hop| &hop.checks);
        checks.filter(|check| check.name == "permissions").map(|check| check.detail.clone()).collect::<Vec<_>>()
    };
    assert_eq!(said(&world), ["not read"]);
    read(&mut world, "web", RoleDetail::with_policies_of_aws(&["AmazonS3ReadOnlyAccess", "AmazonSQSFullAccess"]));
    assert_eq!(said(&world), ["AmazonS3ReadOnlyAccess, AmazonSQSFullAccess"]);
}

#[test]
fn tags_of_getrole_survive_the_next_list_of_roles_and_are_asked_for_again() {
    let mut world = shop();
    let about = RoleAbout { tags: [("team".to_owned(), "shop".to_owned())].into(), ..RoleAbout::default() };
    let detail =
        RoleDetail { about: Fact::Known(about), ..RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodePolicy"]) };
    read(&mut world, "ng-role", detail.clone());
    read(&mut world, "web", detail);
    world.apply(vec![Change::Roles(Fact::Known(vec![role("web", &good_pod_trust())]))]);
    let tags = world.inventory.role(&arn("web")).known().and_then(|role| role.tags.clone()).unwrap();
    assert_eq!(tags["team"], "shop");
    assert_eq!(world.inventory.wanted().role_details, ["ng-role".into()], "a re-list makes the detail stale");
    assert!(world.inventory.progress().is_empty(), "and is no reason to say that something loads");
}
