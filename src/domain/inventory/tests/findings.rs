//! Findings: each with its code, severity, subject and pods, and what makes it go away (identity-resolution
//! part 8).

use jiff::SignedDuration;

use super::world::*;
use crate::domain::{
    change::Change,
    cluster::{Caller, Cluster, Target},
    fact::Fact,
    finding::{Finding, Seen, Severity, Subject, code::CODES},
    id::PodId,
    inventory::FindingCounts,
    permission::RoleDetail,
    webhook::Webhook,
    workload::Pod,
};

/// A trust policy that lets EKS in for one service account only.
fn narrow_trust() -> String {
    good_pod_trust()
        .replace(r#""Action""#, r#""Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}},"Action""#)
}

fn codes(world: &World) -> Vec<&'static str> {
    world.inventory.findings().iter().map(|finding| finding.code.name).collect()
}

fn one<'a>(world: &'a World, code: &str) -> &'a Finding {
    let found: Vec<&Finding> = world.inventory.findings().into_iter().filter(|found| found.code.name == code).collect();
    assert_eq!(found.len(), 1, "{code}: {:?}", world.inventory.findings());
    found[0]
}

fn good_irsa() -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world
}

fn good_association() -> World {
    let mut world = World::new();
    world.role("web", &narrow_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    world
}

#[test]
fn what_works_has_no_findings() {
    assert_eq!(codes(&good_irsa()), [""; 0]);
    assert_eq!(codes(&good_association()), [""; 0]);
}

#[test]
fn the_worst_stands_first_and_the_counts_agree() {
    let mut world = good_association();
    world.role("web", &good_pod_trust());
    world.pod("shop/old-1", "web", vec![plain("app")]);
    let severities: Vec<Severity> = world.inventory.findings().iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Notice]);
    assert_eq!(world.inventory.finding_counts(), FindingCounts { errors: 1, warnings: 0, notices: 1 });
}

#[test]
fn namespaces_nodes_and_associations_are_told_the_findings_that_concern_them() {
    let mut world = good_association();
    world.node("n1", options(false, 2));
    world.role("web", &good_pod_trust());
    world.pod("shop/old-1", "web", vec![plain("app")]);
    world.associate("data/gone", "web");
    let names = |found: Vec<&Finding>| found.into_iter().map(|found| found.code.name).collect::<Vec<_>>();
    let inventory = &world.inventory;
    assert_eq!(names(inventory.findings_of_namespace(&"shop".into())), ["NODE-ROLE-FALLBACK"]);
    assert_eq!(names(inventory.findings_of_namespace(&"data".into())), ["ORPHAN-ASSOCIATION"]);
    assert_eq!(names(inventory.findings_of_namespace(&"other".into())), [""; 0]);
    assert_eq!(names(inventory.findings_of_node(&"n1".into())), [""; 0]);
    world.apply(vec![Change::RoleDetail("ng-role".into(), RoleDetail::with_policies_of_aws(&["AdministratorAccess"]))]);
    assert_eq!(names(world.inventory.findings_of_node(&"n1".into())), ["NODE-ROLE-OVERPRIVILEGED"]);
    assert_eq!(names(world.inventory.findings_of_node(&"elsewhere".into())), [""; 0]);
}

#[test]
fn a_deployment_of_many_replicas_is_one_finding() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:other"));
    world.account("shop/web", Some("web"));
    for name in ["web-1", "web-2", "web-3"] {
        let mut replica = pod(&format!("shop/{name}"), "web", "n1", vec![irsa("app", "web")]);
        replica.workload.name = "web".into();
        world.put(replica);
    }
    let finding = one(&world, "IRSA-SUB-MISMATCH");
    assert_eq!((finding.severity, finding.pods), (Severity::Error, 3));
    assert!(matches!(&finding.subject, Subject::Workload(id) if id.name.as_str() == "web"), "{finding:?}");
    assert!(finding.message.contains("shop:other"), "{}", finding.message);
}

#[test]
fn a_finding_goes_with_its_cause_and_with_its_pods() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:other"));
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    assert_eq!(codes(&world), ["IRSA-SUB-MISMATCH"]);
    world.role("web", &irsa_trust("shop:web"));
    assert_eq!(codes(&world), [""; 0]);
    world.role("web", &irsa_trust("shop:other"));
    assert_eq!(codes(&world), ["IRSA-SUB-MISMATCH"]);
    world.account("shop/web", None);
    world.apply(vec![Change::PodGone(PodId::new("shop", "web-1"))]);
    assert_eq!(codes(&world), [""; 0]);
    assert_eq!(world.inventory.finding_counts(), FindingCounts::default());
}

#[test]
fn without_credentials_it_is_not_injected_and_with_the_nodes_a_fallback() {
    let mut world = good_association();
    world.pod("shop/old-1", "web", vec![plain("app")]);
    assert_eq!(one(&world, "IDENTITY-NOT-INJECTED").severity, Severity::Error);
    let mut world = good_association();
    world.node("n1", options(false, 2));
    world.pod("shop/old-1", "web", vec![plain("app")]);
    assert_eq!(codes(&world), ["NODE-ROLE-FALLBACK"]);
}

#[test]
fn a_pod_that_started_within_a_minute_of_its_association_lost_a_race() {
    let mut world = good_association();
    let mut young = pod("shop/young-1", "web", "n1", vec![plain("app")]);
    young.created_at = ago(SignedDuration::from_hours(240)).checked_add(SignedDuration::from_secs(5)).unwrap();
    world.put(young);
    assert_eq!(codes(&world), ["PI-RACE"]);
}

#[test]
fn a_role_that_names_a_service_account_without_annotation_was_meant_for_it() {
    let mut world = World::new();
    world.node("n1", options(false, 2));
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert!(one(&world, "NODE-ROLE-FALLBACK").message.contains("web"));
    world.role("web", &irsa_trust("shop:api"));
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn what_works_now_and_not_after_a_restart_is_an_error() {
    let mut world = good_irsa();
    world.account("shop/web", None);
    let finding = one(&world, "NEXT-BROKEN");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.contains("has no credentials"), "{}", finding.message);
}

#[test]
fn annotated_and_associated_is_a_notice_and_a_warning_if_the_roles_differ() {
    let mut world = good_association();
    world.account("shop/web", Some("web"));
    assert_eq!(one(&world, "BOTH-CONFIGURED").severity, Severity::Notice);
    world.account("shop/web", Some("other"));
    assert_eq!(one(&world, "BOTH-CONFIGURED").severity, Severity::Warning);
}

#[test]
fn keys_are_an_error_only_where_they_hide_an_identity() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let mut world = World::new();
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![container("app", &keys, &[])]);
    assert_eq!(one(&world, "STATIC-KEYS").severity, Severity::Warning);
    let mut world = good_association();
    world.pod("shop/web-1", "web", vec![container("app", &keys, &[])]);
    assert_eq!(one(&world, "STATIC-KEYS").severity, Severity::Error);
}

#[test]
fn an_association_without_service_account_is_an_orphan() {
    let mut world = World::new();
    world.role("web", &narrow_trust());
    world.associate("gone/web", "web");
    let finding = one(&world, "ORPHAN-ASSOCIATION");
    assert!(matches!(&finding.subject, Subject::Association(_, account) if *account == sa("gone/web")));
    world.account("gone/web", None);
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn a_proxy_needs_the_agent_in_no_proxy() {
    let with = |no_proxy: &str| {
        let mut world = good_association();
        let [uri, file] = pod_identity_variables();
        let variables = [uri, file, ("HTTP_PROXY", "http://proxy:3128"), ("NO_PROXY", no_proxy)];
        let mounts = [("eks-pod-identity-token", POD_TOKEN)];
        world.pod("shop/web-1", "web", vec![container("app", &variables, &mounts)]);
        codes(&world)
    };
    assert_eq!(with("10.0.0.0/8"), ["PI-PROXY"]);
    assert_eq!(with("10.0.0.0/8,169.254.170.23"), [""; 0]);
    assert_eq!(with("169.254.0.0/16"), [""; 0]);
}

#[test]
fn on_the_hosts_network_the_node_role_is_always_near() {
    let mut world = World::new();
    world.account("shop/web", None);
    let host = |name: &str| with_spec(pod(name, "web", "n1", vec![plain("app")]), |spec| spec.host_network = true);
    world.put(host("shop/web-1"));
    assert_eq!(codes(&world), ["HOSTNETWORK-IMDS"]);
    world.apply(vec![Change::PodGone(PodId::new("shop", "web-1"))]);
    let mut daemon: Pod = host("kube-system/aws-node-1");
    daemon.workload.name = "aws-node".into();
    world.put(daemon);
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn a_controller_that_relies_on_metadata_behind_hop_limit_1_is_warned_about() {
    let mut world = World::new();
    world.account("kube-system/cluster-autoscaler", None);
    let mut scaler = pod("kube-system/cluster-autoscaler-1", "cluster-autoscaler", "n1", vec![plain("app")]);
    scaler.workload.name = "cluster-autoscaler".into();
    world.put(scaler);
    assert_eq!(one(&world, "IMDS-HOP-LIMIT").severity, Severity::Warning);
    world.node("n1", options(true, 2));
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn a_sibling_of_a_similar_name_is_a_guess() {
    let mut world = good_association();
    world.account("shop/web-sa", None);
    world.pod("shop/other-1", "web-sa", vec![plain("app")]);
    let finding = one(&world, "SA-UNUSED-SIBLING");
    assert_eq!((finding.severity, finding.code.seen), (Severity::Notice, Seen::Guess));
    assert!(finding.message.contains("may have been meant"));
}

#[test]
fn a_missing_webhook_is_one_finding_of_the_cluster() {
    let mut world = good_association();
    world.apply(vec![Change::Webhooks(Fact::Known(vec![]))]);
    assert_eq!(one(&world, "WEBHOOK-MISSING").subject, Subject::Cluster);
    let mut altered = webhook();
    altered.namespace_selector.labels.insert("team".into(), "shop".into());
    world.apply(vec![Change::Webhooks(Fact::Known(vec![altered]))]);
    assert_eq!(one(&world, "WEBHOOK-ALTERED").severity, Severity::Warning);
    let failing = Webhook { failure_policy: Some("Fail".into()), authority: Some("T1RIRVI=".into()), ..webhook() };
    world.apply(vec![Change::Webhooks(Fact::Known(vec![failing]))]);
    let found = one(&world, "WEBHOOK-ALTERED");
    assert!(found.message.ends_with("failure policy, CA."), "{}", found.message);
}

#[test]
fn credentials_of_another_account_are_said_and_nothing_else_is() {
    let mut world = good_association();
    world.role("web", &pod_trust(&["sts:AssumeRole"]));
    let arn = "arn:aws:sts::999999999999:assumed-role/oncall/alice".into();
    world.apply(vec![Change::Caller(Fact::Known(Caller { arn, account: "999999999999".into() }))]);
    assert_eq!(codes(&world), ["ACCOUNT-MISMATCH"]);
}

#[test]
fn a_platform_without_pod_identity_matters_only_to_associations() {
    let old = || Cluster { version: "1.30".to_owned(), platform_version: Some("eks.1".to_owned()), ..cluster() };
    let mut world = good_irsa();
    world.apply(vec![Change::Cluster(Fact::Known(old()))]);
    assert_eq!(codes(&world), [""; 0]);
    let mut world = good_association();
    world.apply(vec![Change::Cluster(Fact::Known(old()))]);
    assert_eq!(codes(&world), ["PLATFORM-TOO-OLD"]);
}

#[test]
fn an_association_that_is_gone_under_running_pods_is_an_error() {
    let mut world = good_association();
    world.apply(vec![Change::AssociationsOf(sa("shop/web"), vec![])]);
    assert_eq!(one(&world, "ASSOC-GONE").severity, Severity::Error);
}

#[test]
fn a_missing_permission_adds_no_error() {
    let broken = || {
        let mut world = World::new();
        world.role("web", &irsa_trust("shop:web"));
        world.account("shop/web", Some("web"));
        world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
        world
    };
    let gaps: [Change; 5] = [
        Change::Roles(Fact::Unknown(denied("iam:ListRoles"))),
        Change::Providers(Fact::Unknown(denied("iam:ListOpenIDConnectProviders"))),
        Change::Associations(Fact::Unknown(denied("eks:ListPodIdentityAssociations"))),
        Change::Webhooks(Fact::Unknown(denied("list mutatingwebhookconfigurations"))),
        Change::Cluster(Fact::Unknown(denied("eks:DescribeCluster"))),
    ];
    for gap in gaps {
        let mut world = broken();
        let mut blind = World::empty();
        blind.apply(vec![gap.clone(), Change::Target(Target::default())]);
        world.apply(vec![gap]);
        assert_eq!(world.inventory.finding_counts().errors, 0);
        assert_eq!(blind.inventory.finding_counts().errors, 0);
    }
}

#[test]
fn every_code_is_said_once_and_says_what_to_do() {
    for (index, code) in CODES.iter().enumerate() {
        assert!(!code.title.is_empty() && code.fix.ends_with('.'), "{}", code.name);
        assert!(code.seen != Seen::Guess || code.severity == Severity::Notice, "{} is a guess", code.name);
        assert!(CODES[..index].iter().all(|other| other.name != code.name), "{} twice", code.name);
    }
}
