//! Pickers: all commands by words, and the role for an association or an annotation.

use std::sync::Arc;

use ratatui::{style::Style, text::Line};

use super::{Content, View, keys};
use crate::{
    app::{
        availability,
        command::{Command, Context},
        dialog::{
            account_form::{AccountForm, AccountPurpose},
            palette::Palette,
            role_form::{Purpose, RoleForm},
        },
        field::Field,
    },
    config::theme::Meaning,
    domain::{
        failure::Failure,
        plan::{Judgement, Plan, RoleCandidate},
    },
    ui::{
        scene::Scene,
        text,
        widget::{field, plan, row::Row},
    },
};

/// Lines of a picker's list at most; the window may allow fewer.
const LONGEST: usize = 14;

pub(super) fn input(scene: &Scene<'_>, label: &str, value: &Field, width: usize) -> Line<'static> {
    let row = Row::new(width).put(label, scene.paint.muted()).put(" ", Style::new());
    let room = row.room();
    row.spans(field::line(&scene.paint, &value.text(), Some(value.cursor()), room).spans).line()
}

/// The lines of a list around its cursor: never more than fit, however long it is.
pub(super) fn window(count: usize, cursor: usize) -> std::ops::Range<usize> {
    let first = cursor.saturating_sub(LONGEST / 2).min(count.saturating_sub(LONGEST));
    first..count.min(first + LONGEST)
}

pub(super) fn chosen(scene: &Scene<'_>, line: Row, selected: bool) -> Line<'static> {
    if selected { line.filled(scene.paint.selection()) } else { line.line() }
}

pub(super) fn palette(scene: &Scene<'_>, palette: &Palette, width: usize) -> Content {
    let seen = window(palette.found.len(), palette.cursor);
    let row = |at: usize| {
        let command = palette.found[at];
        let selected = at == palette.cursor;
        let able = availability::of(scene.model, command).is_ok();
        let style = if able { scene.paint.plain() } else { scene.paint.muted() };
        let aliases = command.entry().aliases.iter().map(|alias| format!(":{alias}")).collect::<Vec<_>>().join(" ");
        let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
        let row = row.column(command.title(), 40, style).put("  ", Style::new());
        let keys = scene.model.keys.labels(command);
        chosen(scene, row.put_whole(&aliases, scene.paint.muted()).end(&keys, scene.paint.key()), selected)
    };
    let body: Vec<_> = seen.clone().map(row).collect();
    let reason = palette.found.get(palette.cursor).and_then(|command| availability::of(scene.model, *command).err());
    let below = match (&reason, body.is_empty()) {
        (_, true) => {
            vec![Line::default(), Row::new(width).put("no command is called that", scene.paint.muted()).line()]
        }
        (Some(reason), _) => wrapped(scene, reason, width),
        (None, _) => Vec::new(),
    };
    let keys = keys(
        scene,
        Context::Text,
        &[(Command::Confirm, "run"), (Command::NextTab, "complete"), (Command::Back, "close")],
    );
    let above = vec![input(scene, ":", &palette.field, width), Line::default()];
    let view = View::Around(palette.cursor - seen.start.min(palette.cursor));
    Content { title: "Commands".to_owned(), above, body, below, view, keys }
}

fn wrapped(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    let parts = text::wrap(sentence, width, 3);
    let lines = parts.iter().map(|part| Row::new(width).put(part, scene.paint.of(Meaning::Warning)).line());
    std::iter::once(Line::default()).chain(lines).collect()
}

pub(super) fn role(scene: &Scene<'_>, form: &RoleForm, width: usize) -> Content {
    let title = match form.purpose {
        Purpose::Associate => format!("Associate {}", form.service_account),
        Purpose::Retarget => format!("Another role for {}", form.service_account),
        Purpose::Annotate => format!("Annotate {} for IRSA", form.service_account),
    };
    let seen = window(form.found.len(), form.cursor);
    let names = seen.clone().filter_map(|at| candidate(form, at)).map(|found| text::width(found.name.as_str())).max();
    let column = names.unwrap_or_default().clamp(16, width / 2);
    let rows = seen.clone().filter_map(|at| Some((at, candidate(form, at)?)));
    let body: Vec<_> = rows.map(|(at, found)| candidate_line(scene, found, at == form.cursor, column, width)).collect();
    let above = vec![input(scene, "role, or its ARN:", &form.field, width), Line::default()];
    let keys = keys(
        scene,
        Context::Text,
        &[
            (Command::Confirm, "show the plan"),
            (Command::MoveDown, "next role"),
            (Command::Options, "options"),
            (Command::Back, "close"),
        ],
    );
    let view = View::Around(form.cursor - seen.start.min(form.cursor));
    Content { title, above, body, below: preview(scene, form, width), view, keys }
}

pub(super) fn account(scene: &Scene<'_>, form: &AccountForm, width: usize) -> Content {
    let seen = window(form.lines(), form.cursor);
    let row = |at: usize| {
        let (id, exists) = form.line(at)?;
        let selected = at == form.cursor;
        let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
        let row = row.put(&text::fit(&id.to_string(), width.saturating_sub(16)), scene.paint.plain());
        let row = if exists { row } else { row.end("not there yet", scene.paint.muted()) };
        Some(chosen(scene, row, selected))
    };
    let body: Vec<_> = seen.clone().filter_map(row).collect();
    let below = match body.is_empty() {
        true => vec![note(scene, "no service account is called that: type all of it, NAMESPACE/NAME", width)],
        false => Vec::new(),
    };
    let next = match form.purpose {
        AccountPurpose::Associate(None) => "choose its role",
        _ => "show the plan",
    };
    let hints = [(Command::Confirm, next), (Command::MoveDown, "next"), (Command::Back, "close")];
    let keys = keys(scene, Context::Text, &hints);
    let above = vec![input(scene, "service account:", &form.field, width), Line::default()];
    let view = View::Around(form.cursor - seen.start.min(form.cursor));
    Content { title: form.title(), above, body, below, view, keys }
}

fn candidate(form: &RoleForm, at: usize) -> Option<&RoleCandidate> {
    form.candidates.get(*form.found.get(at)?)
}

fn candidate_line(
    scene: &Scene<'_>,
    found: &RoleCandidate,
    selected: bool,
    column: usize,
    width: usize,
) -> Line<'static> {
    let (glyph, style) = match &found.judgement {
        Judgement::Ready => ("✓", scene.paint.of(Meaning::Good)),
        Judgement::NeedsTrustEdit(_) => ("!", scene.paint.of(Meaning::Warning)),
        Judgement::Unknown(_) => ("-", scene.paint.muted()),
        Judgement::OtherAccount => ("!", scene.paint.of(Meaning::Warning)),
    };
    let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
    let row = row.column(found.name.as_str(), column, scene.paint.plain()).put("  ", Style::new()).put(glyph, style);
    let row = row.put(" ", Style::new()).put(found.judgement.word(), style);
    let row = match found.judgement.reason() {
        Some(reason) => row.put("  ", Style::new()).put(reason, scene.paint.muted()),
        None => row,
    };
    chosen(scene, row, selected)
}

/// What Enter would show, in short: the checks that fail, or the one call.
fn preview(scene: &Scene<'_>, form: &RoleForm, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    match &form.preview {
        None if form.candidates.is_empty() => {
            lines.push(note(scene, "no roles are known yet: type an ARN, or wait until they are read", width))
        }
        None => lines.push(note(scene, "no role is called that: type more of it, or a whole ARN", width)),
        Some(preview) => lines.extend(previewed(scene, preview, width)),
    }
    lines
}

/// A plan in short, or why there is none.
pub(super) fn previewed(scene: &Scene<'_>, preview: &Result<Plan, Arc<Failure>>, width: usize) -> Vec<Line<'static>> {
    match preview {
        Ok(plan) => short_plan(scene, plan, width),
        Err(failure) => plan::failure_lines(&scene.paint, failure, width),
    }
}

fn note(scene: &Scene<'_>, sentence: &str, width: usize) -> Line<'static> {
    Row::new(width).put(sentence, scene.paint.muted()).line()
}

fn short_plan(scene: &Scene<'_>, plan: &Plan, width: usize) -> Vec<Line<'static>> {
    let steps = plan.steps.iter().map(|step| note(scene, &step.summary, width));
    let failing = plan.preconditions.iter().filter(|checked| checked.ok != Some(true));
    steps.chain(failing.flat_map(|checked| plan::precondition_lines(&scene.paint, checked, width))).collect()
}
