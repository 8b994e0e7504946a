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
        widget::{
            document::{self, DocumentLine},
            row::Row,
        },
    },
};

/// Cells of the margin.
const MARGIN: usize = 2;
/// From this width on subjects are written in full.
const ROOMY: usize = 70;
/// Lines the sentence may take.
const LONGEST: usize = 6;

fn tone(paint: &Paint<'_>, verdict: &Verdict) -> (&'static str, Style, Style) {
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

/// The document with its margin, and the number of the line that decides. `raw` shows the text
/// as IAM returned it, only wrapped.
pub fn document(
    paint: &Paint<'_>,
    policy: &TrustPolicy,
    decision: Option<&Decision>,
    raw: bool,
    width: usize,
) -> (Vec<Line<'static>>, Option<usize>) {
    let room = width.saturating_sub(MARGIN);
    let marked = decision.and_then(|decision| Some((range(decision, policy)?, tone(paint, &decision.verdict))));
    let span = marked.as_ref().map(|(span, _)| span);
    let lines = if raw { document::raw(&policy.text, room, span) } else { document::pretty(&policy.text) };
    let statement = decision.and_then(|decision| statement_range(policy, decision));
    let mark = marked.as_ref().map(|(span, (_, _, style))| (span, *style));
    let (mut drawn, mut deciding) = (Vec::new(), None);
    for line in &lines {
        for (part, touched) in line.parts(paint, mark, room) {
            let decides = touched && deciding.is_none();
            deciding = if decides { Some(drawn.len()) } else { deciding };
            let mut spans =
                vec![margin(paint, line, decides, statement.as_ref(), marked.as_ref().map(|(_, tone)| tone))];
            spans.extend(part.spans);
            drawn.push(Line::from(spans));
        }
    }
    (drawn, deciding)
}

type Tone = (&'static str, Style, Style);

fn margin(
    paint: &Paint<'_>,
    line: &DocumentLine<'_>,
    decides: bool,
    statement: Option<&Range<usize>>,
    tone: Option<&Tone>,
) -> Span<'static> {
    match tone {
        Some((glyph, style, _)) if decides => Span::styled(format!("{glyph} "), *style),
        _ if statement.is_some_and(|range| line.is_in(range)) => Span::styled("│ ", paint.rule()),
        _ => Span::raw("  "),
    }
}

fn range(decision: &Decision, policy: &TrustPolicy) -> Option<Range<usize>> {
    match decision.span {
        Some(span) => Some(span.start..span.end),
        None => statement_range(policy, decision),
    }
}

fn statement_range(policy: &TrustPolicy, decision: &Decision) -> Option<Range<usize>> {
    let statement = policy.document.as_ref().ok()?.statements().get(decision.statement?)?;
    Some(statement.span.start..statement.span.end)
}
