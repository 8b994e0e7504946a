//! Creating, changing, deleting, loading.

use pretty_assertions::assert_eq;

use super::*;

const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn a_created_object_is_stamped() {
    let world = World::new();
    let headers = [("content-type", "application/json"), ("user-agent", "kubectl/v1.34 (linux)")];
    let (_, created) = read(world.send(Method::POST, PODS, &headers, pod("p").to_string()).await).await;
    let metadata = &created["metadata"];
    assert_eq!(metadata["namespace"], "default");
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert_eq!(metadata["creationTimestamp"].as_str().unwrap().len(), 20);
    assert_eq!(metadata["managedFields"][0]["manager"], "kubectl");
    assert_eq!(created["spec"]["serviceAccountName"], "default");
    assert_eq!(created["status"]["phase"], "Pending");
}

#[tokio::test]
async fn a_body_may_be_yaml() {
    let world = World::new();
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata: {a: b}\n";
    let headers = [("content-type", "application/yaml")];
    let path = "/api/v1/namespaces/default/configmaps";
    let (code, created) = read(world.send(Method::POST, path, &headers, yaml).await).await;
    assert_eq!((code, &created["data"]["a"]), (201, &json!("b")));
}

#[tokio::test]
async fn a_name_is_generated() {
    let world = World::new();
    let mut pod = pod("");
    pod["metadata"] = json!({"generateName": "job-"});
    let name = world.create_pod(&pod).await["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("job-") && name.len() == 9, "{name}");
}

#[tokio::test]
async fn a_stale_write_conflicts() {
    let world = World::new();
    let mut config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
    let path = "/api/v1/namespaces/default/configmaps";
    let (_, first) = world.post(path, &config).await;
    config["metadata"]["resourceVersion"] = first["metadata"]["resourceVersion"].clone();
    config["data"] = json!({"a": "1"});
    assert_eq!(world.call(Method::PUT, &format!("{path}/c"), &config).await.0, 200);
    config["data"] = json!({"a": "2"});
    let (code, status) = world.call(Method::PUT, &format!("{path}/c"), &config).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")));
    assert!(
        status["message"].as_str().unwrap().ends_with("please apply your changes to the latest version and try again")
    );
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let world = World::new();
    assert_eq!(world.post(&format!("{PODS}?dryRun=All"), &pod("p")).await.0, 201);
    assert_eq!(world.get(&format!("{PODS}/p")).await.0, 404);
    world.create_pod(&pod("p")).await;
    assert_eq!(world.delete(&format!("{PODS}/p?dryRun=All")).await.0, 200);
    assert_eq!(world.get(&format!("{PODS}/p")).await.0, 200);
    assert_eq!(world.delete(&format!("{PODS}/p?dryRun=maybe")).await.0, 422);
}

#[tokio::test]
async fn a_delete_respects_its_preconditions() {
    let world = World::new();
    let created = world.create_pod(&pod("p")).await;
    let path = format!("{PODS}/p");
    let (code, _) = world.call(Method::DELETE, &path, &json!({"preconditions": {"uid": "another"}})).await;
    assert_eq!(code, 409);
    let right = json!({"preconditions": {"uid": created["metadata"]["uid"]}});
    assert_eq!(world.call(Method::DELETE, &path, &right).await.0, 200);
    assert_eq!(world.delete(&path).await.0, 404);
}

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_is_removed() {
    let world = World::new();
    let path = "/api/v1/namespaces/default/configmaps/c";
    world.load(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "finalizers": ["x/y"]}}));
    world.delete(path).await;
    assert!(world.get(path).await.1["metadata"]["deletionTimestamp"].is_string());
    let (_, last) = world.patch(path, "merge-patch+json", &json!({"metadata": {"finalizers": null}})).await;
    assert_eq!((&last["metadata"]["name"], &last["metadata"]["finalizers"]), (&json!("c"), &Value::Null));
    assert_eq!(world.get(path).await.0, 404);
}

#[tokio::test]
async fn dependents_go_with_their_owner_unless_orphaned() {
    let world = World::new();
    for (name, orphan) in [("gone", false), ("kept", true)] {
        world.load(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": "default", "uid": name}, "spec": {"replicas": 1}}));
        let mut child = pod(&format!("{name}-pod"));
        child["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": name, "controller": true}]);
        world.load(child);
        let policy = if orphan { "Orphan" } else { "Background" };
        let path = format!("/apis/apps/v1/namespaces/default/replicasets/{name}");
        world.call(Method::DELETE, &path, &json!({"propagationPolicy": policy})).await;
    }
    assert_eq!(world.names("", "pods"), ["kept-pod"]);
}

#[tokio::test]
async fn a_namespace_takes_its_contents_along() {
    let world = World::new();
    let (code, _) = world.post("/api/v1/namespaces", &json!({"metadata": {"name": "shop"}})).await;
    assert_eq!(code, 201);
    assert_eq!(world.post("/api/v1/namespaces/shop/pods", &pod("p")).await.0, 201);
    assert_eq!(world.get("/api/v1/namespaces/shop/serviceaccounts/default").await.0, 200);
    world.delete("/api/v1/namespaces/shop").await;
    assert!(world.names("", "pods").is_empty());
    assert_eq!(world.get("/api/v1/namespaces/shop/serviceaccounts/default").await.0, 404);
}

#[tokio::test]
async fn a_collection_is_deleted_by_selector() {
    let world = World::new();
    for name in ["a", "b"] {
        let mut pod = pod(name);
        pod["metadata"]["labels"] = json!({"name": name});
        world.create_pod(&pod).await;
    }
    world.delete(&format!("{PODS}?labelSelector=name%3Da")).await;
    assert_eq!(world.names("", "pods"), ["b"]);
}

#[tokio::test]
async fn status_and_spec_are_written_apart_and_generations_counted() {
    let world = World::new();
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let (_, created) = world.post(path, &deployment("web", 1)).await;
    assert_eq!(created["metadata"]["generation"], 1);
    let both = json!({"spec": {"replicas": 2}, "status": {"replicas": 7}});
    let (_, main) = world.patch(&format!("{path}/web"), "merge-patch+json", &both).await;
    assert_eq!((&main["metadata"]["generation"], &main["status"]), (&json!(2), &Value::Null));
    let (_, part) = world.patch(&format!("{path}/web/status"), "merge-patch+json", &both).await;
    assert_eq!((&part["metadata"]["generation"], &part["status"]["replicas"]), (&json!(2), &json!(7)));
}

#[tokio::test]
async fn scale_reads_and_writes_the_replicas() {
    let world = World::new();
    world.load(deployment("web", 2));
    let path = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    let (_, scale) = world.get(path).await;
    assert_eq!((&scale["kind"], &scale["spec"]["replicas"]), (&json!("Scale"), &json!(2)));
    let (_, scaled) = world.patch(path, "merge-patch+json", &json!({"spec": {"replicas": 5}})).await;
    assert_eq!(scaled["spec"]["replicas"], 5);
    assert_eq!(world.api.snapshot("apps", "deployments")[0]["spec"]["replicas"], 5);
}

#[tokio::test]
async fn a_custom_resource_is_served_once_defined() {
    let world = World::new();
    let path = "/apis/example.com/v1/widgets";
    assert_eq!(world.get(path).await.0, 404);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{"name": "v1", "served": true, "storage": true}]}});
    world.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition).await;
    let (code, _) = world.post(path, &json!({"metadata": {"name": "w"}, "spec": {}})).await;
    assert_eq!(code, 201);
    assert_eq!(world.get("/apis/example.com/v1").await.1["resources"][0]["shortNames"], json!(["wd"]));
    world.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com").await;
    assert_eq!(world.get(path).await.0, 404);
}

#[tokio::test]
async fn loading_keeps_what_is_given_and_completes_the_rest() {
    let world = World::new();
    let mut given = pod("p");
    given["metadata"] =
        json!({"name": "p", "namespace": "new", "uid": "u", "creationTimestamp": "2026-01-02T03:04:05Z"});
    given["status"] = json!({"phase": "Failed"});
    world.load(json!({"kind": "List", "apiVersion": "v1", "items": [given]}));
    let (_, stored) = world.get("/api/v1/namespaces/new/pods/p").await;
    assert_eq!(
        (&stored["metadata"]["uid"], &stored["metadata"]["creationTimestamp"]),
        (&json!("u"), &json!("2026-01-02T03:04:05Z"))
    );
    assert_eq!(stored["status"], json!({"phase": "Failed"}));
    assert_eq!(world.get("/api/v1/namespaces/new").await.1["metadata"]["labels"]["kubernetes.io/metadata.name"], "new");
    let error = world.api.load(json!({"apiVersion": "x/v1", "kind": "Odd", "metadata": {"name": "o"}})).unwrap_err();
    assert!(error.contains("is not served"), "{error}");
}

#[tokio::test]
async fn a_replaced_namespace_keeps_its_name_label() {
    let world = World::new();
    let plain = json!({"metadata": {"name": "default"}});
    let (code, replaced) = world.call(Method::PUT, "/api/v1/namespaces/default", &plain).await;
    assert_eq!(code, 200);
    assert_eq!(replaced["metadata"]["labels"]["kubernetes.io/metadata.name"], "default");
}

/// As a real server of 1.37 did, here and below.
#[tokio::test]
async fn secrets_get_a_type_and_keep_no_plain_data() {
    let world = World::new();
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"k": "v"}, "data": {"old": "dg=="}});
    let (code, created) = world.post("/api/v1/namespaces/default/secrets", &secret).await;
    assert_eq!((code, &created["type"]), (201, &json!("Opaque")));
    assert_eq!((&created["data"], &created["stringData"]), (&json!({"k": "dg==", "old": "dg=="}), &Value::Null));
}

#[tokio::test]
async fn templates_and_pods_are_completed() {
    let world = World::new();
    let mut web = deployment("web", 0);
    web["spec"]["template"]["spec"]["serviceAccountName"] = json!("default");
    let (_, created) = world.post("/apis/apps/v1/namespaces/default/deployments", &web).await;
    let expected = json!({
        "containers": [{"name": "main", "image": "nginx:1", "resources": {}, "imagePullPolicy": "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default", "serviceAccount": "default", "securityContext": {},
        "schedulerName": "default-scheduler",
    });
    assert_eq!(created["spec"]["template"]["spec"], expected);
    let toleration = |taint: &str| json!({"key": format!("node.kubernetes.io/{taint}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let pod = world.create_pod(&pod("p")).await;
    assert_eq!(pod["spec"]["tolerations"], json!([toleration("not-ready"), toleration("unreachable")]));
}

#[tokio::test]
async fn a_deleted_collection_is_answered_with_what_was_in_it() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let (code, list) = world.delete(PODS).await;
    assert_eq!((code, &list["kind"], &list["items"][0]["metadata"]["name"]), (200, &json!("PodList"), &json!("a")));
}

#[tokio::test]
async fn emptied_labels_are_left_out() {
    let world = World::new();
    let mut labelled = pod("p");
    labelled["metadata"]["labels"] = json!({"a": "b"});
    world.create_pod(&labelled).await;
    let patch = json!({"metadata": {"labels": {"a": null}}});
    let (_, patched) = world.patch(&format!("{PODS}/p"), "merge-patch+json", &patch).await;
    assert_eq!(patched["metadata"]["labels"], Value::Null);
}

#[tokio::test]
async fn a_kubelet_annotates_along_with_the_status() {
    let world = World::new();
    world.create_pod(&pod("p")).await;
    let both = json!({"metadata": {"annotations": {"by": "status"}}, "status": {"phase": "Running"}});
    let (_, written) = world.patch(&format!("{PODS}/p/status"), "merge-patch+json", &both).await;
    assert_eq!(
        (&written["metadata"]["annotations"]["by"], &written["status"]["phase"]),
        (&json!("status"), &json!("Running"))
    );
}
