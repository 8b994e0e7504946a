//! The webhook as another API server calls it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pretty_assertions::assert_eq;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/api";

fn review(pod: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "705ab4f5", "namespace": "default", "operation": "CREATE", "object": pod,
    }})
}

fn steps(answer: &Value) -> Value {
    let patch = STANDARD.decode(answer["response"]["patch"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&patch).unwrap()
}

#[tokio::test]
async fn a_review_is_answered_with_what_is_injected_as_a_json_patch() {
    let world = World::new();
    world.load(account("default", json!({"eks.amazonaws.com/role-arn": ROLE})));
    let (code, answer) = world.post("/mutate", &review(&pod("p"))).await;
    assert_eq!(code, 200);
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["response"]["uid"], "705ab4f5");
    assert_eq!(answer["response"]["allowed"], true);
    assert_eq!(answer["response"]["patchType"], "JSONPatch");
    let steps = steps(&answer);
    assert_eq!(steps.as_array().unwrap().len(), 1);
    assert_eq!((&steps[0]["op"], &steps[0]["path"]), (&json!("add"), &json!("/spec")));
    let env = steps[0]["value"]["containers"][0]["env"].as_array().unwrap();
    assert!(env.contains(&json!({"name": "AWS_ROLE_ARN", "value": ROLE})), "{env:?}");
    assert_eq!(steps[0]["value"]["volumes"][0]["name"], "aws-iam-token");
}

#[tokio::test]
async fn an_association_labels_the_pod_even_of_an_account_that_is_not_known() {
    let world = World::new();
    world.associate("default", "ghost");
    let mut asked = pod("p");
    asked["spec"]["serviceAccountName"] = json!("ghost");
    let (_, answer) = world.post("/mutate", &review(&asked)).await;
    let steps = steps(&answer);
    assert_eq!(steps[1]["path"], "/metadata/labels");
    assert_eq!(steps[1]["value"]["eks.amazonaws.com/pod-identity"], "enabled");
}

#[tokio::test]
async fn a_pod_that_calls_for_nothing_is_let_in_as_it_is() {
    let (code, answer) = World::new().post("/mutate", &review(&pod("p"))).await;
    assert_eq!(code, 200);
    assert_eq!(answer["response"], json!({"uid": "705ab4f5", "allowed": true}));
}

#[tokio::test]
async fn what_is_no_review_is_refused() {
    let world = World::new();
    assert_eq!(world.post("/mutate", &json!({"kind": "AdmissionReview"})).await.0, 400);
    assert_eq!(read(world.send(Method::GET, "/mutate", &[], "").await).await.0, 405);
}
