//! Service accounts and their associations (identity-resolution 8.15, 8.29, 8.47, 8.55, 8.58; findings.md, DECLARED-DIFFERS).

use super::{Finding, Scene, Severity, Subject};
use crate::domain::{
    association::{Association, AssociationDetail},
    cluster::Cluster,
    declaration::Standing,
    fact::Fact,
    id::{RoleArn, ServiceAccountId},
    identity::admission::{self, Asking, short},
    role::Role,
    service_account::ServiceAccount,
    trust::Verdict,
};

/// All rules of this file. `pods` is the number of pods that run as the account.
pub fn of_account(scene: &Scene<'_>, account: &ServiceAccountId, pods: u32) -> Vec<Finding> {
    let Fact::Known(association) = scene.facts.association(account) else { return Vec::new() };
    let found = [
        both(scene, account, association, pods),
        orphan(scene, association),
        narrowed(association, pods),
        chained(scene, association, pods),
        ignored_by_stores(scene, association, pods),
    ];
    found.into_iter().flatten().collect()
}

/// What a service account declares and does not have.
pub fn of_declaration(account: &ServiceAccountId, standing: &Standing, pods: u32) -> Option<Finding> {
    if !matches!(standing, Standing::Missing(_) | Standing::Different { .. } | Standing::Wrong(_)) {
        return None;
    }
    let message = format!("{}.", standing.sentence(account)?);
    Some(Finding::new("DECLARED-DIFFERS", Subject::ServiceAccount(account.clone()), message)?.of_pods(pods))
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

/// Sessions of Pod Identity carry transitive tags, so a role that names this one as its principal has to allow
/// sts:TagSession too, should a program go on to it (4.5). Whether one does cannot be read: a guess.
fn chained(scene: &Scene<'_>, association: &Association, pods: u32) -> Option<Finding> {
    let cluster = scene.facts.cluster.known()?;
    let detail = association.detail.known().filter(|detail| !detail.disable_session_tags)?;
    let account = &association.service_account;
    let role = scene.roles_trusting(&detail.role_arn).find(|role| {
        let is_target = detail.target_role_arn.as_ref().is_some_and(|target| target.as_str() == role.arn.as_str());
        !is_target && refuses_only_tags(scene, cluster, role, account, &detail.role_arn)
    })?;
    let source = short(&detail.role_arn);
    let message = format!(
        "If these pods go on from {source} to {}, that call would probably be refused: its trust policy names {source} but does not allow sts:TagSession, and sessions of Pod Identity carry tags.",
        role.name
    );
    let subject = Subject::Association(association.id.clone(), account.clone());
    let finding = Finding::new("PI-TAGSESSION-CHAIN", subject, message)?;
    Some(finding.of_pods(pods).because(format!("trust policy of {}", role.name)))
}

fn refuses_only_tags(
    scene: &Scene<'_>,
    cluster: &Cluster,
    role: &Role,
    account: &ServiceAccountId,
    source: &RoleArn,
) -> bool {
    let verdict = |session_tags| {
        let asking = Asking::Target { source, session_tags };
        admission::decide(cluster, role, account, &asking, scene.facts.now).map(|decision| decision.verdict)
    };
    matches!(verdict(true), Some(Verdict::Deny { .. }))
        && matches!(verdict(false), Some(Verdict::Allow | Verdict::Depends(_)))
}

/// External Secrets exchanges a token of the service account that a store names, which is IRSA; an association of
/// that account does nothing for it (0.3).
fn ignored_by_stores(scene: &Scene<'_>, association: &Association, pods: u32) -> Option<Finding> {
    let account = &association.service_account;
    let Fact::Known(ServiceAccount { role_arn: None, .. }) = scene.facts.service_accounts.get(account) else {
        return None;
    };
    let (stores, of_cluster) = (&scene.facts.secret_stores, &scene.facts.cluster_secret_stores);
    let mut all = stores.of(&account.namespace).iter().chain(of_cluster.of(&account.namespace));
    let store = all.find(|store| store.account == *account)?;
    let message = format!(
        "{} names it, and External Secrets takes its role from the annotation eks.amazonaws.com/role-arn, which it lacks; its association is ignored.",
        store.title
    );
    let finding = Finding::new("ESO-SERVICEACCOUNTREF", Subject::ServiceAccount(account.clone()), message)?;
    Some(finding.of_pods(pods).because(format!("association {}", association.id)))
}
