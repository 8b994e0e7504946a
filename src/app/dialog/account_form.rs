//! Which service account: a fuzzy picker over those there are, or NAMESPACE/NAME typed in full, since one that
//! does not exist yet can be given a role too.

use crate::app::{field::Field, fuzzy::Fuzzy};
use crate::domain::{
    id::{Namespace, RoleArn, ServiceAccountId},
    inventory::Inventory,
    plan::role_name,
};

/// What the service account is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountPurpose {
    /// An association; with the role, if that is known already.
    Associate(Option<RoleArn>),
    /// To be admitted in this role's trust policy.
    Admit(RoleArn),
    /// To be taken out of this role's trust policy.
    TakeOut(RoleArn),
}

/// The form.
#[derive(Clone, Debug)]
pub struct AccountForm {
    /// What for.
    pub purpose: AccountPurpose,
    /// Only those of this namespace.
    pub namespace: Option<Namespace>,
    /// What was typed: part of a name, or all of it.
    pub field: Field,
    /// Every candidate, by name, and whether the object exists.
    pub candidates: Vec<(ServiceAccountId, bool)>,
    /// Those that match what was typed, best first: places in `candidates`.
    pub found: Vec<usize>,
    /// Which of those is selected.
    pub cursor: usize,
    made: u64,
}

impl AccountForm {
    /// A form over all service accounts, or those of a namespace.
    pub fn new(purpose: AccountPurpose, namespace: Option<Namespace>, inventory: &Inventory) -> Self {
        let mut form = Self {
            purpose,
            namespace,
            field: Field::default(),
            candidates: Vec::new(),
            found: Vec::new(),
            cursor: 0,
            made: 0,
        };
        form.list(inventory);
        form
    }

    /// What it asks, as a title.
    pub fn title(&self) -> String {
        match &self.purpose {
            AccountPurpose::Associate(None) => "Associate which service account?".to_owned(),
            AccountPurpose::Associate(Some(role)) => {
                format!("Associate which service account with {}?", role_name(role))
            }
            AccountPurpose::TakeOut(role) => format!("Take which service account out of {}?", role_name(role)),
            AccountPurpose::Admit(role) => format!("Admit which service account to {}?", role_name(role)),
        }
    }

    /// Lists the candidates again if the inventory changed; tells whether it did.
    pub fn settle(&mut self, inventory: &Inventory) -> bool {
        let stale = self.made != inventory.revision();
        if stale {
            let chosen = self.chosen();
            self.list(inventory);
            let place = self.found.iter().position(|at| Some(&self.candidates[*at].0) == chosen.as_ref());
            self.cursor = place.unwrap_or(0);
        }
        stale
    }

    fn list(&mut self, inventory: &Inventory) {
        self.made = inventory.revision();
        let rows = inventory.service_accounts().into_iter();
        let wanted = |id: &ServiceAccountId| self.namespace.as_ref().is_none_or(|namespace| id.namespace == *namespace);
        self.candidates = rows.filter(|row| wanted(&row.id)).map(|row| (row.id, row.exists)).collect();
        self.candidates.sort();
        self.search();
    }

    /// Searches again after the text changed.
    pub fn search(&mut self) {
        let mut fuzzy = Fuzzy::new(self.field.text().trim());
        let names = self.candidates.iter().enumerate();
        let mut scored: Vec<(u32, usize)> =
            names.filter_map(|(at, (id, _))| fuzzy.score(&id.to_string()).map(|score| (score, at))).collect();
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.found = scored.into_iter().map(|(_, at)| at).collect();
        self.cursor = 0;
    }

    /// What was typed in full and is none of the candidates: `NAMESPACE/NAME`, in a namespace `NAME` too.
    pub fn typed(&self) -> Option<ServiceAccountId> {
        let typed = self.field.text();
        let (namespace, name) = match (typed.trim().split_once('/'), &self.namespace) {
            (Some((namespace, name)), _) => (Namespace::from(namespace), name),
            (None, Some(namespace)) => (namespace.clone(), typed.trim()),
            (None, None) => return None,
        };
        let id = ServiceAccountId::new(namespace, name);
        let known = self.candidates.iter().any(|(known, _)| *known == id);
        (!known && !name.is_empty() && !id.namespace.as_str().is_empty()).then_some(id)
    }

    /// Lines to choose from: what matches, then what was typed in full.
    pub fn lines(&self) -> usize {
        self.found.len() + usize::from(self.typed().is_some())
    }

    /// Selects another line.
    pub fn move_by(&mut self, rows: isize) {
        let last = self.lines().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }

    /// The line of this number: who, and whether the object exists.
    pub fn line(&self, at: usize) -> Option<(ServiceAccountId, bool)> {
        match self.found.get(at) {
            Some(place) => self.candidates.get(*place).cloned(),
            None => self.typed().filter(|_| at == self.found.len()).map(|id| (id, false)),
        }
    }

    /// The selected line.
    pub fn chosen(&self) -> Option<ServiceAccountId> {
        self.line(self.cursor).map(|(id, _)| id)
    }
}
