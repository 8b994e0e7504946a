//! The kinds of patches.

use super::*;
use pretty_assertions::assert_eq;

const CONFIG: &str = "/api/v1/namespaces/default/configmaps/c";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/web";

fn config(data: &Value) -> World {
    let world = World::new();
    world.load(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": data}));
    world
}

fn web() -> World {
    let world = World::new();
    let mut deployment = deployment("web", 1);
    deployment["spec"]["template"]["spec"] = json!({
        "containers": [
            {"name": "main", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
             "ports": [{"containerPort": 80, "name": "http"}]},
            {"name": "side", "image": "b:1"}],
        "tolerations": [{"key": "x", "operator": "Exists"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    });
    world.load(deployment);
    world
}

async fn strategic(patch: Value) -> Value {
    let patch = json!({"spec": {"template": {"spec": patch}}});
    let (code, patched) = web().patch(DEPLOYMENT, "strategic-merge-patch+json", &patch).await;
    assert_eq!(code, 200, "{patched}");
    patched["spec"]["template"]["spec"].clone()
}

#[tokio::test]
async fn a_json_patch_does_its_operations_in_order() {
    let operations = json!([
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "add", "path": "/data/x~1y", "value": "slash"},
        {"op": "copy", "from": "/data/a", "path": "/data/b"},
        {"op": "move", "from": "/data/a", "path": "/data/c"},
        {"op": "replace", "path": "/data/b", "value": "2"},
        {"op": "remove", "path": "/data/gone"},
        {"op": "add", "path": "/metadata/finalizers", "value": ["x/z"]},
        {"op": "add", "path": "/metadata/finalizers/0", "value": "x/first"},
        {"op": "add", "path": "/metadata/finalizers/-", "value": "x/last"},
    ]);
    let (code, patched) = config(&json!({"a": "1", "gone": ""})).patch(CONFIG, "json-patch+json", &operations).await;
    assert_eq!(code, 200, "{patched}");
    assert_eq!(patched["data"], json!({"b": "2", "c": "1", "x/y": "slash"}));
    assert_eq!(patched["metadata"]["finalizers"], json!(["x/first", "x/z", "x/last"]));
}

#[tokio::test]
async fn a_json_patch_that_does_not_fit_changes_nothing() {
    let world = config(&json!({"a": "1"}));
    for operation in [
        json!({"op": "test", "path": "/data/a", "value": "2"}),
        json!({"op": "remove", "path": "/data/none"}),
        json!({"op": "replace", "path": "/data/none", "value": ""}),
        json!({"op": "add", "path": "/nothing/here", "value": ""}),
        json!({"op": "dance", "path": "/data/a"}),
    ] {
        let both = json!([{"op": "add", "path": "/data/new", "value": "x"}, operation]);
        let (code, status) = world.patch(CONFIG, "json-patch+json", &both).await;
        assert_eq!(code, 422, "{status}");
    }
    assert_eq!(world.get(CONFIG).await.1["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn a_merge_patch_removes_with_null_and_replaces_lists() {
    let world = config(&json!({"a": "1", "b": "2"}));
    let patch = json!({"data": {"a": null, "c": "3"}, "metadata": {"finalizers": ["x/y"]}});
    let (_, patched) = world.patch(CONFIG, "merge-patch+json", &patch).await;
    assert_eq!(patched["data"], json!({"b": "2", "c": "3"}));
    assert_eq!(patched["metadata"]["finalizers"], json!(["x/y"]));
}

#[tokio::test]
async fn a_strategic_patch_merges_containers_and_env_by_name() {
    let spec = strategic(json!({"containers": [{"name": "main", "image": "a:2", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]})).await;
    let main = &spec["containers"][0];
    assert_eq!(main["image"], "a:2");
    assert_eq!(
        main["env"],
        json!([{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}])
    );
    assert_eq!(main["ports"], json!([{"containerPort": 80, "name": "http", "protocol": "TCP"}]));
    assert_eq!(spec["containers"][1]["name"], "side");
}

#[tokio::test]
async fn a_strategic_patch_deletes_and_replaces_by_directive() {
    let spec = strategic(json!({
        "containers": [{"name": "side", "$patch": "delete"}, {"name": "main", "env": [{"$patch": "replace"}, {"name": "Z", "value": "9"}]}],
        "volumes": [{"name": "v", "$patch": "delete"}],
    })).await;
    assert_eq!(spec["containers"].as_array().unwrap().len(), 1);
    assert_eq!(spec["containers"][0]["env"], json!([{"name": "Z", "value": "9"}]));
    assert!(spec["volumes"].is_null());
}

#[tokio::test]
async fn atomic_lists_are_replaced() {
    let spec = strategic(json!({"tolerations": [{"key": "y", "operator": "Exists"}]})).await;
    assert_eq!(spec["tolerations"], json!([{"key": "y", "operator": "Exists"}]));
}

#[tokio::test]
async fn an_element_order_sorts_the_list() {
    let spec = strategic(json!({
        "$setElementOrder/containers": [{"name": "new"}, {"name": "side"}, {"name": "main"}],
        "containers": [{"name": "new", "image": "c"}],
    }))
    .await;
    let names: Vec<_> = spec["containers"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names, ["new", "side", "main"]);
}

#[tokio::test]
async fn retained_keys_drop_the_others() {
    let spec = strategic(
        json!({"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}),
    )
    .await;
    assert_eq!(spec["volumes"], json!([{"name": "v", "configMap": {"name": "c"}}]));
}

#[tokio::test]
async fn finalizers_merge_as_a_set_and_are_deleted_by_directive() {
    let world = web();
    let add = json!({"metadata": {"finalizers": ["a/a", "b/b"]}});
    world.patch(DEPLOYMENT, "strategic-merge-patch+json", &add).await;
    let again = json!({"metadata": {"finalizers": ["b/b", "c/c"]}});
    let (_, patched) = world.patch(DEPLOYMENT, "strategic-merge-patch+json", &again).await;
    assert_eq!(patched["metadata"]["finalizers"], json!(["a/a", "b/b", "c/c"]));
    let remove = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/a"]}});
    let (_, patched) = world.patch(DEPLOYMENT, "strategic-merge-patch+json", &remove).await;
    assert_eq!(patched["metadata"]["finalizers"], json!(["b/b", "c/c"]));
}

#[tokio::test]
async fn custom_resources_have_no_strategic_patches() {
    let world = World::new();
    world.load(json!({"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "n"}}));
    let (code, _) = world.patch("/apis/karpenter.sh/v1/nodepools/n", "strategic-merge-patch+json", &json!({})).await;
    assert_eq!(code, 415);
}

#[tokio::test]
async fn an_apply_creates_then_merges_and_names_its_manager() {
    let world = World::new();
    let path = format!("{CONFIG}?fieldManager=me");
    let yaml = [("content-type", "application/apply-patch+yaml")];
    let first = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n";
    let (code, created) = read(world.send(Method::PATCH, &path, &yaml, first).await).await;
    assert_eq!(code, 201, "{created}");
    assert_eq!(created["metadata"]["managedFields"][0]["manager"], "me");
    assert_eq!(created["metadata"]["managedFields"][0]["operation"], "Apply");
    let second = first.replace("a: '1'", "b: '2'");
    let (code, applied) = read(world.send(Method::PATCH, &path, &yaml, second).await).await;
    assert_eq!(code, 200);
    assert_eq!(applied["data"], json!({"b": "2"}));
    let again = read(world.send(Method::PATCH, &path, &yaml, first.replace("a: '1'", "b: '2'")).await).await.1;
    assert_eq!(again, applied);
}

#[tokio::test]
async fn a_patch_that_changes_nothing_keeps_the_resource_version() {
    let world = config(&json!({"a": "1"}));
    let before = world.get(CONFIG).await.1;
    let (_, after) = world.patch(CONFIG, "merge-patch+json", &json!({"data": {"a": "1"}})).await;
    assert_eq!(before["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn an_apply_removes_what_its_manager_no_longer_applies() {
    let world = web();
    let apply = async |manager: &str, yaml: &str| {
        let headers = [("content-type", "application/apply-patch+yaml")];
        let path = format!("{DEPLOYMENT}?fieldManager={manager}");
        read(world.send(Method::PATCH, &path, &headers, yaml.to_owned()).await).await
    };
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: ";
    let both = format!(
        "{head}{{a: '1', b: '2'}}}}\nspec: {{template: {{spec: {{containers: [{{name: extra, image: c}}, {{name: main, env: [{{name: Z, value: z}}]}}]}}}}}}\n"
    );
    let (code, first) = apply("me", &both).await;
    assert_eq!(code, 200, "{first}");
    assert_eq!(first["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 3);
    let less = format!("{head}{{a: '1'}}}}\nspec: {{template: {{spec: {{containers: [{{name: main}}]}}}}}}\n");
    let (_, other) = apply("other", &less).await;
    assert_eq!(other["metadata"]["labels"], json!({"a": "1", "b": "2"}));
    let (_, second) = apply("me", &less).await;
    assert_eq!(second["metadata"]["labels"], json!({"a": "1"}));
    let containers = &second["spec"]["template"]["spec"]["containers"];
    let names: Vec<_> = containers.as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names, ["main", "side"]);
    let env: Vec<_> = containers[0]["env"].as_array().unwrap().iter().map(|e| e["name"].clone()).collect();
    assert_eq!(env, ["A", "B"]);
}

/// As a real server of 1.37 did, here and below.
#[tokio::test]
async fn new_elements_of_a_strategic_patch_come_first() {
    let spec = strategic(json!({"containers": [{"name": "main", "env": [{"name": "Z", "value": "9"}]}]})).await;
    let names: Vec<_> = spec["containers"][0]["env"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Z", "A", "B"]);
}

#[tokio::test]
async fn pull_secrets_of_a_service_account_are_replaced() {
    let world = World::new();
    let path = "/api/v1/namespaces/default/serviceaccounts/default";
    for name in ["a", "b"] {
        let (code, patched) =
            world.patch(path, "strategic-merge-patch+json", &json!({"imagePullSecrets": [{"name": name}]})).await;
        assert_eq!((code, &patched["imagePullSecrets"]), (200, &json!([{"name": name}])));
    }
}

#[tokio::test]
async fn a_patch_does_not_change_the_uid() {
    let world = config(&json!({"a": "1"}));
    let (code, status) = world.patch(CONFIG, "merge-patch+json", &json!({"metadata": {"uid": "another"}})).await;
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("metadata.uid")));
}
