//! The answer of a pod from those of its containers: the rules for `mixed`, `drift` and `state` are those of the
//! interface.

use std::sync::Arc;

use super::{
    resolve::{Outcome, Resolved, blank},
    trail::reason,
};
use crate::domain::{
    identity::{ContainerIdentity, Identity, Mechanism, Resolution, State, Verdict},
    workload::{ContainerKind, PodSpec},
};

/// Whether containers of a kind speak for their pod.
pub(super) fn is_counted(kind: ContainerKind) -> bool {
    matches!(kind, ContainerKind::Container | ContainerKind::Sidecar)
}

/// The pod's answer from its containers'. `added` are those that only new pods have: they count for next.
pub(super) fn join(spec: &PodSpec, resolved: Vec<Resolved>, added: Vec<Outcome>) -> Resolution {
    let counted: Vec<&Resolved> = spec
        .containers
        .iter()
        .zip(&resolved)
        .filter(|(container, _)| is_counted(container.kind))
        .map(|(_, found)| found)
        .collect();
    let now = common(counted.iter().map(|found| &found.now));
    let added: Vec<Arc<Identity>> = added.into_iter().map(|found| Arc::new(found.identity)).collect();
    let next = common(counted.iter().map(|found| &found.next).chain(&added));
    let drift = counted.iter().any(|found| is_drift(found));
    let broken = resolved.iter().any(|found| found.now.verdict == Verdict::Broken);
    let state = if broken { State::Broken } else { state(&counted, drift) };
    let containers = resolved.into_iter().map(|found| ContainerIdentity { now: found.now, next: found.next }).collect();
    Resolution { containers, now, next, drift, state }
}

fn is_drift(found: &Resolved) -> bool {
    let known = |identity: &Identity| identity.mechanism != Mechanism::Unknown;
    known(&found.now) && known(&found.next) && !found.loading && !found.now.is_same(&found.next)
}

/// The state of a pod none of whose containers is broken.
fn state(counted: &[&Resolved], drift: bool) -> State {
    let any = |test: fn(&Resolved) -> bool| counted.iter().any(|found| test(found));
    if any(is_at_risk) {
        State::AtRisk
    } else if any(|found| found.loading) {
        State::Loading
    } else if any(|found| found.now.verdict == Verdict::Unknown || found.next.mechanism == Mechanism::Unknown) {
        State::Unknown
    } else if any(|found| found.now.verdict == Verdict::Depends) {
        State::Depends
    } else if drift {
        State::Drift
    } else {
        State::Ok
    }
}

fn is_at_risk(found: &Resolved) -> bool {
    let bare = |identity: &Identity| matches!(identity.mechanism, Mechanism::NodeRole | Mechanism::None);
    let has_own = !bare(&found.now) && found.now.mechanism != Mechanism::Unknown;
    found.next.verdict == Verdict::Broken || (!found.loading && has_own && bare(&found.next))
}

/// The common answer, else `mixed` with the worst verdict.
fn common<'a>(mut identities: impl Iterator<Item = &'a Arc<Identity>>) -> Arc<Identity> {
    let Some(first) = identities.next() else { return Arc::new(blank(Mechanism::None)) };
    let (mut worst, mut same, mut words) = (first, true, vec![first.mechanism.word()]);
    for identity in identities {
        same &= identity.is_same(first);
        if identity.verdict > worst.verdict {
            worst = identity;
        }
        if !words.contains(&identity.mechanism.word()) {
            words.push(identity.mechanism.word());
        }
    }
    if same {
        return Arc::clone(worst);
    }
    let mut mixed = Identity { verdict: worst.verdict, reasons: worst.reasons.clone(), ..blank(Mechanism::Mixed) };
    let differ = if words.len() > 1 { words.join(", ") } else { "different roles".to_owned() };
    mixed.reasons.push(reason(None, format!("The containers of the pod differ: {differ}.")));
    Arc::new(mixed)
}

/// The state that follows from what new pods would get, for a service account without pods.
pub fn state_of_next(next: &Outcome) -> State {
    if next.loading {
        return State::Loading;
    }
    match next.identity.verdict {
        Verdict::Broken => State::Broken,
        Verdict::Unknown => State::Unknown,
        Verdict::Depends => State::Depends,
        Verdict::Ok => State::Ok,
    }
}
