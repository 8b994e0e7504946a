//! Expanding loaded workloads.

use pretty_assertions::assert_eq;

use super::*;

fn world(annotations: Value) -> World {
    let world = World::new();
    world.load(node("n1"));
    world.load(webhook());
    world.associate("default", "default");
    let mut web = deployment("web", 2);
    web["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    web["metadata"]["annotations"] = annotations;
    world.load(web);
    for (kind, name) in [("StatefulSet", "db"), ("DaemonSet", "agent")] {
        let mut set = deployment(name, 2);
        set["kind"] = json!(kind);
        world.load(set);
    }
    world
}

fn web_pods(world: &World) -> Vec<Value> {
    let pods = world.api.snapshot("", "pods").into_iter();
    pods.filter(|pod| pod["metadata"]["labels"]["app"] == "web").collect()
}

#[tokio::test]
async fn every_workload_gets_its_pods_running_and_injected() {
    let world = world(json!({"sim.rolecall/pods-created": "2026-02-02T00:00:00Z"}));
    world.api.expand();
    assert_eq!(world.api.snapshot("", "pods").len(), 5);
    for pod in web_pods(&world) {
        assert_eq!(pod["metadata"]["creationTimestamp"], "2026-02-02T00:00:00Z");
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(pod["spec"]["nodeName"], "n1");
        assert!(pod.to_string().contains("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
        assert!(!pod.to_string().contains("sim.rolecall"));
        assert!(pod["metadata"]["managedFields"].is_null());
    }
    let web = &world.api.snapshot("apps", "deployments")[0];
    assert_eq!((&web["status"]["readyReplicas"], &web["metadata"]["annotations"]), (&json!(2), &Value::Null));
    assert_eq!(world.api.snapshot("apps", "daemonsets")[0]["status"]["numberReady"], 1);
}

#[tokio::test]
async fn a_workload_older_than_the_webhook_has_no_injection() {
    let world = world(json!({"sim.rolecall/skip-webhook": "true"}));
    world.api.expand();
    for pod in web_pods(&world) {
        assert_eq!(pod["metadata"]["creationTimestamp"], "2026-01-01T00:00:00Z");
        assert!(!pod.to_string().contains("AWS_CONTAINER"));
    }
}

#[tokio::test]
async fn names_are_the_same_in_every_run_and_a_second_expansion_adds_nothing() {
    let (one, other) = (world(json!({})), world(json!({})));
    one.api.expand();
    other.api.expand();
    other.api.expand();
    assert_eq!(one.names("", "pods"), other.names("", "pods"));
}

#[tokio::test]
async fn pods_of_a_missing_account_do_not_come() {
    let world = World::new();
    world.load(node("n1"));
    let mut web = deployment("web", 2);
    web["spec"]["template"]["spec"]["serviceAccountName"] = json!("ghost");
    world.load(web);
    world.api.expand();
    assert!(world.names("", "pods").is_empty());
    assert_eq!(world.api.snapshot("apps", "deployments")[0]["status"]["unavailableReplicas"], 2);
}

#[tokio::test(start_paused = true)]
async fn controllers_leave_an_expanded_world_as_it_is() {
    let world = world(json!({}));
    world.api.expand();
    let before = world.names("", "pods");
    let version = world.get("/api/v1/pods").await.1["metadata"]["resourceVersion"].clone();
    tokio::spawn(world.api.controller());
    world.settle().await;
    assert_eq!(world.names("", "pods"), before);
    assert_eq!(world.get("/api/v1/pods").await.1["metadata"]["resourceVersion"], version);
}

#[tokio::test(start_paused = true)]
async fn an_expanded_workload_can_be_restarted() {
    let world = world(json!({}));
    world.api.expand();
    let before: Vec<_> = web_pods(&world).iter().map(|p| p["metadata"]["name"].clone()).collect();
    tokio::spawn(world.api.controller());
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"restartedAt": "now"}}}}});
    world.patch("/apis/apps/v1/namespaces/default/deployments/web", "strategic-merge-patch+json", &restart).await;
    world.settle().await;
    let after = web_pods(&world);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|pod| !before.contains(&pod["metadata"]["name"])));
}

#[tokio::test]
async fn loaded_pods_without_a_status_run_and_others_stay_as_they_are() {
    let world = World::new();
    world.load(node("n1"));
    world.load(pod("bare"));
    let mut stuck = pod("stuck");
    stuck["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
    world.load(stuck.clone());
    world.api.expand();
    let pods = world.api.snapshot("", "pods");
    assert_eq!(pods[0]["status"]["phase"], "Running");
    assert_eq!(pods[1]["status"], stuck["status"]);
}

#[tokio::test]
async fn expanded_pods_are_spread_over_the_nodes() {
    let world = world(json!({}));
    world.load(node("n2"));
    world.api.expand();
    let nodes: Vec<Value> = web_pods(&world).iter().map(|pod| pod["spec"]["nodeName"].clone()).collect();
    assert_ne!(nodes[0], nodes[1]);
}
