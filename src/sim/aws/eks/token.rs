//! Client request tokens: a call that is repeated with the token and the request of an earlier one takes effect
//! once, and gets the answer again (EKS API reference, `clientRequestToken` of creates and updates).

use crate::sim::aws::call::Asked;
use crate::sim::aws::error::Failure;
use crate::sim::aws::model::State;

use super::{invalid, optional};

fn key(asked: &Asked) -> Result<Option<(String, String)>, Failure> {
    let token = optional(&asked.body, "clientRequestToken")?;
    Ok(token.map(|token| (asked.operation.clone(), token.to_owned())))
}

/// What an earlier call with this token made or changed.
///
/// # Errors
/// The token was used with another request.
pub fn earlier(state: &State, asked: &Asked) -> Result<Option<String>, Failure> {
    let Some((request, made)) = key(asked)?.and_then(|key| state.tokens.get(&key)) else {
        return Ok(None);
    };
    if *request != asked.arguments() {
        return Err(invalid("The client request token was used before with different parameters."));
    }
    Ok(Some(made.clone()))
}

/// Remembers what a call made or changed.
///
/// # Errors
/// The token is no text.
pub fn remember(state: &mut State, asked: &Asked, made: &str) -> Result<(), Failure> {
    if let Some(key) = key(asked)? {
        state.tokens.insert(key, (asked.arguments(), made.to_owned()));
    }
    Ok(())
}
