//! Checks that several plans share (identity-resolution 4.4, 4.6). A missing permission makes a
//! check unknown, never failed.

use super::{Precondition, affected::Pods, affected::role_name};
use crate::domain::{
    arn::Arn,
    cluster::Cluster,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{AccountId, ClusterName, RoleArn, ServiceAccountId},
    inventory::{AgentState, Inventory},
    node::NodeKind,
    permission::Permission,
    trust::{Decision, Verdict},
};

/// The name by which AWS knows the cluster.
pub(super) fn cluster_name(inventory: &Inventory) -> Result<ClusterName, Failure> {
    let known = inventory.cluster().known().map(|cluster| cluster.name.clone());
    known.or_else(|| inventory.target().cluster.clone()).ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            "cannot plan this change",
            "the context does not say which EKS cluster it is",
            "Name it with --cluster and --region",
        )
    })
}

/// Refuses bad input with the rule that it breaks.
pub(super) fn usage(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Usage, what, why, next)
}

/// The cluster's account, as far as it is known.
pub(super) fn home(inventory: &Inventory) -> Option<AccountId> {
    let known = inventory.cluster().known().map(|cluster| cluster.account());
    known.or_else(|| inventory.target().account.clone())
}

/// The OIDC provider that IRSA needs in the cluster's account, and the audience it must accept.
pub(super) fn provider(inventory: &Inventory) -> Precondition {
    let what = "the account has the cluster's OIDC provider";
    match inventory.provider() {
        Fact::Known(provider) => Precondition::advisory(what, Some(true), provider.arn.to_string()),
        Fact::Absent => {
            let detail = "it has none for the cluster's issuer: STS refuses every token until it is created";
            Precondition::advisory(what, Some(false), detail)
        }
        Fact::Loading => Precondition::advisory(what, None, "not read yet"),
        Fact::Unknown(failure) => Precondition::advisory(what, None, format!("{}: {}", failure.what, failure.why)),
    }
}

/// A role ARN of the cluster's partition.
pub(super) fn role_arn(inventory: &Inventory, arn: &RoleArn) -> Result<Arn, Failure> {
    let role = Arn::role(arn.as_str()).map_err(|error| {
        usage("this role cannot be used", error.to_string(), "Give the role's full ARN, or its name")
    })?;
    match inventory.cluster().known() {
        Some(cluster) if cluster.arn.partition() != role.partition() => Err(usage(
            format!("{role} cannot be used in this cluster"),
            format!("the role is in partition {}, the cluster in {}", role.partition(), cluster.arn.partition()),
            "Choose a role of the cluster's partition",
        )),
        _ => Ok(role),
    }
}

/// Namespace and name as Kubernetes allows them; nothing else can ever exist.
pub(super) fn possible(service_account: &ServiceAccountId) -> Result<(), Failure> {
    let (namespace, name) = (service_account.namespace.as_str(), service_account.name.as_str());
    let label = |text: &str| {
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        edge(text.as_bytes().first()) && edge(text.as_bytes().last()) && text.bytes().all(inner)
    };
    if namespace.len() > 63 || !label(namespace) {
        let why = "a namespace is at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit";
        return Err(usage(format!("`{namespace}` cannot be a namespace"), why, "Write NAMESPACE/NAME"));
    }
    if name.len() > 253 || !name.split('.').all(label) {
        let why = "the name of a service account is at most 253 of a-z, 0-9, - and ., each part beginning and ending \
                   with a letter or digit";
        return Err(usage(format!("`{name}` cannot be a service account"), why, "Write NAMESPACE/NAME"));
    }
    Ok(())
}

/// The credentials belong to the cluster's account, and the context is that cluster.
pub(super) fn account(inventory: &Inventory) -> Precondition {
    let what = "credentials belong to the cluster's account";
    if let Some(mismatch) = inventory.mismatch() {
        return Precondition::required(what, Some(false), format!("{}: {}", mismatch.what, mismatch.why));
    }
    match (inventory.caller(), inventory.cluster()) {
        (Fact::Known(caller), Fact::Known(_)) => {
            Precondition::required(what, Some(true), format!("{}, {}", caller.short(), caller.account))
        }
        (Fact::Unknown(failure), _) | (_, Fact::Unknown(failure)) => {
            Precondition::required(what, None, format!("{}: {}", failure.what, failure.why))
        }
        _ => Precondition::required(what, None, "not read yet"),
    }
}

/// The role exists.
pub(super) fn role_exists(inventory: &Inventory, arn: &RoleArn) -> Precondition {
    let what = format!("role {} exists", role_name(arn));
    match inventory.role(arn) {
        Fact::Known(role) => Precondition::required(what, Some(true), format!("in account {}", role.arn.account())),
        Fact::Absent => {
            Precondition::required(what, Some(false), format!("IAM knew no {arn} when roles were last read"))
        }
        Fact::Loading => Precondition::required(what, None, "not read yet"),
        Fact::Unknown(failure) => Precondition::required(what, None, format!("{}: {}", failure.what, failure.why)),
    }
}

/// A trust decision as a check.
pub(super) fn trust(what: String, decision: Option<&Decision>) -> Precondition {
    let Some(decision) = decision else {
        return Precondition::required(what, None, "the trust policy could not be read");
    };
    let detail = match &decision.hint {
        Some(hint) => format!("{} {hint}", decision.reason),
        None => decision.reason.clone(),
    };
    let ok = match decision.verdict {
        Verdict::Allow => Some(true),
        Verdict::Deny { .. } => Some(false),
        Verdict::Depends(_) | Verdict::Invalid => None,
    };
    Precondition::required(what, ok, detail)
}

/// The agent runs on the nodes of these pods; without pods, anywhere.
pub(super) fn agent(inventory: &Inventory, pods: &Pods) -> Precondition {
    let what = "the Pod Identity agent runs where the pods do";
    let nodes = pods.nodes();
    let state = inventory.agent();
    if state == AgentState::Missing {
        // With pods, every one of them would lose what it has at its next restart.
        let detail = "it runs on no node: install the add-on eks-pod-identity-agent first";
        return Precondition { required: pods.count() > 0, ..Precondition::advisory(what, Some(false), detail) };
    }
    if nodes.is_empty() {
        return agent_anywhere(what, state);
    }
    let on = |wanted: &[&str]| nodes.iter().filter(|node| wanted.contains(&inventory.agent_on(node))).count();
    let (ready, missing) = (on(&["ready", "built-in"]), on(&["missing"]));
    let detail = format!("ready on {ready} of {} nodes that these pods use", nodes.len());
    let ok = match (ready, missing) {
        (_, 1..) => Some(false),
        (ready, _) if ready == nodes.len() => Some(true),
        _ => None,
    };
    Precondition::advisory(what, ok, detail)
}

fn agent_anywhere(what: &str, state: AgentState) -> Precondition {
    match state {
        AgentState::BuiltIn => Precondition::advisory(what, Some(true), "built into the nodes of EKS Auto Mode"),
        AgentState::Ready { nodes, of } => {
            Precondition::advisory(what, Some(nodes > 0), format!("ready on {nodes} of {of} nodes"))
        }
        AgentState::Missing => Precondition::advisory(what, Some(false), "it runs on no node"),
        AgentState::Unknown => Precondition::advisory(what, None, "its pods cannot be seen"),
    }
}

/// Pod Identity exists only on Linux, on EC2 and hybrid nodes (4.4): others would start with nothing.
pub(super) fn supported_nodes(inventory: &Inventory, pods: &Pods) -> Precondition {
    let what = "no pod runs on Fargate or Windows";
    let fargate: std::collections::BTreeSet<_> =
        inventory.nodes().into_iter().filter(|node| node.kind == NodeKind::Fargate).map(|node| node.name).collect();
    let on_fargate = pods.iter().filter(|pod| pod.node.as_ref().is_some_and(|node| fargate.contains(node))).count();
    let windows = |pod: &&crate::domain::row::PodRow| inventory.pod(&pod.id).is_some_and(|pod| pod.spec.windows);
    let on_windows = pods.iter().filter(windows).count();
    match (on_fargate, on_windows) {
        (0, 0) if pods.count() == 0 => Precondition::required(what, Some(true), "it has no pods now"),
        (0, 0) => Precondition::required(what, Some(true), format!("{} pods, none there", pods.count())),
        (0, _) => Precondition::required(what, Some(false), format!("{on_windows} on Windows: keep IRSA for them")),
        _ => {
            let advice = "give them a service account of their own, with IRSA: the association would win there too";
            Precondition::required(what, Some(false), format!("{on_fargate} on Fargate: {advice}"))
        }
    }
}

/// Platform versions since which Pod Identity exists, by Kubernetes minor (4.4); later minors all have it.
const PLATFORMS: [(u32, u32); 8] = [(24, 13), (25, 10), (26, 9), (27, 8), (28, 4), (29, 1), (30, 2), (31, 4)];

/// The cluster knows Pod Identity at all; `None` where it does not need saying.
pub(super) fn platform(cluster: &Cluster) -> Option<Precondition> {
    let minor: u32 = cluster.version.strip_prefix("1.")?.parse().ok()?;
    let wanted = PLATFORMS.iter().find(|(known, _)| *known == minor).map(|(_, platform)| *platform);
    if minor > 31 || (wanted.is_none() && minor >= 24) {
        return None;
    }
    let have = cluster.platform_version.as_deref().and_then(|text| text.strip_prefix("eks.")?.parse::<u32>().ok());
    let ok = match (wanted, have) {
        (None, _) => Some(false),
        (Some(wanted), Some(have)) => Some(have >= wanted),
        (Some(_), None) => None,
    };
    let found = format!("{} {}", cluster.version, cluster.platform_version.as_deref().unwrap_or("platform unknown"));
    let need = wanted.map_or("1.24 eks.13".to_owned(), |wanted| format!("1.{minor} eks.{wanted}"));
    Some(Precondition::required("the cluster supports Pod Identity", ok, format!("{found}; needs {need}")))
}

/// Who associates a role hands it to EKS (4.4).
pub(super) fn pass_role(inventory: &Inventory, role: &RoleArn) -> Precondition {
    let rule = "EKS asks for it, with iam:PassedToService pods.eks.amazonaws.com, and refuses the call without it";
    caller_may(inventory, "iam:PassRole", role.as_str(), role_name(role), rule)
}

/// Whether the policies of the caller's own role allow a call on an ARN: as far as it can be known, since
/// organizations, session policies and permission sets may still take it away.
pub(super) fn caller_may(inventory: &Inventory, action: &str, resource: &str, shown: &str, rule: &str) -> Precondition {
    let what = format!("the caller may {action} on {shown}");
    let Some(caller) = inventory.caller_role() else { return permission(action, shown, rule) };
    let name = role_name(&caller);
    match inventory.permission(&caller, action, resource) {
        Permission::Allowed(by) => {
            let detail = format!("{by} of {name} allows it; an organization's policy could still deny it");
            Precondition::advisory(what, Some(true), detail)
        }
        Permission::Denied(by) => {
            Precondition::advisory(what, Some(false), format!("{by} of {name} denies it; {rule}"))
        }
        _ => permission(action, shown, rule),
    }
}

/// A permission that nobody can ask for.
pub(super) fn permission(action: &str, resource: &str, more: &str) -> Precondition {
    let detail = format!("cannot be known from here; {more}");
    Precondition::advisory(format!("the caller may {action} on {resource}"), None, detail)
}
