//! What the program knows of a call to STS that has not happened yet.

use jiff::Timestamp;

use super::arn;

/// How a workload becomes a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// IAM roles for service accounts: the pod calls `AssumeRoleWithWebIdentity`.
    Irsa,
    /// EKS calls `AssumeRole` (and `TagSession`) for the pod.
    PodIdentity,
    /// The second hop: the association role's session becomes the target role.
    PodIdentityTarget,
    /// EC2 becomes the node role.
    Node,
}

/// What is known of the organization of the cluster's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Organization {
    /// Nobody asked.
    #[default]
    Unknown,
    /// The account is in no organization.
    None,
    /// The organization's id, `o-…`.
    Id(String),
}

/// The cluster of the workload.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The account it is in.
    pub account: String,
    /// Its OIDC issuer, with or without `https://`.
    pub issuer: String,
}

impl Cluster {
    /// A cluster from its name, ARN and issuer; the account is read from the ARN.
    pub fn new(name: &str, arn: &str, issuer: &str) -> Self {
        let account = arn::account(arn).unwrap_or_default().to_owned();
        Self { name: name.to_owned(), arn: arn.to_owned(), account, issuer: issuer.to_owned() }
    }

    /// The issuer as provider ARNs and condition keys carry it: without `https://`.
    pub fn issuer_host_path(&self) -> &str {
        self.issuer.strip_prefix("https://").unwrap_or(&self.issuer)
    }
}

/// The role whose trust policy is asked.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// `arn:<partition>:iam::<account>:role/<path><name>`.
    pub arn: String,
    /// Its tags; `None` when they were not read (`ListRoles` does not carry them).
    pub tags: Option<Vec<(String, String)>>,
}

impl Role {
    /// A role whose tags are not known.
    pub fn new(arn: &str) -> Self {
        Self { arn: arn.to_owned(), tags: None }
    }

    /// The name without the path.
    pub fn name(&self) -> &str {
        arn::role_name(&self.arn)
    }

    /// The role's account.
    pub fn account(&self) -> &str {
        arn::account(&self.arn).unwrap_or_default()
    }

    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub fn partition(&self) -> &str {
        arn::part(&self.arn, 1).unwrap_or("aws")
    }
}

/// Everything known about one way of becoming one role.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which calls are made, and by whom.
    pub mechanism: Mechanism,
    /// The role asked.
    pub role: Role,
    /// The workload's cluster.
    pub cluster: Cluster,
    /// The cluster's region; read from the cluster ARN by the constructors.
    pub region: String,
    /// Namespace of the service account.
    pub namespace: String,
    /// Name of the service account.
    pub service_account: String,
    /// The pod; `None` when the question is about the service account.
    pub pod_name: Option<String>,
    /// The pod's UID.
    pub pod_uid: Option<String>,
    /// `eks.amazonaws.com/audience` of the service account; `None` means `sts.amazonaws.com`.
    pub audience: Option<String>,
    /// False for associations with `disableSessionTags`.
    pub session_tags: bool,
    /// Organization of the cluster's account.
    pub organization: Organization,
    /// The time of the question.
    pub now: Timestamp,
    /// EC2's service principal if it is not `ec2.amazonaws.com`.
    pub ec2_principal: Option<String>,
    /// The association's role (second hop only).
    pub source_role_arn: Option<String>,
    /// Whether the association role's own policies allow the call; `None` if not known.
    pub source_role_allows: Option<bool>,
}

/// The audience of tokens without an annotation, in every partition.
pub(super) const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// The Pod Identity service principal, in every partition.
pub const PODS_SERVICE: &str = "pods.eks.amazonaws.com";

impl Request {
    fn new(mechanism: Mechanism, role: Role, cluster: Cluster, now: Timestamp) -> Self {
        Self {
            mechanism,
            region: arn::part(&cluster.arn, 3).unwrap_or_default().to_owned(),
            role,
            cluster,
            namespace: String::new(),
            service_account: String::new(),
            pod_name: None,
            pod_uid: None,
            audience: None,
            session_tags: true,
            organization: Organization::Unknown,
            now,
            ec2_principal: None,
            source_role_arn: None,
            source_role_allows: None,
        }
    }

    /// May this service account become the role through its projected token?
    pub fn irsa(role: Role, cluster: Cluster, namespace: &str, service_account: &str, now: Timestamp) -> Self {
        Self::new(Mechanism::Irsa, role, cluster, now).of(namespace, service_account)
    }

    /// May EKS become the role for this service account's pods? Session tags are on.
    pub fn pod_identity(role: Role, cluster: Cluster, namespace: &str, service_account: &str, now: Timestamp) -> Self {
        Self::new(Mechanism::PodIdentity, role, cluster, now).of(namespace, service_account)
    }

    /// May the session of an association's role become the target role?
    pub fn pod_identity_target(
        role: Role,
        cluster: Cluster,
        namespace: &str,
        service_account: &str,
        source_role_arn: &str,
        now: Timestamp,
    ) -> Self {
        let mut request = Self::new(Mechanism::PodIdentityTarget, role, cluster, now).of(namespace, service_account);
        request.source_role_arn = Some(source_role_arn.to_owned());
        request
    }

    /// May EC2 become the role for the cluster's nodes?
    pub fn node(role: Role, cluster: Cluster, now: Timestamp) -> Self {
        Self::new(Mechanism::Node, role, cluster, now)
    }

    /// The same question for another service account.
    #[must_use]
    pub fn of(mut self, namespace: &str, service_account: &str) -> Self {
        namespace.clone_into(&mut self.namespace);
        service_account.clone_into(&mut self.service_account);
        self
    }

    /// `system:serviceaccount:<namespace>:<name>`, the token's subject.
    pub fn subject(&self) -> String {
        subject(&self.namespace, &self.service_account)
    }

    /// `<namespace>:<name>`, as sentences call a service account.
    pub fn short_subject(&self) -> String {
        format!("{}:{}", self.namespace, self.service_account)
    }

    /// The token's audience.
    pub fn token_audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(DEFAULT_AUDIENCE)
    }

    /// The ARN of the cluster's OIDC provider in the role's account, where STS looks.
    pub fn provider_arn(&self) -> String {
        let (partition, account) = (self.role.partition(), self.role.account());
        format!("arn:{partition}:iam::{account}:oidc-provider/{}", self.cluster.issuer_host_path())
    }

    /// The STS calls, all of which must be allowed.
    pub fn calls(&self) -> &'static [&'static str] {
        match self.mechanism {
            Mechanism::Irsa => &["sts:AssumeRoleWithWebIdentity"],
            Mechanism::Node => &["sts:AssumeRole"],
            Mechanism::PodIdentity | Mechanism::PodIdentityTarget if self.session_tags => {
                &["sts:AssumeRole", "sts:TagSession"]
            }
            Mechanism::PodIdentity | Mechanism::PodIdentityTarget => &["sts:AssumeRole"],
        }
    }

    /// Who calls STS.
    pub fn caller(&self) -> Caller {
        match self.mechanism {
            Mechanism::Irsa => Caller::Federated(self.provider_arn()),
            Mechanism::PodIdentity => Caller::Service(PODS_SERVICE.to_owned()),
            Mechanism::Node => Caller::Service(self.ec2_service().to_owned()),
            Mechanism::PodIdentityTarget => self.association_role(),
        }
    }

    pub(super) fn ec2_service(&self) -> &str {
        self.ec2_principal.as_deref().unwrap_or("ec2.amazonaws.com")
    }

    fn association_role(&self) -> Caller {
        let arn = self.source_role_arn.clone().unwrap_or_default();
        let account = arn::account(&arn).unwrap_or(&self.cluster.account).to_owned();
        Caller::Aws {
            same_account: account == self.role.account(),
            arn,
            session: None,
            account,
            may_call: self.source_role_allows,
        }
    }
}

/// `system:serviceaccount:<namespace>:<name>`.
pub(super) fn subject(namespace: &str, service_account: &str) -> String {
    format!("system:serviceaccount:{namespace}:{service_account}")
}

/// The principal of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// An AWS service.
    Service(String),
    /// A web identity, by the ARN of its provider in the role's account.
    Federated(String),
    /// A role's session or a user.
    Aws {
        /// ARN of the role (with its path) or user.
        arn: String,
        /// The session name, if known.
        session: Option<String>,
        /// The caller's account.
        account: String,
        /// Whether its own policies allow the call; `None` if not known.
        may_call: Option<bool>,
        /// Whether the role asked is in the same account.
        same_account: bool,
    },
}

/// One or several values of a context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextValue {
    /// A single-valued key.
    One(String),
    /// A multi-valued key.
    Many(Vec<String>),
}

/// A call given directly; every key that is not in `context` is absent.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// Who calls.
    pub caller: Caller,
    /// The action, e.g. `sts:AssumeRole`.
    pub action: String,
    /// The request context.
    pub context: Vec<(String, ContextValue)>,
    /// ARN of the role asked.
    pub role_arn: String,
}
