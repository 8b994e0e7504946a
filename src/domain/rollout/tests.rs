use pretty_assertions::assert_eq;

use super::*;
use crate::domain::{
    plan::tests::world::{Injected, arn, pod},
    workload::WorkloadKind,
};

fn carried(injected: &Injected) -> Carried {
    Carried::of(&pod("payments/api", WorkloadKind::Deployment, "api", "api-1", "node-a", injected))
}

#[test]
fn a_pod_carries_what_stands_in_the_variables_of_its_containers() {
    assert_eq!(carried(&Injected::PodIdentity), Carried::PodIdentity);
    assert_eq!(carried(&Injected::Irsa(arn("api"))), Carried::Irsa { role_arn: arn("api") });
    assert_eq!(carried(&Injected::Nothing), Carried::Nothing);
    assert_eq!(carried(&Injected::Keys), Carried::Nothing);
}

#[test]
fn a_rollout_is_complete_when_every_wanted_pod_is_new_and_all_are_available() {
    let whole = Progress { observed: true, wanted: 3, updated: 3, total: 3, available: 3, stuck: None };
    assert!(whole.is_complete());
    assert!(!Progress { observed: false, ..whole.clone() }.is_complete(), "the controller has not seen it");
    assert!(!Progress { updated: 2, ..whole.clone() }.is_complete());
    assert!(!Progress { total: 4, ..whole.clone() }.is_complete(), "an old one is still there");
    assert!(Progress { wanted: 1, updated: 1, ..whole }.is_complete(), "a partition keeps two");
}

#[test]
fn the_successor_is_newer_than_everything_there_was() {
    let made = |name: &str, at: &str| {
        let mut one = pod("payments/api", WorkloadKind::Deployment, "api", name, "node-a", &Injected::Nothing);
        one.created_at = at.parse().unwrap();
        one
    };
    let pods = [made("old", "2026-11-20T00:00:00Z"), made("new", "2026-11-23T09:00:01Z")];
    let newest = "2026-11-20T00:00:00Z".parse().unwrap();
    assert_eq!(successor(&pods, newest).map(|pod| pod.id.name.as_str()), Some("new"));
    assert_eq!(successor(&pods[..1], newest), None);
    let mut going = made("new", "2026-11-23T09:00:01Z");
    going.terminating = true;
    assert_eq!(successor(&[going], newest), None);
}
