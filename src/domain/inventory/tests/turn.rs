//! Of one object the answer of the newest request wins, whichever arrives last; of an object of Kubernetes the newest
//! version.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::*;
use crate::domain::{
    association::AssociationDetail,
    change::{Change, Turn},
    fact::Fact,
    id::PodId,
    identity::Mechanism,
    node::Node,
    service_account::ServiceAccount,
    version::Version,
    workload::Pod,
};

fn answer(turn: u64, change: Change) -> Change {
    Change::Answer(Turn(turn), Box::new(change))
}

fn to(role: &str) -> Fact<AssociationDetail> {
    Fact::Known(AssociationDetail { role_arn: arn(role), ..detail(ago(jiff::SignedDuration::from_hours(240))) })
}

/// A pod whose service account is associated with `web`, asked for by requests before 10.
fn shop() -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.role("other", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    world
}

#[test]
fn a_stale_description_that_arrives_late_does_not_overwrite_the_newer_one() {
    let mut world = shop();
    let describe = |turn, role| answer(turn, Change::AssociationDetail("a-shop-web".into(), to(role)));
    world.apply(vec![describe(12, "other")]);
    assert!(!world.apply(vec![describe(11, "web")]));
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("other")));
    world.apply(vec![describe(13, "web")]);
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("web")));
}

#[test]
fn a_list_begun_before_an_association_was_made_does_not_take_it_away() {
    let mut world = World::new();
    world.pod("shop/web-1", "web", vec![plain("app")]);
    let made = association("shop/web", to("web"));
    world.apply(vec![answer(11, Change::AssociationsOf(sa("shop/web"), vec![made.clone()]))]);
    world.apply(vec![answer(10, Change::Associations(Fact::Known(vec![])))]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::PodIdentity);
    world.apply(vec![answer(12, Change::AssociationsOf(sa("shop/web"), vec![]))]);
    world.apply(vec![answer(11, Change::Associations(Fact::Known(vec![made])))]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None, "nor does it bring a removed one back");
}

#[test]
fn a_refusal_of_a_newer_request_does_not_silence_an_older_answer() {
    let mut world = World::empty();
    let changes = base().into_iter().filter(|change| !matches!(change, Change::Providers(_)));
    world.apply(changes.collect());
    world.apply(vec![answer(2, Change::Providers(Fact::Unknown(denied("iam:ListOpenIDConnectProviders"))))]);
    assert!(world.inventory.gaps().iter().any(|gap| gap.what == "OIDC providers"));
    world.apply(vec![answer(1, Change::Providers(Fact::Known(vec![])))]);
    assert!(!world.inventory.gaps().iter().any(|gap| gap.what == "OIDC providers"));
}

#[test]
fn an_older_version_of_a_service_account_does_not_overwrite_the_newer_one() {
    let mut world = World::new();
    let version = |version: &str, role: &str| {
        let mut found = account("shop/web", Some(arn(role)));
        found.resource_version = version.into();
        Change::ServiceAccount(found)
    };
    world.apply(vec![version("1007", "new"), version("998", "old")]);
    let role =
        |world: &World| world.inventory.service_account(&sa("shop/web")).and_then(|found| found.role_arn.clone());
    assert_eq!(role(&world), Some(arn("new")));
    world.apply(vec![version("1008", "newest")]);
    assert_eq!(role(&world), Some(arn("newest")));
    world.apply(vec![Change::ServiceAccountGone(sa("shop/web")), version("1000", "again")]);
    assert_eq!(role(&world), Some(arn("again")), "gone is gone: whatever comes then is another object");
}

/// A version of a pod, told apart by the node that it is on.
fn pod_version(version: u64, node: &str) -> Change {
    Change::Pod(Pod { version: Version::read(&version.to_string()), ..pod("shop/web-1", "web", node, vec![]) })
}

/// A version of a node, told apart by the instance that it names.
fn node_version(version: u64, instance: &str) -> Change {
    Change::Node(Node {
        name: "n1".into(),
        version: Version::read(&version.to_string()),
        provider_id: Some(format!("aws:///eu-west-1a/{instance}").into()),
        labels: BTreeMap::new(),
        ready: true,
    })
}

fn account_version(version: u64, role: &str) -> Change {
    let found = account("shop/web", Some(arn(role)));
    Change::ServiceAccount(ServiceAccount { resource_version: version.to_string().into(), ..found })
}

/// Versions of a pod, a node and a service account, as they were made.
fn versions() -> Vec<Change> {
    let of_each = |(version, label): (u64, &str)| {
        [pod_version(version, label), node_version(version + 1, &format!("i-{label}")), account_version(version, label)]
    };
    [(7, "a"), (98, "b"), (1007, "c"), (1008, "d")].into_iter().flat_map(of_each).collect()
}

/// What the lists and details show of those objects.
fn seen(changes: Vec<Change>) -> Vec<String> {
    let mut world = World::new();
    world.role("d", &good_pod_trust());
    for change in changes {
        world.apply(vec![change]);
    }
    let inventory = &world.inventory;
    let mut lines: Vec<String> = inventory.pods().iter().map(|row| format!("{row:?}")).collect();
    lines.extend(inventory.nodes().iter().map(|row| format!("{row:?}")));
    lines.extend(inventory.service_accounts().iter().map(|row| format!("{row:?}")));
    lines.sort_unstable();
    lines
}

#[test]
fn an_older_version_of_a_pod_or_node_does_not_overwrite_the_newer_one() {
    let mut world = World::new();
    let node = |world: &World| world.inventory.pod(&PodId::new("shop", "web-1")).and_then(|pod| pod.node.clone());
    world.apply(vec![pod_version(1007, "n2"), pod_version(998, "n1")]);
    assert_eq!(node(&world), Some("n2".into()));
    world.apply(vec![pod_version(1008, "n1")]);
    assert_eq!(node(&world), Some("n1".into()));
    assert_eq!(seen(vec![node_version(20, "i-new"), node_version(3, "i-old")]), seen(vec![node_version(20, "i-new")]));
}

#[test]
fn a_heartbeat_changes_nothing_but_counts_as_newer() {
    let mut world = World::new();
    world.apply(vec![pod_version(10, "n1"), node_version(10, "i-one")]);
    assert!(!world.apply(vec![pod_version(12, "n1"), node_version(12, "i-one")]));
    assert!(!world.apply(vec![pod_version(11, "n2"), node_version(11, "i-two")]));
}

/// Requests about a few objects, in the order in which they were made.
fn requests() -> Vec<Change> {
    let id = || "a-shop-web".into();
    let two = association("shop/api", to("other"));
    let role_named = |name: &str, trust: &str| role(name, trust);
    let changes = vec![
        Change::Associations(Fact::Known(vec![association("shop/web", Fact::Loading)])),
        Change::Roles(Fact::Known(vec![role_named("web", &good_pod_trust()), role_named("gone", &good_pod_trust())])),
        Change::AssociationDetail(id(), to("other")),
        Change::AssociationsOf(sa("shop/api"), vec![two.clone()]),
        Change::Role("web".into(), Fact::Known(role_named("web", &irsa_trust("shop:web")))),
        Change::Role("gone".into(), Fact::Absent),
        Change::Providers(Fact::Known(vec![])),
        Change::AssociationsOf(sa("shop/api"), vec![]),
        Change::Providers(Fact::Known(vec![provider(&["sts.amazonaws.com"])])),
        Change::AssociationDetail(id(), to("web")),
        Change::AssociationsOf(sa("shop/api"), vec![two]),
        Change::Role("web".into(), Fact::Known(role_named("web", &good_pod_trust()))),
        Change::Providers(Fact::Unknown(denied("iam:ListOpenIDConnectProviders"))),
    ];
    changes.into_iter().zip(100..).map(|(change, turn)| answer(turn, change)).collect()
}

/// What the lists show, but not why something could not be read again: a refusal tells only that.
fn told(answers: Vec<Change>) -> Vec<String> {
    let mut world = shop();
    world.pod("shop/api-1", "api", vec![plain("app")]);
    for change in answers {
        world.apply(vec![change]);
    }
    let inventory = &world.inventory;
    let mut lines: Vec<String> = inventory.pods().iter().map(|row| format!("{row:?}")).collect();
    lines.extend(inventory.associations().iter().map(|row| format!("{row:?}")));
    lines.extend(inventory.roles().iter().map(|row| format!("{row:?}")));
    lines.extend(inventory.findings().iter().map(|finding| format!("{finding:?}")));
    lines.sort_unstable();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn answers_may_overtake_each_other_in_any_way(order in Just(requests()).prop_shuffle()) {
        prop_assert_eq!(told(order), told(requests()));
    }

    #[test]
    fn versions_of_objects_may_come_in_any_order(order in Just(versions()).prop_shuffle()) {
        prop_assert_eq!(seen(order), seen(versions()));
    }
}
