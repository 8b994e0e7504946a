//! The Query protocol of EC2 for the few reads that are made.

use std::fmt::Debug;

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        orchestrator::{HttpRequest, HttpResponse},
        result::SdkError,
    },
};
use aws_smithy_types::{body::SdkBody, error::metadata::ErrorMetadata};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, de::DeserializeOwned};

use crate::aws::direct::{Client, Description, Refusal};

/// Amazon EC2.
pub(in crate::aws) const EC2: &Description =
    &Description { id: "EC2", name: "ec2", version: VERSION, dual_stack: false, refusal };

/// The version of the API whose shapes are read.
const VERSION: &str = "2016-11-15";

/// Everything but the characters that RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Names and values of a request, without action and version.
pub(super) type Parameters = Vec<(String, String)>;

/// Sends an action and reads the answer as `T`.
pub(super) async fn ask<T>(
    client: &Client,
    action: &'static str,
    parameters: Parameters,
) -> Result<T, SdkError<Refusal, HttpResponse>>
where
    T: DeserializeOwned + Debug + Send + Sync + 'static,
{
    client.send(action, parameters, move |parameters| request(action, &parameters), answer::<T>).await
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

fn answer<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BoxError> {
    Ok(quick_xml::de::from_str(std::str::from_utf8(bytes)?)?)
}

fn refusal(response: &HttpResponse) -> ErrorMetadata {
    let text = std::str::from_utf8(response.body().bytes().unwrap_or_default()).unwrap_or_default();
    read(text, response.headers().get("x-amzn-requestid"))
}

/// An answer that is no error document has neither code nor message. The id of the request stands
/// in a header, or else in the document.
fn read(text: &str, id: Option<&str>) -> ErrorMetadata {
    let document: ErrorDocument = quick_xml::de::from_str(text).unwrap_or_default();
    let mut meta = ErrorMetadata::builder();
    if let Some(error) = document.errors.error {
        meta = meta.code(error.code).message(error.message);
    }
    if let Some(id) = id.map(str::to_owned).or(document.request_id) {
        meta = meta.custom("aws_request_id", id);
    }
    meta.build()
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
