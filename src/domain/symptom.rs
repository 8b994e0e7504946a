//! What a pasted error text says: who called, which action on what, and what refused it. A pure
//! reader of the sentences of AWS services, SDKs and the EKS Pod Identity agent, however they are
//! wrapped: plain, JSON, XML, log lines (identity-resolution 2.5, 4.2, 4.4, 5.3, 6.2 and part 8).
//! `symptom/answer.rs` finds the same things in an inventory.

pub mod answer;
pub mod cause;
mod denial;
mod mention;
mod operation;
pub mod principal;
mod special;
mod wording;

use self::{cause::Cause, denial::Denial, wording::Wording};
use super::{id::ServiceAccountId, identity::HopKind};
pub use principal::{Principal, PrincipalKind, SessionKind};

/// Longest text that is read, in bytes; what follows is not looked at.
pub const LONGEST: usize = 1 << 18;

/// What one error text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symptom {
    /// Who made the call, if the text says.
    pub principal: Option<Principal>,
    /// The action in IAM's spelling: `s3:GetObject`.
    pub action: Option<String>,
    /// What the action was asked on, as the text names it.
    pub resource: Option<String>,
    /// What refused, and at which hop.
    pub cause: &'static Cause,
    /// The policy that decided, where the service names its ARN.
    pub policy_arn: Option<String>,
    /// The service account whose token is spoken of.
    pub service_account: Option<ServiceAccountId>,
    /// The ARN of a role that the text names beside the call: `AWS_ROLE_ARN`.
    pub role_arn: Option<String>,
    /// The error code of the service: `AccessDenied`.
    pub error_code: Option<String>,
    /// The request id that AWS support asks for.
    pub request_id: Option<String>,
    /// The text holds an encoded authorization message.
    pub encoded: bool,
    /// Other actions that the same text says were refused.
    pub also: Vec<String>,
}

impl Symptom {
    /// Reads a text; `None` if nothing in it is known. Time and memory are linear in its length.
    pub fn read(text: &str) -> Option<Self> {
        let wording = Wording::of(text);
        let mut denials = Denial::all(&wording).into_iter();
        let symptom = match denials.next() {
            Some(denial) => Self { also: others(&denial, denials), ..Self::of_denial(denial, &wording) },
            None => Self::of_cause(cause::found(&wording)?, &wording),
        };
        Some(symptom)
    }

    fn of_denial(denial: Denial, wording: &Wording) -> Self {
        Self {
            principal: Some(denial.principal),
            resource: denial.resource,
            action: Some(denial.action),
            policy_arn: denial.policy_arn,
            ..Self::of_cause(denial.cause, wording)
        }
    }

    fn of_cause(cause: &'static Cause, wording: &Wording) -> Self {
        let action = cause.action.map(str::to_owned).or_else(|| operation::action(wording));
        Self {
            principal: mention::principal(wording),
            action,
            resource: mention::resource(wording),
            cause,
            policy_arn: None,
            service_account: mention::service_account(wording),
            role_arn: mention::role_arn(wording),
            error_code: mention::error_code(wording),
            request_id: mention::request_id(wording),
            encoded: wording.has("encoded authorization failure message"),
            also: Vec::new(),
        }
    }
}

impl Symptom {
    /// The link of the chain that it speaks of.
    pub fn hop(&self) -> Option<HopKind> {
        special::of(self).map_or(self.cause.hop, |special| Some(special.hop))
    }

    /// Codes of findings that it may be, the likeliest first.
    pub fn codes(&self) -> &'static [&'static str] {
        special::of(self).map_or(self.cause.codes, |special| special.codes)
    }

    /// What it means, in one sentence or two.
    pub fn means(&self) -> String {
        match special::of(self) {
            Some(special) if self.cause.word == "not-allowed" => special.means.to_owned(),
            Some(special) => format!("{} {}", special.means, self.cause.means),
            None => self.cause.means.to_owned(),
        }
    }

    /// What to do, in one sentence that names role, action and resource.
    pub fn todo(&self) -> String {
        let role = self.principal.as_ref().and_then(|principal| principal.role.as_ref());
        let role = role.map_or("the principal", |role| role.as_str());
        special::of(self)
            .map_or(self.cause.todo, |special| special.todo)
            .replace("{action}", self.action.as_deref().unwrap_or("the action"))
            .replace("{resource}", self.resource.as_deref().unwrap_or("the resource"))
            .replace("{role}", role)
    }
}

/// Most of the further actions that are named.
const MOST_OTHERS: usize = 8;

fn others(first: &Denial, denials: impl Iterator<Item = Denial>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for denial in denials {
        if denial.action != first.action && !found.contains(&denial.action) && found.len() < MOST_OTHERS {
            found.push(denial.action);
        }
    }
    found
}

#[cfg(test)]
mod tests;
