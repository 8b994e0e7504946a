//! CloudTrail, JSON 1.1: LookupEvents, of which two a second are allowed for each account and region.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::{box_error::BoxError, client::orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    direct::{Description, json_refusal},
    failure::Call,
    pace::Service,
    session::Session,
};
use crate::domain::{
    failure::Failure,
    trail::{By, Event, Lookup, Place},
};

/// AWS CloudTrail.
pub(super) const CLOUDTRAIL: &Description = &Description {
    id: "CloudTrail",
    name: "cloudtrail",
    version: "2013-11-01",
    dual_stack: false,
    refusal: json_refusal,
};

/// Events of one page.
const PAGE: usize = 50;

/// The region in which a partition keeps the events of IAM.
pub(super) fn global_region(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "cn-north-1",
        _ if region.starts_with("us-gov-") => "us-gov-west-1",
        _ if region.starts_with("us-iso-") => "us-iso-east-1",
        _ if region.starts_with("us-isob-") => "us-isob-east-1",
        _ if region.starts_with("us-isof-") => "us-isof-south-1",
        _ if region.starts_with("eu-isoe-") => "eu-isoe-west-1",
        _ if region.starts_with("eusc-") => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    events: Vec<Raw>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    event_id: Option<String>,
    cloud_trail_event: Option<String>,
}

/// What a lookup found.
#[derive(Debug)]
pub struct Looked {
    /// Newest first.
    pub events: Vec<Event>,
    /// There are more than were read.
    pub cut: bool,
}

impl Session {
    /// LookupEvents, at most so many pages.
    ///
    /// # Errors
    /// `Denied` without `cloudtrail:LookupEvents`; the failures of every call.
    pub async fn events(&self, lookup: &Lookup, pages: usize) -> Result<Looked, Failure> {
        let call =
            Call::new(Service::CloudTrail, "cloudtrail:LookupEvents", "*", "cannot read the events of CloudTrail");
        let [own, global] = &self.trails;
        let client = if lookup.place == Place::Global { global } else { own };
        let mut events = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..pages {
            let asked = question(lookup, token.as_deref());
            let page: Page = self.perform(&call, client.send("LookupEvents", asked, request, answer)).await?;
            events.extend(page.events.iter().filter_map(event));
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_none() || next == token {
                return Ok(Looked { events, cut: false });
            }
            token = next;
        }
        Ok(Looked { events, cut: true })
    }
}

fn question(lookup: &Lookup, token: Option<&str>) -> Value {
    let (key, value) = match &lookup.by {
        By::Name(name) => ("EventName", *name),
        By::Resource(name) => ("ResourceName", name.as_str()),
    };
    let mut question = json!({
        "LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}],
        "StartTime": lookup.from.as_second(),
        "EndTime": lookup.to.as_second(),
        "MaxResults": PAGE,
    });
    if let Some(token) = token {
        question["NextToken"] = token.into();
    }
    question
}

fn request(question: Value) -> Result<HttpRequest, BoxError> {
    let body = question.to_string();
    let request = http::Request::post("/")
        .header(http::header::CONTENT_TYPE, "application/x-amz-json-1.1")
        .header("x-amz-target", "CloudTrail_20131101.LookupEvents")
        .header(http::header::CONTENT_LENGTH, body.len())
        .body(SdkBody::from(body))?;
    Ok(HttpRequest::try_from(request)?)
}

fn answer(bytes: &[u8]) -> Result<Page, BoxError> {
    Ok(serde_json::from_slice(bytes)?)
}

/// What matters of an event stands in the record that it carries as text.
fn event(raw: &Raw) -> Option<Event> {
    let record: Value = serde_json::from_str(raw.cloud_trail_event.as_deref()?).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let parameters = record["requestParameters"].as_object().into_iter().flatten();
    let parameter = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    Some(Event {
        id: raw.event_id.clone().unwrap_or_default(),
        at: record["eventTime"].as_str()?.parse::<Timestamp>().ok()?,
        name: text(&record["eventName"])?,
        caller: text(&record["userIdentity"]["arn"]).or_else(|| text(&record["userIdentity"]["principalId"])),
        from: text(&record["sourceIPAddress"]),
        error: text(&record["errorCode"]).map(|code| (code, text(&record["errorMessage"]).unwrap_or_default())),
        parameters: parameters.filter_map(parameter).collect::<BTreeMap<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::global_region;

    #[test]
    fn every_partition_keeps_the_events_of_iam_in_a_region_of_its_own() {
        for (region, home) in [
            ("eu-west-1", "us-east-1"),
            ("cn-northwest-1", "cn-north-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("us-isob-west-1", "us-isob-east-1"),
            ("us-isof-east-1", "us-isof-south-1"),
            ("eu-isoe-west-1", "eu-isoe-west-1"),
        ] {
            assert_eq!(global_region(region), home, "{region}");
        }
    }
}
