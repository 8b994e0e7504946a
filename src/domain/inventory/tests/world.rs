//! A small cluster whose every fact is known, and words to change it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    arn::Arn,
    association::{Association, AssociationDetail},
    change::Change,
    cluster::{Caller, Cluster, Target},
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{ClusterId, PodId, RoleArn, ServiceAccountId},
    identity::{Identity, Resolution, State},
    inventory::Inventory,
    network::foreign::ForeignKind,
    node::{Instance, MetadataOptions, Node},
    permission::RoleDetail,
    provider::Provider,
    role::{Role, TrustPolicy},
    service_account::ServiceAccount,
    version::Version,
    webhook::{Operator, Requirement, Selector, Webhook},
    workload::{
        Container, ContainerKind, Environment, Mount, Phase, Pod, PodSpec, TokenVolume, Value, WorkloadId, WorkloadKind,
    },
};

pub const ACCOUNT: &str = "111122223333";
pub const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/9F3C";
pub const IRSA_TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
pub const POD_TOKEN: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

pub struct World {
    pub inventory: Inventory,
    pub now: Timestamp,
}

pub fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub fn ago(duration: SignedDuration) -> Timestamp {
    noon().checked_sub(duration).unwrap()
}

pub fn arn(role: &str) -> RoleArn {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}").as_str().into()
}

pub fn sa(text: &str) -> ServiceAccountId {
    let (namespace, name) = text.split_once('/').unwrap();
    ServiceAccountId::new(namespace, name)
}

pub fn denied(action: &str) -> Arc<Failure> {
    Arc::new(Failure::new(FailureKind::Denied, "cannot read", "AccessDenied", "Ask for it").missing(action, "*"))
}

impl World {
    /// Cluster, provider, webhook and one node (hop limit 1, agent ready) are known; nothing else exists.
    pub fn new() -> Self {
        let mut world = Self::empty();
        world.apply(base());
        world.node("n1", options(true, 1));
        world.agent("n1", true);
        world
    }

    pub fn empty() -> Self {
        Self { inventory: Inventory::new(ClusterId(0)), now: noon() }
    }

    pub fn apply(&mut self, changes: Vec<Change>) -> bool {
        self.inventory.apply(changes, self.now)
    }

    pub fn node(&mut self, name: &str, metadata: MetadataOptions) {
        self.apply(node(name, &[], metadata));
    }

    pub fn agent(&mut self, node: &str, ready: bool) {
        let mut pod =
            pod(&format!("kube-system/eks-pod-identity-agent-{node}"), "eks-pod-identity-agent", node, vec![]);
        pod.ready = ready;
        pod.workload.kind = WorkloadKind::DaemonSet;
        pod.workload.name = "eks-pod-identity-agent".into();
        self.apply(vec![Change::Pod(pod)]);
    }

    pub fn role(&mut self, name: &str, trust: &str) {
        self.apply(vec![Change::Role(name.into(), Fact::Known(role(name, trust)))]);
    }

    pub fn account(&mut self, id: &str, annotation: Option<&str>) {
        self.apply(vec![Change::ServiceAccount(account(id, annotation.map(arn)))]);
    }

    pub fn associate(&mut self, id: &str, role: &str) {
        self.associate_at(id, role, ago(SignedDuration::from_hours(240)));
    }

    pub fn associate_at(&mut self, id: &str, role: &str, at: Timestamp) {
        let detail = AssociationDetail { role_arn: arn(role), ..detail(at) };
        let found = association(id, Fact::Known(detail));
        self.apply(vec![Change::AssociationsOf(sa(id), vec![found])]);
    }

    pub fn pod(&mut self, id: &str, account: &str, containers: Vec<Container>) {
        self.put(pod(id, account, "n1", containers));
    }

    pub fn put(&mut self, pod: Pod) {
        self.apply(vec![Change::Pod(pod)]);
    }

    pub fn found(&self, id: &str) -> &Resolution {
        let (namespace, name) = id.split_once('/').unwrap();
        self.inventory.resolution(&PodId::new(namespace, name)).unwrap()
    }

    pub fn now_of(&self, id: &str) -> &Identity {
        &self.found(id).now
    }

    pub fn next_of(&self, id: &str) -> &Identity {
        &self.found(id).next
    }

    pub fn state(&self, id: &str) -> State {
        self.found(id).state
    }

    pub fn why(&self, id: &str) -> Option<&'static str> {
        self.now_of(id).why().and_then(|reason| reason.code)
    }
}

pub fn base() -> Vec<Change> {
    vec![
        Change::Target(Target { certificate_authority: Some("Q0E=".into()), ..Target::default() }),
        Change::Cluster(Fact::Known(cluster())),
        Change::Caller(Fact::Known(Caller {
            arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/oncall/alice").into(),
            account: ACCOUNT.into(),
        })),
        Change::Webhooks(Fact::Known(vec![webhook()])),
        Change::NetworkPolicies(Fact::Known(vec![])),
        Change::SecurityGroupPolicies(Fact::Absent),
        Change::ForeignPolicies(ForeignKind::Cilium, Fact::Absent),
        Change::ForeignPolicies(ForeignKind::CiliumClusterwide, Fact::Absent),
        Change::ForeignPolicies(ForeignKind::Cluster, Fact::Absent),
        Change::ForeignPolicies(ForeignKind::EksCluster, Fact::Absent),
        Change::SecretStores(Fact::Absent),
        Change::ClusterSecretStores(Fact::Absent),
        Change::BucketVolumes(Fact::Known(vec![])),
        Change::NodeClaims(Fact::Absent),
        Change::Ec2NodeClasses(Fact::Absent),
        Change::AutoNodeClasses(Fact::Absent),
        Change::Providers(Fact::Known(vec![provider(&["sts.amazonaws.com"])])),
        Change::Namespaces(Fact::Known(vec![])),
        Change::ServiceAccounts(Fact::Known(vec![])),
        Change::Associations(Fact::Known(vec![])),
        Change::Roles(Fact::Known(vec![])),
        Change::Nodes(Fact::Known(vec![])),
        Change::NodeGroups(Fact::Known(vec![])),
        Change::AddOns(Fact::Known(vec![])),
        Change::Pods(Fact::Known(vec![])),
        Change::RoleDetail("ng-role".into(), RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodePolicy"])),
    ]
}

pub fn cluster() -> Cluster {
    Cluster {
        arn: format!("arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/acme-prod").parse().unwrap(),
        name: "acme-prod".into(),
        version: "1.34".into(),
        platform_version: Some("eks.12".into()),
        endpoint: Some("https://ABC.gr7.eu-west-1.eks.amazonaws.com".into()),
        certificate_authority: Some("Q0E=".into()),
        issuer: Some(format!("https://{ISSUER}").into()),
        ipv6: false,
        auto_mode: false,
        auto_node_role_arn: None,
        vpc_id: None,
        public_endpoint: true,
    }
}

pub fn webhook() -> Webhook {
    let honours = Requirement {
        key: "eks.amazonaws.com/skip-pod-identity-webhook".into(),
        operator: Operator::DoesNotExist,
        values: vec![],
    };
    Webhook {
        configuration: "pod-identity-webhook".into(),
        name: "iam-for-pods.amazonaws.com".into(),
        namespace_selector: Selector::default(),
        object_selector: Selector { labels: BTreeMap::new(), expressions: vec![honours] },
        self_hosted: false,
        failure_policy: Some("Ignore".into()),
        authority: None,
    }
}

pub fn provider(audiences: &[&str]) -> Provider {
    Provider {
        arn: format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}").parse().unwrap(),
        client_ids: Some(audiences.iter().map(|id| Arc::from(*id)).collect()),
    }
}

pub fn options(tokens_required: bool, hop_limit: u8) -> MetadataOptions {
    MetadataOptions { enabled: true, tokens_required, hop_limit, pending: false, ipv6: false }
}

pub fn node(name: &str, labels: &[(&str, &str)], metadata: MetadataOptions) -> Vec<Change> {
    let id = format!("i-{name}");
    let profile: Arc<str> = format!("arn:aws:iam::{ACCOUNT}:instance-profile/eks-{name}").into();
    let labels = labels.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect();
    vec![
        Change::Node(Node {
            name: name.into(),
            version: Version::default(),
            provider_id: Some(format!("aws:///eu-west-1a/{id}").into()),
            labels,
            ready: true,
        }),
        Change::Instance(
            id.as_str().into(),
            Fact::Known(Instance {
                id: id.as_str().into(),
                profile_arn: Some(profile.clone()),
                metadata,
                operator: None,
            }),
        ),
        Change::InstanceProfile(profile, Fact::Known(arn("ng-role"))),
    ]
}

pub fn role(name: &str, trust: &str) -> Role {
    Role {
        arn: Arn::role(arn(name).as_str()).unwrap(),
        name: name.into(),
        trust: Arc::new(TrustPolicy::parse(trust)),
        tags: None,
        created_at: None,
        max_session_seconds: None,
    }
}

pub fn account(id: &str, role_arn: Option<RoleArn>) -> ServiceAccount {
    ServiceAccount {
        id: sa(id),
        role_arn,
        audience: None,
        sts_regional_endpoints: None,
        created_at: None,
        resource_version: "1".into(),
        managers: vec![],
        labels: BTreeMap::new(),
        declared: None,
    }
}

pub fn detail(at: Timestamp) -> AssociationDetail {
    AssociationDetail {
        role_arn: arn("unset"),
        target_role_arn: None,
        external_id: None,
        disable_session_tags: false,
        policy: None,
        tags: BTreeMap::new(),
        created_at: Some(at),
        modified_at: Some(at),
    }
}

pub fn association(id: &str, detail: Fact<AssociationDetail>) -> Association {
    let name = format!("a-{}", id.replace('/', "-"));
    Association {
        id: name.as_str().into(),
        arn: format!("arn:aws:eks:eu-west-1:{ACCOUNT}:podidentityassociation/acme-prod/{name}").into(),
        service_account: sa(id),
        owner_arn: None,
        detail,
    }
}

/// A trust policy that lets in one service account through the cluster's provider.
pub fn irsa_trust(subject: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:{subject}","{ISSUER}:aud":"sts.amazonaws.com"}}}}}}]}}"#
    )
}

/// A trust policy for Pod Identity with these actions.
pub fn pod_trust(actions: &[&str]) -> String {
    let actions = actions.iter().map(|action| format!("\"{action}\"")).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"pods.eks.amazonaws.com"}},"Action":[{actions}]}}]}}"#
    )
}

pub fn good_pod_trust() -> String {
    pod_trust(&["sts:AssumeRole", "sts:TagSession"])
}

/// A pod older than every association of these worlds.
pub fn pod(id: &str, account: &str, node: &str, containers: Vec<Container>) -> Pod {
    let (namespace, name) = id.split_once('/').unwrap();
    Pod {
        id: PodId::new(namespace, name),
        uid: format!("uid-{name}").as_str().into(),
        created_at: ago(SignedDuration::from_hours(100)),
        terminating: false,
        version: Version::default(),
        crashing: false,
        phase: Phase::Running,
        ready: true,
        node: Some(node.into()),
        workload: WorkloadId {
            namespace: namespace.into(),
            kind: WorkloadKind::Deployment,
            name: name.rsplit_once('-').map_or(name, |(owner, _)| owner).into(),
        },
        spec: Arc::new(spec(account, containers)),
    }
}

pub fn spec(account: &str, containers: Vec<Container>) -> PodSpec {
    let token = |name: &str, path: &str, audience: &str| TokenVolume {
        name: name.into(),
        path: path.into(),
        audience: Some(audience.into()),
    };
    let mounted = |volume: &str| {
        containers.iter().any(|container: &Container| container.mounts.iter().any(|mount| &*mount.volume == volume))
    };
    let mut token_volumes = Vec::new();
    if mounted("aws-iam-token") {
        token_volumes.push(token("aws-iam-token", "token", "sts.amazonaws.com"));
    }
    if mounted("eks-pod-identity-token") {
        token_volumes.push(token("eks-pod-identity-token", "eks-pod-identity-token", "pods.eks.amazonaws.com"));
    }
    PodSpec {
        service_account: account.into(),
        host_network: false,
        windows: false,
        node_port_80: false,
        fs_group: false,
        claims: Vec::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        containers,
        token_volumes,
    }
}

/// Changes the spec of a pod that nobody else has yet.
pub fn with_spec(mut pod: Pod, change: impl FnOnce(&mut PodSpec)) -> Pod {
    change(Arc::get_mut(&mut pod.spec).unwrap());
    pod
}

pub fn container(name: &str, variables: &[(&str, &str)], mounts: &[(&str, &str)]) -> Container {
    let value = |name: &str, value: &str| match name {
        "AWS_ACCESS_KEY_ID" => Value::AccessKey(value.into()),
        "AWS_SECRET_ACCESS_KEY" => Value::Hidden,
        _ => Value::Text(value.into()),
    };
    Container {
        name: name.into(),
        kind: ContainerKind::Container,
        image: "app:1".into(),
        environment: Environment::new(variables.iter().map(|(name, text)| (Arc::from(*name), value(name, text)))),
        environment_sources: vec![],
        non_root: false,
        mounts: mounts
            .iter()
            .map(|(volume, path)| Mount { volume: (*volume).into(), path: (*path).into(), sub_path: false })
            .collect(),
    }
}

pub fn of_kind(kind: ContainerKind, container: Container) -> Container {
    Container { kind, ..container }
}

pub fn plain(name: &str) -> Container {
    container(name, &[], &[])
}

/// A container as the webhook leaves it for an annotation.
pub fn irsa(name: &str, role: &str) -> Container {
    irsa_arn(name, arn(role).as_str())
}

pub fn irsa_arn(name: &str, role: &str) -> Container {
    let token = format!("{IRSA_TOKEN}/token");
    let variables = [
        ("AWS_ROLE_ARN", role),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
    ];
    container(name, &variables, &[("aws-iam-token", IRSA_TOKEN)])
}

/// A container as the webhook leaves it for an association.
pub fn pod_identity(name: &str) -> Container {
    container(name, &pod_identity_variables(), &[("eks-pod-identity-token", POD_TOKEN)])
}

pub fn pod_identity_variables() -> [(&'static str, &'static str); 2] {
    [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
        ),
    ]
}
