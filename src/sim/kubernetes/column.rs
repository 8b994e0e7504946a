//! Columns of the Table representation as data: which a kind has and how a cell is
//! read from an object.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cell, meta};

/// How a cell is made.
#[derive(Clone, Debug)]
pub enum Cell {
    /// By a function of the object and the time.
    Function(fn(&Value, Timestamp) -> Value),
    /// By a JSON path of an `additionalPrinterColumns` entry.
    Path(String),
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Heading.
    pub name: String,
    /// OpenAPI type of the cells.
    pub format: &'static str,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: i64,
    /// Where the cells come from.
    pub cell: Cell,
}

impl Column {
    fn new(name: &str, format: &'static str, priority: i64, cell: fn(&Value, Timestamp) -> Value) -> Self {
        Self { name: name.to_owned(), format, priority, cell: Cell::Function(cell) }
    }

    /// The definition in a Table.
    pub fn definition(&self) -> Value {
        let format = if self.name == "Name" { "name" } else { "" };
        json!({"name": self.name, "type": self.format, "format": format, "description": self.name, "priority": self.priority})
    }

    /// The cell of an object.
    pub fn value(&self, object: &Value, now: Timestamp) -> Value {
        match &self.cell {
            Cell::Function(function) => function(object, now),
            Cell::Path(path) => at_json_path(object, path, self.format, now),
        }
    }
}

fn named(rest: Vec<Column>) -> Vec<Column> {
    let name = Column::new("Name", "string", 0, |o, _| json!(meta::name(o)));
    std::iter::once(name).chain(rest).collect()
}

fn text(name: &str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    Column::new(name, "string", 0, cell)
}

fn wide(name: &str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    Column::new(name, "string", 1, cell)
}

fn count(name: &str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    Column::new(name, "integer", 0, cell)
}

fn age() -> Column {
    text("Age", cell::age)
}

/// The columns of a built-in kind.
pub fn columns_of(group: &str, plural: &str) -> Vec<Column> {
    match (group, plural) {
        ("", "pods") => named(pods()),
        ("", "nodes") => named(nodes()),
        ("apps", _) => named(workloads(plural)),
        ("batch", _) => named(batch(plural)),
        ("" | "events.k8s.io", "events") => events(),
        ("", _) => named(core(plural)),
        ("karpenter.sh", _) => named(karpenter(plural)),
        ("admissionregistration.k8s.io", _) => {
            named(vec![count("Webhooks", |o, _| json!(meta::items(&o["webhooks"]).count())), age()])
        }
        ("apiextensions.k8s.io", _) => {
            named(vec![text("Created At", |o, _| json!(meta::field(o, "creationTimestamp")))])
        }
        ("networking.k8s.io", _) => {
            named(vec![text("Pod-Selector", |o, _| cell::selector(&o["spec"]["podSelector"])), age()])
        }
        ("policy", _) => named(budgets()),
        _ => named(vec![age()]),
    }
}

fn pods() -> Vec<Column> {
    vec![
        text("Ready", cell::pod_ready),
        text("Status", cell::pod_status),
        text("Restarts", cell::pod_restarts),
        age(),
        wide("IP", |o, _| cell::or_none(&o["status"]["podIP"])),
        wide("Node", |o, _| cell::or_none(&o["spec"]["nodeName"])),
        wide("Nominated Node", |o, _| cell::or_none(&o["status"]["nominatedNodeName"])),
        wide("Readiness Gates", |_, _| json!("<none>")),
    ]
}

fn nodes() -> Vec<Column> {
    vec![
        text("Status", cell::node_status),
        text("Roles", |_, _| json!("<none>")),
        age(),
        text("Version", |o, _| cell::or_empty(&o["status"]["nodeInfo"]["kubeletVersion"])),
        wide("Internal-IP", |o, _| cell::node_address(o, "InternalIP")),
        wide("External-IP", |o, _| cell::node_address(o, "ExternalIP")),
        wide("OS-Image", |o, _| cell::or_unknown(&o["status"]["nodeInfo"]["osImage"])),
        wide("Kernel-Version", |o, _| cell::or_unknown(&o["status"]["nodeInfo"]["kernelVersion"])),
        wide("Container-Runtime", |o, _| cell::or_unknown(&o["status"]["nodeInfo"]["containerRuntimeVersion"])),
    ]
}

fn workloads(plural: &str) -> Vec<Column> {
    let mut columns = match plural {
        "deployments" => vec![
            text("Ready", cell::ready_of_replicas),
            text("Up-to-date", |o, _| cell::number(&o["status"]["updatedReplicas"])),
            text("Available", |o, _| cell::number(&o["status"]["availableReplicas"])),
        ],
        "replicasets" => vec![
            count("Desired", |o, _| cell::number(&o["spec"]["replicas"])),
            count("Current", |o, _| cell::number(&o["status"]["replicas"])),
            count("Ready", |o, _| cell::number(&o["status"]["readyReplicas"])),
        ],
        "statefulsets" => vec![text("Ready", cell::ready_of_replicas)],
        "daemonsets" => daemon_sets(),
        _ => {
            return vec![text("Controller", |o, _| json!(meta::controller(o).map(meta_owner))), age()];
        }
    };
    columns.push(age());
    columns.push(wide("Containers", |o, _| cell::containers(o, "name")));
    columns.push(wide("Images", |o, _| cell::containers(o, "image")));
    if plural != "statefulsets" {
        columns.push(wide("Selector", |o, _| cell::selector(&o["spec"]["selector"])));
    }
    columns
}

fn meta_owner(owner: &Value) -> String {
    let part = |key: &str| owner[key].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", part("kind").to_lowercase(), part("name"))
}

fn daemon_sets() -> Vec<Column> {
    vec![
        count("Desired", |o, _| cell::number(&o["status"]["desiredNumberScheduled"])),
        count("Current", |o, _| cell::number(&o["status"]["currentNumberScheduled"])),
        count("Ready", |o, _| cell::number(&o["status"]["numberReady"])),
        count("Up-to-date", |o, _| cell::number(&o["status"]["updatedNumberScheduled"])),
        count("Available", |o, _| cell::number(&o["status"]["numberAvailable"])),
        text("Node Selector", |o, _| cell::labels(&o["spec"]["template"]["spec"]["nodeSelector"])),
    ]
}

fn batch(plural: &str) -> Vec<Column> {
    if plural == "cronjobs" {
        return vec![
            text("Schedule", |o, _| cell::or_empty(&o["spec"]["schedule"])),
            text("Timezone", |o, _| cell::or_none(&o["spec"]["timeZone"])),
            Column::new("Suspend", "boolean", 0, |o, _| {
                json!(if o["spec"]["suspend"] == true { "True" } else { "False" })
            }),
            count("Active", |o, _| json!(meta::items(&o["status"]["active"]).count())),
            text("Last Schedule", |o, now| cell::since(&o["status"]["lastScheduleTime"], now)),
            age(),
            wide("Containers", |o, _| cell::containers(&o["spec"]["jobTemplate"], "name")),
            wide("Images", |o, _| cell::containers(&o["spec"]["jobTemplate"], "image")),
            wide("Selector", |o, _| cell::selector(&o["spec"]["jobTemplate"]["spec"]["selector"])),
        ];
    }
    vec![
        text("Status", cell::job_status),
        text("Completions", cell::job_completions),
        text("Duration", cell::job_duration),
        age(),
        wide("Containers", |o, _| cell::containers(o, "name")),
        wide("Images", |o, _| cell::containers(o, "image")),
        wide("Selector", |o, _| cell::selector(&o["spec"]["selector"])),
    ]
}

fn core(plural: &str) -> Vec<Column> {
    let mut columns = match plural {
        "namespaces" => vec![text("Status", |o, _| cell::or_empty(&o["status"]["phase"]))],
        "configmaps" => vec![text("Data", cell::data_count)],
        "secrets" => vec![text("Type", |o, _| cell::or_empty(&o["type"])), text("Data", cell::data_count)],
        "services" => vec![
            text("Type", |o, _| cell::or_empty(&o["spec"]["type"])),
            text("Cluster-IP", |o, _| cell::or_none(&o["spec"]["clusterIP"])),
            text("External-IP", |o, _| cell::or_none(&o["status"]["loadBalancer"]["ingress"][0]["hostname"])),
            text("Port(s)", cell::service_ports),
        ],
        "endpoints" => vec![text("Endpoints", cell::endpoints)],
        _ => Vec::new(),
    };
    columns.push(age());
    columns
}

fn events() -> Vec<Column> {
    vec![
        text("Last Seen", cell::last_seen),
        text("Type", |o, _| cell::or_empty(&o["type"])),
        text("Reason", |o, _| cell::or_empty(&o["reason"])),
        text("Object", cell::event_object),
        text("Message", |o, _| cell::first_of(&[&o["message"], &o["note"]])),
        Column::new("Name", "string", 1, |o, _| json!(meta::name(o))),
    ]
}

fn karpenter(plural: &str) -> Vec<Column> {
    let ready = text("Ready", |o, _| json!(meta::condition(o, "Ready").map(|c| c["status"].clone())));
    if plural == "nodepools" {
        return vec![
            text("NodeClass", |o, _| cell::or_empty(&o["spec"]["template"]["spec"]["nodeClassRef"]["name"])),
            ready,
            age(),
        ];
    }
    vec![
        text("Type", |o, _| cell::or_empty(&o["metadata"]["labels"]["node.kubernetes.io/instance-type"])),
        text("Capacity", |o, _| cell::or_empty(&o["metadata"]["labels"]["karpenter.sh/capacity-type"])),
        text("Zone", |o, _| cell::or_empty(&o["metadata"]["labels"]["topology.kubernetes.io/zone"])),
        text("Node", |o, _| cell::or_empty(&o["status"]["nodeName"])),
        ready,
        age(),
    ]
}

fn budgets() -> Vec<Column> {
    vec![
        text("Min Available", |o, _| cell::or_na(&o["spec"]["minAvailable"])),
        text("Max Unavailable", |o, _| cell::or_na(&o["spec"]["maxUnavailable"])),
        count("Allowed Disruptions", |o, _| cell::number(&o["status"]["disruptionsAllowed"])),
        age(),
    ]
}

/// The columns a CustomResourceDefinition version asks for, with Age if it asks for none.
pub fn custom_columns(version: &Value) -> Vec<Column> {
    let asked: Vec<Column> = meta::items(&version["additionalPrinterColumns"]).filter_map(custom_column).collect();
    named(if asked.is_empty() { vec![age()] } else { asked })
}

fn custom_column(value: &Value) -> Option<Column> {
    let format = match value["type"].as_str()? {
        "integer" => "integer",
        "number" => "number",
        "boolean" => "boolean",
        "date" => "date",
        _ => "string",
    };
    Some(Column {
        name: value["name"].as_str()?.to_owned(),
        format,
        priority: meta::int(&value["priority"], 0),
        cell: Cell::Path(value["jsonPath"].as_str()?.to_owned()),
    })
}

/// Dots, `\.`-escaped keys and `[?(@.type=="X")]` filters, which is what printer columns use.
fn at_json_path(object: &Value, path: &str, format: &str, now: Timestamp) -> Value {
    let marked = path.trim_start_matches('.').replace("\\.", "\u{0}");
    let mut at = object;
    for step in split_steps(&marked) {
        let step = step.replace('\u{0}', ".");
        at = match step.split_once("[?(@.") {
            None => &at[step.as_str()],
            Some((key, filter)) => filtered(if key.is_empty() { at } else { &at[key] }, filter),
        };
    }
    if format == "date" { cell::since(at, now) } else { at.clone() }
}

/// Splits at dots outside brackets.
fn split_steps(path: &str) -> Vec<&str> {
    let mut depth = 0;
    let split = move |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        c == '.' && depth == 0
    };
    path.split(split).collect()
}

fn filtered<'a>(list: &'a Value, filter: &str) -> &'a Value {
    const NOTHING: &Value = &Value::Null;
    let Some((key, wanted)) = filter.split_once("==") else {
        return NOTHING;
    };
    let wanted = wanted.trim_end_matches([')', ']']).trim().trim_matches(['"', '\'']);
    meta::items(list).find(|item| item[key.trim()] == wanted).unwrap_or(NOTHING)
}
