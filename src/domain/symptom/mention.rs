//! What stands beside the sentence: ARNs, subjects, codes and request ids, wherever a log puts them.

use std::sync::LazyLock;

use regex::Regex;

use super::{principal::Principal, wording::Wording};
use crate::domain::id::ServiceAccountId;

macro_rules! patterns {
    ($($name:ident $pattern:literal;)*) => {$(
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
    )*};
}

patterns! {
    SESSION r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+";
    ROLE r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]*[\w+=@-]";
    SUBJECT r"system:serviceaccount:([a-z0-9.-]*[a-z0-9]):([a-z0-9.-]*[a-z0-9])";
    NAMED r#"(?i)namespace:?\s*"?([a-z0-9-]+)"?,?\s+service\s?account:?\s*"?([a-z0-9.-]*[a-z0-9])"#;
    ISSUER r"(?i)OpenIDConnect provider found in your account for (https://[^\s,\x22']+[^\s,.\x22'])";
    QUEUE r"(?i)access to the resource (https://\S+) is denied";
    ASSOCIATION r"(?i)association already exists:\s*(a-[a-z0-9]+)";
    CODE r"\((\w+)\) when calling|<Code>(\w+)</Code>|Error Code: (\w+)|api error (\w+):|\b([A-Z][A-Za-z]+(?:Exception|Denied|DeniedException|Operation|TooLarge|IdentityToken|ExpiredToken|LimitExceeded)):";
    REQUEST r"(?i)request[ _-]?id:?>?\s*([a-z0-9][a-z0-9-]{7,})";
}

/// The first group that took part, or the whole.
fn first(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<String> {
    let found = pattern.as_ref()?.captures(text)?;
    let group = found.iter().skip(1).flatten().next();
    group.or_else(|| found.get(0)).map(|group| group.as_str().to_owned())
}

fn pair(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<ServiceAccountId> {
    let found = pattern.as_ref()?.captures(text)?;
    Some(ServiceAccountId::new(&found[1], &found[2]))
}

/// A session that is named anywhere.
pub(super) fn principal(wording: &Wording) -> Option<Principal> {
    first(&SESSION, wording.text()).map(|arn| Principal::read(&arn))
}

/// A role that is named anywhere.
pub(super) fn role_arn(wording: &Wording) -> Option<String> {
    first(&ROLE, wording.text())
}

/// The subject of a token, or what the CSI drivers log.
pub(super) fn service_account(wording: &Wording) -> Option<ServiceAccountId> {
    pair(&SUBJECT, wording.text()).or_else(|| pair(&NAMED, wording.text()))
}

/// What a sentence other than IAM's is about.
pub(super) fn resource(wording: &Wording) -> Option<String> {
    let text = wording.text();
    first(&ISSUER, text).or_else(|| first(&QUEUE, text)).or_else(|| first(&ASSOCIATION, text))
}

/// The error code of the service.
pub(super) fn error_code(wording: &Wording) -> Option<String> {
    first(&CODE, wording.text())
}

/// The request id.
pub(super) fn request_id(wording: &Wording) -> Option<String> {
    first(&REQUEST, wording.text())
}
