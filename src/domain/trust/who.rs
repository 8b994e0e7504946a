//! Who can become which role: all service accounts that trust policies admit, whether or
//! not they use it, and the reverse. Candidates come from indexes over the service
//! accounts; only those are evaluated, so the cost is not roles × service accounts.

use std::borrow::Cow;
use std::collections::HashMap;

use super::condition::Condition;
use super::context::Context;
use super::decision::Verdict;
use super::document::{Document, Effect, Statement};
use super::evaluate::{Query, decide, matches, principal_matches};
use super::glob::Glob;
use super::operator::Comparison;
use super::request::{Caller, Mechanism, Request, subject};
use super::truth::Truth;

/// A service account of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its audience annotation, if any.
    pub audience: Option<String>,
}

/// How a role lets a service account in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The statement that allows.
    pub statement: Option<usize>,
    /// The keys it depends on; empty if it is sure.
    pub depends_on: Vec<String>,
}

/// Whom one role lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Every service account, by a statement that does not look at who it is.
    pub everyone: Option<Grant>,
    /// Single ones, by index; those `everyone` covers for sure are not repeated.
    pub some: Vec<(usize, Grant)>,
}

impl Admitted {
    /// How the service account is let in, if it is.
    pub fn grant(&self, service_account: usize) -> Option<&Grant> {
        let single = self.some.binary_search_by_key(&service_account, |(index, _)| *index);
        single.ok().map(|at| &self.some[at].1).or(self.everyone.as_ref())
    }

    /// How many are let in, of `total` service accounts.
    pub fn count(&self, total: usize) -> usize {
        if self.everyone.is_some() { total } else { self.some.len() }
    }
}

/// The service accounts of a cluster, indexed by what trust policies ask for.
#[derive(Clone, Debug)]
pub struct Subjects {
    accounts: Vec<ServiceAccount>,
    /// Sorted subjects, forwards and backwards, for patterns with a literal start or end.
    forwards: Vec<(String, usize)>,
    backwards: Vec<(String, usize)>,
    by_namespace: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    custom_audiences: bool,
}

impl Subjects {
    /// Indexes the service accounts of one cluster.
    pub fn new(accounts: Vec<ServiceAccount>) -> Self {
        let sorted = |text: fn(&ServiceAccount) -> String| {
            let mut sorted: Vec<_> = accounts.iter().enumerate().map(|(i, account)| (text(account), i)).collect();
            sorted.sort_unstable();
            sorted
        };
        let grouped = |text: fn(&ServiceAccount) -> &String| {
            let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
            for (index, account) in accounts.iter().enumerate() {
                groups.entry(text(account).clone()).or_default().push(index);
            }
            groups
        };
        Self {
            forwards: sorted(|a| subject(&a.namespace, &a.name)),
            backwards: sorted(|a| subject(&a.namespace, &a.name).chars().rev().collect()),
            by_namespace: grouped(|a| &a.namespace),
            by_name: grouped(|a| &a.name),
            custom_audiences: accounts.iter().any(|account| account.audience.is_some()),
            accounts,
        }
    }

    /// The service accounts, in the order given.
    pub fn accounts(&self) -> &[ServiceAccount] {
        &self.accounts
    }

    /// Subjects that fit a value of a `:sub` condition.
    fn of_subject(&self, value: &str, comparison: Comparison, found: &mut Vec<usize>) {
        let wildcard = |c: char| matches!(c, '*' | '?');
        if comparison == Comparison::Text || !value.contains(wildcard) {
            let range = starting_with(&self.forwards, value);
            return found.extend(range.iter().filter(|(text, _)| text == value).map(|(_, index)| *index));
        }
        let start = value.split(wildcard).next().unwrap_or_default();
        let end: String = value.rsplit(wildcard).next().unwrap_or_default().chars().rev().collect();
        let glob = Glob::new(value);
        let (forwards, backwards) = (starting_with(&self.forwards, start), starting_with(&self.backwards, &end));
        let fewer = if forwards.len() <= backwards.len() { forwards } else { backwards };
        found.extend(fewer.iter().map(|(_, index)| *index).filter(|index| {
            let account = &self.accounts[*index];
            glob.matches(&subject(&account.namespace, &account.name))
        }));
    }

    fn of_name(&self, value: &str, comparison: Comparison, found: &mut Vec<usize>) {
        Self::of_group(&self.by_name, value, comparison, found);
    }

    fn of_namespace(&self, value: &str, comparison: Comparison, found: &mut Vec<usize>) {
        Self::of_group(&self.by_namespace, value, comparison, found);
    }

    fn of_group(groups: &HashMap<String, Vec<usize>>, value: &str, comparison: Comparison, found: &mut Vec<usize>) {
        if comparison == Comparison::Text || !value.contains(['*', '?']) {
            return found.extend(groups.get(value).into_iter().flatten());
        }
        let glob = Glob::new(value);
        found.extend(groups.iter().filter(|(text, _)| glob.matches(text)).flat_map(|(_, indexes)| indexes));
    }
}

fn starting_with<'s>(sorted: &'s [(String, usize)], start: &str) -> &'s [(String, usize)] {
    let from = sorted.partition_point(|(text, _)| text.as_str() < start);
    let length = sorted[from..].partition_point(|(text, _)| text.starts_with(start));
    &sorted[from..from + length]
}

/// All service accounts that a role's trust admits by the mechanism of `template`,
/// whose own namespace and service account do not matter.
pub fn admitted(document: &Document, template: &Request, subjects: &Subjects) -> Admitted {
    if !document.refusals().is_empty() || subjects.accounts.is_empty() {
        return Admitted::default();
    }
    let asker = Asker::new(document, template, subjects);
    let everyone = asker.everyone();
    if everyone.as_ref().is_some_and(|grant| grant.depends_on.is_empty()) {
        return Admitted { everyone, some: Vec::new() };
    }
    Admitted { some: asker.single(everyone.as_ref()), everyone }
}

/// A service account's roles out of many: the reverse of [`admitted`].
pub fn roles_of(admissions: &[Admitted], service_account: usize) -> Vec<(usize, &Grant)> {
    let grants = admissions.iter().enumerate();
    grants.filter_map(|(role, admitted)| Some((role, admitted.grant(service_account)?))).collect()
}

struct Asker<'a> {
    document: &'a Document,
    template: &'a Request,
    subjects: &'a Subjects,
    sub_key: String,
    aud_key: String,
    caller: Caller,
}

impl<'a> Asker<'a> {
    fn new(document: &'a Document, template: &'a Request, subjects: &'a Subjects) -> Self {
        let issuer = template.cluster.issuer_host_path().to_lowercase();
        Self {
            document,
            template,
            subjects,
            sub_key: format!("{issuer}:sub"),
            aud_key: format!("{issuer}:aud"),
            caller: template.caller(),
        }
    }

    /// Puts the service account in the place of the one asked about before.
    fn ask(&self, request: &mut Request, index: usize) {
        let account = &self.subjects.accounts[index];
        request.namespace.clone_from(&account.namespace);
        request.service_account.clone_from(&account.name);
        request.audience.clone_from(&account.audience);
    }

    /// The question for any one service account, where it does not matter which.
    fn probe(&self) -> Request {
        let mut request = self.template.clone();
        self.ask(&mut request, 0);
        request
    }

    /// Whether the statement's answer depends on which service account asks.
    fn looks_at_subject(&self, statement: &Statement) -> bool {
        statement.undefined().is_none() && statement.conditions.iter().any(|c| self.is_about_subject(c))
    }

    fn is_about_subject(&self, condition: &Condition) -> bool {
        let key = condition.folded_key.as_str();
        (key == self.sub_key && !self.fits_every_subject(condition))
            || (key == self.aud_key && self.subjects.custom_audiences)
            || key == "sts:externalid"
            || ["aws:requesttag/kubernetes-", "aws:principaltag/kubernetes-"].iter().any(|p| key.starts_with(p))
            || condition.values.iter().any(|value| value.text.contains("${"))
    }

    /// `*` and `system:serviceaccount:*` let every service account through.
    fn fits_every_subject(&self, condition: &Condition) -> bool {
        let every = |text: &str| matches!(text, "*" | "system:serviceaccount:*" | "system:serviceaccount:*:*");
        self.template.mechanism == Mechanism::Irsa
            && condition.operator.takes_wildcards()
            && condition.required_texts().is_some_and(|mut values| values.any(|value| every(&value.text)))
    }

    /// What the statements that do not look at the service account say.
    fn everyone(&self) -> Option<Grant> {
        let denies = self.with_effect(Effect::Deny).any(|statement| self.looks_at_subject(statement));
        if denies {
            return None;
        }
        self.with_effect(Effect::Allow).find(|statement| !self.looks_at_subject(statement))?;
        let open = self.document.with_statements(|statement| !self.looks_at_subject(statement));
        grant(&open, &self.caller, &self.probe())
    }

    fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &'a Statement> {
        self.document.statements().iter().filter(move |statement| statement.effect == Some(effect))
    }

    /// Evaluates the candidates. The answer is a function of the conditions that look at
    /// the service account, so it is worked out once for each combination of their truths.
    fn single(&self, everyone: Option<&Grant>) -> Vec<(usize, Grant)> {
        let conditions = self.document.statements().iter().flat_map(|statement| &statement.conditions);
        let deciding: Vec<&Condition> = conditions.filter(|condition| self.is_about_subject(condition)).collect();
        let mut answers: HashMap<u64, Option<Grant>> = HashMap::new();
        let mut found = Vec::new();
        let mut request = self.template.clone();
        for index in self.candidates(everyone.is_some()) {
            self.ask(&mut request, index);
            let answer = || grant(self.document, &self.caller, &request).filter(|grant| Some(grant) != everyone);
            let grant = match signature(&deciding, &request) {
                Some(signature) => answers.entry(signature).or_insert_with(answer).clone(),
                None => answer(),
            };
            found.extend(grant.map(|grant| (index, grant)));
        }
        found
    }

    /// Every service account that some Allow statement could name.
    fn candidates(&self, open_is_settled: bool) -> Vec<usize> {
        let probe = self.probe();
        let query = Query::by(Cow::Borrowed(&self.caller), &probe);
        let first_call = query.actions.first().copied().unwrap_or_default();
        let mut found = Vec::new();
        for statement in self.with_effect(Effect::Allow) {
            let relevant = statement.covers(first_call) && principal_matches(statement, &query) != Truth::False;
            let settled = open_is_settled && !self.looks_at_subject(statement);
            if relevant
                && !settled
                && !self.named_by(statement, &mut found)
                && self.may_match(statement, &query, first_call)
            {
                return (0..self.subjects.accounts.len()).collect();
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// An open statement that fails for the probe fails for all.
    fn may_match(&self, statement: &Statement, query: &Query<'_>, action: &str) -> bool {
        self.looks_at_subject(statement) || matches(statement, query, action) != Truth::False
    }

    /// Looks up the service accounts a statement names; false if it names none.
    fn named_by(&self, statement: &Statement, found: &mut Vec<usize>) -> bool {
        for condition in &statement.conditions {
            let index = self.index_for(&condition.folded_key);
            if let (Some(look_up), Some(values)) = (index, condition.required_texts()) {
                let comparison = condition.operator.comparison;
                values.for_each(|value| look_up(self.subjects, &value.text, comparison, found));
                return true;
            }
        }
        false
    }

    fn index_for(&self, key: &str) -> Option<LookUp> {
        let sent = self.template.session_tags && self.template.mechanism != Mechanism::Irsa;
        match key {
            _ if key == self.sub_key => Some(Subjects::of_subject),
            "aws:requesttag/kubernetes-service-account" if sent => Some(Subjects::of_name),
            "aws:requesttag/kubernetes-namespace" if sent => Some(Subjects::of_namespace),
            _ => None,
        }
    }
}

/// Adds the service accounts that fit a value.
type LookUp = fn(&Subjects, &str, Comparison, &mut Vec<usize>);

/// The truths of the conditions, two bits each; `None` if they do not fit.
fn signature(conditions: &[&Condition], request: &Request) -> Option<u64> {
    let bits = |condition: &&Condition| match condition.holds(&Context::Request(request)) {
        Truth::False => 0,
        Truth::True => 1,
        Truth::Unknown(_) => 2,
    };
    (conditions.len() <= 32).then(|| conditions.iter().fold(0, |signature, condition| signature << 2 | bits(condition)))
}

fn grant(document: &Document, caller: &Caller, request: &Request) -> Option<Grant> {
    let query = Query::by(Cow::Borrowed(caller), request);
    let depends_on = match decide(document, &query) {
        Verdict::Allow => Vec::new(),
        Verdict::Depends(keys) => keys,
        Verdict::Deny { .. } | Verdict::Invalid => return None,
    };
    let first_call = query.actions.first().copied().unwrap_or_default();
    let allows = |statement: &&Statement| {
        statement.effect == Some(Effect::Allow) && matches(statement, &query, first_call) != Truth::False
    };
    let statement = document.statements().iter().find(allows).map(|statement| statement.index);
    Some(Grant { statement, depends_on })
}

#[cfg(test)]
mod tests;
