//! Planning what service accounts declare: every association that is declared and missing, as one
//! plan. What cannot be applied is said and left out.

use jiff::Timestamp;

use super::{
    Confirmation, Origin, Plan, PlanKind, Precondition,
    associate::{self, AssociateRequest},
};
use crate::domain::{
    declaration::Standing,
    id::{RoleArn, ServiceAccountId},
    inventory::Inventory,
};

/// Plans all declarations that are not met; without steps where all are.
pub fn plan(inventory: &Inventory, now: Timestamp) -> Plan {
    let declarations = inventory.declarations();
    let mut whole = Whole::default();
    for (id, standing) in &declarations {
        whole.take(inventory, id, standing, now);
    }
    let met = declarations.iter().filter(|(_, standing)| *standing == Standing::Met).count();
    whole.plan(met)
}

#[derive(Default)]
struct Whole {
    plans: Vec<Plan>,
    told: Vec<Precondition>,
    left_out: Vec<Precondition>,
}

impl Whole {
    fn take(&mut self, inventory: &Inventory, id: &ServiceAccountId, standing: &Standing, now: Timestamp) {
        match standing {
            Standing::Met => {}
            Standing::Missing(role) => self.associate(inventory, id, role, now),
            Standing::Unknown(why) => self.leave_out(id, None, why.clone()),
            Standing::Undeclared(_) => {
                let what = format!("the association of {id} is declared");
                self.told.push(Precondition::advisory(what, Some(false), standing.sentence(id).unwrap_or_default()));
            }
            other => self.leave_out(id, Some(false), other.sentence(id).unwrap_or_default()),
        }
    }

    fn associate(&mut self, inventory: &Inventory, id: &ServiceAccountId, role: &RoleArn, now: Timestamp) {
        match associate::plan(inventory, &AssociateRequest::new(id.clone(), role.clone()), now) {
            Ok(plan) => match plan.refusal() {
                Some(refusal) => {
                    let detail = format!("{}: {}", refusal.what, refusal.detail);
                    self.leave_out(id, Some(false), detail);
                }
                None => self.plans.push(plan),
            },
            Err(failure) => self.leave_out(id, Some(false), format!("{}: {}", failure.what, failure.why)),
        }
    }

    fn leave_out(&mut self, id: &ServiceAccountId, ok: Option<bool>, detail: String) {
        let what = format!("what {id} declares can be applied");
        // With nothing else to do the plan is refused, and this says why.
        self.left_out.push(Precondition::advisory(what, ok, detail));
    }

    fn plan(mut self, met: usize) -> Plan {
        for precondition in &mut self.left_out {
            precondition.required = self.plans.is_empty();
            precondition.ok = precondition.ok.or_else(|| self.plans.is_empty().then_some(false));
        }
        let what = "declared associations that are there already";
        let mut preconditions = vec![Precondition::advisory(what, Some(true), met.to_string())];
        preconditions.extend(self.left_out);
        preconditions.extend(self.told);
        let count = self.plans.len();
        let mut whole = Plan {
            kind: PlanKind::Associate,
            subject: format!("{count} declared"),
            steps: Vec::new(),
            preconditions,
            affects: Vec::new(),
            inverse: format!("Remove the {count} associations again, each by its id"),
            confirmation: Confirmation::Enter,
            restarts: Vec::new(),
            lost: Vec::new(),
            origin: Origin::New,
        };
        for plan in self.plans {
            whole.steps.extend(plan.steps);
            for precondition in plan.preconditions {
                // What several plans check alike is said once.
                if !whole.preconditions.contains(&precondition) {
                    whole.preconditions.push(precondition);
                }
            }
            whole.affects.extend(plan.affects);
            whole.restarts.extend(plan.restarts);
        }
        whole
    }
}
