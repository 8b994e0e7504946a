//! The Query protocol of EC2 for the few reads that are made, over the runtime of the AWS SDK: signing,
//! retries, timeouts, connections and credentials are those of the other clients.
//!
//! `aws-sdk-ec2` is not used: it models over 700 operations, two of which are called, and compiling it
//! took longer than all other dependencies together.

use std::fmt::Debug;

use aws_config::SdkConfig;
use aws_runtime::{
    auth::{SigV4OperationSigningConfig, sigv4},
    invocation_id::InvocationIdInterceptor,
    request_info::RequestInfoInterceptor,
    retries::classifiers::AwsErrorCodeClassifier,
    user_agent::{ApiMetadata, UserAgentInterceptor},
};
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_runtime::client::{
    orchestrator::operation::Operation,
    retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        behavior_version::BehaviorVersion,
        endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint, SharedEndpointResolver},
        identity::SharedIdentityResolver,
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        result::SdkError,
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin},
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::Layer,
    endpoint::Endpoint,
    error::metadata::{ErrorMetadata, ProvideErrorMetadata},
};
use aws_types::{SigningName, region::SigningRegion, service_config::ServiceConfigKey};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, de::DeserializeOwned};

/// The version of the API whose shapes are read.
const VERSION: &str = "2016-11-15";

/// Everything but the characters that RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Names and values of a request, without action and version.
pub(super) type Parameters = Vec<(String, String)>;

/// A client that sends actions by name.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Client {
    plugin: SharedRuntimePlugin,
}

impl Client {
    pub(in crate::aws) fn new(config: &SdkConfig) -> Self {
        let plugin = StaticRuntimePlugin::new()
            .with_config(settings(config).freeze())
            .with_runtime_components(components(config));
        Self { plugin: SharedRuntimePlugin::new(plugin) }
    }

    /// Sends an action and reads the answer as `T`.
    pub(super) async fn ask<T>(
        &self,
        action: &'static str,
        parameters: Parameters,
    ) -> Result<T, SdkError<Refusal, HttpResponse>>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        Operation::builder()
            .service_name("EC2")
            .operation_name(action)
            .behavior_version(BehaviorVersion::v2026_01_12())
            .runtime_plugin(self.plugin.clone())
            .serializer(move |parameters: Parameters| request(action, &parameters))
            .deserializer(answer::<T>)
            .build()
            .invoke(parameters)
            .await
    }
}

fn settings(config: &SdkConfig) -> Layer {
    let mut layer = Layer::new("rolecall-ec2");
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new("ec2", VERSION));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static("ec2")),
        ..SigV4OperationSigningConfig::default()
    });
    if let Some(retries) = config.retry_config() {
        layer.store_put(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        layer.store_put(timeouts.clone());
    }
    if let Some(name) = config.app_name() {
        layer.store_put(name.clone());
    }
    layer
}

fn components(config: &SdkConfig) -> RuntimeComponentsBuilder {
    let schemes = StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("rolecall-ec2")
        .with_http_client(config.http_client())
        .with_identity_cache(config.identity_cache())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source())
        .with_endpoint_resolver(Some(SharedEndpointResolver::new(Endpoints::new(config))))
        .with_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)))
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(TransientErrorClassifier::<Refusal>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(sigv4::SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    components
}

/// Where EC2 is. Partitions, FIPS and dual-stack names follow the rules of STS, which the SDK keeps
/// current and which differ from those of EC2 in the first word only
/// (<https://docs.aws.amazon.com/general/latest/gr/ec2-service.html>).
#[derive(Debug)]
struct Endpoints {
    rules: DefaultResolver,
    region: Option<String>,
    fips: bool,
    dual_stack: bool,
    /// `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL` and their settings in a profile.
    configured: Option<String>,
}

impl Endpoints {
    fn new(config: &SdkConfig) -> Self {
        let key = ServiceConfigKey::builder().service_id("EC2").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let own = config.service_config().zip(key.ok()).and_then(|(settings, key)| settings.load_config(key));
        Self {
            rules: DefaultResolver::new(),
            region: config.region().map(ToString::to_string),
            fips: config.use_fips().unwrap_or_default(),
            dual_stack: config.use_dual_stack().unwrap_or_default(),
            configured: own.or_else(|| config.endpoint_url().map(str::to_owned)),
        }
    }

    async fn find(&self) -> Result<Endpoint, BoxError> {
        let params = Params::builder()
            .set_region(self.region.clone())
            .use_fips(self.fips)
            .use_dual_stack(self.dual_stack)
            .set_endpoint(self.configured.clone())
            .build()?;
        let found = self.rules.resolve_endpoint(&params).await?;
        let url = match found.url().strip_prefix("https://sts") {
            Some(rest) if self.configured.is_none() => format!("https://ec2{rest}"),
            _ => found.url().to_owned(),
        };
        Ok(Endpoint::builder().url(url).build())
    }
}

impl ResolveEndpoint for Endpoints {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::new(self.find())
    }
}

fn request(action: &str, parameters: &Parameters) -> Result<HttpRequest, BoxError> {
    let mut form = format!("Action={action}&Version={VERSION}");
    for (name, value) in parameters {
        let value = utf8_percent_encode(value, RESERVED);
        form.push_str(&format!("&{name}={value}"));
    }
    let request = http::Request::post("/")
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(http::header::CONTENT_LENGTH, form.len())
        .body(SdkBody::from(form))?;
    Ok(HttpRequest::try_from(request)?)
}

fn answer<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, OrchestratorError<Refusal>> {
    let bytes = response.body().bytes().unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(OrchestratorError::other)?;
    if !response.status().is_success() {
        let id = response.headers().get("x-amzn-requestid");
        return Err(OrchestratorError::operation(Refusal::read(text, id)));
    }
    quick_xml::de::from_str(text).map_err(OrchestratorError::other)
}

/// An error that EC2 answered with.
#[derive(Debug, thiserror::Error)]
#[error("{meta}")]
pub(super) struct Refusal {
    meta: ErrorMetadata,
}

impl Refusal {
    /// An answer that is no error document has neither code nor message. The id of the request stands
    /// in a header, or else in the document.
    fn read(text: &str, id: Option<&str>) -> Self {
        let document: ErrorDocument = quick_xml::de::from_str(text).unwrap_or_default();
        let mut meta = ErrorMetadata::builder();
        if let Some(error) = document.errors.error {
            meta = meta.code(error.code).message(error.message);
        }
        if let Some(id) = id.map(str::to_owned).or(document.request_id) {
            meta = meta.custom("aws_request_id", id);
        }
        Self { meta: meta.build() }
    }
}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

#[derive(Debug, Default, Deserialize)]
struct ErrorDocument {
    #[serde(rename = "Errors", default)]
    errors: Errors,
    #[serde(rename = "RequestID")]
    request_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Errors {
    #[serde(rename = "Error")]
    error: Option<Code>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    code: String,
    #[serde(default)]
    message: String,
}

#[cfg(test)]
mod tests;
