//! The texts that people paste, stated by hand for the plans of a small cluster.

use pretty_assertions::assert_eq;

use super::{Format, Names, text};
use crate::domain::{
    change::Change,
    fact::Fact,
    inventory::Inventory,
    plan::{
        Plan, agent, annotate,
        associate::{self, AssociateRequest},
        dissociate, restart,
        tests::world::{arn, cluster, inventory, inventory_with, now, role, sa, workload},
    },
    workload::WorkloadKind,
};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

/// `api-service/api-service` with every option there is.
fn request() -> AssociateRequest {
    AssociateRequest {
        service_account: sa("api-service/api-service"),
        role_arn: arn("api-service-development-eu-west-1"),
        target_role_arn: Some("arn:aws:iam::444455556666:role/data".into()),
        disable_session_tags: true,
        policy: Some(POLICY.to_owned()),
        tags: vec![("team".to_owned(), "api".to_owned()), ("on call".to_owned(), "yes".to_owned())],
        fix_trust: None,
    }
}

fn associate(inventory: &Inventory, request: &AssociateRequest) -> Plan {
    associate::plan(inventory, request, now()).unwrap()
}

/// The text without its heading.
fn export(plan: &Plan, inventory: &Inventory, format: Format) -> String {
    let text = text(plan, inventory, format);
    let heading = format!(
        "# rolecall {} {}: cluster acme-prod, region eu-west-1, account 111122223333\n",
        plan.kind.word(),
        plan.subject
    );
    text.strip_prefix(&heading).map(str::to_owned).unwrap_or(text)
}

fn of_request(format: Format) -> String {
    let inventory = inventory();
    export(&associate(&inventory, &request()), &inventory, format)
}

#[test]
fn an_association_with_every_option_as_a_command() {
    assert_eq!(
        of_request(Format::AwsCli),
        "aws eks create-pod-identity-association --region eu-west-1 --cluster-name acme-prod --namespace api-service \
         --service-account api-service --role-arn arn:aws:iam::111122223333:role/api-service-development-eu-west-1 \
         --target-role-arn arn:aws:iam::444455556666:role/data --disable-session-tags --policy \
         '{\"Version\":\"2012-10-17\",\"Statement\":[]}' --tags '{\"on call\":\"yes\",\"team\":\"api\"}'\n"
    );
}

#[test]
fn an_association_with_every_option_for_terraform() {
    assert_eq!(
        of_request(Format::Terraform),
        r#"# policy needs version 6.57.1 or later of the AWS provider
# Running pods keep what they have until they are restarted: api-service/deploy/api-service

resource "aws_eks_pod_identity_association" "api-service_api-service" {
  cluster_name         = "acme-prod"
  namespace            = "api-service"
  service_account      = "api-service"
  role_arn             = "arn:aws:iam::111122223333:role/api-service-development-eu-west-1"
  target_role_arn      = "arn:aws:iam::444455556666:role/data"
  disable_session_tags = true
  policy               = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"

  tags = {
    "team"    = "api"
    "on call" = "yes"
  }
}
"#
    );
}

#[test]
fn an_association_with_every_option_for_eksctl() {
    assert_eq!(
        of_request(Format::Eksctl),
        r#"# eksctl create podidentityassociation -f FILE
# Running pods keep what they have until they are restarted: api-service/deploy/api-service
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata:
  name: acme-prod
  region: eu-west-1
iam:
  podIdentityAssociations:
  - namespace: api-service
    serviceAccountName: api-service
    roleARN: arn:aws:iam::111122223333:role/api-service-development-eu-west-1
    targetRoleARN: arn:aws:iam::444455556666:role/data
    disableSessionTags: true
    policy: "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    tags:
      team: api
      on call: "yes"
"#
    );
}

#[test]
fn an_association_with_every_option_for_cloudformation() {
    assert_eq!(
        of_request(Format::CloudFormation),
        r#"# Running pods keep what they have until they are restarted: api-service/deploy/api-service
AWSTemplateFormatVersion: "2010-09-09"
Description: rolecall associate api-service/api-service
Resources:
  ApiServiceApiServiceAssociation:
    Type: AWS::EKS::PodIdentityAssociation
    Properties:
      ClusterName: acme-prod
      Namespace: api-service
      ServiceAccount: api-service
      RoleArn: arn:aws:iam::111122223333:role/api-service-development-eu-west-1
      TargetRoleArn: arn:aws:iam::444455556666:role/data
      DisableSessionTags: true
      Policy: "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
      Tags:
      - Key: team
        Value: api
      - Key: on call
        Value: "yes"
"#
    );
}

#[test]
fn an_association_with_every_option_for_ack_says_what_ack_lacks() {
    assert_eq!(
        of_request(Format::Ack),
        r#"# ACK cannot say this: the session policy of api-service/api-service; set it otherwise
# Running pods keep what they have until they are restarted: api-service/deploy/api-service
apiVersion: eks.services.k8s.aws/v1alpha1
kind: PodIdentityAssociation
metadata:
  name: api-service
  namespace: api-service
spec:
  clusterName: acme-prod
  namespace: api-service
  serviceAccount: api-service
  roleARN: arn:aws:iam::111122223333:role/api-service-development-eu-west-1
  targetRoleARN: arn:aws:iam::444455556666:role/data
  disableSessionTags: true
  tags:
    on call: "yes"
    team: api
"#
    );
}

/// `web/edge` with a role that IAM does not have.
fn new_role() -> (Inventory, Plan) {
    let inventory = inventory();
    let request = AssociateRequest::new(sa("search/other"), "arn:aws:iam::111122223333:role/team/new.role".into());
    let plan = associate(&inventory, &request);
    (inventory, plan)
}

const REFUSED: &str = "# As things stand this does not work: role new.role exists: IAM knew no \
                       arn:aws:iam::111122223333:role/team/new.role when roles were last read\n";

#[test]
fn a_role_that_does_not_exist_is_created_before_its_association() {
    let (inventory, plan) = new_role();
    let text = export(&plan, &inventory, Format::AwsCli);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], REFUSED.trim_end());
    assert_eq!(lines[1], "# Role new.role may do nothing yet: give it permissions with aws iam attach-role-policy");
    assert!(
        lines[2].starts_with("aws iam create-role --role-name new.role --path /team/ --assume-role-policy-document '{")
    );
    assert!(text.contains("\"aws:SourceArn\": \"arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod\""), "{text}");
    assert!(
        text.contains("}' &&\naws iam wait role-exists --role-name new.role &&\naws eks create-pod-identity"),
        "{text}"
    );
}

#[test]
fn a_role_that_does_not_exist_stands_in_terraform_with_the_narrowest_trust() {
    let (inventory, plan) = new_role();
    assert_eq!(
        export(&plan, &inventory, Format::Terraform),
        format!(
            "{REFUSED}{}",
            r#"# aws_iam_role.new_role may do nothing yet: attach policies to it

data "aws_iam_policy_document" "new_role_trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-namespace"
      values   = ["search"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-service-account"
      values   = ["other"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["111122223333"]
    }
  }
}

resource "aws_iam_role" "new_role" {
  name               = "new.role"
  path               = "/team/"
  assume_role_policy = data.aws_iam_policy_document.new_role_trust.json
}

resource "aws_eks_pod_identity_association" "search_other" {
  cluster_name    = "acme-prod"
  namespace       = "search"
  service_account = "other"
  role_arn        = aws_iam_role.new_role.arn
}
"#
        )
    );
}

#[test]
fn a_role_that_does_not_exist_is_created_by_eksctl_itself() {
    let (inventory, plan) = new_role();
    let text = export(&plan, &inventory, Format::Eksctl);
    assert!(text.contains("    roleName: new.role\n    permissionPolicyARNs: []\n"), "{text}");
    assert!(text.contains("# eksctl cannot give it the path /team/\n") && !text.contains("roleARN:"), "{text}");
}

#[test]
fn a_role_that_does_not_exist_is_a_resource_that_the_association_refers_to() {
    let (inventory, plan) = new_role();
    let template = export(&plan, &inventory, Format::CloudFormation);
    assert!(template.contains("  NewRoleRole:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: new.role\n"));
    assert!(
        template.contains("      RoleArn:\n        \"Fn::GetAtt\":\n        - NewRoleRole\n        - Arn\n"),
        "{template}"
    );
    let manifests = export(&plan, &inventory, Format::Ack);
    assert!(manifests.contains("kind: Role\nmetadata:\n  name: new-role\n  namespace: search\n"), "{manifests}");
    assert!(
        manifests.contains("  roleRef:\n    from:\n      name: new-role\n      namespace: search\n"),
        "{manifests}"
    );
}

#[test]
fn two_accounts_share_a_new_role_whose_statement_lists_both_of_them() {
    let role = "arn:aws:iam::111122223333:role/shared";
    let inventory = inventory();
    let mut plan = associate(&inventory, &AssociateRequest::new(sa("search/one"), role.into()));
    plan.steps.extend(associate(&inventory, &AssociateRequest::new(sa("search/two"), role.into())).steps);
    let text = export(&plan, &inventory, Format::Terraform);
    assert_eq!(text.matches("resource \"aws_iam_role\"").count(), 1, "{text}");
    assert!(text.contains("aws:SourceArn"), "{text}");
    let listed = "variable = \"aws:RequestTag/kubernetes-service-account\"\n      values   = [\"one\", \"two\"]";
    assert!(text.contains(listed), "{text}");
}

/// The removal of `search/indexer`'s association.
fn removal() -> (Inventory, Plan) {
    let inventory = inventory();
    let plan = dissociate::plan(&inventory, &sa("search/indexer").into()).unwrap();
    (inventory, plan)
}

const DELETE: &str =
    "aws eks delete-pod-identity-association --region eu-west-1 --cluster-name acme-prod --association-id a-search";

#[test]
fn a_removal_is_one_command() {
    let (inventory, plan) = removal();
    assert_eq!(export(&plan, &inventory, Format::AwsCli), format!("{DELETE}\n"));
}

#[test]
fn a_removal_takes_the_resource_out_of_terraform() {
    let (inventory, plan) = removal();
    assert_eq!(
        export(&plan, &inventory, Format::Terraform),
        format!(
            "# Put this in the place of the resource of search/indexer; it may be called otherwise than search_indexer\n\
             # If Terraform does not have a-search, delete it by its id:\n#   {DELETE}\n\nremoved {{\n  from = \
             aws_eks_pod_identity_association.search_indexer\n\n  lifecycle {{\n    destroy = true\n  }}\n}}\n"
        )
    );
}

#[test]
fn a_removal_says_what_formats_without_removals_need() {
    let (inventory, plan) = removal();
    let eksctl = export(&plan, &inventory, Format::Eksctl);
    assert!(eksctl.starts_with("# eksctl delete podidentityassociation -f FILE removes what is listed"), "{eksctl}");
    assert!(eksctl.contains("  - namespace: search\n    serviceAccountName: indexer\n"), "{eksctl}");
    for format in [Format::CloudFormation, Format::Ack] {
        let text = text(&plan, &inventory, format);
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
        assert!(text.contains("a-search") && text.contains(&format!("#   {DELETE}\n")), "{text}");
    }
}

#[test]
fn the_agent_is_an_add_on_in_every_format() {
    let inventory = without_agent();
    let plan = agent::plan(&inventory).unwrap();
    assert_eq!(
        export(&plan, &inventory, Format::AwsCli),
        "aws eks create-addon --region eu-west-1 --cluster-name acme-prod --addon-name eks-pod-identity-agent\n"
    );
    assert_eq!(
        export(&plan, &inventory, Format::Terraform),
        "\nresource \"aws_eks_addon\" \"eks-pod-identity-agent\" {\n  cluster_name = \"acme-prod\"\n  addon_name   = \
         \"eks-pod-identity-agent\"\n}\n"
    );
    assert!(export(&plan, &inventory, Format::Eksctl).ends_with("addons:\n- name: eks-pod-identity-agent\n"));
    assert!(export(&plan, &inventory, Format::CloudFormation).ends_with(
        "  EksPodIdentityAgent:\n    Type: AWS::EKS::Addon\n    Properties:\n      AddonName: eks-pod-identity-agent\n      \
         ClusterName: acme-prod\n"
    ));
    assert!(export(&plan, &inventory, Format::Ack).ends_with(
        "kind: Addon\nmetadata:\n  name: eks-pod-identity-agent\nspec:\n  clusterName: acme-prod\n  name: \
         eks-pod-identity-agent\n"
    ));
}

fn without_agent() -> Inventory {
    inventory_with(vec![Change::Pods(Fact::Known(Vec::new()))])
}

#[test]
fn what_a_format_cannot_say_is_a_comment_with_its_command() {
    let inventory = inventory();
    let restart =
        restart::plan(&inventory, &workload("payments", WorkloadKind::Deployment, "api"), restart::Canary::First)
            .unwrap();
    let annotate = annotate::plan(&inventory, &sa("payments/api"), None, now()).unwrap();
    for format in [Format::Terraform, Format::Eksctl, Format::CloudFormation, Format::Ack] {
        let text = export(&restart, &inventory, format);
        assert!(text.contains("cannot say this step: restart deploy/api in payments"), "{text}");
        assert!(text.contains("#   kubectl --context 'prod eu' --namespace payments rollout restart"), "{text}");
        let text = export(&annotate, &inventory, format);
        assert!(text.contains("cannot say this step: remove the role annotation of payments/api"), "{text}");
        assert!(text.contains("# argocd-controller writes that object: change it there instead\n"), "{text}");
    }
}

#[test]
fn an_association_that_is_there_already_is_imported() {
    let inventory = inventory();
    let plan = associate(&inventory, &AssociateRequest::new(sa("search/indexer"), arn("search-indexer")));
    let terraform = export(&plan, &inventory, Format::Terraform);
    assert!(terraform.contains(
        "import {\n  to = aws_eks_pod_identity_association.search_indexer\n  id = \"acme-prod,a-search\"\n}\n"
    ));
    let template = export(&plan, &inventory, Format::CloudFormation);
    assert!(template.contains("    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n"), "{template}");
    assert!(template.contains("import it into the stack first, by AssociationArn arn:aws:eks:"), "{template}");
    let manifest = export(&plan, &inventory, Format::Ack);
    assert!(manifest.contains("    services.k8s.aws/adoption-policy: adopt-or-create\n"), "{manifest}");
    assert!(
        manifest.contains(r#"adoption-fields: "{\"associationID\":\"a-search\",\"clusterName\":\"acme-prod\"}""#),
        "{manifest}"
    );
    assert!(export(&plan, &inventory, Format::Eksctl).contains("# eksctl update podidentityassociation -f FILE\n"));
}

#[test]
fn texts_from_outside_end_neither_a_comment_nor_a_string() {
    let mut nasty = request();
    nasty.tags = vec![("a".to_owned(), "${b} %{c} \"d\"\n\u{202e}e: #".to_owned())];
    let inventory = inventory();
    let mut plan = associate(&inventory, &nasty);
    plan.subject = "x\nmalicious: true".to_owned();
    for format in Format::ALL {
        let text = text(&plan, &inventory, format);
        assert!(!text.contains("\nmalicious"), "{text}");
    }
    let terraform = text(&plan, &inventory, Format::Terraform);
    assert!(terraform.contains(r#""a" = "$${b} %%{c} \"d\"\n\U0000202ee: #""#), "{terraform}");
}

#[test]
fn names_that_collide_are_numbered() {
    let mut names = Names::default();
    assert_eq!(["a", "a", "b", "a"].map(|name| names.give(name, "_")), ["a", "a_2", "b", "a_3"]);
}

#[test]
fn a_role_without_a_cluster_that_was_read_still_gets_a_trust_policy() {
    let unread = vec![Change::Roles(Fact::Known(vec![role("other", "{}")])), Change::Cluster(Fact::Absent)];
    let inventory = inventory_with(unread);
    assert!(inventory.cluster().known().is_none() && cluster().name.as_str() == "acme-prod");
    let plan = associate(&inventory, &AssociateRequest::new(sa("search/other"), arn("new")));
    assert!(text(&plan, &inventory, Format::Ack).contains("clusterName: acme-prod"));
}
