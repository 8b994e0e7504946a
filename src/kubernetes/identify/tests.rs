use std::collections::HashMap;

use super::*;

fn exec(command: &str, args: &[&str], env: &[(&str, &str)]) -> ExecConfig {
    let entry = |(name, value): &(&str, &str)| {
        HashMap::from([("name".to_owned(), (*name).to_owned()), ("value".to_owned(), (*value).to_owned())])
    };
    ExecConfig {
        command: Some(command.to_owned()),
        args: Some(args.iter().map(|word| (*word).to_owned()).collect()),
        env: Some(env.iter().map(entry).collect()),
        ..ExecConfig::default()
    }
}

fn completed(context: &str, cluster: &str, server: &str) -> (Option<String>, Option<String>, Option<String>) {
    let mut target = Target { server: Some(server.to_owned()), ..Target::default() };
    complete(&mut target, context, cluster);
    let text = |id: Option<String>| id;
    (
        text(target.cluster.map(|id| id.to_string())),
        text(target.region.map(|id| id.to_string())),
        text(target.account.map(|id| id.to_string())),
    )
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_stanza_of_update_kubeconfig_names_everything() {
    let args = [
        "--region",
        "eu-west-1",
        "eks",
        "get-token",
        "--cluster-name",
        "acme",
        "--output",
        "json",
        "--role",
        "arn:aws:iam::1:role/r",
    ];
    let stanza = Stanza::read(&exec("aws", &args, &[("AWS_PROFILE", "prod")])).unwrap();
    assert_eq!(stanza.cluster, Some("acme".into()));
    assert_eq!(stanza.region, Some("eu-west-1".into()));
    assert_eq!(stanza.role.as_deref(), Some("arn:aws:iam::1:role/r"));
    assert_eq!(stanza.profile.as_deref(), Some("prod"));
    assert!(stanza.can_mint);
}

#[test]
fn flags_may_carry_their_value_behind_an_equals_sign() {
    let args = ["eks", "get-token", "--cluster-name=acme", "--region=eu-west-1", "--role-arn=R", "--profile=p"];
    let stanza = Stanza::read(&exec("/usr/local/bin/aws", &args, &[("AWS_PROFILE", "other")])).unwrap();
    assert_eq!(stanza.cluster, Some("acme".into()));
    assert_eq!(stanza.region, Some("eu-west-1".into()));
    assert_eq!(stanza.role.as_deref(), Some("R"));
    assert_eq!(stanza.profile.as_deref(), Some("p"), "a flag wins over the environment");
    assert!(stanza.can_mint);
}

#[test]
fn the_authenticator_names_the_cluster_by_its_id() {
    let env = [("AWS_DEFAULT_REGION", "us-east-2"), ("DEFAULT_ROLE", "arn:aws:iam::1:role/d")];
    for flag in ["-i", "--cluster-id"] {
        let stanza = Stanza::read(&exec("aws-iam-authenticator", &["token", flag, "acme"], &env)).unwrap();
        assert_eq!(stanza.cluster, Some("acme".into()));
        assert_eq!(stanza.region, Some("us-east-2".into()));
        assert_eq!(stanza.role.as_deref(), Some("arn:aws:iam::1:role/d"));
        assert!(stanza.can_mint);
    }
}

#[test]
fn the_id_of_an_outpost_cluster_is_not_its_name() {
    let stanza = Stanza::read(&exec("aws", &["eks", "get-token", "--cluster-id", "b1-uuid"], &[])).unwrap();
    assert_eq!(stanza.cluster, None);
    assert_eq!(stanza.cluster_id.as_deref(), Some("b1-uuid"));
}

#[test]
fn a_wrapped_or_altered_plugin_has_to_run() {
    let args = ["exec", "prod", "--", "aws", "eks", "get-token", "--cluster-name", "acme"];
    let wrapped = Stanza::read(&exec("aws-vault", &args, &[])).unwrap();
    assert_eq!(wrapped.cluster, Some("acme".into()));
    assert!(!wrapped.can_mint);
    let keys = [("AWS_SHARED_CREDENTIALS_FILE", "/elsewhere")];
    assert!(!Stanza::read(&exec("aws", &["eks", "get-token", "--cluster-name", "a"], &keys)).unwrap().can_mint);
    let endpoint = ["eks", "get-token", "--cluster-name", "a", "--endpoint-url", "http://x"];
    assert!(!Stanza::read(&exec("aws", &endpoint, &[])).unwrap().can_mint);
}

#[test]
fn another_plugin_is_no_eks_stanza() {
    assert_eq!(Stanza::read(&exec("gke-gcloud-auth-plugin", &[], &[])), None);
    assert_eq!(Stanza::read(&exec("aws", &["s3", "ls"], &[])), None);
}

#[test]
fn an_arn_as_name_gives_cluster_region_and_account() {
    let arn = "arn:aws-cn:eks:cn-north-1:111122223333:cluster/acme";
    let expected = (some("acme"), some("cn-north-1"), some("111122223333"));
    assert_eq!(completed(arn, arn, ""), expected);
    assert_eq!(completed("alias", arn, ""), expected, "update-kubeconfig --alias leaves the cluster's name");
}

#[test]
fn names_of_eksctl_give_cluster_and_region() {
    let (context, cluster) = ("ann@acme.eu-west-1.eksctl.io", "acme.eu-west-1.eksctl.io");
    assert_eq!(completed(context, cluster, ""), (some("acme"), some("eu-west-1"), None));
    assert_eq!(completed(context, "other", ""), (some("acme"), some("eu-west-1"), None));
    let dotted = "ann.lee@corp.com@acme.eu-west-1.eksctl.io";
    assert_eq!(completed(dotted, "other", ""), (some("acme"), some("eu-west-1"), None));
}

#[test]
fn the_host_of_the_server_gives_the_region_alone() {
    let region = |server: &str| completed("c", "c", server);
    assert_eq!(region("https://ABC.gr7.eu-west-1.eks.amazonaws.com"), (None, some("eu-west-1"), None));
    assert_eq!(region("https://ABC.SK1.EU-WEST-1.EKS.AMAZONAWS.COM:443"), (None, some("eu-west-1"), None));
    assert_eq!(region("https://ABC.gr7.cn-north-1.eks.amazonaws.com.cn"), (None, some("cn-north-1"), None));
    assert_eq!(region("https://127.0.0.1:8443"), (None, None, None));
    assert_eq!(region("not a url"), (None, None, None));
}

#[test]
fn a_name_that_speaks_of_another_cluster_adds_nothing() {
    let mut target = Target { cluster: Some("mine".into()), ..Target::default() };
    complete(&mut target, "arn:aws:eks:eu-west-1:111122223333:cluster/other", "x");
    assert_eq!(target.account, None);
    assert_eq!(target.region, None);
}
