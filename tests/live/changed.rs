//! What changed a role and a service account, and who failed to become it, by the events that the simulator writes.

use pretty_assertions::assert_eq;
use rolecall::{
    domain::{
        identity::Verdict,
        trail::{self, Subject},
    },
    runtime::trail::look_up,
};
use tokio::time::Instant;
use tower::ServiceExt;

use super::*;

fn subject(bench: &Bench) -> Subject {
    trail::of_account(&bench.inventory, &api()).unwrap()
}

/// Somebody else changes something by a signed call.
async fn somebody(bench: &Bench, service: &str, request: http::request::Builder, body: &str) {
    let scope = format!("AKIASIMULATED0000001/20261123/eu-west-1/{service}/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    let request = request.header("authorization", signature).body(rolecall::wire::full(body.to_owned())).unwrap();
    assert_eq!(bench.world.aws_transport().oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn edits_of_the_role_and_the_association_are_found_where_their_services_keep_them() {
    let bench = Bench::case("PI-TRUST-CONDITION", false).await;
    let trust = bench.world.aws.with(|state| state.roles["payments-api"].latest().unwrap().trust.clone());
    let form = |role: &str| {
        let policy: String =
            percent_encoding::utf8_percent_encode(&trust, percent_encoding::NON_ALPHANUMERIC).collect();
        format!("Action=UpdateAssumeRolePolicy&Version=2010-05-08&RoleName={role}&PolicyDocument={policy}")
    };
    let post = || http::Request::post("http://localhost/").header("content-type", "application/x-www-form-urlencoded");
    somebody(&bench, "iam", post(), &form("payments-api")).await;
    somebody(&bench, "iam", post(), &form("node")).await;
    let id = bench.inventory.association_of(&api()).unwrap().id.clone();
    let path = format!("http://localhost/clusters/acme/pod-identity-associations/{id}");
    somebody(&bench, "eks", http::Request::post(path), r#"{"disableSessionTags":true}"#).await;
    let now = bench.world.clock.now();
    let found = look_up(&bench.session, &subject(&bench), &subject(&bench).edits(now)).await;
    let mut names: Vec<&str> = found.events.iter().map(|event| event.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["UpdateAssumeRolePolicy", "UpdatePodIdentityAssociation"]);
    assert!(found.events.iter().all(|event| event.caller.is_some() && event.from.is_some()));
    assert_eq!((found.cut, found.failures.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_of_the_role_are_found_and_others_are_not() {
    let bench = Bench::case("IRSA-SUB-MISMATCH", true).await;
    assert_eq!(bench.prove().await.proven.verdict, Verdict::Broken);
    let now = bench.world.clock.now();
    let found = look_up(&bench.session, &subject(&bench), &subject(&bench).attempts(now)).await;
    assert_eq!(found.events.len(), 1);
    let event = &found.events[0];
    assert_eq!(event.error.as_ref().map(|(code, _)| code.as_str()), Some("AccessDenied"));
    assert!(!format!("{event:?}").contains("eyJ"), "tokens are hidden: {event:?}");
    let other = Subject { roles: vec!["arn:aws:iam::111122223333:role/other".into()], ..Subject::default() };
    assert_eq!(look_up(&bench.session, &other, &other.attempts(now)).await.events, []);
}

#[tokio::test(start_paused = true)]
async fn lookups_keep_to_two_requests_a_second_and_a_refusal_is_told() {
    let bench = Bench::case("PI-TRUST-CONDITION", false).await;
    let lookups = subject(&bench).edits(bench.world.clock.now());
    let many: Vec<_> = lookups.iter().cycle().take(20).cloned().collect();
    let begun = Instant::now();
    look_up(&bench.session, &subject(&bench), &many).await;
    // Two at once, and then two a second.
    assert!(begun.elapsed() >= Duration::from_millis(8_900), "{:?}", begun.elapsed());
    bench.fault("cloudtrail:LookupEvents=denied");
    let refused = look_up(&bench.session, &subject(&bench), &lookups[..1]).await;
    assert_eq!(refused.failures[0].action.as_deref(), Some("cloudtrail:LookupEvents"));
}
