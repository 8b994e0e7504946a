//! A plan before it is performed: what would be called, what was checked, who notices, how it is undone.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Typed, request::Request};
use crate::app::screen::Scroll;
use crate::domain::{
    failure::Failure,
    inventory::Inventory,
    plan::{
        Confirmation, Plan,
        owner::{Owned, owned},
    },
    workload::WorkloadId,
};
use crate::report::export::{self, Format};

/// A plan, to be confirmed.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// What was asked for.
    pub request: Request,
    /// The plan, or why there is none.
    pub plan: Result<Plan, Arc<Failure>>,
    /// What must be typed, if anything.
    pub typed: Option<Typed>,
    /// The plan changed under the person's eyes because the cluster did; what was typed is forgotten.
    pub changed: bool,
    /// The plan as text in another format, shown in its place.
    pub export: Option<Export>,
    /// What it changes that another tool owns: then the text for that tool's repository is shown first.
    pub owned: Vec<Owned>,
    /// The person wants to do it here although another tool owns it.
    pub insisted: bool,
    /// How far it is scrolled.
    pub scroll: Scroll,
    /// Revision of the inventory that it was planned from.
    pub(in crate::app) made: u64,
}

/// A plan as text for somebody else's repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// In which format.
    pub format: Format,
    /// The text.
    pub text: String,
}

impl Confirm {
    /// Plans a request. In a protected context the subject must be typed.
    pub fn new(request: Request, inventory: &Inventory, protected: bool, now: Timestamp) -> Self {
        let plan = request.plan(inventory, now).map_err(Arc::new);
        let typed = typed_for(&plan, protected);
        let mut confirm = Self {
            request,
            plan,
            typed,
            changed: false,
            export: None,
            owned: Vec::new(),
            insisted: false,
            scroll: Scroll::default(),
            made: inventory.revision(),
        };
        confirm.ask_the_owner(inventory);
        confirm
    }

    /// Looks who owns what is changed; the text for a new owner's repository comes into view.
    fn ask_the_owner(&mut self, inventory: &Inventory) {
        let owned = self.plan.as_ref().map(|plan| owned(plan, inventory)).unwrap_or_default();
        if owned == self.owned {
            return;
        }
        self.owned = owned;
        self.insisted = false;
        let performable = self.plan.as_ref().is_ok_and(|plan| plan.refusal().is_none());
        let format = self.owned.first().filter(|_| performable).map(|owned| Format::from(owned.tool));
        self.show(format, inventory);
    }

    /// Whether the next Enter only shows the plan: another tool owns what it changes, and that was not answered yet.
    pub fn asks_once_more(&self) -> bool {
        !self.owned.is_empty() && !self.insisted
    }

    /// The person wants it done here all the same: the plan itself comes into view.
    pub fn insist(&mut self) {
        self.insisted = true;
        self.export = None;
        self.scroll = Scroll::default();
    }

    /// Plans it again if the cluster changed meanwhile; tells whether the plan became another one.
    pub fn settle(&mut self, inventory: &Inventory, protected: bool, now: Timestamp) -> bool {
        if self.made == inventory.revision() {
            return false;
        }
        self.made = inventory.revision();
        let plan = self.request.plan(inventory, now).map_err(Arc::new);
        if plan == self.plan {
            let before = self.owned.clone();
            self.ask_the_owner(inventory);
            return before != self.owned;
        }
        let answered = match (&self.plan, &plan) {
            (Ok(old), Ok(new)) => old.is_answered_by(new),
            _ => false,
        };
        if !answered {
            self.typed = typed_for(&plan, protected);
            self.changed = true;
        }
        self.plan = plan;
        self.show(self.export.as_ref().map(|export| export.format), inventory);
        self.ask_the_owner(inventory);
        true
    }

    /// Workloads whose strategy and budgets the plan shows.
    pub fn restarted(&self) -> Vec<WorkloadId> {
        self.plan.as_ref().map(Plan::restarted).unwrap_or_default()
    }

    /// Shows the plan in the next format; after the last one, as a plan again.
    pub fn next_format(&mut self, inventory: &Inventory) {
        let shown = self.export.as_ref().map(|export| export.format);
        let next = match shown {
            None => Format::ALL.first(),
            Some(format) => Format::ALL.iter().skip_while(|other| **other != format).nth(1),
        };
        self.scroll = Scroll::default();
        self.show(next.copied(), inventory);
    }

    fn show(&mut self, format: Option<Format>, inventory: &Inventory) {
        let plan = self.plan.as_ref().ok();
        self.export =
            plan.zip(format).map(|(plan, format)| Export { format, text: export::text(plan, inventory, format) });
    }

    /// Why it cannot be performed: no plan, a required check that fails, or the text not typed.
    pub fn refusal(&self) -> Option<String> {
        let plan = match &self.plan {
            Ok(plan) => plan,
            Err(failure) => return Some(failure.to_string()),
        };
        if let Some(failed) = plan.refusal() {
            return Some(format!("refused: {}: {}", failed.what, failed.detail));
        }
        let typed = self.typed.as_ref().filter(|typed| !typed.is_right())?;
        Some(format!("type {} to confirm", typed.wanted))
    }

    /// What `copy` takes: the text in view, or the commands that would do the same, one a line.
    pub fn copied(&self) -> Option<String> {
        if let Some(export) = &self.export {
            return Some(export.text.clone());
        }
        let plan = self.plan.as_ref().ok()?;
        let lines: Vec<&str> = plan.steps.iter().map(|step| step.command.as_str()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// A plan that is refused asks for nothing.
fn typed_for(plan: &Result<Plan, Arc<Failure>>, protected: bool) -> Option<Typed> {
    let plan = plan.as_ref().ok().filter(|plan| plan.refusal().is_none())?;
    match &plan.confirmation {
        Confirmation::Type(text) => Some(Typed::new(text.as_str())),
        Confirmation::Enter => protected.then(|| Typed::new(plan.subject.as_str())),
    }
}
