use std::sync::Arc;

use super::*;
use crate::domain::failure::{Failure, FailureKind};

const CLUSTER: &str = "arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod";
const TARGET: &str = "arn:aws:iam::444455556666:role/reports";

fn attached(name: &str) -> Policy {
    Policy { name: name.into(), arn: Some(format!("arn:aws:iam::aws:policy/{name}").into()), document: Fact::Absent }
}

fn inline(name: &str, text: &str) -> Policy {
    let document = PolicyDocument::parse(text).map_or_else(|| unread(None), |document| Fact::Known(Arc::new(document)));
    Policy { name: name.into(), arn: None, document }
}

fn unread(action: Option<&str>) -> Fact<Arc<PolicyDocument>> {
    let failure = Failure::new(FailureKind::Denied, "cannot read", "AccessDenied", "Ask for it");
    Fact::Unknown(Arc::new(match action {
        Some(action) => failure.missing(action, "*"),
        None => failure,
    }))
}

fn role(attached: Vec<Policy>, inline: Vec<Policy>) -> RoleDetail {
    RoleDetail {
        about: Fact::Known(RoleAbout::default()),
        attached: Fact::Known(attached),
        inline: Fact::Known(inline),
        boundary: None,
    }
}

fn may_assume(role: &RoleDetail) -> Permission {
    role.permission(ASSUME_FOR_POD_IDENTITY, CLUSTER)
}

#[test]
fn both_worker_node_policies_allow_the_agents_call() {
    for name in ["AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"] {
        assert_eq!(may_assume(&role(vec![attached(name)], vec![])), Permission::Allowed(name.into()));
    }
}

#[test]
fn a_node_role_with_registry_and_network_policies_only_may_not_assume_for_pods() {
    let node = role(vec![attached("AmazonEKS_CNI_Policy"), attached("AmazonEC2ContainerRegistryReadOnly")], vec![]);
    assert_eq!(may_assume(&node), Permission::NotAllowed);
}

#[test]
fn an_inline_policy_with_the_action_is_enough_in_any_case_and_with_wildcards() {
    for action in ["eks-auth:AssumeRoleForPodIdentity", "EKS-AUTH:assumeroleforpodidentity", "eks-auth:*", "*"] {
        let text = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#);
        assert_eq!(may_assume(&role(vec![], vec![inline("agent", &text)])), Permission::Allowed("agent".into()));
    }
    let other = r#"{"Statement":[{"Effect":"Allow","Action":"eks-auth:*","Resource":"arn:aws:eks:eu-west-1:111122223333:cluster/other"}]}"#;
    assert_eq!(may_assume(&role(vec![], vec![inline("agent", other)])), Permission::NotAllowed);
}

#[test]
fn not_action_and_not_resource_exclude_what_they_name() {
    let all_but = r#"{"Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#;
    assert_eq!(may_assume(&role(vec![], vec![inline("p", all_but)])), Permission::Allowed("p".into()));
    let not_here = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"*","NotResource":"{CLUSTER}"}}]}}"#);
    assert_eq!(may_assume(&role(vec![], vec![inline("p", &not_here)])), Permission::NotAllowed);
}

#[test]
fn an_explicit_deny_wins_and_one_with_a_condition_leaves_it_open() {
    let deny = r#"{"Statement":[{"Effect":"Deny","Action":"eks-auth:*","Resource":"*"}]}"#;
    let node = role(vec![attached("AmazonEKSWorkerNodePolicy")], vec![inline("no", deny)]);
    assert_eq!(may_assume(&node), Permission::Denied("no".into()));
    let sometimes = r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
    let node = role(vec![attached("AmazonEKSWorkerNodePolicy")], vec![inline("tls", sometimes)]);
    assert_eq!(may_assume(&node), Permission::Depends("aws:SecureTransport".into()));
}

#[test]
fn a_boundary_takes_away_what_it_does_not_allow() {
    let mut node = role(vec![attached("AmazonEKSWorkerNodePolicy")], vec![]);
    node.boundary = Some(inline("limit", r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#));
    assert_eq!(may_assume(&node), Permission::Denied("limit".into()));
    node.boundary = Some(inline("limit", r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#));
    assert_eq!(may_assume(&node), Permission::Allowed("AmazonEKSWorkerNodePolicy".into()));
}

#[test]
fn policies_that_cannot_be_read_make_it_unknown_never_not_allowed() {
    let denied = unread(Some("iam:GetPolicyVersion"));
    let custom =
        Policy { name: "nodes".into(), arn: Some("arn:aws:iam::111122223333:policy/nodes".into()), document: denied };
    assert_eq!(may_assume(&role(vec![custom.clone()], vec![])), Permission::Unknown("iam:GetPolicyVersion".into()));
    let other_allows = role(vec![custom, attached("AmazonEKSWorkerNodePolicy")], vec![]);
    assert_eq!(may_assume(&other_allows), Permission::Allowed("AmazonEKSWorkerNodePolicy".into()));
    assert_eq!(
        may_assume(&role(vec![], vec![inline("broken", "no json")])),
        Permission::Depends("policy document".into())
    );
    assert_eq!(may_assume(&RoleDetail::default()), Permission::Loading);
}

#[test]
fn the_second_hop_needs_both_actions_on_the_target() {
    let only_assume =
        format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{TARGET}"}}]}}"#);
    let source = role(vec![], vec![inline("chain", &only_assume)]);
    assert_eq!(source.permission("sts:AssumeRole", TARGET), Permission::Allowed("chain".into()));
    assert_eq!(source.permission("sts:TagSession", TARGET), Permission::NotAllowed);
    let by_variable = r#"{"Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:iam::444455556666:role/${aws:PrincipalTag/team}"}]}"#;
    let source = role(vec![], vec![inline("chain", by_variable)]);
    assert!(matches!(source.permission("sts:AssumeRole", TARGET), Permission::Depends(_)));
}

#[test]
fn administrator_full_access_and_documents_that_allow_everything_are_broad() {
    let iam = r#"{"Statement":[{"Effect":"Allow","Action":["s3:GetObject","iam:*"],"Resource":"*"}]}"#;
    let node = role(
        vec![attached("AmazonEKSWorkerNodePolicy"), attached("AmazonS3FullAccess"), attached("AdministratorAccess")],
        vec![inline("extra", iam)],
    );
    assert_eq!(node.broad_policies(), ["AmazonS3FullAccess", "AdministratorAccess", "extra allows iam:*"]);
    assert!(role(vec![attached("AmazonEKS_CNI_Policy")], vec![]).broad_policies().is_empty());
}

#[test]
fn only_policies_of_aws_are_known_by_name() {
    assert!(is_known_by_name("arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy"));
    assert!(is_known_by_name("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"));
    assert!(!is_known_by_name("arn:aws:iam::111122223333:policy/AdministratorAccess"));
    assert!(!is_known_by_name("arn:aws:iam::aws:policy/job-function/SystemAdministrator"));
}

impl RoleDetail {
    /// For worlds of other tests: a role with nothing but these policies of AWS.
    pub fn with_policies_of_aws(names: &[&str]) -> Self {
        role(names.iter().map(|name| attached(name)).collect(), vec![])
    }
}

#[test]
fn rights_that_reach_far_are_marked_and_narrow_ones_are_not() {
    let of = |text: &str| inline("own", &format!(r#"{{"Statement":[{text}]}}"#)).sensitive();
    for (statement, words) in [
        (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, "administrator"),
        (r#"{"Effect":"Allow","Action":"iam:Pass*","Resource":"arn:aws:iam::111122223333:role/a"}"#, "iam:PassRole"),
        (r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#, "sts:AssumeRole on *"),
        (r#"{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}"#, "secrets"),
        (r#"{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["*"]}"#, "kms:Decrypt on *"),
        (r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"}"#, "may change policies"),
    ] {
        let found = of(statement);
        assert!(found.len() == 1 && found[0].contains(words), "{statement}: {found:?}");
    }
    for statement in [
        r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::444455556666:role/reports"}"#,
        r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:eu-west-1:111122223333:key/a"}"#,
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
    ] {
        assert_eq!(of(statement), Vec::<&str>::new(), "{statement}");
    }
    assert_eq!(attached("AdministratorAccess").sensitive(), ["administrator: everything"]);
    assert_eq!(attached("AmazonSQSFullAccess").sensitive(), Vec::<&str>::new());
}

#[test]
fn keys_of_a_statement_and_its_place_are_told_from_the_text() {
    let text = "{\"Version\":\"2012-10-17\",\n\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::${aws:username}\"},\n {\"Effect\":\"Deny\",\"Action\":\"sqs:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}";
    let document = PolicyDocument::parse(text).unwrap();
    assert_eq!(document.keys_about("s3:GetObject").into_iter().collect::<Vec<_>>(), ["aws:username"]);
    assert_eq!(document.keys_about("sqs:SendMessage").into_iter().collect::<Vec<_>>(), ["aws:SecureTransport"]);
    assert!(document.statement_at((3, 2)).unwrap().starts_with("{\"Effect\":\"Deny\""));
    assert!(document.statement_at((2, 14)).unwrap().contains("s3:*"));
    assert_eq!(document.statement_at((0, 0)), None);
    assert_eq!(document.statement_at((9, 9)), None);
}
