//! Texts in their wrappings, and texts that are none.

use proptest::prelude::*;

use super::{LONGEST, Symptom, cause, wording::Wording};
use crate::domain::finding::code::{self, Seen};

fn read(text: &str) -> Symptom {
    Symptom::read(text).unwrap()
}

const DENIED: &str = r#"User: arn:aws:sts::111122223333:assumed-role/api/eks-c-p-1 is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action"#;

#[test]
fn a_sentence_is_the_same_however_it_is_wrapped() {
    let plain = read(DENIED);
    let json = serde_json::to_string(DENIED).unwrap();
    let twice = serde_json::to_string(&format!("{{\"msg\":{json}}}")).unwrap();
    let xml = DENIED.replace('"', "&quot;");
    let wrapped = DENIED.replace(' ', "\n  ");
    let coloured = format!("\u{1b}[31mERROR\u{1b}[0m {DENIED}\u{1b}[0m");
    for text in [json, twice, xml, wrapped, coloured, format!("2026-11-23 ERROR app: {DENIED}\n\tat Main.java:1")] {
        let symptom = read(&text);
        assert_eq!(
            (&symptom.principal, &symptom.action, &symptom.resource, symptom.cause.word),
            (&plain.principal, &plain.action, &plain.resource, plain.cause.word),
            "{text}"
        );
    }
}

#[test]
fn further_refusals_of_the_same_text_are_named_once() {
    let other = DENIED.replace("s3:GetObject", "s3:PutObject");
    let symptom = read(&format!("{DENIED}\n{other}\n{DENIED}\n{other}"));
    assert_eq!(symptom.action.as_deref(), Some("s3:GetObject"));
    assert_eq!(symptom.also, ["s3:PutObject"]);
}

#[test]
fn words_far_apart_belong_to_different_messages() {
    let far = format!(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1{}timeout of the database",
        "x ".repeat(4000)
    );
    assert_eq!(Symptom::read(&far), None);
}

#[test]
fn the_request_id_and_the_code_are_kept() {
    let symptom = read("AccessDeniedException: Access Denied\n\tstatus code: 400, request id: 2b1c0d9e-1111");
    assert_eq!(symptom.error_code.as_deref(), Some("AccessDeniedException"));
    assert_eq!(symptom.request_id.as_deref(), Some("2b1c0d9e-1111"));
}

#[test]
fn every_cause_says_what_it_means_and_what_to_do() {
    for cause in cause::all() {
        for sentence in [cause.means, cause.todo] {
            assert!(sentence.ends_with('.') && sentence.len() > 20, "{}: {sentence}", cause.word);
        }
    }
}

#[test]
fn causes_speak_only_of_codes_that_are_and_of_every_code_that_only_logs_show() {
    for cause in cause::all() {
        for code in cause.codes {
            assert!(code::find(code).is_some(), "{}: {code}", cause.word);
        }
    }
    for code in code::CODES.iter().filter(|code| code.seen == Seen::Log) {
        assert!(cause::all().any(|cause| cause.codes.contains(&code.name)), "{}", code.name);
    }
}

#[test]
fn a_text_beyond_the_limit_is_read_up_to_it() {
    let text = format!("{}{DENIED}", "x ".repeat(LONGEST));
    assert_eq!(Symptom::read(&text), None);
    let text = format!("{DENIED} {}", "é".repeat(LONGEST));
    assert_eq!(read(&text).action.as_deref(), Some("s3:GetObject"));
}

/// Pieces that the reader takes apart, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("User: ".to_owned()),
        Just("arn:aws:sts::111122223333:assumed-role/".to_owned()),
        Just(" is not authorized to perform: ".to_owned()),
        Just(" on resource: \"".to_owned()),
        Just(" because no ".to_owned()),
        Just("with an explicit deny in ".to_owned()),
        Just("169.254.170.23".to_owned()),
        Just("\\\\\\\"\\u00".to_owned()),
        Just("&quot;&#".to_owned()),
        Just("\u{1b}[3".to_owned()),
        "\\PC{0,6}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_trouble(text in any::<String>()) {
        let _ = Symptom::read(&text);
    }

    #[test]
    fn any_pieces_of_sentences_are_read_without_trouble(text in pieces()) {
        let _ = Symptom::read(&text);
        prop_assert!(Wording::of(&text).text().len() <= text.len());
    }

    #[test]
    fn a_sentence_is_found_in_any_surroundings(before in "[a-z0-9 \\n\\t:,.{}=-]{0,200}", after in "[a-z0-9 \\n:,.}=-]{0,200}") {
        let symptom = Symptom::read(&format!("{before} {DENIED}\n{after}")).unwrap();
        prop_assert_eq!(symptom.action.as_deref(), Some("s3:GetObject"));
        prop_assert_eq!(symptom.resource.as_deref(), Some("arn:aws:s3:::b/k"));
    }
}
