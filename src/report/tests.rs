use serde_json::Value;

use super::{Format, Kind, Options, Redactor, Rendered, Request, explain, plan, render, who};
use crate::domain::{
    change::Change,
    fact::Fact,
    failure::{Failure, FailureKind},
    id::PodId,
    inventory::Inventory,
    plan::{
        associate::{self, AssociateRequest},
        dissociate,
        tests::world::{self, arn, inventory, inventory_with, now, sa},
    },
    proof::{self, Assumed, Whom},
    query::Query,
    workload::WorkloadKind,
};

fn get(kind: Kind, format: Format) -> Rendered {
    render(&Request::new(kind, format, now()), &inventory()).unwrap()
}

fn document(kind: Kind, inventory: &Inventory) -> Value {
    let rendered = render(&Request::new(kind, Format::Json, now()), inventory).unwrap();
    serde_json::from_str(&rendered.stdout).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The item of a name.
fn item<'a>(document: &'a Value, key: &str, name: &str) -> &'a Value {
    let items = document["items"].as_array().unwrap();
    items.iter().find(|item| item[key] == name).unwrap()
}

/// Every key of a list, separated by spaces, is there.
fn has(value: &Value, wanted: &str) {
    for key in wanted.split_whitespace() {
        assert!(value.get(key).is_some(), "`{key}` is missing in {value:#}");
    }
}

const IDENTITY: &str = "mechanism roleArn targetRoleArn associationId shadowed verdict reasons";

#[test]
fn a_list_has_its_envelope() {
    for (kind, name) in [
        (Kind::Pods, "PodList"),
        (Kind::ServiceAccounts, "ServiceAccountList"),
        (Kind::Namespaces, "NamespaceList"),
        (Kind::Roles, "RoleList"),
        (Kind::Associations, "AssociationList"),
        (Kind::Nodes, "NodeList"),
        (Kind::Overview, "OverviewList"),
    ] {
        let document = document(kind, &inventory());
        assert_eq!(document["apiVersion"], "rolecall/v1");
        assert_eq!(document["kind"], name);
        assert_eq!(document["observedAt"], "2026-11-23T09:00:00Z");
        has(&document, "clusters observedAt complete gaps items");
        let cluster = &document["clusters"][0];
        has(cluster, "name arn region account version context caller");
        assert_eq!(cluster["caller"], "arn:aws:sts::111122223333:assumed-role/oncall/alice");
        for item in document["items"].as_array().unwrap() {
            assert_eq!(item["cluster"], "arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod");
        }
    }
}

#[test]
fn a_pod_has_every_key_of_the_contract() {
    let document = document(Kind::Pods, &inventory());
    let pod = item(&document, "name", "api-1");
    has(pod, "namespace name uid createdAt phase node hostNetwork owner serviceAccount");
    has(pod, "state now next drift containers findings");
    has(&pod["now"], IDENTITY);
    has(&pod["containers"][0], "name kind now next drift");
    assert_eq!(pod["owner"], serde_json::json!({"kind": "Deployment", "name": "api"}));
    assert_eq!(pod["now"]["mechanism"], "irsa");
    assert_eq!(pod["now"]["roleArn"], "arn:aws:iam::111122223333:role/payments-api");
    assert_eq!((&pod["state"], &pod["drift"]), (&"ok".into(), &false.into()));
    assert_eq!(pod["containers"][0]["kind"], "container");
    assert_eq!(pod["findings"], serde_json::json!([]));
    assert_eq!(item(&document, "name", "reindex-x")["now"]["mechanism"], "static-keys");
}

#[test]
fn the_other_kinds_have_every_key_of_the_contract() {
    let inventory = inventory();
    let accounts = document(Kind::ServiceAccounts, &inventory);
    let account = item(&accounts, "namespace", "search");
    has(account, "namespace name exists annotationRoleArn association next state pods findings");
    has(&account["association"], "id roleArn targetRoleArn ownerArn");
    has(&account["next"], IDENTITY);
    has(&account["pods"], "total drift atRisk broken");

    let namespaces = document(Kind::Namespaces, &inventory);
    let namespace = item(&namespaces, "name", "search");
    has(namespace, "name serviceAccounts pods mechanisms states");
    assert_eq!(namespace["mechanisms"], serde_json::json!({"pod-identity": 1}));

    let roles = document(Kind::Roles, &inventory);
    let role = item(&roles, "name", "payments-api");
    has(role, "arn name account readable trust usedBy couldBeUsedBy findings");
    has(&role["trust"], "mechanisms document");
    assert_eq!(role["couldBeUsedBy"], 1);
    assert_eq!(role["trust"]["document"]["Version"], "2012-10-17");
    has(&role["usedBy"][0], "namespace serviceAccount how");

    let associations = document(Kind::Associations, &inventory);
    let association = item(&associations, "id", "a-search");
    has(association, "id arn namespace serviceAccount roleArn targetRoleArn externalId disableSessionTags policy");
    has(association, "ownerArn tags createdAt modifiedAt serviceAccountExists verdict pods findings");
    has(&association["pods"], "total using drift");

    let nodes = document(Kind::Nodes, &inventory);
    let node = item(&nodes, "name", "node-a");
    has(node, "name kind instanceId roleArn roleSource imds agent pods");
    has(&node["imds"], "reachableByPods hopLimit tokens");
    assert_eq!((&node["kind"], &node["agent"]), (&"managed".into(), &"ready".into()));
    assert_eq!(keys(&document(Kind::Overview, &inventory)["items"][0]["agent"]), ["nodes", "of", "state"]);
}

#[test]
fn the_table_aligns_and_shows_names_where_people_read() {
    let mut request = Request::new(Kind::Pods, Format::Table, now());
    request.namespace = Some("payments");
    let rendered = render(&request, &inventory()).unwrap();
    let expected = [
        "  STATE  NAMESPACE  POD    SERVICE ACCOUNT  NOW   NEXT  ROLE\n",
        "  ok     payments   api-1  api              irsa  =     payments-api\n",
    ]
    .concat();
    assert_eq!(rendered.stdout, expected);
    assert_eq!(rendered.items, 1);
    assert!(rendered.complete, "{}", rendered.stderr);
}

#[test]
fn the_worst_comes_first() {
    let bare = world::service_account("payments/api", None, &[]);
    let inventory = inventory_with(vec![Change::ServiceAccount(bare)]);
    let rendered = render(&Request::new(Kind::Pods, Format::Table, now()), &inventory).unwrap();
    let first = rendered.stdout.lines().nth(1).unwrap();
    assert!(first.starts_with("! at-risk  payments"), "{first}");
}

#[test]
fn a_filter_and_a_name_choose() {
    let filter = Query::parse("now:pod-identity").unwrap();
    let mut request = Request::new(Kind::Pods, Format::Jsonl, now());
    request.filter = Some(&filter);
    let rendered = render(&request, &inventory()).unwrap();
    assert_eq!(rendered.stdout.lines().count(), 1);
    assert!(rendered.stdout.contains("\"name\":\"indexer-0\""));
    let filter = Query::parse("image:nginx node:fargate").unwrap();
    request.filter = Some(&filter);
    assert_eq!(render(&request, &inventory()).unwrap().items, 1);
    request.filter = None;
    for (name, items) in [("payments/api-1", 1), ("api-1", 1)] {
        request.name = Some(name);
        assert_eq!(render(&request, &inventory()).unwrap().items, items);
    }
    request.name = Some("search/api-1");
    assert_eq!(render(&request, &inventory()).unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn csv_has_all_columns_and_crlf() {
    let rendered = get(Kind::Associations, Format::Csv);
    let mut lines = rendered.stdout.split("\r\n");
    assert_eq!(
        lines.next().unwrap(),
        "verdict,namespace,serviceAccount,roleArn,id,pods.total,pods.using,pods.drift,targetRoleArn,ownerArn,\
         serviceAccountExists,modifiedAt,why"
    );
    let search = lines.find(|line| line.contains("a-search")).unwrap();
    assert!(
        search.starts_with("ok,search,indexer,arn:aws:iam::111122223333:role/search-indexer,a-search,1,1,0,,,true,")
    );
}

#[test]
fn what_was_proven_stands_in_wide_tables_and_in_csv_and_nothing_where_nobody_asked() {
    let indexer = sa("search/indexer");
    let proven = |mut inventory: Inventory| {
        let intent = proof::intend(&inventory, &Whom::ServiceAccount(indexer.clone())).unwrap();
        let arn = "arn:aws:sts::111122223333:assumed-role/search-indexer/eks-x".into();
        let proof = proof::succeeded(&intent, &Assumed { arn, association: None }, now());
        inventory.apply(vec![Change::Proven(Box::new(proof))], now());
        inventory
    };
    for kind in [Kind::ServiceAccounts, Kind::Pods] {
        let cell = |format, inventory: &Inventory, word: &str| {
            let stdout = render(&Request::new(kind, format, now()), inventory).unwrap().stdout;
            let line = stdout.lines().find(|line| line.contains("indexer")).unwrap();
            (stdout.lines().next().unwrap().contains("PROVEN"), line.contains(word))
        };
        let (never, once) = (inventory(), proven(inventory()));
        assert_eq!(cell(Format::Wide, &never, "2026-11-23 09:00Z"), (true, false), "{kind:?}");
        assert_eq!(cell(Format::Wide, &once, "proven 2026-11-23 09:00Z"), (true, true), "{kind:?}");
        assert_eq!(cell(Format::Table, &once, "proven"), (false, false), "{kind:?}");
        let csv = |inventory| {
            let stdout = render(&Request::new(kind, Format::Csv, now()), inventory).unwrap().stdout;
            let at = stdout.lines().next().unwrap().split(',').position(|title| title == "proven.verdict").unwrap();
            let row = stdout.lines().find(|line| line.contains("indexer")).unwrap();
            row.split(',').nth(at).unwrap().to_owned()
        };
        assert_eq!((csv(&never).as_str(), csv(&once).as_str()), ("", "ok"), "{kind:?}");
    }
}

#[test]
fn markdown_is_a_table() {
    let rendered = get(Kind::Namespaces, Format::Markdown);
    let mut lines = rendered.stdout.lines();
    assert_eq!(lines.next(), Some("|   state | namespace | service accounts | pods | mechanisms | states |"));
    assert_eq!(lines.next(), Some("| --- | --- | --- | --- | --- | --- |"));
}

#[test]
fn nothing_from_a_cluster_reaches_the_terminal_unescaped() {
    let nasty = "arn:aws:iam::1:role/\u{1b}[2J\u{202e}|<b>\u{9b}31m,\"x\"\r\n";
    let account = world::service_account("payments/api", Some(nasty.into()), &[]);
    let pod = world::pod(
        "payments/api",
        WorkloadKind::Deployment,
        "api",
        "api-1",
        "node-a",
        &world::Injected::Irsa(nasty.into()),
    );
    let inventory = inventory_with(vec![Change::ServiceAccount(account), Change::Pod(pod)]);
    for kind in Kind::ALL {
        for format in Format::ALL {
            let rendered = render(&Request::new(kind, format, now()), &inventory).unwrap();
            for text in [&rendered.stdout, &rendered.stderr] {
                let bad = |letter: char| (letter.is_control() && !"\r\n".contains(letter)) || letter == '\u{202e}';
                assert!(!text.contains(bad), "{kind:?} {format:?}: {text:?}");
            }
        }
        let json = document(kind, &inventory);
        if kind == Kind::ServiceAccounts {
            assert_eq!(item(&json, "namespace", "payments")["annotationRoleArn"], nasty);
        }
    }
    let subject = explain::Subject::Pod(PodId::new("payments", "api-1"));
    let text = explain::explain(&inventory, &subject, now(), Options::default()).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\r']), "{text:?}");
}

#[test]
fn what_is_missing_is_said() {
    let denied = Failure::new(FailureKind::Denied, "cannot list roles", "not allowed", "Allow iam:ListRoles")
        .missing("iam:ListRoles", "*");
    let mut changes = world::changes();
    changes.retain(|change| !matches!(change, Change::Roles(_)));
    changes.push(Change::Roles(Fact::Unknown(denied.into())));
    let mut inventory = Inventory::default();
    inventory.apply(changes, now());
    let json = document(Kind::Pods, &inventory);
    assert_eq!(json["complete"], false);
    let gaps = json["gaps"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["action"] == "iam:ListRoles").unwrap();
    assert_eq!((&gap["resource"], &gap["why"]), (&"*".into(), &"cannot list roles: not allowed".into()));
    let lines = render(&Request::new(Kind::Pods, Format::Jsonl, now()), &inventory).unwrap();
    assert!(lines.stderr.contains("roles unknown: cannot list roles: not allowed. Allow iam:ListRoles\n"));
    assert!(!lines.complete);
}

#[test]
fn a_kind_that_cannot_be_read_at_all_is_a_failure() {
    let denied =
        Failure::new(FailureKind::Denied, "cannot list pods", "forbidden", "Ask for it").missing("list pods", "pods");
    let mut inventory = Inventory::default();
    inventory.apply(vec![Change::Pods(Fact::Unknown(denied.clone().into()))], now());
    let failure = render(&Request::new(Kind::Pods, Format::Table, now()), &inventory).unwrap_err();
    assert_eq!(failure, denied);
}

#[test]
fn redaction_is_consistent_and_complete() {
    let inventory = inventory();
    let options = Options { redact: true, ..Options::default() };
    let secret = [
        "111122223333",
        "acme",
        "payments",
        "api-service",
        "indexer",
        "alice",
        "oncall",
        "node-a",
        "a-search",
        "ng-role",
        "0123456789ABCDEF",
        "prod eu",
    ];
    for kind in Kind::ALL {
        for format in Format::ALL {
            let request = Request { options, ..Request::new(kind, format, now()) };
            let rendered = render(&request, &inventory).unwrap();
            for word in secret {
                assert!(!rendered.stdout.contains(word), "{kind:?} {format:?} shows {word}: {}", rendered.stdout);
            }
        }
    }
    let redactor = Redactor::new(&inventory);
    let account = redactor.text("111122223333");
    assert_eq!(account, "000000000001");
    let role = redactor.text(arn("payments-api").as_str());
    assert_eq!(role, format!("arn:aws:iam::{account}:role/{}", redactor.text("payments-api")));
    assert_eq!(redactor.text(&role), role);
    let subject = redactor.text("system:serviceaccount:payments:api");
    assert_eq!(subject, format!("system:serviceaccount:{}:{}", redactor.text("payments"), redactor.text("api")));
    assert_eq!(redactor.text("state drift in kube-system"), "state drift in kube-system");
    assert_eq!(redactor.text("444455556666.dkr.ecr/x:1"), format!("{}.dkr.ecr/x:1", redactor.text("444455556666")));
}

#[test]
fn redacted_json_keeps_its_shape() {
    let inventory = inventory();
    let options = Options { redact: true, ..Options::default() };
    for kind in Kind::ALL {
        let request = Request { options, ..Request::new(kind, Format::Json, now()) };
        let json: Value = serde_json::from_str(&render(&request, &inventory).unwrap().stdout).unwrap();
        let plain = document(kind, &inventory);
        assert_eq!(keys(&json["items"][0]), keys(&plain["items"][0]));
        assert_eq!(json["items"][0].get("state"), plain["items"][0].get("state"));
    }
}

#[test]
fn a_plan_in_words_has_call_command_checks_and_undo() {
    let inventory = inventory();
    let request = AssociateRequest::new(sa("api-service/api-service"), arn("api-service-development-eu-west-1"));
    let plan = associate::plan(&inventory, &request, now()).unwrap();
    let text = plan::text(&plan, &inventory, false, None);
    for line in [
        "1. associate api-service/api-service with role api-service-development-eu-west-1\n",
        "   eks:CreatePodIdentityAssociation\n",
        "     clusterName     acme-prod\n",
        "   $ aws eks create-pod-identity-association --region eu-west-1 --cluster-name acme-prod ",
        "  ✓ role api-service-development-eu-west-1 exists: in account 111122223333\n",
        "  - the caller may iam:PassRole on api-service-development-eu-west-1: ",
        "  api-service/deploy/api-service  2 pods  → pod-identity api-service-development-eu-west-1 after a restart\n",
        "UNDO  Remove the association of api-service/api-service again; ",
        "THEN  restart api-service/deploy/api-service\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(plan::text(&plan, &inventory, true, None).contains("  + role api-service-development-eu-west-1 exists"));
}

#[test]
fn a_refused_plan_says_so_and_offers_no_restart() {
    let plan = dissociate::plan(&inventory(), &dissociate::Target::Association("a-cni".into())).unwrap();
    let text = plan::text(&plan, &inventory(), false, None);
    assert!(text.contains("\nREFUSED  no add-on owns it: owned by add-on vpc-cni: change it through the add-on\n"));
    assert!(!text.contains("THEN"));
}

#[test]
fn a_plan_as_json_has_every_key_of_the_contract() {
    let inventory = inventory();
    let plan = dissociate::plan(&inventory, &sa("search/indexer").into()).unwrap();
    let json: Value = serde_json::from_str(&plan::json(&plan, &inventory, None)).unwrap();
    has(&json, "id kind subject steps preconditions affects inverse exports");
    has(&json["steps"][0], "call arguments diff");
    has(&json["preconditions"][0], "what ok detail");
    has(&json["affects"][0], "kind namespace name fallsTo");
    assert_eq!(json["steps"][0]["call"], "eks:DeletePodIdentityAssociation");
    assert_eq!(
        json["steps"][0]["arguments"],
        serde_json::json!({"clusterName": "acme-prod", "associationId": "a-search"})
    );
    assert_eq!(json["exports"]["aws-cli"], format!("{}\n", plan.steps[0].command));
    let formats: Vec<&str> = json["exports"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(formats, ["ack", "aws-cli", "cloudformation", "eksctl", "terraform"]);
}

#[test]
fn explain_tells_state_reason_and_chain() {
    let inventory = inventory();
    let told = |subject| explain::explain(&inventory, &subject, now(), Options::default()).unwrap();
    let pod = told(explain::Subject::Pod(PodId::new("payments", "api-1")));
    assert!(pod.starts_with("pod payments/api-1: ok\n"), "{pod}");
    assert!(
        pod.contains("now               irsa arn:aws:iam::111122223333:role/payments-api; shadows node-role\n"),
        "{pod}"
    );
    assert!(pod.contains("next              the same\n"), "{pod}");
    assert!(pod.contains("\nCHAIN\npod "), "{pod}");
    let account = told(explain::Subject::ServiceAccount(sa("search/indexer")));
    assert!(account.starts_with("service account search/indexer: ok\n"), "{account}");
    assert!(account.contains("association       a-search\n"), "{account}");
    let role = told(explain::Subject::Role("payments-api".into()));
    assert!(role.contains("\nUSED BY\n  payments/api, by "), "{role}");
    assert!(role.contains("\nCOULD BE USED BY\n  payments/api, by irsa, statement 1\n"), "{role}");
    assert!(role.contains("\nTRUST POLICY\n  {\n"), "{role}");
}

#[test]
fn who_names_whom_a_role_admits_and_by_which_statement() {
    let inventory = inventory();
    let ask = |question: who::Question, format| {
        who::who(&question, false, &Request::new(Kind::Roles, format, now()), &inventory).unwrap()
    };
    let answer = ask(who::Question::Role("payments-api".into()), Format::Json);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(answer["kind"], "AdmissionList");
    assert_eq!(answer["otherPrincipals"], serde_json::json!([]));
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["namespace"], &items[0]["serviceAccount"]), (&"payments".into(), &"api".into()));
    let by = serde_json::json!([{"mechanism": "irsa", "statement": 1, "sid": null, "dependsOn": []}]);
    assert_eq!(items[0]["by"], by);
    let reverse = ask(who::Question::ServiceAccount(sa("payments/api")), Format::Json);
    let reverse: Value = serde_json::from_str(&reverse.stdout).unwrap();
    assert!(reverse["items"].as_array().unwrap().contains(&items[0]), "{reverse:#}");
    let table = ask(who::Question::Role("payments-api".into()), Format::Table).stdout;
    assert!(table.contains("irsa, statement 1") && table.ends_with("No other principal is trusted.\n"), "{table}");
}

#[test]
fn explaining_nothing_is_a_failure() {
    for subject in [
        explain::Subject::Pod(PodId::new("a", "b")),
        explain::Subject::ServiceAccount(sa("a/b")),
        explain::Subject::Role("nobody".into()),
    ] {
        let failure = explain::explain(&inventory(), &subject, now(), Options::default()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound);
    }
}
