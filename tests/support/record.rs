//! Frames as an SVG that moves: what the README shows of the program is drawn from what the program drew.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

/// Pixels of a cell, and of the frame around the screen.
const CELL: (f64, usize) = (8.0, 17);
const EDGE: usize = 10;
/// Seconds that a frame stays.
const SECONDS: f64 = 2.6;

/// One frame with what is said below it.
pub struct Frame {
    pub screen: Buffer,
    pub caption: String,
}

/// All frames, one after the other, for ever.
pub fn svg(title: &str, frames: &[Frame]) -> String {
    let area = frames[0].screen.area;
    let (width, rows) = ((f64::from(area.width) * CELL.0) as usize, usize::from(area.height));
    let height = rows * CELL.1;
    let (outer, total) = (height + 2 * EDGE + 2 * CELL.1, frames.len() as f64 * SECONDS);
    let share = 100.0 / frames.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {outer}\" role=\"img\" xml:space=\"preserve\">\n<title>{}</title>\n\
         <style>\ntext{{font:13px ui-monospace,Menlo,Consolas,monospace;white-space:pre;fill:#d0d0d0}}\n\
         .f{{visibility:hidden;animation:s {total:.1}s step-end infinite}}\n\
         @keyframes s{{0%{{visibility:visible}}{share:.3}%{{visibility:hidden}}}}\n</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#16181d\"/>\n",
        width + 2 * EDGE,
        escaped(title)
    );
    for (at, frame) in frames.iter().enumerate() {
        let delay = at as f64 * SECONDS;
        let _ = writeln!(out, "<g class=\"f\" style=\"animation-delay:{delay:.1}s\">");
        for y in 0..area.height {
            row(&mut out, &frame.screen, y);
        }
        let y = EDGE + height + CELL.1 + 4;
        let _ = writeln!(
            out,
            "<text x=\"{EDGE}\" y=\"{y}\" style=\"fill:#8fbcbb\">{}</text>\n</g>",
            escaped(&frame.caption)
        );
    }
    out + "</svg>\n"
}

/// The row as runs of one style.
fn row(out: &mut String, screen: &Buffer, y: u16) {
    let cells: Vec<&Cell> = (0..screen.area.width).map(|x| &screen[(x, y)]).collect();
    let mut start = 0;
    while start < cells.len() {
        let style = look(cells[start]);
        let end = (start..cells.len()).find(|at| look(cells[*at]) != style).unwrap_or(cells.len());
        let text: String = cells[start..end].iter().map(|cell| cell.symbol()).collect();
        run(out, (start, end - start, usize::from(y)), &text, &style);
        start = end;
    }
}

fn run(out: &mut String, (x, cells, y): (usize, usize, usize), text: &str, style: &(String, Option<String>)) {
    let (left, width) = (x as f64 * CELL.0 + EDGE as f64, cells as f64 * CELL.0);
    let top = y * CELL.1 + EDGE;
    if let Some(background) = &style.1 {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{background}\"/>",
            CELL.1
        );
    }
    if !text.trim().is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"{left}\" y=\"{}\" textLength=\"{width}\"{}>{}</text>",
            top + CELL.1 - 4,
            style.0,
            escaped(text)
        );
    }
}

/// Attributes of the text, and the colour behind it.
fn look(cell: &Cell) -> (String, Option<String>) {
    let mut styles = Vec::new();
    if let Some(color) = color(cell.fg) {
        styles.push(format!("fill:{color}"));
    }
    if cell.modifier.contains(Modifier::BOLD) {
        styles.push("font-weight:bold".to_owned());
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        styles.push("text-decoration:underline".to_owned());
    }
    let attributes = if styles.is_empty() { String::new() } else { format!(" style=\"{}\"", styles.join(";")) };
    (attributes, color(cell.bg))
}

fn color(color: Color) -> Option<String> {
    let hex = match color {
        Color::Reset => return None,
        Color::DarkGray => "#7a7f87",
        Color::LightCyan | Color::Cyan => "#7fd7e0",
        Color::LightRed | Color::Red => "#ff7b72",
        Color::LightGreen | Color::Green => "#8ddb8c",
        Color::LightYellow | Color::Yellow => "#f0c674",
        Color::LightMagenta | Color::Magenta => "#d2a8ff",
        Color::LightBlue | Color::Blue => "#79b8ff",
        Color::Indexed(index @ 232..) => {
            let gray = 8 + 10 * (u32::from(index) - 232);
            return Some(format!("#{gray:02x}{gray:02x}{gray:02x}"));
        }
        _ => "#d0d0d0",
    };
    Some(hex.to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
