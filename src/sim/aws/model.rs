//! What the account holds: the nouns of EKS, IAM and EC2 as their APIs describe
//! them. Data only; the rules are in the services.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::bearer::Keys;
use super::cloudtrail::Event;
use super::lagging::Lagging;
use super::random::Random;

/// How long news takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delays {
    /// From an association's change to the webhook's knowledge of it.
    pub webhook: SignedDuration,
    /// From an IAM write to IAM reads.
    pub iam: SignedDuration,
    /// From an EKS association write to EKS reads.
    pub eks: SignedDuration,
    /// From an add-on call to its end (`CREATING` to `ACTIVE`).
    pub addon: SignedDuration,
}

/// The EKS cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Kubernetes minor, e.g. `1.33`.
    pub version: String,
    /// EKS platform version, e.g. `eks.12`.
    pub platform_version: String,
    /// Issuer of its service account tokens, with `https://`.
    pub issuer: String,
    /// URL of the Kubernetes API.
    pub endpoint: String,
    /// Base64 of the PEM certificate authority.
    pub certificate_authority: String,
    /// `ipv4` or `ipv6`.
    pub ip_family: String,
    /// `ACTIVE`, `UPDATING`, …
    pub status: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The cluster's own role.
    pub role_arn: String,
    /// Authentication mode, e.g. `API_AND_CONFIG_MAP`.
    pub authentication_mode: String,
    /// Whether the endpoint can be reached from outside the VPC.
    pub public_access: bool,
    /// Node role of EKS Auto Mode, if that is on.
    pub auto_mode_role: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An IAM role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its path, `/` for most.
    pub path: String,
    /// Its name, unique in the account.
    pub name: String,
    /// Its unique id, `AROA…`.
    pub id: String,
    /// Its ARN, path included.
    pub arn: String,
    /// The trust policy, byte for byte.
    pub trust: String,
    /// What it is for.
    pub description: Option<String>,
    /// Longest session in seconds.
    pub max_session: u32,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When and in which region it was last used.
    pub last_used: Option<(Timestamp, String)>,
    /// When it was created.
    pub created_at: Timestamp,
    /// ARNs of attached managed policies.
    pub attached: BTreeSet<String>,
    /// Inline policies, name to document.
    pub inline: BTreeMap<String, String>,
}

/// An IAM OIDC provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// URL without scheme, as IAM returns it.
    pub url: String,
    /// Audiences.
    pub client_ids: Vec<String>,
    /// Thumbprints.
    pub thumbprints: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An instance profile.
#[derive(Clone, Debug)]
pub struct InstanceProfile {
    /// Its name, which need not be its role's.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its unique id, `AIPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its role, if it has one.
    pub role: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A customer managed policy.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// Its unique id, `ANPA…`.
    pub id: String,
    /// The document of version `v1`.
    pub document: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// An EC2 instance, as far as identity is concerned.
#[derive(Clone, Debug)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// Name of its instance profile.
    pub profile: Option<String>,
    /// `optional` or `required`.
    pub tokens: String,
    /// Hop limit of the token response.
    pub hop_limit: u32,
    /// `enabled` or `disabled`.
    pub endpoint: String,
    /// `applied` or `pending`.
    pub options_state: String,
    /// `enabled` or `disabled`.
    pub protocol_ipv6: String,
    /// `running`, `stopped`, …
    pub state: String,
    /// Instance type.
    pub kind: String,
    /// Availability zone.
    pub zone: String,
    /// Private DNS name, which is the node's name.
    pub private_dns: String,
    /// Private address.
    pub private_ip: String,
    /// The service that manages it (EKS Auto Mode), if any.
    pub operator: Option<String>,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An endpoint of the cluster's VPC.
#[derive(Clone, Debug)]
pub struct VpcEndpoint {
    /// `vpce-…`
    pub id: String,
    /// `com.amazonaws.REGION.SERVICE`
    pub service_name: String,
    /// `Interface` or `Gateway`.
    pub kind: String,
    /// `available`, `pending`, …
    pub state: String,
    /// Whether the service's names resolve to it inside the VPC.
    pub private_dns: bool,
}

/// A Pod Identity association.
#[derive(Clone, Debug)]
pub struct Association {
    /// `a-…`
    pub id: String,
    /// Kubernetes namespace; need not exist.
    pub namespace: String,
    /// Service account; need not exist.
    pub service_account: String,
    /// The role of the pods.
    pub role_arn: String,
    /// The role assumed from it, if any.
    pub target_role_arn: Option<String>,
    /// Whether session tags are left out.
    pub disable_session_tags: bool,
    /// Session policy.
    pub policy: Option<String>,
    /// ARN of the add-on that owns it.
    pub owner_arn: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// An EKS add-on.
#[derive(Clone, Debug)]
pub struct Addon {
    /// Its name, e.g. `eks-pod-identity-agent`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `DEGRADED`, …
    pub status: String,
    /// Role for its service account by IRSA.
    pub role_arn: Option<String>,
    /// Its configuration, JSON or YAML text.
    pub configuration: Option<String>,
    /// Health issues, as DescribeAddon gives them.
    pub issues: Vec<Value>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// Everything in the account.
#[derive(Clone, Debug)]
pub struct State {
    /// Account id, twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
    /// Partition, e.g. `aws`.
    pub partition: String,
    /// ARN of whoever calls.
    pub caller_arn: String,
    /// User id of whoever calls.
    pub caller_id: String,
    /// The cluster.
    pub cluster: Cluster,
    /// Roles by name.
    pub roles: BTreeMap<String, Lagging<Role>>,
    /// Customer managed policies by ARN.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// OIDC providers by ARN.
    pub providers: BTreeMap<String, Provider>,
    /// Instance profiles by name.
    pub profiles: BTreeMap<String, InstanceProfile>,
    /// Instances by id.
    pub instances: BTreeMap<String, Instance>,
    /// Endpoints of the cluster's VPC.
    pub vpc_endpoints: Vec<VpcEndpoint>,
    /// Managed node groups by name, as DescribeNodegroup gives them.
    pub nodegroups: BTreeMap<String, Value>,
    /// Fargate profiles by name, as DescribeFargateProfile gives them.
    pub fargate_profiles: BTreeMap<String, Value>,
    /// Access entries by principal ARN, as DescribeAccessEntry gives them.
    pub access_entries: BTreeMap<String, Value>,
    /// Add-ons by name.
    pub addons: BTreeMap<String, Addon>,
    /// Associations by id.
    pub associations: BTreeMap<String, Lagging<Association>>,
    /// How long news takes.
    pub delays: Delays,
    /// Longest trust policy, white space not counted.
    pub trust_quota: usize,
    /// Most associations in the cluster.
    pub association_quota: usize,
    /// Client request tokens by operation: the request, and the name or id of what it made or changed.
    pub tokens: BTreeMap<(String, String), (Value, String)>,
    /// Where the keys of the cluster's issuer are found.
    pub keys: Keys,
    /// What CloudTrail has written, oldest first.
    pub trail: VecDeque<Event>,
    /// Source of ids.
    pub random: Random,
}

impl State {
    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of this account and region.
    pub fn regional_arn(&self, service: &str, resource: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// `arn:PARTITION:iam::ACCOUNT:RESOURCE` of this account.
    pub fn iam_arn(&self, resource: &str) -> String {
        let Self { partition, account, .. } = self;
        format!("arn:{partition}:iam::{account}:{resource}")
    }

    /// The cluster's ARN.
    pub fn cluster_arn(&self) -> String {
        self.regional_arn("eks", &format!("cluster/{}", self.cluster.name))
    }

    /// An existing role by name, newest version.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name).and_then(Lagging::latest)
    }

    /// An existing role by ARN, path included.
    pub fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        let name = arn.rsplit('/').next()?;
        self.role(name).filter(|role| role.arn == arn)
    }

    /// A role by ARN as other services see it at `now`: IAM's news takes its time.
    pub fn seen_role_by_arn(&self, arn: &str, now: Timestamp) -> Option<&Role> {
        let role = self.roles.get(arn.rsplit('/').next()?)?;
        role.seen(now, self.delays.iam).filter(|role| role.arn == arn)
    }

    /// Whether the webhook would find an entry for the service account at `now`.
    pub fn has_webhook_entry(&self, namespace: &str, service_account: &str, now: Timestamp) -> bool {
        self.associations
            .values()
            .filter_map(|association| association.seen(now, self.delays.webhook))
            .any(|seen| seen.namespace == namespace && seen.service_account == service_account)
    }
}
