//! Service account tokens as AWS looks at them: signature and time. STS and EKS Auth say the same flaws
//! in words of their own.

use jiff::Timestamp;

use super::{evaluate::Context, model::State};
use crate::sim::issuer::{self, PublicKey, Token};

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The keys of its issuer cannot be read.
    NoKeys,
    /// None of them signed it.
    Signature,
    /// It ended at that second.
    Expired(i64),
    /// It begins later.
    NotYet,
}

/// Clocks may differ by this many seconds before a token counts as one of the future.
const LEEWAY: i64 = 300;

/// Where AWS finds the keys of the cluster's issuer.
#[derive(Clone, Debug, Default)]
pub enum Keys {
    /// At the issuer of the simulated cluster.
    #[default]
    Own,
    /// Those of another API server.
    Of(Vec<PublicKey>),
    /// The issuer does not answer.
    Unreachable,
}

impl Keys {
    fn read(&self) -> Option<Vec<PublicKey>> {
        match self {
            Self::Own => Some(issuer::keys()),
            Self::Of(keys) => Some(keys.clone()),
            Self::Unreachable => None,
        }
    }
}

/// Checks signature and time of a token.
pub fn check(state: &State, token: &Token, now: Timestamp) -> Result<(), Flaw> {
    let keys = state.keys.read().ok_or(Flaw::NoKeys)?;
    let named = keys.iter().filter(|key| key.id == token.key);
    if !named.into_iter().any(|key| key.verifies(token)) {
        return Err(Flaw::Signature);
    }
    let second = |claim: &str| token.claims[claim].as_i64();
    if let Some(until) = second("exp").filter(|until| *until <= now.as_second()) {
        return Err(Flaw::Expired(until));
    }
    match second("nbf").is_some_and(|from| from > now.as_second() + LEEWAY) {
        true => Err(Flaw::NotYet),
        false => Ok(()),
    }
}

/// Keys that every request carries.
pub fn common(state: &State, now: Timestamp) -> Context {
    let pairs = [
        ("aws:currenttime", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("aws:epochtime", now.as_second().to_string()),
        ("aws:requestedregion", state.region.clone()),
        ("aws:securetransport", "true".to_owned()),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), vec![value])).collect()
}
