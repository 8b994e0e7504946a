//! Server-side apply: owners of fields, conflicts. The expectations are what a real server of 1.37 answered.

use pretty_assertions::assert_eq;

use super::*;

const ACCOUNT: &str = "/api/v1/namespaces/default/serviceaccounts/applied";

async fn apply(world: &World, options: &str, labels: &Value) -> (u16, Value) {
    let object =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "applied", "labels": labels}});
    world.patch(&format!("{ACCOUNT}?{options}"), "apply-patch+yaml", &object).await
}

fn managers(object: &Value) -> Vec<(&str, &str)> {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    entries.iter().map(|one| (one["manager"].as_str().unwrap(), one["operation"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_applied_field_of_another_conflicts_unless_forced() {
    let world = World::new();
    let (code, created) = apply(&world, "fieldManager=first", &json!({"a": "1", "b": "1"})).await;
    assert_eq!(code, 201);
    let owned = json!({"f:metadata": {"f:labels": {"f:a": {}, "f:b": {}}}});
    assert_eq!(created["metadata"]["managedFields"][0]["fieldsV1"], owned);
    let (code, status) = apply(&world, "fieldManager=second", &json!({"a": "2"})).await;
    assert_eq!((code, &status["reason"]), (409, &json!("Conflict")));
    assert_eq!(status["message"], "Apply failed with 1 conflict: conflict with \"first\": .metadata.labels.a");
    let cause = json!([{"reason": "FieldManagerConflict", "message": "conflict with \"first\"", "field": ".metadata.labels.a"}]);
    assert_eq!(status["details"], json!({"causes": cause}));
    let (code, forced) = apply(&world, "fieldManager=second&force=true", &json!({"a": "2"})).await;
    assert_eq!((code, &forced["metadata"]["labels"]), (200, &json!({"a": "2", "b": "1"})));
    let owned = json!({"f:metadata": {"f:labels": {"f:b": {}}}});
    assert_eq!(forced["metadata"]["managedFields"][0]["fieldsV1"], owned);
}

#[tokio::test]
async fn an_update_takes_fields_and_an_apply_conflicts_with_it() {
    let world = World::new();
    apply(&world, "fieldManager=first", &json!({"a": "1"})).await;
    let patch = json!({"metadata": {"labels": {"a": "3", "c": "3"}}});
    let (_, updated) = world.patch(&format!("{ACCOUNT}?fieldManager=third"), "merge-patch+json", &patch).await;
    assert_eq!(managers(&updated), [("third", "Update")]);
    let (code, status) = apply(&world, "fieldManager=first", &json!({"a": "2", "c": "2"})).await;
    assert_eq!(code, 409);
    let message =
        "Apply failed with 2 conflicts: conflicts with \"third\" using v1:\n- .metadata.labels.a\n- .metadata.labels.c";
    assert_eq!(status["message"], message);
}

#[tokio::test]
async fn what_is_applied_with_the_same_value_is_shared_and_left_to_the_other() {
    let world = World::new();
    apply(&world, "fieldManager=first", &json!({"a": "1"})).await;
    let (code, shared) = apply(&world, "fieldManager=second", &json!({"a": "1", "b": "1"})).await;
    assert_eq!((code, managers(&shared)), (200, vec![("first", "Apply"), ("second", "Apply")]));
    let (_, left) = apply(&world, "fieldManager=second", &json!({"c": "1"})).await;
    assert_eq!(left["metadata"]["labels"], json!({"a": "1", "c": "1"}));
}

#[tokio::test]
async fn elements_of_lists_by_key_have_owners_of_their_own() {
    let world = World::new();
    world.load(deployment("web", 1));
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let image = |image: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}})
    };
    let first = format!("{path}?fieldManager=first");
    assert_eq!(world.patch(&first, "apply-patch+yaml", &image("nginx:2")).await.0, 200);
    let (code, status) =
        world.patch(&format!("{path}?fieldManager=second"), "apply-patch+yaml", &image("nginx:3")).await;
    assert_eq!(code, 409);
    let field = ".spec.template.spec.containers[name=\"main\"].image";
    assert_eq!(status["details"]["causes"][0]["field"], field);
}

#[tokio::test]
async fn only_an_apply_is_forced_and_it_does_not_say_who_owns_what() {
    let world = World::new();
    apply(&world, "fieldManager=first", &json!({"a": "1"})).await;
    let patch = json!({"metadata": {"labels": {"a": "4"}}});
    let (code, status) = world.patch(&format!("{ACCOUNT}?force=true"), "merge-patch+json", &patch).await;
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("force")));
    let claimed = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "applied", "managedFields": [{"manager": "first", "operation": "Apply"}]}});
    let (code, status) = world.patch(&format!("{ACCOUNT}?fieldManager=first"), "apply-patch+yaml", &claimed).await;
    assert_eq!((code, &status["message"]), (400, &json!("metadata.managedFields must be nil")));
}
