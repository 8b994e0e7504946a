//! The identity chain, drawn: one hop below the other, its checks hanging on the line between
//! them, evidence aligned below a check. The first ✗ is where it stops.

use ratatui::text::Line;

use crate::{
    domain::identity::{Check, Hop, HopKind},
    ui::{style::Paint, text, widget::row::Row},
};

/// Column where subjects, details and values begin.
const VALUES: usize = 17;
/// Column where the name of a check begins.
const NAMES: usize = 4;
/// Lines one detail may take where there is room.
const LONGEST: usize = 4;
/// Lines one detail may take beside a list: the rest of the chain matters more.
const BESIDE: usize = 2;
/// From this width on there is room.
const ROOMY: usize = 50;

/// A word at the right end of a hop's line: an age, or the key that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Beside which hop.
    pub hop: HopKind,
    /// What is said.
    pub text: String,
    /// The page was opened on this hop: its line is selected.
    pub marked: bool,
}

/// All lines of a chain.
pub fn lines(paint: &Paint<'_>, hops: &[Hop], notes: &[Note], width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, hop) in hops.iter().enumerate() {
        lines.push(head(paint, hop, notes, width));
        let stem = if index + 1 < hops.len() { "│" } else { " " };
        for check in &hop.checks {
            lines.extend(check_lines(paint, check, stem, width));
        }
    }
    lines
}

fn head(paint: &Paint<'_>, hop: &Hop, notes: &[Note], width: usize) -> Line<'static> {
    let found = notes.iter().find(|note| note.hop == hop.kind);
    let note = found.map_or("", |note| note.text.as_str());
    let taken = text::width(note) + usize::from(!note.is_empty()) * 2;
    let room = width.saturating_sub(VALUES + taken);
    let line = Row::new(width)
        .column(hop.kind.word(), VALUES, paint.title())
        .put(&shortened(&hop.subject, room), paint.plain())
        .end(note, paint.muted())
        .to(width)
        .line();
    if found.is_some_and(|note| note.marked) { selected(paint, line) } else { line }
}

/// A line as the selected one; [`is_selected`] finds it again.
fn selected(paint: &Paint<'_>, mut line: Line<'static>) -> Line<'static> {
    line.style = paint.selection();
    line.spans.iter_mut().for_each(|span| span.style = span.style.patch(paint.selection()));
    line
}

/// Whether a line is the head of the hop that a page was opened on.
pub fn is_selected(paint: &Paint<'_>, line: &Line<'_>) -> bool {
    line.style == paint.selection()
}

/// ARNs and paths keep their end, anything else its beginning.
fn shortened(value: &str, width: usize) -> String {
    if value.starts_with("arn:") {
        text::middle(value, width)
    } else if value.contains(':') && !value.contains(' ') {
        text::tail_at_part(value, width)
    } else {
        text::fit(value, width)
    }
}

fn check_lines(paint: &Paint<'_>, check: &Check, stem: &str, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(VALUES);
    let details = match check.detail.contains(' ') {
        true => text::wrap(&text::short_subjects(&check.detail), room, if width < ROOMY { BESIDE } else { LONGEST }),
        false => vec![shortened(&check.detail, room)],
    };
    let (glyph, tone) = paint.check(check.verdict);
    let value = if check.verdict.is_none() { paint.muted() } else { paint.plain() };
    let first = Row::new(width)
        .put(stem, paint.rule())
        .to(2)
        .put(glyph, tone)
        .to(NAMES)
        .column(&check.name, VALUES - NAMES - 1, paint.muted())
        .to(VALUES)
        .put(details.first().map_or("", String::as_str), value);
    let more = details
        .iter()
        .skip(1)
        .map(|detail| Row::new(width).put(stem, paint.rule()).to(VALUES).put(detail, value).line());
    let evidence = check.evidence.iter().flat_map(|(label, found)| evidence_lines(paint, (label, found), stem, width));
    std::iter::once(first.line()).chain(more).chain(evidence).collect()
}

fn evidence_lines(paint: &Paint<'_>, (label, found): (&str, &str), stem: &str, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(VALUES);
    let parts = match found.contains(' ') {
        true => text::wrap(found, room, LONGEST),
        false => vec![shortened(found, room)],
    };
    let row = |index: usize, part: &String| {
        let label = if index == 0 { label } else { "" };
        let start = Row::new(width).put(stem, paint.rule()).to(6);
        start.column(label, VALUES - 7, paint.muted()).to(VALUES).put(part, paint.plain()).line()
    };
    parts.iter().enumerate().map(|(index, part)| row(index, part)).collect()
}
