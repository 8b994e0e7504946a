//! CloudTrail, JSON 1.1: LookupEvents over what was written to this account and who tried to assume roles. IAM's
//! events live in the global region of the partition, all others in the account's.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Asked;
use super::eks::seconds;
use super::error::{Failure, Service, unknown_operation};
use super::model::State;
use super::page::page;

/// The prefix of `X-Amz-Target`.
pub const TARGET: &str = "CloudTrail_20131101.";

/// Events beyond this number push the oldest out.
const KEPT: usize = 10_000;

/// One event, as it was written.
#[derive(Clone, Debug)]
pub struct Event {
    /// `UpdateAssumeRolePolicy`
    pub name: String,
    /// `iam.amazonaws.com`
    pub source: String,
    /// Where it is kept.
    pub region: String,
    /// When.
    pub at: Timestamp,
    /// ARN of whoever called.
    pub caller: String,
    /// What was passed, without secrets.
    pub arguments: Value,
    /// Code and sentence of a refusal.
    pub error: Option<(String, String)>,
}

/// Writes what CloudTrail would: changes, and attempts to assume roles.
pub fn write(state: &mut State, asked: &Asked, error: Option<(String, String)>, at: Timestamp) {
    if !asked.is_mutating() && !asked.operation.starts_with("AssumeRole") {
        return;
    }
    let global = asked.service == Service::Iam;
    let event = Event {
        name: asked.operation.clone(),
        source: format!("{}.amazonaws.com", asked.service.name()),
        region: if global { global_region(&state.partition).to_owned() } else { state.region.clone() },
        at,
        caller: state.caller_arn.clone(),
        arguments: members(asked.arguments()),
        error,
    };
    if state.trail.len() == KEPT {
        state.trail.pop_front();
    }
    state.trail.push_back(event);
}

/// Where a partition keeps what is global.
fn global_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-eusc" => "eusc-de-east-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        _ => "us-east-1",
    }
}

/// Names begin with a small letter in events.
fn members(arguments: Value) -> Value {
    let Value::Object(members) = arguments else { return arguments };
    let lower = |name: String| {
        let mut letters = name.chars();
        letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
    };
    Value::Object(members.into_iter().map(|(name, value)| (lower(name), value)).collect())
}

/// Performs an operation; `region` is the one that was asked.
pub fn perform(state: &State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    match asked.operation.as_str() {
        "LookupEvents" => lookup(state, asked, now),
        other => Err(unknown_operation(Service::CloudTrail, other, "")),
    }
}

fn lookup(state: &State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    let body = &asked.body;
    let attributes = body["LookupAttributes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if attributes.len() > 1 {
        let sentence = "Only one lookup attribute can be specified.";
        return Err(Failure::new(400, "InvalidLookupAttributesException", sentence));
    }
    let size = match &body["MaxResults"] {
        Value::Null => 50,
        number => number.as_u64().filter(|size| (1..=50).contains(size)).ok_or_else(|| {
            Failure::new(400, "InvalidMaxResultsException", "A value between 1 and 50 must be specified.")
        })?,
    };
    let second = |name: &str, default: i64| body[name].as_f64().map_or(default, |at| at.floor() as i64);
    let (from, to) = (second("StartTime", i64::MIN), second("EndTime", now.as_second()));
    if from > to {
        let sentence = "The start time must be before the end time.";
        return Err(Failure::new(400, "InvalidTimeRangeException", sentence));
    }
    let fits = |event: &&Event| {
        event.region == asked.region
            && (from..=to).contains(&event.at.as_second())
            && attributes.iter().all(|attribute| has(event, attribute))
    };
    let found: Vec<(String, Value)> = state
        .trail
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, event)| fits(event))
        .map(|(index, event)| (format!("{:08}", KEPT - index), render(state, index, event)))
        .collect();
    let size = usize::try_from(size).unwrap_or(50);
    let page = page(found, size, body["NextToken"].as_str())
        .map_err(|token| Failure::new(400, "InvalidNextTokenException", format!("Invalid token: {token}")))?;
    let mut answer = json!({ "Events": page.items });
    if let Some(next) = page.next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn has(event: &Event, attribute: &Value) -> bool {
    let wanted = attribute["AttributeValue"].as_str().unwrap_or_default();
    match attribute["AttributeKey"].as_str() {
        Some("EventName") => event.name == wanted,
        Some("EventSource") => event.source == wanted,
        Some("Username") => event.caller.ends_with(&format!("/{wanted}")),
        Some("ResourceName") => resources(event).iter().any(|name| name == wanted),
        _ => false,
    }
}

/// Names and ARNs of what an event is about.
fn resources(event: &Event) -> Vec<String> {
    let text = |name: &str| event.arguments[name].as_str().map(str::to_owned);
    ["roleName", "policyArn", "roleArn", "name", "name2"].into_iter().filter_map(text).collect()
}

fn render(state: &State, index: usize, event: &Event) -> Value {
    let id = format!("00000000-0000-4000-9000-{index:012x}");
    let user = event.caller.rsplit('/').next().unwrap_or_default();
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "AssumedRole", "arn": event.caller, "accountId": state.account },
        "eventTime": event.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "simulated",
        "requestParameters": event.arguments,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "recipientAccountId": state.account,
    });
    if let Some((code, message)) = &event.error {
        record["errorCode"] = code.clone().into();
        record["errorMessage"] = message.clone().into();
    }
    json!({
        "EventId": id, "EventName": event.name, "EventSource": event.source, "ReadOnly": "false",
        "EventTime": seconds(event.at), "Username": user,
        "Resources": resources(event).iter().map(|name| json!({ "ResourceName": name })).collect::<Vec<_>>(),
        "CloudTrailEvent": record.to_string(),
    })
}
