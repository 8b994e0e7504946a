//! Sentences that appear for a while, in the corner above the footer; never over the selection's row
//! longer than they must.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::Line,
    widgets::{Block, Clear, Padding, Widget},
};

use crate::{
    app::{
        command::{Command, Context},
        dialog::Dialog,
        toast::{Toast, ToastKind},
    },
    ui::{scene::Scene, screen::page, text, widget::row::Row},
};

/// Cells of text in a toast.
const WIDEST: u16 = 64;
/// Lines of one sentence.
const LONGEST: usize = 4;

/// What is to be said now: an operation in view says itself how it went.
fn shown<'a>(scene: &Scene<'a>) -> Vec<&'a Toast> {
    let operating = matches!(scene.model.dialog(), Some(Dialog::Operation(..)));
    scene.model.toasts.shown().iter().filter(|toast| !operating || toast.kind == ToastKind::Notice).collect()
}

/// Draws what is to be said at the lower right of `area`, or at the upper right while a dialog
/// asks something below.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
    let width = WIDEST.min(area.width.saturating_sub(6));
    let shown = shown(scene);
    let lines: Vec<_> = shown.iter().flat_map(|toast| lines(scene, toast, usize::from(width))).collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    if lines.is_empty() || height < 3 || width < 10 {
        return;
    }
    let y = if scene.model.dialog().is_some() { area.y } else { area.bottom() - height };
    let place = Rect { x: area.right() - width - 5, y, width: width + 4, height };
    Clear.render(place, buffer);
    let worst = shown.iter().map(|toast| page::tone(scene, toast.kind).1).next_back().unwrap_or_default();
    let block = Block::bordered().border_style(worst).style(scene.paint.plain()).padding(Padding::horizontal(1));
    let block = block.title_bottom(dismissal(scene, &shown));
    let inside = block.inner(place);
    block.render(place, buffer);
    for (y, line) in (inside.top()..inside.bottom()).zip(&lines) {
        buffer.set_line(inside.x, y, line, inside.width);
    }
}

fn lines(scene: &Scene<'_>, toast: &Toast, width: usize) -> Vec<Line<'static>> {
    let (glyph, style) = page::tone(scene, toast.kind);
    let parts = text::wrap(&toast.text, width.saturating_sub(2), LONGEST);
    let line = |(index, part): (usize, &String)| {
        let glyph = if index == 0 { glyph } else { "" };
        Row::new(width).put(glyph, style).to(2).put(part, scene.paint.plain()).line()
    };
    parts.iter().enumerate().map(line).collect()
}

/// Failures stay: the key that takes them away.
fn dismissal(scene: &Scene<'_>, shown: &[&Toast]) -> Line<'static> {
    let key =
        scene.key(Context::List, Command::Back).filter(|_| shown.iter().any(|toast| toast.kind == ToastKind::Failure));
    let words = key.map_or_else(String::new, |key| format!(" {key} dismisses "));
    Line::styled(words, scene.paint.muted()).right_aligned()
}
