//! Two objects side by side: what is said about each, and what differs. The sentence on top names what decides.

use std::sync::Arc;

use super::{
    subject::{Subject, role_name},
    target,
};
use crate::domain::{
    association::Association,
    fact::Fact,
    id::{Namespace, NodeName, RoleArn, ServiceAccountId},
    identity::{Check, Hop, Verdict},
    inventory::Inventory,
    workload::{Pod, Value},
};

/// One thing that is said about both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What: `node`, `trust policy: sub`.
    pub label: String,
    /// What it is on either side; `None` where that side has no such thing.
    pub values: [Option<String>; 2],
}

impl Compared {
    /// Whether the sides differ.
    pub fn differs(&self) -> bool {
        self.values[0] != self.values[1]
    }

    /// Whether a check comes out otherwise, not only about something else: `ok, …` and `broken, …`.
    fn comes_out_otherwise(&self) -> bool {
        let outcome = |side: usize| self.values[side].as_deref().and_then(|value| value.split(',').next());
        outcome(0) != outcome(1)
    }
}

/// Two objects, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What decides, in one sentence.
    pub sentence: String,
    /// Everything that is said about them, in the order of the chain.
    pub facts: Vec<Compared>,
}

type Facts = Vec<(String, String)>;

/// An object where it is known.
pub type Side<'a> = (&'a Inventory, &'a Subject);

/// Compares two objects as they are known now, of one cluster or of two.
pub fn compare(left: Side<'_>, right: Side<'_>) -> Comparison {
    let (ours, theirs) = (facts(left.0, left.1), facts(right.0, right.1));
    let value =
        |facts: &Facts, label: &str| facts.iter().find(|(name, _)| name == label).map(|(_, value)| value.clone());
    let mut labels: Vec<&String> = ours.iter().map(|(label, _)| label).collect();
    labels.extend(theirs.iter().map(|(label, _)| label).filter(|label| !ours.iter().any(|(name, _)| name == *label)));
    let facts: Vec<Compared> = labels
        .into_iter()
        .map(|label| Compared { label: label.clone(), values: [value(&ours, label), value(&theirs, label)] })
        .collect();
    Comparison { sentence: sentence(left, right, &facts), facts }
}

/// `same template, other node; agent: ready is not ready there`.
fn sentence(left: Side<'_>, right: Side<'_>, facts: &[Compared]) -> String {
    let mut parts = Vec::new();
    if let (Some(one), Some(other)) = (pod_of(left.0, left.1), pod_of(right.0, right.1)) {
        let same = Arc::ptr_eq(&one.spec, &other.spec) || one.spec == other.spec;
        parts.push(if same { "same template" } else { "another template" }.to_owned());
        parts.push(if one.node == other.node { "same node" } else { "another node" }.to_owned());
    }
    let check = |fact: &&Compared| fact.differs() && fact.label.contains(": ");
    let deciding = facts.iter().find(|fact| check(fact) && fact.comes_out_otherwise());
    let deciding = deciding.or_else(|| facts.iter().find(check));
    let deciding = deciding.or_else(|| facts.iter().find(|fact| fact.differs() && !is_a_name(&fact.label)));
    parts.push(match deciding {
        Some(fact) => {
            let [left, right] = fact.values.each_ref().map(|value| value.as_deref().unwrap_or("nothing"));
            format!("{}: {left} here, {right} there", fact.label)
        }
        None => "nothing that decides differs".to_owned(),
    });
    format!("{}.", parts.join(", "))
}

/// What always differs between two objects decides nothing.
fn is_a_name(label: &str) -> bool {
    matches!(label, "name" | "namespace" | "created" | "node" | "ARN")
}

fn pod_of<'a>(inventory: &'a Inventory, subject: &Subject) -> Option<&'a Pod> {
    match subject.object() {
        Subject::Pod(id) => inventory.pod(&id),
        Subject::Workload(id) => inventory.pod(&target::worst(inventory, &id)?.id),
        _ => None,
    }
}

fn facts(inventory: &Inventory, subject: &Subject) -> Facts {
    let object = subject.object();
    let mut facts = vec![("name".to_owned(), object.to_string())];
    facts.extend(match &object {
        Subject::Pod(_) | Subject::Workload(_) => of_pod(inventory, &object),
        Subject::ServiceAccount(id) => of_service_account(inventory, id),
        Subject::Role(arn) => of_role(inventory, arn),
        Subject::Node(name) => of_node(inventory, name),
        Subject::Association(id) => inventory.association(id).map(of_association).unwrap_or_default(),
        Subject::Namespace(name) => of_namespace(inventory, name),
        Subject::Finding(code, about) => vec![pair("code", *code), pair("about", about.to_string())],
    });
    facts
}

fn of_service_account(inventory: &Inventory, id: &ServiceAccountId) -> Facts {
    let Some(row) = inventory.service_accounts().into_iter().find(|row| row.id == *id) else { return gone() };
    let mut facts = vec![
        pair("state", row.state.word()),
        pair("next", row.next.word()),
        pair("annotation", name(row.annotation_role_arn.as_ref())),
        pair("association", row.association.map_or_else(none, |id| id.to_string())),
        pair("role of it", name(row.association_role_arn.as_ref())),
        pair("pods", row.pods.total.to_string()),
    ];
    facts.extend(of_chain(&inventory.chain_of_service_account(id)));
    facts
}

fn of_namespace(inventory: &Inventory, wanted: &Namespace) -> Facts {
    let Some(row) = inventory.namespaces().into_iter().find(|row| row.name == *wanted) else { return gone() };
    let mut facts =
        vec![pair("pods", row.pods.to_string()), pair("service accounts", row.service_accounts.to_string())];
    facts.extend(row.mechanisms.iter().map(|(how, pods)| pair(how.word(), format!("{pods} pods"))));
    facts.extend(row.states.iter().map(|(state, pods)| pair(state.word(), format!("{pods} pods"))));
    facts
}

fn gone() -> Facts {
    vec![pair("state", "gone")]
}

fn pair(label: &str, value: impl Into<String>) -> (String, String) {
    (label.to_owned(), value.into())
}

fn none() -> String {
    "none".to_owned()
}

fn name(arn: Option<&RoleArn>) -> String {
    arn.map_or_else(none, |arn| role_name(arn).to_owned())
}

/// A pod, or the worst one of a workload.
fn of_pod(inventory: &Inventory, subject: &Subject) -> Facts {
    let Some(pod) = pod_of(inventory, subject) else { return gone() };
    let mut facts = Vec::new();
    if let Some(resolution) = inventory.resolution(&pod.id) {
        facts.push(pair("state", resolution.state.word()));
        facts.push(pair("now", resolution.now.phrase()));
        facts.push(pair("next", resolution.next.phrase()));
    }
    facts.push(pair("service account", pod.service_account().to_string()));
    facts.push(pair("workload", pod.workload.to_string()));
    facts.push(pair("created", pod.created_at.strftime("%Y-%m-%d %H:%MZ").to_string()));
    facts.extend(pod.node.iter().map(|node| pair("node", node.to_string())));
    facts.extend(pod.node.iter().flat_map(|node| of_node(inventory, node)));
    facts.extend(of_containers(pod));
    facts.extend(of_chain(&inventory.chain(&pod.id)));
    facts
}

fn of_containers(pod: &Pod) -> Facts {
    let mut facts = Vec::new();
    for container in &pod.spec.containers {
        facts.push((format!("image of {}", container.name), container.image.to_string()));
        for (name, value) in container.environment.iter().filter(|(name, _)| name.starts_with("AWS_")) {
            let shown = match value {
                Value::Text(text) => text.to_string(),
                Value::AccessKey(end) => format!("a key that ends in {end}"),
                Value::Hidden => "taken from elsewhere".to_owned(),
            };
            facts.push((format!("{name} of {}", container.name), shown));
        }
    }
    facts
}

fn of_chain(hops: &[Hop]) -> Facts {
    let check = |verdict: Option<Verdict>| verdict.map_or("not reached", Verdict::word);
    let checks = |hop: &Hop| {
        let hop_word = hop.kind.word();
        let one = |one: &Check| {
            let outcome = check(one.verdict);
            let told = if one.detail.is_empty() || one.detail == outcome { "" } else { &one.detail };
            let comma = if told.is_empty() { "" } else { ", " };
            (format!("{hop_word}: {}", one.name), format!("{outcome}{comma}{told}"))
        };
        hop.checks.iter().map(one).collect::<Vec<_>>()
    };
    hops.iter().flat_map(checks).collect()
}

fn of_node(inventory: &Inventory, node: &NodeName) -> Facts {
    let found = inventory.nodes().into_iter().find(|row| row.name == *node);
    let facts = found.map(|row| {
        vec![
            pair("role of the node", name(row.role_arn.as_ref())),
            pair("agent on the node", row.agent),
            pair("metadata reached", row.imds),
        ]
    });
    facts.unwrap_or_default()
}

fn of_role(inventory: &Inventory, arn: &RoleArn) -> Facts {
    let mut facts = vec![pair("ARN", arn.as_str())];
    if let Some(row) = inventory.roles().into_iter().find(|row| row.arn == *arn) {
        let trusts: Vec<&str> = row.mechanisms.iter().map(|mechanism| mechanism.word()).collect();
        facts.push(pair("state", row.state.word()));
        facts.push(pair("trusts", if trusts.is_empty() { none() } else { trusts.join(", ") }));
        facts.push(pair("service accounts", row.used_by.len().to_string()));
        facts.push(pair("pods", row.pods.to_string()));
    }
    if let Fact::Known(role) = inventory.role(arn) {
        facts.push(pair("trust policy", role.trust.text.to_string()));
    }
    facts
}

fn of_association(association: &Association) -> Facts {
    let mut facts = vec![pair("service account", association.service_account.to_string())];
    let Some(detail) = association.detail.known() else { return facts };
    let tags: Vec<String> = detail.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    facts.extend([
        pair("role", name(Some(&detail.role_arn))),
        pair("target role", name(detail.target_role_arn.as_ref())),
        pair("session tags", if detail.disable_session_tags { "off" } else { "on" }),
        pair("session policy", if detail.policy.is_some() { "yes" } else { "none" }),
        pair("tags", if tags.is_empty() { none() } else { tags.join(", ") }),
    ]);
    facts
}
