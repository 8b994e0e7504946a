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
    let mut stamps = loaded.stamps();
    loop {
        tokio::time::sleep(EVERY).await;
        if loaded.stamps() == stamps {
            continue;
        }
        loaded = reload();
        stamps = loaded.stamps();
        let settings = loaded.settings.clone();
        let (theme, wrong) = loaded.theme(&settings.within(&context), color);
        let problems = loaded.problems.iter().cloned().chain(wrong).collect();
        let configured = Configured { settings, keys: loaded.keys.clone(), theme, problems };
        if told.send(Message::Configured(Box::new(configured))).await.is_err() {
            return;
        }
    }
}
