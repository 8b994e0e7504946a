//! The current pod template of a workload, read when somebody asks for it (identity-resolution 0.2).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    connect::Connection,
    decode::pod::Decoder,
    failure::Call,
    request::{Message, encode},
};
use crate::domain::{
    fact::Fact,
    failure::{Failure, FailureKind},
    workload::{PodSpec, WorkloadId, WorkloadKind},
};

/// Where objects of a kind live: group, plural.
fn place(kind: &WorkloadKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        WorkloadKind::Deployment => ("apps", "deployments"),
        WorkloadKind::ReplicaSet => ("apps", "replicasets"),
        WorkloadKind::StatefulSet => ("apps", "statefulsets"),
        WorkloadKind::DaemonSet => ("apps", "daemonsets"),
        WorkloadKind::Job => ("batch", "jobs"),
        WorkloadKind::CronJob => ("batch", "cronjobs"),
        WorkloadKind::Pod | WorkloadKind::Other(_) => return None,
    })
}

/// An owner of pods, as far as its template goes.
#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow)]
    spec: Spec<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    template: Option<&'a RawValue>,
    /// Of a CronJob.
    #[serde(borrow)]
    job_template: Option<JobTemplate<'a>>,
}

#[derive(Deserialize)]
struct JobTemplate<'a> {
    #[serde(borrow)]
    spec: JobSpec<'a>,
}

#[derive(Deserialize)]
struct JobSpec<'a> {
    #[serde(borrow)]
    template: &'a RawValue,
}

/// The template of a workload: absent if its owner is gone or has none, unknown with the verb and resource if it may
/// not be read.
pub async fn template(connection: &Connection, id: &WorkloadId) -> Fact<Arc<PodSpec>> {
    let Some((group, resource)) = place(&id.kind) else { return Fact::Absent };
    let (namespace, name) = (id.namespace.as_str(), id.name.as_str());
    let call = Call::new("get", &format!("{resource}.{group}")).within(Some(namespace)).named(name);
    let path = format!("/apis/{group}/v1/namespaces/{}/{resource}/{}", encode(namespace), encode(name));
    let body = match connection.read(&call, &Message::get(path)).await {
        Ok(body) => body,
        Err(failure) if failure.kind == FailureKind::NotFound => return Fact::Absent,
        Err(failure) => return Fact::Unknown(Arc::new(failure)),
    };
    decoded(&String::from_utf8_lossy(&body))
        .map_or_else(|why| Fact::Unknown(Arc::new(unreadable(id, why))), Fact::Known)
}

fn decoded(json: &str) -> Result<Arc<PodSpec>, String> {
    let owner: Owner<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let of_job = owner.spec.job_template.map(|job| job.spec.template);
    let template = owner.spec.template.or(of_job).ok_or("the object has no pod template")?;
    Decoder::default().template(template.get()).map_err(|error| error.to_string())
}

fn unreadable(id: &WorkloadId, why: String) -> Failure {
    Failure::new(
        FailureKind::Server,
        format!("cannot read the pod template of {}/{id}", id.namespace),
        why,
        "Look at it with `kubectl get -o yaml`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"{"metadata":{"labels":{"app":"api"},"annotations":{"eks.amazonaws.com/skip-containers":"log","other":"x"}},
        "spec":{"serviceAccountName":"api","containers":[{"name":"app","image":"a:1","env":[{"name":"AWS_PROFILE","value":"p"}]}]}}"#;

    #[test]
    fn templates_are_decoded_like_pods_wherever_they_stand_in_their_owner() {
        let deployment = format!(r#"{{"kind":"Deployment","spec":{{"replicas":1,"template":{TEMPLATE}}}}}"#);
        let cron = format!(
            r#"{{"kind":"CronJob","spec":{{"schedule":"@daily","jobTemplate":{{"spec":{{"template":{TEMPLATE}}}}}}}}}"#
        );
        for json in [deployment, cron] {
            let spec = decoded(&json).unwrap();
            assert_eq!(spec.service_account.as_str(), "api");
            assert_eq!(spec.labels.len(), 1);
            assert_eq!(spec.annotations.len(), 1, "only those that identity rests on");
            assert!(spec.containers[0].environment.has("AWS_PROFILE"));
        }
    }

    #[test]
    fn a_template_without_a_service_account_runs_as_default() {
        let spec = decoded(r#"{"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}"#).unwrap();
        assert_eq!(spec.service_account.as_str(), "default");
    }

    #[test]
    fn an_object_without_a_template_is_a_sentence() {
        for json in
            ["{}", "[]", "", r#"{"spec":{}}"#, r#"{"spec":{"template":null}}"#, r#"{"spec":{"jobTemplate":{}}}"#]
        {
            assert!(!decoded(json).unwrap_err().is_empty(), "{json}");
        }
    }
}
