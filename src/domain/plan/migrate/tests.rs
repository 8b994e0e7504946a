use pretty_assertions::assert_eq;

use super::*;
use crate::domain::{
    change::Change,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::PodId,
    identity::Verdict as Proven,
    plan::tests::world::{self, arn, inventory, inventory_with, now, sa},
    proof::{Step, Whom, intend, refused as refusal_of},
};

fn request(which: Which, stage: Stage) -> MigrateRequest {
    MigrateRequest { which, stage, soak: SOAK, canary: Canary::First }
}

fn only(id: &str) -> Which {
    Which::Accounts(vec![sa(id)])
}

fn moved(inventory: &Inventory, which: Which) -> Plan {
    plan(inventory, &request(which, Stage::Move), now()).unwrap()
}

/// What an annotated service account of this name is refused for.
fn refused(inventory: &Inventory, id: &str) -> String {
    moved(inventory, only(id)).refusal().map(|refusal| refusal.detail.clone()).unwrap_or_default()
}

fn annotated(id: &str, role: &str) -> Change {
    Change::ServiceAccount(world::service_account(id, Some(arn(role)), &[]))
}

#[test]
fn trust_comes_before_the_association_and_that_before_the_restart() {
    let plan = moved(&inventory(), only("payments/api"));
    assert_eq!(plan.refusal(), None, "{:#?}", plan.preconditions);
    let calls: Vec<&Call> = plan.steps.iter().map(|step| &step.call).collect();
    let [
        Call::UpdateAssumeRolePolicy { role_arn, before, after },
        Call::CreatePodIdentityAssociation { service_account, disable_session_tags: false, .. },
        Call::RestartWorkload { expects: Some(Carried::PodIdentity), .. },
    ] = calls[..]
    else {
        panic!("{calls:#?}")
    };
    assert_eq!((role_arn, service_account), (&arn("payments-api"), &sa("payments/api")));
    assert!(after.contains("pods.eks.amazonaws.com") && after.contains("kubernetes-service-account"), "{after}");
    let (old, new): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(before).unwrap(), serde_json::from_str(after).unwrap());
    assert_eq!(new["Statement"][0], old["Statement"][0], "IRSA goes on working");
    assert!(plan.inverse.contains("The gap"), "{}", plan.inverse);
}

#[test]
fn service_accounts_that_share_a_role_share_one_write_and_one_statement_a_namespace() {
    let more = ["payments/web", "payments/job", "web/front"].map(|id| annotated(id, "payments-api"));
    let plan = moved(&inventory_with(more.into()), Which::All);
    let writes: Vec<&str> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.call {
            Call::UpdateAssumeRolePolicy { after, .. } => Some(after.as_str()),
            _ => None,
        })
        .collect();
    let [after] = writes[..] else { panic!("{writes:#?}") };
    let document: serde_json::Value = serde_json::from_str(after).unwrap();
    let statements = document["Statement"].as_array().unwrap();
    let listed: Vec<(&str, serde_json::Value)> = statements[1..]
        .iter()
        .map(|one| &one["Condition"]["StringEquals"])
        .map(|equals| {
            let namespace = equals["aws:RequestTag/kubernetes-namespace"].as_str().unwrap();
            (namespace, equals["aws:RequestTag/kubernetes-service-account"].clone())
        })
        .collect();
    assert_eq!(listed, [("payments", serde_json::json!(["api", "job", "web"])), ("web", "front".into())]);
}

#[test]
fn edits_that_fit_alone_and_not_together_are_told() {
    let annotate =
        |number: usize| annotated(&format!("payments/a-service-account-with-a-long-name-{number}"), "payments-api");
    let plan = moved(&inventory_with((1..=40).map(annotate).collect()), Which::Namespace("payments".into()));
    let what = "the trust policy of payments-api is short enough";
    let length = plan.preconditions.iter().find(|one| one.what == what).unwrap();
    assert_eq!(length.ok, None, "an account may have raised its quota");
    assert!(length.detail.contains(" of 2048 characters: "), "{}", length.detail);
    let alone = moved(&inventory(), only("payments/api"));
    assert!(!alone.preconditions.iter().any(|one| one.what == what), "{:#?}", alone.preconditions);
}

#[test]
fn the_default_service_account_and_the_roles_of_other_accounts_are_left_alone() {
    let default = inventory_with(vec![annotated("payments/default", "payments-api")]);
    assert!(refused(&default, "payments/default").contains("every pod of the namespace"));
    let elsewhere: RoleArn = "arn:aws:iam::999988887777:role/x".into();
    let account = world::service_account("payments/far", Some(elsewhere), &[]);
    let far = inventory_with(vec![Change::ServiceAccount(account)]);
    assert!(refused(&far, "payments/far").contains("999988887777"), "{}", refused(&far, "payments/far"));
}

#[test]
fn pods_on_fargate_and_nodes_without_an_agent_stop_it_before_the_association() {
    let fargate = inventory_with(vec![annotated("web/edge", "payments-api")]);
    assert!(refused(&fargate, "web/edge").contains("Fargate"), "{}", refused(&fargate, "web/edge"));
    let gone = PodId::new("kube-system", "eks-pod-identity-agent-node-a");
    let without = inventory_with(vec![Change::PodGone(gone)]);
    assert!(refused(&without, "payments/api").contains("agent"), "{}", refused(&without, "payments/api"));
}

#[test]
fn an_image_that_tells_an_old_sdk_stops_it() {
    let mut pod = world::pod(
        "payments/api",
        crate::domain::workload::WorkloadKind::Deployment,
        "api",
        "api-1",
        "node-a",
        &world::Injected::Irsa(arn("payments-api")),
    );
    let mut spec = crate::domain::workload::PodSpec::clone(&pod.spec);
    spec.containers[0].image = "public.ecr.aws/aws-cli/aws-cli:2.13.5".into();
    pod.spec = std::sync::Arc::new(spec);
    let old = inventory_with(vec![Change::Pod(pod)]);
    assert!(refused(&old, "payments/api").contains("2.15.0"), "{}", refused(&old, "payments/api"));
}

#[test]
fn what_is_left_out_of_several_is_said_and_the_others_are_planned() {
    let both = inventory_with(vec![annotated("payments/default", "payments-api")]);
    let plan = moved(&both, Which::Namespace("payments".into()));
    assert_eq!((plan.refusal(), plan.subject.as_str()), (None, "payments/api"));
    let left = plan.preconditions.iter().find(|one| one.what == "payments/default can be migrated").unwrap();
    assert_eq!((left.ok, left.required), (Some(false), false));
}

#[test]
fn one_that_does_not_exist_is_refused() {
    let plan = moved(&inventory(), only("payments/none"));
    assert_eq!(plan.refusal().map(|refusal| refusal.what.as_str()), Some("service account payments/none exists"));
}

#[test]
fn the_annotation_goes_only_once_every_replica_has_used_the_association_for_long_enough() {
    let made = world::association("a-api", "payments/api", "payments-api", None);
    let associated = |created: &str| {
        let mut one = made.clone();
        if let Fact::Known(detail) = &mut one.detail {
            detail.modified_at = Some(created.parse().unwrap());
        }
        vec![
            annotated("payments/api", "payments-api"),
            Change::AssociationsOf(sa("payments/api"), vec![one.clone()]),
            Change::AssociationDetail("a-api".into(), one.detail),
        ]
    };
    let old = inventory_with(associated("2026-11-01T00:00:00Z"));
    let request = request(only("payments/api"), Stage::RemoveAnnotations);
    let refusal = plan(&old, &request, now()).unwrap();
    assert!(refusal.refusal().unwrap().detail.contains("0 of 1 pods"), "{:?}", refusal.refusal());
    assert_eq!(next_stage(&old, &only("payments/api")), Stage::RemoveAnnotations);
    assert_eq!(next_stage(&inventory(), &only("payments/api")), Stage::Move);
}

#[test]
fn a_migration_of_nothing_says_so_and_for_whom() {
    let plan = moved(&inventory(), Which::Namespace("batch".into()));
    assert!(plan.is_done_already(), "{:#?}", plan.preconditions);
    assert_eq!(plan.subject, "namespace batch");
}

#[test]
fn a_live_proof_that_aws_refused_keeps_the_old_way() {
    let made = world::association("a-api", "payments/api", "payments-api", None);
    let mut inventory = inventory_with(vec![
        annotated("payments/api", "payments-api"),
        Change::AssociationsOf(sa("payments/api"), vec![made.clone()]),
        Change::AssociationDetail("a-api".into(), made.detail),
    ]);
    assert_eq!(gate::live(&inventory, &sa("payments/api")), None, "nobody proved it");
    let intent = intend(&inventory, &Whom::ServiceAccount(sa("payments/api"))).unwrap();
    let mut failure = Failure::new(
        FailureKind::Denied,
        "EKS Auth gives no credentials",
        "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
        "",
    );
    failure.code = Some("AccessDeniedException".to_owned());
    let proof = refusal_of(&intent, Step::Exchange, &failure, now());
    assert_eq!(proof.proven.verdict, Proven::Broken);
    inventory.apply(vec![Change::Proven(Box::new(proof))], now());
    let gate = gate::live(&inventory, &sa("payments/api")).unwrap();
    assert!(gate.required && gate.ok == Some(false) && gate.detail.contains("pods.eks.amazonaws.com"), "{gate:?}");
}
