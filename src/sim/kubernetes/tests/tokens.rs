//! TokenRequest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pretty_assertions::assert_eq;

use super::*;

/// As a real server of 1.37 answered.
#[tokio::test]
async fn a_lifetime_that_cannot_be_told_is_refused() {
    let world = World::new();
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let (code, status) = world.post(path, &json!({"spec": {"expirationSeconds": 4_294_967_297_i64}})).await;
    assert_eq!(code, 422);
    assert_eq!(status["details"]["causes"][0]["field"], "spec.expirationSeconds");
    let bound = json!({"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "none"}}});
    let (code, status) = world.post(path, &bound).await;
    assert_eq!((code, &status["details"]), (404, &json!({"name": "none", "kind": "pods"})));
}

const PATH: &str = "/api/v1/namespaces/default/serviceaccounts/default/token";

fn claims(answer: &Value) -> Value {
    let token = answer["status"]["token"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

fn bound(name: &str, uid: &Value) -> Value {
    json!({"spec": {"audiences": ["pods.eks.amazonaws.com"], "expirationSeconds": 600,
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": name, "uid": uid}}})
}

#[tokio::test]
async fn a_token_carries_the_claims_of_a_real_one() {
    let world = World::new();
    world.api.set_issuer("https://issuer.example");
    let (code, answer) =
        world.post(PATH, &json!({"spec": {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 7200}})).await;
    assert_eq!(code, 201);
    let claims = claims(&answer);
    assert_eq!(claims["aud"], json!(["sts.amazonaws.com"]));
    assert_eq!(claims["iss"], "https://issuer.example");
    assert_eq!(claims["sub"], "system:serviceaccount:default:default");
    assert_eq!(claims["kubernetes.io"]["namespace"], "default");
    assert_eq!(claims["kubernetes.io"]["serviceaccount"]["name"], "default");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7200);
    assert_eq!(answer["kind"], "TokenRequest");
}

#[tokio::test]
async fn a_token_is_bound_to_a_pod_that_runs_as_the_account() {
    let world = World::new();
    let created = world.create_pod(&pod("p")).await;
    let (_, answer) = world.post(PATH, &bound("p", &created["metadata"]["uid"])).await;
    assert_eq!(claims(&answer)["kubernetes.io"]["pod"], json!({"name": "p", "uid": created["metadata"]["uid"]}));
}

#[tokio::test]
async fn a_token_is_not_bound_to_anything_else() {
    let world = World::new();
    world.load(account("other", json!({})));
    let mut theirs = pod("theirs");
    theirs["spec"]["serviceAccountName"] = json!("other");
    world.create_pod(&theirs).await;
    assert_eq!(world.post(PATH, &bound("nope", &Value::Null)).await.0, 404);
    assert_eq!(world.post(PATH, &bound("theirs", &json!("wrong"))).await.0, 409);
    let (code, status) = world.post(PATH, &bound("theirs", &Value::Null)).await;
    assert_eq!(code, 400);
    assert_eq!(
        status["message"],
        "cannot bind token for serviceaccount \"default\" to pod running with different serviceaccount name."
    );
    assert_eq!(world.post("/api/v1/namespaces/default/serviceaccounts/ghost/token", &json!({})).await.0, 404);
    assert_eq!(world.post(PATH, &json!({"spec": {"expirationSeconds": 60}})).await.0, 422);
}

#[tokio::test]
async fn the_subject_of_a_token_is_the_user_of_messages() {
    let world = World::new();
    let (_, answer) = world.post(PATH, &json!({})).await;
    world.faults.add("pods:list=denied".parse().unwrap());
    let bearer = format!("Bearer {}", answer["status"]["token"].as_str().unwrap());
    let (_, status) = read(world.send(Method::GET, "/api/v1/pods", &[("authorization", &bearer)], "").await).await;
    assert!(status["message"].as_str().unwrap().contains("User \"system:serviceaccount:default:default\""));
}

/// As a real server of 1.37 did.
#[tokio::test]
async fn a_token_for_nothing_says_so_and_another_kind_is_named() {
    let world = World::new();
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let (_, answer) = world.post(path, &json!({"spec": {}})).await;
    assert!(answer["spec"].as_object().unwrap().contains_key("boundObjectRef"));
    let bound = json!({"spec": {"boundObjectRef": {"kind": "ConfigMap", "apiVersion": "v1", "name": "c"}}});
    let (code, status) = world.post(path, &bound).await;
    assert_eq!((code, &status["message"]), (400, &json!("cannot bind token to object of type /v1, Kind=ConfigMap")));
}
