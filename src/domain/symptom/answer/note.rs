//! What there is to say about the objects of an answer: whether their chain fails where the text says.

use super::{Found, How};
use crate::domain::{
    identity::{State, Verdict},
    inventory::{Inventory, Story},
    symptom::Symptom,
};

/// The state of an object, if it has one.
pub(super) fn state(inventory: &Inventory, found: &Found) -> Option<State> {
    match found {
        Found::Pod(id) => inventory.resolution(id).map(|found| found.state),
        Found::ServiceAccount(id) => {
            let pods = inventory.pods_of_service_account(id);
            pods.iter().map(|pod| pod.resolution.state).max()
        }
        Found::Node(_) | Found::Role(_) => None,
    }
}

fn story(inventory: &Inventory, found: &Found) -> Option<Story> {
    match found {
        Found::Pod(id) => Some(inventory.story(id)),
        Found::ServiceAccount(id) => Some(inventory.story_of_service_account(id)),
        Found::Node(_) | Found::Role(_) => None,
    }
}

/// The code that the first object's identity has now, if it is one the text may mean; else the likeliest.
pub(super) fn code(inventory: &Inventory, found: &[Found], codes: &'static [&'static str]) -> Option<&'static str> {
    let pod = match found.first() {
        Some(Found::Pod(id)) => inventory.resolution(id).cloned(),
        Some(Found::ServiceAccount(id)) => {
            let pods = inventory.pods_of_service_account(id);
            pods.into_iter().max_by_key(|pod| pod.resolution.state).map(|pod| pod.resolution)
        }
        _ => None,
    };
    let identities = pod.iter().flat_map(|found| &found.containers).map(|container| &container.now);
    let broken = identities.filter(|now| now.verdict == Verdict::Broken);
    let named = broken.filter_map(|now| now.why()?.code).find(|code| codes.contains(code));
    named.or_else(|| codes.first().copied())
}

/// What the chain of the one object says; nothing where several fit.
pub(super) fn chain(inventory: &Inventory, found: &[Found], how: How, symptom: &Symptom) -> Option<String> {
    let [one] = found else { return None };
    let state = state(inventory, one)?;
    let why = story(inventory, one)?.why.into_iter().next().unwrap_or_default();
    let denial = symptom.cause.denial;
    match state {
        State::Ok | State::Drift if denial => {
            Some(format!("The identity of {one} works: what is missing is the permission."))
        }
        State::Ok if how == How::Suspects => None,
        State::Ok | State::Drift => {
            Some(format!("Nothing in the chain of {one} fails now: the error may be older than its last change."))
        }
        _ if why.is_empty() => None,
        _ => Some(format!("{one} is {}: {why}", state.word())),
    }
}

/// What the text itself leaves to be said.
pub(super) fn text(symptom: &Symptom) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(policy) = &symptom.policy_arn {
        notes.push(format!("The policy that decided: {policy}."));
    }
    if symptom.encoded && symptom.cause.denial {
        notes.push(
            "The encoded message says which statement decided; decoding it needs sts:DecodeAuthorizationMessage."
                .to_owned(),
        );
    }
    if !symptom.also.is_empty() {
        notes.push(format!("The same text has further refusals: {}.", symptom.also.join(", ")));
    }
    notes
}
