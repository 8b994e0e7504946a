//! Roles that pods reach through the role of their node, whoever they are.

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    permission::{Policy, PolicyDocument, RoleDetail},
};

/// A trust policy that lets a principal of AWS in.
fn trusts(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

/// Two nodes that pods reach the metadata of, one of them with the agent, one that they do not, and a role.
fn world(trust: &str) -> World {
    let mut world = World::new();
    world.node("n1", options(true, 2));
    world.node("n2", options(false, 1));
    world.node("n3", options(true, 1));
    world.role("ng-role", "{}");
    world.role("backup", trust);
    world.account("shop/web", None);
    for (name, node) in [("shop/web-1", "n1"), ("shop/web-2", "n2"), ("shop/web-3", "n3")] {
        world.put(pod(name, "web", node, vec![plain("app")]));
    }
    world
}

fn may_assume(world: &mut World) {
    let document = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
    let document = Fact::Known(PolicyDocument::parse(document).unwrap().into());
    let inline = Fact::Known(vec![Policy { name: "hop".into(), arn: None, document }]);
    let detail = RoleDetail { inline, ..RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodePolicy"]) };
    world.apply(vec![Change::RoleDetail("ng-role".into(), detail)]);
}

fn words(world: &World, role: &str) -> Vec<String> {
    world.inventory.reached_by_pods(&arn(role), noon()).iter().map(super::super::Reached::words).collect()
}

#[test]
fn the_role_of_nodes_is_reached_by_every_pod_that_reaches_instance_metadata() {
    let world = world(&good_pod_trust());
    assert_eq!(words(&world, "ng-role"), ["by every pod of 2 nodes (3 pods), through instance metadata"]);
    assert_eq!(words(&world, "backup"), Vec::<String>::new(), "it trusts EKS and no role of nodes");
}

#[test]
fn a_role_that_admits_the_role_of_nodes_is_reached_through_it() {
    let world = world(&trusts(arn("ng-role").as_str()));
    let way = "by every pod of 2 nodes (3 pods), through their node role ng-role, which its trust policy admits";
    assert_eq!(words(&world, "backup"), [way]);
}

#[test]
fn a_role_that_trusts_the_account_is_reached_only_if_the_role_of_nodes_may_ask() {
    let mut world = world(&trusts("111122223333"));
    assert_eq!(words(&world, "backup"), Vec::<String>::new());
    may_assume(&mut world);
    assert_eq!(words(&world, "backup").len(), 1);
    let mut blind = World::empty();
    blind.apply(base().into_iter().filter(|change| !matches!(change, Change::RoleDetail(..))).collect());
    blind.node("n1", options(true, 2));
    blind.role("backup", &trusts("111122223333"));
    let unread =
        RoleDetail { attached: Fact::Unknown(denied("iam:ListAttachedRolePolicies")), ..RoleDetail::default() };
    blind.apply(vec![Change::RoleDetail("ng-role".into(), unread)]);
    let said = words(&blind, "backup");
    assert!(said[0].ends_with("which its trust policy admits; depends on what ng-role may do"), "{said:?}");
}
