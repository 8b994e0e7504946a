//! The few writes to the cluster and the reads they need. Every write re-reads first and refuses
//! when the object is no longer what the plan was made for. Nothing is ever created here.

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    connect::Connection,
    decode::{
        aws_auth,
        metadata::{self, Unreadable},
        variable,
    },
    failure::Call,
    intern::Strings,
    request::{Message, encode},
};
use crate::domain::{
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{Namespace, PodId, PodUid, RoleArn, ServiceAccountId},
    node::AccessEntry,
    service_account::ServiceAccount,
    workload::{Environment, SourceId, WorkloadId, WorkloadKind},
};

/// The annotation that IRSA reads.
const ROLE_ARN: &str = "eks.amazonaws.com/role-arn";

/// The annotation of a pod template by which kubectl and this program restart.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Sets, changes or removes the role annotation of a service account.
///
/// # Errors
/// `Conflict` if the annotation is not `before` any more or somebody else writes meanwhile;
/// `Denied`, `NotFound` and the failures of the connection.
pub async fn annotate(
    connection: &Connection,
    id: &ServiceAccountId,
    before: Option<&RoleArn>,
    after: Option<&RoleArn>,
) -> Result<(), Failure> {
    let now = service_account(connection, id).await?;
    if now.role_arn.as_ref() != before {
        return Err(changed(id, before, now.role_arn.as_ref()));
    }
    // `null` removes a key in a JSON merge patch.
    let patch = json!({ "metadata": {
        "resourceVersion": &*now.resource_version,
        "annotations": { ROLE_ARN: after.map(RoleArn::as_str) },
    }});
    let call = Call::new("patch", "serviceaccounts").within(Some(id.namespace.as_str())).named(id.name.as_str());
    write(connection, &call, service_account_path(id), &patch).await
}

/// Reads one service account.
///
/// # Errors
/// `NotFound`, `Denied` and the failures of the connection.
pub async fn service_account(connection: &Connection, id: &ServiceAccountId) -> Result<ServiceAccount, Failure> {
    let call = Call::new("get", "serviceaccounts").within(Some(id.namespace.as_str())).named(id.name.as_str());
    let body = connection.read(&call, &Message::get(service_account_path(id))).await?;
    let text = String::from_utf8_lossy(&body);
    metadata::service_account(&text, &mut Strings::default(), &connection.keys).map_err(|error| {
        let what = format!("cannot read service account {id}");
        Failure::new(
            FailureKind::Server,
            what,
            error.to_string(),
            "Look at it with `kubectl get serviceaccount -o yaml`",
        )
    })
}

/// The variables that a ConfigMap gives through `envFrom`, as far as they matter (identity-resolution 0.1);
/// absent if there is no such ConfigMap, unknown with the verb and resource if it may not be read.
pub async fn config_map(connection: &Connection, id: &SourceId) -> Fact<Environment> {
    decoded_map(connection, &id.namespace, &id.name, |json| Ok(variable::of_config_map(json, &id.prefix)?)).await
}

/// The roles that `kube-system/aws-auth` maps to nodes (identity-resolution 3.4); absent in clusters that only have
/// access entries, unknown with the verb and resource if it may not be read.
pub async fn mapped_roles(connection: &Connection) -> Fact<Vec<AccessEntry>> {
    decoded_map(connection, &"kube-system".into(), "aws-auth", aws_auth::mapped_roles).await
}

async fn decoded_map<T>(
    connection: &Connection,
    namespace: &Namespace,
    name: &str,
    decode: impl Fn(&str) -> Result<T, Unreadable>,
) -> Fact<T> {
    let call = Call::new("get", "configmaps").within(Some(namespace.as_str())).named(name);
    let path = format!("/api/v1/namespaces/{}/configmaps/{}", encode(namespace.as_str()), encode(name));
    let body = match connection.read(&call, &Message::get(path)).await {
        Ok(body) => body,
        Err(failure) if failure.kind == FailureKind::NotFound => return Fact::Absent,
        Err(failure) => return Fact::Unknown(Arc::new(failure)),
    };
    match decode(&String::from_utf8_lossy(&body)) {
        Ok(found) => Fact::Known(found),
        Err(error) => Fact::Unknown(Arc::new(Failure::new(
            FailureKind::Server,
            format!("cannot read ConfigMap {namespace}/{name}"),
            error.to_string(),
            "Look at it with `kubectl get configmap -o yaml`",
        ))),
    }
}

fn service_account_path(id: &ServiceAccountId) -> String {
    let (namespace, name) = (encode(id.namespace.as_str()), encode(id.name.as_str()));
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
}

fn changed(id: &ServiceAccountId, before: Option<&RoleArn>, now: Option<&RoleArn>) -> Failure {
    let say = |arn: Option<&RoleArn>| arn.map_or_else(|| "no role".to_owned(), RoleArn::to_string);
    Failure::new(
        FailureKind::Conflict,
        format!("service account {id} was not changed"),
        format!("its annotation named {} when this was planned and names {} now", say(before), say(now)),
        "Look at it again and repeat the change if it is still wanted",
    )
}

/// Starts a rollout restart of a Deployment, StatefulSet or DaemonSet, as `kubectl rollout restart` does, with
/// this time as its stamp in the template.
///
/// # Errors
/// `Invalid` for a kind that has no rollout; `NotFound`, `Denied` and the failures of the connection.
pub async fn restart(connection: &Connection, workload: &WorkloadId, now: Timestamp) -> Result<(), Failure> {
    let resource = resource(workload)?;
    let (namespace, name) = (workload.namespace.as_str(), workload.name.as_str());
    let at = now.round(jiff::Unit::Second).unwrap_or(now).to_string();
    let patch = json!({ "spec": { "template": { "metadata": { "annotations": {
        RESTARTED_AT: at,
    }}}}});
    let call = Call::new("patch", &format!("{resource}.apps")).within(Some(namespace)).named(name);
    write(connection, &call, workload_path(workload, resource), &patch).await
}

/// When a workload was last restarted, as its template says.
///
/// # Errors
/// As [`restart`].
pub async fn restarted_at(connection: &Connection, workload: &WorkloadId) -> Result<Option<String>, Failure> {
    let resource = resource(workload)?;
    let call = Call::new("get", &format!("{resource}.apps"));
    let call = call.within(Some(workload.namespace.as_str())).named(workload.name.as_str());
    let body = connection.read(&call, &Message::get(workload_path(workload, resource))).await?;
    let object: serde_json::Value = serde_json::from_slice(&body).map_err(|error| {
        let what = format!("cannot read {workload} in {}", workload.namespace);
        Failure::new(FailureKind::Server, what, error.to_string(), "Look at it with `kubectl get -o yaml`")
    })?;
    Ok(object["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT].as_str().map(str::to_owned))
}

pub(super) fn resource(workload: &WorkloadId) -> Result<&'static str, Failure> {
    match workload.kind {
        WorkloadKind::Deployment => Ok("deployments"),
        WorkloadKind::StatefulSet => Ok("statefulsets"),
        WorkloadKind::DaemonSet => Ok("daemonsets"),
        _ => Err(no_rollout(workload)),
    }
}

pub(super) fn workload_path(workload: &WorkloadId, resource: &str) -> String {
    let (namespace, name) = (encode(workload.namespace.as_str()), encode(workload.name.as_str()));
    format!("/apis/apps/v1/namespaces/{namespace}/{resource}/{name}")
}

fn no_rollout(workload: &WorkloadId) -> Failure {
    Failure::new(
        FailureKind::Invalid,
        format!("{workload} cannot be restarted"),
        "only Deployments, StatefulSets and DaemonSets have a rollout",
        "Recreate its pods the way they were made",
    )
}

async fn write(connection: &Connection, call: &Call, path: String, patch: &serde_json::Value) -> Result<(), Failure> {
    let message = Message {
        method: Method::PATCH,
        path: format!("{path}?fieldManager=rolecall"),
        accept: "application/json",
        content_type: Some("application/merge-patch+json"),
        body: patch.to_string().into_bytes(),
    };
    connection.read(call, &message).await.map(drop)
}

/// Evicts one pod, as budgets allow, and only the very pod that is meant.
///
/// # Errors
/// `Throttled` where a disruption budget forbids it now; `Conflict` if another pod has its name;
/// `NotFound`, `Denied` and the failures of the connection.
pub async fn evict(connection: &Connection, pod: &PodId, uid: &PodUid) -> Result<(), Failure> {
    let (namespace, name) = (pod.namespace.as_str(), pod.name.as_str());
    let eviction = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": {"preconditions": {"uid": uid}},
    });
    let call = Call::new("create", "pods/eviction").within(Some(namespace)).named(name);
    let message = Message {
        method: Method::POST,
        path: format!("/api/v1/namespaces/{}/pods/{}/eviction", encode(namespace), encode(name)),
        accept: "application/json",
        content_type: Some("application/json"),
        body: eviction.to_string().into_bytes(),
    };
    connection.read(&call, &message).await.map(drop)
}

/// The version of the API server, e.g. `v1.34.1-eks-3cfe0ce`.
///
/// # Errors
/// The failures of the connection, and `Server` if the answer makes no sense.
pub async fn version(connection: &Connection) -> Result<String, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let call = Call::new("get", "version");
    let body = connection.read(&call, &Message::get("/version".to_owned())).await?;
    let version: Version = serde_json::from_slice(&body).map_err(|error| {
        let next = "Check that the address is that of a Kubernetes API server";
        Failure::new(FailureKind::Server, "cannot read the version of the cluster", error.to_string(), next)
    })?;
    Ok(version.git_version)
}

#[cfg(test)]
mod tests;
