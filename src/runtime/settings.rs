//! Files: settings, keymap and the directories they and the journal live in. Wrong files never
//! prevent starting: the defaults apply and the problems are shown.

use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use crate::{
    app::keys::Keys,
    config::{problem::Problem, settings::Settings, theme::Theme},
};

/// What the files said.
pub struct Loaded {
    /// Settings, defaults where the files are silent or wrong.
    pub settings: Settings,
    /// Keys.
    pub keys: Keys,
    /// What is wrong with the files.
    pub problems: Vec<Problem>,
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
    let settings = match file.as_deref().and_then(|file| read(file, chosen.is_some(), &mut problems)) {
        Some((name, text)) => {
            let (settings, wrong) = Settings::parse(&name, &text);
            problems.extend(wrong);
            settings
        }
        None => Settings::default(),
    };
    let keymap = file.map(|file| file.with_file_name("keymap.toml"));
    let keys = match keymap.as_deref().and_then(|file| read(file, false, &mut problems)) {
        Some((name, text)) => {
            let (keys, wrong) = Keys::parse(&name, &text);
            problems.extend(wrong);
            keys
        }
        None => Keys::default(),
    };
    Loaded { settings, keys, problems }
}

/// A file's name and text; one that is merely absent is no problem unless it was asked for.
fn read(file: &Path, asked: bool, problems: &mut Vec<Problem>) -> Option<(String, String)> {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Some((name, text)),
        Err(error) => {
            if asked || error.kind() != std::io::ErrorKind::NotFound {
                problems.push(Problem {
                    file: name,
                    line: 0,
                    what: error.to_string(),
                    next: "Defaults apply until it can be read".to_owned(),
                });
            }
            None
        }
    }
}

/// The theme of the settings; `NO_COLOR` chooses the one that needs none. `None`: the terminal
/// has to be asked.
pub fn theme(settings: &Settings, color: bool) -> Option<Theme> {
    if color { Theme::named(&settings.theme) } else { Some(Theme::mono()) }
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
