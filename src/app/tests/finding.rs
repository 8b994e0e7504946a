//! Filter, order and palette.

use super::world::{Session, deployment};
use crate::app::{command::Command, dialog::Dialog, screen::list::ListKind, sort::SortKey, subject::Subject};

#[test]
fn rows_follow_the_filter_while_it_is_typed_and_esc_brings_back_what_was_there() {
    let mut session = Session::new();
    let all = session.rows().len();
    session.press("/");
    session.write("ns:search");
    assert_eq!(session.rows(), ["search/deploy/indexer"]);
    session.press("Enter");
    assert_eq!(session.rows().len(), 1);
    session.press("/ Ctrl-u");
    session.write("user");
    assert_eq!(session.rows(), ["user-service/deploy/user-service"]);
    session.press("Esc");
    assert_eq!(session.rows(), ["search/deploy/indexer"]);
    session.press("Esc");
    assert_eq!(session.rows().len(), all);
}

#[test]
fn a_filter_that_cannot_be_understood_leaves_the_rows_and_says_where() {
    let mut session = Session::new();
    session.press("/");
    session.write("ns:search state:bogus");
    let filter = &session.model.list().unwrap().filter;
    assert!(filter.error.as_ref().is_some_and(|error| error.column == 17), "{:?}", filter.error);
    session.press("Enter");
    assert!(
        session.last_toast().starts_with("filter: column 17: `state:` knows no `bogus`"),
        "{}",
        session.last_toast()
    );
    session.press("Esc");
    assert_eq!(session.model.list().unwrap().filter.error, None);
}

#[test]
fn the_selection_stays_with_its_object_when_the_order_changes() {
    let mut session = Session::new();
    session.select(&Subject::Workload(deployment("search", "indexer")));
    for key in ["s", "S", "s", "s", "S"] {
        session.press(key);
        assert_eq!(session.selected(), "search/deploy/indexer");
    }
}

#[test]
fn s_goes_through_the_orders_of_the_list_and_comes_round() {
    let mut session = Session::new();
    session.press("2");
    let mut seen = vec![session.model.list().unwrap().sort];
    for _ in 0..4 {
        session.press("s");
        seen.push(session.model.list().unwrap().sort);
    }
    assert_eq!(seen, SortKey::of(ListKind::ServiceAccounts, true));
    session.press("s");
    assert_eq!(session.model.list().unwrap().sort, SortKey::State);
}

#[test]
fn n_goes_round_the_rows_that_match() {
    let mut session = Session::new();
    session.press("/");
    session.write("service");
    session.press("Enter g n");
    let rows = session.rows();
    assert_eq!(session.selected(), rows[1]);
    session.press("N N");
    assert_eq!(session.selected(), rows[rows.len() - 1]);
}

#[test]
fn the_palette_takes_short_names_words_and_a_filter_after_the_name() {
    let mut session = Session::new();
    for (text, tab) in [
        ("sa", ListKind::ServiceAccounts),
        ("ns", ListKind::Namespaces),
        ("roles", ListKind::Roles),
        ("assoc", ListKind::Associations),
        ("nodes", ListKind::Nodes),
        ("findings", ListKind::Findings),
        ("pods", ListKind::Pods),
    ] {
        session.press(":");
        session.write(text);
        session.press("Enter");
        assert_eq!((session.model.tab, session.model.dialogs.len()), (tab, 0), "{text}");
    }
    session.press(":");
    session.write("sa ns:search");
    session.press("Enter");
    assert_eq!(session.rows(), ["search/indexer"]);
    session.press(":");
    session.write("freeze the vi");
    let Some(Dialog::Palette(palette)) = session.model.dialog() else { panic!("no palette") };
    assert_eq!(palette.chosen(), Some((Command::Freeze, String::new())));
    session.press("Ctrl-u");
    session.write("zzzzqqq");
    session.press("Enter");
    assert_eq!(session.last_toast(), "no command is called that: Esc closes");
}

#[test]
fn tab_completes_terms_and_what_there_is_to_be_found_by_them() {
    let mut session = Session::new();
    let text = |session: &Session| {
        let filter = &session.model.list().unwrap().filter;
        filter.editing.as_ref().map(crate::app::field::Field::text)
    };
    session.press("/");
    session.write("na");
    session.press("Tab");
    assert_eq!(text(&session).as_deref(), Some("name:"));
    session.press("Ctrl-u");
    session.write("ns:sea");
    session.press("Tab");
    assert_eq!(text(&session).as_deref(), Some("ns:search"));
    assert_eq!(session.rows(), ["search/deploy/indexer"], "rows follow");
    session.write(" !now:no");
    session.press("Tab");
    assert_eq!(text(&session).as_deref(), Some("ns:search !now:node-role"), "the first where they agree no further");
    session.press("Tab");
    assert_eq!(text(&session), None, "nothing to complete: the filter stays");
}
