use serde_json::{Value, json};

use super::*;
use crate::domain::network::foreign::{Address, Caller, ForeignPolicies, Word};

fn address(ip: &str) -> Address {
    Address { ip: ip.parse().unwrap(), of_host: ip == "169.254.170.23" }
}

/// What a policy of Cilium with this spec says of pods of `app: web`.
fn cilium_says(spec: Value, ip: &str) -> String {
    let json = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
    let (key, found) = cilium(&json.to_string()).unwrap();
    assert_eq!(&*key, "shop/p");
    let mut all = ForeignPolicies::default();
    *all.of_mut(ForeignKind::Cilium) = crate::domain::fact::Fact::Known(found);
    let labels = std::collections::BTreeMap::from([("app".into(), "web".into())]);
    let word = all.of_cilium(Caller { namespace: &"shop".into(), account: "web", labels: &labels }, address(ip));
    match word {
        Word::Nothing => "nothing",
        Word::Allowed => "allowed",
        Word::Denied(_) => "denied",
        Word::Isolated(_) => "isolated",
    }
    .to_owned()
}

const AGENT: &str = "169.254.170.23";
const METADATA: &str = "169.254.169.254";

fn egress(rule: Value, ip: &str) -> String {
    cilium_says(json!({"endpointSelector": {"matchLabels": {"k8s:app": "web"}}, "egress": [rule]}), ip)
}

#[test]
fn rules_of_cilium_are_read_as_cilium_reads_them() {
    assert_eq!(egress(json!({}), AGENT), "isolated", "an empty rule allows nothing");
    assert_eq!(egress(json!({"toEntities": ["host"]}), AGENT), "allowed");
    assert_eq!(egress(json!({"toEntities": ["cluster"]}), AGENT), "allowed");
    assert_eq!(egress(json!({"toEntities": ["remote-node", "kube-apiserver"]}), AGENT), "isolated");
    assert_eq!(egress(json!({"toEndpoints": [{"matchLabels": {"reserved:host": ""}}]}), AGENT), "allowed");
    assert_eq!(egress(json!({"toEndpoints": [{}]}), AGENT), "isolated", "pods have no link-local address");
    assert_eq!(egress(json!({"toCIDR": ["169.254.170.23/32"]}), AGENT), "isolated");
    assert_eq!(egress(json!({"toCIDR": ["169.254.169.254/32"]}), METADATA), "allowed");
    let except = json!({"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}]});
    assert_eq!(egress(except, METADATA), "isolated");
    assert_eq!(egress(json!({"toFQDNs": [{"matchName": "aws.example"}]}), METADATA), "isolated");
    let ports = |port: &str, protocol: &str| json!({"toPorts": [{"ports": [{"port": port, "protocol": protocol}]}]});
    assert_eq!(egress(ports("80", "TCP"), AGENT), "allowed", "ports alone are for every address");
    assert_eq!(egress(ports("0", "ANY"), AGENT), "allowed");
    assert_eq!(egress(ports("80", "UDP"), AGENT), "isolated");
    assert_eq!(egress(ports("http", "TCP"), AGENT), "isolated", "a name is one of a pod's ports");
}

#[test]
fn a_policy_of_cilium_isolates_where_it_has_rules_for_egress_or_says_so() {
    let all = || json!({"matchLabels": {}});
    assert_eq!(cilium_says(json!({"endpointSelector": all(), "ingress": [{}]}), AGENT), "nothing");
    assert_eq!(cilium_says(json!({"endpointSelector": all(), "egress": []}), AGENT), "nothing");
    let open = json!({"endpointSelector": all(), "egress": [{}], "enableDefaultDeny": {"egress": false}});
    assert_eq!(cilium_says(open, AGENT), "nothing");
    let denied = json!({"endpointSelector": all(), "egressDeny": [{"toEntities": ["host"]}]});
    assert_eq!(cilium_says(denied, AGENT), "denied");
    assert_eq!(cilium_says(json!({"nodeSelector": {}, "egress": [{}]}), AGENT), "nothing", "a rule for nodes");
    let other = json!({"endpointSelector": {"matchLabels": {"any:app": "api"}}, "egress": [{}]});
    assert_eq!(cilium_says(other, AGENT), "nothing", "other pods");
}

#[test]
fn policies_without_names_or_with_strange_fields_are_a_sentence_and_never_a_panic() {
    assert!(cilium("{}").is_err());
    assert!(cilium(r#"{"metadata": {"name": "p"}}"#).is_err(), "no namespace");
    assert!(cilium(r#"{"metadata": {"name": "p", "namespace": "n"}, "spec": null, "specs": null}"#).is_ok());
    let odd = json!({"metadata": {"name": "p"}, "specs": [{"endpointSelector": {}, "egress": [{"toCIDR": ["x"]}]}]});
    assert!(cilium_clusterwide(&odd.to_string()).is_ok());
    assert!(cluster(r#"{"metadata": {}}"#).is_err());
    assert!(cluster(r#"{"metadata": {"name": "p"}}"#).unwrap().1.is_empty(), "it selects nobody");
    let unknown =
        json!({"metadata": {"name": "p"}, "spec": {"subject": {"namespaces": {}}, "egress": [{"action": "Log"}]}});
    assert!(cluster(&unknown.to_string()).is_ok());
}

/// What a ClusterNetworkPolicy with this rule does.
fn cluster_does(rule: Value, ip: &str) -> Option<Action> {
    let spec = json!({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [rule]});
    let found = eks_cluster(&json!({"metadata": {"name": "p"}, "spec": spec}).to_string()).unwrap().1;
    let mut all = ForeignPolicies::default();
    *all.of_mut(ForeignKind::EksCluster) = crate::domain::fact::Fact::Known(found);
    let labels = std::collections::BTreeMap::new();
    let caller = Caller { namespace: &"shop".into(), account: "web", labels: &labels };
    all.of_tier(false, caller, address(ip)).map(|(action, _)| action)
}

#[test]
fn rules_of_a_cluster_network_policy_fit_by_network_and_port_as_both_versions_write_them() {
    let deny = |more: Value| {
        let mut rule = json!({"action": "Deny", "to": [{"networks": ["169.254.0.0/16"]}]});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cluster_does(rule, AGENT)
    };
    assert_eq!(deny(json!({})), Some(Action::Deny));
    assert_eq!(deny(json!({"protocols": [{"tcp": {"destinationPort": {"number": 80}}}]})), Some(Action::Deny));
    assert_eq!(
        deny(json!({"protocols": [{"tcp": {"destinationPort": {"range": {"start": 1, "end": 99}}}}]})),
        Some(Action::Deny)
    );
    assert_eq!(deny(json!({"protocols": [{"udp": {"destinationPort": {"number": 80}}}]})), None);
    assert_eq!(deny(json!({"ports": [{"portNumber": {"protocol": "TCP", "port": 80}}]})), Some(Action::Deny));
    assert_eq!(deny(json!({"ports": [{"portRange": {"protocol": "TCP", "start": 90, "end": 99}}]})), None);
    let pods = json!({"action": "Deny", "to": [{"namespaces": {}}]});
    assert_eq!(cluster_does(pods, AGENT), None, "pods have no link-local address");
}
