//! The rows of the lists.

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    identity::{Mechanism, State, Verdict},
};

fn shop() -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.role("pi", &good_pod_trust());
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world.pod("shop/web-2", "web", vec![irsa("app", "web")]);
    world.pod("shop/web-3", "web", vec![plain("app")]);
    world
}

#[test]
fn a_workload_is_as_bad_as_its_worst_pod_and_counts_those_that_differ() {
    let world = shop();
    let row = world.inventory.workloads().into_iter().find(|row| row.id.name.as_str() == "web").unwrap();
    assert_eq!((row.state, row.pods, row.differing), (State::Drift, 3, 1));
    assert_eq!((row.now, row.next, row.same), (Mechanism::Mixed, Mechanism::Irsa, false));
    assert_eq!(row.worst.name.as_str(), "web-3");
}

#[test]
fn a_service_account_counts_its_pods_and_tells_its_next() {
    let world = shop();
    let row = world.inventory.service_accounts().into_iter().find(|row| row.id == sa("shop/web")).unwrap();
    assert_eq!(
        (row.exists, row.state, row.next, row.next_role_arn),
        (true, State::Drift, Mechanism::Irsa, Some(arn("web")))
    );
    assert_eq!((row.pods.total, row.pods.drift), (3, 1));
}

#[test]
fn a_namespace_counts_pods_by_mechanism_and_state() {
    let world = shop();
    let row = world.inventory.namespaces().into_iter().find(|row| row.name.as_str() == "shop").unwrap();
    assert_eq!((row.pods, row.service_accounts, row.state), (3, 1, State::Drift));
    assert_eq!(row.mechanisms, [(Mechanism::Irsa, 2), (Mechanism::None, 1)]);
    assert_eq!(row.states, [(State::Drift, 1), (State::Ok, 2)]);
}

#[test]
fn a_role_knows_who_uses_it_and_how() {
    let mut world = shop();
    world.associate("shop/api", "pi");
    world.account("shop/old", None);
    world.pod("shop/old-1", "old", vec![irsa("app", "web")]);
    let rows = world.inventory.roles();
    let row = |name: &str| rows.iter().find(|row| row.name.as_str() == name).unwrap();
    let how: Vec<(String, &str)> =
        row("web").used_by.iter().map(|used| (used.service_account.to_string(), used.how)).collect();
    assert_eq!(how, [("shop/old".to_owned(), "environment"), ("shop/web".to_owned(), "annotation")]);
    assert_eq!((row("web").pods, row("web").mechanisms.as_slice()), (3, &[Mechanism::Irsa][..]));
    assert_eq!(
        (row("pi").used_by[0].how, row("pi").mechanisms.as_slice()),
        ("association", &[Mechanism::PodIdentity][..])
    );
}

#[test]
fn a_role_that_is_named_but_does_not_exist_is_a_row_too() {
    let mut world = shop();
    world.account("shop/typo", Some("wbe"));
    let row = world.inventory.roles().into_iter().find(|row| row.name.as_str() == "wbe").unwrap();
    assert_eq!((row.missing, row.readable, row.state), (true, false, State::Broken));
}

#[test]
fn an_association_tells_whether_it_works_and_who_waits_for_a_restart() {
    let mut world = shop();
    world.role("bad", &irsa_trust("shop:web"));
    world.associate("shop/web", "bad");
    world.associate("shop/ghost", "pi");
    let rows = world.inventory.associations();
    let row = |id: &str| rows.iter().find(|row| row.service_account == sa(id)).unwrap();
    assert_eq!(
        (row("shop/web").verdict, row("shop/web").pods, row("shop/web").using, row("shop/web").drift),
        (Verdict::Broken, 3, 0, 3)
    );
    assert!(row("shop/web").why.as_deref().is_some_and(|why| why.contains("bad")));
    assert_eq!((row("shop/ghost").verdict, row("shop/ghost").service_account_exists), (Verdict::Ok, false));
}

#[test]
fn counts_include_what_is_only_named() {
    let mut world = shop();
    world.associate("ghosts/one", "pi");
    world.apply(vec![Change::Namespaces(Fact::Known(vec!["empty".into()]))]);
    let counts = world.inventory.counts();
    assert_eq!((counts.pods, counts.workloads, counts.associations, counts.nodes), (4, 2, 1, 1));
    // kube-system, shop, ghosts and the empty one.
    assert_eq!((counts.namespaces, counts.service_accounts), (4, 3));
}
