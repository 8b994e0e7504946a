//! Next by the current pod template of the owner (0.2): read on demand, it wins, and the difference is said.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    identity::{Mechanism, State, Verdict},
    workload::{Container, PodSpec, TokenVolume, WorkloadId, WorkloadKind},
};

fn web() -> WorkloadId {
    WorkloadId { namespace: "shop".into(), kind: WorkloadKind::Deployment, name: "web".into() }
}

fn template(containers: Vec<Container>) -> PodSpec {
    spec("web", containers)
}

fn read(world: &mut World, spec: PodSpec) {
    world.apply(vec![Change::Template(web(), Fact::Known(Arc::new(spec)))]);
}

/// An associated service account whose pod was given its identity.
fn associated() -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    world
}

fn said(world: &World) -> String {
    let found = world.found("shop/web-1");
    found.containers[0].next.reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_template_that_says_what_the_pod_says_changes_nothing() {
    let mut world = associated();
    let before = world.found("shop/web-1").clone();
    read(&mut world, template(vec![plain("app")]));
    assert_eq!(*world.found("shop/web-1"), before);
    assert_eq!(world.inventory.next_told_by(&web()), "the pod template of deploy/web");
}

#[test]
fn access_keys_that_a_template_has_meanwhile_are_next_and_the_difference_is_said() {
    let mut world = associated();
    let keys = [("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")];
    read(&mut world, template(vec![container("app", &keys, &[])]));
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::PodIdentity);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::StaticKeys);
    assert_eq!(world.state("shop/web-1"), State::Drift);
    assert!(said(&world).contains("by it new pods get static-keys, and not pod-identity web"), "{}", said(&world));
}

#[test]
fn variables_that_a_template_has_lost_meanwhile_are_not_in_next() {
    let mut world = associated();
    let keys = [("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")];
    world.pod("shop/web-1", "web", vec![container("app", &keys, &[])]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::StaticKeys);
    read(&mut world, template(vec![plain("app")]));
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::PodIdentity);
}

#[test]
fn a_template_that_sets_exactly_the_injected_values_is_told_apart_once_it_is_read() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None, "the pair looks injected");
    assert_eq!(world.state("shop/web-1"), State::AtRisk);
    let token =
        TokenVolume { name: "aws-iam-token".into(), path: "token".into(), audience: Some("sts.amazonaws.com".into()) };
    read(&mut world, PodSpec { token_volumes: vec![token], ..template(vec![irsa("app", "web")]) });
    let next = world.next_of("shop/web-1");
    assert_eq!((next.mechanism, next.role_arn.clone(), next.verdict), (Mechanism::Irsa, Some(arn("web")), Verdict::Ok));
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn the_service_account_that_a_template_names_now_decides_and_its_changes_are_seen() {
    let mut world = associated();
    world.role("api", &good_pod_trust());
    world.account("shop/api", None);
    read(&mut world, PodSpec { service_account: "api".into(), ..template(vec![plain("app")]) });
    assert_eq!((world.next_of("shop/web-1").mechanism, world.state("shop/web-1")), (Mechanism::None, State::AtRisk));
    world.associate("shop/api", "api");
    assert_eq!(world.next_of("shop/web-1").role_arn, Some(arn("api")));
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("web")));
}

#[test]
fn an_opt_out_that_a_template_has_meanwhile_makes_the_next_pod_lose_its_identity() {
    let mut world = associated();
    let label = BTreeMap::from([("eks.amazonaws.com/skip-pod-identity-webhook".into(), "true".into())]);
    read(&mut world, PodSpec { labels: label, ..template(vec![plain("app")]) });
    assert_eq!((world.next_of("shop/web-1").mechanism, world.state("shop/web-1")), (Mechanism::None, State::AtRisk));
    let skip = BTreeMap::from([("eks.amazonaws.com/skip-containers".into(), "app".into())]);
    read(&mut world, PodSpec { annotations: skip, ..template(vec![plain("app")]) });
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None);
}

#[test]
fn a_host_network_that_a_template_has_meanwhile_brings_the_node_role_next() {
    let mut world = World::new();
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None);
    read(&mut world, PodSpec { host_network: true, ..template(vec![plain("app")]) });
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::NodeRole);
}

#[test]
fn a_container_that_only_the_template_has_counts_for_next_and_one_that_something_adds_keeps_its_own() {
    let mut world = associated();
    let keys = [("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")];
    read(&mut world, template(vec![plain("app"), container("exporter", &keys, &[])]));
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::Mixed);
    world.pod("shop/web-1", "web", vec![pod_identity("app"), pod_identity("mesh")]);
    read(&mut world, template(vec![plain("app")]));
    let found = world.found("shop/web-1");
    assert!(found.containers.iter().all(|answer| answer.next.mechanism == Mechanism::PodIdentity), "{found:?}");
}

#[test]
fn config_maps_that_only_a_template_names_are_read_and_count_for_next() {
    let mut world = associated();
    let source = crate::domain::workload::SourceId { namespace: "shop".into(), name: "keys".into(), prefix: "".into() };
    let mut app = plain("app");
    app.environment_sources =
        vec![crate::domain::workload::EnvironmentSource { prefix: "".into(), name: "keys".into(), secret: false }];
    read(&mut world, template(vec![app]));
    assert_eq!(world.inventory.wanted().config_maps, std::slice::from_ref(&source));
    assert_eq!(world.state("shop/web-1"), State::Loading);
    let profile = [("AWS_PROFILE".into(), crate::domain::workload::Value::Text("dev".into()))];
    let found = crate::domain::workload::Environment::new(profile);
    world.apply(vec![Change::ConfigMap(source, Fact::Known(found))]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::Profile);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::PodIdentity);
}

#[test]
fn a_template_that_may_not_be_read_leaves_next_to_the_running_pod_and_is_a_gap() {
    let mut world = associated();
    let before = world.found("shop/web-1").clone();
    world.apply(vec![Change::Template(web(), Fact::Unknown(denied("get deployments.apps")))]);
    assert_eq!(*world.found("shop/web-1"), before);
    let told = world.inventory.next_told_by(&web());
    assert!(told.starts_with("the running pod;") && told.contains("get deployments.apps"), "{told}");
    assert!(world.inventory.gaps().iter().any(|gap| gap.what == "pod template of deploy/web"));
    world.apply(vec![Change::Template(web(), Fact::Absent)]);
    assert_eq!(*world.found("shop/web-1"), before);
}

#[test]
fn a_refusal_later_does_not_hide_a_template_that_was_read() {
    let mut world = associated();
    let keys = [("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")];
    read(&mut world, template(vec![container("app", &keys, &[])]));
    world.apply(vec![Change::Template(web(), Fact::Unknown(denied("get deployments.apps")))]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::StaticKeys);
}

#[test]
fn a_template_is_due_when_nobody_read_it_after_a_minute_and_when_a_new_pod_came() {
    let mut world = associated();
    let due = |world: &World| !world.inventory.unread_templates([web()]).is_empty();
    assert!(due(&world));
    read(&mut world, template(vec![plain("app")]));
    assert!(!due(&world));
    let mut new = pod("shop/web-2", "web", "n1", vec![pod_identity("app")]);
    new.created_at = world.now.checked_add(SignedDuration::from_secs(1)).unwrap();
    world.put(new);
    assert!(due(&world), "a rollout may have brought it");
    read(&mut world, template(vec![plain("app")]));
    world.now = world.now.checked_add(SignedDuration::from_secs(61)).unwrap();
    world.apply(vec![]);
    assert!(due(&world));
    let bare = WorkloadId { kind: WorkloadKind::Pod, ..web() };
    let rollout = WorkloadId { kind: WorkloadKind::Other("Rollout".into()), ..web() };
    assert!(world.inventory.unread_templates([bare, rollout]).is_empty());
}

#[test]
fn the_inventory_itself_wants_no_template() {
    assert!(associated().inventory.wanted().templates.is_empty());
}
