//! EC2, its own query protocol: DescribeInstances and DescribeVpcEndpoints with what identity needs.

use super::dispatch::REQUEST_ID;
use super::eks::VPC;
use super::error::{Failure, Service, unknown_operation};
use super::model::{Instance, State, VpcEndpoint};
use super::page::page;
use super::query::Parameters;
use super::xml::Xml;

/// API version.
pub const VERSION: &str = "2016-11-15";
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// Performs an operation.
pub fn perform(state: &State, operation: &str, parameters: &Parameters) -> Result<String, Failure> {
    match operation {
        "DescribeInstances" => describe_instances(state, parameters),
        "DescribeVpcEndpoints" => describe_vpc_endpoints(state, parameters),
        other => Err(unknown_operation(Service::Ec2, other, VERSION)),
    }
}

fn describe_instances(state: &State, parameters: &Parameters) -> Result<String, Failure> {
    let ids = parameters.flat_list("InstanceId");
    if parameters.get("MaxResults").is_some() && !ids.is_empty() {
        let sentence = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(Failure::new(400, "InvalidParameterCombination", sentence));
    }
    must_exist(state, &ids)?;
    let filters = filters(parameters)?;
    let chosen = state
        .instances
        .values()
        .filter(|instance| ids.is_empty() || ids.contains(&instance.id))
        .filter(|instance| filters.iter().all(|filter| filter.admits(instance, state)))
        .map(|instance| (instance.id.clone(), instance));
    let size = parameters.number("MaxResults", 1000, 5, 1000)?;
    let page = page(chosen, size, parameters.get("NextToken"))
        .map_err(|_| Failure::new(400, "InvalidNextToken", "The token is invalid."))?;
    let mut xml = Xml::document();
    xml.root("DescribeInstancesResponse", NAMESPACE, |xml| {
        xml.text("requestId", REQUEST_ID);
        xml.list("reservationSet", "item", &page.items, |xml, instance| reservation(xml, state, instance));
        xml.optional("nextToken", page.next.as_deref());
    });
    Ok(xml.finish())
}

/// The endpoints of the cluster's VPC, by `vpc-id` and `service-name`.
fn describe_vpc_endpoints(state: &State, parameters: &Parameters) -> Result<String, Failure> {
    let filters = named_filters(parameters, &["vpc-id", "service-name"])?;
    let admits = |filter: &Filter, endpoint: &VpcEndpoint| match filter.name.as_str() {
        "vpc-id" => filter.values.iter().any(|id| id == VPC),
        _ => filter.values.contains(&endpoint.service_name),
    };
    let chosen = state
        .vpc_endpoints
        .iter()
        .filter(|endpoint| filters.iter().all(|filter| admits(filter, endpoint)))
        .map(|endpoint| (endpoint.id.clone(), endpoint));
    let size = parameters.number("MaxResults", 1000, 5, 1000)?;
    let page = page(chosen, size, parameters.get("NextToken"))
        .map_err(|_| Failure::new(400, "InvalidNextToken", "The token is invalid."))?;
    let mut xml = Xml::document();
    xml.root("DescribeVpcEndpointsResponse", NAMESPACE, |xml| {
        xml.text("requestId", REQUEST_ID);
        xml.list("vpcEndpointSet", "item", &page.items, |xml, endpoint| {
            xml.text("vpcEndpointId", &endpoint.id);
            xml.text("vpcEndpointType", &endpoint.kind);
            xml.text("vpcId", VPC);
            xml.text("serviceName", &endpoint.service_name);
            xml.text("state", &endpoint.state);
            xml.text("privateDnsEnabled", if endpoint.private_dns { "true" } else { "false" });
            xml.text("ownerId", &state.account);
        });
        xml.optional("nextToken", page.next.as_deref());
    });
    Ok(xml.finish())
}

fn must_exist(state: &State, ids: &[String]) -> Result<(), Failure> {
    let malformed = |id: &&String| {
        let hex = id.strip_prefix("i-").unwrap_or_default();
        !matches!(hex.len(), 8 | 17) || !hex.bytes().all(|b| b.is_ascii_hexdigit())
    };
    if let Some(id) = ids.iter().find(malformed) {
        return Err(Failure::new(400, "InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\"")));
    }
    let unknown: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !state.instances.contains_key(*id)).collect();
    let sentence = match unknown.as_slice() {
        [] => return Ok(()),
        [id] => format!("The instance ID '{id}' does not exist"),
        ids => format!("The instance IDs '{}' do not exist", ids.join(", ")),
    };
    Err(Failure::new(400, "InvalidInstanceID.NotFound", sentence))
}

struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    fn admits(&self, instance: &Instance, state: &State) -> bool {
        let value = match self.name.as_str() {
            "instance-id" => Some(instance.id.clone()),
            "instance-state-name" => Some(instance.state.clone()),
            "private-dns-name" => Some(instance.private_dns.clone()),
            "iam-instance-profile.arn" => profile_arn(instance, state),
            "tag-key" => {
                return self.values.iter().any(|key| instance.tags.contains_key(key));
            }
            name => name.strip_prefix("tag:").and_then(|key| instance.tags.get(key)).cloned(),
        };
        value.is_some_and(|value| self.values.contains(&value))
    }
}

fn filters(parameters: &Parameters) -> Result<Vec<Filter>, Failure> {
    let known = ["instance-id", "instance-state-name", "private-dns-name", "iam-instance-profile.arn", "tag-key"];
    named_filters(parameters, &known)
}

fn named_filters(parameters: &Parameters, known: &[&str]) -> Result<Vec<Filter>, Failure> {
    let mut filters = Vec::new();
    for index in 1.. {
        let Some(name) = parameters.get(&format!("Filter.{index}.Name")) else {
            break;
        };
        if !known.contains(&name) && !name.starts_with("tag:") {
            return Err(Failure::new(400, "InvalidParameterValue", format!("The filter '{name}' is invalid")));
        }
        let values = parameters.flat_list(&format!("Filter.{index}.Value"));
        filters.push(Filter { name: name.to_owned(), values });
    }
    Ok(filters)
}

fn profile_arn(instance: &Instance, state: &State) -> Option<String> {
    let name = instance.profile.as_ref()?;
    let known = state.profiles.get(name).map(|profile| profile.arn.clone());
    Some(known.unwrap_or_else(|| state.iam_arn(&format!("instance-profile/{name}"))))
}

fn reservation(xml: &mut Xml, state: &State, instance: &Instance) {
    let number = instance.id.trim_start_matches("i-");
    xml.text("reservationId", &format!("r-{number}"));
    xml.text("ownerId", &state.account);
    xml.element("groupSet", |_| {});
    xml.element("instancesSet", |xml| xml.element("item", |xml| describe(xml, state, instance)));
}

fn describe(xml: &mut Xml, state: &State, instance: &Instance) {
    xml.text("instanceId", &instance.id);
    xml.element("instanceState", |xml| {
        xml.text("code", state_code(&instance.state));
        xml.text("name", &instance.state);
    });
    xml.text("privateDnsName", &instance.private_dns);
    xml.text("privateIpAddress", &instance.private_ip);
    xml.text("instanceType", &instance.kind);
    xml.text("launchTime", &instance.launched_at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string());
    xml.element("placement", |xml| xml.text("availabilityZone", &instance.zone));
    xml.text("architecture", "x86_64");
    if let Some(arn) = profile_arn(instance, state) {
        xml.element("iamInstanceProfile", |xml| {
            xml.text("arn", &arn);
            let id = instance.profile.as_ref().and_then(|name| state.profiles.get(name));
            xml.optional("id", id.map(|profile| profile.id.as_str()));
        });
    }
    xml.list("tagSet", "item", &instance.tags, |xml, (key, value)| {
        xml.text("key", key);
        xml.text("value", value);
    });
    xml.element("metadataOptions", |xml| metadata_options(xml, instance));
    xml.element("operator", |xml| {
        xml.text("managed", if instance.operator.is_some() { "true" } else { "false" });
        xml.optional("principal", instance.operator.as_deref());
    });
}

fn metadata_options(xml: &mut Xml, instance: &Instance) {
    xml.text("state", &instance.options_state);
    xml.text("httpTokens", &instance.tokens);
    xml.text("httpPutResponseHopLimit", &instance.hop_limit.to_string());
    xml.text("httpEndpoint", &instance.endpoint);
    xml.text("httpProtocolIpv6", &instance.protocol_ipv6);
    xml.text("instanceMetadataTags", "disabled");
}

fn state_code(state: &str) -> &'static str {
    match state {
        "pending" => "0",
        "shutting-down" => "32",
        "terminated" => "48",
        "stopping" => "64",
        "stopped" => "80",
        _ => "16",
    }
}
