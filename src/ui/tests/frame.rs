//! A frame that can be read: its rows, and below them every run of cells that is not plain.

use std::fmt::Write as _;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier},
};

use crate::{app::model::Model, config::theme::Theme, ui::render};

pub fn draw(model: &Model, theme: &Theme, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    render(model, theme, area, &mut buffer);
    buffer
}

pub fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y| (buffer.area.left()..buffer.area.right()).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (buffer.area.top()..buffer.area.bottom()).map(|y| row(y).trim_end().to_owned()).collect()
}

pub fn text(model: &Model, width: u16, height: u16) -> String {
    rows(&draw(model, &Theme::dark(), width, height)).join("\n")
}

fn named(color: Color) -> String {
    format!("{color:?}").to_lowercase()
}

/// `bold lightred on indexed(238)`; empty for a plain cell.
pub fn style(buffer: &Buffer, x: u16, y: u16) -> String {
    let cell = &buffer[(x, y)];
    let modifiers = [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::ITALIC, "italic"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ];
    let mut words: Vec<String> = modifiers
        .iter()
        .filter(|(modifier, _)| cell.modifier.contains(*modifier))
        .map(|(_, word)| (*word).to_owned())
        .collect();
    words.extend((cell.fg != Color::Reset).then(|| named(cell.fg)));
    words.extend((cell.bg != Color::Reset).then(|| format!("on {}", named(cell.bg))));
    words.join(" ")
}

/// Runs of one style in a row: `1-8 bold lightred`.
fn runs(buffer: &Buffer, y: u16) -> Vec<String> {
    let (mut runs, mut start) = (Vec::new(), 0);
    for x in 1..=buffer.area.width {
        let before = style(buffer, x - 1, y);
        if x == buffer.area.width || style(buffer, x, y) != before {
            if !before.is_empty() {
                runs.push(format!("{start}-{} {before}", x - 1));
            }
            start = x;
        }
    }
    runs
}

pub fn dump(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in rows(buffer) {
        let _ = writeln!(out, "{row}");
    }
    out.push_str("--- styles\n");
    for y in 0..buffer.area.height {
        let runs = runs(buffer, y);
        if !runs.is_empty() {
            let _ = writeln!(out, "{y:>2}: {}", runs.join(", "));
        }
    }
    out
}
