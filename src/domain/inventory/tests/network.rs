//! What stands between pods and link-local addresses: network policies and security groups for pods
//! (3.1, 4.2; 8.20, 8.21, 8.37).

use std::{collections::BTreeMap, sync::Arc};

use super::world::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    identity::{Mechanism, State, Verdict},
    network::{
        Block, EgressRule, NetworkPolicy, SecurityGroupPolicy,
        foreign::{
            Action, CiliumRule, ClusterRule, ClusterRules, Destination, ForeignKind, ForeignPolicy, Peer, Rules,
        },
    },
    service_account::ServiceAccount,
    webhook::Selector,
    workload::{Pod, WorkloadKind},
};

fn selecting(pairs: &[(&str, &str)]) -> Selector {
    Selector { labels: labels(pairs), expressions: vec![] }
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<Arc<str>, Arc<str>> {
    pairs.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect()
}

/// A policy of a namespace for `app: web` that allows one block only.
fn only(namespace: &str, block: &str) -> NetworkPolicy {
    let block = Block { network: block.parse().unwrap(), except: vec![] };
    let egress = vec![EgressRule { blocks: Some(vec![block]), ports: None }];
    NetworkPolicy { namespace: namespace.into(), name: "deny".into(), pods: selecting(&[("app", "web")]), egress }
}

fn policies(world: &mut World, all: Vec<NetworkPolicy>) {
    world.apply(vec![Change::NetworkPolicies(Fact::Known(all))]);
}

fn labelled(pod: Pod) -> Pod {
    with_spec(pod, |spec| spec.labels = labels(&[("app", "web")]))
}

/// A bare pod that reaches instance metadata.
fn bare() -> World {
    let mut world = World::new();
    world.node("n1", options(true, 2));
    world.account("shop/web", None);
    world.put(labelled(pod("shop/web-1", "web", "n1", vec![plain("app")])));
    world
}

/// A pod with an association on a node with a ready agent.
fn associated() -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.put(labelled(pod("shop/web-1", "web", "n1", vec![pod_identity("app")])));
    world
}

#[test]
fn an_egress_policy_that_selects_the_pod_turns_yes_into_maybe() {
    let mut world = bare();
    assert_eq!(world.state("shop/web-1"), State::Ok);
    policies(&mut world, vec![only("shop", "10.0.0.0/8")]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.verdict), (Mechanism::NodeRole, Verdict::Depends));
    assert_eq!(now.reasons[0].code, Some("IMDS-NETPOL"));
    assert_eq!(now.reasons[0].depends_on, ["enforcement of NetworkPolicy shop/deny"]);
    assert_eq!(world.next_of("shop/web-1").verdict, Verdict::Depends);
    policies(&mut world, vec![]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn what_one_of_several_policies_allows_is_allowed() {
    let mut world = bare();
    policies(&mut world, vec![only("shop", "10.0.0.0/8"), only("shop", "169.254.169.254/32")]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn policies_of_other_namespaces_and_labels_and_pods_on_the_hosts_network_are_left_alone() {
    let mut world = bare();
    let other = NetworkPolicy { pods: selecting(&[("app", "api")]), ..only("shop", "10.0.0.0/8") };
    policies(&mut world, vec![only("billing", "10.0.0.0/8"), other]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
    policies(&mut world, vec![only("shop", "10.0.0.0/8")]);
    let host = with_spec(labelled(pod("shop/web-2", "web", "n1", vec![plain("app")])), |spec| spec.host_network = true);
    world.put(host);
    assert_eq!(world.now_of("shop/web-2").verdict, Verdict::Ok);
}

#[test]
fn a_policy_that_keeps_pods_from_the_agent_is_a_maybe_too() {
    let mut world = associated();
    assert_eq!(world.state("shop/web-1"), State::Ok);
    policies(&mut world, vec![only("shop", "169.254.169.254/32")]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Depends, Some("PI-NETPOL")));
    policies(&mut world, vec![only("shop", "169.254.170.23/32")]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn a_policy_also_holds_for_pods_that_do_not_exist_yet() {
    let mut world = World::new();
    world.node("n1", options(true, 2));
    world.account("shop/web", None);
    let everybody = NetworkPolicy { pods: Selector::default(), ..only("shop", "10.0.0.0/8") };
    policies(&mut world, vec![everybody]);
    let next = world.inventory.next_of(&sa("shop/web"));
    assert_eq!((next.mechanism, next.verdict), (Mechanism::NodeRole, Verdict::Depends));
}

#[test]
fn policies_that_may_not_be_read_are_unknown_with_the_permission_and_a_gap() {
    for world in [bare, associated] {
        let mut blind = World::empty();
        blind.apply(vec![Change::NetworkPolicies(Fact::Unknown(denied("list networkpolicies")))]);
        assert_eq!(blind.inventory.gaps()[0].what, "network policies");
        let mut world = world();
        world.apply(vec![Change::NetworkPolicies(Fact::Unknown(denied("list networkpolicies")))]);
        assert_eq!(world.state("shop/web-1"), State::Ok, "what was read stays");
    }
    let mut world = World::empty();
    let known = base().into_iter().filter(|change| !matches!(change, Change::NetworkPolicies(_)));
    world.apply(known.collect());
    world.node("n1", options(true, 2));
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert_eq!(world.state("shop/web-1"), State::Loading);
    world.apply(vec![Change::NetworkPolicies(Fact::Unknown(denied("list networkpolicies")))]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.verdict), (Mechanism::NodeRole, Verdict::Unknown));
    assert_eq!(now.reasons[0].depends_on, ["list networkpolicies"]);
}

/// The VPC CNI on a node, with these settings.
fn cni(world: &mut World, settings: &[(&str, &str)]) {
    let mut pod = pod("kube-system/aws-node-n1", "aws-node", "n1", vec![container("aws-node", settings, &[])]);
    pod.workload.kind = WorkloadKind::DaemonSet;
    pod.workload.name = "aws-node".into();
    world.put(pod);
}

fn groups(pods: Option<Selector>, accounts: Option<Selector>) -> SecurityGroupPolicy {
    SecurityGroupPolicy { namespace: "shop".into(), name: "database".into(), pods, accounts }
}

fn security(world: &mut World, found: SecurityGroupPolicy) {
    world.apply(vec![Change::SecurityGroupPolicies(Fact::Known(vec![found]))]);
}

#[test]
fn security_groups_of_pods_cut_off_the_agent_unless_they_are_enforced_in_standard_mode() {
    let mut world = associated();
    security(&mut world, groups(Some(selecting(&[("app", "web")])), None));
    assert_eq!(world.state("shop/web-1"), State::Ok, "nobody gives pods security groups");
    cni(&mut world, &[("ENABLE_POD_ENI", "true")]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Depends, Some("SG-PODS-STRICT")));
    cni(&mut world, &[("ENABLE_POD_ENI", "true"), ("POD_SECURITY_GROUP_ENFORCING_MODE", "standard")]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
    cni(&mut world, &[("ENABLE_POD_ENI", "false"), ("POD_SECURITY_GROUP_ENFORCING_MODE", "strict")]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn a_policy_with_both_selectors_needs_both() {
    let mut world = associated();
    cni(&mut world, &[("ENABLE_POD_ENI", "true")]);
    let database = || Some(selecting(&[("team", "database")]));
    security(&mut world, groups(Some(Selector::default()), database()));
    assert_eq!(world.state("shop/web-1"), State::Ok);
    let own = ServiceAccount { labels: labels(&[("team", "database")]), ..account("shop/web", None) };
    world.apply(vec![Change::ServiceAccount(own)]);
    assert_eq!(world.state("shop/web-1"), State::Depends);
    security(&mut world, groups(Some(selecting(&[("app", "api")])), database()));
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn policies_of_security_groups_that_may_not_be_read_matter_only_where_they_could_decide() {
    let mut world = World::empty();
    let known = base().into_iter().filter(|change| !matches!(change, Change::SecurityGroupPolicies(_)));
    world.apply(known.collect());
    world.apply(vec![Change::SecurityGroupPolicies(Fact::Unknown(denied("list securitygrouppolicies")))]);
    world.node("n1", options(true, 1));
    world.agent("n1", true);
    world.role("web", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    assert_eq!((world.state("shop/web-1"), world.inventory.gaps().len()), (State::Ok, 0));
    cni(&mut world, &[("ENABLE_POD_ENI", "true")]);
    assert_eq!(world.state("shop/web-1"), State::Unknown);
    assert_eq!(world.inventory.gaps()[0].what, "security group policies");
}

fn foreign(world: &mut World, kind: ForeignKind, rules: Rules) {
    let policy = ForeignPolicy { kind, namespace: None, name: "lockdown".into(), rules };
    world.apply(vec![Change::ForeignPolicies(kind, Fact::Known(vec![policy]))]);
}

/// A policy of Cilium for every pod that allows these peers.
fn cilium(world: &mut World, peers: Vec<Peer>) {
    let allowed = vec![Destination { peers, ports: None }];
    let rule = CiliumRule { pods: Selector::default(), isolates: true, allowed, denied: vec![] };
    foreign(world, ForeignKind::CiliumClusterwide, Rules::Cilium(vec![rule]));
}

fn tier(world: &mut World, baseline: bool, action: Action) {
    let block = Block { network: "169.254.0.0/16".parse().unwrap(), except: vec![] };
    let egress = vec![ClusterRule { action, networks: vec![block], ports: None }];
    let (namespaces, pods) = (Selector::default(), Selector::default());
    let rules = ClusterRules { baseline, priority: 1, namespaces, pods, egress };
    foreign(world, ForeignKind::EksCluster, Rules::Cluster(rules));
}

#[test]
fn a_policy_of_cilium_that_does_not_allow_the_host_is_a_guess_about_the_agent() {
    let mut world = associated();
    cilium(&mut world, vec![Peer::Block(Block { network: "0.0.0.0/0".parse().unwrap(), except: vec![] })]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Depends, Some("PI-NETPOL")));
    let message = &world.now_of("shop/web-1").reasons[0].message;
    assert!(message.contains("CiliumClusterwideNetworkPolicy lockdown may keep"), "{message}");
    assert!(message.contains("toEntities: host") && message.contains("a guess"), "{message}");
    cilium(&mut world, vec![Peer::Host]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
    let mut world = bare();
    cilium(&mut world, vec![Peer::Host]);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Depends, Some("IMDS-NETPOL")));
    cilium(&mut world, vec![Peer::World]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
}

#[test]
fn under_cilium_an_address_block_of_a_network_policy_does_not_allow_the_agent() {
    let mut world = associated();
    policies(&mut world, vec![only("shop", "169.254.170.23/32")]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
    let elsewhere = CiliumRule { pods: selecting(&[("app", "api")]), isolates: true, allowed: vec![], denied: vec![] };
    foreign(&mut world, ForeignKind::Cilium, Rules::Cilium(vec![elsewhere]));
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Depends, Some("PI-NETPOL")));
    cilium(&mut world, vec![Peer::Host]);
    assert_eq!(world.state("shop/web-1"), State::Ok, "a policy of Cilium allows the host");
}

#[test]
fn cluster_network_policies_speak_before_and_after_those_of_the_namespace() {
    let mut world = associated();
    tier(&mut world, false, Action::Deny);
    assert_eq!((world.state("shop/web-1"), world.why("shop/web-1")), (State::Depends, Some("PI-NETPOL")));
    policies(&mut world, vec![only("shop", "10.0.0.0/8")]);
    tier(&mut world, false, Action::Accept);
    assert_eq!(world.state("shop/web-1"), State::Ok, "Accept goes before NetworkPolicies");
    tier(&mut world, false, Action::Pass);
    assert_eq!(world.state("shop/web-1"), State::Depends);
    policies(&mut world, vec![only("shop", "169.254.170.23/32")]);
    tier(&mut world, true, Action::Deny);
    assert_eq!(world.state("shop/web-1"), State::Ok, "the baseline is not asked where a NetworkPolicy selects the pod");
    policies(&mut world, vec![]);
    assert_eq!(world.state("shop/web-1"), State::Depends);
}

#[test]
fn policies_of_other_kinds_that_may_not_be_read_are_a_gap_and_change_no_identity() {
    let mut world = associated();
    let denied = Fact::Unknown(denied("list ciliumnetworkpolicies"));
    world.apply(vec![Change::ForeignPolicies(ForeignKind::Cilium, denied)]);
    assert_eq!(world.state("shop/web-1"), State::Ok);
    assert_eq!(world.inventory.gaps()[0].what, "Cilium network policies");
}
