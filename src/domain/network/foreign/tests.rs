use super::*;

const AGENT: Address = Address { ip: IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 170, 23)), of_host: true };
const METADATA: Address = Address { ip: IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254)), of_host: false };

fn block(text: &str) -> Block {
    Block { network: text.parse().unwrap(), except: vec![] }
}

fn selecting(pairs: &[(&str, &str)]) -> Selector {
    let labels = pairs.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect();
    Selector { labels, expressions: vec![] }
}

fn to(peer: Peer) -> Vec<Destination> {
    vec![Destination { peers: vec![peer], ports: None }]
}

fn cilium(pods: Selector, allowed: Vec<Destination>, denied: Vec<Destination>) -> ForeignPolicy {
    let rule = CiliumRule { pods, isolates: true, allowed, denied };
    ForeignPolicy {
        kind: ForeignKind::CiliumClusterwide,
        namespace: None,
        name: "p".into(),
        rules: Rules::Cilium(vec![rule]),
    }
}

fn said(policies: Vec<ForeignPolicy>, address: Address) -> &'static str {
    let mut all = ForeignPolicies::default();
    *all.of_mut(ForeignKind::CiliumClusterwide) = Fact::Known(policies);
    let (namespace, labels) = (Namespace::from("shop"), BTreeMap::from([(Arc::from("app"), Arc::from("web"))]));
    match all.of_cilium(Caller { namespace: &namespace, account: "web", labels: &labels }, address) {
        Word::Nothing => "nothing",
        Word::Allowed => "allowed",
        Word::Denied(_) => "denied",
        Word::Isolated(_) => "isolated",
    }
}

/// 4.2, 4: Cilium's address blocks never match the host; its entities do.
#[test]
fn in_cilium_only_entities_reach_the_agent_and_blocks_reach_what_is_outside() {
    let of = |peer: Peer, address| said(vec![cilium(Selector::default(), to(peer), vec![])], address);
    assert_eq!(of(Peer::Block(block("169.254.170.23/32")), AGENT), "isolated");
    assert_eq!(of(Peer::Block(block("0.0.0.0/0")), METADATA), "allowed");
    assert_eq!(of(Peer::World, METADATA), "allowed");
    assert_eq!(of(Peer::World, AGENT), "isolated");
    assert_eq!(of(Peer::Host, AGENT), "allowed");
    assert_eq!(of(Peer::Host, METADATA), "isolated");
    assert_eq!(of(Peer::Everything, AGENT), "allowed");
}

#[test]
fn what_one_policy_of_cilium_allows_is_allowed_and_what_one_denies_is_denied() {
    let deaf = || cilium(Selector::default(), vec![], vec![]);
    let kind = || cilium(Selector::default(), to(Peer::Host), vec![]);
    assert_eq!(said(vec![deaf(), kind()], AGENT), "allowed");
    assert_eq!(said(vec![kind(), cilium(Selector::default(), vec![], to(Peer::Host))], AGENT), "denied");
    let https = Destination { peers: vec![Peer::Host], ports: Some(vec![Ports { first: 443, last: 443 }]) };
    assert_eq!(said(vec![cilium(Selector::default(), vec![https], vec![])], AGENT), "isolated", "another port");
}

#[test]
fn cilium_selects_by_labels_namespace_and_service_account_and_not_by_what_cannot_be_read() {
    let of = |key: &str, value: &str| said(vec![cilium(selecting(&[(key, value)]), vec![], vec![])], AGENT);
    for (key, value) in [("app", "web"), (NAMESPACE, "shop"), (ACCOUNT, "web")] {
        assert_eq!(of(key, value), "isolated", "{key}");
        assert_eq!(of(key, "other"), "nothing", "{key}");
    }
    assert_eq!(of("io.cilium.k8s.namespace.labels.team", "web"), "nothing");
    let mut elsewhere = cilium(Selector::default(), vec![], vec![]);
    elsewhere.namespace = Some("billing".into());
    assert_eq!(said(vec![elsewhere], AGENT), "nothing");
}

fn cluster(priority: i64, action: Action, network: &str) -> ForeignPolicy {
    let egress = vec![ClusterRule { action, networks: vec![block(network)], ports: None }];
    let namespaces = selecting(&[(NAME, "shop")]);
    let rules = ClusterRules { baseline: false, priority, namespaces, pods: Selector::default(), egress };
    ForeignPolicy { kind: ForeignKind::EksCluster, namespace: None, name: "p".into(), rules: Rules::Cluster(rules) }
}

#[test]
fn of_cluster_network_policies_the_lowest_priority_that_fits_decides() {
    let of = |policies: Vec<ForeignPolicy>, namespace: &str, baseline: bool| {
        let mut all = ForeignPolicies::default();
        *all.of_mut(ForeignKind::EksCluster) = Fact::Known(policies);
        let (namespace, labels) = (Namespace::from(namespace), BTreeMap::new());
        let caller = Caller { namespace: &namespace, account: "web", labels: &labels };
        all.of_tier(baseline, caller, AGENT).map(|(action, _)| action)
    };
    let both = || vec![cluster(20, Action::Deny, "169.254.0.0/16"), cluster(10, Action::Accept, "169.254.170.23/32")];
    assert_eq!(of(both(), "shop", false), Some(Action::Accept));
    assert_eq!(of(both(), "billing", false), None, "another namespace");
    assert_eq!(of(both(), "shop", true), None, "another tier");
    assert_eq!(of(vec![cluster(1, Action::Deny, "10.0.0.0/8")], "shop", false), None, "another address");
}
