//! What a person asked for, kept beside the plan so that it can be planned again when the cluster changed meanwhile.

use jiff::Timestamp;

use crate::domain::{
    failure::{Failure, FailureKind},
    id::{RoleArn, ServiceAccountId},
    inventory::Inventory,
    journal::Record,
    plan::{
        self, Plan, associate::AssociateRequest, dissociate, migrate::MigrateRequest, restart::Canary,
        retarget::RetargetRequest, trust::TrustRequest,
    },
    workload::WorkloadId,
};

/// What to plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Create an association.
    Associate(AssociateRequest),
    /// Create every association that is declared and missing.
    Declared,
    /// Change an association.
    Retarget(RetargetRequest),
    /// Remove an association.
    Dissociate(dissociate::Target),
    /// Set or remove the IRSA annotation.
    Annotate(ServiceAccountId, Option<RoleArn>),
    /// Install the agent add-on.
    InstallAgent,
    /// Restart workloads, in this order.
    Restart(Vec<WorkloadId>),
    /// Edit a role's trust policy.
    Trust(TrustRequest),
    /// From IRSA to Pod Identity.
    Migrate(MigrateRequest),
    /// Take back an operation of the journal.
    Undo(Box<Record>),
    /// Do the rest of an operation of the journal.
    Resume(Box<Record>),
}

impl Request {
    /// Plans it against what is known now.
    ///
    /// # Errors
    /// Says what is missing or contradicts the request.
    pub fn plan(&self, inventory: &Inventory, now: Timestamp) -> Result<Plan, Failure> {
        match self {
            Self::Associate(request) => plan::associate::plan(inventory, request, now),
            Self::Declared => Ok(plan::declared::plan(inventory, now)),
            Self::Retarget(request) => plan::retarget::plan(inventory, request, now),
            Self::Dissociate(target) => dissociate::plan(inventory, target),
            Self::Annotate(service_account, role) => {
                plan::annotate::plan(inventory, service_account, role.clone(), now)
            }
            Self::InstallAgent => plan::agent::plan(inventory),
            Self::Restart(workloads) => restarts(inventory, workloads),
            Self::Trust(request) => plan::trust::plan(inventory, request, now),
            Self::Migrate(request) => plan::migrate::plan(inventory, request, now),
            Self::Undo(record) => plan::undo::plan(inventory, record, now),
            Self::Resume(record) => plan::resume::plan(inventory, record),
        }
    }
}

/// One plan for several restarts. If any of them must be typed, the number of workloads is.
fn restarts(inventory: &Inventory, workloads: &[WorkloadId]) -> Result<Plan, Failure> {
    let mut plans = workloads.iter().map(|workload| plan::restart::plan(inventory, workload, Canary::First));
    let mut whole = plans.next().unwrap_or_else(|| Err(nothing()))?;
    for plan in plans {
        let plan = plan?;
        whole.steps.extend(plan.steps);
        whole.preconditions.extend(plan.preconditions);
        whole.affects.extend(plan.affects);
        if let plan::Confirmation::Type(_) = plan.confirmation {
            whole.confirmation = plan.confirmation;
        }
    }
    if workloads.len() > 1 {
        whole.subject = format!("{} workloads", workloads.len());
        if let plan::Confirmation::Type(text) = &mut whole.confirmation {
            *text = workloads.len().to_string();
        }
    }
    Ok(whole)
}

fn nothing() -> Failure {
    Failure::new(FailureKind::Usage, "nothing to restart", "no workload is chosen", "Choose at least one with Space.")
}
