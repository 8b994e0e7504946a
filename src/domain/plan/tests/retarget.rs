//! Changes of an association that exists, by the rules of identity-resolution 4.3 and 4.4.

use pretty_assertions::assert_eq;

use super::{
    found,
    world::{EC2_TRUST, arn, association, inventory, inventory_with, now, role, sa, workload},
};
use crate::domain::{
    association::Settings,
    change::Change,
    fact::Fact,
    failure::FailureKind,
    inventory::Inventory,
    plan::{
        Call, Confirmation, Plan, PlanKind,
        retarget::{RetargetRequest, plan},
        trust::Narrow,
    },
    workload::WorkloadKind,
};

fn request() -> RetargetRequest {
    RetargetRequest::new(sa("search/indexer"))
}

fn planned(inventory: &Inventory, request: &RetargetRequest) -> Plan {
    plan(inventory, request, now()).unwrap()
}

fn settings(name: &str) -> Settings {
    Settings { role_arn: arn(name), target_role_arn: None, disable_session_tags: false, policy: None }
}

#[test]
fn another_role_is_one_call_and_running_pods_are_told_when_they_notice() {
    let wanted = RetargetRequest { role_arn: Some(arn("api-service-development-eu-west-1")), ..request() };
    let plan = planned(&inventory(), &wanted);
    assert_eq!((plan.kind, plan.subject.as_str(), plan.refusal()), (PlanKind::Retarget, "search/indexer", None));
    assert_eq!(
        plan.steps[0].call,
        Call::UpdatePodIdentityAssociation {
            cluster: "acme-prod".into(),
            association: "a-search".into(),
            service_account: sa("search/indexer"),
            before: settings("search-indexer"),
            after: settings("api-service-development-eu-west-1"),
        }
    );
    assert_eq!(
        plan.steps[0].command,
        "aws eks update-pod-identity-association --region eu-west-1 --cluster-name acme-prod --association-id a-search \
         --role-arn arn:aws:iam::111122223333:role/api-service-development-eu-west-1"
    );
    assert_eq!(
        plan.steps[0].summary,
        "change association a-search of search/indexer: role api-service-development-eu-west-1 instead of search-indexer"
    );
    assert_eq!(
        plan.affects[0].falls_to,
        "pod-identity api-service-development-eu-west-1 after a restart; running pods within 6 h, as their credentials end"
    );
    assert_eq!(plan.restarts, [workload("search", WorkloadKind::StatefulSet, "indexer")]);
    assert_eq!(plan.inverse, "Change association a-search back to role search-indexer");
    assert_eq!(
        (found(&plan, "who else uses role").detail.as_str(), plan.confirmation.clone()),
        ("nobody in this cluster", Confirmation::Enter)
    );
}

#[test]
fn every_setting_reaches_the_command_and_what_is_taken_away_is_an_empty_text() {
    let all = RetargetRequest {
        target_role_arn: Some(Some("arn:aws:iam::444455556666:role/data".into())),
        disable_session_tags: Some(true),
        policy: Some(Some("{}".into())),
        ..request()
    };
    let plan = planned(&inventory(), &all);
    assert!(
        plan.steps[0].command.ends_with(
            " --association-id a-search --target-role-arn arn:aws:iam::444455556666:role/data --disable-session-tags --policy '{}'"
        ),
        "{}",
        plan.steps[0].command
    );
    let mut with = association("a-search", "search/indexer", "search-indexer", None);
    if let Fact::Known(detail) = &mut with.detail {
        detail.target_role_arn = Some("arn:aws:iam::444455556666:role/data".into());
        detail.disable_session_tags = true;
        detail.policy = Some("{}".into());
    }
    let inventory = inventory_with(vec![Change::AssociationDetail("a-search".into(), with.detail)]);
    let none = RetargetRequest {
        target_role_arn: Some(None),
        disable_session_tags: Some(false),
        policy: Some(None),
        ..request()
    };
    let plan = planned(&inventory, &none);
    assert!(
        plan.steps[0].command.ends_with(" --target-role-arn '' --no-disable-session-tags --policy ''"),
        "{}",
        plan.steps[0].command
    );
}

#[test]
fn tags_are_set_and_taken_away_by_calls_of_their_own_and_no_pod_notices() {
    let mut tagged = association("a-search", "search/indexer", "search-indexer", None);
    if let Fact::Known(detail) = &mut tagged.detail {
        detail.tags = [("team", "search"), ("old", "1")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    }
    let inventory = inventory_with(vec![Change::AssociationDetail("a-search".into(), tagged.detail)]);
    let tags = RetargetRequest {
        tags: vec![("team".into(), "search".into()), ("cost".into(), "7".into())],
        untag: vec!["old".into(), "never".into()],
        ..request()
    };
    let plan = planned(&inventory, &tags);
    let commands: Vec<&str> = plan.steps.iter().map(|step| step.command.as_str()).collect();
    let arn = "arn:aws:eks:eu-west-1:111122223333:podidentityassociation/acme-prod/a-search";
    assert_eq!(
        commands,
        [
            format!("aws eks tag-resource --region eu-west-1 --resource-arn {arn} --tags cost=7"),
            format!("aws eks untag-resource --region eu-west-1 --resource-arn {arn} --tag-keys old"),
        ]
    );
    assert_eq!(plan.restarts, []);
    assert!(plan.affects[0].falls_to.ends_with("as now: tags of the association are not seen by pods"));
}

#[test]
fn a_role_that_does_not_let_eks_in_is_refused_or_edited_first() {
    let wanted = RetargetRequest { role_arn: Some(arn("ng-role")), ..request() };
    let plan = planned(&inventory(), &wanted);
    let refusal = plan.refusal().unwrap();
    assert_eq!(refusal.what, "the trust policy admits search/indexer for sts:AssumeRole and sts:TagSession");
    assert!(refusal.detail.ends_with("--fix-trust"), "{refusal:?}");
    assert_eq!(plan.confirmation, Confirmation::Type("search/indexer".into()), "its pods would fail");
    let fixed = planned(&inventory(), &RetargetRequest { fix_trust: Some(Narrow::Cluster), ..wanted });
    assert_eq!(fixed.refusal(), None);
    assert_eq!(fixed.steps.len(), 2);
    assert!(matches!(&fixed.steps[0].call, Call::UpdateAssumeRolePolicy { before, .. } if before == EC2_TRUST));
    assert_eq!(fixed.confirmation, Confirmation::Enter);
    assert!(fixed.affects[0].falls_to.starts_with("pod-identity ng-role after a restart"), "{:?}", fixed.affects);
    assert!(fixed.inverse.ends_with("then write the trust policy again as it was, byte for byte"));
}

#[test]
fn what_eks_would_refuse_is_refused_before_any_call() {
    let long = "x".repeat(3000);
    for (change, rule) in [
        (
            RetargetRequest { role_arn: Some("arn:aws:iam::999988887777:role/x".into()), ..request() },
            "it is in account",
        ),
        (RetargetRequest { role_arn: Some("x".into()), ..request() }, "is not an ARN"),
        (
            RetargetRequest { target_role_arn: Some(Some("arn:aws:s3:::x".into())), ..request() },
            "is not the ARN of an IAM role",
        ),
        (
            RetargetRequest { policy: Some(Some("{}".into())), ..request() },
            "EKS takes one only if session tags are off",
        ),
        (
            RetargetRequest { policy: Some(Some(long)), disable_session_tags: Some(true), ..request() },
            "it has 3000 characters, EKS takes 2048",
        ),
        (RetargetRequest { tags: vec![("aws:x".into(), String::new())], ..request() }, "belong to AWS"),
        (RetargetRequest { role_arn: Some(arn("search-indexer")), ..request() }, "has all of that already"),
    ] {
        let failure = plan(&inventory(), &change, now()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage);
        assert!(failure.to_string().contains(rule), "{failure} / {rule}");
    }
}

#[test]
fn session_tags_cannot_come_back_while_a_session_policy_needs_them_off() {
    let mut with = association("a-search", "search/indexer", "search-indexer", None);
    if let Fact::Known(detail) = &mut with.detail {
        (detail.disable_session_tags, detail.policy) = (true, Some("{}".into()));
    }
    let inventory = inventory_with(vec![Change::AssociationDetail("a-search".into(), with.detail)]);
    let failure =
        plan(&inventory, &RetargetRequest { disable_session_tags: Some(false), ..request() }, now()).unwrap_err();
    assert!(failure.to_string().contains("EKS takes one only if session tags are off"), "{failure}");
}

#[test]
fn an_add_on_s_association_is_left_alone() {
    let wanted =
        RetargetRequest { role_arn: Some(arn("search-indexer")), ..RetargetRequest::new(sa("kube-system/aws-node")) };
    let plan = planned(&inventory(), &wanted);
    assert_eq!(plan.refusal().unwrap().detail, "owned by add-on vpc-cni: change it through the add-on");
}

#[test]
fn what_has_not_been_described_is_not_changed() {
    let mut new = association("a-new", "web/edge", "narrow", None);
    new.detail = Fact::Loading;
    let inventory = inventory_with(vec![Change::AssociationsOf(sa("web/edge"), vec![new])]);
    let wanted = RetargetRequest { role_arn: Some(arn("search-indexer")), ..RetargetRequest::new(sa("web/edge")) };
    assert_eq!(plan(&inventory, &wanted, now()).unwrap_err().kind, FailureKind::Server);
    let gone = RetargetRequest { role_arn: Some(arn("search-indexer")), ..RetargetRequest::new(sa("payments/api")) };
    assert_eq!(plan(&inventory, &gone, now()).unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn a_target_that_can_be_read_is_asked() {
    let inventory = inventory_with(vec![Change::Role("data".into(), Fact::Known(role("data", EC2_TRUST)))]);
    let wanted = RetargetRequest { target_role_arn: Some(Some(arn("data"))), ..request() };
    let plan = planned(&inventory, &wanted);
    assert_eq!(found(&plan, "target role data admits search-indexer").ok, Some(false));
    assert_eq!(found(&plan, "search-indexer may assume data").ok, None, "its policies have not been read");
}
