//! Whether a command applies now; if not, the sentence that says why. Commands are never hidden.

use super::{
    command::Command,
    dialog::{Dialog, role_form::Purpose},
    model::Model,
    screen::{Screen, detail::TrustScreen, list::ListKind},
    subject::Subject,
    target::{self, Admission},
};
use crate::domain::{
    access::inquire,
    declaration::Standing,
    failure::FailureKind,
    id::{ClusterId, RoleArn, ServiceAccountId},
    identity::Mechanism,
    inventory::{AgentState, FixAction},
    plan::{role_name, trust::is_editable},
    proof,
    trust::Verdict,
    workload::{WorkloadId, WorkloadKind},
};

/// `Ok`, or why a command does not apply.
pub type Availability = Result<(), String>;

/// The command that carries out a fix; advice has none.
pub fn command_for(action: FixAction) -> Option<Command> {
    match action {
        FixAction::Associate => Some(Command::Associate),
        FixAction::Annotate => Some(Command::Annotate),
        FixAction::Restart => Some(Command::Restart),
        FixAction::InstallAgent => Some(Command::InstallAgent),
        FixAction::Trust => Some(Command::Admit),
        FixAction::Advice => None,
    }
}

/// Whether a command applies now.
pub fn of(model: &Model, command: Command) -> Availability {
    match command {
        Command::Open => open(model),
        Command::ShowTrust => trust(model),
        Command::Fold => fold(model),
        Command::Filter | Command::NextMatch | Command::PreviousMatch | Command::SortNext | Command::SortReverse => {
            list(model)
        }
        Command::ToggleRaw => policy(model).map(|_| ()),
        Command::NextStatement | Command::PreviousStatement => statement(model),
        Command::ScrollRight | Command::ScrollLeft => sideways(model, command == Command::ScrollRight),
        Command::Copy | Command::CopyMenu => copy(model),
        Command::Mark => mark(model),
        Command::Compare => compared(model).map(|_| ()),
        Command::HistoryBack if !model.trail.goes_back() => Err("there is no page before this one".to_owned()),
        Command::HistoryForward if !model.trail.goes_forward() => Err("there is no page after this one".to_owned()),
        Command::ExportPlan => export(model),
        Command::Options => options(model),
        Command::NextCluster if model.clusters.len() < 2 => {
            let key = model.keys.label(Command::PickCluster, super::command::Context::List).unwrap_or_default();
            Err(format!("only one cluster is open: {key} opens another"))
        }
        Command::Login => login(model),
        Command::ToggleLock => lock(model),
        Command::Quit => quit(model),
        Command::Prove => prove(model),
        Command::MayIt => may_it(model),
        Command::Changed => changed(model),
        _ if command.entry().changes => change(model, command),
        _ => Ok(()),
    }
}

fn open(model: &Model) -> Availability {
    match model.screen() {
        Some(Screen::Detail(detail)) if detail.link().is_none() => Err("nothing to open from here".to_owned()),
        Some(Screen::Overview(_) | Screen::Compare(_)) => Err("nothing to open from here".to_owned()),
        Some(Screen::Trust(_)) => Err("nothing to open in a trust policy".to_owned()),
        Some(Screen::Journal(_)) => Err("the steps of the selected operation are in view".to_owned()),
        _ if model.list().is_some_and(|list| list.view.is_empty()) => Err("the list is empty".to_owned()),
        _ => Ok(()),
    }
}

fn list(model: &Model) -> Availability {
    model.list().map(|_| ()).ok_or_else(|| "this applies to lists: Esc goes back to one".to_owned())
}

fn fold(model: &Model) -> Availability {
    match model.list().map(|list| list.kind) {
        Some(ListKind::Pods) => Ok(()),
        _ => Err("only the list of pods folds".to_owned()),
    }
}

/// The page of a trust policy.
fn policy(model: &Model) -> Result<&TrustScreen, String> {
    match model.screen() {
        Some(Screen::Trust(page)) => Ok(page),
        _ => Err("this applies to a trust policy: t opens one".to_owned()),
    }
}

/// Whether what is selected can be proven; asked again, with the reason, when it is.
fn prove(model: &Model) -> Availability {
    if let Some(proving) = &model.proving {
        return Err(format!("{} of {} proofs are made: wait, or stop them with Ctrl-c", proving.made(), proving.of));
    }
    let subject = model.subject().ok_or(NOTHING)?;
    let inventory = model.inventory();
    match &subject.object() {
        Subject::Namespace(name) => match proof::namespace(inventory, name).0.is_empty() {
            true => Err(format!("no service account of {name} has an identity that a call could prove")),
            false => Ok(()),
        },
        object => {
            let whom = target::whom(inventory, object).ok_or(WHOSE)?;
            proof::intend(inventory, &whom).map(drop).map_err(|failure| format!("{}: {}", failure.what, failure.why))
        }
    }
}

/// Whether CloudTrail can be asked about what is selected.
fn changed(model: &Model) -> Availability {
    let subject = model.subject().ok_or(NOTHING)?;
    let about = target::trail(model.inventory(), &subject.object());
    about.map(drop).map_err(|failure| format!("{}: {}", failure.what, failure.why))
}

/// Whether somebody with a role is selected.
fn may_it(model: &Model) -> Availability {
    let subject = model.subject().ok_or(NOTHING)?;
    let whom = target::whom(model.inventory(), &subject.object()).ok_or(WHOSE)?;
    // Any action: whether it can be asked does not rest on which.
    let asked = inquire(model.inventory(), &whom, "sts:GetCallerIdentity", None, model.now);
    asked.map(drop).map_err(|failure| format!("{}: {}", failure.what, failure.why))
}

/// Statements of a role's trust policy, as far as it can be read.
pub fn statements(model: &Model, role: &RoleArn) -> usize {
    let role = model.inventory().role(role);
    role.known().and_then(|role| role.trust.document.as_ref().ok()).map_or(0, |document| document.statements().len())
}

fn statement(model: &Model) -> Availability {
    match statements(model, &policy(model)?.role) {
        0 => Err("there is no statement that could be read".to_owned()),
        _ => Ok(()),
    }
}

fn sideways(model: &Model, right: bool) -> Availability {
    let page = policy(model)?;
    match right {
        _ if page.raw => Err("the text is wrapped: nothing stands beyond the edge".to_owned()),
        true if model.measure.longest > model.measure.columns + page.column => Ok(()),
        true => Err("every line ends in view".to_owned()),
        false if page.column > 0 => Ok(()),
        false => Err("every line begins in view".to_owned()),
    }
}

fn mark(model: &Model) -> Availability {
    list(model)?;
    if model.subject().is_some() { Ok(()) } else { Err("the list is empty".to_owned()) }
}

/// An object and its cluster.
pub type Marked = (ClusterId, Subject);

/// The two objects that `=` is about: both that are marked, or the marked one and the selected.
pub fn compared(model: &Model) -> Result<(Marked, Marked), String> {
    let selected = model.subject().map(|subject| (model.cluster().id, subject));
    match (model.marks.as_slice(), selected) {
        ([one, other], _) => Ok((one.clone(), other.clone())),
        ([one], Some(selected)) if *one != selected => Ok((one.clone(), selected)),
        (marks, _) => {
            let key = model.keys.label(Command::Mark, super::command::Context::List).unwrap_or_default();
            Err(format!("two are compared: mark them with {key}, {} now", marks.len()))
        }
    }
}

fn copy(model: &Model) -> Availability {
    let something = model.subject().is_some() || !model.dialogs.is_empty();
    if something { Ok(()) } else { Err("nothing is selected to be copied".to_owned()) }
}

fn export(model: &Model) -> Availability {
    match model.dialog() {
        Some(Dialog::Confirm(confirm)) if confirm.plan.is_ok() => Ok(()),
        _ => Err("there is no plan in view".to_owned()),
    }
}

fn options(model: &Model) -> Availability {
    match model.dialog() {
        Some(Dialog::Role(form)) if form.purpose != Purpose::Annotate => Ok(()),
        _ => Err("only an association has these".to_owned()),
    }
}

/// Only expired or missing credentials are mended by logging in.
fn login(model: &Model) -> Availability {
    let cluster = model.cluster();
    let failures = [cluster.aws.failure.as_ref(), cluster.kubernetes.failure()];
    match failures.into_iter().flatten().any(|failure| failure.kind == FailureKind::Credentials) {
        true => Ok(()),
        false => Err("nobody has to log in: credentials are not what is missing".to_owned()),
    }
}

/// The words of the command that logs in, for the profile in use.
pub fn login_words(model: &Model) -> Vec<String> {
    let mut words: Vec<String> = model.settings.login_command.split_whitespace().map(str::to_owned).collect();
    if let Some(profile) = &model.inventory().target().profile {
        words.extend(["--profile".to_owned(), profile.clone()]);
    }
    words
}

fn lock(model: &Model) -> Availability {
    match model.lock() {
        super::lock::Lock::ReadOnly => Err(READ_ONLY.to_owned()),
        _ => Ok(()),
    }
}

/// Why nothing can be changed in a session that was started so.
pub const READ_ONLY: &str = "this session is read-only and cannot be unlocked: start it without --read-only";

fn quit(model: &Model) -> Availability {
    let leaves = model.dialogs.is_empty() && model.history.is_empty();
    match model.running() {
        Some(operation) if leaves => {
            Err(format!("operation {} is at work: wait for it, or stop it between steps with Ctrl-c", operation.id))
        }
        _ => Ok(()),
    }
}

fn trust(model: &Model) -> Availability {
    let subject = trust_subject(model).ok_or(NOTHING)?;
    match target::role(model.inventory(), &subject) {
        Some(_) => Ok(()),
        None => Err(format!("{} {subject} has no role whose trust policy could be read", subject.word())),
    }
}

/// What `t` is about: the selected link of a page if that is a role, else the page's object.
pub fn trust_subject(model: &Model) -> Option<Subject> {
    if let Some(Screen::Detail(detail)) = model.screen()
        && let Some(link) = detail.link()
        && matches!(link.subject, Subject::Role(_))
    {
        return Some(link.subject.clone());
    }
    model.subject()
}

const NOTHING: &str = "nothing is selected";
const WHOSE: &str = "select a pod, a workload, a service account or an association first";

fn change(model: &Model, command: Command) -> Availability {
    match command {
        Command::InstallAgent => return agent(model),
        Command::AssociateDeclared => return declared(model),
        Command::Admit => return admit(model),
        Command::TakeOut => return take_out(model),
        Command::Associate if asks_whose(model) => return Ok(()),
        Command::Undo => return undo(model),
        Command::Resume => return resume(model),
        _ => {}
    }
    let subject = model.subject().ok_or(NOTHING)?;
    if command == Command::Restart {
        return restart(&target::workloads(model.inventory(), &subject));
    }
    if command == Command::Migrate {
        return target::migration(model).map(drop).ok_or_else(|| WHOSE.to_owned());
    }
    let service_account = target::service_account(model.inventory(), &subject).ok_or(WHOSE)?;
    match command {
        Command::Associate => associate(model, &service_account),
        Command::Dissociate | Command::Retarget => associated(model, &subject),
        Command::RemoveAnnotation => remove_annotation(model, &service_account),
        _ => annotate(model, &service_account),
    }
}

/// Whether the guided set-up has to ask for the service account first.
pub fn asks_whose(model: &Model) -> bool {
    let subject = model.subject();
    subject.is_none_or(|subject| target::service_account(model.inventory(), &subject).is_none())
}

fn admit(model: &Model) -> Availability {
    match target::admission(model) {
        Some(Admission::Of(role, id, mechanism)) => admissible(model, &role, &id, mechanism),
        Some(Admission::Anybody(role)) => editable(model, &role),
        None => Err("select a role, or what is to be admitted to one, first".to_owned()),
    }
}

fn take_out(model: &Model) -> Availability {
    match target::removal(model) {
        Some(Admission::Of(role, id, Mechanism::NodeRole)) => {
            Err(format!("{id} uses the role of its node, {}, which names no service account", role_name(&role)))
        }
        Some(Admission::Of(role, id, mechanism)) => {
            let decision = model.inventory().trust_decision(&role, &id, mechanism, model.now);
            match decision.is_some_and(|decision| matches!(decision.verdict, Verdict::Deny { .. })) {
                true => Err(format!("{} does not admit {id}", role_name(&role))),
                false => editable(model, &role),
            }
        }
        Some(Admission::Anybody(role)) => editable(model, &role),
        None => Err("select a role, or what is to be taken out of its trust policy, first".to_owned()),
    }
}

fn admissible(model: &Model, role: &RoleArn, id: &ServiceAccountId, mechanism: Mechanism) -> Availability {
    let name = role_name(role);
    if mechanism == Mechanism::NodeRole {
        return Err(format!("{id} uses the role of its node, {name}: c gives it a role of its own"));
    }
    let decision = model.inventory().trust_decision(role, id, mechanism, model.now);
    if decision.is_some_and(|decision| decision.verdict == Verdict::Allow) {
        return Err(format!("{name} admits {id} already"));
    }
    editable(model, role)
}

fn editable(model: &Model, role: &RoleArn) -> Availability {
    match is_editable(model.inventory(), role) {
        true => Ok(()),
        false => Err(format!("the trust policy of {} cannot be edited from here", role_name(role))),
    }
}

/// On the page of the journal the selected operation decides; elsewhere it is read first.
fn undo(model: &Model) -> Availability {
    match model.recorded() {
        Some(record) if !record.can_undo() => {
            Err(format!("{} is {}: there is nothing to undo", record.begun.subject, record.state().word()))
        }
        _ => Ok(()),
    }
}

fn resume(model: &Model) -> Availability {
    match model.recorded() {
        Some(record) if !record.can_resume() => {
            Err(format!("{} is {}: there is nothing left to do", record.begun.subject, record.state().word()))
        }
        _ => Ok(()),
    }
}

fn declared(model: &Model) -> Availability {
    let keys = (&model.settings.declared_annotation, &model.settings.declared_label);
    let declarations = model.inventory().declarations();
    if declarations.is_empty() {
        return Err(format!(
            "nothing is declared: a service account does it by annotation {} or label {}",
            keys.0, keys.1
        ));
    }
    match declarations.iter().all(|(_, standing)| *standing == Standing::Met) {
        true => Err("every association that is declared is there".to_owned()),
        false => Ok(()),
    }
}

fn associate(model: &Model, service_account: &ServiceAccountId) -> Availability {
    match model.inventory().association_of(service_account) {
        Some(association) => Err(format!(
            "{service_account} has an association already ({}): m changes it, x removes it",
            association.id
        )),
        None => Ok(()),
    }
}

fn associated(model: &Model, subject: &Subject) -> Availability {
    let Some(association) = target::association(model.inventory(), subject) else {
        return Err(format!("{} {subject} has no association", subject.word()));
    };
    match &association.owner_arn {
        Some(owner) => Err(format!("owned by add-on {}: change it through the add-on", add_on(owner))),
        None => Ok(()),
    }
}

/// `arn:aws:eks:region:account:addon/cluster/vpc-cni/id`: the add-on's name.
fn add_on(owner: &str) -> &str {
    owner.rsplit('/').nth(1).unwrap_or(owner)
}

fn annotate(model: &Model, service_account: &ServiceAccountId) -> Availability {
    match model.inventory().service_account(service_account) {
        Some(_) => Ok(()),
        None => Err(format!("service account {service_account} is not there, or cannot be read: create it first")),
    }
}

fn remove_annotation(model: &Model, service_account: &ServiceAccountId) -> Availability {
    annotate(model, service_account)?;
    let annotated = model.inventory().service_account(service_account).and_then(|account| account.role_arn.as_ref());
    match annotated {
        Some(_) => Ok(()),
        None => Err(format!("{service_account} has no annotation eks.amazonaws.com/role-arn")),
    }
}

fn restart(workloads: &[WorkloadId]) -> Availability {
    match workloads {
        [] => Err("nothing here has pods to restart".to_owned()),
        all if all.iter().any(|workload| workload.kind.can_restart()) => Ok(()),
        [one, ..] => Err(why_not_restarted(one)),
    }
}

fn why_not_restarted(workload: &WorkloadId) -> String {
    match workload.kind {
        WorkloadKind::Pod => format!("{workload} is a pod that nobody owns: nothing would create it again"),
        WorkloadKind::Job | WorkloadKind::CronJob => {
            format!("{workload} is a Job: its next run brings new pods by itself")
        }
        _ => format!("{workload} is of a kind that has no rollout restart"),
    }
}

fn agent(model: &Model) -> Availability {
    match model.inventory().agent() {
        AgentState::BuiltIn => Err("EKS Auto Mode has the agent built into every node".to_owned()),
        AgentState::Ready { nodes, of } => Err(format!("the agent is there already: ready on {nodes} of {of} nodes")),
        AgentState::Missing | AgentState::Unknown => Ok(()),
    }
}
