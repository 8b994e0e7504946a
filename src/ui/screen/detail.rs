//! What is said about one object: its state, why, the identity chain drawn, who owns it, what
//! may be done. The same lines stand beside a list and on the object's own page.

mod finding;
mod object;
mod workload;

use ratatui::text::Line;

use crate::{
    app::{
        row::Row,
        screen::{
            Screen,
            detail::{DetailScreen, Lead, Mark},
        },
        subject::Subject,
        target,
    },
    domain::{
        id::ServiceAccountId,
        identity::{HopKind, State},
        inventory::Story,
    },
    ui::{
        scene::Scene,
        screen::list,
        text,
        widget::{chain::Note, row::Row as Cells, story},
    },
};

/// Lines that WHY may take beside a chain.
const WHY_LINES: usize = 8;
/// Lines that FIX may take beside a chain.
const FIX_LINES: usize = 10;

/// What is said about an object: everything but FIX, then FIX, so that a low window can keep
/// the second in view.
pub type Said = (Vec<Line<'static>>, Vec<Line<'static>>);

/// Everything there is to say about an object, for `width` cells.
pub fn lines(scene: &Scene<'_>, subject: &Subject, row: Option<&Row>, width: usize) -> Vec<Line<'static>> {
    let (mut lines, fixes) = said(scene, subject, row, width);
    lines.extend(fixes);
    lines
}

/// The same in two parts.
pub fn said(scene: &Scene<'_>, subject: &Subject, row: Option<&Row>, width: usize) -> Said {
    let story = target::story(scene.inventory(), subject);
    let fixes = story.map_or_else(Vec::new, |story| fix(scene, &story, width));
    (body(scene, subject, row, width), fixes)
}

/// An object that was named and has not been seen: still awaited, or not there.
pub fn not_found(scene: &Scene<'_>, subject: &Subject, width: usize) -> Vec<Line<'static>> {
    let said = match list::is_awaited(scene, subject.tab()) {
        true => "not read yet: it appears as soon as the cluster tells it",
        false => "there is nothing of this name in the cluster",
    };
    vec![
        title(scene, &format!("{} {subject}", subject.word()), None, width),
        Cells::new(width).put(said, scene.paint.muted()).line(),
    ]
}

fn body(scene: &Scene<'_>, subject: &Subject, row: Option<&Row>, width: usize) -> Vec<Line<'static>> {
    let mut lines = match subject {
        Subject::Workload(id) => workload::of_workload(scene, id, width),
        Subject::Pod(id) => workload::of_pod(scene, id, width),
        Subject::ServiceAccount(id) => workload::of_service_account(scene, id, row, width),
        Subject::Namespace(name) => object::of_namespace(scene, name, row, width),
        Subject::Role(arn) => object::of_role(scene, arn, row, width),
        Subject::Association(id) => object::of_association(scene, id, row, width),
        Subject::Node(name) => object::of_node(scene, name, row, width),
        Subject::Finding(code, about) => finding::of_finding(scene, (code, about), row, width),
    };
    lines.extend(finding::of_object(scene, subject, width));
    lines
}

/// WHY and FIX of a selection, nothing else: what stands below a narrow list.
pub fn summary(scene: &Scene<'_>, row: &Row, width: usize, height: usize) -> Vec<Line<'static>> {
    if let Row::Finding(found) = row {
        return finding::in_short(scene, found, width, height);
    }
    let Some(story) = target::story(scene.inventory(), &row.subject()) else {
        return lines(scene, &row.subject(), Some(row), width).into_iter().take(height).collect();
    };
    let fixes = story::fixes(&scene.paint, &story, &|action| scene.fix_key(action), width, height);
    let room = height.saturating_sub(fixes.len().min(2)).max(1);
    let mut lines = story::why(&scene.paint, &story, width, room);
    if lines.is_empty() {
        lines.push(Cells::new(width).put(settled(row.state()), scene.paint.muted()).line());
    }
    lines.extend(fixes);
    lines.truncate(height);
    lines
}

/// What is said where a story has nothing to say.
fn settled(state: State) -> &'static str {
    match state {
        State::Loading => "Facts are still arriving.",
        _ => "Nothing speaks against it: the identity works.",
    }
}

/// The first line: what it is, and its state at the right.
fn title(scene: &Scene<'_>, name: &str, state: Option<State>, width: usize) -> Line<'static> {
    let paint = &scene.paint;
    let word = state.map_or_else(String::new, |state| format!("{} {}", state.glyph(false), state.word()));
    let room = width.saturating_sub(text::width(&word) + 2);
    let row = Cells::new(width).put(&text::fit(name, room), paint.title());
    row.end(word.trim_start(), state.map_or(paint.plain(), |state| paint.state(state))).line()
}

/// A label and its value, aligned below each other.
fn field(scene: &Scene<'_>, label: &str, value: &str, width: usize) -> Line<'static> {
    let row = Cells::new(width).column(label, LABELS, scene.paint.muted());
    let room = row.room();
    let shown = if value.starts_with("arn:") { text::middle(value, room) } else { text::fit(value, room) };
    row.put(&shown, scene.paint.plain()).line()
}

/// Column where values begin.
const LABELS: usize = 17;

/// WHY, with an empty line before it; nothing where there is nothing to say.
fn why(scene: &Scene<'_>, story: &Story, width: usize) -> Vec<Line<'static>> {
    after_gap(story::why(&scene.paint, story, width, WHY_LINES))
}

/// FIX, with an empty line before it.
fn fix(scene: &Scene<'_>, story: &Story, width: usize) -> Vec<Line<'static>> {
    after_gap(story::fixes(&scene.paint, story, &|action| scene.fix_key(action), width, FIX_LINES))
}

fn after_gap(lines: Vec<Line<'static>>) -> Vec<Line<'static>> {
    let gap = (!lines.is_empty()).then(Line::default);
    gap.into_iter().chain(lines).collect()
}

/// OWNER: who else writes the service account, if anybody is known to.
fn owner(scene: &Scene<'_>, id: &ServiceAccountId, width: usize) -> Vec<Line<'static>> {
    let Some(account) = scene.inventory().service_account(id).filter(|account| !account.managers.is_empty()) else {
        return Vec::new();
    };
    let managers: Vec<&str> = account.managers.iter().map(|manager| &**manager).collect();
    let row = Cells::new(width).column("OWNER", 9, scene.paint.title());
    after_gap(vec![row.put(&managers.join(", "), scene.paint.plain()).line()])
}

/// Marks the hop that an error or a finding speaks of, where a page was opened from one.
fn with_mark(scene: &Scene<'_>, mut notes: Vec<Note>) -> Vec<Note> {
    let Some(Screen::Detail(DetailScreen { mark: Some(Mark { hop, by }), .. })) = scene.model.screen() else {
        return notes;
    };
    let words = match by {
        Lead::Error => "<- the error",
        Lead::Finding(code) => &format!("<- {code}"),
    };
    match notes.iter_mut().find(|note| note.hop == *hop) {
        Some(note) => (note.text, note.marked) = (format!("{words}  {}", note.text), true),
        None => notes.push(Note { hop: *hop, text: words.to_owned(), marked: true }),
    }
    notes
}

/// The key of the trust policy beside its hop.
fn trust_note(scene: &Scene<'_>) -> Option<Note> {
    use crate::app::command::{Command, Context};
    let key = scene.key(Context::List, Command::ShowTrust)?;
    Some(Note { hop: HopKind::TrustPolicy, text: key, marked: false })
}
