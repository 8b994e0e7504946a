//! Workloads as far as a restart needs them: strategy, disruption budgets, progress, pods.

use serde_json::Value;

use super::{
    connect::Connection,
    decode::{List, pod::Decoder},
    failure::Call,
    object::{resource, workload_path},
    request::{Message, encode},
};
use crate::domain::{
    failure::{Failure, FailureKind},
    id::Namespace,
    rollout::{Budget, Progress, Rollout, Strategy},
    workload::{Pod, WorkloadId, WorkloadKind},
};

/// How a workload replaces its pods, with the budgets that cover them.
///
/// # Errors
/// `Invalid` for a kind that has no rollout; `NotFound`, `Denied` and the failures of the connection.
pub async fn rollout(connection: &Connection, workload: &WorkloadId) -> Result<Rollout, Failure> {
    let object = read(connection, workload).await?;
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    let budgets = budgets(connection, &workload.namespace).await;
    let covers = |budget: &&Value| selects(&budget["spec"]["selector"], labels);
    Ok(Rollout {
        replicas: match workload.kind {
            WorkloadKind::DaemonSet => number(&object["status"]["desiredNumberScheduled"], 0),
            _ => number(&object["spec"]["replicas"], 1),
        },
        strategy: strategy(&object["spec"], &workload.kind),
        paused: object["spec"]["paused"] == true,
        budgets: budgets.map(|all| all.iter().filter(covers).map(budget).collect()).map_err(Box::new),
    })
}

/// How far its rollout is.
///
/// # Errors
/// As [`rollout`].
pub async fn progress(connection: &Connection, workload: &WorkloadId) -> Result<Progress, Failure> {
    let object = read(connection, workload).await?;
    let (spec, status) = (&object["spec"], &object["status"]);
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
    let observed = status["observedGeneration"].as_i64().is_some_and(|seen| seen >= generation);
    if workload.kind == WorkloadKind::DaemonSet {
        let wanted = number(&status["desiredNumberScheduled"], 0);
        let (updated, available) =
            (number(&status["updatedNumberScheduled"], 0), number(&status["numberAvailable"], 0));
        return Ok(Progress { observed, wanted, updated, total: wanted, available, stuck: None });
    }
    let replicas = number(&spec["replicas"], 1);
    let partition = number(&spec["updateStrategy"]["rollingUpdate"]["partition"], 0);
    let available = match workload.kind {
        WorkloadKind::StatefulSet => status.get("availableReplicas").unwrap_or(&status["readyReplicas"]),
        _ => &status["availableReplicas"],
    };
    Ok(Progress {
        observed,
        wanted: replicas.saturating_sub(partition),
        updated: number(&status["updatedReplicas"], 0),
        total: number(&status["replicas"], 0).max(replicas),
        available: number(available, 0),
        stuck: stuck(&status["conditions"]),
    })
}

fn stuck(conditions: &Value) -> Option<String> {
    let late = |one: &&Value| one["type"] == "Progressing" && one["reason"] == "ProgressDeadlineExceeded";
    let found = conditions.as_array()?.iter().find(late)?;
    Some(found["message"].as_str().unwrap_or("its progress deadline is exceeded").to_owned())
}

async fn read(connection: &Connection, workload: &WorkloadId) -> Result<Value, Failure> {
    let resource = resource(workload)?;
    let call = Call::new("get", &format!("{resource}.apps"));
    let call = call.within(Some(workload.namespace.as_str())).named(workload.name.as_str());
    object(connection, &call, workload_path(workload, resource)).await
}

async fn object(connection: &Connection, call: &Call, path: String) -> Result<Value, Failure> {
    let body = connection.read(call, &Message::get(path)).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let next = "Look at it with `kubectl get -o yaml`";
        Failure::new(FailureKind::Server, "the answer of the API server cannot be read", error.to_string(), next)
    })
}

async fn budgets(connection: &Connection, namespace: &Namespace) -> Result<Vec<Value>, Failure> {
    let call = Call::new("list", "poddisruptionbudgets.policy").within(Some(namespace.as_str()));
    let path = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", encode(namespace.as_str()));
    let mut list = object(connection, &call, path).await?;
    Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn budget(object: &Value) -> Budget {
    let spec = &object["spec"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rule = match (&spec["minAvailable"], &spec["maxUnavailable"]) {
        (Value::Null, Value::Null) => "no rule".to_owned(),
        (Value::Null, most) => format!("at most {} away", text(most)),
        (least, _) => format!("at least {} there", text(least)),
    };
    let allowed = object["status"]["disruptionsAllowed"].as_u64().and_then(|count| u32::try_from(count).ok());
    Budget { name: object["metadata"]["name"].as_str().unwrap_or_default().to_owned(), rule, allowed }
}

/// Whether a label selector takes these labels; in `policy/v1` an empty one takes all.
fn selects(selector: &Value, labels: &Value) -> bool {
    let equal = |(key, value): (&String, &Value)| labels[key] == *value;
    let exact = selector["matchLabels"].as_object().is_none_or(|wanted| wanted.iter().all(equal));
    let fits = |one: &Value| expression(one, labels);
    !selector.is_null() && exact && selector["matchExpressions"].as_array().is_none_or(|all| all.iter().all(fits))
}

fn expression(one: &Value, labels: &Value) -> bool {
    let value = one["key"].as_str().map_or(&Value::Null, |key| &labels[key]);
    let listed = one["values"].as_array().is_some_and(|values| values.contains(value));
    match one["operator"].as_str() {
        Some("In") => listed,
        Some("NotIn") => !listed,
        Some("Exists") => !value.is_null(),
        Some("DoesNotExist") => value.is_null(),
        _ => false,
    }
}

fn strategy(spec: &Value, kind: &WorkloadKind) -> Strategy {
    let found = if *kind == WorkloadKind::Deployment { &spec["strategy"] } else { &spec["updateStrategy"] };
    let (unavailable, surge) = match kind {
        WorkloadKind::Deployment => ("25%", "25%"),
        _ => ("1", "0"),
    };
    let rolling = &found["rollingUpdate"];
    let text = |value: &Value, default: &str| match value {
        Value::Null => default.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match found["type"].as_str() {
        Some("Recreate") => Strategy::Recreate,
        Some("OnDelete") => Strategy::OnDelete,
        _ => Strategy::Rolling {
            unavailable: text(&rolling["maxUnavailable"], unavailable),
            surge: text(&rolling["maxSurge"], surge),
            partition: number(&rolling["partition"], 0),
        },
    }
}

fn number(value: &Value, default: u32) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
}

/// The pods of a workload, those that are going included.
///
/// # Errors
/// `Denied` and the failures of the connection.
pub async fn pods(connection: &Connection, workload: &WorkloadId) -> Result<Vec<Pod>, Failure> {
    let call = Call::new("list", "pods").within(Some(workload.namespace.as_str()));
    let path = format!("/api/v1/namespaces/{}/pods", encode(workload.namespace.as_str()));
    let body = connection.read(&call, &Message::get(path)).await?;
    let list: List<'_> = serde_json::from_slice(&body).map_err(|error| {
        let next = "Look at them with `kubectl get pods`";
        Failure::new(FailureKind::Server, "the list of pods cannot be read", error.to_string(), next)
    })?;
    let mut decoder = Decoder::default();
    let all = list.items.iter().filter_map(|item| decoder.pod(item.get()).ok());
    Ok(all.filter(|pod| pod.workload == *workload).collect())
}
