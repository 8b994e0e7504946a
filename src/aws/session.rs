//! A session with AWS: whose credentials, which region, how patient. Every call of the other files
//! goes through `Session::perform`, which paces, counts and turns errors into failures.

use std::{future::Future, time::Duration};

use aws_config::{
    AppName, BehaviorVersion, SdkConfig,
    default_provider::credentials::DefaultCredentialsChain,
    environment::EnvironmentVariableRegionProvider,
    imds,
    meta::region::RegionProviderChain,
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
    retry::RetryConfig,
    sts::AssumeRoleProvider,
    timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    cloudtrail, direct, ec2, eks_auth,
    failure::{self, Call},
    pace::Pace,
    transport,
};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        id::Region,
    },
    wire,
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Attempts of one call.
const ATTEMPTS: u32 = 3;

/// How long instance metadata may take: it answers at once where there is any.
const METADATA: Duration = Duration::from_millis(300);

/// How a session is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--profile`; it wins over credentials in the environment.
    pub profile: Option<String>,
    /// `--region`, or the cluster's; otherwise environment, profile, instance metadata.
    pub region: Option<Region>,
    /// A role to assume with these credentials, for every call.
    pub role: Option<String>,
    /// How long a call may take with all its attempts.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { profile: None, region: None, role: None, timeout: Duration::from_secs(30) }
    }
}

/// An open session. Clones share credentials, pace and counter.
#[derive(Clone)]
pub struct Session {
    pub(super) eks: aws_sdk_eks::Client,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) iam_lists: aws_sdk_iam::Client,
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) ec2: direct::Client,
    pub(super) eks_auth: direct::Client,
    /// Events of the region, and those of what is global.
    pub(super) trails: [direct::Client; 2],
    pub(super) credentials: Option<SharedCredentialsProvider>,
    pub(super) profile: Option<String>,
    pub(super) region: Region,
    pub(super) pace: Pace,
}

/// Opens a session over sockets. Nothing is asked yet but, where no region is named anywhere else,
/// the instance metadata.
///
/// # Errors
/// `Usage` if no region is known.
pub async fn real(options: &Options) -> Result<Session, Failure> {
    let imds = metadata();
    let region = match &options.region {
        Some(region) => aws_config::Region::new(region.to_string()),
        None => region(options.profile.as_deref(), &imds).await.ok_or_else(no_region)?,
    };
    let timeouts = timeouts(options.timeout);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region.clone())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .credentials_provider(credentials(options.profile.as_deref(), region.clone(), imds).await);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(name) = app_name() {
        loader = loader.app_name(name);
    }
    let mut config = loader.load().await;
    if let Some(role) = &options.role {
        let assumed = AssumeRoleProvider::builder(role).session_name("rolecall").configure(&config).build().await;
        config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(assumed)).build();
    }
    let profile = options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()).filter(|name| !name.is_empty());
    Ok(Session::new(&config, region.as_ref().into(), profile))
}

/// Opens a session over a transport in process, with credentials that mean nothing.
pub fn over(transport: wire::Transport, region: Region) -> Session {
    let credentials = Credentials::new("AKIDROLECALLSIM00000", "simulated", None, None, "rolecall");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(aws_config::Region::new(region.to_string()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(transport::client(transport))
        .timeout_config(timeouts(Duration::from_secs(30)))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .build();
    Session::new(&config, region, None)
}

/// A chain that ends at 169.254.169.254 must not stall a laptop.
fn metadata() -> imds::Client {
    imds::Client::builder()
        .max_attempts(1)
        .connect_timeout(METADATA)
        .read_timeout(METADATA)
        .operation_attempt_timeout(METADATA * 2)
        .operation_timeout(METADATA * 2)
        .build()
}

async fn region(profile: Option<&str>, imds: &imds::Client) -> Option<aws_config::Region> {
    let mut from_profile = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        from_profile = from_profile.profile_name(profile);
    }
    let environment = EnvironmentVariableRegionProvider::new();
    let found = if profile.is_some() {
        RegionProviderChain::first_try(from_profile.build()).or_else(environment).region().await
    } else {
        RegionProviderChain::first_try(environment).or_else(from_profile.build()).region().await
    };
    if found.is_some() {
        return found;
    }
    let name = imds.get("/latest/meta-data/placement/region").await.ok()?;
    Some(aws_config::Region::new(name.as_ref().to_owned())).filter(|region| !region.as_ref().is_empty())
}

fn no_region() -> Failure {
    Failure::new(
        FailureKind::Usage,
        "no AWS region is known",
        "neither a flag nor AWS_REGION nor the profile names one",
        "Name it with `--region REGION`, or set `region` in ~/.aws/config",
    )
}

/// A profile that was asked for wins over whatever the environment holds, as in the AWS CLI.
async fn credentials(
    profile: Option<&str>,
    region: aws_config::Region,
    imds: imds::Client,
) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region().with_region(Some(region.clone()));
    match profile {
        Some(profile) => SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&config).build(),
        ),
        None => SharedCredentialsProvider::new(
            DefaultCredentialsChain::builder().configure(config).region(region).imds_client(imds).build().await,
        ),
    }
}

fn timeouts(operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT.min(operation))
        .operation_timeout(operation)
        .build()
}

/// A slash is not allowed in an app name.
fn app_name() -> Option<AppName> {
    AppName::new(concat!("rolecall-", env!("CARGO_PKG_VERSION"))).ok()
}

impl Session {
    fn new(config: &SdkConfig, region: Region, profile: Option<String>) -> Self {
        // IAM throttles lists early: their retries slow themselves down.
        let adaptive = RetryConfig::adaptive().with_max_attempts(ATTEMPTS);
        let home = aws_config::Region::new(cloudtrail::global_region(region.as_str()));
        let global = config.to_builder().region(home).build();
        let own = |config: &SdkConfig| direct::Client::new(config, cloudtrail::CLOUDTRAIL);
        let once = config.to_builder().retry_config(RetryConfig::disabled()).build();
        let lists = aws_sdk_iam::config::Builder::from(config).retry_config(adaptive).build();
        Self {
            eks: aws_sdk_eks::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            iam_lists: aws_sdk_iam::Client::from_conf(lists),
            sts: aws_sdk_sts::Client::new(config),
            ec2: direct::Client::new(config, ec2::EC2),
            eks_auth: direct::Client::new(&once, eks_auth::EKS_AUTH),
            trails: [own(config), own(&global)],
            credentials: config.credentials_provider(),
            profile,
            region,
            pace: Pace::new(),
        }
    }

    /// The region that is asked.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The profile the session was opened with, by flag or environment.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// How many calls have been made, by all clones.
    pub fn calls(&self) -> usize {
        self.pace.calls()
    }

    /// Makes one call: waits for its turn, counts it, explains its error.
    pub(super) async fn perform<T, E>(
        &self,
        call: &Call,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let _place = self.pace.enter(call.service).await;
        let result = request.await.map_err(|error| failure::failure(call, self.profile(), &error));
        let throttled = result.as_ref().is_err_and(failure::is_throttled);
        self.pace.learn(call.service, throttled);
        result
    }
}

#[cfg(test)]
mod tests;
