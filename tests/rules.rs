//! The tables of rules and behaviours with their tests, `tests/identities/RULES.md` and `CONTRIBUTING.md`, against the
//! tests that there are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The sections of parts 0 to 4 that have rules. 2.1 is the list that 2.2 and 2.3 draw from.
const SECTIONS: [&str; 28] = [
    "0", "0.1", "0.2", "0.3", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.2", "2.3", "2.4", "2.5", "2.6",
    "2.7", "3.1", "3.2", "3.3", "3.4", "3.5", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6",
];

struct Rule {
    section: String,
    text: String,
    tests: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn table() -> Vec<Rule> {
    rows("tests/identities/RULES.md", "| section |")
}

/// The rows of the table under this head.
fn rows(file: &str, head: &str) -> Vec<Rule> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let rows =
        text.lines().skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with("| "));
    let rule = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [section, text, tests] = cells[..] else { panic!("not three columns: {line}") };
        let tests = tests.split(',').map(|test| test.trim().to_owned()).collect();
        Rule { section: section.to_owned(), text: text.to_owned(), tests }
    };
    rows.map(rule).collect()
}

/// The names of all functions marked as tests.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some(rest) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))
                    && std::mem::take(&mut is_test)
                {
                    found.extend(rest.split('(').next().map(str::to_owned));
                }
            }
        }
    }
}

fn missing(rules: &[Rule]) -> Vec<String> {
    let mut known = BTreeSet::new();
    tests(&root().join("src"), &mut known);
    tests(&root().join("tests"), &mut known);
    let worlds = root().join("tests/identities");
    let is_there = |test: &str| match test.strip_prefix("world:") {
        Some(code) => worlds.join(code).join("expect.yaml").is_file(),
        None => known.contains(test),
    };
    rules
        .iter()
        .flat_map(|rule| rule.tests.iter().map(move |test| (rule, test)))
        .filter(|(_, test)| !is_there(test))
        .map(|(rule, test)| format!("{} {}: `{test}`", rule.section, rule.text))
        .collect()
}

#[test]
fn every_test_of_the_table_is_there() {
    let missing = missing(&table());
    assert!(missing.is_empty(), "tests that are not there\n{}", missing.join("\n"));
}

#[test]
fn every_behaviour_of_the_checklist_stands_once_and_its_tests_are_there() {
    let rules = rows("CONTRIBUTING.md", "| # |");
    let numbers: Vec<usize> = rules.iter().map(|rule| rule.section.parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]) && numbers.last() == Some(&42), "{numbers:?}");
    let missing = missing(&rules);
    assert!(missing.is_empty(), "tests that are not there\n{}", missing.join("\n"));
}

#[test]
fn every_section_has_a_rule_and_no_rule_stands_twice() {
    let rules = table();
    let sections: BTreeSet<&str> = rules.iter().map(|rule| rule.section.as_str()).collect();
    let wanted: BTreeSet<&str> = SECTIONS.into_iter().collect();
    assert_eq!(sections, wanted);
    let mut seen = BTreeSet::new();
    let twice: Vec<&str> =
        rules.iter().filter(|rule| !seen.insert((&rule.section, &rule.text))).map(|r| &*r.text).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
