//! From a command to the function that carries it out. One that does not apply answers with its sentence.

use super::{access, away, change, changed, clusters, confirm, dialogs, journal, lists, navigate, prove, trust, why};
use crate::app::{
    availability,
    command::Command,
    dialog::{Dialog, copy::CopyMenu, palette::Palette},
    effect::{Effect, Extent},
    model::Model,
    operation::Operation,
    screen::{CompareScreen, Screen, Scroll, list::ListKind},
    toast::ToastKind,
};
use crate::report::Redactor;

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
        Command::HistoryBack => navigate::travel(model, false),
        Command::HistoryForward => navigate::travel(model, true),
        Command::NextTab => navigate::tab(model, true),
        Command::PreviousTab => navigate::tab(model, false),
        Command::Quit => navigate::close(model),
        Command::Cancel => navigate::cancel(model),
        other => match list_of(other) {
            Some(kind) => navigate::go_to(model, kind),
            None => show(model, other),
        },
    }
}

/// The list that a command opens.
fn list_of(command: Command) -> Option<ListKind> {
    Some(match command {
        Command::GoPods => ListKind::Pods,
        Command::GoServiceAccounts => ListKind::ServiceAccounts,
        Command::GoNamespaces => ListKind::Namespaces,
        Command::GoRoles => ListKind::Roles,
        Command::GoAssociations => ListKind::Associations,
        Command::GoNodes => ListKind::Nodes,
        Command::GoFindings => ListKind::Findings,
        _ => return None,
    })
}

/// Pages and dialogs that are not opened from a row.
fn show(model: &mut Model, command: Command) {
    match command {
        Command::GoOverview => navigate::push(model, Screen::Overview(Box::default())),
        Command::ShowDoctor => navigate::push(model, Screen::Doctor(Scroll::default())),
        Command::ShowOperations => navigate::push(model, Screen::Operations(Scroll::default())),
        Command::ShowJournal => journal::show(model),
        Command::ShowTrust => trust::show(model),
        Command::Compare => compare(model),
        Command::PickCluster => clusters::pick(model),
        Command::NextCluster => clusters::next(model),
        Command::Why => why::start(model),
        Command::Palette => model.dialogs.push(Dialog::Palette(Palette::new())),
        Command::Help => help(model),
        Command::Options => change::options(model),
        Command::CopyMenu => {
            let menu = CopyMenu::new(model);
            model.dialogs.push(Dialog::Copy(menu));
        }
        other => within(model, other),
    }
}

/// What happens to the page, list or session in view.
fn within(model: &mut Model, command: Command) {
    match command {
        Command::ToggleRaw => trust::toggle_raw(model),
        Command::NextStatement => trust::step(model, true),
        Command::PreviousStatement => trust::step(model, false),
        Command::ScrollRight => trust::shift(model, true),
        Command::ScrollLeft => trust::shift(model, false),
        Command::Prove => prove::start(model),
        Command::MayIt => access::start(model),
        Command::Changed => changed::start(model),
        Command::Filter => lists::start_filter(model),
        Command::Mark => lists::mark(model),
        Command::NextMatch => lists::next_match(model, true),
        Command::PreviousMatch => lists::next_match(model, false),
        Command::Fold => lists::fold(model),
        Command::SortNext => lists::sort_next(model),
        Command::SortReverse => lists::sort_reverse(model),
        Command::Freeze => lists::freeze(model),
        Command::ToggleLock => confirm::toggle_lock(model),
        Command::ExportPlan => dialogs::next_format(model),
        Command::Copy => copy(model),
        Command::Undo | Command::Resume => journal::read_for(model, command == Command::Undo),
        Command::Login => away::login(model),
        Command::ReadOutside => away::read(model),
        Command::ToggleMouse => away::toggle_mouse(model),
        Command::Refresh => refresh(model),
        Command::Redraw => model.emit(Effect::Redraw),
        Command::Suspend => model.emit(Effect::Suspend),
        // What is left changes something.
        _ => change::begin(model, command),
    }
}

/// The two that are marked, side by side.
fn compare(model: &mut Model) {
    if let Ok((left, right)) = availability::compared(model) {
        navigate::push(model, Screen::Compare(Box::new(CompareScreen { left, right, scroll: Scroll::default() })));
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
        (Some(Dialog::Copy(menu)), _) => menu.chosen().map(|offer| offer.text.clone()),
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
        Some(text) => hand_out(model, &text),
        None => model.say(ToastKind::Notice, "there is nothing here to be copied"),
    }
}

/// To the clipboard, without what must not leave.
pub(super) fn hand_out(model: &mut Model, text: &str) {
    let text = redacted(model, text);
    model.emit(Effect::Copy(text));
}

/// A text as it may leave.
pub(super) fn redacted(model: &Model, text: &str) -> String {
    if model.settings.redact { Redactor::new(model.inventory()).text(text) } else { text.to_owned() }
}

fn commands(operation: &Operation) -> String {
    operation.plan.steps.iter().map(|step| step.command.as_str()).collect::<Vec<_>>().join("\n")
}

fn refresh(model: &mut Model) {
    let cluster = model.cluster_mut();
    let (id, generation) = (cluster.id, cluster.begin_reading());
    cluster.aws.asked_for = true;
    model.emit(Effect::Refresh { cluster: id, generation, extent: Extent::Everything });
}
