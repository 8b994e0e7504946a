use super::*;
use crate::{
    domain::workload::Value,
    kubernetes::tests::{Answer, connection, status},
};

const ACCOUNT: &str = r#"{"metadata":{"name":"api","namespace":"shop","resourceVersion":"7","annotations":{"eks.amazonaws.com/role-arn":"arn:old"}}}"#;

fn id() -> ServiceAccountId {
    ServiceAccountId::new("shop", "api")
}

#[tokio::test]
async fn an_annotation_is_changed_only_in_the_version_that_was_read() {
    let (connection, log) = connection(|_| Answer::Body(200, ACCOUNT.into())).await;
    annotate(&connection, &id(), Some(&"arn:old".into()), Some(&"arn:new".into())).await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[0].method, "GET");
    assert_eq!(
        (log[1].method.as_str(), log[1].path.as_str()),
        ("PATCH", "/api/v1/namespaces/shop/serviceaccounts/api?fieldManager=rolecall")
    );
    let patch: serde_json::Value = serde_json::from_str(&log[1].body).unwrap();
    assert_eq!(
        patch,
        json!({"metadata": {"resourceVersion": "7", "annotations": {"eks.amazonaws.com/role-arn": "arn:new"}}})
    );
}

#[tokio::test]
async fn an_annotation_is_removed_by_null() {
    let (connection, log) = connection(|_| Answer::Body(200, ACCOUNT.into())).await;
    annotate(&connection, &id(), Some(&"arn:old".into()), None).await.unwrap();
    assert!(log.lock().unwrap()[1].body.contains(r#""eks.amazonaws.com/role-arn":null"#));
}

#[tokio::test]
async fn an_annotation_that_changed_since_the_plan_is_left_alone() {
    let (connection, log) = connection(|_| Answer::Body(200, ACCOUNT.into())).await;
    let failure = annotate(&connection, &id(), None, Some(&"arn:new".into())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(failure.why.contains("named no role") && failure.why.contains("names arn:old now"), "{failure}");
    assert_eq!(log.lock().unwrap().len(), 1, "nothing was written");
}

#[tokio::test]
async fn a_missing_service_account_is_not_created() {
    let (connection, log) =
        connection(|_| Answer::Body(404, status(404, "NotFound", "serviceaccounts \"api\" not found"))).await;
    let failure = annotate(&connection, &id(), None, Some(&"arn:new".into())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert_eq!(log.lock().unwrap().len(), 1);
}

fn workload(kind: WorkloadKind) -> WorkloadId {
    WorkloadId { namespace: "shop".into(), kind, name: "api".into() }
}

#[tokio::test]
async fn a_restart_is_what_kubectl_does() {
    let (connection, log) = connection(|_| Answer::Body(200, "{}".into())).await;
    let now = "2026-11-23T08:00:00.5Z".parse().unwrap();
    restart(&connection, &workload(WorkloadKind::Deployment), now).await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[0].path, "/apis/apps/v1/namespaces/shop/deployments/api?fieldManager=rolecall");
    assert!(log[0].body.contains(r#""kubectl.kubernetes.io/restartedAt":"2026-11-23T08:00:0"#), "{}", log[0].body);
    assert!(log[0].body.ends_with(r#"Z"}}}}}"#), "{}", log[0].body);
}

#[tokio::test]
async fn a_job_has_no_rollout() {
    let (connection, log) = connection(|_| Answer::Body(200, "{}".into())).await;
    let failure = restart(&connection, &workload(WorkloadKind::Job), Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_missing_right_to_restart_names_the_group() {
    let (connection, _) = connection(|_| Answer::Body(403, status(403, "Forbidden", "no"))).await;
    let failure = restart(&connection, &workload(WorkloadKind::StatefulSet), Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(failure.action.as_deref(), Some("patch statefulsets.apps"));
    assert_eq!(failure.resource.as_deref(), Some("namespace shop"));
}

fn source(prefix: &str) -> SourceId {
    SourceId { namespace: "shop".into(), name: "settings".into(), prefix: prefix.into() }
}

#[tokio::test]
async fn of_a_config_map_only_aws_variables_are_kept_and_no_secret_value() {
    let body = r#"{"data":{"AWS_PROFILE":"dev","AWS_SECRET_ACCESS_KEY":"do-not-keep","AWS_ACCESS_KEY_ID":"AKIAEXAMPLE12345","PASSWORD":"x"}}"#;
    let (connection, log) = connection(|_| Answer::Body(200, body.into())).await;
    let found = config_map(&connection, &source("")).await;
    let found = found.known().unwrap();
    let names: Vec<&str> = found.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"]);
    assert_eq!(found.text("AWS_PROFILE").map(|text| &**text), Some("dev"));
    assert_eq!(found.get("AWS_SECRET_ACCESS_KEY"), Some(&Value::Hidden));
    assert_eq!(found.get("AWS_ACCESS_KEY_ID"), Some(&Value::AccessKey("2345".into())));
    assert_eq!(log.lock().unwrap()[0].path, "/api/v1/namespaces/shop/configmaps/settings");
}

#[tokio::test]
async fn the_prefix_of_env_from_stands_before_the_names_of_a_config_map() {
    let body = r#"{"data":{"ROLE_ARN":"arn:a","AWS_PROFILE":"dev"}}"#;
    let (connection, _) = connection(|_| Answer::Body(200, body.into())).await;
    let found = config_map(&connection, &source("AWS_")).await;
    let found = found.known().unwrap();
    assert_eq!(found.text("AWS_ROLE_ARN").map(|text| &**text), Some("arn:a"));
    assert!(!found.has("AWS_PROFILE"), "it is AWS_AWS_PROFILE now");
}

#[tokio::test]
async fn a_config_map_that_is_not_there_is_absent_and_a_forbidden_one_unknown() {
    let (missing, _) = connection(|_| Answer::Body(404, status(404, "NotFound", "no"))).await;
    assert_eq!(config_map(&missing, &source("")).await, Fact::Absent);
    let (forbidden, _) = connection(|_| Answer::Body(403, status(403, "Forbidden", "no"))).await;
    let found = config_map(&forbidden, &source("")).await;
    let failure = found.failure().unwrap();
    assert_eq!(failure.action.as_deref(), Some("get configmaps"));
    assert_eq!(failure.resource.as_deref(), Some("namespace shop"));
}
