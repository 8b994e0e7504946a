//! Variables that containers take from ConfigMaps named by `envFrom` (identity-resolution 0, 0.1): explicit
//! variables beat them, later sources beat earlier ones, and the webhook does not see them (1.4).

use std::sync::Arc;

use super::{
    environment::{Setting, Settings, Winner, asks_ipv6, set_profile, token},
    facts::Facts,
    resolve::{Outcome, Subject, blank},
    trail::{Trail, reason, resting},
};
use crate::domain::{
    fact::Fact,
    id::Namespace,
    identity::{HopKind, Identity, Mechanism, Reason, Verdict},
    workload::{Container, Environment, PodSpec, SourceId, Value},
};

/// What of a container's `envFrom` cannot be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unseen {
    /// Everything was read, or nothing is taken.
    #[default]
    Nothing,
    /// A ConfigMap is still being read.
    Loading,
    /// A ConfigMap that cannot be read (`namespace/name`), and the permission that is missing.
    ConfigMap(Arc<str>, Arc<str>),
}

/// The ConfigMaps that the containers of a spec name, in one namespace.
pub fn named<'a>(namespace: &'a Namespace, spec: &'a PodSpec) -> impl Iterator<Item = SourceId> + 'a {
    spec.containers.iter().flat_map(move |container| of_container(namespace, container))
}

fn of_container<'a>(namespace: &'a Namespace, container: &'a Container) -> impl Iterator<Item = SourceId> + 'a {
    container.environment_sources.iter().filter(|source| !source.secret).map(move |source| SourceId {
        namespace: namespace.clone(),
        name: Arc::clone(&source.name),
        prefix: Arc::clone(&source.prefix),
    })
}

/// The settings with what `envFrom` adds to them.
pub fn filled(
    mut settings: Settings,
    facts: &Facts,
    namespace: &Namespace,
    container: &Container,
    spec: &PodSpec,
) -> Settings {
    let mut taken: Vec<(Arc<str>, Value)> = Vec::new();
    for id in of_container(namespace, container) {
        match facts.config_maps.get(&id) {
            Some(Fact::Known(found)) => taken.extend(found.iter().map(|(name, value)| (name.clone(), value.clone()))),
            // A ConfigMap that is not there is optional, or the container does not start.
            Some(Fact::Absent) => {}
            Some(Fact::Unknown(failure)) => {
                let action = failure.action.as_deref().unwrap_or("get configmaps");
                settings.unseen = Unseen::ConfigMap(format!("{namespace}/{}", id.name).into(), action.into());
            }
            None | Some(Fact::Loading) if settings.unseen == Unseen::Nothing => settings.unseen = Unseen::Loading,
            None | Some(Fact::Loading) => {}
        }
    }
    let secret = container.environment_sources.iter().find(|source| source.secret);
    settings.secret = secret.map(|source| Arc::clone(&source.name));
    if !taken.is_empty() {
        fill(&mut settings, &Environment::new(taken), container, spec);
    }
    settings
}

fn fill(settings: &mut Settings, taken: &Environment, container: &Container, spec: &PodSpec) {
    let own = &container.environment;
    // Set to nothing in the pod is set: it hides what would be taken.
    let emptied = |name: &str| own.text(name).is_some_and(|text| text.is_empty());
    let of = |name: &str| if emptied(name) { Setting::Unset } else { Setting::of(taken, name) };
    let has = |name: &str| Setting::of(own, name).is_set() || of(name).is_set();
    settings.static_keys = has("AWS_ACCESS_KEY_ID") && has("AWS_SECRET_ACCESS_KEY");
    let profile = set_profile(|name| of(name).is_set());
    settings.profile = settings.profile.take().or(profile);
    settings.authorization_text |= of("AWS_CONTAINER_AUTHORIZATION_TOKEN").is_set();
    if !own.has("AWS_EC2_METADATA_DISABLED") {
        settings.metadata_disabled |= of("AWS_EC2_METADATA_DISABLED").is_true();
    }
    if !own.has("AWS_EC2_METADATA_V1_DISABLED") {
        settings.metadata_v1_disabled |= of("AWS_EC2_METADATA_V1_DISABLED").is_true();
    }
    settings.metadata_ipv6 |= asks_ipv6(|name| if own.has(name) { Setting::Unset } else { of(name) });
    put(&mut settings.role_arn, of("AWS_ROLE_ARN"));
    put(&mut settings.full_uri, of("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    put(&mut settings.relative_uri, of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
    if put(&mut settings.token_file, of("AWS_WEB_IDENTITY_TOKEN_FILE")) {
        settings.token = token(&settings.token_file, container, spec);
    }
    if put(&mut settings.authorization_file, of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        settings.authorization = token(&settings.authorization_file, container, spec);
    }
}

/// Sets what is not set; true if it did.
fn put(setting: &mut Setting, taken: Setting) -> bool {
    let open = !setting.is_set() && taken.is_set();
    if open {
        *setting = taken;
    }
    open
}

/// The answer where a ConfigMap that may decide has not been read: access keys in the pod win in any case.
pub fn unseen(subject: &Subject<'_>, settings: &Settings, winner: &Winner, trail: &mut Trail) -> Option<Outcome> {
    if settings.unseen == Unseen::Nothing || *winner == Winner::StaticKeys {
        return None;
    }
    trail.hop(HopKind::Pod, || subject.title());
    match &settings.unseen {
        Unseen::ConfigMap(name, action) => {
            let otherwise = winner.mechanism().word();
            let message = format!(
                "ConfigMap {name}, which envFrom names, cannot be read: without AWS_ variables in it this is {otherwise}."
            );
            trail.fail(
                Verdict::Unknown,
                "envFrom",
                || format!("ConfigMap {name} cannot be read"),
                resting(None, message, &**action),
            );
        }
        _ => trail.waiting("envFrom"),
    }
    let identity = Identity { verdict: Verdict::Unknown, reasons: trail.take_reasons(), ..blank(Mechanism::Unknown) };
    Some(Outcome { identity, loading: trail.is_loading() })
}

/// What an answer presumes of a Secret, which nobody reads.
pub fn footnote(settings: &Settings) -> Option<Reason> {
    let name = settings.secret.as_ref()?;
    Some(reason(None, format!("This assumes that Secret {name}, which envFrom names, sets no AWS_ variables.")))
}
