//! Watches: order, bookmarks, selectors, how they end.

use super::*;

/// A watch as a client reads it: one event a line.
struct Reader {
    body: wire::Body,
    buffer: Vec<u8>,
}

impl Reader {
    async fn open(world: &World, path: &str, accept: &str) -> Self {
        let response = world.send(Method::GET, path, &[("accept", accept)], "").await;
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), buffer: Vec::new() }
    }

    /// The next event; absent at the end of the stream.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame = self.body.frame().await?.unwrap();
            self.buffer.extend_from_slice(&frame.into_data().unwrap());
        }
    }

    /// Type and name of the next event.
    async fn event(&mut self) -> (String, String) {
        let event = self.next().await.unwrap();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        (text(&event["type"]), text(&event["object"]["metadata"]["name"]))
    }
}

async fn watch(world: &World, query: &str) -> Reader {
    Reader::open(world, &format!("/api/v1/pods?watch=true&{query}"), "application/json").await
}

fn event(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

async fn label(world: &World, name: &str, value: Value) {
    let path = format!("/api/v1/namespaces/default/pods/{name}");
    let patch = json!({"metadata": {"labels": {"app": value}}});
    assert_eq!(world.patch(&path, "merge-patch+json", &patch).await.0, 200);
}

async fn revision(world: &World) -> String {
    world.get("/api/v1/pods").await.1["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn changes_after_a_resource_version_are_told_in_order() {
    let world = World::new();
    world.create_pod(&pod("old")).await;
    let start = revision(&world).await;
    world.create_pod(&pod("a")).await;
    let mut watch = watch(&world, &format!("resourceVersion={start}")).await;
    assert_eq!(watch.event().await, event("ADDED", "a"));
    label(&world, "old", json!("x")).await;
    world.delete("/api/v1/namespaces/default/pods/a").await;
    assert_eq!(watch.event().await, event("MODIFIED", "old"));
    let deleted = watch.next().await.unwrap();
    assert_eq!(deleted["type"], "DELETED");
    let version: u64 = deleted["object"]["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(version > start.parse().unwrap());
}

#[tokio::test]
async fn without_a_resource_version_the_present_comes_first() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let mut watch = watch(&world, "").await;
    assert_eq!(watch.event().await, event("ADDED", "a"));
    world.create_pod(&pod("b")).await;
    assert_eq!(watch.event().await, event("ADDED", "b"));
}

#[tokio::test]
async fn a_streaming_list_marks_its_end() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    world.create_pod(&pod("b")).await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = watch(&world, query).await;
    assert_eq!(watch.event().await, event("ADDED", "a"));
    assert_eq!(watch.event().await, event("ADDED", "b"));
    let end = watch.next().await.unwrap();
    assert_eq!(end["type"], "BOOKMARK");
    assert_eq!(end["object"]["kind"], "Pod");
    assert_eq!(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(end["object"]["metadata"]["resourceVersion"], revision(&world).await);
    world.create_pod(&pod("c")).await;
    assert_eq!(watch.event().await, event("ADDED", "c"));
}

#[tokio::test]
async fn a_large_streaming_list_comes_in_chunks() {
    let world = World::new();
    for index in 0..1500 {
        world.load(pod(&format!("p{index}")));
    }
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = watch(&world, query).await;
    let first = watch.body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!((64 * 1024..80 * 1024).contains(&first.len()), "{}", first.len());
    watch.buffer.extend_from_slice(&first);
    let mut count = 0;
    while watch.event().await.0 == "ADDED" {
        count += 1;
    }
    assert_eq!(count, 1500);
}

#[tokio::test]
async fn streaming_lists_have_rules() {
    let world = World::new();
    for query in
        ["watch=true&sendInitialEvents=true", "watch=true&resourceVersionMatch=NotOlderThan", "sendInitialEvents=true"]
    {
        let (code, status) = world.get(&format!("/api/v1/pods?{query}")).await;
        assert_eq!(code, 422, "{query}");
        assert_eq!(status["details"]["kind"], "ListOptions");
        assert_eq!(status["details"]["causes"][0]["reason"], "FieldValueForbidden");
    }
}

#[tokio::test]
async fn a_streaming_list_without_bookmarks_has_no_marked_end() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let mut watch = watch(&world, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan").await;
    assert_eq!(watch.event().await, event("ADDED", "a"));
    world.create_pod(&pod("b")).await;
    assert_eq!(watch.event().await, event("ADDED", "b"));
}

#[tokio::test]
async fn a_selector_turns_changes_into_additions_and_deletions() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let mut watch = watch(&world, "labelSelector=app%3Dweb").await;
    label(&world, "a", json!("api")).await;
    label(&world, "a", json!("web")).await;
    assert_eq!(watch.event().await, event("ADDED", "a"));
    label(&world, "a", Value::Null).await;
    assert_eq!(watch.event().await, event("DELETED", "a"));
}

#[tokio::test]
async fn a_watch_of_one_namespace_or_name_sees_nothing_else() {
    let world = World::new();
    world.load(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}));
    let mut one =
        Reader::open(&world, "/api/v1/namespaces/default/pods?watch=1&fieldSelector=metadata.name%3Db", "*/*").await;
    let mut other = Reader::open(&world, "/api/v1/namespaces/other/pods?watch=1", "*/*").await;
    world.create_pod(&pod("a")).await;
    world.create_pod(&pod("b")).await;
    world.post("/api/v1/namespaces/other/pods", &pod("z")).await;
    assert_eq!(one.event().await, event("ADDED", "b"));
    assert_eq!(other.event().await, event("ADDED", "z"));
}

#[tokio::test]
async fn a_version_that_left_the_log_ends_with_410() {
    let world = World::new();
    let start = revision(&world).await;
    world.create_pod(&pod("a")).await;
    world.api.compact();
    let mut watch = watch(&world, &format!("resourceVersion={start}")).await;
    let error = watch.next().await.unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(error["object"]["reason"], "Expired");
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn a_gone_fault_ends_a_watch_with_410() {
    let world = World::new();
    world.faults.add("pods:watch=gone@1".parse().unwrap());
    let error = watch(&world, "").await.next().await.unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    world.create_pod(&pod("a")).await;
    assert_eq!(watch(&world, "").await.event().await, event("ADDED", "a"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_watch_gets_bookmarks_and_ends_at_its_timeout() {
    let world = World::new();
    let mut watch = watch(&world, "resourceVersion=1000&allowWatchBookmarks=true&timeoutSeconds=90").await;
    assert_eq!(watch.event().await.0, "BOOKMARK");
    assert_eq!(watch.event().await.0, "BOOKMARK");
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn a_restarting_server_ends_all_watches() {
    let world = World::new();
    let mut watch = watch(&world, "resourceVersion=1000").await;
    let (end, ()) = tokio::join!(watch.next(), async {
        tokio::task::yield_now().await;
        world.api.disconnect();
    });
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_watch_of_metadata_carries_metadata_only() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut watch = Reader::open(&world, "/api/v1/pods?watch=true", accept).await;
    let object = watch.next().await.unwrap()["object"].clone();
    assert_eq!(object["kind"], "PartialObjectMetadata");
    assert!(object["spec"].is_null());
}

#[tokio::test]
async fn a_watch_of_tables_carries_rows() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let mut watch =
        Reader::open(&world, "/api/v1/pods?watch=true", "application/json;as=Table;g=meta.k8s.io;v=v1").await;
    let object = watch.next().await.unwrap()["object"].clone();
    assert_eq!(object["kind"], "Table");
    assert_eq!(object["rows"][0]["cells"][0], "a");
}

/// As a real server of 1.37 did, here and below.
#[tokio::test]
async fn an_object_that_waited_goes_with_its_last_finalizer_in_one_event() {
    let world = World::new();
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "default", "finalizers": ["x/y"]}});
    world.load(config);
    let path = "/api/v1/namespaces/default/configmaps/c";
    let mut watch = Reader::open(&world, "/api/v1/configmaps?watch=true", "application/json").await;
    world.delete(path).await;
    world.patch(path, "merge-patch+json", &json!({"metadata": {"finalizers": null}})).await;
    for expected in ["ADDED", "MODIFIED", "DELETED"] {
        assert_eq!(watch.event().await, event(expected, "c"));
    }
}

#[tokio::test]
async fn a_watch_of_tables_tells_its_columns_once() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    world.create_pod(&pod("b")).await;
    let accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
    let mut watch = Reader::open(&world, "/api/v1/pods?watch=true", accept).await;
    assert!(watch.next().await.unwrap()["object"]["columnDefinitions"].is_array());
    assert!(watch.next().await.unwrap()["object"]["columnDefinitions"].is_null());
}

#[tokio::test]
async fn one_object_is_read_and_not_watched() {
    let world = World::new();
    world.create_pod(&pod("a")).await;
    let (code, one) = world.get("/api/v1/namespaces/default/pods/a?watch=true&timeoutSeconds=1").await;
    assert_eq!((code, &one["kind"]), (200, &json!("Pod")));
}
