//! The adapters against the simulator, over the real protocols and without sockets: what the
//! clients that ship say about a world that knows nothing of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rolecall::{
    aws::{
        NewAssociation,
        session::{self, Session},
    },
    domain::{
        change::Change,
        cluster::Target,
        fact::Fact,
        failure::FailureKind,
        id::{ClusterName, RoleArn, ServiceAccountId},
        permission::{ASSUME_FOR_POD_IDENTITY, Permission},
        workload::{Pod, WorkloadKind},
    },
    kubernetes::{
        connect::{self, Connection},
        object,
        watch::{self, Event, Link},
    },
    sim::{fault::Fault, generate::Spec, world::World},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn demo() -> Arc<World> {
    World::demo(now()).unwrap()
}

fn aws(world: &World) -> (Session, ClusterName) {
    (session::over(world.aws_transport(), world.region().into()), world.cluster_name().into())
}

async fn kubernetes(world: &World) -> Connection {
    connect::over(world.kubernetes_transport(), Target::default()).await
}

fn fault(world: &World, text: &str) {
    world.faults.add(text.parse::<Fault>().unwrap());
}

/// What a watch has told so far.
#[derive(Default)]
struct Seen {
    pods: Vec<Pod>,
    whole: [bool; 5],
    denied: Vec<String>,
    narrowed: Vec<&'static str>,
    skipped: usize,
    links: Vec<Link>,
    roles: usize,
    instances: Vec<String>,
}

impl Seen {
    fn take(&mut self, event: Event) {
        match event {
            Event::Changes(changes) => changes.into_iter().for_each(|change| self.change(change)),
            Event::Link(link) => self.links.push(link),
            Event::Narrowed { resource, .. } => self.narrowed.push(resource),
            Event::Widened { .. } => {}
            Event::Skipped { count, .. } => self.skipped += count,
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Pod(pod) => {
                self.pods.retain(|known| known.id != pod.id);
                self.pods.push(pod);
            }
            Change::PodGone(id) => self.pods.retain(|known| known.id != id),
            Change::Pods(Fact::Known(pods)) => {
                self.whole[0] = true;
                self.pods = pods;
            }
            Change::ServiceAccounts(Fact::Known(accounts)) => {
                self.whole[1] = true;
                self.roles = accounts.iter().filter(|account| account.role_arn.is_some()).count();
            }
            Change::Namespaces(Fact::Known(_)) => self.whole[2] = true,
            Change::Nodes(Fact::Known(nodes)) => {
                self.whole[3] = true;
                let ids = nodes.iter().filter_map(|node| node.provider_id.as_deref()?.rsplit('/').next());
                self.instances = ids.filter(|id| id.starts_with("i-")).map(str::to_owned).collect();
            }
            Change::Webhooks(Fact::Known(webhooks)) => self.whole[4] = webhooks.len() == 1,
            Change::Pods(Fact::Unknown(failure))
            | Change::Nodes(Fact::Unknown(failure))
            | Change::Namespaces(Fact::Unknown(failure)) => self.denied.extend(failure.action.clone()),
            _ => {}
        }
    }
}

struct Watching {
    seen: Seen,
    events: mpsc::Receiver<Event>,
    stop: CancellationToken,
}

impl Watching {
    fn start(connection: Connection) -> Self {
        let (sender, events) = mpsc::channel(64);
        let stop = CancellationToken::new();
        tokio::spawn(watch::watch(connection, None, sender, stop.clone()));
        Self { seen: Seen::default(), events, stop }
    }

    async fn until(&mut self, satisfied: impl Fn(&Seen) -> bool) {
        let all = async {
            while !satisfied(&self.seen) {
                let event = self.events.recv().await.expect("the watch goes on");
                self.seen.take(event);
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(20), all).await;
        assert!(done.is_ok(), "{:?} {:?}", self.seen.whole, self.seen.links);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn the_demo_cluster_is_read_whole() {
    let world = demo();
    let mut watching = Watching::start(kubernetes(&world).await);
    watching.until(|seen| seen.whole.iter().all(|whole| *whole) && is_live(seen)).await;
    let pods = &watching.seen.pods;
    assert!(pods.len() > 40, "{} pods", pods.len());
    assert!(watching.seen.roles > 0, "some service accounts are annotated");
    assert_eq!(watching.seen.skipped, 0);
    let deployed = |pod: &&Pod| pod.workload.kind == WorkloadKind::Deployment;
    assert!(pods.iter().filter(deployed).count() > 10);
}

fn is_live(seen: &Seen) -> bool {
    matches!(seen.links.last(), Some(Link::Live))
}

#[tokio::test]
async fn the_version_of_the_simulated_server_is_read() {
    let version = object::version(&kubernetes(&demo()).await).await.unwrap();
    assert!(version.starts_with("v1."), "{version}");
}

#[tokio::test]
async fn a_kind_that_may_not_be_read_is_unknown_with_its_verb() {
    let world = demo();
    fault(&world, "nodes:*=denied");
    let mut watching = Watching::start(kubernetes(&world).await);
    watching.until(|seen| seen.whole[0] && !seen.denied.is_empty()).await;
    assert!(watching.seen.denied[0].ends_with(" nodes"), "{:?}", watching.seen.denied);
}

#[tokio::test]
async fn a_restart_reaches_the_watch() {
    let world = demo();
    let connection = kubernetes(&world).await;
    tokio::spawn(world.controllers());
    let mut watching = Watching::start(connection.clone());
    watching.until(|seen| seen.whole[0]).await;
    let chosen =
        watching.seen.pods.iter().find(|pod| pod.workload.kind == WorkloadKind::Deployment && pod.ready).unwrap();
    let (workload, old) = (chosen.workload.clone(), chosen.uid.clone());
    object::restart(&connection, &workload, now()).await.unwrap();
    watching
        .until(|seen| {
            seen.pods.iter().any(|pod| pod.workload == workload) && seen.pods.iter().all(|pod| pod.uid != old)
        })
        .await;
}

#[tokio::test]
async fn an_annotation_is_written_and_then_protected() {
    let world = demo();
    let connection = kubernetes(&world).await;
    let mut watching = Watching::start(connection.clone());
    watching.until(|seen| seen.whole[0]).await;
    let id = watching.seen.pods[0].service_account();
    let id = ServiceAccountId::new(id.namespace, "default");
    let (one, two) = (RoleArn::from("arn:aws:iam::1:role/one"), RoleArn::from("arn:aws:iam::1:role/two"));
    object::annotate(&connection, &id, None, Some(&one)).await.unwrap();
    let conflict = object::annotate(&connection, &id, None, Some(&two)).await.unwrap_err();
    assert_eq!(conflict.kind, FailureKind::Conflict);
    object::annotate(&connection, &id, Some(&one), None).await.unwrap();
    assert_eq!(object::service_account(&connection, &id).await.unwrap().role_arn, None);
}

#[tokio::test]
async fn the_account_is_read_whole() {
    let world = demo();
    let (session, name) = aws(&world);
    let cluster = session.cluster(&name).await.unwrap();
    assert_eq!(cluster.arn.as_str(), world.cluster_arn());
    assert_eq!(session.caller().await.unwrap().account, cluster.account());
    assert_eq!(session.clusters().await.unwrap(), std::slice::from_ref(&name));
    let roles = session.roles().await.unwrap();
    assert!(roles.len() > 5 && roles.iter().all(|role| !role.trust.text.is_empty()));
    assert!(session.role(&roles[0].name).await.known().is_some());
    assert_eq!(session.role(&"no-such-role".into()).await, Fact::Absent);
    let providers = session.providers().await.unwrap();
    assert!(providers.iter().all(|provider| provider.client_ids.is_some()));
    assert!(!session.node_groups(&name).await.unwrap().is_empty());
    assert!(session.add_ons(&name).await.unwrap().iter().any(|add_on| &*add_on.name == "eks-pod-identity-agent"));
    assert!(session.calls() > 8);
}

#[tokio::test]
async fn instances_lead_to_the_role_of_the_node() {
    let world = demo();
    let mut watching = Watching::start(kubernetes(&world).await);
    watching.until(|seen| seen.whole[3]).await;
    let (session, _) = aws(&world);
    let known = watching.seen.instances.iter().map(|id| id.as_str().into());
    let ids: Vec<_> = known.chain(["i-00000000000000000".into()]).collect();
    let mut found = session.instances(&ids).await.unwrap();
    assert_eq!(found.pop().unwrap().1, Fact::Absent);
    assert!(!found.is_empty());
    for (id, instance) in found {
        let instance = instance.known().unwrap_or_else(|| panic!("{id}")).clone();
        let role = session.instance_profile(&instance.profile_arn.unwrap()).await;
        assert!(role.known().unwrap().as_str().contains(":role/"), "{id}");
    }
    let none = session.instance_profile("arn:aws:iam::1:instance-profile/none").await;
    assert_eq!(none, Fact::Absent);
}

#[tokio::test]
async fn a_role_is_read_in_detail_and_documents_that_its_policies_names_explain_are_not() {
    let world = demo();
    let (session, cluster) = aws(&world);
    let cluster = session.cluster(&cluster).await.unwrap();
    let before = session.calls();
    let node = session.role_detail(&"acme-prod-node-secure".into()).await;
    assert_eq!(session.calls() - before, 3, "GetRole and two lists");
    let by = Permission::Allowed("AmazonEKSWorkerNodePolicy".into());
    assert_eq!(node.permission(ASSUME_FOR_POD_IDENTITY, cluster.arn.as_str()), by);
    let service = session.role_detail(&"api-service-development-eu-west-1".into()).await;
    assert_eq!(service.about.known().unwrap().tags["team"], "platform");
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/api-carts";
    assert_eq!(service.permission("dynamodb:GetItem", table), Permission::Allowed("tables".into()));
    assert_eq!(service.permission("dynamodb:DeleteItem", table), Permission::NotAllowed);
    let engineer = session.role_detail(&"acme-engineer".into()).await;
    assert!(engineer.policies().all(|policy| policy.document.known().is_some()), "AWS's own are read where needed");
    let none = session.role_detail(&"no-such-role".into()).await;
    assert_eq!((none.about, none.attached), (Fact::Absent, Fact::Absent));
}

#[tokio::test]
async fn each_refused_call_about_a_role_makes_only_its_own_part_unknown() {
    let name = || "api-service-development-eu-west-1".into();
    for (operation, expected) in [
        ("iam:GetRole", [true, false, false]),
        ("iam:ListAttachedRolePolicies", [false, true, false]),
        ("iam:ListRolePolicies", [false, false, true]),
        ("iam:GetRolePolicy", [false, false, false]),
    ] {
        let world = demo();
        fault(&world, &format!("{operation}=denied"));
        let detail = aws(&world).0.role_detail(&name()).await;
        let unknown =
            [detail.about.failure().is_some(), detail.attached.failure().is_some(), detail.inline.failure().is_some()];
        assert_eq!(unknown, expected, "{operation}");
        let actions: Vec<_> = detail.failures().filter_map(|failure| failure.action.clone()).collect();
        assert_eq!(actions, [operation]);
    }
}

#[tokio::test]
async fn access_entries_of_node_types_are_read_and_those_of_people_are_left_out() {
    let world = demo();
    let (session, name) = aws(&world);
    let entries = session.access_entries(&name).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| (entry.role_arn.as_str(), &*entry.kind)).collect();
    assert!(told.contains(&("arn:aws:iam::111122223333:role/acme-prod-node-general", "EC2_LINUX")), "{told:?}");
    assert!(told.contains(&("arn:aws:iam::111122223333:role/acme-prod-fargate", "FARGATE_LINUX")), "{told:?}");
    assert!(!told.iter().any(|(role, _)| role.ends_with("acme-engineer")), "{told:?}");
    assert_eq!(session.fargate_profiles(&name).await.unwrap(), ["reports".into()]);
    fault(&world, "eks:DescribeAccessEntry=denied");
    let refused = session.access_entries(&name).await.unwrap_err();
    assert_eq!(refused.action.as_deref(), Some("eks:DescribeAccessEntry"));
}

const PRIVATE: &str = r#"
aws:
  account: "111122223333"
  region: eu-west-1
  cluster: { name: private, ipFamily: ipv6 }
  roles: [{ name: node, trusts: [ec2.amazonaws.com] }, { name: ebs, trusts: [pod-identity] }]
  instanceProfiles: [{ name: node, role: node }]
  instances:
  - { id: i-0a11111111111111a, profile: node, ipv6: enabled, operator: eks.amazonaws.com }
  vpcEndpoints:
  - { service: sts }
  - { service: s3 }
  - { service: eks-auth, state: pending, privateDns: false }
  addons:
  - { name: aws-ebs-csi-driver, status: DEGRADED, issues: [{ code: InsufficientNumberOfReplicas, message: no replicas }] }
  associations:
  - { namespace: kube-system, serviceAccount: ebs, role: ebs, owner: aws-ebs-csi-driver }
"#;

#[tokio::test]
async fn endpoints_operators_and_the_health_of_add_ons_are_read() {
    let world = World::from_yaml(PRIVATE, now()).unwrap();
    let (session, name) = aws(&world);
    let cluster = session.cluster(&name).await.unwrap();
    assert!(cluster.ipv6);
    let endpoints = session.vpc_endpoints(&cluster.vpc_id.unwrap()).await.unwrap();
    let mut told: Vec<_> = endpoints.iter().map(|one| (one.service(), one.private_dns, one.available)).collect();
    told.sort_unstable();
    assert_eq!(told, [("eks-auth", false, false), ("s3", false, true), ("sts", true, true)]);
    assert!(session.vpc_endpoints("vpc-0other").await.unwrap().is_empty());
    let found = session.instances(&["i-0a11111111111111a".into()]).await.unwrap();
    let instance = found[0].1.known().unwrap();
    assert_eq!((instance.metadata.ipv6, instance.operator.as_deref()), (true, Some("eks.amazonaws.com")));
    let add_on = session.add_ons(&name).await.unwrap().remove(0);
    let issue = ("InsufficientNumberOfReplicas".into(), "no replicas".into());
    assert_eq!((&*add_on.status, &add_on.issues[0]), ("DEGRADED", &issue));
    let association = session.associations(&name).await.unwrap().remove(0);
    assert_eq!(add_on.association_arns, [association.arn]);
    fault(&world, "ec2:DescribeVpcEndpoints=denied");
    let refused = session.vpc_endpoints("vpc-1").await.unwrap_err();
    assert_eq!(refused.action.as_deref(), Some("ec2:DescribeVpcEndpoints"));
}

#[tokio::test]
async fn an_association_is_created_read_and_removed() {
    let world = demo();
    let (session, cluster) = aws(&world);
    let all = session.associations(&cluster).await.unwrap();
    let detail = session.association_detail(&cluster, &all[0].id).await;
    let role = detail.known().unwrap().role_arn.clone();
    let whom = ServiceAccountId::new("nowhere", "nobody");
    let new = NewAssociation::new(whom.clone(), role.clone(), "token-1");
    let id = session.create_association(&cluster, &new).await.unwrap();
    let association = session.association(&cluster, &id).await.unwrap();
    assert_eq!(association.detail.known().unwrap().role_arn, role);
    let again = NewAssociation { client_request_token: "token-2".into(), ..new };
    let refused = session.create_association(&cluster, &again).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_deref()), (FailureKind::Conflict, Some("ResourceInUseException")));
    session.delete_association(&cluster, &id).await.unwrap();
    assert_eq!(session.association_detail(&cluster, &id).await, Fact::Absent);
}

#[tokio::test]
async fn every_missing_permission_names_its_action() {
    let world = demo();
    let (session, cluster) = aws(&world);
    fault(&world, "*=denied");
    let check = |failure: rolecall::domain::failure::Failure, action: &str| {
        assert_eq!(failure.kind, FailureKind::Denied, "{failure}");
        assert_eq!(failure.action.as_deref(), Some(action), "{failure}");
        assert!(failure.next.contains(action), "{failure}");
    };
    check(session.cluster(&cluster).await.unwrap_err(), "eks:DescribeCluster");
    check(session.associations(&cluster).await.unwrap_err(), "eks:ListPodIdentityAssociations");
    check(session.roles().await.unwrap_err(), "iam:ListRoles");
    check(session.providers().await.unwrap_err(), "iam:ListOpenIDConnectProviders");
    check(session.node_groups(&cluster).await.unwrap_err(), "eks:ListNodegroups");
    check(session.instances(&["i-1".into()]).await.unwrap_err(), "ec2:DescribeInstances");
}

#[tokio::test]
async fn expired_credentials_are_told_from_missing_permissions() {
    let world = demo();
    let (session, cluster) = aws(&world);
    fault(&world, "*=expired");
    for failure in [
        session.caller().await.unwrap_err(),
        session.cluster(&cluster).await.unwrap_err(),
        session.roles().await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Credentials, "{failure}");
    }
}

#[tokio::test]
async fn a_large_cluster_arrives_in_small_pieces_and_shares_its_templates() {
    let spec: Spec = "pods=3000,namespaces=20,serviceaccounts=100,nodes=30,seed=3".parse().unwrap();
    let world = World::generate(&spec, now()).unwrap();
    let mut watching = Watching::start(kubernetes(&world).await);
    watching.until(|seen| seen.pods.len() >= 200).await;
    assert!(!watching.seen.whole[0], "first pods come before the list is whole");
    watching.until(|seen| seen.whole[0]).await;
    assert_eq!(watching.seen.skipped, 0);
    let mut templates: Vec<_> = watching.seen.pods.iter().map(|pod| Arc::as_ptr(&pod.spec)).collect();
    templates.sort();
    templates.dedup();
    assert!(templates.len() * 2 < watching.seen.pods.len(), "{} templates", templates.len());
}
