//! Terminal events as the app knows them: releases dropped, spellings of the same key made one.

use crossterm::event::{Event, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use futures::{Stream, StreamExt, future};

use crate::{
    app::message::Input,
    config::key::{Key, KeyCode},
};

/// Lines that one notch of the wheel moves.
const NOTCH: i32 = 3;

/// Everything a person does at the terminal, as long as it can be read.
pub fn events() -> impl Stream<Item = Input> + Unpin {
    let readable = crossterm::event::EventStream::new().take_while(|event| future::ready(event.is_ok()));
    let mut button = Button::default();
    readable.filter_map(move |event| {
        future::ready(event.ok().and_then(|event| button.click(&event).or_else(|| input(event))))
    })
}

/// A click is a press and a release over the same cell.
#[derive(Debug, Default)]
struct Button {
    pressed: Option<(u16, u16)>,
}

impl Button {
    fn click(&mut self, event: &Event) -> Option<Input> {
        let Event::Mouse(mouse) = event else { return None };
        let cell = (mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.pressed = Some(cell);
                None
            }
            MouseEventKind::Up(MouseButton::Left) => {
                let pressed = self.pressed.take();
                (pressed == Some(cell)).then_some(Input::Click(cell.0, cell.1))
            }
            _ => None,
        }
    }
}

/// One event, if it means anything to the app.
pub fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => self::key(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
        Event::FocusGained => Some(Input::FocusGained),
        Event::FocusLost => None,
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollDown => Some(Input::Scroll(NOTCH)),
            MouseEventKind::ScrollUp => Some(Input::Scroll(-NOTCH)),
            _ => None,
        },
    }
}

/// Some terminals report releases, Windows always does; with the kitty protocol an upper-case
/// letter may come as `c` with shift.
fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let code = match event.code {
        Code::Char(letter) if ctrl => KeyCode::Char(letter.to_ascii_lowercase()),
        Code::Char(letter) if shift => KeyCode::Char(letter.to_uppercase().next().unwrap_or(letter)),
        Code::Tab if shift => KeyCode::BackTab,
        code => self::code(code)?,
    };
    Some(Key { code, ctrl, alt: event.modifiers.contains(KeyModifiers::ALT) })
}

fn code(code: Code) -> Option<KeyCode> {
    Some(match code {
        Code::Char(letter) => KeyCode::Char(letter),
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Esc,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Insert => KeyCode::Insert,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::F(number) => KeyCode::Function(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: Code, modifiers: KeyModifiers) -> Option<Input> {
        input(Event::Key(KeyEvent::new(code, modifiers)))
    }

    #[test]
    fn a_release_is_no_key() {
        let release = KeyEvent::new_with_kind(Code::Char('c'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(input(Event::Key(release)), None);
    }

    #[test]
    fn an_upper_case_letter_is_one_key_however_it_is_reported() {
        let one = pressed(Code::Char('R'), KeyModifiers::SHIFT);
        assert_eq!(one, pressed(Code::Char('r'), KeyModifiers::SHIFT));
        assert_eq!(one, pressed(Code::Char('R'), KeyModifiers::NONE));
        assert_eq!(one, Some(Input::Key(Key::char('R'))));
    }

    #[test]
    fn control_and_a_letter_ignores_its_case() {
        assert_eq!(pressed(Code::Char('D'), KeyModifiers::CONTROL), Some(Input::Key(Key::ctrl('d'))));
    }

    #[test]
    fn a_click_is_a_press_and_a_release_over_one_cell() {
        let at = |kind, column| {
            Event::Mouse(crossterm::event::MouseEvent { kind, column, row: 7, modifiers: KeyModifiers::NONE })
        };
        let (down, up) = (MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left));
        let mut button = Button::default();
        assert_eq!(button.click(&at(up, 3)), None, "never pressed");
        assert_eq!(button.click(&at(down, 3)), None);
        assert_eq!(button.click(&at(up, 3)), Some(Input::Click(3, 7)));
        assert_eq!(button.click(&at(down, 3)), None);
        assert_eq!(button.click(&at(up, 4)), None, "drawn away");
    }

    #[test]
    fn a_paste_is_one_edit() {
        assert_eq!(input(Event::Paste("qx\n".into())), Some(Input::Paste("qx\n".into())));
    }
}
