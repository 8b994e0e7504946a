//! `rolecall why` against a corpus of error texts from public sources (ids, names and hosts changed),
//! each with principal, action, resource, reason, hop, code and subject stated by hand, on a small
//! world in which they are about something: `tests/why/world.yaml`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use rolecall::{
    domain::{
        inventory::Inventory,
        symptom::{
            Symptom,
            answer::{Answer, Found, How},
        },
    },
    runtime::{clock::Clock, outside::Outside, survey::survey},
    sim::world::World,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    source: String,
    text: String,
    recognised: String,
    #[serde(flatten)]
    said: Said,
}

/// What is stated of a text, `None` where it says nothing.
#[derive(Debug, Default, Deserialize, PartialEq)]
struct Said {
    principal: Option<String>,
    role: Option<String>,
    session: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    reason: Option<String>,
    code: Option<String>,
    hop: Option<String>,
    subject: Option<String>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why")
}

fn corpus() -> Vec<Case> {
    let text = fs::read_to_string(folder().join("corpus.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

async fn look() -> Inventory {
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let text = fs::read_to_string(folder().join("world.yaml")).unwrap();
    let outside = Outside::simulated(World::from_yaml(&text, now).unwrap());
    survey(&outside, Duration::from_secs(60), Clock::System).await.unwrap().inventory
}

fn said(answer: &Answer) -> Said {
    let symptom = &answer.symptom;
    let principal = symptom.principal.as_ref();
    Said {
        principal: principal.map(|principal| principal.text.clone()),
        role: principal.and_then(|principal| principal.role.as_ref()).map(ToString::to_string),
        session: principal.and_then(|principal| principal.session.clone()),
        action: symptom.action.clone(),
        resource: symptom.resource.clone(),
        reason: Some(symptom.cause.word.to_owned()),
        code: answer.code.map(str::to_owned),
        hop: answer.hop.map(|hop| hop.word().to_owned()),
        subject: subject(answer),
    }
}

/// `Pod payments/api-1`, `Pods a/b, c/d`, `Suspects a/b`.
fn subject(answer: &Answer) -> Option<String> {
    let names: Vec<String> = answer.found.iter().map(Found::to_string).collect();
    let kind = answer.found.first()?.kind();
    let several = if names.len() > 1 { "s" } else { "" };
    Some(match answer.how {
        How::Suspects => format!("Suspects {}", names.join(", ")),
        _ => format!("{kind}{several} {}", names.join(", ")),
    })
}

/// The lines in which two statements differ.
fn differences(wanted: &Said, got: &Said) -> Vec<String> {
    let lines = |said: &Said| format!("{said:#?}").lines().map(str::to_owned).collect::<Vec<_>>();
    let (wanted, got) = (lines(wanted), lines(got));
    let missing = wanted.iter().filter(|line| !got.contains(line)).map(|line| format!("  - {}", line.trim()));
    let surplus = got.iter().filter(|line| !wanted.contains(line)).map(|line| format!("  + {}", line.trim()));
    missing.chain(surplus).collect()
}

#[tokio::test]
async fn every_text_of_the_corpus_is_read_and_resolved_as_stated() {
    let inventory = look().await;
    let mut wrong = Vec::new();
    for case in corpus() {
        match (case.recognised.as_str(), Answer::of(&case.text, &inventory)) {
            ("no", None) => {}
            ("no", Some(answer)) => wrong.push(format!("{}: taken for {}", case.id, answer.symptom.cause.word)),
            (_, None) => wrong.push(format!("{}: nothing recognised in {:?}", case.id, case.text)),
            (recognised, Some(answer)) => {
                let found = differences(&case.said, &said(&answer));
                if !found.is_empty() {
                    wrong.push(format!("{} ({}):\n{}", case.id, case.source, found.join("\n")));
                }
                if answer.symptom.cause.partly != (recognised == "part") {
                    wrong.push(format!(
                        "{}: recognised {recognised}, but partly is {}",
                        case.id, answer.symptom.cause.partly
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of the corpus:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_varied_and_has_texts_that_are_none() {
    let corpus = corpus();
    let count = |word: &str| corpus.iter().filter(|case| case.recognised == word).count();
    let ids: BTreeSet<&str> = corpus.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids.len(), corpus.len(), "ids are unique");
    assert!(count("yes") >= 60, "{} texts are recognised", count("yes"));
    assert!(count("no") >= 10 && count("part") >= 5);
    let reasons: BTreeSet<&str> = corpus.iter().filter_map(|case| case.said.reason.as_deref()).collect();
    assert!(reasons.len() >= 45, "{} reasons", reasons.len());
}

#[test]
fn half_of_any_text_of_the_corpus_is_read_without_trouble() {
    for case in corpus() {
        for at in (0..case.text.len()).filter(|at| case.text.is_char_boundary(*at)) {
            let _ = Symptom::read(&case.text[..at]);
        }
    }
}

#[tokio::test]
async fn the_chain_answers_with_its_own_words_where_it_fails_in_this_way() {
    let inventory = look().await;
    let answer = |id: &str| {
        let case = corpus().into_iter().find(|case| case.id == id).unwrap();
        Answer::of(&case.text, &inventory).unwrap()
    };
    let green = answer("boto-dynamodb-identity");
    assert!(green.means.starts_with("The identity of payments/ledger-5f6c7d8e9-abcde works."), "{}", green.means);
    assert!(green.todo.starts_with("Allow dynamodb:PutItem on arn:aws:dynamodb:"), "{}", green.todo);
    assert!(green.todo.contains("policy of payments-ledger"), "{}", green.todo);
    let red = answer("irsa-boto");
    assert!(red.means.starts_with("The trust policy of payments-api admits payments:api-v1"), "{}", red.means);
    assert!(red.todo.starts_with("Admit payments:api (trust edit)."), "{}", red.todo);
    let older = answer("subject-in-text");
    assert!(older.notes.join(" ").contains("may be older than its last change"), "{:?}", older.notes);
}

#[tokio::test]
async fn a_text_that_names_nobody_is_about_the_pod_in_whose_log_it_stood() {
    let inventory = look().await;
    let pod = Found::Pod(rolecall::domain::id::PodId::new("tools", "walled-0"));
    let about = |text: &str| Answer::about(Symptom::read(text).unwrap(), &inventory, Some(&pod));
    let answer = about("Unable to locate credentials");
    assert_eq!((answer.how, &answer.found), (How::Log, &vec![pod.clone()]));
    let named = about(&corpus().into_iter().find(|case| case.id == "boto-dynamodb-identity").unwrap().text);
    assert_eq!(named.how, How::Session, "a session name knows better");
}

#[tokio::test]
async fn what_could_not_be_resolved_is_said() {
    let inventory = look().await;
    let notes = |id: &str| {
        let case = corpus().into_iter().find(|case| case.id == id).unwrap();
        Answer::of(&case.text, &inventory).unwrap().notes.join("\n")
    };
    assert!(notes("pod-is-gone").contains("was deleted, or is in another cluster"), "{}", notes("pod-is-gone"));
    assert!(notes("ambiguous-pod").contains("2 pods fit"), "{}", notes("ambiguous-pod"));
    assert!(notes("another-cluster").contains("444455556666"), "{}", notes("another-cluster"));
    assert!(notes("instance-not-here").contains("No node of this cluster"), "{}", notes("instance-not-here"));
    assert!(notes("assumed-further").contains("payments/ledger uses"), "{}", notes("assumed-further"));
    assert!(
        notes("zap-ec2-scp-encoded").contains("sts:DecodeAuthorizationMessage"),
        "{}",
        notes("zap-ec2-scp-encoded")
    );
    let node = notes("go1-node-explicit-deny-no-resource");
    assert!(node.contains("tools/legacy-0"), "{node}");
    assert!(notes("policy-arn-at-the-end").contains("p-1a2b3c4d"), "{}", notes("policy-arn-at-the-end"));
}
