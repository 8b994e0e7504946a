//! Moving, opening, going back; the selection follows the object.

use proptest::prelude::*;

use super::world::{Session, deployment, pod, sa};
use crate::{
    app::{
        dialog::Dialog,
        effect::Effect,
        message::{Input, Measure, Message},
        row::Row,
        screen::{
            Screen,
            detail::{Lead, Mark},
            list::ListKind,
        },
        subject::Subject,
    },
    domain::{change::Change, fact::Fact, id::PodId, identity::HopKind, workload::WorkloadKind},
};

#[test]
fn number_keys_and_tab_open_the_lists() {
    let mut session = Session::new();
    for (key, kind) in (1..).map(|number: usize| number.to_string()).zip(ListKind::ALL) {
        session.press(&key);
        assert_eq!(session.model.list().unwrap().kind, kind);
        assert!(!session.rows().is_empty(), "{kind:?} is empty");
    }
    session.press("Tab");
    assert_eq!(session.model.tab, ListKind::Pods);
    session.press("BackTab");
    assert_eq!(session.model.tab, ListKind::Findings);
}

#[test]
fn a_list_keeps_its_row_and_filter_while_others_are_looked_at() {
    let mut session = Session::new();
    session.press("2");
    session.select(&Subject::ServiceAccount(sa("search/indexer")));
    session.press("4 2");
    assert_eq!(session.selected(), "search/indexer");
    session.press("Enter Esc");
    assert_eq!(session.selected(), "search/indexer");
}

#[test]
fn enter_drills_from_a_namespace_to_its_service_accounts_to_their_pods() {
    let mut session = Session::new();
    session.press("3");
    session.select(&Subject::Namespace("search".into()));
    session.press("Enter");
    assert_eq!(session.rows(), ["search/indexer"]);
    session.press("Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    let links: Vec<String> = detail.links.iter().map(|link| format!("{} {}", link.relation, link.subject)).collect();
    assert_eq!(links, ["association a-search", "role search-indexer", "pod search/indexer-a"]);
    session.press("j j Enter");
    assert_eq!(session.selected(), "search/indexer-a");
    session.press("Esc h Left");
    assert_eq!((session.model.history.len(), session.selected().as_str()), (0, "search"));
}

#[test]
fn a_role_leads_to_everyone_who_uses_it() {
    let mut session = Session::new();
    session.press("4");
    session.select(&Subject::Role(super::world::arn("search-indexer")));
    session.press("Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert!(detail.links.iter().any(|link| link.subject == Subject::ServiceAccount(sa("search/indexer"))));
}

#[test]
fn esc_closes_one_layer_after_the_other_and_never_quits() {
    let mut session = Session::new();
    session.press("/");
    session.write("search");
    session.press("Enter Enter ?");
    assert!(matches!(session.model.dialog(), Some(Dialog::Help(_))));
    session.tell(Message::Failed(std::sync::Arc::new(crate::domain::failure::Failure::new(
        crate::domain::failure::FailureKind::Server,
        "a",
        "b",
        "c",
    ))));
    let layers = |session: &Session| {
        let filtered = !session.model.tab_list(ListKind::Pods).filter.query.is_empty();
        (session.model.dialogs.len(), session.model.toasts.shown().len(), session.model.history.len(), filtered)
    };
    let mut seen = vec![layers(&session)];
    for _ in 0..4 {
        assert_eq!(session.press("Esc"), []);
        seen.push(layers(&session));
    }
    assert_eq!(seen, [(1, 1, 1, true), (0, 1, 1, true), (0, 0, 1, true), (0, 0, 0, true), (0, 0, 0, false)]);
    for _ in 0..3 {
        assert_eq!(session.press("Esc"), []);
    }
    assert_eq!(session.last_toast(), "this is the first page: q quits");
}

#[test]
fn q_closes_pages_and_quits_only_from_a_list() {
    let mut session = Session::new();
    session.press("Enter");
    assert_eq!(session.press("q"), []);
    assert!(session.model.history.is_empty());
    assert_eq!(session.press("q"), [Effect::Quit]);
    assert_eq!(session.press("Ctrl-c"), [Effect::Quit]);
}

#[test]
fn unfolding_goes_to_a_pod_of_the_workload_and_back() {
    let mut session = Session::new();
    session.select(&Subject::Workload(deployment("user-service", "user-service")));
    session.press("z");
    assert_eq!(session.selected(), "user-service/user-service-a");
    session.press("z");
    assert_eq!(session.selected(), "user-service/deploy/user-service");
}

#[test]
fn the_selection_goes_to_the_nearest_neighbour_when_its_object_is_gone() {
    let mut session = Session::new();
    session.press("z s");
    let rows = session.rows();
    session.select(&Subject::Pod(PodId::new("api-service", "api-service-b")));
    let at = rows.iter().position(|row| row == "api-service/api-service-b").unwrap();
    session.changes(vec![Change::PodGone(PodId::new("api-service", "api-service-b"))]);
    assert_eq!(session.selected(), rows[at + 1]);
}

#[test]
fn until_somebody_moves_the_selection_stays_at_the_top() {
    let mut session = Session::empty(Default::default());
    let late = pod("zoo/late", WorkloadKind::Deployment, "late", "late-1");
    session.changes(vec![Change::Pods(Fact::Known(vec![late]))]);
    assert_eq!(session.selected(), "zoo/deploy/late");
    let early = pod("aaa/early", WorkloadKind::Deployment, "early", "early-1");
    session.changes(vec![Change::Pod(early)]);
    assert_eq!(session.selected(), session.rows()[0]);
}

#[test]
fn t_opens_the_trust_policy_seen_by_who_would_become_the_role() {
    let mut session = Session::new();
    session.press("2");
    session.select(&Subject::ServiceAccount(sa("search/indexer")));
    session.press("t");
    let Some(Screen::Trust(trust)) = session.model.screen() else { panic!("no trust policy") };
    assert_eq!(trust.role.as_str(), "arn:aws:iam::111122223333:role/search-indexer");
    assert_eq!(trust.asker.as_ref().unwrap().0, sa("search/indexer"));
    session.press("r");
    assert!(matches!(session.model.screen(), Some(Screen::Trust(trust)) if trust.raw));
    let copied = session.press("y");
    assert!(matches!(&copied[..], [Effect::Copy(text)] if text.starts_with('{')), "{copied:?}");
}

#[test]
fn a_frozen_view_lets_changes_wait() {
    let mut session = Session::new();
    let before = session.rows();
    session.press("f");
    let revision = session.model.visible_revision();
    session.changes(vec![Change::Pod(pod("aaa/new", WorkloadKind::Deployment, "new", "new-1"))]);
    assert_eq!((session.rows(), session.model.visible_revision()), (before.clone(), revision));
    session.press("f");
    assert_eq!(session.rows().len(), before.len() + 1);
}

#[test]
fn the_wheel_moves_what_the_keys_move() {
    let mut session = Session::new();
    session.press("2");
    let rows = session.rows();
    session.tell(Message::Input(Input::Scroll(2)));
    assert_eq!(session.selected(), rows[2]);
    session.tell(Message::Input(Input::Scroll(-9)));
    assert_eq!(session.selected(), rows[0]);
}

proptest! {
    #[test]
    fn after_any_batch_the_selected_pod_is_still_selected_or_gone(
        start in proptest::collection::btree_set(0_u8..30, 1..20),
        later in proptest::collection::btree_set(0_u8..30, 0..20),
        down in 0_usize..20,
    ) {
        let pods = |names: &std::collections::BTreeSet<u8>| {
            names.iter().map(|n| pod("ns/sa", WorkloadKind::Deployment, "web", &format!("web-{n:02}"))).collect::<Vec<_>>()
        };
        let mut session = Session::empty(Default::default());
        session.changes(vec![Change::Pods(Fact::Known(pods(&start)))]);
        session.press("z");
        for _ in 0..=down {
            session.press("j");
        }
        let old = session.rows();
        let selected = session.selected();
        session.changes(vec![Change::Pods(Fact::Known(pods(&later)))]);
        let new = session.rows();
        if new.contains(&selected) {
            prop_assert_eq!(session.selected(), selected);
        } else {
            let at = old.iter().position(|row| *row == selected).unwrap();
            let below = old[at..].iter().find(|row| new.contains(row));
            let above = old[..at].iter().rev().find(|row| new.contains(row));
            if let Some(neighbour) = below.or(above) {
                prop_assert_eq!(&session.selected(), neighbour);
            }
        }
    }
}

#[test]
fn enter_on_a_finding_opens_what_it_is_about_and_esc_returns_to_the_finding() {
    let mut session = Session::new();
    session.press("7");
    let workload = |subject: &Subject| matches!(subject.object(), Subject::Workload(_));
    let found = session.model.list().unwrap().view.rows().iter().map(Row::subject).find(workload).unwrap();
    session.select(&found);
    session.press("Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert_eq!(detail.subject, found.object());
    session.press("Esc");
    assert_eq!((session.model.history.len(), session.selected()), (0, found.to_string()));
}

#[test]
fn a_finding_opens_its_subject_on_the_hop_that_decides_and_a_page_opened_otherwise_has_no_mark() {
    let mut session = Session::new();
    session.press("7");
    let fallback = |subject: &Subject| matches!(subject, Subject::Finding("NODE-ROLE-FALLBACK", _));
    let found = session.model.list().unwrap().view.rows().iter().map(Row::subject).find(fallback).unwrap();
    session.select(&found);
    session.press("Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert_eq!(detail.mark, Some(Mark { hop: HopKind::Pod, by: Lead::Finding("NODE-ROLE-FALLBACK") }));
    let Subject::Workload(workload) = found.object() else { panic!("{found}") };
    session.press("Esc 1");
    session.select(&Subject::Workload(workload));
    session.press("Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert_eq!(detail.mark, None);
}

#[test]
fn scrolling_a_page_that_was_opened_on_a_hop_begins_where_the_page_stands() {
    let mut session = Session::new();
    session.press("7");
    let fallback = |subject: &Subject| matches!(subject, Subject::Finding("NODE-ROLE-FALLBACK", _));
    let found = session.model.list().unwrap().view.rows().iter().map(Row::subject).find(fallback).unwrap();
    session.select(&found);
    session.press("Enter");
    session.tell(Message::Measured(Measure { body: 10, lines: 60, top: 17, ..Measure::default() }));
    session.press("Ctrl-d");
    let top = |session: &Session| match session.model.screen() {
        Some(Screen::Detail(detail)) => detail.scroll.top,
        other => panic!("no page: {other:?}"),
    };
    let first = top(&session);
    assert!(first > 17, "{first}");
    session.tell(Message::Measured(Measure { body: 10, lines: 60, top: first, ..Measure::default() }));
    session.press("Ctrl-u");
    assert_eq!(top(&session), 17);
}
