//! What is asked of EC2, where, and what its errors are read as.

use aws_config::{BehaviorVersion, Region};
use pretty_assertions::assert_eq;

use super::*;

async fn url(region: &str, configure: impl FnOnce(&mut aws_types::sdk_config::Builder)) -> String {
    let mut builder =
        SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).region(Region::new(region.to_owned()));
    configure(&mut builder);
    Endpoints::new(&builder.build()).find().await.unwrap().url().to_owned()
}

#[tokio::test]
async fn endpoints_are_those_of_the_service_page() {
    assert_eq!(url("eu-west-1", |_| {}).await, "https://ec2.eu-west-1.amazonaws.com");
    assert_eq!(url("us-east-1", |_| {}).await, "https://ec2.us-east-1.amazonaws.com");
    assert_eq!(url("cn-north-1", |_| {}).await, "https://ec2.cn-north-1.amazonaws.com.cn");
    assert_eq!(url("us-gov-west-1", |_| {}).await, "https://ec2.us-gov-west-1.amazonaws.com");
    let fips = |config: &mut aws_types::sdk_config::Builder| {
        config.set_use_fips(Some(true));
    };
    assert_eq!(url("us-east-2", fips).await, "https://ec2-fips.us-east-2.amazonaws.com");
    let dual_stack = |config: &mut aws_types::sdk_config::Builder| {
        config.set_use_dual_stack(Some(true));
    };
    assert_eq!(url("eu-west-1", dual_stack).await, "https://ec2.eu-west-1.api.aws");
}

#[tokio::test]
async fn a_configured_endpoint_is_taken_as_it_is() {
    let own = |config: &mut aws_types::sdk_config::Builder| {
        config.set_endpoint_url(Some("https://sts-gateway.example:8443".to_owned()));
    };
    assert_eq!(url("eu-west-1", own).await, "https://sts-gateway.example:8443");
}

#[test]
fn a_request_is_a_form_with_action_and_version_first() {
    let parameters = vec![("Filter.1.Name".to_owned(), "vpc-id".to_owned()), ("A".to_owned(), "a b&c".to_owned())];
    let request = request("DescribeVpcEndpoints", &parameters).unwrap();
    let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
    assert_eq!(body, "Action=DescribeVpcEndpoints&Version=2016-11-15&Filter.1.Name=vpc-id&A=a%20b%26c");
    assert_eq!(request.method(), "POST");
}

#[test]
fn an_error_document_gives_code_message_and_request_id() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
        <Message>You are not authorized &amp; so on.</Message></Error></Errors><RequestID>r-1</RequestID></Response>";
    let refusal = Refusal::read(text, None);
    assert_eq!(refusal.meta.code(), Some("UnauthorizedOperation"));
    assert_eq!(refusal.meta.message(), Some("You are not authorized & so on."));
    assert_eq!(refusal.meta.extra("aws_request_id"), Some("r-1"));
    assert_eq!(Refusal::read(text, Some("r-2")).meta.extra("aws_request_id"), Some("r-2"));
}

#[test]
fn an_answer_that_is_no_error_document_has_no_code() {
    assert_eq!(Refusal::read("<html>proxy</html>", None).meta.code(), None);
    assert_eq!(Refusal::read("", None).meta.code(), None);
}
