//! EKS Auth, REST with JSON: AssumeRoleForPodIdentity. A token that is bound to a pod for a session of its
//! association's role, or of the target role that is assumed from it.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    bearer::{self, Flaw},
    call::Asked,
    eks::{Route, association_arn, external_id, seconds},
    error::{Failure, Service, unknown_operation},
    evaluate::{Context, Principal, Question, evaluate},
    iam::policies_of,
    model::{Association, Role, State},
    query::decode,
    sts::{SECRET, SESSION_TOKEN, Session},
};
use crate::sim::issuer::Token;

/// The audience of the tokens it takes.
const AUDIENCE: &str = "pods.eks.amazonaws.com";

/// Seconds of a session: six hours, an hour where a role assumes a role.
const LASTS: usize = 6 * 3600;
const CHAINED: usize = 3600;

/// The operation behind a method and a path.
pub fn route(method: &Method, path: &str) -> Route {
    let segments: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    match segments.as_slice() {
        [clusters, cluster, operation] if clusters == "clusters" && operation == "assume-role-for-pod-identity" => {
            let operation = if method == Method::POST { "AssumeRoleForPodIdentity" } else { "" };
            Route { operation, names: vec![cluster.clone()] }
        }
        _ => Route { operation: "", names: Vec::new() },
    }
}

/// Performs an operation.
pub fn perform(state: &mut State, asked: &Asked, now: Timestamp) -> Result<Value, Failure> {
    if asked.operation != "AssumeRoleForPodIdentity" {
        return Err(unknown_operation(Service::EksAuth, &asked.operation, ""));
    }
    let cluster = asked.names.first().map(String::as_str).unwrap_or_default();
    if cluster != state.cluster.name {
        return Err(not_found(format!("No cluster found for name: {cluster}.")));
    }
    let subject = Subject::of(state, asked.body["token"].as_str().unwrap_or_default(), now)?;
    let association = associated(state, &subject, now)?.clone();
    let context = subject.context(state, &association, now);
    let role = admitted(state, &association, &context, now)?.clone();
    let name = session_name(state, &subject.pod);
    let (session, lasts) = match &association.target_role_arn {
        None => (Session::of(state, &role, &name, LASTS, now), LASTS),
        Some(target) => {
            let target = second_hop(state, &association, &role, target, &context, now)?.clone();
            (Session::of(state, &target, &name, CHAINED, now), CHAINED)
        }
    };
    let until = now.saturating_add(SignedDuration::from_secs(i64::try_from(lasts).unwrap_or(3600))).unwrap_or(now);
    Ok(json!({
        "subject": {"namespace": subject.namespace, "serviceAccount": subject.service_account},
        "audience": AUDIENCE,
        "podIdentityAssociation": {
            "associationArn": association_arn(state, &association), "associationId": association.id,
        },
        "assumedRoleUser": {"arn": session.arn, "assumeRoleId": session.id},
        "credentials": {
            "accessKeyId": session.key, "secretAccessKey": SECRET, "sessionToken": SESSION_TOKEN,
            "expiration": seconds(until),
        },
    }))
}

/// Of whom a token speaks.
struct Subject {
    namespace: String,
    service_account: String,
    pod: String,
    uid: String,
}

impl Subject {
    fn of(state: &State, text: &str, now: Timestamp) -> Result<Self, Failure> {
        let invalid = |sentence: &str| Failure::new(400, "InvalidTokenException", sentence);
        let token = Token::read(text).ok_or_else(|| invalid("The token included in the request cannot be parsed"))?;
        if token.text("iss") != state.cluster.issuer || !token.audiences().contains(&AUDIENCE) {
            return Err(invalid("The token included in the request is invalid"));
        }
        bearer::check(state, &token, now).map_err(|flaw| match flaw {
            Flaw::Expired(_) => {
                Failure::new(400, "ExpiredTokenException", "The token included in the request is expired")
            }
            _ => invalid("The token included in the request is invalid"),
        })?;
        let claims = &token.claims["kubernetes.io"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subject = Self {
            namespace: text(&claims["namespace"]),
            service_account: text(&claims["serviceaccount"]["name"]),
            pod: text(&claims["pod"]["name"]),
            uid: text(&claims["pod"]["uid"]),
        };
        match subject.pod.is_empty() {
            true => Err(Failure::new(
                400,
                "InvalidRequestException",
                "The token included in the request is not bound to a pod",
            )),
            false => Ok(subject),
        }
    }

    /// What EKS sends along to STS: the cluster, and the six session tags unless they are off.
    fn context(&self, state: &State, association: &Association, now: Timestamp) -> Context {
        let mut context = bearer::common(state, now);
        let mut put = |key: &str, value: &str| {
            context.insert(key.to_owned(), vec![value.to_owned()]);
        };
        let cluster_arn = state.cluster_arn();
        put("aws:sourceaccount", &state.account);
        put("aws:sourcearn", &cluster_arn);
        put("aws:principalisawsservice", "true");
        if association.disable_session_tags {
            return context;
        }
        let tags = [
            ("eks-cluster-arn", cluster_arn.as_str()),
            ("eks-cluster-name", &state.cluster.name),
            ("kubernetes-namespace", &self.namespace),
            ("kubernetes-service-account", &self.service_account),
            ("kubernetes-pod-name", &self.pod),
            ("kubernetes-pod-uid", &self.uid),
        ];
        for (name, value) in tags {
            put(&format!("aws:requesttag/{name}"), value);
        }
        context.insert("aws:tagkeys".to_owned(), tags.iter().map(|(name, _)| (*name).to_owned()).collect());
        context
    }
}

/// `eks-CLUSTER-POD-UUID`, cut to 64 characters.
fn session_name(state: &mut State, pod: &str) -> String {
    let id = format!("{:016x}", state.random.number());
    let name = format!("eks-{}-{pod}-{}-{}-4000-8000-{:012x}", state.cluster.name, &id[..8], &id[8..12], 0);
    name.chars().take(64).collect()
}

fn not_found(sentence: impl Into<String>) -> Failure {
    Failure::new(404, "ResourceNotFoundException", sentence)
}

fn refused() -> Failure {
    let sentence = "Unauthorized Exception! EKS does not have permissions to assume the associated role.";
    Failure::new(400, "AccessDeniedException", sentence)
}

fn associated<'a>(state: &'a State, subject: &Subject, now: Timestamp) -> Result<&'a Association, Failure> {
    let mut seen = state.associations.values().filter_map(|one| one.seen(now, state.delays.eks));
    let is_its =
        |one: &&Association| one.namespace == subject.namespace && one.service_account == subject.service_account;
    seen.find(is_its).ok_or_else(|| {
        let Subject { namespace, service_account, .. } = subject;
        not_found(format!("No association found for service account {service_account} in namespace {namespace}."))
    })
}

/// Actions that a session of Pod Identity needs.
fn actions(association: &Association) -> &'static [&'static str] {
    if association.disable_session_tags { &["sts:AssumeRole"] } else { &["sts:AssumeRole", "sts:TagSession"] }
}

/// The association's role, if its trust policy lets EKS in.
fn admitted<'a>(
    state: &'a State,
    association: &Association,
    context: &Context,
    now: Timestamp,
) -> Result<&'a Role, Failure> {
    let role = state.seen_role_by_arn(&association.role_arn, now).ok_or_else(refused)?;
    let asker = Principal::Service(AUDIENCE.to_owned());
    let allows = |action: &&&str| {
        evaluate(&role.trust, &Question { principal: Some(&asker), action, resource: None, context }).is_allowed()
    };
    let wanted = actions(association);
    (wanted.iter().filter(allows).count() == wanted.len()).then_some(role).ok_or_else(refused)
}

/// The target role, if the association's role may assume it: by the target's trust policy, and by its own
/// policies unless that names it within one account.
fn second_hop<'a>(
    state: &'a State,
    association: &Association,
    source: &Role,
    target: &str,
    tags: &Context,
    now: Timestamp,
) -> Result<&'a Role, Failure> {
    let role = state.seen_role_by_arn(target, now).ok_or_else(refused)?;
    let asker = Principal::Role(source.arn.clone());
    let mut context = tags.clone();
    context
        .retain(|key, _| !matches!(key.as_str(), "aws:sourceaccount" | "aws:sourcearn" | "aws:principalisawsservice"));
    for (key, value) in [
        ("sts:externalid", external_id(state, association)),
        ("aws:principalarn", source.arn.clone()),
        ("aws:principalaccount", state.account.clone()),
    ] {
        context.insert(key.to_owned(), vec![value]);
    }
    let named = role.trust.contains(&format!("\"{}\"", source.arn));
    let may = |action: &&&str| {
        let asked = Question { principal: Some(&asker), action, resource: None, context: &context };
        let own = Question { principal: None, action, resource: Some(target), context: &context };
        let policies: Vec<_> = policies_of(state, source).iter().map(|(_, text)| evaluate(text, &own)).collect();
        let denied = policies.iter().any(|answer| !answer.denying.is_empty());
        let allowed = named || policies.iter().any(|answer| !answer.allowing.is_empty());
        evaluate(&role.trust, &asked).is_allowed() && allowed && !denied
    };
    let wanted = actions(association);
    (wanted.iter().filter(may).count() == wanted.len()).then_some(role).ok_or_else(refused)
}
