//! A small cluster and a session on it, driven by keys.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    app::{
        effect::Effect,
        keys::Keys,
        message::{Input, Measure, Message},
        model::{Model, Size, Start},
        settle::settle,
        subject::Subject,
        update::update,
    },
    config::{key::Chord, settings::Settings},
    domain::{
        association::{Association, AssociationDetail},
        change::Change,
        cluster::{Caller, Cluster, Target},
        fact::Fact,
        id::{ClusterId, PodId, RoleArn, ServiceAccountId},
        network::foreign::ForeignKind,
        node::{Instance, MetadataOptions, Node, NodeGroup},
        permission::RoleDetail,
        role::{Role, TrustPolicy},
        service_account::ServiceAccount,
        version::Version,
        webhook::{Selector, Webhook},
        workload::{Container, ContainerKind, Environment, Phase, Pod, PodSpec, WorkloadId, WorkloadKind},
    },
};

const PODS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
const EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub fn start() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub fn arn(name: &str) -> RoleArn {
    format!("arn:aws:iam::111122223333:role/{name}").into()
}

pub fn sa(text: &str) -> ServiceAccountId {
    let (namespace, name) = text.split_once('/').unwrap();
    ServiceAccountId::new(namespace, name)
}

pub fn deployment(namespace: &str, name: &str) -> WorkloadId {
    WorkloadId { namespace: namespace.into(), kind: WorkloadKind::Deployment, name: name.into() }
}

pub fn role(name: &str, trust: &str) -> Role {
    Role {
        arn: arn(name).as_str().parse().unwrap(),
        name: name.into(),
        trust: Arc::new(TrustPolicy::parse(trust)),
        tags: None,
        created_at: None,
        max_session_seconds: None,
    }
}

pub fn pod(account: &str, kind: WorkloadKind, owner: &str, name: &str) -> Pod {
    let id = sa(account);
    let container = Container {
        name: "app".into(),
        kind: ContainerKind::Container,
        image: "nginx:1.27".into(),
        environment: Environment::default(),
        environment_sources: Vec::new(),
        non_root: false,
        mounts: Vec::new(),
    };
    Pod {
        id: PodId::new(id.namespace.clone(), name),
        uid: format!("uid-{name}").into(),
        created_at: "2026-11-20T00:00:00Z".parse().unwrap(),
        terminating: false,
        version: Version::default(),
        crashing: false,
        phase: Phase::Running,
        ready: true,
        node: Some("node-a".into()),
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
            token_volumes: Vec::new(),
        }),
    }
}

fn agent_pod() -> Pod {
    let name = "eks-pod-identity-agent";
    let mut pod = pod(&format!("kube-system/{name}"), WorkloadKind::DaemonSet, name, "agent-1");
    let labels = BTreeMap::from([(Arc::from("app.kubernetes.io/name"), Arc::from(name))]);
    pod.spec = Arc::new(PodSpec { host_network: true, labels, ..PodSpec::clone(&pod.spec) });
    pod
}

pub fn association(id: &str, account: &str, role: &str, owner: Option<&str>) -> Association {
    let detail = AssociationDetail {
        role_arn: arn(role),
        target_role_arn: None,
        external_id: None,
        disable_session_tags: false,
        policy: None,
        tags: BTreeMap::new(),
        created_at: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        modified_at: None,
    };
    Association {
        id: id.into(),
        arn: format!("arn:aws:eks:eu-west-1:111122223333:podidentityassociation/acme/{id}").into(),
        service_account: sa(account),
        owner_arn: owner.map(Into::into),
        detail: Fact::Known(detail),
    }
}

pub fn service_account(id: &str, role: Option<RoleArn>) -> ServiceAccount {
    ServiceAccount {
        id: sa(id),
        role_arn: role,
        audience: None,
        sts_regional_endpoints: None,
        created_at: None,
        resource_version: "1".into(),
        managers: Vec::new(),
        labels: BTreeMap::new(),
        declared: None,
    }
}

fn cluster() -> Cluster {
    Cluster {
        arn: "arn:aws:eks:eu-west-1:111122223333:cluster/acme".parse().unwrap(),
        name: "acme".into(),
        version: "1.34".into(),
        platform_version: None,
        endpoint: None,
        certificate_authority: None,
        issuer: Some("https://oidc.eks.eu-west-1.amazonaws.com/id/0123".into()),
        ipv6: false,
        auto_mode: false,
        auto_node_role_arn: None,
        vpc_id: None,
        public_endpoint: true,
    }
}

fn node() -> Node {
    let labels = [("kubernetes.io/os", "linux"), ("eks.amazonaws.com/nodegroup", "ng")];
    Node {
        name: "node-a".into(),
        version: Version::default(),
        provider_id: Some("aws:///eu-west-1a/i-0aaaaaaaaaaaaaaaa".into()),
        labels: labels.map(|(key, value)| (key.into(), value.into())).into(),
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

/// Two services on the node's role, one with an association, one association of an add-on, a Job, the agent.
pub fn changes() -> Vec<Change> {
    let deploy = WorkloadKind::Deployment;
    let pods = vec![
        pod("api-service/api-service", deploy.clone(), "api-service", "api-service-a"),
        pod("api-service/api-service", deploy.clone(), "api-service", "api-service-b"),
        pod("user-service/user-service", deploy.clone(), "user-service", "user-service-a"),
        pod("search/indexer", deploy, "indexer", "indexer-a"),
        pod("batch/reindex", WorkloadKind::Job, "reindex", "reindex-x"),
        agent_pod(),
    ];
    let names = ["api-service/api-service", "user-service/user-service", "search/indexer", "batch/reindex"];
    let owner = "arn:aws:eks:eu-west-1:111122223333:addon/acme/vpc-cni/0ac1";
    let webhook = Webhook {
        configuration: "pod-identity-webhook".into(),
        name: "iam-for-pods.amazonaws.com".into(),
        namespace_selector: Selector::default(),
        object_selector: Selector::default(),
        self_hosted: false,
        failure_policy: Some("Ignore".into()),
        authority: None,
    };
    vec![
        Change::Target(Target { context: Some("acme-dev".into()), ..Target::default() }),
        Change::Cluster(Fact::Known(cluster())),
        Change::Caller(Fact::Known(Caller {
            arn: "arn:aws:sts::111122223333:assumed-role/oncall/alice".into(),
            account: "111122223333".into(),
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
        Change::Namespaces(Fact::Known(
            ["api-service", "user-service", "search", "batch", "kube-system"].map(Into::into).to_vec(),
        )),
        Change::ServiceAccounts(Fact::Known(names.map(|name| service_account(name, None)).to_vec())),
        Change::Nodes(Fact::Known(vec![node()])),
        Change::NodeGroups(Fact::Known(vec![NodeGroup { name: "ng".into(), role_arn: arn("ng-role") }])),
        Change::Instance("i-0aaaaaaaaaaaaaaaa".into(), Fact::Known(instance())),
        Change::InstanceProfile("arn:aws:iam::111122223333:instance-profile/ng".into(), Fact::Known(arn("ng-role"))),
        Change::RoleDetail("ng-role".into(), RoleDetail::with_policies_of_aws(&["AmazonEKSWorkerNodePolicy"])),
        Change::AddOns(Fact::Known(Vec::new())),
        Change::Providers(Fact::Known(Vec::new())),
        Change::Roles(Fact::Known(vec![role("api-dev", PODS), role("search-indexer", PODS), role("ng-role", EC2)])),
        Change::Associations(Fact::Known(vec![
            association("a-search", "search/indexer", "search-indexer", None),
            association("a-cni", "kube-system/aws-node", "search-indexer", Some(owner)),
        ])),
        Change::Pods(Fact::Known(pods)),
    ]
}

/// A session driven by keys.
pub struct Session {
    pub model: Model,
    pub now: Timestamp,
}

impl Session {
    pub fn empty(settings: Settings) -> Self {
        let model = Model::new(Start {
            settings,
            context: Some("acme-dev".to_owned()),
            keys: Keys::default(),
            problems: Vec::new(),
            session: "test".into(),
            size: Size { width: 120, height: 36 },
            now: start(),
        });
        let mut session = Self { model, now: start() };
        session.tell(Message::Measured(Measure { body: 20, lines: 100, ..Measure::default() }));
        session
    }

    pub fn with(settings: Settings) -> Self {
        let mut session = Self::empty(settings);
        session.changes(changes());
        session
    }

    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn tell(&mut self, message: Message) -> Vec<Effect> {
        let mut effects = update(&mut self.model, message, self.now);
        effects.extend(settle(&mut self.model, self.now));
        effects
    }

    pub fn changes(&mut self, changes: Vec<Change>) -> Vec<Effect> {
        self.tell(Message::Changes(ClusterId(0), changes))
    }

    /// Presses keys, written as the keymap writes them.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let keys = keys.parse::<Chord>().unwrap();
        keys.keys().iter().flat_map(|key| self.tell(Message::Input(Input::Key(*key)))).collect()
    }

    /// Types a text, letter by letter.
    pub fn write(&mut self, text: &str) {
        for letter in text.chars() {
            self.tell(Message::Input(Input::Key(crate::config::key::Key::char(letter))));
        }
    }

    pub fn wait(&mut self, seconds: i64) -> Vec<Effect> {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        self.tell(Message::Wake)
    }

    /// Selects an object of the list in view.
    pub fn select(&mut self, subject: &Subject) {
        let list = self.model.list_mut().unwrap();
        assert!(list.view.select(subject, 20), "{subject} is not in the list");
    }

    pub fn selected(&self) -> String {
        self.model.subject().map(|subject| subject.to_string()).unwrap_or_default()
    }

    pub fn last_toast(&self) -> String {
        self.model.toasts.log().last().map(|toast| toast.text.clone()).unwrap_or_default()
    }

    pub fn rows(&self) -> Vec<String> {
        let list = self.model.list().unwrap();
        list.view.window(100).rows.iter().map(|row| row.subject().to_string()).collect()
    }
}
