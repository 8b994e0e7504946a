//! A finding: what and why, the facts it rests on, what to do; and the codes of the findings of an object.

use ratatui::text::Line;

use super::{after_gap, field, title};
use crate::{
    app::{row::Row, subject::Subject},
    domain::finding::{self, Finding},
    ui::{
        scene::Scene,
        text,
        widget::{row::Row as Cells, story},
    },
};

/// Cells of the label before the codes.
const LABEL: usize = 10;
/// Lines that one part of a finding may take.
const MOST: usize = 10;

/// A finding in full.
pub fn of_finding(
    scene: &Scene<'_>,
    (code, about): (&str, &finding::Subject),
    row: Option<&Row>,
    width: usize,
) -> Vec<Line<'static>> {
    let all = scene.inventory().findings();
    let found = match row {
        Some(Row::Finding(row)) => Some(row),
        _ => all.into_iter().find(|found| found.code.name == code && found.subject == *about),
    };
    match found {
        Some(found) => shown(scene, found, width),
        None => vec![
            title(scene, code, None, width),
            Cells::new(width).put("not found any more", scene.paint.muted()).line(),
        ],
    }
}

fn shown(scene: &Scene<'_>, found: &Finding, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let mut lines = vec![title(scene, found.code.name, None, width)];
    lines.push(field(scene, "severity", found.severity.word(), width));
    lines.push(field(scene, "about", &found.subject.to_string(), width));
    if found.pods > 0 {
        lines.push(field(scene, "shown by", &text::plural(found.pods as usize, "pod"), width));
    }
    lines.extend(after_gap(story::labelled(paint, "WHY", std::slice::from_ref(&found.message), width, MOST)));
    if !found.evidence.is_empty() {
        lines.push(Line::default());
        lines.push(Cells::new(width).put("EVIDENCE", paint.title()).line());
        lines.extend(story::labelled(paint, "", &found.evidence, width, MOST));
    }
    lines.extend(after_gap(story::labelled(paint, "FIX", std::slice::from_ref(&found.fix), width, MOST)));
    lines
}

/// WHY and FIX of a finding, nothing else: what stands below a narrow list.
pub fn in_short(scene: &Scene<'_>, found: &Finding, width: usize, height: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let fix = story::labelled(paint, "FIX", std::slice::from_ref(&found.fix), width, height.min(2));
    let room = height.saturating_sub(fix.len());
    let mut lines = story::labelled(paint, "WHY", std::slice::from_ref(&found.message), width, room);
    lines.extend(fix);
    lines
}

/// The codes of the findings that concern an object, one below the other; nothing where there are none.
pub fn of_object(scene: &Scene<'_>, subject: &Subject, width: usize) -> Vec<Line<'static>> {
    let inventory = scene.inventory();
    let found: Vec<&Finding> = match subject {
        Subject::Workload(id) => inventory.findings_of_workload(id).iter().collect(),
        Subject::Pod(id) => inventory.findings_of_pod(id),
        Subject::ServiceAccount(id) => inventory.findings_of_service_account(id).iter().collect(),
        Subject::Role(arn) => inventory.findings_of_role(arn).iter().collect(),
        Subject::Namespace(name) => inventory.findings_of_namespace(name),
        Subject::Association(id) => {
            let account = inventory.association(id).map(|association| &association.service_account);
            account.map_or_else(Vec::new, |account| inventory.findings_of_service_account(account).iter().collect())
        }
        Subject::Node(name) => inventory.findings_of_node(name),
        Subject::Finding(..) => Vec::new(),
    };
    let codes = counted(&found);
    if codes.is_empty() {
        return Vec::new();
    }
    let line = |(index, part): (usize, &String)| {
        let label = if index == 0 { "FINDINGS" } else { "" };
        Cells::new(width).column(label, LABEL, scene.paint.title()).put(part, scene.paint.plain()).line()
    };
    let parts = text::wrap(&codes.join(", "), width.saturating_sub(LABEL), MOST);
    after_gap(parts.iter().enumerate().map(line).collect())
}

/// Each code once, with its number where there are several: `NODE-ROLE-FALLBACK x3`.
fn counted(found: &[&Finding]) -> Vec<String> {
    let mut codes: Vec<(&str, usize)> = Vec::new();
    for finding in found {
        match codes.iter_mut().find(|(code, _)| *code == finding.code.name) {
            Some((_, count)) => *count += 1,
            None => codes.push((finding.code.name, 1)),
        }
    }
    let word = |(code, count): &(&str, usize)| if *count > 1 { format!("{code} x{count}") } else { (*code).to_owned() };
    codes.iter().map(word).collect()
}
