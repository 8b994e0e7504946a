//! Frames to be looked at: text and styles, reviewed by eye whenever they change.

use std::sync::Arc;

use insta::assert_snapshot;

use super::{frame, world};
use crate::{
    app::{
        cluster::Link,
        message::{AwsRead, Input, Message},
        model::Model,
        operation::{Outcome, StepState},
        screen::Screen,
    },
    config::{settings::Settings, theme::Theme},
    domain::{
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
        permission::RoleDetail,
    },
};

fn picture(mut model: Model, keys: &str, width: u16, height: u16) -> String {
    if !keys.is_empty() {
        world::press(&mut model, keys);
    }
    frame::dump(&frame::draw(&model, &Theme::dark(), width, height))
}

#[test]
fn the_first_frame_says_what_is_awaited() {
    let frame = picture(world::silent(120, 36), "", 120, 36);
    assert!(frame.contains("connecting to acme-prod ..."));
    assert_snapshot!("first_frame_80x24", picture(world::silent(80, 24), "", 80, 24));
}

#[test]
fn pods_with_the_chain_beside_them() {
    assert_snapshot!("pods_120x36", picture(world::full(120, 36), "", 120, 36));
}

#[test]
fn pods_in_a_small_window() {
    assert_snapshot!("pods_80x24", picture(world::full(80, 24), "", 80, 24));
}

#[test]
fn in_a_wide_window_the_trust_policy_stands_beside_the_chain() {
    assert_snapshot!("pods_160x45", picture(world::full(160, 45), "", 160, 45));
}

#[test]
fn the_other_lists() {
    for (key, name) in [
        ("2", "service_accounts"),
        ("3", "namespaces"),
        ("4", "roles"),
        ("5", "associations"),
        ("6", "nodes"),
        ("7", "findings"),
    ] {
        assert_snapshot!(format!("{name}_120x20"), picture(world::full(120, 20), key, 120, 20));
    }
}

#[test]
fn no_code_of_a_finding_is_cut_in_the_list() {
    let longest = crate::domain::finding::code::CODES.iter().map(|code| code.name.len()).max();
    assert_eq!(longest, Some(24));
    for (width, height) in [(60, 20), (80, 24), (120, 36), (160, 45)] {
        let mut model = world::full(width, height);
        world::press(&mut model, "7");
        let frame = frame::text(&model, width, height);
        assert!(frame.contains("NODE-ROLE-FALLBACK "), "{frame}");
        assert!(!frame.contains("MISMAT.."), "{frame}");
    }
}

#[test]
fn a_finding_opens_the_chain_with_its_hop_in_view() {
    assert_snapshot!("finding_opened_120x36", picture(world::full(120, 36), "7 Enter", 120, 36));
    let frame = picture(world::full(70, 16), "7 Enter", 70, 16);
    assert!(frame.contains("<- IRSA-SUB-MISMATCH"), "{frame}");
}

#[test]
fn pages_of_associations_nodes_and_namespaces_name_their_findings() {
    for (key, expected) in [
        ("3 / \"checkout Enter", "FINDINGS  NODE-ROLE-FALLBACK"),
        ("5 / \"gone Enter", "FINDINGS  ORPHAN-ASSOCIATION"),
        ("6", "FINDINGS  NODE-ROLE-OVERPRIVILEGED"),
    ] {
        let mut changes = world::everything();
        let web = world::association("a-web1", "checkout/web", "web");
        let gone = world::association("a-gone1", "data/gone", "web");
        changes.push(Change::Associations(Fact::Known(vec![web, gone])));
        changes.push(Change::RoleDetail("ng-role".into(), RoleDetail::with_policies_of_aws(&["AdministratorAccess"])));
        let mut model = world::read(world::with(120, 36, Settings::default(), changes));
        world::press(&mut model, key);
        let text = frame::text(&model, 120, 36);
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn policies_of_a_role_are_listed_and_what_reaches_far_is_marked() {
    let mut changes = world::everything();
    let detail = RoleDetail::with_policies_of_aws(&["AdministratorAccess", "AmazonSQSFullAccess"]);
    changes.push(Change::RoleDetail("ng-role".into(), detail));
    let mut model = world::read(world::with(120, 36, Settings::default(), changes));
    world::press(&mut model, "4 / \"ng-role Enter Enter");
    let text = frame::text(&model, 120, 36);
    for expected in ["PERMISSIONS", "AdministratorAccess", "attached, of AWS", "! administrator: everything"] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert_eq!(text.matches("    ! ").count(), 1, "{text}");
}

#[test]
fn the_trust_policy_as_a_page() {
    assert_snapshot!("trust_120x36", picture(world::full(120, 36), "t", 120, 36));
    assert_snapshot!("trust_80x24", picture(world::full(80, 24), "t", 80, 24));
}

#[test]
fn another_statement_of_the_trust_policy_and_its_long_lines() {
    assert_snapshot!("trust_statement_80x24", picture(world::full(80, 24), "t J", 80, 24));
    let mut model = world::full(80, 24);
    world::press(&mut model, "t");
    let Some(Screen::Trust(page)) = model.history.last_mut() else { panic!("no trust policy") };
    page.column = 38;
    assert_snapshot!("trust_shifted_80x24", picture(model, "", 80, 24));
}

#[test]
fn a_role_and_everybody_who_could_become_it() {
    assert_snapshot!("role_120x36", picture(world::full(120, 36), "4 / \"payments-api Enter Enter", 120, 36));
}

#[test]
fn the_cluster_in_numbers_and_bars() {
    assert_snapshot!("overview_120x44", picture(world::full(120, 44), "0", 120, 44));
    assert_snapshot!("overview_80x24", picture(world::full(80, 24), "0", 80, 24));
}

#[test]
fn two_workloads_side_by_side() {
    assert_snapshot!("compare_120x36", picture(world::full(120, 36), "/ \"payments Enter Space =", 120, 36));
    assert_snapshot!("compare_80x24", picture(world::full(80, 24), "Space Space =", 80, 24));
}

#[test]
fn what_can_be_copied() {
    assert_snapshot!("copy_120x36", picture(world::full(120, 36), "Y", 120, 36));
}

#[test]
fn a_marked_row_has_a_plus() {
    let text = {
        let mut model = world::full(120, 36);
        world::press(&mut model, "Space k");
        frame::text(&model, 120, 36)
    };
    assert!(text.lines().any(|line| line.starts_with(">✗+")), "{text}");
}

#[test]
fn a_plan_before_it_is_performed() {
    assert_snapshot!("associate_120x36", picture(world::full(120, 36), "c", 120, 36));
}

#[test]
fn removing_an_association_shows_what_pods_fall_to_and_asks_for_the_name() {
    let mut model = world::full(120, 36);
    world::press(&mut model, "/ \"api-service Enter x");
    assert_snapshot!("dissociate_120x36", picture(model, "\"api-s", 120, 36));
}

/// An association of `logging/fluent-bit` with `web` is asked for, unlocked and under way.
fn working() -> Model {
    let mut model = world::full(80, 24);
    world::press(&mut model, "/ \"fluent Enter c \"web Enter Enter Enter");
    model
}

#[test]
fn an_operation_at_work_and_what_it_offers_afterwards() {
    let mut model = working();
    let id = model.operations.last().unwrap().id;
    world::tell(&mut model, Message::OperationStepped { operation: id, step: 0, state: StepState::Running });
    assert_snapshot!("operation_80x24", picture(model, "", 80, 24));
    let mut model = working();
    world::tell(&mut model, Message::OperationStepped { operation: id, step: 0, state: StepState::Done });
    world::tell(&mut model, Message::OperationFinished { operation: id, outcome: Outcome::Done });
    assert_snapshot!("restart_offer_80x24", picture(model, "", 80, 24));
}

#[test]
fn a_failed_operation_keeps_its_code_and_says_what_to_do() {
    let mut model = working();
    let id = model.operations.last().unwrap().id;
    let mut failure = Failure::new(
        FailureKind::Denied,
        "cannot create the association of logging/fluent-bit",
        "oncall/alice is not allowed to pass the role web",
        "Ask for iam:PassRole on arn:aws:iam::111122223333:role/web.",
    )
    .missing("iam:PassRole", "arn:aws:iam::111122223333:role/web");
    failure.code = Some("AccessDeniedException".into());
    failure.request_id = Some("3f1c-77".into());
    let failure = Arc::new(failure);
    world::tell(
        &mut model,
        Message::OperationStepped { operation: id, step: 0, state: StepState::Failed(Arc::clone(&failure)) },
    );
    world::tell(&mut model, Message::OperationFinished { operation: id, outcome: Outcome::Failed(failure) });
    let text = frame::text(&model, 80, 24);
    assert!(text.contains("AccessDeniedException"), "{text}");
    assert!(text.contains("Ask for iam:PassRole"), "{text}");
    assert_snapshot!("failed_operation_80x24", picture(model, "", 80, 24));
}

#[test]
fn a_page_of_one_workload() {
    assert_snapshot!("workload_120x36", picture(world::full(120, 36), "Enter", 120, 36));
    assert_snapshot!("workload_80x24", picture(world::full(80, 24), "Enter", 80, 24));
}

#[test]
fn all_keys() {
    assert_snapshot!("help_120x44", picture(world::full(120, 44), "?", 120, 44));
}

#[test]
fn a_denied_list_says_what_why_and_what_to_do() {
    let mut model = world::silent(100, 24);
    let failure = Failure::new(
        FailureKind::Denied,
        "cannot list pods",
        "User \"alice\" cannot list resource \"pods\" at the cluster scope",
        "Ask for an access entry with AmazonEKSAdminViewPolicy.",
    );
    world::tell(
        &mut model,
        Message::KubernetesLink(world::CLUSTER, Link::Denied(Arc::new(failure.missing("list pods", "all namespaces")))),
    );
    let text = frame::text(&model, 100, 24);
    assert!(text.contains("k8s denied"), "{text}");
    assert!(text.contains("cannot list pods"), "{text}");
    assert!(text.contains("Ask for an access entry"), "{text}");
    assert!(text.contains("missing: list pods on all namespaces"), "{text}");
}

#[test]
fn a_lost_connection_keeps_the_rows_and_says_so() {
    let mut model = world::full(120, 36);
    let failure = Arc::new(Failure::new(
        FailureKind::Credentials,
        "cannot read AWS",
        "the SSO session of profile prod expired",
        "Run aws sso login --profile prod.",
    ));
    world::tell(
        &mut model,
        Message::AwsRead(world::CLUSTER, AwsRead { generation: 0, at: world::start(), failure: Some(failure) }),
    );
    let gone = Arc::new(Failure::new(
        FailureKind::Unreachable,
        "lost the API server",
        "connection reset",
        "It is tried again by itself.",
    ));
    world::tell(
        &mut model,
        Message::KubernetesLink(world::CLUSTER, Link::Offline { since: world::start(), failure: gone }),
    );
    let text = frame::text(&model, 120, 36);
    assert!(text.contains("k8s offline since 10:00Z"), "{text}");
    assert!(text.contains("deploy/api"), "{text}");
    assert!(text.contains("It is tried again by itself."), "{text}");
}

#[test]
fn an_error_is_answered_below_the_field_and_its_hop_is_marked() {
    let mut model = world::full(120, 36);
    world::press(&mut model, "e");
    let error = "User: arn:aws:sts::111122223333:assumed-role/payments-api/web-identity-token-1700000000000 is not authorized to perform: \
                 sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:111122223333:orders because no identity-based policy allows the sqs:SendMessage action";
    world::tell(&mut model, Message::Input(Input::Paste(error.into())));
    assert_snapshot!("why_120x36", picture(model, "", 120, 36));
    let mut model = world::full(80, 24);
    world::press(&mut model, "e");
    world::tell(
        &mut model,
        Message::Input(Input::Paste("Not authorized to perform sts:AssumeRoleWithWebIdentity".into())),
    );
    assert_snapshot!("why_80x24", picture(model, "", 80, 24));
    let mut model = world::full(120, 36);
    world::press(&mut model, "e");
    world::tell(
        &mut model,
        Message::Input(Input::Paste("Not authorized to perform sts:AssumeRoleWithWebIdentity".into())),
    );
    assert_snapshot!("why_opened_120x36", picture(model, "Enter", 120, 36));
}
