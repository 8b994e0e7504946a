//! Which role: a fuzzy picker over judged candidates, or an ARN typed in full. The plan for the choice stands beside it.

use std::sync::Arc;

use jiff::Timestamp;

use super::request::Request;
use crate::app::{field::Field, fuzzy::Fuzzy};
use crate::domain::{
    arn::Arn,
    failure::Failure,
    id::{RoleArn, ServiceAccountId},
    identity::Mechanism,
    inventory::Inventory,
    plan::{
        self, Judgement, Plan, RoleCandidate, associate::AssociateRequest, retarget::RetargetRequest, trust::Narrow,
    },
    trust::Verdict,
};

/// What the role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An EKS Pod Identity association.
    Associate,
    /// Another role for the association there is.
    Retarget,
    /// The annotation of IRSA.
    Annotate,
}

/// The form.
#[derive(Clone, Debug)]
pub struct RoleForm {
    /// What for.
    pub purpose: Purpose,
    /// For whom.
    pub service_account: ServiceAccountId,
    /// What was typed: part of a name, or an ARN.
    pub field: Field,
    /// Every candidate, best judged first.
    pub candidates: Vec<RoleCandidate>,
    /// Those that match what was typed, best first: places in `candidates`.
    pub found: Vec<usize>,
    /// Which of those is selected.
    pub cursor: usize,
    /// What Enter would show: the plan for the choice, or why there is none. `None` while nothing is chosen.
    pub preview: Option<Result<Plan, Arc<Failure>>>,
    /// Revision of the inventory that candidates and preview were made from.
    pub(in crate::app) made: u64,
}

impl RoleForm {
    /// A form for a service account.
    pub fn new(purpose: Purpose, service_account: ServiceAccountId, inventory: &Inventory, now: Timestamp) -> Self {
        let mut form = Self {
            purpose,
            service_account,
            field: Field::default(),
            candidates: Vec::new(),
            found: Vec::new(),
            cursor: 0,
            preview: None,
            made: 0,
        };
        form.judge(inventory, now);
        form
    }

    /// The field with the focus: there is only one.
    pub fn focused(&self) -> Option<&Field> {
        Some(&self.field)
    }

    /// The field with the focus: there is only one.
    pub fn focused_mut(&mut self) -> Option<&mut Field> {
        Some(&mut self.field)
    }

    /// Judges the candidates again if the inventory changed; tells whether it did.
    pub fn settle(&mut self, inventory: &Inventory, now: Timestamp) -> bool {
        let stale = self.made != inventory.revision();
        if stale {
            let chosen = self.role();
            self.judge(inventory, now);
            let place = self.found.iter().position(|at| Some(&self.candidates[*at].arn) == chosen.as_ref());
            self.cursor = place.unwrap_or(self.cursor).min(self.found.len().saturating_sub(1));
            self.plan(inventory, now);
        }
        stale
    }

    fn judge(&mut self, inventory: &Inventory, now: Timestamp) {
        self.made = inventory.revision();
        self.candidates = plan::role_candidates(inventory, &self.service_account, now);
        if self.purpose == Purpose::Annotate {
            judge_for_irsa(&mut self.candidates, inventory, &self.service_account, now);
        }
        self.search(inventory, now);
    }

    /// Searches again after the text changed.
    pub fn search(&mut self, inventory: &Inventory, now: Timestamp) {
        let mut fuzzy = Fuzzy::new(self.field.text().trim());
        let mut scored: Vec<(u32, usize)> = self
            .candidates
            .iter()
            .enumerate()
            .filter_map(|(at, candidate)| fuzzy.score(candidate.arn.as_str()).map(|score| (score, at)))
            .collect();
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.found = scored.into_iter().map(|(_, at)| at).collect();
        self.cursor = 0;
        self.plan(inventory, now);
    }

    /// Selects another candidate.
    pub fn move_by(&mut self, rows: isize, inventory: &Inventory, now: Timestamp) {
        let last = self.found.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
        self.plan(inventory, now);
    }

    fn plan(&mut self, inventory: &Inventory, now: Timestamp) {
        self.preview = self.request().map(|request| request.plan(inventory, now).map_err(Arc::new));
    }

    /// The role that is chosen: an ARN typed in full, else the selected candidate.
    pub fn role(&self) -> Option<RoleArn> {
        let typed = self.field.text();
        if Arn::role(typed.trim()).is_ok() {
            return Some(typed.trim().into());
        }
        self.found.get(self.cursor).map(|at| self.candidates[*at].arn.clone())
    }

    /// Whether the choice lives in another account, where EKS takes it only as a target role.
    pub fn is_elsewhere(&self) -> bool {
        let chosen = self.role();
        let mut found = self.candidates.iter().filter(|candidate| Some(&candidate.arn) == chosen.as_ref());
        self.purpose != Purpose::Annotate && found.any(|candidate| candidate.judgement == Judgement::OtherAccount)
    }

    /// What is asked for with this choice.
    pub fn request(&self) -> Option<Request> {
        let role_arn = self.role()?;
        let service_account = self.service_account.clone();
        Some(match self.purpose {
            Purpose::Annotate => Request::Annotate(service_account, Some(role_arn)),
            Purpose::Retarget => Request::Retarget(RetargetRequest {
                role_arn: Some(role_arn),
                fix_trust: Some(Narrow::default()),
                ..RetargetRequest::new(service_account)
            }),
            // A role that does not let EKS in yet is chosen with the edit that makes it.
            Purpose::Associate => Request::Associate(AssociateRequest {
                fix_trust: Some(Narrow::default()),
                ..AssociateRequest::new(service_account, role_arn)
            }),
        })
    }
}

/// For the annotation, what counts is whether the trust policy admits the service account's own token.
fn judge_for_irsa(candidates: &mut [RoleCandidate], inventory: &Inventory, id: &ServiceAccountId, now: Timestamp) {
    for candidate in candidates.iter_mut() {
        candidate.judgement = match inventory.trust_decision(&candidate.arn, id, Mechanism::Irsa, now) {
            None => Judgement::Unknown("its trust policy could not be read".to_owned()),
            Some(decision) => match decision.verdict {
                Verdict::Allow => Judgement::Ready,
                Verdict::Deny { .. } => Judgement::NeedsTrustEdit(decision.reason),
                Verdict::Depends(_) | Verdict::Invalid => Judgement::Unknown(decision.reason),
            },
        };
    }
    candidates.sort_by_key(|candidate| match candidate.judgement {
        Judgement::Ready => 0,
        Judgement::Unknown(_) => 1,
        Judgement::NeedsTrustEdit(_) | Judgement::OtherAccount => 2,
    });
}
