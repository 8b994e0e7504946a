//! Evictions and disruption budgets.

use pretty_assertions::assert_eq;

use super::*;

/// Three ready pods behind a budget.
fn world(budget: Value) -> World {
    let world = World::new();
    for name in ["a", "b", "c"] {
        let mut pod = pod(name);
        pod["metadata"]["labels"] = json!({"app": "web"});
        pod["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        world.load(pod);
    }
    let mut spec = json!({"selector": {"matchLabels": {"app": "web"}}});
    spec.as_object_mut().unwrap().extend(budget.as_object().unwrap().clone());
    world.load(
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec}),
    );
    world
}

async fn evict(world: &World, name: &str) -> (u16, Value) {
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
    world.post(&format!("/api/v1/namespaces/default/pods/{name}/eviction"), &body).await
}

#[tokio::test]
async fn an_eviction_stops_where_the_budget_does() {
    for budget in [json!({"minAvailable": 2}), json!({"maxUnavailable": 1}), json!({"minAvailable": "60%"})] {
        let world = world(budget.clone());
        if budget["maxUnavailable"].is_null() {
            assert_eq!(evict(&world, "a").await.0, 201, "{budget}");
        } else {
            world
                .patch(
                    "/api/v1/namespaces/default/pods/a/status",
                    "merge-patch+json",
                    &json!({"status": {"conditions": []}}),
                )
                .await;
        }
        let (code, status) = evict(&world, "b").await;
        assert_eq!((code, &status["reason"]), (429, &json!("TooManyRequests")), "{budget}");
        assert_eq!(status["message"], "Cannot evict pod as it would violate the pod's disruption budget.");
        assert_eq!(
            status["details"]["causes"][0]["message"],
            "The disruption budget web needs 2 healthy pods and has 2 currently"
        );
    }
}

#[tokio::test]
async fn pods_without_a_budget_go() {
    let world = world(json!({"minAvailable": 3}));
    world.create_pod(&pod("free")).await;
    assert_eq!(evict(&world, "free").await.0, 201);
    assert_eq!(evict(&world, "nope").await.0, 404);
}
