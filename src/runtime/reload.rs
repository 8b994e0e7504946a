//! The configuration files are read again when they change: a look at their times every other second, nothing else.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::settings::Loaded;
use crate::app::message::{Configured, Message};

/// How often the files' times are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Reads files and flags.
pub type Reload = Arc<dyn Fn() -> Loaded + Send + Sync>;

/// Tells the loop whenever the files say something else.
pub async fn keep(
    reload: Reload,
    mut loaded: Loaded,
    context: Option<String>,
    color: bool,
    told: mpsc::Sender<Message>,
) {
    let context = context.unwrap_or_default();
    loop {
        tokio::time::sleep(EVERY).await;
        if !loaded.is_outdated() {
            continue;
        }
        loaded = reload();
        let settings = loaded.settings.clone();
        let (theme, wrong) = loaded.theme(&settings.within(&context), color);
        let problems = loaded.problems.iter().cloned().chain(wrong).collect();
        let configured = Configured { settings, keys: loaded.keys.clone(), theme, problems };
        if told.send(Message::Configured(Box::new(configured))).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::settings;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_changed_before_anybody_looked_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "readonly = true").unwrap();
        let loaded = settings::load(Some(&file));
        assert_eq!((loaded.problems.len(), loaded.is_outdated()), (1, false));
        std::fs::File::create(&file).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();

        let (told, mut heard) = mpsc::channel(1);
        let read = file.clone();
        let reload: Reload = Arc::new(move || settings::load(Some(&read)));
        let keeping = tokio::spawn(keep(reload, loaded, None, true, told));
        let Some(Message::Configured(configured)) = heard.recv().await else { panic!("nothing was read") };
        assert!(configured.problems.is_empty());
        keeping.abort();
    }
}
