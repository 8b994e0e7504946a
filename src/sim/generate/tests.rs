use jiff::Timestamp;
use serde_json::Value;

use super::{Generated, Spec, generate};
use crate::sim::aws::Lagging;
use crate::sim::world::World;

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn small() -> Spec {
    "pods=300,namespaces=12,serviceaccounts=60,associations=30,roles=25,nodes=8,seed=7".parse().unwrap()
}

fn count(generated: &Generated, kind: &str) -> usize {
    generated.manifests.iter().filter(|one| one["kind"] == kind).count()
}

#[test]
fn every_count_is_honoured() {
    let generated = generate(&small(), now());
    assert_eq!(count(&generated, "Pod"), 300);
    assert_eq!(count(&generated, "Namespace"), 12);
    assert_eq!(count(&generated, "ServiceAccount"), 60);
    assert_eq!(count(&generated, "Node"), 8);
    assert_eq!(generated.state.associations.len(), 30);
    assert_eq!(generated.state.roles.len(), 25);
    assert_eq!(generated.state.instances.len(), 8);
}

#[test]
fn equal_seeds_give_equal_worlds_and_others_do_not() {
    let (one, same) = (generate(&small(), now()), generate(&small(), now()));
    assert_eq!(one.manifests, same.manifests);
    let ids = |generated: &Generated| generated.state.associations.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&same));
    let other = generate(&Spec { seed: 8, ..small() }, now());
    assert_ne!(one.manifests, other.manifests);
}

#[test]
fn pods_have_realistic_sizes_and_existing_service_accounts() {
    let generated = generate(&small(), now());
    let accounts: Vec<(&Value, &Value)> = generated
        .manifests
        .iter()
        .filter(|one| one["kind"] == "ServiceAccount")
        .map(|one| (&one["metadata"]["namespace"], &one["metadata"]["name"]))
        .collect();
    let pods: Vec<&Value> = generated.manifests.iter().filter(|one| one["kind"] == "Pod").collect();
    let sizes: usize = pods.iter().map(|pod| pod.to_string().len()).sum();
    assert!((2500..6000).contains(&(sizes / pods.len())), "{}", sizes / pods.len());
    assert!(
        pods.iter().all(|pod| accounts.contains(&(&pod["metadata"]["namespace"], &pod["spec"]["serviceAccountName"])))
    );
}

#[test]
fn most_pods_of_associated_accounts_are_injected_and_some_are_not() {
    let generated = generate(&small(), now());
    let associated = |pod: &Value| {
        generated.state.associations.values().filter_map(Lagging::latest).any(|one| {
            pod["metadata"]["namespace"] == one.namespace.as_str()
                && pod["spec"]["serviceAccountName"] == one.service_account.as_str()
        })
    };
    let injected = |pod: &Value| pod.to_string().contains("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let pods: Vec<&Value> = generated.manifests.iter().filter(|one| one["kind"] == "Pod" && associated(one)).collect();
    let share = pods.iter().filter(|pod| injected(pod)).count() * 100 / pods.len();
    assert!((50..100).contains(&share), "{share}");
}

#[test]
fn small_numbers_are_raised_to_what_every_cluster_has() {
    let generated =
        generate(&"pods=3,namespaces=0,serviceaccounts=0,associations=2,roles=0,nodes=0".parse().unwrap(), now());
    assert_eq!(count(&generated, "Namespace"), 5);
    assert_eq!(count(&generated, "ServiceAccount"), 6);
    assert_eq!(count(&generated, "Pod"), 3);
    assert_eq!(generated.state.associations.len(), 2);
}

#[test]
fn a_specification_that_cannot_be_read_says_why() {
    let wrong = "pods=many".parse::<Spec>().unwrap_err().to_string();
    assert!(wrong.contains("`many` is not a whole number") && wrong.contains("write e.g. pods=10000"), "{wrong}");
    assert!("cats=1".parse::<Spec>().unwrap_err().to_string().contains("there is no `cats`"));
}

#[tokio::test]
async fn a_generated_world_can_be_listed() {
    let world = World::generate(&small(), now()).unwrap();
    assert_eq!(world.kubernetes.snapshot("", "pods").len(), 300);
    assert_eq!(world.kubernetes.snapshot("", "namespaces").len(), 12);
    assert_eq!(world.kubernetes.snapshot("", "serviceaccounts").len(), 60);
}
