//! Pod disruption budgets: what their status says, and how an eviction has to respect them.

use serde_json::{Value, json};

use super::meta;
use super::selector::Labels;
use super::state::{State, core};
use super::status::Failure;
use super::store::Key;
use super::workload::Action;

/// The store key of budgets.
pub fn key() -> Key {
    ("policy".to_owned(), "poddisruptionbudgets".to_owned())
}

/// The status of a budget as its controller keeps it (policy/v1); `now` is the time for its condition.
pub fn reconcile(state: &State, budget: &Value, now: &str) -> Vec<Action> {
    let Counts { needed, healthy, total } = counts(state, budget);
    let allowed = if total == 0 { 0 } else { (healthy - needed).max(0) };
    let (holds, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let before = meta::condition(budget, "DisruptionAllowed").filter(|known| known["status"] == holds);
    let since = before.map_or(json!(now), |known| known["lastTransitionTime"].clone());
    let generation = &budget["metadata"]["generation"];
    let status = json!({
        "currentHealthy": healthy, "desiredHealthy": needed, "disruptionsAllowed": allowed, "expectedPods": total,
        "observedGeneration": generation,
        "conditions": [{
            "type": "DisruptionAllowed", "status": holds, "reason": reason, "message": "",
            "lastTransitionTime": since, "observedGeneration": generation,
        }],
    });
    Action::status(key(), budget, status).into_iter().collect()
}

/// Whether a pod may be evicted now.
///
/// # Errors
/// 429 if a budget forbids it, 500 if more than one budget covers it.
pub fn check(state: &State, pod: &Value) -> Result<(), Failure> {
    if meta::is_terminating(pod) || matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed" | "Pending"))
    {
        return Ok(());
    }
    let key = key();
    let namespace = meta::namespace(pod);
    let covers = |budget: &&Value| Labels::of_object(&budget["spec"]["selector"]).matches(pod);
    let mut budgets = state.store.list(&key, namespace).map(|b| b.value()).filter(covers);
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
    let Counts { needed, healthy, .. } = counts(state, budget);
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

/// Pods of a budget: healthy ones that it needs and has, and all.
struct Counts {
    needed: i64,
    healthy: i64,
    total: i64,
}

fn counts(state: &State, budget: &Value) -> Counts {
    let selector = Labels::of_object(&budget["spec"]["selector"]);
    let pods: Vec<&Value> = state
        .store
        .list(&core("pods"), meta::namespace(budget))
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
    Counts { needed: needed.max(0), healthy: i64::try_from(healthy).unwrap_or(i64::MAX), total }
}

/// A number, or a percentage rounded up.
fn share(value: &Value, total: i64) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => super::workload::percent(text, total, true),
        _ => None,
    }
}
