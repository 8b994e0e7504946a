//! The facts that resolution reads: what Kubernetes and AWS answered about one cluster. No AWS fact
//! is handed out before caller and context are known to belong to the cluster (identity-resolution 7.1).

use std::sync::Arc;

use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{asked::Asked, by_namespace::ByNamespace, listing::Listing};
use crate::domain::{
    arn::Arn,
    association::{Association, AssociationDetail},
    cluster::{Caller, Cluster, Target},
    delegate::{BucketVolume, SecretStore},
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{AssociationId, InstanceId, NodeName, RoleArn, RoleName, ServiceAccountId},
    network::{NetworkPolicy, SecurityGroupPolicy, foreign::ForeignPolicies},
    node::{AccessEntry, AddOn, Instance, Node, NodeClass, NodeGroup, VpcEndpoint},
    permission::{Permission, RoleDetail},
    provider::Provider,
    role::{Role, Writes},
    service_account::ServiceAccount,
    webhook::Webhook,
    workload::{Environment, PodSpec, SourceId, WorkloadId},
};

/// Everything that was answered, except pods.
#[derive(Debug, Default)]
pub struct Facts {
    /// The time of the last batch: cached credentials and date conditions are judged by it.
    pub now: Timestamp,
    /// What the context says.
    pub target: Target,
    /// DescribeCluster.
    pub cluster: Fact<Cluster>,
    /// GetCallerIdentity.
    pub caller: Fact<Caller>,
    /// Service accounts.
    pub service_accounts: Listing<ServiceAccountId, ServiceAccount>,
    /// Nodes.
    pub nodes: Listing<NodeName, Node>,
    /// ConfigMaps that containers take variables from, as far as those matter; loading until they were read.
    pub config_maps: Asked<SourceId, Environment>,
    /// Pod templates of owners, where somebody asked for them.
    pub templates: Asked<WorkloadId, Arc<PodSpec>>,
    /// Network policies that isolate pods for egress.
    pub network_policies: ByNamespace<NetworkPolicy>,
    /// Policies of Cilium and ClusterNetworkPolicies.
    pub foreign_policies: ForeignPolicies,
    /// Policies that give pods security groups.
    pub security_group_policies: ByNamespace<SecurityGroupPolicy>,
    /// SecretStores, by the namespace of the service account.
    pub secret_stores: ByNamespace<SecretStore>,
    /// ClusterSecretStores, by the same.
    pub cluster_secret_stores: ByNamespace<SecretStore>,
    /// Volumes of Mountpoint for Amazon S3, by the namespace of their claim.
    pub bucket_volumes: ByNamespace<BucketVolume>,
    /// Instance profiles that Karpenter launched nodes with, by name.
    pub node_claims: Fact<FxHashMap<NodeName, Arc<str>>>,
    /// EC2NodeClasses of Karpenter.
    pub ec2_node_classes: Fact<Vec<NodeClass>>,
    /// NodeClasses of Auto Mode.
    pub auto_node_classes: Fact<Vec<NodeClass>>,
    /// The live webhook objects.
    pub webhooks: Fact<Vec<Webhook>>,
    /// Associations, with what was described of them.
    pub associations: Listing<AssociationId, Association>,
    /// The association of a service account: EKS allows one.
    pub association_ids: FxHashMap<ServiceAccountId, AssociationId>,
    /// Roles of the cluster's account.
    pub roles: Listing<RoleName, Role>,
    /// Roles asked for by name that are not in `roles`.
    pub role_answers: FxHashMap<RoleName, Fact<()>>,
    /// Roles read in detail.
    pub role_details: FxHashMap<RoleName, RoleDetail>,
    /// Of those, the ones read before the last list of roles: to be read again, and valid meanwhile.
    pub stale_details: FxHashSet<RoleName>,
    /// Trust policies that were written a moment ago: IAM may go on returning the ones before.
    pub written: FxHashMap<RoleName, Writes>,
    /// OIDC providers of the account.
    pub providers: Fact<Vec<Provider>>,
    /// Managed node groups.
    pub node_groups: Fact<Vec<NodeGroup>>,
    /// Instances asked for.
    pub instances: FxHashMap<InstanceId, Fact<Instance>>,
    /// Roles of instance profiles, by the ARN of the profile.
    pub instance_profiles: FxHashMap<Arc<str>, Fact<RoleArn>>,
    /// Access entries of node types, once asked for.
    pub access_entries: Fact<Vec<AccessEntry>>,
    /// Roles that aws-auth maps to nodes, once asked for; their ARNs have no path there.
    pub mapped_roles: Fact<Vec<AccessEntry>>,
    /// Names of the Fargate profiles.
    pub fargate_profiles: Fact<Vec<Arc<str>>>,
    /// Endpoints of the cluster's VPC.
    pub vpc_endpoints: Fact<Vec<VpcEndpoint>>,
    /// Installed add-ons.
    pub add_ons: Fact<Vec<AddOn>>,
    /// Whether AWS facts may be joined; see [`Facts::recheck`].
    gate: Fact<()>,
}

impl Facts {
    /// Decides again whether AWS facts may be joined; to be called when target, cluster or caller changed.
    pub fn recheck(&mut self) -> bool {
        let gate = match (&self.cluster, &self.caller) {
            (Fact::Unknown(failure), _) | (_, Fact::Unknown(failure)) => Fact::Unknown(Arc::clone(failure)),
            (Fact::Absent, _) | (_, Fact::Absent) => Fact::Unknown(Arc::new(self.no_cluster())),
            (Fact::Loading, _) | (_, Fact::Loading) => Fact::Loading,
            (Fact::Known(cluster), Fact::Known(caller)) => mismatch(&self.target, cluster, caller)
                .map_or(Fact::Known(()), |failure| Fact::Unknown(Arc::new(failure))),
        };
        let changed = gate != self.gate;
        self.gate = gate;
        changed
    }

    fn no_cluster(&self) -> Failure {
        let name = self.target.cluster.as_ref().map_or("this context", |name| name.as_str());
        Failure::new(
            FailureKind::NotFound,
            format!("cannot join the facts of AWS to {name}"),
            "EKS does not know the cluster in this account and region",
            "Name it with --cluster and --region, or choose another --profile",
        )
    }

    /// Why caller or context do not belong to the cluster, if they do not.
    pub fn mismatch(&self) -> Option<Failure> {
        mismatch(&self.target, self.cluster.known()?, self.caller.known()?)
    }

    /// Whether AWS facts may be joined.
    pub fn gate(&self) -> &Fact<()> {
        &self.gate
    }

    /// A fact of AWS, if it may be joined.
    pub fn joined<T>(&self, fact: Fact<T>) -> Fact<T> {
        match &self.gate {
            Fact::Known(()) => fact,
            Fact::Loading | Fact::Absent => Fact::Loading,
            Fact::Unknown(failure) => Fact::Unknown(Arc::clone(failure)),
        }
    }

    /// The association of a service account.
    pub fn association(&self, account: &ServiceAccountId) -> Fact<&Association> {
        let found = match self.association_ids.get(account) {
            Some(id) => self.associations.get(id),
            None => match self.associations.state() {
                Fact::Loading => Fact::Loading,
                Fact::Unknown(failure) => Fact::Unknown(Arc::clone(failure)),
                Fact::Known(()) | Fact::Absent => Fact::Absent,
            },
        };
        self.joined(found)
    }

    /// A role by the ARN that somebody wrote. Absent only where IAM said so for the cluster's own
    /// account; a role of another account cannot be read and is unknown.
    pub fn role(&self, arn: &RoleArn) -> Fact<&Role> {
        match Arn::role(arn.as_str()) {
            Ok(parsed) => self.joined(self.role_of_account(&parsed)),
            Err(error) => Fact::Unknown(Arc::new(Failure::new(
                FailureKind::Invalid,
                "cannot read the role",
                error.to_string(),
                "Correct the ARN",
            ))),
        }
    }

    fn role_of_account(&self, arn: &Arn) -> Fact<&Role> {
        let Some(cluster) = self.cluster.known() else { return Fact::Loading };
        if arn.account() != cluster.account() || arn.partition() != cluster.arn.partition() {
            return Fact::Unknown(Arc::new(foreign_role(arn)));
        }
        let Some(name) = arn.role_name() else { return Fact::Absent };
        match self.roles.get(&name) {
            Fact::Known(role) if role.arn == *arn => Fact::Known(role),
            // The name is unique in its account, so another path means that this ARN is nobody's.
            Fact::Known(_) => Fact::Absent,
            missing => match self.role_answers.get(&name) {
                Some(Fact::Absent) => Fact::Absent,
                Some(Fact::Unknown(failure)) => Fact::Unknown(Arc::clone(failure)),
                // Who may not list may still read one role: that question is open.
                _ if matches!(missing, Fact::Unknown(_)) => Fact::Loading,
                _ => missing,
            },
        }
    }

    /// A role of the cluster's account in detail, once it was read.
    pub fn role_detail(&self, arn: &RoleArn) -> Option<&RoleDetail> {
        let cluster = self.cluster.known().filter(|_| matches!(self.gate, Fact::Known(())))?;
        let arn = Arn::role(arn.as_str()).ok().filter(|arn| arn.account() == cluster.account())?;
        self.role_details.get(&arn.role_name()?)
    }

    /// Whether a role of the cluster's account may do something, by its own policies.
    pub fn permission(&self, role: &RoleArn, action: &str, resource: &str) -> Permission {
        self.role_detail(role).map_or(Permission::Loading, |detail| detail.permission(action, resource))
    }

    /// The OIDC provider of the cluster's issuer in the cluster's account.
    pub fn provider(&self) -> Fact<&Provider> {
        let found = match self.providers.as_ref() {
            Fact::Known(providers) => {
                let issuer = self.cluster.known().and_then(Cluster::issuer_path);
                let found = issuer.and_then(|issuer| providers.iter().find(|provider| provider.issuer() == issuer));
                found.map_or(Fact::Absent, Fact::Known)
            }
            Fact::Absent => Fact::Absent,
            Fact::Loading => Fact::Loading,
            Fact::Unknown(failure) => Fact::Unknown(failure),
        };
        self.joined(found)
    }

    /// All associations, if they may be joined.
    pub fn joined_associations(&self) -> impl Iterator<Item = &Association> {
        let joined = matches!(self.gate, Fact::Known(()));
        self.associations.items().values().filter(move |_| joined)
    }

    /// What was described of the association of a service account.
    pub fn association_detail(&self, account: &ServiceAccountId) -> Option<&AssociationDetail> {
        self.association(account).known().and_then(|association| association.detail.known())
    }

    /// An instance that was asked for.
    pub fn instance(&self, id: &InstanceId) -> Fact<&Instance> {
        self.joined(self.instances.get(id).map_or(Fact::Loading, Fact::as_ref))
    }

    /// The ARN of an instance profile of the cluster's account by its name; its path is not known and not needed.
    pub fn profile_arn(&self, name: &str) -> Option<Arc<str>> {
        let cluster = self.cluster.known()?;
        Some(format!("arn:{}:iam::{}:instance-profile/{name}", cluster.arn.partition(), cluster.account()).into())
    }

    /// The ARN of a role of the cluster's account by its name; without a list of roles its path is presumed empty.
    pub fn role_arn(&self, name: &str) -> Option<RoleArn> {
        let cluster = self.cluster.known().filter(|_| matches!(self.gate, Fact::Known(())))?;
        let listed = self.roles.get(name).known().map(|role| RoleArn::from(role.arn.as_str()));
        let presumed = || format!("arn:{}:iam::{}:role/{name}", cluster.arn.partition(), cluster.account());
        Some(listed.unwrap_or_else(|| RoleArn::from(presumed())))
    }

    /// The role of an instance profile.
    pub fn instance_profile(&self, arn: &str) -> Fact<&RoleArn> {
        self.joined(self.instance_profiles.get(arn).map_or(Fact::Loading, Fact::as_ref))
    }
}

fn foreign_role(arn: &Arn) -> Failure {
    Failure::new(
        FailureKind::Denied,
        format!("cannot read {}", arn.resource()),
        format!("it belongs to account {}, and only the cluster's own account is read", arn.account()),
        "Look at its trust policy with credentials of that account",
    )
}

/// Whether caller and context belong to the cluster (identity-resolution 7.1).
fn mismatch(target: &Target, cluster: &Cluster, caller: &Caller) -> Option<Failure> {
    let owner = cluster.account();
    if caller.account != owner {
        return Some(Failure::new(
            FailureKind::Usage,
            "AWS facts are not joined",
            format!("{} belongs to account {owner}, the AWS credentials to {}", cluster.name, caller.account),
            format!("Choose a profile of account {owner} with --profile"),
        ));
    }
    if is_same_server(target, cluster) {
        return None;
    }
    Some(Failure::new(
        FailureKind::Usage,
        "AWS facts are not joined",
        format!(
            "the context's server {} is not the endpoint of {} ({}), and its certificate authority differs",
            target.server.as_deref().unwrap_or("(none)"),
            cluster.arn,
            cluster.endpoint.as_deref().unwrap_or("none"),
        ),
        "Name the right cluster with --cluster and --region, or choose another context",
    ))
}

fn is_same_server(target: &Target, cluster: &Cluster) -> bool {
    let hosts = target.server.as_deref().map(host).zip(cluster.endpoint.as_deref().map(host));
    let same_host = hosts.as_ref().map(|(ours, theirs)| ours == theirs);
    let authorities = target.certificate_authority.as_deref().zip(cluster.certificate_authority.as_deref());
    match authorities.map(|(ours, theirs)| is_same_text(ours, theirs)) {
        Some(same) => same || same_host == Some(true),
        None => same_host.unwrap_or(true),
    }
}

/// Base64 as it is wrapped differently by different tools.
fn is_same_text(one: &str, other: &str) -> bool {
    let visible = |text: &'_ str| text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    visible(one) == visible(other)
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.strip_suffix(":443").unwrap_or(authority).to_ascii_lowercase()
}
