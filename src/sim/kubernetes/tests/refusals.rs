//! What is refused, and in which words; faults.

use pretty_assertions::assert_eq;

use super::*;

const PODS: &str = "/api/v1/namespaces/default/pods";

fn check(answer: &(u16, Value), code: u16, reason: &str, message: &str) {
    assert_eq!((answer.0, answer.1["reason"].as_str().unwrap_or_default()), (code, reason), "{}", answer.1);
    assert_eq!(answer.1["message"], message);
    assert_eq!(
        (&answer.1["kind"], &answer.1["status"], &answer.1["code"]),
        (&json!("Status"), &json!("Failure"), &json!(code))
    );
}

#[tokio::test]
async fn refusals_say_what_the_real_server_says() {
    let world = World::new();
    world.create_pod(&pod("p")).await;
    check(&world.get(&format!("{PODS}/nope")).await, 404, "NotFound", "pods \"nope\" not found");
    check(&world.post(PODS, &pod("p")).await, 409, "AlreadyExists", "pods \"p\" already exists");
    check(
        &world.get("/apis/apps/v1/namespaces/default/deployments/x").await,
        404,
        "NotFound",
        "deployments.apps \"x\" not found",
    );
    check(&world.get("/api/v1/unknowns").await, 404, "NotFound", "the server could not find the requested resource");
    check(
        &world.post("/api/v1/namespaces/none/pods", &pod("q")).await,
        404,
        "NotFound",
        "namespaces \"none\" not found",
    );
}

/// The answers of a real server of 1.37 to the same requests.
#[tokio::test]
async fn what_a_real_server_refuses_is_refused() {
    let world = World::new();
    let response = world.send(Method::GET, "/apis/nothing.example/v1", &[], "").await;
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(read(response).await, (404, json!("404 page not found\n")));
    world.create_pod(&pod("p")).await;
    let (code, status) = world.patch(&format!("{PODS}/p"), "merge-patch+json", &json!([1])).await;
    assert_eq!((code, status["reason"].as_str()), (400, Some("BadRequest")));
    assert_eq!(world.get(&format!("{PODS}/p")).await.0, 200);
    let applied = json!({"metadata": {"name": "p"}});
    let (code, status) = world.patch(&format!("{PODS}/p?fieldManager=m"), "apply-patch+yaml", &applied).await;
    assert_eq!((code, &status["message"]), (400, &json!("invalid object type: /, Kind=")));
    let stale = json!({"preconditions": {"uid": "other"}});
    let (code, status) = world.call(Method::DELETE, &format!("{PODS}/p"), &stale).await;
    assert_eq!((code, &status["details"]), (409, &json!({"name": "p", "kind": "Pod"})));
}

#[tokio::test]
async fn a_pod_of_a_missing_account_is_forbidden() {
    let world = World::new();
    let mut pod = pod("p");
    pod["spec"]["serviceAccountName"] = json!("ghost");
    let answer = world.post(PODS, &pod).await;
    let message =
        "pods \"p\" is forbidden: error looking up service account default/ghost: serviceaccount \"ghost\" not found";
    check(&answer, 403, "Forbidden", message);
    assert_eq!(answer.1["details"], json!({"name": "p", "kind": "pods"}));
}

#[tokio::test]
async fn what_makes_no_sense_is_invalid() {
    let world = World::new();
    let created = world.create_pod(&pod("p")).await;
    assert_eq!(world.post(PODS, &pod("Not_A_Name")).await.0, 422);
    assert_eq!(world.post(PODS, &json!({"metadata": {"name": "q"}, "spec": {}})).await.0, 422);
    let mut changed = created;
    changed["spec"]["nodeName"] = json!("elsewhere");
    assert_eq!(world.call(Method::PUT, &format!("{PODS}/p"), &changed).await.0, 422);
    let mut odd = deployment("web", 1);
    odd["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let (code, status) = world.post("/apis/apps/v1/namespaces/default/deployments", &odd).await;
    assert_eq!(code, 422);
    assert!(status["message"].as_str().unwrap().contains("does not match template `labels`"));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let world = World::new();
    let json = [("content-type", "application/json")];
    assert_eq!(read(world.send(Method::POST, PODS, &json, "{").await).await.0, 400);
    assert_eq!(read(world.send(Method::POST, PODS, &json, "[]").await).await.0, 400);
    assert_eq!(read(world.send(Method::POST, PODS, &[("content-type", "text/plain")], "x").await).await.0, 415);
    assert_eq!(read(world.send(Method::POST, PODS, &json, vec![b' '; 4 << 20]).await).await.0, 413);
    let protobuf = [("content-type", "application/vnd.kubernetes.protobuf")];
    assert_eq!(read(world.send(Method::POST, PODS, &protobuf, &b"k8s\0\x0a\xff"[..]).await).await.0, 400);
    assert_eq!(world.post(PODS, &json!({"kind": "Node", "metadata": {"name": "n"}})).await.0, 400);
    assert_eq!(world.call(Method::PUT, PODS, &json!({})).await.0, 405);
}

#[tokio::test]
async fn faults_answer_as_the_real_server_fails() {
    let world = World::new();
    for (fault, path, code, reason) in [
        ("pods:list=throttle@1", "/api/v1/pods", 429, "TooManyRequests"),
        ("pods:list=expired@1", "/api/v1/pods", 401, "Unauthorized"),
        ("pods:list=gone@1", "/api/v1/pods", 410, "Expired"),
        ("pods:list=503@1", "/api/v1/pods", 503, "ServiceUnavailable"),
        ("discovery:get=500@1", "/version", 500, "InternalError"),
    ] {
        world.faults.add(fault.parse().unwrap());
        let (got, status) = world.get(path).await;
        assert_eq!((got, status["reason"].as_str().unwrap()), (code, reason));
        assert_eq!(world.get(path).await.0, 200);
    }
}

#[tokio::test]
async fn a_denied_request_names_user_verb_resource_and_scope() {
    let world = World::new();
    world.faults.add("*=denied".parse().unwrap());
    let answer = world.get("/api/v1/pods").await;
    let message = "pods is forbidden: User \"kubernetes-admin\" cannot list resource \"pods\" in API group \"\" at the cluster scope";
    check(&answer, 403, "Forbidden", message);
    let answer = world.delete("/apis/apps/v1/namespaces/shop/deployments/web").await;
    let message = "deployments.apps \"web\" is forbidden: User \"kubernetes-admin\" cannot delete resource \"deployments\" in API group \"apps\" in the namespace \"shop\"";
    check(&answer, 403, "Forbidden", message);
}

#[tokio::test]
async fn a_review_answers_what_a_denied_fault_would() {
    let world = World::new();
    world.faults.add("pods:list=denied".parse().unwrap());
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let review = |verb: &str| json!({"spec": {"resourceAttributes": {"verb": verb, "resource": "pods"}}});
    assert_eq!(world.post(path, &review("list")).await.1["status"]["allowed"], false);
    assert_eq!(world.post(path, &review("watch")).await.1["status"]["allowed"], true);
}

#[tokio::test(start_paused = true)]
async fn latency_delays_a_dropped_connection_fails_and_a_hang_never_answers() {
    let world = World::new();
    world.faults.add("pods:list=latency:2s@1".parse().unwrap());
    let start = tokio::time::Instant::now();
    assert_eq!(world.get("/api/v1/pods").await.0, 200);
    assert_eq!(start.elapsed().as_secs(), 2);
    world.faults.add("pods:list=drop@1".parse().unwrap());
    let request = || Request::builder().uri("/api/v1/pods").body(wire::full("")).unwrap();
    assert!(world.api.transport().oneshot(request()).await.is_err());
    world.faults.add("pods:list=hang@1".parse().unwrap());
    let hanging = tokio::time::timeout(Duration::from_secs(3600), world.api.transport().oneshot(request()));
    assert!(hanging.await.is_err());
}

/// As a real server of 1.37 did.
#[tokio::test]
async fn words_that_are_none_are_refused() {
    let world = World::new();
    let (code, status) = world.post(&format!("{PODS}?dryRun=Some"), &pod("p")).await;
    assert_eq!((code, &status["details"]["kind"]), (422, &json!("CreateOptions")));
    assert_eq!(
        status["message"],
        "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\""
    );
    assert_eq!(world.get(&format!("{PODS}?labelSelector=a_b/c/d%3De")).await.0, 400);
    let token = "/api/v1/namespaces/default/serviceaccounts/default/token";
    check(
        &world.get(token).await,
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    );
    let (code, status) = world.get(&format!("{PODS}?watch=true&resourceVersion=old")).await;
    assert_eq!((code, &status["reason"]), (500, &Value::Null));
    let review = json!({"spec": {}});
    let (code, status) = world.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await;
    assert_eq!((code, &status["details"]["causes"][0]["field"]), (422, &json!("spec")));
}
