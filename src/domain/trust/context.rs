//! Which condition keys a call carries: known, absent, or present with a value nobody
//! can know beforehand. One table per mechanism, after the IAM and EKS user guides.

use std::borrow::Cow;

use super::request::{ContextValue, Mechanism, Organization, PODS_SERVICE, RawRequest, Request};

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact<'a> {
    Absent,
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
    Unknown(Unknown),
}

/// What is known of an unknown value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) may_be_absent: bool,
    /// The id of the cluster account's organization: the same behind two keys.
    organization: bool,
}

impl<'a> Fact<'a> {
    const UNKNOWN: Self = Self::Unknown(Unknown { may_be_absent: true, organization: false });
    const PRESENT: Self = Self::Unknown(Unknown { may_be_absent: false, organization: false });

    fn known(text: &'a str) -> Self {
        Self::One(Cow::Borrowed(text))
    }

    fn optional(text: Option<&'a String>) -> Self {
        text.map_or(Self::PRESENT, |text| Self::known(text))
    }

    /// Two unknown keys that always have the same value.
    pub(super) fn same_unknown(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Unknown(a), Self::Unknown(b)) if a.organization && b.organization)
    }
}

/// Where the keys of a call come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Context<'a> {
    Request(&'a Request),
    Given(&'a RawRequest),
}

/// The session tags EKS sends, all transitive.
const SESSION_TAGS: [&str; 6] = [
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-service-account",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
];

/// Keys with several values; they need `ForAllValues` or `ForAnyValue`.
const MULTI_VALUED: [&str; 4] =
    ["aws:tagkeys", "sts:transitivetagkeys", "aws:calledvia", "aws:principalservicenameslist"];

/// Whether a key (in lower case) has several values.
pub(super) fn is_multi_valued(key: &str) -> bool {
    MULTI_VALUED.contains(&key) || key.ends_with("orgpaths")
}

impl<'a> Context<'a> {
    /// What is known of a key, given in lower case.
    pub(super) fn fact(&self, key: &str) -> Fact<'a> {
        match self {
            Self::Request(request) => fact(request, key),
            Self::Given(request) => given(request, key),
        }
    }
}

fn given<'a>(request: &'a RawRequest, key: &str) -> Fact<'a> {
    let found = request.context.iter().find(|(name, _)| name.to_lowercase() == key);
    match found {
        None => Fact::Absent,
        Some((_, ContextValue::One(value))) if is_multi_valued(key) => Fact::Many(vec![Cow::Borrowed(value)]),
        Some((_, ContextValue::One(value))) => Fact::known(value),
        Some((_, ContextValue::Many(values))) => {
            Fact::Many(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
        }
    }
}

fn fact<'a>(request: &'a Request, key: &str) -> Fact<'a> {
    if let Some(claim) = issuer_claim(request, key) {
        return claims(request, claim);
    }
    match key.split_once('/') {
        Some(("aws:requesttag", tag)) => request_tag(request, tag),
        Some(("aws:principaltag", tag)) => principal_tag(request, tag),
        Some(("aws:resourcetag" | "iam:resourcetag", tag)) => resource_tag(request, tag),
        _ => everywhere(request, key).unwrap_or_else(|| by_mechanism(request, key)),
    }
}

/// The claim of a key that starts with the cluster's issuer, e.g. `sub`.
fn issuer_claim<'k>(request: &Request, key: &'k str) -> Option<&'k str> {
    let issuer = request.cluster.issuer_host_path();
    let (prefix, rest) = (key.get(..issuer.len())?, key.get(issuer.len()..)?);
    (!issuer.is_empty() && prefix.eq_ignore_ascii_case(issuer)).then_some(rest)?.strip_prefix(':')
}

/// EKS tokens offer `sub` and `aud` to conditions and nothing else.
fn claims<'a>(request: &'a Request, claim: &str) -> Fact<'a> {
    match (request.mechanism, claim) {
        (Mechanism::Irsa, "sub") => Fact::One(Cow::Owned(request.subject())),
        (Mechanism::Irsa, "aud") => Fact::known(request.token_audience()),
        _ => Fact::Absent,
    }
}

fn sends_tags(request: &Request) -> bool {
    request.session_tags && matches!(request.mechanism, Mechanism::PodIdentity | Mechanism::PodIdentityTarget)
}

/// The value of one of the six session tags.
fn session_tag<'a>(request: &'a Request, tag: &str) -> Option<Fact<'a>> {
    let fact = match tag {
        "eks-cluster-arn" => Fact::known(&request.cluster.arn),
        "eks-cluster-name" => Fact::known(&request.cluster.name),
        "kubernetes-namespace" => Fact::known(&request.namespace),
        "kubernetes-service-account" => Fact::known(&request.service_account),
        "kubernetes-pod-name" => Fact::optional(request.pod_name.as_ref()),
        "kubernetes-pod-uid" => Fact::optional(request.pod_uid.as_ref()),
        _ => return None,
    };
    Some(fact)
}

fn request_tag<'a>(request: &'a Request, tag: &str) -> Fact<'a> {
    let sent = if sends_tags(request) { session_tag(request, tag) } else { None };
    sent.unwrap_or(Fact::Absent)
}

/// Session tags become principal tags in the second hop; beside them the association
/// role may have tags of its own.
fn principal_tag<'a>(request: &'a Request, tag: &str) -> Fact<'a> {
    if request.mechanism != Mechanism::PodIdentityTarget {
        return Fact::Absent;
    }
    let inherited = if request.session_tags { session_tag(request, tag) } else { None };
    inherited.unwrap_or(Fact::UNKNOWN)
}

fn resource_tag<'a>(request: &'a Request, tag: &str) -> Fact<'a> {
    match &request.role.tags {
        Some(tags) if request.mechanism != Mechanism::Irsa => tags
            .iter()
            .find(|(name, _)| name.to_lowercase() == tag)
            .map_or(Fact::Absent, |(_, value)| Fact::known(value)),
        _ => Fact::UNKNOWN,
    }
}

/// Keys that every mechanism treats alike.
fn everywhere<'a>(request: &'a Request, key: &str) -> Option<Fact<'a>> {
    Some(match key {
        "aws:currenttime" => Fact::One(Cow::Owned(request.now.to_string())),
        "aws:epochtime" => Fact::One(Cow::Owned(request.now.as_second().to_string())),
        "aws:securetransport" => Fact::known("true"),
        "aws:viaawsservice" => Fact::known("false"),
        "aws:resourceaccount" => Fact::known(request.role.account()),
        "sts:rolesessionname" | "aws:requestedregion" => Fact::PRESENT,
        "aws:sourceip" | "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourcevpcarn" | "aws:vpcsourceip"
        | "aws:useragent" | "aws:referer" => Fact::UNKNOWN,
        _ if key.starts_with("aws:vpce") => Fact::UNKNOWN,
        _ => return None,
    })
}

fn by_mechanism<'a>(request: &'a Request, key: &str) -> Fact<'a> {
    match request.mechanism {
        Mechanism::Irsa => irsa(key),
        Mechanism::PodIdentity => pod_identity(request, key),
        Mechanism::Node => node(request, key),
        Mechanism::PodIdentityTarget => target(request, key),
    }
}

/// Unsigned call of the pod: hardly anything is known of a principal.
fn irsa<'a>(key: &str) -> Fact<'a> {
    match key {
        "aws:principalaccount"
        | "aws:principaltype"
        | "aws:userid"
        | "aws:federatedprovider"
        | "aws:resourceorgid"
        | "aws:resourceorgpaths"
        | "sts:roleauthorizedbyidp" => Fact::UNKNOWN,
        _ => Fact::Absent,
    }
}

fn pod_identity<'a>(request: &'a Request, key: &str) -> Fact<'a> {
    match key {
        "aws:tagkeys" | "sts:transitivetagkeys" => tag_keys(request),
        "aws:sourcearn" => Fact::known(&request.cluster.arn),
        "aws:sourceaccount" => Fact::known(&request.cluster.account),
        "aws:sourceorgid" | "aws:resourceorgid" => organization(request),
        "aws:sourceorgpaths" | "aws:resourceorgpaths" => organization_paths(request),
        "aws:principalisawsservice" => Fact::known("true"),
        "aws:principalservicename" => Fact::known(PODS_SERVICE),
        "aws:principalarn" | "aws:principalaccount" | "aws:principaltype" | "aws:userid" => Fact::UNKNOWN,
        _ => Fact::Absent,
    }
}

fn node<'a>(request: &'a Request, key: &str) -> Fact<'a> {
    match key {
        "aws:principalisawsservice" => Fact::known("true"),
        "aws:principalservicename" => Fact::known(request.ec2_service()),
        "aws:sourcearn"
        | "aws:sourceaccount"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths"
        | "aws:resourceorgid"
        | "aws:resourceorgpaths"
        | "aws:principalarn"
        | "aws:principalaccount"
        | "aws:principaltype"
        | "aws:userid" => Fact::UNKNOWN,
        _ => Fact::Absent,
    }
}

fn target<'a>(request: &'a Request, key: &str) -> Fact<'a> {
    let source = request.source_role_arn.as_deref().unwrap_or_default();
    match key {
        "aws:tagkeys" | "sts:transitivetagkeys" => tag_keys(request),
        "sts:externalid" if request.session_tags => Fact::UNKNOWN,
        "sts:externalid" => Fact::One(Cow::Owned(external_id(request))),
        "aws:principalisawsservice" => Fact::known("false"),
        "aws:principalarn" => Fact::known(source),
        "aws:principalaccount" => match super::arn::account(source) {
            Some(account) => Fact::known(account),
            None => Fact::UNKNOWN,
        },
        "aws:principalorgid"
        | "aws:principalorgpaths"
        | "aws:resourceorgid"
        | "aws:resourceorgpaths"
        | "aws:principaltype"
        | "aws:userid"
        | "aws:federatedprovider"
        | "aws:tokenissuetime" => Fact::UNKNOWN,
        _ if key.starts_with("aws:multifactorauth") => Fact::UNKNOWN,
        _ => Fact::Absent,
    }
}

/// What EKS sends as `sts:ExternalId` when session tags are disabled.
fn external_id(request: &Request) -> String {
    let (region, cluster) = (&request.region, &request.cluster);
    let (namespace, service_account) = (&request.namespace, &request.service_account);
    format!("{region}/{}/{}/{namespace}/{service_account}", cluster.account, cluster.name)
}

fn tag_keys<'a>(request: &Request) -> Fact<'a> {
    if !sends_tags(request) {
        return Fact::Absent;
    }
    Fact::Many(SESSION_TAGS.map(Cow::Borrowed).to_vec())
}

/// Role and cluster are in one account, so source and resource organization are one.
fn organization(request: &Request) -> Fact<'_> {
    match &request.organization {
        Organization::Unknown => Fact::Unknown(Unknown { may_be_absent: true, organization: true }),
        Organization::None => Fact::Absent,
        Organization::Id(id) => Fact::known(id),
    }
}

fn organization_paths<'a>(request: &Request) -> Fact<'a> {
    match request.organization {
        Organization::Unknown => Fact::UNKNOWN,
        Organization::None => Fact::Absent,
        Organization::Id(_) => Fact::PRESENT,
    }
}
