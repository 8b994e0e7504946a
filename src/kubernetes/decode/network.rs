//! NetworkPolicies, as far as they say what pods may reach, and SecurityGroupPolicies.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    metadata::{Metadata, Unreadable, required},
    selector::{RawSelector, selector},
    text::{Text, or_default},
};
use crate::domain::network::{Block, EgressRule, NetworkPolicy, Ports, SecurityGroupPolicy};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Policy<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: Spec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    pod_selector: RawSelector<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    policy_types: Vec<Text<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    egress: Vec<Rule<'a>>,
}

/// Without `to` every address is allowed, without `ports` every port; empty lists count as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    to: Vec<Peer<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    ports: Vec<Port<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Peer<'a> {
    #[serde(borrow)]
    ip_block: Option<IpBlock<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct IpBlock<'a> {
    #[serde(borrow)]
    cidr: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    except: Vec<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow)]
    protocol: Text<'a>,
    #[serde(deserialize_with = "number")]
    port: Number,
    #[serde(deserialize_with = "number")]
    end_port: Number,
}

/// A port: absent, a number, or a name that only pods have.
#[derive(Clone, Copy, Default)]
enum Number {
    #[default]
    None,
    Of(u16),
    Named,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => Number::None,
        Value::Number(number) => {
            number.as_u64().and_then(|port| u16::try_from(port).ok()).map_or(Number::Named, Number::Of)
        }
        _ => Number::Named,
    })
}

/// A policy: its key, and what it says about egress, if it says anything.
pub(in crate::kubernetes) fn policy(json: &str) -> Result<(Arc<str>, Vec<NetworkPolicy>), Unreadable> {
    let raw: Policy<'_> = serde_json::from_str(json)?;
    let name = required(&raw.metadata.name, "metadata.name")?;
    let namespace = required(&raw.metadata.namespace, "metadata.namespace")?;
    let key = format!("{namespace}/{name}").into();
    let isolates = match raw.spec.policy_types.is_empty() {
        true => !raw.spec.egress.is_empty(),
        false => raw.spec.policy_types.iter().any(|kind| &**kind == "Egress"),
    };
    if !isolates {
        return Ok((key, Vec::new()));
    }
    let pods = selector(&raw.spec.pod_selector)?;
    let egress = raw.spec.egress.iter().map(rule).collect();
    Ok((key, vec![NetworkPolicy { namespace: namespace.into(), name: name.into(), pods, egress }]))
}

fn rule(raw: &Rule<'_>) -> EgressRule {
    let blocks = raw.to.iter().filter_map(|peer| block(peer.ip_block.as_ref()?));
    let ports = raw.ports.iter().filter_map(ports);
    EgressRule {
        blocks: (!raw.to.is_empty()).then(|| blocks.collect()),
        ports: (!raw.ports.is_empty()).then(|| ports.collect()),
    }
}

/// The API server takes only valid blocks; one that cannot be read allows nothing.
pub(super) fn block(raw: &IpBlock<'_>) -> Option<Block> {
    let except = raw.except.iter().filter_map(|text| text.parse().ok()).collect();
    Some(Block { network: raw.cidr.parse().ok()?, except })
}

fn ports(raw: &Port<'_>) -> Option<Ports> {
    if !raw.protocol.is_empty() && &*raw.protocol != "TCP" {
        return None;
    }
    match (raw.port, raw.end_port) {
        (Number::None, _) => Some(Ports { first: 0, last: u16::MAX }),
        (Number::Of(first), Number::Of(last)) => Some(Ports { first, last }),
        (Number::Of(port), _) => Some(Ports { first: port, last: port }),
        (Number::Named, _) => None,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Groups<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    spec: GroupsSpec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GroupsSpec<'a> {
    #[serde(borrow)]
    pod_selector: Option<RawSelector<'a>>,
    #[serde(borrow)]
    service_account_selector: Option<RawSelector<'a>>,
    #[serde(borrow, deserialize_with = "or_default")]
    security_groups: SecurityGroups<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SecurityGroups<'a> {
    #[serde(borrow, deserialize_with = "or_default")]
    group_ids: Vec<Text<'a>>,
}

/// A policy that gives pods security groups; without a selector or without groups it gives none.
pub(in crate::kubernetes) fn security_group_policy(
    json: &str,
) -> Result<(Arc<str>, Vec<SecurityGroupPolicy>), Unreadable> {
    let raw: Groups<'_> = serde_json::from_str(json)?;
    let name = required(&raw.metadata.name, "metadata.name")?;
    let namespace = required(&raw.metadata.namespace, "metadata.namespace")?;
    let pods = raw.spec.pod_selector.as_ref().map(selector).transpose()?;
    let accounts = raw.spec.service_account_selector.as_ref().map(selector).transpose()?;
    let gives = (pods.is_some() || accounts.is_some()) && !raw.spec.security_groups.group_ids.is_empty();
    let policy = SecurityGroupPolicy { namespace: namespace.into(), name: name.into(), pods, accounts };
    Ok((format!("{namespace}/{name}").into(), gives.then_some(policy).into_iter().collect()))
}
