//! The levels that need no hops of AWS: keys, files, other endpoints, instance metadata, and what a
//! winner hides (identity-resolution 0.1, 2.3–2.5, 3.1).

use std::net::{IpAddr, Ipv4Addr};

use super::{
    admission::short,
    barrier::{self, Barrier, barrier},
    environment::{Setting, Settings, Winner, host},
    facts::Facts,
    node_role::{NodeRole, Reach},
    resolve::Subject,
    trail::{Trail, reason, resting},
};
use crate::domain::{
    id::RoleArn,
    identity::{HopKind, Identity, Mechanism, Verdict},
    network::foreign::Address,
};

/// Where instance metadata answers.
const METADATA: Address = Address { ip: IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), of_host: false };

/// Keys, a shared configuration file or another endpoint: what they rest on.
pub fn own(subject: &Subject<'_>, winner: &Winner, trail: &mut Trail) {
    trail.hop(HopKind::Pod, || subject.title());
    match winner {
        Winner::StaticKeys => {
            let message = "Access keys in the environment win; whose they are cannot be read from here.";
            trail.fail(
                Verdict::Depends,
                "access keys",
                || "in the environment".to_owned(),
                resting(Some("STATIC-KEYS"), message, "owner of the access keys"),
            );
        }
        Winner::Profile(what) => {
            let message = format!("A shared configuration file ({what}) decides, and not in every SDK.");
            let mut found = resting(None, message, "shared configuration file");
            found.depends_on.push("SDK".to_owned());
            trail.fail(Verdict::Depends, "profile", || what.to_string(), found);
        }
        Winner::Endpoint(address) => endpoint(address, trail),
        Winner::WebIdentity | Winner::PodIdentity | Winner::Metadata => {}
    }
}

fn endpoint(address: &Setting, trail: &mut Trail) {
    let Setting::Text(uri) = address else {
        let message = "AWS_CONTAINER_CREDENTIALS_FULL_URI is set from elsewhere, so the endpoint cannot be told.";
        return trail.fail(
            Verdict::Depends,
            "endpoint",
            || "valueFrom".to_owned(),
            resting(None, message, "value of AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        );
    };
    let host = host(uri);
    if is_refused(uri, host) {
        let message = format!(
            "SDKs refuse the credentials endpoint {host}: plain http is allowed only to loopback and link-local addresses of AWS."
        );
        return trail.fail(Verdict::Broken, "endpoint", || host.to_owned(), reason(None, message));
    }
    let message = format!("Credentials come from the endpoint {host}, which cannot be asked from here.");
    trail.fail(Verdict::Depends, "endpoint", || host.to_owned(), resting(None, message, format!("endpoint {host}")));
}

/// Plain http to an address that no SDK allows (2.5). A name may resolve to an allowed one.
fn is_refused(uri: &str, host: &str) -> bool {
    let plain = uri.split_once("://").is_none_or(|(scheme, _)| scheme.eq_ignore_ascii_case("http"));
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    plain
        && address.is_ok_and(|address| {
            !address.is_loopback()
                && !["169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(&address.to_string().as_str())
        })
}

/// Nothing is configured: the node role if instance metadata answers, else nothing.
pub fn metadata(
    facts: &Facts,
    subject: &Subject<'_>,
    settings: &Settings,
    trail: &mut Trail,
) -> (Mechanism, Option<RoleArn>) {
    trail.hop(HopKind::Pod, || subject.title());
    trail.ok("injected", || "nothing".to_owned());
    trail.hop(HopKind::Node, || subject.node_title());
    if settings.metadata_disabled {
        trail.ok("metadata", || "AWS_EC2_METADATA_DISABLED".to_owned());
        trail.note(reason(None, "AWS_EC2_METADATA_DISABLED keeps SDKs from asking for the node role."));
        return (Mechanism::None, None);
    }
    match reach(subject, trail) {
        Mechanism::NodeRole => {
            barrier::walk(facts, subject, METADATA, "IMDS-NETPOL", "instance metadata", trail);
            walk_ipv6(subject, settings, trail);
            walk_versions(subject, settings, trail);
            role(subject, trail)
        }
        other => (other, None),
    }
}

fn reach(subject: &Subject<'_>, trail: &mut Trail) -> Mechanism {
    let reach = match is_proxied(subject) {
        true => &Reach::Maybe("metadata proxy"),
        false => subject.node.reach_for(subject.spec.host_network),
    };
    match reach {
        Reach::Yes => {
            trail.ok("metadata", || if subject.spec.host_network { "host network" } else { "reachable" }.to_owned());
            Mechanism::NodeRole
        }
        Reach::No(why) => {
            trail.ok("metadata", || "not reachable".to_owned());
            trail.note(reason(None, format!("Instance metadata cannot be reached: {why}.")));
            Mechanism::None
        }
        Reach::Maybe(what) => {
            let message = format!("Whether instance metadata answers depends: {what}.");
            trail.fail(Verdict::Depends, "metadata", || (*what).to_owned(), resting(None, message, *what));
            Mechanism::NodeRole
        }
        Reach::Unknown(action) => {
            let mut found = reason(None, "Whether this pod reaches instance metadata cannot be read.");
            found.depends_on.extend(action.as_deref().map(str::to_owned));
            trail.fail(Verdict::Unknown, "metadata", || "cannot be read".to_owned(), found);
            Mechanism::NodeRole
        }
        Reach::Loading => {
            trail.waiting("metadata");
            Mechanism::Unknown
        }
        Reach::Differs => {
            let message = "Nodes differ in whether pods reach instance metadata, and none is chosen yet.";
            trail.fail(Verdict::Unknown, "metadata", || "nodes differ".to_owned(), resting(None, message, "the node"));
            Mechanism::Unknown
        }
    }
}

/// Whether kube2iam or kiam is asked to answer in place of instance metadata.
fn is_proxied(subject: &Subject<'_>) -> bool {
    subject.spec.annotations.contains_key("iam.amazonaws.com/role")
}

/// IMDSv1 alone answers: who never asks it finds nothing (2.6, 3.1).
fn walk_versions(subject: &Subject<'_>, settings: &Settings, trail: &mut Trail) {
    let node = subject.node;
    if !node.only_v1 || node.role == NodeRole::NotOffered || subject.spec.host_network || is_proxied(subject) {
        return;
    }
    if !settings.metadata_v1_disabled {
        return trail.note(reason(
            None,
            "Only IMDSv1 answers these pods: tokens are optional and the hop limit is 1. The SDK for Rust speaks IMDSv2 \
             only and finds no credentials; boto3 and the AWS CLI fall back to IMDSv1 and take the node role, and so do \
             most others.",
        ));
    }
    let message = "Only IMDSv1 answers these pods: tokens are optional and the hop limit is 1. AWS_EC2_METADATA_V1_DISABLED \
                   keeps boto3 and the AWS CLI from it, and the SDK for Rust never asks it: they find no credentials. \
                   SDKs that do not heed the variable take the node role.";
    trail.fail(Verdict::Depends, "IMDSv1", || "AWS_EC2_METADATA_V1_DISABLED".to_owned(), resting(None, message, "SDK"));
}

/// Single-stack IPv6 pods: SDKs ask the IPv4 address unless they are told not to (3.1).
fn walk_ipv6(subject: &Subject<'_>, settings: &Settings, trail: &mut Trail) {
    let Some(answers) = subject.node.ipv6_metadata.filter(|_| !subject.spec.host_network) else { return };
    if answers && settings.metadata_ipv6 {
        return trail.ok("IPv6", || "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE".to_owned());
    }
    let message = if answers {
        "Pods have IPv6 addresses, but SDKs ask the IPv4 address of instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is not IPv6."
    } else {
        "Pods have IPv6 addresses, but instance metadata does not answer over IPv6 on this node."
    };
    let found = resting(Some("IPV6-IMDS"), message, "IPv4 path to instance metadata");
    trail.fail(Verdict::Depends, "IPv6", || "IPv4 only".to_owned(), found);
}

/// The node's role; no credentials at all if the node offers none.
fn role(subject: &Subject<'_>, trail: &mut Trail) -> (Mechanism, Option<RoleArn>) {
    trail.hop(
        HopKind::Role,
        || if let NodeRole::Known(arn, _) = &subject.node.role { short(arn) } else { String::new() },
    );
    match &subject.node.role {
        NodeRole::Known(arn, source) => {
            trail.ok("role", || format!("by {source}"));
            return (Mechanism::NodeRole, Some(arn.clone()));
        }
        NodeRole::NotOffered => {
            trail.ok("role", || "the instance has no profile".to_owned());
            trail.note(reason(None, "The instance has no instance profile, so instance metadata offers no role."));
            return (Mechanism::None, None);
        }
        NodeRole::Loading => trail.waiting("role"),
        NodeRole::Candidates(roles, missing, _) => {
            let names: Vec<String> = roles.iter().map(short).collect();
            let message =
                format!("By the access entries of the cluster the role of the node is one of {}.", names.join(", "));
            let mut found = reason(None, message);
            found.depends_on.extend(missing.as_deref().map(str::to_owned));
            trail.fail(Verdict::Unknown, "role", || format!("one of {}", names.len()), found);
        }
        NodeRole::Unknown(action) => {
            let mut found = reason(None, "The role of the node cannot be read.");
            found.depends_on.extend(action.as_deref().map(str::to_owned));
            trail.fail(Verdict::Unknown, "role", || "cannot be read".to_owned(), found);
        }
        NodeRole::Differs => {
            let message = "Nodes have different roles, and none is chosen yet.";
            trail.fail(Verdict::Depends, "role", || "nodes differ".to_owned(), resting(None, message, "the node"));
        }
    }
    (Mechanism::NodeRole, None)
}

/// Pairs of variables of which one half is missing: most SDKs ignore them, some fail (2.3).
pub fn halves(settings: &Settings, trail: &mut Trail) {
    if let Some(variable) = settings.half_web_identity() {
        let message = format!("{variable} is set without its other half, so web identity does not apply.");
        if variable == "AWS_WEB_IDENTITY_TOKEN_FILE" {
            trail.fail(
                Verdict::Depends,
                "environment",
                || variable.to_owned(),
                resting(Some("STALE-IRSA-ENV"), message, "SDK"),
            );
        } else {
            trail.note(reason(Some("STALE-IRSA-ENV"), message));
        }
    }
    if let Some(variable) = settings.half_container() {
        trail.note(reason(
            None,
            format!("{variable} is set without AWS_CONTAINER_CREDENTIALS_FULL_URI, so it is ignored."),
        ));
    }
}

/// Where current SDKs do not agree on the winner: which of them take another (2.3).
pub fn dissent(settings: &Settings, levels: &[Winner], trail: &mut Trail) {
    let web_identity = levels.contains(&Winner::WebIdentity);
    let mut say = |message: &str| trail.note(reason(None, message));
    match levels.first() {
        Some(Winner::StaticKeys) => {
            if web_identity {
                say("The SDK for .NET 3 takes the web identity; the others take the access keys.");
            }
            if settings.profile.as_deref() == Some("AWS_PROFILE") {
                say(
                    "The SDK for JavaScript 3 takes the profile where AWS_PROFILE is set; the others take the access keys.",
                );
            }
        }
        Some(Winner::Profile(_)) if web_identity => say(
            "The SDKs for JavaScript 3, Rust and C++ take the profile; those for Go 2, Java 2 and .NET the web identity, \
             and so do boto3 and the AWS CLI unless the profile assumes a role.",
        ),
        Some(Winner::Endpoint(_)) if settings.relative_uri.is_set() && settings.full_uri.is_set() => {
            say("The SDK for Go 2 takes AWS_CONTAINER_CREDENTIALS_FULL_URI; the others take the relative one.");
        }
        _ => {}
    }
}

/// What takes over if the winner is removed, and what a broken winner falls to in Java (2.4).
pub fn shadows(
    facts: &Facts,
    subject: &Subject<'_>,
    settings: &Settings,
    levels: &[Winner],
    identity: &mut Identity,
    trail: &mut Trail,
) {
    let hidden = levels.iter().skip(1).filter(|level| **level != Winner::Metadata).map(Winner::mechanism);
    identity.shadowed = hidden.collect();
    let is_metadata = levels.first().is_none_or(|winner| *winner == Winner::Metadata);
    let reachable = *subject.node.reach_for(subject.spec.host_network) == Reach::Yes && !settings.metadata_disabled;
    let reachable = reachable && barrier(facts, subject, METADATA) == Barrier::None;
    if is_metadata || !reachable || subject.node.role == NodeRole::NotOffered {
        return;
    }
    identity.shadowed.push(Mechanism::NodeRole);
    if trail.is_broken() && matches!(identity.mechanism, Mechanism::Irsa | Mechanism::PodIdentity) {
        let role =
            if let NodeRole::Known(arn, _) = &subject.node.role { format!(" {}", short(arn)) } else { String::new() };
        trail.note(reason(None, format!("SDKs for Java fall silently to the node role{role}; others fail.")));
    }
}
