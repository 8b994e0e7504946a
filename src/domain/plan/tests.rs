use crate::domain::{
    change::Change,
    cluster::Cluster,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::PodId,
    inventory::Inventory,
    plan::{
        Call, Confirmation, Judgement, Plan, Precondition, agent, annotate,
        associate::{self, AssociateRequest},
        dissociate, name_role,
        restart::{self, Canary},
        role_candidates, shell_quoted,
    },
    workload::WorkloadKind,
};

mod restarts;
mod retarget;
mod statement;
mod trust;
mod undo;
pub mod world;

use world::{arn, inventory, inventory_with, now, sa, workload};

fn associate(inventory: &Inventory, account: &str, role: &str) -> Plan {
    associate::plan(inventory, &AssociateRequest::new(sa(account), arn(role)), now()).unwrap()
}

fn refused(request: &AssociateRequest) -> Failure {
    associate::plan(&inventory(), request, now()).unwrap_err()
}

fn request() -> AssociateRequest {
    AssociateRequest::new(sa("api-service/api-service"), arn("api-service-development-eu-west-1"))
}

/// The precondition whose question contains a text.
fn found<'a>(plan: &'a Plan, what: &str) -> &'a Precondition {
    let found = plan.preconditions.iter().find(|one| one.what.contains(what));
    found.unwrap_or_else(|| panic!("no precondition `{what}` in {:#?}", plan.preconditions))
}

#[test]
fn the_story_s_association_is_planned_with_its_exact_call() {
    let plan = associate(&inventory(), "api-service/api-service", "api-service-development-eu-west-1");
    assert_eq!(plan.subject, "api-service/api-service");
    assert_eq!(plan.refusal(), None);
    assert_eq!(plan.confirmation, Confirmation::Enter);
    assert!(matches!(&plan.steps[0].call, Call::CreatePodIdentityAssociation { tags, .. } if tags.is_empty()));
    assert_eq!(
        plan.steps[0].command,
        "aws eks create-pod-identity-association --region eu-west-1 --cluster-name acme-prod --namespace api-service \
         --service-account api-service --role-arn arn:aws:iam::111122223333:role/api-service-development-eu-west-1"
    );
    let affected = &plan.affects[0];
    assert_eq!((affected.workload.to_string().as_str(), affected.pods), ("deploy/api-service", 2));
    assert_eq!(affected.falls_to, "pod-identity api-service-development-eu-west-1 after a restart");
    assert_eq!(plan.restarts, [workload("api-service", WorkloadKind::Deployment, "api-service")]);
    assert!(plan.inverse.contains("node-role ng-role"), "{}", plan.inverse);
}

#[test]
fn everything_that_can_be_known_is_checked() {
    let plan = associate(&inventory(), "api-service/api-service", "api-service-development-eu-west-1");
    for (what, ok) in [
        ("cluster's account", Some(true)),
        ("role api-service-development-eu-west-1 exists", Some(true)),
        ("sts:AssumeRole and sts:TagSession", Some(true)),
        ("no association yet", Some(true)),
        ("Fargate or Windows", Some(true)),
        ("agent runs", Some(true)),
        ("service account api-service/api-service exists", Some(true)),
        ("one more association", Some(true)),
        ("iam:PassRole", None),
    ] {
        assert_eq!(found(&plan, what).ok, ok, "{:?}", found(&plan, what));
    }
    assert_eq!(found(&plan, "one more association").detail, "2 of 5000");
}

#[test]
fn a_role_that_does_not_exist_is_refused() {
    let plan = associate(&inventory(), "api-service/api-service", "gone");
    assert_eq!(plan.refusal().unwrap().what, "role gone exists");
    assert_eq!(plan.restarts, []);
}

#[test]
fn a_role_that_may_not_be_read_is_not_said_to_be_missing() {
    let denied =
        Failure::new(FailureKind::Denied, "cannot list roles", "not allowed", "Allow it").missing("iam:ListRoles", "*");
    let mut changes = world::changes();
    changes.retain(|change| !matches!(change, Change::Roles(_)));
    changes.push(Change::Roles(Fact::Unknown(denied.into())));
    let mut inventory = Inventory::default();
    inventory.apply(changes, now());
    let plan = associate(&inventory, "api-service/api-service", "gone");
    assert_eq!((found(&plan, "role gone exists").ok, found(&plan, "trust policy").ok), (None, None));
    assert_eq!(plan.refusal(), None);
}

#[test]
fn iam_s_own_answer_makes_a_missing_role_certain() {
    let gone = inventory_with(vec![Change::Role("gone".into(), Fact::Absent)]);
    let plan = associate(&gone, "api-service/api-service", "gone");
    assert_eq!(found(&plan, "role gone exists").ok, Some(false));
    assert_eq!(plan.refusal().unwrap().what, "role gone exists");
}

#[test]
fn a_trust_policy_that_does_not_admit_the_service_account_is_refused_with_its_reason() {
    for role in ["narrow", "payments-api", "ng-role"] {
        let plan = associate(&inventory(), "api-service/api-service", role);
        let trust = plan.refusal().unwrap();
        assert!(trust.what.contains("trust policy admits api-service/api-service"), "{trust:?}");
        assert!(!trust.detail.is_empty());
    }
}

#[test]
fn without_session_tags_the_conditions_on_them_cannot_hold() {
    let mut request = request();
    request.role_arn = arn("narrow");
    request.disable_session_tags = true;
    let plan = associate::plan(&inventory(), &request, now()).unwrap();
    let trust = found(&plan, "trust policy admits");
    assert!(trust.what.ends_with("for sts:AssumeRole"), "{trust:?}");
    assert_eq!(trust.ok, Some(false));
    assert!(plan.steps[0].command.ends_with(" --disable-session-tags"));
}

#[test]
fn an_association_in_the_way_is_named_and_an_add_on_s_is_left_alone() {
    let plan = associate(&inventory(), "search/indexer", "search-indexer");
    assert_eq!(plan.refusal().unwrap().detail, "Association already exists: a-search; change or remove it");
    let plan = associate(&inventory(), "kube-system/aws-node", "cni");
    assert_eq!(plan.refusal().unwrap().detail, "owned by add-on vpc-cni: change it through the add-on");
}

#[test]
fn without_the_agent_pods_would_lose_what_they_have() {
    let agent = PodId::new("kube-system", "eks-pod-identity-agent-node-a");
    let inventory = inventory_with(vec![Change::PodGone(agent)]);
    let plan = associate(&inventory, "api-service/api-service", "api-service-development-eu-west-1");
    let agent = found(&plan, "agent runs");
    assert_eq!((agent.ok, agent.required), (Some(false), true));
    assert_eq!(agent.detail, "it runs on no node: install the add-on eks-pod-identity-agent first");
    assert_eq!(plan.restarts, []);
    // Nobody is hurt where there are no pods: then it is only said.
    let plan = associate(&inventory, "later/on", "api-service-development-eu-west-1");
    assert_eq!((found(&plan, "agent runs").ok, plan.refusal()), (Some(false), None));
    assert_eq!(found(&plan, "service account later/on exists").ok, Some(false));
}

#[test]
fn pods_on_fargate_are_kept_from_pod_identity() {
    let plan = associate(&inventory(), "web/edge", "api-service-development-eu-west-1");
    let refusal = plan.refusal().unwrap();
    assert_eq!(refusal.what, "no pod runs on Fargate or Windows");
    assert!(refusal.detail.starts_with("1 on Fargate"), "{refusal:?}");
}

#[test]
fn static_keys_win_over_the_association_and_no_restart_helps() {
    let plan = associate(&inventory(), "batch/reindex", "api-service-development-eu-west-1");
    assert_eq!(plan.affects[0].falls_to, "static-keys, as now: its own environment wins over the association");
    assert_eq!(plan.restarts, []);
}

#[test]
fn credentials_of_another_account_stop_everything() {
    let inventory = inventory_with(vec![Change::Caller(Fact::Known(world::caller("999988887777")))]);
    let plan = associate(&inventory, "api-service/api-service", "api-service-development-eu-west-1");
    let refusal = plan.refusal().unwrap();
    assert_eq!(refusal.what, "credentials belong to the cluster's account");
    assert!(refusal.detail.contains("999988887777"), "{refusal:?}");
}

#[test]
fn an_old_platform_is_refused() {
    let old = Cluster { version: "1.30".into(), platform_version: Some("eks.1".into()), ..world::cluster() };
    let inventory = inventory_with(vec![Change::Cluster(Fact::Known(old))]);
    let plan = associate(&inventory, "api-service/api-service", "api-service-development-eu-west-1");
    assert_eq!(found(&plan, "supports Pod Identity").detail, "1.30 eks.1; needs 1.30 eks.2");
    assert_eq!(found(&plan, "supports Pod Identity").ok, Some(false));
}

#[test]
fn a_list_that_may_not_be_read_leaves_the_check_open() {
    let denied = Failure::new(FailureKind::Denied, "cannot list associations", "not allowed", "Allow it")
        .missing("eks:ListPodIdentityAssociations", "*");
    let mut inventory = Inventory::default();
    let mut changes = world::changes();
    changes.retain(|change| !matches!(change, Change::Associations(_)));
    changes.push(Change::Associations(Fact::Unknown(denied.into())));
    inventory.apply(changes, now());
    let plan = associate(&inventory, "api-service/api-service", "api-service-development-eu-west-1");
    assert_eq!(found(&plan, "no association yet").ok, None);
    let failure = dissociate::plan(&inventory, &sa("search/indexer").into()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(failure.action.as_deref(), Some("eks:ListPodIdentityAssociations"));
}

type Edit<'a> = &'a dyn Fn(&mut AssociateRequest);

#[test]
fn bad_input_is_refused_with_the_rule() {
    let with = |change: Edit<'_>| {
        let mut request = request();
        change(&mut request);
        let failure = refused(&request);
        assert_eq!(failure.kind, FailureKind::Usage, "{failure}");
        failure.to_string()
    };
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2_042));
    let table: [(Edit<'_>, &str); 13] = [
        (&|one| one.role_arn = "api".into(), "is not an ARN"),
        (&|one| one.role_arn = "arn:aws:s3:::bucket".into(), "is not the ARN of an IAM role"),
        (&|one| one.role_arn = "arn:aws:iam::999988887777:role/x".into(), "it is in account 999988887777"),
        (&|one| one.role_arn = "arn:aws-cn:iam::111122223333:role/x".into(), "the role is in partition aws-cn"),
        (&|one| one.target_role_arn = Some("x".into()), "is not an ARN"),
        (&|one| one.service_account = sa("Payments/api"), "`Payments` cannot be a namespace"),
        (&|one| one.service_account = sa("payments/api_v1"), "`api_v1` cannot be a service account"),
        (&|one| one.service_account = sa("payments/-"), "`-` cannot be a service account"),
        (&|one| one.policy = Some("{}".into()), "EKS takes one only if session tags are off"),
        (&|one| one.policy = Some(long.clone()), "it has 2050 characters, EKS takes 2048"),
        (
            &|one| {
                one.disable_session_tags = true;
                one.policy = Some("[]".into());
            },
            "it is no JSON object",
        ),
        (&|one| one.tags = vec![("aws:x".into(), String::new())], "keys that begin with aws: belong to AWS"),
        (&|one| one.tags = vec![("a".into(), "1".into()), ("a".into(), "2".into())], "`a` is given twice"),
    ];
    for (change, message) in table {
        let said = with(change);
        assert!(said.contains(message), "{said} / {message}");
    }
}

#[test]
fn a_target_role_of_another_account_is_taken_and_said_to_be_unread() {
    let mut request = request();
    request.target_role_arn = Some("arn:aws:iam::999988887777:role/data".into());
    let plan = associate::plan(&inventory(), &request, now()).unwrap();
    assert_eq!(found(&plan, "target role data admits").ok, None);
    assert_eq!(plan.refusal(), None);
    assert_eq!(plan.affects[0].falls_to, "pod-identity api-service-development-eu-west-1 → data after a restart");
}

#[test]
fn options_reach_the_command_quoted() {
    let mut request = request();
    request.disable_session_tags = true;
    request.policy = Some(r#"{"Version":"2012-10-17","Statement":[]}"#.into());
    request.tags = vec![("team".into(), "it's ours, all".into())];
    let plan = associate::plan(&inventory(), &request, now()).unwrap();
    let options = plan.steps[0].command.split_once(" --disable-session-tags ").unwrap().1;
    assert_eq!(options, r#"--policy '{"Version":"2012-10-17","Statement":[]}' --tags '{"team":"it'\''s ours, all"}'"#);
    request.tags = vec![("team".into(), "payments".into()), ("env".into(), "prod".into())];
    let plan = associate::plan(&inventory(), &request, now()).unwrap();
    assert!(plan.steps[0].command.ends_with(" --tags team=payments,env=prod"));
}

#[test]
fn words_are_quoted_for_a_shell_only_where_needed() {
    for (word, quoted) in [
        ("api", "api"),
        ("arn:aws:iam::1:role/a@b", "arn:aws:iam::1:role/a@b"),
        ("", "''"),
        ("prod eu", "'prod eu'"),
        ("it's", r"'it'\''s'"),
        ("$(rm -rf /)", "'$(rm -rf /)'"),
        ("a\nb", "'a\nb'"),
        ("*", "'*'"),
        ("~", "'~'"),
    ] {
        assert_eq!(shell_quoted(word), quoted);
    }
}

#[test]
fn a_removal_says_what_pods_fall_to_and_wants_the_name_typed() {
    let plan = dissociate::plan(&inventory(), &sa("search/indexer").into()).unwrap();
    assert_eq!(plan.confirmation, Confirmation::Type("search/indexer".into()));
    assert_eq!(plan.refusal(), None);
    assert_eq!(
        plan.affects[0].falls_to,
        "node-role ng-role after a restart; running pods keep their credentials up to 6 h, then fail"
    );
    // A restart into the node role is at risk, not a repair.
    assert_eq!(plan.restarts, []);
    assert_eq!(
        plan.steps[0].command,
        "aws eks delete-pod-identity-association --region eu-west-1 --cluster-name acme-prod --association-id a-search"
    );
    assert_eq!(plan.inverse, "Associate search/indexer with role search-indexer again; it gets a new id");
}

#[test]
fn an_annotated_service_account_falls_back_to_irsa_and_a_restart_helps() {
    let inventory = inventory_with(vec![
        Change::AssociationsOf(
            sa("payments/api"),
            vec![world::association("a-pay", "payments/api", "search-indexer", None)],
        ),
        Change::AssociationDetail(
            "a-pay".into(),
            world::association("a-pay", "payments/api", "search-indexer", None).detail,
        ),
        Change::Pod(world::pod(
            "payments/api",
            WorkloadKind::Deployment,
            "api",
            "api-1",
            "node-a",
            &world::Injected::PodIdentity,
        )),
    ]);
    let plan = dissociate::plan(&inventory, &sa("payments/api").into()).unwrap();
    assert_eq!(
        plan.affects[0].falls_to,
        "irsa payments-api after a restart; running pods keep their credentials up to 6 h, then fail"
    );
    assert_eq!(plan.restarts, [workload("payments", WorkloadKind::Deployment, "api")]);
}

#[test]
fn an_add_on_s_association_is_not_removed_here() {
    let plan = dissociate::plan(&inventory(), &dissociate::Target::Association("a-cni".into())).unwrap();
    assert_eq!(plan.refusal().unwrap().detail, "owned by add-on vpc-cni: change it through the add-on");
}

#[test]
fn what_does_not_exist_cannot_be_removed() {
    let failure = dissociate::plan(&inventory(), &sa("payments/api").into()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert_eq!(failure.what, "payments/api has no association");
    let failure = dissociate::plan(&inventory(), &dissociate::Target::Association("a-x".into())).unwrap_err();
    assert_eq!(failure.what, "there is no association a-x");
}

#[test]
fn an_annotation_is_checked_against_the_trust_policy() {
    let id = sa("api-service/api-service");
    let plan = annotate::plan(&inventory(), &id, Some(arn("payments-api")), now()).unwrap();
    assert!(plan.refusal().unwrap().what.contains("sts:AssumeRoleWithWebIdentity"));
    assert_eq!(plan.affects[0].falls_to, "irsa payments-api: will fail after a restart");
    assert_eq!(plan.restarts, []);
    let removed = annotate::plan(&inventory(), &sa("payments/api"), None, now()).unwrap();
    assert_eq!(removed.confirmation, Confirmation::Type("payments/api".into()));
    assert_eq!(removed.affects[0].falls_to, "node-role ng-role after a restart");
    assert_eq!(
        removed.steps[0].command,
        "kubectl --context 'prod eu' --namespace payments annotate serviceaccount api eks.amazonaws.com/role-arn-"
    );
    let writer = found(&removed, "nobody else writes");
    assert_eq!(writer.detail, "argocd-controller does: change it in its source too, or it comes back");
    assert_eq!(removed.inverse, "Annotate payments/api with arn:aws:iam::111122223333:role/payments-api again");
}

#[test]
fn an_annotation_that_is_admitted_helps_after_a_restart() {
    let bare = world::service_account("payments/api", None, &[]);
    let inventory = inventory_with(vec![Change::ServiceAccount(bare)]);
    let plan = annotate::plan(&inventory, &sa("payments/api"), Some(arn("payments-api")), now()).unwrap();
    assert_eq!(plan.refusal(), None);
    assert_eq!(plan.affects[0].falls_to, "irsa payments-api after a restart");
    assert_eq!(plan.restarts, [workload("payments", WorkloadKind::Deployment, "api")]);
    assert_eq!(
        plan.steps[0].command,
        "kubectl --context 'prod eu' --namespace payments annotate serviceaccount api \
         eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/payments-api --overwrite"
    );
}

#[test]
fn an_annotation_without_object_or_without_change_is_no_plan() {
    let absent = annotate::plan(&inventory(), &sa("later/on"), Some(arn("payments-api")), now()).unwrap_err();
    assert_eq!(absent.kind, FailureKind::NotFound);
    let same = annotate::plan(&inventory(), &sa("payments/api"), Some(arn("payments-api")), now()).unwrap_err();
    assert_eq!(same.what, "there is nothing to change");
}

#[test]
fn the_association_wins_over_a_new_annotation() {
    let plan = annotate::plan(&inventory(), &sa("search/indexer"), Some(arn("payments-api")), now()).unwrap();
    assert_eq!(plan.affects[0].falls_to, "pod-identity search-indexer, the association wins over the annotation");
    assert_eq!(found(&plan, "no association overrides").ok, Some(false));
}

#[test]
fn the_agent_is_installed_where_it_is_missing_and_nowhere_else() {
    let plan = agent::plan(&inventory()).unwrap();
    assert_eq!(plan.refusal().unwrap().what, "the agent is not installed yet");
    let gone = PodId::new("kube-system", "eks-pod-identity-agent-node-a");
    let plan = agent::plan(&inventory_with(vec![Change::PodGone(gone)])).unwrap();
    assert_eq!(plan.refusal(), None);
    assert_eq!(
        plan.steps[0].command,
        "aws eks create-addon --region eu-west-1 --cluster-name acme-prod --addon-name eks-pod-identity-agent"
    );
    assert_eq!(plan.affects[0].workload, workload("search", WorkloadKind::StatefulSet, "indexer"));
    assert_eq!(plan.affects[0].falls_to, "pod-identity search-indexer once the agent answers on its node");
}

#[test]
fn a_restart_that_brings_drift_is_planned() {
    let association = world::association("a-api", "api-service/api-service", "api-service-development-eu-west-1", None);
    let inventory = inventory_with(vec![
        Change::AssociationsOf(sa("api-service/api-service"), vec![association.clone()]),
        Change::AssociationDetail("a-api".into(), association.detail),
    ]);
    let id = workload("api-service", WorkloadKind::Deployment, "api-service");
    let plan = restart::plan(&inventory, &id, Canary::First).unwrap();
    assert_eq!((plan.refusal(), &plan.confirmation), (None, &Confirmation::Enter));
    assert_eq!(found(&plan, "changes something").detail, "2 of 2 pods");
    assert_eq!(plan.affects[0].falls_to, "pod-identity api-service-development-eu-west-1");
    assert_eq!(
        plan.steps[1].command,
        "kubectl --context 'prod eu' --namespace api-service rollout restart deployment/api-service"
    );
}

#[test]
fn a_restart_into_the_node_role_wants_the_name_typed() {
    let bare = world::service_account("payments/api", None, &[]);
    let inventory = inventory_with(vec![Change::ServiceAccount(bare)]);
    let plan =
        restart::plan(&inventory, &workload("payments", WorkloadKind::Deployment, "api"), Canary::First).unwrap();
    assert_eq!(plan.confirmation, Confirmation::Type("api".into()));
    assert_eq!(
        found(&plan, "falls to the node role").detail,
        "api-1 is irsa payments-api, its successor node-role ng-role"
    );
    assert_eq!(found(&plan, "more than one replica").ok, Some(false));
}

#[test]
fn a_restart_that_breaks_working_pods_is_refused() {
    let wrong = world::service_account("payments/api", Some(arn("narrow")), &[]);
    let inventory = inventory_with(vec![Change::ServiceAccount(wrong)]);
    let plan =
        restart::plan(&inventory, &workload("payments", WorkloadKind::Deployment, "api"), Canary::First).unwrap();
    assert_eq!(plan.refusal().unwrap().what, "new pods will work");
}

#[test]
fn jobs_and_what_has_no_pods_are_not_restarted() {
    let job = restart::plan(&inventory(), &workload("batch", WorkloadKind::Job, "reindex"), Canary::First).unwrap_err();
    assert_eq!(job.kind, FailureKind::Usage);
    let gone =
        restart::plan(&inventory(), &workload("batch", WorkloadKind::Deployment, "gone"), Canary::First).unwrap_err();
    assert_eq!(gone.kind, FailureKind::NotFound);
}

#[test]
fn a_role_is_named_by_its_name_or_its_arn() {
    let inventory = inventory();
    assert_eq!(name_role(&inventory, "payments-api"), Ok(arn("payments-api")));
    assert_eq!(name_role(&inventory, " arn:aws:iam::9:role/x ").unwrap_err().kind, FailureKind::Usage);
    let foreign = "arn:aws:iam::999988887777:role/team/x";
    assert_eq!(name_role(&inventory, foreign), Ok(foreign.into()));
    let unknown = name_role(&inventory, "payment-api").unwrap_err();
    assert_eq!((unknown.kind, unknown.next.as_str()), (FailureKind::NotFound, "Did you mean `payments-api`?"));
    assert_eq!(name_role(&inventory, "no such thing").unwrap_err().kind, FailureKind::Usage);
}

#[test]
fn where_no_role_could_be_listed_the_name_is_taken_at_its_word() {
    let mut inventory = Inventory::default();
    inventory.apply(vec![Change::Cluster(Fact::Known(world::cluster()))], now());
    assert_eq!(name_role(&inventory, "api"), Ok(arn("api")));
}

#[test]
fn the_picker_judges_every_role() {
    let candidates = role_candidates(&inventory(), &sa("api-service/api-service"), now());
    let said: Vec<(&str, &str)> = candidates.iter().map(|one| (one.name.as_str(), one.judgement.word())).collect();
    assert_eq!(
        said,
        [
            ("api-service-development-eu-west-1", "ready"),
            ("cni", "ready"),
            ("search-indexer", "ready"),
            ("narrow", "needs a trust edit"),
            ("ng-role", "needs a trust edit"),
            ("payments-api", "needs a trust edit"),
        ]
    );
    assert!(matches!(&candidates[3].judgement, Judgement::NeedsTrustEdit(reason) if !reason.is_empty()));
}
