//! The parts of EC2's answers that are read
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html>,
//! `API_InstanceMetadataOptionsResponse`, `API_VpcEndpoint`).

use std::{fmt::Debug, sync::Arc};

use serde::{Deserialize, de::DeserializeOwned};

use crate::domain::node::{self, MetadataOptions, VpcEndpoint};

/// One page of an answer.
pub(super) trait Page: DeserializeOwned + Debug + Send + Sync + 'static {
    /// Where the next one begins.
    fn next_token(&self) -> Option<&str>;
}

/// An answer that lists something.
pub(super) trait Described {
    /// What is listed.
    type Entry;

    /// Its entries, in order.
    fn entries(self) -> Vec<Self::Entry>;
}

/// `<item>` elements of a set.
#[derive(Debug, Deserialize)]
struct Items<T> {
    #[serde(default = "Vec::new")]
    item: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { item: Vec::new() }
    }
}

/// DescribeInstancesResponse.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reservations {
    #[serde(default)]
    reservation_set: Items<Reservation>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    #[serde(default)]
    instances_set: Items<Instance>,
}

impl Page for Reservations {
    fn next_token(&self) -> Option<&str> {
        self.next_token.as_deref()
    }
}

impl Described for Reservations {
    type Entry = Instance;

    fn entries(self) -> Vec<Instance> {
        self.reservation_set.item.into_iter().flat_map(|reservation| reservation.instances_set.item).collect()
    }
}

/// DescribeVpcEndpointsResponse.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoints {
    #[serde(default)]
    vpc_endpoint_set: Items<Endpoint>,
    next_token: Option<String>,
}

impl Page for Endpoints {
    fn next_token(&self) -> Option<&str> {
        self.next_token.as_deref()
    }
}

impl Described for Endpoints {
    type Entry = Endpoint;

    fn entries(self) -> Vec<Endpoint> {
        self.vpc_endpoint_set.item
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instance {
    instance_id: Option<String>,
    iam_instance_profile: Option<Profile>,
    #[serde(default)]
    metadata_options: Metadata,
    operator: Option<Operator>,
}

#[derive(Debug, Deserialize)]
struct Profile {
    arn: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Operator {
    principal: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    state: Option<String>,
    http_endpoint: Option<String>,
    http_tokens: Option<String>,
    http_put_response_hop_limit: Option<u8>,
    http_protocol_ipv6: Option<String>,
}

impl Instance {
    /// What is known of it; nothing without an id.
    pub(super) fn known(self) -> Option<node::Instance> {
        Some(node::Instance {
            id: self.instance_id?.as_str().into(),
            profile_arn: self.iam_instance_profile.and_then(|profile| profile.arn).map(Arc::from),
            metadata: self.metadata_options.known(),
            operator: self.operator.and_then(|operator| operator.principal).map(Arc::from),
        })
    }
}

impl Metadata {
    /// EC2's own defaults where an answer leaves something out.
    fn known(&self) -> MetadataOptions {
        MetadataOptions {
            enabled: self.http_endpoint.as_deref() != Some("disabled"),
            tokens_required: self.http_tokens.as_deref() == Some("required"),
            hop_limit: self.http_put_response_hop_limit.unwrap_or(1),
            pending: self.state.as_deref() == Some("pending"),
            ipv6: self.http_protocol_ipv6.as_deref() == Some("enabled"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    service_name: Option<String>,
    private_dns_enabled: Option<bool>,
    state: Option<String>,
}

impl Endpoint {
    /// What is known of it; nothing without a service.
    pub(super) fn known(self) -> Option<VpcEndpoint> {
        Some(VpcEndpoint {
            service_name: self.service_name?.into(),
            private_dns: self.private_dns_enabled.unwrap_or(false),
            // The model spells it `Available`, answers spell it `available`.
            available: self.state.is_some_and(|state| state.eq_ignore_ascii_case("available")),
        })
    }
}

#[cfg(test)]
mod tests;
