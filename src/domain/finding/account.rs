//! Service accounts and their associations (identity-resolution 8.15, 8.47, 8.58).

use super::{Finding, Scene, Severity, Subject};
use crate::domain::{
    association::{Association, AssociationDetail},
    fact::Fact,
    id::{RoleArn, ServiceAccountId},
    identity::admission::short,
};

/// All rules of this file. `pods` is the number of pods that run as the account.
pub fn of_account(scene: &Scene<'_>, account: &ServiceAccountId, pods: u32) -> Vec<Finding> {
    let Fact::Known(association) = scene.facts.association(account) else { return Vec::new() };
    let found = [both(scene, account, association, pods), orphan(scene, association), narrowed(association, pods)];
    found.into_iter().flatten().collect()
}

fn both(scene: &Scene<'_>, account: &ServiceAccountId, association: &Association, pods: u32) -> Option<Finding> {
    let annotated = scene.facts.service_accounts.get(account).known().and_then(|account| account.role_arn.as_ref())?;
    let detail = association.detail.known();
    let role = detail.map(|detail| &detail.role_arn);
    let differs = role.is_some_and(|role| *role != *annotated);
    let finding = Finding::new("BOTH-CONFIGURED", Subject::ServiceAccount(account.clone()), said(annotated, role))?;
    let finding = finding
        .of_pods(pods)
        .because(format!("annotation eks.amazonaws.com/role-arn: {}", short(annotated)))
        .because(format!("association {}", association.id));
    Some(if differs { finding.as_bad_as(Severity::Warning) } else { finding })
}

fn said(annotated: &RoleArn, associated: Option<&RoleArn>) -> String {
    let both = "annotated and associated: new pods get the association, old ones keep IRSA";
    match associated {
        Some(role) if role == annotated => format!("It is {both}, with the same role {}.", short(role)),
        Some(role) => format!("It is {both}; the roles differ ({} and {}).", short(annotated), short(role)),
        None => format!("It is {both}."),
    }
}

fn orphan(scene: &Scene<'_>, association: &Association) -> Option<Finding> {
    let account = &association.service_account;
    if !matches!(scene.facts.service_accounts.get(account), Fact::Absent) {
        return None;
    }
    let message = format!("There is no service account {account}; the association counts towards the quota.");
    let subject = Subject::Association(association.id.clone(), account.clone());
    Finding::new("ORPHAN-ASSOCIATION", subject, message)
}

fn narrowed(association: &Association, pods: u32) -> Option<Finding> {
    let AssociationDetail { policy: Some(policy), role_arn, .. } = association.detail.known()? else { return None };
    let message = format!("Its session policy narrows what {} may do.", short(role_arn));
    let subject = Subject::Association(association.id.clone(), association.service_account.clone());
    let size = policy.chars().count();
    Some(
        Finding::new("SESSION-POLICY-NARROWS", subject, message)?
            .of_pods(pods)
            .because(format!("policy of {size} characters")),
    )
}
