use super::*;
use crate::domain::{
    id::{PodId, ServiceAccountId},
    plan::tests::world::{inventory, now, sa},
};

fn subjects(inventory: &Inventory) -> Vec<Subject> {
    let pods = inventory.pods().into_iter().map(|row| Subject::Pod(row.id));
    let accounts = inventory.service_accounts().into_iter().map(|row| Subject::ServiceAccount(row.id));
    let roles = inventory.roles().into_iter().map(|row| Subject::Role(row.arn.to_string()));
    pods.chain(accounts).chain(roles).collect()
}

fn drawn(subject: &Subject, drawing: Drawing, redact: bool) -> String {
    let options = Options { redact, ..Options::default() };
    draw(&inventory(), subject, drawing, now(), options).unwrap()
}

#[test]
fn a_chain_is_a_flowchart_from_the_pod_down() {
    let text = drawn(&Subject::ServiceAccount(sa("payments/api")), Drawing::Mermaid, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["flowchart TD", "  accTitle: service account payments/api"]);
    assert_eq!(lines[3], "  n1[\"service account: payments/api<br/>✓ annotation role/payments-api\"]:::ok");
    assert!(lines.contains(&"  n0 --> n1"), "{text}");
}

#[test]
fn a_role_is_a_graph_of_who_uses_it_and_dotted_who_could() {
    let text = drawn(&Subject::Role("payments-api".to_owned()), Drawing::Mermaid, false);
    assert!(text.starts_with("flowchart LR\n"), "{text}");
    assert!(text.contains("service account: payments/api"), "{text}");
    assert!(text.contains("-->|\"by "), "{text}");
    let all: String = subjects(&inventory()).iter().map(|subject| drawn(subject, Drawing::Mermaid, false)).collect();
    assert!(all.contains("-.->|\"could: "), "{all}");
}

#[test]
fn every_picture_is_well_formed_xml_with_a_title() {
    for subject in subjects(&inventory()) {
        let text = drawn(&subject, Drawing::Svg, false);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut titles = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(start) if start.name().as_ref() == "title" => titles += 1,
                _ => {}
            }
        }
        assert_eq!(titles, 1, "{text}");
    }
}

#[test]
fn a_redacted_picture_names_nobody() {
    for subject in subjects(&inventory()) {
        for drawing in [Drawing::Mermaid, Drawing::Svg] {
            let text = drawn(&subject, drawing, true);
            assert!(!text.contains("payments") && !text.contains("111122223333"), "{text}");
        }
    }
}

#[test]
fn names_cannot_end_a_label_or_an_element() {
    assert_eq!(quoted("a\"]<b>#`&\u{1b}"), "a#quot;]#lt;b#gt;#35;#96;#amp;\\u{1b}");
    assert_eq!(escaped("<a & \"b\">\u{202e}"), "&lt;a &amp; &quot;b&quot;&gt;\\u{202e}");
}

#[test]
fn what_is_not_there_cannot_be_drawn() {
    let options = Options::default();
    for subject in [
        Subject::Pod(PodId::new("no", "body")),
        Subject::ServiceAccount(ServiceAccountId::new("no", "body")),
        Subject::Role("nobody".to_owned()),
    ] {
        assert!(draw(&inventory(), &subject, Drawing::Svg, now(), options).is_err());
    }
}
