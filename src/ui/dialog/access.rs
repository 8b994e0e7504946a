//! "May it do this?": what is asked, the actions that fit, the answer with the statement that decides.

use ratatui::{style::Style, text::Line};

use super::{Content, View, awaited, keys};
use crate::{
    app::{
        command::{Command, Context},
        dialog::access::{AccessForm, Asked},
        wait::Awaited,
    },
    config::theme::Meaning,
    domain::access::{NOT_EVALUATED, action},
    ui::{
        scene::Scene,
        text,
        widget::{field, row::Row},
    },
};

pub(super) fn content(scene: &Scene<'_>, form: &AccessForm, width: usize) -> Content {
    let row = Row::new(width).put("action [ARN]: ", scene.paint.muted());
    let room = row.room();
    let input = row.spans(field::line(&scene.paint, &form.field.text(), Some(form.field.cursor()), room).spans).line();
    let (body, view) = match &form.asked {
        Asked::Not => (offered(scene, form, width), View::Around(form.cursor)),
        Asked::Waiting => (awaited(scene, Awaited::Access, width), View::From(0)),
        Asked::Answered(lines) => (answered(scene, lines, width), View::From(form.scroll.top)),
    };
    let below = match &form.asked {
        Asked::Answered(_) => Vec::new(),
        _ => {
            let note = format!("Not evaluated: {NOT_EVALUATED}. Actions of {}.", action::date());
            std::iter::once(Line::default()).chain(wrapped(&note, scene.paint.muted(), width)).collect()
        }
    };
    let hints = [(Command::Confirm, "ask IAM"), (Command::NextTab, "complete"), (Command::Back, "close")];
    Content {
        title: format!("May {} do this?", form.whom),
        above: vec![input, Line::default()],
        body,
        below,
        view,
        keys: keys(scene, Context::Text, &hints),
    }
}

fn wrapped(sentence: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 4).iter().map(|part| Row::new(width).put(part, style).line()).collect()
}

fn offered(scene: &Scene<'_>, form: &AccessForm, width: usize) -> Vec<Line<'static>> {
    let line = |(at, action): (usize, &&'static str)| {
        let selected = at == form.cursor;
        let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
        let row = row.put(action, scene.paint.plain());
        if selected { row.filled(scene.paint.selection()) } else { row.line() }
    };
    form.found.iter().enumerate().map(line).collect()
}

/// The first line is the answer; the statement that decides is marked.
fn answered(scene: &Scene<'_>, lines: &[String], width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let style = |at: usize, line: &str| match (at, line.starts_with("  > ")) {
        (0, _) => paint.title(),
        (_, true) => paint.of(Meaning::Mark),
        _ => paint.plain(),
    };
    let shown = |(at, line): (usize, &String)| match line.starts_with("  > ") || text::width(line) <= width {
        true => vec![Row::new(width).put(line, style(at, line)).line()],
        false => wrapped(line, style(at, line), width),
    };
    lines.iter().enumerate().flat_map(shown).collect()
}
