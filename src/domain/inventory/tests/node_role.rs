//! Nodes: kind, role by the first source that answers, and who reaches instance metadata (part 3).

use std::collections::BTreeMap;

use super::world::*;
use crate::domain::{
    change::Change,
    cluster::Cluster,
    fact::Fact,
    identity::{Mechanism, State, Verdict, node_role},
    node::{AccessEntry, Instance, MetadataOptions, Node, NodeClaim, NodeClass, NodeGroup, NodeKind},
    row::NodeRow,
    version::Version,
};

fn on(metadata: MetadataOptions, host_network: bool) -> World {
    let mut world = World::new();
    world.node("n1", metadata);
    world.account("shop/web", None);
    world.put(with_spec(pod("shop/web-1", "web", "n1", vec![plain("app")]), |spec| spec.host_network = host_network));
    world
}

fn mechanism(metadata: MetadataOptions, host_network: bool) -> Mechanism {
    on(metadata, host_network).now_of("shop/web-1").mechanism
}

#[test]
fn required_tokens_and_hop_limit_1_keep_pods_out_but_not_the_host_network() {
    assert_eq!(mechanism(options(true, 1), false), Mechanism::None);
    assert_eq!(mechanism(options(true, 1), true), Mechanism::NodeRole);
}

#[test]
fn hop_limit_2_or_optional_tokens_let_pods_in() {
    assert_eq!(mechanism(options(true, 2), false), Mechanism::NodeRole);
    assert_eq!(mechanism(options(false, 1), false), Mechanism::NodeRole);
}

#[test]
fn an_endpoint_that_is_off_keeps_everybody_out() {
    let off = MetadataOptions { enabled: false, ..options(false, 2) };
    assert_eq!(mechanism(off, true), Mechanism::None);
}

#[test]
fn pending_options_are_a_maybe() {
    let world = on(MetadataOptions { pending: true, ..options(true, 2) }, false);
    assert_eq!(
        (world.now_of("shop/web-1").mechanism, world.state("shop/web-1")),
        (Mechanism::NodeRole, State::Depends)
    );
}

#[test]
fn a_disabled_sdk_does_not_ask() {
    let mut world = on(options(false, 2), false);
    world.pod("shop/web-2", "web", vec![container("app", &[("AWS_EC2_METADATA_DISABLED", "true")], &[])]);
    assert_eq!(world.now_of("shop/web-2").mechanism, Mechanism::None);
}

fn said(world: &World, pod: &str) -> String {
    world.now_of(pod).reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join(" ")
}

/// 2.6, 3.1: with hop limit 1 the token of IMDSv2 does not come back, which leaves IMDSv1.
#[test]
fn where_imdsv1_alone_answers_the_sdk_for_rust_finds_nothing_and_that_is_said() {
    let mut world = on(options(false, 1), false);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.verdict), (Mechanism::NodeRole, Verdict::Ok));
    assert!(said(&world, "shop/web-1").contains("SDK for Rust speaks IMDSv2 only"), "{now:?}");
    let plan = world.next_of("shop/web-1").reasons.iter().any(|reason| reason.message.contains("SDK for Rust"));
    assert!(plan, "next says it too");
    for (metadata, host_network) in [(options(false, 2), false), (options(true, 2), false), (options(false, 1), true)] {
        world = on(metadata.clone(), host_network);
        assert_eq!(said(&world, "shop/web-1"), "", "{metadata:?}");
    }
}

/// 2.6.
#[test]
fn without_imdsv1_botocore_finds_nothing_either_and_the_rest_depends_on_the_sdk() {
    let mut world = on(options(false, 1), false);
    let disabled = || vec![container("app", &[("AWS_EC2_METADATA_V1_DISABLED", "true")], &[])];
    world.pod("shop/web-2", "web", disabled());
    let now = world.now_of("shop/web-2");
    assert_eq!((now.mechanism, now.verdict), (Mechanism::NodeRole, Verdict::Depends));
    assert_eq!(now.reasons[0].depends_on, ["SDK"]);
    assert!(now.reasons[0].message.contains("boto3 and the AWS CLI"), "{now:?}");
    world = on(options(false, 2), false);
    world.pod("shop/web-2", "web", disabled());
    assert_eq!(world.now_of("shop/web-2").verdict, Verdict::Ok, "IMDSv2 answers");
}

#[test]
fn a_metadata_proxy_makes_the_node_role_a_maybe() {
    let mut world = on(options(false, 2), false);
    let mut proxied = pod("shop/web-2", "web", "n1", vec![plain("app")]);
    proxied = with_spec(proxied, |spec| {
        spec.annotations.insert("iam.amazonaws.com/role".into(), "web".into());
    });
    world.put(proxied);
    assert_eq!(world.state("shop/web-2"), State::Depends);
}

#[test]
fn the_instance_profile_tells_the_role_before_the_node_group_does() {
    let mut world = World::new();
    world.apply(vec![Change::NodeGroups(Fact::Known(vec![NodeGroup {
        name: "ng".into(),
        role_arn: arn("group-role"),
    }]))]);
    world.apply(node("n2", &[("eks.amazonaws.com/nodegroup", "ng")], options(false, 2)));
    world.account("shop/web", None);
    world.put(pod("shop/web-1", "web", "n2", vec![plain("app")]));
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("ng-role")));
    let row = |world: &World| world.inventory.nodes().into_iter().find(|row| row.name.as_str() == "n2").unwrap();
    assert_eq!(
        (row(&world).role_source, row(&world).kind, row(&world).imds),
        ("instance-profile", NodeKind::Managed, "yes")
    );
}

#[test]
fn the_node_group_tells_it_where_the_instance_cannot_be_read() {
    let mut world = World::new();
    world.apply(vec![Change::NodeGroups(Fact::Known(vec![NodeGroup {
        name: "ng".into(),
        role_arn: arn("group-role"),
    }]))]);
    let labels = [("eks.amazonaws.com/nodegroup", "ng")];
    let mut changes = node("n2", &labels, options(false, 2));
    changes.truncate(1);
    changes.push(Change::Instance("i-n2".into(), Fact::Unknown(denied("ec2:DescribeInstances"))));
    world.apply(changes);
    world.account("shop/web", None);
    world.put(pod("shop/web-1", "web", "n2", vec![plain("app")]));
    let now = world.now_of("shop/web-1");
    assert_eq!(
        (now.mechanism, now.verdict, now.role_arn.clone()),
        (Mechanism::NodeRole, Verdict::Unknown, Some(arn("group-role")))
    );
    assert_eq!(now.reasons[0].depends_on, ["ec2:DescribeInstances"]);
    assert_eq!(world.state("shop/web-1"), State::Unknown);
}

#[test]
fn an_instance_without_a_profile_offers_nothing() {
    let mut world = on(options(false, 2), false);
    let bare = Instance { id: "i-n1".into(), profile_arn: None, metadata: options(false, 2), operator: None };
    world.apply(vec![Change::Instance("i-n1".into(), Fact::Known(bare))]);
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::None);
}

#[test]
fn an_instance_not_yet_read_is_loading_and_wanted() {
    let mut world = World::new();
    world.apply(node("n2", &[], options(true, 1)).into_iter().take(1).collect());
    world.account("shop/web", None);
    world.put(pod("shop/web-1", "web", "n2", vec![plain("app")]));
    assert_eq!(world.state("shop/web-1"), State::Loading);
    assert_eq!(world.inventory.wanted().instances, ["i-n2".into()]);
}

#[test]
fn nodes_are_classified_by_labels_and_provider_id() {
    let kind = |name: &str, provider: &str, labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        node_role::kind(&Node {
            name: name.into(),
            version: Version::default(),
            provider_id: Some(provider.into()),
            labels,
            ready: true,
        })
    };
    let ec2 = "aws:////i-0abc";
    assert_eq!(kind("n", ec2, &[]), NodeKind::SelfManaged);
    assert_eq!(kind("n", ec2, &[("eks.amazonaws.com/nodegroup", "ng")]), NodeKind::Managed);
    assert_eq!(
        kind("n", ec2, &[("karpenter.sh/nodepool", "p"), ("karpenter.k8s.aws/ec2nodeclass", "c")]),
        NodeKind::Karpenter
    );
    assert_eq!(kind("n", ec2, &[("karpenter.sh/nodepool", "p"), ("eks.amazonaws.com/nodeclass", "c")]), NodeKind::Auto);
    assert_eq!(kind("n", ec2, &[("eks.amazonaws.com/compute-type", "auto")]), NodeKind::Auto);
    assert_eq!(kind("fargate-ip-1", "aws:///eu-west-1a/1f2e/fargate-ip-1", &[]), NodeKind::Fargate);
    assert_eq!(kind("n", "eks-hybrid:///eu-west-1/acme/n", &[]), NodeKind::Hybrid);
}

fn entries(of: &[(&str, &str)]) -> Change {
    let entry = |(role, kind): &(&str, &str)| AccessEntry { role_arn: arn(role), kind: (*kind).into() };
    Change::AccessEntries(Fact::Known(of.iter().map(entry).collect()))
}

/// A node whose instance may not be read, with a pod on the host's network.
fn unreadable() -> World {
    let mut world = World::new();
    let mut changes = node("n2", &[], options(false, 2));
    changes.truncate(1);
    changes.push(Change::Instance("i-n2".into(), Fact::Unknown(denied("ec2:DescribeInstances"))));
    world.apply(changes);
    world.account("shop/web", None);
    world.put(with_spec(pod("shop/web-1", "web", "n2", vec![plain("app")]), |spec| spec.host_network = true));
    world
}

fn node_row(world: &World, name: &str) -> NodeRow {
    world.inventory.nodes().into_iter().find(|row| row.name.as_str() == name).unwrap()
}

#[test]
fn access_entries_are_asked_for_only_where_no_better_source_tells_the_role() {
    assert!(!on(options(false, 2), false).inventory.wanted().access_entries);
    let mut world = unreadable();
    assert!(world.inventory.wanted().access_entries);
    world.apply(vec![entries(&[])]);
    assert!(!world.inventory.wanted().access_entries);
}

#[test]
fn several_access_entries_of_the_nodes_type_are_a_set_of_candidates() {
    let mut world = unreadable();
    world.apply(vec![entries(&[("b", "EC2_LINUX"), ("a", "EC2_LINUX"), ("w", "EC2_WINDOWS"), ("f", "FARGATE_LINUX")])]);
    let row = node_row(&world, "n2");
    assert_eq!((row.role_arn, row.role_source), (None, "access-entry"));
    assert_eq!(row.role_candidates, [arn("a"), arn("b")]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.verdict, now.role_arn.clone()), (Mechanism::NodeRole, Verdict::Unknown, None));
}

#[test]
fn a_single_access_entry_of_the_nodes_type_is_its_role() {
    let mut world = unreadable();
    world.apply(vec![entries(&[("only", "EC2_LINUX"), ("auto", "EC2")])]);
    let row = node_row(&world, "n2");
    assert_eq!((row.role_arn, row.role_source), (Some(arn("only")), "access-entry"));
}

#[test]
fn hybrid_nodes_take_their_candidates_from_hybrid_access_entries() {
    let mut world = World::new();
    let provider_id = Some("eks-hybrid:///eu-west-1/acme/mi-1".into());
    world.apply(vec![Change::Node(Node {
        name: "mi-1".into(),
        version: Version::default(),
        provider_id,
        labels: BTreeMap::new(),
        ready: true,
    })]);
    world.apply(vec![entries(&[("linux", "EC2_LINUX"), ("one", "HYBRID_LINUX"), ("two", "HYBRID_LINUX")])]);
    let row = node_row(&world, "mi-1");
    assert_eq!(row.kind, NodeKind::Hybrid);
    assert_eq!(row.role_candidates, [arn("one"), arn("two")]);
}

fn mapped(roles: &[&str]) -> Change {
    let entry = |role: &&str| AccessEntry { role_arn: arn(role), kind: "EC2_LINUX".into() };
    Change::MappedRoles(Fact::Known(roles.iter().map(entry).collect()))
}

#[test]
fn aws_auth_is_asked_for_and_tells_the_role_where_there_are_no_access_entries() {
    let mut world = unreadable();
    assert!(world.inventory.wanted().mapped_roles);
    world.apply(vec![entries(&[]), mapped(&["only"])]);
    assert!(!world.inventory.wanted().mapped_roles);
    let row = node_row(&world, "n2");
    assert_eq!((row.role_arn, row.role_source), (Some(arn("only")), "aws-auth"));
}

#[test]
fn a_role_that_aws_auth_names_without_its_path_is_the_one_of_the_access_entry() {
    let mut world = unreadable();
    world.apply(vec![entries(&[("nodes/ng", "EC2_LINUX")]), mapped(&["ng"])]);
    let row = node_row(&world, "n2");
    assert_eq!((row.role_arn, row.role_source), (Some(arn("nodes/ng")), "access-entry"));
    world.apply(vec![mapped(&["ng", "other"])]);
    assert_eq!(node_row(&world, "n2").role_candidates, [arn("nodes/ng"), arn("other")]);
}

#[test]
fn aws_auth_that_may_not_be_read_is_said_and_leaves_the_access_entries() {
    let mut world = unreadable();
    world.apply(vec![entries(&[("only", "EC2_LINUX")]), Change::MappedRoles(Fact::Unknown(denied("get configmaps")))]);
    assert_eq!(node_row(&world, "n2").role_arn, Some(arn("only")));
    assert!(world.inventory.gaps().iter().any(|gap| gap.what == "roles mapped by aws-auth"));
}

#[test]
fn the_instance_profile_goes_before_access_entries() {
    let mut world = on(options(false, 2), false);
    world.apply(vec![entries(&[("other", "EC2_LINUX")])]);
    assert_eq!(node_row(&world, "n1").role_source, "instance-profile");
}

#[test]
fn an_instance_that_eks_operates_is_a_node_of_auto_mode() {
    let mut world = on(options(true, 1), false);
    let profile_arn = Some(format!("arn:aws:iam::{ACCOUNT}:instance-profile/eks-n1").into());
    let operator = Some("eks.amazonaws.com".into());
    let instance = Instance { id: "i-n1".into(), profile_arn, metadata: options(true, 1), operator };
    world.apply(vec![Change::Instance("i-n1".into(), Fact::Known(instance))]);
    let row = node_row(&world, "n1");
    assert_eq!((row.kind, row.agent), (NodeKind::Auto, "built-in"));
}

/// A world of IPv6 pods; the instance answers over IPv6 or not, the container asks so or not.
fn ipv6(answers: bool, asks: bool) -> World {
    let mut world = on(MetadataOptions { ipv6: answers, ..options(false, 2) }, false);
    world.apply(vec![Change::Cluster(Fact::Known(Cluster { ipv6: true, ..cluster() }))]);
    let variables: &[(&str, &str)] = if asks { &[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")] } else { &[] };
    world.pod("shop/web-2", "web", vec![container("app", variables, &[])]);
    world
}

#[test]
fn pods_with_ipv6_addresses_need_both_the_protocol_and_the_endpoint_mode() {
    let now = |world: &World| {
        let now = world.now_of("shop/web-2");
        (now.mechanism, now.verdict, world.why("shop/web-2"))
    };
    let depends = (Mechanism::NodeRole, Verdict::Depends, Some("IPV6-IMDS"));
    assert_eq!(now(&ipv6(true, true)), (Mechanism::NodeRole, Verdict::Ok, None));
    assert_eq!(now(&ipv6(true, false)), depends);
    assert_eq!(now(&ipv6(false, true)), depends);
}

/// A node of a kind whose instance may not be read, with a pod on the host's network.
fn launched(labels: &[(&str, &str)]) -> World {
    let mut world = World::new();
    let mut changes = node("n2", labels, options(false, 2));
    changes.truncate(1);
    changes.push(Change::Instance("i-n2".into(), Fact::Unknown(denied("ec2:DescribeInstances"))));
    world.apply(changes);
    world.account("shop/web", None);
    world.put(with_spec(pod("shop/web-1", "web", "n2", vec![plain("app")]), |spec| spec.host_network = true));
    world
}

const KARPENTER: [(&str, &str); 2] =
    [("karpenter.sh/nodepool", "general"), ("karpenter.k8s.aws/ec2nodeclass", "default")];
const AUTO: [(&str, &str); 2] = [("karpenter.sh/nodepool", "general"), ("eks.amazonaws.com/nodeclass", "default")];

fn class(role: Option<&str>, profile: Option<&str>) -> Vec<NodeClass> {
    vec![NodeClass { name: "default".into(), role: role.map(Into::into), profile: profile.map(Into::into) }]
}

fn told(world: &World) -> (Option<crate::domain::id::RoleArn>, &'static str) {
    let row = node_row(world, "n2");
    (row.role_arn, row.role_source)
}

fn profile(name: &str, role: &str) -> Change {
    let arn_of_profile = format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}");
    Change::InstanceProfile(arn_of_profile.into(), Fact::Known(arn(role)))
}

#[test]
fn the_profile_of_the_node_claim_tells_the_role_of_a_karpenter_node_and_is_asked_for() {
    let mut world = launched(&KARPENTER);
    let claim = NodeClaim { node: "n2".into(), profile: "acme_then".into() };
    world.apply(vec![
        Change::NodeClaims(Fact::Known(vec![claim])),
        Change::Ec2NodeClasses(Fact::Known(class(Some("now"), Some("acme_now")))),
    ]);
    let wanted = world.inventory.wanted().instance_profiles;
    assert_eq!(wanted, [format!("arn:aws:iam::{ACCOUNT}:instance-profile/acme_then").into()]);
    world.apply(vec![profile("acme_then", "then")]);
    assert_eq!(told(&world), (Some(arn("then")), "nodeclaim"));
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("then")));
}

#[test]
fn the_node_class_tells_it_by_its_profile_and_where_that_may_not_be_read_by_its_role() {
    let mut world = launched(&KARPENTER);
    world.apply(vec![Change::Ec2NodeClasses(Fact::Known(class(Some("spare"), Some("acme_now"))))]);
    world.apply(vec![profile("acme_now", "now")]);
    assert_eq!(told(&world), (Some(arn("now")), "nodeclass"));
    let mut world = launched(&KARPENTER);
    let refused = Fact::Unknown(denied("iam:GetInstanceProfile"));
    let key = format!("arn:aws:iam::{ACCOUNT}:instance-profile/acme_now").into();
    world.apply(vec![
        Change::Ec2NodeClasses(Fact::Known(class(Some("spare"), Some("acme_now")))),
        Change::InstanceProfile(key, refused),
    ]);
    assert_eq!(told(&world), (Some(arn("spare")), "nodeclass"));
}

#[test]
fn the_node_class_of_auto_mode_goes_before_the_role_of_the_cluster() {
    let mut world = launched(&AUTO);
    let auto = Cluster { auto_mode: true, auto_node_role_arn: Some(arn("cluster-wide").shared()), ..cluster() };
    world.apply(vec![Change::Cluster(Fact::Known(auto))]);
    assert_eq!(told(&world), (Some(arn("cluster-wide")), "cluster"));
    world.apply(vec![Change::AutoNodeClasses(Fact::Known(class(Some("own"), None)))]);
    assert_eq!(told(&world), (Some(arn("own")), "nodeclass"));
}

#[test]
fn the_instance_profile_goes_before_what_karpenter_says() {
    let mut world = World::new();
    world.apply(node("n2", &KARPENTER, options(false, 2)));
    world.apply(vec![Change::Ec2NodeClasses(Fact::Known(class(Some("other"), None)))]);
    assert_eq!(told(&world), (Some(arn("ng-role")), "instance-profile"));
}

#[test]
fn node_classes_that_may_not_be_read_are_a_gap_only_where_a_role_is_open() {
    let refused = || vec![Change::Ec2NodeClasses(Fact::Unknown(denied("list ec2nodeclasses")))];
    let open = |world: &World| world.inventory.gaps().iter().any(|gap| gap.what == "EC2 node classes");
    let without = || base().into_iter().filter(|change| !matches!(change, Change::Ec2NodeClasses(_))).collect();
    let mut world = World::empty();
    world.apply(without());
    world.apply(refused());
    world.apply(node("n1", &KARPENTER, options(false, 2)));
    assert!(!open(&world));
    let mut changes = node("n2", &KARPENTER, options(false, 2));
    changes.truncate(1);
    changes.push(Change::Instance("i-n2".into(), Fact::Unknown(denied("ec2:DescribeInstances"))));
    world.apply(changes);
    assert!(open(&world));
}

#[test]
fn an_endpoint_that_is_written_out_is_as_good_as_the_ipv6_mode() {
    let mut world = ipv6(true, false);
    let endpoint = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]")];
    world.pod("shop/web-2", "web", vec![container("app", &endpoint, &[])]);
    assert_eq!((world.now_of("shop/web-2").verdict, world.why("shop/web-2")), (Verdict::Ok, None));
}
