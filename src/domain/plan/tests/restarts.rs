//! Restarts: the canary, what the workload's own strategy and budgets say, and what is never restarted.

use pretty_assertions::assert_eq;

use super::{
    found,
    world::{self, arn, inventory_with, workload},
};
use crate::domain::{
    change::Change,
    fact::Fact,
    failure::{Failure, FailureKind},
    inventory::Inventory,
    plan::{
        Call, Plan,
        restart::{self, Canary},
    },
    rollout::{Budget, Carried, Rollout, Strategy},
    workload::{WorkloadId, WorkloadKind},
};

fn api_service() -> WorkloadId {
    workload("api-service", WorkloadKind::Deployment, "api-service")
}

/// api-service with an association that its pods do not have yet.
fn associated(more: Vec<Change>) -> Inventory {
    let made = world::association("a-api", "api-service/api-service", "api-service-development-eu-west-1", None);
    let mut changes = vec![
        Change::AssociationsOf(world::sa("api-service/api-service"), vec![made.clone()]),
        Change::AssociationDetail("a-api".into(), made.detail),
    ];
    changes.extend(more);
    inventory_with(changes)
}

fn rollout(strategy: Strategy, budgets: Vec<Budget>) -> Change {
    let rollout = Rollout { replicas: 2, strategy, paused: false, budgets: Ok(budgets) };
    Change::Rollout(api_service(), Fact::Known(rollout))
}

fn rolling() -> Strategy {
    Strategy::Rolling { unavailable: "25%".into(), surge: "25%".into(), partition: 0 }
}

fn plan(inventory: &Inventory) -> Plan {
    restart::plan(inventory, &api_service(), Canary::First).unwrap()
}

#[test]
fn one_pod_is_evicted_before_the_others_and_its_successor_has_to_carry_the_new_identity() {
    let plan = plan(&associated(vec![rollout(rolling(), Vec::new())]));
    let Call::EvictPod { pod, uid, expects, .. } = &plan.steps[0].call else { panic!("{:?}", plan.steps[0]) };
    assert_eq!((pod.name.as_str(), expects), ("api-service-a", &Some(Carried::PodIdentity)));
    assert!(!uid.as_str().is_empty());
    let expects = Some(Carried::PodIdentity);
    assert_eq!(plan.steps[1].call, Call::RestartWorkload { workload: api_service(), expects });
    assert_eq!(plan.restarted(), [api_service()]);
    assert_eq!(
        plan.steps[0].command,
        "echo '{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"api-service-a\",\
         \"namespace\":\"api-service\"}}' | kubectl --context 'prod eu' create --raw \
         /api/v1/namespaces/api-service/pods/api-service-a/eviction -f -"
    );
}

#[test]
fn a_single_replica_is_never_evicted() {
    let plan =
        restart::plan(&inventory_with(vec![]), &workload("payments", WorkloadKind::Deployment, "api"), Canary::First)
            .unwrap();
    let expects = Some(Carried::Irsa { role_arn: arn("payments-api") });
    assert_eq!(plan.steps.len(), 1);
    assert!(matches!(&plan.steps[0].call, Call::RestartWorkload { expects: found, .. } if *found == expects));
}

#[test]
fn without_a_canary_the_workload_restarts_at_once() {
    let plan = restart::plan(&associated(Vec::new()), &api_service(), Canary::None).unwrap();
    let [only] = &plan.steps[..] else { panic!("{:#?}", plan.steps) };
    assert!(matches!(only.call, Call::RestartWorkload { expects: Some(Carried::PodIdentity), .. }));
}

#[test]
fn strategy_and_budgets_are_shown_and_unread_ones_are_unknown() {
    let budget = Budget { name: "api-service".into(), rule: "at least 1 there".into(), allowed: Some(1) };
    let known = plan(&associated(vec![rollout(rolling(), vec![budget])]));
    assert_eq!(known.refusal(), None);
    assert_eq!(found(&known, "strategy").detail, "RollingUpdate, at most 25% away, 25% more");
    assert_eq!(found(&known, "budgets").detail, "api-service: at least 1 there, 1 may go now");
    let loading = plan(&associated(Vec::new()));
    assert_eq!((found(&loading, "strategy").ok, found(&loading, "budgets").ok), (None, None));
    assert!(loading.is_answered_by(&known), "the answer makes no other plan of it");
    let denied = Failure::new(FailureKind::Denied, "cannot list budgets", "forbidden", "Ask");
    let unread = Rollout { replicas: 2, strategy: rolling(), paused: false, budgets: Err(Box::new(denied)) };
    let unread = plan(&associated(vec![Change::Rollout(api_service(), Fact::Known(unread))]));
    assert_eq!(found(&unread, "budgets").ok, None);
    assert_eq!(found(&unread, "budgets").detail, "cannot list budgets: forbidden");
}

#[test]
fn a_budget_that_lets_nothing_go_is_said() {
    let budget = Budget { name: "api-service".into(), rule: "at most 0 away".into(), allowed: Some(0) };
    let plan = plan(&associated(vec![rollout(rolling(), vec![budget])]));
    assert_eq!((found(&plan, "budgets").ok, plan.refusal()), (Some(false), None));
}

#[test]
fn what_replaces_no_pods_is_not_restarted() {
    let on_delete = plan(&associated(vec![rollout(Strategy::OnDelete, Vec::new())]));
    assert!(on_delete.refusal().unwrap().detail.starts_with("OnDelete"));
    let paused = Rollout { replicas: 2, strategy: rolling(), paused: true, budgets: Ok(Vec::new()) };
    let paused = plan(&associated(vec![Change::Rollout(api_service(), Fact::Known(paused))]));
    assert!(paused.refusal().unwrap().detail.starts_with("it is paused"));
}
