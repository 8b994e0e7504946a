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

/// The codes of the findings that concern an object, one below the other; nothing where there are none.
pub fn of_object(scene: &Scene<'_>, subject: &Subject, width: usize) -> Vec<Line<'static>> {
    let inventory = scene.inventory();
    let found: Vec<&Finding> = match subject {
        Subject::Workload(id) => inventory.findings_of_workload(id).iter().collect(),
        Subject::Pod(id) => inventory.findings_of_pod(id),
        Subject::ServiceAccount(id) => inventory.findings_of_service_account(id).iter().collect(),
        Subject::Role(arn) => inventory.findings_of_role(arn).iter().collect(),
        Subject::Namespace(_) | Subject::Association(_) | Subject::Node(_) | Subject::Finding(..) => Vec::new(),
    };
    let codes: Vec<&str> = found.iter().map(|found| found.code.name).collect();
    if codes.is_empty() {
        return Vec::new();
    }
    let row = Cells::new(width).column("FINDINGS", 10, scene.paint.title());
    let room = row.room();
    after_gap(vec![row.put(&text::fit(&codes.join(", "), room), scene.paint.plain()).line()])
}
