//! A missing permission degrades facts to unknown, never to absent or broken (identity-resolution 6.4).

use proptest::prelude::*;

use super::{incremental::changes, world::*};
use crate::domain::{
    change::Change,
    fact::Fact,
    finding::Severity,
    identity::{Identity, Mechanism, State, Verdict},
    permission::RoleDetail,
};

/// The same answer as it is when its permission is missing; `None` for what needs none.
fn refused(change: &Change) -> Option<Change> {
    Some(match change {
        Change::Cluster(_) => Change::Cluster(Fact::Unknown(denied("eks:DescribeCluster"))),
        Change::Caller(_) => Change::Caller(Fact::Unknown(denied("sts:GetCallerIdentity"))),
        Change::Webhooks(_) => Change::Webhooks(Fact::Unknown(denied("list mutatingwebhookconfigurations"))),
        Change::NetworkPolicies(_) => Change::NetworkPolicies(Fact::Unknown(denied("list networkpolicies"))),
        Change::ForeignPolicies(kind, _) => {
            Change::ForeignPolicies(*kind, Fact::Unknown(denied("list ciliumnetworkpolicies")))
        }
        Change::SecurityGroupPolicies(_) => {
            Change::SecurityGroupPolicies(Fact::Unknown(denied("list securitygrouppolicies")))
        }
        Change::SecretStores(_) => Change::SecretStores(Fact::Unknown(denied("list secretstores"))),
        Change::ClusterSecretStores(_) => {
            Change::ClusterSecretStores(Fact::Unknown(denied("list clustersecretstores")))
        }
        Change::NodeClaims(_) => Change::NodeClaims(Fact::Unknown(denied("list nodeclaims"))),
        Change::Ec2NodeClasses(_) => Change::Ec2NodeClasses(Fact::Unknown(denied("list ec2nodeclasses"))),
        Change::AutoNodeClasses(_) => Change::AutoNodeClasses(Fact::Unknown(denied("list nodeclasses"))),
        Change::BucketVolumes(_) => Change::BucketVolumes(Fact::Unknown(denied("list persistentvolumes"))),
        Change::Providers(_) => Change::Providers(Fact::Unknown(denied("iam:ListOpenIDConnectProviders"))),
        Change::ServiceAccounts(_) => Change::ServiceAccounts(Fact::Unknown(denied("list serviceaccounts"))),
        Change::Associations(_) => Change::Associations(Fact::Unknown(denied("eks:ListPodIdentityAssociations"))),
        Change::Roles(_) => Change::Roles(Fact::Unknown(denied("iam:ListRoles"))),
        Change::NodeGroups(_) => Change::NodeGroups(Fact::Unknown(denied("eks:ListNodegroups"))),
        Change::AddOns(_) => Change::AddOns(Fact::Unknown(denied("eks:ListAddons"))),
        Change::Namespaces(_) => Change::Namespaces(Fact::Unknown(denied("list namespaces"))),
        Change::Instance(id, _) => Change::Instance(id.clone(), Fact::Unknown(denied("ec2:DescribeInstances"))),
        Change::InstanceProfile(arn, _) => {
            Change::InstanceProfile(arn.clone(), Fact::Unknown(denied("iam:GetInstanceProfile")))
        }
        Change::AccessEntries(_) => Change::AccessEntries(Fact::Unknown(denied("eks:ListAccessEntries"))),
        Change::FargateProfiles(_) => Change::FargateProfiles(Fact::Unknown(denied("eks:ListFargateProfiles"))),
        Change::VpcEndpoints(_) => Change::VpcEndpoints(Fact::Unknown(denied("ec2:DescribeVpcEndpoints"))),
        Change::ConfigMap(id, _) => Change::ConfigMap(id.clone(), Fact::Unknown(denied("get configmaps"))),
        Change::RoleDetail(name, _) => Change::RoleDetail(name.clone(), unread_detail()),
        // Without its template a workload's next goes by the running pod (0.2); pods are the thing asked for itself.
        _ => return None,
    })
}

/// A role of which nothing but its trust policy may be read.
fn unread_detail() -> RoleDetail {
    RoleDetail {
        about: Fact::Unknown(denied("iam:GetRole")),
        attached: Fact::Unknown(denied("iam:ListAttachedRolePolicies")),
        inline: Fact::Unknown(denied("iam:ListRolePolicies")),
        boundary: None,
    }
}

/// One list for all nodes: who may not read it sees none.
fn without_nodes(changes: Vec<Change>) -> Vec<Change> {
    let mut rest: Vec<Change> = changes.into_iter().filter(|change| !matches!(change, Change::Node(_))).collect();
    rest.push(Change::Nodes(Fact::Unknown(denied("list nodes"))));
    rest
}

fn world_of(changes: Vec<Change>) -> World {
    let mut world = World::empty();
    world.apply(changes);
    world
}

/// As it was, or less of it.
fn is_no_more_than(less: &Identity, full: &Identity) -> bool {
    let mechanism = less.mechanism == full.mechanism || matches!(less.mechanism, Mechanism::Unknown | Mechanism::Mixed);
    let role = less.role_arn.is_none() || less.role_arn == full.role_arn;
    mechanism && role && (less.verdict != Verdict::Broken || full.verdict == Verdict::Broken)
}

#[test]
fn every_fact_that_needs_a_permission_can_be_refused_here() {
    let kept = changes().into_iter().filter(|change| refused(change).is_none());
    let kept: Vec<String> = kept.map(|change| format!("{change:?}")).collect();
    let named = |change: &&String| {
        let known = ["Target(", "Pod(", "Node(", "Namespace(", "Template("];
        !known.iter().any(|kind| change.starts_with(kind))
    };
    assert_eq!(kept.iter().filter(named).collect::<Vec<_>>(), Vec::<&String>::new());
}

fn errors(world: &World) -> Vec<String> {
    let findings = world.inventory.findings().into_iter().filter(|finding| finding.severity == Severity::Error);
    findings.map(|finding| finding.key()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn removing_permissions_leaves_facts_as_they_were_or_unknown_and_adds_no_error(lost in any::<u64>(), nodes in any::<bool>()) {
        let full = world_of(changes());
        let take = |(index, change): (usize, Change)| match refused(&change) {
            Some(gap) if lost & (1 << (index % 64)) != 0 => gap,
            _ => change,
        };
        let fewer: Vec<Change> = changes().into_iter().enumerate().map(take).collect();
        let less = world_of(if nodes { fewer } else { without_nodes(fewer) });
        // What is still loading is no fact yet.
        for row in full.inventory.pods().into_iter().filter(|row| row.resolution.state != State::Loading) {
            let Some(found) = less.inventory.resolution(&row.id) else { continue };
            for (fewer, all) in found.containers.iter().zip(&row.resolution.containers) {
                prop_assert!(is_no_more_than(&fewer.now, &all.now), "now of {}: {:?} from {:?}", row.id.name, fewer.now, all.now);
                prop_assert!(is_no_more_than(&fewer.next, &all.next), "next of {}: {:?} from {:?}", row.id.name, fewer.next, all.next);
            }
        }
        let known = errors(&full);
        for error in errors(&less) {
            prop_assert!(known.contains(&error), "{error} is new");
        }
    }
}
