//! Pages that are not about one object: what is unknown and what to ask for, and operations
//! with the messages of the session.

use ratatui::text::Line;

use crate::{
    app::{
        cluster::Link,
        operation::Operation,
        toast::{Toast, ToastKind},
    },
    config::theme::Meaning,
    domain::{fact::Fact, failure::Failure, inventory::Gap},
    ui::{
        scene::Scene,
        text,
        widget::{plan, row::Row as Cells},
    },
};

/// Column where the text of an entry begins.
const INDENT: usize = 3;

fn heading(scene: &Scene<'_>, words: &str, width: usize) -> Line<'static> {
    Cells::new(width).put(words, scene.paint.title()).line()
}

fn said(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    let parts = text::wrap(sentence, width.saturating_sub(INDENT), 4);
    parts.iter().map(|part| Cells::new(width).to(INDENT).put(part, scene.paint.plain()).line()).collect()
}

/// What is unknown: the connections, then every gap with the permission to ask for.
pub fn doctor(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![heading(scene, "CONNECTIONS", width)];
    lines.extend(kubernetes(scene, width));
    lines.extend(aws(scene, width));
    let gaps = scene.inventory().gaps();
    lines.push(Line::default());
    lines.push(heading(scene, &format!("UNKNOWN: {}", text::plural(gaps.len(), "fact")), width));
    if gaps.is_empty() {
        lines.extend(said(scene, "Everything that was asked for could be read.", width));
    }
    for group in grouped(&gaps) {
        lines.extend(gap(scene, &group, width));
    }
    lines.extend(wanted(scene, width));
    lines
}

/// Gaps with the same cause, in the order of their first: one denied call may leave hundreds.
fn grouped(gaps: &[Gap]) -> Vec<Vec<&Gap>> {
    let mut groups: Vec<Vec<&Gap>> = Vec::new();
    for gap in gaps {
        let same =
            |group: &&mut Vec<&Gap>| group.first().is_some_and(|first| is_same_cause(&first.failure, &gap.failure));
        match groups.iter_mut().find(same) {
            Some(group) => group.push(gap),
            None => groups.push(vec![gap]),
        }
    }
    groups
}

fn is_same_cause(a: &Failure, b: &Failure) -> bool {
    a.kind == b.kind && a.action == b.action && (a.action.is_some() || a.why == b.why)
}

fn gap(scene: &Scene<'_>, group: &[&Gap], width: usize) -> Vec<Line<'static>> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let row = Cells::new(width).put("-", scene.paint.muted()).to(INDENT).put(&first.what, scene.paint.title());
    let row = match group.len() - 1 {
        0 => row,
        more => row.put(&format!(" and {} more", text::count(more)), scene.paint.title()),
    };
    std::iter::once(row.line())
        .chain(plan::failure_lines(&scene.paint, &first.failure, width))
        .chain([Line::default()])
        .collect()
}

fn checked(scene: &Scene<'_>, ok: Option<bool>, name: &str, found: &str, width: usize) -> Line<'static> {
    let (glyph, style) = match ok {
        Some(true) => ("✓", scene.paint.of(Meaning::Good)),
        Some(false) => ("✗", scene.paint.of(Meaning::Danger)),
        None => (".", scene.paint.muted()),
    };
    let row = Cells::new(width).put(glyph, style).to(INDENT).column(name, 12, scene.paint.plain());
    row.put(&text::middle(found, width.saturating_sub(INDENT + 12)), scene.paint.muted()).line()
}

fn with_failure(scene: &Scene<'_>, line: Line<'static>, failure: Option<&Failure>, width: usize) -> Vec<Line<'static>> {
    let told = failure.map(|failure| plan::failure_lines(&scene.paint, failure, width));
    std::iter::once(line).chain(told.into_iter().flatten()).collect()
}

fn kubernetes(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let link = &scene.cluster().kubernetes;
    let ok = match link {
        Link::Connecting => None,
        Link::Live => Some(true),
        _ => Some(false),
    };
    let server = scene.inventory().target().server.clone().unwrap_or_default();
    with_failure(
        scene,
        checked(scene, ok, "Kubernetes", &server, width),
        link.failure().map(|failure| &**failure),
        width,
    )
}

fn aws(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let aws = &scene.cluster().aws;
    let inventory = scene.inventory();
    let ok = match (&aws.failure, aws.read_at) {
        (Some(_), _) => Some(false),
        (None, Some(_)) => Some(true),
        (None, None) => None,
    };
    let caller = match inventory.caller() {
        Fact::Known(caller) => caller.arn.to_string(),
        _ => "caller not known yet".to_owned(),
    };
    let mut lines = with_failure(scene, checked(scene, ok, "AWS", &caller, width), aws.failure.as_deref(), width);
    if let Some(failure) = inventory.mismatch() {
        lines.extend(with_failure(scene, checked(scene, Some(false), "account", "", width), Some(&failure), width));
    }
    lines
}

/// The missing actions, each once: what to paste into a request for permission.
fn wanted(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let mut actions: Vec<String> =
        scene.inventory().gaps().iter().filter_map(|gap| gap.failure.action.clone()).collect();
    actions.sort();
    actions.dedup();
    if actions.is_empty() {
        return Vec::new();
    }
    let caller =
        scene.inventory().caller().known().map_or_else(|| "the caller".to_owned(), |caller| caller.arn.to_string());
    let mut lines = vec![heading(scene, "WHAT TO ASK FOR", width)];
    lines.extend(said(scene, &format!("Allow for {caller}:"), width));
    lines.extend(
        actions.iter().map(|action| Cells::new(width).to(INDENT + 2).put(action, scene.paint.of(Meaning::Key)).line()),
    );
    lines
}

/// Operations of the session, the newest first, then everything that was said.
pub fn operations(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![heading(scene, "OPERATIONS", width)];
    if scene.model.operations.is_empty() {
        lines.extend(said(scene, "Nothing was changed in this session.", width));
    }
    for operation in scene.model.operations.iter().rev() {
        lines.extend(one(scene, operation, width));
    }
    lines.extend(configuration(scene, width));
    lines.extend([Line::default(), heading(scene, "MESSAGES", width)]);
    let log = scene.model.toasts.log();
    if log.is_empty() {
        lines.extend(said(scene, "None yet.", width));
    }
    lines.extend(log.iter().rev().flat_map(|toast| message(scene, toast, width)));
    lines
}

/// What is wrong with the configuration files: each line with a caret under its place.
fn configuration(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let problems = &scene.model.problems;
    if problems.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::default(), heading(scene, "CONFIGURATION", width)];
    for problem in problems {
        let pointed = problem.pointed();
        lines.extend(said(scene, &pointed[0], width));
        let place = pointed.iter().skip(1);
        lines.extend(place.map(|line| Cells::new(width).to(INDENT).put(line, scene.paint.muted()).line()));
    }
    lines
}

fn one(scene: &Scene<'_>, operation: &Operation, width: usize) -> Vec<Line<'static>> {
    let age = text::age(scene.now().duration_since(operation.started_at).as_secs());
    let title = format!("{} {} {}", operation.id, operation.plan.kind.word(), operation.plan.subject);
    let head = Cells::new(width).put(&text::fit(&title, width.saturating_sub(12)), scene.paint.title());
    let head = head.end(&format!("{age} ago"), scene.paint.muted()).line();
    std::iter::once(head)
        .chain(plan::operation_lines(&scene.paint, operation, width))
        .chain([Line::default()])
        .collect()
}

fn message(scene: &Scene<'_>, toast: &Toast, width: usize) -> Vec<Line<'static>> {
    let (glyph, style) = tone(scene, toast.kind);
    if let Some(failure) = &toast.failure {
        return plan::failure_lines(&scene.paint, failure, width);
    }
    let parts = text::wrap(&toast.text, width.saturating_sub(INDENT), 3);
    let line = |(index, part): (usize, &String)| {
        let glyph = if index == 0 { glyph } else { "" };
        Cells::new(width).put(glyph, style).to(INDENT).put(part, scene.paint.plain()).line()
    };
    parts.iter().enumerate().map(line).collect()
}

/// Glyph and style of a message.
pub fn tone(scene: &Scene<'_>, kind: ToastKind) -> (&'static str, ratatui::style::Style) {
    match kind {
        ToastKind::Success => ("✓", scene.paint.of(Meaning::Good)),
        ToastKind::Notice => ("!", scene.paint.of(Meaning::Warning)),
        ToastKind::Failure => ("✗", scene.paint.of(Meaning::Danger)),
    }
}
