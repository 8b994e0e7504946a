//! Input that nobody should write and somebody does: a sentence, never a panic.

use super::world::*;
use crate::domain::{
    identity::{Mechanism, Verdict},
    workload::Container,
};

fn found_with(containers: Vec<Container>) -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", containers);
    world
}

#[test]
fn a_malformed_role_arn_is_broken_and_said() {
    let long = format!("arn:aws:iam::{ACCOUNT}:role/{}", "x".repeat(100_000));
    for arn in [
        "web",
        "arn",
        "arn:::::",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::1111:role/web",
        "arn:aws:iam::111122223333:user/web",
        "arn:aws:s3:::web",
        "arn:aws:iam:eu-west-1:111122223333:role/web ",
        "\u{0}\u{202e}arn",
        "arn:aws:iam::１１１１２２２２３３３３:role/web",
        &long,
    ] {
        let world = found_with(vec![irsa_arn("app", arn)]);
        let now = world.now_of("shop/web-1");
        assert_eq!((now.mechanism, now.verdict), (Mechanism::Irsa, Verdict::Broken), "{arn:.80}: {now:?}");
        assert!(now.reasons.iter().all(|reason| !reason.message.is_empty()), "{arn:.80}");
    }
}

#[test]
fn a_role_of_another_partition_is_not_ok() {
    for partition in ["aws-cn", "aws-us-gov", "aws-iso", "aws-eusc"] {
        let arn = format!("arn:{partition}:iam::{ACCOUNT}:role/web");
        let world = found_with(vec![irsa_arn("app", &arn)]);
        let now = world.now_of("shop/web-1");
        assert_eq!(now.verdict, Verdict::Broken, "{arn}: {now:?}");
        assert!(now.why().is_some_and(|reason| reason.message.contains("partition")), "{now:?}");
    }
}

#[test]
fn a_pod_with_a_thousand_containers_has_a_thousand_answers() {
    let containers = (0..1_000).map(|index| irsa(&format!("app-{index}"), "web")).collect();
    let world = found_with(containers);
    let found = world.found("shop/web-1");
    assert_eq!(found.containers.len(), 1_000);
    assert!(found.containers.iter().all(|answer| answer.now.mechanism == Mechanism::Irsa));
}

#[test]
fn values_of_a_hundred_kilobytes_are_carried_not_choked_on() {
    let long = "9".repeat(100_000);
    for name in [
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_PROFILE",
        "NO_PROXY",
        "HTTP_PROXY",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        let world = found_with(vec![container("app", &[(name, &long)], &[])]);
        assert_eq!(world.found("shop/web-1").containers.len(), 1, "{name}");
    }
}

#[test]
fn a_pod_without_containers_or_with_names_of_nobody_is_answered() {
    let mut world = World::new();
    world.pod("shop/empty-1", "", vec![]);
    world.put(pod("/-", "", "", vec![plain("")]));
    assert_eq!(world.found("shop/empty-1").containers.len(), 0);
    assert_eq!(world.inventory.pods().len(), 3, "and the agent's");
}
