//! The bearer token of a connection: minted by the caller or fetched by a plugin, kept until
//! shortly before it ends. It is never logged or shown.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use http::HeaderValue;
use jiff::Timestamp;
use kube::config::ExecConfig;
use tokio::{sync::Mutex, time::Instant};

use super::plugin::{self, Credential};
use crate::domain::failure::{Failure, FailureKind};

/// Makes a bearer token; called again before the last one ends.
pub type TokenSource = Arc<dyn Fn() -> BoxFuture<'static, Result<String, Failure>> + Send + Sync>;

/// EKS tokens are good for 14 minutes (identity-resolution 7.2); a minute is left for slow clocks.
const LIFETIME: Duration = Duration::from_secs(13 * 60);

/// How long before its end a plugin's token is replaced.
const MARGIN: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) struct Bearer(Arc<Inner>);

struct Inner {
    minted: Option<TokenSource>,
    plugin: Option<ExecConfig>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    header: HeaderValue,
    until: Option<Instant>,
}

impl Bearer {
    /// Tokens from a source, from a plugin, or from the plugin where the source fails.
    pub fn new(minted: Option<TokenSource>, plugin: Option<ExecConfig>) -> Self {
        Self(Arc::new(Inner { minted, plugin, kept: Mutex::new(None) }))
    }

    /// Takes over a token that a plugin has given already.
    pub async fn keep(&self, credential: &Credential) -> Result<(), Failure> {
        *self.0.kept.lock().await = Some(Kept::from_plugin(credential)?);
        Ok(())
    }

    /// The value of `Authorization`.
    pub async fn header(&self) -> Result<HeaderValue, Failure> {
        let mut kept = self.0.kept.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.is_good()) {
            return Ok(known.header.clone());
        }
        let new = self.0.fetch().await?;
        let header = new.header.clone();
        *kept = Some(new);
        Ok(header)
    }

    /// Forgets a token that the server refused, unless it has been replaced meanwhile.
    pub async fn forget(&self, refused: &HeaderValue) {
        let mut kept = self.0.kept.lock().await;
        if kept.as_ref().is_some_and(|known| known.header == *refused) {
            *kept = None;
        }
    }
}

impl Inner {
    async fn fetch(&self) -> Result<Kept, Failure> {
        let minting = match &self.minted {
            Some(source) => match source().await {
                Ok(token) => return Kept::new(&token, Some(Instant::now() + LIFETIME)),
                Err(failure) => Some(failure),
            },
            None => None,
        };
        match (&self.plugin, minting) {
            (Some(plugin), minting) => match plugin::run(plugin).await {
                Ok(credential) => Kept::from_plugin(&credential),
                // The reason why minting failed is the better one: it names the profile.
                Err(failure) => Err(minting.unwrap_or(failure)),
            },
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(unusable("there is neither a plugin nor a token")),
        }
    }
}

impl Kept {
    fn new(token: &str, until: Option<Instant>) -> Result<Self, Failure> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.trim()))
            .map_err(|_| unusable("the token has characters that no header can carry"))?;
        header.set_sensitive(true);
        Ok(Self { header, until })
    }

    fn from_plugin(credential: &Credential) -> Result<Self, Failure> {
        let token = credential.token.as_deref().ok_or_else(|| unusable("the plugin gave no token"))?;
        let until = credential.expiration_timestamp.map(|end| {
            let left = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
            Instant::now() + left.saturating_sub(MARGIN)
        });
        Self::new(token, until)
    }

    fn is_good(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

fn unusable(why: &str) -> Failure {
    Failure::new(
        FailureKind::Credentials,
        "cannot get a token for the cluster",
        why,
        "Check the user of this context in the kubeconfig",
    )
}
