//! Why a condition does not hold, in the user's words, and what was probably meant.

use super::super::condition::Condition;
use super::super::context::Fact;
use super::super::decision::Decision;
use super::super::evaluate::Query;
use super::super::operator::{Comparison, Order};
use super::super::request::{Mechanism, Request};
use super::near::{closest, issuer_and_claim, normalised_issuer, placeholder};
use super::{Subject, alternatives, quoted_list, shortened};

const SUBJECT_PREFIX: &str = "system:serviceaccount:";

/// What the call carries for the condition's key, as text; `None` if it carries nothing.
pub(super) fn carried(condition: &Condition, query: &Query<'_>) -> Option<String> {
    match query.context.fact(&condition.folded_key) {
        Fact::One(value) => Some(value.into_owned()),
        Fact::Many(values) => Some(values.join(", ")),
        Fact::Absent | Fact::Unknown(_) => None,
    }
}

fn texts(condition: &Condition) -> Vec<&str> {
    condition.values.iter().map(|value| value.text.as_str()).collect()
}

/// What a condition wants, as the end of a sentence: `aws:SourceIp is in 10.0.0.0/8`.
pub(super) fn wish(condition: &Condition) -> String {
    let values = alternatives(&texts(condition));
    let plain = condition.values.iter().all(|value| !value.text.contains(['*', '?']));
    let verb = match (condition.operator.comparison, condition.operator.negated) {
        (Comparison::Null, _) => return null_wish(condition),
        (_, false) if plain && condition.operator.takes_wildcards() => "is",
        (_, true) if plain && condition.operator.takes_wildcards() => "is not",
        (Comparison::TextLike | Comparison::Arn, false) => "is like",
        (Comparison::TextLike | Comparison::Arn, true) => "is not like",
        (Comparison::IpAddress, false) => "is in",
        (Comparison::IpAddress, true) => "is not in",
        (Comparison::Number(Order::Less) | Comparison::Date(Order::Less), _) => "is less than",
        (Comparison::Number(Order::LessOrEqual) | Comparison::Date(Order::LessOrEqual), _) => "is at most",
        (Comparison::Number(Order::Greater) | Comparison::Date(Order::Greater), _) => "is more than",
        (Comparison::Number(Order::GreaterOrEqual) | Comparison::Date(Order::GreaterOrEqual), _) => "is at least",
        (_, false) => "is",
        (_, true) => "is not",
    };
    let absent = if condition.operator.if_exists { " or is absent" } else { "" };
    format!("{} {verb} {values}{absent}", shortened(&condition.key))
}

fn null_wish(condition: &Condition) -> String {
    let absent = condition.values.first().is_some_and(|value| value.text.eq_ignore_ascii_case("true"));
    format!("{} is {}", shortened(&condition.key), if absent { "absent" } else { "present" })
}

/// Why a Deny's condition is fulfilled.
pub(super) fn fulfilled(condition: &Condition, query: &Query<'_>) -> String {
    match carried(condition, query) {
        Some(found) => format!("{} is {}", shortened(&condition.key), shortened(&found)),
        None if condition.operator.negated => {
            format!("the call carries no {}, and a negated operator is true without its key", shortened(&condition.key))
        }
        None => format!("{} matches without its key", condition.operator.name),
    }
}

/// Explains a condition that fails.
pub(super) fn explain(decision: Decision, condition: &Condition, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let found = carried(condition, query);
    let wanted = texts(condition).join(", ");
    let decision = match &found {
        Some(found) => decision.compared(wanted, found.as_str()),
        None => decision.compared(wanted, "absent"),
    };
    let both = condition.values.iter().map(|value| value.text.as_str()).chain([condition.key.as_str()]);
    if let Some(left_over) = both.filter_map(placeholder).next() {
        return with(
            decision,
            "TRUST-PLACEHOLDER",
            format!("{} still holds the placeholder {left_over}.", subject.policy()),
        );
    }
    match (&found, subject.request) {
        (Some(found), Some(request)) if is_claim(condition, request, "sub") => {
            service_account(decision, condition, found, request, subject)
        }
        (Some(found), Some(request)) if is_claim(condition, request, "aud") => {
            audience(decision, condition, found, request, subject)
        }
        (Some(found), _) => value_differs(decision, condition, found, subject),
        (None, _) => key_absent(decision, condition, query, subject),
    }
}

fn with(mut decision: Decision, code: &'static str, reason: String) -> Decision {
    decision.reason = reason;
    decision.code(code)
}

fn is_claim(condition: &Condition, request: &Request, claim: &str) -> bool {
    let key = format!("{}:{claim}", request.cluster.issuer_host_path());
    request.mechanism == Mechanism::Irsa && condition.folded_key == key.to_lowercase()
}

/// `:sub` is there and names somebody else.
fn service_account(
    decision: Decision,
    condition: &Condition,
    found: &str,
    request: &Request,
    subject: &Subject<'_>,
) -> Decision {
    let policy = subject.policy();
    let ours = request.short_subject();
    if condition.operator.negated {
        return with(
            decision,
            "IRSA-SUB-MISMATCH",
            format!("{policy} leaves out {ours} by {}.", condition.operator.name),
        );
    }
    if let Some(pattern) = literal_wildcard(condition, found) {
        let reason = format!(
            "{policy} compares with {pattern} by {}, where * and ? are ordinary characters; these pods run as {ours}.",
            condition.operator.name
        );
        let hint = format!("Did you mean StringLike? It would admit {ours}.");
        return with(decision, "WILDCARD-STRINGEQUALS", reason).hint(Some(hint));
    }
    let admitted: Vec<&str> = texts(condition).into_iter().map(short_subject).collect();
    let reason = format!("{policy} admits {}; these pods run as {ours}.", quoted_list(&admitted));
    with(decision, "IRSA-SUB-MISMATCH", reason).hint(subject_hint(condition, found, request))
}

fn short_subject(value: &str) -> &str {
    value.strip_prefix(SUBJECT_PREFIX).unwrap_or(value)
}

/// What a subject that is nearly ours should have been.
fn subject_hint(condition: &Condition, found: &str, request: &Request) -> Option<String> {
    let values = texts(condition);
    if let Some(near) = spelled_alike(&values, found) {
        return Some(near);
    }
    let malformed = values.iter().find(|value| !value.starts_with(SUBJECT_PREFIX) && !value.contains(['*', '?']));
    if let Some(value) = malformed {
        return Some(format!(
            "A subject is written {SUBJECT_PREFIX}<namespace>:<service account>, not {}.",
            shortened(value)
        ));
    }
    if let Some(near) = closest(found, values.iter().copied()) {
        return Some(format!("Did you mean {found} where {near} stands? The service account may have been renamed."));
    }
    let same_name = values.iter().find(|value| value.ends_with(&format!(":{}", request.service_account)));
    same_name.map(|value| format!("The name is admitted, but in another namespace: {}.", short_subject(value)))
}

/// Differs in letter case or white space only.
fn spelled_alike(values: &[&str], found: &str) -> Option<String> {
    let cased = values.iter().find(|value| value.eq_ignore_ascii_case(found));
    if let Some(value) = cased {
        return Some(format!("Did you mean {found}? {value} differs in letter case, and values are case-sensitive."));
    }
    values
        .iter()
        .any(|value| value.trim() == found)
        .then(|| format!("Did you mean {found}? White space stands around it."))
}

/// A wildcard under an operator that takes it literally.
fn literal_wildcard<'c>(condition: &'c Condition, found: &str) -> Option<&'c str> {
    let literal = matches!(condition.operator.comparison, Comparison::Text | Comparison::TextIgnoreCase);
    let value = condition.would_fit_as_pattern(found).filter(|_| literal && !condition.operator.negated)?;
    Some(shortened(&value.text))
}

/// `:aud` is there and wants another audience.
fn audience(
    decision: Decision,
    condition: &Condition,
    found: &str,
    request: &Request,
    subject: &Subject<'_>,
) -> Decision {
    let policy = subject.policy();
    let values = texts(condition);
    if values.iter().any(|value| value.contains("serviceaccount")) {
        let reason =
            format!("{policy} compares :aud, the token's audience, with a service account; that belongs under :sub.");
        let key = format!("{}:sub", request.cluster.issuer_host_path());
        let mut decision = with(decision, "AUD-VS-SUB", reason).hint(Some(format!("Did you mean {key}?")));
        decision.span = Some(condition.key_span);
        return decision;
    }
    let reason =
        format!("{policy} wants the audience {}; the token of {} is for {found}.", alternatives(&values), subject.who);
    let hint = match &request.audience {
        Some(_) => {
            format!("The service account's annotation eks.amazonaws.com/audience asks for {found}.")
        }
        None => {
            format!("Did you mean {found}? That is the audience in every region and partition.")
        }
    };
    with(decision, "IRSA-AUDIENCE", reason).hint(Some(hint))
}

/// Any other key that is there with another value.
fn value_differs(decision: Decision, condition: &Condition, found: &str, subject: &Subject<'_>) -> Decision {
    let wish = wish(condition);
    let key = shortened(&condition.key);
    let reason = format!(
        "{} admits {} only if {wish}; the call carries {}.",
        subject.policy(),
        subject.who,
        alternatives(&[found])
    );
    if let Some(pattern) = literal_wildcard(condition, found) {
        let hint =
            format!("Did you mean StringLike? {} takes the wildcard in {pattern} literally.", condition.operator.name);
        return with(decision, "WILDCARD-STRINGEQUALS", reason).hint(Some(hint));
    }
    let values = texts(condition);
    let hint = source_arn_hint(condition, &values, subject).or_else(|| spelled_alike(&values, found)).or_else(|| {
        closest(found, values.iter().copied()).map(|near| format!("Did you mean {found} where {near} stands in {key}?"))
    });
    let mut decision = decision.hint(hint);
    decision.reason = reason;
    decision.code = mechanism_code(subject);
    decision
}

fn mechanism_code(subject: &Subject<'_>) -> Option<&'static str> {
    match subject.mechanism()? {
        Mechanism::PodIdentity => Some("PI-TRUST-CONDITION"),
        Mechanism::PodIdentityTarget => Some("PI-TARGET-CHAIN"),
        Mechanism::Irsa | Mechanism::Node => None,
    }
}

fn source_arn_hint(condition: &Condition, values: &[&str], subject: &Subject<'_>) -> Option<String> {
    let request = subject.request?;
    if condition.folded_key != "aws:sourcearn" {
        return None;
    }
    let arn = &request.cluster.arn;
    let what = match values {
        _ if values.iter().any(|value| value.contains(":podidentityassociation/")) => "names an association",
        _ if values.iter().any(|value| value.contains("oidc-provider/")) => "names an OIDC provider",
        _ => "is of another cluster",
    };
    Some(format!("aws:SourceArn is the cluster's ARN, {arn}; the one in the policy {what}."))
}

/// The key is not in the call at all.
fn key_absent(decision: Decision, condition: &Condition, query: &Query<'_>, subject: &Subject<'_>) -> Decision {
    let (policy, key) = (subject.policy(), shortened(&condition.key));
    let mut decision = decision;
    decision.span = Some(condition.key_span);
    if let Some(hint) = misspelled(condition, query, subject) {
        let reason = format!("{policy} has a condition on {key}, a key that no call carries.");
        return with(decision, "CONDITION-KEY-TYPO", reason).hint(Some(hint));
    }
    if let Some(request) = subject.request.filter(|r| r.mechanism == Mechanism::Irsa)
        && issuer_and_claim(&condition.key).is_some_and(|(_, claim)| matches!(claim, "sub" | "aud"))
    {
        let reason = format!(
            "{policy} has its condition on {key}, the issuer of another cluster; this is {}.",
            request.cluster.name
        );
        let hint = format!("The key of this cluster begins with {}.", request.cluster.issuer_host_path());
        return with(decision, "IRSA-FOREIGN-ISSUER", reason).hint(Some(hint));
    }
    decision.reason = format!("{policy} wants {key}, which this call does not carry.");
    decision.code = mechanism_code(subject);
    decision.hint(why_absent(condition, subject))
}

/// Why a key that exists elsewhere is not in this call.
fn why_absent(condition: &Condition, subject: &Subject<'_>) -> Option<String> {
    let request = subject.request?;
    let key = condition.folded_key.as_str();
    let tag = key.split_once('/').map(|(_, tag)| tag);
    let hint = match request.mechanism {
        Mechanism::Irsa if key.starts_with("aws:requesttag/") || key == "aws:tagkeys" => {
            "IRSA sends no session tags; aws:RequestTag works with EKS Pod Identity only.".to_owned()
        }
        Mechanism::Irsa if key.starts_with("aws:source") => {
            "The pod calls STS itself, so there is no source service; use the :sub key.".to_owned()
        }
        Mechanism::PodIdentity if key.starts_with("aws:principaltag/") => {
            format!(
                "In the first hop session tags are aws:RequestTag/{}, not yet principal tags.",
                tag.unwrap_or_default()
            )
        }
        Mechanism::PodIdentity | Mechanism::PodIdentityTarget
            if !request.session_tags && (key.starts_with("aws:requesttag/") || key == "aws:tagkeys") =>
        {
            "Session tags are disabled for this association; condition on aws:SourceArn instead.".to_owned()
        }
        Mechanism::PodIdentity if issuer_and_claim(&condition.key).is_some() => {
            "OIDC keys exist in IRSA only; Pod Identity sends aws:RequestTag and aws:SourceArn.".to_owned()
        }
        _ => return None,
    };
    Some(hint)
}

/// If the key is a misspelling of one that calls carry: what was meant.
pub(super) fn misspelled(condition: &Condition, query: &Query<'_>, subject: &Subject<'_>) -> Option<String> {
    let request = subject.request?;
    if query.context.fact(&condition.folded_key) != Fact::Absent {
        return None;
    }
    match request.mechanism {
        Mechanism::Irsa => misspelled_claim(&condition.key, request),
        Mechanism::PodIdentity | Mechanism::PodIdentityTarget => misspelled_tag(&condition.folded_key),
        Mechanism::Node => None,
    }
}

fn misspelled_claim(key: &str, request: &Request) -> Option<String> {
    let issuer = request.cluster.issuer_host_path();
    let ours = normalised_issuer(issuer);
    if normalised_issuer(key) == ours {
        return Some(format!("The claim is missing: did you mean {issuer}:sub?"));
    }
    let (written, claim) = issuer_and_claim(key)?;
    let near = super::distance(&normalised_issuer(written), &ours).is_some_and(|distance| distance <= 2);
    let meant = closest(claim, ["sub", "aud"].into_iter());
    match meant {
        _ if !near => None,
        Some(meant) if key.contains("https://") => {
            Some(format!("Did you mean {issuer}:{meant}? Condition keys carry the issuer without https://."))
        }
        Some(meant) => Some(format!("Did you mean {issuer}:{meant}?")),
        None => Some(format!("Tokens of EKS offer the claims sub and aud only, not {claim}.")),
    }
}

fn misspelled_tag(folded: &str) -> Option<String> {
    const TAGS: [&str; 6] = [
        "eks-cluster-arn",
        "eks-cluster-name",
        "kubernetes-namespace",
        "kubernetes-service-account",
        "kubernetes-pod-name",
        "kubernetes-pod-uid",
    ];
    let tag = folded.strip_prefix("aws:requesttag/")?;
    if TAGS.contains(&tag) {
        return None;
    }
    closest(tag, TAGS.into_iter()).map(|meant| format!("Did you mean aws:RequestTag/{meant}?"))
}
