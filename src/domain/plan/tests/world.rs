//! A small cluster for tests: one node that lends its role to pods, one Fargate node, and a service
//! account for each mechanism.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::domain::{
    association::{Association, AssociationDetail},
    change::Change,
    cluster::{Caller, Cluster, Target},
    fact::Fact,
    id::{ClusterId, PodId, RoleArn, ServiceAccountId},
    inventory::Inventory,
    network::foreign::ForeignKind,
    node::{Instance, MetadataOptions, Node, NodeGroup},
    permission::RoleDetail,
    provider::Provider,
    role::{Role, TrustPolicy},
    service_account::ServiceAccount,
    version::Version,
    webhook::{Selector, Webhook},
    workload::{
        Container, ContainerKind, Environment, Mount, Phase, Pod, PodSpec, TokenVolume, Value, WorkloadId, WorkloadKind,
    },
};

pub const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
pub const PODS_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
pub const EC2_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const NARROW_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"elsewhere"}}}]}"#;

pub fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub fn arn(name: &str) -> RoleArn {
    format!("arn:aws:iam::111122223333:role/{name}").into()
}

pub fn sa(text: &str) -> ServiceAccountId {
    let (namespace, name) = text.split_once('/').unwrap();
    ServiceAccountId::new(namespace, name)
}

pub fn workload(namespace: &str, kind: WorkloadKind, name: &str) -> WorkloadId {
    WorkloadId { namespace: namespace.into(), kind, name: name.into() }
}

pub fn cluster() -> Cluster {
    Cluster {
        arn: "arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod".parse().unwrap(),
        name: "acme-prod".into(),
        version: "1.34".into(),
        platform_version: Some("eks.9".into()),
        endpoint: None,
        certificate_authority: None,
        issuer: Some(ISSUER.into()),
        ipv6: false,
        auto_mode: false,
        auto_node_role_arn: None,
        vpc_id: None,
        public_endpoint: true,
    }
}

pub fn caller(account: &str) -> Caller {
    let arn = format!("arn:aws:sts::{account}:assumed-role/oncall/alice");
    Caller { arn: arn.into(), account: account.into() }
}

pub fn role(name: &str, trust: &str) -> Role {
    Role {
        arn: arn(name).as_str().parse().unwrap(),
        name: name.rsplit('/').next().unwrap().into(),
        trust: Arc::new(TrustPolicy::parse(trust)),
        tags: None,
        created_at: None,
        max_session_seconds: None,
    }
}

pub fn irsa_trust(subject: &str) -> String {
    let issuer = ISSUER.trim_start_matches("https://");
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{issuer}:sub":"system:serviceaccount:{subject}","{issuer}:aud":"sts.amazonaws.com"}}}}}}]}}"#
    )
}

pub fn roles() -> Vec<Role> {
    vec![
        role("api-service-development-eu-west-1", PODS_TRUST),
        role("search-indexer", PODS_TRUST),
        role("cni", PODS_TRUST),
        role("narrow", NARROW_TRUST),
        role("payments-api", &irsa_trust("payments:api")),
        role("ng-role", EC2_TRUST),
        role("aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS", EC2_TRUST),
    ]
}

pub fn service_account(id: &str, role: Option<RoleArn>, managers: &[&str]) -> ServiceAccount {
    ServiceAccount {
        id: sa(id),
        role_arn: role,
        audience: None,
        sts_regional_endpoints: None,
        created_at: None,
        resource_version: "1".into(),
        managers: managers.iter().map(|name| (*name).into()).collect(),
        labels: BTreeMap::new(),
        declared: None,
    }
}

pub fn association(id: &str, account: &str, role: &str, owner: Option<&str>) -> Association {
    let created: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    Association {
        id: id.into(),
        arn: format!("arn:aws:eks:eu-west-1:111122223333:podidentityassociation/acme-prod/{id}").into(),
        service_account: sa(account),
        owner_arn: owner.map(Into::into),
        detail: Fact::Known(AssociationDetail {
            role_arn: arn(role),
            target_role_arn: None,
            external_id: None,
            disable_session_tags: false,
            policy: None,
            tags: BTreeMap::new(),
            created_at: Some(created),
            modified_at: Some(created),
        }),
    }
}

pub enum Injected {
    Nothing,
    Irsa(RoleArn),
    PodIdentity,
    Keys,
}

fn variables(injected: &Injected) -> Vec<(Arc<str>, Value)> {
    let text = |name: &str, value: &str| (Arc::from(name), Value::Text(value.into()));
    let region = [text("AWS_REGION", "eu-west-1"), text("AWS_DEFAULT_REGION", "eu-west-1")];
    let mut all = match injected {
        Injected::Nothing => return Vec::new(),
        Injected::Keys => {
            return vec![
                ("AWS_ACCESS_KEY_ID".into(), Value::AccessKey("WXYZ".into())),
                ("AWS_SECRET_ACCESS_KEY".into(), Value::Hidden),
            ];
        }
        Injected::Irsa(role) => vec![
            text("AWS_ROLE_ARN", role.as_str()),
            text("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"),
        ],
        Injected::PodIdentity => vec![
            text("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
            text(
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
            ),
        ],
    };
    all.extend(region);
    all.push(text("AWS_STS_REGIONAL_ENDPOINTS", "regional"));
    all
}

fn token(injected: &Injected) -> Option<(TokenVolume, Mount)> {
    let (name, path, audience, at) = match injected {
        Injected::Irsa(_) => {
            ("aws-iam-token", "token", "sts.amazonaws.com", "/var/run/secrets/eks.amazonaws.com/serviceaccount")
        }
        Injected::PodIdentity => (
            "eks-pod-identity-token",
            "eks-pod-identity-token",
            "pods.eks.amazonaws.com",
            "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount",
        ),
        Injected::Nothing | Injected::Keys => return None,
    };
    let volume = TokenVolume { name: name.into(), path: path.into(), audience: Some(audience.into()) };
    Some((volume, Mount { volume: name.into(), path: at.into(), sub_path: false }))
}

pub fn pod(account: &str, kind: WorkloadKind, owner: &str, name: &str, node: &str, injected: &Injected) -> Pod {
    let id = sa(account);
    let token = token(injected);
    let container = Container {
        name: "app".into(),
        kind: ContainerKind::Container,
        image: "nginx:1.27".into(),
        environment: Environment::new(variables(injected)),
        environment_sources: Vec::new(),
        non_root: false,
        mounts: token.iter().map(|(_, mount)| mount.clone()).collect(),
    };
    Pod {
        id: PodId::new(id.namespace.clone(), name),
        uid: format!("00000000-0000-4000-8000-{:012x}", name.len()).into(),
        created_at: "2026-11-20T00:00:00Z".parse().unwrap(),
        terminating: false,
        version: Version::default(),
        crashing: false,
        phase: Phase::Running,
        ready: true,
        node: Some(node.into()),
        workload: WorkloadId { namespace: id.namespace, kind, name: owner.into() },
        spec: Arc::new(PodSpec {
            service_account: id.name,
            host_network: false,
            windows: false,
            node_port_80: false,
            fs_group: false,
            claims: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            containers: vec![container],
            token_volumes: token.into_iter().map(|(volume, _)| volume).collect(),
        }),
    }
}

pub fn agent_pod(node: &str) -> Pod {
    let (account, name) = ("kube-system/eks-pod-identity-agent", "eks-pod-identity-agent");
    let kind = WorkloadKind::DaemonSet;
    let mut pod = pod(account, kind, name, &format!("{name}-{node}"), node, &Injected::Nothing);
    let labels = BTreeMap::from([(Arc::from("app.kubernetes.io/name"), Arc::from(name))]);
    pod.spec = Arc::new(PodSpec { host_network: true, labels, ..PodSpec::clone(&pod.spec) });
    pod
}

fn pods() -> Vec<Pod> {
    let deployment = || WorkloadKind::Deployment;
    vec![
        pod("api-service/api-service", deployment(), "api-service", "api-service-a", "node-a", &Injected::Nothing),
        pod("api-service/api-service", deployment(), "api-service", "api-service-b", "node-a", &Injected::Nothing),
        pod("payments/api", deployment(), "api", "api-1", "node-a", &Injected::Irsa(arn("payments-api"))),
        pod("search/indexer", WorkloadKind::StatefulSet, "indexer", "indexer-0", "node-a", &Injected::PodIdentity),
        pod("batch/reindex", WorkloadKind::Job, "reindex", "reindex-x", "node-a", &Injected::Keys),
        pod("web/edge", deployment(), "edge", "edge-1", "fargate-b", &Injected::Nothing),
    ]
}

fn node(name: &str, provider: &str, label: (&str, &str)) -> Node {
    let labels = [("kubernetes.io/os", "linux"), label];
    Node {
        name: name.into(),
        version: Version::default(),
        provider_id: Some(provider.into()),
        labels: labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        ready: true,
    }
}

fn instance() -> Instance {
    Instance {
        id: "i-0aaaaaaaaaaaaaaaa".into(),
        profile_arn: Some("arn:aws:iam::111122223333:instance-profile/ng".into()),
        metadata: MetadataOptions { enabled: true, tokens_required: true, hop_limit: 2, pending: false, ipv6: false },
        operator: None,
    }
}

fn webhook() -> Webhook {
    Webhook {
        configuration: "pod-identity-webhook".into(),
        name: "iam-for-pods.amazonaws.com".into(),
        namespace_selector: Selector::default(),
        object_selector: Selector::default(),
        self_hosted: false,
        failure_policy: Some("Ignore".into()),
        authority: None,
    }
}

/// Everything, the agent included.
pub fn changes() -> Vec<Change> {
    let mut pods = pods();
    pods.push(agent_pod("node-a"));
    let owner = "arn:aws:eks:eu-west-1:111122223333:addon/acme-prod/vpc-cni/0ac1";
    let provider = ISSUER.trim_start_matches("https://");
    vec![
        Change::Target(Target {
            context: Some("prod eu".into()),
            cluster: Some("acme-prod".into()),
            region: Some("eu-west-1".into()),
            ..Target::default()
        }),
        Change::Cluster(Fact::Known(cluster())),
        Change::Caller(Fact::Known(caller("111122223333"))),
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
        Change::Namespaces(Fact::Known(
            ["api-service", "payments", "search", "batch", "web", "kube-system"].map(Into::into).to_vec(),
        )),
        Change::ServiceAccounts(Fact::Known(vec![
            service_account("api-service/api-service", None, &["kubectl-client-side-apply"]),
            service_account("payments/api", Some(arn("payments-api")), &["argocd-controller"]),
            service_account("search/indexer", None, &[]),
            service_account("batch/reindex", None, &[]),
            service_account("web/edge", None, &[]),
            service_account("kube-system/aws-node", None, &[]),
        ])),
        Change::Nodes(Fact::Known(vec![
            node("node-a", "aws:///eu-west-1a/i-0aaaaaaaaaaaaaaaa", ("eks.amazonaws.com/nodegroup", "ng")),
            node("fargate-b", "aws:///eu-west-1a/f00/fargate-b", ("eks.amazonaws.com/compute-type", "fargate")),
        ])),
        Change::NodeGroups(Fact::Known(vec![NodeGroup { name: "ng".into(), role_arn: arn("ng-role") }])),
        Change::Instance("i-0aaaaaaaaaaaaaaaa".into(), Fact::Known(instance())),
        Change::InstanceProfile("arn:aws:iam::111122223333:instance-profile/ng".into(), Fact::Known(arn("ng-role"))),
        Change::RoleDetail("ng-role".into(), RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodePolicy"])),
        Change::AddOns(Fact::Known(Vec::new())),
        Change::Providers(Fact::Known(vec![Provider {
            arn: format!("arn:aws:iam::111122223333:oidc-provider/{provider}").parse().unwrap(),
            client_ids: Some(vec!["sts.amazonaws.com".into()]),
        }])),
        Change::Roles(Fact::Known(roles())),
        Change::Associations(Fact::Known(vec![
            association("a-search", "search/indexer", "search-indexer", None),
            association("a-cni", "kube-system/aws-node", "cni", Some(owner)),
        ])),
        Change::Pods(Fact::Known(pods)),
    ]
}

/// The cluster as it stands.
pub fn inventory() -> Inventory {
    inventory_with(Vec::new())
}

/// The cluster, then some more.
pub fn inventory_with(more: Vec<Change>) -> Inventory {
    let mut inventory = Inventory::new(ClusterId(0));
    inventory.apply(changes(), now());
    inventory.apply(more, now());
    inventory
}
