//! Label and field selectors.

use super::*;

fn world() -> World {
    let world = World::new();
    for (name, labels, node) in [
        ("a", json!({"app": "web", "tier": "front"}), "n1"),
        ("b", json!({"app": "api"}), "n1"),
        ("c", json!({}), "n2"),
    ] {
        let mut pod = pod(name);
        pod["metadata"]["labels"] = labels;
        pod["spec"]["nodeName"] = json!(node);
        pod["status"] = json!({"phase": if name == "c" { "Pending" } else { "Running" }});
        world.load(pod);
    }
    world
}

async fn names(query: &str) -> String {
    let (code, list) = world().get(&format!("/api/v1/pods?{query}")).await;
    assert_eq!(code, 200, "{list}");
    let names = list["items"].as_array().unwrap().iter().map(|o| o["metadata"]["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn label_selectors_select() {
    for (selector, expected) in [
        ("app=web", "a"),
        ("app==web", "a"),
        ("app!=web", "bc"),
        ("app", "ab"),
        ("!app", "c"),
        ("app in (web,api)", "ab"),
        ("app notin (web)", "bc"),
        ("app in (web, api),tier=front", "a"),
        ("app,!tier", "b"),
        ("", "abc"),
    ] {
        let encoded = selector.replace(' ', "+").replace('=', "%3D");
        assert_eq!(names(&format!("labelSelector={encoded}")).await, expected, "{selector}");
    }
}

#[tokio::test]
async fn field_selectors_select() {
    for (selector, expected) in [
        ("spec.nodeName=n1", "ab"),
        ("spec.nodeName!=n1", "c"),
        ("status.phase=Running,metadata.name=b", "b"),
        ("metadata.namespace=default", "abc"),
        ("metadata.namespace=other", ""),
        ("spec.hostNetwork=false", "abc"),
    ] {
        assert_eq!(names(&format!("fieldSelector={selector}")).await, expected, "{selector}");
    }
}

#[tokio::test]
async fn what_cannot_be_selected_is_a_bad_request() {
    for (query, why) in [
        ("fieldSelector=spec.color=red", "field label not supported: spec.color"),
        ("fieldSelector=nonsense", "can't understand 'nonsense'"),
        ("labelSelector=app%20in%20web", "unable to parse requirement"),
        ("labelSelector=a$b", "invalid label key"),
    ] {
        let (code, status) = world().get(&format!("/api/v1/pods?{query}")).await;
        assert_eq!((code, status["reason"].as_str()), (400, Some("BadRequest")));
        assert!(status["message"].as_str().unwrap().contains(why), "{status}");
    }
}

#[tokio::test]
async fn events_are_selected_by_what_they_are_about() {
    let world = World::new();
    for (name, about) in [("e1", "p"), ("e2", "q")] {
        world.load(json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "default"},
            "involvedObject": {"kind": "Pod", "name": about}}));
    }
    let path = "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=q,involvedObject.kind=Pod";
    let list = world.get(path).await.1;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["metadata"]["name"], "e2");
}
