//! STS, query protocol: who the caller is, and sessions of roles that exist.

use jiff::{SignedDuration, Timestamp};

use super::dispatch::REQUEST_ID;
use super::error::{Failure, Service, denied, unknown_operation};
use super::model::State;
use super::query::Parameters;
use super::xml::Xml;

/// API version.
pub const VERSION: &str = "2011-06-15";
/// XML namespace.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Performs an operation.
pub fn perform(state: &mut State, operation: &str, parameters: &Parameters, now: Timestamp) -> Result<String, Failure> {
    match operation {
        "GetCallerIdentity" => Ok(caller(state)),
        "AssumeRole" => assume(state, parameters, now),
        other => Err(unknown_operation(Service::Sts, other, VERSION)),
    }
}

fn answer(operation: &str, build: impl FnOnce(&mut Xml)) -> String {
    let mut xml = Xml::default();
    xml.root(&format!("{operation}Response"), NAMESPACE, |xml| {
        xml.element(&format!("{operation}Result"), build);
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", REQUEST_ID));
    });
    xml.finish()
}

fn caller(state: &State) -> String {
    answer("GetCallerIdentity", |xml| {
        xml.text("Arn", &state.caller_arn);
        xml.text("UserId", &state.caller_id);
        // The credentials' own account, which need not be the cluster's.
        xml.text("Account", state.caller_arn.split(':').nth(4).unwrap_or(&state.account));
    })
}

fn assume(state: &mut State, parameters: &Parameters, now: Timestamp) -> Result<String, Failure> {
    let arn = parameters.required("RoleArn")?;
    let session = parameters.required("RoleSessionName")?;
    let Some(role) = state.role_by_arn(arn) else {
        return Err(denied(Service::Sts, &state.caller_arn, "AssumeRole", arn));
    };
    let longest = usize::try_from(role.max_session).unwrap_or(3600);
    let seconds = parameters.number("DurationSeconds", 3600, 900, 43_200)?;
    if seconds > longest {
        return Err(Failure::new(
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let (name, id) = (role.name.clone(), role.id.clone());
    let State { partition, account, .. } = state;
    let session_arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
    let key = format!("ASIA{}", state.random.upper(16));
    let seconds = i64::try_from(seconds).unwrap_or(3600);
    let until = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    Ok(answer("AssumeRole", |xml| {
        xml.element("AssumedRoleUser", |xml| {
            xml.text("AssumedRoleId", &format!("{id}:{session}"));
            xml.text("Arn", &session_arn);
        });
        xml.element("Credentials", |xml| {
            xml.text("AccessKeyId", &key);
            xml.text("SecretAccessKey", "simulated");
            xml.text("SessionToken", "simulated");
            xml.text("Expiration", &until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        });
    }))
}
