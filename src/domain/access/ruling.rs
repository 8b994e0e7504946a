//! What an answer is worth: the rules of permission-simulation, "How a feature can rely on it".

use std::{collections::BTreeSet, sync::Arc};

use super::{By, Can, Deciding, Decision, Inquiry, Matched, Ruling, Simulated};
use crate::domain::{
    failure::{Failure, FailureKind},
    permission::{Permission, PolicyDocument, RoleDetail},
};

/// Everything that was found out.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What the simulator says of the role.
    pub role: Result<Simulated, Failure>,
    /// What it says of the session policy, if there is one.
    pub session: Option<Result<Simulated, Failure>>,
    /// The policies of the role, as far as they could be read.
    pub detail: RoleDetail,
}

/// The answer where the role is another account's: nothing of it can be asked or read here.
pub fn elsewhere(inquiry: &Inquiry) -> Ruling {
    let role = &inquiry.role;
    unasked(inquiry, &format!("{role} lives in another account: ask there with `aws iam simulate-principal-policy`"))
}

/// The answer where nobody could be asked.
pub fn unasked(inquiry: &Inquiry, why: &str) -> Ruling {
    Ruling {
        can: Can::Unknown,
        by: By::Reading,
        role: Some(inquiry.role.clone()),
        reasons: vec![why.to_owned()],
        depends_on: Vec::new(),
        deciding: Vec::new(),
    }
}

/// Puts together what was found out.
pub fn judge(inquiry: &Inquiry, evidence: &Evidence) -> Ruling {
    let own = match &evidence.role {
        Ok(simulated) => of_role(inquiry, simulated, &evidence.detail),
        Err(failure) => without_simulation(inquiry, failure, &evidence.detail),
    };
    match (&inquiry.session_policy, &evidence.session) {
        (Some(policy), Some(found)) => narrowed(own, inquiry, policy, found),
        _ => own,
    }
}

fn of_role(inquiry: &Inquiry, found: &Simulated, detail: &RoleDetail) -> Ruling {
    let mut missing = relevant(&found.missing, detail.keys_about(&inquiry.action).as_ref());
    if detail.about.known().is_some() {
        missing.retain(|key| !inquiry.is_without(key));
    }
    let (can, reason) = decided(inquiry, found, &missing);
    let deciding = found.matched.iter().map(|matched| deciding(matched, detail)).collect();
    Ruling {
        can,
        by: By::Simulation,
        role: Some(inquiry.role.clone()),
        reasons: vec![reason],
        depends_on: if can == Can::Depends { missing } else { Vec::new() },
        deciding,
    }
}

/// Notes what the simulator says if a key had the value that a policy asks of it: only a key that turns the decision
/// matters.
pub fn suppose(ruling: &mut Ruling, (key, value): (&str, &str), before: Decision, after: Decision) {
    let may = if after == Decision::Allowed { "allowed" } else { "not allowed" };
    ruling.reasons.push(match before == after {
        true => format!("{key} = {value} changes nothing"),
        false => format!("with {key} = {value} it is {may}"),
    });
}

/// Missing keys are listed even when a statement about another action names them: where the policies could be
/// read only the keys of statements about this one count.
fn relevant(missing: &BTreeSet<String>, about: Option<&BTreeSet<String>>) -> Vec<Arc<str>> {
    let counts = |key: &&String| about.is_none_or(|about| about.iter().any(|name| name.eq_ignore_ascii_case(key)));
    missing.iter().filter(counts).map(|key| key.as_str().into()).collect()
}

fn decided(inquiry: &Inquiry, found: &Simulated, missing: &[Arc<str>]) -> (Can, String) {
    let (role, what) = (inquiry.role_name(), inquiry.phrase());
    if found.organization == Some(false) {
        let why = "IAM does not say which statement, and lists no keys of such policies";
        return (Can::No, format!("a service control policy of the organization takes {what} away; {why}"));
    }
    if found.boundary == Some(false) {
        return (Can::No, format!("the permissions boundary of {role} does not allow {what}"));
    }
    let keys = missing.join(", ");
    match (found.decision, missing.is_empty()) {
        (Decision::Allowed, true) => (Can::Yes, format!("the policies of {role} allow {what}")),
        (Decision::ExplicitDeny, true) => (Can::No, format!("a policy of {role} denies {what}")),
        (Decision::ImplicitDeny, true) => (Can::No, format!("no policy of {role} allows {what}")),
        (Decision::Allowed, false) => {
            (Can::Depends, format!("the policies of {role} allow {what} unless {keys} decides otherwise"))
        }
        (_, false) => (Can::Depends, format!("whether {role} may {what} depends on {keys}")),
    }
}

fn deciding(matched: &Matched, detail: &RoleDetail) -> Deciding {
    let named = |name: &str| matched.policy == name || matched.policy.ends_with(&format!("_{name}"));
    let policy = detail.policies().find(|policy| named(&policy.name));
    let document = policy.and_then(|policy| policy.document.known());
    Deciding {
        policy: policy.map_or_else(|| matched.policy.clone(), |policy| policy.name.to_string()),
        kind: matched.kind.clone(),
        statement: document.and_then(|document| document.statement_at(matched.start)),
    }
}

/// The simulator may not be asked, or does not know the role: the policies are read here, conditions left open. A
/// missing permission is never a denial.
fn without_simulation(inquiry: &Inquiry, failure: &Failure, detail: &RoleDetail) -> Ruling {
    let why = failure.why.trim_end_matches('.');
    let not = match failure.kind {
        FailureKind::Denied => format!(
            "iam:SimulatePrincipalPolicy is not allowed to you, so the policies of {} were read",
            inquiry.role_name()
        ),
        _ => format!("the simulator gave no answer ({why}), so the policies of {} were read", inquiry.role_name()),
    };
    let resource = inquiry.resource.as_deref().unwrap_or("*");
    let what = inquiry.phrase();
    let mut depends_on = Vec::new();
    let (can, said) = match detail.permission(&inquiry.action, resource) {
        Permission::Allowed(by) => (Can::Yes, format!("{by} allows {what}")),
        Permission::NotAllowed => (Can::No, format!("nothing in them allows {what}")),
        Permission::Denied(by) => (Can::No, format!("{by} takes {what} away")),
        Permission::Depends(on) => {
            depends_on.push(Arc::clone(&on));
            (Can::Depends, format!("{what} depends on {on}"))
        }
        Permission::Unknown(action) => (Can::Unknown, format!("they cannot be read either: ask for {action}")),
        Permission::Loading => (Can::Unknown, "they could not be read".to_owned()),
    };
    Ruling {
        can,
        by: By::Reading,
        role: Some(inquiry.role.clone()),
        reasons: vec![not, said],
        depends_on,
        deciding: Vec::new(),
    }
}

/// The session policy and the role's have to allow it.
fn narrowed(own: Ruling, inquiry: &Inquiry, policy: &str, found: &Result<Simulated, Failure>) -> Ruling {
    let mut ruling = own;
    let (can, reason, keys) = match found {
        Err(failure) => {
            let why = failure.why.trim_end_matches('.');
            (Can::Unknown, format!("the session policy of the association could not be simulated: {why}"), Vec::new())
        }
        Ok(found) => of_session(inquiry, policy, found),
    };
    if can != Can::Yes {
        ruling.deciding.push(Deciding {
            policy: "session policy".to_owned(),
            kind: "session".to_owned(),
            statement: Some(policy.to_owned()),
        });
    }
    // A no of either is a no; of the rest the weaker counts.
    ruling.can = ruling.can.max(can);
    ruling.reasons.push(reason);
    if ruling.can == Can::Depends {
        ruling.depends_on.extend(keys);
    }
    ruling
}

fn of_session(inquiry: &Inquiry, policy: &str, found: &Simulated) -> (Can, String, Vec<Arc<str>>) {
    let about = PolicyDocument::parse(policy).map(|document| document.keys_about(&inquiry.action));
    let missing = relevant(&found.missing, about.as_ref());
    let what = inquiry.phrase();
    match (found.decision, missing.is_empty()) {
        (Decision::Allowed, true) => (Can::Yes, format!("the session policy allows {what} too"), missing),
        (_, true) => (Can::No, format!("the session policy of the association does not allow {what}"), missing),
        (_, false) => (Can::Depends, format!("the session policy rests on {}", missing.join(", ")), missing),
    }
}
