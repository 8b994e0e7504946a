//! Lists: pages, resource versions, forms.

use super::*;

fn world(count: usize) -> World {
    let world = World::new();
    for index in 0..count {
        let mut pod = pod(&format!("p{index:03}"));
        pod["metadata"]["namespace"] = json!(if index % 2 == 0 { "even" } else { "odd" });
        world.load(pod);
    }
    world
}

#[tokio::test]
async fn pages_cover_everything_once() {
    let world = world(25);
    let (mut seen, mut next, mut remaining) = (Vec::new(), String::new(), Vec::new());
    loop {
        let (_, page) = world.get(&format!("/api/v1/pods?limit=10&continue={next}")).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|o| o["metadata"]["name"].as_str().unwrap().to_owned()));
        remaining.push(page["metadata"]["remainingItemCount"].clone());
        match page["metadata"]["continue"].as_str() {
            Some(token) => token.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(remaining, [json!(15), json!(5), Value::Null]);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
    assert_eq!(seen.len(), 25);
}

#[tokio::test]
async fn a_page_stays_inside_its_namespace() {
    let world = world(10);
    let (_, first) = world.get("/api/v1/namespaces/even/pods?limit=4").await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, second) = world.get(&format!("/api/v1/namespaces/even/pods?limit=4&continue={token}")).await;
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert!(second["metadata"]["continue"].is_null());
}

#[tokio::test]
async fn an_old_continue_token_has_expired() {
    let world = world(5);
    let (_, first) = world.get("/api/v1/pods?limit=2").await;
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    world.load(pod("later"));
    world.api.compact();
    let (code, status) = world.get(&format!("/api/v1/pods?limit=2&continue={token}")).await;
    assert_eq!((code, status["reason"].as_str()), (410, Some("Expired")));
    assert_eq!(world.get("/api/v1/pods?continue=rubbish").await.0, 400);
}

#[tokio::test]
async fn resource_versions_of_lists_are_checked() {
    let world = world(2);
    let current: u64 =
        world.get("/api/v1/pods").await.1["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    let (code, status) = world.get(&format!("/api/v1/pods?resourceVersion={}", current + 5)).await;
    assert_eq!(code, 504);
    assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    let exact = format!("/api/v1/pods?resourceVersionMatch=Exact&resourceVersion={}", current - 1);
    assert_eq!(world.get(&exact).await.1["items"].as_array().unwrap().len(), 1);
    world.api.compact();
    assert_eq!(world.get(&exact).await.0, 410);
    assert_eq!(world.get("/api/v1/pods?resourceVersionMatch=Exact").await.0, 422);
    assert_eq!(world.get("/api/v1/pods?resourceVersion=0").await.0, 200);
    assert_eq!(world.get("/api/v1/pods?resourceVersion=x").await.0, 400);
}

/// As a real server of 1.37 did: later pages are of the list that the first began.
#[tokio::test]
async fn later_pages_show_the_list_as_it_was_when_its_first_page_was_read() {
    let world = World::new();
    for name in ["a", "c", "d"] {
        world.create_pod(&pod(name)).await;
    }
    let (_, first) = world.get("/api/v1/pods?limit=1").await;
    world.create_pod(&pod("b")).await;
    world.delete("/api/v1/namespaces/default/pods/d").await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = world.get(&format!("/api/v1/pods?continue={token}")).await;
    let names: Vec<_> = rest["items"].as_array().unwrap().iter().map(|pod| &pod["metadata"]["name"]).collect();
    assert_eq!(names, ["c", "d"]);
    assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let (code, status) = world.get(&format!("/api/v1/pods?continue={token}&resourceVersion=1001")).await;
    assert_eq!(code, 400);
    assert_eq!(status["message"], "specifying resource version is not allowed when using continue");
}

/// As a real server of 1.37 did: 410 carries a token that goes on with what is there now.
#[tokio::test]
async fn an_expired_page_can_be_continued_inconsistently() {
    let world = world(5);
    let (_, first) = world.get("/api/v1/pods?limit=2").await;
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    world.load(pod("later"));
    world.api.compact();
    let (code, status) = world.get(&format!("/api/v1/pods?limit=9&continue={token}")).await;
    assert_eq!(code, 410);
    let next = status["metadata"]["continue"].as_str().unwrap();
    let (code, rest) = world.get(&format!("/api/v1/pods?limit=9&continue={next}")).await;
    assert_eq!((code, rest["items"].as_array().unwrap().len()), (200, 3));
}

#[tokio::test]
async fn a_list_that_a_cache_may_answer_comes_whole() {
    let (_, list) = world(3).get("/api/v1/pods?limit=1&resourceVersion=0").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    assert!(list["metadata"]["continue"].is_null());
}

#[tokio::test]
async fn lists_of_all_namespaces_are_in_the_order_of_paths() {
    let world = World::new();
    for namespace in ["one", "one-more"] {
        world.load(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}}));
    }
    let (_, list) = world.get("/api/v1/configmaps").await;
    let seen: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["metadata"]["namespace"]).collect();
    assert_eq!(seen, ["one-more", "one"]);
}

#[tokio::test]
async fn metadata_only_lists_carry_metadata_only() {
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    let (_, list) = world(1).get_as("/api/v1/pods", accept).await;
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][0]["kind"], "PartialObjectMetadata");
    assert_eq!(list["items"][0]["metadata"]["name"], "p000");
    assert!(list["items"][0]["spec"].is_null());
}

#[tokio::test]
async fn a_large_list_comes_in_chunks() {
    let world = world(2000);
    let response = world.send(Method::GET, "/api/v1/pods", &[], "").await;
    let mut body = response.into_body();
    let mut sizes = Vec::new();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        sizes.push(data.len());
        bytes.extend_from_slice(&data);
    }
    assert!(sizes.len() > 3 && sizes.iter().all(|size| *size < 80 * 1024), "{sizes:?}");
    let list: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2000);
}

#[tokio::test]
async fn protobuf_only_clients_are_told_what_is_accepted() {
    assert_eq!(world(1).get_as("/api/v1/pods", "application/vnd.kubernetes.protobuf").await.0, 406);
}

/// As a real server of 1.37 did: the list has the type, its elements do not; those of custom resources do.
#[tokio::test]
async fn elements_of_lists_do_not_repeat_their_type() {
    let world = world(2);
    world.load(json!({"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "n"}}));
    let (_, list) = world.get("/api/v1/pods").await;
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("PodList"), &json!("v1")));
    for item in list["items"].as_array().unwrap() {
        let keys: Vec<_> = item.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["metadata", "spec"]);
    }
    let (_, custom) = world.get("/apis/karpenter.sh/v1/nodepools").await;
    assert_eq!(custom["items"][0]["kind"], "NodePool");
    let (_, one) = world.get("/api/v1/namespaces/even/pods/p000").await;
    assert_eq!((&one["kind"], &one["apiVersion"]), (&json!("Pod"), &json!("v1")));
}

#[tokio::test]
async fn an_empty_resource_forgets_its_past_as_well() {
    let world = World::new();
    let before = "/api/v1/events?resourceVersionMatch=Exact&resourceVersion=2&limit=5";
    assert_eq!(world.get(before).await.0, 410);
    world.load(pod("p"));
    world.api.compact();
    let exact = "/api/v1/events?resourceVersionMatch=Exact&resourceVersion=1001&limit=5";
    assert_eq!(world.get(exact).await.0, 410);
}
