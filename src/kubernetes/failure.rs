//! Errors of the API server and of the way to it, as sentences: what, why, what to do. Built once,
//! here; a missing permission names verb and resource.

use std::error::Error;

use kube::core::Status;

use crate::domain::{
    cluster::Target,
    failure::{Failure, FailureKind},
};

/// What is being asked, so that a refusal can name it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// `list`, `watch`, `get`, `patch`.
    pub verb: &'static str,
    /// `pods`, `deployments.apps`, …
    pub resource: String,
    /// The namespace it is limited to.
    pub namespace: Option<String>,
    /// The object's name, if it is about one.
    pub name: Option<String>,
}

impl Call {
    /// A call on all objects of a kind.
    pub fn new(verb: &'static str, resource: &str) -> Self {
        Self { verb, resource: resource.to_owned(), namespace: None, name: None }
    }

    /// Limits it to a namespace.
    pub fn within(mut self, namespace: Option<&str>) -> Self {
        self.namespace = namespace.map(str::to_owned);
        self
    }

    /// Limits it to one object.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// What cannot be done: `cannot list pods`.
    pub fn what(&self) -> String {
        match (&self.name, &self.namespace) {
            (Some(name), Some(namespace)) => {
                format!("cannot {} {} {namespace}/{name}", self.verb, self.resource)
            }
            (Some(name), None) => format!("cannot {} {} {name}", self.verb, self.resource),
            (None, Some(namespace)) => format!("cannot {} {} in namespace {namespace}", self.verb, self.resource),
            (None, None) => format!("cannot {} {}", self.verb, self.resource),
        }
    }

    fn place(&self) -> String {
        self.namespace.as_ref().map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"))
    }
}

/// An error with its causes, each said once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

/// An answer with an error status. `body` is the Status object, or whatever a proxy wrote.
pub(super) fn refused(call: &Call, target: &Target, code: u16, body: &[u8]) -> Failure {
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    let why = match status.message.as_str() {
        "" => format!("the server answered {code} {}", first_line(body)).trim_end().to_owned(),
        message => message.to_owned(),
    };
    let mut failure = by_code(call, target, code, why);
    failure.code = Some(if status.reason.is_empty() { code.to_string() } else { status.reason });
    failure
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

fn by_code(call: &Call, target: &Target, code: u16, why: String) -> Failure {
    let what = call.what();
    match code {
        401 => Failure::new(
            FailureKind::Credentials,
            what,
            format!("the cluster does not accept who you are ({why})"),
            mapping(target),
        ),
        403 => Failure::new(
            FailureKind::Denied,
            what,
            why,
            format!("Ask for the Kubernetes right to {} {} in {}", call.verb, call.resource, call.place()),
        )
        .missing(format!("{} {}", call.verb, call.resource), call.place()),
        404 => Failure::new(FailureKind::NotFound, what, why, "Check the name; it may have been deleted meanwhile"),
        409 | 412 => Failure::new(FailureKind::Conflict, what, why, "Read it again and repeat the change"),
        410 => Failure::new(FailureKind::Server, what, why, "The list is read again by itself"),
        429 => Failure::new(FailureKind::Throttled, what, why, "It is tried again by itself, more slowly"),
        400..=499 => {
            Failure::new(FailureKind::Invalid, what, why, "Check whether the version of the cluster supports this")
        }
        _ => Failure::new(
            FailureKind::Server,
            what,
            why,
            "It is tried again by itself; look at the state of the cluster if it stays",
        ),
    }
}

/// A 401 is about the token or about who it maps to (identity-resolution 7.3).
fn mapping(target: &Target) -> String {
    let profile = target.profile.as_ref().map_or_else(String::new, |profile| format!(" --profile {profile}"));
    format!(
        "Check with `aws sts get-caller-identity{profile}` who you are; that principal needs an EKS access entry or an aws-auth mapping"
    )
}

/// Nothing answered. Failures of our own that travelled through the client come out as they are.
pub(super) fn unreachable(call: &Call, target: &Target, error: &kube::Error) -> Failure {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut io = None;
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return failure.clone();
        }
        io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(io);
        cause = error.source();
    }
    silent(call, target, io, &chain(error))
}

/// Nothing answered in time.
pub(super) fn timed_out(call: &Call, target: &Target, seconds: u64) -> Failure {
    silent(call, target, Some(std::io::ErrorKind::TimedOut), &format!("no answer within {seconds} s"))
}

/// A connection that ended in the middle of an answer.
pub(super) fn broken(call: &Call, target: &Target, why: &str) -> Failure {
    silent(call, target, None, why)
}

fn silent(call: &Call, target: &Target, io: Option<std::io::ErrorKind>, text: &str) -> Failure {
    let server = target.server.as_deref().unwrap_or("the API server");
    let lower = text.to_ascii_lowercase();
    let (why, next) = if lower.contains("certificate") || lower.contains("unknownissuer") {
        (
            format!("the certificate of {server} is not trusted ({text})"),
            "Run `aws eks update-kubeconfig` again: the cluster may have been recreated; or a proxy opens the connection",
        )
    } else if lower.contains("dns") || lower.contains("lookup") || lower.contains("resolve") {
        (
            format!("the name of {server} cannot be resolved"),
            "Check the network and DNS; if the cluster was deleted, its name is gone too",
        )
    } else if io == Some(std::io::ErrorKind::ConnectionRefused) || lower.contains("refused") {
        (
            format!("{server} refused the connection"),
            "Check that the address is right and that a tunnel, if there is one, is open",
        )
    } else if io == Some(std::io::ErrorKind::TimedOut) || lower.contains("timed out") || lower.contains("no answer") {
        (format!("{server} did not answer in time"), slow(server))
    } else {
        (
            format!("the connection to {server} failed ({text})"),
            "It is tried again by itself; check network, VPN and proxy if it stays",
        )
    };
    Failure::new(FailureKind::Unreachable, call.what(), why, next)
}

fn slow(server: &str) -> &'static str {
    if server.contains(".eks.amazonaws.com") || server.ends_with(".api.aws") {
        "Connect to the VPN or go through a bastion if the endpoint is private, and check that your address is among its public access CIDRs"
    } else {
        "Check network, VPN and proxy"
    }
}

#[cfg(test)]
mod tests;
