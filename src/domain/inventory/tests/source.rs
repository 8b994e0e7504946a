//! `envFrom` (0, 0.1, 1.4): what ConfigMaps add, what beats it, and what cannot be read.

use jiff::SignedDuration;

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    id::PodId,
    identity::{Mechanism, State, Verdict},
    workload::{Container, Environment, EnvironmentSource, SourceId, Value},
};

fn source(name: &str) -> SourceId {
    SourceId { namespace: "shop".into(), name: name.into(), prefix: "".into() }
}

fn from(secret: bool, name: &str) -> EnvironmentSource {
    EnvironmentSource { prefix: "".into(), name: name.into(), secret }
}

fn taking(mut container: Container, names: &[&str]) -> Container {
    container.environment_sources = names.iter().map(|name| from(false, name)).collect();
    container
}

fn map(name: &str, variables: &[(&str, &str)]) -> Change {
    let value = |text: &str| if text == "hidden" { Value::Hidden } else { Value::Text(text.into()) };
    let variables = variables.iter().map(|(name, text)| ((*name).into(), value(text)));
    Change::ConfigMap(source(name), Fact::Known(Environment::new(variables)))
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "hidden"), ("AWS_SECRET_ACCESS_KEY", "hidden")];

fn world(container: Container) -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![container]);
    world
}

#[test]
fn a_config_map_that_pods_name_is_wanted_once_and_loading_until_it_was_read() {
    let mut world = world(taking(pod_identity("app"), &["settings"]));
    assert_eq!(world.inventory.wanted().config_maps, [source("settings")]);
    assert_eq!(world.state("shop/web-1"), State::Loading);
    world.apply(vec![map("settings", &[])]);
    assert!(world.inventory.wanted().config_maps.is_empty());
    assert_eq!((world.now_of("shop/web-1").mechanism, world.state("shop/web-1")), (Mechanism::PodIdentity, State::Ok));
}

#[test]
fn access_keys_from_a_config_map_win_over_an_injected_identity_now_and_next() {
    let mut world = world(taking(pod_identity("app"), &["settings"]));
    world.apply(vec![map("settings", &KEYS)]);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::StaticKeys);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::StaticKeys);
    assert_eq!(world.now_of("shop/web-1").shadowed, [Mechanism::PodIdentity]);
}

#[test]
fn explicit_variables_beat_those_of_a_config_map() {
    let own = [("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/own"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")];
    let mut world = world(taking(container("app", &own, &[]), &["settings"]));
    world.apply(vec![map("settings", &[("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/other")])]);
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("own")));
}

#[test]
fn an_explicit_empty_variable_hides_the_one_of_a_config_map() {
    let mut world = world(taking(container("app", &[("AWS_PROFILE", "")], &[]), &["settings"]));
    world.apply(vec![map("settings", &[("AWS_PROFILE", "dev")])]);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::None);
}

#[test]
fn of_two_config_maps_the_later_one_wins() {
    let mut world = world(taking(plain("app"), &["one", "two"]));
    let pair = |role: &str| [("AWS_ROLE_ARN", arn(role).to_string()), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t".to_owned())];
    for (name, role) in [("one", "first"), ("two", "second")] {
        let pair = pair(role);
        let pair: Vec<(&str, &str)> = pair.iter().map(|(name, text)| (*name, text.as_str())).collect();
        world.apply(vec![map(name, &pair)]);
    }
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("second")));
}

#[test]
fn the_webhook_does_not_see_variables_of_a_config_map() {
    let mut world = world(taking(plain("app"), &["settings"]));
    world.apply(vec![map("settings", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://vault.shop/creds")])]);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::CustomEndpoint);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::PodIdentity);
}

#[test]
fn a_config_map_that_may_not_be_read_makes_the_identity_unknown_with_the_permission() {
    let mut world = world(taking(pod_identity("app"), &["settings"]));
    world.apply(vec![Change::ConfigMap(source("settings"), Fact::Unknown(denied("get configmaps")))]);
    let now = world.now_of("shop/web-1");
    assert_eq!(
        (now.mechanism, now.verdict, world.state("shop/web-1")),
        (Mechanism::Unknown, Verdict::Unknown, State::Unknown)
    );
    assert_eq!(now.reasons[0].depends_on, ["get configmaps"]);
    assert!(now.reasons[0].message.contains("shop/settings"), "{}", now.reasons[0].message);
    assert!(world.inventory.gaps().iter().any(|gap| gap.what == "ConfigMap settings"));
}

#[test]
fn a_config_map_that_may_not_be_read_cannot_change_explicit_access_keys() {
    let mut world = world(taking(
        container("app", &[("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")], &[]),
        &["settings"],
    ));
    world.apply(vec![Change::ConfigMap(source("settings"), Fact::Unknown(denied("get configmaps")))]);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::StaticKeys);
}

#[test]
fn a_missing_config_map_is_optional_and_adds_nothing() {
    let mut world = world(taking(pod_identity("app"), &["settings"]));
    world.apply(vec![Change::ConfigMap(source("settings"), Fact::Absent)]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn a_secret_of_env_from_is_a_footnote_and_never_asked_for() {
    let mut app = pod_identity("app");
    app.environment_sources = vec![from(true, "keys")];
    let world = world(app);
    assert!(world.inventory.wanted().config_maps.is_empty());
    let now = world.now_of("shop/web-1");
    assert_eq!(
        (now.mechanism, now.verdict, world.state("shop/web-1")),
        (Mechanism::PodIdentity, Verdict::Ok, State::Ok)
    );
    assert!(now.reasons.iter().any(|reason| reason.message.contains("assumes that Secret keys")), "{:?}", now.reasons);
}

#[test]
fn a_config_map_is_read_again_after_a_while_and_when_a_new_pod_names_it() {
    let mut world = world(taking(pod_identity("app"), &["settings"]));
    world.apply(vec![map("settings", &[])]);
    assert!(world.inventory.wanted().config_maps.is_empty());
    let mut new = pod("shop/web-2", "web", "n1", vec![taking(pod_identity("app"), &["settings"])]);
    new.created_at = world.now.checked_add(SignedDuration::from_secs(1)).unwrap();
    world.put(new.clone());
    assert_eq!(
        world.inventory.wanted().config_maps,
        [source("settings")],
        "it may have changed before the pod started"
    );
    assert_eq!(world.state("shop/web-1"), State::Ok, "and is known meanwhile");
    world.apply(vec![map("settings", &[])]);
    world.put(new);
    assert!(world.inventory.wanted().config_maps.is_empty(), "a pod that is known tells nothing new");
    world.now = world.now.checked_add(SignedDuration::from_mins(5)).unwrap();
    world.apply(vec![]);
    assert_eq!(world.inventory.wanted().config_maps, [source("settings")]);
    world.apply(vec![map("settings", &KEYS)]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::StaticKeys);
}

#[test]
fn a_config_map_that_no_pod_names_any_more_is_not_read_again() {
    let mut world = world(taking(pod_identity("app"), &["settings"]));
    world.apply(vec![map("settings", &[])]);
    world.apply(vec![Change::PodGone(PodId::new("shop", "web-1"))]);
    for _ in 0..256 {
        world.apply(vec![]);
    }
    world.now = world.now.checked_add(SignedDuration::from_mins(6)).unwrap();
    world.apply(vec![]);
    assert!(world.inventory.wanted().config_maps.is_empty());
}

/// 2.6, 3.1: these count wherever they come from.
#[test]
fn settings_of_instance_metadata_count_from_a_config_map_unless_the_pod_sets_them() {
    let of = |own: &[(&str, &str)]| {
        let mut world = World::new();
        world.node("n1", options(false, 1));
        world.account("shop/web", None);
        world.pod("shop/web-1", "web", vec![taking(container("app", own, &[]), &["settings"])]);
        world.apply(vec![map("settings", &[("AWS_EC2_METADATA_V1_DISABLED", "true")])]);
        world.now_of("shop/web-1").verdict
    };
    assert_eq!(of(&[]), Verdict::Depends);
    assert_eq!(of(&[("AWS_EC2_METADATA_V1_DISABLED", "false")]), Verdict::Ok);
}
