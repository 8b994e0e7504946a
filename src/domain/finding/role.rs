//! Trust policies of roles that pods of this cluster use or could use: the lints of the trust engine as
//! findings (identity-resolution 5.2, 8.9, 8.35, 8.40–8.42, 8.63).

use super::{Finding, Scene, Severity, Subject};
use crate::domain::{
    role::Role,
    trust::{self, Document, Lint},
};

/// All rules of this file.
pub fn of_role(scene: &Scene<'_>, role: &Role) -> Vec<Finding> {
    let Ok(document) = &role.trust.document else { return unreadable(role) };
    if !concerns_pods(scene, document) {
        return Vec::new();
    }
    let mut found: Vec<Finding> = Vec::new();
    let lints = trust::lints(document);
    let misplaced = lints.iter().any(|lint| lint.code == "AUD-VS-SUB");
    let mut places = document.places();
    for lint in lints {
        // The subject is there, only under the wrong key: nobody is let in by that.
        if misplaced && lint.code == "TRUST-TOO-OPEN" {
            continue;
        }
        let known = found.iter().position(|finding| finding.code.name == lint.code);
        let place = places.at(lint.span.start);
        let spot = format!("line {}, column {} of the trust policy: {}", place.0, place.1, lint.message);
        match known {
            Some(at) => found[at].evidence.push(spot),
            None => found.extend(told(role, &lint, spot)),
        }
    }
    found
}

fn told(role: &Role, lint: &Lint, spot: String) -> Option<Finding> {
    let message = format!("Trust policy of {}: {}.", role.name, lint.message);
    let finding = Finding::new(lint.code, Subject::Role(role.arn.as_str().into()), message)?;
    Some(finding.as_bad_as(severity(lint)).because(spot))
}

/// A lint is what the text alone shows: an error only where it lets nobody in or cannot be meant.
fn severity(lint: &Lint) -> Severity {
    match (lint.code, lint.severity) {
        ("TRUST-QUOTA", _) => Severity::Notice,
        ("CONDITION-KEY-TYPO" | "IRSA-SUB-MISMATCH" | "TRUST-REFUSED" | "TRUST-TOO-OPEN" | "TRUST-LOST", severity) => {
            severity_of(severity).min(Severity::Warning)
        }
        (_, severity) => severity_of(severity),
    }
}

fn severity_of(severity: trust::Severity) -> Severity {
    match severity {
        trust::Severity::Notice => Severity::Notice,
        trust::Severity::Warning => Severity::Warning,
        trust::Severity::Error => Severity::Error,
    }
}

/// Whether it names the issuer of an EKS cluster or Pod Identity: roles of people and services are not our business.
fn concerns_pods(scene: &Scene<'_>, document: &Document) -> bool {
    let issuer = scene.facts.cluster.known().and_then(|cluster| cluster.issuer_path()).unwrap_or("oidc.eks.");
    let principals = document.statements().iter().flat_map(|statement| &statement.principals);
    let mut values = principals.map(|principal| principal.value.as_str());
    values.any(|value| value == "pods.eks.amazonaws.com" || value.contains("oidc.eks.") || value.contains(issuer))
}

/// IAM never returns such a document; a role whose trust cannot be understood is said, not judged.
fn unreadable(role: &Role) -> Vec<Finding> {
    let message = format!("The trust policy of {} cannot be understood.", role.name);
    Finding::new("TRUST-REFUSED", Subject::Role(role.arn.as_str().into()), message).into_iter().collect()
}
