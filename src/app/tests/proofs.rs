//! Live proofs by keys: said, confirmed by name once, told when they come back, stopped by Ctrl-c.

use super::world::{Session, sa, start};
use crate::{
    app::{dialog::Dialog, effect::Effect, message::Message, subject::Subject},
    config::settings::Settings,
    domain::{
        id::ClusterId,
        proof::{Assumed, Intent, Step, refused, succeeded},
    },
};

fn on(account: &str, settings: Settings) -> Session {
    let mut session = Session::with(settings);
    session.press("2");
    session.select(&Subject::ServiceAccount(sa(account)));
    session
}

fn proofs(effects: Vec<Effect>) -> Vec<Intent> {
    let intents = effects.into_iter().filter_map(|effect| match effect {
        Effect::Prove { intents, pace, .. } => Some((intents, pace)),
        _ => None,
    });
    let mut all: Vec<_> = intents.collect();
    assert_eq!(all.len(), 1, "one effect");
    assert_eq!(all[0].1, 100, "the default pace");
    all.remove(0).0
}

fn asks(session: &Session) -> Option<String> {
    match session.model.dialog() {
        Some(Dialog::Prove(form)) => form.typed.as_ref().map(|typed| typed.wanted.clone()),
        other => panic!("no proof is asked about: {other:?}"),
    }
}

#[test]
fn a_proof_is_confirmed_by_the_name_of_the_context_once_a_session() {
    let mut session = on("search/indexer", Settings::default());
    session.press("v");
    assert_eq!(asks(&session).as_deref(), Some("acme-dev"));
    session.write("acme");
    assert_eq!(session.press("Enter"), []);
    assert!(session.last_toast().contains("nothing was asked yet"), "{}", session.last_toast());
    session.write("-dev");
    let intents = proofs(session.press("Enter"));
    assert_eq!(intents[0].account, sa("search/indexer"));
    assert_eq!(intents[0].session_name, "rolecall-alice");
    let assumed =
        Assumed { arn: "arn:aws:sts::111122223333:assumed-role/search-indexer/eks-x".into(), association: None };
    session.tell(Message::Proven(ClusterId(0), Box::new(succeeded(&intents[0], &assumed, start()))));
    assert!(session.last_toast().contains("search/indexer proven"), "{}", session.last_toast());
    session.tell(Message::ProofsEnded(ClusterId(0)));
    session.press("v");
    assert_eq!(asks(&session), None);
}

#[test]
fn where_the_settings_allow_it_no_name_is_asked_for() {
    let settings = Settings { live_proof_contexts: vec!["*-dev".into()], ..Settings::default() };
    let mut session = on("search/indexer", settings);
    session.press("v");
    assert_eq!(asks(&session), None);
    assert_eq!(proofs(session.press("Enter")).len(), 1);
}

#[test]
fn a_namespace_is_confirmed_by_its_count_every_time() {
    let settings = Settings { live_proof_contexts: vec!["*".into()], ..Settings::default() };
    let mut session = Session::with(settings);
    session.press("3");
    session.select(&Subject::Namespace("search".into()));
    session.press("v");
    assert_eq!(asks(&session).as_deref(), Some("1"));
    session.write("1");
    assert_eq!(proofs(session.press("Enter")).len(), 1);
}

#[test]
fn what_cannot_be_proven_says_what_can_be_shown() {
    let mut session = on("batch/reindex", Settings::default());
    session.press("v");
    assert!(session.last_toast().contains("no call from here asks instance metadata"), "{}", session.last_toast());
    assert!(session.model.dialogs.is_empty());
}

#[test]
fn ctrl_c_stops_proofs_and_a_refusal_stays_on_screen() {
    let settings = Settings { live_proof_contexts: vec!["*".into()], ..Settings::default() };
    let mut session = on("search/indexer", settings);
    session.press("v");
    let intent = proofs(session.press("Enter")).remove(0);
    assert!(session.press("Ctrl-c").contains(&Effect::StopProofs));
    let failure = crate::domain::failure::Failure::new(
        crate::domain::failure::FailureKind::Denied,
        "cannot create serviceaccounts/token",
        "forbidden",
        "Ask for it",
    );
    session.tell(Message::Proven(ClusterId(0), Box::new(refused(&intent, Step::Token, &failure, start()))));
    assert!(session.last_toast().contains("You may not ask for tokens of search/indexer"), "{}", session.last_toast());
    session.tell(Message::ProofsEnded(ClusterId(0)));
    assert!(session.model.proving.is_none());
}
