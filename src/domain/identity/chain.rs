//! The identity chain of a pod or a service account, as the screen draws it: hop by hop, with the
//! first check that fails marked and nothing after it reached.

use super::{
    environment::Settings,
    facts::Facts,
    injection::Supposed,
    node_role::NodeFacts,
    resolve::{Injector, Moment, Subject, with_plain},
    source,
    trail::Trail,
};
use crate::domain::{
    id::ServiceAccountId,
    identity::Hop,
    workload::{Container, ContainerKind},
};

/// The chain of the container that is worst off now: what the running pod uses.
pub fn of_pod(facts: &Facts, subject: &Subject<'_>) -> Vec<Hop> {
    let injector = Injector::of(facts, subject);
    let walk = |container: &Container| {
        let settings = Settings::of(container, subject.spec);
        let settings = source::filled(settings, facts, &subject.account.namespace, container, subject.spec);
        injector.walk(&settings, Moment::Now, None, Trail::recording())
    };
    let ephemeral = |container: &&Container| container.kind != ContainerKind::Ephemeral;
    let walks = subject.spec.containers.iter().filter(ephemeral).map(|container| (container.kind, walk(container)));
    // Of equals the first normal container stands for the pod.
    let rank = |kind: ContainerKind| if kind == ContainerKind::Container { 0 } else { 1 };
    let worst = walks.min_by_key(|(kind, (outcome, _))| (std::cmp::Reverse(outcome.identity.verdict), rank(*kind)));
    worst.map(|(_, (_, trail))| trail.into_hops()).unwrap_or_default()
}

/// The chain of what a plain container of a new pod would get.
pub fn of_service_account(facts: &Facts, account: &ServiceAccountId, node: &NodeFacts) -> Vec<Hop> {
    with_plain(facts, account, node, Supposed::Live, Trail::recording()).1.into_hops()
}
