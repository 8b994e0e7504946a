//! What the environment of containers tells: leftovers, proxies, endpoints, containers that came too late
//! (identity-resolution 8.16, 8.25, 8.28, 8.45, 8.57).

use std::net::IpAddr;

use super::{Finding, Group, Scene, Subject, Team};
use crate::domain::{
    identity::{
        ContainerIdentity, Mechanism,
        environment::{Settings, Winner},
        injection,
    },
    workload::{Container, ContainerKind, Value},
};

const AGENT_V4: &str = "169.254.170.23";
const AGENT_V6: &str = "fd00:ec2::23";

/// All rules of this file.
pub fn of_team(scene: &Scene<'_>, team: &Team<'_>) -> Vec<Finding> {
    let found =
        [both_pairs(team), proxy(scene, team), sts_endpoint(team), late_container(team), unreadable_token(scene, team)];
    found.into_iter().flatten().collect()
}

/// A finding about one container of a workload's pods.
pub(super) fn about(
    code: &str,
    team: &Team<'_>,
    holds: impl Fn(&Group<'_>, &Container, &ContainerIdentity) -> bool,
    message: impl Fn(&Container) -> String,
) -> Option<Finding> {
    let fits = |group: &Group<'_>| group.containers().any(|(container, answer)| holds(group, container, answer));
    let (group, pods) = team.where_it_holds(fits)?;
    let (container, _) = group.containers().find(|(container, answer)| holds(group, container, answer))?;
    let finding = Finding::new(code, Subject::Workload(team.id.clone()), message(container))?;
    Some(finding.of_pods(pods).because(group.witness()).because(format!("container {}", container.name)))
}

/// The webhook never injects both pairs, so one is the template's, and web identity wins in every SDK (2.2).
fn both_pairs(team: &Team<'_>) -> Option<Finding> {
    const EACH: [&str; 2] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    let both = |group: &Group<'_>, container: &Container, _: &ContainerIdentity| {
        // Few containers have both, and reading all of their settings costs more than asking.
        if !EACH.iter().all(|name| container.environment.has(name)) {
            return false;
        }
        let levels = Settings::of(container, group.spec).levels();
        levels.contains(&Winner::WebIdentity) && levels.contains(&Winner::PodIdentity)
    };
    about("STALE-IRSA-ENV", team, both, |container| {
        format!(
            "Container {} has the variables of IRSA and of Pod Identity; those of IRSA are the template's, and they win.",
            container.name
        )
    })
}

/// Calls to the agent are plain http, so HTTP_PROXY catches them (4.2).
fn proxy(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    let ipv6 = scene.facts.cluster.known().is_some_and(|cluster| cluster.ipv6);
    let agent = if ipv6 { AGENT_V6 } else { AGENT_V4 };
    let caught = |_: &Group<'_>, container: &Container, answer: &ContainerIdentity| {
        let pod_identity =
            [&answer.now, &answer.next].iter().any(|identity| identity.mechanism == Mechanism::PodIdentity);
        pod_identity && is_set(container, &["HTTP_PROXY", "http_proxy"]) && !is_spared(container, agent)
    };
    about("PI-PROXY", team, caught, |container| {
        format!(
            "Container {} sends plain http through a proxy, and NO_PROXY does not name the agent's {agent}.",
            container.name
        )
    })
}

fn is_set(container: &Container, names: &[&str]) -> bool {
    names.iter().filter_map(|name| container.environment.get(name)).any(|value| !is_empty(value))
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.is_empty())
}

/// Whether NO_PROXY lists an address; one that cannot be read gets the benefit of the doubt.
fn is_spared(container: &Container, agent: &str) -> bool {
    ["NO_PROXY", "no_proxy"].iter().any(|name| match container.environment.get(name) {
        None => false,
        Some(Value::Text(list)) => list.split(',').any(|entry| names_address(entry.trim(), agent)),
        Some(Value::Hidden | Value::AccessKey(_)) => true,
    })
}

fn names_address(entry: &str, agent: &str) -> bool {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let network = || bare.parse::<ipnet::IpNet>().ok().zip(agent.parse::<IpAddr>().ok());
    entry == "*" || bare == agent || network().is_some_and(|(network, address)| network.contains(&address))
}

fn sts_endpoint(team: &Team<'_>) -> Option<Finding> {
    let global = |_: &Group<'_>, container: &Container, answer: &ContainerIdentity| {
        let setting = container.environment.text("AWS_STS_REGIONAL_ENDPOINTS");
        answer.now.mechanism == Mechanism::Irsa && setting.is_some_and(|mode| !mode.eq_ignore_ascii_case("regional"))
    };
    about("STS-ENDPOINT", team, global, |container| {
        format!(
            "Container {} sets AWS_STS_REGIONAL_ENDPOINTS to something else than regional: older SDKs may call the global endpoint of STS, which a private VPC may not reach.",
            container.name
        )
    })
}

/// One container was given the pod's identity, and another one, exempt from nothing, was not.
fn late_container(team: &Team<'_>) -> Option<Finding> {
    about("SIDECAR-WEBHOOK-ORDER", team, is_late, |container| {
        format!(
            "Container {} has no identity although the others were given one: it was probably added by a webhook that ran later.",
            container.name
        )
    })
}

/// Whether a container lacks what others of the same pod were given: the pod is not older than its configuration.
pub(super) fn is_late(group: &Group<'_>, container: &Container, answer: &ContainerIdentity) -> bool {
    let injected =
        |container: &Container| injection::injected(&Settings::of(container, group.spec), container).is_some();
    matches!(answer.now.mechanism, Mechanism::NodeRole | Mechanism::None)
        && matches!(answer.next.mechanism, Mechanism::PodIdentity | Mechanism::Irsa)
        && container.kind != ContainerKind::Ephemeral
        && group.spec.containers.iter().any(|other| other.name != container.name && injected(other))
}

/// Kubernetes gives token files to the container's user from 1.19 on; before, only to root and `fsGroup` (1.7).
fn unreadable_token(scene: &Scene<'_>, team: &Team<'_>) -> Option<Finding> {
    const FIRST: u32 = 19;
    let cluster = scene.facts.cluster.known()?;
    if cluster.minor().is_none_or(|minor| minor >= FIRST) {
        return None;
    }
    let reads = |group: &Group<'_>, container: &Container, answer: &ContainerIdentity| {
        let token = |mechanism| matches!(mechanism, Mechanism::PodIdentity | Mechanism::Irsa);
        let used = [&answer.now, &answer.next].iter().any(|identity| token(identity.mechanism));
        used && container.non_root && !group.spec.fs_group
    };
    about("TOKEN-PERMS", team, reads, |container| {
        format!(
            "Container {} does not run as root, and without fsGroup Kubernetes {} may not let it read its token.",
            container.name, cluster.version
        )
    })
}
