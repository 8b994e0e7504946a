//! The identity chain of a pod, a service account or a role in words: also the plain mode
//! for a screen reader. Says nothing that the inventory does not.

use jiff::Timestamp;

use super::{Options, Redactor, page::Page, text};
use crate::domain::{
    failure::{Failure, FailureKind},
    id::{PodId, RoleArn, ServiceAccountId},
    identity::{Check, Hop, HopKind, Identity, Mechanism, State, Verdict},
    inventory::{Admission, Inventory, Story, Way},
    plan::name_role,
    row::RoleRow,
};

/// Whose chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A pod.
    Pod(PodId),
    /// A service account: what a new pod of it would be.
    ServiceAccount(ServiceAccountId),
    /// A role, by name or ARN.
    Role(String),
}

/// Explains it.
///
/// # Errors
/// There is no such pod, service account or role.
pub fn explain(inventory: &Inventory, subject: &Subject, now: Timestamp, options: Options) -> Result<String, Failure> {
    let mut page = Page::new(options.ascii);
    match subject {
        Subject::Pod(id) => pod(inventory, id, &mut page)?,
        Subject::ServiceAccount(id) => service_account(inventory, id, now, &mut page)?,
        Subject::Role(name) => role(inventory, name, now, &mut page)?,
    }
    let redactor = options.redact.then(|| Redactor::new(inventory));
    Ok(page.finished(redactor.as_ref()))
}

fn none(what: &str, name: &str, kind: &str) -> Failure {
    let next = format!("`rolecall get {kind}` shows what there is");
    let what = format!("there is no {what} {}", text::printable(name));
    Failure::new(FailureKind::NotFound, what, "nothing of this name is in the cluster", next)
}

fn pod(inventory: &Inventory, id: &PodId, page: &mut Page) -> Result<(), Failure> {
    let missing = || none("pod", &id.to_string(), "pods");
    let (pod, resolution) = (inventory.pod(id).ok_or_else(missing)?, inventory.resolution(id).ok_or_else(missing)?);
    page.line(format!("pod {id}: {}", resolution.state.word()));
    page.pair("now", &words(&resolution.now));
    let same = resolution.now.is_same(&resolution.next);
    page.pair("next", &if same { "the same".to_owned() } else { words(&resolution.next) });
    page.pair("next told by", &inventory.next_told_by(&pod.workload));
    page.pair("service account", &pod.service_account().to_string());
    if let Some(proof) = inventory.proof_of_pod(id) {
        page.pair("proven", &super::prove::line(&proof.proven));
    }
    page.pair("workload", &pod.workload.to_string());
    page.pair("node", pod.node.as_ref().map_or("not scheduled yet", |node| node.as_str()));
    if resolution.now.mechanism == Mechanism::Mixed || resolution.next.mechanism == Mechanism::Mixed {
        page.heading("CONTAINERS");
        for (container, identity) in pod.spec.containers.iter().zip(&resolution.containers) {
            let (now, next) = (words(&identity.now), words(&identity.next));
            page.pair(&format!("  {}", container.name), &format!("now {now}; next {next}"));
        }
    }
    story(&inventory.story(id), resolution.state, page);
    chain(&inventory.chain(id), page);
    Ok(())
}

fn service_account(
    inventory: &Inventory,
    id: &ServiceAccountId,
    now: Timestamp,
    page: &mut Page,
) -> Result<(), Failure> {
    let rows = inventory.service_accounts();
    let row = rows.iter().find(|row| row.id == *id);
    let row = row.ok_or_else(|| none("service account", &id.to_string(), "serviceaccounts"))?;
    page.line(format!("service account {id}: {}", row.state.word()));
    page.pair("exists", if row.exists { "yes" } else { "no: only named by pods or an association" });
    page.pair("next", &words(&inventory.next_of(id)));
    page.pair("association", row.association.as_ref().map_or("none", |association| association.as_str()));
    page.pair("annotation", row.annotation_role_arn.as_ref().map_or("none", |role| role.as_str()));
    if let Some(proof) = inventory.proof_of_service_account(id) {
        page.pair("proven", &super::prove::line(&proof.proven));
    }
    let pods = row.pods;
    let counts = format!("{}: {} drift, {} at risk, {} broken", pods.total, pods.drift, pods.at_risk, pods.broken);
    page.pair("pods", &counts);
    story(&inventory.story_of_service_account(id), row.state, page);
    chain(&inventory.chain_of_service_account(id), page);
    could_become(inventory, id, now, page);
    Ok(())
}

/// An identity with its verdict and first reason, in one line.
fn words(identity: &Identity) -> String {
    let mut line = identity.mechanism.word().to_owned();
    for role in identity.role_arn.iter().chain(&identity.target_role_arn) {
        line += &format!(" {role}");
    }
    if let Some(association) = &identity.association_id {
        line += &format!(" ({association})");
    }
    match identity.verdict {
        Verdict::Ok => {}
        Verdict::Depends => line += ", depends",
        Verdict::Unknown => line += ", unknown",
        Verdict::Broken => line += ", broken",
    }
    if !identity.shadowed.is_empty() {
        let shadowed: Vec<&str> = identity.shadowed.iter().map(|mechanism| mechanism.word()).collect();
        line += &format!("; shadows {}", shadowed.join(", "));
    }
    line
}

fn story(story: &Story, state: State, page: &mut Page) {
    page.heading("WHY");
    match story.why.as_slice() {
        [] if state == State::Ok => page.line("  The identity works."),
        [] => page.line("  Nothing more is known."),
        sentences => sentences.iter().for_each(|sentence| page.line(format!("  {sentence}"))),
    }
    if !story.fixes.is_empty() {
        page.heading("FIX");
        story.fixes.iter().for_each(|fix| page.line(format!("  {}", fix.text)));
    }
}

fn chain(hops: &[Hop], page: &mut Page) {
    chain_marked(hops, None, page);
}

/// The chain, with a word beside the hop that somebody asked about.
pub(super) fn chain_marked(hops: &[Hop], marked: Option<HopKind>, page: &mut Page) {
    if hops.is_empty() {
        return;
    }
    page.heading("CHAIN");
    for hop in hops {
        let mark = if Some(hop.kind) == marked { "  <- the error speaks of this" } else { "" };
        page.pair(hop.kind.word(), &format!("{}{mark}", hop.subject));
        hop.checks.iter().for_each(|found| check(found, page));
    }
}

fn check(check: &Check, page: &mut Page) {
    let glyph = match (check.verdict, page.is_ascii()) {
        (Some(Verdict::Ok), false) => "✓",
        (Some(Verdict::Ok), true) => "+",
        (Some(Verdict::Broken), false) => "✗",
        (Some(Verdict::Broken), true) => "x",
        (Some(Verdict::Depends), _) => "?",
        (Some(Verdict::Unknown) | None, _) => "-",
    };
    page.pair(&format!("  {glyph} {}", check.name), &check.detail);
    for (label, value) in &check.evidence {
        page.pair(&format!("      {label}"), value);
    }
}

fn role(inventory: &Inventory, name: &str, now: Timestamp, page: &mut Page) -> Result<(), Failure> {
    let arn = name_role(inventory, name)?;
    let rows = inventory.roles();
    let row = rows.iter().find(|row| row.arn == arn).ok_or_else(|| none("role", name, "roles"))?;
    page.line(format!("role {}{}", row.name, if row.missing { ": does not exist" } else { "" }));
    page.pair("arn", row.arn.as_str());
    page.pair("account", row.account.as_ref().map_or("unknown", |account| account.as_str()));
    let mechanisms: Vec<&str> = row.mechanisms.iter().map(|mechanism| mechanism.word()).collect();
    page.pair(
        "trust names",
        if mechanisms.is_empty() { "nobody here".to_owned() } else { mechanisms.join(", ") }.as_str(),
    );
    page.pair("pods", &row.pods.to_string());
    for way in inventory.reached_by_pods(&row.arn, now) {
        page.pair("reached", &way.words());
    }
    users(row, page);
    could(inventory, row, now, page);
    trust(inventory, &row.arn, page);
    Ok(())
}

fn users(row: &RoleRow, page: &mut Page) {
    page.heading("USED BY");
    if row.used_by.is_empty() {
        page.line("  nobody in this cluster");
    }
    for user in &row.used_by {
        page.line(format!("  {}, by {}", user.service_account, user.how));
    }
}

fn could(inventory: &Inventory, row: &RoleRow, now: Timestamp, page: &mut Page) {
    page.heading("COULD BE USED BY");
    let fact = inventory.role(&row.arn);
    let (Some(role), Some(gate)) = (fact.known(), inventory.gate(now)) else {
        return page.line("  not known: the role or the cluster cannot be read");
    };
    let admissions = gate.admissions(role);
    if admissions.is_empty() {
        page.line("  no service account of this cluster, by its trust policy");
    }
    admissions.iter().for_each(|found| page.line(format!("  {}, by {}", found.service_account, ways(found))));
    match inventory.other_principals(&row.arn) {
        others if others.is_empty() => {}
        others => page.line(format!("  and trusted too: {}", others.join(", "))),
    }
}

fn ways(admission: &Admission) -> String {
    admission.ways.iter().map(Way::words).collect::<Vec<_>>().join("; ")
}

/// The roles whose trust policies admit a service account, whether or not it uses them.
fn could_become(inventory: &Inventory, id: &ServiceAccountId, now: Timestamp, page: &mut Page) {
    let Some(gate) = inventory.gate_of(id, now) else { return };
    page.heading("COULD BECOME");
    let mut found: Vec<_> = inventory
        .known_roles()
        .flat_map(|role| gate.admissions(role).into_iter().map(|found| (role.name.to_string(), ways(&found))))
        .collect();
    found.sort();
    if found.is_empty() {
        page.line("  no role that can be read, by its trust policy");
    }
    found.iter().for_each(|(role, ways)| page.line(format!("  {role}, by {ways}")));
}

fn trust(inventory: &Inventory, arn: &RoleArn, page: &mut Page) {
    page.heading("TRUST POLICY");
    let fact = inventory.role(arn);
    let Some(role) = fact.known() else {
        let why = fact.failure().map_or("not read".to_owned(), |failure| format!("{}: {}", failure.what, failure.why));
        return page.line(format!("  {why}"));
    };
    let raw = &role.trust.text;
    let pretty = serde_json::from_str::<serde_json::Value>(raw).and_then(|value| serde_json::to_string_pretty(&value));
    let shown = pretty.unwrap_or_else(|_| raw.to_string());
    shown.lines().for_each(|line| page.line(format!("  {line}")));
}
