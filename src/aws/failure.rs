//! Errors of AWS and of the way to it, as sentences: what, why, what to do. Built once, here; a
//! missing permission names action and resource, code and request id are kept.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};

use super::pace::Service;
use crate::domain::failure::{Failure, FailureKind};

/// What is being asked, so that a refusal can name it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub service: Service,
    /// `iam:ListRoles`
    pub action: &'static str,
    /// What the action is asked on, where the sentence of AWS does not say.
    pub resource: String,
    /// `cannot list roles`
    pub what: String,
}

impl Call {
    pub fn new(service: Service, action: &'static str, resource: impl Into<String>, what: impl Into<String>) -> Self {
        Self { service, action, resource: resource.into(), what: what.into() }
    }
}

/// Turns an SDK's error into a failure. `profile` is the one the session was opened with.
pub(super) fn failure<E>(call: &Call, profile: Option<&str>, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            refused(call, profile, service.err().meta(), status)
        }
        SdkError::TimeoutError(_) => unreachable(call, "no answer in time"),
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            let why = format!("the answer ({status}) cannot be understood");
            Failure::new(
                FailureKind::Server,
                &call.what,
                why,
                "A proxy may be answering instead of AWS; check `HTTPS_PROXY` and `AWS_ENDPOINT_URL`",
            )
        }
        other => unsent(call, profile, other),
    }
}

/// Whether AWS asked to slow down.
pub(super) fn is_throttled(failure: &Failure) -> bool {
    failure.kind == FailureKind::Throttled
}

/// Nothing was sent: no credentials, no endpoint, no connection.
fn unsent(call: &Call, profile: Option<&str>, error: &(dyn Error + 'static)) -> Failure {
    let text = chain(error);
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<CredentialsError>() {
            return credentials(&call.what, profile, error);
        }
        cause = error.source();
    }
    let lower = text.to_ascii_lowercase();
    if ["credentials", "identity", "token has expired", "sso"].iter().any(|word| lower.contains(word)) {
        return no_credentials(&call.what, profile, &text);
    }
    unreachable(call, &text)
}

/// Credentials could not be had.
pub(super) fn credentials(what: &str, profile: Option<&str>, error: &CredentialsError) -> Failure {
    let why = match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials were found".to_owned(),
        other => chain(other),
    };
    no_credentials(what, profile, &format!("{why}{}", hint(error)))
}

/// The innermost cause often names the file or the session; it is worth a line.
fn hint(error: &CredentialsError) -> String {
    let text = chain(error);
    let sso = text.to_ascii_lowercase().contains("sso") && matches!(error, CredentialsError::CredentialsNotLoaded(_));
    if sso { format!(" ({text})") } else { String::new() }
}

fn no_credentials(what: &str, profile: Option<&str>, why: &str) -> Failure {
    Failure::new(FailureKind::Credentials, what, why, login(profile, why))
}

/// What renews credentials, as far as the error tells which kind they are.
fn login(profile: Option<&str>, text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let flag = profile.map_or_else(String::new, |profile| format!(" --profile {profile}"));
    if lower.contains("signin") || lower.contains("login session") || lower.contains("`aws login`") {
        format!("Run `aws login{flag}`")
    } else if lower.contains("sso") || (profile.is_some() && lower.contains("expired")) {
        format!("Run `aws sso login{flag}`")
    } else if lower.contains("could not find profile") || lower.contains("profile `") && lower.contains("not defined") {
        "Check the name: `aws configure list-profiles` shows those there are".to_owned()
    } else if lower.contains("expired") {
        "Get new credentials and start again: those in the environment have ended".to_owned()
    } else {
        format!("Run `aws sso login{flag}` or `aws configure{flag}`, or name a profile with `--profile`")
    }
}

/// AWS answered with an error.
fn refused(call: &Call, profile: Option<&str>, meta: &ErrorMetadata, status: u16) -> Failure {
    let code = meta.code().unwrap_or_default();
    let message = meta.message().unwrap_or_default();
    let why = if message.is_empty() {
        format!("AWS answered {status} {code}").trim_end().to_owned()
    } else {
        message.to_owned()
    };
    let kind = kind(code, message, status);
    let mut failure = Failure::new(kind, &call.what, why, String::new());
    match kind {
        FailureKind::Denied => failure = denied(failure, call, message),
        FailureKind::Credentials => failure.next = login(profile, &format!("{code} {message} expired")),
        _ => failure.next = next(kind, code).to_owned(),
    }
    failure.code = Some(if code.is_empty() { status.to_string() } else { code.to_owned() });
    failure.request_id = meta.extra("aws_request_id").map(str::to_owned);
    failure
}

fn kind(code: &str, message: &str, status: u16) -> FailureKind {
    // Query services write `X.Y` codes, JSON services may write `namespace#X`.
    let code = code.rsplit('#').next().unwrap_or(code);
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if has(&[
        "Expired",
        "InvalidClientTokenId",
        "UnrecognizedClient",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
        "InvalidAccessKeyId",
        "IncompleteSignature",
        "RequestExpired",
        "InvalidToken",
    ]) {
        FailureKind::Credentials
    } else if has(&["AccessDenied", "UnauthorizedOperation", "Forbidden", "NotAuthorized"])
        || message.contains("is not authorized to perform")
    {
        FailureKind::Denied
    } else if has(&["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown", "Rate exceeded"]) || status == 429
    {
        FailureKind::Throttled
    } else if has(&["ResourceInUse", "AlreadyExists", "Conflict", "ConcurrentModification", "DeleteConflict"])
        || status == 409
    {
        FailureKind::Conflict
    } else if has(&["NotFound", "NoSuchEntity"]) || status == 404 {
        FailureKind::NotFound
    } else if status >= 500 {
        FailureKind::Server
    } else {
        FailureKind::Invalid
    }
}

fn next(kind: FailureKind, code: &str) -> &'static str {
    match kind {
        FailureKind::Throttled => "It is tried again by itself, more slowly",
        FailureKind::Conflict => "Read it again: it exists already, or somebody changes it at the same time",
        FailureKind::NotFound => "Check name, region and account; it may have been deleted meanwhile",
        FailureKind::Server => "Try again in a moment; look at the AWS Health Dashboard if it stays",
        _ if code.contains("LimitExceeded") => "Remove what is not needed any more, or ask AWS for a higher quota",
        _ => "Change what is asked for and try again",
    }
}

/// `User: … is not authorized to perform: ACTION on resource: RESOURCE because …`
fn denied(mut failure: Failure, call: &Call, message: &str) -> Failure {
    let action = word_after(message, "perform: ").unwrap_or(call.action).to_owned();
    let resource = word_after(message, "on resource: ").unwrap_or(&call.resource).to_owned();
    failure.next = if message.contains("explicit deny") {
        format!("Allowing {action} is not enough: a policy denies it explicitly. Ask who keeps that policy")
    } else {
        format!("Ask for {action} on {resource}")
    };
    failure.missing(action, resource)
}

fn word_after<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(words)?;
    let word = rest.split_whitespace().next()?.trim_matches(['"', '\'', '`']).trim_end_matches(['.', ',']);
    (!word.is_empty()).then_some(word)
}

fn unreachable(call: &Call, text: &str) -> Failure {
    let service = match call.service {
        Service::Eks => "EKS",
        Service::Iam => "IAM",
        Service::Sts | Service::StsUnsigned => "STS",
        Service::EksAuth => "EKS Auth",
        Service::CloudTrail => "CloudTrail",
        Service::Ec2 => "EC2",
    };
    let why = format!("{service} did not answer ({text})");
    Failure::new(
        FailureKind::Unreachable,
        &call.what,
        why,
        "Check the network, VPN, `HTTPS_PROXY` and `AWS_ENDPOINT_URL`",
    )
}

/// An answer of AWS that lacks what it always has.
pub(super) fn incomplete(what: &str, field: &str) -> Failure {
    let why = format!("the answer has no {field}");
    Failure::new(FailureKind::Server, what, why, "Check `AWS_ENDPOINT_URL` if it is set; otherwise try again")
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
