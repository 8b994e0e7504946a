//! Planning an association: bad input is refused before any call, with the rule; everything that
//! can be known beforehand is checked (identity-resolution 4.4, 4.6).

use jiff::Timestamp;

use super::{
    Call, Confirmation, Plan, PlanKind, Precondition, Step,
    affected::{Pods, own_mechanism, role_name, words},
    command::command,
    precondition as check,
};
use crate::domain::{
    arn::Arn,
    association::Association,
    fact::Fact,
    failure::Failure,
    id::{RoleArn, ServiceAccountId},
    identity::{Identity, Mechanism, Verdict},
    inventory::Inventory,
    role::Role,
    row::PodRow,
    trust::{self, Decision},
};

/// Longest session policy, in characters (4.4).
pub const POLICY_LIMIT: usize = 2_048;
/// Associations that a cluster may have (4.4); data, since EKS itself has the last word.
const QUOTA: usize = 5_000;
/// Tags that an association may have.
const TAG_LIMIT: usize = 50;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateRequest {
    /// For whom; need not exist.
    pub service_account: ServiceAccountId,
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// A role of any account that is assumed in a second hop.
    pub target_role_arn: Option<RoleArn>,
    /// Send no session tags.
    pub disable_session_tags: bool,
    /// Session policy: JSON text, only without session tags.
    pub policy: Option<String>,
    /// Tags of the association itself.
    pub tags: Vec<(String, String)>,
}

impl AssociateRequest {
    /// The plain one: this role for this service account.
    pub fn new(service_account: ServiceAccountId, role_arn: RoleArn) -> Self {
        Self {
            service_account,
            role_arn,
            target_role_arn: None,
            disable_session_tags: false,
            policy: None,
            tags: Vec::new(),
        }
    }
}

/// Plans the creation of one association.
///
/// # Errors
/// Refuses impossible names, ARNs of the wrong kind, account or partition, session policies that
/// break their rules, and tags that AWS would refuse.
pub fn plan(inventory: &Inventory, request: &AssociateRequest, now: Timestamp) -> Result<Plan, Failure> {
    let cluster = check::cluster_name(inventory)?;
    validate(inventory, request)?;
    let call = Call::CreatePodIdentityAssociation {
        cluster,
        service_account: request.service_account.clone(),
        role_arn: request.role_arn.clone(),
        target_role_arn: request.target_role_arn.clone(),
        disable_session_tags: request.disable_session_tags,
        policy: request.policy.clone(),
        tags: request.tags.clone(),
    };
    let pods = Pods::of(inventory, &request.service_account);
    let becomes = becomes(inventory, request);
    let subject = request.service_account.to_string();
    let summary = format!("associate {subject} with role {}", role_name(&request.role_arn));
    Ok(Plan {
        kind: PlanKind::Associate,
        steps: vec![Step { command: command(inventory, &call), summary, call }],
        preconditions: preconditions(inventory, request, &pods, now),
        affects: pods.affected(|pods| falls_to(pods, &becomes)),
        inverse: inverse(inventory, &request.service_account),
        confirmation: Confirmation::Enter,
        restarts: pods.restarts(|pods| is_helped(pods, &becomes)),
        subject,
    })
}

fn becomes(inventory: &Inventory, request: &AssociateRequest) -> Identity {
    let mut identity = inventory.next_with_association(&request.service_account, &request.role_arn);
    identity.target_role_arn.clone_from(&request.target_role_arn);
    identity
}

fn falls_to(pods: &[PodRow], becomes: &Identity) -> String {
    match own_mechanism(pods) {
        Some(own) => format!("{}, as now: its own environment wins over the association", own.word()),
        None => format!("{} after a restart", words(becomes)),
    }
}

fn is_helped(pods: &[PodRow], becomes: &Identity) -> bool {
    becomes.mechanism == Mechanism::PodIdentity && becomes.verdict != Verdict::Broken && own_mechanism(pods).is_none()
}

fn inverse(inventory: &Inventory, service_account: &ServiceAccountId) -> String {
    let falls = words(&inventory.next_without_association(service_account));
    format!("Remove the association of {service_account} again; after a restart its pods are {falls}")
}

fn validate(inventory: &Inventory, request: &AssociateRequest) -> Result<(), Failure> {
    check::possible(&request.service_account)?;
    let role = check::role_arn(inventory, &request.role_arn)?;
    own_account(inventory, &role)?;
    if let Some(target) = &request.target_role_arn {
        check::role_arn(inventory, target)?;
    }
    if let Some(policy) = &request.policy {
        session_policy(policy, request.disable_session_tags)?;
    }
    tags(&request.tags)
}

fn own_account(inventory: &Inventory, role: &Arn) -> Result<(), Failure> {
    let account = inventory.cluster().known().map(|cluster| cluster.account());
    match account.or_else(|| inventory.target().account.clone()) {
        Some(account) if account != role.account() => Err(check::usage(
            format!("{role} cannot be the role of an association here"),
            format!(
                "it is in account {}, the cluster in {account}; EKS takes only roles of its own account",
                role.account()
            ),
            "Associate a role of the cluster's account and name this one as target role",
        )),
        _ => Ok(()),
    }
}

fn session_policy(policy: &str, tags_disabled: bool) -> Result<(), Failure> {
    let what = "the session policy cannot be used";
    let length = policy.chars().count();
    if length > POLICY_LIMIT {
        let why = format!("it has {length} characters, EKS takes {POLICY_LIMIT}");
        return Err(check::usage(what, why, "Shorten it, or narrow the role's own policies"));
    }
    if !tags_disabled {
        let why = "EKS takes one only if session tags are off";
        return Err(check::usage(what, why, "Add --no-session-tags; conditions on the tags then no longer match"));
    }
    match serde_json::from_str::<serde_json::Value>(policy) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err(check::usage(what, "it is no JSON object", "Give a policy document")),
        Err(error) => Err(check::usage(what, format!("it is no JSON: {error}"), "Give a policy document")),
    }
}

fn tags(tags: &[(String, String)]) -> Result<(), Failure> {
    let refuse = |why: String| Err(check::usage("these tags cannot be used", why, "Change or leave out the tag"));
    if tags.len() > TAG_LIMIT {
        return refuse(format!("there are {}, EKS takes {TAG_LIMIT}", tags.len()));
    }
    for (index, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return refuse(format!("`{key}`: a key has 1 to 128 characters, a value at most 256"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return refuse(format!("`{key}`: keys that begin with aws: belong to AWS"));
        }
        if tags[..index].iter().any(|(other, _)| other == key) {
            return refuse(format!("`{key}` is given twice"));
        }
    }
    Ok(())
}

fn preconditions(inventory: &Inventory, request: &AssociateRequest, pods: &Pods, now: Timestamp) -> Vec<Precondition> {
    let mut checks = vec![check::account(inventory), check::role_exists(inventory, &request.role_arn)];
    checks.push(trust_check(inventory, request, now));
    checks.push(no_association(inventory, &request.service_account));
    checks.extend(request.target_role_arn.iter().map(|target| target_check(inventory, request, target, now)));
    checks.extend(inventory.cluster().known().and_then(check::platform));
    checks.push(check::supported_nodes(inventory, pods));
    checks.push(check::agent(inventory, pods));
    checks.push(exists(inventory, &request.service_account));
    checks.push(quota(inventory));
    checks.push(check::permission(
        "iam:PassRole",
        role_name(&request.role_arn),
        "EKS asks for it, with iam:PassedToService pods.eks.amazonaws.com, and refuses the call without it",
    ));
    checks
}

fn trust_check(inventory: &Inventory, request: &AssociateRequest, now: Timestamp) -> Precondition {
    let id = &request.service_account;
    let actions = if request.disable_session_tags { "sts:AssumeRole" } else { "sts:AssumeRole and sts:TagSession" };
    let decision = if request.disable_session_tags {
        without_session_tags(inventory, request, now)
    } else {
        inventory.trust_decision(&request.role_arn, id, Mechanism::PodIdentity, now)
    };
    check::trust(format!("trust policy admits {id} for {actions}"), decision.as_ref())
}

fn trust_role(role: &Role) -> trust::Role {
    let tags = role.tags.as_ref().map(|tags| tags.clone().into_iter().collect());
    trust::Role { arn: role.arn.as_str().to_owned(), tags }
}

fn trust_cluster(inventory: &Inventory) -> Option<trust::Cluster> {
    let cluster = inventory.cluster().known()?;
    let issuer = cluster.issuer.as_deref().unwrap_or_default();
    Some(trust::Cluster::new(cluster.name.as_str(), cluster.arn.as_str(), issuer))
}

fn decided(role: &Role, request: &trust::Request) -> Option<Decision> {
    role.trust.document.as_ref().ok().map(|document| trust::evaluate(document, request))
}

fn without_session_tags(inventory: &Inventory, request: &AssociateRequest, now: Timestamp) -> Option<Decision> {
    let fact = inventory.role(&request.role_arn);
    let role = *fact.known()?;
    let id = &request.service_account;
    let cluster = trust_cluster(inventory)?;
    let mut question =
        trust::Request::pod_identity(trust_role(role), cluster, id.namespace.as_str(), id.name.as_str(), now);
    question.session_tags = false;
    decided(role, &question)
}

fn target_check(inventory: &Inventory, request: &AssociateRequest, target: &RoleArn, now: Timestamp) -> Precondition {
    let what = format!("target role {} admits {}", role_name(target), role_name(&request.role_arn));
    let fact = inventory.role(target);
    let role = match &fact {
        Fact::Known(role) => *role,
        Fact::Absent => return Precondition::required(what, Some(false), format!("IAM knows no {target}")),
        _ => {
            let rule = "its trust must allow the association's role sts:AssumeRole and sts:TagSession";
            return Precondition::required(what, None, format!("it cannot be read from here; {rule}"));
        }
    };
    let id = &request.service_account;
    let decision = trust_cluster(inventory).and_then(|cluster| {
        let (source, role_asked) = (request.role_arn.as_str(), trust_role(role));
        let (namespace, name) = (id.namespace.as_str(), id.name.as_str());
        let mut question = trust::Request::pod_identity_target(role_asked, cluster, namespace, name, source, now);
        question.session_tags = !request.disable_session_tags;
        decided(role, &question)
    });
    check::trust(what, decision.as_ref())
}

/// The sentence for an association that is in the way.
pub(super) fn in_the_way(association: &Association) -> String {
    match owner(association) {
        Some(addon) => format!("owned by add-on {addon}: change it through the add-on"),
        None => format!("Association already exists: {}; change or remove it", association.id),
    }
}

/// The add-on's name in `arn:…:addon/CLUSTER/NAME/UUID`.
pub(super) fn owner(association: &Association) -> Option<&str> {
    let arn = association.owner_arn.as_deref()?;
    Some(arn.split_once(":addon/").and_then(|(_, rest)| rest.split('/').nth(1)).unwrap_or(arn))
}

fn no_association(inventory: &Inventory, id: &ServiceAccountId) -> Precondition {
    let what = format!("{id} has no association yet");
    if let Some(association) = inventory.association_of(id) {
        return Precondition::required(what, Some(false), in_the_way(association));
    }
    match check_list(inventory) {
        Some(why) => Precondition::required(what, None, why),
        None => Precondition::required(what, Some(true), "there is none"),
    }
}

/// Why the list of associations is not to be relied on.
pub(super) fn check_list(inventory: &Inventory) -> Option<String> {
    let action = "eks:ListPodIdentityAssociations";
    let gap = inventory.gaps().into_iter().find(|gap| gap.failure.action.as_deref() == Some(action));
    gap.map(|gap| format!("{}: {}", gap.failure.what, gap.failure.why))
}

fn exists(inventory: &Inventory, id: &ServiceAccountId) -> Precondition {
    let what = format!("service account {id} exists");
    match inventory.service_account(id) {
        Some(_) => Precondition::advisory(what, Some(true), "in the cluster"),
        None => {
            Precondition::advisory(what, Some(false), "not yet; EKS does not check, pods get the role once it does")
        }
    }
}

fn quota(inventory: &Inventory) -> Precondition {
    let count = inventory.counts().associations;
    let detail = format!("{count} of {QUOTA}");
    Precondition::advisory("the cluster has room for one more association", Some(count < QUOTA), detail)
}
