//! Whether a network policy stands between a pod and a link-local address, or security groups of its own
//! (identity-resolution 3.1, 4.2). What the API server holds is one thing, what the network does with it another:
//! the answer is never a plain no.

use std::sync::Arc;

use super::{
    admission,
    facts::Facts,
    resolve::Subject,
    trail::{Trail, reason, resting},
};
use crate::domain::{
    fact::Fact,
    identity::Verdict,
    network::{
        NetworkPolicy,
        foreign::{Action, Address, Caller, Word},
    },
};

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// Nothing.
    None,
    /// No policy that selects the pod allows it; one of them, by name.
    Policy(Arc<str>),
    /// A policy of another kind seems to, or one that Cilium reads in its own way: which, and why.
    Guess(String, &'static str),
    /// Policies have not been read yet.
    Loading,
    /// Policies cannot be read; the permission that is missing.
    Unknown(Arc<str>),
}

/// What stands between a pod and TCP port 80 of an address. Pods on the host's network are not isolated. The tiers
/// are asked in their order: ClusterNetworkPolicies of the administrator, NetworkPolicies with those of Cilium beside
/// them, ClusterNetworkPolicies of the baseline. Policies of other kinds that may not be read are a gap, no barrier.
pub fn barrier(facts: &Facts, subject: &Subject<'_>, address: Address) -> Barrier {
    if subject.spec.host_network {
        return Barrier::None;
    }
    match facts.network_policies.state() {
        Fact::Known(()) | Fact::Absent => {}
        Fact::Loading => return Barrier::Loading,
        Fact::Unknown(failure) => return Barrier::Unknown(admission::action(failure, "list networkpolicies")),
    }
    if !facts.foreign_policies.is_answered() {
        return Barrier::Loading;
    }
    let (namespace, account) = (&subject.account.namespace, subject.account.name.as_str());
    let caller = Caller { namespace, account, labels: &subject.spec.labels };
    match facts.foreign_policies.of_tier(false, caller, address) {
        Some((Action::Accept, _)) => Barrier::None,
        Some((Action::Deny, policy)) => Barrier::Guess(policy.title(), DENIES),
        Some((Action::Pass, _)) | None => by_namespace(facts, caller, address),
    }
}

const DENIES: &str = "it denies that address";

/// What the policies of the pod's namespace and of Cilium say, and the baseline where none of them does.
fn by_namespace(facts: &Facts, caller: Caller<'_>, address: Address) -> Barrier {
    let selects = |policy: &&NetworkPolicy| policy.pods.matches(caller.labels);
    let selecting: Vec<&NetworkPolicy> = facts.network_policies.of(caller.namespace).iter().filter(selects).collect();
    let allowed = selecting.iter().any(|policy| policy.allows(address.ip, 80));
    // Address blocks never match the host in Cilium.
    let allowed_by_cilium =
        if address.of_host { selecting.iter().any(|policy| policy.allows_everywhere(80)) } else { allowed };
    match (facts.foreign_policies.of_cilium(caller, address), selecting.first()) {
        (Word::Denied(policy), _) => Barrier::Guess(policy.title(), DENIES),
        (Word::Allowed, _) => Barrier::None,
        (Word::Isolated(_), _) if allowed_by_cilium => Barrier::None,
        (Word::Isolated(policy), _) if address.of_host => Barrier::Guess(policy.title(), NO_HOST),
        (Word::Isolated(policy), _) => {
            Barrier::Guess(policy.title(), "it selects them, and no policy allows that address")
        }
        (Word::Nothing, Some(policy)) if !allowed => Barrier::Policy(Arc::clone(&policy.name)),
        (Word::Nothing, Some(policy)) if facts.foreign_policies.has_cilium() && !allowed_by_cilium => {
            Barrier::Guess(format!("NetworkPolicy {}/{}", policy.namespace, policy.name), BLOCKS)
        }
        (Word::Nothing, Some(_)) => Barrier::None,
        (Word::Nothing, None) => match facts.foreign_policies.of_tier(true, caller, address) {
            Some((Action::Deny, policy)) => Barrier::Guess(policy.title(), DENIES),
            _ => Barrier::None,
        },
    }
}

const NO_HOST: &str = "it selects them, and no policy allows the host, where the agent answers (toEntities: host)";
const BLOCKS: &str = "there are policies of Cilium here, whose network never matches the host, where the agent answers, by an \
                      address block; a CiliumNetworkPolicy with toEntities: host would allow it";

/// Walks it as a check of the hop that was reached last: `code` names the finding, `whom` what is kept from the pod.
pub fn walk(facts: &Facts, subject: &Subject<'_>, address: Address, code: &'static str, whom: &str, trail: &mut Trail) {
    const NAME: &str = "network policy";
    let ip = address.ip;
    match barrier(facts, subject, address) {
        Barrier::None => {}
        Barrier::Loading => trail.waiting(NAME),
        Barrier::Policy(name) => {
            let policy = format!("NetworkPolicy {}/{name}", subject.account.namespace);
            let message = format!(
                "{policy} selects these pods, and no policy allows them to reach {whom} ({ip}): where policies are enforced, it does not answer."
            );
            let found = resting(Some(code), message, format!("enforcement of {policy}"));
            trail.fail(Verdict::Depends, NAME, || name.to_string(), found);
        }
        Barrier::Guess(policy, why) => {
            let message = format!(
                "{policy} may keep these pods from {whom} ({ip}): {why}. This is a guess; what the network does cannot be seen."
            );
            let found = resting(Some(code), message, format!("enforcement of {policy}"));
            trail.fail(Verdict::Depends, NAME, || format!("maybe {policy}"), found);
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
