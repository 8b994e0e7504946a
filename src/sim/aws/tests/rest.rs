use serde_json::{Value, json};

use crate::sim::aws::AddonChange;

use super::setup;

#[tokio::test]
async fn the_cluster_is_described_and_others_are_not_found() {
    let setup = setup();
    let cluster = setup.eks("GET", "/clusters/acme", Value::Null).await.json()["cluster"].clone();
    assert_eq!(cluster["arn"], "arn:aws:eks:eu-west-1:111122223333:cluster/acme");
    assert_eq!(cluster["identity"]["oidc"]["issuer"], "https://oidc.eks.eu-west-1.amazonaws.com/id/0123");
    assert_eq!(cluster["kubernetesNetworkConfig"]["ipFamily"], "ipv4");
    let missing = setup.eks("GET", "/clusters/other", Value::Null).await;
    assert_eq!((missing.status, missing.code.as_str()), (404, "ResourceNotFoundException"));
    assert_eq!(missing.json()["message"], "No cluster found for name: other.");
    assert_eq!(missing.json()["clusterName"], "other");
}

#[tokio::test]
async fn unknown_operations_get_each_services_own_answer() {
    let setup = setup();
    assert_eq!(setup.eks("GET", "/nonsense", Value::Null).await.code, "UnknownOperationException");
    let iam = setup.query("iam", "Action=Fly&Version=2010-05-08").await;
    assert_eq!((iam.status, iam.code.as_str()), (400, "InvalidAction"));
    assert!(iam.text.contains("Could not find operation Fly for version 2010-05-08"));
    let ec2 = setup.query("ec2", "Action=Fly&Version=2016-11-15").await;
    assert!(ec2.text.contains("<Message>The action Fly is not valid for this web service.</Message>"));
}

#[tokio::test(start_paused = true)]
async fn an_add_on_becomes_active_after_its_delay() {
    let setup = setup();
    let addons = "/clusters/acme/addons";
    setup.account.with(|state| state.delays.addon = jiff::SignedDuration::from_secs(2));
    setup.eks("POST", addons, json!({ "addonName": "eks-pod-identity-agent" })).await;
    let again = setup.eks("POST", addons, json!({ "addonName": "eks-pod-identity-agent" })).await;
    assert_eq!(again.code, "ResourceInUseException");
    let change = setup.account.next_addon_change().await;
    let AddonChange::Installed { name, version } = change else { panic!("{change:?}") };
    assert_eq!((name.as_str(), version.is_empty()), ("eks-pod-identity-agent", false));
    let path = format!("{addons}/eks-pod-identity-agent");
    assert_eq!(setup.eks("GET", &path, Value::Null).await.json()["addon"]["status"], "ACTIVE");
    setup.eks("DELETE", &path, Value::Null).await;
    let removed = AddonChange::Removed { name: "eks-pod-identity-agent".to_owned() };
    assert_eq!(setup.account.next_addon_change().await, removed);
    assert_eq!(setup.eks("GET", &path, Value::Null).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_same_token_installs_and_updates_an_add_on_once() {
    let setup = setup();
    let addons = "/clusters/acme/addons";
    let install = json!({ "addonName": "metrics-server", "clientRequestToken": "t1" });
    let first = setup.eks("POST", addons, install.clone()).await.json();
    assert_eq!(setup.eks("POST", addons, install).await.json(), first);
    let other = json!({ "addonName": "coredns", "clientRequestToken": "t1" });
    assert_eq!(setup.eks("POST", addons, other).await.code, "InvalidParameterException");
    setup.account.next_addon_change().await;
    let (path, update) = (format!("{addons}/metrics-server/update"), json!({ "clientRequestToken": "t1" }));
    let begun = setup.eks("POST", &path, update.clone()).await.json();
    assert_eq!(setup.eks("POST", &path, update).await.json()["update"]["id"], begun["update"]["id"]);
    assert_eq!(setup.eks("POST", &path, json!({})).await.code, "ResourceInUseException");
}

#[tokio::test]
async fn tags_are_set_listed_and_removed_by_arn() {
    let setup = setup();
    let path = "/tags/arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Acluster%2Facme";
    setup.eks("POST", path, json!({ "tags": { "a": "1", "b": "2" } })).await;
    setup.eks("DELETE", &format!("{path}?tagKeys=a"), Value::Null).await;
    assert_eq!(setup.eks("GET", path, Value::Null).await.json(), json!({ "tags": { "b": "2" } }));
    setup.eks("POST", path, json!({ "tags": { "a": "1", "c": "2" } })).await;
    setup.eks("DELETE", &format!("{path}?tagKeys=a&tagKeys=b"), Value::Null).await;
    assert_eq!(setup.eks("GET", path, Value::Null).await.json(), json!({ "tags": { "c": "2" } }));
}

#[tokio::test]
async fn faults_answer_in_the_words_of_each_service() {
    let setup = setup();
    for spec in ["eks:DescribeCluster=denied", "iam:*=throttle", "sts:GetCallerIdentity=expired", "ec2:*=denied"] {
        setup.faults.add(spec.parse().unwrap());
    }
    let denied = setup.eks("GET", "/clusters/acme", Value::Null).await;
    assert_eq!((denied.status, denied.code.as_str()), (403, "AccessDeniedException"));
    assert_eq!(
        denied.json()["message"],
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:eu-west-1:111122223333:cluster/acme because no identity-based policy allows the eks:DescribeCluster action"
    );
    let throttled = setup.query("iam", "Action=ListRoles&Version=2010-05-08").await;
    assert_eq!((throttled.status, throttled.code.as_str()), (400, "Throttling"));
    assert!(throttled.text.contains("<Message>Rate exceeded</Message>"));
    let expired = setup.query("sts", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!((expired.status, expired.code.as_str()), (403, "ExpiredToken"));
    let ec2 = setup.query("ec2", "Action=DescribeInstances&Version=2016-11-15").await;
    assert_eq!((ec2.status, ec2.code.as_str()), (403, "UnauthorizedOperation"));
}

#[tokio::test]
async fn a_dropped_connection_is_an_error_without_an_answer() {
    let setup = setup();
    setup.faults.add("eks:*=drop".parse().unwrap());
    let request = http::Request::builder().uri("http://localhost/clusters");
    assert!(setup.send(request, String::new()).await.is_err());
    assert_eq!(setup.account.calls()[0].status, 0);
}

#[tokio::test]
async fn calls_are_recorded_with_their_arguments() {
    let setup = setup();
    setup.eks("GET", "/clusters/acme", Value::Null).await;
    setup.query("iam", "Action=DeleteRole&Version=2010-05-08&RoleName=none").await;
    let calls = setup.account.calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.action.as_str(), call.mutating, call.status)).collect();
    assert_eq!(seen, [("eks:DescribeCluster", false, 200), ("iam:DeleteRole", true, 404)]);
    assert_eq!(calls[1].arguments["RoleName"], "none");
    assert_eq!(setup.account.count("eks:DescribeCluster"), 1);
}

#[tokio::test]
async fn unsigned_requests_are_told_apart_by_version() {
    let setup = setup();
    let request = http::Request::builder().uri("http://127.0.0.1/?Action=GetCallerIdentity&Version=2011-06-15");
    let answer = setup.send(request, String::new()).await.unwrap();
    assert!(answer.text.contains("<Arn>arn:aws:iam::111122223333:user/ann</Arn>"));
}
