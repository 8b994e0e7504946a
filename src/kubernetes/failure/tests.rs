use super::*;
use crate::kubernetes::request::Message;
use crate::kubernetes::tests::{Answer, connection, status};

async fn ask(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Failure {
    let (connection, _) = connection(move |_| answer()).await;
    let call = Call::new("list", "pods").within(None);
    connection.read(&call, &Message::get("/api/v1/pods".into())).await.unwrap_err()
}

#[tokio::test]
async fn a_missing_right_names_verb_and_resource() {
    let words = "pods is forbidden: User \"ann\" cannot list resource \"pods\" in API group \"\" at the cluster scope";
    let failure = ask(move || Answer::Body(403, status(403, "Forbidden", words))).await;
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(failure.action.as_deref(), Some("list pods"));
    assert_eq!(failure.resource.as_deref(), Some("all namespaces"));
    assert_eq!(failure.why, words);
    assert_eq!(failure.code.as_deref(), Some("Forbidden"));
}

#[tokio::test]
async fn every_status_has_its_kind() {
    for (code, reason, kind) in [
        (400, "BadRequest", FailureKind::Invalid),
        (401, "Unauthorized", FailureKind::Credentials),
        (404, "NotFound", FailureKind::NotFound),
        (409, "Conflict", FailureKind::Conflict),
        (422, "Invalid", FailureKind::Invalid),
        (429, "TooManyRequests", FailureKind::Throttled),
        (500, "InternalError", FailureKind::Server),
        (503, "ServiceUnavailable", FailureKind::Server),
    ] {
        let failure = ask(move || Answer::Body(code, status(code, reason, "words"))).await;
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(reason)));
        assert!(!failure.why.is_empty() && !failure.next.is_empty());
    }
}

#[tokio::test]
async fn the_page_of_a_proxy_is_shown_by_its_first_line() {
    let failure = ask(|| Answer::Body(502, "\n  <html>Bad gateway</html>\nmore".into())).await;
    assert_eq!(failure.kind, FailureKind::Server);
    assert!(failure.why.ends_with("502 <html>Bad gateway</html>"), "{failure}");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let failure = ask(|| Answer::Broken("tcp connect error")).await;
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.why.contains("refused the connection"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn silence_of_an_eks_endpoint_mentions_that_it_may_be_private() {
    let failure = ask(|| Answer::Silence).await;
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.next.contains("VPN") && failure.next.contains("private"), "{failure}");
}

#[test]
fn untrusted_certificates_and_unknown_names_are_told_apart() {
    let (call, target) = (Call::new("get", "version"), Target::default());
    let tls = broken(&call, &target, "client error (Connect): invalid peer certificate: UnknownIssuer");
    assert!(tls.why.contains("not trusted"), "{tls}");
    let dns = broken(&call, &target, "client error (Connect): dns error: failed to lookup address information");
    assert!(dns.why.contains("cannot be resolved"), "{dns}");
}
