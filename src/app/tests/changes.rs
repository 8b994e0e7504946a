//! Changing things: plan, lock, operation, restart.

use std::sync::Arc;

use super::world::{Session, arn, association, deployment, sa};
use crate::{
    app::{
        dialog::{Dialog, role_form::Purpose},
        effect::{Effect, Extent},
        lock::Lock,
        message::{Input, Message},
        operation::{OperationId, Outcome, StepState},
        subject::Subject,
    },
    config::settings::Settings,
    domain::{
        change::Change,
        failure::{Failure, FailureKind},
        id::ClusterId,
        plan::{Call, Plan},
    },
};

fn on(account: &str) -> Session {
    with(account, Settings::default())
}

fn with(account: &str, settings: Settings) -> Session {
    let mut session = Session::with(settings);
    session.press("2");
    session.select(&Subject::ServiceAccount(sa(account)));
    session
}

fn plan(session: &Session) -> Plan {
    match session.model.dialog() {
        Some(Dialog::Confirm(confirm)) => confirm.plan.clone().unwrap(),
        other => panic!("no plan in view: {other:?}"),
    }
}

#[test]
fn an_association_is_made_from_the_selection_with_a_fuzzy_role_and_a_confirmed_plan() {
    let mut session = on("api-service/api-service");
    session.press("c");
    let Some(Dialog::Role(form)) = session.model.dialog() else { panic!("no form") };
    assert_eq!((form.purpose, &form.service_account), (Purpose::Associate, &sa("api-service/api-service")));
    session.write("apdev");
    let Some(Dialog::Role(form)) = session.model.dialog() else { panic!("no form") };
    assert_eq!(form.role(), Some(arn("api-dev")));
    assert!(matches!(&form.preview, Some(Ok(_))), "{:?}", form.preview);
    session.press("Enter");
    let planned = plan(&session);
    assert!(
        matches!(&planned.steps[0].call, Call::CreatePodIdentityAssociation { role_arn, .. } if *role_arn == arn("api-dev"))
    );
    assert_eq!(planned.refusal(), None);

    assert_eq!(session.press("Enter"), [], "a locked session asks first");
    assert!(
        matches!(session.model.dialog(), Some(Dialog::Unlock(unlock)) if unlock.context == "acme-dev" && unlock.account.as_deref() == Some("111122223333"))
    );
    let effects = session.press("Enter");
    let (operation, client_token) = (OperationId(1), "rolecall-test-1".to_owned());
    assert_eq!(effects, [Effect::Apply { cluster: ClusterId(0), operation, plan: planned.clone(), client_token }]);
    assert!(session.model.lock().is_open(session.now));

    session.tell(Message::OperationStepped { operation, step: 0, state: StepState::Running });
    assert_eq!(session.model.operation(operation).unwrap().steps, [StepState::Running]);
    let effects = session.tell(Message::OperationFinished { operation, outcome: Outcome::Done });
    let extent = Extent::ServiceAccount(sa("api-service/api-service"));
    assert_eq!(effects, [Effect::Refresh { cluster: ClusterId(0), generation: 1, extent }]);
    assert_eq!(session.last_toast(), "api-service/api-service is associated");

    let Some(Dialog::Restart(offer)) = session.model.dialog() else { panic!("no offer") };
    assert_eq!(offer.chosen(), [deployment("api-service", "api-service")]);
    session.changes(vec![Change::AssociationsOf(
        sa("api-service/api-service"),
        vec![association("a-new", "api-service/api-service", "api-dev", None)],
    )]);
    session.press("Enter");
    assert_eq!(plan(&session).restarted(), [deployment("api-service", "api-service")]);
    let effects = session.press("Enter");
    assert!(
        matches!(&effects[..], [Effect::Apply { operation: OperationId(2), client_token, .. }] if client_token == "rolecall-test-2"),
        "{effects:?}"
    );
    session.tell(Message::OperationFinished { operation: OperationId(2), outcome: Outcome::Done });
    assert!(session.model.dialogs.is_empty());
}

#[test]
fn removing_an_association_needs_its_name_typed() {
    let mut session = with("search/indexer", Settings { write: true, ..Settings::default() });
    session.press("x");
    let planned = plan(&session);
    assert_eq!(session.press("Enter"), []);
    assert_eq!(session.last_toast(), "type search/indexer to confirm");
    session.write("search/indexe");
    assert_eq!(session.press("Enter"), []);
    session.write("r");
    let effects = session.press("Enter");
    assert!(matches!(&effects[..], [Effect::Apply { plan, .. }] if *plan == planned), "{effects:?}");
}

#[test]
fn a_paste_goes_to_the_field_as_one_edit_and_is_no_command_elsewhere() {
    let mut session = on("search/indexer");
    let before = session.model.visible_revision();
    assert_eq!(session.tell(Message::Input(Input::Paste("qxq\n".into()))), []);
    assert_eq!((session.model.visible_revision(), session.model.dialogs.len()), (before, 0));
    session.press("x");
    assert_eq!(session.tell(Message::Input(Input::Paste("search/indexer\n".into()))), []);
    let Some(Dialog::Confirm(confirm)) = session.model.dialog() else { panic!("no plan") };
    assert_eq!(confirm.refusal(), None);
}

#[test]
fn a_read_only_session_plans_and_copies_but_never_applies() {
    let mut session = with("search/indexer", Settings { read_only: true, write: true, ..Settings::default() });
    session.press("x");
    session.write("search/indexer");
    let copied = session.press("Ctrl-y");
    assert!(
        matches!(&copied[..], [Effect::Copy(text)] if text.contains("delete-pod-identity-association")),
        "{copied:?}"
    );
    assert_eq!(session.press("Enter"), []);
    assert!(session.last_toast().contains("read-only"), "{}", session.last_toast());
    session.press("Esc W");
    assert!(session.last_toast().contains("cannot be unlocked"));
    assert_eq!(session.model.lock(), Lock::ReadOnly);
}

#[test]
fn in_a_protected_context_names_must_be_typed() {
    let mut session =
        with("api-service/api-service", Settings { protected: vec!["acme*".into()], ..Settings::default() });
    session.press("c");
    session.write("api-dev");
    session.press("Enter Enter");
    assert_eq!(session.last_toast(), "type api-service/api-service to confirm");
    session.write("api-service/api-service");
    session.press("Enter Enter");
    assert_eq!(session.last_toast(), "type acme-dev to unlock it");
    session.write("acme-dev");
    assert!(matches!(&session.press("Enter")[..], [Effect::Apply { .. }]));
}

#[test]
fn an_unlocked_session_locks_itself_after_half_an_hour() {
    let mut session = Session::new();
    session.press("W Enter");
    assert_eq!(session.model.lock().word(), "UNLOCKED");
    session.wait(29 * 60);
    assert!(session.model.lock().is_open(session.now));
    session.wait(60);
    assert_eq!((session.model.lock(), session.last_toast().as_str()), (Lock::Locked, "acme-dev is locked again"));
    session.press("W Enter W");
    assert_eq!(session.model.lock(), Lock::Locked);
}

#[test]
fn a_plan_that_the_cluster_overtook_is_shown_again_and_not_applied_unseen() {
    let mut session = with("search/indexer", Settings { write: true, ..Settings::default() });
    session.press("x");
    session.write("search/indexer");
    session.changes(vec![Change::AssociationsOf(
        sa("search/indexer"),
        vec![association("a-other", "search/indexer", "api-dev", None)],
    )]);
    let Some(Dialog::Confirm(confirm)) = session.model.dialog() else { panic!("no plan") };
    assert!(confirm.changed);
    assert_eq!(session.press("Enter"), []);
}

#[test]
fn commands_that_do_not_apply_answer_with_a_sentence() {
    let mut session = Session::new();
    session.press("2");
    for (account, key, sentence) in [
        ("kube-system/aws-node", "x", "owned by add-on vpc-cni: change it through the add-on"),
        ("api-service/api-service", "x", "service account api-service/api-service has no association"),
        ("search/indexer", "c", "search/indexer has an association already (a-search): m changes it, x removes it"),
        ("search/indexer", "I", "search/indexer has no annotation eks.amazonaws.com/role-arn"),
        ("batch/reindex", "R", "job/reindex is a Job: its next run brings new pods by itself"),
        ("search/indexer", "z", "only the list of pods folds"),
    ] {
        session.select(&Subject::ServiceAccount(sa(account)));
        assert_eq!(session.press(key), []);
        assert_eq!(session.last_toast(), sentence);
        assert!(session.model.dialogs.is_empty());
    }
    session.press("3 i");
    assert_eq!(session.last_toast(), "select a pod, a workload, a service account or an association first");
    session.press("A");
    assert!(session.last_toast().starts_with("the agent is there already"), "{}", session.last_toast());
}

#[test]
fn the_guided_set_up_asks_whose_association_where_no_service_account_is_selected() {
    let mut session = Session::new();
    session.press("3");
    session.press("c");
    let Some(Dialog::Account(form)) = session.model.dialog() else { panic!("no form") };
    assert!(form.lines() > 0);
    session.write("search/brand-new");
    let Some(Dialog::Account(form)) = session.model.dialog() else { panic!("no form") };
    assert_eq!(form.chosen(), Some(sa("search/brand-new")), "one that does not exist yet may be typed in full");
    session.press("Enter");
    let Some(Dialog::Role(form)) = session.model.dialog() else { panic!("no form") };
    assert_eq!((form.purpose, &form.service_account), (Purpose::Associate, &sa("search/brand-new")));
}

#[test]
fn answers_for_operations_that_are_over_or_unknown_are_dropped() {
    let mut session = with("search/indexer", Settings { write: true, ..Settings::default() });
    session.press("x");
    session.write("search/indexer");
    session.press("Enter");
    let operation = OperationId(1);
    let failure = Arc::new(Failure::new(FailureKind::Conflict, "cannot delete it", "it changed", "Look again"));
    session.tell(Message::OperationFinished { operation, outcome: Outcome::Failed(Arc::clone(&failure)) });
    assert_eq!(session.last_toast(), failure.to_string());
    let revision = session.model.visible_revision();
    for stale in [operation, OperationId(7)] {
        assert_eq!(session.tell(Message::OperationStepped { operation: stale, step: 0, state: StepState::Done }), []);
        assert_eq!(session.tell(Message::OperationFinished { operation: stale, outcome: Outcome::Done }), []);
    }
    assert_eq!(session.tell(Message::Changes(ClusterId(9), super::world::changes())), []);
    assert_eq!(session.model.visible_revision(), revision);
    assert!(matches!(session.model.operation(operation).unwrap().outcome, Some(Outcome::Failed(_))));
}

#[test]
fn while_an_operation_is_at_work_q_waits_and_ctrl_c_stops_it_between_steps() {
    let mut session = with("search/indexer", Settings { write: true, ..Settings::default() });
    session.press("x");
    session.write("search/indexer");
    session.press("Enter");
    assert_eq!(session.press("q q"), [], "the first closes its progress");
    assert!(session.last_toast().starts_with("operation 1 is at work"), "{}", session.last_toast());
    assert_eq!(session.press("Ctrl-c"), [Effect::Cancel(OperationId(1))]);
    session.tell(Message::OperationFinished { operation: OperationId(1), outcome: Outcome::Cancelled });
    assert_eq!(session.model.operation(OperationId(1)).unwrap().steps, [StepState::Skipped]);
}

#[test]
fn an_arn_typed_in_full_is_the_role_whatever_the_candidates_are() {
    let mut session = on("user-service/user-service");
    session.press("i");
    session.tell(Message::Input(Input::Paste("arn:aws:iam::444455556666:role/team/other".into())));
    let Some(Dialog::Role(form)) = session.model.dialog() else { panic!("no form") };
    assert_eq!(form.role().unwrap().as_str(), "arn:aws:iam::444455556666:role/team/other");
    session.press("Ctrl-u");
    session.write("no such role at all");
    session.press("Enter");
    assert!(session.last_toast().starts_with("no role is called that"));
    session.press("Esc");
    assert!(session.model.dialogs.is_empty());
}

#[test]
fn a_key_goes_through_the_formats_of_a_plan_and_copy_takes_the_one_in_view() {
    let mut session = on("api-service/api-service");
    session.press("c");
    session.write("apdev");
    session.press("Enter");
    let commands = plan(&session).steps[0].command.clone();
    assert_eq!(session.press("y"), [Effect::Copy(commands)]);
    let beginnings = [
        "aws eks create-pod-identity-association",
        "# rolecall associate api-service/api-service: cluster",
        "# rolecall associate api-service/api-service: cluster",
        "# rolecall associate api-service/api-service: cluster",
        "# rolecall associate api-service/api-service: cluster",
    ];
    let wanted = ["aws eks", "resource \"aws_eks_pod", "eksctl.io/", "AWS::EKS::PodIdentity", "eks.services.k8s.aws/"];
    for (beginning, wanted) in beginnings.into_iter().zip(wanted) {
        session.press("T");
        let effects = session.press("y");
        let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
        assert!(text.starts_with(beginning) && text.contains(wanted), "{text}");
    }
    session.press("T");
    let Some(Dialog::Confirm(confirm)) = session.model.dialog() else { panic!("no plan") };
    assert_eq!(confirm.export, None, "after the last format the plan is in view again");
}

#[test]
fn a_plan_that_must_be_typed_is_exported_without_typing_into_its_field() {
    let mut session = on("search/indexer");
    session.press("x");
    session.press("Ctrl-t Ctrl-t");
    let Some(Dialog::Confirm(confirm)) = session.model.dialog() else { panic!("no plan") };
    assert!(confirm.export.as_ref().is_some_and(|export| export.text.contains("removed {")), "{:?}", confirm.export);
    assert!(confirm.typed.as_ref().is_some_and(|typed| typed.field.is_empty()));
}

#[test]
fn an_export_follows_the_plan_when_the_cluster_changes() {
    let mut session = on("api-service/api-service");
    session.press("c");
    session.write("apdev");
    session.press("Enter T T");
    let there = association("a-new", "api-service/api-service", "api-dev", None);
    session.changes(vec![Change::AssociationsOf(sa("api-service/api-service"), vec![there])]);
    let Some(Dialog::Confirm(confirm)) = session.model.dialog() else { panic!("no plan") };
    let text = confirm.export.as_ref().map(|export| export.text.as_str()).unwrap_or_default();
    assert!(confirm.changed && text.contains("import {"), "{text}");
}
