//! Whether a network policy stands between a pod and a link-local address, or security groups of its own
//! (identity-resolution 3.1, 4.2). What the API server holds is one thing, what the network does with it another:
//! the answer is never a plain no.

use std::{net::IpAddr, sync::Arc};

use super::{
    admission,
    facts::Facts,
    resolve::Subject,
    trail::{Trail, reason, resting},
};
use crate::domain::{fact::Fact, identity::Verdict, network::NetworkPolicy};

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// Nothing.
    None,
    /// No policy that selects the pod allows it; one of them, by name.
    Policy(Arc<str>),
    /// Policies have not been read yet.
    Loading,
    /// Policies cannot be read; the permission that is missing.
    Unknown(Arc<str>),
}

/// What stands between a pod and TCP port 80 of an address. Pods on the host's network are not isolated.
pub fn barrier(facts: &Facts, subject: &Subject<'_>, address: IpAddr) -> Barrier {
    let policies = &facts.network_policies;
    if subject.spec.host_network {
        return Barrier::None;
    }
    match policies.state() {
        Fact::Known(()) | Fact::Absent => {}
        Fact::Loading => return Barrier::Loading,
        Fact::Unknown(failure) => return Barrier::Unknown(admission::action(failure, "list networkpolicies")),
    }
    let selects = |policy: &&NetworkPolicy| policy.pods.matches(&subject.spec.labels);
    let mut selecting = policies.of(&subject.account.namespace).iter().filter(selects).peekable();
    let first = selecting.peek().map(|policy| Arc::clone(&policy.name));
    match first {
        Some(name) if !selecting.any(|policy| policy.allows(address, 80)) => Barrier::Policy(name),
        _ => Barrier::None,
    }
}

/// Walks it as a check of the hop that was reached last: `code` names the finding, `whom` what is kept from the pod.
pub fn walk(facts: &Facts, subject: &Subject<'_>, address: IpAddr, code: &'static str, whom: &str, trail: &mut Trail) {
    const NAME: &str = "network policy";
    match barrier(facts, subject, address) {
        Barrier::None => {}
        Barrier::Loading => trail.waiting(NAME),
        Barrier::Policy(name) => {
            let policy = format!("NetworkPolicy {}/{name}", subject.account.namespace);
            let message = format!(
                "{policy} selects these pods, and no policy allows them to reach {whom} ({address}): where policies are enforced, it does not answer."
            );
            let found = resting(Some(code), message, format!("enforcement of {policy}"));
            trail.fail(Verdict::Depends, NAME, || name.to_string(), found);
        }
        Barrier::Unknown(action) => {
            let message =
                format!("Network policies cannot be read; this presumes that none keeps the pod from {whom}.");
            let mut found = reason(None, message);
            found.depends_on.push(action.to_string());
            trail.fail(Verdict::Unknown, NAME, || "cannot be read".to_owned(), found);
        }
    }
}

/// Walks security groups for pods: in strict mode all traffic leaves through an interface of the pod's own, past
/// the agent on its node (4.2).
pub fn walk_groups(facts: &Facts, subject: &Subject<'_>, trail: &mut Trail) {
    const NAME: &str = "security groups";
    if !subject.node.strict_groups || subject.spec.host_network {
        return;
    }
    match facts.security_group_policies.state() {
        Fact::Known(()) | Fact::Absent => {}
        Fact::Loading => return trail.waiting(NAME),
        Fact::Unknown(failure) => {
            let action = admission::action(failure, "list securitygrouppolicies");
            let message = "Policies of security groups cannot be read; this presumes that none selects these pods.";
            return trail.fail(
                Verdict::Unknown,
                NAME,
                || "cannot be read".to_owned(),
                resting(None, message, &*action),
            );
        }
    }
    let account = facts.service_accounts.get(subject.account);
    let none = std::collections::BTreeMap::new();
    let labels = account.known().map_or(&none, |account| &account.labels);
    let policies = facts.security_group_policies.of(&subject.account.namespace);
    let Some(policy) = policies.iter().find(|policy| policy.selects(&subject.spec.labels, labels)) else { return };
    let title = format!("SecurityGroupPolicy {}/{}", policy.namespace, policy.name);
    let message = format!(
        "{title} gives these pods security groups of their own, and aws-node does not enforce them in standard mode: calls to the agent may leave the node and never reach it."
    );
    let found = resting(Some("SG-PODS-STRICT"), message, "POD_SECURITY_GROUP_ENFORCING_MODE of aws-node");
    trail.fail(Verdict::Depends, NAME, || policy.name.to_string(), found);
}
