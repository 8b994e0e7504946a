//! What is read only because something names it: ConfigMaps of `envFrom`, pod templates of owners
//! (identity-resolution 0, 0.2). Nobody watches them, so they are asked for again now and then.

use std::sync::Arc;

use jiff::SignedDuration;
use rustc_hash::FxHashSet;

use super::{Inventory, settle::Dirty};
use crate::domain::{
    change::Change,
    fact::Fact,
    id::ServiceAccountId,
    identity::source,
    workload::{Pod, PodSpec, SourceId, WorkloadId},
};

/// A ConfigMap is asked for again after this time: a change of it reaches new pods only.
const CONFIG_MAPS_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// A template that somebody looks at is asked for again after this time.
const TEMPLATES_AFTER: SignedDuration = SignedDuration::from_mins(1);

impl Inventory {
    /// The current pod template of a workload; `None` if nobody has asked for it.
    pub fn template(&self, id: &WorkloadId) -> Option<&Fact<Arc<PodSpec>>> {
        self.facts.templates.get(id)
    }

    /// Of these workloads those whose template should be read now: it never was, or not for a while.
    pub fn unread_templates(&self, ids: impl IntoIterator<Item = WorkloadId>) -> Vec<WorkloadId> {
        let now = self.facts.now;
        let due = |id: &WorkloadId| id.kind.has_template() && self.facts.templates.is_due(id, now, TEMPLATES_AFTER);
        let mut due: Vec<WorkloadId> = ids.into_iter().filter(due).collect();
        due.sort_unstable();
        due.dedup();
        due
    }

    /// What next of a workload's pods is told by: the template of their owner, or their own environment where that was
    /// not read.
    pub fn next_told_by(&self, id: &WorkloadId) -> String {
        match self.template(id) {
            Some(Fact::Known(_)) => format!("the pod template of {id}"),
            Some(Fact::Absent) => format!("the running pod; {id} is gone or has no template"),
            Some(Fact::Unknown(failure)) => {
                let missing =
                    failure.action.as_ref().map_or_else(|| failure.why.clone(), |action| format!("ask for {action}"));
                format!("the running pod; the template of {id} cannot be read ({missing})")
            }
            Some(Fact::Loading) | None => "the running pod".to_owned(),
        }
    }

    /// The workloads that there are pods of.
    pub fn workload_ids(&self) -> impl Iterator<Item = &WorkloadId> {
        self.crew.workloads().keys()
    }

    pub(super) fn wanted_config_maps(&self) -> Vec<SourceId> {
        let mut due: Vec<SourceId> = self.facts.config_maps.due(self.facts.now, CONFIG_MAPS_AFTER).cloned().collect();
        due.sort_unstable();
        due
    }

    pub(super) fn take_asked(&mut self, change: Change, dirty: &mut Dirty) {
        let now = self.facts.now;
        match change {
            Change::ConfigMap(id, found) => {
                let changed = self.facts.config_maps.answer(id.clone(), found, now);
                dirty.visible |= changed;
                if changed {
                    self.touch_source(&id, dirty);
                }
            }
            Change::Template(id, found) => {
                if let Fact::Known(spec) = &found {
                    self.ask_for_sources(&id, spec);
                }
                if self.facts.templates.answer(id.clone(), found, now) {
                    dirty.pods.extend(self.crew.workloads().get(&id).into_iter().flatten());
                    dirty.visible = true;
                }
            }
            _ => {}
        }
    }

    fn ask_for_sources(&mut self, id: &WorkloadId, spec: &PodSpec) {
        for source in source::named(&id.namespace, spec) {
            self.facts.config_maps.ask(source);
        }
    }

    /// A new pod tells that its template, or a ConfigMap that it names, may be another one than was read.
    pub(super) fn outdate_asked(&mut self, pod: &Pod) {
        let facts = &mut self.facts;
        let is_new = |crew: &super::crew::Crew| crew.get(&pod.id).is_none();
        if (facts.templates.is_empty() && facts.config_maps.is_empty()) || !is_new(&self.crew) {
            return;
        }
        facts.templates.outdate(&pod.workload, pod.created_at);
        for source in source::named(&pod.id.namespace, &pod.spec) {
            facts.config_maps.outdate(&source, pod.created_at);
        }
    }

    /// The template that decides next of a workload's pods.
    pub(super) fn template_of(&self, id: &WorkloadId) -> Option<&Arc<PodSpec>> {
        if self.facts.templates.is_empty() { None } else { self.facts.templates.get(id)?.known() }
    }

    /// The templates that were read, with those whose pods run today.
    pub(super) fn templates(&self) -> impl Iterator<Item = (&WorkloadId, &Arc<PodSpec>)> {
        self.facts.templates.iter().filter_map(|(id, found)| Some((id, found.known()?)))
    }

    /// Whom the pods of a workload run as today.
    pub(super) fn accounts_of_workload(&self, id: &WorkloadId) -> impl Iterator<Item = ServiceAccountId> {
        let places = self.crew.workloads().get(id).map_or(&[][..], Vec::as_slice);
        self.crew.at(places).map(|entry| entry.pod.service_account())
    }

    /// Marks the pods whose template names another service account than they run as, and that one changed.
    pub(super) fn touch_renamed(&self, dirty: &mut Dirty) {
        if dirty.accounts.is_empty() {
            return;
        }
        let renamed = |(id, spec): &(&WorkloadId, &Arc<PodSpec>)| {
            dirty
                .accounts
                .contains(&ServiceAccountId { namespace: id.namespace.clone(), name: spec.service_account.clone() })
        };
        let touched: Vec<ServiceAccountId> =
            self.templates().filter(renamed).flat_map(|(id, _)| self.accounts_of_workload(id)).collect();
        dirty.accounts.extend(touched);
    }

    /// Forgets what nothing names any more.
    pub(super) fn sweep_asked(&mut self) {
        let crew = &self.crew;
        self.facts.templates.retain(|id| crew.workloads().contains_key(id));
        if self.facts.config_maps.is_empty() {
            return;
        }
        let of_pods = crew.entries().flat_map(|entry| source::named(&entry.pod.id.namespace, &entry.pod.spec));
        let of_templates = self.templates().flat_map(|(id, spec)| source::named(&id.namespace, spec));
        let named: FxHashSet<SourceId> = of_pods.chain(of_templates).collect();
        self.facts.config_maps.retain(|id| named.contains(id));
    }
}
