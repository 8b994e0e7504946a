//! What is missing, and what is asked for next.

use super::world::*;
use crate::domain::{change::Change, fact::Fact};

#[test]
fn equal_failures_of_many_instances_are_one_gap() {
    let mut world = World::new();
    for id in ["i-1", "i-2", "i-3"] {
        world.apply(vec![Change::Instance(id.into(), Fact::Unknown(denied("ec2:DescribeInstances")))]);
    }
    let gaps = world.inventory.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        (gaps[0].what.as_str(), gaps[0].failure.action.as_deref()),
        ("3 instances", Some("ec2:DescribeInstances"))
    );
}

#[test]
fn associations_with_most_pods_are_described_first() {
    let mut world = World::new();
    let listed = ["shop/a", "shop/b", "shop/c"].map(|id| association(id, Fact::Loading));
    world.apply(vec![Change::Associations(Fact::Known(listed.into()))]);
    world.pod("shop/b-1", "b", vec![plain("app")]);
    assert_eq!(world.inventory.wanted().associations, ["a-shop-b".into(), "a-shop-a".into(), "a-shop-c".into()]);
    let progress = world.inventory.progress();
    assert!(progress.iter().any(|progress| (progress.what, progress.done, progress.total) == ("associations", 0, 3)));
}

#[test]
fn nothing_of_aws_is_wanted_before_the_account_is_known() {
    let mut world = World::empty();
    world.apply(node("n1", &[], options(true, 1)).into_iter().take(1).collect());
    assert!(world.inventory.wanted().instances.is_empty());
}

#[test]
fn an_instance_profile_is_wanted_once_its_instance_was_read() {
    let mut world = World::new();
    let mut changes = node("n2", &[], options(true, 1));
    changes.truncate(2);
    world.apply(changes);
    assert_eq!(world.inventory.wanted().instance_profiles.len(), 1);
}
