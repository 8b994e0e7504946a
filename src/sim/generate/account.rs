//! The account of a generated world, and its service accounts with the roles they
//! are meant to have.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::aws::{
    Addon, Association, Cluster, Delays, InstanceProfile, Lagging, Provider, Random, Role, State, managed_policy_arn,
    newest_addon,
};

use super::{Spec, ago, name};

/// A generated cluster's issuer id.
const ISSUER: &str = "9E1D7C3B5A204F68B1C2D3E4F5A60718";
/// More subjects than this make a trust policy too long; a pattern takes over.
const MOST_SUBJECTS: usize = 8;

/// How a service account gets its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// An association, this many seconds old.
    Association(usize),
    /// An annotation with this role ARN.
    Annotation(String),
    /// Nothing.
    None,
}

/// A service account.
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How it gets its identity.
    pub means: Means,
    /// Whether the object exists; associations may name accounts that do not.
    pub exists: bool,
    created: String,
}

impl Account {
    /// The object.
    pub fn manifest(&self) -> Value {
        let mut metadata = json!({ "name": self.name, "namespace": self.namespace, "creationTimestamp": self.created });
        if let Means::Annotation(role) = &self.means {
            metadata["annotations"] = json!({ "eks.amazonaws.com/role-arn": role });
        }
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata })
    }
}

/// The account without roles of its own: cluster, provider, node roles and profiles.
pub fn foundation(spec: &Spec, now: Timestamp) -> State {
    let old = now.saturating_sub(SignedDuration::from_hours(24 * 90)).unwrap_or(now);
    let mut state = empty(spec, old);
    let bare = state.cluster.issuer.trim_start_matches("https://").to_owned();
    let provider = Provider {
        url: bare.clone(),
        client_ids: vec!["sts.amazonaws.com".to_owned()],
        thumbprints: Vec::new(),
        created_at: old,
        tags: BTreeMap::new(),
    };
    state.providers.insert(state.iam_arn(&format!("oidc-provider/{bare}")), provider);
    let version = newest_addon("eks-pod-identity-agent").unwrap_or_default().to_owned();
    let addon = Addon {
        name: "eks-pod-identity-agent".to_owned(),
        version,
        status: "ACTIVE".to_owned(),
        role_arn: None,
        configuration: None,
        issues: Vec::new(),
        tags: BTreeMap::new(),
        created_at: old,
        modified_at: old,
    };
    state.addons.insert(addon.name.clone(), addon);
    for group in ["general", "legacy"] {
        node_group(&mut state, group, old);
    }
    state
}

fn empty(spec: &Spec, old: Timestamp) -> State {
    State {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        partition: "aws".to_owned(),
        caller_arn: "arn:aws:sts::111122223333:assumed-role/engineer/simulated".to_owned(),
        caller_id: "AROASIMULATED:simulated".to_owned(),
        cluster: cluster(old),
        roles: BTreeMap::new(),
        policies: BTreeMap::new(),
        providers: BTreeMap::new(),
        profiles: BTreeMap::new(),
        instances: BTreeMap::new(),
        vpc_endpoints: Vec::new(),
        nodegroups: BTreeMap::new(),
        fargate_profiles: BTreeMap::new(),
        access_entries: BTreeMap::new(),
        addons: BTreeMap::new(),
        associations: BTreeMap::new(),
        delays: Delays { addon: SignedDuration::from_secs(2), ..Delays::default() },
        trust_quota: 2048,
        association_quota: 5000.max(spec.associations),
        tokens: BTreeMap::new(),
        keys: Default::default(),
        trail: Default::default(),
        random: Random::new(spec.seed ^ 0x5eed),
    }
}

fn cluster(old: Timestamp) -> Cluster {
    Cluster {
        name: "generated".to_owned(),
        version: "1.33".to_owned(),
        platform_version: "eks.12".to_owned(),
        issuer: format!("https://oidc.eks.eu-west-1.amazonaws.com/id/{ISSUER}"),
        endpoint: format!("https://{ISSUER}.gr7.eu-west-1.eks.amazonaws.com"),
        certificate_authority: String::new(),
        ip_family: "ipv4".to_owned(),
        status: "ACTIVE".to_owned(),
        created_at: old,
        role_arn: "arn:aws:iam::111122223333:role/generated-cluster".to_owned(),
        authentication_mode: "API".to_owned(),
        public_access: true,
        auto_mode_role: None,
        tags: BTreeMap::new(),
    }
}

fn node_group(state: &mut State, group: &str, old: Timestamp) {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let mut role = role(state, &format!("generated-node-{group}"), trust, old);
    let policies = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"];
    role.attached = policies.iter().filter_map(|policy| managed_policy_arn(&state.partition, policy)).collect();
    let profile = InstanceProfile {
        name: format!("eks-{group}"),
        path: "/".to_owned(),
        id: format!("AIPA{}", state.random.upper(17)),
        arn: state.iam_arn(&format!("instance-profile/eks-{group}")),
        role: Some(role.name.clone()),
        created_at: old,
    };
    let described = json!({
        "nodegroupName": group,
        "nodegroupArn": state.regional_arn("eks", &format!("nodegroup/generated/{group}/1")),
        "clusterName": "generated", "status": "ACTIVE", "version": "1.33", "capacityType": "ON_DEMAND",
        "instanceTypes": ["m6i.4xlarge"], "nodeRole": role.arn, "labels": {}, "tags": {}, "health": { "issues": [] },
        "amiType": if group == "legacy" { "AL2_x86_64" } else { "AL2023_x86_64_STANDARD" },
    });
    state.nodegroups.insert(group.to_owned(), described);
    state.profiles.insert(profile.name.clone(), profile);
    state.roles.insert(role.name.clone(), Lagging::settled(role));
}

fn role(state: &mut State, name: &str, trust: &str, old: Timestamp) -> Role {
    Role {
        path: "/".to_owned(),
        name: name.to_owned(),
        id: format!("AROA{}", state.random.upper(17)),
        arn: state.iam_arn(&format!("role/{name}")),
        trust: trust.to_owned(),
        description: None,
        max_session: 3600,
        boundary: None,
        tags: BTreeMap::new(),
        last_used: None,
        created_at: old,
        attached: Default::default(),
        inline: BTreeMap::new(),
    }
}

/// Makes the service accounts, and their roles and associations in the account.
pub fn generate(
    spec: &Spec,
    namespaces: &[String],
    state: &mut State,
    random: &mut Random,
    now: Timestamp,
) -> Vec<Account> {
    let agent = "eks-pod-identity-agent";
    let mut accounts: Vec<Account> =
        namespaces.iter().map(|namespace| account(namespace, "default", random, now)).collect();
    accounts.push(account("kube-system", agent, random, now));
    let own: Vec<&String> = namespaces.iter().skip(name::STANDARD.len()).collect();
    let wanted = spec.serviceaccounts.saturating_sub(accounts.len());
    // Associations may outnumber service accounts; the rest name accounts that are gone.
    for index in 0..wanted.max(spec.associations) {
        let Some(namespace) = own.get(index % own.len().max(1)) else {
            break;
        };
        let mut new = account(namespace, &name::service(index / own.len()), random, now);
        new.exists = index < wanted;
        accounts.push(new);
    }
    let first = namespaces.len() + 1;
    give_means(spec, &mut accounts[first..], state, random, now);
    accounts
}

fn account(namespace: &str, name: &str, random: &mut Random, now: Timestamp) -> Account {
    Account {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        means: Means::None,
        exists: true,
        created: ago(now, 3600 * (24 * 20 + random.below(24 * 60))),
    }
}

/// Associations for the first ones, annotations for half of the rest.
fn give_means(spec: &Spec, accounts: &mut [Account], state: &mut State, random: &mut Random, now: Timestamp) {
    let roles: Vec<String> = (0..spec.roles.saturating_sub(2)).map(|index| format!("service-{index:04}")).collect();
    let mut users: BTreeMap<String, (bool, Vec<String>)> =
        roles.iter().map(|role| (role.clone(), Default::default())).collect();
    for (index, account) in accounts.iter_mut().enumerate() {
        let role =
            roles.get(index % roles.len().max(1)).cloned().unwrap_or_else(|| "generated-node-general".to_owned());
        let user = users.entry(role.clone()).or_default();
        let arn = state.iam_arn(&format!("role/{role}"));
        if index < spec.associations {
            let age = 3600 * (1 + random.below(24 * 30));
            user.0 = true;
            associate(state, account, &arn, age, now);
            account.means = Means::Association(age);
        } else if random.percent(50) {
            user.1.push(format!("system:serviceaccount:{}:{}", account.namespace, account.name));
            account.means = Means::Annotation(arn);
        }
    }
    let old = now.saturating_sub(SignedDuration::from_hours(24 * 90)).unwrap_or(now);
    for (name, (pods, subjects)) in users {
        if state.roles.contains_key(&name) {
            continue;
        }
        let trust = trust(state, pods || subjects.is_empty(), &subjects);
        let role = role(state, &name, &trust, old);
        state.roles.insert(name, Lagging::settled(role));
    }
}

fn associate(state: &mut State, account: &Account, role: &str, age: usize, now: Timestamp) {
    let at = now.saturating_sub(SignedDuration::from_secs(i64::try_from(age).unwrap_or_default())).unwrap_or(now);
    let association = Association {
        id: format!("a-{}", state.random.lower(17)),
        namespace: account.namespace.clone(),
        service_account: account.name.clone(),
        role_arn: role.to_owned(),
        target_role_arn: None,
        disable_session_tags: false,
        policy: None,
        owner_arn: None,
        tags: BTreeMap::new(),
        created_at: at,
        modified_at: at,
    };
    state.associations.insert(association.id.clone(), Lagging::settled(association));
}

fn trust(state: &State, pods: bool, subjects: &[String]) -> String {
    let mut statements = Vec::new();
    if pods {
        statements.push(json!({
            "Effect": "Allow", "Principal": { "Service": "pods.eks.amazonaws.com" },
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }));
    }
    if !subjects.is_empty() {
        let bare = state.cluster.issuer.trim_start_matches("https://");
        let (aud, sub) = (format!("{bare}:aud"), format!("{bare}:sub"));
        let condition = if subjects.len() > MOST_SUBJECTS {
            json!({ "StringEquals": { aud: "sts.amazonaws.com" }, "StringLike": { sub: "system:serviceaccount:*:*" } })
        } else {
            json!({ "StringEquals": { aud: "sts.amazonaws.com", sub: subjects } })
        };
        statements.push(json!({
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition,
            "Principal": { "Federated": state.iam_arn(&format!("oidc-provider/{bare}")) },
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}
