//! What the current pod template of an owner gives new pods (identity-resolution 0.2): where it disagrees with what
//! the running pod tells, it wins, and the difference is said. Read on demand only.

use super::{
    facts::Facts,
    join::is_counted,
    resolve::{Expected, Injector, Outcome, Subject},
    trail::reason,
};
use crate::domain::{
    id::ServiceAccountId,
    workload::{Container, PodSpec},
};

/// The service account of a template's pods, in the namespace of the pods that there are.
pub(super) fn account(today: &ServiceAccountId, template: &PodSpec) -> ServiceAccountId {
    ServiceAccountId { namespace: today.namespace.clone(), name: template.service_account.clone() }
}

/// A template, and what the webhook does to its pods.
pub(super) struct Template<'a> {
    subject: &'a Subject<'a>,
    injector: Injector<'a>,
}

impl<'a> Template<'a> {
    /// The template that a subject has for its spec.
    pub fn of(facts: &'a Facts, subject: &'a Subject<'a>) -> Self {
        Self { subject, injector: Injector::of(facts, subject) }
    }

    /// What the container of the same name will have. `None` for one that something else adds to pods.
    pub fn case(&self, container: &Container) -> Option<Expected> {
        let own = self.subject.spec.containers.iter().find(|own| own.name == container.name)?;
        Some(self.injector.fresh(own))
    }

    /// The answers of containers that only new pods will have, of those that speak for a pod.
    pub fn added(&self, pod: &PodSpec) -> Vec<Outcome> {
        let is_new = |own: &&Container| pod.containers.iter().all(|container| container.name != own.name);
        let own = self.subject.spec.containers.iter().filter(|own| is_counted(own.kind)).filter(is_new);
        own.map(|own| self.injector.next(&self.injector.fresh(own))).filter(|found| !found.loading).collect()
    }

    /// The answer by the template; `own` is the one that the running pod suggests.
    pub fn next(&self, expected: &Expected, own: &Outcome) -> Outcome {
        let mut found = self.injector.next(expected);
        if !found.loading && !own.loading && !found.identity.is_same(&own.identity) {
            let message = format!(
                "The pod template says otherwise than the running pod, and it wins: by it new pods get {}, and not {}.",
                found.identity.phrase(),
                own.identity.phrase()
            );
            found.identity.reasons.push(reason(None, message));
        }
        found
    }
}
