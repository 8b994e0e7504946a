//! The real binary without a screen: data on stdout, everything else on stderr, exit codes, and a
//! sentence for every kind of bad input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "cli/asked.rs"]
mod asked;
#[path = "cli/bad.rs"]
mod bad;
#[path = "cli/migrate.rs"]
mod migrate;
#[path = "cli/owned.rs"]
mod owned;
#[path = "cli/retarget.rs"]
mod retarget;
#[path = "cli/trust.rs"]
mod trust;

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use tempfile::tempdir;

#[path = "support/binary.rs"]
#[allow(dead_code)]
mod binary;
use binary::{rolecall, run, stderr, stdout};

fn json(words: &[&str]) -> Value {
    let done = run(words);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn pods_are_listed_with_now_and_next() {
    let answer = json(&["get", "pods", "--demo", "-n", "api-service", "-o", "json"]);
    assert_eq!(answer["apiVersion"], "rolecall/v1");
    assert_eq!(answer["kind"], "PodList");
    assert_eq!(answer["complete"], true);
    let pods = answer["items"].as_array().unwrap();
    assert_eq!(pods.len(), 2);
    for pod in pods {
        assert_eq!(pod["now"]["mechanism"], "pod-identity");
        assert_eq!(pod["next"]["mechanism"], "pod-identity");
        assert_eq!(pod["state"], "ok");
        assert_eq!(pod["now"]["roleArn"], "arn:aws:iam::111122223333:role/api-service-development-eu-west-1");
    }
}

#[test]
fn the_demo_without_a_terminal_prints_its_first_list() {
    let done = run(&["demo"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("api-service") && !stdout(&done).contains('\u{1b}'), "{}", stdout(&done));
    let story = run(&["demo", "--story"]);
    assert_eq!(story.status.code(), Some(2));
    assert!(stderr(&story).contains("terminal"), "{}", stderr(&story));
}

#[test]
fn every_kind_has_every_format() {
    for kind in ["pods", "sa", "ns", "roles", "associations", "nodes", "overview"] {
        for format in ["table", "wide", "json", "jsonl", "csv", "markdown"] {
            let done = run(&["get", kind, "--demo", "-o", format]);
            assert_eq!(done.status.code(), Some(0), "{kind} {format}: {}", stderr(&done));
            assert!(!done.stdout.is_empty(), "{kind} {format}");
            assert!(!stdout(&done).contains('\u{1b}'), "{kind} {format}: escapes without a terminal");
        }
    }
}

#[test]
fn a_filter_narrows_and_a_wrong_one_names_the_place() {
    let broken = json(&["get", "pods", "--demo", "--filter", "state:broken ns:payments", "-o", "json"]);
    let items = broken["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(items.iter().all(|pod| pod["state"] == "broken" && pod["namespace"] == "payments"));
    let wrong = run(&["get", "pods", "--demo", "--filter", "colour:red"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("colour"), "{}", stderr(&wrong));
}

#[test]
fn without_a_kubeconfig_it_says_what_to_do() {
    let done = run(&["get", "pods"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("kubeconfig") && stderr(&done).contains("--cluster"), "{}", stderr(&done));
    assert!(done.stdout.is_empty());
}

#[test]
fn an_unknown_context_is_named_beside_the_known_ones() {
    let state = tempdir().unwrap();
    let kubeconfig = state.path().join("config");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: here\ncontexts: [{name: here, context: {cluster: c, user: u}}]\n\
                clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: u, user: {token: t}}]\n";
    fs::write(&kubeconfig, text).unwrap();
    let done = rolecall(state.path())
        .args(["get", "pods", "--context", "nowhere", "--kubeconfig"])
        .arg(&kubeconfig)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("nowhere") && stderr(&done).contains("here"), "{}", stderr(&done));
}

#[test]
fn a_server_that_cannot_be_reached_ends_with_three() {
    let state = tempdir().unwrap();
    let kubeconfig = state.path().join("config");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: far\ncontexts: [{name: far, context: {cluster: c, user: u}}]\n\
                clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\nusers: [{name: u, user: {token: t}}]\n";
    fs::write(&kubeconfig, text).unwrap();
    let done = rolecall(state.path())
        .args(["get", "pods", "--timeout", "20s", "--kubeconfig"])
        .arg(&kubeconfig)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIASIMULATED0000001")
        .env("AWS_SECRET_ACCESS_KEY", "simulated")
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(3), "{}", stderr(&done));
    assert!(stderr(&done).contains("127.0.0.1:9"), "{}", stderr(&done));
}

#[test]
fn a_broken_world_names_its_place() {
    let state = tempdir().unwrap();
    let file = state.path().join("world.yaml");
    fs::write(&file, "aws:\n  region: eu-west-1\n").unwrap();
    let done = rolecall(state.path()).args(["get", "pods", "--world"]).arg(&file).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("aws.account"), "{}", stderr(&done));
}

#[test]
fn a_dry_run_prints_the_exact_call_and_changes_nothing() {
    let words = ["associate", "data/new", "--role", "api-service-development-eu-west-1", "--demo", "--dry-run"];
    let done = run(&words);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("aws eks create-pod-identity-association"), "{}", stdout(&done));
}

#[test]
fn without_a_terminal_a_change_needs_yes() {
    let words = ["associate", "data/new", "--role", "api-service-development-eu-west-1", "--demo"];
    let asked = run(&words);
    assert_eq!(asked.status.code(), Some(2));
    assert!(stderr(&asked).contains("--yes"), "{}", stderr(&asked));
    let state = tempdir().unwrap();
    let done = rolecall(state.path()).args(words).arg("--yes").args(["--reason", "TICKET-1"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let journal = fs::read_to_string(state.path().join("journal.jsonl")).unwrap();
    let states: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(states.iter().filter_map(|line| line["state"].as_str()).collect::<Vec<_>>(), ["started", "done"]);
    assert_eq!((&states[0]["event"], &states[3]["event"]), (&"begun".into(), &"ended".into()));
    assert_eq!(states[0]["reason"], "TICKET-1");
    assert!(journal.contains("assumed-role/acme-engineer"), "the caller is written down\n{journal}");
}

#[test]
fn the_journal_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let state = tempdir().unwrap();
    let words = ["associate", "data/new", "--role", "api-service-development-eu-west-1", "--demo", "--yes"];
    rolecall(state.path()).args(words).assert().success();
    let mode = fs::metadata(state.path().join("journal.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_plan_with_a_failed_precondition_is_refused_with_one() {
    let taken = run(&[
        "associate",
        "api-service/api-service",
        "--role",
        "api-service-development-eu-west-1",
        "--demo",
        "--yes",
    ]);
    assert_eq!(taken.status.code(), Some(1), "{}", stderr(&taken));
    assert!(stdout(&taken).contains("a-"), "the association in the way is named\n{}", stdout(&taken));
    let read_only = run(&["dissociate", "api-service/api-service", "--demo", "--yes", "--read-only"]);
    assert_eq!(read_only.status.code(), Some(2));
    assert!(stderr(&read_only).contains("read-only"));
}

#[test]
fn bad_input_is_refused_before_any_call() {
    for words in [
        &["explain", "pod", "data", "--demo"][..],
        &["get", "elephants", "--demo"],
        &["get", "pods", "--demo", "--timeout", "soon"],
        &["sim", "--demo", "--listen", "0.0.0.0:0"],
    ] {
        let done = run(words);
        assert_eq!(done.status.code(), Some(2), "{words:?}: {}", stderr(&done));
        assert!(!stderr(&done).is_empty(), "{words:?}");
    }
}

#[test]
fn trust_policies_are_evaluated_and_linted() {
    let cases = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trust/cases.jsonl")).unwrap();
    let first = cases.lines().next().unwrap();
    let state = tempdir().unwrap();
    let done = rolecall(state.path()).args(["trust", "eval"]).write_stdin(first).output().unwrap();
    let verdict: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(verdict["id"], "o-irsa-valid-01");
    assert_eq!(verdict["verdict"], "allow");
    let broken =
        rolecall(state.path()).args(["trust", "lint", "-"]).write_stdin("{\n  \"Version\" \"x\"}").output().unwrap();
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains("line 2"), "{}", stderr(&broken));
}

#[test]
fn explain_says_the_chain_in_words() {
    let done = run(&["explain", "sa", "payments/ledger-v2", "--demo"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("payments:ledger"), "{}", stdout(&done));
}

/// `why` on the small world of its corpus, with a text on standard input.
fn why(words: &[&str], text: &str) -> Output {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why/world.yaml");
    let state = tempdir().unwrap();
    rolecall(state.path()).arg("why").arg("--world").arg(world).args(words).write_stdin(text).output().unwrap()
}

const REFUSED: &str = "User: arn:aws:sts::111122223333:assumed-role/payments-ledger/eks-acme-prod-ledger-5f6c7d8e9-abcde-3f2c1b0a-9d8e-4f7a-8b6c-5d4 \
    is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/ledger \
    because no identity-based policy allows the dynamodb:PutItem action";

#[test]
fn why_leads_from_an_error_to_the_pod_and_its_chain() {
    let done = why(&[], &format!("2026-11-23 ERROR {REFUSED}\n"));
    let text = stdout(&done);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    for words in [
        "pod payments/ledger-5f6c7d8e9-abcde: ok",
        "The identity of payments/ledger-5f6c7d8e9-abcde works.",
        "Allow dynamodb:PutItem on",
        "<- the error",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let log = why(
        &["--pod", "checkout/cart-0"],
        "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
    );
    assert!(stdout(&log).contains("log of pod checkout/cart-0"), "{}", stdout(&log));
    let gone = why(&["--pod", "checkout/cart-9", REFUSED], "");
    assert_eq!(gone.status.code(), Some(3), "{}", stderr(&gone));
    let data = why(&["-o", "json", REFUSED], "");
    let data: Value = serde_json::from_slice(&data.stdout).unwrap();
    let item = &data["items"][0];
    assert_eq!((data["kind"].as_str(), item["reason"].as_str()), (Some("WhyList"), Some("no-identity-based-policy")));
    assert_eq!(item["principal"]["roleName"], "payments-ledger");
    assert_eq!(
        item["subject"],
        serde_json::json!({"kind": "Pod", "namespace": "payments", "name": "ledger-5f6c7d8e9-abcde"})
    );
}

#[test]
fn why_ends_with_two_if_nothing_is_known_and_with_three_if_nobody_could_be_asked() {
    for text in ["", "dial tcp 10.0.14.7:5432: connect: connection refused"] {
        let done = why(&[], text);
        assert_eq!(done.status.code(), Some(2), "{text}");
        assert!(
            stderr(&done).contains("is not authorized to perform"),
            "what was looked for is said\n{}",
            stderr(&done)
        );
    }
    let done = run(&["why", REFUSED]);
    assert_eq!(done.status.code(), Some(3), "{}", stderr(&done));
    assert!(stdout(&done).contains("No policy of the role allows the action"), "{}", stdout(&done));
    assert!(stderr(&done).contains("kubeconfig"), "{}", stderr(&done));
}

#[test]
fn why_explains_a_code_without_a_cluster() {
    for code in ["PI-THROTTLED", "PI-PACKED-POLICY", "JAVA-NO-STS", "SESSION-NAME-CHURN", "MAX-SESSION", "NEXT-BROKEN"]
    {
        let done = run(&["why", code]);
        assert_eq!(done.status.code(), Some(0), "{code}: {}", stderr(&done));
        assert!(stdout(&done).contains(code) && stdout(&done).lines().count() > 3, "{}", stdout(&done));
    }
}

#[test]
fn why_redacts_names_in_every_format() {
    for format in ["table", "json", "jsonl", "csv", "markdown"] {
        let done = why(&["--redact", "-o", format, REFUSED], "");
        let text = stdout(&done);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        assert!(
            !text.contains("111122223333") && !text.contains("acme-prod") && !text.contains("ledger-5f6c7d8e9"),
            "{format}\n{text}"
        );
    }
}

#[test]
fn redaction_leaves_no_account_and_no_name() {
    let done = run(&["get", "roles", "--demo", "--redact", "-o", "json"]);
    let text = stdout(&done);
    assert!(!text.contains("111122223333") && !text.contains("acme-payments"), "{text}");
}

#[test]
fn completions_and_manual_are_written() {
    for words in [&["completions", "bash"][..], &["man"]] {
        let done = run(words);
        assert_eq!(done.status.code(), Some(0));
        assert!(stdout(&done).contains("rolecall"));
    }
}

#[test]
fn a_plan_is_printed_for_other_tools_and_nothing_is_done() {
    let words = ["associate", "checkout/web", "--role", "acme-payments-api", "--demo", "-o"];
    for (format, wanted) in [
        ("aws-cli", "aws eks create-pod-identity-association --region eu-west-1 --cluster-name acme-prod"),
        ("terraform", "resource \"aws_eks_pod_identity_association\" \"checkout_web\" {"),
        ("eksctl", "apiVersion: eksctl.io/v1alpha5"),
        ("cloudformation", "    Type: AWS::EKS::PodIdentityAssociation"),
        ("ack", "apiVersion: eks.services.k8s.aws/v1alpha1"),
    ] {
        let done = run(&[&words[..], &[format]].concat());
        assert_eq!((done.status.code(), stderr(&done).as_str()), (Some(0), ""), "{format}");
        assert!(stdout(&done).lines().any(|line| line.starts_with(wanted)), "{format}: {}", stdout(&done));
    }
    let done = run(&["dissociate", "search/query-api", "--demo", "-o", "terraform"]);
    assert_eq!(done.status.code(), Some(0), "no confirmation is asked for: {}", stderr(&done));
    assert!(stdout(&done).contains("removed {"), "{}", stdout(&done));
}

#[test]
fn a_plan_that_is_refused_is_printed_with_what_is_missing_and_the_exit_code_of_a_refusal() {
    let role = "arn:aws:iam::111122223333:role/not-yet";
    let done = run(&["associate", "search/fresh", "--role", role, "--demo", "-o", "terraform"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stdout(&done).contains("resource \"aws_iam_role\" \"not-yet\" {"), "{}", stdout(&done));
    assert!(stderr(&done).contains("role not-yet exists"), "{}", stderr(&done));
}

#[test]
fn an_export_can_be_redacted() {
    let words = ["associate", "checkout/web", "--role", "acme-payments-api", "--demo", "--redact", "-o", "terraform"];
    let done = run(&words);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    for secret in ["111122223333", "acme-payments-api"] {
        assert!(!stdout(&done).contains(secret), "{secret}: {}", stdout(&done));
    }
}

#[test]
fn a_format_of_plans_is_refused_where_nothing_is_planned() {
    let done = run(&["get", "pods", "--demo", "-o", "terraform"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("the format is one for plans"), "{}", stderr(&done));
}

/// The demo world with service accounts that declare: one rightly, one with nonsense, one twice.
fn declaring(folder: &Path) -> String {
    let account = |name: &str, metadata: &str| {
        format!(
            "---\n{{ apiVersion: v1, kind: ServiceAccount, metadata: {{ name: {name}, namespace: marketing, {metadata} }} }}\n"
        )
    };
    let world = [
        include_str!("../assets/demo/world.yaml").to_owned(),
        account("by-arn", r#"annotations: { rolecall/role-arn: "arn:aws:iam::111122223333:role/acme-payments-api" }"#),
        account("by-name", "labels: { rolecall/role: acme-search-query }"),
        account("nonsense", r#"annotations: { rolecall/role-arn: "arn:aws:s3:::bucket" }"#),
        account(
            "torn",
            r#"annotations: { rolecall/role-arn: "arn:aws:iam::111122223333:role/acme-payments-api" }, labels: { rolecall/role: acme-search-query }"#,
        ),
        account("elsewhere", r#"annotations: { rolecall/role-arn: "arn:aws:iam::444455556666:role/data" }"#),
        account("otherwise", "labels: { acme.io/role: acme-search-query }"),
    ];
    let file = folder.join("world.yaml");
    fs::write(&file, world.concat()).unwrap();
    file.to_string_lossy().into_owned()
}

#[test]
fn what_service_accounts_declare_is_one_plan_and_what_cannot_be_is_said_and_left_out() {
    let folder = tempdir().unwrap();
    let world = declaring(folder.path());
    let words = ["associate", "--declared", "--world", &world];
    let planned = json(&[&words[..], &["--dry-run", "-o", "json"]].concat());
    let accounts: Vec<&str> = planned["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["arguments"]["serviceAccount"].as_str().unwrap())
        .collect();
    assert_eq!(accounts, ["by-arn", "by-name"]);
    let told = planned["preconditions"].to_string();
    for why in [
        "`arn:aws:s3:::bucket` is not the ARN of an IAM role",
        "its annotation names acme-payments-api, its label acme-search-query",
        "is in account 444455556666, the cluster in 111122223333",
        "marketing/newsletter has association",
    ] {
        assert!(told.contains(why), "{why}: {told}");
    }
    let done = run(&[&words[..], &["--yes"]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(stderr(&done).matches("✓ associate marketing/by-").count(), 2, "{}", stderr(&done));
    let exported = run(&[&words[..], &["-o", "terraform"]].concat());
    assert_eq!(stdout(&exported).matches("resource \"aws_eks_pod_identity_association\"").count(), 2);
}

#[test]
fn the_keys_of_declarations_can_be_set() {
    let folder = tempdir().unwrap();
    let world = declaring(folder.path());
    let config = folder.path().join("config.toml");
    fs::write(&config, "declared-label = \"acme.io/role\"\ndeclared-annotation = \"acme.io/role-arn\"\n").unwrap();
    let config = config.to_string_lossy().into_owned();
    let planned = json(&["associate", "--declared", "--world", &world, "--config", &config, "--dry-run", "-o", "json"]);
    let steps = planned["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0]["arguments"]["serviceAccount"], "otherwise");
}

#[test]
fn nothing_is_done_where_nothing_is_declared_and_declared_takes_no_name() {
    let done = run(&["associate", "--declared", "--demo", "--yes"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(stderr(&done), "");
    let done = run(&["associate", "checkout/web", "--declared", "--demo"]);
    assert_eq!(done.status.code(), Some(2));
    let done = run(&["associate", "--demo"]);
    assert_eq!(done.status.code(), Some(2));
}

#[test]
fn the_doctor_names_the_caller_and_every_permission() {
    let done = run(&["doctor", "--demo"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    for wanted in
        ["terminal  none", "rolecall.*.log", "assumed-role/acme-engineer/ann", "✓ iam:ListRoles", "- iam:PassRole"]
    {
        assert!(stdout(&done).contains(wanted), "{wanted}: {}", stdout(&done));
    }
    let json = json(&["doctor", "--demo", "-o", "json"]);
    assert!(json["permissions"].as_array().is_some_and(|all| all.len() > 30), "{json}");
}

#[test]
fn a_restart_is_planned_by_name_and_a_name_that_nothing_has_is_bad_input() {
    let done = run(&["restart", "checkout/web", "--demo", "--dry-run"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).starts_with("restart checkout/deploy/web"), "{}", stdout(&done));
    for name in ["checkout/nothing", "web"] {
        let done = run(&["restart", name, "--demo", "--dry-run"]);
        assert_eq!(done.status.code(), Some(2), "{name}: {}", stderr(&done));
    }
}

#[test]
fn an_agent_that_is_there_is_not_installed_again() {
    let done = run(&["agent", "install", "--demo", "--yes"]);
    assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
    assert!(stdout(&done).contains("REFUSED  the agent is not installed yet"), "{}", stdout(&done));
}
