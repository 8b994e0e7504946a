//! Account ids, names and ARNs replaced, the same text always by the same pseudonym. What a cluster
//! knows is numbered in its order beforehand, so that two commands over one cluster agree.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use regex::{Captures, Regex};

use crate::domain::inventory::Inventory;

/// Names that every cluster has, and words of the contract and of ARNs: they tell nothing.
const PUBLIC: &[&str] = &[
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "arn",
    "aws",
    "aws-cn",
    "aws-us-gov",
    "iam",
    "sts",
    "eks",
    "ec2",
    "role",
    "user",
    "root",
    "cluster",
    "policy",
    "group",
    "addon",
    "assumed-role",
    "oidc-provider",
    "instance-profile",
    "podidentityassociation",
    "system",
    "serviceaccount",
    "id",
    "ok",
    "drift",
    "depends",
    "unknown",
    "at-risk",
    "broken",
    "loading",
    "pod-identity",
    "irsa",
    "node-role",
    "static-keys",
    "profile",
    "custom-endpoint",
    "none",
    "mixed",
    "yes",
    "no",
    "hostNetwork",
    "managed",
    "self-managed",
    "karpenter",
    "auto",
    "fargate",
    "hybrid",
    "ready",
    "missing",
    "built-in",
    "unsupported",
    "init",
    "sidecar",
    "container",
    "ephemeral",
    "association",
    "annotation",
    "environment",
    "target",
    "node",
    "pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "Running",
    "Pending",
    "Succeeded",
    "Failed",
    "Unknown",
    "service-role",
    "aws-service-role",
];

/// Replaces what must not leave; keeps its mapping as long as it lives.
#[derive(Debug)]
pub struct Redactor {
    names: RefCell<HashMap<String, String>>,
    accounts: RefCell<HashMap<String, String>>,
    /// Names that are more than one word, such as a context called `prod eu`.
    phrases: Vec<String>,
    parts: Option<Parts>,
}

/// The expressions; they are constants, so they always compile.
#[derive(Debug)]
struct Parts {
    arn: Regex,
    subject: Regex,
    token: Regex,
    account: Regex,
    issuer: Regex,
}

impl Parts {
    fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            arn: Regex::new(r#"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}|aws)?:[^\s"'`,;()]+"#)?,
            subject: Regex::new(r#"system:serviceaccount:([^:\s"']+):([^\s"'`,;()]+)"#)?,
            token: Regex::new(r"[A-Za-z0-9_.@+=-]+")?,
            account: Regex::new(r"\d{12}")?,
            issuer: Regex::new(r"[0-9A-Fa-f]{32}")?,
        })
    }
}

impl Redactor {
    /// Numbers everything that an inventory names.
    pub fn new(inventory: &Inventory) -> Self {
        let names = known_names(inventory);
        let parts = Parts::new().ok();
        let is_word = |name: &str| {
            let found = parts.as_ref().and_then(|parts| parts.token.find(name));
            found.is_some_and(|found| found.as_str() == name)
        };
        let phrases = names.iter().filter(|name| !name.starts_with("arn:") && !is_word(name)).cloned().collect();
        let redactor = Self { names: RefCell::default(), accounts: RefCell::default(), phrases, parts };
        for name in names.iter().filter(|name| !name.starts_with("arn:")) {
            redactor.name(name);
        }
        for arn in known_texts(inventory) {
            redactor.text(&arn);
        }
        redactor
    }

    /// The text without what must not leave.
    pub fn text(&self, text: &str) -> String {
        let Some(parts) = &self.parts else { return "[redacted]".to_owned() };
        let mut text = Cow::Borrowed(text);
        for phrase in self.phrases.iter().filter(|phrase| !phrase.is_empty()) {
            if text.contains(phrase.as_str()) {
                text = Cow::Owned(text.replace(phrase.as_str(), &self.name(phrase)));
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for found in parts.arn.find_iter(&text) {
            out += &self.loose(parts, &text[last..found.start()]);
            out += &self.arn(parts, found.as_str());
            last = found.end();
        }
        out + &self.loose(parts, &text[last..])
    }

    /// Text outside of ARNs: subjects first, then every word on its own.
    fn loose(&self, parts: &Parts, text: &str) -> String {
        let subjects = parts.subject.replace_all(text, |found: &Captures<'_>| {
            format!("system:serviceaccount:{}:{}", self.pattern(parts, &found[1]), self.pattern(parts, &found[2]))
        });
        let words = parts.token.replace_all(&subjects, |found: &Captures<'_>| self.word(parts, &found[0]));
        words.into_owned()
    }

    fn word(&self, parts: &Parts, word: &str) -> String {
        let bare = word.trim_end_matches('.');
        if let Some(pseudonym) = self.names.borrow().get(bare) {
            return format!("{pseudonym}{}", &word[bare.len()..]);
        }
        let word = parts.issuer.replace_all(word, |found: &Captures<'_>| self.name(&found[0]));
        parts.account.replace_all(&word, |found: &Captures<'_>| self.account(&found[0])).into_owned()
    }

    /// Partition, service and region stay; so does the kind of the resource.
    fn arn(&self, parts: &Parts, arn: &str) -> String {
        let bare = arn.trim_end_matches(['.', ':']);
        let mut pieces = bare.splitn(6, ':');
        let mut head: Vec<String> = pieces.by_ref().take(4).map(str::to_owned).collect();
        head.push(pieces.next().map_or(String::new(), |account| {
            parts.account.replace(account, |found: &Captures<'_>| self.account(&found[0])).into_owned()
        }));
        head.push(self.resource(parts, pieces.next().unwrap_or_default()));
        head.join(":") + &arn[bare.len()..]
    }

    fn resource(&self, parts: &Parts, resource: &str) -> String {
        let Some((kind, rest)) = resource.split_once(['/', ':']) else { return self.pattern(parts, resource) };
        let separator = &resource[kind.len()..=kind.len()];
        let segments: Vec<String> = rest.split('/').map(|segment| self.pattern(parts, segment)).collect();
        format!("{kind}{separator}{}", segments.join("/"))
    }

    /// A name whose place says that it is one; `*`, `?` and policy variables between stay.
    fn pattern(&self, parts: &Parts, segment: &str) -> String {
        if segment.ends_with(".amazonaws.com") || segment.ends_with(".amazonaws.com.cn") || segment.contains("${") {
            return segment.to_owned();
        }
        let name = |found: &Captures<'_>| match &found[0] {
            digits if digits.len() == 12 && parts.account.is_match(digits) => self.account(digits),
            name => self.name(name),
        };
        parts.token.replace_all(segment, name).into_owned()
    }

    fn name(&self, name: &str) -> String {
        if PUBLIC.contains(&name) || name.is_empty() {
            return name.to_owned();
        }
        let mut names = self.names.borrow_mut();
        // A pseudonym met again is already redacted.
        if names.values().any(|known| known == name) {
            return name.to_owned();
        }
        let next = format!("name-{}", names.len() + 1);
        names.entry(name.to_owned()).or_insert(next).clone()
    }

    fn account(&self, account: &str) -> String {
        if account.starts_with("000000000") {
            return account.to_owned();
        }
        let mut accounts = self.accounts.borrow_mut();
        let next = format!("{:012}", accounts.len() + 1);
        accounts.entry(account.to_owned()).or_insert(next).clone()
    }
}

/// Everything that has a name of its own, in an order that does not depend on what arrived first.
fn known_names(inventory: &Inventory) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let target = inventory.target();
    names.extend(target.context.clone());
    names.extend(target.profile.clone());
    names.extend(target.cluster.iter().map(ToString::to_string));
    names.extend(inventory.cluster().known().map(|cluster| cluster.name.to_string()));
    names
        .extend(inventory.caller().known().into_iter().flat_map(|caller| caller.short().split('/').map(str::to_owned)));
    names.extend(inventory.namespaces().into_iter().map(|row| row.name.to_string()));
    for row in inventory.service_accounts() {
        names.extend([row.id.namespace.to_string(), row.id.name.to_string()]);
    }
    for row in inventory.pods() {
        names.extend([row.id.namespace.to_string(), row.id.name.to_string(), row.workload.name.to_string()]);
    }
    names.extend(inventory.nodes().into_iter().map(|row| row.name.to_string()));
    names.extend(inventory.roles().into_iter().map(|row| row.name.to_string()));
    names.extend(inventory.associations().into_iter().map(|row| row.id.to_string()));
    names
}

/// Texts with ARNs and subjects in them: policies name accounts and service accounts of others.
fn known_texts(inventory: &Inventory) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    texts.extend(inventory.cluster().known().map(|cluster| cluster.arn.to_string()));
    texts.extend(inventory.roles().into_iter().map(|row| row.arn.to_string()));
    texts.extend(inventory.known_roles().map(|role| role.trust.text.to_string()));
    texts
}
