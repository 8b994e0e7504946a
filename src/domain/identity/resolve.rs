//! Now and next of every container (identity-resolution part 0).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    environment::{Settings, Winner},
    facts::Facts,
    injection::{self, Exempt, Injected, Method, Supposed},
    irsa,
    join::join,
    level,
    node_role::NodeFacts,
    pod_identity, source,
    template::{self, Template},
    trail::{Trail, reason, resting},
};
use crate::domain::{
    association::AssociationDetail,
    id::{NodeName, PodName, ServiceAccountId},
    identity::{Identity, Mechanism, Reason, Resolution, Verdict},
    workload::{Container, PodSpec},
};

/// Which of the two answers is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// What the running container uses.
    Now,
    /// What it would get if it were created again.
    Next,
}

/// When a pod was created, against its association.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Age {
    /// The association changed after the pod started, so recently that old credentials may be cached.
    pub stale: bool,
    /// Against the association's creation.
    pub born: Born,
}

/// A pod's creation against that of its association.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Born {
    /// There is no association, or its time is not known.
    #[default]
    Unknown,
    /// Before it.
    Before,
    /// Within a minute after it.
    Race,
    /// Later.
    After,
}

/// Everything about a pod that decides its identities. Replicas that agree in it share one answer.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Its service account.
    pub account: &'a ServiceAccountId,
    /// Its spec.
    pub spec: &'a PodSpec,
    /// The pod template of its owner, where that was read.
    pub template: Option<&'a PodSpec>,
    /// What is known of its node.
    pub node: &'a NodeFacts,
    /// Its age against the association.
    pub age: Age,
    /// The association that is supposed.
    pub supposed: Supposed,
    /// Its name, for a chain on screen.
    pub pod: Option<&'a PodName>,
    /// The name of its node, for a chain on screen.
    pub node_name: Option<&'a NodeName>,
}

impl Subject<'_> {
    /// What stands at the head of a chain.
    pub fn title(&self) -> String {
        self.pod.map_or_else(|| "a new pod".to_owned(), ToString::to_string)
    }

    /// The name of the node, or what stands for it.
    pub fn node_title(&self) -> String {
        self.node_name.map_or_else(|| "no node yet".to_owned(), ToString::to_string)
    }
}

/// An identity, and whether a fact that decides has not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The identity as far as it is known.
    pub identity: Identity,
    /// A fact that decides is still loading.
    pub loading: bool,
}

/// The age of a pod against the association of its service account, where that was described.
pub fn age(detail: Option<&AssociationDetail>, now: Timestamp, created_at: Timestamp) -> Age {
    let Some(detail) = detail else { return Age::default() };
    let born = match detail.created_at.map(|association| created_at.duration_since(association)) {
        None => Born::Unknown,
        Some(age) if age.is_negative() => Born::Before,
        Some(age) if age < SignedDuration::from_secs(60) => Born::Race,
        Some(_) => Born::After,
    };
    let older = detail.modified_at.is_some_and(|modified| created_at < modified);
    let stale = older && pod_identity::cached_until(detail).is_some_and(|until| now < until);
    Age { stale, born }
}

/// Resolves a pod. Where the template of its owner was read, next is what that gives (0.2).
pub fn resolve(facts: &Facts, subject: &Subject<'_>) -> Resolution {
    let Some(spec) = subject.template else { return resolve_by(facts, subject, None) };
    let account = template::account(subject.account, spec);
    let renewed = Subject { account: &account, spec, template: None, ..subject.clone() };
    resolve_by(facts, subject, Some(&Template::of(facts, &renewed)))
}

fn resolve_by(facts: &Facts, subject: &Subject<'_>, template: Option<&Template<'_>>) -> Resolution {
    let pod = Injector::of(facts, subject);
    let case = |container| {
        let renewed = template.and_then(|template| template.case(container));
        Case { renewed, ..pod.case(container) }
    };
    let cases: Vec<Case> = subject.spec.containers.iter().map(case).collect();
    let added = template.map(|template| template.added(subject.spec)).unwrap_or_default();
    join(subject.spec, share(&pod, template, &cases), added)
}

/// Everything of a container that decides its identities.
#[derive(PartialEq)]
struct Case {
    now: Settings,
    next: Expected,
    /// What the template of the owner gives the container of this name.
    renewed: Option<Expected>,
}

/// What a container has when it is created again.
#[derive(PartialEq)]
pub(super) struct Expected {
    settings: Settings,
    exempt: Option<Exempt>,
}

/// Now and next of one container.
#[derive(Clone)]
pub(super) struct Resolved {
    pub now: Arc<Identity>,
    pub next: Arc<Identity>,
    pub loading: bool,
}

/// Containers that agree in what decides are resolved once; those with equal answers share them.
fn share(pod: &Injector<'_>, template: Option<&Template<'_>>, cases: &[Case]) -> Vec<Resolved> {
    let mut resolved: Vec<Resolved> = Vec::with_capacity(cases.len());
    for (index, case) in cases.iter().enumerate() {
        let found = match cases[..index].iter().position(|earlier| earlier == case) {
            Some(earlier) => resolved[earlier].clone(),
            None => Resolved::sharing(&resolved, pod.answers(case, template)),
        };
        resolved.push(found);
    }
    resolved
}

impl Resolved {
    fn sharing(known: &[Self], (now, next): (Outcome, Outcome)) -> Self {
        let loading = now.loading || next.loading;
        let find = |identity: &Identity| {
            let all = known.iter().flat_map(|found| [&found.now, &found.next]);
            all.into_iter().find(|other| ***other == *identity).cloned()
        };
        let now = find(&now.identity).unwrap_or_else(|| Arc::new(now.identity));
        let is_same = *now == next.identity;
        let next =
            if is_same { Arc::clone(&now) } else { find(&next.identity).unwrap_or_else(|| Arc::new(next.identity)) };
        Self { now, next, loading }
    }
}

/// What the webhook does to one pod.
pub(super) struct Injector<'a> {
    facts: &'a Facts,
    subject: &'a Subject<'a>,
    method: Method,
    exempt: Option<Exempt>,
}

impl<'a> Injector<'a> {
    pub(super) fn of(facts: &'a Facts, subject: &'a Subject<'a>) -> Self {
        let method = injection::method(facts, subject.account, &subject.supposed);
        let exempt = injection::exempt_pod(facts, &subject.account.namespace, &subject.spec.labels);
        Self { facts, subject, method, exempt }
    }

    fn case(&self, container: &Container) -> Case {
        let settings = Settings::of(container, self.subject.spec);
        let removed = injection::injected(&settings, container);
        let next = self.expected(settings.clone(), removed, container);
        Case { now: self.filled(settings, container), next, renewed: None }
    }

    /// What a container of a template has once the webhook has seen it: nothing in it was injected before.
    pub(super) fn fresh(&self, container: &Container) -> Expected {
        self.expected(Settings::of(container, self.subject.spec), None, container)
    }

    fn expected(&self, settings: Settings, removed: Option<Injected>, container: &Container) -> Expected {
        let exempt = injection::exempt_container(self.subject.spec, container).or_else(|| self.exempt.clone());
        let settings = self.filled(self.next_settings(&settings, removed, exempt.as_ref()), container);
        Expected { settings, exempt }
    }

    fn answers(&self, case: &Case, template: Option<&Template<'_>>) -> (Outcome, Outcome) {
        let mut now = self.outcome(&case.now, Moment::Now, None);
        let own = if self.is_settled(case) { now.clone() } else { self.next(&case.next) };
        let renewed = template.zip(case.renewed.as_ref()).map(|(template, renewed)| template.next(renewed, &own));
        let agrees = renewed.as_ref().is_none_or(|next| next.identity.is_same(&own.identity));
        let next = renewed.unwrap_or(own);
        if agrees && matches!(now.identity.mechanism, Mechanism::NodeRole | Mechanism::None) {
            let missed = missed(self.subject, &now.identity, &next.identity);
            now.identity.reasons.splice(0..0, missed);
        }
        (now, next)
    }

    /// Whether a container would get again what it has, judged by the same facts: then one walk answers both.
    fn is_settled(&self, Case { now, next, .. }: &Case) -> bool {
        let is_live = matches!(self.subject.supposed, Supposed::Live) && !self.subject.age.stale;
        let is_seen = self.facts.webhooks.failure().is_none() && undecided(&self.method, None).is_none();
        is_live && is_seen && next.exempt.is_none() && *now == next.settings
    }

    /// The settings with what `envFrom` adds.
    fn filled(&self, settings: Settings, container: &Container) -> Settings {
        source::filled(settings, self.facts, &self.subject.account.namespace, container, self.subject.spec)
    }

    /// What a container would have if its pod were created again, with the settings it has now.
    fn next_settings(&self, settings: &Settings, removed: Option<Injected>, exempt: Option<&Exempt>) -> Settings {
        if matches!(exempt, Some(Exempt::Container | Exempt::Ephemeral)) {
            return settings.clone();
        }
        let bare = injection::minus_injected(settings.clone(), removed);
        match exempt {
            None => injection::inject(bare, &self.method, self.subject.spec, removed),
            Some(_) => bare,
        }
    }

    pub(super) fn next(&self, Expected { settings, exempt }: &Expected) -> Outcome {
        let own = matches!(settings.winner(), Winner::StaticKeys | Winner::Profile(_) | Winner::WebIdentity);
        match (own, undecided(&self.method, exempt.as_ref())) {
            (false, Some(outcome)) => outcome,
            _ => self.outcome(settings, Moment::Next, exempt.as_ref()),
        }
    }

    /// What a plain container of a new pod gets.
    pub(super) fn plain(&self, trail: Trail) -> (Outcome, Trail) {
        let settings = match self.exempt {
            None => injection::inject(Settings::default(), &self.method, self.subject.spec, None),
            Some(_) => Settings::default(),
        };
        match undecided(&self.method, self.exempt.as_ref()) {
            Some(outcome) => (outcome, trail),
            None => self.walk(&settings, Moment::Next, self.exempt.as_ref(), trail),
        }
    }

    fn outcome(&self, settings: &Settings, moment: Moment, exempt: Option<&Exempt>) -> Outcome {
        self.walk(settings, moment, exempt, Trail::default()).0
    }

    /// Walks the level that wins; the trail is handed back for a chain.
    pub(super) fn walk(
        &self,
        settings: &Settings,
        moment: Moment,
        exempt: Option<&Exempt>,
        mut trail: Trail,
    ) -> (Outcome, Trail) {
        let (facts, subject) = (self.facts, self.subject);
        let levels = settings.levels();
        let winner = levels.first().cloned().unwrap_or(Winner::Metadata);
        if let Some(outcome) = source::unseen(subject, settings, &winner, &mut trail) {
            return (outcome, trail);
        }
        let mut identity = blank(winner.mechanism());
        let intended = moment == Moment::Next && matches!(self.method, Method::PodIdentity | Method::Irsa(..));
        if intended {
            exempt.and_then(spared).into_iter().for_each(|reason| trail.note(reason));
        }
        match &winner {
            Winner::WebIdentity => {
                identity.role_arn = irsa::role_arn(settings);
                irsa::walk(facts, subject, settings, moment, &mut trail);
            }
            Winner::PodIdentity => {
                let grant = pod_identity::walk(facts, subject, settings, moment, &mut trail);
                (identity.association_id, identity.role_arn, identity.target_role_arn) =
                    (grant.association, grant.role, grant.target);
            }
            Winner::Metadata => {
                (identity.mechanism, identity.role_arn) = level::metadata(facts, subject, settings, &mut trail)
            }
            own => level::own(subject, own, &mut trail),
        }
        level::halves(settings, &mut trail);
        level::dissent(settings, &levels, &mut trail);
        level::shadows(facts, subject, settings, &levels, &mut identity, &mut trail);
        if intended && exempt.is_none() {
            self.presumed(&mut trail);
        }
        source::footnote(settings).into_iter().for_each(|reason| trail.note(reason));
        identity.verdict = trail.verdict();
        identity.reasons = trail.take_reasons();
        (Outcome { identity, loading: trail.is_loading() }, trail)
    }

    /// What the answer presumes of a webhook that cannot be read.
    fn presumed(&self, trail: &mut Trail) {
        let Some(failure) = self.facts.webhooks.failure() else { return };
        let action = failure.action.as_deref().unwrap_or("list mutatingwebhookconfigurations");
        let message = "The pod identity webhook cannot be read; this presumes that it is as EKS installs it.";
        trail.fail(Verdict::Unknown, "webhook", || "cannot be read".to_owned(), resting(None, message, action));
    }
}

/// Why a configured service account's pod or container gets nothing.
fn spared(exempt: &Exempt) -> Option<Reason> {
    let (code, message) = match exempt {
        Exempt::NoWebhook => (
            "WEBHOOK-MISSING",
            "No MutatingWebhookConfiguration injects pod identities, so new pods get none.".to_owned(),
        ),
        Exempt::NotSelected => {
            ("WEBHOOK-ALTERED", "The selectors of the pod identity webhook leave this pod out.".to_owned())
        }
        Exempt::Label => (
            "INJECTION-OPTED-OUT",
            format!("The label {} opts this pod out of the identity of its service account.", injection::SKIP_LABEL),
        ),
        Exempt::Container => {
            ("INJECTION-OPTED-OUT", format!("The annotation {} exempts this container.", injection::SKIP_CONTAINERS))
        }
        Exempt::Ephemeral | Exempt::Loading | Exempt::Unreadable(_) => return None,
    };
    Some(reason(Some(code), message))
}

/// An identity of which only the mechanism is known.
pub fn blank(mechanism: Mechanism) -> Identity {
    Identity {
        mechanism,
        role_arn: None,
        target_role_arn: None,
        association_id: None,
        shadowed: Vec::new(),
        verdict: Verdict::Ok,
        reasons: Vec::new(),
    }
}

/// The answer where the injection itself cannot be told.
fn undecided(method: &Method, exempt: Option<&Exempt>) -> Option<Outcome> {
    let loading =
        Outcome { identity: Identity { verdict: Verdict::Unknown, ..blank(Mechanism::Unknown) }, loading: true };
    let unknown = |message: &str, action: &str| {
        let mut identity = Identity { verdict: Verdict::Unknown, ..blank(Mechanism::Unknown) };
        identity.reasons.push(resting(None, message, action));
        Outcome { identity, loading: false }
    };
    match (exempt, method) {
        (Some(Exempt::Loading), Method::PodIdentity | Method::Irsa(..) | Method::Loading) => Some(loading),
        (Some(Exempt::Unreadable(action)), Method::PodIdentity | Method::Irsa(..) | Method::Unknown(_)) => {
            let action = action.as_deref().unwrap_or("list mutatingwebhookconfigurations");
            Some(unknown("Whether the webhook honours the skip label of this pod cannot be read.", action))
        }
        (None, Method::Loading) => Some(loading),
        (None, Method::Unknown(action)) => {
            Some(unknown("What the service account is configured for cannot be read.", action))
        }
        _ => None,
    }
}

/// Why a running container has nothing although new ones would be given an identity.
fn missed(subject: &Subject<'_>, now: &Identity, next: &Identity) -> Option<Reason> {
    let by = match next.mechanism {
        Mechanism::PodIdentity => "association",
        Mechanism::Irsa => "annotation",
        _ => return None,
    };
    let account = subject.account;
    let uses = if now.mechanism == Mechanism::None { "have no credentials" } else { "use the node role" };
    Some(match (next.mechanism, subject.age.born) {
        (Mechanism::PodIdentity, Born::Race) => reason(
            Some("PI-RACE"),
            format!(
                "These pods started within a minute of the association of {account}, before it took effect, and {uses}."
            ),
        ),
        (Mechanism::PodIdentity, Born::Before) => reason(
            Some("IDENTITY-NOT-INJECTED"),
            format!("These pods are older than the association of {account} and {uses}."),
        ),
        _ => reason(
            Some("IDENTITY-NOT-INJECTED"),
            format!("These pods started without the {by} of {account} and {uses}."),
        ),
    })
}

/// What a plain container of a new pod would get.
pub fn plain(facts: &Facts, account: &ServiceAccountId, node: &NodeFacts, supposed: Supposed) -> Outcome {
    with_plain(facts, account, node, supposed, Trail::default()).0
}

/// The same with its walk.
pub(super) fn with_plain(
    facts: &Facts,
    account: &ServiceAccountId,
    node: &NodeFacts,
    supposed: Supposed,
    trail: Trail,
) -> (Outcome, Trail) {
    let spec = PodSpec::plain(account.name.clone());
    let age = Age::default();
    let subject = Subject { account, spec: &spec, template: None, node, age, supposed, pod: None, node_name: None };
    Injector::of(facts, &subject).plain(trail)
}
