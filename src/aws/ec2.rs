//! EC2: what only it knows of a node, its instance profile and its metadata options.

use std::sync::Arc;

use aws_sdk_ec2::types;

use super::{failure::Call, pace::Service, session::Session};
use crate::domain::{
    fact::Fact,
    failure::Failure,
    id::InstanceId,
    node::{Instance, MetadataOptions, VpcEndpoint},
};

/// Values of one filter.
const BATCH: usize = 200;

impl Session {
    /// DescribeInstances for these ids, in batches; `Absent` for an id that EC2 does not know.
    /// Asked by filter: one unknown id would fail a whole batch asked by id.
    ///
    /// # Errors
    /// `Denied` without `ec2:DescribeInstances`, and the failures of every call.
    pub async fn instances(&self, ids: &[InstanceId]) -> Result<Vec<(InstanceId, Fact<Instance>)>, Failure> {
        let mut answers = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            let found = self.batch(batch).await?;
            answers.extend(batch.iter().map(|id| {
                let instance = found.iter().find(|instance| instance.id == *id);
                (id.clone(), instance.cloned().map_or(Fact::Absent, Fact::Known))
            }));
        }
        Ok(answers)
    }

    /// DescribeVpcEndpoints of one VPC, all pages.
    ///
    /// # Errors
    /// `Denied` without `ec2:DescribeVpcEndpoints`, and the failures of every call.
    pub async fn vpc_endpoints(&self, vpc: &str) -> Result<Vec<VpcEndpoint>, Failure> {
        let call = Call::new(Service::Ec2, "ec2:DescribeVpcEndpoints", "*", "cannot read the endpoints of the VPC");
        let filter = types::Filter::builder().name("vpc-id").values(vpc).build();
        let mut endpoints = Vec::new();
        let mut token = None;
        loop {
            let request = self.ec2.describe_vpc_endpoints().filters(filter.clone()).set_next_token(token.clone());
            let page = self.perform(&call, request.send()).await?;
            endpoints.extend(page.vpc_endpoints().iter().filter_map(endpoint));
            let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
            if next.is_none() || next == token {
                return Ok(endpoints);
            }
            token = next;
        }
    }

    async fn batch(&self, ids: &[InstanceId]) -> Result<Vec<Instance>, Failure> {
        let call = Call::new(Service::Ec2, "ec2:DescribeInstances", "*", "cannot read the instances of the nodes");
        let values = ids.iter().map(InstanceId::to_string).collect();
        let filter = types::Filter::builder().name("instance-id").set_values(Some(values)).build();
        let mut instances = Vec::new();
        let mut token = None;
        loop {
            let request = self.ec2.describe_instances().filters(filter.clone()).set_next_token(token.clone());
            let page = self.perform(&call, request.send()).await?;
            let found = page.reservations().iter().flat_map(types::Reservation::instances);
            instances.extend(found.filter_map(instance));
            let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
            if next.is_none() || next == token {
                return Ok(instances);
            }
            token = next;
        }
    }
}

fn endpoint(raw: &types::VpcEndpoint) -> Option<VpcEndpoint> {
    Some(VpcEndpoint {
        service_name: raw.service_name()?.into(),
        private_dns: raw.private_dns_enabled().unwrap_or(false),
        // The model spells it `Available`, answers spell it `available`.
        available: raw.state().is_some_and(|state| state.as_str().eq_ignore_ascii_case("available")),
    })
}

fn instance(raw: &types::Instance) -> Option<Instance> {
    let profile = raw.iam_instance_profile().and_then(types::IamInstanceProfile::arn);
    Some(Instance {
        id: raw.instance_id()?.into(),
        profile_arn: profile.map(Arc::from),
        metadata: metadata(raw.metadata_options()),
        operator: raw.operator().and_then(types::OperatorResponse::principal).map(Arc::from),
    })
}

/// EC2's own defaults where an answer leaves something out.
fn metadata(raw: Option<&types::InstanceMetadataOptionsResponse>) -> MetadataOptions {
    let endpoint = raw.and_then(types::InstanceMetadataOptionsResponse::http_endpoint);
    let tokens = raw.and_then(types::InstanceMetadataOptionsResponse::http_tokens);
    let hops = raw.and_then(types::InstanceMetadataOptionsResponse::http_put_response_hop_limit);
    let state = raw.and_then(types::InstanceMetadataOptionsResponse::state);
    let ipv6 = raw.and_then(types::InstanceMetadataOptionsResponse::http_protocol_ipv6);
    MetadataOptions {
        enabled: endpoint != Some(&types::InstanceMetadataEndpointState::Disabled),
        tokens_required: tokens == Some(&types::HttpTokensState::Required),
        hop_limit: hops.and_then(|hops| u8::try_from(hops).ok()).unwrap_or(1),
        pending: state == Some(&types::InstanceMetadataOptionsState::Pending),
        ipv6: ipv6 == Some(&types::InstanceMetadataProtocolState::Enabled),
    }
}
