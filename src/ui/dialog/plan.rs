//! A plan before it is performed, and an operation at work.

use ratatui::{style::Style, text::Line};

use super::{Content, View, keys};
use crate::{
    app::{
        command::{Command, Context},
        dialog::{Typed, confirm::Confirm},
        lock::Lock,
        operation::{OperationId, Outcome},
    },
    config::theme::Meaning,
    domain::plan::{Plan, PlanKind},
    ui::{
        scene::Scene,
        text,
        widget::{field, plan, row::Row},
    },
};

/// What is done, to whom.
fn deed(kind: PlanKind, subject: &str) -> String {
    match kind {
        PlanKind::Associate => format!("associate {subject}"),
        PlanKind::Dissociate => format!("remove the association of {subject}"),
        PlanKind::Annotate => format!("annotation of {subject}"),
        PlanKind::InstallAgent => "install the Pod Identity agent".to_owned(),
        PlanKind::Restart => format!("restart {subject}"),
        PlanKind::Retarget => format!("change the association of {subject}"),
        PlanKind::TrustAllow | PlanKind::TrustRemove => format!("trust policy of {subject}"),
        PlanKind::Undo => format!("undo {subject}"),
        PlanKind::Migrate => format!("migrate {subject} to Pod Identity"),
    }
}

fn phase(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        None => "Working",
        Some(Outcome::Done) => "Done",
        Some(Outcome::Failed(_)) => "Failed",
        Some(Outcome::Cancelled) => "Stopped",
    }
}

pub(super) fn confirm(scene: &Scene<'_>, confirm: &Confirm, width: usize) -> Content {
    let (title, body) = match &confirm.plan {
        Ok(plan) => planned(scene, confirm, plan, width),
        Err(failure) => ("There is no plan".to_owned(), plan::failure_lines(&scene.paint, failure, width)),
    };
    let mut below = vec![Line::default()];
    if confirm.changed {
        below.push(warned(scene, "The cluster changed meanwhile: this is a new plan. Read it again.", width));
    }
    below.extend(answer(scene, confirm, width));
    let context = if confirm.typed.is_some() { Context::Text } else { Context::Dialog };
    let hints = match confirm.plan.is_ok() {
        true => &[
            (Command::Confirm, "do it"),
            (Command::ExportPlan, "as Terraform, …"),
            (Command::Copy, if confirm.export.is_some() { "copy the text" } else { "copy the commands" }),
            (Command::Back, "leave it"),
        ][..],
        false => &[(Command::Back, "close")],
    };
    Content {
        title,
        above: Vec::new(),
        body,
        below,
        view: View::From(confirm.scroll.top),
        keys: keys(scene, context, hints),
    }
}

/// The plan in words, or as the text that was asked for.
fn planned(scene: &Scene<'_>, confirm: &Confirm, plan: &Plan, width: usize) -> (String, Vec<Line<'static>>) {
    let deed = deed(plan.kind, &plan.subject);
    match &confirm.export {
        None if plan.is_done_already() => {
            (format!("There is nothing to do: {deed}"), plan::lines(&scene.paint, plan, width))
        }
        None => (format!("Plan: {deed}"), plan::lines(&scene.paint, plan, width)),
        Some(export) => {
            (format!("{}: {deed}", export.format.title()), plan::text_lines(&scene.paint, &export.text, width))
        }
    }
}

fn warned(scene: &Scene<'_>, sentence: &str, width: usize) -> Line<'static> {
    Row::new(width).put(sentence, scene.paint.of(Meaning::Warning)).line()
}

/// What is needed before it is done: nothing, a typed name, unlocking; or why it cannot be.
fn answer(scene: &Scene<'_>, confirm: &Confirm, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for owned in &confirm.owned {
        lines.extend(wrapped(scene, &(owned.sentence() + "."), width));
    }
    if confirm.asks_once_more() {
        let sentence = "This is the text for its repository. Enter shows the plan that does it here.";
        lines.extend(wrapped(scene, sentence, width));
    }
    match (&confirm.typed, confirm.refusal()) {
        (Some(typed), _) => lines.extend(asks(scene, typed, width)),
        (None, Some(refusal)) if confirm.plan.is_ok() => lines.extend(wrapped(scene, &refusal, width)),
        _ => {}
    }
    let locked = match scene.model.lock() {
        Lock::ReadOnly => "This session is read-only: the plan can be copied, not performed.",
        Lock::Locked => "Locked: confirming asks to unlock first.",
        Lock::Unlocked { .. } => return lines,
    };
    lines.push(Row::new(width).put(locked, scene.paint.muted()).line());
    lines
}

fn wrapped(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 3).iter().map(|part| warned(scene, part, width)).collect()
}

/// The text that must be typed, and what was typed so far.
pub(super) fn asks(scene: &Scene<'_>, typed: &Typed, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let ask = Row::new(width)
        .put("Type ", paint.plain())
        .put(&typed.wanted, paint.title())
        .put(" to confirm:", paint.plain());
    let row = Row::new(width).put("> ", paint.key());
    let room = row.room().saturating_sub(2);
    let (mark, style) = if typed.is_right() { (" ✓", paint.of(Meaning::Good)) } else { ("", Style::new()) };
    let row = row.spans(field::line(paint, &typed.field.text(), Some(typed.field.cursor()), room).spans);
    vec![ask.line(), row.put(mark, style).line()]
}

pub(super) fn operation(scene: &Scene<'_>, id: OperationId, top: usize, width: usize) -> Content {
    let Some(operation) = scene.model.operation(id) else {
        let body = vec![warned(scene, "This operation is not known any more.", width)];
        let keys = keys(scene, Context::Dialog, &[(Command::Back, "close")]);
        return Content {
            title: format!("Operation {id}"),
            above: Vec::new(),
            body,
            below: Vec::new(),
            view: View::From(0),
            keys,
        };
    };
    let hints: &[(Command, &str)] = match operation.is_running() {
        true => &[(Command::Cancel, "stop after this step"), (Command::Back, "to the background")],
        false => &[(Command::Back, "close")],
    };
    Content {
        title: format!("{}: {}", phase(operation.outcome.as_ref()), deed(operation.plan.kind, &operation.plan.subject)),
        above: Vec::new(),
        body: plan::operation_lines(&scene.paint, operation, width),
        below: Vec::new(),
        view: View::From(top),
        keys: keys(scene, Context::Dialog, hints),
    }
}
