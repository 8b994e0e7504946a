//! A small cluster as the adapters would tell it, and a session on it driven by keys.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    app::{
        cluster::Link,
        keys::Keys,
        message::{AwsRead, Input, Message},
        model::{Model, Size, Start},
        settle::settle,
        update::update,
    },
    config::{key::Key, settings::Settings},
    domain::{
        association::{Association, AssociationDetail},
        change::Change,
        cluster::{Caller, Cluster, Target},
        fact::Fact,
        id::{ClusterId, PodId, ServiceAccountId},
        network::foreign::ForeignKind,
        node::{Instance, MetadataOptions, Node, NodeGroup},
        permission::RoleDetail,
        provider::Provider,
        role::{Role, TrustPolicy},
        service_account::ServiceAccount,
        version::Version,
        webhook::{Selector, Webhook},
        workload::{
            Container, ContainerKind, Environment, Mount, Phase, Pod, PodSpec, TokenVolume, Value, WorkloadId,
            WorkloadKind,
        },
    },
};

pub const CLUSTER: ClusterId = ClusterId(0);
const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/B1C2D3E4F5A69F3C";
const PODS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
const EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub fn start() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// A session that has heard nothing yet but what its context says.
pub fn silent(width: u16, height: u16) -> Model {
    with(width, height, Settings::default(), vec![Change::Target(target())])
}

/// The same with settings and whatever the adapters told.
pub fn with(width: u16, height: u16, settings: Settings, changes: Vec<Change>) -> Model {
    let size = Size { width, height };
    let session = "s".to_owned();
    let (context, keys, problems) = (target().context, Keys::default(), Vec::new());
    let mut model = Model::new(Start { settings, context, keys, problems, session, size, now: start() });
    tell(&mut model, Message::Changes(CLUSTER, changes));
    model
}

/// A session in which everything was read.
pub fn full(width: u16, height: u16) -> Model {
    read(with(width, height, Settings::default(), everything()))
}

/// Both connections answered.
pub fn read(mut model: Model) -> Model {
    tell(&mut model, Message::KubernetesLink(CLUSTER, Link::Live));
    tell(&mut model, Message::AwsRead(CLUSTER, AwsRead { generation: 0, at: start(), failure: None }));
    tell(&mut model, Message::Calls(CLUSTER, 87));
    model
}

pub fn tell(model: &mut Model, message: Message) {
    tell_at(model, message, start());
}

pub fn tell_at(model: &mut Model, message: Message, now: Timestamp) {
    update(model, message, now);
    settle(model, now);
}

/// Presses keys: `t`, `Enter`, `Ctrl-r`; `"pay` types letters.
pub fn press(model: &mut Model, keys: &str) {
    let now = start() + SignedDuration::from_secs(130);
    for word in keys.split(' ') {
        let pressed: Vec<Key> = match word.strip_prefix('"') {
            Some(letters) => letters.chars().map(Key::char).collect(),
            None => vec![word.parse().unwrap()],
        };
        for key in pressed {
            tell_at(model, Message::Input(Input::Key(key)), now);
        }
    }
}

fn target() -> Target {
    Target {
        context: Some("prod-eu".into()),
        cluster: Some("acme-prod".into()),
        region: Some("eu-west-1".into()),
        account: Some("111122223333".into()),
        server: Some("https://B1C2D3E4F5A69F3C.gr7.eu-west-1.eks.amazonaws.com".into()),
        ..Target::default()
    }
}

fn cluster() -> Cluster {
    Cluster {
        arn: "arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod".parse().unwrap(),
        name: "acme-prod".into(),
        version: "1.34".into(),
        platform_version: None,
        endpoint: None,
        certificate_authority: None,
        issuer: Some(format!("https://{ISSUER}").into()),
        ipv6: false,
        auto_mode: false,
        auto_node_role_arn: None,
        vpc_id: None,
        public_endpoint: true,
    }
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{role}")
}

pub fn role(name: &str, trust: &str) -> Role {
    Role {
        arn: arn(name).parse().unwrap(),
        name: name.into(),
        trust: Arc::new(TrustPolicy::parse(trust)),
        tags: None,
        created_at: Some("2026-03-01T00:00:00Z".parse().unwrap()),
        max_session_seconds: Some(3600),
    }
}

fn irsa_trust(subject: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:{subject}","{ISSUER}:aud":"sts.amazonaws.com"}}}}}},{EC2_STATEMENT}]}}"#
    )
}

const EC2_STATEMENT: &str =
    r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

fn account(id: &str, role: Option<&str>) -> ServiceAccount {
    let (namespace, name) = id.split_once('/').unwrap();
    ServiceAccount {
        id: ServiceAccountId::new(namespace, name),
        role_arn: role.map(|role| arn(role).into()),
        audience: None,
        sts_regional_endpoints: None,
        created_at: None,
        resource_version: "1".into(),
        managers: if role.is_some() { vec!["argocd-controller".into()] } else { Vec::new() },
        labels: BTreeMap::new(),
        declared: None,
    }
}

pub fn association(id: &str, account: &str, role: &str) -> Association {
    let (namespace, name) = account.split_once('/').unwrap();
    let detail = AssociationDetail {
        role_arn: arn(role).into(),
        target_role_arn: None,
        external_id: None,
        disable_session_tags: false,
        policy: None,
        tags: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
        created_at: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        modified_at: None,
    };
    Association {
        id: id.into(),
        arn: format!("arn:aws:eks:eu-west-1:111122223333:podidentityassociation/acme-prod/{id}").into(),
        service_account: ServiceAccountId::new(namespace, name),
        owner_arn: None,
        detail: Fact::Known(detail),
    }
}

/// What the webhook put into a container.
#[derive(Clone, Copy)]
pub enum Injected<'a> {
    Nothing,
    Irsa(&'a str),
    PodIdentity,
}

type Injection = (Vec<(Arc<str>, Value)>, Vec<TokenVolume>, Vec<Mount>);

fn injected(injected: Injected<'_>) -> Injection {
    let (variables, name, path, audience): (Vec<(&str, String)>, _, _, _) = match injected {
        Injected::Nothing => return Default::default(),
        Injected::Irsa(role) => {
            let path = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
            let variables = vec![
                ("AWS_ROLE_ARN", arn(role)),
                ("AWS_WEB_IDENTITY_TOKEN_FILE", format!("{path}/token")),
                ("AWS_STS_REGIONAL_ENDPOINTS", "regional".to_owned()),
                ("AWS_REGION", "eu-west-1".to_owned()),
                ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
            ];
            (variables, "aws-iam-token", path, "sts.amazonaws.com")
        }
        Injected::PodIdentity => {
            let path = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
            let variables = vec![
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials".to_owned()),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", format!("{path}/eks-pod-identity-token")),
                ("AWS_STS_REGIONAL_ENDPOINTS", "regional".to_owned()),
                ("AWS_REGION", "eu-west-1".to_owned()),
                ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
            ];
            (variables, "eks-pod-identity-token", path, "pods.eks.amazonaws.com")
        }
    };
    let file = if name == "aws-iam-token" { "token" } else { name };
    let variables = variables.into_iter().map(|(name, value)| (Arc::from(name), Value::Text(value.into()))).collect();
    let volume = TokenVolume { name: name.into(), path: file.into(), audience: Some(audience.into()) };
    (variables, vec![volume], vec![Mount { volume: name.into(), path: path.into(), sub_path: false }])
}

/// The pods of one workload.
pub fn pods(account: &str, kind: WorkloadKind, owner: &str, count: usize, how: Injected<'_>) -> Vec<Change> {
    let (namespace, name) = account.split_once('/').unwrap();
    let (variables, token_volumes, mounts) = injected(how);
    let container = Container {
        name: "app".into(),
        kind: ContainerKind::Container,
        image: "registry.example/app:1".into(),
        environment: Environment::new(variables),
        environment_sources: Vec::new(),
        non_root: false,
        mounts,
    };
    let spec = Arc::new(PodSpec {
        service_account: name.into(),
        host_network: owner.contains("agent"),
        windows: false,
        node_port_80: false,
        fs_group: false,
        claims: Vec::new(),
        labels: BTreeMap::from([(Arc::from("app.kubernetes.io/name"), Arc::from(owner))]),
        annotations: BTreeMap::new(),
        containers: vec![container],
        token_volumes,
    });
    let pod = |index: usize| Pod {
        id: PodId::new(namespace, format!("{owner}-7c9d-x2x{index}")),
        uid: format!("{namespace}-{owner}-{index}").into(),
        created_at: "2026-11-20T06:00:00Z".parse().unwrap(),
        terminating: false,
        version: Version::default(),
        crashing: false,
        phase: Phase::Running,
        ready: true,
        node: Some("ip-10-0-1-17.eu-west-1.compute.internal".into()),
        workload: WorkloadId { namespace: namespace.into(), kind: kind.clone(), name: owner.into() },
        spec: Arc::clone(&spec),
    };
    (0..count).map(|index| Change::Pod(pod(index))).collect()
}

fn node() -> Vec<Change> {
    let labels = BTreeMap::from([
        (Arc::from("eks.amazonaws.com/nodegroup"), Arc::from("ng")),
        (Arc::from("kubernetes.io/os"), Arc::from("linux")),
    ]);
    let name = "ip-10-0-1-17.eu-west-1.compute.internal";
    let node = Node {
        name: name.into(),
        version: Version::default(),
        provider_id: Some("aws:///eu-west-1a/i-0abc".into()),
        labels,
        ready: true,
    };
    let profile: Arc<str> = "arn:aws:iam::111122223333:instance-profile/ng".into();
    let metadata = MetadataOptions { enabled: true, tokens_required: true, hop_limit: 2, pending: false, ipv6: false };
    vec![
        Change::Nodes(Fact::Known(vec![node])),
        Change::NodeGroups(Fact::Known(vec![NodeGroup { name: "ng".into(), role_arn: arn("ng-role").into() }])),
        Change::Instance(
            "i-0abc".into(),
            Fact::Known(Instance {
                id: "i-0abc".into(),
                profile_arn: Some(Arc::clone(&profile)),
                metadata,
                operator: None,
            }),
        ),
        Change::InstanceProfile(profile, Fact::Known(arn("ng-role").into())),
        Change::RoleDetail("ng-role".into(), RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodePolicy"])),
    ]
}

fn aws() -> Vec<Change> {
    let roles = vec![
        role("payments-api", &irsa_trust("payments:api-v1")),
        role("ledger", &irsa_trust("payments:ledger")),
        role("web", PODS),
        role("api-service-development-eu-west-1", PODS),
        role("ng-role", EC2),
    ];
    let associations = vec![
        association("a-web1", "checkout/web", "web"),
        association("a-api1", "api-service/api-service", "api-service-development-eu-west-1"),
    ];
    let provider = Provider {
        arn: format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}").parse().unwrap(),
        client_ids: Some(vec!["sts.amazonaws.com".into()]),
    };
    let caller =
        Caller { arn: "arn:aws:sts::111122223333:assumed-role/oncall/alice".into(), account: "111122223333".into() };
    vec![
        Change::Cluster(Fact::Known(cluster())),
        Change::Caller(Fact::Known(caller)),
        Change::Roles(Fact::Known(roles)),
        Change::Associations(Fact::Known(associations)),
        Change::Providers(Fact::Known(vec![provider])),
        Change::AddOns(Fact::Known(Vec::new())),
    ]
}

/// Everything that the adapters would tell, in one batch.
pub fn everything() -> Vec<Change> {
    let accounts = vec![
        account("payments/api", Some("payments-api")),
        account("payments/ledger", Some("ledger")),
        account("checkout/web", None),
        account("api-service/api-service", None),
        account("logging/fluent-bit", None),
        account("kube-system/eks-pod-identity-agent", None),
    ];
    let namespaces = ["payments", "checkout", "api-service", "logging", "kube-system"].map(Into::into).to_vec();
    let webhook = Webhook {
        configuration: "pod-identity-webhook".into(),
        name: "iam-for-pods.amazonaws.com".into(),
        namespace_selector: Selector::default(),
        object_selector: Selector::default(),
        self_hosted: false,
        failure_policy: Some("Ignore".into()),
        authority: None,
    };
    let mut changes = vec![
        Change::Target(target()),
        Change::Namespaces(Fact::Known(namespaces)),
        Change::ServiceAccounts(Fact::Known(accounts)),
        Change::Webhooks(Fact::Known(vec![webhook])),
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
        Change::Pods(Fact::Known(Vec::new())),
    ];
    changes.extend(node());
    changes.extend(aws());
    changes.extend(pods("payments/api", WorkloadKind::Deployment, "api", 7, Injected::Irsa("payments-api")));
    changes.extend(pods("payments/ledger", WorkloadKind::Deployment, "ledger", 3, Injected::Irsa("ledger")));
    changes.extend(pods("checkout/web", WorkloadKind::Deployment, "web", 12, Injected::Nothing));
    changes.extend(pods("api-service/api-service", WorkloadKind::Deployment, "api-service", 4, Injected::PodIdentity));
    changes.extend(pods("logging/fluent-bit", WorkloadKind::DaemonSet, "fluent-bit", 1, Injected::Nothing));
    changes.extend(pods(
        "kube-system/eks-pod-identity-agent",
        WorkloadKind::DaemonSet,
        "eks-pod-identity-agent",
        1,
        Injected::Nothing,
    ));
    changes
}
