//! What a proof would do, said before it is done; and why there is nothing to prove.

use std::sync::Arc;

use super::{CALLS, Proof, Proven, Way, expected};
use crate::domain::{
    failure::{Failure, FailureKind},
    id::{ClusterName, Namespace, PodId, Region, RoleArn, ServiceAccountId},
    identity::{
        Identity, Mechanism, Verdict,
        admission::short,
        environment::{Settings, Token},
        injection::DEFAULT_AUDIENCE,
    },
    inventory::Inventory,
    workload::{Phase, Pod},
};

/// Of whom a proof is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// What a pod is now.
    Pod(PodId),
    /// What a new pod of a service account would be.
    ServiceAccount(ServiceAccountId),
}

/// One proof, ready to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// Whose identity.
    pub account: ServiceAccountId,
    /// By which calls.
    pub way: Way,
    /// The identity as the facts have it.
    pub identity: Arc<Identity>,
    /// What the facts say of the links that a proof tries.
    pub expected: Verdict,
    /// The cluster that EKS Auth is asked for.
    pub cluster: ClusterName,
    /// The region whose endpoints are asked.
    pub region: Region,
    /// `rolecall-<operator>`: by it CloudTrail shows who proved.
    pub session_name: String,
}

impl std::fmt::Display for Whom {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pod(id) => id.fmt(out),
            Self::ServiceAccount(id) => id.fmt(out),
        }
    }
}

fn cannot(whom: &Whom, kind: FailureKind, why: impl Into<String>, next: impl Into<String>) -> Failure {
    Failure::new(kind, format!("cannot prove {whom}"), why, next)
}

/// What proving somebody would do.
///
/// # Errors
/// `NotFound` if there is no such pod or account, or no running pod that a token could be bound to; `Invalid` where no
/// call proves the identity, with what can be shown instead; `Usage` while the cluster is not known.
pub fn intend(inventory: &Inventory, whom: &Whom) -> Result<Intent, Failure> {
    let (account, identity, chain) = match whom {
        Whom::Pod(id) => {
            let pod = inventory.pod(id).ok_or_else(|| missing(whom, "pods"))?;
            let resolution = inventory.resolution(id).ok_or_else(|| missing(whom, "pods"))?;
            (pod.service_account(), Arc::clone(&resolution.now), inventory.chain(id))
        }
        Whom::ServiceAccount(id) => {
            let next = Arc::new(inventory.next_of(id));
            (id.clone(), next, inventory.chain_of_service_account(id))
        }
    };
    let Some(cluster) = inventory.cluster().known() else {
        return Err(cannot(whom, FailureKind::Usage, "the cluster is not known to AWS yet", "Wait until it was read"));
    };
    let way = way(inventory, whom, &account, &identity)?;
    Ok(Intent {
        expected: expected(identity.mechanism, &chain),
        account,
        way,
        identity,
        cluster: cluster.name.clone(),
        region: cluster.arn.region(),
        session_name: session_name(inventory.caller().known().map(|caller| &*caller.arn)),
    })
}

fn missing(whom: &Whom, kind: &str) -> Failure {
    let next = format!("`rolecall get {kind}` shows what there is");
    cannot(whom, FailureKind::NotFound, "nothing of this name is in the cluster", next)
}

fn way(inventory: &Inventory, whom: &Whom, account: &ServiceAccountId, identity: &Identity) -> Result<Way, Failure> {
    let no = |why: String, next: &str| Err(cannot(whom, FailureKind::Invalid, why, next));
    match (identity.mechanism, &identity.role_arn) {
        (Mechanism::Irsa, Some(role)) => {
            Ok(Way::WebIdentity { role: role.clone(), audience: audience(inventory, whom, account) })
        }
        (Mechanism::Irsa, None) => {
            no("the role it asks for cannot be read from here".into(), "Look at its environment")
        }
        (Mechanism::PodIdentity, _) => bound(inventory, whom, account),
        (Mechanism::NodeRole, role) => {
            let role = role.as_ref().map_or_else(|| "the role of its node".to_owned(), short);
            let why = format!("it uses {role}, and no call from here asks instance metadata as it does");
            no(why, "`rolecall explain` shows instance profile, metadata options and what the role may do")
        }
        (Mechanism::Mixed, _) => {
            no("its containers have different identities".into(), "Prove its service account instead")
        }
        (Mechanism::None, _) => no("it has no identity that could be proven".into(), "Associate or annotate it first"),
        (Mechanism::Unknown, _) => {
            no("its identity is not known".into(), "`rolecall doctor` shows what cannot be read")
        }
        (other, _) => no(format!("its credentials are {}: they are its own", other.word()), "Look at its environment"),
    }
}

/// The audience of the token that the pod has; of a new pod, the one that the webhook would ask for.
fn audience(inventory: &Inventory, whom: &Whom, account: &ServiceAccountId) -> Arc<str> {
    let of_container = |pod: &Pod| {
        let tokens = pod.spec.containers.iter().map(|container| Settings::of(container, &pod.spec).token);
        let mut projected = tokens.filter_map(|token| match token {
            Token::Projected(audience) | Token::SubPath(audience) => audience,
            Token::Missing | Token::Unseen => None,
        });
        projected.next()
    };
    let own = match whom {
        Whom::Pod(id) => inventory.pod(id).and_then(of_container),
        Whom::ServiceAccount(_) => None,
    };
    if let Some(audience) = own {
        return audience;
    }
    let annotated = inventory.service_account(account).and_then(|account| account.audience.clone());
    annotated.unwrap_or_else(|| DEFAULT_AUDIENCE.into())
}

/// EKS Auth takes only tokens that are bound to a pod, and the API server binds them only to one that runs as the
/// account; any will do, since the association is found by namespace and name (6.2).
fn bound(inventory: &Inventory, whom: &Whom, account: &ServiceAccountId) -> Result<Way, Failure> {
    let runs = |pod: &&Pod| pod.phase == Phase::Running && !pod.terminating;
    let named = match whom {
        Whom::Pod(id) => inventory.pod(id).filter(runs),
        Whom::ServiceAccount(_) => None,
    };
    let rows = inventory.pods_of_service_account(account);
    let mut pods: Vec<&Pod> = rows.iter().filter_map(|row| inventory.pod(&row.id)).filter(runs).collect();
    pods.sort_by_key(|pod| (!pod.ready, pod.id.name.clone()));
    let pod = named.or(pods.first().copied()).ok_or_else(|| {
        let why = format!("no pod of {account} runs, and EKS takes only a token that is bound to one");
        cannot(whom, FailureKind::NotFound, why, "Start a pod that runs as it, then prove again")
    })?;
    Ok(Way::PodIdentity { pod: pod.id.clone(), uid: pod.uid.clone() })
}

/// What can be proven of a namespace, account by account, and how many cannot.
pub fn namespace(inventory: &Inventory, name: &Namespace) -> (Vec<Intent>, usize) {
    let rows = inventory.service_accounts();
    let mut accounts: Vec<_> = rows.into_iter().map(|row| row.id).filter(|id| id.namespace == *name).collect();
    accounts.sort();
    let all = accounts.len();
    let intents: Vec<Intent> =
        accounts.into_iter().filter_map(|id| intend(inventory, &Whom::ServiceAccount(id)).ok()).collect();
    let left = all - intents.len();
    (intents, left)
}

/// What proofs are confirmed for: the context, else the cluster's name.
pub fn place(inventory: &Inventory) -> String {
    let target = inventory.target();
    let cluster = || inventory.cluster().known().map(|cluster| cluster.name.to_string());
    let named = || target.cluster.as_ref().map(ToString::to_string);
    target.context.clone().or_else(cluster).or_else(named).unwrap_or_else(|| "this cluster".to_owned())
}

/// Longest session name of STS.
const LONGEST: usize = 64;

/// `rolecall-<operator>`, of the characters that a session name may have: the last word of the caller's ARN.
pub fn session_name(caller: Option<&str>) -> String {
    let operator = caller.and_then(|arn| arn.rsplit('/').next()).unwrap_or("unknown");
    let legal = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    format!("rolecall-{operator}").chars().map(legal).take(LONGEST).collect()
}

impl Intent {
    /// What it will do, call by call, and what that leaves behind: said before anything is asked.
    pub fn says(&self) -> Vec<String> {
        let Self { account, cluster, region, session_name, .. } = self;
        let (namespace, name) = (&account.namespace, &account.name);
        let mut lines = match &self.way {
            Way::WebIdentity { role, audience } => vec![
                format!("Ask the API server for a token of {account} for {audience}, good for 10 minutes."),
                format!("Exchange it at STS in {region} for a session of {role}, of 15 minutes, named {session_name}."),
                format!(
                    "Needs `create serviceaccounts/token` on {namespace}/{name}; STS asks for no permission of yours."
                ),
            ],
            Way::PodIdentity { pod, .. } => vec![
                format!("Ask the API server for a token of {account} that is bound to pod {pod}, good for 10 minutes."),
                format!(
                    "Exchange it at EKS Auth in {region} for the session that the pod would get in cluster {cluster}."
                ),
                format!(
                    "Needs `create serviceaccounts/token` on {namespace}/{name} and eks-auth:AssumeRoleForPodIdentity on the cluster."
                ),
            ],
        };
        lines.push(warning());
        lines
    }

    pub(super) fn proof(&self, proven: Proven) -> Proof {
        let Self { account, identity, expected, .. } = self;
        Proof { account: account.clone(), identity: Arc::clone(identity), expected: *expected, proven }
    }

    /// The role that it asks for.
    pub fn role(&self) -> Option<&RoleArn> {
        super::wanted_role(&self.identity)
    }
}

/// What every proof does to the world.
fn warning() -> String {
    "Real credentials are made for a moment and dropped unread; CloudTrail and the audit log show it, and security teams alert on it."
        .to_owned()
}

/// What proving many will do.
pub fn says_of_many(intents: &[Intent], left: usize, pace: u32) -> Vec<String> {
    let by = |irsa: bool| intents.iter().filter(|one| matches!(one.way, Way::WebIdentity { .. }) == irsa).count();
    let calls = intents.len() * CALLS;
    let mut lines = vec![
        format!("Prove {} service accounts: {} by STS, {} by EKS Auth.", intents.len(), by(true), by(false)),
        format!("{calls} calls, at most {pace} a second."),
        "Needs `create serviceaccounts/token` on each, and eks-auth:AssumeRoleForPodIdentity on the cluster."
            .to_owned(),
    ];
    if left > 0 {
        lines.push(format!("{left} more have nothing that a call could prove."));
    }
    lines.push(warning());
    lines
}
