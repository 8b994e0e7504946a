//! `Principal`: who a statement names and whether that covers the caller.

use super::arn;
use super::json::Span;
use super::request::Caller;
use super::truth::Truth;

/// What it rests on where a statement only delegates and nobody knows what the calling role may do.
pub const OWN_PERMISSIONS: &str = "permissions of the association role";

/// The three kinds of principals a trust policy may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// Accounts, roles, sessions, users.
    Aws,
    /// AWS services.
    Service,
    /// OIDC and SAML providers.
    Federated,
}

impl PrincipalKind {
    /// The documented spelling, which is case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "AWS" => Some(Self::Aws),
            "Service" => Some(Self::Service),
            "Federated" => Some(Self::Federated),
            _ => None,
        }
    }

    /// As written in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
        }
    }
}

/// One value of a statement's `Principal`.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Under which name it stands.
    pub kind: PrincipalKind,
    /// As written.
    pub value: String,
    /// Where the value stands.
    pub span: Span,
}

/// How a principal covers a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Coverage {
    /// Names the caller itself.
    Named,
    /// Names its account or everybody: the caller's own policies must allow the call.
    Delegated,
    /// Names one session, and which session will call is not known.
    OneSession,
    /// Whether `{"AWS": "*"}` covers services and federated callers is not documented.
    Undocumented,
    No,
}

impl Principal {
    fn coverage(&self, caller: &Caller) -> Coverage {
        match (self.kind, caller) {
            (PrincipalKind::Service, Caller::Service(service)) => named(self.value == *service),
            (PrincipalKind::Federated, Caller::Federated(provider)) => named(self.value == *provider),
            (PrincipalKind::Aws, Caller::Service(_) | Caller::Federated(_)) if self.value == "*" => {
                Coverage::Undocumented
            }
            (PrincipalKind::Aws, Caller::Aws { arn, session, account, .. }) => {
                aws_coverage(&self.value, arn, session.as_deref(), account)
            }
            _ => Coverage::No,
        }
    }

    /// Whether the principal alone covers the caller (what a Deny needs).
    pub(super) fn covers(&self, caller: &Caller) -> Truth {
        match self.coverage(caller) {
            Coverage::Named | Coverage::Delegated => Truth::True,
            Coverage::OneSession => Truth::unknown("sts session name"),
            Coverage::Undocumented => Truth::undocumented("AWS-star-principal"),
            Coverage::No => Truth::False,
        }
    }

    /// Whether the caller is let in: a principal that only delegates to the account, or
    /// a role of another account, needs the caller's own policies too.
    pub(super) fn admits(&self, caller: &Caller) -> Truth {
        let covered = self.covers(caller);
        let direct = self.coverage(caller) != Coverage::Delegated;
        match caller {
            Caller::Aws { same_account: true, .. } if direct => covered,
            Caller::Aws { may_call, .. } => covered.and(match may_call {
                Some(allowed) => Truth::from(*allowed),
                None => Truth::unknown(OWN_PERMISSIONS),
            }),
            Caller::Service(_) | Caller::Federated(_) => covered,
        }
    }
}

fn named(equal: bool) -> Coverage {
    if equal { Coverage::Named } else { Coverage::No }
}

/// `arn` is the role's (or user's) own ARN, `session` its session name if known.
fn aws_coverage(value: &str, arn: &str, session: Option<&str>, account: &str) -> Coverage {
    if value == "*" || value == account || is_root_of(value, arn, account) {
        return Coverage::Delegated;
    }
    if value == arn {
        return Coverage::Named;
    }
    let Some((role, name)) = session_of(value, arn) else {
        return Coverage::No;
    };
    match session {
        _ if role != arn::role_name(arn) || arn::account(value) != Some(account) => Coverage::No,
        Some(session) => named(session == name),
        None => Coverage::OneSession,
    }
}

fn is_root_of(value: &str, arn: &str, account: &str) -> bool {
    let root = ["arn", arn::part(arn, 1).unwrap_or("aws"), "iam", "", account, "root"];
    arn::parts(value) == Some(root)
}

/// Role name and session name of a session ARN in the partition of `arn`.
fn session_of<'v>(value: &'v str, arn: &str) -> Option<(&'v str, &'v str)> {
    let [_, partition, "sts", _, _, resource] = arn::parts(value)? else {
        return None;
    };
    if Some(partition) != arn::part(arn, 1) {
        return None;
    }
    resource.strip_prefix("assumed-role/")?.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(may_call: Option<bool>, same_account: bool) -> Caller {
        Caller::Aws {
            arn: "arn:aws:iam::111122223333:role/path/app".to_owned(),
            session: None,
            account: "111122223333".to_owned(),
            may_call,
            same_account,
        }
    }

    fn admits(value: &str, caller: &Caller) -> Truth {
        let span = Span { start: 0, end: 0 };
        Principal { kind: PrincipalKind::Aws, value: value.to_owned(), span }.admits(caller)
    }

    #[test]
    fn an_account_only_delegates_and_needs_the_callers_own_policy() {
        for account in ["111122223333", "arn:aws:iam::111122223333:root"] {
            assert_eq!(admits(account, &role(Some(true), true)), Truth::True);
            assert_eq!(admits(account, &role(Some(false), true)), Truth::False);
        }
        assert_eq!(admits("arn:aws-cn:iam::111122223333:root", &role(Some(true), true)), Truth::False);
    }

    #[test]
    fn a_role_named_with_its_path_is_enough_in_the_same_account() {
        let arn = "arn:aws:iam::111122223333:role/path/app";
        assert_eq!(admits(arn, &role(Some(false), true)), Truth::True);
        assert_eq!(admits(arn, &role(Some(false), false)), Truth::False);
        assert_eq!(admits("arn:aws:iam::111122223333:role/app", &role(Some(true), true)), Truth::False);
    }

    #[test]
    fn the_role_path_is_not_part_of_a_session_arn() {
        let session = "arn:aws:sts::111122223333:assumed-role/app/eks-prod-api";
        assert_eq!(admits(session, &role(Some(true), true)), Truth::unknown("sts session name"));
        let other = "arn:aws:sts::111122223333:assumed-role/other/eks-prod-api";
        assert_eq!(admits(other, &role(Some(true), true)), Truth::False);
    }

    #[test]
    fn whether_aws_star_covers_a_service_is_not_documented() {
        let service = Caller::Service("ec2.amazonaws.com".to_owned());
        assert!(matches!(admits("*", &service), Truth::Unknown(_)));
        assert_eq!(admits("111122223333", &service), Truth::False);
    }
}
