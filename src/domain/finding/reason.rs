//! Findings that the resolution has already made: reasons with a code in the answers of now and next.

use super::{Finding, Group, Scene, Severity, Subject, Team, environment::is_late};
use crate::domain::{
    fact::Fact,
    id::ServiceAccountId,
    identity::{Identity, Mechanism, Reason, injection::Supposed, resolve},
};

/// Codes of facts that concern the whole cluster; `cluster.rs` tells them once.
const OF_THE_CLUSTER: [&str; 3] = ["WEBHOOK-MISSING", "WEBHOOK-ALTERED", "PLATFORM-TOO-OLD"];

/// The coded reasons of a workload's containers.
pub fn of_team(scene: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for group in &team.groups {
        let mut counted: Vec<&str> = Vec::new();
        for (code, identity, reason) in coded(group) {
            let known = found.iter().position(|finding| finding.code.name == code);
            let first = !counted.contains(&code);
            counted.push(code);
            match known {
                Some(at) => found[at].pods += if first { group.pods } else { 0 },
                None => {
                    let severity = severity(scene, code, &group.account);
                    let finding = Finding::new(code, Subject::Workload(team.id.clone()), reason.message.clone());
                    let finding = finding.map(|finding| finding.of_pods(group.pods).because(group.witness()));
                    let told = finding.map(|finding| finding.because(answer(identity)));
                    found.extend(told.map(|finding| match severity {
                        Some(severity) => finding.as_bad_as(severity),
                        None => finding,
                    }));
                }
            }
        }
    }
    found
}

/// The reasons of a kind of pods that are findings, with the answers they belong to.
fn coded<'a>(group: &'a Group<'_>) -> impl Iterator<Item = (&'static str, &'a Identity, &'a Reason)> {
    group.containers().flat_map(move |(container, answer)| {
        let late = is_late(group, container, answer);
        let reasons = [&answer.now, &answer.next]
            .into_iter()
            .flat_map(|identity| identity.reasons.iter().map(move |reason| (&**identity, reason)));
        // A container that came too late is told by its own code (8.57).
        let coded = reasons.filter_map(|(identity, reason)| Some((code_of(identity, reason)?, identity, reason)));
        coded.filter(move |(_, _, reason)| !(late && reason.code == Some("IDENTITY-NOT-INJECTED")))
    })
}

/// The coded reasons of what new pods of a service account without pods would get.
pub fn of_account(scene: &Scene<'_>, account: &ServiceAccountId) -> Vec<Finding> {
    let next = resolve::plain(scene.facts, account, scene.fleet, Supposed::Live);
    if next.loading {
        return Vec::new();
    }
    let subject = match scene.facts.association(account) {
        Fact::Known(found) => Subject::Association(found.id.clone(), account.clone()),
        _ => Subject::ServiceAccount(account.clone()),
    };
    let reasons = next.identity.reasons.iter();
    let coded = reasons.filter_map(|reason| Some((code_of(&next.identity, reason)?, reason)));
    coded
        .filter_map(|(code, reason)| Finding::new(code, subject.clone(), reason.message.clone()))
        .map(|finding| finding.because(format!("new pods of {account} would get {}", next.identity.phrase())))
        .collect()
}

/// The code under which a reason is a finding.
fn code_of(identity: &Identity, reason: &Reason) -> Option<&'static str> {
    let code = super::code::find(reason.code?)?;
    if OF_THE_CLUSTER.contains(&code.name) {
        return None;
    }
    // What rests on something unread is no error yet; half a pair of variables is one in every SDK that looks.
    let certain = reason.depends_on.is_empty() || code.severity < Severity::Error || code.name == "STALE-IRSA-ENV";
    match code.name {
        // Without any credentials calls fail; with the node's the wrong principal answers (8.4, 8.5).
        "IDENTITY-NOT-INJECTED" if identity.mechanism == Mechanism::NodeRole => Some("NODE-ROLE-FALLBACK"),
        name => certain.then_some(name),
    }
}

/// Another severity than the table's, where the case decides.
fn severity(scene: &Scene<'_>, code: &str, account: &ServiceAccountId) -> Option<Severity> {
    match code {
        // Keys that hide an identity somebody meant (8.17).
        "STATIC-KEYS" => (scene.is_configured(account) == Some(true)).then_some(Severity::Error),
        // A misspelt key that decides (8.40).
        "CONDITION-KEY-TYPO" => Some(Severity::Error),
        _ => None,
    }
}

fn answer(identity: &Identity) -> String {
    format!("container environment: {}", identity.phrase())
}
