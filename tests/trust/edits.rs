//! The promises of edits: the edited document evaluates to what was promised, everything else stays byte for
//! byte, editing again changes nothing, and undoing gives the original bytes.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolecall::domain::trust::edit::{self, Edit, EditError, Narrowing};
use rolecall::domain::trust::{Cluster, Document, Mechanism, Request, Role, Verdict, verdict};
use serde_json::json;

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/4A1F0C9B7D3E58264A1F0C9B7D3E5826";

/// A service account that asks by IRSA.
pub fn request(namespace: &str, name: &str) -> Request {
    let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", ISSUER);
    let role = Role::new("arn:aws:iam::111122223333:role/shop");
    Request::irsa(role, cluster, namespace, name, jiff::Timestamp::UNIX_EPOCH)
}

fn by_pod_identity(namespace: &str, name: &str) -> Request {
    Request { mechanism: Mechanism::PodIdentity, ..request(namespace, name) }
}

fn parsed(text: &str) -> Result<Document, TestCaseError> {
    Document::parse(text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))
}

fn made(edit: Result<Edit, EditError>) -> Result<Edit, TestCaseError> {
    edit.map_err(|error| TestCaseError::fail(error.to_string()))
}

fn subject(name: &str) -> String {
    format!("system:serviceaccount:shop:{name}")
}

fn laid_out(value: &serde_json::Value, layout: usize) -> String {
    match layout {
        0 => value.to_string(),
        1 => format!("{value:#}"),
        2 => value.to_string().replace(",\"", ", \"").replace("\":", "\": "),
        _ => format!("\t{value:#}\r\n").replace("  ", "\t"),
    }
}

/// A statement for these service accounts, and one of another cluster's before it.
fn irsa_document(names: &[String], layout: usize) -> Result<Document, TestCaseError> {
    let subjects: Vec<String> = names.iter().map(|name| subject(name)).collect();
    let statement = |issuer: &str, subjects: &[String]| {
        json!({
            "Effect": "Allow",
            "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{issuer}")},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {format!("{issuer}:sub"): subjects}},
        })
    };
    let other = ISSUER.replace("4A1F", "0000");
    let value =
        json!({"Version": "2012-10-17", "Statement": [statement(&other, &subjects), statement(ISSUER, &subjects)]});
    parsed(&laid_out(&value, layout))
}

/// As a migration narrows a statement for EKS Pod Identity.
fn listed(namespace: &str, name: &str) -> Narrowing {
    let tag = |key: &str, value: &str| (format!("kubernetes-{key}"), vec![value.to_owned()]);
    Narrowing {
        source_account: Some("111122223333".to_owned()),
        source_arn: Some("arn:aws:eks:eu-west-1:111122223333:cluster/prod".to_owned()),
        request_tags: vec![tag("namespace", namespace), tag("service-account", name)],
        subjects: None,
    }
}

/// Whether one text is the other with one piece put in.
fn is_insertion(before: &str, after: &str) -> bool {
    let common = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let tail = before.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
    after.len() >= before.len() && common + tail >= before.len()
}

/// Whether nothing was taken away: a single name that becomes a list gets a bracket on either side.
fn is_insertion_of_pieces(edit: &Edit) -> bool {
    let mut after = edit.after.chars();
    edit.before.chars().all(|wanted| after.any(|found| found == wanted))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn admitting_does_what_it_promised_puts_in_one_piece_and_can_be_undone(
        subjects in prop::collection::vec("[a-c]{1,2}", 1..4),
        layout in 0..4usize,
        name in "[a-d]{1,2}",
    ) {
        let document = irsa_document(&subjects, layout)?;
        let asked = request("shop", &name);
        let known = subjects.contains(&name);
        prop_assert_eq!(verdict(&document, &asked) == Verdict::Allow, known);
        let edit = made(edit::admit(&document, &asked))?;
        let after = parsed(&edit.after)?;
        prop_assert_eq!(verdict(&after, &asked), Verdict::Allow);
        for kept in &subjects {
            prop_assert_eq!(verdict(&after, &request("shop", kept)), Verdict::Allow);
        }
        prop_assert_eq!(verdict(&after, &request("shop", "somebody-else")), Verdict::Deny { explicit: false });
        prop_assert!(is_insertion(document.text(), &edit.after), "{}", edit.diff());
        prop_assert_eq!(edit.is_empty(), known);
        prop_assert!(made(edit::admit(&after, &asked))?.is_empty());
        prop_assert_eq!(edit.undo(&edit.after), Ok(document.text()));
        let touched = format!("{} ", edit.after);
        prop_assert_eq!(edit.undo(&touched), Err(EditError::ChangedSince));
    }

    #[test]
    fn removing_what_was_admitted_gives_the_original_bytes(
        subjects in prop::collection::vec("[a-c]{1,2}", 1..4),
        layout in 0..4usize,
    ) {
        let document = irsa_document(&subjects, layout)?;
        let asked = request("shop", "new");
        let admitted = parsed(&made(edit::admit(&document, &asked))?.after)?;
        let removed = made(edit::remove(&admitted, &asked))?;
        prop_assert_eq!(&removed.after, document.text());
        prop_assert!(made(edit::remove(&document, &asked))?.is_empty());
    }

    #[test]
    fn removing_leaves_the_others_in(
        subjects in prop::collection::btree_set("[a-c]{1,2}", 2..5),
        layout in 0..4usize,
        which in any::<prop::sample::Index>(),
    ) {
        let names: Vec<String> = subjects.into_iter().collect();
        let document = irsa_document(&names, layout)?;
        let gone = which.get(&names);
        let edit = made(edit::remove(&document, &request("shop", gone)))?;
        let after = parsed(&edit.after)?;
        for name in &names {
            let expected = if name == gone { Verdict::Deny { explicit: false } } else { Verdict::Allow };
            prop_assert_eq!(verdict(&after, &request("shop", name)), expected);
        }
        prop_assert!(is_insertion(&edit.after, document.text()), "{}", edit.diff());
    }

    #[test]
    fn adding_pod_identity_does_what_it_promised_and_puts_in_one_piece(
        subjects in prop::collection::vec("[a-c]{1,2}", 1..4),
        layout in 0..4usize,
        narrow in any::<[bool; 3]>(),
    ) {
        let document = irsa_document(&subjects, layout)?;
        let asked = by_pod_identity("shop", "api");
        let [account, arn, tags] = narrow;
        let narrowing = Narrowing {
            source_account: account.then(|| "111122223333".to_owned()),
            source_arn: arn.then(|| "arn:aws:eks:eu-west-1:111122223333:cluster/prod".to_owned()),
            request_tags: if tags { vec![("kubernetes-namespace".to_owned(), vec!["shop".to_owned()])] } else { Vec::new() },
            subjects: None,
        };
        let edit = made(edit::add_pod_identity_statement(Some(&document), &narrowing, &asked))?;
        let after = parsed(&edit.after)?;
        prop_assert_eq!(verdict(&document, &asked), Verdict::Deny { explicit: false });
        prop_assert_eq!(verdict(&after, &asked), Verdict::Allow);
        let elsewhere = verdict(&after, &by_pod_identity("other", "api"));
        prop_assert_eq!(elsewhere == Verdict::Allow, !tags);
        prop_assert_eq!(verdict(&after, &request("shop", &subjects[0])), Verdict::Allow);
        prop_assert!(is_insertion(document.text(), &edit.after), "{}", edit.diff());
        prop_assert!(made(edit::add_pod_identity_statement(Some(&after), &narrowing, &asked))?.is_empty());
        prop_assert_eq!(edit.undo(&edit.after), Ok(document.text()));
    }

    #[test]
    fn one_pod_identity_statement_a_namespace_admits_just_those_that_were_asked_for(
        layout in 0..4usize,
        accounts in prop::collection::btree_set(("[a-c]", "[x-z]"), 1..9),
        order in any::<prop::sample::Index>(),
    ) {
        let original = irsa_document(&["web".to_owned()], layout)?;
        let mut accounts: Vec<(String, String)> = accounts.into_iter().collect();
        let turn = order.index(accounts.len());
        accounts.rotate_left(turn);
        let mut document = original.clone();
        for (namespace, name) in &accounts {
            let asked = by_pod_identity(namespace, name);
            let edit = made(edit::add_pod_identity_statement(Some(&document), &listed(namespace, name), &asked))?;
            prop_assert!(is_insertion_of_pieces(&edit), "{}", edit.diff());
            document = parsed(&edit.after)?;
        }
        let namespaces: BTreeSet<&String> = accounts.iter().map(|(namespace, _)| namespace).collect();
        prop_assert_eq!(document.statements().len(), original.statements().len() + namespaces.len());
        for namespace in ["a", "b", "c"] {
            for name in ["x", "y", "z"] {
                let asked = by_pod_identity(namespace, name);
                let wanted = accounts.contains(&(namespace.to_owned(), name.to_owned()));
                prop_assert_eq!(verdict(&document, &asked) == Verdict::Allow, wanted, "{}/{}", namespace, name);
                let again = edit::add_pod_identity_statement(Some(&document), &listed(namespace, name), &asked);
                prop_assert_eq!(made(again)?.is_empty(), wanted);
            }
        }
        for (namespace, name) in &accounts {
            let asked = by_pod_identity(namespace, name);
            document = parsed(&made(edit::remove(&document, &asked))?.after)?;
            prop_assert_eq!(verdict(&document, &asked), Verdict::Deny { explicit: false });
        }
        prop_assert_eq!(document.text(), original.text());
    }

    #[test]
    fn narrowing_shuts_out_the_others_and_puts_in_one_piece(layout in 0..4usize, name in "[a-c]{1,2}") {
        let open = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {format!("{ISSUER}:aud"): "sts.amazonaws.com"}},
        }]});
        let document = parsed(&laid_out(&open, layout))?;
        let subjects = Some((format!("{ISSUER}:sub"), vec![subject(&name)]));
        let narrowing = Narrowing { subjects, ..Narrowing::default() };
        let edit = made(edit::narrow(&document, 0, &narrowing))?;
        let after = parsed(&edit.after)?;
        prop_assert_eq!(verdict(&document, &request("shop", "other")), Verdict::Allow);
        prop_assert_eq!(verdict(&after, &request("shop", "other")), Verdict::Deny { explicit: false });
        prop_assert_eq!(verdict(&after, &request("shop", &name)), Verdict::Allow);
        prop_assert!(is_insertion(document.text(), &edit.after), "{}", edit.diff());
        prop_assert!(made(edit::narrow(&after, 0, &narrowing))?.is_empty());
        prop_assert_eq!(edit.undo(&edit.after), Ok(document.text()));
    }

    #[test]
    fn repairing_a_repeated_key_admits_everybody_who_was_meant(
        names in prop::collection::vec("[a-c]{1,2}", 2..5),
        spaces in "[ \n\t]{0,3}",
    ) {
        let key = format!("{ISSUER}:sub");
        let repeated: Vec<String> = names.iter().map(|name| format!("\"{key}\":{spaces}\"{}\"", subject(name))).collect();
        let before = format!(
            "{{\"Version\": \"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"Federated\":\
             \"arn:aws:iam::111122223333:oidc-provider/{ISSUER}\"}},\"Action\":\"sts:AssumeRoleWithWebIdentity\",\
             \"Condition\":{{\"StringEquals\":{{{}}}}}}}]}}",
            repeated.join(&format!(",{spaces}"))
        );
        let document = parsed(&before)?;
        prop_assert!(matches!(verdict(&document, &request("shop", &names[0])), Verdict::Depends(_)));
        let edit = made(edit::repair(&document))?;
        let after = parsed(&edit.after)?;
        for name in &names {
            prop_assert_eq!(verdict(&after, &request("shop", name)), Verdict::Allow);
        }
        prop_assert_eq!(verdict(&after, &request("shop", "other")), Verdict::Deny { explicit: false });
        prop_assert_eq!(after.duplicates().count(), 0);
        prop_assert!(made(edit::repair(&after))?.is_empty());
        prop_assert_eq!(edit.undo(&edit.after), Ok(document.text()));
    }
}
