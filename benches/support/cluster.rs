//! A large cluster as the adapters would tell it: 100,000 pods of 5,000 service accounts on 3,000 nodes.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use rolecall::domain::{
    arn::Arn,
    association::{Association, AssociationDetail},
    change::Change,
    cluster::{Caller, Cluster, Target},
    fact::Fact,
    id::{Namespace, NodeName, PodId, RoleArn, ServiceAccountId},
    network::foreign::ForeignKind,
    node::{Instance, MetadataOptions, Node},
    provider::Provider,
    role::{Role, TrustPolicy},
    service_account::ServiceAccount,
    version::Version,
    webhook::{Selector, Webhook},
    workload::{
        Container, ContainerKind, Environment, Mount, Phase, Pod, PodSpec, TokenVolume, Value, WorkloadId, WorkloadKind,
    },
};

pub const PODS: usize = 100_000;
pub const ACCOUNTS: usize = 5_000;
pub const ASSOCIATIONS: usize = 2_000;
pub const ROLES: usize = 1_500;
pub const NODES: usize = 3_000;
const NAMESPACES: usize = 50;
const ACCOUNT: &str = "111122223333";
const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/9F3C";
const IRSA: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const POD_IDENTITY: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

pub fn arn(index: usize) -> RoleArn {
    format!("arn:aws:iam::{ACCOUNT}:role/role-{}", index % ROLES).into()
}

fn parsed(text: &str) -> Vec<Arn> {
    text.parse().into_iter().collect()
}

pub fn account(index: usize) -> ServiceAccountId {
    ServiceAccountId::new(format!("ns-{}", index % NAMESPACES), format!("app-{index}"))
}

/// Accounts below `ASSOCIATIONS` are associated, half of the others annotated.
fn is_annotated(index: usize) -> bool {
    index >= ASSOCIATIONS && index.is_multiple_of(2)
}

fn clusters() -> Vec<Cluster> {
    let found = parsed(&format!("arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/acme"));
    let cluster = |arn| Cluster {
        arn,
        name: "acme".into(),
        version: "1.34".to_owned(),
        platform_version: None,
        endpoint: None,
        certificate_authority: None,
        issuer: Some(format!("https://{ISSUER}").into()),
        ipv6: false,
        auto_mode: false,
        auto_node_role_arn: None,
        vpc_id: None,
        public_endpoint: true,
    };
    found.into_iter().map(cluster).collect()
}

fn roles() -> Vec<Role> {
    let trust = |index: usize| {
        let users = (index..ACCOUNTS).step_by(ROLES).map(account);
        let subjects: Vec<String> = users.map(|user| format!("\"{}\"", user.subject())).collect();
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"pods.eks.amazonaws.com"}},"Action":["sts:AssumeRole","sts:TagSession"]}},{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{ISSUER}:aud":"sts.amazonaws.com","{ISSUER}:sub":[{}]}}}}}}]}}"#,
            subjects.join(",")
        )
    };
    let role = |(index, arn): (usize, Arn)| Role {
        name: format!("role-{index}").into(),
        arn,
        trust: Arc::new(TrustPolicy::parse(&trust(index))),
        tags: None,
        created_at: None,
        max_session_seconds: None,
    };
    (0..ROLES)
        .flat_map(|index| parsed(arn(index).as_str()).into_iter().map(move |arn| (index, arn)))
        .map(role)
        .collect()
}

pub fn association(index: usize, role: RoleArn) -> Association {
    Association {
        id: format!("a-{index:06}").into(),
        arn: format!("arn:aws:eks:eu-west-1:{ACCOUNT}:podidentityassociation/acme/a-{index:06}").into(),
        service_account: account(index),
        owner_arn: None,
        detail: Fact::Known(AssociationDetail {
            role_arn: role,
            target_role_arn: None,
            external_id: None,
            disable_session_tags: false,
            policy: None,
            tags: BTreeMap::new(),
            created_at: Some(at("2026-01-01T00:00:00Z")),
            modified_at: Some(at("2026-01-01T00:00:00Z")),
        }),
    }
}

fn service_account(index: usize) -> ServiceAccount {
    ServiceAccount {
        id: account(index),
        role_arn: is_annotated(index).then(|| arn(index)),
        audience: None,
        sts_regional_endpoints: None,
        created_at: None,
        resource_version: "1".into(),
        managers: Vec::new(),
        labels: BTreeMap::new(),
        declared: None,
    }
}

fn container(name: &str, index: usize) -> Container {
    let text = |text: &str| Value::Text(text.into());
    let mount = |volume: &str, path: &str| Mount { volume: volume.into(), path: path.into(), sub_path: false };
    let (variables, mounts) = if index < ASSOCIATIONS {
        let variables = vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), text("http://169.254.170.23/v1/credentials")),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".into(), text(&format!("{POD_IDENTITY}/eks-pod-identity-token"))),
        ];
        (variables, vec![mount("eks-pod-identity-token", POD_IDENTITY)])
    } else if is_annotated(index) {
        let variables = vec![
            ("AWS_ROLE_ARN".into(), Value::Text(arn(index).shared())),
            ("AWS_WEB_IDENTITY_TOKEN_FILE".into(), text(&format!("{IRSA}/token"))),
        ];
        (variables, vec![mount("aws-iam-token", IRSA)])
    } else {
        (Vec::new(), Vec::new())
    };
    Container {
        name: name.into(),
        kind: ContainerKind::Container,
        image: "registry.example/app:1".into(),
        environment: Environment::new(variables),
        environment_sources: Vec::new(),
        non_root: false,
        mounts,
    }
}

fn spec(index: usize) -> Arc<PodSpec> {
    let token = |name: &str, path: &str, audience: &str| TokenVolume {
        name: name.into(),
        path: path.into(),
        audience: Some(audience.into()),
    };
    Arc::new(PodSpec {
        service_account: account(index).name,
        host_network: false,
        windows: false,
        node_port_80: false,
        fs_group: false,
        claims: Vec::new(),
        labels: BTreeMap::from([("app".into(), format!("app-{index}").into())]),
        annotations: BTreeMap::new(),
        containers: vec![container("app", index), container("proxy", index)],
        token_volumes: vec![
            token("aws-iam-token", "token", "sts.amazonaws.com"),
            token("eks-pod-identity-token", "eks-pod-identity-token", "pods.eks.amazonaws.com"),
        ],
    })
}

/// What the replicas share.
pub fn templates() -> Vec<Arc<PodSpec>> {
    (0..ACCOUNTS).map(spec).collect()
}

/// As the API server lists them, by namespace and name, and with their texts shared, as they are when decoded.
pub fn pods(specs: &[Arc<PodSpec>]) -> Vec<Pod> {
    let namespaces: Vec<Namespace> = (0..NAMESPACES).map(|index| account(index).namespace).collect();
    let nodes: Vec<NodeName> = (0..NODES).map(node_name).collect();
    let pod = |(owner, index): (usize, usize)| {
        let namespace = namespaces[owner % NAMESPACES].clone();
        Pod {
            id: PodId::new(namespace.clone(), format!("app-{owner}-7c9d6f5b8-{index:05}")),
            uid: format!("00000000-0000-4000-8000-{index:012}").into(),
            created_at: at("2026-02-01T00:00:00Z"),
            terminating: false,
            version: Version::default(),
            crashing: false,
            phase: Phase::Running,
            ready: true,
            node: Some(nodes[index % NODES].clone()),
            workload: WorkloadId {
                namespace,
                kind: WorkloadKind::Deployment,
                name: specs[owner].service_account.shared().into(),
            },
            spec: Arc::clone(&specs[owner]),
        }
    };
    let mut owners: Vec<usize> = (0..ACCOUNTS).collect();
    owners.sort_by_cached_key(|owner| account(*owner));
    let replicas = |owner: usize| (owner..PODS).step_by(ACCOUNTS).map(move |index| (owner, index));
    owners.into_iter().flat_map(replicas).map(pod).collect()
}

fn node_name(index: usize) -> NodeName {
    format!("ip-10-0-{}-{}.eu-west-1.compute.internal", index / 250, index % 250).into()
}

fn nodes() -> Vec<Change> {
    let (mut nodes, mut changes) = (Vec::with_capacity(NODES), Vec::with_capacity(NODES + 2));
    let profile: Arc<str> = format!("arn:aws:iam::{ACCOUNT}:instance-profile/nodes").into();
    for index in 0..NODES {
        let id = format!("i-{index:08}");
        nodes.push(Node {
            name: node_name(index),
            version: Version::default(),
            provider_id: Some(format!("aws:///eu-west-1a/{id}").into()),
            labels: BTreeMap::from([("eks.amazonaws.com/nodegroup".into(), "ng".into())]),
            ready: true,
        });
        let metadata = MetadataOptions {
            enabled: true,
            tokens_required: true,
            hop_limit: 1 + u8::from(index.is_multiple_of(2)),
            pending: false,
            ipv6: false,
        };
        let instance =
            Instance { id: id.as_str().into(), profile_arn: Some(Arc::clone(&profile)), metadata, operator: None };
        changes.push(Change::Instance(id.into(), Fact::Known(instance)));
    }
    changes.push(Change::Nodes(Fact::Known(nodes)));
    changes.push(Change::InstanceProfile(profile, Fact::Known(arn(0))));
    changes
}

/// Everything but the pods.
pub fn surroundings() -> Vec<Change> {
    let provider = |arn| Provider { arn, client_ids: Some(vec!["sts.amazonaws.com".into()]) };
    let providers =
        parsed(&format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")).into_iter().map(provider).collect();
    let webhook = Webhook {
        configuration: "pod-identity-webhook".into(),
        name: "iam-for-pods.amazonaws.com".into(),
        namespace_selector: Selector::default(),
        object_selector: Selector::default(),
        self_hosted: false,
        failure_policy: Some("Ignore".into()),
        authority: None,
    };
    let mut changes = nodes();
    changes.extend([
        Change::Target(Target::default()),
        Change::Caller(Fact::Known(Caller {
            arn: format!("arn:aws:iam::{ACCOUNT}:user/alice").into(),
            account: ACCOUNT.into(),
        })),
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
        Change::Providers(Fact::Known(providers)),
        Change::Roles(Fact::Known(roles())),
        Change::Associations(Fact::Known((0..ASSOCIATIONS).map(|index| association(index, arn(index))).collect())),
        Change::ServiceAccounts(Fact::Known((0..ACCOUNTS).map(service_account).collect())),
        Change::NodeGroups(Fact::Known(Vec::new())),
        Change::AddOns(Fact::Known(Vec::new())),
    ]);
    changes.extend(clusters().into_iter().map(|cluster| Change::Cluster(Fact::Known(cluster))));
    changes
}
