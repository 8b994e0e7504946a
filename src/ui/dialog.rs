//! What lies over a page. Every dialog is the same shape: something fixed above, a body that
//! may scroll, something fixed below, and its keys on the border.

mod access;
mod changed;
mod clusters;
mod copy;
mod help;
mod options;
mod pick;
mod plan;
mod small;
mod why;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        command::{Command, Context},
        dialog::Dialog,
        message::Measure,
        wait::Awaited,
    },
    ui::{
        scene::Scene,
        widget::{panel, row::Row, scroll},
    },
};

/// A dialog, laid out for a width.
pub(super) struct Content {
    title: String,
    above: Vec<Line<'static>>,
    body: Vec<Line<'static>>,
    below: Vec<Line<'static>>,
    view: View,
    keys: Vec<(String, String)>,
}

/// Which part of the body is seen.
enum View {
    /// From this line on.
    From(usize),
    /// Wherever this line is.
    Around(usize),
}

/// Widest content of each kind.
fn widest(dialog: &Dialog) -> u16 {
    match dialog {
        Dialog::Help(_) => 104,
        Dialog::Confirm(_) | Dialog::Operation(..) | Dialog::Why(_) | Dialog::Access(_) | Dialog::Changed(_) => 92,
        Dialog::Role(_) | Dialog::Options(_) | Dialog::Copy(_) => 88,
        Dialog::Account(_) | Dialog::Clusters(_) => 76,
        Dialog::Palette(_) => 72,
        Dialog::Prove(_) => 84,
        Dialog::Unlock(_) | Dialog::Restart(_) => 64,
    }
}

/// Tallest content: whoever reads on a slow line sees a scrolled help sooner than a whole one.
fn tallest(dialog: &Dialog) -> u16 {
    match dialog {
        Dialog::Help(_) => 28,
        _ => u16::MAX,
    }
}

fn content(scene: &Scene<'_>, dialog: &Dialog, width: usize) -> Content {
    match dialog {
        Dialog::Help(scroll) => help::content(scene, scroll.top, width),
        Dialog::Palette(palette) => pick::palette(scene, palette, width),
        Dialog::Account(form) => pick::account(scene, form, width),
        Dialog::Role(form) => pick::role(scene, form, width),
        Dialog::Options(form) => options::content(scene, form, width),
        Dialog::Confirm(confirm) => plan::confirm(scene, confirm, width),
        Dialog::Operation(id, scroll) => plan::operation(scene, *id, scroll.top, width),
        Dialog::Unlock(unlock) => small::unlock(scene, unlock, width),
        Dialog::Prove(form) => small::prove(scene, form, width),
        Dialog::Restart(offer) => small::restart(scene, offer, width),
        Dialog::Why(why) => why::content(scene, why, width),
        Dialog::Access(form) => access::content(scene, form, width),
        Dialog::Changed(form) => changed::content(scene, form, width),
        Dialog::Copy(menu) => copy::content(scene, menu, width),
        Dialog::Clusters(picker) => clusters::content(scene, picker, width),
    }
}

/// Draws a dialog over `area` and tells how much of its body is seen.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, dialog: &Dialog) -> Measure {
    let width = widest(dialog).min(area.width.saturating_sub(panel::CHROME_WIDTH));
    let content = content(scene, dialog, usize::from(width));
    let fixed = content.above.len() + content.below.len();
    let wanted = u16::try_from(fixed + content.body.len()).unwrap_or(u16::MAX).min(tallest(dialog));
    let place = panel::place(area, width, wanted);
    let inside = panel::draw(&scene.paint, buffer, place, &content.title, &content.keys);
    let [above, body, below] = parts(inside, content.above.len(), content.below.len());
    scroll::draw(&scene.paint, buffer, above, &content.above, 0);
    let offset = match content.view {
        View::From(line) => line,
        View::Around(line) => scroll::following(line, content.body.len(), body.height),
    };
    scroll::draw(&scene.paint, buffer, body, &content.body, offset);
    scroll::draw(&scene.paint, buffer, below, &content.below, 0);
    Measure { body: usize::from(body.height), lines: content.body.len(), top: offset, ..Measure::default() }
}

/// What is below stays visible at any height, then what is above.
fn parts(inside: Rect, above: usize, below: usize) -> [Rect; 3] {
    let below = (below as u16).min(inside.height);
    let above = (above as u16).min(inside.height - below);
    let body = inside.height - below - above;
    let part = |y: u16, height: u16| Rect { y: inside.y + y, height, ..inside };
    [part(0, above), part(above, body), part(above + body, below)]
}

/// What a dialog waits for: nothing while that may still come in time.
fn awaited(scene: &Scene<'_>, awaited: Awaited, width: usize) -> Vec<Line<'static>> {
    let Some(said) = scene.sign(awaited) else { return vec![Line::default()] };
    vec![Row::new(width).put(&said, scene.paint.muted()).line()]
}

/// Keys with words, those that are bound.
fn keys(scene: &Scene<'_>, context: Context, hints: &[(Command, &str)]) -> Vec<(String, String)> {
    hints.iter().filter_map(|(command, word)| Some((scene.key(context, *command)?, (*word).to_owned()))).collect()
}
