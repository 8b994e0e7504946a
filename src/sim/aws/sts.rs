//! STS, query protocol: who the caller is, and sessions of roles that exist.

mod web_identity;

pub use web_identity::refusal as web_identity_refusal;

use jiff::{SignedDuration, Timestamp};

use super::bearer;
use super::dispatch::REQUEST_ID;
use super::error::{Failure, Service, denied, unknown_operation};
use super::evaluate::{Principal, Question, evaluate};
use super::model::{Role, State};
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
        "AssumeRoleWithWebIdentity" => web_identity::assume(state, parameters, now),
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
    let Some(role) = state.role_by_arn(arn).filter(|role| admits_caller(state, role, now)) else {
        return Err(denied(Service::Sts, &state.caller_arn, "AssumeRole", arn));
    };
    let seconds = seconds(parameters, role)?;
    let role = role.clone();
    let session = Session::of(state, &role, session, seconds, now);
    Ok(answer("AssumeRole", |xml| credentials(xml, &session)))
}

/// Whether a trust policy lets the caller in; of its own policies the caller may everything.
fn admits_caller(state: &State, role: &Role, now: Timestamp) -> bool {
    let caller = match state.caller_arn.split_once(":assumed-role/") {
        Some((_, session)) => state.role(session.split('/').next().unwrap_or_default()).map(|role| role.arn.clone()),
        None => None,
    };
    let asker = Principal::Role(caller.unwrap_or_else(|| state.caller_arn.clone()));
    let context = bearer::common(state, now);
    let question = Question { principal: Some(&asker), action: "sts:AssumeRole", resource: None, context: &context };
    evaluate(&role.trust, &question).is_allowed()
}

/// How long the session is to be, if the role allows that.
fn seconds(parameters: &Parameters, role: &Role) -> Result<usize, Failure> {
    let longest = usize::try_from(role.max_session).unwrap_or(3600);
    let seconds = parameters.number("DurationSeconds", 3600, 900, 43_200)?;
    match seconds > longest {
        true => Err(Failure::new(
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )),
        false => Ok(seconds),
    }
}

/// A session of a role.
pub struct Session {
    /// ARN of the assumed role.
    pub arn: String,
    /// Unique id of role and session.
    pub id: String,
    /// Access key id.
    pub key: String,
    /// When it ends.
    pub until: Timestamp,
}

impl Session {
    /// A new session.
    pub fn of(state: &mut State, role: &Role, name: &str, seconds: usize, now: Timestamp) -> Self {
        let State { partition, account, random, .. } = state;
        let lasts = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(3600));
        Self {
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{}/{name}", role.name),
            id: format!("{}:{name}", role.id),
            key: format!("ASIA{}", random.upper(16)),
            until: now.saturating_add(lasts).unwrap_or(now),
        }
    }
}

/// What every simulated secret is: tests look for it wherever nothing secret may be.
pub const SECRET: &str = "simulated-secret-access-key";
/// What every simulated session token is.
pub const SESSION_TOKEN: &str = "simulated-session-token";

fn credentials(xml: &mut Xml, session: &Session) {
    xml.element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", &session.id);
        xml.text("Arn", &session.arn);
    });
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &session.key);
        xml.text("SecretAccessKey", SECRET);
        xml.text("SessionToken", SESSION_TOKEN);
        xml.text("Expiration", &session.until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    });
}
