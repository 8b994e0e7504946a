use super::*;

const CONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: arn:aws:eks:eu-west-1:111122223333:cluster/acme
  cluster:
    server: https://ABC.gr7.eu-west-1.eks.amazonaws.com
    certificate-authority-data: QUJD
contexts:
- name: prod
  context: {cluster: "arn:aws:eks:eu-west-1:111122223333:cluster/acme", user: me, namespace: shop}
- name: broken
  context: {cluster: nowhere, user: me}
users:
- name: me
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: aws
      args: [--region, eu-west-1, eks, get-token, --cluster-name, acme]
      env: [{name: AWS_PROFILE, value: prod-admin}]
"#;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn options(path: &std::path::Path, context: Option<&str>) -> Options {
    Options { kubeconfig: Some(path.to_owned()), context: context.map(str::to_owned) }
}

#[test]
fn the_current_context_is_taken_and_identified() {
    let (_folder, path) = file(CONFIG);
    let context = load(&options(&path, None)).unwrap();
    let expected = Target {
        context: Some("prod".into()),
        cluster: Some("acme".into()),
        region: Some("eu-west-1".into()),
        account: Some("111122223333".into()),
        server: Some("https://ABC.gr7.eu-west-1.eks.amazonaws.com".into()),
        certificate_authority: Some("QUJD".into()),
        namespace: Some("shop".into()),
        profile: Some("prod-admin".into()),
        role: None,
    };
    assert_eq!(context.target, expected);
    assert!(context.stanza.unwrap().can_mint);
}

#[test]
fn a_missing_file_says_how_to_make_one() {
    let failure = load(&options("/nowhere/config".as_ref(), None)).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Usage);
    assert!(failure.why.contains("/nowhere/config does not exist"), "{failure}");
    assert!(failure.next.contains("aws eks update-kubeconfig"), "{failure}");
}

#[test]
fn an_unknown_context_names_the_known_ones_and_the_nearest() {
    let (_folder, path) = file(CONFIG);
    let failure = load(&options(&path, Some("prd"))).unwrap_err();
    assert_eq!(failure.what, "there is no context `prd`");
    assert!(failure.why.contains("prod, broken"), "{failure}");
    assert!(failure.next.contains("--context prod"), "{failure}");
}

#[test]
fn a_context_without_its_cluster_says_so() {
    let (_folder, path) = file(CONFIG);
    let failure = load(&options(&path, Some("broken"))).unwrap_err();
    assert!(failure.why.contains("`nowhere`"), "{failure}");
}

#[test]
fn no_current_context_lists_the_contexts() {
    let (_folder, path) = file(&CONFIG.replace("current-context: prod", ""));
    assert!(load(&options(&path, None)).unwrap_err().why.contains("prod, broken"));
    assert_eq!(contexts(&options(&path, None)).unwrap(), ["prod", "broken"]);
}

#[test]
fn a_broken_file_is_named_as_broken() {
    let (_folder, path) = file("clusters: [");
    let failure = load(&options(&path, None)).unwrap_err();
    assert_eq!(failure.what, "the kubeconfig cannot be used");
}

#[test]
fn a_list_of_files_passes_over_those_that_do_not_exist() {
    let (_folder, path) = file(CONFIG);
    assert!(merged(&["/nowhere".into(), path]).is_ok());
    assert!(merged(&["/nowhere".into()]).unwrap_err().why.contains("/nowhere"));
}
