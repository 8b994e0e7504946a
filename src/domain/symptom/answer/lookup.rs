//! Whom a text is about: by the name of the session first, then by the subject, the role, and last by
//! who fails in this way now.

use super::{Found, How};
use crate::domain::{
    arn::Arn,
    id::{AccountId, PodId, RoleArn, RoleName},
    identity::{Identity, Mechanism, admission::short},
    inventory::Inventory,
    role::Role,
    symptom::{Principal, SessionKind, Symptom},
    trust::PrincipalKind,
};

/// What was found, how, and what there is to say about it.
#[derive(Default)]
pub(super) struct Lookup {
    pub(super) found: Vec<Found>,
    pub(super) how: How,
    pub(super) notes: Vec<String>,
}

/// Longest session name of STS; EKS cuts its own there (identity-resolution 4.5).
const CUT: usize = 64;
/// Names in one sentence.
const MOST: usize = 5;

pub(super) fn lookup(symptom: &Symptom, inventory: &Inventory, log_of: Option<&Found>) -> Lookup {
    let mut lookup = Lookup::default();
    if let Some(principal) = &symptom.principal {
        lookup.by_session(principal, inventory);
    }
    if lookup.found.is_empty()
        && let Some(account) = &symptom.service_account
    {
        lookup.settle(How::Subject, vec![Found::ServiceAccount(account.clone())]);
        lookup.notes.push(format!("The text names service account {account}."));
    }
    if lookup.found.is_empty() {
        lookup.by_role(symptom, inventory);
    }
    if lookup.found.is_empty() {
        lookup.notes.extend(symptom.principal.as_ref().and_then(|principal| elsewhere(principal, inventory)));
    }
    if lookup.found.is_empty()
        && let Some(found) = log_of
    {
        lookup.settle(How::Log, vec![found.clone()]);
        lookup.notes.push(format!("The text names nobody here; it is from the log of {} {found}.", found.word()));
    }
    if lookup.found.is_empty() && symptom.principal.is_none() && symptom.role_arn.is_none() {
        lookup.by_failure(symptom, inventory);
    }
    lookup
}

/// The account of a principal that is not the cluster's: pods may still use its role, by IRSA or as a target role.
fn foreign<'a>(principal: &'a Principal, inventory: &Inventory) -> Option<(&'a AccountId, AccountId)> {
    let theirs = principal.account.as_ref()?;
    let ours = inventory.cluster().known().map(|cluster| cluster.account())?;
    (*theirs != ours).then_some((theirs, ours))
}

fn elsewhere(principal: &Principal, inventory: &Inventory) -> Option<String> {
    foreign(principal, inventory).map(|(theirs, ours)| {
        format!("The call was made in account {theirs}; this cluster is in {ours}: another cluster, or a role assumed further.")
    })
}

impl Lookup {
    fn settle(&mut self, how: How, found: Vec<Found>) {
        if !found.is_empty() {
            (self.how, self.found) = (how, found);
        }
    }

    fn by_session(&mut self, principal: &Principal, inventory: &Inventory) {
        let Some(session) = &principal.session else { return };
        match principal.session_kind() {
            Some(SessionKind::PodIdentity) => self.by_pod_session(session, principal, inventory),
            Some(SessionKind::Instance) => self.by_instance(session, inventory),
            Some(SessionKind::Sdk) => {
                self.notes.push("An SDK made up the session name: it tells only the role.".to_owned())
            }
            Some(SessionKind::Chosen) => self
                .notes
                .push("The session name was chosen by a person or by the application: it leads to no pod.".to_owned()),
            None => {}
        }
    }

    fn by_pod_session(&mut self, session: &str, principal: &Principal, inventory: &Inventory) {
        let Some(cluster) = inventory.cluster().known().map(|cluster| cluster.name.clone()) else {
            return self
                .notes
                .push("The name of the cluster is unknown, so the session name cannot be read.".to_owned());
        };
        let start = format!("eks-{cluster}-");
        if !could_begin(session, &start) {
            return self
                .notes
                .push(format!("The session is of a pod in another cluster: its name is not of {cluster}."));
        }
        let mut pods = inventory.pods_where(|pod| is_session_of(session, &start, pod.id.name.as_str()));
        if pods.len() > 1 || foreign(principal, inventory).is_some() {
            pods = of_role(pods, principal, inventory);
        }
        match pods.as_slice() {
            [] => self
                .notes
                .push("No pod of this cluster has that name: it was deleted, or is in another cluster.".to_owned()),
            [pod] => self.notes.push(format!("The session name leads to pod {pod}.")),
            many => self.notes.push(format!("The session name is cut: {} pods fit it.", many.len())),
        }
        self.settle(How::Session, pods.into_iter().map(Found::Pod).collect());
    }

    fn by_instance(&mut self, instance: &str, inventory: &Inventory) {
        let Some(node) = inventory.node_of_instance(instance) else {
            return self.notes.push(format!(
                "No node of this cluster is instance {instance}: it is gone, or belongs to another cluster."
            ));
        };
        let pods = inventory.pods_on_role_of(&node);
        self.notes.push(match pods.as_slice() {
            [] => format!("No pod on node {node} uses the role of the node now."),
            pods => format!("On node {node} the role of the node is used by {}.", listed(pods)),
        });
        self.settle(How::Instance, vec![Found::Node(node)]);
    }

    fn by_role(&mut self, symptom: &Symptom, inventory: &Inventory) {
        let named = symptom.role_arn.as_ref().filter(|_| symptom.principal.is_none());
        let named = named.and_then(|arn| Arn::role(arn).ok()).and_then(|arn| arn.role_name());
        let Some(name) = symptom.principal.as_ref().and_then(|principal| principal.role.clone()).or(named) else {
            return;
        };
        let owner = symptom.principal.as_ref().and_then(|principal| principal.account.as_ref());
        let accounts = inventory.accounts_of_role(&name, owner);
        if !accounts.is_empty() {
            self.notes.push(format!("Role {name} is used by {}.", listed(&accounts)));
            return self.settle(How::Role, accounts.into_iter().map(Found::ServiceAccount).collect());
        }
        let is_it = |role: &&Role| role.name == name && owner.is_none_or(|owner| role.arn.account() == *owner);
        let Some(role) = inventory.known_roles().find(is_it) else {
            return self.notes.push(format!("Role {name} is not known here."));
        };
        self.notes.push(format!("Nothing in this cluster uses role {name} as its own."));
        self.notes.extend(assumed_further(role, inventory));
        self.settle(How::Role, vec![Found::Role(role.arn.as_str().into())]);
    }

    fn by_failure(&mut self, symptom: &Symptom, inventory: &Inventory) {
        let cause = symptom.cause;
        let unset = ["no-credentials", "imds-timeout"].contains(&cause.word);
        let by = match cause.action {
            Some("sts:AssumeRoleWithWebIdentity") => Some(Mechanism::Irsa),
            Some("eks-auth:AssumeRoleForPodIdentity") => Some(Mechanism::PodIdentity),
            _ => None,
        };
        let fits = |identity: &Identity| {
            let code = identity.why().and_then(|reason| reason.code);
            let same = code.is_some_and(|code| cause.codes.contains(&code));
            (unset && identity.mechanism == Mechanism::None) || (same && by.is_none_or(|by| by == identity.mechanism))
        };
        let pods = inventory.suspects(fits);
        if pods.is_empty() {
            return self
                .notes
                .push("The text names no principal, and no workload here fails in this way now.".to_owned());
        }
        self.notes.push(format!("The text names no principal; in this way fails now: {}.", listed(&pods)));
        self.settle(How::Suspects, pods.into_iter().map(Found::Pod).collect());
    }
}

/// Whether a session name may begin with a text, cut or not.
fn could_begin(session: &str, start: &str) -> bool {
    session.starts_with(start) || (session.len() >= CUT && start.starts_with(session))
}

/// `eks-CLUSTER-POD-UUID` cut to 64 characters: the UUID may be cut, or the pod's name itself.
pub(super) fn is_session_of(session: &str, start: &str, pod: &str) -> bool {
    let Some(rest) = session.strip_prefix(start) else { return session.len() >= CUT };
    let whole = session.len() < CUT;
    match rest.strip_prefix(pod) {
        Some("") => true,
        Some(after) => after.strip_prefix('-').is_some_and(|id| is_uuid(id, whole)),
        None => !whole && (pod.starts_with(rest) || rest.strip_suffix('-').is_some_and(|rest| pod == rest)),
    }
}

/// The beginning of a UUID, or a whole one.
fn is_uuid(text: &str, whole: bool) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (if whole { text.len() == 36 } else { text.len() <= 36 }) && text.bytes().enumerate().all(fits)
}

/// Of pods that fit a name those that use the role. If none does, the role tells nothing, unless its account is
/// another: then another cluster of this name is meant.
fn of_role(pods: Vec<PodId>, principal: &Principal, inventory: &Inventory) -> Vec<PodId> {
    let Some(role) = &principal.role else { return pods };
    let abroad = foreign(principal, inventory).map(|(theirs, _)| theirs);
    let is_it = |arn: &RoleArn| {
        let owner = |owner: &AccountId| Arn::role(arn.as_str()).is_ok_and(|arn| arn.account() == *owner);
        short(arn) == role.as_str() && abroad.is_none_or(owner)
    };
    let uses = |id: &&PodId| {
        let containers = inventory.resolution(id).into_iter().flat_map(|found| &found.containers);
        let mut arns = containers.flat_map(|it| [it.now.role_arn.as_ref(), it.now.target_role_arn.as_ref()]);
        arns.any(|arn| arn.is_some_and(is_it))
    };
    let fitting: Vec<PodId> = pods.iter().filter(uses).cloned().collect();
    if fitting.is_empty() && abroad.is_none() { pods } else { fitting }
}

/// A role that nothing here uses may be one that an application assumes: its trust policy names the first.
fn assumed_further(role: &Role, inventory: &Inventory) -> Vec<String> {
    let statements = role.trust.document.iter().flat_map(|document| document.statements());
    let admitted = statements.flat_map(|one| &one.principals).filter(|one| one.kind == PrincipalKind::Aws);
    let names = admitted.filter_map(|one| Arn::role(&one.value).ok()?.role_name());
    let note = |first: RoleName| {
        let accounts = inventory.accounts_of_role(&first, None);
        let users = (!accounts.is_empty()).then(|| listed(&accounts))?;
        Some(format!("Its trust policy admits role {first}, which {users} uses: the application assumes it further."))
    };
    names.filter_map(note).collect()
}

/// `a, b, c and 4 more`.
fn listed(names: &[impl std::fmt::Display]) -> String {
    let shown: Vec<String> = names.iter().take(MOST).map(ToString::to_string).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
