//! What a key costs on a slow line, and that the few bytes draw what was meant: read back by a terminal emulator.

use std::num::NonZero;

use ratatui::{buffer::Buffer, style::Color};

use super::{frame, world};
use crate::{config::theme::Theme, runtime::ink::Ink};

/// Bytes that a key may send in a window of the usual size (delight, behaviour 12).
const MOST: usize = 4_096;

/// Keys of an ordinary session: moving, opening, the trust policy, filters, pages, dialogs, every list.
const WALK: &str = "j j k G g Enter j Esc t J r Esc / \"pay Enter Esc 2 j Enter Esc 3 4 Enter t Esc Esc 5 6 Enter Esc 7 Enter Esc 1 z j z c \"web Esc ? Esc : \"sa Esc D Esc 0 Esc Y Esc Space Space = Esc";

fn words() -> Vec<String> {
    let word = |word: &str| match word.strip_prefix('"') {
        Some(letters) => letters.chars().map(|letter| format!("\"{letter}")).collect(),
        None => vec![word.to_owned()],
    };
    WALK.split(' ').flat_map(word).collect()
}

/// The bytes from one frame to the next.
fn sent(before: &Buffer, after: &Buffer) -> Vec<u8> {
    let mut bytes = Vec::new();
    Ink::new(&mut bytes, after.area.width).draw(before.diff(after).into_iter()).unwrap();
    bytes
}

#[test]
fn a_key_sends_less_than_four_kilobytes_at_120_columns() {
    let (theme, mut model) = (Theme::dark(), world::full(120, 36));
    let mut before = frame::draw(&model, &theme, 120, 36);
    let mut too_much = Vec::new();
    for key in words() {
        world::press(&mut model, &key);
        let after = frame::draw(&model, &theme, 120, 36);
        let bytes = sent(&before, &after).len();
        if bytes > MOST {
            too_much.push(format!("{key}: {bytes}"));
        }
        before = after;
    }
    assert!(too_much.is_empty(), "{too_much:?}");
}

fn color(color: Color) -> vt100::Color {
    match color {
        Color::Reset => vt100::Color::Default,
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        named => {
            const NAMED: [Color; 16] = [
                Color::Black,
                Color::Red,
                Color::Green,
                Color::Yellow,
                Color::Blue,
                Color::Magenta,
                Color::Cyan,
                Color::Gray,
                Color::DarkGray,
                Color::LightRed,
                Color::LightGreen,
                Color::LightYellow,
                Color::LightBlue,
                Color::LightMagenta,
                Color::LightCyan,
                Color::White,
            ];
            vt100::Color::Idx(NAMED.iter().position(|one| *one == named).unwrap() as u8)
        }
    }
}

/// What a cell shows: a blank shows its background only. The emulator keeps one of bold and dim, not both.
fn shows(buffer: &Buffer, x: u16, y: u16) -> String {
    use ratatui::style::Modifier as M;
    let cell = &buffer[(x, y)];
    let has = |modifier| cell.modifier.contains(modifier);
    let blank = cell.symbol() == " " && !has(M::UNDERLINED) && !has(M::REVERSED);
    let text = if blank { String::new() } else { format!("{:?} {}", color(cell.fg), has(M::BOLD) || has(M::DIM)) };
    format!("{:?} {:?} {} {} {text}", cell.symbol(), color(cell.bg), has(M::UNDERLINED), has(M::REVERSED))
}

fn shown(screen: &vt100::Screen, x: u16, y: u16) -> String {
    let cell = screen.cell(y, x).unwrap();
    let symbol = if cell.has_contents() { cell.contents() } else { " " };
    let blank = symbol == " " && !cell.underline() && !cell.inverse();
    let text = if blank { String::new() } else { format!("{:?} {}", cell.fgcolor(), cell.bold() || cell.dim()) };
    format!("{symbol:?} {:?} {} {} {text}", cell.bgcolor(), cell.underline(), cell.inverse())
}

#[test]
fn the_bytes_of_every_frame_draw_exactly_that_frame() {
    for theme in [Theme::dark(), Theme::mono(), Theme::named("colour-blind").unwrap()] {
        let (mut model, cells) = (world::full(120, 36), |count| NonZero::new(count).unwrap());
        let mut terminal = vt100::Parser::new(cells(36), cells(120), 0);
        let mut before = Buffer::empty(ratatui::layout::Rect::new(0, 0, 120, 36));
        for key in std::iter::once("g".to_owned()).chain(words()) {
            world::press(&mut model, &key);
            let after = frame::draw(&model, &theme, 120, 36);
            terminal.process(&sent(&before, &after));
            for y in 0..36 {
                for x in 0..120 {
                    let (meant, seen) = (shows(&after, x, y), shown(terminal.screen(), x, y));
                    assert_eq!(
                        meant,
                        seen,
                        "{key} in {} at column {x}, row {y}\n{}",
                        theme.name,
                        terminal.screen().contents()
                    );
                }
            }
            before = after;
        }
    }
}
