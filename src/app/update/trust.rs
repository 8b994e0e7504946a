//! The page of a trust policy: opening it, stepping through its statements, scrolling it both ways.

use super::navigate;
use crate::app::{
    availability,
    message::Measure,
    model::Model,
    screen::{
        Screen,
        detail::{Asker, TrustScreen},
    },
    subject::Subject,
    target,
};

/// Opens the trust policy of the role of what is selected, seen by who would become it.
pub(super) fn show(model: &mut Model) {
    let subject = availability::trust_subject(model);
    let found = subject.and_then(|subject| target::role(model.inventory(), &subject));
    let Some((role, asker)) = found else { return };
    let asker = asker.or_else(|| asker_of_page(model));
    navigate::push(model, Screen::Trust(TrustScreen::new(role, asker)));
}

/// On the page of a role its trust policy is seen by the selected service account, on any other page
/// that of a linked role by the page's object.
fn asker_of_page(model: &Model) -> Asker {
    let Some(Screen::Detail(detail)) = model.screen() else { return None };
    let link = detail.link();
    match (&detail.subject, link.map(|link| (&link.subject, link.mechanism))) {
        (Subject::Role(_), Some((Subject::ServiceAccount(id), Some(mechanism)))) => Some((id.clone(), mechanism)),
        (subject, _) => target::role(model.inventory(), subject)?.1,
    }
}

/// The page in view, if it is that of a trust policy.
fn page(model: &mut Model) -> Option<&mut TrustScreen> {
    match model.history.last_mut() {
        Some(Screen::Trust(page)) => Some(page),
        _ => None,
    }
}

pub(super) fn toggle_raw(model: &mut Model) {
    if let Some(page) = page(model) {
        page.raw = !page.raw;
        page.return_to_mark();
    }
}

/// To the next or previous statement, round and round. The one that decides comes with the answer to
/// the whole policy.
pub(super) fn step(model: &mut Model, forward: bool) {
    let Some(Screen::Trust(page)) = model.screen() else { return };
    let (count, deciding) = (availability::statements(model, &page.role), deciding(model, page));
    let stepped = match (page.statement.or(deciding), forward) {
        _ if count == 0 => return,
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    let statement = (deciding != Some(stepped)).then_some(stepped);
    if let Some(page) = self::page(model) {
        page.statement = statement;
        page.return_to_mark();
    }
}

/// The statement that decides for who asks.
fn deciding(model: &Model, page: &TrustScreen) -> Option<usize> {
    let (account, mechanism) = page.asker.as_ref()?;
    model.inventory().trust_decision(&page.role, account, *mechanism, model.now)?.statement
}

/// Scrolls from where it was scrolled to by itself.
pub(super) fn move_by(page: &mut TrustScreen, measure: &Measure, rows: isize, height: usize) {
    if measure.lines == 0 {
        return;
    }
    if page.follow {
        (page.follow, page.scroll.top) = (false, measure.top);
    }
    page.scroll.by(rows, measure.lines, height);
}

/// Half of what is visible to the right or left.
pub(super) fn shift(model: &mut Model, right: bool) {
    let Measure { columns, longest, .. } = model.measure;
    let far = (columns / 2).max(1);
    if let Some(page) = page(model) {
        let wanted = if right { page.column + far } else { page.column.saturating_sub(far) };
        page.column = wanted.min(longest.saturating_sub(columns));
    }
}
