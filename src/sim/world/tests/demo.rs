//! The embedded worlds: that what they plant is there. Codes stand for facts here;
//! whether somebody finds them is not the simulator's business.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::super::World;
use super::now;

struct Demo {
    world: Arc<World>,
    pods: Vec<Value>,
    accounts: Vec<Value>,
}

fn demo() -> Demo {
    let world = World::demo(now()).unwrap();
    let pods = world.kubernetes.snapshot("", "pods");
    let accounts = world.kubernetes.snapshot("", "serviceaccounts");
    Demo { world, pods, accounts }
}

impl Demo {
    fn pods(&self, app: &str) -> Vec<&Value> {
        let found: Vec<_> = self.pods.iter().filter(|pod| pod["metadata"]["labels"]["app"] == app).collect();
        assert!(!found.is_empty(), "{app} has no pods");
        found
    }

    fn variable(&self, app: &str, name: &str) -> Option<String> {
        let env = self.pods(app)[0]["spec"]["containers"][0]["env"].as_array()?.clone();
        let found = env.into_iter().find(|one| one["name"] == name)?;
        Some(found["value"].as_str().unwrap_or("from elsewhere").to_owned())
    }

    fn annotated(&self, namespace: &str, name: &str) -> Option<String> {
        let found = self
            .accounts
            .iter()
            .find(|one| one["metadata"]["name"] == name && one["metadata"]["namespace"] == namespace);
        let annotations = &found.unwrap()["metadata"]["annotations"];
        annotations["eks.amazonaws.com/role-arn"].as_str().map(|arn| arn.rsplit('/').next().unwrap().to_owned())
    }

    fn associated(&self, namespace: &str, name: &str) -> Option<String> {
        self.world.aws.with(|state| {
            let mut all = state.associations.values().filter_map(|one| one.latest());
            let found = all.find(|one| one.namespace == namespace && one.service_account == name)?;
            found.role_arn.rsplit('/').next().map(str::to_owned)
        })
    }

    fn trust(&self, role: &str) -> String {
        self.world.aws.with(|state| state.role(role).unwrap().trust.clone())
    }
}

const ROLE: &str = "AWS_ROLE_ARN";
const URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

#[test]
fn the_demo_has_the_size_and_the_services_of_the_story() {
    let demo = demo();
    assert!((55..70).contains(&demo.pods.len()), "{}", demo.pods.len());
    let namespaces: BTreeSet<_> = demo.pods.iter().map(|pod| pod["metadata"]["namespace"].to_string()).collect();
    assert_eq!(namespaces.len(), 8, "{namespaces:?}");
    for service in ["api-service", "user-service"] {
        assert_eq!(demo.associated(service, service).as_deref(), Some("api-service-development-eu-west-1"));
        assert!(demo.variable(service, URI).is_some());
    }
    assert!(demo.pods.iter().all(|pod| pod["spec"]["nodeName"].is_string()), "every pod is on a node");
    assert!(demo.pods.iter().all(|pod| !pod.to_string().contains("sim.rolecall")));
}

#[test]
fn roles_have_the_planted_trust_policies() {
    let demo = demo();
    assert!(demo.trust("acme-payments-ledger").contains("system:serviceaccount:payments:ledger\""));
    assert_eq!(demo.annotated("payments", "ledger-v2").as_deref(), Some("acme-payments-ledger"));
    assert!(!demo.trust("acme-payments-refunds").contains("TagSession"));
    assert!(demo.trust("acme-search-indexer").contains("0A9B8C7D6E5F40312233445566778899"));
    assert!(demo.trust("acme-search-crawler").contains(":aud\":\"system:serviceaccount:search:crawler"));
    assert!(demo.trust("acme-data-etl").contains("system:serviceaccount:data:*"));
    assert_eq!(demo.trust("acme-log-shipper").matches(":sub\"").count(), 2);
    assert!(!demo.trust("acme-log-audit").contains(":sub"));
    let missing = demo.annotated("search", "suggest").unwrap();
    assert!(demo.world.aws.with(|state| state.role(&missing).is_none()));
}

#[test]
fn pods_that_are_older_than_their_configuration_lack_it() {
    let demo = demo();
    assert_eq!(
        (demo.variable("cart", URI), demo.associated("checkout", "cart").as_deref()),
        (None, Some("acme-checkout-cart"))
    );
    assert_eq!(demo.variable("pricing", ROLE), None);
    assert_eq!(demo.annotated("checkout", "pricing").as_deref(), Some("acme-checkout-pricing"));
}

#[test]
fn pods_that_would_lose_what_they_have_still_have_it() {
    let demo = demo();
    assert!(demo.variable("orders", ROLE).unwrap().ends_with("role/acme-checkout-orders"));
    assert_eq!((demo.annotated("checkout", "orders"), demo.associated("checkout", "orders")), (None, None));
    assert!(demo.variable("warehouse-loader", ROLE).is_some());
    assert_eq!(demo.associated("data", "warehouse-loader").as_deref(), Some("acme-data-warehouse-v2"));
    assert!(demo.variable("audit", ROLE).is_some());
    assert!(demo.pods("audit")[0]["metadata"]["labels"]["eks.amazonaws.com/skip-pod-identity-webhook"].is_string());
    assert!(demo.variable("settlement", URI).is_some());
    assert_eq!(demo.associated("payments", "settlement"), None);
    let webhook = demo.world.kubernetes.snapshot("admissionregistration.k8s.io", "mutatingwebhookconfigurations");
    assert!(webhook[0].to_string().contains("skip-pod-identity-webhook"), "the selector is back");
}

#[test]
fn templates_and_places_get_in_the_way_where_planted() {
    let demo = demo();
    assert!(
        demo.variable("gateway", ROLE).is_some() && demo.variable("gateway", "AWS_WEB_IDENTITY_TOKEN_FILE").is_some()
    );
    assert!(demo.associated("checkout", "gateway").is_some());
    assert!(
        demo.variable("legacy-export", "AWS_ACCESS_KEY_ID").is_some() && demo.variable("legacy-export", URI).is_some()
    );
    let report = demo.pods("nightly-report")[0]["spec"]["nodeName"].as_str().unwrap();
    assert!(report.starts_with("fargate-") && demo.variable("nightly-report", URI).is_some());
    assert!(demo.annotated("payments", "notifier").is_some() && demo.associated("payments", "notifier").is_some());
    assert!(demo.associated("marketing", "newsletter").is_some());
}

#[test]
fn one_agent_crashes_on_the_node_of_the_query_api() {
    let demo = demo();
    let agents: Vec<&Value> = demo
        .pods
        .iter()
        .filter(|pod| pod["metadata"]["labels"]["app.kubernetes.io/name"] == "eks-pod-identity-agent")
        .collect();
    assert_eq!(agents.len(), 5);
    let is_ready = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array().unwrap();
        conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
    };
    let crashed: Vec<&Value> =
        agents.into_iter().filter(|pod| !is_ready(pod)).map(|pod| &pod["spec"]["nodeName"]).collect();
    assert_eq!(crashed.len(), 1);
    assert!(demo.pods("query-api").iter().all(|pod| pod["spec"]["nodeName"] == *crashed[0]));
}

#[test]
fn the_story_begins_with_two_services_and_no_agent() {
    let world = World::story(now()).unwrap();
    let pods = world.kubernetes.snapshot("", "pods");
    let of = |namespace: &str| pods.iter().filter(|pod| pod["metadata"]["namespace"] == namespace).count();
    assert_eq!((of("api-service"), of("user-service")), (2, 2));
    assert!(!pods.iter().any(|pod| pod.to_string().contains("\"AWS_")));
    assert!(world.kubernetes.snapshot("apps", "daemonsets").is_empty());
    let (addon, associations) =
        world.aws.with(|state| (state.addons.contains_key("eks-pod-identity-agent"), state.associations.len()));
    assert_eq!((addon, associations), (false, 0));
    let trust = |name: &str| world.aws.with(|state| state.role(name).unwrap().trust.clone());
    assert_eq!(trust("api-service-irsa-mistake").matches(":sub\"").count(), 2);
    assert!(trust("api-service-irsa").contains(
        r#":sub":["system:serviceaccount:api-service:api-service","system:serviceaccount:user-service:user-service"]"#
    ));
}
