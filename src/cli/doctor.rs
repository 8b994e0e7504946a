//! `rolecall doctor`: the terminal, the context, the caller, and every permission with the action to ask for.

use std::io::IsTerminal;

use super::{Exit, Global, Output, print};
use crate::{
    config::problem::Problem,
    domain::{failure::Failure, inventory::Inventory, workload::WorkloadId},
    report::{Redactor, doctor},
    runtime::{settings, terminal},
};

/// Looks once and tells what that needed.
pub fn run(global: &Global) -> Result<Exit, Failure> {
    global.format()?;
    let survey = global.survey_with(&one_of_each_kind)?;
    let inventory = &survey.inventory;
    let redactor = global.redact.then(|| Redactor::new(inventory));
    let surroundings = surroundings(global);
    let text = match global.output {
        Some(Output::Json | Output::Jsonl) => doctor::json(inventory, surroundings, redactor.as_ref()),
        _ => doctor::text(inventory, surroundings, global.ascii, redactor.as_ref()),
    };
    print(&text)?;
    Ok(Exit::Done)
}

/// A workload of each kind: whether its template may be read stands for all of them.
fn one_of_each_kind(inventory: &Inventory) -> Vec<WorkloadId> {
    let mut found: Vec<WorkloadId> = inventory.workload_ids().cloned().collect();
    found.sort_by(|one, other| (&one.kind, one).cmp(&(&other.kind, other)));
    found.dedup_by(|one, other| one.kind == other.kind);
    found
}

fn surroundings(global: &Global) -> doctor::Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let size = match terminal::width() {
        Some(width) if std::io::stdout().is_terminal() => format!("{width} columns"),
        _ => "none: the output is no terminal".to_owned(),
    };
    let term = variable("TERM").map(|term| format!(", TERM={term}")).unwrap_or_default();
    let color = if global.uses_color() { "" } else { ", no colour" };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_else(|| "not set".to_owned());
    let mut found = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("terminal", format!("{size}{term}{color}, locale {locale}")),
    ];
    let loaded = global.loaded();
    let state = settings::state_directory(global.state_dir.as_deref());
    let log = global.log_file.clone().unwrap_or_else(|| state.join("rolecall.*.log"));
    found.push(("log", log.display().to_string()));
    found.extend(loaded.file.iter().map(|file| ("settings", file.display().to_string())));
    let wrong = loaded
        .problems
        .iter()
        .chain(&loaded.theme(&loaded.settings, true).1)
        .flat_map(Problem::pointed)
        .collect::<Vec<_>>();
    found.extend(wrong.into_iter().map(|line| ("config", line)));
    found
}
