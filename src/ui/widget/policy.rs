//! A trust policy with the answer in its margin: the sentence above, ✓ ✗ or ? beside the
//! statement that decides, the exact element underlined.

use std::ops::Range;

use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    config::theme::Meaning,
    domain::{
        role::TrustPolicy,
        trust::{Decision, Verdict},
    },
    ui::{
        style::Paint,
        text,
        widget::{document, row::Row},
    },
};

/// Cells of the margin.
const MARGIN: usize = 2;
/// From this width on subjects are written in full.
const ROOMY: usize = 70;
/// Lines the sentence may take.
const LONGEST: usize = 6;

fn tone(paint: &Paint<'_>, verdict: &Verdict) -> Tone {
    let (glyph, meaning) = match verdict {
        Verdict::Allow => ("✓", Meaning::Good),
        Verdict::Deny { .. } | Verdict::Invalid => ("✗", Meaning::Danger),
        Verdict::Depends(_) => ("?", Meaning::Accent2),
    };
    let style = paint.of(meaning);
    let marked = if glyph == "✗" { paint.of(Meaning::Mark) } else { style };
    (glyph, style, marked.add_modifier(Modifier::UNDERLINED | Modifier::BOLD))
}

/// The answer in words: the sentence, what was wanted and what is there, what was probably meant.
pub fn sentence(paint: &Paint<'_>, decision: &Decision, width: usize) -> Vec<Line<'static>> {
    let (glyph, style, _) = tone(paint, &decision.verdict);
    let mut lines = Vec::new();
    for (index, part) in text::wrap(&decision.reason, width.saturating_sub(MARGIN), LONGEST).iter().enumerate() {
        let shown = if index == 0 { glyph } else { "" };
        lines.push(Row::new(width).put(shown, style).to(MARGIN).put(part, paint.plain()).line());
    }
    let compared = [("wants", &decision.expected), ("carries", &decision.found)];
    for (label, value) in compared.into_iter().filter_map(|(label, value)| Some((label, value.as_ref()?))) {
        let row = Row::new(width).to(MARGIN).column(label, 9, paint.muted());
        let room = row.room();
        lines.push(row.put(&text::tail_at_part(value, room), paint.plain()).line());
    }
    let hint =
        decision.hint.as_deref().map(|hint| if width < ROOMY { text::short_subjects(hint) } else { hint.to_owned() });
    for part in hint.iter().flat_map(|hint| text::wrap(hint, width.saturating_sub(MARGIN), LONGEST)) {
        lines.push(Row::new(width).to(MARGIN).put(&part, paint.title()).line());
    }
    lines
}

/// What of a document is marked: a statement, the element that decides in it, and how it stands.
pub struct Marked {
    /// The bytes of the statement.
    statement: Option<Range<usize>>,
    /// The bytes of the element.
    element: Option<Range<usize>>,
    /// What is said of it; `None`: nothing, the statement is only pointed to.
    verdict: Option<Verdict>,
}

impl Marked {
    /// What a decision speaks of.
    pub fn by(policy: &TrustPolicy, decision: &Decision) -> Self {
        let statement = decision.statement.and_then(|index| statement_range(policy, index));
        let element = decision.span.map(|span| span.start..span.end).or_else(|| statement.clone());
        Self { statement, element, verdict: Some(decision.verdict.clone()) }
    }

    /// A statement, without an answer.
    pub fn statement(policy: &TrustPolicy, index: usize) -> Self {
        Self { statement: statement_range(policy, index), element: None, verdict: None }
    }
}

fn statement_range(policy: &TrustPolicy, index: usize) -> Option<Range<usize>> {
    let statement = policy.document.as_ref().ok()?.statements().get(index)?;
    Some(statement.span.start..statement.span.end)
}

/// A document as it is drawn.
#[derive(Default)]
pub struct Drawn {
    /// Its lines, margin included.
    pub lines: Vec<Line<'static>>,
    /// The line that decides.
    pub deciding: Option<usize>,
    /// The lines of the marked statement.
    pub statement: Range<usize>,
    /// Cells of its longest line, were it not cut.
    pub longest: usize,
}

/// How a document is shown.
#[derive(Clone, Copy)]
pub struct Shape {
    /// The text as IAM returned it, only wrapped.
    pub raw: bool,
    /// Cells of its lines left of the first visible one; 0 cuts long values in their middle instead.
    pub column: usize,
    /// Cells there are.
    pub width: usize,
}

impl Shape {
    /// Cells that a line has beside the margin.
    pub fn room(self) -> usize {
        self.width.saturating_sub(MARGIN)
    }
}

/// The document with its margin.
pub fn document(paint: &Paint<'_>, policy: &TrustPolicy, marked: Option<&Marked>, shape: Shape) -> Drawn {
    let room = shape.room();
    let tone = marked.and_then(|marked| marked.verdict.as_ref()).map(|verdict| tone(paint, verdict));
    let element = marked.and_then(|marked| marked.element.as_ref());
    let statement = marked.and_then(|marked| marked.statement.as_ref());
    let lines = if shape.raw { document::raw(&policy.text, room, element) } else { document::pretty(&policy.text) };
    let mark = element.zip(tone.map(|(_, _, style)| style));
    let mut drawn = Drawn::default();
    for line in &lines {
        let parts = match (shape.raw, shape.column) {
            (false, 1..) => vec![line.shifted(paint, mark, shape.column, room)],
            _ => line.parts(paint, mark, room),
        };
        let inside = statement.is_some_and(|range| line.is_in(range));
        for (part, touched) in parts {
            let decides = touched && drawn.deciding.is_none();
            drawn.push(margin(paint, decides.then_some(tone).flatten(), inside), part, (decides, inside));
        }
        drawn.longest = drawn.longest.max(if shape.raw { 0 } else { line.cells() });
    }
    drawn
}

impl Drawn {
    fn push(&mut self, margin: Span<'static>, part: Line<'static>, (decides, inside): (bool, bool)) {
        let at = self.lines.len();
        if decides {
            self.deciding = Some(at);
        }
        if inside {
            self.statement = if self.statement.is_empty() { at..at + 1 } else { self.statement.start..at + 1 };
        }
        self.lines.push(Line::from_iter(std::iter::once(margin).chain(part.spans)));
    }
}

type Tone = (&'static str, Style, Style);

fn margin(paint: &Paint<'_>, tone: Option<Tone>, inside: bool) -> Span<'static> {
    match tone {
        Some((glyph, style, _)) => Span::styled(format!("{glyph} "), style),
        None if inside => Span::styled("│ ", paint.rule()),
        None => Span::raw("  "),
    }
}
