//! What a colour says: meanings and the styles that a theme gives them. Colours are data
//! (`assets/themes/*.toml`); nothing here knows a terminal.

use std::str::FromStr;

use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::{Problem, nearest};

macro_rules! meanings {
    ($($(#[$doc:meta])* $name:ident = $id:literal;)*) => {
        /// What a piece of text means; a theme says how it looks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Meaning { $($(#[$doc])* $name,)* }

        impl Meaning {
            /// All of them, in the order of the theme files.
            pub const ALL: [Self; [$($id),*].len()] = [$(Self::$name),*];

            /// Its name in theme files.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

meanings! {
    /// Ordinary text.
    Text = "text";
    /// Less important text; also state `unknown`.
    Muted = "muted";
    /// Headings and names of things.
    Title = "title";
    /// Lines between panes.
    Border = "border";
    /// The header line.
    Header = "header";
    /// The tab that is open.
    Tab = "tab";
    /// The selected row.
    Selection = "selection";
    /// State `broken`, ✗, errors.
    Danger = "danger";
    /// State `at-risk`, warnings, `UNLOCKED`.
    Warning = "warning";
    /// State `drift`.
    Accent = "accent";
    /// State `depends`.
    Accent2 = "accent2";
    /// ✓ on hops, and nothing else.
    Good = "good";
    /// A key in footer and help.
    Key = "key";
    /// A text field.
    Input = "input";
    /// The characters that a filter or a picker matched.
    Match = "match";
    /// The line or element that decides.
    Mark = "mark";
    /// Names in JSON.
    JsonName = "json-name";
    /// Strings in JSON.
    JsonText = "json-text";
    /// Lines that a change adds.
    Added = "added";
    /// Lines that a change removes.
    Removed = "removed";
}

/// A colour as the terminal knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// The terminal's own.
    #[default]
    Reset,
    /// One of the sixteen, 0 to 15, or one of the palette's 256.
    Indexed(u8),
    /// True colour.
    Rgb(u8, u8, u8),
}

/// How a meaning looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// Colour of the text.
    pub foreground: Color,
    /// Colour behind it.
    pub background: Color,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underlined: bool,
    /// Foreground and background change places.
    pub reversed: bool,
}

/// A style for every meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    styles: [Style; Meaning::ALL.len()],
}

/// The themes that come with the program: name and text.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("colour-blind", include_str!("../../assets/themes/colour-blind.toml")),
    ("colour-blind-light", include_str!("../../assets/themes/colour-blind-light.toml")),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

impl Theme {
    /// A theme in which nothing is coloured; the selection is still reversed.
    pub fn plain() -> Self {
        let mut theme = Self { name: "plain".to_owned(), styles: [Style::default(); Meaning::ALL.len()] };
        theme.styles[Meaning::Selection as usize].reversed = true;
        theme
    }

    /// For dark backgrounds.
    pub fn dark() -> Self {
        Self::named("dark").unwrap_or_else(Self::plain)
    }

    /// For light backgrounds.
    pub fn light() -> Self {
        Self::named("light").unwrap_or_else(Self::plain)
    }

    /// Without colour: attributes only, for `NO_COLOR`.
    pub fn mono() -> Self {
        Self::named("mono").unwrap_or_else(Self::plain)
    }

    /// A theme that comes with the program.
    pub fn named(name: &str) -> Option<Self> {
        let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(name, text).0)
    }

    /// How a meaning looks.
    pub fn style(&self, meaning: Meaning) -> Style {
        self.styles[meaning as usize]
    }

    /// Reads a theme: `meaning = { fg = "red", bg = "#101010", bold = true }` or `meaning = "red"`.
    /// What is wrong is left as in [`Theme::plain`] and told with its line.
    pub fn parse(name: &str, text: &str) -> (Self, Vec<Problem>) {
        let file = format!("{name}.toml");
        let mut theme = Self { name: name.to_owned(), ..Self::plain() };
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => return (theme, vec![Problem::syntax(&file, text, &error)]),
        };
        let mut problems = Vec::new();
        for (key, value) in table.get_ref() {
            let told = |what: String, next: String| Problem::at(&file, text, key.span().start, what, next);
            match (meaning_of(key.get_ref()), style_of(value)) {
                (Some(meaning), Ok(style)) => theme.styles[meaning as usize] = style,
                (None, _) => {
                    problems.push(told(format!("there is no meaning `{}`", key.get_ref()), suggestion(key.get_ref())))
                }
                (_, Err(what)) => problems.push(told(what, "Name a colour, 0 to 255, or #rrggbb.".to_owned())),
            }
        }
        (theme, problems)
    }
}

fn meaning_of(id: &str) -> Option<Meaning> {
    Meaning::ALL.into_iter().find(|meaning| meaning.id() == id)
}

fn suggestion(id: &str) -> String {
    nearest(id, Meaning::ALL.iter().map(|meaning| meaning.id()))
        .map_or_else(|| "Remove the line.".to_owned(), |name| format!("Did you mean `{name}`?"))
}

/// A colour by name or number.
#[derive(Deserialize)]
#[serde(untagged)]
enum ColorText {
    Number(u8),
    Name(String),
}

impl ColorText {
    fn color(self) -> Result<Color, String> {
        match self {
            Self::Number(index) => Ok(Color::Indexed(index)),
            Self::Name(name) => name.parse(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StyleText {
    fg: Option<ColorText>,
    bg: Option<ColorText>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    reversed: bool,
}

fn style_of(value: &toml::Spanned<DeValue<'_>>) -> Result<Style, String> {
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        let color = ColorText::deserialize(ValueDeserializer::from(value.clone()))
            .map_err(|_| "a colour is a name, 0 to 255, or #rrggbb".to_owned())?;
        return Ok(Style { foreground: color.color()?, ..Style::default() });
    }
    let written =
        StyleText::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| error.message().to_owned())?;
    let color = |text: Option<ColorText>| text.map_or(Ok(Color::Reset), ColorText::color);
    Ok(Style {
        foreground: color(written.fg)?,
        background: color(written.bg)?,
        bold: written.bold,
        dim: written.dim,
        italic: written.italic,
        underlined: written.underlined,
        reversed: written.reversed,
    })
}

/// Names of the sixteen colours, by their index.
const COLORS: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "dark-gray",
    "light-red",
    "light-green",
    "light-yellow",
    "light-blue",
    "light-magenta",
    "light-cyan",
    "white",
];

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{text}` is no colour");
        if text == "reset" {
            return Ok(Self::Reset);
        }
        if let Some(index) = COLORS.iter().position(|name| *name == text) {
            return u8::try_from(index).map(Self::Indexed).map_err(|_| unknown());
        }
        match text.strip_prefix('#') {
            Some(digits) if digits.len() == 6 => {
                let value = u32::from_str_radix(digits, 16).map_err(|_| unknown())?;
                let [_, red, green, blue] = value.to_be_bytes();
                Ok(Self::Rgb(red, green, blue))
            }
            _ => text.parse().map(Self::Indexed).map_err(|_| unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_themes_are_whole_and_without_problems() {
        for (name, text) in BUILT_IN {
            let (theme, problems) = Theme::parse(name, text);
            assert_eq!(problems, []);
            assert!(
                theme.style(Meaning::Selection).reversed || theme.style(Meaning::Selection).background != Color::Reset
            );
            let table = DeTable::parse(text).unwrap();
            for meaning in Meaning::ALL {
                assert!(table.get_ref().contains_key(meaning.id()), "{name} lacks {}", meaning.id());
            }
        }
    }

    #[test]
    fn mono_has_no_colour_and_ordinary_text_is_the_terminals_own() {
        for meaning in Meaning::ALL {
            let style = Theme::mono().style(meaning);
            assert_eq!((style.foreground, style.background), (Color::Reset, Color::Reset));
        }
        assert_eq!(Theme::dark().style(Meaning::Text).foreground, Color::Reset);
        assert_eq!(Theme::light().style(Meaning::Text).foreground, Color::Reset);
    }

    /// What somebody sees who lacks one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
    fn seen(color: Color, matrix: [[f64; 3]; 3]) -> [f64; 3] {
        let Color::Rgb(red, green, blue) = color else { panic!("{color:?} is the terminal's own") };
        matrix.map(|row| row[0] * f64::from(red) + row[1] * f64::from(green) + row[2] * f64::from(blue))
    }

    #[test]
    fn the_colour_blind_themes_are_told_apart_without_red_and_green() {
        let protanopia = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]];
        let deuteranopia = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]];
        let meanings = [Meaning::Danger, Meaning::Warning, Meaning::Accent, Meaning::Accent2];
        for name in ["colour-blind", "colour-blind-light"] {
            let theme = Theme::named(name).unwrap();
            for matrix in [protanopia, deuteranopia] {
                for (at, one) in meanings.iter().enumerate() {
                    for other in &meanings[at + 1..] {
                        let (a, b) =
                            (seen(theme.style(*one).foreground, matrix), seen(theme.style(*other).foreground, matrix));
                        let far = (0..3).map(|part| (a[part] - b[part]).powi(2)).sum::<f64>().sqrt();
                        assert!(far > 40.0, "{name}: {one:?} and {other:?} are {far:.0} apart");
                    }
                }
            }
        }
    }

    #[test]
    fn a_wrong_theme_names_its_lines_and_keeps_the_rest() {
        let (theme, problems) = Theme::parse("mine", "danger = \"red\"\n\nwarnin = \"blue\"\naccent = \"bleu\"\n");
        assert_eq!(theme.style(Meaning::Danger).foreground, Color::Indexed(1));
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2);
        assert!(
            told.iter().any(|text| text.contains("line 3") && text.contains("Did you mean `warning`?")),
            "{told:?}"
        );
        assert!(told.iter().any(|text| text.contains("line 4") && text.contains("`bleu` is no colour")), "{told:?}");
    }
}
