//! A pasted AWS error leads to the chain of whom it is about.

use super::world::Session;
use crate::{
    app::{
        dialog::Dialog,
        message::{Input, Message},
        screen::{
            Screen,
            detail::{Lead, Mark},
        },
        subject::Subject,
    },
    domain::{id::PodId, identity::HopKind},
};

const NODE: &str = "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ng-role/i-0aaaaaaaaaaaaaaaa\n\
    \tis not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action";

fn paste(session: &mut Session, text: &str) {
    session.tell(Message::Input(Input::Paste(text.into())));
}

fn found(session: &Session) -> usize {
    match session.model.dialog() {
        Some(Dialog::Why(why)) => why.found(),
        other => panic!("no such dialog: {other:?}"),
    }
}

#[test]
fn a_paste_of_many_lines_is_answered_and_enter_opens_the_hop() {
    let mut session = Session::new();
    session.press(":");
    session.write("why");
    session.press("Enter");
    paste(&mut session, NODE);
    assert_eq!(found(&session), 1);
    session.press("Enter");
    assert!(session.model.dialogs.is_empty());
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert_eq!(detail.subject, Subject::Node("node-a".into()));
    assert_eq!(detail.mark, Some(Mark { hop: HopKind::Node, by: Lead::Error }));
    assert!(
        session.last_toast().starts_with("The call was made with the role of the node"),
        "{}",
        session.last_toast()
    );
}

#[test]
fn of_several_pods_one_is_chosen_and_its_chain_is_marked() {
    let mut session = Session::new();
    session.press("e");
    let error =
        "Not authorized to perform sts:AssumeRoleWithWebIdentity role arn:aws:iam::111122223333:role/search-indexer";
    paste(&mut session, error);
    assert!(found(&session) > 1, "two service accounts have an association with the role");
    session.press("Down Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert!(matches!(detail.subject, Subject::ServiceAccount(_)));
    assert_eq!(detail.mark, Some(Mark { hop: HopKind::TrustPolicy, by: Lead::Error }));
}

#[test]
fn a_session_name_leads_to_the_pod_while_it_is_there() {
    let mut session = Session::new();
    session.press("e");
    let name = "eks-acme-indexer-a-3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";
    paste(&mut session, &NODE.replace("ng-role/i-0aaaaaaaaaaaaaaaa", &format!("search-indexer/{name}")));
    session.press("Enter");
    let Some(Screen::Detail(detail)) = session.model.screen() else { panic!("no page") };
    assert_eq!(detail.subject, Subject::Pod(PodId::new("search", "indexer-a")));
    assert_eq!(detail.mark, Some(Mark { hop: HopKind::Role, by: Lead::Error }));
}

#[test]
fn a_text_that_is_no_error_is_answered_and_the_dialog_stays() {
    let mut session = Session::new();
    session.press("e");
    paste(&mut session, "connection refused");
    session.press("Enter");
    assert!(session.last_toast().starts_with("nothing in this text is known"), "{}", session.last_toast());
    assert_eq!(session.model.dialogs.len(), 1);
    session.press("Esc");
    assert!(session.model.dialogs.is_empty());
}
