//! Files: settings, keymap and the directories they and the journal live in. Wrong files never
//! prevent starting: the defaults apply and the problems are shown.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use crate::{
    app::keys::Keys,
    config::{
        problem::Problem,
        settings::Settings,
        theme::{BUILT_IN, Theme},
    },
};

/// What the files said.
#[derive(Clone)]
pub struct Loaded {
    /// Settings, defaults where the files are silent or wrong.
    pub settings: Settings,
    /// Keys.
    pub keys: Keys,
    /// The file of settings; keys and themes stand beside it.
    pub file: Option<PathBuf>,
    /// What is wrong with the files.
    pub problems: Vec<Problem>,
    /// When each file had been written last, looked up before it was read: a change while it is read counts as one.
    pub stamps: Vec<Option<SystemTime>>,
}

impl Loaded {
    /// Defaults, without any file.
    pub fn defaults() -> Self {
        let (settings, keys) = (Settings::default(), Keys::default());
        Self { settings, keys, file: None, problems: Vec::new(), stamps: Vec::new() }
    }

    /// The theme of the settings as they hold in a context, if the terminal needs not be asked; and what is wrong
    /// with its file. Without colours there is one that needs none.
    pub fn theme(&self, settings: &Settings, color: bool) -> (Option<Theme>, Vec<Problem>) {
        let name = settings.theme.as_str();
        match Theme::named(name) {
            _ if !color => (Some(Theme::mono()), Vec::new()),
            Some(theme) => (Some(theme), Vec::new()),
            None if name == "auto" => (None, Vec::new()),
            None => self.theme_of_file(name),
        }
    }

    fn theme_of_file(&self, name: &str) -> (Option<Theme>, Vec<Problem>) {
        let file = self.file.as_ref().map(|file| file.with_file_name(format!("{name}.toml")));
        let mut problems = Vec::new();
        let read = file.as_deref().filter(|_| is_a_name(name)).and_then(|file| read(file, true, &mut problems));
        match read {
            Some((file, text)) => {
                let (theme, mut wrong) = Theme::parse(name, &text);
                wrong.iter_mut().for_each(|problem| problem.file.clone_from(&file));
                (Some(theme), wrong)
            }
            None => {
                let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                let next = format!("Write auto, {}, or the name of a file beside config.toml", known.join(", "));
                problems.insert(0, Problem::of_file("config.toml", format!("there is no theme `{name}`"), next));
                problems.truncate(1);
                (None, problems)
            }
        }
    }

    /// Whether a file was written, made or removed since it was read.
    pub fn is_outdated(&self) -> bool {
        let files = self.file.as_deref().map(|file| files(file, &self.settings)).unwrap_or_default();
        files.into_iter().map(|file| written(&file)).ne(self.stamps.iter().copied())
    }
}

/// The files of settings, keys and theme, in the order in which they are read.
fn files(file: &Path, settings: &Settings) -> Vec<PathBuf> {
    let theme = format!("{}.toml", settings.theme);
    vec![file.to_path_buf(), file.with_file_name("keymap.toml"), file.with_file_name(theme)]
}

fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|found| found.modified()).ok()
}

/// No path leads out of the folder.
fn is_a_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.')
}

/// The state directory: `--state-dir`, else the platform's own (XDG, on macOS too).
pub fn state_directory(chosen: Option<&Path>) -> PathBuf {
    if let Some(chosen) = chosen {
        return chosen.to_path_buf();
    }
    let standard = strategy().and_then(|strategy| strategy.state_dir());
    standard.unwrap_or_else(|| std::env::temp_dir().join("rolecall"))
}

fn strategy() -> Option<impl AppStrategy> {
    choose_app_strategy(AppStrategyArgs {
        top_level_domain: "io".to_owned(),
        author: "rolecall".to_owned(),
        app_name: "rolecall".to_owned(),
    })
    .ok()
}

/// Reads `config.toml` (or the file given) and the `keymap.toml` beside it.
pub fn load(chosen: Option<&Path>) -> Loaded {
    let mut problems = Vec::new();
    let standard = strategy().map(|strategy| strategy.config_dir().join("config.toml"));
    let file = chosen.map(Path::to_path_buf).or(standard);
    let keymap = file.as_ref().map(|file| file.with_file_name("keymap.toml"));
    let mut stamps: Vec<_> = file.iter().chain(&keymap).map(|file| written(file)).collect();
    let settings = match file.as_deref().and_then(|file| read(file, chosen.is_some(), &mut problems)) {
        Some((name, text)) => {
            let (settings, wrong) = Settings::parse(&name, &text);
            problems.extend(wrong);
            settings
        }
        None => Settings::default(),
    };
    stamps.extend(file.as_deref().and_then(|file| files(file, &settings).pop()).map(|theme| written(&theme)));
    let keys = match keymap.as_deref().and_then(|file| read(file, false, &mut problems)) {
        Some((name, text)) => {
            let (keys, wrong) = Keys::parse(settings.keymap, &name, &text);
            problems.extend(wrong);
            keys
        }
        None => Keys::of(settings.keymap),
    };
    Loaded { settings, keys, file, problems, stamps }
}

/// A file's name and text; one that is merely absent is no problem unless it was asked for.
fn read(file: &Path, asked: bool, problems: &mut Vec<Problem>) -> Option<(String, String)> {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Some((name, text)),
        Err(error) => {
            if asked || error.kind() != std::io::ErrorKind::NotFound {
                problems.push(Problem::of_file(&name, error.to_string(), "Defaults apply until it can be read"));
            }
            None
        }
    }
}

/// Asks the terminal for its background. Every terminal answers the question that goes with it, at
/// the distance of the connection; one that does not is taken for dark after a while.
pub fn detected_theme() -> Theme {
    use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};
    let mut options = QueryOptions::default();
    options.timeout = std::time::Duration::from_millis(500);
    match theme_mode(options) {
        Ok(ThemeMode::Light) => Theme::light(),
        Ok(ThemeMode::Dark) | Err(_) => Theme::dark(),
    }
}
