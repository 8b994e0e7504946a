//! What changed, and what failed: first what asking costs, then the events.

use ratatui::{style::Style, text::Line};

use super::{Content, View, awaited, keys};
use crate::{
    app::{
        command::{Command, Context},
        dialog::changed::{ChangedForm, Events, Looked, What},
        wait::Awaited,
    },
    config::theme::Meaning,
    domain::trail::Event,
    ui::{scene::Scene, text, widget::row::Row},
};

/// Column where what happened begins.
const WHAT: usize = 8;

pub(super) fn content(scene: &Scene<'_>, form: &ChangedForm, width: usize) -> Content {
    let heading = match form.what {
        What::Edits => "Edits of trust, policies and associations in the last 24 hours",
        What::Attempts => "Failed attempts to get its credentials in the last hour",
    };
    let above = vec![Row::new(width).put(heading, scene.paint.title()).line(), Line::default()];
    let body = match &form.looked {
        Looked::Not => wrapped(&format!("Enter makes {}.", form.budget(scene.now())), scene.paint.plain(), width),
        Looked::Waiting => awaited(scene, Awaited::Trail, width),
        Looked::Found(found) => events(scene, found, form.who, width),
    };
    let other = if form.what == What::Edits { "failed attempts" } else { "edits" };
    let who = if form.who { "hide who" } else { "show who" };
    let hints = [
        (Command::Confirm, "ask CloudTrail"),
        (Command::NextTab, other),
        (Command::Choose, who),
        (Command::Back, "close"),
    ];
    Content {
        title: format!("What changed: {}", form.title),
        above,
        body,
        below: Vec::new(),
        view: View::From(form.scroll.top),
        keys: keys(scene, Context::Dialog, &hints),
    }
}

fn wrapped(sentence: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 4).iter().map(|part| Row::new(width).put(part, style).line()).collect()
}

fn events(scene: &Scene<'_>, found: &Events, who: bool, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let mut lines: Vec<Line<'static>> = found.events.iter().flat_map(|event| shown(scene, event, who, width)).collect();
    if let Some(failure) = &found.failure {
        lines.extend(wrapped(&failure.to_string(), paint.of(Meaning::Warning), width));
    } else if lines.is_empty() {
        lines.extend(wrapped("Nothing; events arrive some minutes late.", paint.muted(), width));
    }
    if found.cut > 0 {
        lines.extend(wrapped("There are more events than were read: look in CloudTrail.", paint.muted(), width));
    }
    lines
}

fn shown(scene: &Scene<'_>, event: &Event, who: bool, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let age = format!("{} ago", text::age(scene.now().duration_since(event.at).as_secs()));
    let row = Row::new(width).column(&age, WHAT, paint.muted()).put(" ", Style::new());
    let mut lines = vec![row.put(&event.phrase(), paint.plain()).line()];
    let below = |word: String, style| Row::new(width).to(WHAT + 1).put(&word, style).line();
    if let Some((code, message)) = &event.error {
        lines.push(below(format!("{code}: {message}"), paint.of(Meaning::Danger)));
    }
    if who {
        let unknown = || "unknown".to_owned();
        let by = event.caller.clone().unwrap_or_else(unknown);
        lines.push(below(format!("{by} from {}", event.from.clone().unwrap_or_else(unknown)), paint.muted()));
    }
    lines
}
