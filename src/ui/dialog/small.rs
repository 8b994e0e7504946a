//! Small questions: unlocking, which workloads to restart, and whether to prove live.

use ratatui::{style::Style, text::Line};

use super::{Content, View, keys, plan};
use crate::{
    app::{
        command::{Command, Context},
        dialog::{prove::ProveForm, restart::RestartOffer, unlock::Unlock},
    },
    domain::workload::WorkloadId,
    ui::{scene::Scene, text, widget::row::Row},
};

fn said(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 5).iter().map(|part| Row::new(width).put(part, scene.paint.plain()).line()).collect()
}

pub(super) fn unlock(scene: &Scene<'_>, unlock: &Unlock, width: usize) -> Content {
    let account = unlock.account.as_ref().map_or_else(String::new, |account| format!(" in account {account}"));
    let sentence =
        format!("Changes of {}{account} are locked. Unlock them for {} minutes?", unlock.context, unlock.minutes);
    let mut body = said(scene, &sentence, width);
    if unlock.then_confirm {
        body.extend(said(scene, "The plan below is then performed.", width));
    }
    if let Some(typed) = &unlock.typed {
        body.push(Line::default());
        body.extend(plan::asks(scene, typed, width));
    }
    let context = if unlock.typed.is_some() { Context::Text } else { Context::Dialog };
    let keys = keys(scene, context, &[(Command::Confirm, "unlock"), (Command::Back, "stay locked")]);
    Content { title: "Unlock".to_owned(), above: Vec::new(), body, below: Vec::new(), view: View::From(0), keys }
}

pub(super) fn prove(scene: &Scene<'_>, form: &ProveForm, width: usize) -> Content {
    let mut body: Vec<Line<'static>> = Vec::new();
    for sentence in &form.says {
        body.extend(said(scene, sentence, width));
    }
    if let Some(typed) = &form.typed {
        body.push(Line::default());
        body.extend(plan::asks(scene, typed, width));
    }
    let context = if form.typed.is_some() { Context::Text } else { Context::Dialog };
    let keys = keys(scene, context, &[(Command::Confirm, "prove"), (Command::Back, "ask nobody")]);
    let title = match form.intents.as_slice() {
        [one] => format!("Prove {} live", one.account),
        many => format!("Prove {} service accounts live", many.len()),
    };
    Content { title, above: Vec::new(), body, below: Vec::new(), view: View::From(0), keys }
}

pub(super) fn restart(scene: &Scene<'_>, offer: &RestartOffer, width: usize) -> Content {
    let mut above = said(scene, &offer.why, width);
    above.push(Line::default());
    let lines = offer.workloads.iter().enumerate();
    let body = lines.map(|(at, (id, chosen))| workload(scene, id, *chosen, at == offer.cursor, width)).collect();
    let hints =
        [(Command::Confirm, "show the plan"), (Command::Choose, "choose or leave out"), (Command::Back, "later")];
    let keys = keys(scene, Context::Dialog, &hints);
    Content { title: "Restart now?".to_owned(), above, body, below: Vec::new(), view: View::Around(offer.cursor), keys }
}

fn workload(scene: &Scene<'_>, id: &WorkloadId, chosen: bool, selected: bool, width: usize) -> Line<'static> {
    let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
    let row = row.put(if chosen { "[x] " } else { "[ ] " }, scene.paint.key());
    let row = row
        .put(id.namespace.as_str(), scene.paint.muted())
        .put(" ", Style::new())
        .put(&id.to_string(), scene.paint.plain());
    if selected { row.filled(scene.paint.selection()) } else { row.line() }
}
