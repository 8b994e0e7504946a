//! A missing permission degrades facts to unknown, never to absent or broken (identity-resolution 6.4).

use proptest::prelude::*;

use super::{incremental::changes, world::*};
use crate::domain::{
    change::Change,
    fact::Fact,
    finding::Severity,
    identity::{Identity, Mechanism, Verdict},
};

/// The same answer as it is when its permission is missing; `None` for what needs none.
fn refused(change: &Change) -> Option<Change> {
    Some(match change {
        Change::Cluster(_) => Change::Cluster(Fact::Unknown(denied("eks:DescribeCluster"))),
        Change::Caller(_) => Change::Caller(Fact::Unknown(denied("sts:GetCallerIdentity"))),
        Change::Webhooks(_) => Change::Webhooks(Fact::Unknown(denied("list mutatingwebhookconfigurations"))),
        Change::NetworkPolicies(_) => Change::NetworkPolicies(Fact::Unknown(denied("list networkpolicies"))),
        Change::SecurityGroupPolicies(_) => {
            Change::SecurityGroupPolicies(Fact::Unknown(denied("list securitygrouppolicies")))
        }
        Change::SecretStores(_) => Change::SecretStores(Fact::Unknown(denied("list secretstores"))),
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
        _ => return None,
    })
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

fn errors(world: &World) -> Vec<String> {
    let findings = world.inventory.findings().into_iter().filter(|finding| finding.severity == Severity::Error);
    findings.map(|finding| finding.key()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn removing_permissions_leaves_facts_as_they_were_or_unknown_and_adds_no_error(lost in any::<u32>()) {
        let full = world_of(changes());
        let take = |(index, change): (usize, Change)| match refused(&change) {
            Some(gap) if lost & (1 << (index % 32)) != 0 => gap,
            _ => change,
        };
        let less = world_of(changes().into_iter().enumerate().map(take).collect());
        for row in full.inventory.pods() {
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
