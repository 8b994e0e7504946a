//! Batches: only visible changes move the revision, and the order of objects does not matter.

use proptest::prelude::*;

use super::world::*;
use crate::domain::{
    association::AssociationDetail,
    change::Change,
    fact::Fact,
    id::PodId,
    inventory::Inventory,
    permission::RoleDetail,
    workload::{Environment, EnvironmentSource, SourceId, Value, WorkloadId, WorkloadKind},
};

#[test]
fn an_answer_that_repeats_what_is_known_moves_nothing() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    let revision = world.inventory.revision();
    let agent = world.inventory.pod(&PodId::new("kube-system", "eks-pod-identity-agent-n1")).cloned().unwrap();
    let again = vec![
        Change::Pods(Fact::Known(vec![agent, pod("shop/web-1", "web", "n1", vec![irsa("app", "web")])])),
        Change::ServiceAccounts(Fact::Known(vec![account("shop/web", Some(arn("web")))])),
        Change::Roles(Fact::Known(vec![role("web", &irsa_trust("shop:web"))])),
        Change::Cluster(Fact::Known(cluster())),
        Change::PodGone(PodId::new("shop", "nobody")),
    ];
    assert!(!world.apply(again));
    assert_eq!(world.inventory.revision(), revision);
}

#[test]
fn a_re_list_swaps_at_once_and_drops_what_is_gone() {
    let mut world = World::new();
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert!(world.apply(vec![Change::Pods(Fact::Known(vec![pod("shop/web-2", "web", "n1", vec![plain("app")])]))]));
    assert!(world.inventory.pod(&PodId::new("shop", "web-1")).is_none());
    assert_eq!(world.inventory.pods().len(), 1);
    assert!(world.apply(vec![Change::Pods(Fact::Unknown(denied("list pods")))]), "that it failed is seen");
    assert_eq!(world.inventory.pods().len(), 1);
}

#[test]
fn replicas_share_their_spec_and_their_answer() {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    for index in 0..3 {
        world.pod(&format!("shop/web-{index}"), "web", vec![irsa("app", "web")]);
    }
    let rows = world.inventory.pods_of_service_account(&sa("shop/web"));
    assert!(rows.iter().all(|row| std::sync::Arc::ptr_eq(&row.resolution, &rows[0].resolution)));
    let spec = |index| &world.inventory.pod(&PodId::new("shop", format!("web-{index}").as_str())).unwrap().spec;
    assert!(std::sync::Arc::ptr_eq(spec(0), spec(2)));
}

#[test]
fn a_changed_association_touches_only_its_own_pods() {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.pod("shop/web-1", "web", vec![plain("app")]);
    world.pod("shop/api-1", "api", vec![plain("app")]);
    let before = world.inventory.resolution(&PodId::new("shop", "api-1")).cloned().unwrap();
    world.associate("shop/web", "web");
    let after = world.inventory.resolution(&PodId::new("shop", "api-1")).cloned().unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, &after));
    assert!(world.found("shop/web-1").drift);
}

/// Changes of different objects: an IRSA pod, a Pod Identity pod, one that drifts, one on a node of its own.
pub(super) fn changes() -> Vec<Change> {
    let mut changes = base();
    changes.retain(|change| {
        !matches!(
            change,
            Change::Roles(_)
                | Change::Associations(_)
                | Change::ServiceAccounts(_)
                | Change::Nodes(_)
                | Change::Pods(_)
                | Change::Namespaces(_)
        )
    });
    changes.extend(node("n1", &[], options(true, 1)));
    changes.extend(node("n2", &[("eks.amazonaws.com/nodegroup", "ng")], options(false, 2)));
    let detail = AssociationDetail { role_arn: arn("pi"), ..detail(ago(jiff::SignedDuration::from_hours(2))) };
    let mut agent = pod("kube-system/eks-pod-identity-agent-n1", "eks-pod-identity-agent", "n1", vec![]);
    agent.workload.kind = WorkloadKind::DaemonSet;
    changes.extend([
        Change::Roles(Fact::Known(vec![role("web", &irsa_trust("shop:web")), role("pi", &good_pod_trust())])),
        Change::Associations(Fact::Known(vec![
            association("shop/api", Fact::Known(detail.clone())),
            association("gone/nobody", Fact::Known(detail)),
        ])),
        Change::ServiceAccounts(Fact::Known(vec![account("shop/web", Some(arn("web"))), account("shop/api", None)])),
        Change::Pod(agent),
        Change::Pod(pod("shop/web-1", "web", "n1", vec![irsa("app", "web")])),
        Change::Pod(pod("shop/api-1", "api", "n1", vec![pod_identity("app")])),
        Change::Pod(pod("shop/api-2", "api", "n2", vec![plain("app")])),
        Change::Pod(pod("shop/free-1", "free", "n2", vec![plain("app")])),
        Change::Pod(pod("shop/lost-1", "free", "n9", vec![plain("app")])),
    ]);
    changes.extend(more());
    changes
}

/// The facts that are asked for one by one, and those that only findings rest on.
fn more() -> Vec<Change> {
    let source = SourceId { namespace: "shop".into(), name: "settings".into(), prefix: "".into() };
    let mut app = irsa("app", "web");
    app.environment_sources = vec![EnvironmentSource { prefix: "".into(), name: "settings".into(), secret: false }];
    let template = spec("web", vec![container("app", &[("AWS_PROFILE", "dev")], &[])]);
    let late = WorkloadId { namespace: "shop".into(), kind: WorkloadKind::Deployment, name: "late".into() };
    let variables = [("AWS_EC2_METADATA_DISABLED".into(), Value::Text("true".into()))];
    vec![
        Change::Namespaces(Fact::Known(vec!["empty".into()])),
        Change::Pod(pod("shop/late-1", "web", "n1", vec![irsa("app", "web")])),
        Change::Template(late, Fact::Known(template.into())),
        Change::Pod(pod("shop/taking-1", "web", "n2", vec![app])),
        Change::ConfigMap(source, Fact::Known(Environment::new(variables))),
        Change::RoleDetail("web".into(), RoleDetail::with_policies_of_aws(&["AmazonS3ReadOnlyAccess"])),
        Change::AccessEntries(Fact::Known(vec![])),
        Change::FargateProfiles(Fact::Known(vec!["serverless".into()])),
        Change::VpcEndpoints(Fact::Unknown(denied("ec2:DescribeVpcEndpoints"))),
    ]
}

/// Everything that lists, findings and gaps show, in an order that does not change.
fn seen(inventory: &Inventory) -> Vec<String> {
    fn lines<T: std::fmt::Debug>(rows: Vec<T>) -> Vec<String> {
        let mut lines: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        lines.sort_unstable();
        lines
    }
    [
        lines(inventory.pods()),
        lines(inventory.workloads()),
        lines(inventory.service_accounts()),
        lines(inventory.namespaces()),
        lines(inventory.roles()),
        lines(inventory.associations()),
        lines(inventory.nodes()),
        lines(inventory.findings()),
        lines(inventory.gaps()),
        lines(vec![inventory.wanted()]),
        lines(vec![inventory.counts()]),
    ]
    .concat()
}

fn applied(changes: Vec<Change>, batch: usize) -> Vec<String> {
    let mut world = World::empty();
    for batch in changes.chunks(batch) {
        world.apply(batch.to_vec());
    }
    seen(&world.inventory)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn changes_of_different_objects_may_come_in_any_order(order in Just(changes()).prop_shuffle(), batch in 1_usize..6) {
        prop_assert_eq!(applied(order, batch), applied(changes(), usize::MAX));
    }
}
