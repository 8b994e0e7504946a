//! Cells of the Table representation, as `kubectl get` prints them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::meta;

/// A value or `<none>`.
pub fn or_none(value: &Value) -> Value {
    or(value, "<none>")
}

/// A value or nothing.
pub fn or_empty(value: &Value) -> Value {
    or(value, "")
}

/// A value or `<unknown>`.
pub fn or_unknown(value: &Value) -> Value {
    or(value, "<unknown>")
}

/// A value, as text, or `N/A`.
pub fn or_na(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        other => or(other, "N/A"),
    }
}

fn or(value: &Value, instead: &str) -> Value {
    if value.is_null() || value == "" { json!(instead) } else { value.clone() }
}

/// The first value that is there.
pub fn first_of(values: &[&Value]) -> Value {
    let found = values.iter().find(|v| !v.is_null());
    found.map_or_else(|| json!(""), |v| (*v).clone())
}

/// A number, 0 if absent.
pub fn number(value: &Value) -> Value {
    json!(meta::int(value, 0))
}

/// Time since creation.
pub fn age(object: &Value, now: Timestamp) -> Value {
    since(&object["metadata"]["creationTimestamp"], now)
}

/// Time since a timestamp.
pub fn since(value: &Value, now: Timestamp) -> Value {
    match parse(value) {
        Some(then) => json!(human(now.duration_since(then))),
        None => json!("<unknown>"),
    }
}

fn parse(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A duration as kubectl writes it: two units at most, the smaller ones dropped as it grows.
pub fn human(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{small_unit}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// `READY` of a pod; native sidecars count as containers.
pub fn pod_ready(pod: &Value, _: Timestamp) -> Value {
    let sidecars: Vec<&str> = sidecars(pod).collect();
    let ready = |status: &&Value| status["ready"] == true;
    let main = meta::items(&pod["status"]["containerStatuses"]).filter(ready).count();
    let side = meta::items(&pod["status"]["initContainerStatuses"])
        .filter(|s| sidecars.iter().any(|name| s["name"] == *name))
        .filter(ready)
        .count();
    let total = meta::items(&pod["spec"]["containers"]).count() + sidecars.len();
    json!(format!("{}/{total}", main + side))
}

fn sidecars(pod: &Value) -> impl Iterator<Item = &str> {
    meta::items(&pod["spec"]["initContainers"])
        .filter(|c| c["restartPolicy"] == "Always")
        .filter_map(|c| c["name"].as_str())
}

/// `STATUS` of a pod: why it waits or ended, else its phase.
pub fn pod_status(pod: &Value, _: Timestamp) -> Value {
    if meta::is_terminating(pod) {
        return json!("Terminating");
    }
    let status = &pod["status"];
    if let Some(reason) = init_reason(pod).or_else(|| main_reason(status)) {
        return json!(reason);
    }
    first_of(&[&status["reason"], &status["phase"]])
}

fn init_reason(pod: &Value) -> Option<String> {
    let sidecars: Vec<&str> = sidecars(pod).collect();
    let total = meta::items(&pod["spec"]["initContainers"]).count();
    for (index, init) in meta::items(&pod["status"]["initContainerStatuses"]).enumerate() {
        let is_sidecar = sidecars.iter().any(|name| init["name"] == *name);
        if (is_sidecar && init["started"] == true) || init["state"]["terminated"]["exitCode"] == 0 {
            continue;
        }
        let state = &init["state"];
        let reason = reason_of(&state["terminated"]).or_else(|| reason_of(&state["waiting"]));
        return Some(match reason {
            Some(reason) if reason != "PodInitializing" => format!("Init:{reason}"),
            _ => format!("Init:{index}/{total}"),
        });
    }
    None
}

fn main_reason(status: &Value) -> Option<String> {
    let states: Vec<&Value> = meta::items(&status["containerStatuses"]).map(|s| &s["state"]).collect();
    let reasons = states.iter().rev();
    let waiting = reasons.clone().find_map(|s| reason_of(&s["waiting"]));
    waiting.or_else(|| reasons.clone().find_map(|s| reason_of(&s["terminated"])))
}

fn reason_of(state: &Value) -> Option<String> {
    state["reason"].as_str().map(str::to_owned)
}

/// `RESTARTS` of a pod.
pub fn pod_restarts(pod: &Value, now: Timestamp) -> Value {
    let statuses = || meta::items(&pod["status"]["containerStatuses"]);
    let restarts: i64 = statuses().map(|s| meta::int(&s["restartCount"], 0)).sum();
    let last = statuses().filter_map(|s| parse(&s["lastState"]["terminated"]["finishedAt"])).max();
    match last {
        Some(last) if restarts > 0 => json!(format!("{restarts} ({} ago)", human(now.duration_since(last)))),
        _ => json!(restarts.to_string()),
    }
}

/// `STATUS` of a node.
pub fn node_status(node: &Value, _: Timestamp) -> Value {
    let ready = match meta::condition(node, "Ready").and_then(|c| c["status"].as_str()) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = if node["spec"]["unschedulable"] == true { ",SchedulingDisabled" } else { "" };
    json!(format!("{ready}{cordoned}"))
}

/// A node's address of a type.
pub fn node_address(node: &Value, kind: &str) -> Value {
    or_none(address(node, kind))
}

/// A node's address of a type, null if it has none.
pub fn address<'a>(node: &'a Value, kind: &str) -> &'a Value {
    let found = meta::items(&node["status"]["addresses"]).find(|a| a["type"] == kind);
    found.map_or(&Value::Null, |a| &a["address"])
}

/// `1/3` of a Deployment or StatefulSet.
pub fn ready_of_replicas(workload: &Value, _: Timestamp) -> Value {
    let ready = meta::int(&workload["status"]["readyReplicas"], 0);
    json!(format!("{ready}/{}", meta::int(&workload["spec"]["replicas"], 1)))
}

/// Names or images of a template's containers.
pub fn containers(workload: &Value, key: &str) -> Value {
    let containers = meta::items(&workload["spec"]["template"]["spec"]["containers"]);
    let texts: Vec<&str> = containers.filter_map(|c| c[key].as_str()).collect();
    json!(texts.join(","))
}

/// A label map as `a=b,c=d`.
pub fn labels(map: &Value) -> Value {
    let pairs = map.as_object().into_iter().flatten();
    let texts: Vec<String> = pairs.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    json!(if texts.is_empty() { "<none>".to_owned() } else { texts.join(",") })
}

/// A LabelSelector in one line.
pub fn selector(selector: &Value) -> Value {
    labels(&selector["matchLabels"])
}

/// Entries of a ConfigMap or Secret.
pub fn data_count(object: &Value, _: Timestamp) -> Value {
    let count = |key: &str| object[key].as_object().map_or(0, serde_json::Map::len);
    json!(count("data") + count("binaryData"))
}

/// `80/TCP,443:30443/TCP`.
pub fn service_ports(service: &Value, _: Timestamp) -> Value {
    let ports = meta::items(&service["spec"]["ports"]).map(|port| {
        let node = port["nodePort"].as_i64().map_or_else(String::new, |n| format!(":{n}"));
        format!("{}{node}/{}", meta::int(&port["port"], 0), port["protocol"].as_str().unwrap_or("TCP"))
    });
    let ports: Vec<String> = ports.collect();
    json!(if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") })
}

/// `10.0.0.1:80,…`.
pub fn endpoints(object: &Value, _: Timestamp) -> Value {
    let subsets = meta::items(&object["subsets"]);
    let texts: Vec<String> = subsets.flat_map(subset_endpoints).collect();
    json!(if texts.is_empty() { "<none>".to_owned() } else { texts.join(",") })
}

fn subset_endpoints(subset: &Value) -> Vec<String> {
    let port = meta::int(&subset["ports"][0]["port"], 0);
    let addresses = meta::items(&subset["addresses"]).filter_map(|a| a["ip"].as_str());
    addresses.map(|ip| format!("{ip}:{port}")).collect()
}

/// `STATUS` of a Job.
pub fn job_status(job: &Value, _: Timestamp) -> Value {
    let done = ["Complete", "Failed", "Suspended"];
    json!(done.into_iter().find(|kind| meta::is_condition(job, kind)).unwrap_or("Running"))
}

/// `0/1` of a Job.
pub fn job_completions(job: &Value, _: Timestamp) -> Value {
    let done = meta::int(&job["status"]["succeeded"], 0);
    json!(format!("{done}/{}", meta::int(&job["spec"]["completions"], 1)))
}

/// Run time of a Job.
pub fn job_duration(job: &Value, now: Timestamp) -> Value {
    let Some(start) = parse(&job["status"]["startTime"]) else {
        return json!("");
    };
    let end = parse(&job["status"]["completionTime"]).unwrap_or(now);
    json!(human(end.duration_since(start)))
}

/// When an event was last seen.
pub fn last_seen(event: &Value, now: Timestamp) -> Value {
    let places = ["lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"];
    let found = places.iter().map(|p| &event[*p]).find(|v| !v.is_null());
    since(found.unwrap_or(&event["metadata"]["creationTimestamp"]), now)
}

/// `pod/name` of an event.
pub fn event_object(event: &Value, _: Timestamp) -> Value {
    let object = if event["regarding"].is_null() { &event["involvedObject"] } else { &event["regarding"] };
    let part = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    json!(format!("{}/{}", part("kind").to_lowercase(), part("name")))
}
