//! The indexes find exactly whom an evaluation of every service account finds.

use super::*;
use crate::domain::trust::{Cluster, Role};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AB";

fn subjects() -> Subjects {
    let account = |namespace: &str, name: &str| ServiceAccount {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        audience: None,
    };
    let mut accounts = Vec::new();
    for namespace in ["shop", "shop-dev", "kube-system", "payments"] {
        for name in ["api", "web", "default", "api-v1"] {
            accounts.push(account(namespace, name));
        }
    }
    accounts.push(ServiceAccount { audience: Some("custom".to_owned()), ..account("shop", "special") });
    Subjects::new(accounts)
}

fn template(mechanism: Mechanism) -> Request {
    let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", ISSUER);
    let role = Role::new("arn:aws:iam::111122223333:role/app");
    let mut request = Request::irsa(role, cluster, "", "", "2026-11-23T10:15:00Z".parse().unwrap());
    request.mechanism = mechanism;
    request
}

fn one_by_one(document: &Document, template: &Request, subjects: &Subjects) -> Vec<Option<Grant>> {
    let ask = |account: &ServiceAccount| {
        let mut request = template.clone().of(&account.namespace, &account.name);
        request.audience.clone_from(&account.audience);
        grant(document, &request.caller(), &request)
    };
    subjects.accounts().iter().map(ask).collect()
}

#[track_caller]
fn agrees(statements: &str, mechanism: Mechanism) -> usize {
    let document = Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
    let (template, subjects) = (template(mechanism), subjects());
    let indexed = admitted(&document, &template, &subjects);
    let all = one_by_one(&document, &template, &subjects);
    for (index, expected) in all.iter().enumerate() {
        let found = indexed.grant(index).map(|grant| grant.depends_on.clone());
        assert_eq!(found, expected.as_ref().map(|grant| grant.depends_on.clone()), "{index}");
    }
    all.iter().flatten().count()
}

fn irsa(effect: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}"#
    )
}

#[test]
fn exact_subjects_are_looked_up() {
    let two = irsa(
        "Allow",
        &format!(
            r#"{{"StringEquals":{{"{ISSUER}:sub":["system:serviceaccount:shop:api","system:serviceaccount:payments:web"]}}}}"#
        ),
    );
    assert_eq!(agrees(&two, Mechanism::Irsa), 2);
}

#[test]
fn patterns_are_searched_from_the_shorter_end() {
    let start = irsa("Allow", &format!(r#"{{"StringLike":{{"{ISSUER}:sub":"system:serviceaccount:shop:*"}}}}"#));
    assert_eq!(agrees(&start, Mechanism::Irsa), 5);
    let end = irsa("Allow", &format!(r#"{{"StringLike":{{"{ISSUER}:sub":"system:serviceaccount:*:api"}}}}"#));
    assert_eq!(agrees(&end, Mechanism::Irsa), 4);
}

#[test]
fn open_statements_admit_everyone_but_the_denied() {
    assert_eq!(agrees(&irsa("Allow", "{}"), Mechanism::Irsa), 17);
    let aud = format!(r#"{{"StringEquals":{{"{ISSUER}:aud":"sts.amazonaws.com"}}}}"#);
    assert_eq!(agrees(&irsa("Allow", &aud), Mechanism::Irsa), 16);
    let deny = irsa("Deny", &format!(r#"{{"StringLike":{{"{ISSUER}:sub":"*:kube-system:*"}}}}"#));
    assert_eq!(agrees(&format!("{},{deny}", irsa("Allow", "{}")), Mechanism::Irsa), 13);
    let not = irsa("Allow", &format!(r#"{{"StringNotLike":{{"{ISSUER}:sub":"*:api"}}}}"#));
    assert_eq!(agrees(&not, Mechanism::Irsa), 13);
}

#[test]
fn an_unsure_open_statement_and_a_sure_one_for_some() {
    let ip = irsa("Allow", r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
    let sure = irsa("Allow", &format!(r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:shop:api"}}}}"#));
    assert_eq!(agrees(&format!("{ip},{sure}"), Mechanism::Irsa), 17);
}

#[test]
fn session_tags_are_looked_up_for_pod_identity() {
    let statement = |condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"pods.eks.amazonaws.com"}},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{condition}}}"#
        )
    };
    let both = r#"{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"shop","aws:RequestTag/kubernetes-service-account":"api"}}"#;
    assert_eq!(agrees(&statement(both), Mechanism::PodIdentity), 1);
    assert_eq!(
        agrees(&statement(r#"{"StringLike":{"aws:RequestTag/kubernetes-namespace":"shop*"}}"#), Mechanism::PodIdentity),
        9
    );
    assert_eq!(agrees(&statement("{}"), Mechanism::PodIdentity), 17);
    assert_eq!(agrees(&statement(both), Mechanism::Irsa), 0);
}

#[test]
fn the_reverse_lists_the_roles_of_a_service_account() {
    let subjects = subjects();
    let document = |statement: &str| Document::parse(&format!(r#"{{"Statement":[{statement}]}}"#)).unwrap();
    let exact =
        document(&irsa("Allow", &format!(r#"{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:shop:web"}}}}"#)));
    let open = document(&irsa("Allow", "{}"));
    let admissions = [&exact, &open].map(|d| admitted(d, &template(Mechanism::Irsa), &subjects));
    let roles = |index: usize| roles_of(&admissions, index).into_iter().map(|(role, _)| role).collect::<Vec<_>>();
    assert_eq!(roles(0), [1]);
    assert_eq!(roles(1), [0, 1]);
}
