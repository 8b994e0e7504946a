use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::kubernetes::{
    object::version,
    tests::{Answer, connection, status},
};

#[test]
fn no_proxy_names_hosts_domains_and_networks() {
    for (host, list, expected) in [
        ("abc.eks.amazonaws.com", "localhost,.amazonaws.com", true),
        ("abc.eks.amazonaws.com", "*.amazonaws.com", true),
        ("abc.eks.amazonaws.com", "amazonaws.com", true),
        ("abc.eks.amazonaws.com", "azonaws.com", false),
        ("abc.eks.amazonaws.com", "*", true),
        ("127.0.0.1", "127.0.0.0/8", true),
        ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.2,,", false),
        ("[::1]", "::1", true),
        ("host", "", false),
    ] {
        assert_eq!(is_excepted(host, list), expected, "{host} in {list}");
    }
}

fn source(counter: &Arc<AtomicUsize>) -> TokenSource {
    let counter = Arc::clone(counter);
    Arc::new(move || {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(format!("token-{number}")) })
    })
}

#[tokio::test(start_paused = true)]
async fn a_minted_token_is_kept_for_thirteen_minutes() {
    let made = Arc::default();
    let bearer = Bearer::new(Some(source(&made)), None);
    for _ in 0..3 {
        assert_eq!(bearer.header().await.unwrap(), "Bearer token-0");
    }
    tokio::time::advance(Duration::from_secs(13 * 60 + 1)).await;
    assert_eq!(bearer.header().await.unwrap(), "Bearer token-1");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let (mut connection, log) = connection(|asked| match asked.authorization.as_deref() {
        Some("Bearer token-1") => Answer::Body(200, r#"{"gitVersion":"v1.34.1"}"#.into()),
        _ => Answer::Body(401, status(401, "Unauthorized", "Unauthorized")),
    })
    .await;
    let made = Arc::default();
    connection.bearer = Some(Bearer::new(Some(source(&made)), None));
    assert_eq!(version(&connection).await.unwrap(), "v1.34.1");
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_refuses_every_token_names_the_access_entry() {
    let (mut connection, log) = connection(|_| Answer::Body(401, status(401, "Unauthorized", "Unauthorized"))).await;
    connection.bearer = Some(Bearer::new(Some(source(&Arc::default())), None));
    let failure = version(&connection).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.next.contains("access entry"), "{failure}");
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[cfg(unix)]
mod plugins {
    use super::*;
    use crate::kubernetes::context::{Options, load};

    fn context(script: &str) -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = format!(
            "{{current-context: c, contexts: [{{name: c, context: {{cluster: c, user: u}}}}], \
             clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:1'}}}}], \
             users: [{{name: u, user: {{exec: {{apiVersion: v1, interactiveMode: Always, command: sh, args: ['-c', {}]}}}}}}]}}",
            serde_json::Value::from(script)
        );
        std::fs::write(&path, text).unwrap();
        let context = load(&Options { kubeconfig: Some(path), context: None }).unwrap();
        (folder, context)
    }

    #[tokio::test]
    async fn a_plugin_reads_nothing_from_the_terminal_and_its_token_is_used() {
        let (_folder, context) = context(
            r#"test -z "$(cat)" || exit 3; case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 4;; esac
               echo noise >&2; echo '{"status":{"token":"abc"}}'"#,
        );
        let connection = real(&context, None).await.unwrap();
        assert_eq!(connection.bearer.unwrap().header().await.unwrap(), "Bearer abc");
    }

    #[tokio::test]
    async fn what_a_failing_plugin_said_is_the_reason() {
        let (_folder, context) =
            context("echo 'Error: SSO session expired' >&2; printf '{\"token\":\"se%s\"}' cret; exit 255");
        let failure = real(&context, None).await.err().unwrap();
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert_eq!(failure.why, "Error: SSO session expired");
        assert!(!failure.to_string().contains("secret"), "what it printed as its answer is never shown");
    }

    #[tokio::test]
    async fn a_refused_connection_is_explained() {
        let (_folder, context) = context(r#"echo '{"status":{"token":"abc"}}'"#);
        let failure = version(&real(&context, None).await.unwrap()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unreachable);
        assert!(failure.why.contains("http://127.0.0.1:1 refused the connection"), "{failure}");
    }

    #[tokio::test]
    async fn a_failing_mint_falls_back_to_the_plugin() {
        let exec = ExecConfig {
            command: Some("sh".into()),
            args: Some(vec!["-c".into(), r#"echo '{"status":{"token":"from-plugin"}}'"#.into()]),
            ..ExecConfig::default()
        };
        let mint: TokenSource =
            Arc::new(|| Box::pin(async { Err(Failure::new(FailureKind::Credentials, "x", "no credentials", "y")) }));
        let bearer = Bearer::new(Some(Arc::clone(&mint)), Some(exec));
        assert_eq!(bearer.header().await.unwrap(), "Bearer from-plugin");
        let broken = ExecConfig { command: Some("/nowhere/aws".into()), ..Default::default() };
        let failure = Bearer::new(Some(mint), Some(broken)).header().await.unwrap_err();
        assert_eq!(failure.why, "no credentials");
    }
}
