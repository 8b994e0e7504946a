//! Workloads, pods and service accounts: now, next and proven, and the chain behind them.

use std::sync::Arc;

use ratatui::{style::Style, text::Line};

use super::{after_gap, owner, title, trust_note, why, with_mark};
use crate::{
    app::{row::Row, screen::Screen, target},
    config::theme::Meaning,
    domain::{
        fact::Fact,
        id::{PodId, ServiceAccountId},
        identity::{HopKind, Identity, Mechanism, Resolution, State, Verdict},
        proof::Proof,
        row::{PodRow, ServiceAccountRow},
        workload::WorkloadId,
    },
    ui::{
        scene::Scene,
        screen::rows,
        text,
        widget::{
            chain::{self, Note},
            row::Row as Cells,
        },
    },
};

/// Column where mechanisms begin.
const MECHANISMS: usize = 7;

/// A workload: what its worst pod says.
pub fn of_workload(scene: &Scene<'_>, id: &WorkloadId, width: usize) -> Vec<Line<'static>> {
    let pods = scene.inventory().pods_of_workload(id);
    let name = format!("{} / {id}", id.namespace);
    let Some(worst) = worst(scene, id, &pods) else {
        return vec![title(scene, &name, None, width), Cells::new(width).put("no pods", scene.paint.muted()).line()];
    };
    let (place, row) = worst;
    let mut lines = vec![title(scene, &name, Some(row.resolution.state), width)];
    lines.extend(answers(scene, (&row.id, &row.resolution), &pods, width));
    lines.extend(told_by(scene, id, width));
    let which = (pods.len() > 1).then(|| format!("{}/{}", place + 1, pods.len()));
    lines.extend(body(scene, row, which, width));
    lines
}

/// The pod that speaks for its workload, and its place among the others.
fn worst<'a>(scene: &Scene<'_>, id: &WorkloadId, pods: &'a [PodRow]) -> Option<(usize, &'a PodRow)> {
    let worst = target::worst(scene.inventory(), id)?;
    pods.iter().enumerate().find(|(_, row)| row.id == worst.id)
}

/// A pod.
pub fn of_pod(scene: &Scene<'_>, id: &PodId, width: usize) -> Vec<Line<'static>> {
    let name = format!("{} / {}", id.namespace, id.name);
    let inventory = scene.inventory();
    let (Some(pod), Some(resolution)) = (inventory.pod(id), inventory.resolution(id)) else {
        return vec![
            title(scene, &name, None, width),
            Cells::new(width).put("this pod is gone", scene.paint.muted()).line(),
        ];
    };
    let row = PodRow {
        id: pod.id.clone(),
        workload: pod.workload.clone(),
        node: pod.node.clone(),
        service_account: pod.service_account(),
        created_at: pod.created_at,
        resolution: Arc::clone(resolution),
    };
    let mut lines = vec![title(scene, &name, Some(resolution.state), width)];
    lines.extend(answers(scene, (id, resolution), &[], width));
    lines.extend(told_by(scene, &row.workload, width));
    lines.extend(containers(scene, &row, width));
    lines.extend(body(scene, &row, None, width));
    lines
}

/// WHY, chain, OWNER and FIX of a pod.
fn body(scene: &Scene<'_>, row: &PodRow, which: Option<String>, width: usize) -> Vec<Line<'static>> {
    let inventory = scene.inventory();
    let story = inventory.story(&row.id);
    let mut lines = why(scene, &story, width);
    let age = text::age(scene.now().duration_since(row.created_at).as_secs());
    let note = which.map_or_else(|| age.clone(), |which| format!("{age}  {which}"));
    let notes =
        std::iter::once(Note { hop: HopKind::Pod, text: note, marked: false }).chain(trust_note(scene)).collect();
    let notes = with_mark(scene, notes);
    lines.extend(after_gap(chain::lines(&scene.paint, &inventory.chain(&row.id), &notes, width)));
    lines.extend(owner(scene, &row.service_account, width));
    lines
}

/// What a live proof said, and how long ago.
fn proven(scene: &Scene<'_>, proof: Option<&Proof>, width: usize) -> Line<'static> {
    let paint = &scene.paint;
    let row = Cells::new(width).column("proven", MECHANISMS, paint.muted());
    let Some(Proof { proven, .. }) = proof else { return row.put("never", paint.muted()).line() };
    let age = text::age(scene.now().duration_since(proven.at).as_secs());
    let (word, meaning) = match proven.verdict {
        Verdict::Ok => ("yes", Meaning::Good),
        Verdict::Broken => ("refused", Meaning::Danger),
        _ => ("not known", Meaning::Muted),
    };
    let role = proven.role_arn.as_ref().map(|arn| text::role_name(arn.as_str()).to_owned());
    let said = role.or_else(|| proven.code.map(str::to_owned)).unwrap_or_else(|| proven.message.clone());
    let end = format!("{age} ago, from here");
    row.put(word, paint.of(meaning)).put("  ", Style::new()).put(&said, paint.title()).end(&end, paint.muted()).line()
}

/// The three answers: now, next, proven.
fn answers(
    scene: &Scene<'_>,
    (id, resolution): (&PodId, &Resolution),
    pods: &[PodRow],
    width: usize,
) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    if resolution.state == State::Loading {
        return vec![Cells::new(width).put("facts are still arriving", paint.muted()).line()];
    }
    let same = resolution.now.is_same(&resolution.next) && !resolution.drift;
    let column = [&resolution.now, &resolution.next].iter().map(|identity| identity.mechanism.word().len()).max();
    let column = MECHANISMS + column.unwrap_or_default() + 2;
    let agreeing = pods.iter().filter(|pod| pod.resolution.now.is_same(&resolution.now)).count();
    let share =
        if pods.is_empty() { String::new() } else { format!("{agreeing} of {}", text::plural(pods.len(), "pod")) };
    let now = answer(scene, "now", &resolution.now, column, width).end(&share, paint.muted()).line();
    let proven = proven(scene, scene.inventory().proof_of_pod(id), width);
    vec![now, next(scene, resolution, same, column, width), proven]
}

/// What next goes by, once somebody has asked for the template of the owner; beside a list the room is for the chain.
fn told_by(scene: &Scene<'_>, id: &WorkloadId, width: usize) -> Option<Line<'static>> {
    let is_page = matches!(scene.model.screen(), Some(Screen::Detail(_)));
    let asked = scene.inventory().template(id).is_some_and(Fact::is_answered);
    let words = || format!("by {}", scene.inventory().next_told_by(id));
    (is_page && asked).then(|| Cells::new(width).to(MECHANISMS).put(&words(), scene.paint.muted()).line())
}

fn next(scene: &Scene<'_>, resolution: &Resolution, same: bool, column: usize, width: usize) -> Line<'static> {
    let remark = remark(resolution, same);
    let muted = scene.paint.muted();
    match same {
        true => Cells::new(width)
            .column("next", MECHANISMS, muted)
            .put("=", scene.paint.plain())
            .to(column)
            .put(remark, muted)
            .line(),
        false => answer(scene, "next", &resolution.next, column, width).end(remark, muted).line(),
    }
}

/// What a restart would do, in a few words.
fn remark(resolution: &Resolution, same: bool) -> &'static str {
    match (resolution.state, same) {
        (State::Broken, true) => "a restart will not help",
        (State::Drift, _) => "a restart brings it",
        (State::AtRisk, _) => "do not restart yet",
        _ => "",
    }
}

fn answer(scene: &Scene<'_>, label: &str, identity: &Identity, column: usize, width: usize) -> Cells {
    let paint = &scene.paint;
    let row = Cells::new(width).column(label, MECHANISMS, paint.muted());
    row.put(identity.mechanism.word(), paint.plain()).to(column).put(&role_of(identity), paint.title())
}

fn role_of(identity: &Identity) -> String {
    let role = identity.role_arn.as_ref().map_or("", |arn| text::role_name(arn.as_str()));
    match &identity.target_role_arn {
        Some(target) => format!("{role} > {}", text::role_name(target.as_str())),
        None => role.to_owned(),
    }
}

/// One line for each container, where they differ.
fn containers(scene: &Scene<'_>, row: &PodRow, width: usize) -> Vec<Line<'static>> {
    let resolution = &row.resolution;
    let differ =
        matches!(resolution.now.mechanism, Mechanism::Mixed) || matches!(resolution.next.mechanism, Mechanism::Mixed);
    let Some(pod) = scene.inventory().pod(&row.id).filter(|_| differ) else {
        return Vec::new();
    };
    let pairs = pod.spec.containers.iter().zip(&resolution.containers);
    let line =
        |(container, identity): (&crate::domain::workload::Container, &crate::domain::identity::ContainerIdentity)| {
            let same = identity.now.is_same(&identity.next);
            let word = rows::next_word(State::Ok, same, identity.next.mechanism);
            let row = Cells::new(width).column(container.name.as_str(), 16, scene.paint.plain()).put(" ", Style::new());
            let row = row.column(identity.now.mechanism.word(), 13, scene.paint.plain());
            row.column(word, 13, scene.paint.muted()).put(&role_of(&identity.now), scene.paint.muted()).line()
        };
    after_gap(pairs.map(line).collect())
}

/// A service account, whether it exists or not.
pub fn of_service_account(
    scene: &Scene<'_>,
    id: &ServiceAccountId,
    row: Option<&Row>,
    width: usize,
) -> Vec<Line<'static>> {
    let inventory = scene.inventory();
    let row = match row {
        Some(Row::ServiceAccount(row)) => Some(row),
        _ => None,
    };
    let mut lines = vec![title(scene, &format!("{} / {}", id.namespace, id.name), row.map(|row| row.state), width)];
    let next = inventory.next_of(id);
    let column = MECHANISMS + next.mechanism.word().len() + 2;
    lines.push(answer(scene, "next", &next, column, width).end(&remark_pods(row), scene.paint.muted()).line());
    if let Some(proof) = inventory.proof_of_service_account(id) {
        lines.push(proven(scene, Some(proof), width));
    }
    lines.extend(facts(scene, id, row, width));
    let story = inventory.story_of_service_account(id);
    lines.extend(why(scene, &story, width));
    let notes = with_mark(scene, trust_note(scene).into_iter().collect());
    lines.extend(after_gap(chain::lines(&scene.paint, &inventory.chain_of_service_account(id), &notes, width)));
    lines.extend(owner(scene, id, width));
    lines
}

fn remark_pods(row: Option<&ServiceAccountRow>) -> String {
    row.map_or_else(String::new, |row| {
        let trouble = rows::trouble(&row.pods);
        let pods = text::plural(row.pods.total as usize, "pod");
        if trouble.is_empty() { pods } else { format!("{pods}: {trouble}") }
    })
}

fn facts(
    scene: &Scene<'_>,
    id: &ServiceAccountId,
    row: Option<&ServiceAccountRow>,
    width: usize,
) -> Vec<Line<'static>> {
    let inventory = scene.inventory();
    let mut lines = Vec::new();
    if row.is_some_and(|row| !row.exists) {
        lines.push(
            Cells::new(width)
                .put("this service account does not exist; something names it", scene.paint.muted())
                .line(),
        );
    }
    let annotation = inventory.service_account(id).and_then(|account| account.role_arn.clone());
    lines.extend(annotation.map(|arn| super::field(scene, "annotation", arn.as_str(), width)));
    lines.extend(inventory.association_of(id).map(|association| {
        let role =
            association.detail.known().map_or("not read yet", |detail| text::role_name(detail.role_arn.as_str()));
        super::field(scene, "association", &format!("{}  {role}", association.id), width)
    }));
    lines
}
