//! Arbitrary bytes as a trust policy: parsed, linted, evaluated for every mechanism,
//! edited, and the edits edited again. Nothing may panic, hang or overflow.
#![no_main]

/// The trust engine alone.
#[path = "../../src/domain"]
#[allow(dead_code, unused_imports)]
mod domain {
    pub mod trust;
}

use domain::trust;
use libfuzzer_sys::fuzz_target;
use trust::edit::{self, Narrowing};
use trust::{Cluster, Document, Mechanism, Request, Role, Verdict, evaluate, lints, verdict};

const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/AB";

fn request(mechanism: Mechanism) -> Request {
    let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", ISSUER);
    let role = Role::new("arn:aws:iam::111122223333:role/app");
    let mut request = Request::irsa(role, cluster, "shop", "api", jiff::Timestamp::UNIX_EPOCH);
    request.source_role_arn = Some("arn:aws:iam::111122223333:role/source".to_owned());
    request.mechanism = mechanism;
    request
}

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text) else {
        return;
    };
    for lint in lints(&document) {
        assert!(text.get(lint.span.start..lint.span.end).is_some());
        document.line_column(lint.span.start);
    }
    for mechanism in [Mechanism::Irsa, Mechanism::PodIdentity, Mechanism::PodIdentityTarget, Mechanism::Node] {
        let request = request(mechanism);
        let decision = evaluate(&document, &request);
        assert_eq!(decision.verdict, verdict(&document, &request));
        if let Some(span) = decision.span {
            assert!(text.get(span.start..span.end).is_some());
        }
    }
    let irsa = request(Mechanism::Irsa);
    if let Ok(admitted) = edit::admit(&document, &irsa) {
        let after = Document::parse(&admitted.after).expect("an edit gives a document");
        assert!(matches!(verdict(&after, &irsa), Verdict::Allow | Verdict::Depends(_)));
        if verdict(&after, &irsa) == Verdict::Allow {
            assert!(edit::admit(&after, &irsa).is_ok_and(|again| again.is_empty()));
        }
        let _ = edit::remove(&after, &irsa);
    }
    let _ = edit::repair(&document);
    let _ = edit::narrow(&document, 0, &Narrowing { source_account: Some("1".to_owned()), ..Narrowing::default() });
    let _ = edit::add_pod_identity_statement(Some(&document), &Narrowing::default(), &request(Mechanism::PodIdentity));
});
