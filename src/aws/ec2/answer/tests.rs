//! Answers in the form of EC2's own examples.

use pretty_assertions::assert_eq;

use super::*;

const INSTANCES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>8f7724cf-496f-496e-8fe3-example</requestId>
  <reservationSet>
    <item>
      <reservationId>r-1234567890abcdef0</reservationId>
      <groupSet/>
      <instancesSet>
        <item>
          <instanceId>i-1234567890abcdef0</instanceId>
          <instanceState><code>16</code><name>running</name></instanceState>
          <tagSet><item><key>Name</key><value>a</value></item></tagSet>
          <iamInstanceProfile><arn>arn:aws:iam::111122223333:instance-profile/node</arn><id>AIPA</id></iamInstanceProfile>
          <metadataOptions>
            <state>pending</state><httpTokens>required</httpTokens>
            <httpPutResponseHopLimit>2</httpPutResponseHopLimit>
            <httpEndpoint>enabled</httpEndpoint><httpProtocolIpv6>enabled</httpProtocolIpv6>
          </metadataOptions>
          <operator><managed>true</managed><principal>eks.amazonaws.com</principal></operator>
        </item>
        <item><instanceId>i-2</instanceId><metadataOptions><httpEndpoint>disabled</httpEndpoint></metadataOptions></item>
      </instancesSet>
    </item>
    <item><instancesSet><item><instanceId>i-3</instanceId></item></instancesSet></item>
  </reservationSet>
  <nextToken>more</nextToken>
</DescribeInstancesResponse>"#;

#[test]
fn instances_of_all_reservations_are_read() {
    let page: Reservations = quick_xml::de::from_str(INSTANCES).unwrap();
    assert_eq!(page.next_token(), Some("more"));
    let instances: Vec<node::Instance> = page.entries().into_iter().filter_map(Instance::known).collect();
    assert_eq!(instances.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["i-1234567890abcdef0", "i-2", "i-3"]);
    assert_eq!(instances[0].profile_arn.as_deref(), Some("arn:aws:iam::111122223333:instance-profile/node"));
    assert_eq!(instances[0].operator.as_deref(), Some("eks.amazonaws.com"));
    let all = MetadataOptions { enabled: true, tokens_required: true, hop_limit: 2, pending: true, ipv6: true };
    assert_eq!(instances[0].metadata, all);
    let off = MetadataOptions { enabled: false, tokens_required: false, hop_limit: 1, pending: false, ipv6: false };
    assert_eq!(instances[1].metadata, off);
    assert!(instances[2].metadata.enabled, "on unless it is said to be off");
}

#[test]
fn an_answer_without_anything_is_empty() {
    let page: Reservations =
        quick_xml::de::from_str("<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>").unwrap();
    assert_eq!(page.next_token(), None);
    assert!(page.entries().is_empty());
}

#[test]
fn endpoints_are_read() {
    let text = "<DescribeVpcEndpointsResponse><vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>\
        <serviceName>com.amazonaws.eu-west-1.sts</serviceName><state>available</state>\
        <privateDnsEnabled>true</privateDnsEnabled></item><item><state>pending</state></item></vpcEndpointSet></DescribeVpcEndpointsResponse>";
    let page: Endpoints = quick_xml::de::from_str(text).unwrap();
    let endpoints: Vec<VpcEndpoint> = page.entries().into_iter().filter_map(Endpoint::known).collect();
    let sts = VpcEndpoint { service_name: "com.amazonaws.eu-west-1.sts".into(), private_dns: true, available: true };
    assert_eq!(endpoints, [sts]);
}
