//! Forty service accounts that share ten roles move from IRSA to EKS Pod Identity, stop half-way, go on, leave IRSA
//! behind, and come back, while pods come and go all the time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/bench.rs"]
mod bench;
#[path = "migration/pods.rs"]
mod pods;
#[path = "migration/world.rs"]
mod world;

use std::{collections::BTreeSet, time::Duration};

use bench::Bench;
use jiff::SignedDuration;
use rolecall::{
    domain::{
        inventory::Inventory,
        journal::{RecordState, StepState},
        plan::{
            Call, Plan,
            migrate::{self, MigrateRequest, Stage, Which},
            restart::Canary,
            resume, undo,
        },
    },
    runtime::perform::{Operation, Progress},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    pods::Started,
    world::{ACCOUNTS, ROLES, objects, roles},
};

async fn bench() -> Bench {
    let mut bench = Bench::of(world::migrating()).await;
    // Longer than the webhook of this world needs to hear of an association.
    bench.performer.settle = Duration::from_secs(3);
    tokio::spawn(bench.world.controllers());
    bench
}

fn planned(bench: &Bench, inventory: &Inventory, stage: Stage) -> Plan {
    let request = MigrateRequest { which: Which::All, stage, soak: SignedDuration::ZERO, canary: Canary::First };
    let plan = migrate::plan(inventory, &request, bench.clock.now()).unwrap();
    assert_eq!(plan.refusal(), None, "{stage:?}");
    plan
}

async fn perform(bench: &Bench, id: &str, plan: &Plan) {
    let done = bench.performer.perform(Operation { id, plan }, &CancellationToken::new(), |_, _| {}).await;
    done.unwrap_or_else(|failure| panic!("{id}: {failure}"));
    tokio::time::sleep(Duration::from_secs(30)).await;
}

async fn back(bench: &Bench, id: &str) {
    let inventory = bench.look().await;
    let record = bench.performer.journal.history().unwrap().record(id).unwrap().clone();
    let plan = undo::plan(&inventory, &record, bench.clock.now()).unwrap();
    assert_eq!(plan.refusal(), None, "{id}");
    perform(bench, &format!("undo-of-{id}"), &plan).await;
}

/// Stops when half of the steps are done, as Ctrl-c does, and goes on another time.
async fn with_a_stop_half_way(bench: &Bench, plan: &Plan) {
    let (stop, half) = (CancellationToken::new(), plan.steps.len() / 2);
    let told = |index: usize, progress: Progress<'_>| {
        if index == half && matches!(progress, Progress::Done) {
            stop.cancel();
        }
    };
    let stopped = bench.performer.perform(Operation { id: "move", plan }, &stop, told).await;
    assert!(stopped.is_err());
    let record = bench.performer.journal.history().unwrap().record("move").unwrap().clone();
    assert_eq!(record.state(), RecordState::Interrupted);
    assert!(record.states()[..=half].iter().all(|state| *state == StepState::Done));
    assert!(record.states()[half + 1..].iter().all(|state| *state != StepState::Done));
    let rest = resume::plan(&bench.look().await, &record).unwrap();
    perform(bench, "rest", &rest).await;
    assert_eq!(bench.performer.journal.history().unwrap().record("move").unwrap().state(), RecordState::Done);
}

fn count(plan: &Plan, is: impl Fn(&Call) -> bool) -> usize {
    plan.steps.iter().filter(|step| is(&step.call)).count()
}

/// The statements of a trust policy.
fn statements(trust: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(trust).unwrap();
    document["Statement"].as_array().unwrap().clone()
}

/// The old statements stay, and what is new is there once: one a namespace, which lists its service accounts.
fn widened(before: &str, after: &str) {
    let (old, new) = (statements(before), statements(after));
    assert_eq!(new[..old.len()], old, "the old statements stay in their places");
    let added: Vec<(String, BTreeSet<String>)> = new[old.len()..]
        .iter()
        .map(|one| &one["Condition"]["StringEquals"])
        .map(|equals| {
            let names = &equals["aws:RequestTag/kubernetes-service-account"];
            let names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
            (equals["aws:RequestTag/kubernetes-namespace"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect();
    let listed: usize = added.iter().map(|(_, names)| names.len()).sum();
    assert_eq!((added.len(), listed), (2, ACCOUNTS / ROLES), "{added:?}");
    let distinct: BTreeSet<String> = new.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), new.len(), "no statement is there twice");
}

#[tokio::test(start_paused = true)]
async fn forty_service_accounts_that_share_ten_roles_move_and_come_back() {
    let bench = bench().await;
    let (roles_before, objects_before) = (roles(&bench.world), objects(&bench.world));
    let started = Started::watch(&bench.world);
    let churn = tokio::spawn(pods::churn(bench.world.clone()));

    let plan = planned(&bench, &bench.first, Stage::Move);
    assert_eq!(count(&plan, |call| matches!(call, Call::UpdateAssumeRolePolicy { .. })), ROLES, "one write a role");
    assert_eq!(count(&plan, |call| matches!(call, Call::CreatePodIdentityAssociation { .. })), ACCOUNTS);
    assert_eq!(count(&plan, |call| matches!(call, Call::RestartWorkload { .. })), ACCOUNTS);
    with_a_stop_half_way(&bench, &plan).await;
    churn.abort();
    tokio::time::sleep(Duration::from_secs(30)).await;

    let moved = roles(&bench.world);
    for (name, (before, rest)) in &roles_before {
        let (after, other) = &moved[name];
        assert_eq!(other, rest, "{name}: every other field");
        if name.starts_with("app-") { widened(before, after) } else { assert_eq!(after, before, "{name}") }
    }
    world::same(&objects(&bench.world), &objects_before, "service accounts and workloads are as they were");
    assert_eq!(world::associations(&bench.world), world::wanted());
    let accepted = |action: &str| bench.world.aws.calls().iter().filter(|call| call.action == action).count();
    assert_eq!(accepted("iam:UpdateAssumeRolePolicy"), ROLES);
    assert_eq!(accepted("eks:CreatePodIdentityAssociation"), ACCOUNTS);
    started.every_pod_had_an_identity(2 * ACCOUNTS);
    assert_eq!(pods::identities(&bench.world), BTreeSet::from(["pod-identity".to_owned()]));

    leaves_irsa_behind_and_returns(&bench).await;
    back(&bench, "move").await;
    assert_eq!(roles(&bench.world), roles_before, "every trust policy, byte for byte");
    world::same(&objects(&bench.world), &objects_before, "everything is back");
    assert_eq!(world::associations(&bench.world).len(), 0);
    started.every_pod_had_an_identity(2 * ACCOUNTS);
}

/// The annotations go, then the statements of this cluster's tokens, and both return.
async fn leaves_irsa_behind_and_returns(bench: &Bench) {
    let (moved, annotated) = (roles(&bench.world), objects(&bench.world));
    perform(bench, "annotations", &planned(bench, &bench.look().await, Stage::RemoveAnnotations)).await;
    world::same(&objects(&bench.world), &world::without_annotation(&annotated), "nothing else of them");
    let plan = planned(bench, &bench.look().await, Stage::RemoveStatements);
    assert_eq!(plan.steps.len(), ROLES, "one write a role");
    perform(bench, "statements", &plan).await;
    for (name, (trust, _)) in roles(&bench.world).iter().filter(|(name, _)| name.starts_with("app-")) {
        let left: Vec<Value> =
            statements(&moved[name].0).into_iter().filter(|one| !world::is_for_our_tokens(one)).collect();
        assert_eq!(statements(trust), left, "{name}: the other cluster's statements stay");
        assert_eq!(left.len(), statements(&moved[name].0).len() - 1, "{name}");
    }
    back(bench, "statements").await;
    assert_eq!(roles(&bench.world), moved);
    back(bench, "annotations").await;
    world::same(&objects(&bench.world), &annotated, "annotated again");
}
