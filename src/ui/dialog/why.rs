//! An AWS error, pasted: what the text says, whom it is about, what to do.

use ratatui::{style::Style, text::Line};

use super::{Content, View, keys};
use crate::{
    app::{
        command::{Command, Context},
        dialog::why::Why,
    },
    config::theme::Meaning,
    domain::{identity::HopKind, symptom::answer::Answer},
    ui::{
        scene::Scene,
        text,
        widget::{field, row::Row},
    },
};

/// Column where values begin.
const VALUES: usize = 11;
/// Lines of one sentence at most.
const LONGEST: usize = 4;

pub(super) fn content(scene: &Scene<'_>, why: &Why, width: usize) -> Content {
    let row = Row::new(width).put("error: ", scene.paint.muted());
    let room = row.room();
    let text = why.field.text();
    let input = row.spans(field::line(&scene.paint, &text, Some(why.field.cursor()), room).spans).line();
    let (body, hints) = match &why.answer {
        Some(answer) if why.chosen().is_some() => (answered(scene, answer, why.cursor, width), true),
        Some(answer) => (answered(scene, answer, why.cursor, width), false),
        None => (wrapped(hint(why), scene.paint.muted(), width), false),
    };
    let mut words = Vec::new();
    if hints {
        words.push((Command::Confirm, "open its chain"));
    }
    if why.found() > 1 {
        words.push((Command::MoveDown, "next"));
    }
    words.push((Command::Back, "close"));
    Content {
        title: "Why: an AWS error".to_owned(),
        above: vec![input, Line::default()],
        body,
        below: Vec::new(),
        view: View::From(0),
        keys: keys(scene, Context::Text, &words),
    }
}

fn hint(why: &Why) -> &'static str {
    if why.field.is_empty() {
        "Paste the error as it was logged: plain, JSON or XML, one line or many."
    } else {
        "Nothing in this text is known. Paste the whole line of the log, with the error of AWS."
    }
}

fn wrapped(sentence: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, LONGEST).iter().map(|part| Row::new(width).put(part, style).line()).collect()
}

fn answered(scene: &Scene<'_>, answer: &Answer, cursor: usize, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let mut lines = wrapped(&answer.means, paint.of(Meaning::Warning), width);
    lines.push(Line::default());
    lines.extend(said(scene, answer, width));
    for (at, found) in answer.found.iter().enumerate() {
        let selected = at == cursor;
        let label = if at == 0 { "about" } else { "" };
        let state = answer.state.filter(|_| at == 0);
        let row = Row::new(width).column(label, VALUES - 2, paint.muted());
        let row = row.to(VALUES - 2).put(if selected { "> " } else { "  " }, paint.key());
        let row = row.put(found.word(), paint.muted()).put(" ", Style::new());
        let row = row.put(&found.to_string(), paint.title());
        let row =
            row.end(state.map_or("", |state| state.word()), state.map_or(paint.plain(), |state| paint.state(state)));
        lines.push(row.line());
    }
    for note in &answer.notes {
        lines.extend(value(scene, "", note, width));
    }
    lines.extend(value(scene, "do", &answer.todo, width));
    lines
}

/// What the text says, a line each.
fn said(scene: &Scene<'_>, answer: &Answer, width: usize) -> Vec<Line<'static>> {
    let symptom = &answer.symptom;
    let reason = match answer.code {
        Some(code) => format!("{}  {code}", symptom.cause.word),
        None => symptom.cause.word.to_owned(),
    };
    let principal = symptom.principal.as_ref().map(|principal| principal.text.as_str());
    let pairs = [
        ("principal", principal),
        ("action", symptom.action.as_deref()),
        ("resource", symptom.resource.as_deref()),
        ("reason", Some(reason.as_str())),
        ("hop", answer.hop.map(HopKind::word)),
    ];
    pairs
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .flat_map(|(label, it)| value(scene, label, it, width))
        .collect()
}

fn value(scene: &Scene<'_>, label: &str, found: &str, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(VALUES);
    let parts = match found.contains(' ') {
        true => text::wrap(found, room, LONGEST),
        false => vec![text::middle(found, room)],
    };
    let line = |(at, part): (usize, &String)| {
        let row = Row::new(width).column(if at == 0 { label } else { "" }, VALUES - 1, scene.paint.muted());
        row.to(VALUES).put(part, scene.paint.plain()).line()
    };
    parts.iter().enumerate().map(line).collect()
}
