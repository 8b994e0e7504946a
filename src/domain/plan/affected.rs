//! Who notices a change: the workloads of a service account, what each of them falls to, and
//! which of them a restart would help.

use std::collections::BTreeMap;

use super::Affected;
use crate::domain::{
    id::{NodeName, RoleArn, ServiceAccountId},
    identity::{Identity, Mechanism, Verdict},
    inventory::Inventory,
    row::{NodeRow, PodRow},
    workload::{Pod, WorkloadId},
};

/// The name at the end of an ARN, or the text itself.
pub fn role_name(arn: &RoleArn) -> &str {
    arn.as_str().rsplit('/').next().unwrap_or_else(|| arn.as_str())
}

/// An identity in words: `irsa payments-api`, `node-role ng-role`, `none: will fail`.
pub(super) fn words(identity: &Identity) -> String {
    let word = identity.mechanism.word();
    let mut text = match (identity.mechanism, &identity.role_arn) {
        (Mechanism::None, _) => return "none: will fail".to_owned(),
        (Mechanism::Unknown, _) => "unknown".to_owned(),
        (_, Some(role)) => format!("{word} {}", role_name(role)),
        (_, None) => word.to_owned(),
    };
    if let Some(target) = &identity.target_role_arn {
        text += &format!(" → {}", role_name(target));
    }
    match (identity.verdict, identity.why()) {
        (Verdict::Broken, Some(reason)) => text + ": will fail: " + &reason.message,
        (Verdict::Broken, None) => text + ": will fail",
        (Verdict::Unknown, Some(reason)) => text + ": " + &reason.message,
        _ => text,
    }
}

/// The pods of a service account, by their workload.
pub(super) struct Pods {
    by_workload: BTreeMap<WorkloadId, Vec<PodRow>>,
}

impl Pods {
    /// Reads them.
    pub(super) fn of(inventory: &Inventory, service_account: &ServiceAccountId) -> Self {
        let mut by_workload: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for pod in inventory.pods_of_service_account(service_account) {
            by_workload.entry(pod.workload.clone()).or_default().push(pod);
        }
        Self { by_workload }
    }

    /// Number of pods.
    pub(super) fn count(&self) -> usize {
        self.by_workload.values().map(Vec::len).sum()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &PodRow> {
        self.by_workload.values().flatten()
    }

    /// The nodes they run on, each once.
    pub(super) fn nodes(&self) -> std::collections::BTreeSet<NodeName> {
        self.iter().filter_map(|pod| pod.node.clone()).collect()
    }

    /// One line a workload; `falls` says what its pods fall to.
    pub(super) fn affected(&self, falls: impl Fn(&[PodRow]) -> String) -> Vec<Affected> {
        let line = |(workload, pods): (&WorkloadId, &Vec<PodRow>)| Affected {
            workload: workload.clone(),
            pods: u32::try_from(pods.len()).unwrap_or(u32::MAX),
            falls_to: falls(pods),
        };
        self.by_workload.iter().map(line).collect()
    }

    /// The workloads that have a rollout restart and that `helped` says it would help.
    pub(super) fn restarts(&self, helped: impl Fn(&[PodRow]) -> bool) -> Vec<WorkloadId> {
        let candidates = self.by_workload.iter().filter(|(workload, _)| workload.kind.can_restart());
        candidates.filter(|(_, pods)| helped(pods)).map(|(workload, _)| workload.clone()).collect()
    }
}

/// The mechanism that the pods bring along in their own environment: it wins over whatever the webhook injects.
pub(super) fn own_mechanism(pods: &[PodRow]) -> Option<Mechanism> {
    let own = |mechanism: &Mechanism| {
        matches!(mechanism, Mechanism::StaticKeys | Mechanism::Profile | Mechanism::CustomEndpoint)
    };
    let first = pods.first().map(|pod| pod.resolution.next.mechanism).filter(own)?;
    pods.iter().all(|pod| pod.resolution.next.mechanism == first).then_some(first)
}

/// What pods become when nothing is injected: the node's role where they reach instance metadata.
pub(super) fn without_injection(inventory: &Inventory, pods: &[PodRow]) -> String {
    let nodes: BTreeMap<NodeName, NodeRow> =
        inventory.nodes().into_iter().map(|node| (node.name.clone(), node)).collect();
    let mut answers: Vec<String> = pods.iter().map(|pod| on_node(inventory.pod(&pod.id), pod, &nodes)).collect();
    answers.sort();
    answers.dedup();
    match answers.as_slice() {
        [] => "node-role or none, depending on the node".to_owned(),
        [one] => one.clone(),
        several => several.join(" or "),
    }
}

fn on_node(pod: Option<&Pod>, row: &PodRow, nodes: &BTreeMap<NodeName, NodeRow>) -> String {
    let host_network = pod.is_some_and(|pod| pod.spec.host_network);
    let Some(node) = row.node.as_ref().and_then(|name| nodes.get(name)) else {
        return "node-role or none, depending on the node".to_owned();
    };
    let role = node.role_arn.as_ref().map_or("of the node", role_name);
    match node.imds {
        "yes" => format!("node-role {role}"),
        "hostNetwork" if host_network => format!("node-role {role}"),
        "no" | "hostNetwork" => "none: will fail".to_owned(),
        _ => "node-role or none, depending on the node".to_owned(),
    }
}
