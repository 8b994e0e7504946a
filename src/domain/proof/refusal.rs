//! What a refused proof means: the table of identity-resolution 5.3 and 6.2 is that of `symptom`, read with what is
//! known here and nowhere else: who asked, that the token is a moment old, and what the facts say.

use jiff::Timestamp;

use super::{Intent, Proof, Proven, Step, Way};
use crate::domain::{
    failure::{Failure, FailureKind},
    identity::{HopKind, Verdict},
    symptom::{Symptom, cause::Cause},
};

/// What a refusal comes to.
struct Reading {
    verdict: Verdict,
    code: Option<&'static str>,
    hop: Option<HopKind>,
    message: String,
    fix: String,
}

/// Decodes a refused call of a proof.
pub fn refused(intent: &Intent, step: Step, failure: &Failure, at: Timestamp) -> Proof {
    let Reading { verdict, code, hop, message, fix } = match step {
        Step::Token => of_token(intent, failure),
        Step::Exchange => own(intent, failure).unwrap_or_else(|| of_exchange(intent, failure)),
    };
    intent.proof(Proven { at, verdict, role_arn: None, code, message, hop, fix })
}

/// Nothing was learnt about the pod.
fn nothing(message: String, fix: impl Into<String>) -> Reading {
    Reading { verdict: Verdict::Unknown, code: None, hop: None, message, fix: fix.into() }
}

fn of_token(intent: &Intent, failure: &Failure) -> Reading {
    let account = &intent.account;
    let why = &failure.why;
    let again = "Prove it again: another pod is taken then";
    match (failure.kind, &intent.way) {
        (FailureKind::Denied, _) => nothing(
            format!("You may not ask for tokens of {account}; that says nothing about the pod ({why})."),
            &failure.next,
        ),
        (FailureKind::NotFound, Way::PodIdentity { pod, .. }) if why.contains("pods") => {
            nothing(format!("Pod {pod}, which the token was to be bound to, is gone."), again)
        }
        (FailureKind::NotFound, _) => nothing(
            format!("There is no service account {account} (any more): {why}."),
            "Create it, or correct the name in the pod template",
        ),
        (FailureKind::Conflict, Way::PodIdentity { pod, .. }) => {
            nothing(format!("Pod {pod} was deleted and created again meanwhile."), again)
        }
        _ => nothing(format!("The API server gave no token: {why}."), &failure.next),
    }
}

/// What failed for whoever asks, not for the pod.
fn own(intent: &Intent, failure: &Failure) -> Option<Reading> {
    let code = failure.code.as_deref().unwrap_or_default();
    let why = failure.why.to_ascii_lowercase();
    let signed = matches!(intent.way, Way::PodIdentity { .. });
    if signed && why.contains("is not authorized to perform") {
        let message = format!(
            "You may not call eks-auth:AssumeRoleForPodIdentity on cluster {}; that says nothing about the pod.",
            intent.cluster
        );
        return Some(nothing(message, format!("Ask for eks-auth:AssumeRoleForPodIdentity on {}", on(failure))));
    }
    if ["RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"].contains(&code)
        || why.contains("signature expired")
        || why.contains("signature not yet current")
    {
        let message = format!("AWS refused the signature of the call ({}).", failure.why.trim_end_matches('.'));
        return Some(nothing(message, "Check the clock of this machine"));
    }
    let unanswered = [FailureKind::Unreachable, FailureKind::Throttled, FailureKind::Server];
    if unanswered.contains(&failure.kind) {
        return Some(nothing(format!("{}: {}.", failure.what, failure.why.trim_end_matches('.')), &failure.next));
    }
    let is_ours = why.contains("security token") || (signed && failure.code.is_none());
    (failure.kind == FailureKind::Credentials && is_ours).then(|| {
        nothing(
            format!("Your own credentials were not accepted: {}.", failure.why.trim_end_matches('.')),
            &failure.next,
        )
    })
}

fn on(failure: &Failure) -> &str {
    failure.resource.as_deref().unwrap_or("the cluster")
}

/// Causes that pass by themselves, or that concern the way and not the pod.
const PASSING: &[&str] = &["issuer-unreachable", "identity-provider-unreachable", "throttled", "access-denied"];

fn of_exchange(intent: &Intent, failure: &Failure) -> Reading {
    let operation = match intent.way {
        Way::WebIdentity { .. } => "AssumeRoleWithWebIdentity",
        Way::PodIdentity { .. } => "AssumeRoleForPodIdentity",
    };
    let text = format!("{operation} {}: {}", failure.code.as_deref().unwrap_or_default(), failure.why);
    let Some(symptom) = Symptom::read(&text) else {
        return nothing(format!("AWS refused in words that are not known: {}.", failure.why), &failure.next);
    };
    let cause = symptom.cause;
    if cause.word == "token-expired" {
        return skewed(failure);
    }
    let code = code(intent, cause);
    let verdict = if PASSING.contains(&cause.word) { Verdict::Unknown } else { Verdict::Broken };
    // The facts say the same thing better: they know the names.
    let reason = code.and_then(|code| intent.identity.reasons.iter().find(|reason| reason.code == Some(code)));
    Reading {
        verdict,
        code,
        hop: symptom.hop(),
        message: reason.map_or_else(|| cause.means.to_owned(), |reason| reason.message.clone()),
        fix: symptom.todo(),
    }
}

/// The token is a moment old: no copy of an old one, no mount that is never renewed.
fn skewed(failure: &Failure) -> Reading {
    Reading {
        verdict: Verdict::Broken,
        code: None,
        hop: Some(HopKind::Provider),
        message: format!(
            "The token was made a moment ago and counts as expired: the clocks of the API server and of AWS differ ({}).",
            failure.why.trim_end_matches('.')
        ),
        fix: "Set the clock of the API server: it dates the tokens of all pods".to_owned(),
    }
}

/// The code of the finding: the one that the facts name, or the only one that the answer allows.
fn code(intent: &Intent, cause: &Cause) -> Option<&'static str> {
    let known = intent.identity.reasons.iter().filter_map(|reason| reason.code);
    // The pod was given an association that is gone: in a log the same answer may also come too early.
    let gone = |code: &&str| cause.word == "no-association" && *code == "ASSOC-GONE";
    let mut known = known.filter(|code| cause.codes.contains(code) || gone(code));
    known.next().or(match cause.codes {
        [only] => Some(only),
        _ => None,
    })
}
