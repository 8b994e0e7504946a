//! Edits are minimal, do what they promise, and change nothing the second time.

use super::*;
use crate::domain::trust::{Cluster, Role, verdict};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AB";

fn request(name: &str) -> Request {
    let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", &format!("https://{ISSUER}"));
    let role = Role::new("arn:aws:iam::111122223333:role/app");
    Request::irsa(role, cluster, "shop", name, "2026-11-23T10:15:00Z".parse().unwrap())
}

fn pod_identity() -> Request {
    let irsa = request("api");
    Request::pod_identity(irsa.role, irsa.cluster, "shop", "api", irsa.now)
}

fn policy(subjects: &str) -> Document {
    let provider = request("api").provider_arn();
    Document::parse(&format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {{\n      \"Effect\": \"Allow\",\n      \"Principal\": {{ \"Federated\": \"{provider}\" }},\n      \"Action\": \"sts:AssumeRoleWithWebIdentity\",\n      \"Condition\": {{\n        \"StringEquals\": {{\n          \"{ISSUER}:sub\": {subjects}\n        }}\n      }}\n    }}\n  ]\n}}\n"
    ))
    .unwrap()
}

fn again(edit: &Edit) -> Document {
    Document::parse(&edit.after).unwrap()
}

#[test]
fn a_single_subject_becomes_a_list_and_nothing_else_changes() {
    let document = policy("\"system:serviceaccount:shop:web\"");
    let edit = admit(&document, &request("api")).unwrap();
    let expected = "[\"system:serviceaccount:shop:web\", \"system:serviceaccount:shop:api\"]";
    assert_eq!(edit.after, policy(expected).text());
    assert_eq!(verdict(&again(&edit), &request("api")), Verdict::Allow);
    assert!(admit(&again(&edit), &request("api")).unwrap().is_empty());
    assert_eq!(edit.undo(&edit.after).unwrap(), document.text());
    assert_eq!(edit.undo("{}"), Err(EditError::ChangedSince));
}

#[test]
fn a_list_grows_in_its_own_layout() {
    let list = "[\n            \"system:serviceaccount:shop:web\"\n          ]";
    let edit = admit(&policy(list), &request("api")).unwrap();
    let grown = "[\n            \"system:serviceaccount:shop:web\",\n            \"system:serviceaccount:shop:api\"\n          ]";
    assert_eq!(edit.after, policy(grown).text());
}

#[test]
fn a_repeated_key_is_repaired_into_a_list() {
    let twice =
        format!("\"system:serviceaccount:shop:web\",\n          \"{ISSUER}:sub\": \"system:serviceaccount:shop:job\"");
    let edit = admit(&policy(&twice), &request("api")).unwrap();
    let list =
        "[\"system:serviceaccount:shop:web\", \"system:serviceaccount:shop:job\", \"system:serviceaccount:shop:api\"]";
    assert_eq!(edit.after, policy(list).text());
    let repaired = repair(&policy(&twice)).unwrap();
    assert_eq!(verdict(&again(&repaired), &request("job")), Verdict::Allow);
    assert!(repair(&again(&repaired)).unwrap().is_empty());
}

#[test]
fn admitting_what_the_repeated_key_meant_is_the_repair_alone() {
    let twice =
        format!("\"system:serviceaccount:shop:web\",\n          \"{ISSUER}:sub\": \"system:serviceaccount:shop:job\"");
    let edit = admit(&policy(&twice), &request("job")).unwrap();
    assert_eq!(edit.after, repair(&policy(&twice)).unwrap().after);
}

#[test]
fn another_clusters_statement_stays_and_ours_is_added() {
    let other = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/CD"},"Action":"sts:AssumeRoleWithWebIdentity"}}"#;
    let edit = admit(&Document::parse(other).unwrap(), &request("api")).unwrap();
    let kept = &other[other.find("{\"Effect").unwrap()..other.len() - 1];
    assert!(edit.after.contains(kept));
    assert_eq!(again(&edit).statements().len(), 2);
    assert!(admit(&again(&edit), &request("api")).unwrap().is_empty());
}

#[test]
fn a_new_statement_takes_the_layout_of_the_last_one() {
    let mut foreign = request("api");
    foreign.cluster.issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/EF".to_owned();
    let edit = admit(&policy("\"system:serviceaccount:shop:web\""), &foreign).unwrap();
    assert!(edit.after.contains("    },\n    {\n      \"Effect\": \"Allow\",\n"), "{}", edit.after);
    assert!(edit.after.ends_with("\n    }\n  ]\n}\n"));
}

#[test]
fn an_explicit_deny_is_not_edited_away() {
    let provider = request("api").provider_arn();
    let text =
        format!(r#"{{"Statement":[{{"Effect":"Deny","Principal":{{"Federated":"{provider}"}},"Action":"sts:*"}}]}}"#);
    let result = admit(&Document::parse(&text).unwrap(), &request("api"));
    assert!(matches!(result, Err(EditError::NotEnough(_))));
}

#[test]
fn removing_takes_the_entry_and_its_comma() {
    let both = "[\"system:serviceaccount:shop:web\", \"system:serviceaccount:shop:api\"]";
    let edit = remove(&policy(both), &request("api")).unwrap();
    assert_eq!(edit.after, policy("[\"system:serviceaccount:shop:web\"]").text());
    let edit = remove(&policy(both), &request("web")).unwrap();
    assert_eq!(edit.after, policy("[\"system:serviceaccount:shop:api\"]").text());
    assert!(remove(&again(&edit), &request("web")).unwrap().is_empty());
}

#[test]
fn the_last_subject_of_the_last_statement_stays() {
    let result = remove(&policy("\"system:serviceaccount:shop:api\""), &request("api"));
    assert_eq!(result, Err(EditError::LastStatement));
}

#[test]
fn a_pattern_is_not_removed() {
    let text = policy("\"system:serviceaccount:shop:*\"").text().replace("StringEquals", "StringLike");
    let result = remove(&Document::parse(&text).unwrap(), &request("api"));
    assert!(matches!(result, Err(EditError::TooOpen(_))));
}

#[test]
fn a_missing_tag_session_is_the_whole_edit() {
    let text = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let edit =
        add_pod_identity_statement(Some(&Document::parse(text).unwrap()), &Narrowing::default(), &pod_identity())
            .unwrap();
    assert_eq!(edit.after, text.replace("\"sts:AssumeRole\"", "[\"sts:AssumeRole\",\"sts:TagSession\"]"));
}

#[test]
fn a_pod_identity_statement_is_added_narrowed_and_only_once() {
    let narrowing = Narrowing {
        source_account: Some("111122223333".to_owned()),
        source_arn: Some("arn:aws:eks:eu-west-1:111122223333:cluster/prod".to_owned()),
        request_tags: vec![("kubernetes-namespace".to_owned(), vec!["shop".to_owned()])],
        subjects: None,
    };
    let document = policy("\"system:serviceaccount:shop:web\"");
    let edit = add_pod_identity_statement(Some(&document), &narrowing, &pod_identity()).unwrap();
    assert_eq!(verdict(&again(&edit), &pod_identity()), Verdict::Allow);
    assert_eq!(verdict(&again(&edit), &pod_identity().of("other", "api")), Verdict::Deny { explicit: false });
    assert!(add_pod_identity_statement(Some(&again(&edit)), &narrowing, &pod_identity()).unwrap().is_empty());
    let fresh = add_pod_identity_statement(None, &narrowing, &pod_identity()).unwrap();
    assert_eq!(verdict(&again(&fresh), &pod_identity()), Verdict::Allow);
    assert!(edit.diff().contains("+      \"Effect\": \"Allow\","));
}

#[test]
fn narrowing_wrongly_is_refused() {
    let narrowing = Narrowing { source_account: Some("999988887777".to_owned()), ..Narrowing::default() };
    let result = add_pod_identity_statement(None, &narrowing, &pod_identity());
    assert!(matches!(result, Err(EditError::NotEnough(_))));
}

#[test]
fn an_open_statement_is_narrowed_in_place() {
    let text = policy("\"x\"")
        .text()
        .replace(&format!("\"{ISSUER}:sub\": \"x\""), &format!("\"{ISSUER}:aud\": \"sts.amazonaws.com\""));
    let document = Document::parse(&text).unwrap();
    let narrowing = Narrowing {
        subjects: Some((format!("{ISSUER}:sub"), vec!["system:serviceaccount:shop:api".to_owned()])),
        ..Narrowing::default()
    };
    let edit = narrow(&document, 0, &narrowing).unwrap();
    let expected = format!("\"sts.amazonaws.com\",\n          \"{ISSUER}:sub\": \"system:serviceaccount:shop:api\"\n");
    assert!(edit.after.contains(&expected), "{}", edit.after);
    assert_eq!(verdict(&again(&edit), &request("web")), Verdict::Deny { explicit: false });
    assert!(narrow(&again(&edit), 0, &narrowing).unwrap().is_empty());
    let source = Narrowing { source_account: Some("111122223333".to_owned()), ..Narrowing::default() };
    let bare = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:*"}}"#;
    let edit = narrow(&Document::parse(bare).unwrap(), 0, &source).unwrap();
    assert!(
        edit.after.contains(r#","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}"#),
        "{}",
        edit.after
    );
}

/// As a migration narrows: this cluster, this namespace, this service account.
fn narrowed(namespace: &str, name: &str) -> Narrowing {
    let tag = |key: &str, value: &str| (format!("kubernetes-{key}"), vec![value.to_owned()]);
    Narrowing {
        source_account: Some("111122223333".to_owned()),
        source_arn: Some("arn:aws:eks:eu-west-1:111122223333:cluster/prod".to_owned()),
        request_tags: vec![tag("namespace", namespace), tag("service-account", name)],
        subjects: None,
    }
}

fn admitted(document: &Document, namespace: &str, name: &str) -> Edit {
    let request = pod_identity().of(namespace, name);
    add_pod_identity_statement(Some(document), &narrowed(namespace, name), &request).unwrap()
}

#[test]
fn service_accounts_of_one_namespace_share_one_pod_identity_statement() {
    let original = policy("\"system:serviceaccount:shop:web\"");
    let first = admitted(&original, "shop", "api");
    let second = admitted(&again(&first), "shop", "web");
    let key = "\"aws:RequestTag/kubernetes-service-account\": ";
    assert_eq!(second.after, first.after.replace(&format!("{key}\"api\""), &format!("{key}[\"api\", \"web\"]")));
    assert_eq!(second.summary, "Admits shop:web in statement 2.");
    // A name of another namespace needs a statement of its own: in this one it would stand for shop's as well.
    let third = admitted(&again(&second), "bank", "web");
    assert_eq!(again(&third).statements().len(), 3);
    for (namespace, name, wanted) in [
        ("shop", "api", Verdict::Allow),
        ("shop", "web", Verdict::Allow),
        ("bank", "web", Verdict::Allow),
        ("bank", "api", Verdict::Deny { explicit: false }),
    ] {
        let request = pod_identity().of(namespace, name);
        assert_eq!(verdict(&again(&third), &request), wanted, "{namespace}/{name}");
        let again = add_pod_identity_statement(Some(&again(&third)), &narrowed(namespace, name), &request);
        assert_eq!(again.unwrap().is_empty(), wanted == Verdict::Allow, "{namespace}/{name}");
    }
    let mut current = again(&third);
    for (namespace, name) in [("shop", "api"), ("bank", "web"), ("shop", "web")] {
        let request = pod_identity().of(namespace, name);
        assert!(is_listed(&current, &request));
        current = again(&remove(&current, &request).unwrap());
        assert_eq!(verdict(&current, &request), Verdict::Deny { explicit: false }, "{namespace}/{name}");
    }
    assert_eq!(current.text(), original.text());
}

#[test]
fn a_statement_that_is_wider_or_of_another_cluster_is_not_the_list_of_a_namespace() {
    let one = admitted(&policy("\"system:serviceaccount:shop:web\""), "shop", "api");
    for (part, other) in [
        ("kubernetes-namespace\": \"shop\"", "kubernetes-namespace\": [\"shop\", \"bank\"]"),
        ("cluster/prod", "cluster/test"),
        ("\"pods.eks.amazonaws.com\"", "[\"pods.eks.amazonaws.com\", \"ec2.amazonaws.com\"]"),
    ] {
        assert!(one.after.contains(part), "{part}");
        let foreign = Document::parse(&one.after.replace(part, other)).unwrap();
        let edit = admitted(&foreign, "shop", "web");
        assert_eq!(again(&edit).statements().len(), 3, "{other}");
        assert!(edit.after.contains(&foreign.text()[..foreign.text().len() - 8]), "{other}: the others stay");
        assert!(!is_listed(&foreign, &pod_identity()), "{other}");
    }
    // Who asks for any association of the account gets the open statement.
    let wide = add_pod_identity_statement(Some(&again(&one)), &Narrowing::default(), &pod_identity().of("shop", "web"));
    assert_eq!(again(&wide.unwrap()).statements().len(), 3);
}

#[test]
fn an_open_pod_identity_statement_is_not_removed() {
    let open = add_pod_identity_statement(
        Some(&policy("\"system:serviceaccount:shop:web\"")),
        &Narrowing::default(),
        &pod_identity(),
    );
    let result = remove(&again(&open.unwrap()), &pod_identity());
    assert_eq!(result, Err(EditError::TooOpen("statement 2".to_owned())));
}
