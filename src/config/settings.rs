//! Every setting with its type; defaults and one sentence each stand in `assets/default.toml`.
//! A wrong line is told and its default used.

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{
    keymap::Preset,
    problem::{Problem, nearest},
};
use crate::domain::service_account::DeclarationKeys;

/// The file with every default.
pub const DEFAULT: &str = include_str!("../../assets/default.toml");

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr, $id:literal;)*) => {
        /// What a person may settle in the configuration file or by flags.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[$doc])* pub $name: $type,)*
            /// What holds in some contexts only, in the order of the file.
            pub contexts: Vec<ContextSettings>,
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($name: $default,)* contexts: Vec::new() }
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
    /// `auto` (asks the terminal), one of the built-in themes, or the name of a file beside the configuration.
    theme: String = "auto".to_owned(), "theme";
    /// The keys that the keymap file is read on top of.
    keymap: Preset = Preset::Default, "keymap";
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
    /// The command that logs in to AWS; ` --profile NAME` follows where a profile is known.
    login_command: String = "aws sso login".to_owned(), "login-command";
    /// Names, account ids and ARNs are replaced in what leaves: copies and exports.
    redact: bool = false, "redact";
    /// A filter that the Pods list starts with.
    filter: String = String::new(), "filter";
}

/// What holds in the contexts of a pattern only: `[context."*prod*"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextSettings {
    /// Which contexts: `*` is any text, `?` one byte.
    pub pattern: String,
    /// Sessions cannot be unlocked.
    pub read_only: Option<bool>,
    /// Sessions start unlocked.
    pub write: Option<bool>,
    /// Names must be typed.
    pub protected: Option<bool>,
    /// Another theme.
    pub theme: Option<String>,
    /// The AWS profile, where no flag names one.
    pub profile: Option<String>,
    /// ARN of a role to assume with the profile's credentials.
    pub role: Option<String>,
}

impl ContextSettings {
    /// The names in a section.
    pub const IDS: &[&str] = &["read-only", "write", "protected", "theme", "profile", "role"];

    /// Whether it is about a context.
    pub fn is_about(&self, context: &str) -> bool {
        matches(self.pattern.as_bytes(), context.as_bytes())
    }

    fn set(&mut self, id: &str, value: &Spanned<DeValue<'_>>) -> Result<(), Wrong> {
        match id {
            "read-only" => self.read_only = Some(read(value)?),
            "write" => self.write = Some(read(value)?),
            "protected" => self.protected = Some(read(value)?),
            "theme" => self.theme = Some(read(value)?),
            "profile" => self.profile = Some(read(value)?),
            "role" => self.role = Some(read(value)?),
            _ => return Err(Wrong::Id),
        }
        Ok(())
    }
}

/// Takes what is wrong: where, which setting, what, and the names that there are.
type Told<'a> = &'a mut dyn FnMut(usize, &str, Wrong, &[&str]);

enum Wrong {
    Id,
    Value(String),
}

impl Wrong {
    /// What the caret points at: the name that is not known, or the value.
    fn place(&self, name: usize, value: &Spanned<DeValue<'_>>) -> usize {
        match self {
            Self::Id => name,
            Self::Value(_) => value.span().start,
        }
    }
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
        let mut told = |at: usize, id: &str, wrong: Wrong, known: &[&str]| {
            let (what, next) = match wrong {
                Wrong::Id => (format!("there is no setting `{id}`"), suggestion(id, known)),
                Wrong::Value(why) => (format!("{id}: {why}"), "Its default is used.".to_owned()),
            };
            problems.push(Problem::at(file, text, at, what, next));
        };
        for (key, value) in table.get_ref() {
            let id = key.get_ref().as_ref();
            match (id, value.get_ref()) {
                ("context", DeValue::Table(sections)) => settings.read_contexts(sections, &mut told),
                _ => {
                    if let Err(wrong) = settings.set(id, value) {
                        told(wrong.place(key.span().start, value), id, wrong, Self::IDS);
                    }
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
        (settings, problems)
    }

    /// The sections of contexts, in the order of the file.
    fn read_contexts(&mut self, sections: &DeTable<'_>, told: Told<'_>) {
        let mut found: Vec<(usize, ContextSettings)> = Vec::new();
        for (pattern, section) in sections {
            let mut context = ContextSettings { pattern: pattern.get_ref().to_string(), ..ContextSettings::default() };
            let DeValue::Table(lines) = section.get_ref() else {
                let why = "a context has a section of its own: [context.\"NAME\"]".to_owned();
                told(pattern.span().start, "context", Wrong::Value(why), ContextSettings::IDS);
                continue;
            };
            for (key, value) in lines {
                if let Err(wrong) = context.set(key.get_ref(), value) {
                    told(wrong.place(key.span().start, value), key.get_ref(), wrong, ContextSettings::IDS);
                }
            }
            found.push((pattern.span().start, context));
        }
        found.sort_by_key(|(at, _)| *at);
        self.contexts = found.into_iter().map(|(_, context)| context).collect();
    }

    /// The settings as they hold in a context: later sections win over earlier ones. Read-only by any of them cannot
    /// be taken back by another or by a flag.
    #[must_use]
    pub fn within(&self, context: &str) -> Self {
        let mut settings = self.clone();
        for section in self.contexts.iter().filter(|section| section.is_about(context)) {
            settings.read_only |= section.read_only.unwrap_or(false);
            settings.write = section.write.unwrap_or(settings.write);
            settings.theme = section.theme.clone().unwrap_or(settings.theme);
        }
        settings.write &= !settings.read_only;
        settings
    }

    /// The profile that a context's sections name, and the role to assume with it.
    pub fn credentials(&self, context: &str) -> (Option<String>, Option<String>) {
        let about: Vec<&ContextSettings> = self.contexts.iter().filter(|section| section.is_about(context)).collect();
        let last =
            |of: fn(&ContextSettings) -> &Option<String>| about.iter().rev().find_map(|section| of(section).clone());
        (last(|section| &section.profile), last(|section| &section.role))
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
        let mut about = self.contexts.iter().rev().filter(|section| section.is_about(name));
        let listed = self.protected.iter().any(|pattern| matches(pattern.as_bytes(), name.as_bytes()));
        about.find_map(|section| section.protected).unwrap_or(listed)
    }
}

fn suggestion(id: &str, known: &[&str]) -> String {
    nearest(id, known.iter().copied())
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

    const CONTEXTS: &str = "theme = \"dark\"\nprotected = [\"*prod*\"]\n\n[context.\"*prod*\"]\nread-only = true\nprofile = \"audit\"\n\n\
        [context.\"prod-sandbox\"]\nprotected = false\nwrite = true\ntheme = \"light\"\nrole = \"arn:aws:iam::111122223333:role/dev\"\n";

    #[test]
    fn a_context_has_settings_of_its_own_and_read_only_cannot_be_taken_back() {
        let (settings, problems) = Settings::parse("config.toml", CONTEXTS);
        assert_eq!(problems, []);
        let sandbox = settings.within("prod-sandbox");
        assert!(sandbox.read_only && !sandbox.write, "the section for *prod* is about it too");
        assert_eq!(sandbox.theme, "light");
        assert_eq!(settings.within("prod-eu").theme, "dark");
        assert_eq!(settings.within("dev"), settings);
        assert!(settings.is_protected("prod-eu") && !settings.is_protected("prod-sandbox"));
        let role = Some("arn:aws:iam::111122223333:role/dev".to_owned());
        assert_eq!(settings.credentials("prod-sandbox"), (Some("audit".to_owned()), role));
        assert_eq!(settings.credentials("dev"), (None, None));
    }

    #[test]
    fn a_wrong_line_of_a_context_is_told_with_its_place() {
        let text = "[context.dev]\nreadonly = true\nprofile = 7\n\n[context]\nx = 1\n";
        let (settings, problems) = Settings::parse("config.toml", &text[..text.find("\n\n").unwrap()]);
        assert_eq!(settings.contexts.len(), 1);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("line 2") && told[0].contains("Did you mean `read-only`?"), "{told:?}");
        assert!(told[1].contains("line 3") && told[1].contains("profile"), "{told:?}");
        let (_, problems) = Settings::parse("config.toml", "[context]\nx = 1\n");
        assert!(problems[0].to_string().contains("a context has a section of its own"), "{problems:?}");
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
    fn an_unknown_preset_is_pointed_at_with_the_one_that_is_meant() {
        let (settings, problems) = Settings::parse("config.toml", "ascii = true\nkeymap = \"k8s\"\n");
        assert!(settings.ascii && settings.keymap == Preset::Default);
        assert_eq!(
            problems[0].pointed(),
            [
                "config.toml line 2: keymap: there is no preset `k8s`; did you mean `k9s`. Its default is used.",
                "  2 | keymap = \"k8s\"",
                "    |          ^",
            ]
        );
        let (_, problems) = Settings::parse("config.toml", "keymap = \"emacs\"\n");
        assert!(problems[0].to_string().contains("there are default and k9s"), "{problems:?}");
        assert_eq!(Settings::parse("config.toml", "keymap = \"k9s\"\n").0.keymap, Preset::K9s);
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
