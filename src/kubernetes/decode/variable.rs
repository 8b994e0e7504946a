//! Environment variables as they may be kept: names of all that matter, values only of the ones
//! that identity resolution reads, and never a secret.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use super::text::{Labels, Text};
use crate::domain::workload::{Environment, Value};

/// Variables whose values are read (identity-resolution part 0). The value of any other `AWS_*`
/// variable may be a secret (bearer and authorization tokens), so only its name is kept.
const READ: [&str; 22] = [
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

#[derive(Deserialize)]
struct Variable<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    value: Text<'a>,
    #[serde(default, rename = "valueFrom")]
    value_from: Option<IgnoredAny>,
}

/// The variables of one container that matter.
#[derive(Default)]
pub(in crate::kubernetes) struct Variables(pub Vec<(Arc<str>, Value)>);

struct VariablesVisitor;

impl<'de> Visitor<'de> for VariablesVisitor {
    type Value = Variables;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of environment variables")
    }

    fn visit_unit<E>(self) -> Result<Variables, E> {
        Ok(Variables::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Variables, A::Error> {
        let mut kept = Vec::new();
        while let Some(variable) = list.next_element::<Variable<'de>>()? {
            if Environment::is_kept(&variable.name) {
                kept.push((variable.name.as_ref().into(), value(&variable)));
            }
        }
        Ok(Variables(kept))
    }
}

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VariablesVisitor)
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

fn value(variable: &Variable<'_>) -> Value {
    match variable.value_from {
        Some(_) => Value::Hidden,
        None => kept(&variable.name, &variable.value),
    }
}

fn kept(name: &str, text: &str) -> Value {
    match name {
        // An empty variable counts as not set in every SDK, and there is nothing in it to hide.
        _ if text.is_empty() => Value::Text("".into()),
        "AWS_ACCESS_KEY_ID" => Value::AccessKey(last_four(text).into()),
        _ if READ.binary_search(&name).is_ok() => Value::Text(text.into()),
        _ if name.starts_with("AWS_") => Value::Hidden,
        _ => Value::Text(without_password(text).into()),
    }
}

fn last_four(text: &str) -> &str {
    let start = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    // A value of up to eight characters is no key id; half of it would be too much to show.
    if text.chars().count() > 8 { &text[start..] } else { "" }
}

/// A proxy's URL without its user and password.
fn without_password(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    match rest.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => host.to_owned(),
        Some((_, host)) => format!("{scheme}://{host}"),
        None => text.to_owned(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigMap<'a> {
    #[serde(borrow)]
    data: Labels<'a>,
}

/// The variables that a ConfigMap gives through `envFrom`, as far as they may be kept: names with the prefix.
pub(in crate::kubernetes) fn of_config_map(json: &str, prefix: &str) -> Result<Environment, serde_json::Error> {
    let map: ConfigMap<'_> = serde_json::from_str(json)?;
    let named = map.data.0.iter().map(|(key, text)| (format!("{prefix}{}", &**key), &**text));
    Ok(Environment::new(named.filter(|(name, _)| Environment::is_kept(name)).map(|(name, text)| {
        let value = kept(&name, text);
        (name.into(), value)
    })))
}
