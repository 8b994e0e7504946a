//! The journal of changes: newest first, the steps of the selected operation below it.

use ratatui::text::Line;

use crate::{
    app::{
        command::{Command, Context},
        screen::journal::JournalScreen,
    },
    config::theme::Meaning,
    domain::journal::{Record, RecordState, RecordedStep, StepState},
    ui::{
        scene::Scene,
        text,
        widget::{plan, row::Row as Cells},
    },
};

/// Column where the text of an entry begins.
const INDENT: usize = 3;

/// The page, and the line of the selected operation.
pub fn page(scene: &Scene<'_>, shown: &JournalScreen, width: usize) -> (Vec<Line<'static>>, usize) {
    let Some(journal) = &scene.model.journal else {
        return (vec![said(scene, "The journal is being read.", width)], 0);
    };
    let mut lines: Vec<Line<'static>> = journal.notes.iter().map(|note| warned(scene, note, width)).collect();
    if journal.records.is_empty() {
        lines.push(said(scene, "Nothing was changed from here yet.", width));
    }
    let mut selected = 0;
    for (index, record) in journal.records.iter().rev().enumerate() {
        let is_selected = index == shown.cursor;
        if is_selected {
            selected = lines.len();
        }
        lines.push(head(scene, record, is_selected, width));
        if is_selected {
            lines.extend(body(scene, record, width));
        }
    }
    (lines, selected)
}

fn said(scene: &Scene<'_>, sentence: &str, width: usize) -> Line<'static> {
    Cells::new(width).to(INDENT).put(sentence, scene.paint.muted()).line()
}

fn warned(scene: &Scene<'_>, sentence: &str, width: usize) -> Line<'static> {
    Cells::new(width).put("!", scene.paint.of(Meaning::Warning)).to(INDENT).put(sentence, scene.paint.plain()).line()
}

fn head(scene: &Scene<'_>, record: &Record, selected: bool, width: usize) -> Line<'static> {
    let paint = &scene.paint;
    let age = text::age(scene.now().duration_since(record.at).as_secs());
    let style = match record.state() {
        RecordState::Done => paint.of(Meaning::Good),
        RecordState::Failed => paint.of(Meaning::Danger),
        RecordState::Interrupted => paint.of(Meaning::Warning),
        RecordState::Running => paint.of(Meaning::Accent),
        RecordState::Undone => paint.muted(),
    };
    let title = format!("{} {}", record.begun.plan.word(), record.begun.subject);
    let row = Cells::new(width).put(if selected { ">" } else { "" }, paint.key()).to(INDENT);
    let row = row.column(record.state().word(), 13, style);
    let room = row.room().saturating_sub(12);
    let row = row.put(&text::fit(&title, room), if selected { paint.title() } else { paint.plain() });
    row.end(&format!("{age} ago"), paint.muted()).line()
}

fn body(scene: &Scene<'_>, record: &Record, width: usize) -> Vec<Line<'static>> {
    let author = &record.author;
    let facts = [
        ("id", Some(&record.id)),
        ("by", author.caller.as_ref()),
        ("in", record.begun.cluster.as_ref()),
        ("on", author.host.as_ref()),
        ("reason", author.reason.as_ref()),
        ("undoes", record.begun.undoes.as_ref()),
        ("undone by", record.undone_by.as_ref()),
    ];
    let fact = |(label, value): (&str, Option<&String>)| {
        let row = Cells::new(width).to(INDENT + 2).column(label, 11, scene.paint.muted());
        value.map(|value| row.put(value, scene.paint.plain()).line())
    };
    let mut lines: Vec<Line<'static>> = facts.into_iter().filter_map(fact).collect();
    lines.extend(record.steps.iter().flat_map(|step| step_lines(scene, step, width)));
    lines.extend(record.begun.lost.iter().map(|lost| said(scene, &format!("  did not return: {lost}"), width)));
    lines.extend(next(scene, record, width));
    lines.push(Line::default());
    lines
}

fn step_lines(scene: &Scene<'_>, step: &RecordedStep, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let (glyph, style) = match step.state {
        StepState::Done => ("✓", paint.of(Meaning::Good)),
        StepState::Failed => ("✗", paint.of(Meaning::Danger)),
        StepState::Started => ("?", paint.of(Meaning::Warning)),
        StepState::Planned | StepState::Skipped => ("-", paint.muted()),
    };
    let row = Cells::new(width).to(INDENT + 2).put(glyph, style).to(INDENT + 4);
    let room = row.room().saturating_sub(text::width(step.word()) + 2);
    let mut lines = vec![row.put(&text::fit(&step.step.summary, room), paint.plain()).end(step.word(), style).line()];
    if let Some(failure) = &step.failure {
        lines.extend(plan::failure_lines(paint, failure, width));
    }
    lines
}

/// The keys that help with it.
fn next(scene: &Scene<'_>, record: &Record, width: usize) -> Option<Line<'static>> {
    let mut row = Cells::new(width).to(INDENT + 2);
    let hints = [(Command::Undo, "undo it", record.can_undo()), (Command::Resume, "finish it", record.can_resume())];
    for (command, words, _) in hints.iter().filter(|(.., applies)| *applies) {
        let key = scene.key(Context::Detail, *command)?;
        row = row.put(&key, scene.paint.key()).put(&format!(" {words}   "), scene.paint.plain());
    }
    (record.can_undo() || record.can_resume()).then(|| row.line())
}
