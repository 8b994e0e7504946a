//! History, marks, comparison, and what is handed out.

use std::sync::Arc;

use super::world::{Session, arn, deployment, pod, sa, service_account};
use crate::{
    app::{
        availability,
        command::Command,
        compare::{Comparison, compare},
        dialog::{Dialog, copy::CopyMenu, request::Request},
        effect::{Effect, Extent, Outing},
        keys::Keys,
        lock::Lock,
        message::{AwsRead, Configured, Input, Measure, Message, Place},
        screen::{Screen, list::ListKind},
        subject::Subject,
    },
    config::{keymap::Preset, settings::Settings},
    domain::{
        change::Change,
        cluster::Target,
        failure::{Failure, FailureKind},
        id::{ClusterId, NodeName, PodId},
        plan::migrate::Which,
        workload::WorkloadKind,
    },
};

#[test]
fn brackets_go_back_and_forward_with_filter_order_and_selection() {
    let mut session = Session::new();
    session.press("3");
    session.select(&Subject::Namespace("search".into()));
    session.press("Enter s /");
    session.write("indexer");
    session.press("Enter j Enter");
    assert_eq!(session.selected(), "search/indexer");
    session.press("7 [");
    assert!(matches!(session.model.screen(), Some(Screen::Detail(_))));
    session.press("[");
    let list = session.model.list().unwrap();
    assert_eq!((list.kind, list.filter.query.as_str()), (ListKind::ServiceAccounts, "indexer"));
    assert_ne!(list.sort, list.sorts()[0], "the order it was left in");
    assert_eq!(session.selected(), "search/indexer");
    session.press("[");
    assert_eq!((session.model.tab, session.model.history.len()), (ListKind::Namespaces, 0));
    session.press("] ] ]");
    assert_eq!((session.model.tab, session.model.history.len()), (ListKind::Findings, 0));
    session.press("]");
    assert_eq!(session.last_toast(), "there is no page after this one");
}

#[test]
fn esc_can_be_taken_back_and_a_new_page_ends_the_way_forward() {
    let mut session = Session::new();
    session.press("Enter Esc ]");
    assert!(matches!(session.model.screen(), Some(Screen::Detail(_))));
    session.press("Esc D");
    assert!(availability::of(&session.model, Command::HistoryForward).is_err());
    session.press("[");
    assert_eq!((session.model.tab, session.model.history.len()), (ListKind::Pods, 0));
    session.press("[");
    assert_eq!(session.last_toast(), "there is no page before this one");
}

#[test]
fn space_marks_goes_on_and_takes_back_and_esc_forgets() {
    let mut session = Session::new();
    session.press("2");
    let rows = session.rows();
    session.press("Space Space");
    let marks: Vec<String> = session.model.marks.iter().map(|(_, subject)| subject.to_string()).collect();
    assert_eq!((marks.as_slice(), session.selected()), (&rows[..2], rows[2].clone()));
    session.press("k Space");
    assert_eq!(session.model.marks.len(), 1);
    session.press("Esc");
    assert!(session.model.marks.is_empty());
}

/// Whose migration is planned.
fn migrated(session: &mut Session) -> Which {
    session.press("M");
    let Some(Dialog::Confirm(confirm)) = session.model.dialog() else { panic!("no plan in view") };
    let Request::Migrate(request) = &confirm.request else { panic!("another plan: {:?}", confirm.request) };
    let which = request.which.clone();
    session.press("Esc");
    which
}

#[test]
fn a_migration_is_of_what_is_marked_and_else_of_the_selection() {
    let mut session = Session::new();
    let annotated = ["batch/reindex", "user-service/user-service"];
    session.changes(annotated.map(|id| Change::ServiceAccount(service_account(id, Some(arn("api-dev"))))).to_vec());
    session.press("2");
    for id in ["user-service/user-service", "batch/reindex"] {
        session.select(&Subject::ServiceAccount(sa(id)));
        session.press("Space");
    }
    session.select(&Subject::ServiceAccount(sa("search/indexer")));
    assert_eq!(migrated(&mut session), Which::Accounts(annotated.map(sa).to_vec()));
    session.press("Esc");
    assert!(session.model.marks.is_empty());
    session.select(&Subject::ServiceAccount(sa("batch/reindex")));
    assert_eq!(migrated(&mut session), Which::Accounts(vec![sa("batch/reindex")]));
    session.press("3");
    session.select(&Subject::Namespace("batch".into()));
    assert_eq!(migrated(&mut session), Which::Namespace("batch".into()));
    session.press("Space");
    assert_eq!(migrated(&mut session), Which::Accounts(vec![sa("batch/reindex")]), "of a namespace those with a role");
}

#[test]
fn two_are_compared_and_anything_else_says_how() {
    let mut session = Session::new();
    session.press("=");
    assert_eq!(session.last_toast(), "two are compared: mark them with Space, 0 now");
    session.press("Space =");
    let Some(Screen::Compare(page)) = session.model.screen() else { panic!("no comparison") };
    assert_ne!(page.left, page.right);
    session.press("Esc");
    assert_eq!((session.model.history.len(), session.model.marks.len()), (0, 1), "the page closes before marks go");
}

fn told(session: &Session, left: &Subject, right: &Subject) -> Comparison {
    let inventory = session.model.inventory();
    compare((inventory, left), (inventory, right))
}

#[test]
fn replicas_that_differ_by_their_node_are_told_apart_by_it() {
    let mut session = Session::new();
    let mut other = pod("search/indexer", WorkloadKind::Deployment, "indexer", "indexer-b");
    other.node = Some(NodeName::from("node-b"));
    session.changes(vec![Change::Pod(other)]);
    let subject = |name: &str| Subject::Pod(PodId::new("search", name));
    let differing = told(&session, &subject("indexer-a"), &subject("indexer-b"));
    assert!(differing.sentence.starts_with("same template, another node, "), "{}", differing.sentence);
    let node = differing.facts.iter().find(|fact| fact.label == "node").unwrap();
    assert_eq!(node.values, [Some("node-a".to_owned()), Some("node-b".to_owned())]);
    let same = told(&session, &subject("indexer-a"), &subject("indexer-a"));
    assert_eq!(same.sentence, "same template, same node, nothing that decides differs.");
}

#[test]
fn every_kind_of_object_can_be_compared() {
    let mut session = Session::new();
    for key in ["1", "z", "2", "3", "4", "5", "6", "7"] {
        session.press(key);
        let rows = session.model.list().unwrap().view.rows().to_vec();
        for row in &rows {
            let facts = told(&session, &rows[0].subject(), &row.subject()).facts;
            assert!(facts.len() > 1, "{}", row.subject());
        }
    }
}

fn offers(session: &Session) -> Vec<(&'static str, String)> {
    CopyMenu::new(&session.model).offers.into_iter().map(|offer| (offer.what, offer.text)).collect()
}

#[test]
fn the_copy_menu_has_names_arns_issuer_statements_chain_json_and_the_command() {
    let mut session = Session::new();
    session.press("2");
    session.select(&Subject::ServiceAccount(sa("search/indexer")));
    let offers = offers(&session);
    let text = |what: &str| offers.iter().find(|offer| offer.0 == what).map_or("", |offer| offer.1.as_str());
    assert_eq!(text("name"), "search/indexer");
    assert_eq!(text("ARN of its role"), arn("search-indexer").as_str());
    assert_eq!(text("OIDC issuer of the cluster"), "https://oidc.eks.eu-west-1.amazonaws.com/id/0123");
    assert_eq!(
        text("OIDC provider ARN"),
        "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123"
    );
    assert!(text("trust statement for IRSA").contains("system:serviceaccount:search:indexer"));
    assert!(text("trust statement for Pod Identity").contains("pods.eks.amazonaws.com"));
    assert!(text("chain as text").starts_with("service account search/indexer"));
    assert!(text("chain as Mermaid").starts_with("flowchart"));
    assert!(text("JSON").contains("\"ServiceAccountList\""));
    assert_eq!(text("command that explains it"), "rolecall explain sa search/indexer --context acme-dev");
    assert_eq!(text("command that prints this list"), "rolecall get serviceaccounts --context acme-dev");
}

#[test]
fn enter_copies_what_is_chosen_and_closes_the_menu() {
    let mut session = Session::new();
    session.select(&Subject::Workload(deployment("user-service", "user-service")));
    session.press("Y");
    assert!(matches!(session.model.dialog(), Some(Dialog::Copy(_))));
    assert_eq!(session.press("Enter"), [Effect::Copy("user-service/deploy/user-service".to_owned())]);
    assert!(session.model.dialogs.is_empty());
}

#[test]
fn what_is_copied_in_a_redacted_session_names_nobody() {
    let mut session = Session::with(Settings { redact: true, ..Settings::default() });
    session.press("4");
    session.select(&Subject::Role(arn("search-indexer")));
    let copied = session.press("y");
    let [Effect::Copy(text), ..] = &copied[..] else { panic!("{copied:?}") };
    assert!(text.starts_with("arn:aws:iam::0000") && !text.contains("search"), "{text}");
    session.press("Y");
    let count = offers(&session).len();
    for down in 0..count {
        for _ in 0..down {
            session.press("j");
        }
        let copied = session.press("Enter");
        let [Effect::Copy(text)] = &copied[..] else { panic!("{copied:?}") };
        assert!(!text.contains("search-indexer") && !text.contains("111122223333"), "{text}");
        session.press("Y");
    }
}

#[test]
fn logging_in_is_offered_only_where_credentials_are_what_is_missing() {
    let mut session = Session::with(Settings { login_command: "my-login now".to_owned(), ..Settings::default() });
    assert_eq!(session.press("L"), []);
    assert!(session.last_toast().starts_with("nobody has to log in"), "{}", session.last_toast());
    let target = Target { profile: Some("prod".to_owned()), ..Target::default() };
    session.changes(vec![Change::Target(target)]);
    let failure = Some(Arc::new(Failure::new(FailureKind::Credentials, "a", "b", "c")));
    session.tell(Message::AwsRead(ClusterId(0), AwsRead { generation: 0, at: session.now, failure }));
    let outing = Outing::Login(["my-login", "now", "--profile", "prod"].map(str::to_owned).to_vec());
    assert_eq!(session.press("L"), [Effect::StepAside(outing.clone())]);
    let after = session.tell(Message::Returned(outing, None));
    assert!(after.contains(&Effect::Redraw), "{after:?}");
    assert!(
        after.iter().any(|effect| matches!(effect, Effect::Refresh { extent: Extent::Everything, .. })),
        "{after:?}"
    );
}

#[test]
fn what_is_read_outside_is_the_chain_or_the_policy() {
    let mut session = Session::new();
    session.press("2");
    session.select(&Subject::ServiceAccount(sa("search/indexer")));
    let effects = session.press("E");
    let [Effect::StepAside(Outing::Read(text))] = &effects[..] else { panic!("{effects:?}") };
    assert!(text.starts_with("service account search/indexer"), "{text}");
    let effects = session.press("t E");
    let read = effects.iter().find_map(|effect| match effect {
        Effect::StepAside(Outing::Read(text)) => Some(text.as_str()),
        _ => None,
    });
    assert!(read.is_some_and(|text| text.starts_with('{')), "{effects:?}");
}

#[test]
fn a_click_chooses_a_row_and_on_the_chosen_row_opens_it() {
    let mut session = Session::new();
    session.press("2");
    let rows = session.rows();
    let place = Place { x: 0, y: 5, width: 74, height: 20 };
    session.tell(Message::Measured(Measure { body: 20, rows: Some(place), ..Measure::default() }));
    session.tell(Message::Input(Input::Click(10, 7)));
    assert_eq!((session.selected(), session.model.history.len()), (rows[2].clone(), 0));
    for elsewhere in [Input::Click(90, 7), Input::Click(10, 2), Input::Click(10, 24)] {
        session.tell(Message::Input(elsewhere));
        assert_eq!(session.selected(), rows[2]);
    }
    session.tell(Message::Input(Input::Click(10, 7)));
    assert_eq!(session.model.history.len(), 1);
}

#[test]
fn the_mouse_is_off_until_it_is_asked_for() {
    let mut session = Session::new();
    assert!(!session.model.mouse);
    assert_eq!(session.press("Ctrl-e"), [Effect::Mouse(true)]);
    assert!(session.last_toast().contains("hold Shift"), "{}", session.last_toast());
    assert_eq!(session.press("Ctrl-e"), [Effect::Mouse(false)]);
}

#[test]
fn a_resize_and_ctrl_l_clear_the_screen_and_draw_everything() {
    let mut session = Session::new();
    assert_eq!(session.tell(Message::Input(Input::Resize(100, 30))), [Effect::Redraw]);
    assert_eq!(session.press("Ctrl-l"), [Effect::Redraw]);
    assert_eq!(session.tell(Message::Resumed), [Effect::Redraw]);
}

#[test]
fn a_session_may_begin_on_the_page_of_an_object_that_is_read_later() {
    let mut session = Session::empty(Settings::default());
    let subject = Subject::named("pod/search/indexer-a").unwrap();
    session.model.open_on(subject.clone());
    session.tell(Message::Wake);
    let found = |session: &Session| match session.model.screen() {
        Some(Screen::Detail(page)) => (page.found, page.gone),
        other => panic!("no page: {other:?}"),
    };
    assert_eq!(found(&session), (false, false));
    session.changes(super::world::changes());
    assert_eq!((found(&session), session.model.subject()), ((true, false), Some(subject)));
    session.press("Esc");
    assert_eq!(session.model.tab, ListKind::Pods);
    for wrong in ["pod/indexer", "pods/a/b", "role/short", "sa//x", ""] {
        assert_eq!(Subject::named(wrong), None, "{wrong}");
    }
}

#[test]
fn files_that_change_are_taken_over_while_the_program_runs() {
    let mut session = Session::new();
    let (keys, _) = Keys::parse(Preset::Default, "keymap.toml", "quit = \"Q\"");
    let settings = Settings { ascii: true, ..Settings::default() };
    let configured = Configured { settings, keys, theme: None, problems: Vec::new() };
    session.tell(Message::Configured(Box::new(configured)));
    assert_eq!(session.last_toast(), "the configuration was read again");
    assert!(session.model.settings.ascii);
    assert_eq!(session.press("q"), []);
    assert_eq!(session.press("Q"), [Effect::Quit]);
    let (keys, problems) = Keys::parse(Preset::Default, "keymap.toml", "quit = \"F1\"");
    let settings = Settings { read_only: true, ..Settings::default() };
    session.tell(Message::Configured(Box::new(Configured { settings, keys, theme: None, problems })));
    assert!(session.last_toast().starts_with("keymap.toml line 1: quit: F1 is never bound"));
    assert_eq!(session.model.lock(), Lock::ReadOnly);
    assert_eq!(session.press("q"), [Effect::Quit], "defaults where the file is wrong");
}

/// Settings of a configuration file.
fn of_file(text: &str) -> Settings {
    let (settings, problems) = Settings::parse("config.toml", text);
    assert!(problems.is_empty(), "{problems:?}");
    settings
}

#[test]
fn what_a_context_may_change_opens_no_other_context() {
    let mut session = Session::empty(of_file("[context.\"acme-dev\"]\nwrite = true\n"));
    assert!(session.model.lock().is_open(session.now));
    session.model.also(Some("acme-prod"));
    assert_eq!(session.model.clusters[1].lock, Lock::Locked);
}

#[test]
fn a_context_that_becomes_read_only_locks_its_own_cluster() {
    let mut session = Session::new();
    let id = session.model.also(Some("acme-prod"));
    let target = Target { context: Some("acme-prod".into()), ..Target::default() };
    session.tell(Message::Changes(id, vec![Change::Target(target)]));
    let settings = of_file("[context.\"acme-prod\"]\nread-only = true\n");
    let configured = Configured { settings, keys: Keys::default(), theme: None, problems: Vec::new() };
    session.tell(Message::Configured(Box::new(configured)));
    let locks: Vec<Lock> = session.model.clusters.iter().map(|cluster| cluster.lock).collect();
    assert_eq!(locks, [Lock::Locked, Lock::ReadOnly]);
}
