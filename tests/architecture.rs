//! The layers of ARCHITECTURE.md, enforced: imports between modules, purity of the lower
//! layers, size of files and functions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// Module → the modules it may import. Everything absent here is a mistake.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("wire", &[]),
    ("config", &["domain"]),
    ("report", &["domain"]),
    ("app", &["domain", "config", "report"]),
    ("ui", &["app", "config", "domain"]),
    ("kubernetes", &["domain", "wire"]),
    ("aws", &["domain", "wire"]),
    ("sim", &["wire"]),
    ("runtime", &["domain", "wire", "config", "report", "app", "ui", "kubernetes", "aws", "sim"]),
    ("cli", &["domain", "wire", "config", "report", "app", "ui", "kubernetes", "aws", "sim", "runtime"]),
];

/// Modules of layers 0 to 2: no tasks, clock, environment, files or terminal.
const PURE: &[&str] = &["domain", "wire", "config", "report", "app"];

const FORBIDDEN_IN_PURE: &[&str] = &[
    r"\basync\b",
    r"\.await\b",
    r"Instant::now",
    r"SystemTime",
    r"Timestamp::now",
    r"Zoned::now",
    r"TimeZone::system",
    r"std::env\b",
    r"std::fs\b",
    r"println!",
];

/// Crate → the only modules that may name it.
const OWNED_CRATES: &[(&str, &[&str])] = &[
    (r"\bkube::", &["kubernetes"]),
    (r"\bk8s_openapi::", &["kubernetes"]),
    (r"\baws_(sdk|config|smithy|sigv4|credential)\w*::", &["aws"]),
    (r"\bratatui::", &["ui", "runtime"]),
    (r"\bcrossterm::", &["runtime"]),
    (r"\bcolor_eyre::", &["cli", "runtime", "main"]),
    (r"\bclap\w*::", &["cli", "main"]),
];

struct Source {
    path: PathBuf,
    module: String,
    text: String,
    code: String,
    is_test: bool,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(source(&root, path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn source(root: &Path, path: PathBuf) -> Source {
    let text = fs::read_to_string(&path).unwrap();
    let relative = path.strip_prefix(root).unwrap().to_path_buf();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    let is_test = relative.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        part == "tests" || part == "tests.rs"
    });
    let code = without_comments(&text);
    Source { path: relative, module: first.trim_end_matches(".rs").to_owned(), text, code, is_test }
}

/// The code before the first `#[cfg(test)]`, without line comments.
fn without_comments(text: &str) -> String {
    let production = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    production.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn modules_import_only_what_their_layer_may() {
    let path = Regex::new(r"\bcrate::(\{[^}]*\}|\w+)").unwrap();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        let Some((_, allowed)) = EDGES.iter().find(|(module, _)| *module == source.module) else {
            assert!(["lib", "main"].contains(&source.module.as_str()), "{} has no layer", source.path.display());
            continue;
        };
        for found in path.captures_iter(&source.code) {
            for target in found[1].trim_matches(['{', '}']).split(',') {
                let target = target.trim().split("::").next().unwrap_or_default();
                let known = EDGES.iter().any(|(module, _)| *module == target);
                if known && target != source.module && !allowed.contains(&target) {
                    wrong.push(format!("{} imports {target}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "edges that ARCHITECTURE.md does not draw:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_of_layers_has_no_cycle() {
    let edges: BTreeMap<&str, BTreeSet<&str>> =
        EDGES.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let mut left: BTreeSet<&str> = edges.keys().copied().collect();
    while !left.is_empty() {
        let free: Vec<&str> = left.iter().copied().filter(|module| edges[module].is_disjoint(&left)).collect();
        assert!(!free.is_empty(), "a cycle among {left:?}");
        left.retain(|module| !free.contains(module));
    }
}

#[test]
fn the_lower_layers_are_pure() {
    let forbidden: Vec<Regex> = FORBIDDEN_IN_PURE.iter().map(|word| Regex::new(word).unwrap()).collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.module.as_str())) {
        for (number, line) in source.code.lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| word.is_match(line)) {
                wrong.push(format!("{}:{} has {word}", source.path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "not pure:\n{}", wrong.join("\n"));
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (word, rooms) in OWNED_CRATES {
        let word = Regex::new(word).unwrap();
        for source in sources().iter().filter(|source| !source.is_test) {
            if word.is_match(&source.code) && !rooms.contains(&source.module.as_str()) {
                wrong.push(format!("{} names {word}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "crates outside their rooms:\n{}", wrong.join("\n"));
}

#[test]
fn files_say_what_they_are_for_and_stay_small() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > 500 {
            wrong.push(format!("{} has {lines} lines", source.path.display()));
        }
        if !source.is_test && !source.text.starts_with("//!") {
            wrong.push(format!("{} does not say what it is for", source.path.display()));
        }
        if source.path.file_name().is_some_and(|name| name == "mod.rs") {
            wrong.push(format!("{}: `foo.rs` beside `foo/`", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines of every function, told by the indentation that rustfmt gives.
fn functions(code: &str) -> Vec<(String, usize)> {
    let start = Regex::new(r"^( *)(pub(\([a-z]+\))? )?(const )?(async )?fn (\w+)").unwrap();
    let mut found = Vec::new();
    let mut open: Option<(usize, String, usize)> = None;
    for (number, line) in code.lines().enumerate() {
        if let Some((indent, name, begun)) = &open {
            let ends = line.starts_with(&format!("{}}}", " ".repeat(*indent)));
            if ends {
                found.push((name.clone(), number - begun + 1));
                open = None;
            }
        } else if let Some(captured) = start.captures(line)
            && !line.trim_end().ends_with(';')
        {
            if line.trim_end().ends_with('}') {
                found.push((captured[6].to_owned(), 1));
            } else {
                open = Some((captured[1].len(), captured[6].to_owned(), number));
            }
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let mut lengths = Vec::new();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        for (name, lines) in functions(&source.code) {
            lengths.push(lines);
            if lines > 60 {
                wrong.push(format!("{}: {name} has {lines} lines", source.path.display()));
            }
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    println!("{} functions, median {median} lines, longest {:?}", lengths.len(), lengths.last());
    assert!(wrong.is_empty(), "functions over 60 lines:\n{}", wrong.join("\n"));
    assert!(median < 10, "median function of {median} lines");
}

/// Every operation of the AWS SDK that changes something, with the function of `aws` that calls it. Written by
/// hand: a new one has to be put here, and then below only `perform` may reach it.
const AWS_CHANGES: &[(&str, &str)] = &[
    ("create_addon", "create_addon"),
    ("create_pod_identity_association", "create_association"),
    ("delete_addon", "delete_addon"),
    ("delete_pod_identity_association", "delete_association"),
    ("tag_resource", "tag_resource"),
    ("untag_resource", "untag_resource"),
    ("update_assume_role_policy", "update_trust"),
    ("update_pod_identity_association", "update_association"),
];

/// Functions of `kubernetes` that change something.
const KUBERNETES_CHANGES: &[&str] = &["annotate", "evict", "restart"];

/// Requests to Kubernetes that are no reads by their method and change nothing all the same.
const KUBERNETES_QUESTIONS: &[&str] = &["request_token"];

/// The name of the function that a place of the code is in.
fn function_at(code: &str, at: usize) -> String {
    let start = Regex::new(r"(?m)^ *(pub(\([a-z]+\))? )?(const )?(async )?fn (\w+)").unwrap();
    let before = start.captures_iter(code).take_while(|found| found.get(0).unwrap().start() < at);
    before.last().map(|found| found[5].to_owned()).unwrap_or_default()
}

/// Where a function is called, apart from the module that has it.
fn callers(sources: &[Source], home: &str, call: &Regex) -> Vec<String> {
    // The simulator knows none of the adapters: what it has of the same name is its own.
    let others = sources.iter().filter(|source| !source.is_test && source.module != home && source.module != "sim");
    others.filter(|source| call.is_match(&source.code)).map(|source| source.path.display().to_string()).collect()
}

fn is_perform(path: &str) -> bool {
    path == "runtime/perform.rs" || path.starts_with("runtime/perform/")
}

#[test]
fn only_perform_reaches_what_changes_the_account() {
    let sources = sources();
    let operation = Regex::new(r"self\s*\.(?:eks|iam|iam_lists|sts|ec2|\w+)\s*\.(\w+)\(\)").unwrap();
    let reads = Regex::new(r"^(list_|describe_|get_|lookup_|simulate_|assume_role)").unwrap();
    let mut found = BTreeSet::new();
    for source in sources.iter().filter(|source| source.module == "aws" && !source.is_test) {
        for one in operation.captures_iter(&source.code) {
            let (name, at) = (one[1].to_owned(), one.get(0).unwrap().start());
            if source.code[at..].contains(".send()") && name.contains('_') && !reads.is_match(&name) {
                found.insert((name, function_at(&source.code, at)));
            }
        }
    }
    let listed: BTreeSet<(String, String)> =
        AWS_CHANGES.iter().map(|(operation, function)| ((*operation).to_owned(), (*function).to_owned())).collect();
    assert_eq!(found, listed, "left: src/aws, right: AWS_CHANGES");
    for (_, function) in AWS_CHANGES {
        let call = Regex::new(&format!(r"(session|session\(\)\?|Session)\s*(\.|::){function}\(")).unwrap();
        let callers = callers(&sources, "aws", &call);
        let wrong: Vec<&String> = callers.iter().filter(|path| !is_perform(path)).collect();
        assert!(!callers.is_empty() && wrong.is_empty(), "{function} is called by {wrong:?}");
        let any = Regex::new(&format!(r"[.:]{function}\b")).unwrap();
        let named: Vec<String> = self::callers(&sources, "aws", &any);
        assert!(named.iter().all(|path| is_perform(path)), "{function} is named by {named:?}");
    }
}

#[test]
fn only_perform_reaches_what_changes_the_cluster() {
    let sources = sources();
    let method = Regex::new(r"Method::(POST|PUT|PATCH|DELETE)").unwrap();
    let mut changing = BTreeSet::new();
    for source in sources.iter().filter(|source| source.module == "kubernetes" && !source.is_test) {
        let mut inner: BTreeSet<String> =
            method.find_iter(&source.code).map(|found| function_at(&source.code, found.start())).collect();
        // Whoever calls one of these changes something as well; the public ones are what others can reach.
        while let Some(more) = calling(&source.code, &inner) {
            inner.insert(more);
        }
        let public =
            |name: &String| Regex::new(&format!(r"\bpub (async )?fn {name}\b")).unwrap().is_match(&source.code);
        changing.extend(inner.into_iter().filter(public));
    }
    let listed: BTreeSet<String> =
        [KUBERNETES_CHANGES, KUBERNETES_QUESTIONS].concat().into_iter().map(str::to_owned).collect();
    assert_eq!(changing, listed, "left: src/kubernetes, right: KUBERNETES_CHANGES");
    for function in KUBERNETES_CHANGES {
        let call = Regex::new(&format!(r"object::{function}\(|use [^;]*object::[^;]*\b{function}\b")).unwrap();
        let callers = callers(&sources, "kubernetes", &call);
        assert!(!callers.is_empty() && callers.iter().all(|path| is_perform(path)), "{function}: {callers:?}");
    }
}

/// A function that calls one of these and is not one of them.
fn calling(code: &str, these: &BTreeSet<String>) -> Option<String> {
    let call = |name: &String| Regex::new(&format!(r"\b{name}\(")).unwrap();
    let places =
        these.iter().flat_map(|name| call(name).find_iter(code).map(|found| found.start()).collect::<Vec<_>>());
    places.map(|at| function_at(code, at)).find(|caller| !caller.is_empty() && !these.contains(caller))
}

#[test]
fn plans_are_performed_only_after_somebody_confirmed_them() {
    let performs = Regex::new(r"\.perform\(operation\b|\.perform\(Operation\b|\bperformer\s*\.perform\(").unwrap();
    let callers = callers(&sources(), "", &performs);
    // The explorer's effect `Apply`, which only the confirmation of a plan emits, and the command line after
    // `--yes` or the prompt.
    let confirmed = |path: &String| is_perform(path) || path.starts_with("runtime/deeds") || path.starts_with("cli/");
    assert!(!callers.is_empty() && callers.iter().all(confirmed), "{callers:?}");
    let applies = Regex::new(r"Effect::Apply \{").unwrap();
    let emitted = self::callers(&sources(), "", &applies);
    let wanted = |path: &String| path.starts_with("app/update/confirm") || path.starts_with("runtime/");
    assert!(emitted.iter().all(wanted), "{emitted:?}");
}

#[test]
fn real_credentials_are_made_only_for_a_proof_that_somebody_confirmed() {
    let sources = sources();
    let makes = Regex::new(r"\.assume_with_token\(|\.assume_for_pod\(|token::request_token\(").unwrap();
    let found = callers(&sources, "aws", &makes);
    assert_eq!(found, ["runtime/prove.rs"]);
    // The command line after `--yes` or the prompt, and the effect that only the confirmation emits.
    let proves = Regex::new(r"\bProver::new\(").unwrap();
    assert_eq!(callers(&sources, "", &proves), ["cli/prove.rs", "runtime/deeds.rs"]);
    let emits = Regex::new(r"emit\(Effect::Prove \{").unwrap();
    assert_eq!(callers(&sources, "", &emits), ["app/update/prove.rs"]);
}
