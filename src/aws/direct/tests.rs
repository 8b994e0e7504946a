//! Where services are, and what their errors are read as.

use aws_config::{BehaviorVersion, Region};
use aws_smithy_types::body::SdkBody;
use pretty_assertions::assert_eq;

use super::*;
use crate::aws::{ec2::EC2, eks_auth::EKS_AUTH};

async fn url_of(
    service: &'static Description,
    region: &str,
    configure: impl FnOnce(&mut aws_types::sdk_config::Builder),
) -> String {
    let mut builder =
        SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).region(Region::new(region.to_owned()));
    configure(&mut builder);
    Endpoints::new(&builder.build(), service).find().await.unwrap().url().to_owned()
}

async fn url(region: &str, configure: impl FnOnce(&mut aws_types::sdk_config::Builder)) -> String {
    url_of(EC2, region, configure).await
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

#[tokio::test]
async fn eks_auth_is_under_the_dual_stack_names_where_a_partition_has_them() {
    assert_eq!(url_of(EKS_AUTH, "eu-west-1", |_| {}).await, "https://eks-auth.eu-west-1.api.aws");
    assert_eq!(
        url_of(EKS_AUTH, "cn-north-1", |_| {}).await,
        "https://eks-auth.cn-north-1.api.amazonwebservices.com.cn"
    );
    assert_eq!(url_of(EKS_AUTH, "us-iso-east-1", |_| {}).await, "https://eks-auth.us-iso-east-1.api.aws.ic.gov");
}

fn refused(header: Option<&str>, body: &str) -> ErrorMetadata {
    let mut response = http::Response::builder().status(400).header("x-amzn-requestid", "r-1");
    if let Some(code) = header {
        response = response.header("x-amzn-errortype", code);
    }
    json_refusal(&HttpResponse::try_from(response.body(SdkBody::from(body)).unwrap()).unwrap())
}

#[test]
fn an_error_of_a_json_service_has_its_code_in_a_header_or_in_the_document() {
    let meta = refused(Some("AccessDeniedException:http://internal"), r#"{"message":"no"}"#);
    assert_eq!((meta.code(), meta.message()), (Some("AccessDeniedException"), Some("no")));
    assert_eq!(meta.extra("aws_request_id"), Some("r-1"));
    let meta = refused(None, r#"{"__type":"com.amazonaws#ThrottlingException","Message":"slow"}"#);
    assert_eq!((meta.code(), meta.message()), (Some("ThrottlingException"), Some("slow")));
    assert_eq!(refused(None, "<html>").code(), None);
}
