//! Every setting with its type; defaults and one sentence each stand in `assets/default.toml`.
//! A wrong line is told and its default used.

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::problem::{Problem, nearest};
use crate::domain::service_account::DeclarationKeys;

/// The file with every default.
pub const DEFAULT: &str = include_str!("../../assets/default.toml");

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr, $id:literal;)*) => {
        /// What a person may settle in the configuration file or by flags.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings { $($(#[$doc])* pub $name: $type,)* }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Settings {
            /// The names in the file.
            pub const IDS: &[&str] = &[$($id),*];

            fn set(&mut self, id: &str, value: &Spanned<DeValue<'_>>) -> Result<(), Wrong> {
                match id {
                    $($id => self.$name = read(value)?,)*
                    _ => return Err(Wrong::Id),
                }
                Ok(())
            }
        }
    };
}

settings! {
    /// `auto` (asks the terminal), `dark`, `light`, `mono`, or the name of a file beside the configuration.
    theme: String = "auto".to_owned(), "theme";
    /// Glyphs from ASCII only.
    ascii: bool = false, "ascii";
    /// Wheel and clicks are taken from the terminal.
    mouse: bool = false, "mouse";
    /// Sessions cannot be unlocked.
    read_only: bool = false, "read-only";
    /// Sessions start unlocked.
    write: bool = false, "write";
    /// For how many minutes a confirmation unlocks.
    unlock_minutes: u16 = 30, "unlock-minutes";
    /// Patterns of context names in which names must be typed: `*prod*`.
    protected: Vec<String> = Vec::new(), "protected";
    /// Patterns of context and cluster names in which live proofs need not be confirmed by name.
    live_proof_contexts: Vec<String> = Vec::new(), "live-proof-contexts";
    /// Most calls a second of live proofs, Kubernetes and AWS together.
    live_proof_calls_per_second: u32 = 100, "live-proof-calls-per-second";
    /// Seconds between two readings of AWS.
    aws_interval_seconds: u32 = 300, "aws-interval-seconds";
    /// Annotation by which a service account declares the ARN of its association's role.
    declared_annotation: String = "rolecall/role-arn".to_owned(), "declared-annotation";
    /// Label by which a service account declares the name of its association's role.
    declared_label: String = "rolecall/role".to_owned(), "declared-label";
    /// A filter that the Pods list starts with.
    filter: String = String::new(), "filter";
}

enum Wrong {
    Id,
    Value(String),
}

fn read<'a, T: Deserialize<'a>>(value: &Spanned<DeValue<'a>>) -> Result<T, Wrong> {
    T::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| Wrong::Value(error.message().to_owned()))
}

impl Settings {
    /// Reads a configuration file over the defaults; what is wrong is told and left at its default.
    pub fn parse(file: &str, text: &str) -> (Self, Vec<Problem>) {
        let mut settings = Self::default();
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => return (settings, vec![Problem::syntax(file, text, &error)]),
        };
        let mut problems = Vec::new();
        for (key, value) in table.get_ref() {
            let id = key.get_ref().as_ref();
            let (what, next) = match settings.set(id, value) {
                Ok(()) => continue,
                Err(Wrong::Id) => (format!("there is no setting `{id}`"), suggestion(id)),
                Err(Wrong::Value(why)) => (format!("{id}: {why}"), "Its default is used.".to_owned()),
            };
            problems.push(Problem::at(file, text, key.span().start, what, next));
        }
        problems.sort_by_key(|problem| problem.line);
        (settings, problems)
    }

    /// By what service accounts declare associations.
    pub fn declaration_keys(&self) -> DeclarationKeys {
        DeclarationKeys {
            annotation: self.declared_annotation.as_str().into(),
            label: self.declared_label.as_str().into(),
        }
    }

    /// Whether live proofs in a context or cluster of this name need not be confirmed by name.
    pub fn allows_live_proof(&self, name: &str) -> bool {
        self.live_proof_contexts.iter().any(|pattern| matches(pattern.as_bytes(), name.as_bytes()))
    }

    /// Whether names must be typed in a context or cluster of this name.
    pub fn is_protected(&self, name: &str) -> bool {
        self.protected.iter().any(|pattern| matches(pattern.as_bytes(), name.as_bytes()))
    }
}

fn suggestion(id: &str) -> String {
    nearest(id, Settings::IDS.iter().copied())
        .map_or_else(|| "Remove the line.".to_owned(), |name| format!("Did you mean `{name}`?"))
}

/// `*` stands for any text, `?` for one byte. Linear in the text for each star.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    from = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at.min(pattern.len())..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_names_every_setting_with_its_default() {
        let (settings, problems) = Settings::parse("default.toml", DEFAULT);
        assert_eq!(problems, []);
        assert_eq!(settings, Settings::default());
        let table = DeTable::parse(DEFAULT).unwrap();
        for id in Settings::IDS {
            assert!(table.get_ref().contains_key(*id), "{id} is missing");
        }
    }

    #[test]
    fn a_wrong_line_is_told_and_the_others_hold() {
        let (settings, problems) = Settings::parse("config.toml", "ascii = true\nreadonly = true\nmouse = \"yes\"\n");
        assert!(settings.ascii && !settings.mouse && !settings.read_only);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("line 2") && told[0].contains("Did you mean `read-only`?"), "{told:?}");
        assert!(told[1].contains("line 3") && told[1].contains("mouse"), "{told:?}");
    }

    #[test]
    fn a_text_that_is_no_toml_leaves_every_default() {
        let (settings, problems) = Settings::parse("config.toml", "ascii = true\n= broken\n");
        assert_eq!(settings, Settings::default());
        assert_eq!(problems[0].line, 2);
    }

    #[test]
    fn a_protected_pattern_matches_anywhere_its_stars_allow() {
        let settings = Settings { protected: vec!["*prod*".into(), "live-?".into()], ..Settings::default() };
        for (name, protected) in
            [("prod", true), ("acme-prod-eu", true), ("dev", false), ("live-1", true), ("live-10", false)]
        {
            assert_eq!(settings.is_protected(name), protected, "{name}");
        }
    }
}
