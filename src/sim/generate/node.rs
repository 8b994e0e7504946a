//! Nodes and their instances: most of a group whose instances keep pods from IMDS,
//! some of an older one that does not.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::aws::{Instance, Random, State};

use super::{Spec, ago};

/// A node.
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its address.
    pub ip: String,
    /// The object.
    pub manifest: Value,
}

struct Group {
    name: &'static str,
    tokens: &'static str,
    hop_limit: u32,
    image: &'static str,
}

const CURRENT: Group =
    Group { name: "general", tokens: "required", hop_limit: 1, image: "Amazon Linux 2023.9.20261103" };
const OLD: Group = Group { name: "legacy", tokens: "optional", hop_limit: 2, image: "Amazon Linux 2" };

/// Makes the nodes, and their instances in the account.
pub fn generate(spec: &Spec, state: &mut State, random: &mut Random, now: Timestamp) -> Vec<Node> {
    (0..spec.nodes).map(|index| node(index, state, random, now)).collect()
}

fn node(index: usize, state: &mut State, random: &mut Random, now: Timestamp) -> Node {
    let group = if index % 4 == 3 { OLD } else { CURRENT };
    let region = state.region.clone();
    let zone = format!("{region}{}", ['a', 'b', 'c'][index % 3]);
    let (high, low) = (index / 200 + 16, index % 200 + 10);
    let name = format!("ip-10-0-{high}-{low}.{region}.compute.internal");
    let ip = format!("10.0.{high}.{low}");
    let id = format!("i-{}", random.hex(17));
    let age = 3600 * (24 + random.below(24 * 20));
    let manifest = manifest(&name, &ip, &zone, &id, &group, &state.cluster.version, &ago(now, age));
    let launched = now.saturating_sub(SignedDuration::from_secs(i64::try_from(age).unwrap_or_default()));
    let instance = Instance {
        id: id.clone(),
        profile: Some(format!("eks-{}", group.name)),
        tokens: group.tokens.to_owned(),
        hop_limit: group.hop_limit,
        endpoint: "enabled".to_owned(),
        options_state: "applied".to_owned(),
        protocol_ipv6: "disabled".to_owned(),
        state: "running".to_owned(),
        kind: "m6i.4xlarge".to_owned(),
        zone,
        private_dns: name.clone(),
        private_ip: ip.clone(),
        operator: None,
        launched_at: launched.unwrap_or(now),
        tags: [("eks:nodegroup-name".to_owned(), group.name.to_owned())].into(),
    };
    state.instances.insert(id, instance);
    Node { name, ip, manifest }
}

fn manifest(name: &str, ip: &str, zone: &str, id: &str, group: &Group, version: &str, created: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": {
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
                "eks.amazonaws.com/nodegroup": group.name,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m6i.4xlarge",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "spec": { "providerID": format!("aws:///{zone}/{id}") },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": ip }, { "type": "Hostname", "address": name }],
            "allocatable": { "cpu": "15890m", "memory": "60611724Ki", "pods": "234" },
            "capacity": { "cpu": "16", "memory": "64485516Ki", "pods": "234" },
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "kubelet is posting ready status", "lastTransitionTime": created,
            }],
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "osImage": group.image,
                "kubeletVersion": format!("v{version}.5-eks-113cf36"), "containerRuntimeVersion": "containerd://1.7.28",
            },
        },
    })
}
