//! The page of a trust policy, and who could become a role.

use super::world::{Session, arn, role, sa};
use crate::{
    app::{
        message::{Measure, Message},
        screen::{
            Screen,
            detail::{DetailScreen, TrustScreen},
        },
        subject::Subject,
    },
    domain::{change::Change, fact::Fact, identity::Mechanism},
};

/// For EC2, for pods, and a Deny for the pods of another account.
const THREE: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},
  {"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]},
  {"Effect":"Deny","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:*","Condition":{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}}]}"#;
/// For one service account only.
const NARROW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"search","aws:RequestTag/kubernetes-service-account":"indexer"}}}]}"#;

fn session(policy: &str) -> Session {
    let mut session = Session::new();
    session.changes(vec![Change::Roles(Fact::Known(vec![role("search-indexer", policy)]))]);
    session
}

/// On the trust policy of `search-indexer`, as `search/indexer` sees it.
fn opened(policy: &str) -> Session {
    let mut session = session(policy);
    session.press("2");
    session.select(&Subject::ServiceAccount(sa("search/indexer")));
    session.press("t");
    session
}

fn page(session: &Session) -> &TrustScreen {
    let Some(Screen::Trust(page)) = session.model.screen() else { panic!("no trust policy") };
    page
}

#[test]
fn statements_are_stepped_through_and_the_deciding_one_comes_with_the_answer() {
    let mut session = opened(THREE);
    let mut seen = Vec::new();
    for key in ["J", "J", "J", "K", "K", "K", "}", "{"] {
        session.press(key);
        seen.push(page(&session).statement);
    }
    assert_eq!(seen, [Some(2), Some(0), None, Some(0), Some(2), None, Some(2), None]);
}

#[test]
fn for_nobody_in_particular_every_statement_is_a_step() {
    let mut session = session(THREE);
    session.press("4");
    session.select(&Subject::Role(arn("search-indexer")));
    session.press("t");
    let mut seen = vec![page(&session).statement];
    for key in ["J", "J", "J", "J", "K"] {
        session.press(key);
        seen.push(page(&session).statement);
    }
    assert_eq!(seen, [None, Some(0), Some(1), Some(2), Some(0), Some(2)]);
}

#[test]
fn a_policy_that_cannot_be_read_has_no_statement_to_step_to() {
    let mut session = opened("{");
    session.press("J");
    assert_eq!(session.last_toast(), "there is no statement that could be read");
}

#[test]
fn scrolling_begins_where_the_mark_was_and_a_step_returns_to_it() {
    let mut session = opened(THREE);
    assert!(page(&session).follow);
    session.tell(Message::Measured(Measure { body: 5, lines: 40, top: 12, columns: 40, longest: 70, rows: None }));
    session.press("j");
    assert_eq!((page(&session).follow, page(&session).scroll.top), (false, 13));
    session.press("G");
    assert_eq!(page(&session).scroll.top, 35);
    session.press("J");
    assert!(page(&session).follow);
}

#[test]
fn long_lines_are_scrolled_as_far_as_they_go() {
    let mut session = opened(THREE);
    session.tell(Message::Measured(Measure { body: 5, lines: 40, top: 0, columns: 40, longest: 70, rows: None }));
    session.press("<");
    assert_eq!(session.last_toast(), "every line begins in view");
    let mut seen = Vec::new();
    for key in [">", ">", "<", "<"] {
        session.press(key);
        seen.push(page(&session).column);
    }
    assert_eq!(seen, [20, 30, 10, 0]);
    session.press("> >");
    session.press(">");
    assert_eq!(session.last_toast(), "every line ends in view");
    session.press("r");
    assert_eq!(page(&session).column, 0);
    session.press(">");
    assert_eq!(session.last_toast(), "the text is wrapped: nothing stands beyond the edge");
}

fn role_page(policy: &str) -> Session {
    let mut session = session(policy);
    session.press("4");
    session.select(&Subject::Role(arn("search-indexer")));
    session.press("Enter");
    session
}

fn detail(session: &Session) -> &DetailScreen {
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    detail
}

fn links(session: &Session) -> Vec<String> {
    let line = |link: &crate::app::screen::detail::Link| format!("{} {} {}", link.relation, link.subject, link.note);
    detail(session).links.iter().map(line).collect()
}

#[test]
fn a_role_leads_to_who_uses_it_and_by_which_statement_and_to_who_else_could_become_it() {
    let session = role_page(THREE);
    let found = links(&session);
    assert_eq!(
        found[..2],
        ["by association kube-system/aws-node statement 2", "by association search/indexer statement 2"]
    );
    for other in ["api-service/api-service", "user-service/user-service", "batch/reindex"] {
        let line = format!("could become it {other} pod-identity, statement 2");
        assert!(found[2..].contains(&line), "{line}: {found:?}");
    }
}

#[test]
fn who_uses_a_role_that_does_not_let_it_in_is_told_apart() {
    let session = role_page(NARROW);
    assert_eq!(
        links(&session),
        ["by association kube-system/aws-node not admitted", "by association search/indexer statement 1"]
    );
}

#[test]
fn every_one_of_them_can_be_opened_and_the_policy_is_seen_by_the_selected_one() {
    let mut session = role_page(THREE);
    let at = links(&session).iter().position(|line| line.contains("batch/reindex")).unwrap();
    for _ in 0..at {
        session.press("j");
    }
    session.press("t");
    assert_eq!(page(&session).asker, Some((sa("batch/reindex"), Mechanism::PodIdentity)));
    session.press("Esc Enter");
    assert_eq!(detail(&session).subject, Subject::ServiceAccount(sa("batch/reindex")));
}
