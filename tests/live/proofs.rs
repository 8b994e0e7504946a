//! Live proofs: every fault that a proof can show is named as the finding names it, and what fails for the asker is no
//! fault of the pod.

use std::sync::Mutex;

use futures::StreamExt;
use jiff::SignedDuration;
use rolecall::{
    aws::session,
    domain::{change::Change, fact::Fact, failure::FailureKind, identity::Verdict},
    kubernetes::connect,
    sim::generate,
    wire::{Transport, full},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use super::*;

/// What AWS answers to the pods of the worlds of `tests/identities`, by hand from identity-resolution 5.3 and 6.2:
/// the code of the finding, and the words that the service says.
const FAULTS: &[(&str, &str)] = &[
    ("IRSA-SUB-MISMATCH", "sts:AssumeRoleWithWebIdentity"),
    ("IRSA-NO-PROVIDER", "sts:AssumeRoleWithWebIdentity"),
    ("IRSA-FOREIGN-ISSUER", "sts:AssumeRoleWithWebIdentity"),
    ("IRSA-AUDIENCE", "sts:AssumeRoleWithWebIdentity"),
    ("WILDCARD-STRINGEQUALS", "sts:AssumeRoleWithWebIdentity"),
    ("TRUST-LOST", "sts:AssumeRoleWithWebIdentity"),
    ("ROLE-MISSING", "sts:AssumeRoleWithWebIdentity"),
    ("CONDITION-KEY-TYPO", "sts:AssumeRoleWithWebIdentity"),
    ("AUD-VS-SUB", "sts:AssumeRoleWithWebIdentity"),
    ("TRUST-PLACEHOLDER", "sts:AssumeRoleWithWebIdentity"),
    ("PI-TRUST-INVALID", "eks-auth:AssumeRoleForPodIdentity"),
    ("PI-TRUST-CONDITION", "eks-auth:AssumeRoleForPodIdentity"),
    ("PI-TARGET-CHAIN", "eks-auth:AssumeRoleForPodIdentity"),
    ("ASSOC-GONE", "eks-auth:AssumeRoleForPodIdentity"),
];

#[tokio::test(start_paused = true)]
async fn every_fault_that_a_proof_can_show_is_named_as_the_finding_names_it() {
    let mut wrong = Vec::new();
    for (code, action) in FAULTS {
        let bench = Bench::case(code, true).await;
        let proof = bench.prove().await;
        let answer = (proof.proven.verdict, proof.proven.code);
        if answer != (Verdict::Broken, Some(*code)) || proof.proven.role_arn.is_some() || proof.proven.fix.is_empty() {
            wrong.push(format!("{code}: {:?}", proof.proven));
        }
        let calls = bench.calls();
        if calls != [*action] {
            wrong.push(format!("{code}: asked {calls:?}"));
        }
        if let Some(finding) = proof.disagreement(1) {
            wrong.push(format!("{code}: {}", finding.message));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn where_the_fault_is_mended_aws_gives_the_role_that_the_facts_name() {
    let mut wrong = Vec::new();
    for (code, _) in FAULTS {
        let bench = Bench::case(code, false).await;
        let Ok(intent) = proof::intend(&bench.inventory, &Whom::Pod(bench.pod())) else { continue };
        let proof = bench.prover.one(&intent).await;
        if proof.proven.verdict != Verdict::Ok || proof.proven.role_arn.as_ref() != intent.role() {
            wrong.push(format!("{code}: {:?}", proof.proven));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_although_the_facts_allow_it_is_a_finding_with_both_sides() {
    let mut bench = Bench::case("IRSA-SUB-MISMATCH", false).await;
    bench.fault("sts:AssumeRoleWithWebIdentity=denied");
    let proof = bench.prove().await;
    assert_eq!((proof.proven.verdict, proof.proven.code), (Verdict::Broken, None));
    bench.inventory.apply(vec![Change::Proven(Box::new(proof))], start());
    let finding = bench.inventory.findings()[0];
    assert_eq!((finding.code.name, finding.pods), ("PROOF-DIFFERS", 2));
    assert!(finding.message.starts_with("by the facts irsa payments-api works; AWS refused: "), "{}", finding.message);
    let proven = bench.inventory.proof_of_pod(&bench.pod()).map(|proof| proof.proven.verdict);
    assert_eq!(proven, Some(Verdict::Broken));
    // Once the facts say the same the proof contradicts nothing any more.
    bench.world.aws.with(|state| {
        let role = state.roles.get_mut("payments-api").unwrap();
        role.change(start(), |role| role.trust = role.trust.replace("payments:api", "payments:other"));
    });
    let again = Bench::of(Arc::clone(&bench.world)).await.inventory;
    let role = again.role(&"arn:aws:iam::111122223333:role/payments-api".into()).known().copied().cloned().unwrap();
    bench.inventory.apply(vec![Change::Role("payments-api".into(), Fact::Known(role))], start());
    let codes: Vec<&str> = bench.inventory.findings().iter().map(|finding| finding.code.name).collect();
    assert_eq!(codes, ["IRSA-SUB-MISMATCH"]);
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_the_asker_lacks_says_nothing_about_the_pod() {
    for (case, fault, said) in [
        ("IRSA-SUB-MISMATCH", "serviceaccounts/token:create=denied", "You may not ask for tokens of payments/api"),
        ("PI-TRUST-CONDITION", "serviceaccounts/token:create=denied", "You may not ask for tokens of payments/api"),
        (
            "PI-TRUST-CONDITION",
            "eks-auth:*=denied",
            "You may not call eks-auth:AssumeRoleForPodIdentity on cluster acme",
        ),
        ("PI-TRUST-CONDITION", "eks-auth:*=expired", "Your own credentials were not accepted"),
    ] {
        let bench = Bench::case(case, false).await;
        bench.fault(fault);
        let proof = bench.prove().await;
        assert_eq!((proof.proven.verdict, proof.proven.code), (Verdict::Unknown, None), "{fault}");
        assert!(proof.proven.message.starts_with(said), "{fault}: {}", proof.proven.message);
        assert!(!proof.proven.fix.is_empty(), "{fault}");
        assert!(proof.disagreement(2).is_none(), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_an_hour_apart_are_named_and_not_taken_for_an_old_token() {
    for (case, hop) in [("IRSA-SUB-MISMATCH", "clocks"), ("PI-TRUST-CONDITION", "clocks")] {
        let bench = Bench::case(case, false).await;
        bench.world.kubernetes.set_token_skew(SignedDuration::from_hours(-1));
        let proof = bench.prove().await;
        assert_eq!(proof.proven.verdict, Verdict::Broken);
        assert!(proof.proven.message.contains(hop), "{}", proof.proven.message);
        assert!(proof.proven.fix.contains("clock"), "{}", proof.proven.fix);
    }
}

#[tokio::test(start_paused = true)]
async fn an_association_without_a_running_pod_cannot_be_proven_and_a_pod_deleted_between_is_said() {
    let bench = Bench::case("PI-TRUST-CONDITION", false).await;
    let intent = bench.intent();
    for row in bench.inventory.pods_of_service_account(&api()) {
        delete(&bench.world, &format!("/api/v1/namespaces/payments/pods/{}", row.id.name)).await;
    }
    let proof = bench.prover.one(&intent).await;
    assert_eq!(proof.proven.verdict, Verdict::Unknown);
    assert!(proof.proven.message.ends_with("is gone."), "{}", proof.proven.message);
    let empty = Bench::of(Arc::clone(&bench.world)).await;
    let failure = proof::intend(&empty.inventory, &Whom::ServiceAccount(api())).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.why.starts_with("no pod of payments/api runs"), "{}", failure.why);
}

/// Somebody deletes an object, at once.
async fn delete(world: &World, path: &str) {
    let request = http::Request::delete(format!("{path}?gracePeriodSeconds=0")).body(full(Vec::new())).unwrap();
    let answer = world.kubernetes_transport().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
}

#[tokio::test(start_paused = true)]
async fn a_region_in_which_sts_is_not_active_is_said() {
    let bench = Bench::case("IRSA-SUB-MISMATCH", false).await;
    let refused = service_fn(async |_| {
        let body = "<ErrorResponse><Error><Code>RegionDisabledException</Code><Message>STS is not activated in this region for account 111122223333.</Message></Error><RequestId>r</RequestId></ErrorResponse>";
        Ok(http::Response::builder().status(403).header("content-type", "text/xml").body(full(body)).unwrap())
    });
    let session = session::over(BoxCloneSyncService::new(refused), "ap-east-1".into());
    let prover = Prover::new(session, bench.connection.clone(), Clock::tokio(start()), 100);
    let proven = prover.one(&bench.intent()).await.proven;
    assert_eq!((proven.verdict, proven.code), (Verdict::Broken, Some("STS-ENDPOINT")));
    assert!(proven.message.contains("not active in this region"), "{}", proven.message);
    assert!(!proven.fix.is_empty());
}

/// When requests were sent, whoever they were for.
#[derive(Clone, Default)]
struct Meter(Arc<Mutex<Vec<Instant>>>);

impl Meter {
    /// A transport whose requests are counted.
    fn on(&self, inner: Transport) -> Transport {
        let seen = Arc::clone(&self.0);
        BoxCloneSyncService::new(inner.map_request(move |request| {
            seen.lock().unwrap().push(Instant::now());
            request
        }))
    }

    /// The most that were sent in any second.
    fn most_in_a_second(&self) -> usize {
        let mut seen = self.0.lock().unwrap().clone();
        seen.sort();
        let within =
            |from: &Instant| seen.iter().filter(|at| (*from..*from + Duration::from_secs(1)).contains(*at)).count();
        seen.iter().map(within).max().unwrap_or_default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_tried_again_and_every_try_keeps_the_pace() {
    let bench = Bench::case("PI-TRUST-CONDITION", false).await;
    for (fault, answer, calls) in [
        ("eks-auth:AssumeRoleForPodIdentity=throttle@2", Verdict::Ok, 3),
        ("eks-auth:AssumeRoleForPodIdentity=500@1", Verdict::Ok, 2),
        ("eks-auth:AssumeRoleForPodIdentity=throttle", Verdict::Unknown, 3),
        ("eks-auth:AssumeRoleForPodIdentity=denied", Verdict::Unknown, 1),
    ] {
        bench.world.faults.clear();
        bench.fault(fault);
        bench.world.aws.forget_calls();
        let proof = bench.prove().await;
        assert_eq!((proof.proven.verdict, bench.calls().len()), (answer, calls), "{fault}: {}", proof.proven.message);
    }
    bench.world.faults.clear();
    let meter = Meter::default();
    let session = session::over(meter.on(bench.world.aws_transport()), bench.world.region().into());
    let connection =
        connect::over(meter.on(bench.world.kubernetes_transport()), bench.inventory.target().clone()).await;
    let prover = Prover::new(session, connection, Clock::tokio(start()), 20);
    bench.fault("eks-auth:AssumeRoleForPodIdentity=throttle:0.5");
    bench.fault("serviceaccounts/token:create=throttle:0.2");
    let intents = vec![bench.intent(); 60];
    let made = prover.all(intents, CancellationToken::new()).count().await;
    let sent = meter.0.lock().unwrap().len();
    assert!(made == 60 && sent > 150, "{made} proofs by {sent} requests");
    assert_eq!(meter.most_in_a_second(), 20);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_accounts_are_proven_at_the_set_pace_and_a_stop_ends_it_at_once() {
    let spec = generate::Spec {
        pods: 2_000,
        namespaces: 4,
        serviceaccounts: 480,
        associations: 240,
        roles: 60,
        nodes: 10,
        seed: 7,
    };
    let bench = Bench::of(World::generate(&spec, start()).unwrap()).await;
    let accounts = bench.inventory.service_accounts();
    let intents: Vec<Intent> = accounts
        .iter()
        .filter_map(|row| proof::intend(&bench.inventory, &Whom::ServiceAccount(row.id.clone())).ok())
        .take(200)
        .collect();
    assert_eq!(intents.len(), 200);
    bench.fault("*=latency:50ms");
    let begun = Instant::now();
    let made = bench.prover.all(intents.clone(), CancellationToken::new()).count().await;
    let took = begun.elapsed();
    assert_eq!(made, 200);
    // 400 calls at 100 a second are 399 distances of 10 ms and the last answer.
    assert!((Duration::from_millis(3_990)..Duration::from_millis(6_000)).contains(&took), "{took:?}");

    bench.world.aws.forget_calls();
    let stop = CancellationToken::new();
    let mut proofs = std::pin::pin!(bench.prover.all(intents, stop.clone()));
    let mut made = 0;
    while proofs.next().await.is_some() {
        made += 1;
        if made == 10 {
            stop.cancel();
        }
    }
    let asked = bench.world.aws.calls().len();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((made, bench.world.aws.calls().len()), (10, asked), "a stopped run asks nothing more");
}
