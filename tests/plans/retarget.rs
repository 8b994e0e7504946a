//! Changes of associations while the world changes too.

use rolecall::{
    domain::{
        failure::FailureKind,
        inventory::Inventory,
        plan::{
            Call, Plan,
            associate::{self, AssociateRequest},
            retarget::{RetargetRequest, plan},
            trust::Narrow,
        },
    },
    sim::fault::Fault,
};

use crate::bench::{Bench, arn, sa, start};

const QUERY: &str = "search/query-api";

fn planned(inventory: &Inventory, request: RetargetRequest) -> Plan {
    let plan = plan(inventory, &request, start()).unwrap();
    assert_eq!(plan.refusal(), None);
    plan
}

fn request() -> RetargetRequest {
    RetargetRequest::new(sa(QUERY))
}

/// Role, target role, session tags off, session policy, tags.
type Found = (String, Option<String>, bool, Option<String>, Vec<(String, String)>);

fn association(bench: &Bench) -> Found {
    bench.world.aws.with(|state| {
        let mut found = state.associations.values().filter_map(|one| one.latest());
        let one = found.find(|one| format!("{}/{}", one.namespace, one.service_account) == QUERY).unwrap();
        let tags = one.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        (one.role_arn.clone(), one.target_role_arn.clone(), one.disable_session_tags, one.policy.clone(), tags)
    })
}

fn everything() -> RetargetRequest {
    RetargetRequest {
        role_arn: Some(arn("acme-payments-api")),
        target_role_arn: Some(Some("arn:aws:iam::444455556666:role/data".into())),
        disable_session_tags: Some(true),
        policy: Some(Some(r#"{"Version":"2012-10-17","Statement":[]}"#.into())),
        tags: vec![("team".into(), "search".into())],
        ..request()
    }
}

#[tokio::test(start_paused = true)]
async fn every_setting_is_changed_and_the_inverse_brings_each_back() {
    let bench = Bench::demo().await;
    let before = association(&bench);
    let there = planned(&bench.look().await, everything());
    bench.perform(&there).await.unwrap();
    assert_eq!(bench.changes(), ["eks:UpdatePodIdentityAssociation", "eks:TagResource"]);
    let (role, target, off, policy, tags) = association(&bench);
    assert_eq!((role.as_str(), off), (arn("acme-payments-api").as_str(), true));
    assert_eq!(target.as_deref(), Some("arn:aws:iam::444455556666:role/data"));
    assert_eq!(policy.as_deref(), Some(r#"{"Version":"2012-10-17","Statement":[]}"#));
    assert_eq!(tags, [("team".to_owned(), "search".to_owned())]);
    let mut back = there.clone();
    for step in &mut back.steps {
        match &mut step.call {
            Call::UpdatePodIdentityAssociation { before, after, .. } => std::mem::swap(before, after),
            Call::TagAssociation { before, after, .. } => std::mem::swap(before, after),
            _ => {}
        }
    }
    bench.perform(&back).await.unwrap();
    assert_eq!(association(&bench), before);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_somebody_else_stops_the_plan_and_is_shown() {
    let bench = Bench::demo().await;
    let plan = planned(&bench.look().await, RetargetRequest { role_arn: Some(arn("acme-payments-api")), ..request() });
    let now = bench.world.clock.now();
    bench.world.aws.with(|state| {
        let one = state
            .associations
            .values_mut()
            .find(|one| one.latest().is_some_and(|one| one.service_account == "query-api"));
        one.unwrap().change(now, |one| one.role_arn = arn("api-service-development-eu-west-1").to_string());
    });
    let failure = bench.perform(&plan).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert_eq!(
        failure.difference.as_deref(),
        Some(
            "- roleArn  arn:aws:iam::111122223333:role/acme-search-query\n\
             + roleArn  arn:aws:iam::111122223333:role/api-service-development-eu-west-1\n"
        )
    );
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_somebody_else_set_is_not_overwritten() {
    let bench = Bench::demo().await;
    let plan =
        planned(&bench.look().await, RetargetRequest { tags: vec![("team".into(), "search".into())], ..request() });
    let now = bench.world.clock.now();
    bench.world.aws.with(|state| {
        let one = state
            .associations
            .values_mut()
            .find(|one| one.latest().is_some_and(|one| one.service_account == "query-api"));
        one.unwrap().change(now, |one| drop(one.tags.insert("team".to_owned(), "platform".to_owned())));
    });
    let failure = bench.perform(&plan).await.unwrap_err();
    assert_eq!((failure.kind, failure.difference.as_deref()), (FailureKind::Conflict, Some("+ team=platform\n")));
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_as_wanted_already_is_not_sent_again() {
    let bench = Bench::demo().await;
    let plan = planned(&bench.look().await, everything());
    bench.perform(&plan).await.unwrap();
    bench.perform(&plan).await.unwrap();
    assert_eq!(bench.changes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn throttling_and_server_errors_end_in_one_change() {
    let bench = Bench::demo().await;
    let plan = planned(&bench.look().await, everything());
    for fault in ["eks:UpdatePodIdentityAssociation=throttle@2", "eks:TagResource=500@2"] {
        bench.world.faults.add(fault.parse::<Fault>().unwrap());
    }
    bench.perform(&plan).await.unwrap();
    assert_eq!(association(&bench).0, arn("acme-payments-api").as_str());
}

#[tokio::test(start_paused = true)]
async fn the_trust_policy_is_edited_first_and_eks_is_asked_until_it_sees_the_edit() {
    let bench = Bench::demo().await;
    bench.world.aws.with(|state| state.delays.iam = jiff::SignedDuration::from_secs(20));
    let request = AssociateRequest {
        fix_trust: Some(Narrow::Cluster),
        ..AssociateRequest::new(sa("checkout/web"), arn("acme-data-warehouse-v2"))
    };
    let plan = associate::plan(&bench.look().await, &request, start()).unwrap();
    assert_eq!((plan.refusal(), plan.steps.len()), (None, 2));
    bench.perform(&plan).await.unwrap();
    assert!(bench.trust("acme-data-warehouse-v2").contains("pods.eks.amazonaws.com"));
    let accepted: Vec<String> = bench
        .world
        .aws
        .calls()
        .into_iter()
        .filter(|call| call.mutating && call.status == 200)
        .map(|call| call.action)
        .collect();
    assert_eq!(accepted, ["iam:UpdateAssumeRolePolicy", "eks:CreatePodIdentityAssociation"]);
}

#[tokio::test(start_paused = true)]
async fn an_association_that_appears_meanwhile_is_left_as_it_is() {
    let bench = Bench::demo().await;
    let web = |role: &str| AssociateRequest::new(sa("checkout/web"), arn(role));
    let look = bench.look().await;
    let ours = associate::plan(&look, &web("acme-search-query"), start()).unwrap();
    let theirs = associate::plan(&look, &web("acme-payments-api"), start()).unwrap();
    bench.perform(&theirs).await.unwrap();
    let failure = bench.perform(&ours).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(failure.why.contains("Association already exists"), "{failure}");
    let roles: Vec<String> = bench.world.aws.with(|state| {
        let found = state.associations.values().filter_map(|one| one.latest());
        found.filter(|one| one.service_account == "web").map(|one| one.role_arn.clone()).collect()
    });
    assert_eq!(roles, [arn("acme-payments-api").to_string()]);
}
