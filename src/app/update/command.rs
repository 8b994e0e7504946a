//! From a command to the function that carries it out. One that does not apply answers with its sentence.

use super::{access, change, changed, confirm, dialogs, journal, lists, navigate, prove, trust, why};
use crate::app::{
    availability,
    command::Command,
    dialog::{Dialog, palette::Palette},
    effect::{Effect, Extent},
    model::Model,
    screen::{Screen, Scroll, list::ListKind},
    toast::ToastKind,
};

/// Carries a command out, or says why not.
pub(super) fn run(model: &mut Model, command: Command) {
    match availability::of(model, command) {
        Ok(()) => {
            model.touch();
            go(model, command);
        }
        Err(reason) => model.say(ToastKind::Notice, reason),
    }
}

fn go(model: &mut Model, command: Command) {
    let page = isize::try_from(model.body_height()).unwrap_or(1).max(1);
    match command {
        Command::MoveDown => navigate::move_by(model, 1),
        Command::MoveUp => navigate::move_by(model, -1),
        Command::HalfPageDown => navigate::move_by(model, (page / 2).max(1)),
        Command::HalfPageUp => navigate::move_by(model, -(page / 2).max(1)),
        Command::PageDown => navigate::move_by(model, page),
        Command::PageUp => navigate::move_by(model, -page),
        Command::MoveTop => navigate::move_by(model, isize::MIN + 1),
        Command::MoveBottom => navigate::move_by(model, isize::MAX),
        Command::Open => navigate::open(model),
        Command::Confirm => confirmed(model),
        Command::Choose => dialogs::choose(model),
        Command::Back => navigate::back(model),
        Command::GoPods => navigate::go_to(model, ListKind::Pods),
        Command::GoServiceAccounts => navigate::go_to(model, ListKind::ServiceAccounts),
        Command::GoNamespaces => navigate::go_to(model, ListKind::Namespaces),
        Command::GoRoles => navigate::go_to(model, ListKind::Roles),
        Command::GoAssociations => navigate::go_to(model, ListKind::Associations),
        Command::GoNodes => navigate::go_to(model, ListKind::Nodes),
        Command::GoFindings => navigate::go_to(model, ListKind::Findings),
        Command::NextTab => navigate::tab(model, true),
        Command::PreviousTab => navigate::tab(model, false),
        Command::ShowTrust => trust::show(model),
        Command::ToggleRaw => trust::toggle_raw(model),
        Command::NextStatement => trust::step(model, true),
        Command::PreviousStatement => trust::step(model, false),
        Command::ScrollRight => trust::shift(model, true),
        Command::ScrollLeft => trust::shift(model, false),
        Command::Why => why::start(model),
        Command::Prove => prove::start(model),
        Command::MayIt => access::start(model),
        Command::Changed => changed::start(model),
        Command::ShowDoctor | Command::ShowOperations | Command::ShowJournal => show(model, command),
        Command::Undo | Command::Resume => journal::read_for(model, command == Command::Undo),
        Command::Filter => lists::start_filter(model),
        Command::NextMatch => lists::next_match(model, true),
        Command::PreviousMatch => lists::next_match(model, false),
        Command::Fold => lists::fold(model),
        Command::SortNext => lists::sort_next(model),
        Command::SortReverse => lists::sort_reverse(model),
        Command::Freeze => lists::freeze(model),
        Command::ToggleLock => confirm::toggle_lock(model),
        Command::Options => change::options(model),
        Command::ExportPlan => dialogs::next_format(model),
        Command::Copy => copy(model),
        Command::Refresh => refresh(model),
        Command::Palette => model.dialogs.push(Dialog::Palette(Palette::new())),
        Command::Help => help(model),
        Command::Redraw => model.emit(Effect::Redraw),
        Command::Suspend => model.emit(Effect::Suspend),
        Command::Quit => navigate::close(model),
        Command::Cancel => navigate::cancel(model),
        // What is left changes something.
        _ => change::begin(model, command),
    }
}

/// The pages that are about no one object.
fn show(model: &mut Model, command: Command) {
    match command {
        Command::ShowDoctor => navigate::push(model, Screen::Doctor(Scroll::default())),
        Command::ShowJournal => journal::show(model),
        _ => navigate::push(model, Screen::Operations(Scroll::default())),
    }
}

/// Enter in a dialog; in the palette the chosen command follows, and what stands after a list's name is its filter.
fn confirmed(model: &mut Model) {
    let Some((chosen, filter)) = confirm::confirmed(model) else { return };
    run(model, chosen);
    if !filter.is_empty() {
        lists::filter_by(model, &filter);
    }
}

fn help(model: &mut Model) {
    if !matches!(model.dialog(), Some(Dialog::Help(_))) {
        model.dialogs.push(Dialog::Help(Scroll::default()));
    }
}

/// Takes the commands of the plan in view, the policy in view, the selected link or the selected object.
fn copy(model: &mut Model) {
    let text = match (model.dialog(), model.screen()) {
        (Some(Dialog::Confirm(confirm)), _) => confirm.copied(),
        (Some(Dialog::Options(form)), _) => form.focused().map(|field| field.text()),
        (Some(Dialog::Account(form)), _) => form.chosen().map(|id| id.to_string()),
        (Some(Dialog::Role(form)), _) => form.role().map(|arn| arn.to_string()),
        (Some(Dialog::Operation(id, _)), _) => model.operation(*id).map(commands),
        (Some(_), _) => None,
        (None, Some(Screen::Trust(trust))) => {
            model.inventory().role(&trust.role).known().map(|role| role.trust.text.to_string())
        }
        (None, Some(Screen::Detail(detail))) => {
            Some(detail.link().map_or_else(|| detail.subject.copied(), |link| link.subject.copied()))
        }
        (None, _) => model.subject().map(|subject| subject.copied()),
    };
    match text {
        Some(text) => model.emit(Effect::Copy(text)),
        None => model.say(ToastKind::Notice, "there is nothing here to be copied"),
    }
}

fn commands(operation: &crate::app::operation::Operation) -> String {
    operation.plan.steps.iter().map(|step| step.command.as_str()).collect::<Vec<_>>().join("\n")
}

fn refresh(model: &mut Model) {
    let cluster = model.cluster_mut();
    let (id, generation) = (cluster.id, cluster.begin_reading());
    model.emit(Effect::Refresh { cluster: id, generation, extent: Extent::Everything });
}
