use super::Standing;
use crate::domain::{
    change::Change,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::ServiceAccountId,
    inventory::Inventory,
    plan::{
        Call, Plan, declared,
        tests::world::{arn, association, inventory_with, now, sa, service_account},
    },
    service_account::Declaration,
};

/// A service account that declares by annotation and label.
fn declaring(id: &str, role_arn: Option<&str>, role: Option<&str>) -> Change {
    let mut account = service_account(id, None, &[]);
    let declaration = Declaration { role_arn: role_arn.map(Into::into), role: role.map(Into::into) };
    account.declared = Some(Box::new(declaration));
    Change::ServiceAccount(account)
}

fn by_arn(id: &str, role: &str) -> Change {
    declaring(id, Some(arn(role).as_str()), None)
}

fn standing(more: Vec<Change>, id: &str) -> Option<Standing> {
    inventory_with(more).declaration_of(&sa(id))
}

fn plan(more: Vec<Change>) -> (Inventory, Plan) {
    let inventory = inventory_with(more);
    let plan = declared::plan(&inventory, now());
    (inventory, plan)
}

fn wrong(more: Vec<Change>, id: &str) -> String {
    match standing(more, id) {
        Some(Standing::Wrong(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_declared_where_no_key_is_set() {
    let inventory = inventory_with(Vec::new());
    assert_eq!(inventory.declarations(), []);
    assert_eq!(inventory.declaration_of(&sa("search/indexer")), None);
}

#[test]
fn a_declared_role_without_an_association_is_missing() {
    let role = "api-service-development-eu-west-1";
    let wanted = Some(Standing::Missing(arn(role)));
    assert_eq!(standing(vec![by_arn("api-service/api-service", role)], "api-service/api-service"), wanted);
    let label = declaring("api-service/api-service", None, Some(role));
    assert_eq!(standing(vec![label], "api-service/api-service"), wanted, "a label names a role of the account");
}

#[test]
fn a_label_finds_a_role_by_its_name_whatever_its_path() {
    let found = standing(vec![declaring("web/edge", None, Some("AWSServiceRoleForAmazonEKS"))], "web/edge");
    let path = "aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS";
    assert_eq!(found, Some(Standing::Missing(arn(path))));
}

#[test]
fn a_declared_role_that_the_association_has_is_met() {
    assert_eq!(standing(vec![by_arn("search/indexer", "search-indexer")], "search/indexer"), Some(Standing::Met));
}

#[test]
fn an_association_with_another_role_differs() {
    let inventory = inventory_with(vec![by_arn("search/indexer", "narrow")]);
    let id = sa("search/indexer");
    let found = inventory.declaration_of(&id).unwrap();
    let association = "a-search".into();
    assert_eq!(found, Standing::Different { wanted: arn("narrow"), has: arn("search-indexer"), association });
    assert_eq!(
        found.sentence(&id).unwrap(),
        "search/indexer declares role narrow, and its association a-search has search-indexer"
    );
}

#[test]
fn an_association_nobody_declares_counts_only_where_the_namespace_declares() {
    let other = || Change::ServiceAccount(service_account("search/other", None, &[]));
    assert_eq!(standing(vec![by_arn("web/edge", "narrow")], "search/indexer"), None);
    let found = standing(vec![other(), by_arn("search/writer", "narrow")], "search/indexer");
    assert_eq!(found, Some(Standing::Undeclared("a-search".into())));
    let owned = standing(vec![by_arn("kube-system/one", "narrow")], "kube-system/aws-node");
    assert_eq!(owned, None, "an add-on declares its associations itself");
}

#[test]
fn what_is_no_role_arn_is_refused_with_a_sentence() {
    let text = wrong(vec![declaring("web/edge", Some("arn:aws:s3:::bucket"), None)], "web/edge");
    assert!(text.contains("`arn:aws:s3:::bucket` is not the ARN of an IAM role"), "{text}");
    let text = wrong(vec![declaring("web/edge", Some("narrow"), None)], "web/edge");
    assert!(text.contains("`narrow` is not an ARN"), "{text}");
}

#[test]
fn a_role_of_another_account_or_partition_is_refused_with_a_sentence() {
    let text = wrong(vec![declaring("web/edge", Some("arn:aws:iam::444455556666:role/x"), None)], "web/edge");
    assert!(text.contains("account 444455556666, the cluster in 111122223333"), "{text}");
    wrong(vec![declaring("web/edge", Some("arn:aws-cn:iam::111122223333:role/x"), None)], "web/edge");
}

#[test]
fn both_keys_may_agree_but_never_differ() {
    let both = |label| declaring("web/edge", Some(arn("narrow").as_str()), Some(label));
    assert_eq!(standing(vec![both("narrow")], "web/edge"), Some(Standing::Missing(arn("narrow"))));
    let text = wrong(vec![both("cni")], "web/edge");
    assert_eq!(text, "its annotation names narrow, its label cni: keep one of them");
}

#[test]
fn what_cannot_be_read_is_unknown_and_no_difference() {
    let denied = || {
        let failure = Failure::new(FailureKind::Denied, "cannot list associations", "not allowed", "Ask");
        Fact::Unknown(std::sync::Arc::new(failure.missing("eks:ListPodIdentityAssociations", "*")))
    };
    let declared = by_arn("api-service/api-service", "narrow");
    let found = standing(vec![declared, Change::Associations(denied())], "api-service/api-service");
    assert!(matches!(found, Some(Standing::Unknown(_))), "{found:?}");
    let mut undescribed = association("a-new", "web/edge", "search-indexer", None);
    undescribed.detail = Fact::Loading;
    let more = vec![by_arn("web/edge", "narrow"), Change::Associations(Fact::Known(vec![undescribed]))];
    let found = standing(more, "web/edge");
    assert!(matches!(&found, Some(Standing::Unknown(why)) if why.contains("a-new")), "{found:?}");
}

#[test]
fn everything_declared_is_one_plan() {
    let (_, plan) = plan(vec![
        by_arn("api-service/api-service", "api-service-development-eu-west-1"),
        declaring("search/writer", None, Some("search-indexer")),
        by_arn("search/indexer", "search-indexer"),
    ]);
    let planned: Vec<&ServiceAccountId> = plan
        .steps
        .iter()
        .map(|step| match &step.call {
            Call::CreatePodIdentityAssociation { service_account, .. } => service_account,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(planned, [&sa("api-service/api-service"), &sa("search/writer")]);
    assert_eq!((plan.subject.as_str(), plan.refusal()), ("2 declared", None));
    assert_eq!(plan.restarts.len(), 1);
}

#[test]
fn what_cannot_be_applied_is_said_and_left_out() {
    let (_, plan) = plan(vec![
        by_arn("api-service/api-service", "api-service-development-eu-west-1"),
        declaring("search/writer", Some("nonsense"), None),
        by_arn("search/other", "does-not-exist"),
        by_arn("search/indexer", "narrow"),
    ]);
    assert_eq!((plan.steps.len(), plan.refusal()), (1, None));
    for (id, why) in [
        ("search/writer", "`nonsense` is not an ARN"),
        ("search/other", "role does-not-exist exists: IAM knew no"),
        ("search/indexer", "its association a-search has search-indexer"),
    ] {
        let what = format!("what {id} declares can be applied");
        let found = plan.preconditions.iter().find(|one| one.what == what).unwrap();
        assert!(found.ok == Some(false) && found.detail.contains(why), "{found:?}");
    }
}

#[test]
fn a_plan_in_which_nothing_can_be_applied_is_refused() {
    let (_, plan) = plan(vec![declaring("web/edge", Some("nonsense"), None)]);
    assert!(plan.steps.is_empty());
    assert!(plan.refusal().is_some_and(|refusal| refusal.detail.contains("nonsense")));
}

#[test]
fn a_plan_has_no_step_where_nothing_is_declared_or_missing() {
    let (_, none) = plan(Vec::new());
    assert_eq!((none.steps.len(), none.refusal()), (0, None));
    let (_, met) = plan(vec![by_arn("search/indexer", "search-indexer")]);
    assert_eq!((met.steps.len(), met.refusal()), (0, None));
    assert_eq!(met.preconditions[0].detail, "1");
}
