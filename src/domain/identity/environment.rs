//! What a container's spec says about credentials, and which level of it wins
//! (identity-resolution 0.1): names of variables, a few values, mounts. No facts of AWS here.

use std::sync::Arc;

use crate::domain::{
    identity::{Mechanism, source::Unseen},
    workload::{Container, ContainerKind, Environment, Mount, PodSpec, Value},
};

/// A variable as far as it may be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Setting {
    /// Not set, or set to nothing.
    #[default]
    Unset,
    /// Set from elsewhere (`valueFrom`).
    Hidden,
    /// Set in the pod.
    Text(Arc<str>),
}

impl Setting {
    /// A variable of an environment.
    pub fn of(environment: &Environment, name: &str) -> Self {
        match environment.get(name) {
            None => Self::Unset,
            Some(Value::Text(text)) if text.is_empty() => Self::Unset,
            Some(Value::Text(text)) => Self::Text(Arc::clone(text)),
            Some(Value::Hidden | Value::AccessKey(_)) => Self::Hidden,
        }
    }

    /// Whether it is set to `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Text(text) if text.eq_ignore_ascii_case("true"))
    }

    /// Whether it is set to something.
    pub fn is_set(&self) -> bool {
        !matches!(self, Self::Unset)
    }

    /// Whether it is set to exactly this.
    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Text(value) if **value == *text)
    }
}

/// The token file that a pair of variables points to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Token {
    /// Nothing is mounted where the variable points.
    #[default]
    Missing,
    /// A projected service account token with this audience.
    Projected(Option<Arc<str>>),
    /// The same through a `subPath`: it is never refreshed.
    SubPath(Option<Arc<str>>),
    /// Something else is mounted there, or the path is not written in the pod.
    Unseen,
}

/// The credential settings of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    pub static_keys: bool,
    /// The variable or mount that brings a shared configuration file.
    pub profile: Option<Arc<str>>,
    /// `AWS_ROLE_ARN`.
    pub role_arn: Setting,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`.
    pub token_file: Setting,
    /// What stands there.
    pub token: Token,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub full_uri: Setting,
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    pub relative_uri: Setting,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`.
    pub authorization_file: Setting,
    /// What stands there.
    pub authorization: Token,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN` is set.
    pub authorization_text: bool,
    /// `AWS_EC2_METADATA_DISABLED` is true.
    pub metadata_disabled: bool,
    /// `AWS_EC2_METADATA_V1_DISABLED` is true.
    pub metadata_v1_disabled: bool,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` is IPv6, or an endpoint is written out.
    pub metadata_ipv6: bool,
    /// `AWS_REGION` or `AWS_DEFAULT_REGION` is set.
    pub region: bool,
    /// `AWS_STS_REGIONAL_ENDPOINTS` is set.
    pub sts_endpoints: bool,
    /// What `envFrom` may add that cannot be seen.
    pub unseen: Unseen,
    /// A Secret that `envFrom` names: never read, and presumed to set no `AWS_` variables.
    pub secret: Option<Arc<str>>,
}

/// The level that decides, of those in 0.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Winner {
    /// Access keys in the environment.
    StaticKeys,
    /// A shared configuration file.
    Profile(Arc<str>),
    /// A web identity token and a role.
    WebIdentity,
    /// The Pod Identity agent.
    PodIdentity,
    /// Another endpoint; its address, if it can be read.
    Endpoint(Setting),
    /// Nothing is configured: instance metadata, if it can be reached.
    Metadata,
}

impl Winner {
    /// The word for it; instance metadata counts as the node role.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            Self::StaticKeys => Mechanism::StaticKeys,
            Self::Profile(_) => Mechanism::Profile,
            Self::WebIdentity => Mechanism::Irsa,
            Self::PodIdentity => Mechanism::PodIdentity,
            Self::Endpoint(_) => Mechanism::CustomEndpoint,
            Self::Metadata => Mechanism::NodeRole,
        }
    }
}

impl Settings {
    /// Reads the settings that are written in a container; [`source::filled`](super::source::filled) adds the others.
    pub fn of(container: &Container, spec: &PodSpec) -> Self {
        let environment = &container.environment;
        let setting = |name: &str| Setting::of(environment, name);
        let token_file = setting("AWS_WEB_IDENTITY_TOKEN_FILE");
        let authorization_file = setting("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        Self {
            static_keys: setting("AWS_ACCESS_KEY_ID").is_set() && setting("AWS_SECRET_ACCESS_KEY").is_set(),
            profile: profile(container, |name| setting(name).is_set()),
            role_arn: setting("AWS_ROLE_ARN"),
            token: token(&token_file, container, spec),
            token_file,
            full_uri: setting("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            relative_uri: setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            authorization: token(&authorization_file, container, spec),
            authorization_file,
            authorization_text: setting("AWS_CONTAINER_AUTHORIZATION_TOKEN").is_set(),
            metadata_disabled: setting("AWS_EC2_METADATA_DISABLED").is_true(),
            metadata_v1_disabled: setting("AWS_EC2_METADATA_V1_DISABLED").is_true(),
            metadata_ipv6: asks_ipv6(setting),
            region: environment.has("AWS_REGION") || environment.has("AWS_DEFAULT_REGION"),
            sts_endpoints: environment.has("AWS_STS_REGIONAL_ENDPOINTS"),
            unseen: Unseen::Nothing,
            secret: None,
        }
    }

    /// All configured levels, the winner first. Instance metadata is always last.
    pub fn levels(&self) -> Vec<Winner> {
        let mut levels = Vec::new();
        if self.static_keys {
            levels.push(Winner::StaticKeys);
        }
        levels.extend(self.profile.clone().map(Winner::Profile));
        if self.role_arn.is_set() && self.token_file.is_set() {
            levels.push(Winner::WebIdentity);
        }
        levels.extend(self.endpoint());
        levels.push(Winner::Metadata);
        levels
    }

    /// The level that decides.
    pub fn winner(&self) -> Winner {
        self.levels().into_iter().next().unwrap_or(Winner::Metadata)
    }

    /// The container endpoint; most SDKs take a relative URI first (2.3).
    fn endpoint(&self) -> Option<Winner> {
        if self.relative_uri.is_set() {
            return Some(Winner::Endpoint(Setting::Text("http://169.254.170.2".into())));
        }
        match &self.full_uri {
            Setting::Unset => None,
            Setting::Text(uri) if matches!(host(uri), "169.254.170.23" | "[fd00:ec2::23]") => Some(Winner::PodIdentity),
            other => Some(Winner::Endpoint(other.clone())),
        }
    }

    /// The web identity pair is there by half: which variable is alone.
    pub fn half_web_identity(&self) -> Option<&'static str> {
        match (self.role_arn.is_set(), self.token_file.is_set()) {
            (true, false) => Some("AWS_ROLE_ARN"),
            (false, true) => Some("AWS_WEB_IDENTITY_TOKEN_FILE"),
            _ => None,
        }
    }

    /// The container credentials pair is there by half: the token without the address.
    pub fn half_container(&self) -> Option<&'static str> {
        let address = self.full_uri.is_set() || self.relative_uri.is_set();
        (!address && self.authorization_file.is_set()).then_some("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    }
}

/// The host of a URL, with the brackets of an IPv6 address and without a port.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    match authority.find(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Whether SDKs are told where instance metadata answers over IPv6.
pub fn asks_ipv6(setting: impl Fn(&str) -> Setting) -> bool {
    let mode = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    setting("AWS_EC2_METADATA_SERVICE_ENDPOINT").is_set()
        || matches!(mode, Setting::Text(text) if text.eq_ignore_ascii_case("ipv6"))
}

fn profile(container: &Container, is_set: impl Fn(&str) -> bool) -> Option<Arc<str>> {
    let mounted = || container.mounts.iter().find(|mount| is_shared_configuration(&mount.path));
    set_profile(is_set).or_else(|| mounted().map(|mount| Arc::clone(&mount.path)))
}

/// The variable that brings a shared configuration file, if one is set.
pub fn set_profile(is_set: impl Fn(&str) -> bool) -> Option<Arc<str>> {
    let names = ["AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"];
    names.into_iter().find(|name| is_set(name)).map(Arc::from)
}

/// `…/.aws`, `…/.aws/credentials`, `…/.aws/config`.
fn is_shared_configuration(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/credentials").or_else(|| path.strip_suffix("/config")).unwrap_or(path);
    path.ends_with("/.aws")
}

/// What is mounted where a variable points; nothing is for a variable that is not set.
pub fn token(file: &Setting, container: &Container, spec: &PodSpec) -> Token {
    let path = match file {
        Setting::Unset => return Token::Missing,
        Setting::Hidden => return Token::Unseen,
        Setting::Text(path) => unix(path),
    };
    let covering = |mount: &&Mount| covers(&mount.path, &path).is_some();
    let Some(mount) = container.mounts.iter().filter(covering).max_by_key(|mount| mount.path.len()) else {
        return Token::Missing;
    };
    let rest = covers(&mount.path, &path).unwrap_or_default();
    let Some(volume) = spec.token_volumes.iter().find(|volume| volume.name == mount.volume) else {
        return Token::Unseen;
    };
    match (mount.sub_path, rest == &*volume.path) {
        (true, _) => Token::SubPath(volume.audience.clone()),
        (false, true) => Token::Projected(volume.audience.clone()),
        // Several sources of one projected volume: another of its files is asked for.
        (false, false) if spec.token_volumes.iter().any(|other| other.name == volume.name && *other.path == *rest) => {
            let other = spec.token_volumes.iter().find(|other| other.name == volume.name && *other.path == *rest);
            Token::Projected(other.and_then(|other| other.audience.clone()))
        }
        (false, false) => Token::Missing,
    }
}

/// A Windows path (`C:\var\run\…`) as the Linux path that it is built from: the webhook writes the drive into
/// the variable only, never into the mount (1.6).
pub(super) fn unix(path: &str) -> String {
    let path = path.strip_prefix("C:").unwrap_or(path);
    path.replace('\\', "/")
}

/// What remains of a path below a mount.
fn covers<'a>(mount: &str, path: &'a str) -> Option<&'a str> {
    let mount = unix(mount);
    let rest = path.strip_prefix(mount.trim_end_matches('/'))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// Whether the webhook looks at containers of this kind (1.3): never at ephemeral ones.
pub fn is_injectable(kind: ContainerKind) -> bool {
    kind != ContainerKind::Ephemeral
}
