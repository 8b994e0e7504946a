//! Tables and discovery.

use pretty_assertions::assert_eq;

use super::*;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

async fn table(world: &World, path: &str) -> (Vec<String>, Vec<Value>) {
    let (code, table) = world.get_as(path, TABLE).await;
    assert_eq!((code, &table["kind"]), (200, &json!("Table")));
    let columns = table["columnDefinitions"].as_array().unwrap().iter();
    let columns = columns.filter(|c| c["priority"] == 0).map(|c| c["name"].as_str().unwrap().to_owned());
    (columns.collect(), table["rows"][0]["cells"].as_array().unwrap().clone())
}

#[tokio::test]
async fn pods_print_as_one_knows_them() {
    let world = World::new();
    world.clock.advance(jiff::SignedDuration::from_secs(5));
    let mut pod = pod("p");
    pod["metadata"]["creationTimestamp"] =
        json!((jiff::Timestamp::now() - jiff::SignedDuration::from_hours(75)).to_string());
    pod["spec"]["nodeName"] = json!("n1");
    pod["status"] = json!({"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [
        {"ready": false, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
    world.load(pod);
    let (columns, cells) = table(&world, "/api/v1/pods").await;
    assert_eq!(columns, ["Name", "Ready", "Status", "Restarts", "Age"]);
    assert_eq!(cells[..7], ["p", "0/1", "CrashLoopBackOff", "4", "3d3h", "10.0.0.1", "n1"].map(|c| json!(c)));
}

#[tokio::test]
async fn other_kinds_have_their_columns() {
    let world = World::new();
    world.load(deployment("web", 3));
    world.load(node("n"));
    let (columns, cells) = table(&world, "/apis/apps/v1/deployments").await;
    assert_eq!(columns, ["Name", "Ready", "Up-to-date", "Available", "Age"]);
    assert_eq!(cells[..4], [json!("web"), json!("0/3"), json!(0), json!(0)]);
    let (columns, cells) = table(&world, "/api/v1/nodes/n").await;
    assert_eq!(columns, ["Name", "Status", "Roles", "Age", "Version"]);
    assert_eq!(cells[1], "Ready");
}

#[tokio::test]
async fn printer_columns_of_custom_resources_are_read_by_path() {
    let world = World::new();
    world.load(json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "w.x.io"},
        "spec": {"group": "x.io", "scope": "Namespaced", "names": {"plural": "ws", "kind": "W"}, "versions": [{"name": "v1",
            "additionalPrinterColumns": [
                {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
                {"name": "Color", "type": "string", "jsonPath": ".metadata.labels.x\\.io/color"}]}]}}));
    world
        .load(json!({"apiVersion": "x.io/v1", "kind": "W", "metadata": {"name": "w", "labels": {"x.io/color": "red"}},
        "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]}}));
    let (columns, cells) = table(&world, "/apis/x.io/v1/ws").await;
    assert_eq!(columns, ["Name", "Ready", "Color"]);
    assert_eq!(cells, [json!("w"), json!("True"), json!("red")]);
}

#[tokio::test]
async fn ages_shrink_to_their_larger_units() {
    let human = |seconds| super::super::cell::human(jiff::SignedDuration::from_secs(seconds));
    for (seconds, expected) in [
        (-3, "0s"),
        (119, "119s"),
        (120, "2m"),
        (305, "5m5s"),
        (7200, "120m"),
        (12_000, "3h20m"),
        (86_400, "24h"),
        (200_000, "2d7h"),
        (864_000, "10d"),
        (70_000_000, "2y80d"),
    ] {
        assert_eq!(human(seconds), expected);
    }
}

#[tokio::test]
async fn discovery_lists_groups_resources_and_subresources() {
    let world = World::new();
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let (_, core) = world.get_as("/api", accept).await;
    let pods = core["items"][0]["versions"][0]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["resource"] == "pods")
        .unwrap();
    assert_eq!(pods["shortNames"], json!(["po"]));
    assert_eq!(pods["subresources"][1]["responseKind"]["kind"], "Eviction");
    let (_, groups) = world.get("/apis").await;
    assert!(groups["groups"].as_array().unwrap().iter().any(|g| g["name"] == "karpenter.sh"));
    assert_eq!(world.get("/version").await.1["minor"], "34");
    assert_eq!(world.get("/readyz").await.1, json!("ok"));
    assert_eq!(world.get("/apis/nothing.here").await.0, 404);
}

/// As a real server of 1.37 answered.
#[tokio::test]
async fn columns_have_the_types_of_the_real_server() {
    let world = World::new();
    let columns = async |path: &str| {
        let (_, table) = world.get_as(path, TABLE).await;
        let columns = table["columnDefinitions"].as_array().unwrap().iter();
        let text = |column: &Value, key: &str| column[key].as_str().unwrap().to_owned();
        columns.map(|one| format!("{} {}", text(one, "name"), text(one, "type"))).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(columns("/api/v1/serviceaccounts").await, "Name string, Age string");
    assert_eq!(columns("/api/v1/secrets").await, "Name string, Type string, Data string, Age string");
    assert_eq!(
        columns("/apis/apps/v1/statefulsets").await,
        "Name string, Ready string, Age string, Containers string, Images string"
    );
    assert_eq!(
        columns("/apis/batch/v1/cronjobs").await,
        "Name string, Schedule string, Timezone string, Suspend boolean, Active integer, Last Schedule string, Age string, Containers string, Images string, Selector string"
    );
}

#[tokio::test]
async fn a_table_without_objects_says_so() {
    let world = World::new();
    let (_, table) = world.get_as("/api/v1/namespaces?includeObject=None", TABLE).await;
    assert_eq!(table["rows"][0]["object"], Value::Null);
    assert!(table["rows"][0].as_object().unwrap().contains_key("object"));
}
