//! Policies of Cilium and ClusterNetworkPolicies, as far as they say what pods may reach.

use std::sync::Arc;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    metadata::{Metadata, Unreadable, required},
    network::{IpBlock, block},
    selector::{RawSelector, selector},
    text::{Text, or_default},
};
use crate::domain::{
    network::{
        Block, Ports,
        foreign::{
            Action, CiliumRule, ClusterRule, ClusterRules, Destination, ForeignKind, ForeignPolicy, Peer, Rules,
        },
    },
    webhook::Selector,
};

/// What one object comes to: its key, and the policy if it says anything about egress.
type Decoded = Result<(Arc<str>, Vec<ForeignPolicy>), Unreadable>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cilium<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Option<CiliumSpec<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    specs: Vec<CiliumSpec<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CiliumSpec<'a> {
    #[serde(borrow)]
    endpoint_selector: Option<RawSelector<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    egress: Vec<Egress<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    egress_deny: Vec<Egress<'a>>,
    #[serde(deserialize_with = "or_default")]
    enable_default_deny: DefaultDeny,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DefaultDeny {
    egress: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Egress<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    to_entities: Vec<Text<'a>>,
    #[serde(borrow, rename = "toCIDR", deserialize_with = "or_default")]
    to_cidr: Vec<Text<'a>>,
    #[serde(borrow, rename = "toCIDRSet", deserialize_with = "or_default")]
    to_cidr_set: Vec<IpBlock<'a>>,
    #[serde(borrow)]
    to_endpoints: Option<Vec<RawSelector<'a>>>,
    to_services: Option<IgnoredAny>,
    to_nodes: Option<IgnoredAny>,
    to_groups: Option<IgnoredAny>,
    #[serde(rename = "toFQDNs")]
    to_fqdns: Option<IgnoredAny>,
    #[serde(borrow, deserialize_with = "or_default")]
    to_ports: Vec<ToPorts<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToPorts<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    ports: Vec<CiliumPort<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CiliumPort<'a> {
    #[serde(borrow)]
    port: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    end_port: u16,
    #[serde(borrow)]
    protocol: Text<'a>,
}

/// A CiliumNetworkPolicy.
pub(in crate::kubernetes) fn cilium(json: &str) -> Decoded {
    let raw: Cilium<'_> = serde_json::from_str(json)?;
    required(&raw.metadata.namespace, "metadata.namespace")?;
    of_cilium(&raw, ForeignKind::Cilium)
}

/// A CiliumClusterwideNetworkPolicy.
pub(in crate::kubernetes) fn cilium_clusterwide(json: &str) -> Decoded {
    of_cilium(&serde_json::from_str(json)?, ForeignKind::CiliumClusterwide)
}

fn of_cilium(raw: &Cilium<'_>, kind: ForeignKind) -> Decoded {
    let name: Arc<str> = required(&raw.metadata.name, "metadata.name")?.into();
    let namespace = Some(&*raw.metadata.namespace).filter(|namespace| !namespace.is_empty());
    let key = namespace.map_or_else(|| Arc::clone(&name), |namespace| format!("{namespace}/{name}").into());
    let specs = raw.spec.iter().chain(&raw.specs);
    let rules = specs.filter_map(|spec| cilium_rule(spec).transpose()).collect::<Result<Vec<_>, _>>()?;
    let rules = Rules::Cilium(rules);
    Ok((key, vec![ForeignPolicy { kind, namespace: namespace.map(Into::into), name, rules }]))
}

/// A rule for nodes (`nodeSelector`) is none for pods.
fn cilium_rule(raw: &CiliumSpec<'_>) -> Result<Option<CiliumRule>, Unreadable> {
    let Some(pods) = &raw.endpoint_selector else { return Ok(None) };
    let has_rules = !raw.egress.is_empty() || !raw.egress_deny.is_empty();
    Ok(Some(CiliumRule {
        pods: without_sources(selector(pods)?),
        isolates: raw.enable_default_deny.egress.unwrap_or(has_rules),
        allowed: raw.egress.iter().map(destination).collect(),
        denied: raw.egress_deny.iter().map(destination).collect(),
    }))
}

/// `k8s:app` and `any:app` are the label `app` of a pod.
fn without_sources(selector: Selector) -> Selector {
    let bare = |key: Arc<str>| -> Arc<str> {
        key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).map_or_else(|| Arc::clone(&key), Arc::from)
    };
    let mut expressions = selector.expressions;
    for expression in &mut expressions {
        expression.key = bare(Arc::clone(&expression.key));
    }
    Selector { labels: selector.labels.into_iter().map(|(key, value)| (bare(key), value)).collect(), expressions }
}

fn destination(raw: &Egress<'_>) -> Destination {
    let ports = raw.to_ports.iter().flat_map(|ports| &ports.ports).filter_map(cilium_port);
    let ports = (!raw.to_ports.is_empty()).then(|| ports.collect());
    Destination { peers: peers(raw), ports }
}

/// A rule without any peer means everything if it has ports, and nothing at all if it has not.
fn peers(raw: &Egress<'_>) -> Vec<Peer> {
    let cidrs = raw.to_cidr.iter().filter_map(|text| Some(Block { network: text.parse().ok()?, except: Vec::new() }));
    let sets = raw.to_cidr_set.iter().filter_map(|set| block(set));
    let mut peers: Vec<Peer> = raw.to_entities.iter().filter_map(|entity| entity_of(entity)).collect();
    peers.extend(cidrs.chain(sets).map(Peer::Block));
    peers.extend(raw.to_endpoints.iter().flatten().filter_map(reserved));
    let others = [&raw.to_services, &raw.to_nodes, &raw.to_groups, &raw.to_fqdns];
    let has_peers = !raw.to_entities.is_empty()
        || !raw.to_cidr.is_empty()
        || !raw.to_cidr_set.is_empty()
        || raw.to_endpoints.is_some()
        || others.iter().any(|other| other.is_some());
    if !has_peers && !raw.to_ports.is_empty() {
        peers.push(Peer::Everything);
    }
    peers
}

/// The entities that a link-local address can be one of.
fn entity_of(name: &str) -> Option<Peer> {
    Some(match name {
        "all" => Peer::Everything,
        "host" | "cluster" => Peer::Host,
        "world" | "world-ipv4" | "world-ipv6" => Peer::World,
        _ => return None,
    })
}

/// `reserved:host` and the like, written as the label of an endpoint.
fn reserved(raw: &RawSelector<'_>) -> Option<Peer> {
    let labels = selector(raw).ok()?.labels;
    labels.keys().find_map(|key| entity_of(key.strip_prefix("reserved:").or_else(|| key.strip_prefix("reserved."))?))
}

/// Port 0 is every port; a name is one of a pod's ports.
fn cilium_port(raw: &CiliumPort<'_>) -> Option<Ports> {
    if !matches!(&*raw.protocol, "" | "ANY" | "TCP") {
        return None;
    }
    let first: u16 = if raw.port.is_empty() { 0 } else { raw.port.parse().ok()? };
    let last = if first == 0 { u16::MAX } else { first.max(raw.end_port) };
    Some(Ports { first, last })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cluster<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: ClusterSpec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClusterSpec<'a> {
    #[serde(borrow)]
    tier: Text<'a>,
    #[serde(deserialize_with = "or_default")]
    priority: i64,
    #[serde(borrow, deserialize_with = "or_default")]
    subject: Subject<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    egress: Vec<ClusterEgress<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subject<'a> {
    #[serde(borrow)]
    namespaces: Option<RawSelector<'a>>,
    #[serde(borrow)]
    pods: Option<NamespacedPods<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NamespacedPods<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    namespace_selector: RawSelector<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    pod_selector: RawSelector<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClusterEgress<'a> {
    #[serde(borrow)]
    action: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    to: Vec<ClusterPeer<'a>>,
    #[serde(deserialize_with = "or_default")]
    protocols: Vec<Protocol>,
    #[serde(borrow, deserialize_with = "or_default")]
    ports: Vec<ClusterPort<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClusterPeer<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    networks: Vec<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Protocol {
    tcp: Option<Tcp>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tcp {
    destination_port: Option<Number>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Number {
    number: Option<u16>,
    range: Option<Range>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Range {
    start: u16,
    end: u16,
}

/// As the older versions of the kind write it, EKS's among them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClusterPort<'a> {
    #[serde(borrow)]
    port_number: Option<OneOf<'a>>,
    #[serde(borrow)]
    port_range: Option<OneOf<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OneOf<'a> {
    #[serde(borrow)]
    protocol: Text<'a>,
    port: Option<u16>,
    start: u16,
    end: u16,
}

/// A ClusterNetworkPolicy of the network policy API.
pub(in crate::kubernetes) fn cluster(json: &str) -> Decoded {
    of_cluster(json, ForeignKind::Cluster)
}

/// A ClusterNetworkPolicy of EKS.
pub(in crate::kubernetes) fn eks_cluster(json: &str) -> Decoded {
    of_cluster(json, ForeignKind::EksCluster)
}

fn of_cluster(json: &str, kind: ForeignKind) -> Decoded {
    let raw: Cluster<'_> = serde_json::from_str(json)?;
    let name: Arc<str> = required(&raw.metadata.name, "metadata.name")?.into();
    let (namespaces, pods) = match (&raw.spec.subject.namespaces, &raw.spec.subject.pods) {
        (_, Some(pods)) => (selector(&pods.namespace_selector)?, selector(&pods.pod_selector)?),
        (Some(namespaces), None) => (selector(namespaces)?, Selector::default()),
        // Exactly one must be set; without either it selects nobody.
        (None, None) => return Ok((name, Vec::new())),
    };
    let egress = raw.spec.egress.iter().filter_map(cluster_rule).collect();
    let baseline = &*raw.spec.tier == "Baseline";
    let rules = Rules::Cluster(ClusterRules { baseline, priority: raw.spec.priority, namespaces, pods, egress });
    Ok((Arc::clone(&name), vec![ForeignPolicy { kind, namespace: None, name, rules }]))
}

fn cluster_rule(raw: &ClusterEgress<'_>) -> Option<ClusterRule> {
    let action = match &*raw.action {
        "Accept" => Action::Accept,
        "Deny" => Action::Deny,
        "Pass" => Action::Pass,
        _ => return None,
    };
    let networks = raw.to.iter().flat_map(|peer| &peer.networks);
    let networks = networks.filter_map(|text| Some(Block { network: text.parse().ok()?, except: Vec::new() }));
    let ports = raw.protocols.iter().filter_map(protocol).chain(raw.ports.iter().filter_map(cluster_port));
    let has_ports = !raw.protocols.is_empty() || !raw.ports.is_empty();
    Some(ClusterRule { action, networks: networks.collect(), ports: has_ports.then(|| ports.collect()) })
}

fn protocol(raw: &Protocol) -> Option<Ports> {
    let tcp = raw.tcp.as_ref()?;
    let Some(port) = &tcp.destination_port else { return Some(Ports { first: 0, last: u16::MAX }) };
    let range = port.range.map(|range| Ports { first: range.start, last: range.end });
    port.number.map(|port| Ports { first: port, last: port }).or(range)
}

fn cluster_port(raw: &ClusterPort<'_>) -> Option<Ports> {
    let one = raw.port_number.as_ref().or(raw.port_range.as_ref())?;
    if !matches!(&*one.protocol, "" | "TCP") {
        return None;
    }
    Some(one.port.map_or(Ports { first: one.start, last: one.end }, |port| Ports { first: port, last: port }))
}

#[cfg(test)]
mod tests;
