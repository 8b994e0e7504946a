//! What there is to say about the objects of an answer: whether their chain fails where the text says.

use super::{Found, How};
use crate::domain::{
    identity::{Mechanism, State, Verdict},
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

/// What an answer tells beside whom it is about.
pub(super) struct Told {
    /// The code of the finding, or the likeliest.
    pub(super) code: Option<&'static str>,
    /// What it means.
    pub(super) means: String,
    /// What to do.
    pub(super) todo: String,
    /// What the chain says, where it says something else than the text.
    pub(super) note: Option<String>,
}

/// What the chain of the one object makes of the text: the identity works and the permission is missing; or it
/// fails in the very way of the text, and then its own words are better; or in another way.
pub(super) fn told(inventory: &Inventory, found: &[Found], how: How, symptom: &Symptom) -> Told {
    let (codes, denial) = (symptom.codes(), symptom.cause.denial);
    let plain = Told { code: codes.first().copied(), means: symptom.means(), todo: symptom.todo(), note: None };
    let [one] = found else { return plain };
    let (Some(state), Some(story)) = (state(inventory, one), story(inventory, one)) else { return plain };
    let why = story.why.first().cloned().unwrap_or_default();
    match state {
        State::Ok | State::Drift if denial => {
            Told { means: format!("The identity of {one} works. {}", plain.means), ..plain }
        }
        State::Ok | State::Drift if codes.is_empty() || how == How::Suspects || is_unset(inventory, one) => plain,
        State::Ok | State::Drift => {
            let note = format!("Nothing in the chain of {one} fails now: the error may be older than its last change.");
            Told { note: (!why.is_empty()).then_some(note), ..plain }
        }
        _ => match broken(inventory, one).find(|code| codes.contains(code)) {
            Some(code) => {
                let fix = story.fixes.first().map(|fix| format!("{}.", capital(&fix.text)));
                Told { code: Some(code), means: why, todo: fix.unwrap_or(plain.todo), note: None }
            }
            None => Told { note: (!why.is_empty()).then(|| format!("{one} is {}: {why}", state.word())), ..plain },
        },
    }
}

/// Whether a pod has a container without credentials now.
fn is_unset(inventory: &Inventory, found: &Found) -> bool {
    let Found::Pod(id) = found else { return false };
    let resolution = inventory.resolution(id);
    resolution.is_some_and(|found| found.containers.iter().any(|it| it.now.mechanism == Mechanism::None))
}

/// The codes of what is broken now in the worst pod of an object.
fn broken(inventory: &Inventory, found: &Found) -> impl Iterator<Item = &'static str> {
    let resolution = match found {
        Found::Pod(id) => inventory.resolution(id).cloned(),
        Found::ServiceAccount(id) => {
            let pods = inventory.pods_of_service_account(id);
            pods.into_iter().max_by_key(|pod| pod.resolution.state).map(|pod| pod.resolution)
        }
        Found::Node(_) | Found::Role(_) => None,
    };
    let identities = resolution.iter().flat_map(|found| &found.containers).map(|container| &container.now);
    let broken = identities.filter(|now| now.verdict == Verdict::Broken);
    let codes: Vec<&'static str> = broken.filter_map(|now| now.why()?.code).collect();
    codes.into_iter()
}

/// A fix as a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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
