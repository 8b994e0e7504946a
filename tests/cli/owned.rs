//! What other tools own, and contexts that are protected: the command line asks for more than `--yes`.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{rolecall, stderr, stdout};

const PRICING: &str = "trusts: [\"irsa checkout/pricing\"],";

/// The demo world in which Terraform owns the role of checkout/pricing.
fn terraformed(folder: &Path) -> String {
    let world = include_str!("../../assets/demo/world.yaml");
    assert!(world.contains(PRICING));
    let file = folder.join("world.yaml");
    fs::write(&file, world.replacen(PRICING, &format!("{PRICING} tags: {{ managed-by: terraform }},"), 1)).unwrap();
    file.to_string_lossy().into_owned()
}

fn allow(folder: &Path, words: &[&str]) -> std::process::Output {
    let world = terraformed(folder);
    let base = ["trust", "allow", "acme-checkout-pricing", "checkout/web", "--world", &world];
    rolecall(folder).args(base).args(words).output().unwrap()
}

fn journal(folder: &Path) -> String {
    fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default()
}

#[test]
fn what_terraform_owns_is_printed_for_its_repository_and_not_changed() {
    let folder = tempdir().unwrap();
    let done = allow(folder.path(), &["--yes"]);
    assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
    assert!(stdout(&done).contains("resource \"aws_iam_role\" \"acme-checkout-pricing\" {"), "{}", stdout(&done));
    for said in [
        "role acme-checkout-pricing is owned by Terraform (tag managed-by=terraform): changed only here, it comes back.",
        "Nothing was changed. Put this where Terraform has it, or add --force to do it here all the same.",
    ] {
        assert!(stderr(&done).contains(said), "{said}\n{}", stderr(&done));
    }
    assert_eq!(journal(folder.path()), "");
}

#[test]
fn force_does_it_here_all_the_same_and_a_dry_run_says_who_owns_it() {
    let folder = tempdir().unwrap();
    let dry = allow(folder.path(), &["--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{}", stderr(&dry));
    assert!(stdout(&dry).contains("OWNED\n  role acme-checkout-pricing is owned by Terraform"), "{}", stdout(&dry));
    let data = allow(folder.path(), &["--dry-run", "-o", "json"]);
    let data: Value = serde_json::from_slice(&data.stdout).unwrap();
    assert_eq!(
        data["owned"],
        json!([{"what": "role acme-checkout-pricing", "tool": "Terraform", "sign": "tag managed-by=terraform"}])
    );
    let done = allow(folder.path(), &["--yes", "--force"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(journal(folder.path()).contains("updateAssumeRolePolicy"));
}

#[test]
fn force_alone_confirms_nothing() {
    let folder = tempdir().unwrap();
    let done = allow(folder.path(), &["--force"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("--yes"), "{}", stderr(&done));
    assert_eq!(journal(folder.path()), "");
}

#[test]
fn in_a_protected_context_yes_needs_write_as_well() {
    let folder = tempdir().unwrap();
    let config = folder.path().join("config.toml");
    fs::write(&config, "protected = [\"*prod*\"]\n").unwrap();
    let words = ["associate", "data/new", "--role", "acme-search-query", "--demo", "--yes", "--config"];
    let run = |more: &[&str]| rolecall(folder.path()).args(words).arg(&config).args(more).output().unwrap();
    let done = run(&[]);
    assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
    assert!(
        stderr(&done).contains("acme-prod is protected, and there --yes alone does not unlock"),
        "{}",
        stderr(&done)
    );
    assert!(stderr(&done).contains("--write"), "{}", stderr(&done));
    assert_eq!(journal(folder.path()), "");
    let done = run(&["--write"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(journal(folder.path()).contains("createPodIdentityAssociation"));
}

#[test]
fn read_only_shows_and_exports_every_plan_and_performs_none() {
    let folder = tempdir().unwrap();
    let words = ["associate", "data/new", "--role", "acme-search-query", "--demo", "--read-only"];
    let run = |more: &[&str]| rolecall(folder.path()).args(words).args(more).output().unwrap();
    assert_eq!(run(&["--dry-run"]).status.code(), Some(0));
    assert_eq!(run(&["-o", "terraform"]).status.code(), Some(0));
    assert_eq!(run(&["--yes"]).status.code(), Some(2));
    assert_eq!(journal(folder.path()), "");
}
