//! What is asked, and with which context: everything about the session that is certain.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{ContextKey, ContextKind};
use crate::domain::{
    arn::Arn,
    cluster::Cluster,
    failure::{Failure, FailureKind},
    id::{PodId, RoleArn, ServiceAccountId},
    identity::{Identity, Mechanism, admission::short, injection::DEFAULT_AUDIENCE},
    inventory::Inventory,
    proof::{Whom, wanted_role},
};

/// One question to IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// Whose session.
    pub account: ServiceAccountId,
    /// The role whose policies decide: the target role where there is one.
    pub role: RoleArn,
    /// How the session comes about.
    pub mechanism: Mechanism,
    /// `s3:GetObject`
    pub action: String,
    /// The ARN of what it is asked on; without one `*`.
    pub resource: Option<String>,
    /// Keys of the request that are certain.
    pub context: Vec<ContextKey>,
    /// The association's session policy, which narrows the role.
    pub session_policy: Option<String>,
    /// The role lives in another account than the cluster: its policies cannot be asked from here.
    pub foreign: bool,
    /// Keys of tags that the session carries with values that nobody knows before there is one.
    pub open_tags: Vec<String>,
}

/// Before the name of a tag of whoever calls.
const TAG: &str = "aws:PrincipalTag/";

/// Tags of an EKS Pod Identity session that belong to one pod.
const OF_POD: [&str; 2] = ["kubernetes-pod-name", "kubernetes-pod-uid"];

/// Tags of an EKS Pod Identity session that belong to one service account.
const OF_ACCOUNT: [&str; 2] = ["kubernetes-namespace", "kubernetes-service-account"];

fn cannot(whom: &Whom, kind: FailureKind, why: impl Into<String>, next: &str) -> Failure {
    Failure::new(kind, format!("cannot tell what {whom} may do"), why, next)
}

/// What has to be asked to know whether somebody may do something.
///
/// # Errors
/// `NotFound` if there is no such pod; `Invalid` if no role is at work, or none that can be told.
pub fn inquire(
    inventory: &Inventory,
    whom: &Whom,
    action: &str,
    resource: Option<&str>,
    now: Timestamp,
) -> Result<Inquiry, Failure> {
    let (account, identity, pod) = match whom {
        Whom::Pod(id) => {
            let missing = || {
                let next = "`rolecall get pods` shows what there is";
                cannot(whom, FailureKind::NotFound, "nothing of this name is in the cluster", next)
            };
            let (pod, resolution) = inventory.pod(id).zip(inventory.resolution(id)).ok_or_else(missing)?;
            (pod.service_account(), Identity::clone(&resolution.now), Some(id))
        }
        Whom::ServiceAccount(id) => (id.clone(), inventory.next_of(id), None),
    };
    let role = wanted_role(&identity).cloned().ok_or_else(|| {
        let why = format!("it has no role that is known ({})", identity.mechanism.word());
        cannot(whom, FailureKind::Invalid, why, "`rolecall explain` shows where its credentials come from")
    })?;
    let mut context = of_request(inventory, &role, resource, now);
    context.extend(of_session(inventory, &account, pod, &identity));
    let has_tags = identity.mechanism == Mechanism::PodIdentity && sends_tags(inventory, &account);
    let mut inquiry = Inquiry {
        session_policy: session_policy(inventory, &account, &identity),
        foreign: is_foreign(inventory, &role),
        account,
        mechanism: identity.mechanism,
        action: action.to_owned(),
        resource: resource.map(str::to_owned),
        context,
        open_tags: if has_tags && pod.is_none() {
            OF_POD.map(|name| format!("{TAG}{name}")).to_vec()
        } else {
            Vec::new()
        },
        role,
    };
    let detail = inventory.role_detail(&inquiry.role).and_then(|detail| detail.about.known());
    if let Some(about) = detail {
        inquiry.fill_in(&about.tags);
    }
    Ok(inquiry)
}

/// Whether the association of an account lets EKS send session tags.
fn sends_tags(inventory: &Inventory, account: &ServiceAccountId) -> bool {
    let detail = inventory.association_of(account).and_then(|association| association.detail.known());
    !detail.is_some_and(|detail| detail.disable_session_tags)
}

fn is_foreign(inventory: &Inventory, role: &RoleArn) -> bool {
    let here = inventory.cluster().known().map(Cluster::account);
    let there = Arn::role(role.as_str()).ok().map(|arn| arn.account());
    here.zip(there).is_some_and(|(here, there)| here != there)
}

fn session_policy(inventory: &Inventory, account: &ServiceAccountId, identity: &Identity) -> Option<String> {
    let association = inventory.association_of(account).filter(|_| identity.mechanism == Mechanism::PodIdentity)?;
    association.detail.known()?.policy.as_ref().map(ToString::to_string)
}

fn key(name: impl Into<String>, value: impl Into<String>) -> ContextKey {
    ContextKey { name: name.into(), value: value.into(), kind: ContextKind::Text }
}

/// What every request of the role carries.
fn of_request(inventory: &Inventory, role: &RoleArn, resource: Option<&str>, now: Timestamp) -> Vec<ContextKey> {
    let resource = resource.and_then(|text| text.parse::<Arn>().ok());
    let of_resource = resource.as_ref().map(Arn::region).filter(|region| !region.as_str().is_empty());
    let of_cluster = || inventory.cluster().known().map(|cluster| cluster.arn.region());
    let truth = |name: &str, value: &str| ContextKey { kind: ContextKind::Truth, ..key(name, value) };
    let mut context = vec![
        key("aws:PrincipalArn", role.as_str()),
        key("aws:PrincipalType", "AssumedRole"),
        truth("aws:SecureTransport", "true"),
        truth("aws:PrincipalIsAWSService", "false"),
        truth("aws:ViaAWSService", "false"),
        ContextKey {
            kind: ContextKind::Time,
            ..key("aws:CurrentTime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        },
    ];
    context.extend(of_resource.or_else(of_cluster).map(|region| key("aws:RequestedRegion", region.as_str())));
    let owner = Arn::role(role.as_str()).ok().map(|arn| arn.account());
    context.extend(owner.map(|account| key("aws:PrincipalAccount", account.as_str())));
    let owner = resource.map(|arn| arn.account()).filter(|account| !account.as_str().is_empty());
    context.extend(owner.map(|account| key("aws:ResourceAccount", account.as_str())));
    context
}

/// What the session carries, by how it comes about.
fn of_session(
    inventory: &Inventory,
    account: &ServiceAccountId,
    pod: Option<&PodId>,
    identity: &Identity,
) -> Vec<ContextKey> {
    let Some(cluster) = inventory.cluster().known() else { return Vec::new() };
    match identity.mechanism {
        Mechanism::PodIdentity => tags(inventory, cluster, account, pod),
        Mechanism::Irsa => of_token(inventory, cluster, account),
        _ => Vec::new(),
    }
}

/// The six tags, unless the association leaves them out; pod and uid only where one pod is meant.
fn tags(inventory: &Inventory, cluster: &Cluster, account: &ServiceAccountId, pod: Option<&PodId>) -> Vec<ContextKey> {
    if !sends_tags(inventory, account) {
        return Vec::new();
    }
    let tag = |name: &str, value: &str| key(format!("{TAG}{name}"), value);
    let mut tags = vec![tag("eks-cluster-arn", cluster.arn.as_str()), tag("eks-cluster-name", cluster.name.as_str())];
    let own = [account.namespace.as_str(), account.name.as_str()];
    tags.extend(OF_ACCOUNT.iter().zip(own).map(|(name, value)| tag(name, value)));
    if let Some(pod) = pod.and_then(|id| inventory.pod(id)) {
        let own = [pod.id.name.as_str(), pod.uid.as_str()];
        tags.extend(OF_POD.iter().zip(own).map(|(name, value)| tag(name, value)));
    }
    tags
}

fn of_token(inventory: &Inventory, cluster: &Cluster, account: &ServiceAccountId) -> Vec<ContextKey> {
    let Some(issuer) = cluster.issuer.as_deref().map(|issuer| issuer.trim_start_matches("https://")) else {
        return Vec::new();
    };
    let audience = inventory.service_account(account).and_then(|account| account.audience.clone());
    let subject = format!("system:serviceaccount:{}:{}", account.namespace, account.name);
    let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", cluster.arn.partition(), cluster.account());
    vec![
        key("aws:FederatedProvider", provider),
        key(format!("{issuer}:sub"), subject),
        key(format!("{issuer}:aud"), audience.as_deref().unwrap_or(DEFAULT_AUDIENCE)),
    ]
}

impl Inquiry {
    /// `s3:GetObject on arn:aws:s3:::b/*`
    pub fn phrase(&self) -> String {
        match &self.resource {
            Some(resource) => format!("{} on {resource}", self.action),
            None => format!("{} on any resource (*)", self.action),
        }
    }

    /// The same question with a further key.
    #[must_use]
    pub fn supposing(&self, name: &str, value: &str) -> Self {
        let mut supposed = self.clone();
        supposed.context.push(key(name, value));
        supposed
    }

    /// Leaves out what only one service account's session carries.
    pub fn forget_account(&mut self) {
        let own = |key: &ContextKey| key.name.starts_with("aws:PrincipalTag/kubernetes-");
        self.open_tags.extend(self.context.iter().filter(|key| own(key)).map(|key| key.name.clone()));
        self.context.retain(|key| !own(key) && !key.name.ends_with(":sub"));
    }

    /// Fills in the tags of the role, which the simulator does not look up; those of the session go before them.
    pub fn fill_in(&mut self, tags: &BTreeMap<String, String>) {
        for (name, value) in tags {
            let name = format!("{TAG}{name}");
            if self.lacks(&name) && !self.is_open(&name) {
                self.context.push(key(name, value));
            }
        }
    }

    /// Whether a key is not passed.
    pub fn lacks(&self, name: &str) -> bool {
        !self.context.iter().any(|key| key.name.eq_ignore_ascii_case(name))
    }

    /// Whether the session carries a tag that is not passed.
    fn is_open(&self, name: &str) -> bool {
        self.open_tags.iter().any(|open| open.eq_ignore_ascii_case(name))
    }

    /// Whether a key that is not passed is certainly not there: a tag that neither role nor session has. Only for
    /// whoever knows the tags of the role.
    pub fn is_without(&self, name: &str) -> bool {
        let is_tag = name.get(..TAG.len()).is_some_and(|start| start.eq_ignore_ascii_case(TAG));
        is_tag && self.lacks(name) && !self.is_open(name)
    }

    /// The role's name.
    pub fn role_name(&self) -> String {
        short(&self.role)
    }
}
