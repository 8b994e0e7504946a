//! What a meaning looks like: the theme's styles as ratatui's, and which meaning states,
//! verdicts and mechanisms have. Colour is never alone: each has its word or glyph beside it.

use ratatui::style::{Color, Modifier, Style};

use crate::{
    config::theme::{self, Meaning, Theme},
    domain::identity::{Mechanism, State, Verdict},
};

/// The theme in the terms of the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Paint<'a> {
    theme: &'a Theme,
}

fn color(color: theme::Color) -> Option<Color> {
    match color {
        theme::Color::Reset => None,
        theme::Color::Indexed(index) => Some(sixteen(index)),
        theme::Color::Rgb(red, green, blue) => Some(Color::Rgb(red, green, blue)),
    }
}

/// The sixteen colours by name: terminals draw these in the person's own palette.
fn sixteen(index: u8) -> Color {
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
    NAMED.get(usize::from(index)).copied().unwrap_or(Color::Indexed(index))
}

fn converted(style: theme::Style) -> Style {
    let modifiers = [
        (style.bold, Modifier::BOLD),
        (style.dim, Modifier::DIM),
        (style.italic, Modifier::ITALIC),
        (style.underlined, Modifier::UNDERLINED),
        (style.reversed, Modifier::REVERSED),
    ];
    let mut out = Style::new();
    out.fg = color(style.foreground);
    out.bg = color(style.background);
    modifiers.into_iter().filter(|(on, _)| *on).fold(out, |out, (_, modifier)| out.add_modifier(modifier))
}

impl<'a> Paint<'a> {
    /// Paints with a theme.
    pub fn new(theme: &'a Theme) -> Self {
        Self { theme }
    }

    /// The style of a meaning.
    pub fn of(&self, meaning: Meaning) -> Style {
        converted(self.theme.style(meaning))
    }

    /// Ordinary text.
    pub fn plain(&self) -> Style {
        self.of(Meaning::Text)
    }

    /// Less important text.
    pub fn muted(&self) -> Style {
        self.of(Meaning::Muted)
    }

    /// Headings and names of things.
    pub fn title(&self) -> Style {
        self.of(Meaning::Title)
    }

    /// Lines between panes, and the stem of the chain.
    pub fn rule(&self) -> Style {
        self.of(Meaning::Border)
    }

    /// Keys.
    pub fn key(&self) -> Style {
        self.of(Meaning::Key)
    }

    /// The cell under a cursor: reversed in every theme.
    pub fn cursor(&self) -> Style {
        self.of(Meaning::Input).add_modifier(Modifier::REVERSED)
    }

    /// The selected row; reversed or bold if the theme forgot to make it visible.
    pub fn selection(&self) -> Style {
        let style = self.of(Meaning::Selection);
        if style == Style::new() { style.add_modifier(Modifier::REVERSED) } else { style }
    }

    /// A state's word and glyph.
    pub fn state(&self, state: State) -> Style {
        self.of(match state {
            State::Broken => Meaning::Danger,
            State::AtRisk => Meaning::Warning,
            State::Drift => Meaning::Accent,
            State::Depends => Meaning::Accent2,
            State::Unknown | State::Loading => Meaning::Muted,
            State::Ok => Meaning::Text,
        })
    }

    /// Glyph and style of a check; `None` is one that was not reached.
    pub fn check(&self, verdict: Option<Verdict>) -> (&'static str, Style) {
        match verdict {
            Some(Verdict::Ok) => ("✓", self.of(Meaning::Good)),
            Some(Verdict::Broken) => ("✗", self.of(Meaning::Danger)),
            Some(Verdict::Depends) => ("?", self.of(Meaning::Accent2)),
            Some(Verdict::Unknown) | None => ("-", self.muted()),
        }
    }

    /// A mechanism in a bar; its shade says the same.
    pub fn mechanism(&self, mechanism: Mechanism) -> Style {
        self.of(match mechanism {
            Mechanism::PodIdentity => Meaning::Accent,
            Mechanism::Irsa => Meaning::Accent2,
            Mechanism::NodeRole => Meaning::Warning,
            _ => Meaning::Muted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_is_seen_in_every_theme() {
        for theme in [Theme::plain(), Theme::mono(), Theme::dark(), Theme::light()] {
            let style = Paint::new(&theme).selection();
            assert!(style.bg.is_some() || style.add_modifier.contains(Modifier::REVERSED), "{}", theme.name);
        }
    }

    #[test]
    fn mono_uses_no_colour_at_all() {
        let theme = Theme::mono();
        for meaning in Meaning::ALL {
            let style = Paint::new(&theme).of(meaning);
            assert_eq!((style.fg, style.bg), (None, None), "{meaning:?}");
        }
    }

    #[test]
    fn the_sixteen_colours_stay_those_of_the_terminal() {
        assert_eq!(color(theme::Color::Indexed(1)), Some(Color::Red));
        assert_eq!(color(theme::Color::Indexed(200)), Some(Color::Indexed(200)));
        assert_eq!(color(theme::Color::Reset), None);
    }
}
