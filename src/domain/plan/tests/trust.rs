//! Edits of trust policies as plans, by the rules of identity-resolution 4.6 and 5.2.

use pretty_assertions::assert_eq;

use super::world::{ISSUER, PODS_TRUST, arn, cluster, inventory, inventory_with, irsa_trust, now, role, sa};
use crate::domain::{
    change::Change,
    fact::Fact,
    failure::{Failure, FailureKind},
    identity::Mechanism,
    inventory::Inventory,
    plan::{
        Call, Confirmation, Plan, PlanKind,
        trust::{Narrow, TrustEdit, TrustRequest, mechanism, plan, removals},
    },
    trust::DEFAULT_LENGTH_QUOTA,
};

fn request(name: &str, edits: Vec<TrustEdit>) -> TrustRequest {
    TrustRequest { role_arn: arn(name), edits }
}

fn planned(inventory: &Inventory, name: &str, edits: Vec<TrustEdit>) -> Plan {
    plan(inventory, &request(name, edits), now()).unwrap()
}

fn irsa(account: &str) -> TrustEdit {
    TrustEdit::AdmitIrsa(sa(account))
}

fn pods(account: &str, narrow: Narrow) -> TrustEdit {
    TrustEdit::AdmitPodIdentity { service_account: sa(account), session_tags: true, narrow }
}

fn after(plan: &Plan) -> &str {
    match &plan.steps[..] {
        [only] => match &only.call {
            Call::UpdateAssumeRolePolicy { after, .. } => after,
            other => panic!("{other:?}"),
        },
        other => panic!("{} steps", other.len()),
    }
}

fn check<'a>(plan: &'a Plan, what: &str) -> &'a crate::domain::plan::Precondition {
    super::found(plan, what)
}

#[test]
fn several_service_accounts_are_admitted_in_one_write_that_is_undone_byte_for_byte() {
    let plan = planned(&inventory(), "payments-api", vec![irsa("payments/ledger"), irsa("search/indexer")]);
    let before = irsa_trust("payments:api");
    let wanted = before.replace(
        "\"system:serviceaccount:payments:api\"",
        "[\"system:serviceaccount:payments:api\",\"system:serviceaccount:payments:ledger\",\"system:serviceaccount:search:indexer\"]",
    );
    assert_eq!(
        plan.steps[0].call,
        Call::UpdateAssumeRolePolicy { role_arn: arn("payments-api"), before, after: wanted.clone() }
    );
    assert_eq!(
        plan.steps[0].summary,
        "edit the trust policy of payments-api: Admits payments:ledger in statement 1. Admits search:indexer in statement 1."
    );
    assert_eq!(
        plan.steps[0].command,
        format!("aws iam update-assume-role-policy --role-name payments-api --policy-document '{wanted}'")
    );
    assert_eq!((plan.kind, plan.subject.as_str()), (PlanKind::TrustAllow, "payments-api"));
    assert_eq!((plan.confirmation.clone(), plan.refusal()), (Confirmation::Enter, None));
    assert_eq!(plan.inverse, "Write the trust policy again as it was, byte for byte");
}

#[test]
fn what_is_checked_and_who_else_uses_the_role_is_said() {
    let plan = planned(&inventory(), "payments-api", vec![irsa("payments/ledger")]);
    for (what, ok) in [
        ("cluster's account", Some(true)),
        ("role payments-api exists", Some(true)),
        ("edited, it admits payments/ledger for sts:AssumeRoleWithWebIdentity", Some(true)),
        ("short enough", Some(true)),
        ("OIDC provider", Some(true)),
        ("iam:UpdateAssumeRolePolicy on payments-api", None),
    ] {
        assert_eq!(check(&plan, what).ok, ok, "{what}");
    }
    assert_eq!(check(&plan, "who else uses role payments-api").detail, "payments/api (annotation)");
}

#[test]
fn pods_that_wait_for_the_role_are_admitted_without_a_restart() {
    let denied = inventory_with(vec![Change::Role(
        "payments-api".into(),
        Fact::Known(role("payments-api", &irsa_trust("payments:old"))),
    )]);
    let plan = planned(&denied, "payments-api", vec![irsa("payments/api")]);
    assert_eq!(plan.affects.len(), 1);
    assert_eq!(plan.affects[0].falls_to, "irsa payments-api: admitted at its next request, without a restart");
    // Pods that have nothing to do with the role are not touched by it.
    assert_eq!(planned(&denied, "payments-api", vec![irsa("search/indexer")]).affects, []);
}

#[test]
fn a_new_statement_for_pod_identity_is_narrowed_as_far_as_was_asked() {
    let source = format!("\"ArnEquals\":{{\"aws:SourceArn\":\"{}\"}}", cluster().arn);
    let account = "\"aws:SourceAccount\":\"111122223333\"";
    let tags =
        "\"aws:RequestTag/kubernetes-namespace\":\"payments\",\"aws:RequestTag/kubernetes-service-account\":\"api\"";
    for (narrow, wanted, unwanted) in [
        (Narrow::Account, vec![], vec![account, &source, tags]),
        (Narrow::Cluster, vec![account, &source], vec![tags]),
        (Narrow::ServiceAccount, vec![account, &source, tags], vec![]),
    ] {
        let plan = planned(&inventory(), "payments-api", vec![pods("payments/api", narrow)]);
        let text = after(&plan);
        assert!(wanted.iter().all(|part| text.contains(part)), "{narrow:?}: {text}");
        assert!(!unwanted.iter().any(|part| text.contains(part)), "{narrow:?}: {text}");
        assert_eq!(check(&plan, "admits payments/api for sts:AssumeRole and sts:TagSession").ok, Some(true));
    }
}

#[test]
fn without_session_tags_there_are_none_to_compare() {
    let edit = TrustEdit::AdmitPodIdentity {
        service_account: sa("payments/api"),
        session_tags: false,
        narrow: Narrow::ServiceAccount,
    };
    let plan = planned(&inventory(), "payments-api", vec![edit]);
    assert!(!after(&plan).contains("RequestTag"), "{}", after(&plan));
    assert_eq!(check(&plan, "admits payments/api for sts:AssumeRole").ok, Some(true));
}

#[test]
fn what_is_there_already_needs_no_step() {
    let plan = planned(&inventory(), "search-indexer", vec![pods("search/indexer", Narrow::Cluster)]);
    assert_eq!((plan.steps.len(), plan.refusal()), (0, None));
    assert_eq!(check(&plan, "something has to be changed").detail, "it already is as wanted");
}

#[test]
fn taking_out_wants_the_role_typed_and_says_who_fails() {
    let both = irsa_trust("payments:api").replace(
        "\"system:serviceaccount:payments:api\"",
        "[\"system:serviceaccount:payments:api\", \"system:serviceaccount:payments:ledger\"]",
    );
    let inventory = inventory_with(vec![Change::Role("payments-api".into(), Fact::Known(role("payments-api", &both)))]);
    let plan = planned(&inventory, "payments-api", vec![TrustEdit::RemoveIrsa(sa("payments/api"))]);
    assert_eq!(after(&plan), both.replace("\"system:serviceaccount:payments:api\", ", ""));
    assert_eq!(
        (plan.kind, plan.confirmation.clone()),
        (PlanKind::TrustRemove, Confirmation::Type("payments-api".into()))
    );
    assert_eq!(check(&plan, "no longer admits payments/api").ok, Some(true));
    assert_eq!(plan.affects[0].falls_to, "irsa payments-api: will fail once the credentials it holds have ended");
}

#[test]
fn taking_out_says_that_pod_identity_still_admits() {
    let open = irsa_trust("payments:api")
        .replace("[{", &format!("{},{{", &PODS_TRUST[PODS_TRUST.find("[{").unwrap()..PODS_TRUST.len() - 2]));
    let inventory = inventory_with(vec![Change::Role("payments-api".into(), Fact::Known(role("payments-api", &open)))]);
    let plan = planned(&inventory, "payments-api", vec![TrustEdit::RemoveIrsa(sa("payments/api"))]);
    let told = check(&plan, "EKS Pod Identity does not admit payments/api");
    assert_eq!((told.ok, told.required), (Some(false), false));
}

#[test]
fn taking_out_of_a_pod_identity_list_leaves_the_other_names_and_names_the_association() {
    let admit = |id: &str| pods(id, Narrow::ServiceAccount);
    let both = planned(&inventory(), "payments-api", vec![admit("payments/api"), admit("payments/ledger")]);
    let listed = role("payments-api", after(&both));
    let association = super::world::association("a-api", "payments/api", "payments-api", None);
    let inventory = inventory_with(vec![
        Change::Role("payments-api".into(), Fact::Known(listed)),
        Change::AssociationsOf(sa("payments/api"), vec![association.clone()]),
        Change::AssociationDetail("a-api".into(), association.detail),
    ]);
    // Both mechanisms list it, and it is the only subject of its token's statement.
    let edits = removals(&inventory, &arn("payments-api"), &sa("payments/api"), None, now());
    assert_eq!(edits, [TrustEdit::RemoveIrsa(sa("payments/api")), TrustEdit::RemovePodIdentity(sa("payments/api"))]);
    let only = removals(&inventory, &arn("payments-api"), &sa("payments/api"), Some(Mechanism::PodIdentity), now());
    let plan = planned(&inventory, "payments-api", only);
    assert_eq!(after(&plan), after(&both).replace("[\"api\",\"ledger\"]", "[\"ledger\"]"));
    assert_eq!(check(&plan, "no longer admits payments/api for sts:AssumeRole").ok, Some(true));
    let told = check(&plan, "no association uses it any more");
    assert_eq!((told.ok, told.required), (Some(false), false));
    assert!(told.detail.starts_with("a-api does"), "{told:?}");
    // Where nothing lists it the edit of the mechanism in use says why it cannot be taken out.
    let none = removals(&inventory, &arn("payments-api"), &sa("search/indexer"), None, now());
    assert_eq!(none.len(), 1);
}

#[test]
fn an_edit_that_cannot_be_made_is_refused_with_the_reason_and_without_a_step() {
    let provider = ISSUER.trim_start_matches("https://");
    let deny = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{provider}"}},"Action":"sts:*"}}]}}"#
    );
    let world = |text: &str| inventory_with(vec![Change::Role("x".into(), Fact::Known(role("x", text)))]);
    let table = [
        (inventory(), "payments-api", TrustEdit::RemoveIrsa(sa("payments/api")), "it is the only statement"),
        (world(&deny), "x", irsa("payments/api"), "the edit would not be enough"),
        (world("{"), "x", irsa("payments/api"), "it is no JSON"),
        (inventory(), "gone", irsa("payments/api"), "it has not been read"),
    ];
    for (inventory, name, edit, why) in table {
        let plan = planned(&inventory, name, vec![edit]);
        assert_eq!(plan.steps, []);
        assert!(plan.refusal().is_some());
        let told = check(&plan, "can be edited");
        assert!(told.detail.starts_with(why), "{told:?} / {why}");
    }
}

#[test]
fn a_role_that_may_not_be_read_is_not_edited_blindly() {
    let denied = Failure::new(FailureKind::Denied, "cannot read role x", "not allowed", "Allow it")
        .missing("iam:GetRole", "role x");
    let inventory = inventory_with(vec![Change::Role("x".into(), Fact::Unknown(denied.into()))]);
    let plan = planned(&inventory, "x", vec![irsa("payments/api")]);
    assert_eq!((plan.steps.len(), check(&plan, "role x exists").ok), (0, None));
    assert_eq!(plan.refusal().unwrap().what, "the trust policy of x can be edited");
}

#[test]
fn bad_input_is_refused_before_anything_is_planned() {
    let inventory = inventory();
    for (arn, account, rule) in [
        ("arn:aws:s3:::bucket", "payments/api", "is not the ARN of an IAM role"),
        (
            "arn:aws:iam::999988887777:role/x",
            "payments/api",
            "it is in account 999988887777, the cluster in 111122223333",
        ),
        ("arn:aws-cn:iam::111122223333:role/x", "payments/api", "the role is in partition aws-cn"),
        ("arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/X", "payments/api", "service-linked role"),
        ("arn:aws:iam::111122223333:role/payments-api", "payments/api_v1", "`api_v1` cannot be a service account"),
    ] {
        let request = TrustRequest { role_arn: arn.into(), edits: vec![irsa(account)] };
        let failure = plan(&inventory, &request, now()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage);
        assert!(failure.to_string().contains(rule), "{failure} / {rule}");
    }
}

#[test]
fn a_policy_over_the_usual_quota_rests_on_the_account_s_own() {
    let subjects: Vec<String> =
        (0..60).map(|number| format!("\"system:serviceaccount:team-{number}:worker\"")).collect();
    let long = irsa_trust("payments:api")
        .replace("\"system:serviceaccount:payments:api\"", &format!("[{}]", subjects.join(",")));
    let inventory = inventory_with(vec![Change::Role("payments-api".into(), Fact::Known(role("payments-api", &long)))]);
    let plan = planned(&inventory, "payments-api", vec![irsa("payments/api")]);
    let told = check(&plan, "short enough");
    assert!(long.len() > DEFAULT_LENGTH_QUOTA);
    assert_eq!((told.ok, plan.refusal()), (None, None), "{told:?}");
    assert!(told.detail.contains("L-C07B4B0D"), "{told:?}");
}

#[test]
fn the_mechanism_is_the_one_the_role_is_used_for() {
    let inventory = inventory();
    for (name, account, wanted) in [
        ("search-indexer", "search/indexer", Mechanism::PodIdentity),
        ("payments-api", "payments/api", Mechanism::Irsa),
        // Nobody uses it yet: the policy is written for tokens of this cluster, or it is not.
        ("payments-api", "web/edge", Mechanism::Irsa),
        ("ng-role", "web/edge", Mechanism::PodIdentity),
    ] {
        assert_eq!(mechanism(&inventory, &arn(name), &sa(account)), wanted, "{name} {account}");
    }
}

#[test]
fn the_next_plan_starts_from_what_was_written_until_iam_returns_it() {
    use crate::domain::role::Written;
    let first = planned(&inventory(), "payments-api", vec![irsa("payments/ledger")]);
    let Call::UpdateAssumeRolePolicy { before, after, .. } = first.steps[0].call.clone() else { panic!() };
    let written = Written { before: before.as_str().into(), after: after.as_str().into(), at: now() };
    let mut late = inventory_with(vec![Change::TrustWritten("payments-api".into(), written)]);
    // IAM goes on returning the text of before, one by one and in its list.
    let old = || role("payments-api", &irsa_trust("payments:api"));
    late.apply(vec![Change::Role("payments-api".into(), Fact::Known(old()))], now());
    late.apply(vec![Change::Roles(Fact::Known(vec![old()]))], now());
    let second = planned(&late, "payments-api", vec![irsa("search/indexer")]);
    let Call::UpdateAssumeRolePolicy { before, .. } = &second.steps[0].call else { panic!() };
    assert_eq!(*before, after);
    assert!(self::after(&second).contains("payments:ledger"));
    // What IAM still says a minute later is true again: somebody wrote the old text.
    let later = now().checked_add(jiff::SignedDuration::from_secs(61)).unwrap();
    late.apply(vec![Change::Role("payments-api".into(), Fact::Known(old()))], later);
    let third = plan(&late, &request("payments-api", vec![irsa("search/indexer")]), later).unwrap();
    assert!(!self::after(&third).contains("payments:ledger"));
}
