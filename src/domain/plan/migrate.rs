//! Planning the way from IRSA to EKS Pod Identity: for each service account the gates, then the trust
//! policy (one write a role), then the association, then the restart and every replica on the new identity.
//! Removing the annotation and then the old statement are plans of their own, after a soak (experience part 5).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::role_name,
    associate::{self, AssociateRequest},
    precondition as check,
    restart::{self, Canary},
    trust::{self, Narrow, TrustEdit, TrustRequest},
};
use crate::domain::{
    failure::Failure,
    id::{Namespace, RoleArn, ServiceAccountId},
    identity::Mechanism,
    inventory::Inventory,
    rollout::Carried,
    row::PodRow,
    service_account::ServiceAccount,
    trust::Verdict,
    workload::WorkloadId,
};

mod finish;
mod gate;
#[cfg(test)]
mod tests;

/// How long a service account has to run on its new identity before the old way is removed.
pub const SOAK: SignedDuration = SignedDuration::from_hours(24);

/// What is migrated, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrateRequest {
    /// Which service accounts.
    pub which: Which,
    /// Which part of the way.
    pub stage: Stage,
    /// How long the new identity must have been in use before the old one is removed.
    pub soak: SignedDuration,
    /// How restarts begin.
    pub canary: Canary,
}

/// Which service accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that are annotated.
    All,
    /// Those of a namespace.
    Namespace(Namespace),
    /// These.
    Accounts(Vec<ServiceAccountId>),
}

/// Which part of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Onto Pod Identity; everything of IRSA stays.
    Move,
    /// The annotations go.
    RemoveAnnotations,
    /// The statements go that admitted these service accounts' own tokens.
    RemoveStatements,
}

impl Which {
    fn takes(&self, id: &ServiceAccountId) -> bool {
        match self {
            Self::All => true,
            Self::Namespace(name) => id.namespace == *name,
            Self::Accounts(ids) => ids.contains(id),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::All => "every annotated service account".to_owned(),
            Self::Namespace(name) => format!("namespace {name}"),
            Self::Accounts(ids) if ids.len() > 3 => format!("{} service accounts", ids.len()),
            Self::Accounts(ids) => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }

    /// What is said about those that were named and are not there.
    fn missing(&self, inventory: &Inventory) -> Vec<Precondition> {
        let Self::Accounts(ids) = self else { return Vec::new() };
        let absent = ids.iter().filter(|id| inventory.service_account(id).is_none());
        let said = |id: &ServiceAccountId| {
            Precondition::required(format!("service account {id} exists"), Some(false), "not in the cluster")
        };
        absent.map(said).collect()
    }
}

/// Plans one part of a migration.
///
/// # Errors
/// It cannot be told which cluster this is; refuses impossible names.
pub fn plan(inventory: &Inventory, request: &MigrateRequest, now: Timestamp) -> Result<Plan, Failure> {
    check::cluster_name(inventory)?;
    if let Which::Accounts(ids) = &request.which {
        ids.iter().try_for_each(check::possible)?;
    }
    let mut whole = Whole::new(inventory, request.canary, now);
    whole.plan.preconditions.extend(request.which.missing(inventory));
    match request.stage {
        Stage::Move => {
            for (role, accounts) in by_role(inventory, &request.which) {
                whole.role(&role, &accounts);
            }
        }
        Stage::RemoveAnnotations => finish::annotations(&mut whole, request),
        Stage::RemoveStatements => finish::statements(&mut whole, request),
    }
    Ok(whole.finished(request))
}

/// The part of the way that comes next: onto Pod Identity for those that are not on it, then without annotations,
/// then without the old statements.
pub fn next_stage(inventory: &Inventory, which: &Which) -> Stage {
    let roles = by_role(inventory, which);
    let is_moved = |(role, accounts): (&RoleArn, &Vec<&ServiceAccount>)| {
        accounts.iter().all(|account| gate::is_moved(inventory, &account.id, role))
    };
    match roles.iter().all(is_moved) {
        false => Stage::Move,
        true if !roles.is_empty() => Stage::RemoveAnnotations,
        true => Stage::RemoveStatements,
    }
}

/// The annotated service accounts by their role, so that all edits of one role are one write.
fn by_role<'i>(inventory: &'i Inventory, which: &Which) -> BTreeMap<RoleArn, Vec<&'i ServiceAccount>> {
    let mut roles: BTreeMap<RoleArn, Vec<&ServiceAccount>> = BTreeMap::new();
    for account in inventory.known_service_accounts().filter(|account| which.takes(&account.id)) {
        if let Some(role) = &account.role_arn {
            roles.entry(role.clone()).or_default().push(account);
        }
    }
    roles.values_mut().for_each(|accounts| accounts.sort_by(|a, b| a.id.cmp(&b.id)));
    roles
}

/// A plan under construction.
struct Whole<'i> {
    inventory: &'i Inventory,
    now: Timestamp,
    canary: Canary,
    plan: Plan,
    left_out: Vec<Precondition>,
    taken: Vec<ServiceAccountId>,
}

/// One service account that passed its gates.
struct Ready {
    id: ServiceAccountId,
    create: Option<Step>,
    restarts: Vec<WorkloadId>,
}

impl<'i> Whole<'i> {
    fn new(inventory: &'i Inventory, canary: Canary, now: Timestamp) -> Self {
        let plan = Plan {
            kind: PlanKind::Migrate,
            subject: String::new(),
            steps: Vec::new(),
            preconditions: vec![check::account(inventory)],
            affects: Vec::new(),
            inverse: String::new(),
            confirmation: Confirmation::Enter,
            restarts: Vec::new(),
            lost: Vec::new(),
            origin: Origin::New,
        };
        Self { inventory, now, canary, plan, left_out: Vec::new(), taken: Vec::new() }
    }

    /// All service accounts of one role: first who passes, then the one write, then one after the other.
    fn role(&mut self, role: &RoleArn, accounts: &[&ServiceAccount]) {
        let ready: Vec<Ready> = accounts.iter().filter_map(|account| self.account(role, account)).collect();
        let edits: Vec<TrustEdit> = ready.iter().filter_map(|one| self.edit(role, &one.id)).collect();
        if !edits.is_empty() && !self.admit(role, edits, &ready) {
            return;
        }
        for one in ready {
            self.plan.steps.extend(one.create);
            for workload in &one.restarts {
                self.restart(workload);
            }
            self.taken.push(one.id);
        }
    }

    /// The gates of one service account; what it still needs if it passes them.
    fn account(&mut self, role: &RoleArn, account: &ServiceAccount) -> Option<Ready> {
        let id = &account.id;
        if gate::is_moved(self.inventory, id, role) {
            return self.rest(id);
        }
        let request = AssociateRequest {
            fix_trust: Some(Narrow::ServiceAccount),
            ..AssociateRequest::new(id.clone(), role.clone())
        };
        let plan = match associate::plan(self.inventory, &request, self.now) {
            Ok(plan) => plan,
            Err(failure) => {
                self.leave_out(id, Some(false), format!("{}: {}. {}", failure.what, failure.why, failure.next));
                return None;
            }
        };
        let mut checks = plan.preconditions;
        checks.extend(gate::own(self.inventory, account, role));
        if !self.passes(id, checks) {
            return None;
        }
        self.plan.affects.extend(plan.affects);
        let create = plan.steps.into_iter().find(|step| matches!(step.call, Call::CreatePodIdentityAssociation { .. }));
        Some(Ready { id: id.clone(), create, restarts: plan.restarts })
    }

    /// What a service account that is associated already still needs: the restart of pods that have not got it.
    fn rest(&mut self, id: &ServiceAccountId) -> Option<Ready> {
        let drifting = |pod: &PodRow| pod.resolution.drift && pod.resolution.next.mechanism == Mechanism::PodIdentity;
        let pods = self.inventory.pods_of_service_account(id);
        let mut restarts: Vec<WorkloadId> =
            pods.iter().filter(|pod| drifting(pod)).map(|pod| pod.workload.clone()).collect();
        restarts.sort();
        restarts.dedup();
        restarts.retain(|workload| workload.kind.can_restart());
        if restarts.is_empty() {
            let what = format!("{id} is migrated");
            self.plan.preconditions.push(Precondition::advisory(what, Some(true), "its pods use its association"));
            return None;
        }
        let what = format!("{id} is associated already");
        self.plan.preconditions.push(Precondition::advisory(what, Some(true), "only its pods are restarted"));
        Some(Ready { id: id.clone(), create: None, restarts })
    }

    /// Says what the gates found: all of it for one service account, a line for each of several.
    fn passes(&mut self, id: &ServiceAccountId, checks: Vec<Precondition>) -> bool {
        if let Some(refusal) = checks.iter().find(|one| one.required && one.ok == Some(false)) {
            self.leave_out(id, Some(false), format!("{}: {}", refusal.what, refusal.detail));
            return false;
        }
        let held = checks.iter().filter(|one| one.ok == Some(true)).count();
        let open: Vec<String> = checks
            .iter()
            .filter(|one| one.ok != Some(true))
            .map(|one| format!("{} ({})", one.what, one.detail))
            .collect();
        let ok = if checks.iter().any(|one| one.ok == Some(false)) { None } else { Some(true) };
        let rest = if open.is_empty() { String::new() } else { format!("; look at: {}", open.join("; ")) };
        let detail = format!("{held} of {} checks hold{rest}", checks.len());
        self.plan.preconditions.push(Precondition::advisory(format!("{id} can be migrated"), ok, detail));
        true
    }

    fn leave_out(&mut self, id: &ServiceAccountId, ok: Option<bool>, detail: String) {
        self.left_out.push(Precondition::advisory(format!("{id} can be migrated"), ok, detail));
    }

    /// What lets EKS in for a service account, if its trust policy does not already.
    fn edit(&self, role: &RoleArn, id: &ServiceAccountId) -> Option<TrustEdit> {
        let decision = self.inventory.trust_decision(role, id, Mechanism::PodIdentity, self.now);
        let is_admitted = decision.is_some_and(|decision| decision.verdict == Verdict::Allow);
        let narrow = Narrow::ServiceAccount;
        let edit = || TrustEdit::AdmitPodIdentity { service_account: id.clone(), session_tags: true, narrow };
        (!is_admitted).then(edit)
    }

    /// The one write of a role; if it cannot be made nobody of this role is migrated.
    fn admit(&mut self, role: &RoleArn, edits: Vec<TrustEdit>, ready: &[Ready]) -> bool {
        let request = TrustRequest { role_arn: role.clone(), edits };
        let made = trust::edited(self.inventory, &request, self.now);
        let length = match &made {
            Ok(edited) => trust::length(&edited.after),
            Err(refusal) => refusal.clone(),
        };
        if made.is_err() || length.ok == Some(false) {
            for one in ready {
                self.leave_out(&one.id, Some(false), format!("{}: {}", length.what, length.detail));
            }
            return false;
        }
        if length.ok != Some(true) {
            // Each edit may fit alone and all of them together not.
            let what = format!("the trust policy of {} is short enough", role_name(role));
            self.plan.preconditions.push(Precondition { what, ..length });
        }
        let what = format!("the edits of {} are one write", role_name(role));
        self.plan.preconditions.push(Precondition::advisory(what, Some(true), "statements of others stay as they are"));
        self.plan.steps.extend(made.ok().and_then(|edited| edited.step(self.inventory, role)));
        true
    }

    /// Restarts one workload, unless its strategy replaces nothing.
    fn restart(&mut self, workload: &WorkloadId) {
        let pods = self.inventory.pods_of_workload(workload);
        let strategy = restart::strategy(&self.inventory.rollout(workload));
        let what = format!("{workload} in {} is restarted", workload.namespace);
        if strategy.ok == Some(false) {
            let detail = format!("{}: its pods keep IRSA until somebody recreates them", strategy.detail);
            return self.plan.preconditions.push(Precondition::advisory(what, Some(false), detail));
        }
        let budgets = restart::budgets(&self.inventory.rollout(workload));
        let detail = format!("{}; budgets: {}", strategy.detail, budgets.detail);
        let ok = if budgets.ok == Some(false) { Some(false) } else { strategy.ok };
        self.plan.preconditions.push(Precondition::advisory(what, ok, detail));
        self.plan.steps.extend(restart::steps(
            self.inventory,
            workload,
            &pods,
            Some(Carried::PodIdentity),
            self.canary,
        ));
        if let Confirmation::Type(_) = restart::confirmation(workload, &pods) {
            self.plan.confirmation = Confirmation::Type(String::new());
        }
    }

    fn finished(mut self, request: &MigrateRequest) -> Plan {
        let nothing = self.plan.steps.is_empty();
        for one in &mut self.left_out {
            one.required = nothing;
        }
        self.plan.preconditions.extend(self.left_out);
        self.plan.subject = match self.taken.as_slice() {
            [] => request.which.words(),
            [one] => one.to_string(),
            several => format!("{} service accounts", several.len()),
        };
        let typed = match self.taken.as_slice() {
            [one] => one.to_string(),
            several => several.len().to_string(),
        };
        let ask = request.stage != Stage::Move || matches!(self.plan.confirmation, Confirmation::Type(_));
        self.plan.confirmation = if ask { Confirmation::Type(typed) } else { Confirmation::Enter };
        self.plan.inverse = inverse(request.stage).to_owned();
        if nothing && self.plan.refusal().is_none() {
            let what = "there is something to migrate";
            let detail = "nothing of what was asked for is left to be done";
            self.plan.preconditions.push(Precondition::advisory(what, Some(false), detail));
        }
        self.plan
    }
}

fn inverse(stage: Stage) -> &'static str {
    match stage {
        Stage::Move => {
            "Remove the associations and write the trust policies again as they were. The gap: pods that use Pod \
             Identity by then keep their credentials up to 6 h and fail after that, unless they are restarted onto IRSA"
        }
        Stage::RemoveAnnotations => "Annotate the service accounts again as they were; pods notice nothing",
        Stage::RemoveStatements => "Write the trust policies again as they were, byte for byte",
    }
}
