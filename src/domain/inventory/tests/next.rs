//! Next (0.2, 1.2–1.5): the environment minus what was injected, plus what would be.

use std::collections::BTreeMap;

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    identity::{Mechanism, State, Verdict, injection::Proposal},
    webhook::{Selector, Webhook},
    workload::ContainerKind,
};

fn shop() -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.role("web-pi", &good_pod_trust());
    world.account("shop/web", Some("web"));
    world
}

fn labelled(label: &str) -> crate::domain::workload::Pod {
    with_spec(pod("shop/web-1", "web", "n1", vec![plain("app")]), |spec| {
        spec.labels.insert(label.into(), "true".into());
    })
}

#[test]
fn an_unchanged_irsa_pod_gets_the_same_again() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    assert!(!world.found("shop/web-1").drift);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn an_association_wins_over_the_annotation_for_new_pods() {
    let mut world = shop();
    world.associate("shop/web", "web-pi");
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::Irsa);
    let next = world.next_of("shop/web-1");
    assert_eq!((next.mechanism, next.role_arn.clone()), (Mechanism::PodIdentity, Some(arn("web-pi"))));
    assert_eq!(world.state("shop/web-1"), State::Drift);
}

#[test]
fn a_changed_annotation_drifts() {
    let mut world = shop();
    world.role("old", &irsa_trust("shop:web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "old")]);
    assert_eq!(world.next_of("shop/web-1").role_arn, Some(arn("web")));
    assert_eq!(world.state("shop/web-1"), State::Drift);
}

#[test]
fn a_removed_annotation_puts_the_next_pod_at_risk() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world.account("shop/web", None);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None);
    assert_eq!(world.state("shop/web-1"), State::AtRisk);
}

#[test]
fn a_pair_beside_the_other_method_s_is_the_template_s_and_stays() {
    let mut world = shop();
    world.associate("shop/web", "web-pi");
    let token = format!("{IRSA_TOKEN}/token");
    let role = arn("web");
    let mut variables = vec![("AWS_ROLE_ARN", role.as_str()), ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str())];
    variables.extend(pod_identity_variables());
    let app = container("app", &variables, &[("aws-iam-token", IRSA_TOKEN), ("eks-pod-identity-token", POD_TOKEN)]);
    world.pod("shop/web-1", "web", vec![app]);
    let found = world.found("shop/web-1");
    assert_eq!((found.now.mechanism, found.next.mechanism, found.drift), (Mechanism::Irsa, Mechanism::Irsa, false));
}

#[test]
fn a_token_file_of_another_place_is_not_what_was_injected() {
    let mut world = shop();
    world.account("shop/web", None);
    let role = arn("web");
    let app = container(
        "app",
        &[("AWS_ROLE_ARN", role.as_str()), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/own/token")],
        &[("own", "/own")],
    );
    world.pod("shop/web-1", "web", vec![app]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::Irsa);
    assert!(!world.found("shop/web-1").drift);
}

#[test]
fn one_pre_set_key_keeps_both_from_being_added() {
    let mut world = shop();
    let other = arn("other");
    world.pod("shop/web-1", "web", vec![container("app", &[("AWS_ROLE_ARN", other.as_str())], &[])]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None);
    world.associate("shop/web", "web-pi");
    // The keys of the other method do not count.
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::PodIdentity);
}

#[test]
fn skipped_containers_keep_what_they_have() {
    let mut world = shop();
    let containers = vec![irsa("app", "web"), plain("proxy")];
    let skipping = with_spec(pod("shop/web-1", "web", "n1", containers), |spec| {
        spec.annotations.insert("eks.amazonaws.com/skip-containers".into(), "proxy, other".into());
    });
    world.put(skipping);
    let found = world.found("shop/web-1");
    assert_eq!(found.containers[0].next.mechanism, Mechanism::Irsa);
    assert_eq!(found.containers[1].next.mechanism, Mechanism::None);
    assert_eq!((found.next.mechanism, found.drift), (Mechanism::Mixed, false));
    assert!(found.containers[1].next.reasons.iter().any(|reason| reason.code == Some("INJECTION-OPTED-OUT")));
}

#[test]
fn a_syntax_error_in_skip_containers_skips_nothing() {
    let mut world = shop();
    let skipping = with_spec(pod("shop/web-1", "web", "n1", vec![plain("proxy")]), |spec| {
        spec.annotations.insert("eks.amazonaws.com/skip-containers".into(), "proxy,\"app".into());
    });
    world.put(skipping);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::Irsa);
}

#[test]
fn the_skip_label_counts_only_if_the_live_webhook_honours_it() {
    let mut world = shop();
    world.put(labelled("eks.amazonaws.com/skip-pod-identity-webhook"));
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None);
    let open = Webhook { object_selector: Selector::default(), ..webhook() };
    world.apply(vec![Change::Webhooks(Fact::Known(vec![open]))]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::Irsa);
}

#[test]
fn a_namespace_selector_is_judged_by_the_namespace_s_name() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![plain("app")]);
    let labels = BTreeMap::from([("kubernetes.io/metadata.name".into(), "elsewhere".into())]);
    let narrow = Webhook { namespace_selector: Selector { labels, expressions: vec![] }, ..webhook() };
    world.apply(vec![Change::Webhooks(Fact::Known(vec![narrow]))]);
    assert_eq!(world.next_of("shop/web-1").why().and_then(|reason| reason.code), Some("WEBHOOK-ALTERED"));
}

#[test]
fn without_a_webhook_nothing_is_injected() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world.apply(vec![Change::Webhooks(Fact::Known(vec![]))]);
    assert_eq!(world.state("shop/web-1"), State::AtRisk);
    assert!(world.next_of("shop/web-1").reasons.iter().any(|reason| reason.code == Some("WEBHOOK-MISSING")));
}

#[test]
fn an_unreadable_webhook_is_presumed_and_said() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    let mut blind = World::empty();
    let mut changes = base();
    changes.retain(|change| !matches!(change, Change::Webhooks(_)));
    changes.push(Change::Webhooks(Fact::Unknown(denied("list mutatingwebhookconfigurations"))));
    blind.apply(changes);
    blind.role("web", &irsa_trust("shop:web"));
    blind.account("shop/web", Some("web"));
    blind.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    let next = blind.next_of("shop/web-1");
    assert_eq!((next.mechanism, next.verdict), (Mechanism::Irsa, Verdict::Unknown));
    assert_eq!(next.reasons[0].depends_on, ["list mutatingwebhookconfigurations"]);
    assert_eq!(blind.state("shop/web-1"), State::Ok);
}

#[test]
fn ephemeral_containers_get_no_injection() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![irsa("app", "web"), of_kind(ContainerKind::Ephemeral, plain("debug"))]);
    assert_eq!(world.found("shop/web-1").containers[1].next.mechanism, Mechanism::None);
}

#[test]
fn a_service_account_that_does_not_exist_may_still_be_associated() {
    let mut world = shop();
    world.associate("shop/ghost", "web-pi");
    let next = world.inventory.next_of(&sa("shop/ghost"));
    assert_eq!((next.mechanism, next.role_arn), (Mechanism::PodIdentity, Some(arn("web-pi"))));
    assert_eq!(world.inventory.next_without_association(&sa("shop/ghost")).mechanism, Mechanism::None);
    assert_eq!(
        world.inventory.next_with_association(&sa("shop/new"), Proposal::plain(arn("web-pi"))).mechanism,
        Mechanism::PodIdentity
    );
}

#[test]
fn the_next_of_a_service_account_without_pods_is_what_all_linux_nodes_agree_on() {
    let mut world = shop();
    let bare = sa("shop/bare");
    assert_eq!(world.inventory.next_of(&bare).mechanism, Mechanism::None);
    world.node("n2", options(true, 2));
    assert_eq!(world.inventory.next_of(&bare).mechanism, Mechanism::Unknown);
    world.node("n1", options(false, 1));
    let next = world.inventory.next_of(&bare);
    assert_eq!((next.mechanism, next.role_arn), (Mechanism::NodeRole, Some(arn("ng-role"))));
}
