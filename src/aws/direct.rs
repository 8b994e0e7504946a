//! Calls over the runtime of the AWS SDK, for services of which one or two operations are used: signing,
//! retries, timeouts, connections and credentials are those of the other clients.
//!
//! Their SDK crates are not used. `aws-sdk-ec2` models over 700 operations, two of which are called, and
//! compiling it took longer than all other dependencies together.

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
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput},
        result::SdkError,
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin},
    },
};
use aws_smithy_types::{
    config_bag::Layer,
    endpoint::Endpoint,
    error::metadata::{ErrorMetadata, ProvideErrorMetadata},
};
use aws_types::{SigningName, region::SigningRegion, service_config::ServiceConfigKey};

/// What is known of a service.
#[derive(Debug)]
pub(super) struct Description {
    /// Its name for settings: `AWS_ENDPOINT_URL_EC2`.
    pub id: &'static str,
    /// The name in credential scopes, which is the first word of its host too.
    pub name: &'static str,
    /// The version of the API whose shapes are read.
    pub version: &'static str,
    /// It is found under the dual-stack suffix wherever a partition has one.
    pub dual_stack: bool,
    /// Reads an answer that is no success, of which the request id may stand in a header.
    pub refusal: fn(&HttpResponse) -> ErrorMetadata,
}

/// A client of one service.
#[derive(Clone, Debug)]
pub(super) struct Client {
    service: &'static Description,
    plugin: SharedRuntimePlugin,
}

impl Client {
    pub(super) fn new(config: &SdkConfig, service: &'static Description) -> Self {
        let plugin = StaticRuntimePlugin::new()
            .with_config(settings(config, service).freeze())
            .with_runtime_components(components(config, service));
        Self { service, plugin: SharedRuntimePlugin::new(plugin) }
    }

    /// Sends what `write` makes of the input and reads a good answer with `read`. Neither bodies nor
    /// inputs are logged.
    pub(super) async fn send<I, T>(
        &self,
        operation: &'static str,
        input: I,
        write: impl Fn(I) -> Result<HttpRequest, BoxError> + Send + Sync + 'static,
        read: impl Fn(&[u8]) -> Result<T, BoxError> + Send + Sync + 'static,
    ) -> Result<T, SdkError<Refusal, HttpResponse>>
    where
        I: Debug + Send + Sync + 'static,
        T: Debug + Send + Sync + 'static,
    {
        let refusal = self.service.refusal;
        Operation::builder()
            .service_name(self.service.id)
            .operation_name(operation)
            .behavior_version(BehaviorVersion::v2026_01_12())
            .runtime_plugin(self.plugin.clone())
            .serializer(write)
            .deserializer(move |response: &HttpResponse| match response.status().is_success() {
                true => read(response.body().bytes().unwrap_or_default()).map_err(OrchestratorError::other),
                false => Err(OrchestratorError::operation(Refusal { meta: refusal(response) })),
            })
            .build()
            .invoke(input)
            .await
    }
}

fn settings(config: &SdkConfig, service: &'static Description) -> Layer {
    let mut layer = Layer::new("rolecall");
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new(service.name, service.version));
    layer.store_put(SensitiveOutput);
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static(service.name)),
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

fn components(config: &SdkConfig, service: &'static Description) -> RuntimeComponentsBuilder {
    let schemes = StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("rolecall")
        .with_http_client(config.http_client())
        .with_identity_cache(config.identity_cache())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source())
        .with_endpoint_resolver(Some(SharedEndpointResolver::new(Endpoints::new(config, service))))
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

/// Where a service is. Partitions, FIPS and dual-stack names follow the rules of STS, which the SDK keeps
/// current and which differ from those of the others in the first word only
/// (<https://docs.aws.amazon.com/general/latest/gr/ec2-service.html>).
#[derive(Debug)]
struct Endpoints {
    service: &'static Description,
    rules: DefaultResolver,
    region: Option<String>,
    fips: bool,
    dual_stack: bool,
    /// `AWS_ENDPOINT_URL_EC2`, `AWS_ENDPOINT_URL` and their settings in a profile.
    configured: Option<String>,
}

impl Endpoints {
    fn new(config: &SdkConfig, service: &'static Description) -> Self {
        let key = ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let own = config.service_config().zip(key.build().ok()).and_then(|(settings, key)| settings.load_config(key));
        Self {
            service,
            rules: DefaultResolver::new(),
            region: config.region().map(ToString::to_string),
            fips: config.use_fips().unwrap_or_default(),
            dual_stack: config.use_dual_stack().unwrap_or_default(),
            configured: own.or_else(|| config.endpoint_url().map(str::to_owned)),
        }
    }

    async fn find(&self) -> Result<Endpoint, BoxError> {
        if let Some(url) = &self.configured {
            return Ok(Endpoint::builder().url(url.clone()).build());
        }
        let of_sts = match self.sts(self.dual_stack || self.service.dual_stack).await {
            // A partition without dual-stack names has the service under its usual ones.
            Err(_) if self.service.dual_stack && !self.dual_stack => self.sts(false).await?,
            found => found?,
        };
        let url = match of_sts.strip_prefix("https://sts") {
            Some(rest) => format!("https://{}{rest}", self.service.name),
            None => of_sts,
        };
        Ok(Endpoint::builder().url(url).build())
    }

    async fn sts(&self, dual_stack: bool) -> Result<String, BoxError> {
        let params =
            Params::builder().set_region(self.region.clone()).use_fips(self.fips).use_dual_stack(dual_stack).build()?;
        Ok(self.rules.resolve_endpoint(&params).await?.url().to_owned())
    }
}

impl ResolveEndpoint for Endpoints {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::new(self.find())
    }
}

/// An error that a service answered with.
#[derive(Debug, thiserror::Error)]
#[error("{meta}")]
pub(super) struct Refusal {
    meta: ErrorMetadata,
}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

/// What an error of a JSON service says: its code in a header or in the document, its message in the document.
pub(super) fn json_refusal(response: &HttpResponse) -> ErrorMetadata {
    let document: serde_json::Value =
        serde_json::from_slice(response.body().bytes().unwrap_or_default()).unwrap_or_default();
    let text = |name: &str| document[name].as_str();
    let code = response.headers().get("x-amzn-errortype").or(text("__type")).or(text("code"));
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code {
        // `namespace#Code:http://…`
        let code = code.split(':').next().unwrap_or(code);
        meta = meta.code(code.rsplit('#').next().unwrap_or(code));
    }
    if let Some(message) = text("message").or(text("Message")) {
        meta = meta.message(message);
    }
    if let Some(id) = response.headers().get("x-amzn-requestid") {
        meta = meta.custom("aws_request_id", id.to_owned());
    }
    meta.build()
}

#[cfg(test)]
mod tests;
