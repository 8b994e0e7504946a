//! The bearer token of an EKS cluster: a presigned GetCallerIdentity (identity-resolution 7.2). It
//! is made here, without a call, and never logged.

use std::time::{Duration, SystemTime};

use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{failure, session::Session};
use crate::domain::{
    failure::{Failure, FailureKind},
    id::ClusterName,
};

/// The header that binds the token to one cluster.
const CLUSTER: &str = "x-k8s-aws-id";

/// Authenticators accept up to 900; every client sends 60.
const EXPIRES: Duration = Duration::from_secs(60);

const WHAT: &str = "cannot make a token for the cluster";

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Session {
    /// A bearer token for a cluster, good for 14 minutes.
    ///
    /// # Errors
    /// `Credentials` if there are none or they have ended.
    pub async fn token(&self, cluster: &ClusterName) -> Result<String, Failure> {
        let missing = || {
            Failure::new(FailureKind::Credentials, WHAT, "no credentials were found", "Name a profile with `--profile`")
        };
        let provider = self.credentials.as_ref().ok_or_else(missing)?;
        let credentials =
            provider.provide_credentials().await.map_err(|error| failure::credentials(WHAT, self.profile(), &error))?;
        token(&credentials, self.region.as_str(), cluster.as_str(), SystemTime::now()).map_err(|why| {
            Failure::new(FailureKind::Invalid, WHAT, why, "Check the name of the cluster and its region")
        })
    }
}

/// The STS host of a region. Always the real one, whatever `AWS_ENDPOINT_URL` says: the verifier on
/// the control plane knows no other.
fn host(region: &str) -> String {
    let suffix = match region {
        _ if region.starts_with("cn-") => "amazonaws.com.cn",
        _ if region.starts_with("us-iso-") => "c2s.ic.gov",
        _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ if region.starts_with("us-isof-") => "csp.hci.ic.gov",
        _ if region.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        _ if region.starts_with("eusc-") => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    format!("sts.{region}.{suffix}")
}

/// Makes a token. Only `host` and the cluster header are signed, and nothing but what the verifier
/// allows enters the query.
fn token(credentials: &Credentials, region: &str, cluster: &str, now: SystemTime) -> Result<String, String> {
    let host = host(region);
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let headers = [("host", host.as_str()), (CLUSTER, cluster)];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(&[]))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| error.to_string())?.into_parts();
    let query: Vec<String> =
        instructions.params().iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Ok(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(format!("{url}&{}", query.join("&")))))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests;
