//! AssumeRoleWithWebIdentity: a token for a session. What STS checks, in its order: provider, audience,
//! signature, time, role, trust policy; it tells no more than which of them failed.

use jiff::Timestamp;

use super::{Session, answer, credentials, seconds};
use crate::sim::aws::{
    bearer::{self, Flaw},
    error::Failure,
    evaluate::{Context, Principal, Question, evaluate},
    model::{Provider, Role, State},
    query::Parameters,
    xml::Xml,
};
use crate::sim::issuer::Token;

const OPERATION: &str = "AssumeRoleWithWebIdentity";

/// Longest token, in characters.
const LONGEST: usize = 20_000;

/// Answers a call, which nobody signed.
pub fn assume(state: &mut State, parameters: &Parameters, now: Timestamp) -> Result<String, Failure> {
    let arn = parameters.required("RoleArn")?.to_owned();
    let session = parameters.required("RoleSessionName")?.to_owned();
    let text = parameters.required("WebIdentityToken")?;
    must_be_well_formed(&arn, &session, text)?;
    let token = Token::read(text).ok_or_else(|| invalid("The ID Token provided is not a valid JWT."))?;
    let provider = provider(state, &arn, &token)?;
    must_be_for(&token, provider)?;
    let provider_arn = state.iam_arn(&format!("oidc-provider/{}", provider.url));
    bearer::check(state, &token, now).map_err(|flaw| refused(&flaw, now))?;
    let role = state.seen_role_by_arn(&arn, now).ok_or_else(refusal)?;
    let seconds = seconds(parameters, role)?;
    let asker = Principal::Federated(provider_arn.clone());
    let context = context(state, &token, &session, now);
    let question = Question {
        principal: Some(&asker),
        action: "sts:AssumeRoleWithWebIdentity",
        resource: None,
        context: &context,
    };
    if !evaluate(&role.trust, &question).is_allowed() {
        return Err(refusal());
    }
    let role: Role = role.clone();
    let session = Session::of(state, &role, &session, seconds, now);
    let subject = token.text("sub").to_owned();
    Ok(answer(OPERATION, |xml: &mut Xml| {
        xml.text("SubjectFromWebIdentityToken", &subject);
        xml.text("Audience", token.audiences().first().copied().unwrap_or_default());
        xml.text("Provider", &provider_arn);
        credentials(xml, &session);
    }))
}

fn must_be_well_formed(arn: &str, session: &str, token: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_role = matches!(parts.as_slice(), ["arn", _, "iam", "", account, resource]
        if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && resource.starts_with("role/"));
    if !is_role {
        return Err(Failure::new(400, "ValidationError", "Request ARN is invalid"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session.len()) || !session.chars().all(legal) {
        let sentence = format!(
            "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        );
        return Err(Failure::new(400, "ValidationError", sentence));
    }
    if token.len() > LONGEST {
        let sentence = "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000";
        return Err(Failure::new(400, "ValidationError", sentence));
    }
    Ok(())
}

/// The provider of the token's issuer in the account of the role; the world holds one account.
fn provider<'a>(state: &'a State, role: &str, token: &Token) -> Result<&'a Provider, Failure> {
    let issuer = token.text("iss");
    let bare = issuer.trim_start_matches("https://");
    let is_here = role.split(':').nth(4) == Some(state.account.as_str());
    let found = state.providers.values().find(|provider| provider.url == bare).filter(|_| is_here);
    found.ok_or_else(|| invalid(format!("No OpenIDConnect provider found in your account for {issuer}")))
}

fn must_be_for(token: &Token, provider: &Provider) -> Result<(), Failure> {
    let audiences = token.audiences();
    if audiences.is_empty() {
        return Err(invalid("Missing a required claim: aud"));
    }
    match audiences.iter().any(|audience| provider.client_ids.iter().any(|id| id == audience)) {
        true => Ok(()),
        false => Err(invalid("Incorrect token audience")),
    }
}

fn refused(flaw: &Flaw, now: Timestamp) -> Failure {
    match flaw {
        Flaw::NoKeys => invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        ),
        Flaw::Signature => invalid("Provided Token's signature could not be verified"),
        Flaw::Expired(until) => {
            let sentence = format!(
                "Token expired: current date/time {} must be before the expiration date/time {until}",
                now.as_second()
            );
            Failure::new(400, "ExpiredTokenException", sentence)
        }
        Flaw::NotYet => invalid("Token is not valid yet: nbf lies in the future"),
    }
}

fn invalid(sentence: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidIdentityToken", sentence)
}

/// One sentence for a trust policy that refuses and for a role that is not there.
pub fn refusal() -> Failure {
    Failure::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

fn context(state: &State, token: &Token, session: &str, now: Timestamp) -> Context {
    let bare = token.text("iss").trim_start_matches("https://").to_ascii_lowercase();
    let audience = token.audiences().first().map(|audience| (*audience).to_owned()).unwrap_or_default();
    let mut context = bearer::common(state, now);
    for (key, value) in [
        (format!("{bare}:aud"), audience),
        (format!("{bare}:sub"), token.text("sub").to_owned()),
        ("sts:rolesessionname".to_owned(), session.to_owned()),
    ] {
        context.insert(key, vec![value]);
    }
    context
}
