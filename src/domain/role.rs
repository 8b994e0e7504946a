//! IAM roles with their trust policies.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    arn::Arn,
    id::RoleName,
    trust::{self, edit::is_same},
};

/// One role of the cluster's account, as ListRoles or GetRole gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its ARN, path included.
    pub arn: Arn,
    /// Its name.
    pub name: RoleName,
    /// The trust policy.
    pub trust: Arc<TrustPolicy>,
    /// Tags; ListRoles does not give them.
    pub tags: Option<BTreeMap<String, String>>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Longest session, in seconds.
    pub max_session_seconds: Option<u32>,
}

/// A trust policy that was written from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it was, byte for byte.
    pub before: Arc<str>,
    /// What was written.
    pub after: Arc<str>,
    /// When.
    pub at: Timestamp,
}

impl Written {
    /// Whether IAM may still return what was before.
    pub fn is_late(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < LATE
    }
}

/// For how long IAM may return what was before: it is eventually consistent, usually within seconds.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// The writes of one role from here that IAM may not return yet, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes(Vec<Written>);

impl Writes {
    /// Adds the newest.
    pub fn add(&mut self, written: Written) {
        self.0.push(written);
    }

    /// Adds one that another process made after the newest; what is older went into that one.
    pub fn learn(&mut self, written: Written) {
        if self.0.last().is_none_or(|newest| written.at > newest.at) {
            self.0.push(written);
        }
    }

    /// Forgets those that IAM returns by now; tells whether any is left.
    pub fn settle(&mut self, now: Timestamp) -> bool {
        self.0.retain(|written| written.is_late(now));
        !self.0.is_empty()
    }

    /// What the policy is if IAM returns this text: as long as that is what stood before one of the writes, the
    /// last one has not arrived. Any other text was written by somebody else since.
    pub fn current<'a>(&'a self, seen: &'a str) -> &'a str {
        match self.0.last() {
            Some(last) if self.0.iter().any(|written| is_same(seen, &written.before)) => &last.after,
            _ => seen,
        }
    }
}

/// A trust policy: the decoded text as IAM returned it, and what was made of it.
#[derive(Debug)]
pub struct TrustPolicy {
    /// URL-decoded, otherwise byte for byte.
    pub text: Arc<str>,
    /// The parsed document, or where it is broken.
    pub document: Result<trust::Document, trust::SyntaxError>,
}

impl TrustPolicy {
    /// Parses a decoded document; a broken one is kept with its error.
    pub fn parse(text: &str) -> Self {
        Self { text: text.into(), document: trust::Document::parse(text) }
    }
}

impl PartialEq for TrustPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V0: &str = r#"{"Statement":[]}"#;
    const V1: &str = r#"{"Statement":[{"Sid":"a"}]}"#;
    const V2: &str = r#"{"Statement":[{"Sid":"a"},{"Sid":"b"}]}"#;

    fn writes(all: &[(&str, &str)]) -> Writes {
        let mut writes = Writes::default();
        for (before, after) in all {
            writes.add(Written { before: (*before).into(), after: (*after).into(), at: Timestamp::UNIX_EPOCH });
        }
        writes
    }

    #[test]
    fn whatever_stood_before_one_of_the_writes_is_late() {
        let twice = writes(&[(V0, V1), (V1, V2)]);
        for seen in [V0, V1, V2, "{ \"Statement\": [] }"] {
            assert_eq!(twice.current(seen), V2, "{seen}");
        }
    }

    #[test]
    fn what_was_written_and_taken_back_is_back() {
        let back = writes(&[(V0, V1), (V1, V0)]);
        assert_eq!((back.current(V0), back.current(V1)), (V0, V0));
    }

    #[test]
    fn any_other_text_is_somebody_elses() {
        assert_eq!(writes(&[(V0, V1)]).current(V2), V2);
        assert_eq!(Writes::default().current(V0), V0);
    }
}
