//! Pod disruption budgets, as an eviction has to respect them.

use serde_json::{Value, json};

use super::meta;
use super::selector::Labels;
use super::state::{State, core};
use super::status::Failure;

/// Whether a pod may be evicted now.
///
/// # Errors
/// 429 if a budget forbids it, 500 if more than one budget covers it.
pub fn check(state: &State, pod: &Value) -> Result<(), Failure> {
    if meta::is_terminating(pod) || matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed" | "Pending"))
    {
        return Ok(());
    }
    let key = ("policy".to_owned(), "poddisruptionbudgets".to_owned());
    let namespace = meta::namespace(pod);
    let covers = |budget: &&Value| Labels::of_object(&budget["spec"]["selector"]).matches(pod);
    let mut budgets = state.store.list(&key, namespace, None).map(|b| b.value()).filter(covers);
    match (budgets.next(), budgets.next()) {
        (None, _) => Ok(()),
        (Some(budget), None) => check_budget(state, budget, pod),
        (Some(_), Some(_)) => {
            let message =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            Err(Failure::new(500, "InternalError", message))
        }
    }
}

fn check_budget(state: &State, budget: &Value, pod: &Value) -> Result<(), Failure> {
    let (needed, healthy) = counts(state, budget);
    if healthy > needed || !meta::is_condition(pod, "Ready") && healthy >= needed {
        return Ok(());
    }
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut failure = Failure::new(429, "TooManyRequests", message);
    let cause =
        format!("The disruption budget {} needs {needed} healthy pods and has {healthy} currently", meta::name(budget));
    failure.details = json!({"causes": [{"reason": "DisruptionBudget", "message": cause}]});
    Err(failure)
}

/// Healthy pods a budget needs, and has.
fn counts(state: &State, budget: &Value) -> (i64, i64) {
    let selector = Labels::of_object(&budget["spec"]["selector"]);
    let pods: Vec<&Value> = state
        .store
        .list(&core("pods"), meta::namespace(budget), None)
        .map(|pod| pod.value())
        .filter(|pod| selector.matches(pod) && !meta::is_terminating(pod))
        .collect();
    let healthy = pods.iter().filter(|pod| meta::is_condition(pod, "Ready")).count();
    let total = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let spec = &budget["spec"];
    let needed = match (share(&spec["minAvailable"], total), share(&spec["maxUnavailable"], total)) {
        (Some(needed), _) => needed,
        (None, Some(spare)) => total - spare,
        (None, None) => total,
    };
    (needed.max(0), i64::try_from(healthy).unwrap_or(i64::MAX))
}

/// A number, or a percentage rounded up.
fn share(value: &Value, total: i64) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => super::workload::percent(text, total, true),
        _ => None,
    }
}
