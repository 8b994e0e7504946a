//! Planning edits of a trust policy: all edits of one role are one write, because IAM has no
//! compare-and-swap. Every edit is made on the text that IAM returned, evaluated before anybody
//! sees it, and undone by writing that text again, byte for byte (identity-resolution 4.6, 5.2).

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Affected, Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::{Pods, role_name},
    command::command,
    precondition as check,
};
use crate::domain::{
    arn::Arn,
    cluster::Cluster,
    fact::Fact,
    failure::Failure,
    id::{RoleArn, ServiceAccountId},
    identity::{
        Mechanism,
        admission::{self, Asking},
        injection::DEFAULT_AUDIENCE,
    },
    inventory::Inventory,
    role::{Role, TrustPolicy},
    row::PodRow,
    trust::{
        self, DEFAULT_LENGTH_QUOTA, Decision, Document, PrincipalKind, Verdict,
        edit::{self, EditError, Narrowing},
    },
};

/// Highest value that the quota of a trust policy's length can be raised to, in characters
/// (trust-evaluation 9).
const HIGHEST_QUOTA: usize = 8_192;
/// Others that are named; the rest is counted.
const NAMED: usize = 5;

/// How far a new statement for EKS Pod Identity is narrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Narrow {
    /// Any association in the account may use the role.
    Account,
    /// Associations of this cluster: `aws:SourceAccount` and `aws:SourceArn`.
    #[default]
    Cluster,
    /// This service account of this cluster: its session tags as well.
    ServiceAccount,
}

/// One edit of a trust policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustEdit {
    /// Admits a service account's own token (IRSA).
    AdmitIrsa(ServiceAccountId),
    /// Lets EKS Pod Identity assume the role for a service account.
    AdmitPodIdentity {
        /// For whom.
        service_account: ServiceAccountId,
        /// The association sends session tags, so that `sts:TagSession` is needed too.
        session_tags: bool,
        /// How far a new statement is narrowed.
        narrow: Narrow,
    },
    /// Takes a service account out of the statements that list the subject of its token (IRSA).
    RemoveIrsa(ServiceAccountId),
    /// Takes a service account out of the statements that list it for EKS Pod Identity.
    RemovePodIdentity(ServiceAccountId),
}

impl TrustEdit {
    /// Whom it is about.
    pub fn service_account(&self) -> &ServiceAccountId {
        match self {
            Self::AdmitIrsa(id)
            | Self::RemoveIrsa(id)
            | Self::RemovePodIdentity(id)
            | Self::AdmitPodIdentity { service_account: id, .. } => id,
        }
    }

    /// Lets a service account in by one mechanism, as `trust allow` does.
    pub fn admit(mechanism: Mechanism, id: ServiceAccountId, narrow: Narrow) -> Self {
        match mechanism {
            Mechanism::Irsa => Self::AdmitIrsa(id),
            _ => Self::AdmitPodIdentity { service_account: id, session_tags: true, narrow },
        }
    }

    fn asking<'a>(&self, inventory: &'a Inventory) -> Asking<'a> {
        match self {
            Self::AdmitIrsa(id) | Self::RemoveIrsa(id) => {
                let audience = inventory.service_account(id).and_then(|account| account.audience.as_deref());
                Asking::Irsa(audience.unwrap_or(DEFAULT_AUDIENCE))
            }
            Self::RemovePodIdentity(_) => Asking::PodIdentity(true),
            Self::AdmitPodIdentity { session_tags, .. } => Asking::PodIdentity(*session_tags),
        }
    }

    fn is_removal(&self) -> bool {
        matches!(self, Self::RemoveIrsa(_) | Self::RemovePodIdentity(_))
    }
}

/// Edits of one role, all in one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRequest {
    /// The role, in the cluster's account.
    pub role_arn: RoleArn,
    /// In this order.
    pub edits: Vec<TrustEdit>,
}

/// What the edits of a request come to.
pub struct Edited<'a> {
    role: &'a Role,
    /// The document with all edits.
    pub after: Document,
    /// Each edit in a sentence; those that change nothing are left out.
    pub sentences: Vec<String>,
}

impl<'a> Edited<'a> {
    /// A text that another step of the same plan writes; nothing where the role is not known.
    pub(super) fn written(inventory: &'a Inventory, role: &RoleArn, text: &str) -> Option<Self> {
        let Fact::Known(role) = inventory.role(role) else { return None };
        Some(Self { role, after: Document::parse(text).ok()?, sentences: Vec::new() })
    }
}

impl Edited<'_> {
    /// What the edited document answers a service account; as for a role of this name today.
    pub fn decision(&self, cluster: &Cluster, id: &ServiceAccountId, asking: &Asking<'_>, now: Timestamp) -> Decision {
        trust::evaluate(&self.after, &admission::request(cluster, self.role, id, asking, now))
    }

    /// The role with the edited policy.
    pub fn role(&self) -> Role {
        Role { trust: Arc::new(TrustPolicy::parse(self.after.text())), ..self.role.clone() }
    }

    /// The one write, or nothing if the document already is as wanted.
    pub fn step(&self, inventory: &Inventory, role_arn: &RoleArn) -> Option<Step> {
        let before = &self.role.trust.text;
        if **before == *self.after.text() {
            return None;
        }
        let call = Call::UpdateAssumeRolePolicy {
            role_arn: role_arn.clone(),
            before: before.to_string(),
            after: self.after.text().to_owned(),
        };
        let summary = format!("edit the trust policy of {}: {}", role_name(role_arn), self.sentences.join(" "));
        Some(Step { command: command(inventory, &call), summary, call })
    }
}

/// Plans edits of one role's trust policy.
///
/// # Errors
/// Refuses impossible names, ARNs that are no role of the cluster's account, and service-linked roles. An edit
/// that cannot be made is a plan without steps that says why.
pub fn plan(inventory: &Inventory, request: &TrustRequest, now: Timestamp) -> Result<Plan, Failure> {
    validate(inventory, request)?;
    let removes = request.edits.iter().any(TrustEdit::is_removal);
    let subject = role_name(&request.role_arn).to_owned();
    let mut plan = Plan {
        kind: if removes { PlanKind::TrustRemove } else { PlanKind::TrustAllow },
        steps: Vec::new(),
        preconditions: vec![check::account(inventory), check::role_exists(inventory, &request.role_arn)],
        affects: Vec::new(),
        inverse: "Write the trust policy again as it was, byte for byte".to_owned(),
        confirmation: if removes { Confirmation::Type(subject.clone()) } else { Confirmation::Enter },
        restarts: Vec::new(),
        lost: Vec::new(),
        origin: Origin::New,
        subject,
    };
    match edited(inventory, request, now) {
        Ok(edited) => {
            plan.steps.extend(edited.step(inventory, &request.role_arn));
            plan.preconditions.extend(answers(inventory, request, &edited, now));
            plan.affects = affects(inventory, request);
        }
        Err(refusal) => plan.preconditions.push(refusal),
    }
    plan.preconditions.extend(surroundings(inventory, request));
    Ok(plan)
}

/// Makes the edits on the text that is known.
///
/// # Errors
/// The precondition that does not hold: the policy cannot be read, or not be edited like this.
pub fn edited<'a>(
    inventory: &'a Inventory,
    request: &TrustRequest,
    now: Timestamp,
) -> Result<Edited<'a>, Precondition> {
    let what = format!("the trust policy of {} can be edited", role_name(&request.role_arn));
    let refuse = |why: String| Precondition::required(what.clone(), Some(false), why);
    let fact = inventory.role(&request.role_arn);
    let (Fact::Known(role), Some(cluster)) = (fact, inventory.cluster().known()) else {
        return Err(refuse("it has not been read, so that nothing can be said to stay as it is".to_owned()));
    };
    let document = role.trust.document.as_ref();
    let mut after = document.map_err(|error| refuse(format!("it is no JSON: {error}")))?.clone();
    let mut sentences = Vec::new();
    for one in &request.edits {
        let question = admission::request(cluster, role, one.service_account(), &one.asking(inventory), now);
        let made = make(one, &after, cluster, &question).map_err(|error| refuse(error.to_string()))?;
        if !made.is_empty() {
            sentences.push(made.summary.clone());
        }
        after = Document::parse(&made.after).map_err(|error| refuse(error.to_string()))?;
    }
    Ok(Edited { role, after, sentences })
}

fn make(
    one: &TrustEdit,
    document: &Document,
    cluster: &Cluster,
    question: &trust::Request,
) -> Result<edit::Edit, EditError> {
    match one {
        TrustEdit::AdmitIrsa(_) => edit::admit(document, question),
        TrustEdit::RemoveIrsa(_) | TrustEdit::RemovePodIdentity(_) => edit::remove(document, question),
        TrustEdit::AdmitPodIdentity { service_account, session_tags, narrow } => {
            let narrowing = narrowing(*narrow, cluster, service_account, *session_tags);
            edit::add_pod_identity_statement(Some(document), &narrowing, question)
        }
    }
}

/// The conditions of a new statement; without session tags there are none to compare.
pub fn narrowing(narrow: Narrow, cluster: &Cluster, id: &ServiceAccountId, session_tags: bool) -> Narrowing {
    let tag = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let request_tags = match narrow {
        Narrow::ServiceAccount if session_tags => vec![
            tag("kubernetes-namespace", id.namespace.as_str()),
            tag("kubernetes-service-account", id.name.as_str()),
        ],
        _ => Vec::new(),
    };
    let of_cluster = narrow != Narrow::Account;
    Narrowing {
        source_account: of_cluster.then(|| cluster.account().to_string()),
        source_arn: of_cluster.then(|| cluster.arn.to_string()),
        request_tags,
        subjects: None,
    }
}

/// The mechanism by which a service account would reach a role: what it uses it for already, else what the
/// trust policy is written for, else EKS Pod Identity.
pub fn mechanism(inventory: &Inventory, role: &RoleArn, id: &ServiceAccountId) -> Mechanism {
    let associated = inventory.association_of(id).and_then(|association| association.detail.known());
    if associated.is_some_and(|detail| detail.role_arn == *role) {
        return Mechanism::PodIdentity;
    }
    let annotated = inventory.service_account(id).and_then(|account| account.role_arn.as_ref());
    let irsa = |pod: &PodRow| {
        let now = &pod.resolution.now;
        now.mechanism == Mechanism::Irsa && now.role_arn.as_ref() == Some(role)
    };
    if annotated == Some(role) || inventory.pods_of_service_account(id).iter().any(irsa) {
        return Mechanism::Irsa;
    }
    if is_for_irsa(inventory, role) { Mechanism::Irsa } else { Mechanism::PodIdentity }
}

/// The edits that take a service account out of a trust policy: out of the statements of one mechanism, or of all
/// that list it. Where none does, one edit that says why it cannot be made.
pub fn removals(
    inventory: &Inventory,
    role: &RoleArn,
    id: &ServiceAccountId,
    by: Option<Mechanism>,
    now: Timestamp,
) -> Vec<TrustEdit> {
    let edit = |by: Mechanism| match by {
        Mechanism::Irsa => TrustEdit::RemoveIrsa(id.clone()),
        _ => TrustEdit::RemovePodIdentity(id.clone()),
    };
    let listed = |one: &TrustEdit| {
        let (Fact::Known(found), Some(cluster)) = (inventory.role(role), inventory.cluster().known()) else {
            return false;
        };
        let question = admission::request(cluster, found, id, &one.asking(inventory), now);
        found.trust.document.as_ref().is_ok_and(|document| edit::is_listed(document, &question))
    };
    if let Some(by) = by {
        return vec![edit(by)];
    }
    let mut edits: Vec<TrustEdit> = [Mechanism::Irsa, Mechanism::PodIdentity].map(edit).into();
    edits.retain(listed);
    if edits.is_empty() {
        edits.push(edit(mechanism(inventory, role, id)));
    }
    edits
}

/// Whether a trust policy lets in tokens of this cluster, and EKS Pod Identity not at all.
fn is_for_irsa(inventory: &Inventory, role: &RoleArn) -> bool {
    let fact = inventory.role(role);
    let document = fact.known().and_then(|role| role.trust.document.as_ref().ok());
    let Some(issuer) = inventory.cluster().known().and_then(|cluster| cluster.issuer_path()) else { return false };
    let principals = || document.into_iter().flat_map(Document::statements).flat_map(|one| &one.principals);
    let provider = format!(":oidc-provider/{issuer}");
    let has = |kind: PrincipalKind, end: &str| principals().any(|one| one.kind == kind && one.value.ends_with(end));
    has(PrincipalKind::Federated, &provider) && !has(PrincipalKind::Service, trust::PODS_SERVICE)
}

fn validate(inventory: &Inventory, request: &TrustRequest) -> Result<(), Failure> {
    request.edits.iter().try_for_each(|one| check::possible(one.service_account()))?;
    let role = check::role_arn(inventory, &request.role_arn)?;
    let what = || format!("the trust policy of {role} cannot be edited here");
    if role.resource().starts_with("role/aws-service-role/") {
        let why = "it is a service-linked role, and only its service may change it";
        return Err(check::usage(what(), why, "Choose another role"));
    }
    match check::home(inventory) {
        Some(account) if account != role.account() => Err(check::usage(
            what(),
            format!("it is in account {}, the cluster in {account}", role.account()),
            format!("Edit it with credentials of account {}", role.account()),
        )),
        _ => Ok(()),
    }
}

/// What the edited document answers whom the edits are about, and whether IAM would take it.
fn answers(inventory: &Inventory, request: &TrustRequest, edited: &Edited<'_>, now: Timestamp) -> Vec<Precondition> {
    let Some(cluster) = inventory.cluster().known() else { return Vec::new() };
    let mut checks = Vec::new();
    for one in &request.edits {
        let id = one.service_account();
        let decision = edited.decision(cluster, id, &one.asking(inventory), now);
        if one.is_removal() {
            let still = edited.decision(cluster, id, &Asking::PodIdentity(true), now);
            checks.push(removed(id, calls(one), &decision));
            checks.extend(remains(inventory, one, &request.role_arn, &still));
        } else {
            let calls = calls(one);
            checks.push(check::trust(format!("edited, it admits {id} for {calls}"), Some(&decision)));
        }
    }
    if edited.sentences.is_empty() {
        checks.push(Precondition::advisory("something has to be changed", Some(false), "it already is as wanted"));
    }
    checks.push(length(&edited.after));
    checks
}

fn calls(one: &TrustEdit) -> &'static str {
    match one {
        TrustEdit::AdmitPodIdentity { session_tags: true, .. } => "sts:AssumeRole and sts:TagSession",
        TrustEdit::AdmitPodIdentity { .. } | TrustEdit::RemovePodIdentity(_) => "sts:AssumeRole",
        TrustEdit::AdmitIrsa(_) | TrustEdit::RemoveIrsa(_) => "sts:AssumeRoleWithWebIdentity",
    }
}

fn removed(id: &ServiceAccountId, calls: &str, decision: &Decision) -> Precondition {
    let out = matches!(decision.verdict, Verdict::Deny { .. });
    let what = format!("edited, it no longer admits {id} for {calls}");
    Precondition::required(what, Some(out), decision.reason.clone())
}

/// What is left of the other way in, or of what used this one.
fn remains(inventory: &Inventory, one: &TrustEdit, role: &RoleArn, pod_identity: &Decision) -> Option<Precondition> {
    let id = one.service_account();
    if let TrustEdit::RemovePodIdentity(_) = one {
        let found = inventory.association_of(id)?;
        let uses = found.detail.known().is_some_and(|detail| detail.role_arn == *role);
        let detail = format!("{} does: EKS goes on asking for the role, and is refused", found.id);
        return uses.then(|| Precondition::advisory("no association uses it any more", Some(false), detail));
    }
    let detail = format!("{} An association could still use the role", pod_identity.reason);
    let what = format!("EKS Pod Identity does not admit {id}");
    (pod_identity.verdict == Verdict::Allow).then(|| Precondition::advisory(what, Some(false), detail))
}

/// IAM counts everything but white space (quota L-C07B4B0D, which an account may have raised).
pub(super) fn length(document: &Document) -> Precondition {
    let what = "the trust policy is short enough";
    let size = document.size();
    let detail = format!("{size} of {DEFAULT_LENGTH_QUOTA} characters");
    match size {
        _ if size <= DEFAULT_LENGTH_QUOTA => Precondition::required(what, Some(true), detail),
        _ if size <= HIGHEST_QUOTA => {
            let more = format!("{detail}: IAM takes it only if the quota L-C07B4B0D of this account was raised");
            Precondition::required(what, None, more)
        }
        _ => Precondition::required(what, Some(false), format!("{size} characters; no quota is above {HIGHEST_QUOTA}")),
    }
}

/// What holds apart from the document.
fn surroundings(inventory: &Inventory, request: &TrustRequest) -> Vec<Precondition> {
    let irsa = request.edits.iter().any(|one| matches!(one, TrustEdit::AdmitIrsa(_)));
    let ids: Vec<&ServiceAccountId> = request.edits.iter().map(TrustEdit::service_account).collect();
    let mut checks = Vec::new();
    if irsa {
        checks.push(check::provider(inventory));
    }
    checks.push(others(inventory, &request.role_arn, &ids));
    let (arn, name) = (&request.role_arn, role_name(&request.role_arn));
    let rule = "IAM refuses the call without it";
    checks.push(check::caller_may(inventory, "iam:UpdateAssumeRolePolicy", arn.as_str(), name, rule));
    checks
}

/// Who else uses the role: nothing changes for them.
pub(super) fn others(inventory: &Inventory, role: &RoleArn, but: &[&ServiceAccountId]) -> Precondition {
    let what = format!("who else uses role {}", role_name(role));
    let uses = inventory.uses_of_role(role);
    let mut names: Vec<String> = uses
        .iter()
        .filter(|used| !but.contains(&&used.service_account))
        .map(|used| format!("{} ({})", used.service_account, used.how))
        .collect();
    let count = names.len();
    names.truncate(NAMED);
    let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
    let detail = match count {
        0 => "nobody in this cluster".to_owned(),
        _ => format!("{}{more}", names.join(", ")),
    };
    Precondition::advisory(what, Some(true), detail)
}

/// The workloads for which the answer of the policy changes: those that use the role or would.
fn affects(inventory: &Inventory, request: &TrustRequest) -> Vec<Affected> {
    let role = &request.role_arn;
    let concerned = |pods: &[PodRow]| {
        let arns = |pod: &PodRow| [&pod.resolution.now, &pod.resolution.next].map(|identity| identity.role_arn.clone());
        pods.iter().flat_map(arns).flatten().any(|arn| arn == *role)
    };
    let mut lines = Vec::new();
    for one in &request.edits {
        let pods = Pods::of(inventory, one.service_account());
        let named = pods.affected(|pods| if concerned(pods) { falls_to(one, role) } else { String::new() });
        lines.extend(named.into_iter().filter(|line| !line.falls_to.is_empty()));
    }
    lines
}

fn falls_to(one: &TrustEdit, role: &RoleArn) -> String {
    let name = role_name(role);
    match one {
        TrustEdit::AdmitIrsa(_) => format!("irsa {name}: admitted at its next request, without a restart"),
        TrustEdit::AdmitPodIdentity { .. } => {
            format!("pod-identity {name}: admitted at its next request, without a restart")
        }
        TrustEdit::RemoveIrsa(_) => format!("irsa {name}: will fail once the credentials it holds have ended"),
        TrustEdit::RemovePodIdentity(_) => {
            format!("pod-identity {name}: will fail once the credentials it holds have ended")
        }
    }
}

/// Whether an ARN is a role of the account whose trust policies can be edited here.
pub fn is_editable(inventory: &Inventory, arn: &RoleArn) -> bool {
    let role = Arn::role(arn.as_str()).ok();
    role.is_some_and(|role| {
        !role.resource().starts_with("role/aws-service-role/")
            && check::home(inventory).is_none_or(|account| account == role.account())
    }) && inventory.role(arn).known().is_some()
}
