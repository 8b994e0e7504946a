//! Planning to take back an operation of the journal: the inverse of each of its steps, last one
//! first, and only while the world still is what the operation left (experience part 5).

use jiff::Timestamp;

use super::{
    Call, Confirmation, Origin, Plan, PlanKind, Precondition, Step,
    affected::role_name,
    annotate,
    associate::{self, AssociateRequest},
    command::command,
    dissociate, policy, precondition as check,
    retarget::{self, RetargetRequest, Tag},
};
use crate::domain::{
    association::AssociationSettings,
    failure::{Failure, FailureKind},
    id::{AssociationId, RoleArn, ServiceAccountId},
    inventory::Inventory,
    journal::{Observed, Record, RecordState, RecordedStep, Standing},
};

/// Plans the undoing of an operation.
///
/// # Errors
/// It is at work, undone already, of another cluster, or nothing of it can be taken back.
pub fn plan(inventory: &Inventory, record: &Record, now: Timestamp) -> Result<Plan, Failure> {
    refuse(record)?;
    of_this_cluster(inventory, record)?;
    let mut whole = Whole { inventory, now, plan: empty(record) };
    whole.plan.preconditions.push(check::account(inventory));
    for step in record.steps.iter().rev() {
        whole.take(step);
    }
    let plan = whole.plan;
    if plan.steps.is_empty() && plan.refusal().is_none() {
        let why = plan.lost.first().cloned().unwrap_or_else(|| "none of its steps had arrived".to_owned());
        return Err(refused(record, FailureKind::Usage, why, "Make a new plan for what is wanted now"));
    }
    Ok(plan)
}

/// Why an operation cannot be undone at all.
fn refuse(record: &Record) -> Result<(), Failure> {
    match record.state() {
        RecordState::Running => {
            let why = "a process is still at it";
            Err(refused(record, FailureKind::Conflict, why, "Wait for it, or stop it between steps with Ctrl-c"))
        }
        RecordState::Undone => {
            let by = record.undone_by.clone().unwrap_or_default();
            Err(refused(record, FailureKind::Usage, format!("{by} has undone it"), "Undo that one to have it again"))
        }
        _ if !record.changed_something() => {
            Err(refused(record, FailureKind::Usage, "nothing of it was sent", "There is nothing to undo"))
        }
        _ => Ok(()),
    }
}

fn refused(record: &Record, kind: FailureKind, why: impl Into<String>, next: &str) -> Failure {
    Failure::new(kind, format!("{} cannot be undone", title(record)), why, next)
}

fn title(record: &Record) -> String {
    format!("{} {} ({})", record.begun.plan.word(), record.begun.subject, record.id)
}

/// An operation belongs to the cluster it was made for.
pub(super) fn of_this_cluster(inventory: &Inventory, record: &Record) -> Result<(), Failure> {
    let (Some(then), Some(now)) = (&record.begun.cluster, inventory.cluster_title()) else { return Ok(()) };
    let short = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    let same = *then == now || (then.starts_with("arn:") != now.starts_with("arn:") && short(then) == short(&now));
    if same {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Usage,
        format!("{} belongs to another cluster", title(record)),
        format!("it was done in {then}, and this is {now}"),
        "Choose that cluster with --context, or with --cluster and --region",
    ))
}

fn empty(record: &Record) -> Plan {
    Plan {
        kind: PlanKind::Undo,
        subject: title(record),
        steps: Vec::new(),
        preconditions: Vec::new(),
        affects: Vec::new(),
        inverse: "Undo this undo; what has got a new id or time keeps it".to_owned(),
        confirmation: Confirmation::Enter,
        restarts: Vec::new(),
        lost: Vec::new(),
        origin: Origin::Undo { of: record.id.clone() },
    }
}

struct Whole<'a> {
    inventory: &'a Inventory,
    now: Timestamp,
    plan: Plan,
}

/// The ordinary plan that changes the same thing, for its checks and for who notices.
type Ordinary = Option<Result<Plan, Failure>>;

impl Whole<'_> {
    fn take(&mut self, step: &RecordedStep) {
        let after = match self.left(step) {
            Ok(Some(after)) => after,
            Ok(None) => return,
            Err(precondition) => return self.plan.preconditions.push(precondition),
        };
        self.plan.lost.extend(lost(step));
        match &step.step.call {
            Call::CreatePodIdentityAssociation { service_account, .. } => self.delete(service_account, &after),
            Call::DeletePodIdentityAssociation { .. } => self.create(step),
            Call::AnnotateServiceAccount { service_account, before, after } => {
                self.annotate(service_account, before.as_ref(), after.as_ref());
            }
            Call::CreateAddon { cluster, addon } => {
                let call = Call::DeleteAddon { cluster: cluster.clone(), addon: addon.clone() };
                let summary = format!("remove the add-on {addon}; every pod that uses Pod Identity then fails");
                self.plan.confirmation = Confirmation::Type(addon.clone());
                self.push(call, summary, None);
            }
            Call::DeleteAddon { cluster, addon } => {
                let call = Call::CreateAddon { cluster: cluster.clone(), addon: addon.clone() };
                self.push(call, format!("install the add-on {addon} again"), None);
            }
            Call::UpdateAssumeRolePolicy { .. }
            | Call::UpdatePodIdentityAssociation { .. }
            | Call::TagAssociation { .. } => self.turn_back(step),
            Call::EvictPod { .. } | Call::RestartWorkload { .. } => {}
        }
    }

    /// What a step left; `None` if it never arrived. In doubt the inventory decides.
    fn left(&self, step: &RecordedStep) -> Result<Option<Observed>, Precondition> {
        if !step.is_in_doubt() {
            return Ok(step.after.clone().filter(|_| step.state == crate::domain::journal::StepState::Done));
        }
        let what = format!("whether this had arrived: {}", step.step.summary);
        let unknown = |why: String| Precondition::required(what.clone(), Some(false), why);
        let Some(found) = self.inventory.observed(&step.step.call) else {
            return Err(unknown("it cannot be read from here".to_owned()));
        };
        match found.standing(&step.step.call, step.sent_at) {
            Standing::After => Ok(Some(found)),
            Standing::Before => Ok(None),
            Standing::Other(difference) => Err(unknown(difference)),
        }
    }

    fn push(&mut self, call: Call, summary: String, ordinary: Ordinary) {
        match ordinary {
            Some(Ok(plan)) => self.merge(plan),
            Some(Err(failure)) => {
                let detail = format!("{}: {}", failure.what, failure.why);
                self.plan.preconditions.push(Precondition::required("the step can be taken back", Some(false), detail));
            }
            None => {}
        }
        self.plan.steps.push(Step { command: command(self.inventory, &call), summary, call });
    }

    fn merge(&mut self, plan: Plan) {
        for precondition in plan.preconditions {
            if !self.plan.preconditions.contains(&precondition) {
                self.plan.preconditions.push(precondition);
            }
        }
        self.plan.affects.extend(plan.affects);
        self.plan.restarts.extend(plan.restarts);
        if let Confirmation::Type(text) = plan.confirmation {
            self.plan.confirmation = Confirmation::Type(text);
        }
    }

    /// Edits of something that stays are written the other way round, over exactly what they left.
    fn turn_back(&mut self, step: &RecordedStep) {
        let Some((call, what)) = reversed(&step.step.call) else { return };
        for call in one_request_each(call) {
            self.write_back(call, &what);
        }
    }

    fn write_back(&mut self, call: Call, what: &str) {
        let title = format!("{what} is as the operation left it");
        let standing = self.inventory.observed(&call).map(|found| found.standing(&call, None));
        let found = match standing.clone() {
            Some(Standing::Before) => Precondition::required(title, Some(true), "nothing of it differs"),
            Some(Standing::After) => Precondition::required(title, Some(false), "it is as it was before already"),
            Some(Standing::Other(difference)) => Precondition::required(title, Some(false), difference),
            None => Precondition::required(title, None, "it has not been read; the step reads it first"),
        };
        if !self.plan.preconditions.contains(&found) {
            self.plan.preconditions.push(found);
        }
        let ordinary = self.ordinary(&call).filter(|_| standing == Some(Standing::Before));
        if let Call::UpdateAssumeRolePolicy { role_arn, before, after } = &call {
            self.plan.affects.extend(policy::affected(self.inventory, role_arn, (before, after), self.now));
        }
        self.push(call, format!("{what}: back to what it was, byte for byte"), ordinary);
    }

    /// What a person would plan who changed an association back.
    fn ordinary(&self, call: &Call) -> Ordinary {
        let Call::UpdatePodIdentityAssociation { association, after, .. } = call else { return None };
        let request = RetargetRequest {
            role_arn: Some(after.role_arn.clone()),
            target_role_arn: Some(after.target_role_arn.clone()),
            disable_session_tags: Some(after.disable_session_tags),
            policy: Some(after.policy.as_deref().map(str::to_owned)),
            ..RetargetRequest::new(association.clone())
        };
        Some(retarget::plan(self.inventory, &request, self.now))
    }

    fn delete(&mut self, service_account: &ServiceAccountId, after: &Observed) {
        let Observed::Association { id, settings } = after else { return };
        let Ok(cluster) = check::cluster_name(self.inventory) else { return };
        self.plan.preconditions.push(self.as_left(id, settings));
        let call = Call::DeletePodIdentityAssociation {
            cluster,
            association: id.clone(),
            service_account: service_account.clone(),
            settings: Some(settings.clone()),
        };
        let ordinary = self.inventory.association(id).map(|_| dissociate::plan(self.inventory, &id.clone().into()));
        self.push(call, format!("remove association {id} of {service_account} again"), ordinary);
    }

    fn as_left(&self, id: &AssociationId, left: &AssociationSettings) -> Precondition {
        let what = format!("association {id} is as the operation left it");
        let Some(found) = self.inventory.association(id) else {
            return Precondition::required(what, Some(false), "it is gone");
        };
        let Some(detail) = found.detail.known() else {
            return Precondition::required(what, None, "it has not been read; the step reads it first");
        };
        let differences = detail.settings().differences(left);
        match differences.is_empty() {
            true => Precondition::required(what, Some(true), "nothing of it differs"),
            false => Precondition::required(what, Some(false), format!("it has {}", differences.join("; "))),
        }
    }

    fn create(&mut self, step: &RecordedStep) {
        let (Call::DeletePodIdentityAssociation { cluster, service_account, association, .. }, before) =
            (&step.step.call, &step.before)
        else {
            return;
        };
        let Some(Observed::Association { settings: AssociationSettings { updatable, tags }, .. }) = before else {
            let what = format!("what association {association} was is in the journal");
            return self.plan.preconditions.push(Precondition::required(what, Some(false), "it is not"));
        };
        let request = AssociateRequest {
            service_account: service_account.clone(),
            role_arn: updatable.role_arn.clone(),
            target_role_arn: updatable.target_role_arn.clone(),
            disable_session_tags: updatable.disable_session_tags,
            policy: updatable.policy.as_deref().map(str::to_owned),
            tags: tags.clone().into_iter().collect(),
            fix_trust: None,
        };
        let call = Call::CreatePodIdentityAssociation {
            cluster: cluster.clone(),
            service_account: service_account.clone(),
            role_arn: request.role_arn.clone(),
            target_role_arn: request.target_role_arn.clone(),
            disable_session_tags: request.disable_session_tags,
            policy: request.policy.clone(),
            tags: request.tags.clone(),
        };
        let summary = format!("associate {service_account} with role {} again", updatable.role_arn);
        let ordinary = match self.written(&request.role_arn) {
            Some(text) => associate::plan_after(self.inventory, &request, text, self.now),
            None => associate::plan(self.inventory, &request, self.now),
        };
        self.push(call, summary, Some(ordinary));
    }

    /// The trust policy of a role as an earlier step of this plan writes it.
    fn written(&self, role: &RoleArn) -> Option<&str> {
        self.plan.steps.iter().find_map(|step| match &step.call {
            Call::UpdateAssumeRolePolicy { role_arn, after, .. } if role_arn == role => Some(after.as_str()),
            _ => None,
        })
    }

    fn annotate(&mut self, id: &ServiceAccountId, before: Option<&RoleArn>, after: Option<&RoleArn>) {
        let found = self.inventory.service_account(id).map(|object| object.role_arn.as_ref());
        let say = |arn: Option<&RoleArn>| arn.map_or_else(|| "no role".to_owned(), ToString::to_string);
        let what = format!("the annotation of {id} is as the operation left it");
        self.plan.preconditions.push(match found {
            Some(found) if found == after => Precondition::required(what, Some(true), say(after)),
            Some(found) => {
                let detail = format!("it names {}, and was left naming {}", say(found), say(after));
                Precondition::required(what, Some(false), detail)
            }
            None => Precondition::required(what, Some(false), "the service account is gone"),
        });
        let call = Call::AnnotateServiceAccount {
            service_account: id.clone(),
            before: after.cloned(),
            after: before.cloned(),
        };
        let summary = match before {
            Some(role) => format!("annotate {id} with {role} again"),
            None => format!("remove the annotation of {id} again"),
        };
        let ordinary = (found == Some(after)).then(|| annotate::plan(self.inventory, id, before.cloned(), self.now));
        self.push(call, summary, ordinary);
    }
}

/// The same edit the other way round, and what it is of.
fn reversed(call: &Call) -> Option<(Call, String)> {
    let mut back = call.clone();
    let what = match &mut back {
        Call::UpdateAssumeRolePolicy { role_arn, before, after } => {
            std::mem::swap(before, after);
            format!("the trust policy of {}", role_name(role_arn))
        }
        Call::UpdatePodIdentityAssociation { association, before, after, .. } => {
            std::mem::swap(before, after);
            format!("association {association}")
        }
        Call::TagAssociation { association, before, after, .. } => {
            std::mem::swap(before, after);
            format!("the tags of association {association}")
        }
        _ => return None,
    };
    Some((back, what))
}

/// Tags that are set and tags that are taken away are two calls.
fn one_request_each(call: Call) -> Vec<Call> {
    let Call::TagAssociation { before, after, .. } = &call else { return vec![call] };
    let part = |sets: bool| {
        let is_of_it = |(_, tag): &(&Tag, &Tag)| tag.1.is_some() == sets;
        let (was, is): (Vec<Tag>, Vec<Tag>) =
            before.iter().zip(after).filter(is_of_it).map(|(one, other)| (one.clone(), other.clone())).unzip();
        let mut part = call.clone();
        if let Call::TagAssociation { before, after, .. } = &mut part {
            (*before, *after) = (was, is);
        }
        part
    };
    let has = |call: &Call| matches!(call, Call::TagAssociation { after, .. } if !after.is_empty());
    [part(true), part(false)].into_iter().filter(has).collect()
}

/// What taking a step back cannot bring back.
fn lost(step: &RecordedStep) -> Vec<String> {
    let credentials = "credentials that running pods hold already: they last up to 6 h".to_owned();
    match &step.step.call {
        Call::CreatePodIdentityAssociation { .. } => vec![credentials],
        Call::DeletePodIdentityAssociation { association, .. } => vec![
            format!("the id {association}, its ARN and its times: the association gets new ones"),
            "credentials that pods lost meanwhile: they get new ones at their next renewal".to_owned(),
        ],
        Call::AnnotateServiceAccount { service_account, .. } => {
            vec![format!("the resource version of {service_account}, and who wrote it last")]
        }
        Call::CreateAddon { .. } | Call::DeleteAddon { .. } => {
            vec!["the version and configuration of the add-on, where they were not EKS's own".to_owned()]
        }
        Call::UpdatePodIdentityAssociation { association, .. } | Call::TagAssociation { association, .. } => {
            vec![format!("the time at which association {association} was changed"), credentials]
        }
        Call::UpdateAssumeRolePolicy { .. } => {
            vec!["sessions that the edit had let in: they go on until they end".to_owned()]
        }
        Call::EvictPod { pod, .. } => vec![format!("the pod {pod}: another one has taken its place")],
        Call::RestartWorkload { workload, .. } => {
            vec![format!("the restart of {workload} in {}: the pods it replaced are gone", workload.namespace)]
        }
    }
}
