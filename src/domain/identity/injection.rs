//! What the pod identity webhook gives a container, and what of a running container came from it
//! (identity-resolution 0.2, 1.2–1.6). Nothing about whether that works.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    environment::{Setting, Settings, Token, is_injectable, unix},
    facts::Facts,
};
use crate::domain::{
    association::AssociationDetail,
    fact::Fact,
    id::{AssociationId, Namespace, RoleArn, ServiceAccountId},
    role::Role,
    webhook::{Selector, Webhook},
    workload::{Container, PodSpec},
};

/// Directory of the IRSA token.
const IRSA_DIRECTORY: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
/// Directory of the Pod Identity token.
const POD_IDENTITY_DIRECTORY: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
/// Volume of the IRSA token.
const IRSA_VOLUME: &str = "aws-iam-token";
/// Volume of the Pod Identity token, and the file in it.
const POD_IDENTITY_VOLUME: &str = "eks-pod-identity-token";
/// Where the agent answers.
pub const AGENT_URIS: [&str; 2] = ["http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials"];
/// The label that opts a pod out, where the live webhook honours it.
pub const SKIP_LABEL: &str = "eks.amazonaws.com/skip-pod-identity-webhook";
/// The annotation that exempts containers.
pub const SKIP_CONTAINERS: &str = "eks.amazonaws.com/skip-containers";
/// The audience of IRSA tokens without an annotation, in every partition.
pub const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// The audience of Pod Identity tokens.
pub const POD_IDENTITY_AUDIENCE: &str = "pods.eks.amazonaws.com";

/// What the webhook would do for pods of a service account (1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// The association's variables.
    PodIdentity,
    /// The annotation's: role and audience, verbatim.
    Irsa(RoleArn, Arc<str>),
    /// Nothing.
    Nothing,
    /// A fact that decides has not arrived.
    Loading,
    /// A fact that decides cannot be read; the permission that is missing.
    Unknown(Arc<str>),
}

/// Why a pod or container gets nothing although its service account is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// No webhook object injects identities.
    NoWebhook,
    /// Its selectors leave this pod out.
    NotSelected,
    /// The skip label does.
    Label,
    /// The skip-containers annotation names it.
    Container,
    /// A container that the webhook never sees.
    Ephemeral,
    /// The webhook objects cannot be read, and the pod has the skip label.
    Unreadable(Option<Arc<str>>),
    /// The same, but they have not been read yet.
    Loading,
}

/// The association that a plan supposes instead of the live one.
#[derive(Clone, Debug, PartialEq)]
pub enum Supposed {
    /// The live facts.
    Live,
    /// No association.
    Without,
    /// This association.
    With(Arc<Proposal>),
}

/// An association as a plan would make it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Role, target role, session tags.
    pub detail: AssociationDetail,
    /// The role with the trust policy that the plan gives it, where it edits it.
    pub edited: Option<Role>,
}

impl Proposal {
    /// An association with this role and nothing else.
    pub fn plain(role_arn: RoleArn) -> Self {
        let detail = AssociationDetail {
            role_arn,
            target_role_arn: None,
            external_id: None,
            disable_session_tags: false,
            policy: None,
            tags: BTreeMap::new(),
            created_at: None,
            modified_at: None,
        };
        Self { detail, edited: None }
    }
}

/// What the webhook's inputs say for a service account.
pub fn method(facts: &Facts, account: &ServiceAccountId, supposed: &Supposed) -> Method {
    let association = match supposed {
        Supposed::Live => facts.association(account).map_known(|association| &association.id),
        Supposed::Without => Fact::Absent,
        Supposed::With(_) => return Method::PodIdentity,
    };
    match association {
        Fact::Known(_) => Method::PodIdentity,
        Fact::Absent => annotation(facts, account),
        Fact::Loading => Method::Loading,
        Fact::Unknown(failure) => Method::Unknown(action(&failure, "eks:ListPodIdentityAssociations")),
    }
}

fn action(failure: &crate::domain::failure::Failure, usual: &str) -> Arc<str> {
    failure.action.as_deref().unwrap_or(usual).into()
}

fn annotation(facts: &Facts, account: &ServiceAccountId) -> Method {
    match facts.service_accounts.get(account) {
        Fact::Known(found) => match &found.role_arn {
            Some(role) => Method::Irsa(role.clone(), found.audience.clone().unwrap_or_else(|| DEFAULT_AUDIENCE.into())),
            None => Method::Nothing,
        },
        Fact::Absent => Method::Nothing,
        Fact::Loading => Method::Loading,
        Fact::Unknown(failure) => Method::Unknown(action(&failure, "list serviceaccounts")),
    }
}

/// Whether the webhook leaves a whole pod out.
pub fn exempt_pod(facts: &Facts, namespace: &Namespace, labels: &BTreeMap<Arc<str>, Arc<str>>) -> Option<Exempt> {
    let opted_out = labels.contains_key(SKIP_LABEL);
    let webhooks = match &facts.webhooks {
        Fact::Known(webhooks) => webhooks,
        Fact::Absent => return Some(Exempt::NoWebhook),
        Fact::Loading => return opted_out.then_some(Exempt::Loading),
        Fact::Unknown(failure) => {
            let action = failure.action.as_deref().unwrap_or("list mutatingwebhookconfigurations");
            return opted_out.then(|| Exempt::Unreadable(Some(action.into())));
        }
    };
    if webhooks.is_empty() {
        Some(Exempt::NoWebhook)
    } else if webhooks.iter().any(|webhook| selects(webhook, namespace, labels)) {
        None
    } else if opted_out {
        Some(Exempt::Label)
    } else {
        Some(Exempt::NotSelected)
    }
}

fn selects(webhook: &Webhook, namespace: &Namespace, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
    webhook.object_selector.matches(labels) && selects_namespace(&webhook.namespace_selector, namespace)
}

/// Of a namespace only its name is read, which is also the value of one label. Requirements on
/// other labels are taken as met: EKS's own object has none.
fn selects_namespace(selector: &Selector, namespace: &Namespace) -> bool {
    const NAME: &str = "kubernetes.io/metadata.name";
    let known = Selector {
        labels: selector
            .labels
            .iter()
            .filter(|(key, _)| &***key == NAME)
            .map(|(key, value)| (Arc::clone(key), Arc::clone(value)))
            .collect(),
        expressions: selector.expressions.iter().filter(|expression| &*expression.key == NAME).cloned().collect(),
    };
    known.matches(&BTreeMap::from([(Arc::from(NAME), namespace.shared())]))
}

/// Whether the webhook leaves one container out.
pub fn exempt_container(spec: &PodSpec, container: &Container) -> Option<Exempt> {
    if !is_injectable(container.kind) {
        return Some(Exempt::Ephemeral);
    }
    let skipped = spec.annotations.get(SKIP_CONTAINERS)?;
    skipped_names(skipped).iter().any(|name| name == container.name.as_str()).then_some(Exempt::Container)
}

/// The names in `skip-containers`: one CSV record; a syntax error skips nothing (1.5).
fn skipped_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text.trim_end_matches(['\r', '\n']);
    loop {
        let trimmed = rest.trim_start();
        let (name, after) = match trimmed.strip_prefix('"') {
            Some(quoted) => match quoted.find('"') {
                Some(end) => (&quoted[..end], &quoted[end + 1..]),
                None => return Vec::new(),
            },
            None => {
                let end = trimmed.find(',').unwrap_or(trimmed.len());
                if trimmed[..end].contains('"') {
                    return Vec::new();
                }
                (&trimmed[..end], &trimmed[end..])
            }
        };
        names.push(name.trim().to_owned());
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return names,
            None => return Vec::new(),
        }
    }
}

/// Which method's pair in a container's settings is exactly what the webhook injects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// `AWS_ROLE_ARN` and the token file.
    Irsa,
    /// The agent's address and the token file.
    PodIdentity,
}

/// What the webhook injected into a running container (0.2): one method's pair with exactly its
/// values and its token mounted. Where both pairs stand, the web identity pair is the template's.
pub fn injected(settings: &Settings, container: &Container) -> Option<Injected> {
    if !is_injectable(container.kind) {
        return None;
    }
    if is_pod_identity(settings, container) {
        Some(Injected::PodIdentity)
    } else if is_irsa(settings, container) {
        Some(Injected::Irsa)
    } else {
        None
    }
}

fn is_pod_identity(settings: &Settings, container: &Container) -> bool {
    AGENT_URIS.iter().any(|uri| settings.full_uri.is(uri))
        && is_path(&settings.authorization_file, POD_IDENTITY_DIRECTORY, POD_IDENTITY_VOLUME)
        && is_mounted(container, POD_IDENTITY_VOLUME, POD_IDENTITY_DIRECTORY)
}

fn is_irsa(settings: &Settings, container: &Container) -> bool {
    matches!(settings.role_arn, Setting::Text(_))
        && is_path(&settings.token_file, IRSA_DIRECTORY, "token")
        && is_mounted(container, IRSA_VOLUME, IRSA_DIRECTORY)
}

fn is_path(setting: &Setting, directory: &str, file: &str) -> bool {
    let Setting::Text(path) = setting else { return false };
    unix(path).strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')) == Some(file)
}

fn is_mounted(container: &Container, volume: &str, directory: &str) -> bool {
    let is_it = |path: &str| unix(path).trim_end_matches('/') == directory;
    container.mounts.iter().any(|mount| &*mount.volume == volume && !mount.sub_path && is_it(&mount.path))
}

/// A container's settings without what the webhook injected.
pub fn minus_injected(mut settings: Settings, injected: Option<Injected>) -> Settings {
    match injected {
        Some(Injected::Irsa) => {
            settings.role_arn = Setting::Unset;
            settings.token_file = Setting::Unset;
            settings.token = Token::Missing;
        }
        Some(Injected::PodIdentity) => {
            settings.full_uri = Setting::Unset;
            settings.authorization_file = Setting::Unset;
            settings.authorization = Token::Missing;
        }
        None => return settings,
    }
    settings.region = false;
    settings.sts_endpoints = false;
    settings
}

/// What the webhook makes of settings, with its rules for pre-set variables (1.4).
pub fn inject(mut settings: Settings, method: &Method, spec: &PodSpec, removed: Option<Injected>) -> Settings {
    let untouched = settings.region && settings.sts_endpoints;
    match method {
        Method::PodIdentity => {
            let preset = settings.full_uri.is_set() || settings.authorization_file.is_set();
            let token = Token::Projected(Some(audience_of(
                spec,
                POD_IDENTITY_VOLUME,
                POD_IDENTITY_AUDIENCE,
                removed == Some(Injected::PodIdentity),
            )));
            if !preset {
                settings.full_uri = Setting::Text(AGENT_URIS[0].into());
                settings.authorization_file =
                    Setting::Text(format!("{POD_IDENTITY_DIRECTORY}/{POD_IDENTITY_VOLUME}").into());
                settings.authorization = token;
            } else if !untouched && is_path(&settings.authorization_file, POD_IDENTITY_DIRECTORY, POD_IDENTITY_VOLUME) {
                settings.authorization = token;
            }
        }
        Method::Irsa(role, audience) => {
            let preset = settings.role_arn.is_set() || settings.token_file.is_set();
            let token =
                Token::Projected(Some(audience_of(spec, IRSA_VOLUME, audience, removed == Some(Injected::Irsa))));
            if !preset {
                settings.role_arn = Setting::Text(role.shared());
                settings.token_file = Setting::Text(format!("{IRSA_DIRECTORY}/token").into());
                settings.token = token;
            } else if !untouched && is_path(&settings.token_file, IRSA_DIRECTORY, "token") {
                settings.token = token;
            }
        }
        Method::Nothing | Method::Loading | Method::Unknown(_) => {}
    }
    settings
}

/// A volume of the injected name that the template brings is reused with whatever audience it has (1.4).
fn audience_of(spec: &PodSpec, volume: &str, injected: &str, was_injected: bool) -> Arc<str> {
    let own = spec.token_volumes.iter().find(|found| *found.name == *volume).filter(|_| !was_injected);
    own.and_then(|own| own.audience.clone()).unwrap_or_else(|| injected.into())
}

/// The association that a method rests on, where it is the live one.
pub fn association_id<'a>(facts: &'a Facts, account: &ServiceAccountId) -> Option<&'a AssociationId> {
    facts.association(account).known().map(|association| &association.id)
}
