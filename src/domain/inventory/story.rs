//! WHY and FIX of a selection, in sentences (experience part 3). A restart is proposed only where the
//! next pod is better off.

use super::{AgentState, Fix, FixAction, Inventory, Story};
use crate::domain::{
    id::{PodId, ServiceAccountId},
    identity::{
        Identity, Mechanism, Reason, Resolution, State, Verdict, admission::short, injection::Supposed, resolve,
    },
    workload::Pod,
};

impl Inventory {
    /// Why a pod is in its state, and what may be done.
    pub fn story(&self, id: &PodId) -> Story {
        let Some((pod, found)) = self.crew.get(id).and_then(|entry| Some((&entry.pod, entry.resolution.as_ref()?)))
        else {
            return Story::default();
        };
        match found.state {
            State::Loading => told("Facts that decide are still arriving."),
            State::Broken => self.broken(pod, found),
            State::AtRisk => self.at_risk(pod, found),
            State::Drift => drifting(pod, found),
            State::Unknown => self.unknown(found),
            State::Depends => resting(&found.now),
            State::Ok => self.fine(&pod.service_account(), &found.now),
        }
    }

    /// Why a service account is in its state: the worst of its pods', else what new pods would get.
    pub fn story_of_service_account(&self, id: &ServiceAccountId) -> Story {
        let pods = self.crew.at(self.crew.of_account(id));
        let worst = pods.filter_map(|entry| Some((entry.resolution.as_ref()?.state, &entry.pod.id)));
        if let Some((_, pod)) = worst.max_by(|one, other| one.0.cmp(&other.0).then_with(|| other.1.cmp(one.1))) {
            return self.story(pod);
        }
        let next = resolve::plain(&self.facts, id, &self.fleet, Supposed::Live);
        if next.loading {
            return told("Facts that decide are still arriving.");
        }
        let mut story = Story { why: sentences(&next.identity), fixes: Vec::new() };
        story.why.push(format!("No pod runs as {id}; new ones get {}.", next.identity.phrase()));
        match next.identity.verdict {
            Verdict::Broken => story.fixes = self.repairs(id, &next.identity),
            Verdict::Unknown => story.fixes.extend(ask(&next.identity)),
            Verdict::Ok | Verdict::Depends => story.fixes = self.fine(id, &next.identity).fixes,
        }
        story
    }

    fn broken(&self, pod: &Pod, found: &Resolution) -> Story {
        let worst = found.containers.iter().map(|container| &container.now).find(|now| now.verdict == Verdict::Broken);
        let now = worst.unwrap_or(&found.now);
        let mut story = Story { why: sentences(now), fixes: Vec::new() };
        let better = found.drift && found.next.verdict != Verdict::Broken;
        if better {
            story.why.push(format!("New pods get {}.", found.next.phrase()));
            story.fixes.extend(restart(pod, &found.next));
        } else {
            story.why.push("A restart will not help.".to_owned());
        }
        story.fixes.extend(self.repairs(&pod.service_account(), now));
        story
    }

    fn at_risk(&self, pod: &Pod, found: &Resolution) -> Story {
        let mut why =
            vec![format!("It works now with {}; the next pod gets {}.", found.now.phrase(), risk(&found.next))];
        why.extend(sentences(&found.next));
        let account = pod.service_account();
        let fixes = if found.next.verdict == Verdict::Broken {
            self.repairs(&account, &found.next)
        } else {
            self.configure(&account, &found.next)
        };
        Story { why, fixes }
    }

    fn unknown(&self, found: &Resolution) -> Story {
        let identity = if found.now.verdict == Verdict::Unknown { &found.now } else { &found.next };
        Story { why: sentences(identity), fixes: ask(identity) }
    }

    fn fine(&self, account: &ServiceAccountId, now: &Identity) -> Story {
        match now.mechanism {
            Mechanism::NodeRole => Story {
                why: vec![format!("These pods share the role of their node, {}.", role(now))],
                fixes: vec![fix(FixAction::Associate, format!("give {account} a role of its own"))],
            },
            Mechanism::None => Story {
                why: sentences(now)
                    .into_iter()
                    .chain(["Nothing gives these pods credentials of AWS.".to_owned()])
                    .collect(),
                fixes: vec![fix(FixAction::Associate, format!("give {account} a role"))],
            },
            _ => told("The identity works."),
        }
    }

    /// What repairs a broken identity, by the code of its first reason.
    fn repairs(&self, account: &ServiceAccountId, broken: &Identity) -> Vec<Fix> {
        let code = broken.why().and_then(|reason| reason.code).unwrap_or_default();
        let mut fixes = Vec::new();
        match code {
            "PI-AGENT-DOWN" if self.agent() == AgentState::Missing => {
                fixes.push(fix(FixAction::InstallAgent, "install the add-on eks-pod-identity-agent".to_owned()));
            }
            "PI-AGENT-DOWN" => fixes.push(advice("look at the agent's pod on this node: it is not ready")),
            "PI-FARGATE" => {
                fixes.push(advice("give the Fargate workload a service account of its own with an annotation"))
            }
            "ROLE-MISSING" => fixes.push(advice("correct the role ARN, or create the role")),
            "IRSA-NO-PROVIDER" => fixes.push(advice("create the OIDC provider with audience sts.amazonaws.com")),
            "IRSA-AUDIENCE" => fixes.push(advice("add the audience to the provider, or remove the annotation")),
            "STALE-IRSA-ENV" => fixes.push(advice("remove the AWS_ variables from the pod template")),
            "WINDOWS-SELECTOR" => fixes.push(advice("select kubernetes.io/os: windows, and use irsa there")),
            "" => {}
            _ => {
                fixes.push(fix(FixAction::Trust, format!("admit {}:{} (trust edit)", account.namespace, account.name)))
            }
        }
        if broken.mechanism == Mechanism::Irsa && self.association_of(account).is_none() {
            fixes.push(fix(FixAction::Associate, "Pod Identity instead".to_owned()));
        }
        fixes
    }

    /// What keeps the next pod from falling to the node or to nothing.
    fn configure(&self, account: &ServiceAccountId, next: &Identity) -> Vec<Fix> {
        match next.why().and_then(|reason| reason.code) {
            Some("WEBHOOK-MISSING" | "WEBHOOK-ALTERED") => {
                vec![advice("restore the webhook configuration pod-identity-webhook")]
            }
            Some("INJECTION-OPTED-OUT") => vec![advice("remove the label or annotation that opts the pod out")],
            _ => vec![
                fix(FixAction::Associate, format!("associate {account} with a role")),
                fix(FixAction::Annotate, format!("annotate {account} with a role (irsa)")),
            ],
        }
    }
}

fn drifting(pod: &Pod, found: &Resolution) -> Story {
    let mut why = sentences(&found.now);
    why.push(format!("Now {}; new pods get {}.", found.now.phrase(), found.next.phrase()));
    Story { why, fixes: restart(pod, &found.next) }
}

fn resting(now: &Identity) -> Story {
    let mut why = sentences(now);
    let on: Vec<&str> = now.reasons.iter().flat_map(|reason| &reason.depends_on).map(String::as_str).collect();
    if !on.is_empty() {
        why.push(format!("It depends on: {}.", on.join(", ")));
    }
    Story { why, fixes: Vec::new() }
}

/// Asks for the permissions that an unknown lacks.
fn ask(identity: &Identity) -> Vec<Fix> {
    let missing = identity.reasons.iter().flat_map(|reason| &reason.depends_on);
    missing.map(|action| advice(&format!("ask for {action}"))).collect()
}

fn restart(pod: &Pod, next: &Identity) -> Vec<Fix> {
    let to = next.phrase();
    if pod.workload.kind.can_restart() {
        vec![fix(FixAction::Restart, format!("restart {}: new pods get {to}", pod.workload))]
    } else {
        vec![advice(&format!("recreate {}: the new pod gets {to}", pod.workload))]
    }
}

/// At most two reasons: the screen has room for three sentences.
fn sentences(identity: &Identity) -> Vec<String> {
    identity.reasons.iter().take(2).map(|Reason { message, .. }| message.clone()).collect()
}

fn risk(next: &Identity) -> String {
    match (next.verdict, next.mechanism) {
        (Verdict::Broken, _) => format!("{}, which cannot work", next.phrase()),
        (_, Mechanism::None) => "no credentials".to_owned(),
        _ => next.phrase(),
    }
}

fn role(identity: &Identity) -> String {
    identity.role_arn.as_ref().map_or_else(|| "which cannot be told".to_owned(), short)
}

fn told(sentence: &str) -> Story {
    Story { why: vec![sentence.to_owned()], fixes: Vec::new() }
}

fn fix(action: FixAction, text: String) -> Fix {
    Fix { action, text }
}

fn advice(text: &str) -> Fix {
    fix(FixAction::Advice, text.to_owned())
}
