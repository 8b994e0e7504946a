//! Planning the IRSA annotation of a service account, set or removed. Nothing else of the
//! object is touched.

use jiff::Timestamp;

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::{Pods, own_mechanism, role_name, without_injection, words},
    command::command,
    owner::by_manager,
    precondition as check,
};
use crate::domain::{
    arn::Arn,
    failure::{Failure, FailureKind},
    id::{RoleArn, ServiceAccountId},
    identity::Mechanism,
    inventory::Inventory,
    row::PodRow,
    service_account::ServiceAccount,
    trust::{Decision, Verdict},
};

/// Plans to set the annotation, or with `None` to remove it.
///
/// # Errors
/// Refuses impossible names and ARNs, a service account that does not exist, and a change that changes nothing.
pub fn plan(
    inventory: &Inventory,
    id: &ServiceAccountId,
    role: Option<RoleArn>,
    now: Timestamp,
) -> Result<Plan, Failure> {
    check::possible(id)?;
    if let Some(role) = &role {
        check::role_arn(inventory, role)?;
    }
    let object = inventory.service_account(id).ok_or_else(|| missing(id))?;
    if object.role_arn == role {
        return Err(unchanged(id, role.as_ref()));
    }
    let decision = role.as_ref().and_then(|role| inventory.trust_decision(role, id, Mechanism::Irsa, now));
    let pods = Pods::of(inventory, id);
    let change = Change { inventory, id, role: role.as_ref(), decision };
    let call = Call::AnnotateServiceAccount {
        service_account: id.clone(),
        before: object.role_arn.clone(),
        after: role.clone(),
    };
    Ok(Plan {
        kind: PlanKind::Annotate,
        subject: id.to_string(),
        steps: vec![Step { command: command(inventory, &call), summary: change.summary(), call }],
        preconditions: change.preconditions(object),
        affects: pods.affected(|pods| change.falls_to(pods)),
        inverse: inverse(id, object.role_arn.as_ref()),
        confirmation: change.confirmation(),
        restarts: pods.restarts(|pods| change.is_helped(pods)),
        lost: Vec::new(),
        origin: Origin::New,
    })
}

fn missing(id: &ServiceAccountId) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        format!("service account {id} cannot be annotated"),
        "it does not exist, or may not be read",
        "Create it first; `rolecall get serviceaccounts` shows those that exist",
    )
}

fn unchanged(id: &ServiceAccountId, role: Option<&RoleArn>) -> Failure {
    let why = match role {
        Some(role) => format!("{id} is annotated with {role} already"),
        None => format!("{id} has no annotation"),
    };
    Failure::new(FailureKind::Usage, "there is nothing to change", why, "Choose another role or service account")
}

fn inverse(id: &ServiceAccountId, before: Option<&RoleArn>) -> String {
    match before {
        Some(role) => format!("Annotate {id} with {role} again"),
        None => format!("Remove the annotation of {id} again"),
    }
}

struct Change<'a> {
    inventory: &'a Inventory,
    id: &'a ServiceAccountId,
    role: Option<&'a RoleArn>,
    decision: Option<Decision>,
}

impl Change<'_> {
    fn summary(&self) -> String {
        match self.role {
            Some(role) => format!("annotate {} with role {}", self.id, role_name(role)),
            None => format!("remove the role annotation of {}", self.id),
        }
    }

    fn confirmation(&self) -> Confirmation {
        match self.role {
            Some(_) => Confirmation::Enter,
            None => Confirmation::Type(self.id.to_string()),
        }
    }

    fn has_association(&self) -> bool {
        self.inventory.association_of(self.id).is_some()
    }

    fn falls_to(&self, pods: &[PodRow]) -> String {
        if let Some(own) = own_mechanism(pods) {
            return format!("{}, as now: its own environment wins over the annotation", own.word());
        }
        if self.has_association() {
            return format!("{}, the association wins over the annotation", words(&self.inventory.next_of(self.id)));
        }
        match self.role {
            Some(role) if self.is_denied() => format!("irsa {}: will fail after a restart", role_name(role)),
            Some(role) => format!("irsa {} after a restart", role_name(role)),
            None => format!("{} after a restart", without_injection(self.inventory, pods)),
        }
    }

    fn is_denied(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| matches!(decision.verdict, Verdict::Deny { .. }))
    }

    fn is_helped(&self, pods: &[PodRow]) -> bool {
        self.role.is_some() && !self.is_denied() && !self.has_association() && own_mechanism(pods).is_none()
    }

    fn preconditions(&self, object: &ServiceAccount) -> Vec<Precondition> {
        let mut checks = Vec::new();
        if let Some(role) = self.role {
            checks.push(check::role_exists(self.inventory, role));
            let what = format!("trust policy admits {} for sts:AssumeRoleWithWebIdentity", self.id);
            checks.push(check::trust(what, self.decision.as_ref()));
            checks.push(self.provider(role));
        }
        checks.push(self.no_association());
        checks.push(no_other_writer(object));
        checks.push(check::permission(
            "patch serviceaccounts",
            &self.id.to_string(),
            "Kubernetes refuses it otherwise",
        ));
        checks
    }

    /// STS looks for the provider in the role's own account; another account cannot be read from here.
    fn provider(&self, role: &RoleArn) -> Precondition {
        let account = Arn::role(role.as_str()).map(|arn| arn.account()).ok();
        if account.is_none() || account == check::home(self.inventory) {
            return check::provider(self.inventory);
        }
        let what = format!("account {} has the cluster's OIDC provider", account.unwrap_or_else(|| "".into()));
        let issuer = self.inventory.cluster().known().and_then(|cluster| cluster.issuer_path()).unwrap_or_default();
        Precondition::advisory(what, None, format!("not checked here: oidc-provider/{issuer} must exist there"))
    }

    fn no_association(&self) -> Precondition {
        let what = "no association overrides it";
        match self.inventory.association_of(self.id) {
            Some(found) => {
                let detail = format!("{} does: new pods use Pod Identity whatever the annotation says", found.id);
                Precondition::advisory(what, Some(false), detail)
            }
            None => Precondition::advisory(what, Some(true), "there is none"),
        }
    }
}

fn no_other_writer(object: &ServiceAccount) -> Precondition {
    let what = "nobody else writes this service account";
    let found = object.managers.iter().find(|name| by_manager(name).is_some());
    match found {
        Some(name) => {
            let detail = format!("{name} does: change it in its source too, or it comes back");
            Precondition::advisory(what, Some(false), detail)
        }
        None => Precondition::advisory(what, Some(true), "no sign of Helm, GitOps or Terraform"),
    }
}
