//! Walking an identity hop by hop: the same walk gives the verdict with its reasons and, when
//! recorded, the chain on screen. After the first broken check nothing is reached.

use crate::domain::identity::{Check, Hop, HopKind, Reason, Verdict};

/// What a walk found.
#[derive(Debug, Default)]
pub struct Trail {
    hops: Option<Vec<Hop>>,
    reasons: Vec<(Verdict, Reason)>,
    verdict: Verdict,
    loading: bool,
}

impl Trail {
    /// A walk that keeps its hops.
    pub fn recording() -> Self {
        Self { hops: Some(Vec::new()), ..Self::default() }
    }

    /// Reaches the next link.
    pub fn hop(&mut self, kind: HopKind, subject: impl FnOnce() -> String) {
        if let Some(hops) = &mut self.hops {
            hops.push(Hop { kind, subject: subject(), checks: Vec::new() });
        }
    }

    /// A check that holds.
    pub fn ok(&mut self, name: &str, detail: impl FnOnce() -> String) {
        let verdict = (!self.is_broken()).then_some(Verdict::Ok);
        self.record(verdict, name, detail);
    }

    /// A check whose answer has not arrived.
    pub fn waiting(&mut self, name: &str) {
        self.loading |= !self.is_broken();
        self.record(None, name, || "still loading".to_owned());
    }

    /// A check that nobody made.
    pub fn unasked(&mut self, name: &str, detail: &str) {
        self.record(None, name, || detail.to_owned());
    }

    /// A check that does not hold, or not for certain.
    pub fn fail(&mut self, verdict: Verdict, name: &str, detail: impl FnOnce() -> String, reason: Reason) {
        if self.is_broken() {
            return self.record(None, name, detail);
        }
        self.verdict = self.verdict.max(verdict);
        self.record(Some(verdict), name, detail);
        self.reasons.push((verdict, reason));
    }

    /// Something worth saying that changes no verdict.
    pub fn note(&mut self, reason: Reason) {
        self.reasons.push((Verdict::Ok, reason));
    }

    /// A further line under the last check.
    pub fn evidence(&mut self, label: &str, value: impl FnOnce() -> String) {
        let check = self.hops.as_mut().and_then(|hops| hops.last_mut()).and_then(|hop| hop.checks.last_mut());
        if let Some(check) = check {
            check.evidence.push((label.to_owned(), value()));
        }
    }

    fn record(&mut self, verdict: Option<Verdict>, name: &str, detail: impl FnOnce() -> String) {
        let broken = self.is_broken();
        let Some(hop) = self.hops.as_mut().and_then(|hops| hops.last_mut()) else { return };
        let detail = if broken && verdict.is_none() { "not reached".to_owned() } else { detail() };
        hop.checks.push(Check { verdict, name: name.to_owned(), detail, evidence: Vec::new() });
    }

    /// Whether a check is broken already.
    pub fn is_broken(&self) -> bool {
        self.verdict == Verdict::Broken
    }

    /// Whether an answer that decides has not arrived.
    pub fn is_loading(&self) -> bool {
        self.loading && !self.is_broken()
    }

    /// The worst verdict; unknown while facts are missing.
    pub fn verdict(&self) -> Verdict {
        if self.is_loading() { self.verdict.max(Verdict::Unknown) } else { self.verdict }
    }

    /// The reasons, those of the worst verdict first. They can be taken once.
    pub fn take_reasons(&mut self) -> Vec<Reason> {
        let mut reasons = std::mem::take(&mut self.reasons);
        reasons.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        reasons.into_iter().map(|(_, reason)| reason).collect()
    }

    /// The chain, if it was recorded.
    pub fn into_hops(self) -> Vec<Hop> {
        self.hops.unwrap_or_default()
    }
}

/// A reason without dependencies.
pub fn reason(code: Option<&'static str>, message: impl Into<String>) -> Reason {
    Reason { code, message: message.into(), depends_on: Vec::new() }
}

/// A reason that rests on something, or lacks a permission.
pub fn resting(code: Option<&'static str>, message: impl Into<String>, on: impl Into<String>) -> Reason {
    Reason { code, message: message.into(), depends_on: vec![on.into()] }
}
