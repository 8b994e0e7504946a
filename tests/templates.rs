//! Pod templates of owners, read on demand (identity-resolution 0.2): through the adapters, against a world whose
//! templates have changed since its pods were made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{sync::Arc, time::Duration};

use http::{Method, Request, header};
use rolecall::{
    domain::{
        fact::Fact,
        identity::{Mechanism, Resolution, State},
        inventory::Inventory,
        service_account::DeclarationKeys,
        workload::{WorkloadId, WorkloadKind},
    },
    runtime::{clock::Clock, outside::Outside, survey},
    sim::{fault::Fault, world::World},
    wire::full,
};
use serde_json::{Value, json};
use tower::ServiceExt;

const BASE: &str = include_str!("identities/base.yaml");

/// One workload of each kind; `nightly` is a CronJob with a Job of this hour.
const WORKLOADS: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: { name: api, namespace: payments }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: payments }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: alone, namespace: payments }
spec:
  replicas: 1
  selector: { matchLabels: { app: alone } }
  template: { metadata: { labels: { app: alone } }, spec: { serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store, namespace: payments }
spec:
  replicas: 1
  serviceName: store
  selector: { matchLabels: { app: store } }
  template: { metadata: { labels: { app: store } }, spec: { serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agentless, namespace: payments }
spec:
  selector: { matchLabels: { app: agentless } }
  template: { metadata: { labels: { app: agentless } }, spec: { serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: once, namespace: payments }
spec:
  template: { metadata: { labels: { app: once } }, spec: { restartPolicy: Never, serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly, namespace: payments }
spec:
  schedule: "0 9 * * *"
  jobTemplate:
    spec:
      template: { metadata: { labels: { app: nightly } }, spec: { restartPolicy: Never, serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: nightly-29923740, namespace: payments }
spec:
  template: { metadata: { labels: { app: nightly } }, spec: { restartPolicy: Never, serviceAccountName: api, containers: [{ name: app, image: "a:1" }] } }
---
aws:
  roles: [{ name: api, trusts: ["pod-identity payments/api"] }]
  associations: [{ namespace: payments, serviceAccount: api, role: api }]
"#;

#[path = "support/overlay.rs"]
mod overlay;

fn world() -> Arc<World> {
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    World::from_yaml(&overlay::Documents::read(BASE).with(WORKLOADS).text(), now).unwrap()
}

async fn look(world: &Arc<World>, with_templates: bool) -> Inventory {
    let outside = Outside::Simulated(Arc::clone(world), DeclarationKeys::default());
    let chosen = |inventory: &Inventory| match with_templates {
        true => inventory.workload_ids().cloned().collect(),
        false => Vec::new(),
    };
    let clock = Clock::tokio(world.clock.now());
    survey::survey_with(&outside, Duration::from_secs(600), clock, &chosen).await.unwrap().inventory
}

async fn patch(world: &World, path: &str, patch: Value) {
    let request = Request::builder()
        .method(Method::PATCH)
        .uri(format!("http://kubernetes.default.svc{path}"))
        .header(header::CONTENT_TYPE, "application/merge-patch+json")
        .body(full(patch.to_string()))
        .unwrap();
    let answer = world.kubernetes_transport().oneshot(request).await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

fn id(kind: WorkloadKind, name: &str) -> WorkloadId {
    WorkloadId { namespace: "payments".into(), kind, name: name.into() }
}

fn of(inventory: &Inventory, id: &WorkloadId) -> Resolution {
    let rows = inventory.pods_of_workload(id);
    let row = rows.first().unwrap_or_else(|| panic!("no pods of {id}"));
    Resolution::clone(&row.resolution)
}

fn all() -> Vec<(WorkloadId, &'static str)> {
    let apps = "/apis/apps/v1/namespaces/payments";
    let batch = "/apis/batch/v1/namespaces/payments";
    let path = |folder: &str, rest: &str| -> &'static str { Box::leak(format!("{folder}/{rest}").into_boxed_str()) };
    vec![
        (id(WorkloadKind::Deployment, "web"), path(apps, "deployments/web")),
        (id(WorkloadKind::ReplicaSet, "alone"), path(apps, "replicasets/alone")),
        (id(WorkloadKind::StatefulSet, "store"), path(apps, "statefulsets/store")),
        (id(WorkloadKind::DaemonSet, "agentless"), path(apps, "daemonsets/agentless")),
        (id(WorkloadKind::Job, "once"), path(batch, "jobs/once")),
        (id(WorkloadKind::CronJob, "nightly"), path(batch, "cronjobs/nightly")),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_template_of_every_kind_of_owner_is_read_and_agrees_with_fresh_pods() {
    let world = world();
    let (shallow, deep) = (look(&world, false).await, look(&world, true).await);
    for (id, _) in all() {
        assert!(matches!(deep.template(&id), Some(Fact::Known(_))), "{id}: {:?}", deep.template(&id));
        assert!(shallow.template(&id).is_none(), "{id} was read although nobody asked");
        assert_eq!(of(&deep, &id), of(&shallow, &id), "{id}");
        assert_eq!(of(&deep, &id).next.mechanism, Mechanism::PodIdentity, "{id}");
    }
    assert!(deep.gaps().is_empty(), "{:?}", deep.gaps());
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_added_to_a_template_is_found_before_the_next_restart_does() {
    let world = world();
    let template = json!({ "metadata": { "labels": { "eks.amazonaws.com/skip-pod-identity-webhook": "true" } } });
    for (id, path) in all() {
        let spec = match id.kind {
            WorkloadKind::CronJob => json!({ "jobTemplate": { "spec": { "template": template } } }),
            _ => json!({ "template": template }),
        };
        // The template of a Job is never changed.
        if id.kind != WorkloadKind::Job {
            patch(&world, path, json!({ "spec": spec })).await;
        }
    }
    let (shallow, deep) = (look(&world, false).await, look(&world, true).await);
    for (id, _) in all().into_iter().filter(|(id, _)| id.kind != WorkloadKind::Job) {
        assert_eq!((of(&shallow, &id).state, of(&shallow, &id).next.mechanism), (State::Ok, Mechanism::PodIdentity));
        assert_eq!((of(&deep, &id).state, of(&deep, &id).next.mechanism), (State::AtRisk, Mechanism::None), "{id}");
        let found = deep.findings_of_workload(&id);
        assert!(found.iter().any(|finding| finding.code.name == "NEXT-BROKEN"), "{id}: {found:?}");
        assert!(shallow.findings_of_workload(&id).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn templates_that_may_not_be_read_are_gaps_and_change_no_answer() {
    let world = world();
    let full = look(&world, false).await;
    for resource in ["deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs"] {
        world.faults.add(format!("{resource}:get=denied").parse::<Fault>().unwrap());
    }
    let refused = look(&world, true).await;
    let asked: Vec<String> = refused.gaps().iter().filter_map(|gap| gap.failure.action.clone()).collect();
    for (id, _) in all() {
        assert_eq!(of(&refused, &id), of(&full, &id), "{id}");
        let told = refused.next_told_by(&id);
        assert!(told.starts_with("the running pod;"), "{told}");
    }
    for action in [
        "get deployments.apps",
        "get replicasets.apps",
        "get statefulsets.apps",
        "get daemonsets.apps",
        "get jobs.batch",
        "get cronjobs.batch",
    ] {
        assert!(asked.iter().any(|asked| asked == action), "{action} is not among {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_gone_leaves_next_to_its_pods() {
    let world = world();
    let before = look(&world, false).await;
    let url = "http://kubernetes.default.svc/apis/apps/v1/namespaces/payments/deployments/web?propagationPolicy=Orphan";
    let request = Request::builder().method(Method::DELETE).uri(url).body(full("")).unwrap();
    assert!(world.kubernetes_transport().oneshot(request).await.unwrap().status().is_success());
    let after = look(&world, true).await;
    let web = id(WorkloadKind::Deployment, "web");
    assert!(matches!(after.template(&web), Some(Fact::Absent)), "{:?}", after.template(&web));
    assert_eq!(of(&after, &web), of(&before, &web));
}
