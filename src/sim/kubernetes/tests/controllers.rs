//! The controllers, on paused time.

use std::collections::BTreeMap;

use pretty_assertions::assert_eq;

use super::super::FargateProfile;
use super::*;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

/// A cluster with two nodes and running controllers.
fn running() -> World {
    let world = World::new();
    world.load(node("n1"));
    world.load(node("n2"));
    tokio::spawn(world.api.controller());
    world
}

fn restart() -> Value {
    json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}})
}

fn ready(world: &World) -> usize {
    let pods = world.api.snapshot("", "pods");
    let is_lasting = |pod: &&Value| !super::super::meta::is_terminating(pod);
    pods.iter().filter(is_lasting).filter(|pod| super::super::meta::is_condition(pod, "Ready")).count()
}

#[tokio::test(start_paused = true)]
async fn a_deployment_gets_running_pods_spread_over_the_nodes() {
    let world = running();
    world.post(DEPLOYMENTS, &deployment("web", 4)).await;
    world.settle().await;
    let pods = world.api.snapshot("", "pods");
    assert_eq!(pods.len(), 4);
    assert!(pods.iter().all(|pod| pod["status"]["phase"] == "Running" && pod["status"]["podIP"].is_string()));
    let on_first = pods.iter().filter(|pod| pod["spec"]["nodeName"] == "n1").count();
    assert_eq!(on_first, 2);
    let status = &world.api.snapshot("apps", "deployments")[0]["status"];
    for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(status[field], 4, "{field}");
    }
    assert_eq!(status["observedGeneration"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_restart_replaces_all_pods_a_few_at_a_time() {
    let world = running();
    world.post(DEPLOYMENTS, &deployment("web", 8)).await;
    world.settle().await;
    let before = world.names("", "pods");
    world.patch(&format!("{DEPLOYMENTS}/web"), "strategic-merge-patch+json", &restart()).await;
    let mut least = 8;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        least = least.min(ready(&world));
    }
    let after = world.names("", "pods");
    assert_eq!(after.len(), 8);
    assert!(after.iter().all(|name| !before.contains(name)));
    assert!((6..8).contains(&least), "{least} ready at least");
    let sets = world.api.snapshot("apps", "replicasets");
    let mut replicas: Vec<i64> = sets.iter().map(|set| set["spec"]["replicas"].as_i64().unwrap()).collect();
    replicas.sort_unstable();
    assert_eq!(replicas, [0, 8]);
    let deployment = &world.api.snapshot("apps", "deployments")[0];
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    assert_eq!(deployment["status"]["observedGeneration"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_restart_lets_the_webhook_see_a_new_association() {
    let world = running();
    world.load(webhook());
    world.post(DEPLOYMENTS, &deployment("web", 1)).await;
    world.settle().await;
    world.associate("default", "default");
    assert!(!world.api.snapshot("", "pods")[0].to_string().contains("FULL_URI"));
    world.patch(&format!("{DEPLOYMENTS}/web"), "strategic-merge-patch+json", &restart()).await;
    world.settle().await;
    assert!(world.api.snapshot("", "pods")[0].to_string().contains("FULL_URI"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_or_evicted_pod_is_replaced_after_its_grace() {
    let world = running();
    world.post(DEPLOYMENTS, &deployment("web", 2)).await;
    world.settle().await;
    let name = world.names("", "pods")[0].clone();
    let (_, deleted) = world.delete(&format!("/api/v1/namespaces/default/pods/{name}")).await;
    assert!(deleted["metadata"]["deletionTimestamp"].is_string());
    assert!(world.names("", "pods").contains(&name));
    world.settle().await;
    assert!(!world.names("", "pods").contains(&name));
    assert_eq!(ready(&world), 2);
}

#[tokio::test(start_paused = true)]
async fn scaling_down_and_deleting_remove_pods() {
    let world = running();
    world.post(DEPLOYMENTS, &deployment("web", 3)).await;
    world.settle().await;
    world.patch(&format!("{DEPLOYMENTS}/web"), "merge-patch+json", &json!({"spec": {"replicas": 1}})).await;
    world.settle().await;
    assert_eq!(ready(&world), 1);
    world.delete(&format!("{DEPLOYMENTS}/web")).await;
    world.settle().await;
    assert!(world.names("", "pods").is_empty() && world.names("apps", "replicasets").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_loaded_workload_is_left_alone_until_its_pods_are_touched() {
    let world = World::new();
    world.load(node("n1"));
    let mut set = deployment("web", 5);
    set["kind"] = json!("ReplicaSet");
    set["metadata"]["uid"] = json!("rs");
    world.load(set);
    for name in ["a", "b"] {
        let mut pod = pod(name);
        pod["spec"]["nodeName"] = json!("n1");
        pod["status"] = json!({"phase": "Running"});
        pod["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs", "controller": true}]);
        world.load(pod);
    }
    tokio::spawn(world.api.controller());
    world.settle().await;
    assert_eq!(world.names("", "pods"), ["a", "b"]);
    world.delete("/api/v1/namespaces/default/pods/a").await;
    world.settle().await;
    assert_eq!(world.names("", "pods").len(), 5);
    assert!(world.names("", "pods").contains(&"b".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_restarts_from_the_last_pod_on() {
    let world = running();
    let mut set = deployment("db", 3);
    set["kind"] = json!("StatefulSet");
    let path = "/apis/apps/v1/namespaces/default/statefulsets";
    world.post(path, &set).await;
    world.settle().await;
    assert_eq!(world.names("", "pods"), ["db-0", "db-1", "db-2"]);
    let uids = |world: &World| -> Vec<Value> {
        world.api.snapshot("", "pods").iter().map(|p| p["metadata"]["uid"].clone()).collect()
    };
    let before = uids(&world);
    world.patch(&format!("{path}/db"), "strategic-merge-patch+json", &restart()).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(uids(&world)[..2], before[..2]);
    world.settle().await;
    assert!(uids(&world).iter().all(|uid| !before.contains(uid)));
    let status = &world.api.snapshot("apps", "statefulsets")[0]["status"];
    assert_eq!(status["currentRevision"], status["updateRevision"]);
    assert_eq!((&status["updatedReplicas"], &status["readyReplicas"]), (&json!(3), &json!(3)));
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_runs_once_on_each_node_that_fits() {
    let world = running();
    let mut fargate = node("f");
    fargate["metadata"]["labels"]["eks.amazonaws.com/compute-type"] = json!("fargate");
    world.load(fargate);
    let mut set = deployment("agent", 1);
    set["kind"] = json!("DaemonSet");
    set["spec"]["template"]["spec"]["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate", "auto"]}]}]}}});
    world.post("/apis/apps/v1/namespaces/default/daemonsets", &set).await;
    world.settle().await;
    let nodes = |world: &World| -> BTreeSet<String> {
        world.api.snapshot("", "pods").iter().map(|p| p["spec"]["nodeName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(nodes(&world), BTreeSet::from(["n1".to_owned(), "n2".to_owned()]));
    world.post("/api/v1/nodes", &node("n3")).await;
    world.settle().await;
    assert!(nodes(&world).contains("n3"));
    assert_eq!(world.api.snapshot("apps", "daemonsets")[0]["status"]["numberReady"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_completes() {
    let world = running();
    let mut job = deployment("once", 1);
    job["kind"] = json!("Job");
    job["apiVersion"] = json!("batch/v1");
    job["spec"]["completions"] = json!(2);
    world.post("/apis/batch/v1/namespaces/default/jobs", &job).await;
    world.settle().await;
    let job = &world.api.snapshot("batch", "jobs")[0];
    assert!(super::super::meta::is_condition(job, "Complete"));
    assert_eq!(job["status"]["succeeded"], 2);
    assert!(world.api.snapshot("", "pods").iter().all(|pod| pod["status"]["phase"] == "Succeeded"));
}

#[tokio::test(start_paused = true)]
async fn a_pod_keeps_to_its_node_selector_or_waits() {
    let world = running();
    let mut picky = pod("p");
    picky["spec"]["nodeSelector"] = json!({"disk": "ssd"});
    world.create_pod(&picky).await;
    world.settle().await;
    let waiting = &world.api.snapshot("", "pods")[0];
    assert_eq!((&waiting["status"]["phase"], &waiting["spec"]["nodeName"]), (&json!("Pending"), &Value::Null));
    assert_eq!(waiting["status"]["conditions"][0]["reason"], "Unschedulable");
    let mut fast = node("n3");
    fast["metadata"]["labels"]["disk"] = json!("ssd");
    world.post("/api/v1/nodes", &fast).await;
    world.settle().await;
    assert_eq!(world.api.snapshot("", "pods")[0]["spec"]["nodeName"], "n3");
}

#[tokio::test(start_paused = true)]
async fn a_pod_of_a_fargate_profile_gets_a_node_of_its_own() {
    let world = running();
    let selectors = vec![("de*".to_owned(), BTreeMap::from([("app".to_owned(), "web".to_owned())]))];
    world.api.set_fargate_profiles(vec![FargateProfile { name: "web".into(), selectors }]);
    world.post(DEPLOYMENTS, &deployment("web", 2)).await;
    world.settle().await;
    let pods = world.api.snapshot("", "pods");
    assert!(pods.iter().all(|p| p["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] == "web"));
    assert!(pods.iter().all(|p| { p["spec"]["nodeName"].as_str().unwrap().starts_with("fargate-ip-") }));
    assert_eq!(world.names("", "nodes").len(), 4);
    world.delete(&format!("{DEPLOYMENTS}/web")).await;
    world.settle().await;
    assert_eq!(world.names("", "nodes"), ["n1", "n2"]);
}

#[tokio::test(start_paused = true)]
async fn pods_refused_for_their_account_come_once_it_exists() {
    let world = running();
    let mut web = deployment("web", 1);
    web["spec"]["template"]["spec"]["serviceAccountName"] = json!("late");
    world.post(DEPLOYMENTS, &web).await;
    world.settle().await;
    assert!(world.names("", "pods").is_empty());
    let path = "/api/v1/namespaces/default/serviceaccounts";
    world.post(path, &account("late", json!({}))).await;
    world.settle().await;
    assert_eq!(ready(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn pods_that_come_one_after_the_other_are_spread_too() {
    let world = running();
    for name in ["a", "b", "c", "d"] {
        world.create_pod(&pod(name)).await;
        world.settle().await;
    }
    let nodes: Vec<Value> = world.api.snapshot("", "pods").iter().map(|pod| pod["spec"]["nodeName"].clone()).collect();
    assert_eq!(nodes, ["n1", "n2", "n1", "n2"].map(|name| json!(name)));
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_budget_follows_its_pods() {
    let world = running();
    world.post(DEPLOYMENTS, &deployment("web", 3)).await;
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
    });
    world.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", &budget).await;
    let counts = |world: &World| {
        let status = &world.api.snapshot("policy", "poddisruptionbudgets")[0]["status"];
        ["expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed"].map(|key| status[key].as_i64())
    };
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(counts(&world), [Some(3), Some(2), Some(0), Some(0)], "none is ready yet");
    world.settle().await;
    assert_eq!(counts(&world), [Some(3), Some(2), Some(3), Some(1)]);
    let pod = world.names("", "pods").into_iter().next().unwrap();
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
    let path = format!("/api/v1/namespaces/default/pods/{pod}/eviction");
    assert_eq!(world.post(&path, &eviction).await.0, 201);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(counts(&world)[2..], [Some(2), Some(0)], "its successor is not ready yet");
    let condition = &world.api.snapshot("policy", "poddisruptionbudgets")[0]["status"]["conditions"][0];
    assert_eq!((&condition["type"], &condition["status"]), (&json!("DisruptionAllowed"), &json!("False")));
    world.settle().await;
    assert_eq!(counts(&world), [Some(3), Some(2), Some(3), Some(1)]);
}
