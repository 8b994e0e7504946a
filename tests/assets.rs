//! What stands beside the program: permissions, the plugin for k9s, the pages of findings, the release.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::Parser;
use rolecall::{
    app::subject::Subject,
    cli::Cli,
    domain::need::{NEEDS, Use},
    report::handbook,
};
use serde_json::Value;
use tempfile::tempdir;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        other => panic!("no string and no list: {other}"),
    }
}

/// The actions that an IAM policy allows.
fn allowed(path: &str) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(&text(path)).unwrap();
    assert_eq!(policy["Version"], "2012-10-17", "{path}");
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"), "{path}");
    statements.iter().flat_map(|statement| strings(&statement["Action"])).collect()
}

/// `verb resource` of a ClusterRole.
fn granted(path: &str) -> BTreeSet<String> {
    let role = yaml(path);
    assert_eq!(role["kind"], "ClusterRole", "{path}");
    let pairs = |rule: &Value| {
        let (verbs, resources) = (strings(&rule["verbs"]), strings(&rule["resources"]));
        verbs.iter().flat_map(|verb| resources.iter().map(move |one| format!("{verb} {one}"))).collect::<Vec<_>>()
    };
    role["rules"].as_array().unwrap().iter().flat_map(pairs).collect()
}

/// What the table of permissions has: of IAM, or of Kubernetes without its groups.
fn needed(used: Use, iam: bool) -> BTreeSet<String> {
    let needs = NEEDS.iter().filter(|need| need.needed == used && need.action.contains(':') == iam);
    needs.map(|need| need.action.split('.').next().unwrap().to_owned()).collect()
}

#[test]
fn the_files_of_permissions_allow_exactly_what_the_table_has() {
    for (name, used) in [("read", Use::Read), ("ask", Use::Ask), ("prove", Use::Prove), ("change", Use::Change)] {
        assert_eq!(allowed(&format!("assets/permissions/{name}.json")), needed(used, true), "{name}.json");
        let role = format!("assets/permissions/{name}.yaml");
        let granted = if root(&role).exists() { granted(&role) } else { BTreeSet::new() };
        assert_eq!(granted, needed(used, false), "{name}.yaml");
    }
}

#[test]
fn changing_is_allowed_on_what_it_is_for_and_roles_go_to_pod_identity_only() {
    let policy: Value = serde_json::from_str(&text("assets/permissions/change.json")).unwrap();
    for statement in policy["Statement"].as_array().unwrap() {
        assert!(strings(&statement["Resource"]).iter().all(|resource| resource.starts_with("arn:aws:")), "{statement}");
        if strings(&statement["Action"]).contains(&"iam:PassRole".to_owned()) {
            let passed = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
            assert_eq!(passed, "pods.eks.amazonaws.com");
        }
    }
}

#[test]
fn the_plugin_for_k9s_opens_the_page_of_what_is_selected() {
    let plugins = yaml("assets/k9s-plugin.yaml");
    let mut opened = BTreeMap::new();
    for (name, plugin) in plugins["plugins"].as_object().unwrap() {
        assert_eq!((&plugin["command"], &plugin["background"]), (&Value::from("rolecall"), &Value::Bool(false)));
        let filled =
            |word: String| word.replace("$CONTEXT", "prod").replace("$NAMESPACE", "payments").replace("$NAME", "thing");
        let words: Vec<String> = strings(&plugin["args"]).into_iter().map(filled).collect();
        let cli = Cli::try_parse_from(std::iter::once("rolecall".to_owned()).chain(words)).unwrap();
        let subject = Subject::named(&cli.open.unwrap()).unwrap_or_else(|| panic!("{name} opens nothing"));
        opened.insert(strings(&plugin["scopes"])[0].clone(), format!("{} {subject}", subject.word()));
    }
    let expected = [
        ("nodes", "node thing"),
        ("pods", "pod payments/thing"),
        ("serviceaccounts", "service account payments/thing"),
    ];
    assert_eq!(opened, expected.map(|(scope, subject)| (scope.to_owned(), subject.to_owned())).into());
}

#[test]
fn the_pages_of_findings_are_those_that_the_program_writes() {
    let folder = root("docs/findings");
    let written: BTreeMap<String, String> = handbook::pages().into_iter().collect();
    let names: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, written.keys().cloned().collect(), "run `rolecall handbook docs/findings`");
    for (name, page) in written {
        assert_eq!(
            fs::read_to_string(folder.join(&name)).unwrap(),
            page,
            "run `rolecall handbook docs/findings`: {name}"
        );
    }
}

#[test]
fn under_the_name_of_a_plugin_kubectl_finds_the_same_program() {
    let folder = tempdir().unwrap();
    let plugin = folder.path().join("kubectl-rolecall");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rolecall"), &plugin).unwrap();
    let told = Command::new(&plugin).args(["get", "namespaces", "--demo"]).env("HOME", folder.path()).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(String::from_utf8_lossy(&told.stdout).contains("checkout"));
}

#[test]
fn the_release_packs_every_target_with_pinned_actions() {
    let workflow = yaml(".github/workflows/release.yml");
    let builds = workflow["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().unwrap();
    let targets: Vec<&str> = builds.iter().map(|build| build["target"].as_str().unwrap()).collect();
    assert_eq!(
        targets,
        [
            "x86_64-unknown-linux-gnu",
            "aarch64-unknown-linux-gnu",
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-musl",
            "x86_64-apple-darwin",
            "aarch64-apple-darwin",
            "x86_64-pc-windows-msvc",
        ]
    );
    let pinned = regex::Regex::new(r"^[\w-]+/[\w-]+@[0-9a-f]{40}$").unwrap();
    let mut actions = 0;
    for job in workflow["jobs"].as_object().unwrap().values() {
        for action in job["steps"].as_array().unwrap().iter().filter_map(|step| step["uses"].as_str()) {
            assert!(pinned.is_match(action), "{action} is not pinned");
            actions += 1;
        }
    }
    assert!(actions >= 4);
    assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
}

#[test]
fn a_package_has_the_program_under_both_names_completions_manual_and_permissions() {
    let folder = tempdir().unwrap();
    let needed = [".ci", "assets", "Cargo.toml", "README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
    let copied = Command::new("cp").arg("-r").args(needed.map(root)).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    let packed = Command::new(folder.path().join(".ci/pack"))
        .args(["x86_64-unknown-linux-gnu", env!("CARGO_BIN_EXE_rolecall")])
        .status()
        .unwrap();
    assert!(packed.success());
    let archive =
        folder.path().join(format!("dist/rolecall-{}-x86_64-unknown-linux-gnu.tar.gz", env!("CARGO_PKG_VERSION")));
    let listed = Command::new("tar").arg("-tzf").arg(archive).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    for wanted in [
        "/rolecall\n",
        "/kubectl-rolecall\n",
        "/completions/rolecall.fish\n",
        "/rolecall.1\n",
        "/permissions/read.json\n",
        "/k9s-plugin.yaml\n",
        "/LICENSE-MIT\n",
    ] {
        assert!(names.contains(wanted), "{wanted} is missing\n{names}");
    }
}
