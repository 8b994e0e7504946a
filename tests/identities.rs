//! The specification told a second time: for every code a world that has the finding, the smallest change that
//! makes it go away, and what is expected of both, written by hand from identity-resolution. The worlds are
//! played through the simulator's wire protocols, the adapters that ship and the inventory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use rolecall::{
    domain::{
        finding::{
            Finding, Seen,
            code::{CODES, find},
        },
        identity::{Mechanism, State, Verdict},
        inventory::Inventory,
        row::PodRow,
    },
    sim::world::World,
};
use serde::Deserialize;

#[path = "support/look.rs"]
mod look;
#[path = "support/overlay.rs"]
mod overlay;
use look::look;
use overlay::Documents;

/// Needs thousands of associations: told by a test of the inventory.
const LARGE: &[&str] = &["ASSOC-QUOTA"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    rule: String,
    finding: ExpectedFinding,
    with: BTreeSet<String>,
    without: BTreeSet<String>,
    #[serde(default)]
    identities: BTreeMap<String, ExpectedIdentity>,
    /// Further worlds of the folder, each laid over the one that has the finding.
    #[serde(default)]
    variants: BTreeMap<String, Variant>,
}

/// What is found in a further world, and the words of the finding that is asked about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    codes: BTreeSet<String>,
    says: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFinding {
    severity: String,
    subject: ExpectedSubject,
    pods: u32,
    says: Vec<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct ExpectedSubject {
    kind: String,
    namespace: Option<String>,
    #[serde(default)]
    name: String,
}

/// Of every pod of a workload, named by namespace and workload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedIdentity {
    state: String,
    now: String,
    next: String,
    verdict: Option<String>,
    role: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identities")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap()).collect()
}

async fn inventory_of(case: &str, documents: &Documents) -> Inventory {
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let world = World::from_yaml(&documents.text(), now).unwrap_or_else(|error| panic!("{case}: {error}"));
    let inventory = look(&world).await;
    let open: Vec<String> = inventory.progress().iter().map(|open| format!("{open:?}")).collect();
    // While the account is another one's, nothing of the cluster's nodes is asked.
    assert!(open.is_empty() || inventory.mismatch().is_some(), "{case}: not everything was answered: {open:?}");
    inventory
}

/// What differs from the expectation, a line for each.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, found: &T) {
        if expected != found {
            self.0.push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }
}

fn codes(inventory: &Inventory) -> BTreeSet<String> {
    inventory.findings().iter().map(|finding| finding.code.name.to_owned()).collect()
}

fn tell(inventory: &Inventory) -> String {
    let line = |finding: &&Finding| {
        let Finding { code, severity, subject, pods, message, evidence, .. } = finding;
        format!("    {} {} {subject} ({pods} pods): {message} {evidence:?}", severity.word(), code.name)
    };
    inventory.findings().iter().map(line).collect::<Vec<_>>().join("\n")
}

fn compare_finding(code: &str, expected: &ExpectedFinding, inventory: &Inventory, differences: &mut Differences) {
    let subject = |finding: &Finding| ExpectedSubject {
        kind: finding.subject.kind().to_owned(),
        namespace: finding.subject.namespace().map(str::to_owned),
        name: finding.subject.name(),
    };
    let findings = inventory.findings();
    let of_code = |finding: &&&Finding| finding.code.name == code && subject(finding) == expected.subject;
    let Some(finding) = findings.iter().find(of_code) else {
        return differences.0.push(format!("no finding {code} of the expected subject"));
    };
    differences.compare("severity", &expected.severity.as_str(), &finding.severity.word());
    differences.compare("pods", &expected.pods, &finding.pods);
    let text = format!("{} {}", finding.message, finding.evidence.join(" "));
    let missing: Vec<_> = expected.says.iter().filter(|word| !text.contains(word.as_str())).collect();
    differences.compare("words that are not said", &Vec::new(), &missing);
}

fn compare_identity(whose: &str, expected: &ExpectedIdentity, inventory: &Inventory, differences: &mut Differences) {
    let (namespace, name) = whose.split_once('/').unwrap();
    let is_its = |row: &PodRow| row.id.namespace.as_str() == namespace && row.workload.name.as_str() == name;
    let pods: Vec<PodRow> = inventory.pods().into_iter().filter(is_its).collect();
    if pods.is_empty() {
        return differences.0.push(format!("{whose} has no pods"));
    }
    for row in pods {
        let resolution = &row.resolution;
        let at = |what: &str| format!("{what} of {}/{}", row.id.namespace, row.id.name);
        differences.compare(&at("state"), &expected.state.as_str(), &resolution.state.word());
        differences.compare(&at("now"), &expected.now.as_str(), &resolution.now.mechanism.word());
        differences.compare(&at("next"), &expected.next.as_str(), &resolution.next.mechanism.word());
        if let Some(verdict) = &expected.verdict {
            let found = format!("{:?}", resolution.now.verdict).to_lowercase();
            differences.compare(&at("verdict"), verdict, &found);
        }
        if let Some(role) = &expected.role {
            let found = resolution.now.role_arn.as_ref().map(|arn| arn.to_string()).unwrap_or_default();
            differences.compare(&at("role"), role, &found);
        }
    }
}

fn compare_variant(code: &str, name: &str, expected: &Variant, inventory: &Inventory, differences: &mut Differences) {
    differences.compare(&format!("codes of {name}"), &expected.codes, &codes(inventory));
    let findings = inventory.findings();
    let told = findings.iter().filter(|finding| finding.code.name == code).map(|finding| finding.message.as_str());
    let text = told.collect::<Vec<_>>().join(" ");
    let missing: Vec<_> = expected.says.iter().filter(|word| !text.contains(word.as_str())).collect();
    differences.compare(&format!("words of {name} that are not said"), &Vec::new(), &missing);
}

async fn play(code: &str) -> Vec<String> {
    let place = folder().join(code);
    let expect = read(&place.join("expect.yaml"));
    let expect: Expect = serde_saphyr::from_str(&expect).unwrap_or_else(|error| panic!("{code}: {error}"));
    let base = Documents::read(&read(&folder().join("base.yaml")));
    let with = base.with(&read(&place.join("with.yaml")));
    let without = with.with(&read(&place.join("without.yaml")));
    let mut differences = Differences::default();
    if expect.rule.is_empty() {
        differences.0.push("no rule of the specification is named".to_owned());
    }
    let inventory = inventory_of(code, &with).await;
    differences.compare("codes with it", &expect.with, &codes(&inventory));
    compare_finding(code, &expect.finding, &inventory, &mut differences);
    for (whose, expected) in &expect.identities {
        compare_identity(whose, expected, &inventory, &mut differences);
    }
    let other = inventory_of(code, &without).await;
    differences.compare("codes without it", &expect.without, &codes(&other));
    for (name, variant) in &expect.variants {
        let world = with.with(&read(&place.join(format!("{name}.yaml"))));
        compare_variant(code, name, variant, &inventory_of(code, &world).await, &mut differences);
    }
    if !differences.0.is_empty() {
        differences.0.push(format!("with:\n{}\n  without:\n{}", tell(&inventory), tell(&other)));
    }
    differences.0
}

#[tokio::test(start_paused = true)]
async fn every_world_has_exactly_its_findings_and_its_counter_example_has_not() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut wrong = Vec::new();
    for code in cases().iter().filter(|code| code.contains(&only)) {
        let differences = play(code).await;
        if !differences.is_empty() {
            wrong.push(format!("{code}\n  {}", differences.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{} worlds differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_code_that_can_be_seen_has_a_world_and_every_world_a_code() {
    let cases = cases();
    let visible = CODES.iter().filter(|code| matches!(code.seen, Seen::Api | Seen::Guess)).map(|code| code.name);
    let told = |code: &&str| cases.contains(*code) || LARGE.contains(code);
    let missing: Vec<_> = visible.filter(|code| !told(code)).collect();
    assert!(missing.is_empty(), "without a world: {missing:?}");
    let unknown: Vec<_> = cases.iter().filter(|case| find(case).is_none()).collect();
    assert!(unknown.is_empty(), "worlds of no code: {unknown:?}");
}

#[test]
fn the_words_of_the_expectations_are_the_products() {
    assert_eq!(Mechanism::PodIdentity.word(), "pod-identity");
    assert_eq!(State::AtRisk.word(), "at-risk");
    assert_eq!(format!("{:?}", Verdict::Broken).to_lowercase(), "broken");
}
