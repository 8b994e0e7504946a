//! Now (0.1): which level of the running container wins, and what it hides.

use super::world::*;
use crate::domain::{
    identity::{Mechanism, State, Verdict},
    workload::ContainerKind,
};

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")];

fn now(variables: &[(&str, &str)], mounts: &[(&str, &str)]) -> crate::domain::identity::Identity {
    let mut world = World::new();
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![container("app", variables, mounts)]);
    world.now_of("shop/web-1").clone()
}

#[test]
fn both_access_keys_are_static_keys_of_an_unknown_owner() {
    let found = now(&KEYS, &[]);
    assert_eq!((found.mechanism, found.verdict), (Mechanism::StaticKeys, Verdict::Depends));
    assert_eq!(found.reasons[0].depends_on, ["owner of the access keys"]);
}

#[test]
fn one_access_key_alone_is_nothing() {
    assert_eq!(now(&KEYS[..1], &[]).mechanism, Mechanism::None);
}

#[test]
fn static_keys_hide_an_injected_role() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    let mut app = irsa("app", "web");
    app.environment = crate::domain::workload::Environment::new(
        app.environment
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .chain(container("x", &KEYS, &[]).environment.iter().map(|(name, value)| (name.clone(), value.clone()))),
    );
    world.pod("shop/web-1", "web", vec![app]);
    let found = world.now_of("shop/web-1");
    assert_eq!((found.mechanism, found.shadowed.as_slice()), (Mechanism::StaticKeys, &[Mechanism::Irsa][..]));
    // Keys in the template stay for the next pod too: no drift.
    assert_eq!(world.state("shop/web-1"), State::Depends);
}

#[test]
fn a_profile_variable_or_a_mounted_aws_directory_is_a_profile() {
    for (variables, mounts) in [
        (&[("AWS_PROFILE", "dev")][..], &[][..]),
        (&[("AWS_CONFIG_FILE", "/etc/aws")][..], &[][..]),
        (&[][..], &[("conf", "/home/app/.aws")][..]),
        (&[][..], &[("conf", "/home/app/.aws/credentials")][..]),
    ] {
        let found = now(variables, mounts);
        assert_eq!((found.mechanism, found.verdict), (Mechanism::Profile, Verdict::Depends));
    }
    assert_eq!(now(&[("AWS_PROFILE", "")], &[("conf", "/etc/.awsome")]).mechanism, Mechanism::None);
}

#[test]
fn web_identity_beats_pod_identity_which_is_shadowed() {
    let token = format!("{IRSA_TOKEN}/token");
    let role = arn("web");
    let mut variables = vec![("AWS_ROLE_ARN", role.as_str()), ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str())];
    variables.extend(pod_identity_variables());
    let found = now(&variables, &[("aws-iam-token", IRSA_TOKEN), ("eks-pod-identity-token", POD_TOKEN)]);
    assert_eq!(found.mechanism, Mechanism::Irsa);
    assert_eq!(found.shadowed, [Mechanism::PodIdentity]);
}

#[test]
fn a_role_without_a_token_file_is_ignored_and_said() {
    let found = now(&[("AWS_ROLE_ARN", arn("web").as_str())], &[]);
    assert_eq!((found.mechanism, found.verdict), (Mechanism::None, Verdict::Ok));
    assert!(found.reasons.iter().any(|reason| reason.code == Some("STALE-IRSA-ENV")));
}

#[test]
fn a_token_file_without_a_role_depends_on_the_sdk() {
    let found = now(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/x/token")], &[]);
    assert_eq!((found.mechanism, found.verdict), (Mechanism::None, Verdict::Depends));
    assert_eq!(found.reasons[0].depends_on, ["SDK"]);
}

#[test]
fn both_addresses_of_the_agent_are_pod_identity_and_others_are_custom() {
    let with = |uri| now(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)], &[]).mechanism;
    assert_eq!(with("http://169.254.170.23/v1/credentials"), Mechanism::PodIdentity);
    assert_eq!(with("http://[fd00:ec2::23]/v1/credentials"), Mechanism::PodIdentity);
    assert_eq!(with("http://127.0.0.1:8080/creds"), Mechanism::CustomEndpoint);
    assert_eq!(now(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2")], &[]).mechanism, Mechanism::CustomEndpoint);
}

#[test]
fn plain_http_to_any_other_address_is_refused_by_sdks() {
    let with = |uri| now(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)], &[]).verdict;
    assert_eq!(with("http://10.0.0.7/creds"), Verdict::Broken);
    assert_eq!(with("https://10.0.0.7/creds"), Verdict::Depends);
    assert_eq!(with("http://creds.local/creds"), Verdict::Depends);
    assert_eq!(with("http://localhost:80/creds"), Verdict::Depends);
}

#[test]
fn an_agent_address_without_a_token_is_refused_by_the_agent() {
    assert_eq!(now(&pod_identity_variables()[..1], &[]).verdict, Verdict::Broken);
}

#[test]
fn nothing_configured_and_no_metadata_is_none_and_ok() {
    let found = now(&[], &[]);
    assert_eq!((found.mechanism, found.verdict), (Mechanism::None, Verdict::Ok));
}

#[test]
fn ephemeral_and_init_containers_make_no_pod_mixed() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    let containers = vec![
        of_kind(ContainerKind::Init, container("init", &KEYS, &[])),
        irsa("app", "web"),
        of_kind(ContainerKind::Ephemeral, plain("debug")),
    ];
    world.pod("shop/web-1", "web", containers);
    assert_eq!((world.now_of("shop/web-1").mechanism, world.state("shop/web-1")), (Mechanism::Irsa, State::Ok));
}

#[test]
fn a_broken_init_container_makes_the_pod_broken() {
    let mut world = World::new();
    world.account("shop/web", None);
    let bad = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.7/creds")];
    world.pod("shop/web-1", "web", vec![of_kind(ContainerKind::Init, container("init", &bad, &[])), plain("app")]);
    assert_eq!(world.state("shop/web-1"), State::Broken);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::None);
}

#[test]
fn containers_that_differ_are_mixed_with_the_worst_verdict() {
    let mut world = World::new();
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![plain("app"), of_kind(ContainerKind::Sidecar, container("proxy", &KEYS, &[]))]);
    let found = world.now_of("shop/web-1");
    assert_eq!((found.mechanism, found.verdict, &found.role_arn), (Mechanism::Mixed, Verdict::Depends, &None));
}

#[test]
fn a_thousand_containers_and_a_huge_variable_are_no_trouble() {
    let mut world = World::new();
    let huge = "x".repeat(100_000);
    let containers = (0..1000).map(|index| irsa_arn(&format!("c{index}"), &huge)).collect();
    world.pod("shop/web-1", "web", containers);
    let found = world.now_of("shop/web-1");
    assert_eq!((found.mechanism, found.verdict), (Mechanism::Irsa, Verdict::Broken));
    assert!(found.why().is_some_and(|reason| reason.message.len() < 300));
}
