//! A cluster whose forty service accounts share ten roles by IRSA, two namespaces a role, with statements of another
//! cluster in every trust policy; and what of it has to stay as it is.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use rolecall::sim::{
    aws::{Lagging, Role},
    world::World,
};
use serde_json::{Map, Value};

use crate::bench::start;

pub const ACCOUNTS: usize = 40;
pub const ROLES: usize = 10;

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/AAAABBBBCCCCDDDDEEEEFFFF00001111";
const OTHER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/99998888777766665555444433332222";

const BASE: &str = r#"aws:
  account: "111122223333"
  region: eu-west-1
  now: 2026-11-23T09:00:00Z
  delays: { webhook: 2s, iam: 1s, eks: 1s }
  cluster: { name: acme, version: "1.33", platformVersion: eks.12, issuer: "https://ISSUER" }
  providers: [{ url: "https://ISSUER" }, { url: "https://OTHER" }]
  instanceProfiles: [{ name: node, role: node }]
  nodegroups: [{ name: workers, role: node, size: 1 }]
  instances: [{ id: i-0a1b2c3d4e5f60711, node: node-a, profile: node, tokens: required, hopLimit: 1 }]
  addons: [{ name: eks-pod-identity-agent }]
  roles:
  - { name: node, trusts: [ec2.amazonaws.com], attached: [AmazonEKSWorkerNodePolicy] }
"#;

const NODE: &str = r#"---
apiVersion: v1
kind: Node
metadata: { name: node-a, labels: { eks.amazonaws.com/nodegroup: workers, kubernetes.io/os: linux, kubernetes.io/arch: amd64 } }
spec: { providerID: aws:///eu-west-1a/i-0a1b2c3d4e5f60711 }
status: { conditions: [{ type: Ready, status: "True" }] }
"#;

const ACCOUNT: &str = r#"---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: NAME
  namespace: SPACE
  labels: { team: SPACE }
  annotations: { eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/ROLE", note: "kept as it is" }
automountServiceAccountToken: false
imagePullSecrets: [{ name: registry }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: NAME, namespace: SPACE, annotations: { sim.rolecall/pods-created: "2026-10-02T09:00:00Z" } }
spec:
  replicas: 2
  selector: { matchLabels: { app: NAME } }
  template:
    metadata: { labels: { app: NAME } }
    spec: { serviceAccountName: NAME, containers: [{ name: app, image: "acme/app:1" }] }
"#;

/// Role, namespace and name of a service account: four a role, in two namespaces.
fn account(number: usize) -> (String, String, String) {
    let role = number % ROLES;
    let space = (role + (number / ROLES) % 2) % 5;
    (format!("app-{role}"), format!("team-{space}"), format!("service-{number}"))
}

fn of_role(role: usize) -> Vec<String> {
    let subject = |number: usize| {
        let (_, namespace, name) = account(number);
        format!("\"system:serviceaccount:{namespace}:{name}\"")
    };
    (0..ACCOUNTS).filter(|number| number % ROLES == role).map(subject).collect()
}

/// As people write it: laid out over lines, the other cluster first.
fn trust(role: usize) -> String {
    let statement = |issuer: &str| {
        format!(
            "    {{ \"Effect\": \"Allow\", \"Principal\": {{ \"Federated\": \"arn:aws:iam::111122223333:oidc-provider/{issuer}\" }}, \
             \"Action\": \"sts:AssumeRoleWithWebIdentity\",\n      \"Condition\": {{ \"StringEquals\": {{ \"{issuer}:aud\": \"sts.amazonaws.com\", \
             \"{issuer}:sub\": [{}] }} }} }}",
            of_role(role).join(", ")
        )
    };
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{},\n{}\n  ]\n}}\n",
        statement(OTHER),
        statement(ISSUER)
    )
}

pub fn migrating() -> Arc<World> {
    let mut text = BASE.replace("ISSUER", ISSUER).replace("OTHER", OTHER);
    for role in 0..ROLES {
        let trust = trust(role).replace('\n', "\n      ");
        writeln!(text, "  - name: app-{role}\n    description: what it is for\n    tags: {{ team: platform }}")
            .unwrap();
        writeln!(text, "    trust: |\n      {}", trust.trim_end()).unwrap();
    }
    text.push_str(NODE);
    for number in 0..ACCOUNTS {
        let (role, namespace, name) = account(number);
        text.push_str(&ACCOUNT.replace("NAME", &name).replace("SPACE", &namespace).replace("ROLE", &role));
    }
    World::from_yaml(&text, start()).unwrap()
}

/// Each role's trust policy, and everything else of it.
pub fn roles(world: &World) -> BTreeMap<String, (String, String)> {
    let parts = |role: &Role| (role.trust.clone(), format!("{:?}", Role { trust: String::new(), ..role.clone() }));
    world.aws.with(|state| {
        let all = state.roles.iter().filter_map(|(name, role)| Some((name.clone(), role.latest()?)));
        all.map(|(name, role)| (name, parts(role))).collect()
    })
}

/// Service account and role of each association.
pub fn associations(world: &World) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = world.aws.with(|state| {
        let all = state.associations.values().filter_map(Lagging::latest);
        all.map(|one| (format!("{}/{}", one.namespace, one.service_account), one.role_arn.clone())).collect()
    });
    found.sort();
    found
}

pub fn wanted() -> Vec<(String, String)> {
    let one = |number: usize| {
        let (role, namespace, name) = account(number);
        (format!("{namespace}/{name}"), format!("arn:aws:iam::111122223333:role/{role}"))
    };
    let mut all: Vec<(String, String)> = (0..ACCOUNTS).map(one).collect();
    all.sort();
    all
}

/// Service accounts and Deployments without what every write moves, and without the stamp of a restart.
pub fn objects(world: &World) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (group, resource) in [("", "serviceaccounts"), ("apps", "deployments")] {
        for mut object in world.kubernetes.snapshot(group, resource) {
            let metadata = object["metadata"].as_object_mut().unwrap();
            metadata.retain(|key, _| !["resourceVersion", "managedFields", "generation"].contains(&key.as_str()));
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove("deployment.kubernetes.io/revision");
            }
            metadata.retain(|key, value| key != "annotations" || *value != Value::Object(Map::new()));
            let name = format!("{resource} {}/{}", metadata["namespace"], metadata["name"]);
            object["status"] = Value::Null;
            let template = object.pointer_mut("/spec/template/metadata").and_then(Value::as_object_mut);
            if let Some(template) = template {
                let stamp = template.get_mut("annotations").and_then(Value::as_object_mut);
                let left = stamp.map_or(0, |all| {
                    all.remove("kubectl.kubernetes.io/restartedAt");
                    all.len()
                });
                if left == 0 {
                    template.remove("annotations");
                }
            }
            found.insert(name, object);
        }
    }
    found
}

/// Tells the first object that differs, not all of them.
pub fn same(found: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Value>, what: &str) {
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{what}");
    for (name, object) in found {
        assert_eq!(object, &wanted[name], "{what}: {name}");
    }
}

/// The same objects without the annotation of IRSA.
pub fn without_annotation(objects: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut objects = objects.clone();
    for object in objects.values_mut() {
        if let Some(all) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            all.remove("eks.amazonaws.com/role-arn");
        }
    }
    objects
}

/// Whether a statement is for tokens of this cluster.
pub fn is_for_our_tokens(statement: &Value) -> bool {
    statement["Principal"]["Federated"].as_str().is_some_and(|provider| provider.ends_with(ISSUER))
}
