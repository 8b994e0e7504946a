//! What the adapters tell the inventory. Batches arrive in any order between objects; of one
//! object the newest wins. A re-list replaces its kind at once, so that lists never flicker empty.

use std::sync::Arc;

use super::{
    association::{Association, AssociationDetail},
    cluster::{Caller, Cluster, Target},
    delegate::{BucketVolume, SecretStore},
    fact::Fact,
    id::{AssociationId, InstanceId, Namespace, NodeName, PodId, RoleArn, RoleName, ServiceAccountId},
    network::{
        NetworkPolicy, SecurityGroupPolicy,
        foreign::{ForeignKind, ForeignPolicy},
    },
    node::{AccessEntry, AddOn, Instance, Node, NodeClaim, NodeClass, NodeGroup, VpcEndpoint},
    permission::RoleDetail,
    proof::Proof,
    provider::Provider,
    role::{Role, Written},
    rollout::Rollout,
    service_account::ServiceAccount,
    webhook::Webhook,
    workload::{Environment, Pod, PodSpec, SourceId, WorkloadId},
};

/// When a request was made, counted by whoever makes them: later ones have greater numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn(pub u64);

/// One change of what is known about a cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A pod is new or changed.
    Pod(Pod),
    /// A pod is gone.
    PodGone(PodId),
    /// All pods, after a re-list.
    Pods(Fact<Vec<Pod>>),
    /// A service account is new or changed.
    ServiceAccount(ServiceAccount),
    /// A service account is gone.
    ServiceAccountGone(ServiceAccountId),
    /// All service accounts, after a re-list.
    ServiceAccounts(Fact<Vec<ServiceAccount>>),
    /// A namespace is new.
    Namespace(Namespace),
    /// A namespace is gone.
    NamespaceGone(Namespace),
    /// All namespaces, after a re-list.
    Namespaces(Fact<Vec<Namespace>>),
    /// A node is new or changed.
    Node(Node),
    /// A node is gone.
    NodeGone(NodeName),
    /// All nodes, after a re-list.
    Nodes(Fact<Vec<Node>>),
    /// The variables that a ConfigMap named by `envFrom` gives, names with the prefix; `Absent` when there is none.
    ConfigMap(SourceId, Fact<Environment>),
    /// The current pod template of a workload; `Absent` when its owner is gone.
    Template(WorkloadId, Fact<Arc<PodSpec>>),
    /// The pod identity webhooks of the cluster (whole set).
    Webhooks(Fact<Vec<Webhook>>),
    /// The network policies that isolate pods for egress (whole set).
    NetworkPolicies(Fact<Vec<NetworkPolicy>>),
    /// The policies of a kind of Cilium's or of ClusterNetworkPolicies (whole set); `Absent` where the cluster has no
    /// such kind.
    ForeignPolicies(ForeignKind, Fact<Vec<ForeignPolicy>>),
    /// The policies that give pods security groups (whole set); `Absent` where the cluster has no such kind.
    SecurityGroupPolicies(Fact<Vec<SecurityGroupPolicy>>),
    /// The SecretStores that name a service account (whole set); `Absent` where the cluster has no such kind.
    SecretStores(Fact<Vec<SecretStore>>),
    /// The ClusterSecretStores that name one.
    ClusterSecretStores(Fact<Vec<SecretStore>>),
    /// The volumes of Mountpoint for Amazon S3 with the credentials of pods (whole set).
    BucketVolumes(Fact<Vec<BucketVolume>>),
    /// The NodeClaims of Karpenter that name an instance profile (whole set); `Absent` without Karpenter.
    NodeClaims(Fact<Vec<NodeClaim>>),
    /// The EC2NodeClasses of Karpenter (whole set).
    Ec2NodeClasses(Fact<Vec<NodeClass>>),
    /// The NodeClasses of Auto Mode (whole set).
    AutoNodeClasses(Fact<Vec<NodeClass>>),
    /// What the context says.
    Target(Target),
    /// DescribeCluster.
    Cluster(Fact<Cluster>),
    /// GetCallerIdentity.
    Caller(Fact<Caller>),
    /// ListPodIdentityAssociations: all of them, without details.
    Associations(Fact<Vec<Association>>),
    /// The associations of one service account, after a change or for the selected row.
    AssociationsOf(ServiceAccountId, Vec<Association>),
    /// DescribePodIdentityAssociation.
    AssociationDetail(AssociationId, Fact<AssociationDetail>),
    /// ListRoles: every role of the account.
    Roles(Fact<Vec<Role>>),
    /// GetRole; `Absent` when IAM says NoSuchEntity for the caller's own account.
    Role(RoleName, Fact<Role>),
    /// The trust policy of a role was written from here; IAM may return the one before for a while.
    TrustWritten(RoleName, Written),
    /// What only calls for one role tell: tags, boundary, permission policies.
    RoleDetail(RoleName, RoleDetail),
    /// ListOpenIDConnectProviders, with their client ids where they were read.
    Providers(Fact<Vec<Provider>>),
    /// All node groups.
    NodeGroups(Fact<Vec<NodeGroup>>),
    /// Instances by id; `Absent` when EC2 does not know the id.
    Instance(InstanceId, Fact<Instance>),
    /// Role of an instance profile, by the profile's ARN.
    InstanceProfile(Arc<str>, Fact<RoleArn>),
    /// Access entries of node types, where no better source told a node's role.
    AccessEntries(Fact<Vec<AccessEntry>>),
    /// Roles that `kube-system/aws-auth` maps to nodes, read together with access entries; absent without it.
    MappedRoles(Fact<Vec<AccessEntry>>),
    /// Names of the Fargate profiles.
    FargateProfiles(Fact<Vec<Arc<str>>>),
    /// The endpoints of the cluster's VPC.
    VpcEndpoints(Fact<Vec<VpcEndpoint>>),
    /// All add-ons.
    AddOns(Fact<Vec<AddOn>>),
    /// An identity was proven, or refused, by AWS itself.
    Proven(Box<Proof>),
    /// How a workload replaces its pods, read for a plan that restarts it.
    Rollout(WorkloadId, Fact<Rollout>),
    /// The answer to a request: one that a newer request about the same object has overtaken counts for nothing.
    Answer(Turn, Box<Change>),
}
