//! Findings that somebody has accepted: who, why and until when. Keyed by code and subject, so that a
//! rollout does not bring them back.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::API_VERSION;
use crate::domain::{
    failure::{Failure, FailureKind},
    finding::Finding,
};

/// A baseline file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    api_version: String,
    kind: String,
    /// What is accepted.
    pub entries: Vec<Entry>,
}

/// One accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Code, kind and name of the subject: `STATIC-KEYS Workload data/deploy/export`.
    pub finding: String,
    /// Who accepted it.
    #[serde(default)]
    pub who: String,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// The last day on which it is accepted, e.g. `2027-03-31`; without one, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Baseline {
    /// Accepts findings as they stand; what another baseline said of them is kept.
    pub fn of(findings: &[&Finding], known: Option<&Self>) -> Self {
        let mut keys: Vec<String> = findings.iter().map(|finding| finding.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        let entry = |key: String| {
            let said = known.and_then(|known| known.entries.iter().find(|entry| entry.finding == key));
            said.cloned().unwrap_or(Entry { finding: key, who: String::new(), why: String::new(), until: None })
        };
        Self {
            api_version: API_VERSION.to_owned(),
            kind: "Baseline".to_owned(),
            entries: keys.into_iter().map(entry).collect(),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is not a baseline; line, column and reason.
    pub fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let wrong = |why: String| {
            let what = format!("cannot read the baseline {name}");
            Failure::new(FailureKind::Usage, what, why, "Write a new one with --write-baseline")
        };
        let baseline: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        match (baseline.api_version.as_str(), baseline.kind.as_str()) {
            (API_VERSION, "Baseline") => Ok(baseline),
            (version, kind) => Err(wrong(format!("it is a {kind} of {version}, not a Baseline of {API_VERSION}"))),
        }
    }

    /// As a file.
    pub fn text(&self) -> String {
        super::json::pretty(self, None)
    }

    /// Whether a finding is accepted at this time.
    pub fn accepts(&self, finding: &Finding, now: Timestamp) -> bool {
        let (key, today) = (finding.key(), today(now));
        self.entries.iter().any(|entry| entry.finding == key && entry.until.is_none_or(|until| today <= until))
    }

    /// Entries whose time is over.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        let today = today(now);
        self.entries.iter().filter(move |entry| entry.until.is_some_and(|until| until < today))
    }

    /// Entries of findings that are no longer there: they can be dropped.
    pub fn settled<'a>(&'a self, findings: &[&Finding]) -> Vec<&'a Entry> {
        let keys: Vec<String> = findings.iter().map(|finding| finding.key()).collect();
        self.entries.iter().filter(|entry| !keys.contains(&entry.finding)).collect()
    }
}

/// Days are those of UTC, so that a baseline means the same on every machine.
fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
