//! Changed cells as the fewest bytes: short colours, only the attributes that differ, blanks by count, and no cursor
//! movement that a shorter one says. Slow lines feel every byte.

use std::io::{self, Write};

use ratatui::{
    buffer::Cell,
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

/// Blank cells from which on a count, and the step over them, are shorter than the spaces; at the end of a row there is
/// nothing to step over.
const BLANKS: usize = 11;
const BLANKS_AT_END: usize = 4;

/// How the next cell would look.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Look = Look { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

impl Look {
    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// Modifiers with the number that sets them and the one that takes them away.
const MODIFIERS: [(Modifier, u8, u8); 7] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Writes cells; begins and ends with plain attributes, wherever the cursor stands.
pub struct Ink<'a, W> {
    out: &'a mut W,
    width: u16,
    at: Option<(u16, u16)>,
    look: Look,
}

impl<'a, W: Write> Ink<'a, W> {
    /// Ink for a screen of this width.
    pub fn new(out: &'a mut W, width: u16) -> Self {
        Self { out, width, at: None, look: PLAIN }
    }

    /// Writes cells that come row by row, from left to right.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn draw<'c>(mut self, cells: impl Iterator<Item = (u16, u16, &'c Cell)>) -> io::Result<()> {
        let cells: Vec<(u16, u16, &Cell)> = cells.collect();
        let mut index = 0;
        while let Some((x, y, cell)) = cells.get(index).copied() {
            self.move_to(x, y)?;
            let blanks = blanks(&cells[index..]);
            let at_end = usize::from(x) + blanks >= usize::from(self.width);
            if blanks >= if at_end { BLANKS_AT_END } else { BLANKS } {
                self.erase(blanks, at_end)?;
                index += blanks;
                continue;
            }
            // Whatever colour a blank has, nobody sees it.
            if blanks == 0 || shows_blank(self.look) {
                self.change(Look::of(cell))?;
            }
            self.write(x, y, cell.symbol())?;
            index += 1;
        }
        self.change(PLAIN)
    }

    fn write(&mut self, x: u16, y: u16, symbol: &str) -> io::Result<()> {
        self.out.write_all(symbol.as_bytes())?;
        let next = x.saturating_add(u16::try_from(symbol.width().max(1)).unwrap_or(1));
        // In the last column the cursor waits; and about anything unusual terminals disagree how wide it is.
        self.at = (is_sure(symbol) && next < self.width).then_some((next, y));
        Ok(())
    }

    /// Blanks without moving the cursor.
    fn erase(&mut self, count: usize, at_end: bool) -> io::Result<()> {
        if shows_blank(self.look) {
            self.change(PLAIN)?;
        }
        if at_end { self.out.write_all(b"\x1b[K") } else { write!(self.out, "\x1b[{count}X") }
    }

    fn move_to(&mut self, x: u16, y: u16) -> io::Result<()> {
        match self.at {
            Some(at) if at == (x, y) => {}
            Some((column, row)) if row == y && column < x => step(self.out, x - column)?,
            Some((_, row)) if row + 1 == y => {
                self.out.write_all(b"\r\n")?;
                if x > 0 {
                    step(self.out, x)?;
                }
            }
            _ => write!(self.out, "\x1b[{};{}H", y + 1, x + 1)?,
        }
        self.at = Some((x, y));
        Ok(())
    }

    fn change(&mut self, to: Look) -> io::Result<()> {
        if to == self.look {
            return Ok(());
        }
        if to == PLAIN {
            self.out.write_all(b"\x1b[m")?;
        } else {
            let codes = codes(self.look, to);
            write!(self.out, "\x1b[{}m", codes.join(";"))?;
        }
        self.look = to;
        Ok(())
    }
}

fn step(out: &mut impl Write, columns: u16) -> io::Result<()> {
    if columns == 1 { out.write_all(b"\x1b[C") } else { write!(out, "\x1b[{columns}C") }
}

/// How many cells from here on are blank, plain and beside each other.
fn blanks(cells: &[(u16, u16, &Cell)]) -> usize {
    let Some((left, row, _)) = cells.first() else { return 0 };
    let is_blank = |(index, (x, y, cell)): (usize, &(u16, u16, &Cell))| {
        let beside = y == row && usize::from(*x) == usize::from(*left) + index;
        beside && cell.symbol() == " " && !shows_blank(Look::of(cell))
    };
    cells.iter().enumerate().take_while(|found| is_blank(*found)).count()
}

/// Whether a blank of this look shows more than the terminal's own background.
fn shows_blank(look: Look) -> bool {
    let shows = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
    look.bg != Color::Reset || look.modifier.intersects(shows)
}

/// Printable ASCII, lines, blocks and the few marks that are drawn: one cell everywhere.
fn is_sure(symbol: &str) -> bool {
    let sure = |c: char| matches!(c, ' '..='~' | '\u{2500}'..='\u{259f}' | '✓' | '✗' | '·');
    let mut letters = symbol.chars();
    letters.next().is_some_and(sure) && letters.next().is_none()
}

/// The numbers that lead from one look to another.
fn codes(from: Look, to: Look) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    let gone = from.modifier - to.modifier;
    let taken: Vec<u8> = MODIFIERS.iter().filter(|(one, ..)| gone.contains(*one)).map(|(_, _, off)| *off).collect();
    codes.extend(taken.iter().map(u8::to_string));
    // 22 takes bold and dim together.
    let kept = if taken.contains(&22) { from.modifier - Modifier::BOLD - Modifier::DIM } else { from.modifier };
    let new = to.modifier - kept;
    codes.extend(MODIFIERS.iter().filter(|(one, ..)| new.contains(*one)).map(|(_, on, _)| on.to_string()));
    if from.fg != to.fg {
        codes.push(color(to.fg, 30));
    }
    if from.bg != to.bg {
        codes.push(color(to.bg, 40));
    }
    codes.dedup();
    codes
}

/// A colour as text (`base` 30) or as background (`base` 40).
fn color(color: Color, base: u8) -> String {
    let sixteen = |index: u8| if index < 8 { base + index } else { base + 60 + index - 8 };
    match color {
        Color::Reset => (base + 9).to_string(),
        Color::Black => sixteen(0).to_string(),
        Color::Red => sixteen(1).to_string(),
        Color::Green => sixteen(2).to_string(),
        Color::Yellow => sixteen(3).to_string(),
        Color::Blue => sixteen(4).to_string(),
        Color::Magenta => sixteen(5).to_string(),
        Color::Cyan => sixteen(6).to_string(),
        Color::Gray => sixteen(7).to_string(),
        Color::DarkGray => sixteen(8).to_string(),
        Color::LightRed => sixteen(9).to_string(),
        Color::LightGreen => sixteen(10).to_string(),
        Color::LightYellow => sixteen(11).to_string(),
        Color::LightBlue => sixteen(12).to_string(),
        Color::LightMagenta => sixteen(13).to_string(),
        Color::LightCyan => sixteen(14).to_string(),
        Color::White => sixteen(15).to_string(),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}
